//! A new call: checked, decided, admitted, or refused with a record.

use crate::attempt::has_sdp;
use crate::authentication::Shown;
use crate::call::{Call, Phase};
use crate::cdr::{Facts, rejected};
use crate::config::Now;
use crate::core::{Core, Role, User};
use crate::engine::Engine;
use crate::identity::{Presented, shown};
use crate::leg::{Leg, SDP, bare};
use crate::refusals::Refusal;
use crate::relay_in_dialog::Exchanges;
use crate::release::{phrase, reason_value, row};
use crate::reliable::{RELIABLE, Reliability, ReliableResponses};
use crate::session::CallMedia;
use crate::session_timer::{SessionRequest, TIMER};
use crate::setups::SetupPermit;
use crate::stateless::has_unknown_scheme;
use crate::transfer::REPLACES;
use rating::cdr::{JournalEntry, ReleaseReason};
use routing_engine::numbers::ShownIdentity;
use routing_engine::resources::{ReliableProvisional, ReplacesPolicy, SessionTimers, Signalling};
use routing_engine::snapshot::{GatewayOrder, TrunkIndex};
use routing_engine::{CallRequest, Decision, RoutePlan, Snapshot, Source};
use sip_core::dialog::Dialog;
use sip_core::message::RecordRoutes;
use sip_core::slab::SlabKey;
use sip_core::transaction::{Path, ServerKey};
use sip_core::{HeaderName, Instant, Message, MessageWriter};
use std::sync::Arc;

/// Transactions that a call may need at once: both INVITEs, a CANCEL, and a BYE.
const TRANSACTIONS_OF_A_CALL: usize = 4;
/// Bytes of To, From and Contact each. All that the switch sends within the dialog repeats them,
/// next to fields of its own and of the other side.
const ADDRESS_BYTES_MAX: usize = 1_024;
/// Max-Forwards of a request without one (RFC 3261 §16.6 step 3).
const MAX_FORWARDS: u8 = 70;

impl Engine {
    /// An INVITE outside any dialog.
    pub(crate) fn handle_new_call(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
    ) {
        let snapshot = Arc::clone(&self.core.snapshot);
        let id = self.core.new_call_id(now.wall);
        let mut facts = Facts::of_invite(id, now, invite, path, &snapshot);
        if self.replaces_at_carrier(now, invite, path, key) {
            return;
        }
        let Some(source) = self.source_of(now, invite, path, &facts, &snapshot) else {
            return;
        };
        let called = facts.called_received();
        if self.replaces_at_customer(now, invite, path, key, source, called) {
            return;
        }
        let quality = Arc::clone(&self.core.quality);
        let request = CallRequest {
            source,
            called,
            calling: &facts.calling_received,
            identity: match snapshot.reads_identity() {
                true => shown(invite),
                false => ShownIdentity::default(),
            },
            now_us: now.instant.as_micros(),
            at: now.wall,
            draw: id.draw(),
            quality: &quality,
        };
        let (decision, record) = self.decide_new(&request, &snapshot);
        facts.keep_decision(record);
        let plan = match decision {
            Decision::Reject(rejection) if rejection.reason == ReleaseReason::UnknownSource => {
                return self.refuse_stranger(now, invite, path, &facts, rejection.reason);
            }
            Decision::Reject(rejection) => Err(rejection),
            Decision::Route(plan) => Ok(plan),
        };
        match plan {
            Err(rejection) => {
                facts.learn_rejection(&rejection, &snapshot);
                let trunk = rejection.ingress_trunk;
                self.refuse(now, invite, path, key, &facts, trunk, rejection.reason);
            }
            Ok(plan) => {
                facts.learn_plan(&plan, &snapshot);
                let policy = snapshot.ingress_trunk(plan.ingress_trunk).signalling;
                let setup = self
                    .check(invite, &policy)
                    .and_then(|()| self.enter_setup(&plan));
                match setup {
                    Ok(setup) => {
                        self.admit(now, invite, path, key, facts, plan, setup, snapshot);
                    }
                    Err(Obstacle::Reason(reason)) => {
                        let trunk = Some(plan.ingress_trunk);
                        self.refuse(now, invite, path, key, &facts, trunk, reason);
                    }
                    Err(Obstacle::Status(status)) => {
                        self.refuse_status(now, invite, path, key, &facts, &policy, status);
                    }
                }
            }
        }
    }

