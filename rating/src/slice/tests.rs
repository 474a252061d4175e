#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::rate::{GRACE_PERIOD_S_MAX, INTERVAL_S_MAX, PRICE_MAX};
use crate::rounding::{DECIMALS_MAX, Rounding, RoundingMode};
use proptest::prelude::*;

/// 0.06 a minute: 0.001 a second.
const MILL_A_SECOND: RateTerms = RateTerms::per_second(Amount(60_000_000));

const MILL: i64 = 1_000_000;

fn price(terms: RateTerms) -> TalkPrice {
    TalkPrice::new(terms, ExchangeRate::ONE)
}

#[test]
fn the_first_slice_has_the_fees_and_the_first_interval() {
    let terms = RateTerms {
        attempt_fee: Amount(MILL),
        connection_fee: Amount(2 * MILL),
        ..MILL_A_SECOND.with_intervals(30, 6)
    };
    let price = price(terms);
    assert_eq!(price.unanswered(), Some(Amount(MILL)));
    assert_eq!(price.slice(None, 1), Some(Amount(33 * MILL)));
    assert_eq!(price.slice(Some(1), 30), Some(Amount::ZERO), "it is paid");
    assert_eq!(price.slice(Some(30), 31), Some(Amount(6 * MILL)));
    assert_eq!(price.slice(None, 60), Some(Amount(63 * MILL)));
}

#[test]
fn money_lasts_to_the_second() {
    let per_second = price(MILL_A_SECOND);
    for (mills, seconds) in [
        (1, Some(1)),
        (2, Some(2)),
        (59, Some(59)),
        (1_000, Some(60)),
    ] {
        assert_eq!(per_second.lasts(Amount(mills * MILL), 60), seconds);
    }
    assert_eq!(per_second.lasts(Amount(10 * MILL - 1), 60), Some(9));
    assert_eq!(per_second.lasts(Amount(MILL - 1), 60), None);
    let per_minute = price(MILL_A_SECOND.with_intervals(60, 60));
    assert_eq!(per_minute.lasts(Amount(59 * MILL), 600), None);
    assert_eq!(per_minute.lasts(Amount(119 * MILL), 600), Some(60));
    assert_eq!(per_minute.lasts(Amount(120 * MILL), 600), Some(120));
}

#[test]
fn a_free_call_lasts_as_long_as_it_may() {
    let free = price(RateTerms::per_second(Amount::ZERO));
    assert_eq!(free.lasts(Amount::ZERO, 3_600), Some(3_600));
    assert_eq!(free.lasts(Amount(-1), 3_600), None, "debts buy nothing");
}

#[test]
fn a_call_pays_from_the_second_after_the_grace_period() {
    let terms = RateTerms {
        grace_period_s: 5,
        ..MILL_A_SECOND.with_intervals(30, 6)
    };
    let price = price(terms);
    assert_eq!(price.first_paid_second(), 6);
    assert_eq!(price.slice(None, 5), Some(Amount::ZERO));
    assert_eq!(price.slice(None, 6), Some(Amount(30 * MILL)));
    assert_eq!(price.lasts(Amount(29 * MILL), 60), Some(5));
}

#[test]
fn slices_are_in_the_currency_of_the_books() {
    let euro = TalkPrice::new(MILL_A_SECOND, "1.1".parse().unwrap());
    assert_eq!(euro.slice(None, 10), Some(Amount(11 * MILL)));
    assert_eq!(euro.lasts(Amount(10 * MILL), 60), Some(9));
}

fn mode() -> impl Strategy<Value = RoundingMode> {
    use RoundingMode::{Down, HalfEven, HalfUp, Up};
    prop_oneof![Just(Up), Just(Down), Just(HalfUp), Just(HalfEven)]
}

prop_compose! {
    fn rounding()(amount in mode(), decimals in 0..=DECIMALS_MAX, duration in mode()) -> Rounding {
        Rounding { amount, decimals, duration }
    }
}

prop_compose! {
    fn any_price()(
        rates in [0..=PRICE_MAX.0, 0..=PRICE_MAX.0],
        fees in [0..=PRICE_MAX.0, 0..=PRICE_MAX.0],
        initial_interval_s in prop_oneof![Just(1), Just(6), Just(30), Just(60), 1..=INTERVAL_S_MAX],
        next_interval_s in prop_oneof![Just(1), Just(6), Just(60), 1..=INTERVAL_S_MAX],
        grace_period_s in prop_oneof![Just(0), 0..10_u32, 0..=GRACE_PERIOD_S_MAX],
        rounding in rounding(),
        exchange in prop_oneof![Just("1"), Just("1.0842"), Just("0.000039412345"), Just("100")],
    ) -> TalkPrice {
        let terms = RateTerms {
            initial_rate_per_minute: Amount(rates[0]),
            next_rate_per_minute: Amount(rates[1]),
            initial_interval_s,
            next_interval_s,
            connection_fee: Amount(fees[0]),
            attempt_fee: Amount(fees[1]),
            grace_period_s,
            rounding,
        };
        TalkPrice::new(terms, exchange.parse().unwrap())
    }
}

const DAY_S: u32 = 86_400;

proptest! {
    #[test]
    fn all_slices_add_up_to_the_charge_of_the_call(
        price in any_price(), cuts in proptest::collection::vec(0..DAY_S, 1..12),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut paid = Amount::ZERO;
        let mut from = None;
        for until in &cuts {
            let slice = price.slice(from, *until).unwrap();
            prop_assert!(!slice.is_negative());
            paid = paid.checked_add(slice).unwrap();
            from = Some(*until);
        }
        let talk_ms = u64::from(*cuts.last().unwrap()) * 1_000;
        let whole = charge(&price.terms, talk_ms).unwrap().amount;
        prop_assert_eq!(Some(paid), price.exchange_rate.to_books(whole));
    }

    #[test]
    fn a_call_that_is_cut_within_a_paid_second_costs_no_more_than_was_paid(
        price in any_price(), until_s in 1..DAY_S, early_ms in 0..1_000_u64,
    ) {
        let talk_ms = u64::from(until_s) * 1_000 - early_ms;
        let charged = price.exchange_rate.to_books(charge(&price.terms, talk_ms).unwrap().amount);
        prop_assert!(charged.unwrap() <= price.until(until_s).unwrap());
        prop_assert!(price.unanswered().unwrap() <= price.until(until_s).unwrap());
    }

    #[test]
    fn an_amount_lasts_until_one_more_second_would_cost_more(
        price in any_price(), seconds in 0..DAY_S, less in 0..3_i64, at_most_s in 1..DAY_S,
    ) {
        let amount = Amount(price.until(seconds).unwrap().0 - less);
        match price.lasts(amount, at_most_s) {
            None => prop_assert!(price.until(0).unwrap() > amount),
            Some(lasts) => {
                prop_assert!(price.until(lasts).unwrap() <= amount);
                let is_longest = lasts == at_most_s || price.until(lasts + 1).unwrap() > amount;
                prop_assert!(is_longest, "{} s of at most {}", lasts, at_most_s);
            }
        }
    }

    #[test]
    fn what_a_time_costs_lasts_for_that_time(price in any_price(), seconds in 0..DAY_S) {
        let lasts = price.lasts(price.until(seconds).unwrap(), 2 * DAY_S);
        prop_assert!(lasts.is_some_and(|lasts| lasts >= seconds));
    }
}
