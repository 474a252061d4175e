//! How fast a journal is brought into a database: calls of two attempts each, posted in the ledger.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark stops at the first surprise"
)]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rating::journal::BootId;
use store::testing::{TestDatabase, write_journal};
use store::{Loader, LoaderConfig};
use tokio::runtime::Runtime;

const CALLS: u32 = 20_000;

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
    let prepare = |database: TestDatabase| {
        write_journal(database.folder(), CALLS);
        let store = runtime.block_on(database.open());
        let config = LoaderConfig::new(database.folder().into(), BootId(2));
        (Loader::new(store, config), database)
    };
    group.bench_function("sqlite", |bencher| {
        let prepare = || prepare(TestDatabase::sqlite());
        bencher.iter_batched(prepare, load, BatchSize::PerIteration);
    });
    group.bench_function("postgres", |bencher| {
        let prepare = || prepare(runtime.block_on(TestDatabase::postgres()));
        bencher.iter_batched(prepare, load, BatchSize::PerIteration);
    });
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
