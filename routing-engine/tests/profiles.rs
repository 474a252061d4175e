//! What an LCR profile and routes make of the same carriers.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use routing_engine::QualityTable;
use routing_engine::explain::explain;
use routing_engine::quality::{Counts, QualityKey, QualityWindow};
use routing_engine::throttle::AttemptEnd;
use routing_engine::{CallRequest, Decision, LiveAdmission, NoTrace, Snapshot, decide};
use small::{call, resources};
use std::collections::BTreeMap;

/// Four carriers A to D that serve 20 and 42 at 1 to 4 cents, with priorities 4 to 1; two customers.
fn world(more: &str) -> Snapshot {
    let mut yaml = String::new();
    for (index, name) in ["A", "B", "C", "D"].into_iter().enumerate() {
        let (price, priority) = (index + 1, 4 - index);
        yaml.push_str(&format!(
            r#"
kind: rate_card
name: buy {name}
spec: {{ currency: USD, rates: [{{ prefix: 20, destination: Egypt, rate_per_minute: 0.0{price} }}, {{ prefix: 42, destination: Bohemia, rate_per_minute: 0.0{price} }}] }}
---
kind: carrier
name: {name}
spec: {{}}
---
kind: trunk
name: out {name}
spec: {{ direction: egress, carrier: {name}, rate_card: buy {name}, gateway: "192.0.2.9:{price}", priority: {priority},
        throttle: {{ attempts_min: 3, share_percent: 0 }} }}
---
"#
        ));
    }
    yaml.push_str(
        r#"
kind: rate_card
name: sell
spec: { currency: USD, rates: [{ prefix: 20, destination: Egypt, rate_per_minute: 0.05 }, { prefix: 42, destination: Bohemia, rate_per_minute: 0.05 }] }
---
kind: customer_group
name: gold
spec: { category: wholesale }
---
kind: customer
name: XYZ
spec: { rate_card: sell, group: gold }
---
kind: customer
name: other
spec: { rate_card: sell }
---
kind: trunk
name: in XYZ
spec: { direction: ingress, customer: XYZ, source_addresses: [192.0.2.21] }
---
kind: trunk
name: in other
spec: { direction: ingress, customer: other, source_addresses: [192.0.2.22] }
"#,
    );
    yaml.push_str(more);
    Snapshot::compile(1, &resources(&yaml), None).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// The carriers of XYZ's call in hunting order, as one word.
fn order(snapshot: &Snapshot, draw: u64) -> String {
    order_of(
        snapshot,
        CallRequest {
            draw,
            ..call("201234567", 0)
        },
    )
}

fn order_of(snapshot: &Snapshot, request: CallRequest<'_>) -> String {
    match decide(&request, snapshot, &mut LiveAdmission, &mut NoTrace) {
        Decision::Route(plan) => {
            let names = plan.candidates.iter().map(|candidate| {
                snapshot
                    .carrier(candidate.carrier)
                    .resource
                    .name
                    .to_string()
            });
            names.collect()
        }
        Decision::Reject(rejection) => format!("{:?}", rejection.reason),
    }
}

fn with_profile(spec: &str) -> Snapshot {
    world(&format!("---\nkind: lcr_profile\nname: P\nspec: {spec}\n"))
}

/// How often each carrier goes first in so many calls.
fn firsts(snapshot: &Snapshot, calls: u64) -> BTreeMap<String, u64> {
    let mut firsts = BTreeMap::new();
    for draw in 0..calls {
        *firsts
            .entry(order(snapshot, draw)[..1].to_owned())
            .or_default() += 1;
    }
    firsts
}

#[test]
fn each_strategy_has_its_order() {
    for (profile, expected) in [
        ("{}", "ABCD"),
        ("{ strategy: reverse }", "DCBA"),
        ("{ strategy: priority }", "DCBA"),
        // 1 and 2 cents are within 100 percent of the cheapest; B has the lower priority.
        ("{ strategy: price_band, price_band_percent: 100 }", "BACD"),
        ("{ strategy: price_band, price_band_percent: 99 }", "ABCD"),
        ("{ strategy: manual, carrier_order: [C, A] }", "CABD"),
        ("{ only_carriers: [D, B] }", "BD"),
        ("{ excluded_carriers: [A] }", "BCD"),
        // 3 of 5 cents leave 40 percent.
        ("{ min_margin_percent: 40 }", "ABC"),
        ("{ min_margin_percent: 41 }", "AB"),
        ("{ force_first: [{ carrier: C, percent: 100 }] }", "CABD"),
    ] {
        assert_eq!(order(&with_profile(profile), 7), expected, "{profile}");
    }
}

#[test]
fn shares_are_those_of_the_profile() {
    let percentage = with_profile(
        "{ strategy: percentage, carrier_shares: [{ carrier: B, percent: 70 }, { carrier: D, percent: 30 }] }",
    );
    let shares = firsts(&percentage, 10_000);
    assert!(shares["B"].abs_diff(7_000) < 200, "{shares:?}");
    assert_eq!(shares["B"] + shares["D"], 10_000);
    assert!(["BACD", "DABC"].contains(&order(&percentage, 1).as_str()));

    let forced = with_profile("{ force_first: [{ carrier: C, percent: 20 }] }");
    let shares = firsts(&forced, 10_000);
    assert!(shares["C"].abs_diff(2_000) < 200, "{shares:?}");
    assert_eq!(shares["A"] + shares["C"], 10_000);
}

#[test]
fn a_share_of_a_carrier_without_a_route_goes_to_the_others() {
    let gone = with_profile(
        "{ strategy: percentage, excluded_carriers: [B], carrier_shares: [{ carrier: B, percent: 50 }, \
         { carrier: C, percent: 30 }, { carrier: D, percent: 20 }] }",
    );
    let shares = firsts(&gone, 10_000);
    assert!(shares["C"].abs_diff(6_000) < 200, "{shares:?}");
    assert_eq!(shares["C"] + shares["D"], 10_000);
}

#[test]
fn a_share_that_is_forced_upon_a_carrier_without_a_route_is_shared_as_the_profile_says() {
    let gone = with_profile(
        "{ strategy: percentage, excluded_carriers: [A], force_first: [{ carrier: A, percent: 40 }], \
         carrier_shares: [{ carrier: B, percent: 70 }, { carrier: C, percent: 30 }] }",
    );
    let shares = firsts(&gone, 10_000);
    assert!(shares["B"].abs_diff(7_000) < 200, "{shares:?}");
    assert_eq!(shares["B"] + shares["C"], 10_000);
}

#[test]
fn a_forced_carrier_that_is_only_a_backup_stays_behind() {
    let backup = "---\nkind: route\nname: first\nspec: { carrier: A }\n\
                  ---\nkind: route\nname: second\nspec: { carrier: B }\n\
                  ---\nkind: route_group\nname: G\nspec: { members: [{ route: first }, { route: second, role: backup }] }\n\
                  ---\nkind: lcr_profile\nname: P\nspec: { force_first: [{ carrier: B, percent: 100 }] }\n";
    assert_eq!(order(&world(backup), 0), "ABCD");
}

#[test]
fn weights_decide_among_equal_priorities() {
    let routes = "---\nkind: route\nname: r1\nspec: { carrier: A, priority: 1, weight: 100 }\n\
                  ---\nkind: route\nname: r2\nspec: { carrier: D, priority: 1, weight: 300 }\n\
                  ---\nkind: route\nname: r3\nspec: { carrier: B, priority: 2, weight: 9000 }\n\
                  ---\nkind: lcr_profile\nname: P\nspec: { strategy: weight }\n";
    let snapshot = world(routes);
    let shares = firsts(&snapshot, 10_000);
    assert!(shares["D"].abs_diff(7_500) < 200, "{shares:?}");
    assert_eq!(shares["A"] + shares["D"], 10_000);
    assert!(["ADBC", "DABC"].contains(&order(&snapshot, 1).as_str()));
}

#[test]
fn carriers_take_turns_and_a_push_does_not_begin_anew() {
    let profile = "---\nkind: lcr_profile\nname: P\nspec: { strategy: round_robin }\n";
    let snapshot = world(profile);
    let turns: Vec<_> = (0..5).map(|_| order(&snapshot, 0)).collect();
    assert_eq!(turns, ["ABCD", "BCDA", "CDAB", "DABC", "ABCD"]);
    let request = call("201234567", 0);
    assert_eq!(explain(&request, &snapshot).routes[0].carrier.as_ref(), "B");
    assert_eq!(
        explain(&request, &snapshot).routes[0].carrier.as_ref(),
        "B",
        "a look takes none"
    );
    assert_eq!(order(&snapshot, 0), "BCDA");
}

#[test]
fn two_destinations_that_alternate_have_turns_of_their_own() {
    let snapshot = world(
        "---\nkind: lcr_profile\nname: P\nspec: { strategy: round_robin, only_carriers: [A, B] }\n",
    );
    let mut of_egypt = String::new();
    for _ in 0..4 {
        of_egypt.push_str(&order(&snapshot, 0)[..1]);
        let other = CallRequest {
            called: "421234567",
            ..call("", 0)
        };
        assert!(["AB", "BA"].contains(&order_of(&snapshot, other).as_str()));
    }
    assert_eq!(of_egypt, "ABAB");
}

#[test]
fn the_most_specific_profile_counts() {
    let profile = |name: &str, assign: &str, strategy: &str| {
        format!(
            "---\nkind: lcr_profile\nname: {name}\nassign: {assign}\nspec: {{ strategy: {strategy} }}\n"
        )
    };
    let all = profile("a", "{ all: true }", "reverse");
    let category = profile(
        "b",
        "{ categories: [wholesale] }",
        "{ manual, carrier_order: [B] }",
    )
    .replace(
        "strategy: { manual, carrier_order: [B] }",
        "strategy: manual, carrier_order: [B]",
    );
    let group = category
        .replace("name: b", "name: c")
        .replace("categories: [wholesale]", "groups: [gold]")
        .replace("[B]", "[C]");
    let customer = category
        .replace("name: b", "name: d")
        .replace("categories: [wholesale]", "customers: [XYZ]")
        .replace("[B]", "[D]");
    assert_eq!(order(&world(&all), 0), "DCBA");
    assert_eq!(
        order(&world(&format!("{all}{category}")), 0),
        "BACD",
        "the group's category is its own"
    );
    assert_eq!(order(&world(&format!("{all}{category}{group}")), 0), "CABD");
    let snapshot = world(&format!("{all}{category}{group}{customer}"));
    assert_eq!(order(&snapshot, 0), "DABC");
    let mut request = call("201234567", 0);
    request.source = routing_engine::Source::Customer("other");
    assert_eq!(order_of(&snapshot, request), "DCBA");
}

#[test]
fn a_customer_has_its_own_routes_and_others_do_not() {
    let only_c = "---\nkind: route\nname: XYZ Egypt via C only\nassign: { customers: [XYZ] }\n\
                  spec: { carrier: C, prefixes: [20], exclusive: true }\n";
    let snapshot = world(only_c);
    assert_eq!(order(&snapshot, 0), "C");
    let mut request = call("201234567", 0);
    request.source = routing_engine::Source::Customer("other");
    assert_eq!(order_of(&snapshot, request), "ABCD");

    let explained = explain(&call("201234567", 0), &snapshot);
    assert_eq!(
        explained.routes[0].route.as_deref(),
        Some("XYZ Egypt via C only")
    );
    let lost: Vec<_> = explained.routes[1..]
        .iter()
        .map(|route| route.reason.unwrap())
        .collect();
    assert_eq!(lost, ["not_exclusive"; 3]);
}

#[test]
fn primary_routes_go_before_backups_and_these_before_all_others() {
    let groups = "---\nkind: route\nname: first\nspec: { carrier: D }\n\
                  ---\nkind: route\nname: second\nspec: { trunk: out C }\n\
                  ---\nkind: route_group\nname: G\nspec: { members: [{ route: first }, { route: second, role: backup }] }\n";
    assert_eq!(order(&world(groups), 0), "DCAB");
    let closed = groups.replace("spec: { members", "spec: { status: inactive, members");
    assert_eq!(order(&world(&closed), 0), "ABCD");
}

#[test]
fn a_route_counts_within_its_schedule_and_for_its_calling_numbers() {
    let routes = "---\nkind: schedule\nname: nights\nspec: { time_zone: Europe/Vienna, hours: [{ days: [sunday], from: '22:00', to: '06:00' }] }\n\
                  ---\nkind: route\nname: night\nspec: { carrier: D, schedule: nights }\n\
                  ---\nkind: route\nname: German callers\nspec: { carrier: C, calling_prefixes: [49] }\n";
    let snapshot = world(routes);
    let at = |text: &str, calling| {
        let time: jiff::Timestamp = text.parse().unwrap();
        let at = rating::Timestamp(time.as_microsecond());
        order_of(
            &snapshot,
            CallRequest {
                at,
                calling,
                ..call("201234567", 0)
            },
        )
    };
    assert_eq!(at("2026-11-22T21:00:00Z", "4420"), "DABC");
    assert_eq!(at("2026-11-23T05:00:00Z", "4420"), "ABCD");
    assert_eq!(at("2026-11-22T20:59:59Z", "+4930"), "CABD");
    assert_eq!(at("2026-11-22T21:00:00Z", "+4930"), "CDAB");
}

#[test]
fn names_that_lead_nowhere_are_told() {
    let yaml = "kind: lcr_profile\nname: P\nspec: { only_carriers: [nobody] }\n---\n\
                kind: route\nname: R\nspec: { trunk: nowhere, schedule: never, voice_tier: none }\n---\n\
                kind: route_group\nname: G\nspec: { members: [{ route: missing }] }\n";
    let faults = Snapshot::compile(1, &resources(yaml), None).unwrap_err();
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    for text in ["nobody", "nowhere", "never", "none", "missing"] {
        assert!(
            faults.iter().any(|fault| fault.contains(text)),
            "{text}: {faults:#?}"
        );
    }
}

#[test]
fn more_routes_than_one_number_may_have_are_refused() {
    let routes: String = (0..65)
        .map(|index| {
            format!(
                "---\nkind: route\nname: r{index}\nspec: {{ carrier: A, prefixes: [2{}] }}\n",
                if index % 2 == 0 { "" } else { "0" }
            )
        })
        .collect();
    let yaml = format!(
        "kind: carrier\nname: A\nspec: {{}}\n---\nkind: rate_card\nname: sell\nspec: {{ currency: USD, rates: [] }}\n---\nkind: customer\nname: XYZ\nspec: {{ rate_card: sell }}\n{routes}"
    );
    let faults = Snapshot::compile(1, &resources(&yaml), None).unwrap_err();
    assert!(
        faults
            .iter()
            .any(|fault| fault.to_string().contains("65 of its routes")),
        "{faults:#?}"
    );
}

/// Carriers by number, each with attempts to 20 and how many of them were answered.
fn observed(carriers: &[(&Snapshot, &str, u32, u32)]) -> QualityTable {
    let counted = carriers.iter().map(|(snapshot, name, attempts, answered)| {
        let mut all = snapshot.carriers().iter();
        let carrier = all
            .find(|carrier| *carrier.resource.name == **name)
            .unwrap();
        let counts = Counts {
            attempts: *attempts,
            answered: *answered,
            effective: *answered,
            ..Counts::default()
        };
        (QualityKey::new(carrier.resource.id, "20"), counts)
    });
    let mut window = QualityWindow::default();
    window.add(0, counted);
    window.table(0)
}

fn order_with(snapshot: &Snapshot, quality: &QualityTable, draw: u64) -> String {
    order_of(
        snapshot,
        CallRequest {
            draw,
            quality,
            ..call("201234567", 0)
        },
    )
}

#[test]
fn quality_and_cost_are_balanced() {
    let balanced = |percent| {
        with_profile(&format!(
            "{{ strategy: quality, quality_balance_percent: {percent} }}"
        ))
    };
    for (percent, expected) in [(0, "ABCD"), (70, "BACD"), (100, "BCDA")] {
        let snapshot = balanced(percent);
        let quality = observed(&[(&snapshot, "A", 500, 0), (&snapshot, "B", 500, 500)]);
        assert_eq!(order_with(&snapshot, &quality, 0), expected, "{percent}");
    }
}

#[test]
fn carriers_below_the_floor_go_last_and_are_still_tried() {
    let snapshot = with_profile("{ quality_floor: { asr_percent: 30 } }");
    let quality = observed(&[(&snapshot, "A", 500, 100), (&snapshot, "C", 500, 100)]);
    assert_eq!(order_with(&snapshot, &quality, 0), "BDAC");
    assert_eq!(order(&snapshot, 0), "ABCD", "nothing is known");
}

#[test]
fn a_share_of_calls_tries_carriers_that_are_not_tested() {
    let snapshot = with_profile("{ explore_percent: 10 }");
    let tested = observed(&[
        (&snapshot, "A", 500, 400),
        (&snapshot, "B", 29, 20),
        (&snapshot, "C", 30, 20),
        (&snapshot, "D", 500, 20),
    ]);
    let explores = (0..10_000)
        .filter(|draw| order_with(&snapshot, &tested, *draw) == "BACD")
        .count();
    assert!((900..1_100).contains(&explores), "{explores}");
    let others = (0..100).map(|draw| order_with(&snapshot, &tested, draw));
    assert!(
        others
            .into_iter()
            .all(|order| order == "BACD" || order == "ABCD")
    );
}

#[test]
fn what_does_too_badly_goes_behind_backups_and_carriers_without_a_route() {
    let to_a = |exclusive: bool| {
        format!("---\nkind: route\nname: r\nspec: {{ carrier: A, exclusive: {exclusive} }}\n")
    };
    let floor = "---\nkind: lcr_profile\nname: P\nspec: { quality_floor: { asr_percent: 30 } }\n";
    let snapshot = world(&format!("{}{floor}", to_a(false)));
    let quality = observed(&[(&snapshot, "A", 500, 100)]);
    assert_eq!(order(&snapshot, 0), "ABCD");
    assert_eq!(order_with(&snapshot, &quality, 0), "BCDA");

    for (exclusive, expected) in [(false, "BCDA"), (true, "A")] {
        let snapshot = world(&to_a(exclusive));
        let mut trunks = snapshot.egress_trunks().iter();
        let trunk = trunks
            .find(|trunk| *trunk.resource.name == *"out A")
            .unwrap();
        (0..3).for_each(|_| trunk.note_attempt(AttemptEnd::Silence, 0));
        assert_eq!(order(&snapshot, 0), expected);
    }
}

#[test]
fn a_call_that_has_nothing_to_explore_keeps_its_share() {
    let snapshot = with_profile(
        "{ strategy: percentage, explore_percent: 20, carrier_shares: [{ carrier: B, percent: 50 }, \
         { carrier: C, percent: 50 }] }",
    );
    let tested = ["A", "B", "C", "D"].map(|name| (&snapshot, name, 500, 300));
    let tested = observed(&tested);
    let mut of_b = 0;
    for draw in 0..10_000 {
        let order = order_with(&snapshot, &tested, draw);
        assert!(["B", "C"].contains(&&order[..1]), "{order}");
        of_b += u32::from(order.starts_with('B'));
    }
    assert!(of_b.abs_diff(5_000) < 200, "{of_b}");
}
