//! Who may call, how often and how many at once, also across a change of the configuration.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::ReleaseReason;
use routing_engine::{Decision, Rejection, RoutePlan, Snapshot, Source, explain::explain};
use small::{WORLD, call, changed, place, resources, routed, snapshot};
use std::net::IpAddr;

const UK: &str = "441212345678";

fn compiled(from: &str, to: &str) -> Snapshot {
    Snapshot::compile(1, &changed(from, to), None).unwrap()
}

fn rejection(snapshot: &Snapshot, called: &str, now_us: u64) -> Rejection {
    match place(snapshot, called, now_us) {
        Decision::Reject(rejection) => rejection,
        Decision::Route(plan) => panic!("{called}: {plan:?}"),
    }
}

fn is_routed(snapshot: &Snapshot, now_us: u64) -> bool {
    matches!(place(snapshot, UK, now_us), Decision::Route(_))
}

fn in_use(snapshot: &Snapshot) -> [u32; 2] {
    [
        snapshot.customers()[0].channels_in_use(),
        snapshot.ingress_trunks()[0].channels_in_use(),
    ]
}

#[test]
fn a_refused_call_says_what_was_known_by_then() {
    let snapshot = snapshot();
    let no_rate = rejection(&snapshot, "39061234567", 0);
    assert_eq!(no_rate.reason, ReleaseReason::NoCustomerRate);
    assert!(no_rate.customer.is_some() && no_rate.ingress_trunk.is_some());
    assert_eq!(no_rate.called_number.as_deref(), Some("39061234567"));
    assert_eq!(no_rate.customer_rate, None);

    let bad_number = rejection(&snapshot, "alice", 0);
    assert_eq!(bad_number.reason, ReleaseReason::InvalidNumber);
    assert!(bad_number.customer.is_some() && bad_number.called_number.is_none());

    let mut stranger = call(UK, 0);
    stranger.source = Source::Address(IpAddr::from([192, 0, 2, 22]));
    let explanation = explain(&stranger, &snapshot);
    assert_eq!(explanation.reason, Some(ReleaseReason::UnknownSource));
    assert_eq!(explanation.customer, None);
}

#[test]
fn an_inactive_customer_and_an_inactive_trunk_are_refused() {
    let customer = compiled(
        "rate_card: retail }",
        "rate_card: retail, status: inactive }",
    );
    assert_eq!(
        rejection(&customer, UK, 0).reason,
        ReleaseReason::CustomerInactive
    );
    let trunk = compiled(
        "customer: Meridian,",
        "customer: Meridian, status: inactive,",
    );
    assert_eq!(
        rejection(&trunk, UK, 0).reason,
        ReleaseReason::UnknownSource
    );
}

#[test]
fn trunks_of_one_address_are_told_apart_by_the_longest_tech_prefix() {
    let text = format!(
        "{WORLD}---\nkind: trunk\nname: premium\nspec: {{ direction: ingress, customer: Meridian, \
         source_addresses: [192.0.2.21], tech_prefix: '99#' }}\n---\nkind: trunk\nname: \
         gold\nspec: {{ direction: ingress, customer: Meridian, source_addresses: [192.0.2.0/24], \
         tech_prefix: '99#9' }}\n"
    );
    let snapshot = Snapshot::compile(1, &resources(&text), None).unwrap();
    let trunk = |called: &str| {
        let plan = routed(&snapshot, called);
        assert_eq!(&*plan.numbers.called, UK);
        snapshot
            .ingress_trunk(plan.ingress_trunk)
            .resource
            .name
            .to_string()
    };
    assert_eq!(trunk(UK), "meridian-in");
    assert_eq!(trunk(&format!("99#{UK}")), "premium");
    assert_eq!(trunk(&format!("99#+{UK}")), "premium");
    // The range of the other is wider, however long its prefix.
    assert_eq!(
        rejection(&snapshot, &format!("99#9{UK}"), 0).reason,
        ReleaseReason::NoCustomerRate
    );
}

#[test]
fn ten_calls_a_second_pass_of_fifty() {
    let snapshot = compiled("rate_card: retail }", "rate_card: retail, cps_limit: 10 }");
    let mut reasons = std::collections::HashSet::new();
    for second in 0..30_u64 {
        let calls = (0..50).map(|call| second * 1_000_000 + call * 20_000);
        let passed = calls
            .filter(|now_us| match place(&snapshot, UK, *now_us) {
                Decision::Route(_) => true,
                Decision::Reject(rejection) => {
                    reasons.insert(rejection.reason);
                    false
                }
            })
            .count();
        assert!((9..=11).contains(&passed), "second {second}: {passed}");
    }
    assert_eq!(Vec::from_iter(reasons), [ReleaseReason::CustomerCpsLimit]);
    assert_eq!(in_use(&snapshot), [0, 0]);
}

