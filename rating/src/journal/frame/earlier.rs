//! Entries of earlier versions: segments that an earlier release left are loaded by its successor.
//!
//! | version | its rates |
//! |---|---|
//! | 1 | had no attempt fee, no grace period and one way to be rounded |
//! | 2 | were all of the currency of the books; there is no record of the decision |
//! | 3 | did not tell callers apart |
//! | 4 | are as now; media was counted and not rated |

use crate::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, DecisionRecord, JournalEntry,
    MediaStatistics, Outcome, PassedOver, Release, ResourceRef, Transport,
};
use crate::exchange::ExchangeRate;
use crate::rounding::Rounding;
use crate::{Amount, Currency, Origin, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The versions that are read here.
pub(super) const VERSIONS: RangeInclusive<u8> = 1..=4;

/// Reads an entry of one of [`VERSIONS`].
pub(super) fn entry(version: u8, record: &[u8]) -> Option<JournalEntry> {
    match version {
        1 => entry_of::<Call<FirstRate>>(record),
        2 => entry_of::<Call<SecondRate>>(record),
        3 => entry_of::<DecidedCall<ThirdRate>>(record),
        4 => entry_of::<DecidedCall<FourthRate>>(record),
        _ => None,
    }
}

fn entry_of<C: DeserializeOwned + Into<CallRecord>>(record: &[u8]) -> Option<JournalEntry> {
    let entry: Entry<C> = postcard::from_bytes(record).ok()?;
    Some(match entry {
        Entry::Answered(call) => JournalEntry::Answered(call.into()),
        Entry::Ended(call) => JournalEntry::Ended(call.into()),
    })
}

#[derive(Deserialize)]
enum Entry<C> {
    Answered(C),
    Ended(C),
}

#[derive(Deserialize)]
struct DecidedCall<R> {
    call: Call<R>,
    decision: Option<DecisionRecord>,
    passed_over: Vec<PassedOver>,
}

#[derive(Deserialize)]
struct Call<R> {
    id: CallId,
    node: Arc<str>,
    shard: u16,
    snapshot_number: u64,
    ingress_call_id: Arc<str>,
    ingress_transport: Transport,
    ingress_source: SocketAddr,
    user_agent: Option<Arc<str>>,
    calling_number_received: Arc<str>,
    called_number_received: Arc<str>,
    called_number: Arc<str>,
    customer: Option<ResourceRef>,
    ingress_trunk: Option<ResourceRef>,
    rate: Option<R>,
    charge: Charge,
    margin: Amount,
    received_at: Timestamp,
    ringing_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Timestamp,
    outcome: Outcome,
    release: Release,
    attempts: Vec<Attempt<R>>,
    media: Option<FirstMedia>,
}

#[derive(Deserialize)]
struct Attempt<R> {
    number: u16,
    carrier: ResourceRef,
    egress_trunk: ResourceRef,
    gateway: SocketAddr,
    transport: Transport,
    egress_call_id: Arc<str>,
    called_number_sent: Arc<str>,
    calling_number_sent: Arc<str>,
    rate: R,
    cost: Charge,
    started_at: Timestamp,
    first_reply_at: Option<Timestamp>,
    ringing_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Timestamp,
    outcome: Outcome,
    release: Release,
}

#[derive(Deserialize)]
struct FirstRate {
    rate_card: ResourceRef,
    prefix: Arc<str>,
    destination: Arc<str>,
    currency: Currency,
    initial_rate_per_minute: Amount,
    next_rate_per_minute: Amount,
    initial_interval_s: u32,
    next_interval_s: u32,
    connection_fee: Amount,
}

#[derive(Deserialize)]
struct SecondRate {
    first: FirstRate,
    attempt_fee: Amount,
    grace_period_s: u32,
    rounding: Rounding,
}

#[derive(Deserialize)]
struct ThirdRate {
    second: SecondRate,
    exchange_rate: ExchangeRate,
}

#[derive(Deserialize)]
struct FourthRate {
    third: ThirdRate,
    origin: Origin,
}

#[derive(Deserialize)]
struct FirstMedia {
    packets_from_customer: u64,
    bytes_from_customer: u64,
    packets_from_carrier: u64,
    bytes_from_carrier: u64,
}

impl<R: Into<AppliedRate>> From<DecidedCall<R>> for CallRecord {
    fn from(call: DecidedCall<R>) -> Self {
        Self {
            decision: call.decision,
            passed_over: call.passed_over,
            ..call.call.into()
        }
    }
}

impl From<FirstMedia> for MediaStatistics {
    fn from(media: FirstMedia) -> Self {
        Self {
            packets_from_customer: media.packets_from_customer,
            bytes_from_customer: media.bytes_from_customer,
            packets_from_carrier: media.packets_from_carrier,
            bytes_from_carrier: media.bytes_from_carrier,
            quality_from_customer: None,
            quality_from_carrier: None,
        }
    }
}

impl<R: Into<AppliedRate>> From<Call<R>> for CallRecord {
    fn from(call: Call<R>) -> Self {
        Self {
            id: call.id,
            node: call.node,
            shard: call.shard,
            snapshot_number: call.snapshot_number,
            ingress_call_id: call.ingress_call_id,
            ingress_transport: call.ingress_transport,
            ingress_source: call.ingress_source,
            user_agent: call.user_agent,
            calling_number_received: call.calling_number_received,
            called_number_received: call.called_number_received,
            called_number: call.called_number,
            customer: call.customer,
            ingress_trunk: call.ingress_trunk,
            rate: call.rate.map(Into::into),
            charge: call.charge,
            margin: call.margin,
            received_at: call.received_at,
            ringing_at: call.ringing_at,
            answered_at: call.answered_at,
            ended_at: call.ended_at,
            outcome: call.outcome,
            release: call.release,
            attempts: call.attempts.into_iter().map(Into::into).collect(),
            media: call.media.map(Into::into),
            decision: None,
            passed_over: Vec::new(),
        }
    }
}

impl<R: Into<AppliedRate>> From<Attempt<R>> for AttemptRecord {
    fn from(attempt: Attempt<R>) -> Self {
        Self {
            number: attempt.number,
            carrier: attempt.carrier,
            egress_trunk: attempt.egress_trunk,
            gateway: attempt.gateway,
            transport: attempt.transport,
            egress_call_id: attempt.egress_call_id,
            called_number_sent: attempt.called_number_sent,
            calling_number_sent: attempt.calling_number_sent,
            rate: attempt.rate.into(),
            cost: attempt.cost,
            started_at: attempt.started_at,
            first_reply_at: attempt.first_reply_at,
            ringing_at: attempt.ringing_at,
            answered_at: attempt.answered_at,
            ended_at: attempt.ended_at,
            outcome: attempt.outcome,
            release: attempt.release,
        }
    }
}

impl From<FirstRate> for AppliedRate {
    fn from(rate: FirstRate) -> Self {
        Self {
            rate_card: rate.rate_card,
            prefix: rate.prefix,
            destination: rate.destination,
            currency: rate.currency,
            initial_rate_per_minute: rate.initial_rate_per_minute,
            next_rate_per_minute: rate.next_rate_per_minute,
            initial_interval_s: rate.initial_interval_s,
            next_interval_s: rate.next_interval_s,
            connection_fee: rate.connection_fee,
            attempt_fee: Amount::ZERO,
            grace_period_s: 0,
            rounding: Rounding::FINEST,
            exchange_rate: ExchangeRate::ONE,
            origin: Origin::ANY,
        }
    }
}

impl From<SecondRate> for AppliedRate {
    fn from(rate: SecondRate) -> Self {
        Self {
            attempt_fee: rate.attempt_fee,
            grace_period_s: rate.grace_period_s,
            rounding: rate.rounding,
            ..rate.first.into()
        }
    }
}

impl From<ThirdRate> for AppliedRate {
    fn from(rate: ThirdRate) -> Self {
        Self {
            exchange_rate: rate.exchange_rate,
            ..rate.second.into()
        }
    }
}

impl From<FourthRate> for AppliedRate {
    fn from(rate: FourthRate) -> Self {
        Self {
            origin: rate.origin,
            ..rate.third.into()
        }
    }
}
