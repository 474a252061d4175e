#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::deck::{Deck, DestinationNames};
use crate::documents::parse_documents;
use crate::resources::{Assigned, PricedCard, ResourceSpec, Resources, Stored};

/// Two customers on one card, one on another, two carriers; the second has a range of its own.
const WORLD: &str = r#"
kind: rate_card
name: retail
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.02 }
    - { prefix: 33, destination: France, rate_per_minute: 0.03 }
    - { prefix: 49, destination: Germany, rate_per_minute: 0.03 }
---
kind: rate_card
name: other
spec: { currency: USD, rates: [{ prefix: 44, destination: United Kingdom, rate_per_minute: 0.5 }] }
---
kind: rate_card
name: buy a
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: UK, rate_per_minute: 0.012 }
    - { prefix: 33, destination: France, rate_per_minute: 0.01 }
---
kind: rate_card
name: buy b
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: UK, rate_per_minute: 0.011 }
    - { prefix: 447, destination: UK mobile, rate_per_minute: 0.013 }
---
kind: carrier
name: A
spec: {}
---
kind: carrier
name: B
spec: {}
---
kind: trunk
name: out a
spec: { direction: egress, carrier: A, rate_card: buy a, gateway: "192.0.2.1:5060" }
---
kind: trunk
name: out b
spec: { direction: egress, carrier: B, rate_card: buy b, gateway: "192.0.2.2:5060" }
---
kind: customer
name: one
spec: { rate_card: retail }
---
kind: customer
name: two
spec: { rate_card: retail }
---
kind: customer
name: three
spec: { rate_card: other }
---
kind: lcr_profile
name: P
spec: {}
"#;

fn compiled(text: &str, previous: Option<&Snapshot>) -> Snapshot {
    let documents = parse_documents("world.yaml", text).unwrap_or_else(|p| panic!("{p:#?}"));
    let mut resources = Resources::default();
    for (id, document) in (1..).zip(documents) {
        let (name, assign) = (document.value.name, document.value.assign);
        match document.value.spec {
            ResourceSpec::RateCard(spec) => {
                let names = &mut DestinationNames::default();
                let deck = Deck::from_rows(spec.rates.as_ref().unwrap(), &spec, names).unwrap();
                let same = previous.and_then(|previous| same_deck(previous, id, &deck));
                resources.rate_cards.push(PricedCard {
                    card: Stored { id, name, spec },
                    deck: same.unwrap_or_else(|| Arc::new(deck)),
                });
            }
            ResourceSpec::Carrier(spec) => resources.carriers.push(Stored { id, name, spec }),
            ResourceSpec::Customer(spec) => resources.customers.push(Stored { id, name, spec }),
            ResourceSpec::Trunk(spec) => resources.trunks.push(Stored { id, name, spec }),
            ResourceSpec::LcrProfile(spec) => {
                let stored = Stored { id, name, spec };
                resources.lcr_profiles.push(Assigned { stored, assign });
            }
            ResourceSpec::NumberList(spec) => {
                resources.number_lists.push(Stored { id, name, spec });
            }
            ResourceSpec::Route(spec) => {
                let stored = Stored { id, name, spec };
                resources.routes.push(Assigned { stored, assign });
            }
            other => panic!("{other:?}"),
        }
    }
    Snapshot::compile(1, &resources, previous).unwrap_or_else(|p| panic!("{p:#?}"))
}

/// As the switch does: rates that did not change are shared.
fn same_deck(previous: &Snapshot, id: i64, deck: &Deck) -> Option<Arc<Deck>> {
    let mut known = previous.cards_with_decks();
    let (_, _, before) = known.find(|(known, ..)| *known == id)?;
    before.rows().eq(deck.rows()).then(|| Arc::clone(before))
}

fn check_all(before: &str, after: &str, is_of_cards: bool) -> PriceCheck {
    check_within(before, after, is_of_cards, (QUESTIONS_MAX, LOOKS_MAX))
}

fn check_within(before: &str, after: &str, is_of_cards: bool, limits: (u64, u64)) -> PriceCheck {
    let before = compiled(before, None);
    let after = compiled(after, Some(&before));
    let question = PriceQuestion {
        before: &before,
        after: &after,
        at: Timestamp(0),
        is_of_cards,
        questions_max: limits.0,
        looks_max: limits.1,
    };
    price_check(&question, |_| true)
}

fn changed(from: &str, to: &str) -> String {
    let text = WORLD.replace(from, to);
    assert_ne!(text, WORLD, "{from}");
    text
}

/// Fault, prefix, customers.
fn told(check: &PriceCheck) -> Vec<(PriceFault, &str, String)> {
    let findings = check.findings.iter();
    findings
        .map(|finding| {
            (
                finding.fault,
                finding.prefix.as_str(),
                finding.customers.join(" "),
            )
        })
        .collect()
}

