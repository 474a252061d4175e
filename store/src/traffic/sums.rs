//! Which sums a call is in, and what it adds to them.

use super::{TRAFFIC_DAY_US, TRAFFIC_QUARTER_US};
use crate::TenantId;
use crate::database::storable;
use rating::cdr::{AppliedRate, AttemptRecord, CallRecord, Outcome, ReleaseReason};
use rating::{Amount, Currency, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrafficSide {
    /// Attempts on carriers.
    Attempt,
    /// Calls of customers.
    Call,
}

/// Over how long a sum goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Grain {
    Quarter,
    Day,
}

/// A sum. Its order is that of the table's key: all writers change rows in it, so two of them never
/// wait for each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TrafficKey {
    pub(super) owner: TenantId,
    pub(super) side: TrafficSide,
    pub(super) grain: Grain,
    pub(super) bucket: i64,
    pub(super) customer: i64,
    pub(super) ingress_trunk: i64,
    pub(super) carrier: i64,
    pub(super) egress_trunk: i64,
    pub(super) destination: Arc<str>,
    pub(super) currency: Currency,
}

/// What was counted. Sums of money are exact and have no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficSums {
    /// Calls, or attempts.
    pub seizures: i64,
    /// Those with a 2xx.
    pub answered: i64,
    /// Those that reached the called party: answered, busy, declined, not answered or given up while
    /// it rang.
    pub effective: i64,
    /// Calls that were refused before any attempt.
    pub rejected: i64,
    /// Those that rang, or were answered without, as far as the time until then can be true.
    pub rang: i64,
    /// How long that took, in all.
    pub pdd_ms: i64,
    /// Talk time.
    pub talk_ms: i64,
    /// Seconds that were charged on that side.
    pub billed_seconds: i64,
    /// What customers pay, in nano-units of the books.
    pub charge: i128,
    /// What carriers are paid, in nano-units of the books.
    pub cost: i128,
    /// What that side itself pays or is paid, in nano-units of its currency.
    pub amount: i128,
}

/// No attempt looks for the called party longer before it rings: what is longer is a step of the clock.
/// Timers end an attempt after two minutes without ringing and five of ringing.
const ATTEMPT_PDD_MAX_MS: u64 = 10 * 60_000;

/// The same of a call, which has several attempts.
const CALL_PDD_MAX_MS: u64 = 60 * 60_000;

/// Sums by their places.
pub(super) type Traffic = BTreeMap<TrafficKey, TrafficSums>;

impl TrafficSide {
    /// The word that the table has.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Attempt => "attempt",
            Self::Call => "call",
        }
    }
}

impl Grain {
    pub(super) fn micros(self) -> i64 {
        match self {
            Self::Quarter => TRAFFIC_QUARTER_US,
            Self::Day => TRAFFIC_DAY_US,
        }
    }

    /// As the table has it.
    pub(super) fn minutes(self) -> i64 {
        self.micros() / 60_000_000
    }

    pub(super) fn bucket(self, at: Timestamp) -> i64 {
        at.0.div_euclid(self.micros()).saturating_mul(self.micros())
    }
}

