//! Transfers that the switch carries out itself (REFER, RFC 3515; Replaces, RFC 3891), where a
//! customer's trunk says so.
//!
//! The call that is asked for is a call of its own: decided with the trunk's limits and rates, charged
//! to the customer that asks, with a record of its own. When it is answered, the leg that is left of
//! the first call moves into it:
//!
//! ```text
//!            asking call                         target call
//!   A ────── ingress │ egress ────── B           (vacant) │ egress ────── D
//!   A hung up        │ lent ───────────────────► ingress  │ egress ────── D
//! ```
//!
//! The first call stays until the second ends, and both are charged until then. Calls are in one
//! table and one may borrow it at a time, so they write [`Letter`]s to each other, which the engine
//! delivers before its turn is over.

mod begin;
mod join;
mod referral;
mod replacing;

use referral::{Referral, Replaced};

use crate::call::{Call, LegId, Phase};
use crate::cdr::End;
use crate::config::Now;
use crate::core::{CallTimer, Core, Role, User};
use crate::dispatch::respond_in_dialog;
use crate::engine::Engine;
use crate::release::{Failure, Origin, phrase, reason_value};
use media_relay::Side;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::DigestIdentity;
use routing_engine::resources::ReferPolicy;
use sip_core::message::RecordRoutes;
use sip_core::slab::SlabKey;
use sip_core::transaction::{Path, ServerId};
use sip_core::{Duration, HeaderName, Instant, Message, Method};
use std::net::IpAddr;

/// How long whoever asked is told that it will hear of the transfer, seconds.
const SUBSCRIPTION_S: u32 = 600;
/// A session that is being changed is not taken apart: it is looked at again so much later.
const JOIN_PAUSE: Duration = Duration::from_millis(500);
/// The option tag of RFC 3891.
pub(crate) const REPLACES: &str = "replaces";
/// The media type of a report (RFC 3515 §2.4.5).
const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// What a call has to do with a transfer.
#[derive(Debug)]
pub(crate) enum Transfer {
    /// Its customer asked for one.
    Asking(Asking),
    /// It is what was asked for.
    Target(Target),
}

/// The call whose customer asked.
#[derive(Debug, Default)]
pub(crate) struct Asking {
    /// Transfers that were tried.
    tried: u8,
    pending: Option<Pending>,
    /// The call that has the egress leg now: both end together.
    lent_to: Option<SlabKey>,
}

/// A transfer under way.
#[derive(Debug)]
struct Pending {
    /// The call that was asked for, once there is one.
    target: Option<SlabKey>,
    /// Whoever asked wants to hear how it goes (RFC 4488).
    reports: bool,
    /// The CSeq number of the REFER.
    refer: u32,
    /// The latest status that was reported.
    told: u16,
}

/// The call that was asked for.
#[derive(Debug)]
pub(crate) struct Target {
    /// The call whose customer asked.
    from: SlabKey,
    /// It was up before: its customer's leg makes room (Replaces).
    is_attended: bool,
    stage: Stage,
    /// Re-INVITEs that tried to join.
    tries: u8,
    /// How often one could not be sent because the session was being changed.
    waits: u8,
    /// What a challenge of the leg that moved in is answered with.
    identity: Option<DigestIdentity>,
}

/// How far the leg of the asking call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Still there.
    Apart,
    /// Here, and told by re-INVITE where its media goes.
    Joining(Side),
    /// Both sides talk.
    Joined,
}

/// What one call tells another.
#[derive(Debug)]
pub(crate) enum Letter {
    /// To the engine on behalf of a call: this is to be called.
    Refer(Box<Referral>),
    /// To the asking call: the target reports a provisional response.
    Progress(u16),
    /// To the asking call: the target failed.
    Failed(u16),
    /// To the engine on behalf of the asking call: the target is answered.
    Answered,
    /// To the asking call: the target has ended.
    Ended(End),
    /// To the target: nobody wants it any longer.
    Abandoned,
    /// To the target: the switch ends the call.
    HangUp(ReleaseReason),
}

/// A letter on its way.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) to: SlabKey,
    pub(crate) from: SlabKey,
    pub(crate) letter: Letter,
}

