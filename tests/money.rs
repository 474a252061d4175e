//! One price, told four times: what a call reserved while it was up, what its record was charged, what
//! its record is charged when it is rated again, and what the ledger has. They are the same to the
//! nano-unit, for customers and for carriers.
//!
//! The calls are random: cards with any intervals, grace, fees, rounding and currency, customers with and
//! without limits, hunting with late answers, calls that are cut off when the money is used up. They are
//! reserved for by the switch's own accounts, written by its own journal, loaded by its own loader, and
//! read from the tables. `MONEY_CALLS` says how many, `MONEY_SEED` which: `make money` tells a million.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and tells what it did"
)]

#[path = "money/books.rs"]
mod books;
#[path = "money/live.rs"]
mod live;
#[path = "money/random.rs"]
mod random;

use books::Books;
use live::{Live, Parties};
use random::Random;

/// Calls that share a journal and a database.
const BATCH: usize = 5_000;

fn setting(name: &str, default: u64) -> u64 {
    let text = std::env::var(name);
    text.map_or(default, |text| text.parse().expect("a whole number"))
}

#[tokio::test]
async fn live_cost_record_rating_again_and_ledger_agree_to_the_nano_unit() {
    let calls = usize::try_from(setting("MONEY_CALLS", 4_000)).unwrap();
    let seed = setting("MONEY_SEED", 1);
    eprintln!("MONEY_CALLS={calls} MONEY_SEED={seed}");
    let mut random = Random::new(seed);
    let mut parties = Parties::new(&mut random);
    let mut told = 0;
    while told < calls {
        let records: Vec<_> = (told..calls.min(told + BATCH))
            .map(|number| Live::call(number, &mut random, &mut parties))
            .collect();
        let books = Books::of(&records).await;
        books.are_the_records(&records).await;
        parties.owe(&books);
        told += records.len();
    }
    let met = parties.met;
    eprintln!("{met:?}");
    assert!(
        met.is_each_kind() || calls < 4_000,
        "not every kind of call came: {met:?}"
    );
}