#[test]
fn each_limit_of_the_ingress_side_has_its_own_reason() {
    let cases = [
        (
            "rate_card: retail }",
            "rate_card: retail, cps_limit: 1 }",
            ReleaseReason::CustomerCpsLimit,
        ),
        (
            "rate_card: retail }",
            "rate_card: retail, channel_limit: 1 }",
            ReleaseReason::CustomerChannelLimit,
        ),
        (
            "customer: Meridian,",
            "customer: Meridian, cps_limit: 1,",
            ReleaseReason::TrunkCpsLimit,
        ),
        (
            "customer: Meridian,",
            "customer: Meridian, channel_limit: 1,",
            ReleaseReason::TrunkChannelLimit,
        ),
    ];
    for (from, to, reason) in cases {
        let snapshot = compiled(from, to);
        let _held = routed(&snapshot, UK);
        assert_eq!(rejection(&snapshot, UK, 1_000_000).reason, reason);
        let explanation = explain(&call(UK, 1_000_000), &snapshot);
        assert_eq!(explanation.reason, Some(reason), "a look says the same");
    }
}

#[test]
fn each_limit_of_the_egress_side_has_its_own_reason() {
    let cases = [
        (
            "name: Zenith\nspec: {}",
            "name: Zenith\nspec: { cps_limit: 1 }",
            ReleaseReason::CarrierCpsLimit,
        ),
        (
            "name: Zenith\nspec: {}",
            "name: Zenith\nspec: { channel_limit: 1 }",
            ReleaseReason::CarrierChannelLimit,
        ),
        (
            "carrier: Zenith,",
            "carrier: Zenith, cps_limit: 1,",
            ReleaseReason::TrunkCpsLimit,
        ),
        (
            "carrier: Zenith,",
            "carrier: Zenith, channel_limit: 1,",
            ReleaseReason::TrunkChannelLimit,
        ),
    ];
    for (from, to, reason) in cases {
        let snapshot = compiled(from, to);
        let plan = routed(&snapshot, UK);
        let [zenith, acme] = [plan.candidates[0], plan.candidates[1]];
        let held = zenith.admit(&snapshot, 0, 1_000_000).unwrap();
        assert_eq!(zenith.admit(&snapshot, 0, 1_000_000).unwrap_err(), reason);
        assert!(
            acme.admit(&snapshot, 0, 1_000_000).is_ok(),
            "the next route is not touched"
        );
        drop(held);
        assert!(zenith.admit(&snapshot, 0, 3_000_000).is_ok());
        assert_eq!(snapshot.carriers()[1].channels_in_use(), 0);
    }
}

#[test]
fn calls_stay_counted_when_the_configuration_changes_under_them() {
    let first = compiled(
        "rate_card: retail }",
        "rate_card: retail, channel_limit: 2 }",
    );
    let plans: Vec<RoutePlan> = (0..2).map(|_| routed(&first, UK)).collect();
    let attempt = plans[0].candidates[0].admit(&first, 0, 1_000_000).unwrap();

    // A lower limit takes no call until enough have ended; a higher one takes calls at once.
    let lower = changed(
        "rate_card: retail }",
        "rate_card: retail, channel_limit: 1 }",
    );
    let lower = Snapshot::compile(2, &lower, Some(&first)).unwrap();
    assert_eq!(in_use(&lower), [2, 2]);
    assert_eq!(
        rejection(&lower, UK, 2_000_000).reason,
        ReleaseReason::CustomerChannelLimit
    );
    let higher = changed(
        "rate_card: retail }",
        "rate_card: retail, channel_limit: 3 }",
    );
    let higher = Snapshot::compile(3, &higher, Some(&lower)).unwrap();
    assert_eq!(higher.number(), 3);
    assert!(is_routed(&higher, 2_000_000));
    assert_eq!(higher.carriers()[1].channels_in_use(), 1);

    // The snapshots that the calls began under are gone; their permits are not.
    drop((first, lower));
    drop(plans);
    drop(attempt);
    assert_eq!(in_use(&higher), [0, 0]);
    assert_eq!(higher.carriers()[1].channels_in_use(), 0);
}

#[test]
fn a_trunk_that_is_switched_off_and_on_again_keeps_its_count() {
    let on = snapshot();
    let _plan = routed(&on, UK);
    let off = changed(
        "customer: Meridian,",
        "customer: Meridian, status: inactive,",
    );
    let off = Snapshot::compile(2, &off, Some(&on)).unwrap();
    let again = Snapshot::compile(3, &resources(WORLD), Some(&off)).unwrap();
    assert_eq!(in_use(&again), [1, 1]);
}

#[test]
fn a_call_that_is_refused_after_admission_holds_no_channel() {
    let snapshot = snapshot();
    for called in ["39061234567", "33123456789", "74951234567"] {
        rejection(&snapshot, called, 1_000_000);
    }
    assert_eq!(in_use(&snapshot), [0, 0]);
}
