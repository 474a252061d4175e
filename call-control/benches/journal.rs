//! What handing a record to the journal costs the call's thread.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

#[path = "journal/entry.rs"]
mod entry;

use call_control::journal::{BootId, Journal, JournalConfig, SegmentWriter};
use criterion::{Criterion, criterion_group, criterion_main};
use entry::entry;
use rating::Timestamp;
use std::hint::black_box;
use std::time::Instant;

fn open() -> (tempfile::TempDir, Journal, SegmentWriter) {
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let mut config = JournalConfig::new(folder.path().into(), "fra-1".into(), BootId(1), 1);
    config.segment_bytes = 64 << 20;
    config.max_unsynced_bytes = u64::MAX;
    let (journal, mut writers) = Journal::open(config).unwrap();
    (folder, journal, writers.pop().unwrap())
}

fn append(criterion: &mut Criterion) {
    let (_folder, _journal, mut writer) = open();
    let entry = entry();
    criterion.bench_function("journal append", |bencher| {
        bencher.iter(|| {
            writer.touch(Timestamp(1));
            let _ = black_box(writer.append(black_box(&entry)));
        });
    });
}

/// Not an average: 20 s of 5,000 records a second, with what each append took.
fn paced(_: &mut Criterion) {
    let (_folder, journal, mut writer) = open();
    let entry = entry();
    let begun = Instant::now();
    let mut took: Vec<u64> = Vec::with_capacity(100_000);
    for number in 0..100_000_u64 {
        while begun.elapsed().as_micros() < u128::from(number) * 200 {
            std::hint::spin_loop();
        }
        writer.touch(Timestamp(number as i64));
        let start = Instant::now();
        writer.append(&entry).unwrap();
        took.push(start.elapsed().as_nanos() as u64);
    }
    took.sort_unstable();
    let at = |permille: usize| took[(took.len() - 1) * permille / 1_000];
    println!(
        "journal append at 5,000/s: p50 {} ns, p99 {} ns, p99.9 {} ns, most {} ns; trouble: {:?}",
        at(500),
        at(990),
        at(999),
        at(1_000),
        journal.health().trouble,
    );
}

criterion_group!(benches, append, paced);
criterion_main!(benches);
