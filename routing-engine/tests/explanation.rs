//! What an explanation says of routed and of refused calls.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use routing_engine::explain::explain;
use routing_engine::{Snapshot, Source};
use serde_json::{Value, json};
use small::{WORLD, call, changed, resources, routed, snapshot};

fn explained(snapshot: &Snapshot, called: &str) -> Value {
    serde_json::to_value(explain(&call(called, 1_000_000), snapshot)).unwrap()
}

fn routes(explanation: &Value) -> Vec<[&Value; 4]> {
    let routes = explanation["routes"].as_array().unwrap().iter();
    routes
        .map(|route| ["rank", "trunk", "status", "reason"].map(|field| &route[field]))
        .collect()
}

#[test]
fn a_routed_call_shows_each_step_and_each_route_with_its_figures() {
    let explanation = explained(&snapshot(), "+442012345678");
    assert_eq!(explanation["accepted"], true);
    assert_eq!(explanation["snapshot_number"], 1);
    assert_eq!(explanation["called_number"], "442012345678");
    assert_eq!(explanation["customer_rate"]["prefix"], "44");
    assert_eq!(explanation["customer_rate"]["next_rate_per_minute"], "0.02");
    let steps: Vec<_> = explanation["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap(),
                step["outcome"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        steps,
        [
            ("identify", "passed"),
            ("number", "passed"),
            ("class", "passed"),
            ("admit", "passed"),
            ("customer_rate", "passed"),
            ("routes", "passed"),
        ]
    );
    assert_eq!(
        explanation["routes"],
        json!([
            {
                "rank": 1, "carrier": "Acme", "trunk": "acme-out", "gateway": "192.0.2.1:5060",
                "transport": "udp", "status": "chosen", "reason": null, "detail": null,
                "route": null,
                "rank_key": { "tier": "other", "is_put_first": false, "is_throttled": false, "is_below_floor": false, "order": 0 },
                "quality": null,
                "numbers": {
                    "called": "442012345678", "calling": "4420", "asserted": null,
                    "is_anonymous": false, "steps": [],
                },
                "cost_per_minute": "0.012", "margin_per_minute": "0.008",
                "rate": {
                    "rate_card": "acme-buy", "prefix": "44", "destination": "United Kingdom",
                    "currency": "USD", "initial_rate_per_minute": "0.012",
                    "next_rate_per_minute": "0.012", "initial_interval_s": 1,
                    "next_interval_s": 1, "connection_fee": "0", "attempt_fee": "0",
                    "grace_period_s": 0, "rounding": {
                        "amount": "half_up", "decimals": 9, "duration": "up"
                    }, "expected_per_minute": "0.012", "exchange_rate": "1",
                },
            },
            {
                "rank": 2, "carrier": "Zenith", "trunk": "zenith-out", "gateway": "192.0.2.2:5060",
                "transport": "udp", "status": "available", "reason": null, "detail": null,
                "route": null,
                "rank_key": { "tier": "other", "is_put_first": false, "is_throttled": false, "is_below_floor": false, "order": 0 },
                "quality": null,
                "numbers": {
                    "called": "442012345678", "calling": "4420", "asserted": null,
                    "is_anonymous": false, "steps": [],
                },
                "cost_per_minute": "0.013", "margin_per_minute": "0.007",
                "rate": {
                    "rate_card": "zenith-buy", "prefix": "4420", "destination": "London",
                    "currency": "USD", "initial_rate_per_minute": "0.013",
                    "next_rate_per_minute": "0.013", "initial_interval_s": 1,
                    "next_interval_s": 1, "connection_fee": "0", "attempt_fee": "0",
                    "grace_period_s": 0, "rounding": {
                        "amount": "half_up", "decimals": 9, "duration": "up"
                    }, "expected_per_minute": "0.013", "exchange_rate": "1",
                },
            },
        ])
    );
}

#[test]
fn each_losing_route_has_its_reason() {
    let snapshot = snapshot();
    let france = explained(&snapshot, "33123456789");
    assert_eq!(france["reason"], "unprofitable");
    assert_eq!(
        routes(&france),
        [
            [
                &Value::Null,
                &json!("acme-out"),
                &json!("lost"),
                &json!("below_cost")
            ],
            [
                &Value::Null,
                &json!("zenith-out"),
                &json!("lost"),
                &json!("no_rate")
            ],
        ]
    );
    assert_eq!(
        france["routes"][0]["detail"],
        "a minute is expected to cost 0.005 and the customer pays 0.004"
    );
    assert_eq!(france["routes"][0]["margin_per_minute"], "-0.001");

    let text = WORLD
        .replace("carrier: Acme,", "carrier: Acme, status: inactive,")
        .replace(
            "name: Zenith\nspec: {}",
            "name: Zenith\nspec: { status: inactive }",
        );
    let closed = Snapshot::compile(1, &resources(&text), None).unwrap();
    let closed = explained(&closed, "442012345678");
    assert_eq!(closed["reason"], "no_route");
    let reasons: Vec<_> = routes(&closed)
        .iter()
        .map(|route| route[3].clone())
        .collect();
    assert_eq!(reasons, ["trunk_inactive", "carrier_inactive"]);
}

#[test]
fn a_full_carrier_keeps_its_rank_and_loses_the_call() {
    let limited = changed(
        "name: Zenith\nspec: {}",
        "name: Zenith\nspec: { channel_limit: 1 }",
    );
    let snapshot = Snapshot::compile(1, &limited, None).unwrap();
    let plan = routed(&snapshot, "441212345678");
    let _held = plan.candidates[0].admit(&snapshot, 0, 1_000_000).unwrap();
    let explanation = explained(&snapshot, "441212345678");
    assert_eq!(
        routes(&explanation),
        [
            [
                &json!(1),
                &json!("zenith-out"),
                &json!("lost"),
                &json!("carrier_channel_limit")
            ],
            [
                &json!(2),
                &json!("acme-out"),
                &json!("chosen"),
                &Value::Null
            ],
        ]
    );
}

#[test]
fn a_refused_call_ends_at_the_step_that_refused_it() {
    let snapshot = snapshot();
    for (called, step) in [("alice", "number"), ("39061234567", "customer_rate")] {
        let explanation = explained(&snapshot, called);
        let last = explanation["steps"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .clone();
        assert_eq!(
            (&last["step"], &last["outcome"]),
            (&json!(step), &json!("refused"))
        );
        assert_eq!(explanation["routes"], json!([]));
    }
}

#[test]
fn a_customer_can_stand_for_its_address() {
    let snapshot = snapshot();
    let mut request = call("442012345678", 0);
    request.source = Source::Customer("Meridian");
    assert!(explain(&request, &snapshot).accepted);
    request.source = Source::Customer("Nobody");
    let refused = explain(&request, &snapshot);
    assert!(!refused.accepted);
    assert!(refused.steps[0].detail.contains("customer \"Nobody\""));
}

#[test]
fn explaining_takes_nothing_and_says_the_same_again() {
    let snapshot = Snapshot::compile(
        1,
        &changed(
            "rate_card: retail }",
            "rate_card: retail, cps_limit: 1, channel_limit: 1 }",
        ),
        None,
    )
    .unwrap();
    let first = explained(&snapshot, "442012345678");
    for _ in 0..10 {
        assert_eq!(
            explained(&snapshot, "442012345678").to_string(),
            first.to_string()
        );
    }
    assert_eq!(snapshot.customers()[0].channels_in_use(), 0);
}
