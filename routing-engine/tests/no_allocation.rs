//! A decision allocates nothing: neither a routed call with its attempts, nor a refused one.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/demo.rs"]
mod demo;

use routing_engine::explain::explain;
use routing_engine::resources::{
    Assigned, Assignment, NumberClass, NumberPolicy, NumberValidation, Resources, Stored,
    UnknownNumbers,
};
use routing_engine::{
    CallRequest, Decision, LiveAdmission, NoTrace, Snapshot, Source, decide, decide_noted,
};
use std::hint::black_box;

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

fn request<'a>(source: &str, called: &'a str, now_us: u64) -> CallRequest<'a> {
    CallRequest {
        source: Source::Address(source.parse().unwrap()),
        called,
        calling: "442071838750",
        identity: Default::default(),
        now_us,
        at: rating::Timestamp(0),
        draw: 0,
        quality: routing_engine::QualityTable::empty(),
    }
}

fn place(snapshot: &Snapshot, request: &CallRequest<'_>) -> bool {
    match decide(request, snapshot, &mut LiveAdmission, &mut NoTrace) {
        Decision::Route(plan) => {
            for candidate in &plan.candidates {
                let permits = candidate.admit(snapshot, 0, request.now_us);
                black_box(candidate.numbers_to_send(
                    snapshot,
                    &plan.numbers,
                    &mut LiveAdmission,
                    request.draw,
                ));
                drop(black_box(permits));
            }
            true
        }
        Decision::Reject(rejection) => {
            black_box(rejection);
            false
        }
    }
}

#[test]
fn cards_of_several_currencies_allocate_nothing() {
    let mut resources = demo::resources();
    let euro = r#"{"currency": "EUR", "rates": [{"from": "2026-11-01", "rate": "1.0842"}]}"#;
    resources.exchange_rates = vec![Stored {
        id: 1,
        name: "euro".to_owned(),
        spec: serde_json::from_str(euro).unwrap(),
    }];
    for card in &mut resources.rate_cards {
        card.card.spec.currency = "EUR".to_owned().try_into().unwrap();
    }
    let snapshot = Snapshot::compile(1, &resources, None).unwrap();
    let request = request("127.0.0.21", "+4930123456789", 1_000_000);
    let mut routed = false;
    let count = allocations(|| routed = place(&snapshot, &request));
    assert_eq!((count, routed), (0, true));
}

#[test]
fn no_call_allocates_whether_routed_or_refused() {
    let snapshot = Snapshot::compile(1, &demo::resources(), None).unwrap();
    let calls = [
        ("127.0.0.21", "+4930123456789", true),
        ("127.0.0.22", "0012125550100", true),
        ("127.0.0.21", "3545551234", false),
        ("127.0.0.21", "alice", false),
        ("127.0.0.99", "4930123456789", false),
        ("2001:db8::1", "4930123456789", false),
    ];
    for (at_s, (source, called, is_routed)) in (1..).zip(calls) {
        let request = request(source, called, at_s * 1_000_000);
        let mut routed = None;
        let count = allocations(|| routed = Some(place(&snapshot, &request)));
        assert_eq!(
            (routed, count),
            (Some(is_routed), 0),
            "{called} from {source}"
        );
    }
}

#[test]
fn rates_by_origin_and_jurisdiction_allocate_nothing() {
    let resources = demo::asking_callers(demo::resources(), &["12", "4930"]);
    let snapshot = Snapshot::compile(1, &resources, None).unwrap();
    let (british, french, american) = ("442071838750", "+33612345678", "17185550100");
    for (at_s, (calling, called, origin)) in (1..).zip([
        (british, "+4930123456789", "4420"),
        (french, "+4930123456789", "33"),
        (american, "+4930123456789", ""),
        (american, "12125550100", "intrastate"),
        (french, "12125550100", "intrastate"),
        ("anonymous", "12125550100", "intrastate"),
    ]) {
        let request = CallRequest {
            calling,
            ..request("127.0.0.21", called, at_s * 1_000_000)
        };
        let mut routed = None;
        let count = allocations(|| routed = Some(place(&snapshot, &request)));
        assert_eq!((routed, count), (Some(true), 0), "{calling} to {called}");
        let told = explain(&request, &snapshot).customer_rate.unwrap();
        assert_eq!(told.origin.to_string(), origin, "{calling} to {called}");
    }
}