#[test]
fn nothing_is_found_where_nothing_changes_though_something_is_at_fault() {
    let check = check_all(WORLD, WORLD, false);
    // Germany has no route, and had none.
    assert_eq!((told(&check), check.customers), (vec![], 3));
    assert_eq!(check.questions, 4 + 2, "each prefix of each card, and 447");
    assert!(check.is_complete);
    assert_eq!(check_all(WORLD, WORLD, true).questions, 0);
}

#[test]
fn a_customers_price_below_cost_is_found_with_amounts_and_all_customers_of_the_card() {
    let after = changed(
        "France, rate_per_minute: 0.03",
        "France, rate_per_minute: 0.004",
    );
    let check = check_all(WORLD, &after, true);
    assert_eq!(
        told(&check),
        [(PriceFault::BelowCost, "33", "one two".into())]
    );
    assert_eq!(check.questions, 1, "nothing else changes");
    let finding = &check.findings[0];
    assert_eq!(finding.customers_count, 2);
    assert_eq!(finding.loss(), Amount(6_000_000));
    let (after, before) = (&finding.after, &finding.before);
    assert_eq!(
        (after.price, before.price),
        (Some(Amount(4_000_000)), Some(Amount(30_000_000)))
    );
    assert_eq!(
        (after.cost, before.cost),
        (Some(Amount(10_000_000)), Some(Amount(10_000_000)))
    );
    assert_eq!(after.carrier.as_deref(), Some("A"));
    assert_eq!(after.destination.as_deref(), Some("France"));
}

#[test]
fn a_range_that_only_a_carrier_tells_apart_is_found() {
    // Carrier A goes up with all of the United Kingdom, so mobiles are left to B, which gets dear.
    let after = changed("UK, rate_per_minute: 0.012", "UK, rate_per_minute: 0.6").replace(
        "UK mobile, rate_per_minute: 0.013",
        "UK mobile, rate_per_minute: 0.05",
    );
    let check = check_all(WORLD, &after, true);
    assert_eq!(
        told(&check),
        [(PriceFault::BelowCost, "447", "one two".into())]
    );
    assert_eq!(check.findings[0].after.carrier.as_deref(), Some("B"));
    // The other customer pays enough for B.
    assert_eq!(check.counts[&PriceFault::BelowCost], 1);
}

#[test]
fn a_margin_that_a_profile_asks_for_and_carriers_that_go_are_found() {
    let margin = changed(
        "name: P\nspec: {}",
        "name: P\nspec: { min_margin_percent: 60 }",
    );
    let check = check_all(WORLD, &margin, false);
    let faults = [
        (PriceFault::BelowMargin, "447", "one two".into()),
        (PriceFault::BelowMargin, "44", "one two".into()),
    ];
    let mut found = told(&check);
    found.sort_by_key(|(_, prefix, _)| prefix.len());
    found.reverse();
    assert_eq!(found, faults);

    let gone = changed("name: A\nspec: {}", "name: A\nspec: { status: inactive }");
    let check = check_all(WORLD, &gone, false);
    assert_eq!(
        told(&check),
        [(PriceFault::NoRoute, "33", "one two".into())]
    );

    let unsold = changed(
        "    - { prefix: 33, destination: France, rate_per_minute: 0.03 }\n",
        "",
    );
    let check = check_all(WORLD, &unsold, true);
    assert_eq!(told(&check), [(PriceFault::NoRate, "33", "one two".into())]);
}

#[test]
fn a_new_customer_and_a_new_destination_below_cost_are_found() {
    let cheap = "---\nkind: rate_card\nname: zero\nspec: { currency: USD, rates: [{ prefix: 33, destination: France, rate_per_minute: 0.001 }] }\n---\nkind: customer\nname: four\nspec: { rate_card: zero }\n";
    let check = check_all(WORLD, &format!("{WORLD}{cheap}"), false);
    assert_eq!(told(&check), [(PriceFault::BelowCost, "33", "four".into())]);
    let range = "    - { prefix: 3361, destination: French mobile, rate_per_minute: 0.002 }\n    - { prefix: 49,";
    let check = check_all(WORLD, &changed("    - { prefix: 49,", range), true);
    assert_eq!(
        told(&check),
        [(PriceFault::BelowCost, "3361", "one two".into())]
    );
}

