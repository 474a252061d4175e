//! One egress try of a call: from its INVITE to its final response, or to its BYE.

use crate::again::Again;
use crate::alphabet::LegEvent;
use crate::cdr::{End, Facts, charge_for, millis, recorded};
use crate::core::{Core, Role, User};
use crate::identity::Fields;
use crate::invitation::SentInvitation;
use crate::leg::{Leg, SDP, refuse_answer};
use crate::release::{Failure, Origin, Retry};
use crate::reliable::RELIABLE;
use rating::cdr::{AttemptRecord, Outcome, ReleaseReason};
use routing_engine::names::GatewayPlace;
use routing_engine::resources::{ReliableProvisional, Signalling};
use routing_engine::snapshot::{CarrierIndex, EgressTrunk, RateRef, TrunkIndex};
use routing_engine::{Candidate, Permits, Snapshot};
use sip_core::slab::SlabKey;
use sip_core::transaction::{CancelOutcome, ClientId, ExpiredReason, Path};
use sip_core::{HeaderName, Instant, Message, Method};
use std::sync::Arc;

/// An attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    index: u16,
    pub(crate) route: TakenRoute,
    gateway: GatewayPlace,
    pub(crate) leg: Leg,
    client: ClientId,
    /// Its INVITE went over a stream only because it is long.
    pub(crate) is_grown: bool,
    /// What its INVITE was told to do otherwise.
    pub(crate) again: Option<Box<Again>>,
    /// Channels of the carrier, its trunk and gateway, and of the route.
    permits: Option<Permits>,
    state: State,
    /// The INVITE carried an offer, so the answer comes in the 2xx and not in the ACK.
    pub(crate) has_offer: bool,
    called_sent: Arc<str>,
    calling_sent: Arc<str>,
    /// What its INVITE has beside what every INVITE has.
    pub(crate) fields: Fields,
    pub(crate) started: Instant,
    /// How much of a reply the call knows of.
    pub(crate) progress: Progress,
    /// The forks that sent reliable provisional responses.
    confirmed: Vec<ConfirmedFork>,
    first_reply: Option<Instant>,
    ringing: Option<Instant>,
    answered: Option<Instant>,
    end: Option<End>,
}

/// What of a candidate counts once the call is sent to it: what it was ranked by would be held as long as
/// the call is up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakenRoute {
    pub(crate) trunk: TrunkIndex,
    pub(crate) carrier: CarrierIndex,
    rate: RateRef,
}

/// A fork whose reliable provisional responses we confirmed.
#[derive(Debug)]
struct ConfirmedFork {
    tag: String,
    /// RSeq of the last one.
    number: u32,
    /// CSeq of its INVITE.
    invite: u32,
    /// One of them had the answer to our offer.
    has_answer: bool,
}

/// Forks of one attempt whose reliable responses are confirmed; those of more are discarded.
const FORKS_MAX: usize = 8;

/// What an attempt begins with.
pub(crate) struct NewAttempt {
    pub(crate) index: u16,
    pub(crate) candidate: Candidate,
    pub(crate) leg: Leg,
    pub(crate) sent: SentInvitation,
    pub(crate) permits: Permits,
    pub(crate) gateway: GatewayPlace,
    pub(crate) has_offer: bool,
    pub(crate) called_sent: Arc<str>,
    pub(crate) calling_sent: Arc<str>,
}

/// How much of a reply came to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Progress {
    /// Nothing.
    None,
    /// 100: somebody has the INVITE, but nothing says that the call goes on from there.
    Tried,
    /// Another provisional response.
    Made,
}

/// How far an attempt is.
#[derive(Clone, Copy, Debug)]
enum State {
    /// No response yet.
    Calling,
    /// A provisional response came.
    Proceeding,
    /// CANCEL sent; the final response is awaited.
    Cancelling(Failure, Outcome),
    /// Answered: its leg is the call's egress leg.
    Answered,
    /// It has its end. Late responses are refused.
    Over,
}

