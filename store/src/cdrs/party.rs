//! What a customer or a carrier sees of a record: what is theirs, and of that only their side.

use super::{CdrRow, columns};
use rating::Amount;
use rating::cdr::{AttemptRecord, CallRecord};

/// Who looks at records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CdrParty {
    /// Who runs the switch: all records of the scope, both sides.
    #[default]
    Staff,
    /// The customer of that number: the own calls, and nothing of carriers and costs.
    Customer(i64),
    /// The carrier of that number: a row for each attempt on it, as it came there, and nothing of
    /// customers and charges.
    Carrier(i64),
}

impl CdrRow {
    /// The row as its customer sees it, who pays in the currency of its card.
    pub(super) fn for_customer(self, call: &CallRecord) -> Self {
        let currency = call.rate.as_ref().map(|rate| rate.currency.to_string());
        Self {
            charge: Some(call.charge.amount),
            currency: currency.unwrap_or(self.currency),
            snapshot_number: None,
            carrier: None,
            attempts: None,
            cost: None,
            margin: None,
            ..self
        }
    }

    /// The row of an attempt as its carrier sees it.
    pub(super) fn of_attempt(call: &CallRecord, attempt: &AttemptRecord) -> Self {
        let ringing_at = attempt.ringing_at.or(attempt.answered_at);
        let duration_ms = attempt
            .answered_at
            .map_or(0, |at| attempt.ended_at.millis_since(at));
        Self {
            id: call.id,
            snapshot_number: None,
            received_at: attempt.started_at,
            answered_at: attempt.answered_at,
            ended_at: attempt.ended_at,
            customer: None,
            carrier: Some(attempt.carrier.name.to_string()),
            destination: Some(attempt.rate.destination.to_string()),
            calling_number: attempt.calling_number_sent.to_string(),
            called_number: attempt.called_number_sent.to_string(),
            outcome: attempt.outcome,
            sip_status: attempt.release.sip_status,
            release_reason: columns::text_of(&attempt.release.reason),
            released_by: attempt.release.by,
            duration_ms,
            billed_seconds: attempt.cost.billed_seconds,
            pdd_ms: ringing_at.map(|at| at.millis_since(attempt.started_at)),
            attempts: None,
            charge: None,
            cost: Some(Amount(attempt.cost.amount.0)),
            margin: None,
            currency: attempt.rate.currency.to_string(),
            archived: false,
        }
    }
}
