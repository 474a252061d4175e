//! A record as the columns of its row.

use crate::TenantId;
use crate::database::Value;
use rating::cdr::{AttemptRecord, BooksMoney, CallId, CallRecord};
use serde::Serialize;
use serde_json::Value as Json;

/// The columns of `cdr`, in the order of writing.
pub(crate) const CDR_COLUMNS: &str = "id, node, snapshot_number, received_at, answered_at, \
    ended_at, customer_id, customer, carrier_id, carrier, destination, calling_number, \
    called_number, outcome, sip_status, release_reason, released_by, duration_ms, \
    billed_seconds, pdd_ms, attempts, charge, cost, margin, currency, record, \
    owner";

/// Those that serve finding calls only, written behind them in the order of [`search_values`].
pub(crate) const CDR_SEARCH_COLUMNS: &str = "ingress_trunk, ingress_call_id, \
    called_number_received, called_number_reversed, rate_card, charge_by_rate, rate_currency, \
    egress_trunk, gateway, called_number_sent, calling_number_sent";

/// How many they are.
pub(crate) const CDR_SEARCH_BINDS: usize = 11;

/// Bytes of a Call-ID that are looked for.
const CALL_ID_KEY_MAX: usize = 255;

/// Those of `attempt`, in the order of [`attempt_search_values`].
pub(crate) const ATTEMPT_SEARCH_COLUMNS: &str =
    "egress_call_id, called_number_sent, calling_number_sent, destination, released_by";

/// How many they are.
pub(crate) const ATTEMPT_SEARCH_BINDS: usize = 5;

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

/// A call's values of [`CDR_SEARCH_COLUMNS`].
pub(crate) fn search_values(call: &CallRecord) -> [Value; CDR_SEARCH_BINDS] {
    let last = call.attempts.last();
    let rate = call.rate.as_ref();
    let trunk = call.ingress_trunk.as_ref();
    [
        trunk.map(|trunk| trunk.name.as_ref()).into(),
        call_id_key(&call.ingress_call_id).into(),
        call.called_number_received.as_ref().into(),
        reversed(&call.called_number).into(),
        rate.map(|rate| rate.rate_card.name.as_ref()).into(),
        rate.map(|_| call.charge.amount.0).into(),
        rate.map(|rate| rate.currency.to_string()).into(),
        last.map(|last| last.egress_trunk.name.as_ref()).into(),
        last.map(|last| last.gateway.to_string()).into(),
        last.map(|last| last.called_number_sent.as_ref()).into(),
        last.map(|last| last.calling_number_sent.as_ref()).into(),
    ]
}

/// An attempt's values of [`ATTEMPT_SEARCH_COLUMNS`].
pub(crate) fn attempt_search_values(attempt: &AttemptRecord) -> [Value; ATTEMPT_SEARCH_BINDS] {
    [
        call_id_key(&attempt.egress_call_id).into(),
        attempt.called_number_sent.as_ref().into(),
        attempt.calling_number_sent.as_ref().into(),
        attempt.rate.destination.as_ref().into(),
        text_of(&attempt.release.by).into(),
    ]
}

/// A Call-ID as it is looked for: its first bytes. An index takes no text of any length, and a caller
/// chooses how long its Call-ID is.
pub(super) fn call_id_key(call_id: &str) -> &str {
    &call_id[..call_id.floor_char_boundary(CALL_ID_KEY_MAX)]
}

/// The values of a row, in two parts.
pub(crate) fn joined<const A: usize, const B: usize, const N: usize>(
    first: [Value; A],
    second: [Value; B],
) -> [Value; N] {
    const { assert!(A + B == N) };
    let mut values = first.into_iter().chain(second);
    // There are as many as wanted: the line above.
    std::array::from_fn(|_| values.next().unwrap_or(Value::Int(None)))
}

/// A number from its last digit to its first.
pub(super) fn reversed(number: &str) -> String {
    number.chars().rev().collect()
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
        Ok(Json::String(word)) => word,
        // Not one of our closed sets, all of which are written as words.
        _ => String::new(),
    }
}
