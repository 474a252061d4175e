//! What a call is sold for when prices change: cards that are built from others, and drafts that are
//! simulated before they are pushed.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over};
use crate::switch::Switch;
use serde_json::{Value, json};

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

/// One carrier at 0.012 a minute; the customer pays 0.06.
fn scene() -> (Switch, Carrier) {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    (switch, carrier)
}

fn at(price: &str) -> Value {
    json!({ "currency": "USD", "initial_interval_s": 60, "next_interval_s": 60, "rates": [
        { "prefix": "1", "destination": "USA", "rate_per_minute": price } ] })
}

fn put_card(switch: &Switch, card: &str, query: &str, spec: Value) {
    let path = format!("/api/v1/rate-cards/{card}{query}");
    switch.send("PUT", &path, &json!({ "name": card, "spec": spec }));
}

#[test]
fn the_call_after_a_parent_changed_is_charged_at_the_rebuilt_price() {
    let (switch, _carrier) = scene();
    put_card(&switch, "aurora-buy", "", at("0.012"));
    let built = json!({ "currency": "USD", "initial_interval_s": 60, "next_interval_s": 60,
        "built_from": { "parents": ["aurora-buy"], "margin_percent": "50", "decimals": 4,
        "rebuild": "automatic" } });
    put_card(&switch, "sell", "", built);
    let first = call(&switch);
    assert_eq!(
        (&first["charge"], &first["cost"]),
        (&json!("0.018"), &json!("0.012")),
        "{first:#}"
    );

    put_card(&switch, "aurora-buy", "", at("0.02"));
    let second = call(&switch);
    assert_eq!(
        (&second["charge"], &second["cost"]),
        (&json!("0.03"), &json!("0.02")),
        "{second:#}"
    );
}

#[test]
fn a_draft_that_sells_under_cost_is_caught_by_a_simulation() {
    let (switch, _carrier) = scene();
    assert_eq!(call(&switch)["outcome"], "answered");
    let made = switch.send(
        "POST",
        "/api/v1/change-sets",
        &json!({ "name": "too cheap" }),
    );
    let query = format!("?change_set={}", made["id"]);
    let cheap = json!({ "currency": "USD", "rates": [
        { "prefix": "1", "destination": "USA", "rate_per_minute": "0.01" } ] });
    put_card(&switch, "sell", &query, cheap);

    let id = made["id"].to_string();
    let one = [
        "--customer",
        "acme",
        "--from",
        "442071838750",
        "--to",
        NUMBER,
    ];
    let simulate = |more: &[&str]| {
        let asked = [&["simulate"], &one[..], more].concat();
        switch.command(&asked).unwrap()
    };
    let now = simulate(&[]);
    assert!(now.contains("aurora") && !now.contains("refused"), "{now}");
    let then = simulate(&["--change-set", &id]);
    assert!(then.contains("refused: unprofitable"), "{then}");
    assert!(then.contains("(differs)"), "{then}");
    let recorded = [
        "simulate",
        "--records",
        "--customer",
        "acme",
        "--change-set",
        &id,
        "--json",
    ];
    let recorded: Value = serde_json::from_str(&switch.command(&recorded).unwrap()).unwrap();
    assert_eq!(recorded["report"]["calls"], 1, "{recorded:#}");
    assert_eq!(recorded["report"]["newly_blocked"], 1, "{recorded:#}");

    assert_eq!(
        call(&switch)["outcome"],
        "answered",
        "a draft is not in force"
    );
}
