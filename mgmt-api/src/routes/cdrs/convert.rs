//! From what the store has to what the API shows.

use super::{
    Cdr, CdrAttempt, CdrMedia, CdrMediaQuality, CdrRate, CdrSummary, Outcome, ReleasedBy, Transport,
};
use crate::values::{CallIdText, Money, Time};
use rating::Amount;
use rating::cdr::{
    self, AppliedRate, AttemptRecord, CallRecord, MediaQuality, MediaSide, MediaStatistics,
};
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use store::CdrRow;

impl From<cdr::Outcome> for Outcome {
    fn from(outcome: cdr::Outcome) -> Self {
        match outcome {
            cdr::Outcome::Answered => Self::Answered,
            cdr::Outcome::Cancelled => Self::Cancelled,
            cdr::Outcome::Failed => Self::Failed,
            cdr::Outcome::Rejected => Self::Rejected,
            cdr::Outcome::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Outcome> for cdr::Outcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answered => Self::Answered,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::Failed => Self::Failed,
            Outcome::Rejected => Self::Rejected,
            Outcome::Interrupted => Self::Interrupted,
        }
    }
}

impl From<cdr::ReleasedBy> for ReleasedBy {
    fn from(by: cdr::ReleasedBy) -> Self {
        match by {
            cdr::ReleasedBy::Customer => Self::Customer,
            cdr::ReleasedBy::Carrier => Self::Carrier,
            cdr::ReleasedBy::Switch => Self::Switch,
        }
    }
}

impl From<ReleasedBy> for cdr::ReleasedBy {
    fn from(by: ReleasedBy) -> Self {
        match by {
            ReleasedBy::Customer => Self::Customer,
            ReleasedBy::Carrier => Self::Carrier,
            ReleasedBy::Switch => Self::Switch,
        }
    }
}

impl From<cdr::Transport> for Transport {
    fn from(transport: cdr::Transport) -> Self {
        match transport {
            cdr::Transport::Udp => Self::Udp,
            cdr::Transport::Tcp => Self::Tcp,
            cdr::Transport::Tls => Self::Tls,
            cdr::Transport::Ws => Self::Ws,
            cdr::Transport::Wss => Self::Wss,
        }
    }
}

/// The staff's row, which has both sides.
impl From<CdrRow> for CdrSummary {
    fn from(row: CdrRow) -> Self {
        let money = |amount: Option<Amount>| Money(amount.unwrap_or_default());
        Self {
            id: CallIdText(row.id),
            received_at: Time(row.received_at),
            answered_at: row.answered_at.map(Time),
            ended_at: Time(row.ended_at),
            customer: row.customer,
            carrier: row.carrier,
            destination: row.destination,
            calling_number: row.calling_number,
            called_number: row.called_number,
            outcome: row.outcome.into(),
            sip_status: row.sip_status,
            release_reason: row.release_reason,
            released_by: row.released_by.into(),
            duration_ms: row.duration_ms,
            billed_seconds: row.billed_seconds,
            pdd_ms: row.pdd_ms,
            attempts: row.attempts.unwrap_or_default(),
            charge: money(row.charge),
            cost: money(row.cost),
            margin: money(row.margin),
            currency: row.currency,
            snapshot_number: row.snapshot_number.unwrap_or_default(),
            archived: row.archived,
        }
    }
}

impl Cdr {
    pub(super) fn new(summary: CdrSummary, record: CallRecord) -> Self {
        let talk_ms = record.duration_ms();
        Self {
            summary,
            node: record.node.to_string(),
            shard: record.shard,
            ingress_call_id: record.ingress_call_id.to_string(),
            ingress_transport: record.ingress_transport.into(),
            ingress_source: record.ingress_source.to_string(),
            ingress_trunk: record.ingress_trunk.map(|trunk| trunk.name.to_string()),
            user_agent: record.user_agent.map(|agent| agent.to_string()),
            called_number_received: record.called_number_received.to_string(),
            ringing_at: record.ringing_at.map(Time),
            q850_cause: record.release.q850_cause,
            rate: record.rate.map(CdrRate::from),
            charge_by_rate: Money(record.charge.amount),
            attempt_records: record.attempts.into_iter().map(CdrAttempt::from).collect(),
            media: record.media.map(|media| CdrMedia::new(media, talk_ms)),
        }
    }
}

