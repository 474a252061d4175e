//! Recent calls decided once more: by the configuration in force and by that of a draft.
//!
//! Both decisions are made now, by the same pipeline that calls take, so that what differs is
//! what the draft changes and nothing else. Nothing is called and no limit is used up. Limits and
//! the quality of carriers are those of now; turns of round robin are drawn from the calls' numbers
//! and no trunk is throttled ([`ReplayAdmission`]). The talk
//! time of an answered call is taken from its record and charged on both sides of both, and what
//! failed before it fails again, with its fees.

mod money;
mod sums;

pub(crate) use sums::{MoneyLine, ReplayLine};

use crate::values::{Money, Time};
use money::money;
use rating::cdr::CallRecord;
use rating::{Amount, Timestamp};
use routing_engine::{
    CallRequest, Candidate, Decision, NoTrace, QualityTable, ReplayAdmission, Snapshot, Source,
    decide,
};
use serde::Serialize;
use std::collections::BTreeMap;
use sums::{Side, Sums, Table};
use utoipa::ToSchema;

/// Most recent calls that are decided again.
pub(crate) const REPLAYED_CALLS_MAX: u32 = 10_000;

/// Calls that are decided again when nobody says how many.
pub(crate) const REPLAYED_CALLS_DEFAULT: u32 = 2_000;

/// What recent traffic would have become. Limits and the quality of carriers are those of this moment;
/// round robin spreads the calls evenly, and no trunk is throttled.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Replay {
    /// How many recent calls were decided again.
    pub calls: u32,
    /// When the oldest of them was received; null when there is none.
    #[schema(required)]
    pub from: Option<Time>,
    /// When the newest of them was received; null when there is none.
    #[schema(required)]
    pub to: Option<Time>,
    /// Calls that have a route now and would have none.
    pub newly_blocked: u32,
    /// Calls that have no route now and would have one.
    pub newly_routed: u32,
    /// Calls whose list of routes, in the order in which they are tried, would be another.
    pub routes_changed: u32,
    /// Calls that would go to another carrier first.
    pub carrier_changed: u32,
    /// Calls for which the customer would pay another price.
    pub price_changed: u32,
    /// Calls that would be sold below their cost.
    pub below_cost: u32,
    /// Why calls would newly have no route, such as `no_route`, and how many.
    pub blocked_reasons: Vec<BlockedReason>,
    /// Of the money amounts.
    #[schema(example = "USD")]
    pub currency: String,
    /// Money of all these calls by the configuration in force.
    pub before: MoneyLine,
    /// Money of all these calls by the draft.
    pub after: MoneyLine,
    /// By customer, the largest change of margin first.
    pub by_customer: Vec<ReplayLine>,
    /// By the carrier that is tried first, the largest change of margin first.
    pub by_carrier: Vec<ReplayLine>,
    /// By the destination on the customer's card, the largest change of margin first.
    pub by_destination: Vec<ReplayLine>,
}

/// A reason, and how many calls it would block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BlockedReason {
    /// As in call records.
    pub reason: String,
    /// How many.
    pub calls: u32,
}

/// Decides each call by both. `now_us` is the clock of limits, as in [`CallRequest`].
pub(crate) fn replay(
    records: &[CallRecord],
    live: &Snapshot,
    draft: &Snapshot,
    now_us: u64,
    quality: &QualityTable,
) -> Replay {
    let mut counts = Counts::default();
    for record in records {
        let before = Verdict::of(record, live, now_us, quality);
        let after = Verdict::of(record, draft, now_us, quality);
        counts.add(record, &before, &after);
    }
    counts.finish(records)
}

/// What a snapshot makes of a call.
struct Verdict {
    customer: Option<String>,
    destination: Option<String>,
    result: Result<Routed, String>,
}

/// The first route and the money of a call.
struct Routed {
    /// Egress trunks by number, in the order in which they are tried.
    trunks: Vec<i64>,
    carrier: String,
    /// The customer's price of a talk minute.
    price: Amount,
    money: Side,
    is_below_cost: bool,
}

impl Verdict {
    fn of(record: &CallRecord, snapshot: &Snapshot, now_us: u64, quality: &QualityTable) -> Self {
        let request = CallRequest {
            source: Source::Address(record.ingress_source.ip()),
            called: &record.called_number_received,
            calling: &record.calling_number_received,
            now_us,
            at: record.received_at,
            draw: record.id.draw(),
            quality,
        };
        let name = |index| snapshot.customer(index).resource.name.to_string();
        match decide(&request, snapshot, &mut ReplayAdmission, &mut NoTrace) {
            Decision::Route(plan) => {
                let first = plan.candidates.first();
                let destination = snapshot.destination(plan.customer_rate).to_string();
                let price = snapshot.expected_per_minute(plan.customer_rate);
                let trunk = |route: &Candidate| snapshot.egress_trunk(route.trunk).resource.id;
                let routed = first.map(|route| Routed {
                    trunks: plan.candidates.iter().map(trunk).collect(),
                    carrier: snapshot.carrier(route.carrier).resource.name.to_string(),
                    price,
                    is_below_cost: snapshot.expected_per_minute(route.rate) > price,
                    money: money(record, snapshot, &plan),
                });
                Self {
                    customer: Some(name(plan.customer)),
                    destination: Some(destination),
                    result: routed.ok_or_else(|| "no_route".to_owned()),
                }
            }
            Decision::Reject(rejection) => Self {
                customer: rejection.customer.map(name),
                destination: rejection
                    .customer_rate
                    .map(|rate| snapshot.destination(rate).to_string()),
                result: Err(word(&rejection.reason)),
            },
        }
    }

