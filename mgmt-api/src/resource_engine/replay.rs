//! Calls decided once more: by the configuration in force and by another, of a draft or of the past.
//!
//! Both decisions are made now, by the same pipeline that calls take, so that what differs is
//! what the draft changes and nothing else. Nothing is called and no limit is used up. Limits and
//! the quality of carriers are those of now; turns of round robin are drawn from the calls' numbers
//! and no trunk is throttled ([`ReplayAdmission`]). The talk
//! time of an answered call is taken from its record and charged on both sides of both, and what
//! failed before it fails again, with its fees. A call that is simulated against its own snapshot is
//! decided by what its record keeps instead, and so to the byte as it was.

mod asked;
mod money;
mod sums;

pub(crate) use asked::{AskedCall, AskedSource, CallFacts};
pub(crate) use sums::{MoneyLine, ReplayLine};

use crate::values::{Money, Time};
use rating::cdr::CallRecord;
use rating::{Amount, Timestamp};
use routing_engine::{
    CallRequest, Candidate, Decision, NoTrace, QualityTable, ReplayAdmission, Snapshot, decide,
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
/// round robin spreads the calls evenly, and no trunk is throttled. Currencies are worth what they were,
/// or would have been, at the time of each call.
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
    /// Calls that have a route by the configuration in force.
    pub routed_before: u32,
    /// Calls that would have one.
    pub routed_after: u32,
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
    /// Calls whose record of the decision cannot be read: whom they asserted and whether they wanted privacy is not
    /// known, so that they may be decided otherwise for that alone.
    pub unread_decisions: u32,
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
    let moment = Moment { now_us, quality };
    let mut counts = Counts::default();
    for record in records {
        let call = AskedCall::of_record(record);
        let before = Verdict::of(&call, live, &moment);
        let after = Verdict::of(&call, draft, &moment);
        counts.add(&call, &before, &after);
    }
    counts.finish()
}

/// What is read beside calls and snapshots.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'q> {
    /// The clock of limits.
    pub(crate) now_us: u64,
    pub(crate) quality: &'q QualityTable,
}

/// What a snapshot makes of a call.
pub(crate) struct Verdict {
    pub(crate) customer: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) result: Result<Routed, String>,
    /// It is the call's own decision, to the byte.
    pub(crate) is_own: bool,
}

/// The first route and the money of a call.
pub(crate) struct Routed {
    /// Egress trunks by number, in the order in which they are tried.
    trunks: Vec<i64>,
    /// The carriers, in that order.
    pub(crate) carriers: Vec<String>,
    carrier: String,
    /// The customer's price of a talk minute.
    price: Amount,
    money: Side,
    is_below_cost: bool,
}

impl Verdict {
    pub(crate) fn of(call: &AskedCall<'_>, snapshot: &Snapshot, moment: &Moment<'_>) -> Self {
        let identity = call.identity();
        let request = CallRequest {
            identity: identity.shown(),
            ..call.request(snapshot, moment)
        };
        let decision = decide(&request, snapshot, &mut ReplayAdmission, &mut NoTrace);
        Self::of_decision(call, snapshot, &decision)
    }

    /// As [`of`](Self::of); where the snapshot is the call's own, by what its record keeps.
    pub(crate) fn of_own(call: &AskedCall<'_>, snapshot: &Snapshot, moment: &Moment<'_>) -> Self {
        let Some(mut recorded) = call.recorded(snapshot) else {
            return Self::of(call, snapshot, moment);
        };
        let identity = recorded.identity();
        let request = CallRequest {
            at: recorded.at(),
            identity: identity.shown(),
            ..call.request(snapshot, moment)
        };
        let decision = decide(&request, snapshot, &mut recorded, &mut NoTrace);
        Self {
            is_own: recorded.is_same(&decision, snapshot),
            ..Self::of_decision(call, snapshot, &decision)
        }
    }

