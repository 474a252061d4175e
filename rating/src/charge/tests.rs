#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::rate::{INTERVAL_S_MAX, PRICE_MAX};
use proptest::prelude::*;

/// 0.06 a minute: 0.001 a second, so expected amounts can be read off the seconds.
const MILL_A_SECOND: RateTerms = RateTerms::per_second(Amount(60_000_000));

#[test]
fn increments_round_the_duration_up() {
    let cases = [
        // (initial, next), milliseconds of talk, billed seconds
        ((1, 1), 0, 1),
        ((1, 1), 1, 1),
        ((1, 1), 1_000, 1),
        ((1, 1), 1_001, 2),
        ((1, 1), 59_999, 60),
        ((60, 60), 0, 60),
        ((60, 60), 60_000, 60),
        ((60, 60), 60_001, 120),
        ((60, 60), 120_000, 120),
        ((6, 6), 1, 6),
        ((6, 6), 6_000, 6),
        ((6, 6), 6_001, 12),
        ((30, 6), 0, 30),
        ((30, 6), 30_000, 30),
        ((30, 6), 30_500, 36),
        ((30, 6), 36_000, 36),
        ((30, 6), 36_001, 42),
        ((60, 1), 60_000, 60),
        ((60, 1), 61_000, 61),
        ((7, 13), 20_000, 20),
        ((7, 13), 20_001, 33),
        ((3_600, 3_600), 3_600_001, 7_200),
    ];
    for ((initial, next), duration_ms, billed) in cases {
        let terms = MILL_A_SECOND.with_intervals(initial, next);
        let charge = charge(&terms, duration_ms).unwrap();
        assert_eq!(
            charge.billed_seconds, billed,
            "{initial}/{next} at {duration_ms} ms"
        );
        assert_eq!(charge.amount, Amount(1_000_000 * i64::from(billed)));
    }
}

#[test]
fn the_first_interval_has_its_own_price_and_the_fee_is_charged_once() {
    let terms = RateTerms {
        initial_rate_per_minute: Amount(120_000_000),
        connection_fee: Amount(5_000_000),
        ..MILL_A_SECOND.with_intervals(30, 6)
    };
    // 30 s at 0.002, 6 s at 0.001, and 0.005 once.
    let charge = charge(&terms, 31_000).unwrap();
    assert_eq!(charge.amount.to_string(), "0.071");
}

#[test]
fn a_free_first_interval_costs_the_fee_alone() {
    let terms = RateTerms {
        initial_rate_per_minute: Amount::ZERO,
        connection_fee: Amount(1),
        ..MILL_A_SECOND.with_intervals(60, 60)
    };
    assert_eq!(charge(&terms, 59_000).unwrap().amount, Amount(1));
}

#[test]
fn half_a_nano_unit_goes_up_and_less_goes_down() {
    let nanos_for = |rate: i64, seconds: u64| {
        charge(&RateTerms::per_second(Amount(rate)), seconds * 1_000)
            .unwrap()
            .amount
    };
    assert_eq!(nanos_for(1, 29), Amount(0));
    assert_eq!(nanos_for(1, 30), Amount(1));
    assert_eq!(nanos_for(1, 89), Amount(1));
    assert_eq!(nanos_for(1, 90), Amount(2));
}

#[test]
fn what_does_not_fit_is_an_error() {
    assert_eq!(
        charge(&MILL_A_SECOND, u64::MAX),
        Err(ChargeError::DurationTooLong {
            duration_ms: u64::MAX
        })
    );
    let century_ms = 100 * 365 * 86_400_000;
    assert!(matches!(
        charge(&RateTerms::per_second(PRICE_MAX), century_ms),
        Err(ChargeError::AmountTooLarge { .. })
    ));
    let fee = RateTerms {
        connection_fee: Amount(i64::MAX),
        ..MILL_A_SECOND
    };
    assert!(matches!(
        charge(&fee, 1),
        Err(ChargeError::AmountTooLarge { billed_seconds: 1 })
    ));
}

#[test]
fn an_interval_of_zero_is_charged_as_one_second() {
    let terms = MILL_A_SECOND.with_intervals(0, 0);
    assert_eq!(charge(&terms, 2_500).unwrap().billed_seconds, 3);
}

