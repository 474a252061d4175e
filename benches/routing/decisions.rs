//! Single decisions and charges by the clock.

use crate::compile::mebibytes;
use crate::{demo, numbers};
use rating::Amount;
use rating::charge::charge;
use rating::rate::RateTerms;
use routing_engine::limits::DryAdmission;
use routing_engine::resources::Resources;
use routing_engine::{CallRequest, Decision, NoTrace, QualityTable, Snapshot, Source, decide};
use std::hint::black_box;
use std::time::Instant;

const CALLS: usize = 200_000;
const CHARGES: u64 = 20_000_000;

/// Decisions over one world; the clock's own cost, some 20 ns, is in each.
pub(crate) struct Decisions {
    pub(crate) world: &'static str,
    pub(crate) p50_ns: u128,
    pub(crate) p99_ns: u128,
    /// Candidates of a plan, on average.
    pub(crate) routes: f64,
}

/// What it takes to keep rates, for all callers or for some too. Memory is what the allocator was asked for and
/// not given back.
pub(crate) struct Kept {
    pub(crate) world: &'static str,
    pub(crate) rates: usize,
    pub(crate) decks_mib: f64,
    pub(crate) snapshot_mib: f64,
}

const TEN: &str = "10 carriers × 114,805 prefixes";
const TEN_BY_CALLER: &str = "the same, by caller";

pub(crate) fn measure(large: &Snapshot) -> (Vec<Decisions>, Vec<Kept>) {
    let (plain, plain_kept) = kept(TEN, || demo::carriers(10));
    let (by_caller, by_caller_kept) = kept(TEN_BY_CALLER, || {
        demo::asking_callers(demo::carriers(10), &[""])
    });
    let decisions = vec![
        decisions(TEN, &plain),
        decisions(TEN_BY_CALLER, &by_caller),
        decisions("200 carriers × 50,000 prefixes", large),
    ];
    (decisions, vec![plain_kept, by_caller_kept])
}

fn kept(world: &'static str, resources: impl FnOnce() -> Resources) -> (Snapshot, Kept) {
    let mut read = Resources::default();
    let decks = allocation_counter::measure(|| read = resources());
    let mut snapshot = Snapshot::default();
    let compiled = allocation_counter::measure(|| {
        snapshot = Snapshot::compile(1, &read, None).unwrap();
    });
    let kept = Kept {
        world,
        rates: snapshot.rates_count(),
        decks_mib: mebibytes(decks.bytes_current),
        snapshot_mib: mebibytes(compiled.bytes_current),
    };
    println!(
        "{world}: {} rates, {:.0} MiB of decks, {:.0} MiB beside them",
        kept.rates, kept.decks_mib, kept.snapshot_mib
    );
    (snapshot, kept)
}

fn decisions(world: &'static str, snapshot: &Snapshot) -> Decisions {
    let called = numbers::world(&demo::prefixes(), CALLS);
    // The first calls pay for pages and caches.
    for number in called.iter().take(CALLS / 10) {
        drop(black_box(decided(number, snapshot)));
    }
    let mut routes = 0;
    let mut nanos: Vec<u128> = called
        .iter()
        .map(|number| {
            let start = Instant::now();
            let decision = decided(black_box(number), snapshot);
            let took = start.elapsed().as_nanos();
            if let Decision::Route(plan) = &decision {
                routes += plan.candidates.len();
            }
            took
        })
        .collect();
    nanos.sort_unstable();
    let at = |percent: usize| nanos[(nanos.len() - 1) * percent / 100];
    let figures = Decisions {
        world,
        p50_ns: at(50),
        p99_ns: at(99),
        routes: routes as f64 / called.len() as f64,
    };
    println!(
        "{world}: p50 {} ns, p99 {} ns, {:.1} routes a call",
        figures.p50_ns, figures.p99_ns, figures.routes
    );
    figures
}

fn decided(called: &str, snapshot: &Snapshot) -> Decision {
    let request = CallRequest {
        source: Source::Address([127, 0, 0, 21].into()),
        called,
        calling: "442071838750",
        identity: Default::default(),
        now_us: u64::MAX / 2_000,
        at: rating::Timestamp(0),
        draw: 0,
        quality: QualityTable::empty(),
    };
    decide(&request, snapshot, &mut DryAdmission, &mut NoTrace)
}

/// Charges a second on one core, by terms with all there is.
pub(crate) fn charges() -> f64 {
    let terms = RateTerms {
        connection_fee: Amount(5_000_000),
        attempt_fee: Amount(100_000),
        grace_period_s: 3,
        ..RateTerms::per_second(Amount(12_345_678)).with_intervals(30, 6)
    };
    let start = Instant::now();
    let mut sum = 0_i64;
    for call in 0..CHARGES {
        let duration_ms = call * 7_919 % 3_600_000;
        let charged = charge(black_box(&terms), black_box(duration_ms)).unwrap();
        sum = sum.wrapping_add(charged.amount.0);
    }
    black_box(sum);
    let a_second = CHARGES as f64 / start.elapsed().as_secs_f64();
    println!("{:.1} million charges a second", a_second / 1e6);
    a_second
}