impl From<Candidate> for TakenRoute {
    fn from(candidate: Candidate) -> Self {
        Self {
            trunk: candidate.trunk,
            carrier: candidate.carrier,
            rate: candidate.rate,
        }
    }
}

impl TakenRoute {
    /// The trunk in the snapshot that decided the call.
    pub(crate) fn egress_trunk(self, snapshot: &Snapshot) -> &EgressTrunk {
        snapshot.egress_trunk(self.trunk)
    }
}

impl Attempt {
    pub(crate) fn new(new: NewAttempt, now: Instant) -> Self {
        Self {
            index: new.index,
            route: new.candidate.into(),
            gateway: new.gateway,
            leg: new.leg,
            client: new.sent.client,
            is_grown: new.sent.is_grown,
            again: None,
            permits: Some(new.permits),
            state: State::Calling,
            has_offer: new.has_offer,
            called_sent: new.called_sent,
            calling_sent: new.calling_sent,
            fields: Fields::new(),
            started: now,
            progress: Progress::None,
            confirmed: Vec::new(),
            first_reply: None,
            ringing: None,
            answered: None,
            end: None,
        }
    }

    /// Its INVITE went out once more.
    pub(crate) fn restart(&mut self, sent: SentInvitation) {
        self.client = sent.client;
        self.is_grown = sent.is_grown;
        self.state = State::Calling;
        self.progress = Progress::None;
        self.confirmed.clear();
    }

    pub(crate) fn index(&self) -> u16 {
        self.index
    }

    /// The channels that it holds, while it is not over.
    pub(crate) fn permits(&self) -> Option<&Permits> {
        self.permits.as_ref()
    }

    /// The value of To in its INVITE.
    pub(crate) fn to_without_tag(&self) -> Vec<u8> {
        let to = format!("<sip:{}@{}>", self.called_sent, self.gateway);
        to.into_bytes()
    }

