//! What a call of the records would earn and cost by a plan.

use super::sums::Side;
use rating::cdr::{AttemptRecord, CallRecord, Outcome};
use rating::charge::{charge, charge_unanswered};
use rating::{Amount, Timestamp};
use routing_engine::snapshot::RateRef;
use routing_engine::{RoutePlan, Snapshot};

/// The money of a call that would be routed by a plan.
///
/// A trunk that failed the call fails it again, as often as it did, and the next of the plan is
/// tried. The trunk that the call ended with ends it again; so does one that the call never came
/// to, for nobody knows better, and the last of the plan. So a plan like the call's own gives the
/// money of its record.
pub(super) fn money(record: &CallRecord, snapshot: &Snapshot, plan: &RoutePlan) -> Side {
    let Some(last) = record.attempts.last() else {
        return Side {
            calls: 1,
            ..Side::default()
        };
    };
    let talk_ms = talk_ms(record);
    let mut cost = Amount::ZERO;
    for (route, left) in plan.candidates.iter().zip((0..plan.candidates.len()).rev()) {
        let trunk = snapshot.egress_trunk(route.trunk).resource.id;
        let of_trunk = |attempt: &&AttemptRecord| attempt.egress_trunk.id == trunk;
        let is_last = |attempt: &AttemptRecord| std::ptr::eq(attempt, last);
        let tried: Vec<_> = record.attempts.iter().filter(of_trunk).collect();
        let failed = tried.iter().filter(|attempt| !is_last(attempt));
        for attempt in failed {
            cost = plus(
                cost,
                amount(
                    record.received_at,
                    snapshot,
                    route.rate,
                    answered_ms(attempt),
                ),
            );
        }
        let ends_here = tried.is_empty() || tried.iter().any(|attempt| is_last(attempt));
        // Of those that failed the last must carry the talk: nobody else is left.
        if ends_here || (left == 0 && talk_ms.is_some()) {
            cost = plus(
                cost,
                amount(record.received_at, snapshot, route.rate, talk_ms),
            );
            break;
        }
    }
    Side {
        calls: 1,
        revenue: amount(record.received_at, snapshot, plan.customer_rate, talk_ms),
        cost,
    }
}

/// The money of a call that the first route of a plan answers at once, or that nobody answers.
pub(super) fn money_of_talk(
    at: Timestamp,
    talk_ms: Option<u64>,
    snapshot: &Snapshot,
    plan: &RoutePlan,
) -> Side {
    let first = plan.candidates.first();
    let cost = first.map(|route| amount(at, snapshot, route.rate, talk_ms));
    Side {
        calls: 1,
        revenue: amount(at, snapshot, plan.customer_rate, talk_ms),
        cost: cost.unwrap_or_default(),
    }
}

/// Talk time of a call that is charged.
fn talk_ms(record: &CallRecord) -> Option<u64> {
    matches!(record.outcome, Outcome::Answered | Outcome::Interrupted)
        .then(|| record.duration_ms())
        .filter(|_| record.answered_at.is_some())
}

/// How long an attempt was up whose answer came too late for the call.
fn answered_ms(attempt: &AttemptRecord) -> Option<u64> {
    let answered_at = attempt.answered_at?;
    Some(attempt.ended_at.millis_since(answered_at))
}

/// In the currency of the books, by the exchange rate of the moment of the call.
fn amount(at: Timestamp, snapshot: &Snapshot, rate: RateRef, duration_ms: Option<u64>) -> Amount {
    let terms = snapshot.terms(rate);
    let charged = match duration_ms {
        Some(duration_ms) => charge(terms, duration_ms),
        None => charge_unanswered(terms),
    };
    // Terms are within their bounds, so only a talk time of years does not fit; it has no price.
    let exchange_rate = snapshot.exchange_rate(rate, at);
    let books = charged
        .ok()
        .and_then(|charge| exchange_rate.to_books(charge.amount));
    books.unwrap_or_default()
}

fn plus(one: Amount, other: Amount) -> Amount {
    Amount(one.0.saturating_add(other.0))
}

#[cfg(test)]
mod tests;
