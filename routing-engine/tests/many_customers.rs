//! What is common to customers is compiled and held once, however many they are.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use allocation_counter::AllocationInfo;
use routing_engine::Snapshot;
use routing_engine::resources::{
    Assigned, Assignment, Carrier, Customer, PricedCard, RateCard, Resources, Route, Stored,
};
use std::sync::Arc;

const CARRIERS: usize = 10;
const PREFIXES: usize = 20;

fn stored<T>(id: usize, name: String, spec: T) -> Stored<T> {
    let id = id as i64;
    Stored { id, name, spec }
}

/// So many customers, each with a route of its own, and as many routes for all of them.
fn world(size: usize) -> Resources {
    let card: RateCard = serde_json::from_str(r#"{"currency": "USD", "rates": []}"#).unwrap();
    let mut names = routing_engine::deck::DestinationNames::default();
    let deck = routing_engine::deck::Deck::from_rows(&[], &card, &mut names).unwrap();
    let carriers = (0..CARRIERS).map(|index| format!("carrier {index}"));
    let route = |index: usize| -> Route {
        let prefixes = (0..PREFIXES).map(|last| format!("\"{}{last:02}\"", 10_000 + index));
        let prefixes = prefixes.collect::<Vec<_>>().join(",");
        let carrier = index % CARRIERS;
        let text = format!(r#"{{"carrier": "carrier {carrier}", "prefixes": [{prefixes}]}}"#);
        serde_json::from_str(&text).unwrap()
    };
    let common = (0..size).map(|index| Assigned {
        stored: stored(index + 1, format!("common {index}"), route(index)),
        assign: Assignment::default(),
    });
    let own = (0..size).map(|index| Assigned {
        stored: stored(size + index + 1, format!("own {index}"), route(index)),
        assign: Assignment {
            all: false,
            customers: vec![format!("customer {index}")],
            ..Assignment::default()
        },
    });
    Resources {
        routes: common.chain(own).collect(),
        customers: (0..size)
            .map(|index| {
                stored(
                    index + 1,
                    format!("customer {index}"),
                    Customer::new("sell"),
                )
            })
            .collect(),
        carriers: carriers
            .enumerate()
            .map(|(index, name)| stored(index + 1, name, Carrier::default()))
            .collect(),
        rate_cards: vec![PricedCard {
            card: stored(1, "sell".to_owned(), card),
            deck: Arc::new(deck),
        }],
        ..Resources::default()
    }
}

fn compiled(size: usize) -> AllocationInfo {
    let resources = world(size);
    allocation_counter::measure(|| {
        drop(Snapshot::compile(1, &resources, None).unwrap());
    })
}

#[test]
fn twice_the_customers_with_routes_of_their_own_cost_twice_as_much() {
    let (one, two) = (compiled(100), compiled(200));
    // It would be four times as much if each customer held the routes of all.
    let ratio = |of: fn(&AllocationInfo) -> u64| of(&two) * 100 / of(&one);
    assert!(ratio(|info| info.bytes_total) < 240, "{one:?} {two:?}");
    assert!(ratio(|info| info.bytes_max) < 240, "{one:?} {two:?}");
}

#[test]
fn a_route_of_its_own_is_one_customers_alone_among_many() {
    let small = small::WORLD.replace("name: Meridian", "name: customer 0");
    let small = small.replace("customer: Meridian", "customer: customer 0");
    let own = "---\nkind: customer\nname: customer 1\nspec: { rate_card: retail }\n\
               ---\nkind: route\nname: common\nspec: { carrier: Zenith, prefixes: [33, 44] }\n\
               ---\nkind: route\nname: own\nassign: { customers: [customer 0] }\n\
               spec: { carrier: Acme, prefixes: [44], exclusive: true }\n\
               ---\nkind: route\nname: other\nassign: { customers: [customer 1] }\n\
               spec: { carrier: Zenith, prefixes: [44], exclusive: true }\n";
    let snapshot = Snapshot::compile(1, &small::resources(&format!("{small}{own}")), None).unwrap();
    let plan = small::routed(&snapshot, "442071838750");
    assert_eq!(small::trunks(&snapshot, &plan), ["acme-out"]);
}