/// The demo, with patterns and lists for all customers and carriers.
fn resources_with_numbers() -> Resources {
    let mut resources = demo::resources();
    let rules = serde_json::json!({ "rules": [
        { "pattern": "0([1-9][0-9]+)", "replacement": "49$1" },
        { "pattern": "(4930)([0-9]*)", "replacement": "$1$2" },
    ] });
    let list = serde_json::json!({ "action": "deny", "entries": ["49900", "4418"] });
    let rewriting = serde_json::json!({ "action": "rewrite", "number": "calling",
        "entries": ["44", "4420"], "replacement": "4477" });
    let tagging = serde_json::json!({ "action": "tag", "entries": ["49"], "tag": "germany" });
    resources
        .translation_rules
        .push(stored(900, serde_json::from_value(rules).unwrap()));
    resources
        .number_lists
        .push(stored(901, serde_json::from_value(list).unwrap()));
    for (id, name, list) in [(902, "rewriting", rewriting), (903, "tagging", tagging)] {
        resources.number_lists.push(Stored {
            name: name.to_owned(),
            ..stored(id, serde_json::from_value(list).unwrap())
        });
    }
    let numbers = NumberPolicy {
        called_rules: Some("shared".into()),
        calling_rules: Some("shared".into()),
        lists: vec!["rewriting".into(), "shared".into()],
        blocked_classes: vec![NumberClass::PremiumRate],
        unknown_numbers: UnknownNumbers::Block,
        validation: NumberValidation::Valid,
        cli_rules: Some("shared".into()),
    };
    let cli_rules = serde_json::json!({ "default": "deny", "rules": [
        { "caller": "invalid", "action": "deny" },
        { "pattern": "9+", "action": "deny" },
        { "calling_prefixes": ["49", "4420"], "called_prefixes": ["49"], "action": "replace",
            "pool": ["442079460001", "+442079460002"], "pick": "sticky_called" },
        { "calling_prefixes": ["4477", "44"], "action": "replace", "number": "442079460000" },
    ] });
    resources
        .cli_rules
        .push(stored(904, serde_json::from_value(cli_rules).unwrap()));
    for customer in &mut resources.customers {
        customer.spec.numbers = numbers.clone();
        customer.spec.numbers.lists.push("tagging".into());
    }
    for carrier in &mut resources.carriers {
        carrier.spec.numbers = numbers.clone();
    }
    resources
}

fn stored<T>(id: i64, spec: T) -> Stored<T> {
    Stored {
        id,
        name: "shared".to_owned(),
        spec,
    }
}

#[test]
fn shared_rules_and_lists_allocate_nothing_after_the_first_call() {
    let snapshot = Snapshot::compile(1, &resources_with_numbers(), None).unwrap();
    let calls = [
        ("+4930123456", true),
        ("+4990012345678", false),
        ("+4490987900001", false),
        ("+49301", false),
    ];
    for (called, is_routed) in calls {
        let _ = place(&snapshot, &request("127.0.0.21", called, 1_000_000));
        let request = request("127.0.0.21", called, 2_000_000);
        let mut routed = None;
        let count = allocations(|| routed = Some(place(&snapshot, &request)));
        assert_eq!((routed, count), (Some(is_routed), 0), "{called}");
    }
}

#[test]
fn rules_that_did_not_change_are_shared_with_the_snapshot_before() {
    let resources = resources_with_numbers();
    let before = Snapshot::compile(1, &resources, None).unwrap();
    let request = request("127.0.0.21", "+4930123456789", 1_000_000);
    let _ = place(&before, &request);
    let after = Snapshot::compile(2, &resources, Some(&before)).unwrap();
    let count = allocations(|| _ = place(&after, &request));
    assert_eq!(count, 0);
}

