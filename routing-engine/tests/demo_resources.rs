//! The demo's files: they are sound, and a call over them is decided as they promise.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/demo.rs"]
mod demo;

use rating::cdr::ReleaseReason;
use routing_engine::explain::{RouteStatus, explain};
use routing_engine::{CallRequest, Snapshot, Source};

fn request<'a>(source: &str, called: &'a str) -> CallRequest<'a> {
    CallRequest {
        source: Source::Address(source.parse().unwrap()),
        called,
        calling: "442071838750",
        identity: Default::default(),
        now_us: 1_000_000,
        at: rating::Timestamp(0),
        draw: 0,
        quality: routing_engine::QualityTable::empty(),
    }
}

#[test]
fn the_demo_compiles_and_its_promises_hold() {
    let resources = demo::resources();
    let snapshot = Snapshot::compile(1, &resources, None).unwrap();
    assert_eq!(snapshot.rates_count(), 4 * 114_805);

    let germany = explain(&request("127.0.0.21", "+4930123456789"), &snapshot);
    assert!(germany.accepted, "{germany:#?}");
    let ranked: Vec<_> = germany
        .routes
        .iter()
        .map(|route| (&*route.carrier, route.status))
        .collect();
    assert_eq!(
        ranked,
        [
            ("Aurora Carrier", RouteStatus::Chosen),
            ("Borealis Carrier", RouteStatus::Available),
        ],
        "the showcase call has a second route to fail over to"
    );
    let rate = germany.customer_rate.as_ref().unwrap();
    assert_eq!(
        (&*rate.destination, rate.prefix.as_str()),
        ("Germany fixed", "4930")
    );

    let brazil = explain(&request("127.0.0.22", "551155512345"), &snapshot);
    assert_eq!(&*brazil.routes[0].carrier, "Borealis Carrier");

    let iceland = explain(&request("127.0.0.21", "3545551234"), &snapshot);
    assert_eq!(iceland.reason, Some(ReleaseReason::Unprofitable));
    assert!(
        iceland
            .routes
            .iter()
            .all(|route| route.reason == Some("below_cost"))
    );

    let stranger = explain(&request("127.0.0.99", "4930123456789"), &snapshot);
    assert_eq!(stranger.reason, Some(ReleaseReason::UnknownSource));
}

#[test]
fn every_dial_code_is_sold_and_bought() {
    let snapshot = Snapshot::compile(1, &demo::resources(), None).unwrap();
    let (mut routed, mut unprofitable) = (0, 0);
    for prefix in demo::prefixes() {
        let called = format!("{prefix}555");
        let explanation = explain(&request("127.0.0.21", &called), &snapshot);
        match explanation.reason {
            None => routed += 1,
            Some(ReleaseReason::Unprofitable) => unprofitable += 1,
            Some(reason) => panic!("{called}: {reason:?}"),
        }
    }
    assert_eq!(routed + unprofitable, 114_805);
    assert!((1..100).contains(&unprofitable), "{unprofitable}");
}
