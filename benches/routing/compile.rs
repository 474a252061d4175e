//! Time and memory of a snapshot of ten million rates.

use crate::demo;
use allocation_counter::AllocationInfo;
use routing_engine::Snapshot;
use routing_engine::resources::Resources;
use std::time::{Duration, Instant};

pub(crate) const CARRIERS: usize = 200;
pub(crate) const PREFIXES: usize = 50_000;

/// The snapshot, and what it took.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) figures: Compiled,
}

/// Memory is what the allocator was asked for and not given back.
pub(crate) struct Compiled {
    pub(crate) rates: usize,
    /// From decks in memory to a snapshot.
    pub(crate) compiling: Duration,
    /// One card of [`PREFIXES`] changes; the others are those of the snapshot before.
    pub(crate) again: Duration,
    pub(crate) decks_mib: f64,
    pub(crate) snapshot_mib: f64,
    pub(crate) peak_mib: f64,
}

pub(crate) fn measure() -> World {
    let mut resources = Resources::default();
    let decks = allocation_counter::measure(|| {
        resources = demo::part_carriers(CARRIERS, PREFIXES);
    });
    let mut snapshot = Snapshot::default();
    let mut compiling = Duration::ZERO;
    let compiled = allocation_counter::measure(|| {
        let start = Instant::now();
        snapshot = Snapshot::compile(1, &resources, None).unwrap();
        compiling = start.elapsed();
    });
    let changed = demo::part_carriers(1, PREFIXES).rate_cards.pop().unwrap();
    let first = resources
        .rate_cards
        .iter_mut()
        .find(|priced| priced.card.name == changed.card.name);
    first.unwrap().deck = changed.deck;
    let start = Instant::now();
    let next = Snapshot::compile(2, &resources, Some(&snapshot)).unwrap();
    let again = start.elapsed();
    drop(next);
    let figures = Compiled {
        rates: snapshot.rates_count(),
        compiling,
        again,
        decks_mib: mebibytes(decks.bytes_current),
        snapshot_mib: mebibytes(compiled.bytes_current),
        peak_mib: peak_mib(&decks, &compiled),
    };
    println!(
        "{} rates: compiled in {:.2} s, again in {:.2} s",
        figures.rates,
        figures.compiling.as_secs_f64(),
        figures.again.as_secs_f64()
    );
    World { snapshot, figures }
}

fn peak_mib(decks: &AllocationInfo, compiled: &AllocationInfo) -> f64 {
    mebibytes(decks.bytes_current) + mebibytes(compiled.bytes_max as i64)
}

pub(crate) fn mebibytes(bytes: i64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