impl Engine {
    /// Delivers what calls wrote to each other in this turn.
    pub(crate) fn deliver_letters(&mut self, now: Now) {
        while let Some(Post { to, from, letter }) = self.core.letters.pop_front() {
            match letter {
                Letter::Refer(referral) => self.begin_transfer(now, to, &referral),
                Letter::Answered => self.join(now, to, from),
                letter => {
                    self.with_call(now.instant, to, |call, core| {
                        call.on_letter(core, now.instant, from, letter);
                        call.settle(core);
                    });
                }
            }
        }
    }

    /// Where a leg lives now.
    pub(crate) fn home_of(&self, call: SlabKey, leg: u16) -> (SlabKey, LegId) {
        let leg = LegId::of_tag(leg);
        let lent = self.calls.get(call).and_then(|call| call.lent(leg));
        lent.map_or((call, leg), |to| (to, LegId::Ingress))
    }
}

impl Call {
    /// Whether a REFER by this side is carried out by the switch.
    pub(crate) fn handles_refer(&self, side: Side) -> bool {
        side == Side::Ingress
            && !self.is_joined()
            && self.ingress.policy.refer == ReferPolicy::Handle
    }

    /// Whether a REFER that would be carried out comes from where the customer's calls do not: it
    /// spends the customer's money, and who has seen the dialog's tags is not the customer yet.
    pub(crate) fn is_foreign_refer(&self, side: Side, request: &Message<'_>, path: Path) -> bool {
        let is_carried_out = request.method() == Some(Method::Refer) && self.handles_refer(side);
        is_carried_out && !self.is_of_customer(path.remote.ip())
    }

    fn is_of_customer(&self, address: IpAddr) -> bool {
        let trunk = || {
            let called = self.facts.called_received();
            self.snapshot.trunk_of_call(address, called)
        };
        // Who replaced the first caller comes from elsewhere.
        let known = [self.facts.source.ip(), self.ingress.path.remote.ip()];
        known.contains(&address) || trunk() == Some(self.ingress_trunk)
    }

