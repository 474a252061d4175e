//! Requests within a call that are relayed end to end: re-INVITE, UPDATE, and as the trunks allow
//! INFO, MESSAGE, REFER, SUBSCRIBE and NOTIFY.
//!
//! Each is an [`Exchange`]: a server transaction on the leg that it came by and a client
//! transaction on the other. Descriptions are rewritten on the way as those of the first offer and
//! answer are.

use crate::attempt::has_sdp;
use crate::call::{Call, Phase};
use crate::core::{CallTimer, Core, Role, User};
use crate::leg::{SDP, bare};
use crate::methods::{ALLOW, allow, is_relayed};
use crate::release::{Origin, phrase};
use crate::session_timer::{SessionRequest, TooShort, write_answer};
use media_relay::Side;
use rating::cdr::ReleaseReason;
use sip_core::message::RecordRoutes;
use sip_core::transaction::{CancelOutcome, ClientId, ServerId};
use sip_core::{Duration, HeaderName, Instant, Message, MessageWriter, Method, SessionExpires};

/// Relayed requests of one call at once; one more is answered 500 with Retry-After.
const EXCHANGES_MAX: usize = 4;
/// Retry-After is random below this, seconds (RFC 3261 §14.2).
const RETRY_AFTER_S: u64 = 10;

/// A relayed re-INVITE without a final response for so long is given up: people need not be asked, as
/// they are when a call begins, and nothing else can change the session meanwhile. Timer C of RFC 3261
/// §16.6 is for those.
const INVITE_PATIENCE: Duration = Duration::from_secs(60);

/// The relayed requests of one call.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// At most [`EXCHANGES_MAX`].
    pending: Vec<Exchange>,
    next_number: u16,
    /// The number of a re-INVITE that was given up and may still get a final response.
    given_up: Option<u16>,
}

#[derive(Clone, Debug)]
struct Exchange {
    number: u16,
    from: Side,
    kind: Kind,
    server: ServerId,
    client: Option<ClientId>,
    cseq: u32,
    has_offer: bool,
    /// What it says of session timers.
    session: SessionRequest,
    /// A CANCEL came.
    is_cancelled: bool,
    /// It came before the other side had replied, and is to be passed on when it has.
    owes_cancel: bool,
    /// The whole of a request that says nothing to the switch, while the other side may want it again with
    /// credentials.
    copy: Option<Box<[u8]>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Invite,
    Update,
    /// What says nothing to the switch.
    Opaque(Method<'static>),
}

impl Kind {
    fn of(request: &Message<'_>) -> Option<Self> {
        match request.method()? {
            Method::Invite => Some(Self::Invite),
            Method::Update => Some(Self::Update),
            method => method.known().map(Self::Opaque),
        }
    }

    fn method(self) -> Method<'static> {
        match self {
            Self::Invite => Method::Invite,
            Self::Update => Method::Update,
            Self::Opaque(method) => method,
        }
    }

    fn changes_session(self) -> bool {
        !matches!(self, Self::Opaque(_))
    }
}

/// Why a request is not relayed: the final response that it gets instead.
#[derive(Clone, Copy, Debug)]
struct Refusal {
    status: u16,
    retry_after: bool,
    /// What a session interval must not be below (422), seconds; else zero.
    minimum_s: u32,
}

impl Refusal {
    const PENDING: Self = Self::plain(491);
    const LATER: Self = Self {
        status: 500,
        retry_after: true,
        minimum_s: 0,
    };

    const fn plain(status: u16) -> Self {
        Self {
            status,
            retry_after: false,
            minimum_s: 0,
        }
    }
}

impl From<TooShort> for Refusal {
    fn from(too_short: TooShort) -> Self {
        Self {
            minimum_s: too_short.minimum_s,
            ..Self::plain(422)
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
        if kind == Kind::Update && request.body().is_empty() {
            return self.answer_update(core, now, side, server, request);
        }
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
            session: SessionRequest::of(request),
            is_cancelled: false,
            owes_cancel: false,
            copy: None,
        };
        if let Err(refusal) = self.start_exchange(core, now, exchange, request) {
            let wait = refusal
                .retry_after
                .then(|| core.random_below(RETRY_AFTER_S) as u32);
            respond(core, now, server, refusal.status, |writer| {
                if let Some(wait) = wait {
                    writer.number(HeaderName::RetryAfter, wait);
                }
                if refusal.minimum_s > 0 {
                    writer.number(HeaderName::MinSe, refusal.minimum_s);
                }
                if refusal.status == 405 {
                    writer.header(HeaderName::Allow, ALLOW);
                }
                writer.finish();
            });
        }
    }