    /// How the trunk of a call is found. `None` when it has not shown enough, and has been told so.
    fn source_of(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        facts: &Facts,
        snapshot: &Snapshot,
    ) -> Option<Source<'static>> {
        let called = facts.called_received();
        let shown = self
            .core
            .authenticate(now.instant, invite, path, snapshot, called);
        let source = shown.source(path);
        match shown {
            _ if source.is_some() => {}
            Shown::Challenge { is_stale } => self.challenge(now, invite, path, is_stale),
            _ => {
                let reason = ReleaseReason::NotAuthenticated;
                self.refuse_stranger(now, invite, path, facts, reason);
            }
        }
        source
    }

    /// What stands against a call that could be routed.
    pub(crate) fn check(&self, invite: &Message<'_>, policy: &Signalling) -> Result<(), Obstacle> {
        self.check_own_state()?;
        // RFC 3261 §16.3 step 3. A call that goes round in circles is seen here.
        if invite.max_forwards().is_ok_and(|hops| hops == Some(0)) {
            return Err(Obstacle::Reason(ReleaseReason::TooManyHops));
        }
        if has_unknown_scheme(invite) {
            return Err(Obstacle::Status(416));
        }
        if has_long_address(invite) {
            return Err(Obstacle::Status(400));
        }
        // RFC 3261 §8.2.2.3.
        if not_understood(invite, policy).next().is_some() {
            return Err(Obstacle::Status(420));
        }
        if Reliability::of(invite, policy) == Reliability::Missing {
            return Err(Obstacle::Status(421));
        }
        if SessionRequest::of(invite).check(policy).is_err() {
            return Err(Obstacle::Status(422));
        }
        if !invite.body().is_empty() && !has_sdp(invite) {
            return Err(Obstacle::Status(415));
        }
        if !takes_sdp(invite) {
            return Err(Obstacle::Status(406));
        }
        self.check_room()
    }

    /// Whether the switch itself takes new calls.
    pub(crate) fn check_own_state(&self) -> Result<(), Obstacle> {
        match (self.core.drain.is_on(), self.core.journal_available) {
            (true, _) => Err(Obstacle::Reason(ReleaseReason::ShuttingDown)),
            (false, false) => Err(Obstacle::Reason(ReleaseReason::JournalUnavailable)),
            (false, true) => Ok(()),
        }
    }

    /// Whether there is room for one more.
    pub(crate) fn check_room(&self) -> Result<(), Obstacle> {
        let transactions = &self.core.transactions;
        match self.calls.is_full() || transactions.lacks_room_for(TRANSACTIONS_OF_A_CALL) {
            true => Err(Obstacle::Reason(ReleaseReason::Overload)),
            false => Ok(()),
        }
    }

    /// Counts the call among those in setup, unless it came back. Callers without a number cannot
    /// be told apart, so theirs are not looked at. It is the numbers before lists that count: what lists make
    /// of them may be the same for many callers.
    pub(crate) fn enter_setup(&self, plan: &RoutePlan) -> Result<Option<SetupPermit>, Obstacle> {
        let config = &self.core.config;
        let most = config.limits.max_same_setups;
        let numbers = &plan.numbers_translated;
        if most == 0 || numbers.calling.is_empty() {
            return Ok(None);
        }
        config
            .setups
            .enter(
                &numbers.calling,
                &numbers.called,
                plan.ingress_trunk.place(),
                most,
            )
            .map(Some)
            .ok_or(Obstacle::Reason(ReleaseReason::LoopDetected))
    }

    #[expect(clippy::too_many_arguments, reason = "a new call is that much")]
    fn admit(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        facts: Facts,
        plan: RoutePlan,
        mut setup: Option<SetupPermit>,
        snapshot: Arc<routing_engine::Snapshot>,
    ) {
        let core = &mut self.core;
        let trunk = plan.ingress_trunk;
        let mut facts = Some(facts);
        let mut plan = Some(Box::new(plan));
        let inserted = self.calls.try_insert_with(|call| {
            new_call(
                core, call, invite, path, key, &mut facts, &mut plan, &mut setup, snapshot,
            )
        });
        match inserted {
            Some(call) => {
                self.core.counters.calls_received += 1;
                self.with_call(now.instant, call, |call, core| {
                    call.begin(core, now, invite, path)
                });
            }
            None => {
                // A Contact or a route set that cannot be used makes no dialog.
                let reason = match Dialog::uas(invite, "") {
                    Ok(_) => ReleaseReason::Overload,
                    Err(_) => ReleaseReason::ProtocolError,
                };
                if let Some(facts) = facts {
                    self.refuse(now, invite, path, key, &facts, Some(trunk), reason);
                }
            }
        }
    }

    /// Refuses a call of a customer: a final response with its transaction, as the trunk maps it, and
    /// a record. The trunk is one of the snapshot that is current.
    #[expect(clippy::too_many_arguments, reason = "a refusal is that much")]
    fn refuse(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        facts: &Facts,
        trunk: Option<TrunkIndex>,
        reason: ReleaseReason,
    ) {
        let row = row(reason);
        let cause = reason_value(row.cause);
        let core = &mut self.core;
        let status = trunk.map_or(row.status, |trunk| {
            core.snapshot.ingress_trunk(trunk).responses.map(row.status)
        });
        let refusal = core.refuse_invite(now.instant, invite, path, key, status, |writer| {
            writer.header(HeaderName::Reason, &cause);
            writer.finish();
        });
        self.record_rejection(now, facts, reason, status, refusal);
    }

    /// Refuses what breaks a rule of SIP, and says what the caller may do about it.
    #[expect(clippy::too_many_arguments, reason = "a refusal is that much")]
    fn refuse_status(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        facts: &Facts,
        policy: &Signalling,
        status: u16,
    ) {
        let refusal = self
            .core
            .refuse_by_rule(now.instant, invite, path, key, policy, status);
        self.record_rejection(now, facts, ReleaseReason::ProtocolError, status, refusal);
    }

    /// A call that is nobody's: 403 a few times, then silence; some are recorded.
    fn refuse_stranger(
        &mut self,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        facts: &Facts,
        reason: ReleaseReason,
    ) {
        let core = &mut self.core;
        core.counters.unknown_source_requests += 1;
        let row = row(reason);
        if core.may_answer(now, path) {
            core.reply_with_cause(invite, path, row.status, row.cause);
        } else {
            core.counters.unknown_source_silenced += 1;
        }
        if core.sources.may_record(now.instant) {
            self.push_record(now, facts, reason, row.status);
        }
    }

    /// Counts and records a refusal, once however often its INVITE comes again.
    pub(crate) fn record_rejection(
        &mut self,
        now: Now,
        facts: &Facts,
        reason: ReleaseReason,
        status: u16,
        refusal: Refusal,
    ) {
        let counters = &mut self.core.counters;
        if refusal == Refusal::Again {
            return;
        }
        counters.calls_received += 1;
        counters.calls_rejected += 1;
        counters.calls_overloaded += u64::from(reason == ReleaseReason::Overload);
        counters.calls_without_credit += u64::from(is_of_credit(reason));
        match refusal {
            Refusal::Unrecorded => counters.records_withheld += 1,
            _ => self.push_record(now, facts, reason, status),
        }
    }

    fn push_record(&mut self, now: Now, facts: &Facts, reason: ReleaseReason, status: u16) {
        let core = &mut self.core;
        if !core.journal_available {
            core.counters.records_withheld += 1;
            // What room is left belongs to the calls that are up.
            return;
        }
        let mut end = rejected(now.instant, reason);
        end.status = status;
        let record = facts.record(&core.config, &end, &[], &core.snapshot, None);
        core.journal.push_back(JournalEntry::Ended(record));
    }
}

