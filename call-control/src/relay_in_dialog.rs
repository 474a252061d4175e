//! Requests within a call that are relayed end to end: re-INVITE, UPDATE, INFO.
//!
//! Each is an [`Exchange`]: a server transaction on the leg that it came by and a client
//! transaction on the other. Descriptions are rewritten on the way as those of the first offer and
//! answer are.

use crate::attempt::has_sdp;
use crate::call::{Call, Phase};
use crate::core::{Core, Role, User};
use crate::leg::{ALLOW, SDP, bare};
use crate::release::{Origin, phrase};
use arrayvec::ArrayVec;
use media_relay::Side;
use rating::cdr::ReleaseReason;
use sip_core::message::RecordRoutes;
use sip_core::transaction::{CancelOutcome, ClientId, ServerId};
use sip_core::{HeaderName, Instant, Message, MessageWriter, Method};

/// Relayed requests of one call at once; one more is answered 500 with Retry-After.
const EXCHANGES_MAX: usize = 4;
/// Retry-After is random below this, seconds (RFC 3261 §14.2).
const RETRY_AFTER_S: u64 = 10;

/// The relayed requests of one call.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    pending: ArrayVec<Exchange, EXCHANGES_MAX>,
    next_number: u16,
}

#[derive(Clone, Copy, Debug)]
struct Exchange {
    number: u16,
    from: Side,
    kind: Kind,
    server: ServerId,
    client: Option<ClientId>,
    cseq: u32,
    has_offer: bool,
    /// A CANCEL came before the other side had replied.
    is_cancelled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invite,
    Update,
    Info,
}

impl Kind {
    fn of(request: &Message<'_>) -> Option<Self> {
        match request.method()? {
            Method::Invite => Some(Self::Invite),
            Method::Update => Some(Self::Update),
            Method::Info => Some(Self::Info),
            _ => None,
        }
    }

    fn method(self) -> Method<'static> {
        match self {
            Self::Invite => Method::Invite,
            Self::Update => Method::Update,
            Self::Info => Method::Info,
        }
    }

    fn changes_session(self) -> bool {
        self != Self::Info
    }
}

/// Why a request is not relayed: the final response that it gets instead.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    status: u16,
    retry_after: bool,
}

impl Refusal {
    const PENDING: Self = Self::plain(491);
    const LATER: Self = Self {
        status: 500,
        retry_after: true,
    };

    const fn plain(status: u16) -> Self {
        Self {
            status,
            retry_after: false,
        }
    }
}

impl Call {
    /// The number that the next relayed request will have, for its transactions.
    pub(crate) fn next_exchange(&self) -> u16 {
        self.exchanges.next_number
    }

    /// Relays a request that came by `side` to the other leg.
    pub(crate) fn relay(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        request: &Message<'_>,
    ) {
        let Some(kind) = Kind::of(request) else {
            return;
        };
        let number = self.exchanges.next_number;
        self.exchanges.next_number = number.wrapping_add(1);
        let exchange = Exchange {
            number,
            from: side,
            kind,
            server,
            client: None,
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            has_offer: !request.body().is_empty(),
            is_cancelled: false,
        };
        if let Err(refusal) = self.start_exchange(core, now, exchange, request) {
            let wait = refusal
                .retry_after
                .then(|| core.random_below(RETRY_AFTER_S) as u32);
            respond(core, now, server, refusal.status, |writer| {
                if let Some(wait) = wait {
                    writer.number(HeaderName::RetryAfter, wait);
                }
                writer.finish();
            });
        }
    }

