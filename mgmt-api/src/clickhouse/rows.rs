//! Records as lines of JSON, a column each.

use rating::cdr::{AppliedRate, CallRecord};
use rating::{Amount, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use store::TenantId;

/// A line for each call.
pub(super) fn call_rows(calls: &[(TenantId, CallRecord)]) -> String {
    lines(calls.iter().map(|(tenant, call)| call_row(*tenant, call)))
}

/// A line for each attempt of the calls.
pub(super) fn attempt_rows(calls: &[(TenantId, CallRecord)]) -> String {
    let rows = calls
        .iter()
        .flat_map(|(tenant, call)| attempt_row(*tenant, call));
    lines(rows)
}

fn lines(rows: impl Iterator<Item = Value>) -> String {
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.to_string());
        text.push('\n');
    }
    text
}

fn call_row(tenant: TenantId, call: &CallRecord) -> Value {
    let money = call.money();
    let name = |named: &Option<rating::cdr::ResourceRef>| {
        named
            .as_ref()
            .map_or_else(String::new, |it| it.name.to_string())
    };
    let mut row = json!({
        "tenant": tenant.get(),
        "id": format!("{:032x}", call.id.0),
        "node": &*call.node,
        "snapshot_number": call.snapshot_number,
        "ingress_call_id": &*call.ingress_call_id,
        "ingress_source": call.ingress_source.to_string(),
        "calling_number_received": &*call.calling_number_received,
        "called_number_received": &*call.called_number_received,
        "called_number": &*call.called_number,
        "customer_id": call.customer.as_ref().map(|customer| customer.id),
        "customer": name(&call.customer),
        "ingress_trunk": name(&call.ingress_trunk),
        "charge": decimal(call.charge.amount),
        "charge_in_books": decimal(money.map_or(Amount::ZERO, |money| money.charge)),
        "cost_in_books": decimal(money.map_or(Amount::ZERO, |money| money.cost)),
        "margin_in_books": decimal(call.margin),
        "billed_seconds": call.charge.billed_seconds,
        "duration_ms": call.duration_ms(),
        "received_at": time(call.received_at),
        "ringing_at": call.ringing_at.map(time),
        "answered_at": call.answered_at.map(time),
        "ended_at": time(call.ended_at),
        "outcome": word(&call.outcome),
        "released_by": word(&call.release.by),
        "release_reason": word(&call.release.reason),
        "sip_status": call.release.sip_status,
        "q850_cause": call.release.q850_cause,
        "attempts": call.attempts.len(),
    });
    add_rate(&mut row, call.rate.as_ref());
    row
}

fn attempt_row(tenant: TenantId, call: &CallRecord) -> impl Iterator<Item = Value> {
    call.attempts.iter().map(move |attempt| {
        let mut row = json!({
            "tenant": tenant.get(),
            "call_id": format!("{:032x}", call.id.0),
            "number": attempt.number,
            "received_at": time(call.received_at),
            "carrier_id": attempt.carrier.id,
            "carrier": &*attempt.carrier.name,
            "egress_trunk": &*attempt.egress_trunk.name,
            "gateway": attempt.gateway.to_string(),
            "egress_call_id": &*attempt.egress_call_id,
            "called_number_sent": &*attempt.called_number_sent,
            "calling_number_sent": &*attempt.calling_number_sent,
            "cost": decimal(attempt.cost.amount),
            "cost_in_books": decimal(attempt.cost_in_books().unwrap_or_default()),
            "billed_seconds": attempt.cost.billed_seconds,
            "started_at": time(attempt.started_at),
            "first_reply_at": attempt.first_reply_at.map(time),
            "ringing_at": attempt.ringing_at.map(time),
            "answered_at": attempt.answered_at.map(time),
            "ended_at": time(attempt.ended_at),
            "pdd_ms": attempt.ringing_at.map(|at| (at.0 - attempt.started_at.0) / 1_000),
            "outcome": word(&attempt.outcome),
            "released_by": word(&attempt.release.by),
            "release_reason": word(&attempt.release.reason),
            "sip_status": attempt.release.sip_status,
            "q850_cause": attempt.release.q850_cause,
        });
        add_rate(&mut row, Some(&attempt.rate));
        row
    })
}

/// By which price it was charged; a call that was refused before has none.
fn add_rate(row: &mut Value, rate: Option<&AppliedRate>) {
    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    row["rate_card"] = text(rate.map(|rate| &*rate.rate_card.name));
    row["rate_prefix"] = text(rate.map(|rate| &*rate.prefix));
    row["destination"] = text(rate.map(|rate| &*rate.destination));
    row["currency"] = text(rate.map(|rate| rate.currency.as_str()));
    let exchange = rate.map_or_else(Default::default, |rate| rate.exchange_rate);
    row["exchange_rate"] = exchange.to_string().into();
}

fn decimal(amount: Amount) -> String {
    amount.to_string()
}

/// As the basic reader of ClickHouse takes it, in UTC.
fn time(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    at.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// The word that the API has for a value.
fn word(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
