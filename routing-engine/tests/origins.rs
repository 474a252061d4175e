//! Prices that depend on who calls.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::Timestamp;
use rating::cdr::AppliedRate;
use routing_engine::explain::{Explanation, explain};
use routing_engine::{CallRequest, Decision, LiveAdmission, NoTrace, RoutePlan, Snapshot, decide};
use small::{WORLD, call, resources, trunks};

const RETAIL: &str = "- { prefix: 44, destination: United Kingdom, rate_per_minute: 0.02 }";
const ACME: &str = "- { prefix: 44, destination: United Kingdom, rate_per_minute: 0.012 }";
const ZENITH: &str = "- { prefix: 44, destination: United Kingdom, rate_per_minute: 0.011 }";

/// The world with more rows on the cards of the customer, of Acme and of Zenith.
fn world(more: [&[&str]; 3]) -> Snapshot {
    let mut text = WORLD.to_owned();
    for (known, more) in [RETAIL, ACME, ZENITH].into_iter().zip(more) {
        let mut rows = known.to_owned();
        for row in more {
            rows += &format!("\n    - {{ {row} }}");
        }
        assert!(text.contains(known));
        text = text.replacen(known, &rows, 1);
    }
    Snapshot::compile(1, &resources(&text), None).unwrap()
}

fn request<'c>(calling: &'c str, called: &'c str) -> CallRequest<'c> {
    CallRequest {
        calling,
        ..call(called, 1_000_000)
    }
}

fn routed(snapshot: &Snapshot, calling: &str, called: &str) -> RoutePlan {
    let request = request(calling, called);
    match decide(&request, snapshot, &mut LiveAdmission, &mut NoTrace) {
        Decision::Route(plan) => plan,
        Decision::Reject(rejection) => panic!("{calling} to {called}: {rejection:?}"),
    }
}

/// What the customer pays, as the record keeps it.
fn paid(snapshot: &Snapshot, plan: &RoutePlan) -> AppliedRate {
    let called = &plan.numbers.called;
    snapshot.applied_rate(plan.customer_rate, called, plan.caller, Timestamp(0))
}

/// Price and origin of the customer's rate, and the first route.
fn told(snapshot: &Snapshot, calling: &str, called: &str) -> (String, String, String) {
    let plan = routed(snapshot, calling, called);
    let rate = paid(snapshot, &plan);
    let price = rate.next_rate_per_minute.to_string();
    let first = trunks(snapshot, &plan).swap_remove(0);
    (price, rate.origin.to_string(), first)
}

fn expected(price: &str, origin: &str, first: &str) -> (String, String, String) {
    (price.to_owned(), origin.to_owned(), first.to_owned())
}

#[test]
fn two_callers_of_one_number_have_two_prices_and_two_cheapest_carriers() {
    let snapshot = world([
        &["prefix: 44, origin: '33', destination: United Kingdom, rate_per_minute: 0.5"],
        &["prefix: 44, origin: '33', destination: United Kingdom, rate_per_minute: 0.1"],
        &["prefix: 44, origin: '33', destination: United Kingdom, rate_per_minute: 0.3"],
    ]);
    let number = "441234567";
    assert_eq!(
        told(&snapshot, "4930123", number),
        expected("0.02", "", "zenith-out")
    );
    for caller in ["33123456", "+33123456", "0033123456"] {
        assert_eq!(
            told(&snapshot, caller, number),
            expected("0.5", "33", "acme-out")
        );
    }
    // Who calls is unknown: the rate for all.
    for caller in [
        "",
        "anonymous",
        "alice33",
        "33",
        "331234",
        "3312345678901234",
    ] {
        assert_eq!(
            told(&snapshot, caller, number),
            expected("0.02", "", "zenith-out")
        );
    }
    let plan = routed(&snapshot, "+33123456", number);
    let cost = snapshot.applied_rate(
        plan.candidates[0].rate,
        &plan.numbers.called,
        plan.caller,
        Timestamp(0),
    );
    assert_eq!((&*cost.prefix, &*cost.origin.to_string()), ("44", "33"));
    assert_eq!(cost.next_rate_per_minute.to_string(), "0.1");
}

#[test]
fn the_called_prefix_counts_first_and_then_the_longest_origin() {
    let snapshot = world([
        &[
            "prefix: 44, origin: '3', destination: A, rate_per_minute: 0.03",
            "prefix: 44, origin: '331', destination: B, rate_per_minute: 0.04",
            "prefix: 4420, destination: London, rate_per_minute: 0.06",
            "prefix: 4421, origin: '49', destination: C, rate_per_minute: 0.07",
        ],
        &[],
        &[],
    ]);
    let price = |calling, called| told(&snapshot, calling, called).0;
    assert_eq!(price("33123456", "441234"), "0.04");
    assert_eq!(price("33223456", "441234"), "0.03");
    assert_eq!(
        price("33123456", "442034"),
        "0.06",
        "a longer prefix for all"
    );
    assert_eq!(
        price("33123456", "442134"),
        "0.04",
        "that one is for others"
    );
    assert_eq!(price("49123456", "442134"), "0.07");
}

