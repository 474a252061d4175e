//! A deck of a million rows: read, compared with the million in force, written.

use criterion::{Criterion, criterion_group, criterion_main};
use rate_deck::difference::{Policy, compare};
use rate_deck::{Card, Mapping, Reading, export, read};
use rating::rate::RateTerms;
use rating::{Amount, Currency, Timestamp};
use std::fmt::Write;
use std::hint::black_box;
use std::io;

const ROWS: u64 = 1_000_000;

fn file(cheaper_every: u64) -> String {
    let mut text = "Dial Code;Destination;Rate;Increment;Effective Date\n".to_owned();
    for row in 0..ROWS {
        let price = if row % cheaper_every == 0 { 11 } else { 12 } + row % 80;
        let _ = writeln!(
            text,
            "+{};Place {};0,0{price:02};30/6;22.11.2026",
            20_000_000 + row * 7,
            row % 3_000
        );
    }
    text
}

fn parsed(file: &str) -> Reading {
    let card = Card {
        origin_names: Default::default(),
        currency: Currency::USD,
        defaults: RateTerms::per_second(Amount::ZERO),
    };
    read(file.as_bytes(), &Mapping::default(), &card, &mut |_| {})
        .unwrap_or_else(|error| panic!("{error}"))
}

fn import(criterion: &mut Criterion) {
    let (now, next) = (file(u64::MAX), file(5));
    let (in_force, sent) = (parsed(&now).table, parsed(&next));
    let mut group = criterion.benchmark_group("a million rows");
    group.sample_size(10);
    group.bench_function("read", |bencher| bencher.iter(|| parsed(black_box(&next))));
    group.bench_function("compare", |bencher| {
        bencher.iter(|| compare(&in_force, &sent, &Policy::default(), Timestamp(1 << 50)));
    });
    group.bench_function("write", |bencher| {
        bencher.iter(|| export::csv(&sent.table, io::sink()));
    });
    group.finish();
}

criterion_group!(benches, import);
criterion_main!(benches);
