//! What is wrong between resources is found before anything is published, with its field.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use routing_engine::Snapshot;
use routing_engine::resources::{ResourceKind, Resources};
use small::{WORLD, changed, resources};

fn problems(resources: &Resources) -> Vec<String> {
    let problems = Snapshot::compile(1, resources, None).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_at_all_is_a_snapshot_that_refuses_every_call() {
    let empty = Snapshot::compile(1, &Resources::default(), None).unwrap();
    assert_eq!(empty.rates_count(), 0);
    assert!(matches!(
        small::place(&empty, "4420", 0),
        routing_engine::Decision::Reject(_)
    ));
}

#[test]
fn a_reference_that_leads_nowhere_is_named() {
    let cases = [
        (
            "customer: Meridian,",
            "customer: Median,",
            "trunk \"meridian-in\": customer: there is no customer \"Median\"",
        ),
        (
            "carrier: Acme,",
            "carrier: Akme,",
            "trunk \"acme-out\": carrier: there is no carrier \"Akme\"",
        ),
        (
            "rate_card: acme-buy",
            "rate_card: acme",
            "trunk \"acme-out\": rate_card: there is no rate_card \"acme\"",
        ),
        (
            "rate_card: retail }",
            "rate_card: gold }",
            "customer \"Meridian\": rate_card: there is no rate_card \"gold\"",
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(problems(&changed(from, to)), [expected]);
    }
}

#[test]
fn two_trunks_that_claim_the_same_calls_are_named() {
    let text = format!(
        "{WORLD}---\nkind: trunk\nname: twin\nspec: {{ direction: ingress, customer: Meridian, \
         source_addresses: [192.0.2.0/24, 192.0.2.21] }}\n"
    );
    let found = problems(&resources(&text));
    assert_eq!(found.len(), 1);
    let expected = "trunk \"twin\": source_addresses: 192.0.2.21 belongs to trunk \"meridian-in\"";
    assert!(found[0].starts_with(expected), "{found:?}");
}

#[test]
fn two_resources_of_one_name_are_named() {
    let mut resources = resources(WORLD);
    let twin = resources.carriers[0].clone();
    resources.carriers.push(twin);
    let found = problems(&resources);
    assert_eq!(
        found,
        ["carrier \"Acme\": name: another resource of this kind has the same name"]
    );
}

#[test]
fn every_problem_is_reported_at_once() {
    let text = WORLD
        .replace("carrier: Acme,", "carrier: Nobody,")
        .replace("rate_card: retail }", "rate_card: none }");
    let mut resources = resources(&text);
    resources.trunks[1].spec.gateway = None;
    let problems = Snapshot::compile(1, &resources, None).unwrap_err();
    let fields: Vec<_> = problems
        .iter()
        .map(|problem| (problem.kind.unwrap(), problem.field.as_deref().unwrap()))
        .collect();
    assert_eq!(
        fields,
        [
            (ResourceKind::Customer, "rate_card"),
            (ResourceKind::Trunk, "carrier"),
            (ResourceKind::Trunk, "gateway"),
        ]
    );
}