#[test]
fn beyond_its_limits_the_check_ends_and_says_so() {
    let after = changed("name: A\nspec: {}", "name: A\nspec: { status: inactive }");
    for limits in [(3, LOOKS_MAX), (QUESTIONS_MAX, 7)] {
        let check = check_within(WORLD, &after, false, limits);
        assert!(!check.is_complete, "{limits:?}");
        assert!(check.questions <= 4, "{limits:?}: {}", check.questions);
    }
    let whole = check_within(WORLD, &after, false, (6, 20));
    assert!(whole.is_complete && whole.questions == 6);
}

#[test]
fn the_worst_come_first_and_all_are_counted() {
    let row = |index: usize, price: &str| {
        format!(
            "\n    - {{ prefix: 7{index:03}, destination: Range {index}, rate_per_minute: {price} }}"
        )
    };
    let rows = |price: &dyn Fn(usize) -> String| -> String {
        (0..900).map(|index| row(index, &price(index))).collect()
    };
    let buys = rows(&|_| "0.1".to_owned());
    let world = |sells: String| {
        WORLD
            .replacen("  rates:", &format!("  rates:{sells}"), 1)
            .replace(
                "name: buy a\nspec:\n  currency: USD\n  rates:",
                &format!("name: buy a\nspec:\n  currency: USD\n  rates:{buys}"),
            )
    };
    let before = world(rows(&|_| "0.2".to_owned()));
    let after = world(rows(&|index| format!("0.0{index:03}1")));
    let check = check_all(&before, &after, true);
    assert_eq!(check.counts[&PriceFault::BelowCost], 900);
    assert_eq!(check.findings.len(), FINDINGS_MAX);
    assert_eq!(check.findings[0].prefix, "7000");
    assert!(check.findings.is_sorted_by_key(|finding| -finding.loss().0));
}

/// Calls to British mobiles are tagged, and tagged calls go to B alone.
const TAGGED: &str = r#"---
kind: number_list
name: to mobiles
spec: { action: tag, tag: mobile, entries: ["447"] }
---
kind: route
name: mobiles by B
spec: { prefixes: ["44"], carrier: B, exclusive: true, tags_required: [mobile] }
assign: { all: true }
"#;

#[test]
fn a_loss_on_tagged_calls_alone_is_found_and_names_the_tag() {
    let tagged = format!("{WORLD}{TAGGED}");
    let dearer = tagged.replace(
        "{ prefix: 44, destination: UK, rate_per_minute: 0.011 }",
        "{ prefix: 44, destination: UK, rate_per_minute: 0.03 }",
    );
    let check = check_all(&tagged, &dearer, true);
    // Untagged calls go on by A for 0.012.
    let found: Vec<_> = check
        .findings
        .iter()
        .map(|finding| {
            let tags: Vec<_> = finding.tags.iter().map(|tag| &**tag).collect();
            (finding.fault, finding.prefix.as_str(), tags)
        })
        .collect();
    assert_eq!(
        found,
        [(PriceFault::BelowCost, "44", vec!["mobile"])],
        "{check:#?}"
    );
    assert!(check.is_complete);
    // And where nobody tags calls nothing is asked twice.
    let plain = check_all(WORLD, WORLD, false).questions;
    assert_eq!(check_all(&tagged, &tagged, false).questions, 2 * plain);
}

#[test]
fn more_sets_of_tags_than_are_asked_about_leave_the_check_incomplete() {
    let routes = (0..=TAG_SETS_MAX).map(|number| {
        TAGGED
            .replace("mobiles by B", &format!("route {number}"))
            .replace("to mobiles", &format!("list {number}"))
            .replace("mobile]", &format!("tag{number}]"))
            .replace("tag: mobile", &format!("tag: tag{number}"))
    });
    let text: String = routes.collect();
    let check = check_all(WORLD, &format!("{WORLD}{text}"), false);
    assert!(!check.is_complete);
}

#[test]
fn a_carrier_that_refuses_numbers_is_quoted_and_named_as_unjudged() {
    // B takes no mobiles; a prefix is no number, so that B stays the cheapest of 447.
    let picky = changed(
        "name: B\nspec: {}",
        "name: B\nspec: { numbers: { blocked_classes: [mobile] } }",
    );
    let check = check_all(WORLD, &picky, false);
    assert_eq!(told(&check), vec![], "no loss is made up");
    let names: Vec<_> = check.unjudged_carriers.iter().map(|name| &**name).collect();
    assert_eq!(names, ["B"]);
    assert!(check_all(WORLD, WORLD, false).unjudged_carriers.is_empty());
    let dear = picky.replace("rate_per_minute: 0.02 }", "rate_per_minute: 0.001 }");
    let check = check_all(WORLD, &dear, false);
    let of = |prefix| {
        check
            .findings
            .iter()
            .find(|finding| finding.prefix == prefix)
    };
    assert!(of("44").unwrap().is_carrier_unjudged, "{check:#?}");
}
