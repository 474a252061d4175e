//! A small world for tests of one behaviour each: one customer, two carriers, three cards.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "shared by tests, which stop at the first surprise"
)]

use routing_engine::deck::{Deck, DestinationNames};
use routing_engine::documents::parse_documents;
use routing_engine::resources::{
    Assigned, Assignment, PricedCard, ResourceSpec, Resources, Stored,
};
use routing_engine::{
    CallRequest, Decision, LiveAdmission, NoTrace, RoutePlan, Snapshot, Source, decide,
};
use std::sync::Arc;

pub(crate) const WORLD: &str = r#"
kind: rate_card
name: retail
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.02 }
    - { prefix: 447, destination: UK mobile, rate_per_minute: 0.05 }
    - { prefix: 33, destination: France, rate_per_minute: 0.004 }
    - { prefix: 7, destination: Russia, rate_per_minute: 0.1 }
---
kind: rate_card
name: acme-buy
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.012 }
    - { prefix: 33, destination: France, rate_per_minute: 0.005 }
---
kind: rate_card
name: zenith-buy
spec:
  currency: USD
  rates:
    - { prefix: 44, destination: United Kingdom, rate_per_minute: 0.011 }
    - { prefix: 4420, destination: London, rate_per_minute: 0.013 }
---
kind: carrier
name: Acme
spec: {}
---
kind: carrier
name: Zenith
spec: {}
---
kind: trunk
name: acme-out
spec: { direction: egress, carrier: Acme, rate_card: acme-buy, gateway: "192.0.2.1:5060" }
---
kind: trunk
name: zenith-out
spec: { direction: egress, carrier: Zenith, rate_card: zenith-buy, gateway: "192.0.2.2:5060" }
---
kind: customer
name: Meridian
spec: { rate_card: retail }
---
kind: trunk
name: meridian-in
spec: { direction: ingress, customer: Meridian, source_addresses: [192.0.2.21] }
"#;

/// The world with a text of its YAML replaced.
pub(crate) fn changed(from: &str, to: &str) -> Resources {
    let text = WORLD.replace(from, to);
    assert_ne!(text, WORLD, "{from}");
    resources(&text)
}

pub(crate) fn resources(text: &str) -> Resources {
    let documents = parse_documents("small.yaml", text).unwrap_or_else(|p| panic!("{p:#?}"));
    let mut resources = Resources::default();
    for (id, document) in (1..).zip(documents) {
        let name = document.value.name;
        let assign = document.value.assign;
        match document.value.spec {
            ResourceSpec::RateCard(spec) => {
                let names = &mut DestinationNames::default();
                let deck = Deck::from_rows(spec.rates.as_ref().unwrap(), &spec, names).unwrap();
                resources.rate_cards.push(PricedCard {
                    card: Stored { id, name, spec },
                    deck: Arc::new(deck),
                });
            }
            ResourceSpec::ExchangeRate(spec) => {
                resources.exchange_rates.push(Stored { id, name, spec });
            }
            ResourceSpec::Carrier(spec) => resources.carriers.push(Stored { id, name, spec }),
            ResourceSpec::Customer(spec) => resources.customers.push(Stored { id, name, spec }),
            ResourceSpec::Trunk(spec) => resources.trunks.push(Stored { id, name, spec }),
            ResourceSpec::TranslationRules(spec) => {
                resources.translation_rules.push(Stored { id, name, spec });
            }
            ResourceSpec::CliRules(spec) => resources.cli_rules.push(Stored { id, name, spec }),
            ResourceSpec::NumberList(spec) => {
                resources.number_lists.push(Stored { id, name, spec });
            }
            ResourceSpec::CustomerGroup(spec) => {
                resources.customer_groups.push(Stored { id, name, spec });
            }
            ResourceSpec::Gateway(spec) => resources.gateways.push(Stored { id, name, spec }),
            ResourceSpec::Schedule(spec) => resources.schedules.push(Stored { id, name, spec }),
            ResourceSpec::VoiceTier(spec) => {
                resources.voice_tiers.push(assigned(id, name, assign, spec));
            }
            ResourceSpec::LcrProfile(spec) => {
                resources
                    .lcr_profiles
                    .push(assigned(id, name, assign, spec));
            }
            ResourceSpec::Route(spec) => resources.routes.push(assigned(id, name, assign, spec)),
            ResourceSpec::RouteGroup(spec) => {
                resources
                    .route_groups
                    .push(assigned(id, name, assign, spec));
            }
            other => panic!("{other:?}"),
        }
    }
    resources
}

fn assigned<T>(id: i64, name: String, assign: Assignment, spec: T) -> Assigned<T> {
    let stored = Stored { id, name, spec };
    Assigned { stored, assign }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot::compile(1, &resources(WORLD), None).unwrap()
}

pub(crate) fn call(called: &str, now_us: u64) -> CallRequest<'_> {
    CallRequest {
        source: Source::Address([192, 0, 2, 21].into()),
        called,
        calling: "4420",
        identity: Default::default(),
        now_us,
        at: rating::Timestamp(0),
        draw: 0,
        quality: routing_engine::QualityTable::empty(),
    }
}

pub(crate) fn place(snapshot: &Snapshot, called: &str, now_us: u64) -> Decision {
    decide(
        &call(called, now_us),
        snapshot,
        &mut LiveAdmission,
        &mut NoTrace,
    )
}

pub(crate) fn routed(snapshot: &Snapshot, called: &str) -> RoutePlan {
    match place(snapshot, called, 1_000_000) {
        Decision::Route(plan) => plan,
        Decision::Reject(rejection) => panic!("{called}: {rejection:?}"),
    }
}

/// The names of a plan's trunks in hunting order.
pub(crate) fn trunks(snapshot: &Snapshot, plan: &RoutePlan) -> Vec<String> {
    let trunks = plan.candidates.iter();
    trunks
        .map(|candidate| candidate.egress_trunk(snapshot).resource.name.to_string())
        .collect()
}
