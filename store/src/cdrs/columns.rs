//! A record as the columns of its row.

use crate::TenantId;
use rating::cdr::{AttemptRecord, BooksMoney, CallId, CallRecord};
use serde::Serialize;
use serde_json::Value;

/// The columns of `cdr`, in the order of writing.
pub(crate) const CDR_COLUMNS: &str = "id, node, snapshot_number, received_at, answered_at, \
    ended_at, customer_id, customer, carrier_id, carrier, destination, calling_number, \
    called_number, outcome, sip_status, release_reason, released_by, duration_ms, \
    billed_seconds, pdd_ms, attempts, charge, cost, margin, currency, record, \
    owner";

/// What the row holds beside the plain fields of the record.
pub(crate) struct CdrColumns<'a> {
    /// The record.
    pub(crate) call: &'a CallRecord,
    /// Its last attempt, which is the answered one if any is.
    pub(crate) last: Option<&'a AttemptRecord>,
    /// Charge and cost in the currency of the books: sums over calls are of one currency.
    pub(crate) money: BooksMoney,
    /// The whole record as JSON.
    pub(crate) json: String,
    /// The tenant that owns the customer.
    pub(crate) owner: TenantId,
}

impl<'a> CdrColumns<'a> {
    pub(crate) fn new(call: &'a CallRecord, owner: TenantId) -> serde_json::Result<Self> {
        Ok(Self {
            call,
            last: call.attempts.last(),
            // Charges of calls shorter than a lifetime fit.
            money: call.money().unwrap_or_default(),
            json: serde_json::to_string(call)?,
            owner,
        })
    }
}

/// The identifier as the tables keep it.
pub(crate) fn id_text(id: CallId) -> String {
    format!("{:032x}", id.0)
}

/// The identifier of a row; zero when the text is none, which no row of ours has.
pub(super) fn id_of(text: &str) -> CallId {
    CallId(u128::from_str_radix(text, 16).unwrap_or(0))
}

/// The word of a value of a closed set, as in JSON.
pub(crate) fn text_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        // Not one of our closed sets, all of which are written as words.
        _ => String::new(),
    }
}
