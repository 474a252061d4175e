//! The record of a call: facts gathered while it runs, charged and written down at its end.

use crate::attempt::Attempt;
use crate::config::{EngineConfig, Now};
use crate::release::{Failure, row};
use media_relay::{MediaStatistics, Side};
use rating::cdr::{
    AppliedRate, BooksMoney, CallId, CallRecord, Charge, DecisionRecord, MediaQuality, Outcome,
    PassedOver, Release, ReleaseReason, ReleasedBy, ResourceRef, Transport,
};
use rating::prefix::Prefix;
use rating::{Amount, Timestamp};
use routing_engine::snapshot::{CustomerIndex, RateRef, TrunkIndex};
use routing_engine::{Rejection, RoutePlan, Snapshot};
use sip_core::transaction::Path;
use sip_core::{HeaderName, Instant, Message, Uri};
use std::net::SocketAddr;
use std::sync::Arc;

/// User-Agent is cut at so many bytes.
const USER_AGENT_MAX: usize = 64;
/// Numbers as received are cut at so many bytes: nothing longer can be routed.
const NUMBER_MAX: usize = 128;

/// What is known of a call from its INVITE on.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: CallId,
    /// Both clocks at the INVITE: the one reading of the wall clock that all times of the record
    /// are made from, so that a clock that is set cannot change a duration.
    received: Now,
    sip_call_id: Arc<str>,
    transport: Transport,
    pub(crate) source: SocketAddr,
    user_agent: Option<Arc<str>>,
    pub(crate) calling_received: Arc<str>,
    called_received: Arc<str>,
    pub(crate) called: Arc<str>,
    /// Leading digits of the calling number, when any rate asks for them.
    pub(crate) caller: Option<Prefix>,
    pub(crate) snapshot_number: u64,
    pub(crate) customer: Option<ResourceRef>,
    ingress_trunk: Option<ResourceRef>,
    /// In the snapshot that decided: a record is made of it when one is asked for.
    pub(crate) rate: Option<RateRef>,
    decision: Option<DecisionRecord>,
    passed_over: Vec<PassedOver>,
    /// First ringing indication sent to the customer.
    pub(crate) ringing: Option<Instant>,
    /// 2xx sent to the customer.
    pub(crate) answered: Option<Instant>,
}

/// How the call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) at: Instant,
    pub(crate) outcome: Outcome,
    pub(crate) by: ReleasedBy,
    pub(crate) reason: ReleaseReason,
    pub(crate) status: u16,
    pub(crate) cause: u8,
}

impl End {
    /// A call or attempt that was not answered.
    pub(crate) fn failed(at: Instant, outcome: Outcome, failure: &Failure, status: u16) -> Self {
        Self {
            at,
            outcome,
            by: failure.origin.into(),
            reason: failure.reason,
            status,
            cause: failure.cause,
        }
    }

    pub(crate) fn release(&self) -> Release {
        Release {
            by: self.by,
            reason: self.reason,
            sip_status: self.status,
            q850_cause: self.cause,
        }
    }
}

impl Facts {
    /// What the INVITE says.
    pub(crate) fn of_invite(
        id: CallId,
        now: Now,
        invite: &Message<'_>,
        path: Path,
        snapshot: &Snapshot,
    ) -> Self {
        let user_of = |uri: Option<&str>| {
            let uri = uri.and_then(|text| Uri::parse(text).ok());
            Arc::from(cut(
                uri.and_then(|uri| uri.user_name()).unwrap_or(""),
                NUMBER_MAX,
            ))
        };
        let user_agent = invite.header(HeaderName::UserAgent);
        Self {
            id,
            received: now,
            sip_call_id: Arc::from(invite.call_id().unwrap_or("")),
            transport: recorded(path.transport),
            source: path.remote,
            user_agent: user_agent.map(|text| Arc::from(cut(text, USER_AGENT_MAX))),
            calling_received: user_of(invite.from().ok().map(|from| from.uri)),
            called_received: user_of(invite.request_uri()),
            called: Arc::from(""),
            caller: None,
            snapshot_number: snapshot.number(),
            customer: None,
            ingress_trunk: None,
            rate: None,
            decision: None,
            passed_over: Vec::new(),
            ringing: None,
            answered: None,
        }
    }

