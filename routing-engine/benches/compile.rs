//! Time and memory of a snapshot: the demo's (two carriers, four cards, 459,220 rates), and one of
//! two hundred carriers with 50,000 prefixes each, ten million rates.
//!
//! Memory is what the allocator was asked for and not given back, on one thread.

#![allow(clippy::print_stdout, reason = "a measurement is for people to read")]

#[path = "../tests/support/demo.rs"]
mod demo;
#[path = "../tests/support/numbers.rs"]
mod numbers;

use allocation_counter::AllocationInfo;
use routing_engine::Snapshot;
use routing_engine::resources::Resources;
use std::hint::black_box;
use std::time::Instant;

fn main() {
    // `cargo test --benches` runs this too; the measurements are for `cargo bench` alone.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    measure(
        "two carriers, one card of a customer",
        two_carriers_one_customer,
    );
    measure(
        "demo: two carriers, two cards of customers",
        demo::resources,
    );
    measure("200 carriers of 50,000 prefixes", || {
        demo::part_carriers(200, 50_000)
    });
}

fn measure(name: &str, load: impl FnOnce() -> Resources) {
    let mut resources = Resources::default();
    let reading = Instant::now();
    let loaded = allocation_counter::measure(|| resources = load());
    let reading = reading.elapsed();
    let mut snapshot = Snapshot::default();
    let compiling = Instant::now();
    let compiled = allocation_counter::measure(|| {
        snapshot = Snapshot::compile(1, black_box(&resources), None).unwrap_or_default();
    });
    let compiling = compiling.elapsed();
    let rates = snapshot.rates_count() as i64;
    println!("{name}: {rates} rates");
    println!("  read      {reading:>10.1?}  {}", memory(&loaded));
    println!("  compile   {compiling:>10.1?}  {}", memory(&compiled));
    let bytes = loaded.bytes_current + compiled.bytes_current;
    println!(
        "  held      {:.1} MiB, {} bytes a rate",
        mebibytes(bytes),
        bytes / rates.max(1)
    );
    drop(black_box(snapshot));
}

fn two_carriers_one_customer() -> Resources {
    let mut resources = demo::resources();
    let name = "Retail per minute";
    resources
        .rate_cards
        .retain(|priced| priced.card.name != name);
    for customer in &mut resources.customers {
        customer.spec.rate_card = "Retail per second".to_owned();
    }
    resources
}

fn memory(info: &AllocationInfo) -> String {
    format!(
        "{:.1} MiB held, {:.1} MiB at the peak",
        mebibytes(info.bytes_current),
        mebibytes(info.bytes_max as i64)
    )
}

fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
