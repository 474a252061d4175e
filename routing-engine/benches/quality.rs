//! Quality of carriers, of as many carriers and prefixes as a window holds: what a decision by quality
//! takes that reads it, what a second's counts of a shard take to be added, and what a table takes.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops at the first surprise"
)]
#![allow(clippy::print_stderr, reason = "a measurement is for people to read")]

#[path = "../tests/support/demo.rs"]
mod demo;
#[path = "../tests/support/numbers.rs"]
mod numbers;

use criterion::{Criterion, criterion_group, criterion_main};
use numbers::Random;
use routing_engine::limits::DryAdmission;
use routing_engine::quality::{Counts, KEYS_MAX, QualityKey, QualityWindow, WINDOW_MINUTES};
use routing_engine::resources::{Assigned, Assignment, LcrProfile, Stored};
use routing_engine::{CallRequest, NoTrace, QualityTable, Snapshot, Source, decide};
use std::hint::black_box;
use std::time::Instant;

/// Attempts that one shard counts in a second.
const ATTEMPTS: usize = 2_000;

/// Identifiers of [`demo::carriers`] begin here.
const FIRST_CARRIER: i64 = 1_000;

fn counted(random: &mut Random, carriers: usize, prefixes: &[String]) -> (QualityKey, Counts) {
    let answered = random.below(2) as u32;
    let counts = Counts {
        attempts: 1,
        answered,
        effective: answered,
        rang: answered,
        pdd_ms: u64::from(answered) * 2_000,
        ended: answered,
        talk_ms: u64::from(answered) * 60_000,
    };
    let carrier = FIRST_CARRIER + random.below(carriers) as i64;
    let prefix: &String = random.pick(prefixes);
    (QualityKey::new(carrier, prefix), counts)
}

/// A window that has no room left, over all its minutes.
fn full_window(carriers: usize, prefixes: &[String]) -> QualityWindow {
    let mut window = QualityWindow::default();
    let mut random = Random(3);
    let a_minute = KEYS_MAX / 10;
    for minute in 0..WINDOW_MINUTES {
        let attempts = (0..a_minute).map(|_| counted(&mut random, carriers, prefixes));
        window.add(minute, attempts);
    }
    window
}

fn windows(criterion: &mut Criterion) {
    let prefixes = demo::prefixes();
    let mut group = criterion.benchmark_group("quality");
    group.sample_size(20);
    let mut window = full_window(200, &prefixes);
    let name = format!("table_of_{}_keys", window.len());
    group.bench_function(name, |bencher| {
        bencher.iter(|| window.table(WINDOW_MINUTES - 1))
    });
    let mut random = Random(5);
    let second: Vec<_> = (0..ATTEMPTS)
        .map(|_| counted(&mut random, 200, &prefixes))
        .collect();
    group.bench_function("add_2000_attempts", |bencher| {
        bencher.iter(|| window.add(WINDOW_MINUTES - 1, second.iter().copied()));
    });
    group.finish();
}

fn decisions(_: &mut Criterion) {
    let prefixes = demo::prefixes();
    let called = numbers::world(&prefixes, 50_000);
    for carriers in [10, 200] {
        let mut resources = demo::part_carriers(carriers, prefixes.len());
        let profile: LcrProfile =
            serde_json::from_str(r#"{"strategy": "quality", "quality_balance_percent": 50}"#)
                .unwrap();
        resources.lcr_profiles = vec![Assigned {
            stored: Stored {
                id: 1,
                name: "by quality".to_owned(),
                spec: profile,
            },
            assign: Assignment::default(),
        }];
        let snapshot = Snapshot::compile(1, &resources, None).unwrap();
        let table = full_window(carriers, &prefixes).table(WINDOW_MINUTES - 1);
        let (keys, empty) = (table.len(), QualityTable::empty());
        let name = format!("decide/by_quality/{carriers}_carriers");
        percentiles(&format!("{name}/nothing known"), &snapshot, empty, &called);
        percentiles(&format!("{name}/{keys} keys"), &snapshot, &table, &called);
    }
}

/// Single decisions by the clock; its own cost, some 20 ns, is in every figure.
fn percentiles(name: &str, snapshot: &Snapshot, quality: &QualityTable, called: &[String]) {
    let decided = called.iter().map(|called| {
        let request = CallRequest {
            source: Source::Address([127, 0, 0, 21].into()),
            called,
            calling: "442071838750",
            identity: Default::default(),
            now_us: u64::MAX / 2_000,
            at: rating::Timestamp(0),
            draw: 0,
            quality,
        };
        let start = Instant::now();
        let decision = decide(
            black_box(&request),
            snapshot,
            &mut DryAdmission,
            &mut NoTrace,
        );
        let nanos = start.elapsed().as_nanos();
        drop(black_box(decision));
        nanos
    });
    let mut nanos: Vec<_> = decided.collect();
    nanos.sort_unstable();
    let at = |percent: usize| nanos[(nanos.len() - 1) * percent / 100];
    eprintln!("{name}: p50 {} ns, p99 {} ns", at(50), at(99));
}

criterion_group!(benches, windows, decisions);
criterion_main!(benches);
