//! How fast a journal is brought into a database: calls of two attempts each, posted in the ledger and
//! counted in the sums of reports. `one_key` calls are all alike to reports; `wholesale` ones are of 300
//! customers, 1,500 destinations and 20 carriers, so that nearly each has sums of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rating::journal::BootId;
use std::path::Path;
use store::testing::{TestDatabase, write_journal, write_wholesale_journal};
use store::{Loader, LoaderConfig};
use tokio::runtime::Runtime;

const CALLS: u32 = 20_000;

type Write = fn(&Path, u32) -> u64;

fn load(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group("loader");
    group.throughput(Throughput::Elements(CALLS.into()));
    group.sample_size(10);
    let load = |(mut loader, database): (Loader, TestDatabase)| {
        let recovery = runtime.block_on(loader.recover()).unwrap();
        assert_eq!(recovery.loaded, u64::from(CALLS));
        database
    };
    let prepare = |write: Write, database: TestDatabase| {
        write(database.folder(), CALLS);
        let store = runtime.block_on(database.open());
        let config = LoaderConfig::new(database.folder().into(), BootId(2));
        (Loader::new(store, config), database)
    };
    for (calls, write) in [
        ("one_key", write_journal as Write),
        ("wholesale", write_wholesale_journal),
    ] {
        group.bench_function(format!("sqlite/{calls}"), |bencher| {
            let prepare = || prepare(write, TestDatabase::sqlite());
            bencher.iter_batched(prepare, load, BatchSize::PerIteration);
        });
        group.bench_function(format!("postgres/{calls}"), |bencher| {
            let prepare = || prepare(write, runtime.block_on(TestDatabase::postgres()));
            bencher.iter_batched(prepare, load, BatchSize::PerIteration);
        });
    }
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
