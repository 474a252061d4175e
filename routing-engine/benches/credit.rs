//! Reserving money: one iteration is the first slice of a call and its settlement, or one more slice.

use criterion::{Criterion, criterion_group, criterion_main};
use rating::exchange::ExchangeRate;
use rating::rate::RateTerms;
use rating::slice::TalkPrice;
use rating::{Amount, Timestamp};
use routing_engine::credit::{CreditAccount, CreditTerms, Reservation};
use std::hint::black_box;
use std::sync::Arc;

const AT: Timestamp = Timestamp(1_767_225_600_000_000);

fn credit(criterion: &mut Criterion) {
    let terms = CreditTerms {
        credit_limit: Some(Amount::ZERO),
        ..CreditTerms::default()
    };
    let rate = RateTerms::per_second(Amount(12_500_000)).with_intervals(30, 6);
    let price = TalkPrice::new(rate, ExchangeRate::ONE);
    let with = |base| {
        let account = CreditAccount::default();
        account.set_base(Amount(base));
        Arc::new(account)
    };
    let plenty = with(1_000_000_000_000);
    let little = with(10_000_000);
    let mut group = criterion.benchmark_group("credit");
    for (name, account) in [("plenty", &plenty), ("little", &little)] {
        group.bench_function(format!("first_slice_and_back/{name}"), |bencher| {
            bencher.iter(|| black_box(Reservation::begin(account, &terms, &price, AT)).is_ok());
        });
    }
    group.bench_function("next_slice", |bencher| {
        let mut held = Reservation::begin(&plenty, &terms, &price, AT).ok();
        bencher.iter(|| {
            let held = held.as_mut()?;
            let renewed = held.renew(&terms, &price, AT, 0);
            if held.until_s() > 86_400 {
                *held = Reservation::begin(&plenty, &terms, &price, AT).ok()?;
            }
            Some(renewed.is_ok())
        });
    });
    group.finish();
}

criterion_group!(benches, credit);
criterion_main!(benches);