#[test]
fn the_longest_origin_counts_among_the_most_that_a_caller_can_have() {
    let number = "123456789012345";
    let lengths = || 1..=number.len();
    let rows = lengths().map(|length| {
        let origin = &number[..length];
        format!("prefix: 44, origin: '{origin}', destination: A, rate_per_minute: 0.1{length:02}")
    });
    let rows: Vec<_> = rows.collect();
    let rows: Vec<_> = rows.iter().map(String::as_str).collect();
    let snapshot = world([&rows, &[], &[]]);
    for length in lengths().skip(6) {
        let (price, origin, _) = told(&snapshot, &number[..length], "441234567");
        let expected: rating::Amount = format!("0.1{length:02}").parse().unwrap();
        assert_eq!(price, expected.to_string());
        assert_eq!(origin, number[..length]);
    }
}

const OF_STATES: [&str; 3] = [
    "prefix: 1212, origin: interstate, destination: New York, rate_per_minute: 0.003",
    "prefix: 1212, origin: intrastate, destination: New York, rate_per_minute: 0.03",
    "prefix: 1212, origin: indeterminate, destination: New York, rate_per_minute: 0.02",
];

#[test]
fn a_call_of_the_united_states_is_charged_by_its_jurisdiction() {
    let bought = ["prefix: 1, destination: USA, rate_per_minute: 0.002"];
    let snapshot = world([&OF_STATES, &bought, &[]]);
    let told = |calling, called| told(&snapshot, calling, called);
    let of = |price, origin| expected(price, origin, "acme-out");
    let number = "12125550100";
    assert_eq!(told("+12015550100", number), of("0.003", "interstate"));
    assert_eq!(told("17185550100", number), of("0.03", "intrastate"));
    for caller in ["", "18005550100", "442071234567", "5550100"] {
        assert_eq!(
            told(caller, number),
            of("0.02", "indeterminate"),
            "{caller}"
        );
    }
}

#[test]
fn nothing_that_is_dialled_takes_the_jurisdiction_of_a_call_away() {
    let cheap = "prefix: 1, destination: USA, rate_per_minute: 0.001";
    let bought = ["prefix: 1, destination: USA, rate_per_minute: 0.0005"];
    let sold: Vec<_> = OF_STATES.into_iter().chain([cheap]).collect();
    let snapshot = world([&sold, &bought, &[]]);
    let price = |called| told(&snapshot, "17185550100", called).0;
    for called in [
        "12125550100;npdi;rn=+1-201-555-0000",
        "12125550100;rn=0",
        "12125550100;rn=+442071234567",
        "121255501009",
    ] {
        assert_eq!(price(called), "0.03", "{called}");
    }
    for called in ["12121550100", "1212555010"] {
        assert_eq!(price(called), "0.02", "{called} has no place");
    }
}

#[test]
fn without_a_rate_for_indeterminate_calls_the_dearest_counts_on_both_sides() {
    let bought = [
        "prefix: 1212, origin: interstate, destination: New York, rate_per_minute: 0.002",
        "prefix: 1212, origin: intrastate, destination: New York, rate_per_minute: 0.019",
        "prefix: 1212, destination: New York, rate_per_minute: 0.001",
    ];
    let snapshot = world([&OF_STATES, &bought, &[]]);
    let plan = routed(&snapshot, "anonymous", "12125550100");
    let cost = snapshot.terms(plan.candidates[0].rate).next_rate_per_minute;
    assert_eq!(cost.to_string(), "0.019", "never under cost");
    let bought = snapshot.applied_rate(plan.candidates[0].rate, "12125550100", None, Timestamp(0));
    assert_eq!(
        bought.origin.to_string(),
        "intrastate",
        "the row that the card has"
    );
    let cheap = routed(&snapshot, "12015550100", "12125550100");
    let cost = snapshot
        .terms(cheap.candidates[0].rate)
        .next_rate_per_minute;
    assert_eq!(cost.to_string(), "0.002");
}

#[test]
fn an_explanation_names_the_jurisdiction_and_the_places() {
    let bought = ["prefix: 1, destination: USA, rate_per_minute: 0.002"];
    let snapshot = world([&OF_STATES, &bought, &[]]);
    let Explanation {
        steps,
        customer_rate,
        routes,
        ..
    } = explain(&request("12015550100", "12125550100"), &snapshot);
    let of = |wanted: &str| steps.iter().find(|step| step.step == wanted).unwrap();
    assert_eq!(of("jurisdiction").detail, "interstate: from US-NJ to US-NY");
    assert!(
        of("customer_rate")
            .detail
            .starts_with("New York interstate at 0.003")
    );
    assert_eq!(customer_rate.unwrap().origin.to_string(), "interstate");
    assert!(routes[0].rate.as_ref().unwrap().origin.is_any());
}
