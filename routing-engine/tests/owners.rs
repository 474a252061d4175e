//! Resources of several owners in one snapshot.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support {
    pub(crate) mod small;
}

use routing_engine::resources::Assignment;
use routing_engine::resources::{PricedCardRef, Resources, ResourcesRef, Stored, StoredRef};
use routing_engine::{
    CallRequest, Decision, DryAdmission, NoTrace, Snapshot, Source, decide, explain,
};
use support::small::{self, WORLD};

static ALL: Assignment = Assignment {
    all: true,
    categories: Vec::new(),
    groups: Vec::new(),
    customers: Vec::new(),
};

fn borrowed<T>(owner: i64, stored: &[Stored<T>]) -> impl Iterator<Item = StoredRef<'_, T>> {
    stored.iter().map(move |one| StoredRef {
        assign: &ALL,
        // Numbers are unique over all owners.
        id: one.id + 100 * owner,
        owner,
        name: &one.name,
        spec: &one.spec,
    })
}

fn add<'r>(all: &mut ResourcesRef<'r>, owner: i64, resources: &'r Resources) {
    all.carriers.extend(borrowed(owner, &resources.carriers));
    all.customers.extend(borrowed(owner, &resources.customers));
    all.trunks.extend(borrowed(owner, &resources.trunks));
    for priced in &resources.rate_cards {
        let card = borrowed(owner, std::slice::from_ref(&priced.card))
            .next()
            .unwrap();
        let deck = &priced.deck;
        all.rate_cards.push(PricedCardRef { card, deck });
    }
}

fn two_owners() -> (Resources, Resources) {
    // The other owner has the same names; its customer comes from elsewhere, its carrier is dearer.
    let text = WORLD
        .replace("192.0.2.21", "192.0.2.22")
        .replace("0.011", "0.015");
    (small::resources(WORLD), small::resources(&text))
}

fn gateways(snapshot: &Snapshot, source: [u8; 4]) -> Vec<i64> {
    let request = CallRequest {
        source: Source::Address(source.into()),
        ..small::call("442071838750", 0)
    };
    match decide(&request, snapshot, &mut DryAdmission, &mut NoTrace) {
        Decision::Route(plan) => {
            let trunks = plan
                .candidates
                .iter()
                .map(|route| route.egress_trunk(snapshot));
            trunks.map(|trunk| trunk.resource.id / 100).collect()
        }
        Decision::Reject(rejection) => panic!("{rejection:?}"),
    }
}

#[test]
fn a_call_takes_routes_of_its_own_owner_only() {
    let (one, other) = two_owners();
    let mut all = ResourcesRef::default();
    add(&mut all, 1, &one);
    add(&mut all, 2, &other);
    let snapshot = Snapshot::compile_sound(7, &all, None).unwrap();
    assert_eq!(gateways(&snapshot, [192, 0, 2, 21]), [1, 1]);
    assert_eq!(gateways(&snapshot, [192, 0, 2, 22]), [2, 2]);
    let explained = explain::explain(&small::call("442071838750", 0), &snapshot);
    assert_eq!(explained.routes.len(), 2, "{:#?}", explained.routes);
}

#[test]
fn a_source_of_another_owner_is_refused_without_naming_its_trunk() {
    let one = small::resources(WORLD);
    let mut all = ResourcesRef::default();
    add(&mut all, 1, &one);
    add(&mut all, 2, &one);
    let problems = Snapshot::compile_sound(1, &all, None).unwrap_err();
    assert!(
        problems[0].message.contains("a trunk of another operator"),
        "{problems:?}"
    );
}