    fn start_exchange(
        &mut self,
        core: &mut Core,
        now: Instant,
        mut exchange: Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
        self.check_glare(&exchange)?;
        if self.exchanges.pending.is_full() {
            return Err(Refusal::LATER);
        }
        let towards = exchange.from.other();
        if exchange.kind.changes_session() {
            if let Some(leg) = self.leg_mut(exchange.from) {
                leg.dialog.refresh_target(request);
            }
            self.bridge_offer(core, exchange, request)?;
        }
        if exchange.kind == Kind::Invite {
            respond(core, now, exchange.server, 100, bare);
        }
        let user = User {
            call: self.key,
            role: Role::Relayed(exchange.number),
        };
        let (leg, media) = match (towards, self.attempts.last_mut()) {
            (Side::Egress, Some(attempt)) => (&mut attempt.leg, &self.media),
            (Side::Ingress, _) => (&mut self.ingress, &self.media),
            (Side::Egress, None) => return Err(Refusal::plain(481)),
        };
        let kind = exchange.kind;
        let sent = leg.send(core, now, kind.method(), user, |mut writer, contact| {
            if !kind.changes_session() {
                return finish_opaque(&mut writer, request);
            }
            writer.header(HeaderName::Contact, contact);
            writer.header(HeaderName::Allow, ALLOW);
            match media.last_sent(towards).filter(|_| exchange.has_offer) {
                Some(sdp) => writer.body(SDP, sdp),
                None => writer.finish(),
            }
        });
        exchange.client = Some(sent.map_err(|_| Refusal::plain(503))?);
        self.exchanges.pending.push(exchange);
        Ok(())
    }

    fn bridge_offer(
        &mut self,
        core: &mut Core,
        exchange: Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
        if !exchange.has_offer {
            return Ok(());
        }
        if !has_sdp(request) {
            return Err(Refusal::plain(415));
        }
        let bridged = self.media.bridge(core, exchange.from, request.body());
        bridged.map(|_| ()).map_err(|_| Refusal::plain(488))
    }