    /// A REFER of the customer.
    pub(crate) fn on_refer(
        &mut self,
        core: &mut Core,
        now: Instant,
        server: ServerId,
        refer: &Message<'_>,
    ) {
        let referral = match self.check_refer().and_then(|()| Referral::of(refer)) {
            Ok(referral) => referral,
            Err(status) => return respond_in_dialog(core, now, server, status),
        };
        let reports = !refer
            .raw_header(HeaderName::ReferSub)
            .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"false"));
        self.accept_refer(core, now, server, reports);
        let pending = Pending {
            target: None,
            reports,
            refer: refer.cseq().map_or(0, |cseq| cseq.number),
            told: 0,
        };
        let begin = || Box::new(Transfer::Asking(Asking::default()));
        self.transfer.get_or_insert_with(begin);
        if let Some(asking) = self.asking_mut() {
            asking.tried = asking.tried.saturating_add(1);
            asking.pending = Some(pending);
        }
        self.report(core, now, 100, false);
        let letter = Letter::Refer(Box::new(referral));
        core.post(self.key, self.key, letter);
    }

    fn check_refer(&self) -> Result<(), u16> {
        if self.phase != Phase::Answered || self.ingress.is_gone {
            return Err(match self.phase {
                Phase::Hunting | Phase::Connecting => 491,
                Phase::Answered | Phase::Ending => 481,
            });
        }
        // What is offered or answered now is not what the party that is left would be called for with.
        if self.is_changing() {
            return Err(491);
        }
        match self.transfer.as_deref() {
            None => Ok(()),
            Some(Transfer::Target(_)) => Err(491),
            Some(Transfer::Asking(asking)) if asking.pending.is_some() => Err(491),
            Some(Transfer::Asking(asking)) => {
                match asking.tried < self.ingress.policy.transfers_max {
                    true => Ok(()),
                    false => Err(403),
                }
            }
        }
    }

    fn accept_refer(&self, core: &mut Core, now: Instant, server: ServerId, reports: bool) {
        let Core {
            transactions,
            outbox,
            listeners,
            ..
        } = core;
        let contact = listeners.contact(self.ingress.path.listener);
        let routes = RecordRoutes::Omit;
        transactions.respond(now, server, 202, phrase(202), routes, outbox, |writer| {
            writer.header(HeaderName::Contact, contact);
            if !reports {
                writer.header(HeaderName::ReferSub, "false");
            }
            writer.finish();
        });
    }

    fn asking_mut(&mut self) -> Option<&mut Asking> {
        match self.transfer.as_deref_mut()? {
            Transfer::Asking(asking) => Some(asking),
            Transfer::Target(_) => None,
        }
    }

    fn asking(&self) -> Option<&Asking> {
        match self.transfer.as_deref()? {
            Transfer::Asking(asking) => Some(asking),
            Transfer::Target(_) => None,
        }
    }

    fn target(&self) -> Option<&Target> {
        match self.transfer.as_deref()? {
            Transfer::Target(target) => Some(target),
            Transfer::Asking(_) => None,
        }
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        match self.transfer.as_deref_mut()? {
            Transfer::Target(target) => Some(target),
            Transfer::Asking(_) => None,
        }
    }

    /// The call that has a leg of this one.
    fn lent(&self, leg: LegId) -> Option<SlabKey> {
        let to = self.asking()?.lent_to?;
        (self.side_of(leg) == Some(Side::Egress)).then_some(to)
    }

    /// The call that has the egress leg of this one.
    pub(crate) fn lent_to(&self) -> Option<SlabKey> {
        self.asking()?.lent_to
    }

    /// Whether a transfer is under way.
    pub(crate) fn is_transferring(&self) -> bool {
        self.asking().is_some_and(|asking| asking.pending.is_some())
    }

    /// Whether another call's leg has moved in: both sides are carriers then.
    pub(crate) fn is_joined(&self) -> bool {
        self.target()
            .is_some_and(|target| target.stage != Stage::Apart)
    }

    /// Whose side a side is.
    pub(crate) fn origin_of(&self, side: Side) -> Origin {
        match side {
            Side::Ingress if !self.is_joined() => Origin::Ingress,
            _ => Origin::Egress,
        }
    }

    /// What a challenge of the leg that moved in is answered with.
    pub(crate) fn moved_identity(&self) -> Option<&DigestIdentity> {
        self.target()?.identity.as_ref()
    }

    // --- what the target tells

    pub(crate) fn report_progress(&self, core: &mut Core, status: u16) {
        self.write_home(core, Letter::Progress(status));
    }

    pub(crate) fn report_failure(&self, core: &mut Core, status: u16) {
        self.write_home(core, Letter::Failed(status));
    }

    pub(crate) fn report_answer(&self, core: &mut Core) {
        self.write_home(core, Letter::Answered);
    }

    fn write_home(&self, core: &mut Core, letter: Letter) {
        if let Some(target) = self.target() {
            core.post(target.from, self.key, letter);
        }
    }

    /// The call has its end, and so has what depends on it.
    pub(crate) fn end_transfer(&mut self, core: &mut Core, end: End) {
        match self.transfer.as_deref_mut() {
            Some(Transfer::Target(target)) => {
                core.post(target.from, self.key, Letter::Ended(end));
            }
            Some(Transfer::Asking(asking)) => {
                let pending = asking.pending.take();
                if let Some(target) = pending.and_then(|pending| pending.target) {
                    core.post(target, self.key, Letter::Abandoned);
                }
            }
            None => {}
        }
    }

    // --- what is told

    fn on_letter(&mut self, core: &mut Core, now: Instant, from: SlabKey, letter: Letter) {
        match letter {
            Letter::Progress(status) if self.waits_for(from) => {
                self.report(core, now, status, false);
            }
            Letter::Failed(status) => self.on_transfer_failed(core, now, from, status),
            Letter::Ended(end) if self.lent_to() == Some(from) => self.end_with(core, end),
            Letter::Ended(_) => self.on_transfer_failed(core, now, from, 480),
            Letter::Abandoned => self.on_abandoned(core, now, from),
            Letter::HangUp(reason) => self.hang_up(core, now, reason),
            Letter::Progress(_) | Letter::Refer(_) | Letter::Answered => {}
        }
    }

    /// Whether the transfer under way is to this call; one that never came about is this call's own.
    fn waits_for(&self, from: SlabKey) -> bool {
        let pending = self.asking().and_then(|asking| asking.pending.as_ref());
        pending.is_some_and(|pending| pending.target.unwrap_or(self.key) == from)
    }

    fn on_transfer_failed(&mut self, core: &mut Core, now: Instant, from: SlabKey, status: u16) {
        if !self.waits_for(from) {
            return;
        }
        self.report(core, now, status, true);
        if let Some(asking) = self.asking_mut() {
            asking.pending = None;
        }
        core.disarm(self.key, CallTimer::Hunting);
        if self.ingress.is_gone {
            // Who asked hung up meanwhile: nobody is left for the other side.
            let reason = ReleaseReason::NormalClearing;
            self.release(core, now, Origin::Ingress, reason, None, None);
        }
    }

    /// The call that has the egress leg ended, and this one with it.
    fn end_with(&mut self, core: &mut Core, end: End) {
        if self.phase != Phase::Answered {
            return;
        }
        core.disarm(self.key, CallTimer::Duration);
        if let Some(attempt) = self.current_mut() {
            attempt.hang_up(end);
        }
        self.finish(core, end);
    }

    fn on_abandoned(&mut self, core: &mut Core, now: Instant, from: SlabKey) {
        let Some(target) = self.target().filter(|target| target.from == from) else {
            return;
        };
        if target.is_attended {
            // Its own customer is still there.
            self.transfer = None;
            return;
        }
        match self.phase {
            Phase::Hunting => {
                let failure = Failure::new(Origin::Ingress, ReleaseReason::CustomerCancelled);
                let reason = reason_value(failure.cause);
                self.abandon(core, now, &failure, Outcome::Cancelled, &reason);
            }
            _ => {
                let reason = ReleaseReason::NormalClearing;
                self.release(core, now, Origin::Ingress, reason, None, None);
            }
        }
    }

    /// Whoever asked hung up without waiting for the end of the transfer, which goes on.
    pub(crate) fn lose_asker(&mut self, core: &mut Core, now: Instant) {
        let key = self.key;
        self.ingress.forget_ack(core, key, Side::Ingress);
        self.give_up_exchanges(core, now);
        self.leave_ingress(core, now);
    }

    /// Nothing more is sent to the ingress leg.
    fn leave_ingress(&mut self, core: &mut Core, now: Instant) {
        self.ingress.is_gone = true;
        self.abort_refresh(core, now, Side::Ingress);
    }

    /// Tells whoever asked how it goes, each status once.
    fn report(&mut self, core: &mut Core, now: Instant, status: u16, is_last: bool) {
        let Some(asking) = self.asking_mut() else {
            return;
        };
        let needs_id = asking.tried > 1;
        let Some(pending) = asking.pending.as_mut() else {
            return;
        };
        if !pending.reports || (!is_last && status <= pending.told) {
            return;
        }
        pending.told = status;
        let refer = pending.refer;
        if self.ingress.is_gone {
            return;
        }
        let user = User {
            call: self.key,
            role: Role::Detached,
        };
        let body = format!("SIP/2.0 {status} {}\r\n", phrase(status));
        let (method, body) = (Method::Notify, body.as_bytes());
        // One that finds no room in the table is left out: the end of the dialog tells as much.
        let _ = self
            .ingress
            .send_with(core, now, method, user, body, |mut writer, contact| {
                writer.header(HeaderName::Contact, contact);
                // RFC 3515 §2.4.6: reports on a second REFER say which one.
                match needs_id {
                    true => writer.header_fmt(HeaderName::Event, format_args!("refer;id={refer}")),
                    false => writer.header(HeaderName::Event, "refer"),
                };
                match is_last {
                    true => {
                        let over = "terminated;reason=noresource";
                        writer.header(HeaderName::SubscriptionState, over)
                    }
                    false => writer.header_fmt(
                        HeaderName::SubscriptionState,
                        format_args!("active;expires={SUBSCRIPTION_S}"),
                    ),
                };
                writer.body(SIPFRAG, body);
            });
    }
}

impl Core {
    /// Writes to a call.
    pub(crate) fn post(&mut self, to: SlabKey, from: SlabKey, letter: Letter) {
        self.letters.push_back(Post { to, from, letter });
    }
}