/// A slow second opinion: sells one interval after another until the talk time is covered.
fn sell_interval_by_interval(terms: &RateTerms, duration_ms: u64) -> Charge {
    let mut billed_seconds = terms.initial_interval_s;
    let mut sixtieths =
        i128::from(terms.initial_rate_per_minute.0) * i128::from(terms.initial_interval_s);
    while u64::from(billed_seconds) * 1_000 < duration_ms {
        billed_seconds += terms.next_interval_s;
        sixtieths += i128::from(terms.next_rate_per_minute.0) * i128::from(terms.next_interval_s);
    }
    let nanos = sixtieths / 60 + i128::from(sixtieths % 60 >= 30);
    Charge {
        billed_seconds,
        amount: Amount(i64::try_from(nanos).unwrap() + terms.connection_fee.0),
    }
}

prop_compose! {
    fn sound_terms()(
        initial_rate in 0..=PRICE_MAX.0,
        next_rate in 0..=PRICE_MAX.0,
        fee in 0..=PRICE_MAX.0,
        initial_interval_s in prop_oneof![Just(1), Just(6), Just(30), Just(60), 1..=INTERVAL_S_MAX],
        next_interval_s in prop_oneof![Just(1), Just(6), Just(60), 1..=INTERVAL_S_MAX],
    ) -> RateTerms {
        RateTerms {
            initial_rate_per_minute: Amount(initial_rate),
            next_rate_per_minute: Amount(next_rate),
            initial_interval_s,
            next_interval_s,
            connection_fee: Amount(fee),
        }
    }
}

const DAY_MS: u64 = 86_400_000;

proptest! {
    #[test]
    fn sound_terms_pass_their_own_check(terms in sound_terms()) {
        prop_assert_eq!(terms.check(), Ok(()));
    }

    #[test]
    fn one_shot_equals_interval_by_interval(terms in sound_terms(), ms in 0..4 * 3_600_000_u64) {
        prop_assert_eq!(charge(&terms, ms).unwrap(), sell_interval_by_interval(&terms, ms));
    }

    #[test]
    fn a_longer_call_never_costs_less(
        terms in sound_terms(), ms in 0..DAY_MS, more_ms in 0..DAY_MS,
    ) {
        let (short, long) = (charge(&terms, ms).unwrap(), charge(&terms, ms + more_ms).unwrap());
        prop_assert!(long.amount >= short.amount);
        prop_assert!(long.billed_seconds >= short.billed_seconds);
    }

    #[test]
    fn a_charge_is_never_negative_and_never_below_the_fee(
        terms in sound_terms(), ms in 0..DAY_MS,
    ) {
        let charge = charge(&terms, ms).unwrap();
        prop_assert!(charge.amount >= terms.connection_fee);
    }

    #[test]
    fn billed_time_covers_talk_time_by_less_than_one_interval(
        terms in sound_terms(), ms in 0..DAY_MS,
    ) {
        let billed = billed_seconds(&terms, ms);
        prop_assert!(billed * 1_000 >= ms);
        let step = u64::from(terms.initial_interval_s.max(terms.next_interval_s));
        prop_assert!(billed < whole_seconds(ms) + step.max(1) || billed == step);
    }

    #[test]
    fn slices_of_a_call_add_up_to_the_whole(
        terms in sound_terms(), cuts in proptest::collection::vec(0..DAY_MS, 1..8),
    ) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let mut charged = Amount::ZERO;
        let mut paid_for_slices = Amount::ZERO;
        for until_ms in &cuts {
            let until = charge(&terms, *until_ms).unwrap().amount;
            let slice = until.checked_sub(charged).unwrap();
            prop_assert!(!slice.is_negative());
            paid_for_slices = paid_for_slices.checked_add(slice).unwrap();
            charged = until;
        }
        let whole = charge(&terms, *cuts.last().unwrap()).unwrap();
        prop_assert_eq!(paid_for_slices, whole.amount);
    }

    #[test]
    fn rounding_is_to_the_nearest(numerator in any::<i64>(), denominator in 1..=1_000_u32) {
        let (numerator, denominator_wide) = (i128::from(numerator), i128::from(denominator));
        let distance = 2 * (round_half_up(numerator, denominator) * denominator_wide - numerator);
        prop_assert!(distance > -denominator_wide && distance <= denominator_wide);
    }
}