/// Whether the caller takes the answer that a call has: without Accept it does (RFC 3261 §20.1).
fn takes_sdp(invite: &Message<'_>) -> bool {
    let media_type = |value: &'_ [u8]| {
        let end = value
            .iter()
            .position(|byte| *byte == b';')
            .unwrap_or(value.len());
        value[..end].trim_ascii().to_ascii_lowercase()
    };
    let is_taken = |value: &[u8]| {
        [SDP.as_bytes(), b"application/*", b"*/*"].contains(&media_type(value).as_slice())
    };
    let mut values = invite.raw_values(HeaderName::Accept).peekable();
    values.peek().is_none() || values.any(is_taken)
}

fn has_long_address(invite: &Message<'_>) -> bool {
    let names = [HeaderName::To, HeaderName::From, HeaderName::Contact];
    let mut values = names.iter().filter_map(|name| invite.raw_header(*name));
    values.any(|value| value.len() > ADDRESS_BYTES_MAX)
}

/// The extensions that an INVITE requires and its trunk does not have.
fn not_understood<'m>(
    invite: &'m Message<'m>,
    policy: &Signalling,
) -> impl Iterator<Item = &'m [u8]> {
    let has_reliable = policy.reliable_provisional != ReliableProvisional::Off;
    let has_timers = policy.session_timers != SessionTimers::Off;
    let has_replaces = policy.replaces == ReplacesPolicy::Accept;
    let required = invite.raw_values(HeaderName::Require);
    required.filter(move |option| {
        let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
        let is_known =
            has_reliable && is(RELIABLE) || has_timers && is(TIMER) || has_replaces && is(REPLACES);
        !is_known
    })
}