    /// An UPDATE that changes nothing but the address or the timer of its own leg: answered here.
    fn answer_update(
        &mut self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
        update: &Message<'_>,
    ) {
        let (key, is_up) = (self.key, self.phase == Phase::Answered);
        if self.phase == Phase::Ending {
            return respond(core, now, server, 481, bare);
        }
        let Some(leg) = self.leg_mut(side) else {
            return;
        };
        let session = SessionRequest::of(update);
        if let Err(TooShort { minimum_s }) = session.check(&leg.policy) {
            return respond(core, now, server, 422, |writer| {
                writer.number(HeaderName::MinSe, minimum_s);
                writer.finish();
            });
        }
        leg.dialog.refresh_target(update);
        leg.session.learn_methods(update);
        let agreed = session.answer(&leg.policy).filter(|_| is_up);
        if is_up {
            leg.agree_session(core, now, key, side, agreed);
        }
        self.accept_change(core, now, side, server, agreed, None);
    }

    fn start_exchange(
        &mut self,
        core: &mut Core,
        now: Instant,
        mut exchange: Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
        self.check_policy(exchange.kind, exchange.from, request)?;
        self.check_glare(&exchange)?;
        if self.exchanges.pending.len() >= EXCHANGES_MAX {
            return Err(Refusal::LATER);
        }
        if exchange.kind.changes_session() {
            if let Some(leg) = self.leg_mut(exchange.from) {
                exchange.session.check(&leg.policy)?;
                leg.dialog.refresh_target(request);
                leg.session.learn_methods(request);
            }
            self.take_offer(core, &exchange, request)?;
        }
        if exchange.kind == Kind::Invite {
            respond(core, now, exchange.server, 100, bare);
        }
        let sent = self.forward(core, now, &exchange, Some(request));
        if sent.is_err() && exchange.kind.changes_session() {
            self.media.revert(core);
        }
        exchange.client = Some(sent?);
        if exchange.kind == Kind::Invite {
            core.arm(self.key, CallTimer::Exchange, now, INVITE_PATIENCE);
        }
        if !exchange.kind.changes_session() && self.has_account_at(exchange.from.other()) {
            exchange.copy = Some(request.as_bytes().into());
        }
        self.exchanges.pending.push(exchange);
        Ok(())
    }

    /// Sends a request on to the other leg. `request` is needed of what says nothing to the switch.
    fn forward(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: &Exchange,
        request: Option<&Message<'_>>,
    ) -> Result<ClientId, Refusal> {
        let towards = exchange.from.other();
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
        let (session, policy, method) = (leg.session, leg.policy, kind.method());
        let opaque = request.filter(|_| !kind.changes_session());
        let sdp = media.last_sent(towards).filter(|_| exchange.has_offer);
        let body = opaque.map_or_else(|| sdp.unwrap_or_default(), Message::body);
        let sent = leg.send_with(core, now, method, user, body, |mut writer, contact| {
            if let Some(request) = opaque {
                return finish_opaque(&mut writer, request);
            }
            writer.header(HeaderName::Contact, contact);
            writer.header(HeaderName::Allow, allow(&policy));
            session.write_request(&mut writer);
            match sdp {
                Some(sdp) => writer.body(SDP, sdp),
                None => writer.finish(),
            }
        });
        sent.map_err(|_| Refusal::plain(503))
    }

    /// Whether both trunks let a request pass.
    fn check_policy(&self, kind: Kind, from: Side, request: &Message<'_>) -> Result<(), Refusal> {
        let Kind::Opaque(method) = kind else {
            return Ok(());
        };
        let is_relayed = |side| {
            self.leg(side)
                .is_none_or(|leg| is_relayed(&leg.policy, method))
        };
        if !is_relayed(from) || !is_relayed(from.other()) {
            return Err(Refusal::plain(405));
        }
        // The dialog that Replaces names is one with us: it means nothing on the other side.
        let names_dialog = request
            .raw_header(HeaderName::ReferTo)
            .is_some_and(|target| contains_ignoring_case(target, b"replaces="));
        match names_dialog {
            true => Err(Refusal::plain(403)),
            false => Ok(()),
        }
    }