    /// One offer at a time, over both legs (RFC 3261 §14, RFC 3311 §5.2).
    fn check_glare(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let is_early = self.phase == Phase::Hunting;
        let has_peer = self
            .leg(Side::Egress)
            .is_some_and(|leg| !leg.dialog.remote_tag().is_empty());
        if self.phase == Phase::Ending || !has_peer {
            return Err(Refusal::plain(481));
        }
        if !exchange.kind.changes_session() {
            return Ok(());
        }
        if is_early && (exchange.kind == Kind::Invite || exchange.has_offer) {
            return Err(Refusal::PENDING);
        }
        let mut pending = self.exchanges.pending.iter();
        match pending.find(|other| other.kind.changes_session()) {
            Some(other) if other.from == exchange.from => return Err(Refusal::LATER),
            Some(_) => return Err(Refusal::PENDING),
            None => {}
        }
        let unsettled = [Side::Ingress, Side::Egress].iter().any(|side| {
            self.leg(*side)
                .is_some_and(|leg| leg.is_awaiting_ack() || leg.owes_ack())
        });
        match unsettled {
            true => Err(Refusal::PENDING),
            false => Ok(()),
        }
    }

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
        let Some(exchange) = self.take_exchange(number) else {
            return self.on_stray_final(core, response);
        };
        match (status, exchange.kind) {
            (200..300, Kind::Invite | Kind::Update) => {
                self.on_session_changed(core, now, exchange, response);
            }
            (200..300, Kind::Info) => {
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
        if found.is_none_or(|exchange| exchange.is_cancelled) {
            core.transactions
                .cancel(now, client, None, &mut core.outbox);
        }
    }

    /// A 2xx that is no answer to anything pending: a retransmission, whose ACK was lost.
    fn on_stray_final(&mut self, core: &mut Core, response: &Message<'_>) {
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
        if let Some(leg) = self.leg_mut(answering) {
            leg.dialog.refresh_target(response);
            match exchange.kind {
                Kind::Invite if exchange.has_offer => leg.send_ack(core, cseq, None),
                Kind::Invite => leg.owe_ack(cseq),
                Kind::Update | Kind::Info => {}
            }
        }
        let carries_sdp = has_sdp(response);
        if carries_sdp && self.media.bridge(core, answering, response.body()).is_err() {
            self.media.revert(core);
            return respond(core, now, exchange.server, 488, bare);
        }
        if exchange.has_offer {
            self.media.agree();
        }
        self.answer_exchange(core, now, exchange, carries_sdp);
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

    fn answer_exchange(&self, core: &mut Core, now: Instant, exchange: Exchange, with_sdp: bool) {
        let sdp = self.media.last_sent(exchange.from).filter(|_| with_sdp);
        let listener = self.leg(exchange.from).map_or(0, |leg| leg.path.listener);
        let Core {
            transactions,
            outbox,
            listeners,
            ..
        } = core;
        let contact = listeners.contact(listener);
        let routes = RecordRoutes::Omit;
        transactions.respond(
            now,
            exchange.server,
            200,
            phrase(200),
            routes,
            outbox,
            |writer| {
                writer.header(HeaderName::Contact, contact);
                writer.header(HeaderName::Allow, ALLOW);
                match sdp {
                    Some(sdp) => writer.body(SDP, sdp),
                    None => writer.finish(),
                }
            },
        );
    }

    /// A relayed request got no response at all.
    pub(crate) fn on_relayed_expired(&mut self, core: &mut Core, now: Instant, number: u16) {
        if let Some(exchange) = self.take_exchange(number) {
            self.on_dialog_lost(core, now, exchange, 408);
        }
    }

    /// The other leg is no longer there: the call ends.
    fn on_dialog_lost(&mut self, core: &mut Core, now: Instant, exchange: Exchange, status: u16) {
        respond(core, now, exchange.server, status, bare);
        let lost = exchange.from.other();
        let origin = match lost {
            Side::Ingress => Origin::Ingress,
            Side::Egress => Origin::Egress,
        };
        self.release(core, now, origin, ReleaseReason::ProtocolError, None, None);
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
            exchange.is_cancelled = outcome == CancelOutcome::Early;
        }
    }

    /// The dialog ends: what is pending in it is answered 487 (RFC 3261 §15.1.2), and cancelled
    /// where it was relayed to. A silent far end is told at its first provisional response.
    pub(crate) fn abort_exchanges(&mut self, core: &mut Core, now: Instant) {
        for exchange in std::mem::take(&mut self.exchanges.pending) {
            respond(core, now, exchange.server, 487, bare);
            if let Some(client) = exchange.client {
                // Only an INVITE can be cancelled; to others this does nothing.
                core.transactions
                    .cancel(now, client, None, &mut core.outbox);
            }
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
            true => self.media.bridge(core, side, ack.body()).ok(),
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
            let origin = match side {
                Side::Ingress => Origin::Ingress,
                Side::Egress => Origin::Egress,
            };
            self.release(core, now, origin, ReleaseReason::ProtocolError, None, None);
        }
    }

    fn take_exchange(&mut self, number: u16) -> Option<Exchange> {
        let pending = &mut self.exchanges.pending;
        let index = pending
            .iter()
            .position(|exchange| exchange.number == number)?;
        Some(pending.remove(index))
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

fn respond(
    core: &mut Core,
    now: Instant,
    server: ServerId,
    status: u16,
    finish: impl FnOnce(&mut MessageWriter<'_>),
) {
    let Core {
        transactions,
        outbox,
        ..
    } = core;
    let routes = RecordRoutes::Omit;
    transactions.respond(now, server, status, phrase(status), routes, outbox, finish);
}

/// Ends a message with the body of another, whatever it is, and what says what it is.
fn finish_opaque(writer: &mut MessageWriter<'_>, message: &Message<'_>) {
    for name in [HeaderName::InfoPackage, HeaderName::ContentDisposition] {
        if let Some(value) = message.raw_header(name) {
            writer.raw_header(name.as_str(), value);
        }
    }
    match message.header(HeaderName::ContentType) {
        Some(content_type) if !message.body().is_empty() => {
            writer.body(content_type, message.body());
        }
        _ => writer.finish(),
    }
}
