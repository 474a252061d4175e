//! Cards and calls from a seed.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rating::cdr::{AppliedRate, ResourceRef};
use rating::exchange::ExchangeRate;
use rating::rounding::{DECIMALS_MAX, Rounding, RoundingMode};
use rating::{Amount, Currency};

/// What is drawn from.
pub(crate) struct Random(TestRunner);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Self(TestRunner::new_with_rng(Config::default(), rng))
    }

    pub(crate) fn draw<T: std::fmt::Debug>(&mut self, strategy: impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.draw(0..bound)
    }

    /// One of so many.
    pub(crate) fn one_in(&mut self, many: u32) -> bool {
        self.draw(0..many) == 0
    }

    /// A rate of any card.
    pub(crate) fn rate(&mut self) -> AppliedRate {
        let [initial, next, connection, attempt] = [price(), price(), fee(), fee()];
        let (currency, exchange_rate) = self.draw(currency());
        AppliedRate {
            rate_card: reference(1, "card"),
            prefix: "33142".into(),
            destination: "France Paris".into(),
            currency: Currency::try_from(currency.to_owned()).unwrap(),
            initial_rate_per_minute: Amount(self.draw(initial)),
            next_rate_per_minute: Amount(self.draw(next)),
            initial_interval_s: self.draw(interval()),
            next_interval_s: self.draw(interval()),
            connection_fee: Amount(self.draw(connection)),
            attempt_fee: Amount(self.draw(attempt)),
            grace_period_s: self.draw(prop_oneof![3 => Just(0), 1 => 0..40_u32]),
            rounding: self.draw(rounding()),
            exchange_rate,
            origin: Default::default(),
        }
    }

    /// How long a call would like to talk, in milliseconds: often on the edge of a second.
    pub(crate) fn talk_ms(&mut self) -> u64 {
        self.draw(prop_oneof![
            4 => 0..600_000_u64,
            2 => (0..600_u64, 0..3_u64).prop_map(|(s, near)| (s * 1_000 + near).saturating_sub(1)),
            1 => 0..14_400_000_u64,
            1 => Just(0),
        ])
    }
}

pub(crate) fn reference(id: i64, name: &str) -> ResourceRef {
    ResourceRef {
        id,
        name: name.into(),
    }
}

fn price() -> BoxedStrategy<i64> {
    prop_oneof![
        6 => 0..200_000_000_i64,
        1 => 0..10_000_000_000_i64,
        1 => Just(0),
        1 => (0..1_000_i64).prop_map(|mill| mill * 1_000_000),
    ]
    .boxed()
}

fn fee() -> BoxedStrategy<i64> {
    prop_oneof![3 => Just(0), 1 => 0..50_000_000_i64, 1 => 0..100_i64].boxed()
}

fn interval() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(6), Just(30), Just(60), 1..=3_600_u32]
}

fn rounding() -> impl Strategy<Value = Rounding> {
    let mode = || {
        prop_oneof![
            Just(RoundingMode::Up),
            Just(RoundingMode::Down),
            Just(RoundingMode::HalfUp),
            Just(RoundingMode::HalfEven)
        ]
    };
    (mode(), 0..=DECIMALS_MAX, mode()).prop_map(|(amount, decimals, duration)| Rounding {
        amount,
        decimals,
        duration,
    })
}

/// A currency and a rate that it might have had.
fn currency() -> impl Strategy<Value = (&'static str, ExchangeRate)> {
    let rates = |least: u64, most: u64| {
        (least..most).prop_map(|parts| {
            let text = format!(
                "{}.{:012}",
                parts / 1_000_000_000_000,
                parts % 1_000_000_000_000
            );
            text.parse::<ExchangeRate>().unwrap()
        })
    };
    prop_oneof![
        2 => Just(("USD", ExchangeRate::ONE)),
        2 => rates(900_000_000_000, 1_300_000_000_000).prop_map(|rate| ("EUR", rate)),
        1 => rates(6_000_000_000, 7_000_000_000).prop_map(|rate| ("JPY", rate)),
        1 => rates(3_200_000_000_000, 3_300_000_000_000).prop_map(|rate| ("KWD", rate)),
    ]
}