impl From<AttemptRecord> for CdrAttempt {
    fn from(attempt: AttemptRecord) -> Self {
        let pdd_ms = attempt
            .ringing_at
            .or(attempt.answered_at)
            .map(|at| at.millis_since(attempt.started_at));
        let cost_in_books = attempt.cost_in_books().unwrap_or_default();
        Self {
            number: attempt.number,
            carrier: attempt.carrier.name.to_string(),
            egress_trunk: attempt.egress_trunk.name.to_string(),
            gateway: attempt.gateway.to_string(),
            transport: attempt.transport.into(),
            egress_call_id: attempt.egress_call_id.to_string(),
            called_number_sent: attempt.called_number_sent.to_string(),
            calling_number_sent: attempt.calling_number_sent.to_string(),
            rate: attempt.rate.into(),
            billed_seconds: attempt.cost.billed_seconds,
            cost: Money(attempt.cost.amount),
            cost_in_books: Money(cost_in_books),
            started_at: Time(attempt.started_at),
            first_reply_at: attempt.first_reply_at.map(Time),
            ringing_at: attempt.ringing_at.map(Time),
            answered_at: attempt.answered_at.map(Time),
            ended_at: Time(attempt.ended_at),
            pdd_ms,
            outcome: attempt.outcome.into(),
            sip_status: attempt.release.sip_status,
            release_reason: word(attempt.release.reason),
            released_by: attempt.release.by.into(),
            q850_cause: attempt.release.q850_cause,
        }
    }
}

impl From<AppliedRate> for CdrRate {
    fn from(rate: AppliedRate) -> Self {
        Self {
            rate_card: rate.rate_card.name.to_string(),
            prefix: rate.prefix.to_string(),
            origin: (!rate.origin.is_any()).then(|| rate.origin.to_string()),
            destination: rate.destination.to_string(),
            currency: rate.currency.to_string(),
            exchange_rate: Some(rate.exchange_rate.to_string()),
            initial_rate_per_minute: Money(rate.initial_rate_per_minute),
            next_rate_per_minute: Money(rate.next_rate_per_minute),
            initial_interval_s: rate.initial_interval_s,
            next_interval_s: rate.next_interval_s,
            connection_fee: Money(rate.connection_fee),
            attempt_fee: Money(rate.attempt_fee),
            grace_period_s: rate.grace_period_s,
        }
    }
}

impl CdrMedia {
    /// Of a call that has been talked for so long.
    pub(crate) fn new(media: MediaStatistics, talk_ms: u64) -> Self {
        Self {
            packets_from_customer: media.packets_from_customer,
            bytes_from_customer: media.bytes_from_customer,
            packets_from_carrier: media.packets_from_carrier,
            bytes_from_carrier: media.bytes_from_carrier,
            not_heard: media.not_heard(talk_ms).map(|side| match side {
                MediaSide::Customer => "customer",
                MediaSide::Carrier => "carrier",
            }),
            quality_from_customer: media.quality_from_customer.map(Into::into),
            quality_from_carrier: media.quality_from_carrier.map(Into::into),
        }
    }
}

impl From<MediaQuality> for CdrMediaQuality {
    fn from(quality: MediaQuality) -> Self {
        let ms = |us: u32| f64::from(us) / 1_000.0;
        Self {
            codec: quality.codec.map(Cow::into_owned),
            packets_expected: quality.packets_expected,
            packets_lost: quality.packets_lost,
            worst_loss_percent: f64::from(quality.worst_loss_permyriad) / 100.0,
            packets_reordered: quality.packets_reordered,
            packets_doubled: quality.packets_doubled,
            jitter_mean_ms: ms(quality.jitter_mean_us),
            jitter_highest_ms: ms(quality.jitter_highest_us),
            longest_gap_ms: quality.longest_gap_ms,
            mos: quality.mos_hundredths.map(|mos| f64::from(mos) / 100.0),
            round_trip_ms: quality.round_trip_us.map(ms),
            far_end_packets_lost: quality.far_end_packets_lost,
        }
    }
}

/// The word that a reason, or what came of a call, has in records.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}