/// Whether a call is refused for want of the customer's money.
fn is_of_credit(reason: ReleaseReason) -> bool {
    matches!(
        reason,
        ReleaseReason::InsufficientCredit
            | ReleaseReason::DailySpendLimit
            | ReleaseReason::CallSpendLimit
    )
}

/// Why a call that could be routed is refused.
pub(crate) enum Obstacle {
    Reason(ReleaseReason),
    /// A rule of SIP, answered by this status.
    Status(u16),
}

impl Core {
    /// Refuses what breaks a rule of SIP or asks for what there is not, and says what the caller may do.
    pub(crate) fn refuse_by_rule(
        &mut self,
        now: Instant,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        policy: &Signalling,
        status: u16,
    ) -> Refusal {
        self.refuse_invite(now, invite, path, key, status, |writer| {
            match status {
                420 => {
                    for option in not_understood(invite, policy) {
                        writer.raw_header("Unsupported", option);
                    }
                }
                421 => {
                    writer.header(HeaderName::Require, RELIABLE);
                }
                // RFC 3261 §8.2.3, §21.4.7.
                406 | 415 => {
                    writer.header(HeaderName::Accept, SDP);
                }
                422 => {
                    writer.number(HeaderName::MinSe, policy.session_minimum_s);
                }
                _ => {}
            }
            writer.finish();
        })
    }

