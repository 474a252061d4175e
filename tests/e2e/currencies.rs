//! Cards of several currencies, met by calls of SIPp.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over};
use crate::switch::Switch;
use serde_json::{Value, json};

fn set_currency(switch: &Switch, card: &str, currency: &str) {
    let path = format!("/api/v1/rate-cards/{card}");
    let card = switch.get(&path);
    let mut spec = card["spec"].clone();
    spec["currency"] = json!(currency);
    let body = json!({ "name": card["name"], "spec": spec });
    switch.send("PUT", &path, &body);
}

fn set_rate(switch: &Switch, method: &str, path: &str, rates: &Value) {
    let spec = json!({ "currency": "EUR", "rates": rates });
    switch.send(method, path, &json!({ "name": "euro", "spec": spec }));
}

/// The newest record of a call that was placed now.
fn call(switch: &Switch) -> Value {
    let before = switch.cdrs().len();
    let tally = Calls {
        scenario: "caller_answered",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: 1,
        per_second: 1,
        hold_ms: 100,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    }
    .run();
    assert_eq!((tally.successful, tally.failed), (1, 0));
    let records = switch.wait_for_cdrs(before + 1);
    let id = records[0]["id"].as_str().unwrap();
    switch.get(&format!("/api/v1/cdrs/{id}"))
}

#[test]
fn the_carrier_that_is_worth_less_gets_the_call_and_the_record_tells_both_currencies() {
    let switch = Switch::start(&[]);
    let start = |ip| Carrier::start("carrier_answers", ip, Over::Udp, &[]);
    let carriers = [start("127.0.0.31"), start("127.0.0.32")];
    let mut world = World::of(vec![
        CarrierSpec::new("aurora", carriers[0].address, "0.012"),
        CarrierSpec::new("borealis", carriers[1].address, "0.011"),
    ]);
    world.card = "initial_interval_s: 60\nnext_interval_s: 60";
    world.apply(&switch);
    assert_eq!(call(&switch)["carrier"], "borealis");

    let old = json!({ "from": "2020-01-01", "rate": "1" });
    let new = json!({ "from": "2026-01-01", "rate": "1.2" });
    set_rate(
        &switch,
        "POST",
        "/api/v1/exchange-rates",
        &json!([old, new]),
    );
    set_currency(&switch, "borealis-buy", "EUR");
    let record = call(&switch);
    assert_eq!(record["carrier"], "aurora", "0.012 USD against 0.0132");

    // Another push of the exchange rate alone, and the customer pays in euros.
    set_rate(&switch, "PUT", "/api/v1/exchange-rates/euro", &json!([old]));
    set_currency(&switch, "sell", "EUR");
    set_rate(
        &switch,
        "PUT",
        "/api/v1/exchange-rates/euro",
        &json!([{ "from": "2020-01-01", "rate": "1.05" }]),
    );
    let record = call(&switch);
    assert_eq!(record["carrier"], "borealis", "0.01155 USD");
    assert_eq!(record["rate"]["currency"], "EUR");
    assert_eq!(record["rate"]["exchange_rate"], "1.05");
    assert_eq!(record["charge_by_rate"], "0.06", "a minute");
    assert_eq!(
        (&record["charge"], &record["currency"]),
        (&json!("0.063"), &json!("USD"))
    );
    let attempt = &record["attempt_records"][0];
    assert_eq!(attempt["rate"]["currency"], "EUR");
    let nanos = |value: &Value| -> i64 {
        let amount: rating::Amount = value.as_str().unwrap().parse().unwrap();
        amount.0
    };
    let in_books = (nanos(&attempt["cost"]) * 105 + 50) / 100;
    assert_eq!(nanos(&attempt["cost_in_books"]), in_books);
    assert_eq!(nanos(&record["cost"]), in_books);
    assert_eq!(nanos(&record["margin"]), 63_000_000 - in_books);
}
