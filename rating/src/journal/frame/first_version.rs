//! Entries of version 1: those of releases whose rates had no attempt fee, no grace period and one
//! way to be rounded. Segments that such a release left are loaded by its successor.

use crate::cdr::{
    AppliedRate, AttemptRecord, CallId, CallRecord, Charge, JournalEntry, MediaStatistics, Outcome,
    Release, ResourceRef, Transport,
};
use crate::rounding::Rounding;
use crate::{Amount, Currency, Timestamp};
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::sync::Arc;

/// The version in frames.
pub(super) const VERSION: u8 = 1;

/// Reads an entry.
pub(super) fn entry(record: &[u8]) -> Option<JournalEntry> {
    let entry: Entry = postcard::from_bytes(record).ok()?;
    Some(match entry {
        Entry::Answered(Call(call)) => JournalEntry::Answered(call),
        Entry::Ended(Call(call)) => JournalEntry::Ended(call),
    })
}

#[derive(Deserialize)]
enum Entry {
    Answered(Call),
    Ended(Call),
}

#[derive(Deserialize)]
struct Call(#[serde(with = "CallFields")] CallRecord);

#[derive(Deserialize)]
struct Attempt(#[serde(with = "AttemptFields")] AttemptRecord);

#[derive(Deserialize)]
#[serde(remote = "CallRecord")]
struct CallFields {
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
    #[serde(deserialize_with = "optional_rate")]
    rate: Option<AppliedRate>,
    charge: Charge,
    margin: Amount,
    received_at: Timestamp,
    ringing_at: Option<Timestamp>,
    answered_at: Option<Timestamp>,
    ended_at: Timestamp,
    outcome: Outcome,
    release: Release,
    #[serde(deserialize_with = "attempts")]
    attempts: Vec<AttemptRecord>,
    media: Option<MediaStatistics>,
}

#[derive(Deserialize)]
#[serde(remote = "AttemptRecord")]
struct AttemptFields {
    number: u16,
    carrier: ResourceRef,
    egress_trunk: ResourceRef,
    gateway: SocketAddr,
    transport: Transport,
    egress_call_id: Arc<str>,
    called_number_sent: Arc<str>,
    calling_number_sent: Arc<str>,
    #[serde(deserialize_with = "rate")]
    rate: AppliedRate,
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
struct Rate {
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

impl From<Rate> for AppliedRate {
    fn from(rate: Rate) -> Self {
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
        }
    }
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AppliedRate, D::Error> {
    Rate::deserialize(deserializer).map(AppliedRate::from)
}

fn optional_rate<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<AppliedRate>, D::Error> {
    Ok(Option::<Rate>::deserialize(deserializer)?.map(AppliedRate::from))
}

fn attempts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AttemptRecord>, D::Error> {
    let attempts = Vec::<Attempt>::deserialize(deserializer)?;
    Ok(attempts.into_iter().map(|attempt| attempt.0).collect())
}
