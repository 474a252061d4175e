//! Why a call did not go to a carrier.

use crate::routes::cdrs::word;
use crate::routes::explain::{ExplainRoute, Explanation};
use rating::cdr::{AttemptRecord, CallRecord, Outcome};
use serde::Serialize;
use utoipa::ToSchema;

/// What became of a carrier in a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CarrierAnswer {
    /// The name that was asked for.
    pub carrier: String,
    /// What became of it.
    pub outcome: CarrierOutcome,
    /// The same as a sentence.
    pub detail: String,
    /// Its routes, as in the explanation.
    pub routes: Vec<ExplainRoute>,
}

/// What became of a carrier in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CarrierOutcome {
    /// It was asked.
    Tried,
    /// The call came to it and could not take it: a limit was reached, or it could not be reached.
    PassedOver,
    /// It stood in the order, and the call ended before its turn came.
    NotReached,
    /// It was not among the routes to try.
    Lost,
    /// The call was refused before routes were asked for.
    CallRefused,
    /// The snapshot has no trunk of a carrier of that name for this customer.
    Unknown,
}

impl CarrierAnswer {
    pub(super) fn new(carrier: String, record: &CallRecord, explanation: &Explanation) -> Self {
        let of_carrier = |route: &&ExplainRoute| route.carrier == carrier;
        let routes: Vec<_> = explanation
            .routes
            .iter()
            .filter(of_carrier)
            .cloned()
            .collect();
        let (outcome, detail) = answer(&carrier, &routes, record, explanation);
        Self {
            carrier,
            outcome,
            detail,
            routes,
        }
    }
}

fn answer(
    carrier: &str,
    routes: &[ExplainRoute],
    record: &CallRecord,
    explanation: &Explanation,
) -> (CarrierOutcome, String) {
    let attempts = record.attempts.iter();
    let attempts: Vec<_> = attempts
        .filter(|attempt| *attempt.carrier.name == *carrier)
        .map(tried)
        .collect();
    if !attempts.is_empty() {
        return (CarrierOutcome::Tried, attempts.join("; "));
    }
    let in_order = routes.iter().filter(|route| route.rank.is_some());
    let in_order: Vec<_> = in_order.collect();
    if let Some(route) = in_order.iter().find(|route| route.reason.is_none()) {
        return (CarrierOutcome::NotReached, not_reached(route, record));
    }
    if !in_order.is_empty() {
        return (CarrierOutcome::PassedOver, lost(in_order.into_iter()));
    }
    if !routes.is_empty() {
        return (CarrierOutcome::Lost, lost(routes.iter()));
    }
    if let (true, Some(reason)) = (explanation.routes.is_empty(), &explanation.reason) {
        let detail = format!("the call was refused before routes were asked for: {reason}");
        return (CarrierOutcome::CallRefused, detail);
    }
    let number = explanation.snapshot_number;
    let detail =
        format!("snapshot {number} has no trunk of a carrier \"{carrier}\" for this customer");
    (CarrierOutcome::Unknown, detail)
}

fn tried(attempt: &AttemptRecord) -> String {
    let (number, trunk) = (attempt.number, &attempt.egress_trunk.name);
    match attempt.outcome {
        Outcome::Answered => format!("attempt {number} by trunk \"{trunk}\" was answered"),
        _ => {
            let (reason, status) = (word(attempt.release.reason), attempt.release.sip_status);
            format!("attempt {number} by trunk \"{trunk}\" failed: {reason} ({status})")
        }
    }
}

fn not_reached(route: &ExplainRoute, record: &CallRecord) -> String {
    let place = route.rank.unwrap_or_default();
    let end = match record.attempts.last() {
        Some(last) => {
            let carrier = &last.carrier.name;
            format!("attempt {} to \"{carrier}\"", last.number)
        }
        None => "no attempt".to_owned(),
    };
    let reason = word(record.release.reason);
    format!("place {place} in the order; the call ended with {end}: {reason}")
}

fn lost<'r>(routes: impl Iterator<Item = &'r ExplainRoute>) -> String {
    let sentence = |route: &ExplainRoute| {
        let why = route.detail.as_ref().or(route.reason.as_ref());
        format!(
            "trunk \"{}\": {}",
            route.trunk,
            why.map_or("", |why| why.as_str())
        )
    };
    routes.map(sentence).collect::<Vec<_>>().join("; ")
}
