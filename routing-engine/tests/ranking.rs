//! In which order routes are tried, and which are not.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::ReleaseReason;
use routing_engine::DryAdmission;
use routing_engine::decide::CANDIDATES_MAX;
use routing_engine::resources::MediaMode;
use routing_engine::{Decision, Snapshot};
use small::{WORLD, changed, place, resources, routed, snapshot, trunks};
use std::fmt::Write;

fn compiled(from: &str, to: &str) -> Snapshot {
    Snapshot::compile(1, &changed(from, to), None).unwrap()
}

fn order(snapshot: &Snapshot, called: &str) -> Vec<String> {
    trunks(snapshot, &routed(snapshot, called))
}

fn refusal(snapshot: &Snapshot, called: &str) -> ReleaseReason {
    match place(snapshot, called, 1_000_000) {
        Decision::Reject(rejection) => rejection.reason,
        Decision::Route(plan) => panic!("{called}: {plan:?}"),
    }
}

#[test]
fn the_cheaper_route_goes_first_by_the_longest_prefix_of_each_card() {
    let snapshot = snapshot();
    assert_eq!(order(&snapshot, "441212345678"), ["zenith-out", "acme-out"]);
    // Zenith is dearer in London, by its longer prefix.
    assert_eq!(order(&snapshot, "442012345678"), ["acme-out", "zenith-out"]);
}

#[test]
fn increments_and_fees_count_not_the_printed_price() {
    // Acme prints less for a minute and bills whole minutes, 29 for 24 of talk.
    let by_the_minute = compiled(
        "name: acme-buy\nspec:\n  currency: USD\n",
        "name: acme-buy\nspec:\n  currency: USD\n  initial_interval_s: 60\n  next_interval_s: 60\n",
    );
    let price = |snapshot: &Snapshot| {
        let plan = routed(snapshot, "442012345678");
        let acme = plan
            .candidates
            .iter()
            .find(|candidate| &*candidate.egress_trunk(snapshot).resource.name == "acme-out");
        snapshot.expected_per_minute(acme.unwrap().rate).to_string()
    };
    assert_eq!(price(&snapshot()), "0.012");
    assert_eq!(price(&by_the_minute), "0.0145");
    assert_eq!(
        order(&by_the_minute, "442012345678"),
        ["zenith-out", "acme-out"]
    );
    let with_fee = compiled(
        "name: acme-buy\nspec:\n  currency: USD\n",
        "name: acme-buy\nspec:\n  currency: USD\n  connection_fee: 0.004\n",
    );
    assert_eq!(order(&with_fee, "442012345678"), ["zenith-out", "acme-out"]);
}

#[test]
fn equal_costs_go_by_priority_then_weight_then_name() {
    let equal = WORLD.replace("rate_per_minute: 0.011", "rate_per_minute: 0.012");
    let with = |acme: &str, zenith: &str| {
        let text = equal
            .replace("carrier: Acme,", &format!("carrier: Acme, {acme}"))
            .replace("carrier: Zenith,", &format!("carrier: Zenith, {zenith}"));
        let snapshot = Snapshot::compile(1, &resources(&text), None).unwrap();
        order(&snapshot, "441212345678")
    };
    let (acme_first, zenith_first) = (["acme-out", "zenith-out"], ["zenith-out", "acme-out"]);
    assert_eq!(with("", ""), acme_first);
    assert_eq!(with("", "weight: 101,"), zenith_first);
    assert_eq!(with("weight: 101,", "priority: 99,"), zenith_first);
    assert_eq!(
        with("priority: 98,", "priority: 99, weight: 65535,"),
        acme_first
    );
    assert_eq!(with("priority: 0,", "priority: 65535,"), acme_first);
}

#[test]
fn a_route_below_cost_is_dropped_and_a_call_without_another_is_refused() {
    let snapshot = snapshot();
    // Only Acme serves France, at more than the customer pays.
    assert_eq!(
        refusal(&snapshot, "33123456789"),
        ReleaseReason::Unprofitable
    );
    let even = compiled("rate_per_minute: 0.005", "rate_per_minute: 0.004");
    assert_eq!(
        order(&even, "33123456789"),
        ["acme-out"],
        "no loss, no refusal"
    );
}