    fn money(&self) -> Side {
        self.result
            .as_ref()
            .map_or_else(|_| Side::default(), |routed| routed.money)
    }
}

/// A value of an enum as JSON writes it.
fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// How one call differs between the two.
#[derive(Clone, Copy, Default)]
struct Differs {
    newly_blocked: bool,
    newly_routed: bool,
    routes_changed: bool,
    carrier_changed: bool,
    price_changed: bool,
    below_cost: bool,
}

impl Differs {
    fn between(before: &Verdict, after: &Verdict) -> Self {
        let mut differs = Self {
            newly_blocked: before.result.is_ok() && after.result.is_err(),
            newly_routed: before.result.is_err() && after.result.is_ok(),
            below_cost: after
                .result
                .as_ref()
                .is_ok_and(|routed| routed.is_below_cost || routed.money.is_loss()),
            ..Self::default()
        };
        if let (Ok(before), Ok(after)) = (&before.result, &after.result) {
            differs.routes_changed = before.trunks != after.trunks;
            differs.carrier_changed = before.carrier != after.carrier;
            differs.price_changed = before.price != after.price;
        }
        differs
    }
}

#[derive(Default)]
struct Counts {
    total: Sums,
    reasons: BTreeMap<String, u32>,
    by_customer: Table,
    by_carrier: Table,
    by_destination: Table,
}

impl Counts {
    fn add(&mut self, record: &CallRecord, before: &Verdict, after: &Verdict) {
        let differs = Differs::between(before, after);
        let (was, is) = (before.money(), after.money());
        if let (true, Err(reason)) = (differs.newly_blocked, &after.result) {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
        self.total.add(differs, was, is);
        let recorded = record.customer.as_ref().map(|customer| &*customer.name);
        let customer = before.customer.as_deref().or(after.customer.as_deref());
        if let Some(customer) = customer.or(recorded) {
            self.by_customer.line(customer).add(differs, was, is);
        }
        let destination = before.destination.as_deref();
        if let Some(destination) = destination.or(after.destination.as_deref()) {
            self.by_destination.line(destination).add(differs, was, is);
        }
        self.add_to_carriers(differs, before, after);
    }

    /// A call that changes its carrier is money taken from one and given to another.
    fn add_to_carriers(&mut self, differs: Differs, before: &Verdict, after: &Verdict) {
        let carrier_of = |verdict: &Verdict| {
            let routed = verdict.result.as_ref().ok();
            routed.map(|routed| routed.carrier.clone())
        };
        let (was, is) = (carrier_of(before), carrier_of(after));
        if was == is {
            if let Some(carrier) = &was {
                let line = self.by_carrier.line(carrier);
                line.add(differs, before.money(), after.money());
            }
            return;
        }
        if let Some(carrier) = &was {
            let line = self.by_carrier.line(carrier);
            line.add(differs, before.money(), Side::default());
        }
        if let Some(carrier) = &is {
            let line = self.by_carrier.line(carrier);
            line.add(differs, Side::default(), after.money());
        }
    }

    fn finish(self, records: &[CallRecord]) -> Replay {
        let times = || records.iter().map(|record| record.received_at.0);
        let time = |micros: Option<i64>| micros.map(|micros| Time(Timestamp(micros)));
        let mut blocked_reasons: Vec<_> = self
            .reasons
            .into_iter()
            .map(|(reason, calls)| BlockedReason { reason, calls })
            .collect();
        blocked_reasons.sort_by_key(|reason| std::cmp::Reverse(reason.calls));
        Replay {
            calls: self.total.calls,
            from: time(times().min()),
            to: time(times().max()),
            newly_blocked: self.total.newly_blocked,
            newly_routed: self.total.newly_routed,
            routes_changed: self.total.routes_changed,
            carrier_changed: self.total.carrier_changed,
            price_changed: self.total.price_changed,
            below_cost: self.total.below_cost,
            blocked_reasons,
            currency: rating::Currency::USD.as_str().to_owned(),
            before: self.total.before.into(),
            after: self.total.after.into(),
            by_customer: self.by_customer.lines(),
            by_carrier: self.by_carrier.lines(),
            by_destination: self.by_destination.lines(),
        }
    }
}

impl From<Side> for MoneyLine {
    fn from(side: Side) -> Self {
        Self {
            revenue: Money(side.revenue),
            cost: Money(side.cost),
            margin: Money(side.margin()),
        }
    }
}