    fn of_decision(call: &AskedCall<'_>, snapshot: &Snapshot, decision: &Decision) -> Self {
        let name = |index| snapshot.customer(index).resource.name.to_string();
        match decision {
            Decision::Route(plan) => {
                let first = plan.candidates.first();
                let destination = snapshot.destination(plan.customer_rate).to_string();
                let price = snapshot.expected_in_books(plan.customer_rate, call.at);
                let trunk = |route: &Candidate| snapshot.egress_trunk(route.trunk).resource.id;
                let carrier = |route: &Candidate| {
                    let carrier = snapshot.carrier(route.carrier);
                    carrier.resource.name.to_string()
                };
                let routed = first.map(|route| Routed {
                    carriers: plan.candidates.iter().map(carrier).collect(),
                    trunks: plan.candidates.iter().map(trunk).collect(),
                    carrier: carrier(route),
                    price,
                    is_below_cost: snapshot.expected_in_books(route.rate, call.at) > price,
                    money: call.money(snapshot, plan),
                });
                Self {
                    customer: Some(name(plan.customer)),
                    destination: Some(destination),
                    result: routed.ok_or_else(|| "no_route".to_owned()),
                    is_own: false,
                }
            }
            Decision::Reject(rejection) => Self {
                customer: rejection.customer.map(name),
                destination: rejection
                    .customer_rate
                    .map(|rate| snapshot.destination(rate).to_string()),
                result: Err(word(&rejection.reason)),
                is_own: false,
            },
        }
    }

    /// What it earns and costs.
    pub(crate) fn money_line(&self) -> MoneyLine {
        self.money().into()
    }

    /// Whether another snapshot sends it the same way for the same price.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        match (&self.result, &other.result) {
            (Ok(one), Ok(other)) => one.trunks == other.trunks && one.price == other.price,
            (Err(one), Err(other)) => one == other,
            _ => false,
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

/// What many calls add up to.
#[derive(Default)]
pub(crate) struct Counts {
    /// When the oldest and the newest were received.
    times: Option<(i64, i64)>,
    total: Sums,
    unread_decisions: u32,
    reasons: BTreeMap<String, u32>,
    by_customer: Table,
    by_carrier: Table,
    by_destination: Table,
}

impl Counts {
    pub(crate) fn add(&mut self, call: &AskedCall<'_>, before: &Verdict, after: &Verdict) {
        let at = call.at.0;
        let (oldest, newest) = self.times.unwrap_or((at, at));
        self.times = Some((oldest.min(at), newest.max(at)));
        self.unread_decisions += u32::from(call.is_decision_lost());
        let differs = Differs::between(before, after);
        let (was, is) = (before.money(), after.money());
        if let (true, Err(reason)) = (differs.newly_blocked, &after.result) {
            *self.reasons.entry(reason.clone()).or_default() += 1;
        }
        self.total.add(differs, was, is);
        let customer = before.customer.as_deref().or(after.customer.as_deref());
        if let Some(customer) = customer.or(call.customer) {
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

    pub(crate) fn finish(self) -> Replay {
        let time = |micros: Option<i64>| micros.map(|micros| Time(Timestamp(micros)));
        let mut blocked_reasons: Vec<_> = self
            .reasons
            .into_iter()
            .map(|(reason, calls)| BlockedReason { reason, calls })
            .collect();
        blocked_reasons.sort_by_key(|reason| std::cmp::Reverse(reason.calls));
        Replay {
            calls: self.total.calls,
            from: time(self.times.map(|(oldest, _)| oldest)),
            to: time(self.times.map(|(_, newest)| newest)),
            routed_before: self.total.before.calls,
            routed_after: self.total.after.calls,
            newly_blocked: self.total.newly_blocked,
            newly_routed: self.total.newly_routed,
            routes_changed: self.total.routes_changed,
            carrier_changed: self.total.carrier_changed,
            price_changed: self.total.price_changed,
            below_cost: self.total.below_cost,
            unread_decisions: self.unread_decisions,
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