    /// True while a final response is awaited and wanted.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// True when nothing more can change its record.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// A response to its INVITE. What the call must hear of it, if anything.
    pub(crate) fn on_response<'m>(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        response: &'m Message<'m>,
        path: Path,
        snapshot: &Snapshot,
    ) -> Option<LegEvent<'m>> {
        let status = response.status()?;
        if !self.is_over() {
            self.first_reply.get_or_insert(now);
        }
        match (self.state, status) {
            (State::Calling | State::Proceeding, ..200) => {
                self.state = State::Proceeding;
                self.on_provisional(core, now, call, status, response)
            }
            (State::Calling | State::Proceeding, 200..300) => Some(LegEvent::Answered(response)),
            (State::Calling | State::Proceeding, _) => {
                match self.is_told_better(core, response, snapshot) {
                    true => Some(LegEvent::Again),
                    false => self.on_failure(now, response, snapshot),
                }
            }
            (State::Cancelling(..), ..200) => None,
            (State::Cancelling(failure, _), 200..300) => {
                self.refuse(core, now, call, response, path, &failure);
                None
            }
            (State::Cancelling(failure, outcome), _) => {
                self.finish(End::failed(now, outcome, &failure, status));
                None
            }
            (State::Answered, 200..300) if self.is_known_fork(response) => {
                let cseq = response.cseq().map_or(1, |cseq| cseq.number);
                self.leg.repeat_ack(core, cseq);
                None
            }
            (State::Answered, ..200) => None,
            // Another fork answered too, or the answer comes after we gave up without a CANCEL.
            (State::Answered | State::Over, _) => {
                if matches!(self.state, State::Over) && (200..300).contains(&status) {
                    self.note_late_answer(now);
                }
                let policy = self.leg.policy;
                drop_late(core, now, call, self.client, policy, response, path);
                None
            }
        }
    }

    fn on_provisional<'m>(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        status: u16,
        response: &'m Message<'m>,
    ) -> Option<LegEvent<'m>> {
        if status == 100 {
            return Some(LegEvent::Trying);
        }
        // Whoever goes on with the INVITE has taken what it showed.
        self.leg.was_let_in();
        let reliable = self.reliable_number(response);
        if reliable.is_some_and(|number| !self.is_next(response, number)) {
            return None;
        }
        // A fork may report first and another later: the last one is the dialog, until a 2xx
        // decides. A response that makes no dialog is still a sign of life.
        let is_dialog = self.leg.dialog.establish(response).is_ok();
        self.leg.session.learn_methods(response);
        let has_media = has_sdp(response) && !self.is_settled_with(response);
        if let Some(number) = reliable.filter(|_| is_dialog) {
            self.confirm(core, now, call, response, number);
        }
        if status == 180 || has_media {
            self.ringing.get_or_insert(now);
        }
        Some(match has_media {
            true => LegEvent::Progress(response),
            false => LegEvent::Ringing(response),
        })
    }

    /// The RSeq of a response that wants a PRACK, when the trunk has them.
    fn reliable_number(&self, response: &Message<'_>) -> Option<u32> {
        let policy = self.leg.policy.reliable_provisional;
        // Without an offer of ours the PRACK would have to carry the answer, which the customer has
        // no request for. Nothing announces 100rel then, and no carrier may use it.
        let is_spoken = self.has_offer
            && !matches!(
                policy,
                ReliableProvisional::Off | ReliableProvisional::Ignored
            );
        let wants = is_spoken && response.has_option(HeaderName::Require, RELIABLE);
        let number = response.number(HeaderName::RSeq).ok().flatten();
        number.filter(|number| wants && *number > 0)
    }

    /// RFC 3262 §4: a fork's responses are taken in order; one that came before, or before its
    /// turn, is discarded.
    fn is_next(&self, response: &Message<'_>, number: u32) -> bool {
        let tag = to_tag(response);
        match self.confirmed.iter().find(|fork| fork.tag == tag) {
            Some(fork) => fork.number.checked_add(1) == Some(number),
            None => self.confirmed.len() < FORKS_MAX,
        }
    }

    /// Sends the PRACK. One that cannot be sent, for want of room in the table, leaves the response
    /// unconfirmed: it will come again.
    fn confirm(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        response: &Message<'_>,
        number: u32,
    ) {
        let invite = response.cseq().map_or(1, |cseq| cseq.number);
        if !self.send_prack(core, now, call, number, invite) {
            return;
        }
        let tag = to_tag(response);
        let with_sdp = has_sdp(response);
        match self.confirmed.iter_mut().find(|fork| fork.tag == tag) {
            Some(fork) => {
                fork.number = number;
                fork.has_answer |= with_sdp;
            }
            None => self.confirmed.push(ConfirmedFork {
                tag: tag.to_owned(),
                number,
                invite,
                has_answer: with_sdp,
            }),
        }
    }

    /// The last PRACK of a fork once more, with credentials: the carrier asked for them.
    pub(crate) fn confirm_again(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        response: &Message<'_>,
    ) {
        let tag = to_tag(response);
        let is_current = tag == self.leg.dialog.remote_tag() && !self.is_over();
        let mut forks = self.confirmed.iter().filter(|_| is_current);
        if let Some(fork) = forks.find(|fork| fork.tag == tag) {
            let (number, invite) = (fork.number, fork.invite);
            self.send_prack(core, now, call, number, invite);
        }
    }

    fn send_prack(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        number: u32,
        invite: u32,
    ) -> bool {
        let user = User {
            call,
            role: Role::Prack,
        };
        let sent = self
            .leg
            .send(core, now, Method::Prack, user, |mut writer, _| {
                writer.header_fmt(HeaderName::RAck, format_args!("{number} {invite} INVITE"));
                writer.finish();
            });
        sent.is_ok()
    }

    /// Whether the carrier's dialog has exchanged offer and answer reliably.
    pub(crate) fn is_settled(&self) -> bool {
        let tag = self.leg.dialog.remote_tag();
        self.confirmed
            .iter()
            .any(|fork| fork.has_answer && fork.tag == tag)
    }

    /// Whether the fork that sent a response has given its answer reliably before: descriptions in
    /// later responses are to be ignored (RFC 3261 §13.2.1).
    pub(crate) fn is_settled_with(&self, response: &Message<'_>) -> bool {
        let tag = to_tag(response);
        self.confirmed
            .iter()
            .any(|fork| fork.has_answer && fork.tag == tag)
    }

    fn on_failure<'m>(
        &mut self,
        now: Instant,
        response: &Message<'_>,
        snapshot: &Snapshot,
    ) -> Option<LegEvent<'m>> {
        let status = response.status().unwrap_or(500);
        let trunk = self.route.egress_trunk(snapshot);
        let retry = match trunk.failover_codes.contains(status) {
            true => Retry::NextRoute,
            false => Retry::Stop,
        };
        if retry == Retry::NextRoute && self.turn_to_next_address() {
            return Some(LegEvent::Again);
        }
        let mapped = trunk.responses.map(status);
        let mut failure = Failure::of_response(response, retry);
        if mapped != status {
            failure.status = mapped;
        }
        self.finish(End::failed(now, Outcome::Failed, &failure, status));
        Some(match status {
            300..400 => LegEvent::Redirected(failure),
            _ => LegEvent::Failed(failure),
        })
    }

    /// Its INVITE got no response, or could not be sent.
    pub(crate) fn on_expired(
        &mut self,
        now: Instant,
        expired: ExpiredReason,
    ) -> Option<LegEvent<'static>> {
        let reason = match expired {
            ExpiredReason::TimedOut => ReleaseReason::CarrierSilent,
            ExpiredReason::TransportFailed => ReleaseReason::CarrierUnreachable,
        };
        if self.is_under_way() && (self.falls_back(expired) || self.turn_to_next_address()) {
            return Some(LegEvent::Again);
        }
        match self.state {
            State::Calling | State::Proceeding => {
                let failure = Failure::passing(Origin::Egress, reason);
                self.finish(End::failed(now, Outcome::Failed, &failure, 0));
                Some(LegEvent::Failed(failure))
            }
            // RFC 3261 §9.1: 64·T1 after the CANCEL the INVITE counts as cancelled.
            State::Cancelling(failure, outcome) => {
                self.finish(End::failed(now, outcome, &failure, 0));
                None
            }
            State::Answered | State::Over => None,
        }
    }

    /// Gives the attempt up: CANCEL, when a provisional response allows it. Without one the
    /// attempt is over at once, and the transaction stays to refuse what may still come.
    pub(crate) fn give_up(
        &mut self,
        core: &mut Core,
        now: Instant,
        failure: &Failure,
        outcome: Outcome,
        reason: &str,
    ) {
        if !self.is_under_way() {
            return;
        }
        let transactions = &mut core.transactions;
        match transactions.cancel(now, self.client, Some(reason), &mut core.outbox) {
            CancelOutcome::Sent => self.state = State::Cancelling(*failure, outcome),
            CancelOutcome::Early | CancelOutcome::Late => {
                self.finish(End::failed(now, outcome, failure, 0));
            }
        }
    }

    /// No INVITE will be sent any more: what they were made of goes.
    pub(crate) fn forget_invitation(&mut self) {
        self.fields = Fields::new();
        self.again = None;
        self.confirmed.shrink_to_fit();
    }

    /// The 2xx is accepted: its leg is the call's.
    pub(crate) fn accept_answer(&mut self, now: Instant) {
        self.state = State::Answered;
        self.leg.was_let_in();
        self.answered = Some(now);
    }

    /// The answered attempt ends with its call, or was answered with something unusable.
    pub(crate) fn hang_up(&mut self, end: End) {
        if matches!(self.state, State::Answered) {
            self.finish(end);
        }
    }

    /// A 2xx crossed our CANCEL: the carrier was connected, and is paid for it.
    fn refuse(
        &mut self,
        core: &mut Core,
        now: Instant,
        call: SlabKey,
        answer: &Message<'_>,
        path: Path,
        failure: &Failure,
    ) {
        refuse_late(core, now, call, self.leg.policy, answer, path);
        self.answered = Some(now);
        self.finish(End::failed(now, Outcome::Answered, failure, 200));
    }

    /// The carrier answered after the attempt had its end: it was connected until our BYE, and its
    /// terms say what that costs. A record that is written already stays as it is.
    fn note_late_answer(&mut self, now: Instant) {
        if self.answered.is_some() {
            return;
        }
        self.answered = Some(now);
        if let Some(end) = &mut self.end {
            *end = End {
                at: now,
                outcome: Outcome::Answered,
                status: 200,
                ..*end
            };
        }
    }

    pub(crate) fn finish(&mut self, end: End) {
        self.state = State::Over;
        self.end = Some(end);
        self.permits = None;
    }

    fn is_known_fork(&self, response: &Message<'_>) -> bool {
        to_tag(response) == self.leg.dialog.remote_tag()
    }

    /// The attempt as the record keeps it; `call_end` is the end of one that is not over yet.
    pub(crate) fn record(
        &self,
        facts: &Facts,
        snapshot: &Snapshot,
        call_end: &End,
    ) -> AttemptRecord {
        let trunk = self.route.egress_trunk(snapshot);
        let end = self.end.as_ref().unwrap_or(call_end);
        let received_at = facts.received_at();
        let rate = snapshot.applied_rate(self.route.rate, &facts.called, facts.caller, received_at);
        let talk_ms = self.answered.map(|answered| millis(answered, end.at));
        let cost = charge_for(&rate, talk_ms);
        AttemptRecord {
            number: self.index + 1,
            carrier: snapshot.carrier(self.route.carrier).resource.clone(),
            egress_trunk: trunk.resource.clone(),
            gateway: self.leg.path.remote,
            transport: recorded(self.leg.path.transport),
            egress_call_id: Arc::clone(self.leg.dialog.call_id()),
            called_number_sent: Arc::clone(&self.called_sent),
            calling_number_sent: Arc::clone(&self.calling_sent),
            rate,
            cost,
            started_at: facts.wall(self.started),
            first_reply_at: self.first_reply.map(|at| facts.wall(at)),
            ringing_at: self.ringing.map(|at| facts.wall(at)),
            answered_at: self.answered.map(|at| facts.wall(at)),
            ended_at: facts.wall(end.at),
            outcome: end.outcome,
            release: end.release(),
        }
    }
}

