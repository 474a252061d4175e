//! What becomes of relayed requests: their responses, those that never come, and the ACK of a
//! re-INVITE.

use super::{Exchange, Kind, finish_opaque, respond};
use crate::attempt::has_sdp;
use crate::call::{Call, Phase};
use crate::core::{CallTimer, Core};
use crate::leg::{SDP, bare};
use crate::methods::allow;
use crate::release::phrase;
use crate::session::Half;
use crate::session_timer::write_answer;
use media_relay::Side;
use rating::cdr::ReleaseReason;
use sip_core::message::RecordRoutes;
use sip_core::transaction::{CancelOutcome, ClientId, ServerId};
use sip_core::{HeaderName, Instant, Message, Method, SessionExpires};

impl Call {
    /// A response to a request that we relayed.
    pub(crate) fn on_relayed_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        client: ClientId,
        number: u16,
        response: &Message<'_>,
    ) {
        let status = response.status().unwrap_or(500);
        if status < 200 {
            return self.on_relayed_provisional(core, now, client, number);
        }
        if self
            .exchanges
            .given_up
            .take_if(|it| *it == number)
            .is_some()
        {
            return self.on_given_up_final(core, now, response);
        }
        if self.sends_again(core, now, number, response) {
            return;
        }
        let Some(exchange) = self.take_exchange(core, number) else {
            return self.on_stray_final(core, response);
        };
        match (status, exchange.kind) {
            (200..300, Kind::Invite | Kind::Update) => {
                self.on_session_changed(core, now, exchange, response);
            }
            (200..300, Kind::Opaque(_)) => {
                respond(core, now, exchange.server, status, |writer| {
                    finish_opaque(writer, response);
                });
            }
            // RFC 3261 §12.2.1.2: the dialog is gone on the other side, or nobody is there.
            (408 | 481, _) => self.on_dialog_lost(core, now, exchange, status),
            _ => {
                if exchange.kind.changes_session() {
                    self.media.revert(core);
                }
                respond(core, now, exchange.server, passed_on(status), bare);
            }
        }
    }

    /// Sends a relayed request once more, with credentials, when the other side asks for them
    /// (RFC 3261 §22.2, §22.3). A challenge that cannot be answered is a failure like any other.
    fn sends_again(
        &mut self,
        core: &mut Core,
        now: Instant,
        number: u16,
        response: &Message<'_>,
    ) -> bool {
        let pending = &self.exchanges.pending;
        let Some(place) = pending
            .iter()
            .position(|exchange| exchange.number == number)
        else {
            return false;
        };
        let side = pending[place].from.other();
        if !matches!(response.status(), Some(401 | 407)) {
            if let Some(leg) = self.leg_mut(side) {
                leg.was_let_in();
            }
            return false;
        }
        let exchange = self.exchanges.pending[place].clone();
        let copy = exchange.copy.as_deref();
        let copy = copy.and_then(|copy| Message::parse(copy, &core.config.limits.message).ok());
        let is_whole = exchange.kind.changes_session() || copy.is_some();
        if exchange.is_cancelled || !is_whole || !self.takes_challenge(side, response) {
            return false;
        }
        match self.forward(core, now, &exchange, copy.as_ref()) {
            Ok(client) => {
                self.exchanges.pending[place].client = Some(client);
                true
            }
            Err(_) => false,
        }
    }

    fn on_relayed_provisional(
        &mut self,
        core: &mut Core,
        now: Instant,
        client: ClientId,
        number: u16,
    ) {
        let mut pending = self.exchanges.pending.iter();
        let found = pending.find(|exchange| exchange.number == number);
        // One that was aborted is wanted by nobody.
        if found.is_none_or(|exchange| exchange.owes_cancel) {
            core.transactions
                .cancel(now, client, None, &mut core.outbox);
        }
    }

    /// A 2xx that is no answer to anything pending: a retransmission, whose ACK was lost.
    pub(crate) fn on_stray_final(&mut self, core: &mut Core, response: &Message<'_>) {
        let (Ok(cseq), Some(200..300)) = (response.cseq(), response.status()) else {
            return;
        };
        if cseq.method != Method::Invite {
            return;
        }
        for side in [Side::Ingress, Side::Egress] {
            let is_of_side = |leg: &&crate::leg::Leg| {
                response
                    .call_id()
                    .is_ok_and(|id| *id == **leg.dialog.call_id())
            };
            if let Some(leg) = self.leg(side).filter(is_of_side) {
                leg.repeat_ack(core, cseq.number);
            }
        }
    }

    fn on_session_changed(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: Exchange,
        response: &Message<'_>,
    ) {
        let answering = exchange.from.other();
        let cseq = response.cseq().map_or(0, |cseq| cseq.number);
        let (key, is_up) = (self.key, self.phase == Phase::Answered);
        if let Some(leg) = self.leg_mut(answering) {
            leg.dialog.refresh_target(response);
            if is_up {
                leg.renew_session(core, now, key, answering, response);
            }
            match exchange.kind {
                Kind::Invite if exchange.has_offer => leg.send_ack(core, cseq, None),
                Kind::Invite => leg.owe_ack(cseq),
                Kind::Update | Kind::Opaque(_) => {}
            }
        }
        let carries_sdp = has_sdp(response);
        let body = response.body();
        let is_bridged = match carries_sdp {
            true if exchange.has_offer => self
                .media
                .bridge(core, answering, Half::Answer, body)
                .is_ok(),
            true => self.bridge_offer(core, answering, body).is_ok(),
            false => true,
        };
        if !is_bridged {
            self.media.revert(core);
            respond(core, now, exchange.server, 488, bare);
            // One side has changed its session, the other has not: there is none to go on with.
            return self.release_for(core, now, answering);
        }
        if exchange.has_offer {
            self.media.agree();
        }
        let left = self.let_in(core, now, &exchange);
        let routes = match left {
            Some(_) => RecordRoutes::Copy,
            None => RecordRoutes::Omit,
        };
        self.answer_change(core, now, &exchange, routes, carries_sdp);
        if let Some(left) = left {
            self.part_from(core, now, left);
        }
    }

    /// 200 to a request that changes the session. It repeats the routes when it makes a dialog.
    pub(super) fn answer_change(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: &Exchange,
        routes: RecordRoutes,
        with_sdp: bool,
    ) {
        self.answer_exchange(core, now, exchange, routes, with_sdp);
        if exchange.kind == Kind::Invite {
            let key = self.key;
            if let Some(leg) = self.leg_mut(exchange.from) {
                leg.await_ack(
                    core,
                    now,
                    key,
                    exchange.from,
                    exchange.server,
                    exchange.cseq,
                );
            }
        }
    }

    fn answer_exchange(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: &Exchange,
        routes: RecordRoutes,
        with_sdp: bool,
    ) {
        let (key, is_up) = (self.key, self.phase == Phase::Answered);
        let mut agreed = None;
        if let Some(leg) = self.leg_mut(exchange.from).filter(|_| is_up) {
            agreed = exchange.session.answer(&leg.policy);
            leg.agree_session(core, now, key, exchange.from, agreed);
        }
        self.resume_join(core, now);
        let sdp = self.media.last_sent(exchange.from).filter(|_| with_sdp);
        let (side, server) = (exchange.from, exchange.server);
        self.accept_change(core, now, side, server, routes, agreed, sdp);
    }

    #[expect(clippy::too_many_arguments, reason = "a response is that much")]
    pub(super) fn accept_change(
        &self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        routes: RecordRoutes,
        session: Option<SessionExpires>,
        sdp: Option<&[u8]>,
    ) {
        let Some(leg) = self.leg(side) else {
            return;
        };
        let Core {
            transactions,
            outbox,
            listeners,
            ..
        } = core;
        let contact = listeners.contact(leg.path.listener);
        transactions.respond(now, server, 200, phrase(200), routes, outbox, |writer| {
            writer.header(HeaderName::Contact, contact);
            writer.header(HeaderName::Allow, allow(&leg.policy));
            write_answer(writer, session);
            match sdp {
                Some(sdp) => writer.body(SDP, sdp),
                None => writer.finish(),
            }
        });
    }

    /// A relayed request got no response at all.
    pub(crate) fn on_relayed_expired(&mut self, core: &mut Core, now: Instant, number: u16) {
        self.exchanges.given_up.take_if(|it| *it == number);
        if let Some(exchange) = self.take_exchange(core, number) {
            self.on_dialog_lost(core, now, exchange, 408);
        }
    }

    /// The other leg is no longer there: the call ends.
    fn on_dialog_lost(&mut self, core: &mut Core, now: Instant, exchange: Exchange, status: u16) {
        respond(core, now, exchange.server, status, bare);
        let lost = exchange.from.other();
        // That one which hung up while its transfer is under way is gone was known.
        if self.leg(lost).is_some_and(|leg| !leg.is_gone) {
            self.release_for(core, now, lost);
        }
    }

    /// Ends the call because of what a side did or failed to do.
    fn release_for(&mut self, core: &mut Core, now: Instant, side: Side) {
        let origin = self.origin_of(side);
        self.release(core, now, origin, ReleaseReason::ProtocolError, None, None);
    }

    /// A relayed re-INVITE got provisional responses and nothing more: it is cancelled, and whoever sent it
    /// has its refusal. 500 ends no dialog (RFC 5057 §5.1), as 408 would.
    pub(crate) fn on_exchange_timer(&mut self, core: &mut Core, now: Instant) {
        let mut pending = self.exchanges.pending.iter();
        let Some(number) = pending
            .find(|exchange| exchange.kind == Kind::Invite)
            .map(|exchange| exchange.number)
        else {
            return;
        };
        let Some(exchange) = self.take_exchange(core, number) else {
            return;
        };
        if let Some(client) = exchange.client {
            let outcome = core
                .transactions
                .cancel(now, client, None, &mut core.outbox);
            let may_end = outcome != CancelOutcome::Late;
            self.exchanges.given_up = may_end.then_some(number);
        }
        self.media.revert(core);
        respond(core, now, exchange.server, 500, bare);
    }

    /// The final response to a re-INVITE that was given up. A 2xx crossed the CANCEL: that side has changed
    /// its session, and the other was told that nothing changes.
    fn on_given_up_final(&mut self, core: &mut Core, now: Instant, response: &Message<'_>) {
        let is_success = matches!(response.status(), Some(200..300));
        let side = self.side_of_response(response).filter(|_| is_success);
        let (Some(side), Ok(cseq)) = (side, response.cseq()) else {
            return;
        };
        if let Some(leg) = self.leg_mut(side) {
            leg.send_ack(core, cseq.number, None);
        }
        // Who is left alone by a transfer is told next how its session goes on.
        if self.leg(side.other()).is_some_and(|leg| !leg.is_gone) {
            self.release_for(core, now, side);
        }
    }

    /// CANCEL of a re-INVITE: passed on, as soon as the other side has replied.
    pub(crate) fn cancel_exchange(&mut self, core: &mut Core, now: Instant, number: u16) {
        let mut pending = self.exchanges.pending.iter_mut();
        let Some(exchange) = pending.find(|exchange| exchange.number == number) else {
            return;
        };
        if let Some(client) = exchange.client {
            let outcome = core
                .transactions
                .cancel(now, client, None, &mut core.outbox);
            exchange.is_cancelled = true;
            exchange.owes_cancel = outcome == CancelOutcome::Early;
        }
    }

    /// The dialog ends: what is pending in it is answered 487 (RFC 3261 §15.1.2), and cancelled
    /// where it was relayed to. A silent far end is told at its first provisional response.
    pub(crate) fn abort_exchanges(&mut self, core: &mut Core, now: Instant) {
        core.disarm(self.key, CallTimer::Exchange);
        for exchange in std::mem::take(&mut self.exchanges.pending) {
            respond(core, now, exchange.server, 487, bare);
            if let Some(client) = exchange.client {
                // Only an INVITE can be cancelled; to others this does nothing.
                core.transactions
                    .cancel(now, client, None, &mut core.outbox);
            }
        }
    }

    /// The customer has hung up and the call goes on without it: what is pending between both sides is
    /// answered 487. An answer of the carrier that crosses our CANCEL is still acknowledged.
    pub(crate) fn give_up_exchanges(&mut self, core: &mut Core, now: Instant) {
        core.disarm(self.key, CallTimer::Exchange);
        let pending = std::mem::take(&mut self.exchanges.pending);
        if pending
            .iter()
            .any(|exchange| exchange.kind.changes_session())
        {
            self.media.revert(core);
        }
        for exchange in pending {
            respond(core, now, exchange.server, 487, bare);
            let Some(client) = exchange.client else {
                continue;
            };
            let outcome = core
                .transactions
                .cancel(now, client, None, &mut core.outbox);
            let may_end = exchange.kind == Kind::Invite && outcome != CancelOutcome::Late;
            if may_end && exchange.from == Side::Ingress {
                self.exchanges.given_up = Some(exchange.number);
            }
        }
        self.ingress.take_owed_ack();
        // The carrier's offer gets the answer that it had before.
        let answer = self.media.last_sent(Side::Egress);
        if let Some(leg) = self.attempts.last_mut().map(|attempt| &mut attempt.leg)
            && let Some(cseq) = leg.take_owed_ack()
        {
            leg.send_ack(core, cseq, answer);
        }
    }

    /// The ACK of a 2xx that `side`'s peer got: the ACK that we owe the other side, with the
    /// answer if it brings one.
    pub(crate) fn on_acknowledged(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        ack: &Message<'_>,
    ) {
        if let Some(reason) = self.bye_after_ack.take_if(|_| side == Side::Ingress) {
            return self.send_bye(core, now, side, &reason);
        }
        let other = side.other();
        let Some(cseq) = self.leg_mut(other).and_then(|leg| leg.take_owed_ack()) else {
            return;
        };
        let answer = match has_sdp(ack) {
            true => self.media.bridge(core, side, Half::Answer, ack.body()).ok(),
            false => None,
        };
        let is_answered = answer.is_some();
        let leg = match other {
            Side::Ingress => Some(&mut self.ingress),
            Side::Egress => self.attempts.last_mut().map(|attempt| &mut attempt.leg),
        };
        if let Some(leg) = leg {
            leg.send_ack(core, cseq, answer);
        }
        if is_answered {
            self.media.agree();
        } else {
            // The offer stays without an answer: there is no session to go on with.
            self.release_for(core, now, side);
        }
    }

    fn take_exchange(&mut self, core: &mut Core, number: u16) -> Option<Exchange> {
        let pending = &mut self.exchanges.pending;
        let index = pending
            .iter()
            .position(|exchange| exchange.number == number)?;
        let exchange = pending.remove(index);
        if pending.is_empty() {
            // It is seldom that there are any.
            *pending = Vec::new();
        }
        if exchange.kind == Kind::Invite {
            core.disarm(self.key, CallTimer::Exchange);
        }
        Some(exchange)
    }
}

/// The status to relay of a request that failed on the other leg: a challenge or a redirection
/// concerns only us.
fn passed_on(status: u16) -> u16 {
    match status {
        300..=399 | 401 | 407 => 500,
        status => status,
    }
}