#[test]
fn the_guard_sees_a_loss_that_prices_of_a_minute_hide() {
    // Sold at 0.02 by the second, bought at 0.018 by the minute: 29 minutes cost for 24 sold.
    let snapshot = compiled(
        "name: zenith-buy\nspec:\n  currency: USD\n  rates:\n    - { prefix: 44, destination: \
         United Kingdom, rate_per_minute: 0.011 }",
        "name: zenith-buy\nspec:\n  currency: USD\n  initial_interval_s: 60\n  next_interval_s: 60\n  \
         rates:\n    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.018 }",
    );
    assert_eq!(order(&snapshot, "441212345678"), ["acme-out"]);
}

#[test]
fn without_rate_or_route_the_reason_says_which() {
    let snapshot = snapshot();
    assert_eq!(
        refusal(&snapshot, "39061234567"),
        ReleaseReason::NoCustomerRate
    );
    assert_eq!(refusal(&snapshot, "74951234567"), ReleaseReason::NoRoute);
}

#[test]
fn inactive_trunks_and_carriers_are_not_tried() {
    let no_trunk = compiled("carrier: Zenith,", "status: inactive, carrier: Zenith,");
    assert_eq!(order(&no_trunk, "441212345678"), ["acme-out"]);
    let no_carrier = compiled(
        "name: Zenith\nspec: {}",
        "name: Zenith\nspec: { status: inactive }",
    );
    assert_eq!(order(&no_carrier, "441212345678"), ["acme-out"]);
}

#[test]
fn the_cheapest_routes_are_kept_when_there_are_more_than_a_plan_holds() {
    let mut text = WORLD.to_owned();
    for number in 0..30 {
        // Dear and cheap ones alternate, so that the order of trunks is not that of prices.
        let price = 10_000 + number * 7 % 30;
        write!(
            text,
            "---\nkind: rate_card\nname: card {number}\nspec:\n  currency: USD\n  rates: [{{ prefix: 7, \
             destination: X, rate_per_minute: 0.0{price} }}]\n---\nkind: trunk\nname: trunk \
             {price}\nspec: {{ direction: egress, carrier: Acme, rate_card: card {number}, gateway: \
             \"192.0.2.9:5060\" }}\n"
        )
        .unwrap();
    }
    let snapshot = Snapshot::compile(1, &resources(&text), None).unwrap();
    let expected: Vec<_> = (0..CANDIDATES_MAX)
        .map(|position| format!("trunk {}", 10_000 + position))
        .collect();
    assert_eq!(order(&snapshot, "74951234567"), expected);
}

#[test]
fn numbers_are_sent_as_each_trunk_wants_them() {
    let snapshot = compiled(
        "rate_card: zenith-buy,",
        "rate_card: zenith-buy, called_number: { strip_prefix: 44, add_prefix: '0' }, \
         calling_number: { add_prefix: '+' },",
    );
    let plan = routed(&snapshot, "+441212345678");
    let sent: Vec<_> = plan
        .candidates
        .iter()
        .map(|candidate| {
            let sent = candidate.numbers_to_send(&snapshot, &plan.numbers, &mut DryAdmission, 0);
            (sent.called.to_string(), sent.calling.to_string())
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("01212345678".to_owned(), "+4420".to_owned()),
            ("441212345678".to_owned(), "4420".to_owned()),
        ]
    );
}

#[test]
fn media_goes_directly_only_when_both_trunks_say_so() {
    let both = WORLD
        .replace("customer: Meridian,", "customer: Meridian, media: direct,")
        .replace("carrier: Acme,", "carrier: Acme, media: direct,");
    let snapshot = Snapshot::compile(1, &resources(&both), None).unwrap();
    let plan = routed(&snapshot, "442012345678");
    let media: Vec<_> = plan
        .candidates
        .iter()
        .map(|candidate| candidate.media(&snapshot, plan.ingress_trunk))
        .collect();
    assert_eq!(media, [MediaMode::Direct, MediaMode::Relay]);
}

#[test]
fn a_rate_is_recorded_as_its_card_has_it() {
    let snapshot = snapshot();
    let plan = routed(&snapshot, "447700900123");
    let applied = snapshot.applied_rate(
        plan.customer_rate,
        &plan.numbers.called,
        plan.caller,
        rating::Timestamp(0),
    );
    assert_eq!(&*applied.rate_card.name, "retail");
    assert_eq!(
        (&*applied.prefix, &*applied.destination),
        ("447", "UK mobile")
    );
    assert_eq!(applied.next_rate_per_minute.to_string(), "0.05");
    let cost = snapshot.applied_rate(
        plan.candidates[0].rate,
        &plan.numbers.called,
        plan.caller,
        rating::Timestamp(0),
    );
    assert_eq!((&*cost.prefix, &*cost.rate_card.name), ("44", "zenith-buy"));
}
