//! How long one call takes to rate. One iteration is one charge.

use criterion::{Criterion, criterion_group, criterion_main};
use rating::Amount;
use rating::charge::charge;
use rating::expected::sample_total;
use rating::rate::RateTerms;
use rating::rounding::{Rounding, RoundingMode};
use std::hint::black_box;

const RATE: Amount = Amount(12_345_678);

fn charges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("charge");
    for (name, initial_s, next_s) in [("1/1", 1, 1), ("30/6", 30, 6), ("60/60", 60, 60)] {
        let terms = RateTerms::per_second(RATE).with_intervals(initial_s, next_s);
        let mut duration_ms = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                duration_ms = (duration_ms + 7_919) % 3_600_000;
                charge(black_box(&terms), black_box(duration_ms)).unwrap_or_default()
            });
        });
    }
    let everything = RateTerms {
        connection_fee: Amount(5_000_000),
        attempt_fee: Amount(100_000),
        grace_period_s: 3,
        rounding: Rounding {
            amount: RoundingMode::HalfEven,
            decimals: 4,
            duration: RoundingMode::HalfUp,
        },
        ..RateTerms::per_second(RATE).with_intervals(30, 6)
    };
    let mut duration_ms = 0;
    group.bench_function("30/6 with fees, grace and rounding", |bencher| {
        bencher.iter(|| {
            duration_ms = (duration_ms + 7_919) % 3_600_000;
            charge(black_box(&everything), black_box(duration_ms)).unwrap_or_default()
        });
    });
    group.finish();
    let terms = RateTerms::per_second(RATE).with_intervals(30, 6);
    criterion.bench_function("sample_total", |bencher| {
        bencher.iter(|| sample_total(black_box(&terms)));
    });
}

criterion_group!(benches, charges);
criterion_main!(benches);