    /// The final response to an INVITE that makes no call. Without room for its transaction it is
    /// answered without state: the same again for each retransmission.
    fn refuse_invite(
        &mut self,
        now: Instant,
        invite: &Message<'_>,
        path: Path,
        key: ServerKey,
        status: u16,
        finish: impl FnOnce(&mut MessageWriter<'_>),
    ) -> Refusal {
        let nobody = SlabKey {
            slot: u32::MAX,
            // Makes the tag unlike that of any other refusal.
            generation: self.random_below(1 << 32) as u32,
        };
        let user = User {
            call: nobody,
            role: Role::Detached,
        };
        let tag = self.tag(nobody, 0);
        let Self {
            transactions,
            outbox,
            config,
            ..
        } = self;
        let Ok(server) = transactions.open_server(key, invite, path, tag, user) else {
            self.reply(invite, path, status, phrase(status), finish);
            return self.refusals.note(now, key);
        };
        let routes = RecordRoutes::Omit;
        transactions.respond(
            now,
            server,
            status,
            phrase(status),
            routes,
            outbox,
            |writer| {
                writer.header(HeaderName::Server, &config.user_agent);
                finish(writer);
            },
        );
        Refusal::Recorded
    }
}

#[expect(clippy::too_many_arguments, reason = "a new call is that much")]
fn new_call(
    core: &mut Core,
    key: SlabKey,
    invite: &Message<'_>,
    path: Path,
    server_key: ServerKey,
    facts: &mut Option<Facts>,
    plan: &mut Option<Box<RoutePlan>>,
    setup: &mut Option<SetupPermit>,
    snapshot: Arc<routing_engine::Snapshot>,
) -> Option<Call> {
    let tag = core.tag(key, 0);
    let dialog = Dialog::uas(invite, &tag).ok()?;
    let user = User {
        call: key,
        role: Role::Invite,
    };
    let server = core
        .transactions
        .open_server(server_key, invite, path, tag, user)
        .ok()?;
    let mut plan = plan.take()?;
    let permits = std::mem::take(&mut plan.permits);
    let numbers = std::mem::take(&mut plan.number_permits);
    let credit = plan.credit.take();
    let trunk = snapshot.ingress_trunk(plan.ingress_trunk);
    let policy = trunk.signalling;
    let presented = Presented::of(invite, trunk);
    let is_reliable = Reliability::of(invite, &policy) == Reliability::Reliable;
    let mut ingress = Leg::new(dialog, path, policy);
    ingress.session.learn_methods(invite);
    let hops = invite.max_forwards().ok().flatten().unwrap_or(MAX_FORWARDS);
    Some(Call {
        key,
        phase: Phase::Hunting,
        facts: facts.take()?,
        snapshot,
        ingress_trunk: plan.ingress_trunk,
        permits,
        numbers,
        credit,
        plan: Some(plan),
        next_candidate: 0,
        next_gateways: GatewayOrder::new(),
        next_addresses: None,
        presented,
        ingress,
        invite: Some(server),
        invite_cseq: invite.cseq().map_or(1, |cseq| cseq.number),
        max_forwards: u32::from(hops.saturating_sub(1)),
        offer: invite.body().into(),
        attempts: Vec::new(),
        reliable: is_reliable.then(|| Box::new(ReliableResponses::new(core))),
        session_request: SessionRequest::of(invite),
        setup: setup.take(),
        media: CallMedia::new(core.random_below(u64::MAX)),
        transfer: None,
        exchanges: Exchanges::default(),
        end: None,
        media_statistics: None,
        byes: 0,
        bye_after_ack: None,
        is_held: false,
        is_noted: false,
        is_recorded: false,
        traced: core.take_trace(),
    })
}

impl Call {
    /// 100 at once, then the first route when the call is due.
    fn begin(&mut self, core: &mut Core, now: Now, invite: &Message<'_>, path: Path) {
        let now = now.instant;
        self.trace_received(core, now, invite, path);
        let Core {
            transactions,
            outbox,
            ..
        } = core;
        let routes = RecordRoutes::Omit;
        if let Some(invite) = self.invite {
            transactions.respond(now, invite, 100, phrase(100), routes, outbox, bare);
        }
        self.hunt_when_due(core, now);
        self.settle(core);
    }
}

impl Core {
    /// Whether the next new call is to be traced.
    fn take_trace(&mut self) -> bool {
        let is_wanted = self.calls_to_trace > 0;
        self.calls_to_trace -= u32::from(is_wanted);
        is_wanted
    }
}