/// A response to an INVITE that nobody waits for: a provisional one allows the CANCEL that could
/// not be sent before, a 2xx is acknowledged and ended.
pub(crate) fn drop_late(
    core: &mut Core,
    now: Instant,
    call: SlabKey,
    client: ClientId,
    policy: Signalling,
    response: &Message<'_>,
    path: Path,
) {
    match response.status().unwrap_or(500) {
        ..200 => {
            let reason = Some(LATE);
            core.transactions
                .cancel(now, client, reason, &mut core.outbox);
        }
        200..300 => refuse_late(core, now, call, policy, response, path),
        _ => {}
    }
}

const LATE: &str = "SIP;cause=487;text=\"No longer wanted\"";

fn refuse_late(
    core: &mut Core,
    now: Instant,
    call: SlabKey,
    policy: Signalling,
    answer: &Message<'_>,
    path: Path,
) {
    let user = User {
        call,
        role: Role::Detached,
    };
    refuse_answer(core, now, user, policy, answer, path, LATE);
}

fn to_tag<'m>(response: &Message<'m>) -> &'m str {
    let tag = response.to().ok().and_then(|to| to.tag());
    tag.unwrap_or("")
}

/// Whether a message carries a session description.
pub(crate) fn has_sdp(message: &Message<'_>) -> bool {
    !message.body().is_empty()
        && message
            .content_type()
            .is_some_and(|content_type| content_type.eq_ignore_ascii_case(SDP))
}