impl TrafficSums {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        self.seizures = self.seizures.saturating_add(other.seizures);
        self.answered = self.answered.saturating_add(other.answered);
        self.effective = self.effective.saturating_add(other.effective);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.rang = self.rang.saturating_add(other.rang);
        self.pdd_ms = self.pdd_ms.saturating_add(other.pdd_ms);
        self.talk_ms = self.talk_ms.saturating_add(other.talk_ms);
        self.billed_seconds = self.billed_seconds.saturating_add(other.billed_seconds);
        self.charge += other.charge;
        self.cost += other.cost;
        self.amount += other.amount;
    }

    /// Charge minus cost.
    pub fn margin(&self) -> i128 {
        self.charge - self.cost
    }

    fn of_call(call: &CallRecord) -> Self {
        let rang = call.pdd_ms().is_some();
        let pdd = call.pdd_ms().filter(|pdd| *pdd <= CALL_PDD_MAX_MS);
        // As in the columns of the record: what does not fit is nothing.
        let money = call.money().unwrap_or_default();
        Self {
            seizures: 1,
            answered: call.answered_at.is_some().into(),
            effective: is_effective(
                call.answered_at.is_some(),
                rang,
                call.outcome,
                call.release.reason,
            )
            .into(),
            rejected: (call.outcome == Outcome::Rejected).into(),
            rang: pdd.is_some().into(),
            pdd_ms: pdd.unwrap_or(0).cast_signed(),
            talk_ms: call.duration_ms().cast_signed(),
            billed_seconds: call.charge.billed_seconds.into(),
            charge: money.charge.0.into(),
            cost: money.cost.0.into(),
            amount: call.charge.amount.0.into(),
        }
    }

    fn of_attempt(attempt: &AttemptRecord, charge: Amount, fits: bool) -> Self {
        let rang_at = attempt.ringing_at.or(attempt.answered_at);
        let pdd = rang_at.map(|at| at.millis_since(attempt.started_at));
        let pdd = pdd.filter(|pdd| *pdd <= ATTEMPT_PDD_MAX_MS);
        let talk = attempt.answered_at;
        let talk = talk.map_or(0, |at| attempt.ended_at.millis_since(at));
        let cost = attempt.cost_in_books().filter(|_| fits);
        Self {
            seizures: 1,
            answered: attempt.answered_at.is_some().into(),
            effective: is_effective(
                attempt.answered_at.is_some(),
                rang_at.is_some(),
                attempt.outcome,
                attempt.release.reason,
            )
            .into(),
            rejected: 0,
            rang: pdd.is_some().into(),
            pdd_ms: pdd.unwrap_or(0).cast_signed(),
            talk_ms: talk.cast_signed(),
            billed_seconds: attempt.cost.billed_seconds.into(),
            charge: charge.0.into(),
            cost: cost.unwrap_or_default().0.into(),
            amount: attempt.cost.amount.0.into(),
        }
    }
}

/// Whether the called party was reached. The same rule chooses carriers by quality
/// (`routing_engine::quality`): a 480 before anything rang has asked nobody.
fn is_effective(answered: bool, rang: bool, outcome: Outcome, reason: ReleaseReason) -> bool {
    answered
        || match reason {
            ReleaseReason::UserBusy | ReleaseReason::Declined => true,
            ReleaseReason::NoAnswer => rang,
            _ => rang && outcome == Outcome::Cancelled,
        }
}

/// Adds a call and its attempts to their sums.
pub(super) fn add_call(traffic: &mut Traffic, call: &CallRecord, owner: TenantId) {
    let customer = call.customer.as_ref().map_or(0, |customer| customer.id);
    let (destination, currency) = destination(call.rate.as_ref());
    let key = TrafficKey {
        owner,
        side: TrafficSide::Call,
        grain: Grain::Quarter,
        bucket: 0,
        customer,
        ingress_trunk: call.ingress_trunk.as_ref().map_or(0, |trunk| trunk.id),
        carrier: 0,
        egress_trunk: 0,
        destination,
        currency,
    };
    add_to_both(traffic, key, call.received_at, &TrafficSums::of_call(call));
    let money = call.money();
    let last = call.attempts.len();
    for (place, attempt) in call.attempts.iter().enumerate() {
        let (destination, currency) = destination_of(&attempt.rate);
        let key = TrafficKey {
            owner,
            side: TrafficSide::Attempt,
            grain: Grain::Quarter,
            bucket: 0,
            customer,
            ingress_trunk: 0,
            carrier: attempt.carrier.id,
            egress_trunk: attempt.egress_trunk.id,
            destination,
            currency,
        };
        let charge = money.filter(|_| place + 1 == last);
        let charge = charge.unwrap_or_default().charge;
        let sums = TrafficSums::of_attempt(attempt, charge, money.is_some());
        add_to_both(traffic, key, attempt.started_at, &sums);
    }
}

fn add_to_both(traffic: &mut Traffic, key: TrafficKey, at: Timestamp, sums: &TrafficSums) {
    for grain in [Grain::Quarter, Grain::Day] {
        let bucket = grain.bucket(at);
        let key = TrafficKey {
            grain,
            bucket,
            ..key.clone()
        };
        traffic.entry(key).or_default().add(sums);
    }
}

fn destination(rate: Option<&AppliedRate>) -> (Arc<str>, Currency) {
    rate.map_or_else(|| ("".into(), Currency::USD), destination_of)
}

/// As the table keeps it: two names that it keeps alike are one key.
fn destination_of(rate: &AppliedRate) -> (Arc<str>, Currency) {
    let destination = match rate.destination.contains('\0') {
        true => storable(rate.destination.to_string()).into(),
        false => Arc::clone(&rate.destination),
    };
    (destination, rate.currency)
}
