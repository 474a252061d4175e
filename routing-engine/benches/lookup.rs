//! Finding prefixes: one iteration is one customer rate over the demo's cards, on the world deck.

#[path = "../tests/support/demo.rs"]
mod demo;
#[path = "../tests/support/numbers.rs"]
mod numbers;

use criterion::{Criterion, criterion_group, criterion_main};
use routing_engine::Snapshot;
use routing_engine::snapshot::CustomerIndex;
use std::hint::black_box;

fn lookup(criterion: &mut Criterion) {
    let snapshot = Snapshot::compile(1, &demo::resources(), None).unwrap_or_default();
    let called = numbers::world(&demo::prefixes(), 100_000);
    let mut group = criterion.benchmark_group("lookup");
    let customer: CustomerIndex = snapshot.ingress_trunks()[0].customer;
    for (name, numbers) in [
        ("random_numbers", &called[..]),
        ("one_number", &called[..1]),
    ] {
        let mut next = numbers.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let number = next.next().map_or("", String::as_str);
                snapshot.customer_rate(customer, black_box(number))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, lookup);
criterion_main!(benches);