#[test]
fn a_call_that_a_limit_refuses_allocates_nothing() {
    let snapshot = Snapshot::compile(1, &demo::resources(), None).unwrap();
    let request = request("127.0.0.21", "4930123456789", 1_000_000);
    let mut refused = 0;
    let count = allocations(|| {
        refused = (0..100).filter(|_| !place(&snapshot, &request)).count();
    });
    assert!(refused > 50, "{refused}");
    assert_eq!(count, 0);
}

#[test]
fn no_profile_and_no_route_makes_a_decision_allocate() {
    for spec in [
        r#"{"strategy": "weight"}"#,
        r#"{"strategy": "price_band", "price_band_percent": 20}"#,
        r#"{"strategy": "round_robin"}"#,
        r#"{"strategy": "quality", "quality_balance_percent": 50, "explore_percent": 50}"#,
        r#"{"strategy": "reverse", "quality_floor": {"asr_percent": 50}}"#,
    ] {
        let mut resources = demo::resources();
        resources.lcr_profiles = vec![all(1, serde_json::from_str(spec).unwrap())];
        let carriers = resources.carriers.clone();
        let routes = carriers.iter().zip(2..).map(|(carrier, id)| {
            let route = format!(
                r#"{{"carrier": "{}", "prefixes": ["4", "49"]}}"#,
                carrier.name
            );
            all(id, serde_json::from_str(&route).unwrap())
        });
        resources.routes = routes.collect();
        let snapshot = Snapshot::compile(1, &resources, None).unwrap();
        for draw in 1..20 {
            let request = CallRequest {
                draw,
                ..request("127.0.0.21", "+4930123456789", draw * 1_000_000)
            };
            let mut routed = None;
            let count = allocations(|| routed = Some(place(&snapshot, &request)));
            assert_eq!((routed, count), (Some(true), 0), "{spec}");
        }
    }
}

#[test]
fn limits_of_every_kind_allocate_nothing() {
    let mut resources = demo::resources();
    for customer in &mut resources.customers {
        customer.spec.called_number_cps_limit = Some(5);
        customer.spec.called_number_channel_limit = Some(5);
        customer.spec.cps_smoothing_ms = Some(500);
    }
    let carriers = resources.carriers.clone();
    for (carrier, id) in carriers.iter().zip(700..) {
        let route = format!(r#"{{"carrier": "{}", "channel_limit": 9}}"#, carrier.name);
        resources
            .routes
            .push(all(id, serde_json::from_str(&route).unwrap()));
    }
    let snapshot = Snapshot::compile(1, &resources, None).unwrap();
    for at_s in 1..5 {
        let request = request("127.0.0.21", "+4930123456789", at_s * 1_000_000);
        let mut routed = None;
        let count = allocations(|| routed = Some(place(&snapshot, &request)));
        assert_eq!((routed, count), (Some(true), 0));
    }
}

fn all<T>(id: i64, spec: T) -> Assigned<T> {
    Assigned {
        stored: Stored {
            id,
            name: format!("resource {id}"),
            spec,
        },
        assign: Assignment::default(),
    }
}

#[test]
fn a_decision_that_is_noted_allocates_its_record_and_nothing_else() {
    let mut resources = demo::resources();
    let quality = r#"{"strategy": "quality", "quality_balance_percent": 50}"#;
    for profile in [None, Some(quality)] {
        let spec = profile.map(|spec| all(1, serde_json::from_str(spec).unwrap()));
        resources.lcr_profiles = spec.into_iter().collect();
        let snapshot = Snapshot::compile(1, &resources, None).unwrap();
        for called in ["+4930123456789", "0012125550100", "alice"] {
            let request = request("127.0.0.21", called, 1_000_000);
            let count = allocations(|| {
                black_box(decide_noted(&request, &snapshot, &mut LiveAdmission));
            });
            assert_eq!(count, 1, "{called} {profile:?}");
        }
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(black_box(Box::new(1)))), 1);
}