    /// What is known of a call that the customer of this one asks for.
    pub(crate) fn of_transfer(
        &self,
        id: CallId,
        now: Now,
        called: &str,
        snapshot: &Snapshot,
    ) -> Self {
        Self {
            id,
            received: now,
            sip_call_id: Arc::clone(&self.sip_call_id),
            transport: self.transport,
            source: self.source,
            user_agent: self.user_agent.clone(),
            calling_received: Arc::clone(&self.calling_received),
            called_received: Arc::from(cut(called, NUMBER_MAX)),
            called: Arc::from(""),
            caller: None,
            snapshot_number: snapshot.number(),
            customer: None,
            ingress_trunk: None,
            rate: None,
            decision: None,
            passed_over: Vec::new(),
            ringing: None,
            answered: None,
        }
    }

    /// A number as records keep it: most are the same all the way, and are kept once.
    pub(crate) fn shared(&self, number: &str) -> Arc<str> {
        let known = [&self.called, &self.called_received, &self.calling_received];
        let same = known.into_iter().find(|known| ***known == *number);
        same.map_or_else(|| Arc::from(number), Arc::clone)
    }

    /// The database identifier of the trunk that the call came by.
    pub(crate) fn ingress_trunk_id(&self) -> Option<i64> {
        self.ingress_trunk.as_ref().map(|trunk| trunk.id)
    }

    pub(crate) fn received_at(&self) -> Timestamp {
        self.received.wall
    }

    pub(crate) fn received_instant(&self) -> Instant {
        self.received.instant
    }

    pub(crate) fn called_received(&self) -> &str {
        &self.called_received
    }

    /// What the decision read, for making it again.
    pub(crate) fn keep_decision(&mut self, record: Arc<[u8]>) {
        self.decision = Some(DecisionRecord(record));
    }

    /// The call came to a route of its plan and could not take it.
    pub(crate) fn pass_over(&mut self, place: usize, reason: ReleaseReason) {
        let Ok(place) = u8::try_from(place) else {
            return;
        };
        // Places only go up, so there are at most as many as a plan has routes.
        if self
            .passed_over
            .last()
            .is_none_or(|last| last.place < place)
        {
            self.passed_over.push(PassedOver { place, reason });
        }
    }

    /// A route that could not be taken by one gateway was taken by another.
    pub(crate) fn take(&mut self, place: usize) {
        self.passed_over
            .retain(|passed| usize::from(passed.place) != place);
    }

    /// What the decision found of an admitted call.
    pub(crate) fn learn_plan(&mut self, plan: &RoutePlan, snapshot: &Snapshot) {
        self.learn(
            snapshot,
            (&plan.numbers.called, plan.caller),
            Some(plan.customer),
            Some(plan.ingress_trunk),
            Some(plan.customer_rate),
        );
    }

    /// What the decision found of a refused call.
    pub(crate) fn learn_rejection(&mut self, rejection: &Rejection, snapshot: &Snapshot) {
        self.learn(
            snapshot,
            (
                rejection.called_number.as_deref().unwrap_or(""),
                rejection.caller,
            ),
            rejection.customer,
            rejection.ingress_trunk,
            rejection.customer_rate,
        );
    }

    fn learn(
        &mut self,
        snapshot: &Snapshot,
        (called, caller): (&str, Option<Prefix>),
        customer: Option<CustomerIndex>,
        trunk: Option<TrunkIndex>,
        rate: Option<RateRef>,
    ) {
        self.called = self.shared(called);
        self.caller = caller;
        self.customer = customer.map(|index| snapshot.customer(index).resource.clone());
        self.ingress_trunk = trunk.map(|index| snapshot.ingress_trunk(index).resource.clone());
        self.rate = rate;
    }

    /// What the customer pays by; `snapshot` is the one that decided.
    pub(crate) fn applied_rate(&self, snapshot: &Snapshot) -> Option<AppliedRate> {
        let at = self.received.wall;
        let rate = self.rate?;
        Some(snapshot.applied_rate(rate, &self.called, self.caller, at))
    }

    /// The wall clock at a point of the monotonic one.
    pub(crate) fn wall(&self, at: Instant) -> Timestamp {
        let since = at.since(self.received.instant).as_micros();
        Timestamp(self.received.wall.0.saturating_add_unsigned(since))
    }

    /// What the customer pays by its rate, if the call ended so.
    pub(crate) fn charge(&self, rate: Option<&AppliedRate>, end: &End, was_tried: bool) -> Charge {
        match (rate, self.answered) {
            (Some(rate), Some(answered)) => charge_for(rate, Some(millis(answered, end.at))),
            (Some(rate), None) if was_tried => charge_for(rate, None),
            _ => Charge::default(),
        }
    }

