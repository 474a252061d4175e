//! A server whose store holds as much as is asked for.

use crate::switch::Switch;
use rating::Timestamp;
use resources::ResourceKind;
use serde_json::json;
use std::time::{Duration, Instant};
use store::{ResourceIndex, ResourceWrite, Scope, Store, TenantId, Written};

/// Categories, and customers of each in turn.
pub(crate) const CATEGORIES: usize = 20;

/// First words of names, in turn.
pub(crate) const WORDS: [&str; 10] = [
    "aurora", "borealis", "cascade", "delta", "estuary", "fjord", "glacier", "harbour", "island",
    "juniper",
];

/// Resources that one transaction of the seed writes.
const AT_ONCE: usize = 10_000;

/// Longest wait for a server that makes its index tables and reads a large store.
const PATIENCE: Duration = Duration::from_secs(900);

/// How much a store holds.
pub(crate) struct Seed {
    /// Customers.
    pub(crate) customers: usize,
    /// Versions of each.
    pub(crate) versions: u32,
}

/// A running server with that much in its store. The rows are written by the store itself; what
/// they are found by is made by the server at its start.
pub(crate) fn server(seed: &Seed) -> Switch {
    let start = Instant::now();
    let mut switch = Switch::start(&[]);
    let file = switch.scratch().join("basis.yaml");
    std::fs::write(&file, basis()).unwrap();
    switch.apply(&file).unwrap();
    assert!(switch.stop(), "{}", switch.log());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(fill(&switch, seed));
    drop(runtime);
    switch.restart_within(PATIENCE);
    println!(
        "{} customers with {} versions each are there after {:.0?}",
        seed.customers,
        seed.versions,
        start.elapsed()
    );
    switch
}

fn basis() -> String {
    let card = "kind: rate_card\nname: sell\nspec:\n  currency: USD\n  rates:\n    \
        - {prefix: \"1\", destination: USA, rate_per_minute: \"0.01\"}\n";
    let category =
        |number| format!("---\nkind: customer_category\nname: category-{number}\nspec: {{}}\n");
    let categories: String = (0..CATEGORIES).map(category).collect();
    card.to_owned() + &categories
}

async fn fill(switch: &Switch, seed: &Seed) {
    let store = Store::open(&switch.database()).await.unwrap();
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let numbers: Vec<usize> = (0..seed.customers).collect();
    for numbers in numbers.chunks(AT_ONCE) {
        let mut written: Vec<Option<Written>> = vec![None; numbers.len()];
        for version in 1..=seed.versions {
            let writes: Vec<_> = numbers
                .iter()
                .zip(&written)
                .map(|(number, written)| customer(*number, version, *written))
                .collect();
            let at = Timestamp(i64::from(version) * 1_000_000 + numbers[0] as i64);
            let mut change = store.change_configuration("seed", at).await.unwrap();
            let done = change.put_all(&scope, &writes).await.unwrap();
            change.commit().await.unwrap();
            written = done.into_iter().map(Some).collect();
        }
    }
    store.close().await;
}

fn customer(number: usize, version: u32, written: Option<Written>) -> ResourceWrite {
    ResourceWrite {
        id: written.map(|written| written.id),
        expected_version: written.map(|written| written.version),
        kind: ResourceKind::Customer.as_str().into(),
        name: format!("{}-{number:06}", WORDS[number / CATEGORIES % WORDS.len()]),
        external_id: Some(format!("crm-{number}")),
        spec: json!({
            "status": if number.is_multiple_of(3) { "inactive" } else { "active" },
            "category": format!("category-{}", number % CATEGORIES),
            "rate_card": "sell",
            "cps_limit": version,
            "channel_limit": 100,
        }),
        assignment: json!({}),
        deck_hash: None,
        note: None,
        // Of no rules: the server makes it anew.
        index: ResourceIndex::default(),
    }
}
