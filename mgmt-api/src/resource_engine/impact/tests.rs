#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::resource_engine::current::CurrentSet;
use crate::resource_engine::draft::Draft;
use crate::resource_engine::plan::{DeckTexts, plan};
use crate::resource_engine::testing::{created, current, draft};
use resources::Assignment;
use serde_json::json;

/// A draft of a resource that is given to a category.
fn assigned(mut draft: Draft, category: &str) -> Draft {
    draft.content.as_mut().unwrap().assign = Assignment {
        all: false,
        categories: vec![category.to_owned()],
        ..Assignment::default()
    };
    draft
}

/// Two customers of two categories, a carrier with two trunks, and a card for each side.
fn base() -> Arc<CurrentSet> {
    let card = || {
        json!({"currency": "USD", "rates": [
            {"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"},
        ]})
    };
    let trunk = |name: &str, address: &str| {
        created(
            "trunk",
            name,
            json!({
                "direction": "egress", "carrier": "aurora", "rate_card": "buy",
                "gateway": address,
            }),
        )
    };
    let ingress = json!({
        "direction": "ingress", "customer": "acme", "source_addresses": ["192.0.2.1"],
    });
    current(vec![
        created("customer_category", "gold", json!({})),
        created("customer_category", "silver", json!({})),
        created(
            "customer",
            "acme",
            json!({"category": "silver", "rate_card": "sell"}),
        ),
        created(
            "customer",
            "zenith",
            json!({"category": "gold", "rate_card": "sell"}),
        ),
        created("rate_card", "sell", card()),
        created("rate_card", "buy", card()),
        created("carrier", "aurora", json!({})),
        trunk("aurora-1", "192.0.2.11:5060"),
        trunk("aurora-2", "192.0.2.12:5060"),
        created("trunk", "acme-in", ingress),
        assigned(
            created("voice_tier", "premium", json!({"code": "P"})),
            "gold",
        ),
        assigned(
            created("voice_tier", "basic", json!({"code": "B"})),
            "silver",
        ),
    ])
}

fn impact(base: &Arc<CurrentSet>, drafts: Vec<Draft>) -> Impact {
    let texts = DeckTexts::new();
    let planned = plan(Arc::clone(base), TenantId::PLATFORM, drafts, &texts).unwrap();
    Reached::by(&planned).impact(&planned, Some(0))
}

#[test]
fn a_trunk_touches_its_owner_and_those_who_may_use_it() {
    let base = base();
    let change = draft(&base, "trunk", "aurora-1", |content| {
        content.spec["cps_limit"] = json!(7);
    });
    let impact = impact(&base, vec![change]);
    assert_eq!(impact.trunks.names, ["aurora-1"]);
    assert_eq!(impact.carriers.names, ["aurora"]);
    assert_eq!(impact.customers.names, ["acme", "zenith"]);
    let own = draft(&base, "trunk", "acme-in", |content| {
        content.spec["cps_limit"] = json!(7);
    });
    let impact = self::impact(&base, vec![own]);
    assert_eq!(impact.customers.names, ["acme"]);
    assert_eq!(impact.carriers.count, 0);
}

#[test]
fn a_rate_card_touches_those_who_charge_or_pay_by_it() {
    let base = base();
    let dearer = |name: &str| {
        draft(&base, "rate_card", name, |content| {
            content.spec["rates"][0]["rate_per_minute"] = json!("0.02");
        })
    };
    let sold = impact(&base, vec![dearer("sell")]);
    assert_eq!(sold.customers.names, ["acme", "zenith"]);
    assert_eq!(sold.trunks.names, ["acme-in"]);
    assert_eq!(sold.carriers.count, 0);
    let bought = impact(&base, vec![dearer("buy")]);
    assert_eq!(bought.trunks.names, ["aurora-1", "aurora-2"]);
    assert_eq!(bought.carriers.names, ["aurora"]);
    assert_eq!(bought.customers.names, ["acme", "zenith"]);
}

#[test]
fn a_customer_that_moves_gets_what_the_other_category_gets() {
    let base = base();
    let moved = draft(&base, "customer", "acme", |content| {
        content.spec["category"] = json!("gold");
    });
    let impact = impact(&base, vec![moved]);
    assert_eq!(impact.customers.names, ["acme"]);
    let tier = |name: &str| EntitlementChange {
        kind: "voice_tier".into(),
        name: name.into(),
        level: Level::Category,
    };
    assert_eq!(
        impact.entitlements,
        [ImpactOnCustomer {
            customer: "acme".into(),
            category_before: Some("silver".into()),
            category_after: Some("gold".into()),
            lost: vec![tier("basic")],
            gained: vec![tier("premium")],
        }]
    );
}

#[test]
fn what_is_assigned_otherwise_touches_those_who_had_it_and_those_who_get_it() {
    let base = base();
    let given = draft(&base, "voice_tier", "premium", |content| {
        content.assign.categories = vec!["silver".into()];
    });
    let impact = impact(&base, vec![given]);
    assert_eq!(impact.customers.names, ["acme", "zenith"]);
    let names: Vec<_> = impact
        .entitlements
        .iter()
        .map(|one| (&*one.customer, one.lost.len(), one.gained.len()))
        .collect();
    assert_eq!(names, [("acme", 0, 1), ("zenith", 1, 0)]);
}