    fn take_offer(
        &mut self,
        core: &mut Core,
        exchange: &Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
        if !exchange.has_offer {
            return Ok(());
        }
        if !has_sdp(request) {
            return Err(Refusal::plain(415));
        }
        let bridged = self.bridge_offer(core, exchange.from, request.body());
        bridged.map(|_| ()).map_err(|_| Refusal::plain(488))
    }

    /// One offer at a time, over both legs (RFC 3261 §14, RFC 3311 §5.2).
    fn check_glare(&self, exchange: &Exchange) -> Result<(), Refusal> {
        let is_early = matches!(self.phase, Phase::Hunting | Phase::Connecting);
        let has_peer = self
            .leg(Side::Egress)
            .is_some_and(|leg| !leg.dialog.remote_tag().is_empty());
        if self.phase == Phase::Ending || !has_peer {
            return Err(Refusal::plain(481));
        }
        if !exchange.kind.changes_session() {
            return Ok(());
        }
        // RFC 3311 §5.1: before the answer only an UPDATE may make an offer, and only when the
        // first one has its reliable answer.
        let may_offer = exchange.kind == Kind::Update
            && self.phase == Phase::Hunting
            && self.is_settled_early();
        if is_early && !may_offer {
            return Err(Refusal::PENDING);
        }
        let mut pending = self.exchanges.pending.iter();
        match pending.find(|other| other.kind.changes_session()) {
            Some(other) if other.from == exchange.from => Err(Refusal::LATER),
            Some(_) => Err(Refusal::PENDING),
            None if self.is_unsettled() => Err(Refusal::PENDING),
            None => Ok(()),
        }
    }

    /// Whether a change of the session is under way, of a peer or of our own.
    pub(crate) fn is_changing(&self) -> bool {
        let mut pending = self.exchanges.pending.iter();
        pending.any(|exchange| exchange.kind.changes_session()) || self.is_unsettled()
    }

    fn is_unsettled(&self) -> bool {
        if self.exchanges.given_up.is_some() {
            return true;
        }
        [Side::Ingress, Side::Egress].iter().any(|side| {
            self.leg(*side).is_some_and(|leg| {
                leg.is_awaiting_ack() || leg.owes_ack() || leg.session.is_reinviting()
            })
        })
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
            true if exchange.has_offer => self.media.bridge(core, answering, body).is_ok(),
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
        self.answer_exchange(core, now, &exchange, carries_sdp);
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
        with_sdp: bool,
    ) {
        let (key, is_up) = (self.key, self.phase == Phase::Answered);
        let mut agreed = None;
        if let Some(leg) = self.leg_mut(exchange.from).filter(|_| is_up) {
            agreed = exchange.session.answer(&leg.policy);
            leg.agree_session(core, now, key, exchange.from, agreed);
        }
        let sdp = self.media.last_sent(exchange.from).filter(|_| with_sdp);
        self.accept_change(core, now, exchange.from, exchange.server, agreed, sdp);
    }

    fn accept_change(
        &self,
        core: &mut Core,
        now: Instant,
        side: Side,
        server: ServerId,
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
        let routes = RecordRoutes::Omit;
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
        self.release_for(core, now, exchange.from.other());
    }

    /// Ends the call because of what a side did or failed to do.
    fn release_for(&mut self, core: &mut Core, now: Instant, side: Side) {
        let origin = match side {
            Side::Ingress => Origin::Ingress,
            Side::Egress => Origin::Egress,
        };
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
        self.release_for(core, now, side);
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

fn contains_ignoring_case(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

/// The fields that say what a request within a call is about; all others belong to its leg.
const OPAQUE_FIELDS: [HeaderName; 9] = [
    HeaderName::InfoPackage,
    HeaderName::ContentDisposition,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
    HeaderName::ReferSub,
    HeaderName::Event,
    HeaderName::SubscriptionState,
    HeaderName::Expires,
    HeaderName::Subject,
];

/// Ends a message with the body of another, whatever it is, and what says what it is.
fn finish_opaque(writer: &mut MessageWriter<'_>, message: &Message<'_>) {
    for name in OPAQUE_FIELDS {
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