    /// The record, if the call ended so.
    pub(crate) fn record(
        &self,
        config: &EngineConfig,
        end: &End,
        attempts: &[Attempt],
        snapshot: &Snapshot,
        media: Option<MediaStatistics>,
    ) -> CallRecord {
        let attempts: Vec<_> = attempts
            .iter()
            .map(|attempt| attempt.record(self, snapshot, end))
            .collect();
        let rate = self.applied_rate(snapshot);
        let charge = self.charge(rate.as_ref(), end, !attempts.is_empty());
        let record = CallRecord {
            id: self.id,
            node: Arc::clone(&config.node),
            shard: config.shard,
            snapshot_number: self.snapshot_number,
            ingress_call_id: Arc::clone(&self.sip_call_id),
            ingress_transport: self.transport,
            ingress_source: self.source,
            user_agent: self.user_agent.clone(),
            calling_number_received: Arc::clone(&self.calling_received),
            called_number_received: Arc::clone(&self.called_received),
            called_number: Arc::clone(&self.called),
            customer: self.customer.clone(),
            ingress_trunk: self.ingress_trunk.clone(),
            rate,
            charge,
            margin: Amount::ZERO,
            received_at: self.received.wall,
            ringing_at: self.ringing.map(|at| self.wall(at)),
            answered_at: self.answered.map(|at| self.wall(at)),
            ended_at: self.wall(end.at),
            outcome: end.outcome,
            release: end.release(),
            attempts,
            media: media.map(statistics),
            decision: self.decision.clone(),
            passed_over: self.passed_over.clone(),
        };
        // Amounts of calls shorter than a lifetime fit; one that does not is shown as nothing.
        let margin = record.money().and_then(BooksMoney::margin);
        CallRecord {
            margin: margin.unwrap_or_default(),
            ..record
        }
    }
}

/// The end of a refused call.
pub(crate) fn rejected(at: Instant, reason: ReleaseReason) -> End {
    let row = row(reason);
    End {
        at,
        outcome: Outcome::Rejected,
        by: ReleasedBy::Switch,
        reason,
        status: row.status,
        cause: row.cause,
    }
}

/// What a rate makes of a talk time, or of no answer to what was sent. Rates within their bounds
/// and calls shorter than 136 years always fit; a rate that does not is charged nothing rather
/// than wrongly.
pub(crate) fn charge_for(rate: &AppliedRate, talk_ms: Option<u64>) -> Charge {
    rate.charge(talk_ms).unwrap_or_default()
}

/// Whole milliseconds as a record counts them.
pub(crate) fn millis(from: Instant, to: Instant) -> u64 {
    to.since(from).as_millis()
}

/// Counts of the relay in the words of records.
pub(crate) fn statistics(counts: MediaStatistics) -> rating::cdr::MediaStatistics {
    rating::cdr::MediaStatistics {
        packets_from_customer: counts.ingress.packets,
        bytes_from_customer: counts.ingress.bytes,
        packets_from_carrier: counts.egress.packets,
        bytes_from_carrier: counts.egress.bytes,
        quality_from_customer: Some(quality(&counts, Side::Ingress)),
        quality_from_carrier: Some(quality(&counts, Side::Egress)),
    }
}

fn quality(counts: &MediaStatistics, side: Side) -> MediaQuality {
    let from = counts.from_side(side);
    let far_end = &from.far_end;
    MediaQuality {
        codec: from.codec.map(|codec| codec.encoding_name().into()),
        packets_expected: from.expected,
        packets_lost: from.lost,
        worst_loss_permyriad: from.worst_loss_permyriad,
        packets_reordered: from.reordered,
        packets_doubled: from.duplicates,
        jitter_mean_us: at_most_32_bits(from.jitter.mean.as_micros()),
        jitter_highest_us: at_most_32_bits(from.jitter.highest.as_micros()),
        longest_gap_ms: at_most_32_bits(from.longest_gap.as_millis()),
        // Between 100 and 450.
        mos_hundredths: counts
            .rating(side)
            .map(|rating| (rating.mos * 100.0).round() as u16),
        round_trip_us: far_end
            .round_trip
            .map(|round_trip| at_most_32_bits(round_trip.as_micros())),
        far_end_packets_lost: (far_end.reports > 0).then_some(far_end.lost),
    }
}

fn at_most_32_bits(value: u128) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The start of a text, at most `max` bytes, cut between characters.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// A transport in the words of records.
pub(crate) fn recorded(transport: sip_core::transaction::Transport) -> Transport {
    match transport {
        sip_core::transaction::Transport::Udp => Transport::Udp,
        sip_core::transaction::Transport::Tcp => Transport::Tcp,
        sip_core::transaction::Transport::Tls => Transport::Tls,
        sip_core::transaction::Transport::Ws => Transport::Ws,
        sip_core::transaction::Transport::Wss => Transport::Wss,
    }
}
