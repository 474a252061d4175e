//! Requests within a call that are relayed end to end: re-INVITE, UPDATE, and as the trunks allow
//! INFO, MESSAGE, REFER, SUBSCRIBE and NOTIFY.
//!
//! Each is an [`Exchange`]: a server transaction on the leg that it came by and a client
//! transaction on the other. Descriptions are rewritten on the way as those of the first offer and
//! answer are.

mod arriving;
mod outcome;

use crate::attempt::has_sdp;
use crate::call::{Call, Phase};
use crate::core::{CallTimer, Core, Role, User};
use crate::leg::{Leg, SDP, bare};
use crate::methods::{ALLOW, allow, is_relayed};
use crate::release::phrase;
use crate::session_timer::{SessionRequest, TooShort};
use media_relay::Side;
use routing_engine::resources::ReinvitePolicy;
use sip_core::message::RecordRoutes;
use sip_core::transaction::{ClientId, ServerId};
use sip_core::{Duration, HeaderName, Instant, Message, MessageWriter, Method};

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
    /// Who takes the place of a side when the other one agrees.
    arriving: Option<Arriving>,
}

/// A leg whose INVITE replaces another.
#[derive(Debug)]
struct Arriving {
    /// Of its exchange.
    number: u16,
    leg: Box<Leg>,
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
        let exchange = self.new_exchange(side, kind, server, request);
        if let Err(refusal) = self.start_exchange(core, now, exchange, request) {
            refuse(core, now, server, refusal);
        }
    }

    fn new_exchange(
        &mut self,
        from: Side,
        kind: Kind,
        server: ServerId,
        request: &Message<'_>,
    ) -> Exchange {
        let number = self.exchanges.next_number;
        self.exchanges.next_number = number.wrapping_add(1);
        Exchange {
            number,
            from,
            kind,
            server,
            client: None,
            cseq: request.cseq().map_or(0, |cseq| cseq.number),
            has_offer: !request.body().is_empty(),
            session: SessionRequest::of(request),
            is_cancelled: false,
            owes_cancel: false,
            copy: None,
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
        self.resume_join(core, now);
        let routes = RecordRoutes::Omit;
        self.accept_change(core, now, side, server, routes, agreed, None);
    }

    fn start_exchange(
        &mut self,
        core: &mut Core,
        now: Instant,
        exchange: Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
        // A transfer has taken one side away, or it is not there yet.
        let is_gone = |side| self.leg(side).is_some_and(|leg| leg.is_gone);
        if is_gone(exchange.from) || is_gone(exchange.from.other()) {
            return Err(Refusal::LATER);
        }
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
            if self.is_local_matter(core, &exchange, request) {
                self.answer_change(core, now, &exchange, RecordRoutes::Omit, true);
                return Ok(());
            }
            self.take_offer(core, &exchange, request)?;
        }
        self.launch(core, now, exchange, request)
    }

    /// Sends a request on, and waits for what becomes of it.
    fn launch(
        &mut self,
        core: &mut Core,
        now: Instant,
        mut exchange: Exchange,
        request: &Message<'_>,
    ) -> Result<(), Refusal> {
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

    /// Whether an offer is answered here, because its trunk says so and it says nothing new to the
    /// other side: then the relay has learned where media goes now.
    fn is_local_matter(
        &mut self,
        core: &mut Core,
        exchange: &Exchange,
        request: &Message<'_>,
    ) -> bool {
        let is_local = self
            .leg(exchange.from)
            .is_some_and(|leg| leg.policy.reinvite == ReinvitePolicy::Local);
        if !is_local || self.phase != Phase::Answered || !has_sdp(request) {
            return false;
        }
        self.readdress(core, exchange.from, request.body())
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
}

/// The final response of what is not relayed.
fn refuse(core: &mut Core, now: Instant, server: ServerId, refusal: Refusal) {
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
