#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::rate::{GRACE_PERIOD_S_MAX, INTERVAL_S_MAX, PRICE_MAX};
use crate::rounding::RoundingMode::{self, Down, HalfEven, HalfUp, Up};
use crate::rounding::{DECIMALS_MAX, Rounding};
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

#[test]
fn a_call_within_the_grace_period_costs_its_attempt_alone() {
    let terms = RateTerms {
        grace_period_s: 5,
        attempt_fee: Amount(11),
        connection_fee: Amount(5_000_000),
        ..MILL_A_SECOND.with_intervals(30, 6)
    };
    for duration_ms in [0, 1, 4_999, 5_000] {
        assert_eq!(charge(&terms, duration_ms), charge_unanswered(&terms));
    }
    assert_eq!(
        charge_unanswered(&terms).unwrap(),
        Charge {
            billed_seconds: 0,
            amount: Amount(11)
        }
    );
    let first_that_pays = charge(&terms, 5_001).unwrap();
    assert_eq!(first_that_pays.billed_seconds, 30);
    assert_eq!(first_that_pays.amount, Amount(30_000_000 + 5_000_000 + 11));
}

#[test]
fn talk_time_is_rounded_to_seconds_as_the_card_says() {
    let billed = |duration, duration_ms| {
        let rounding = Rounding {
            duration,
            ..Rounding::FINEST
        };
        let terms = RateTerms {
            rounding,
            ..MILL_A_SECOND
        };
        charge(&terms, duration_ms).unwrap().billed_seconds
    };
    let cases = [
        // milliseconds; up, down, half up, half even
        (10_001, [11, 10, 10, 10]),
        (10_500, [11, 10, 11, 10]),
        (11_500, [12, 11, 12, 12]),
        (10_501, [11, 10, 11, 11]),
        // A call that was answered is billed its first interval.
        (400, [1, 1, 1, 1]),
    ];
    for (duration_ms, expected) in cases {
        let found = [Up, Down, HalfUp, HalfEven].map(|mode| billed(mode, duration_ms));
        assert_eq!(found, expected, "{duration_ms} ms");
    }
}

#[test]
fn the_amount_is_rounded_once_to_the_decimals_of_the_card() {
    let amount = |mode, decimals| {
        let terms = RateTerms {
            // Neither fee has the card's decimals, but their sum with the usage is 0.00125.
            connection_fee: Amount(240_000),
            attempt_fee: Amount(10_000),
            rounding: Rounding {
                amount: mode,
                decimals,
                ..Rounding::FINEST
            },
            ..MILL_A_SECOND
        };
        charge(&terms, 1_000).unwrap().amount.to_string()
    };
    assert_eq!(amount(HalfUp, 9), "0.00125");
    assert_eq!(amount(HalfUp, 4), "0.0013");
    assert_eq!(amount(HalfEven, 4), "0.0012");
    assert_eq!(amount(Up, 2), "0.01");
    assert_eq!(amount(Down, 2), "0");
}

/// A slow second opinion: sells one interval after another until the talk time is covered.
fn sell_interval_by_interval(terms: &RateTerms, duration_ms: u64) -> Charge {
    let talked = seconds_by_the_definition(terms, duration_ms);
    let mut billed_seconds = 0;
    let mut sixtieths = 60 * i128::from(terms.attempt_fee.0);
    if terms.grace_period_s == 0 || talked > u64::from(terms.grace_period_s) {
        sixtieths += 60 * i128::from(terms.connection_fee.0);
        billed_seconds = terms.initial_interval_s;
        sixtieths +=
            i128::from(terms.initial_rate_per_minute.0) * i128::from(terms.initial_interval_s);
        while u64::from(billed_seconds) < talked {
            billed_seconds += terms.next_interval_s;
            sixtieths +=
                i128::from(terms.next_rate_per_minute.0) * i128::from(terms.next_interval_s);
        }
    }
    let step = 10_i128.pow(9 - u32::from(terms.rounding.decimals));
    let nanos = by_the_definition(sixtieths, 60 * step, terms.rounding.amount) * step;
    Charge {
        billed_seconds,
        amount: Amount(i64::try_from(nanos).unwrap()),
    }
}

fn seconds_by_the_definition(terms: &RateTerms, duration_ms: u64) -> u64 {
    let seconds = by_the_definition(duration_ms.into(), 1_000, terms.rounding.duration);
    u64::try_from(seconds).unwrap()
}

/// What is not negative, rounded as a textbook says it.
fn by_the_definition(numerator: i128, denominator: i128, mode: RoundingMode) -> i128 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    match mode {
        Up => whole + i128::from(rest != 0),
        Down => whole,
        HalfUp => (2 * numerator + denominator) / (2 * denominator),
        HalfEven if 2 * rest == denominator => whole + whole % 2,
        HalfEven => (2 * numerator + denominator) / (2 * denominator),
    }
}

fn mode() -> impl Strategy<Value = RoundingMode> {
    prop_oneof![Just(Up), Just(Down), Just(HalfUp), Just(HalfEven)]
}

prop_compose! {
    fn rounding()(amount in mode(), decimals in 0..=DECIMALS_MAX, duration in mode()) -> Rounding {
        Rounding { amount, decimals, duration }
    }
}

prop_compose! {
    fn sound_terms()(
        initial_rate in 0..=PRICE_MAX.0,
        next_rate in 0..=PRICE_MAX.0,
        fees in [0..=PRICE_MAX.0, 0..=PRICE_MAX.0],
        initial_interval_s in prop_oneof![Just(1), Just(6), Just(30), Just(60), 1..=INTERVAL_S_MAX],
        next_interval_s in prop_oneof![Just(1), Just(6), Just(60), 1..=INTERVAL_S_MAX],
        grace_period_s in prop_oneof![Just(0), 0..10_u32, 0..=GRACE_PERIOD_S_MAX],
        rounding in rounding(),
    ) -> RateTerms {
        RateTerms {
            initial_rate_per_minute: Amount(initial_rate),
            next_rate_per_minute: Amount(next_rate),
            initial_interval_s,
            next_interval_s,
            connection_fee: Amount(fees[0]),
            attempt_fee: Amount(fees[1]),
            grace_period_s,
            rounding,
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
    fn a_charge_is_never_negative_and_never_below_that_of_no_answer(
        terms in sound_terms(), ms in 0..DAY_MS,
    ) {
        let unanswered = charge_unanswered(&terms).unwrap();
        prop_assert!(!unanswered.amount.is_negative());
        prop_assert!(charge(&terms, ms).unwrap().amount >= unanswered.amount);
    }

    #[test]
    fn an_amount_has_no_more_decimals_than_the_card(terms in sound_terms(), ms in 0..DAY_MS) {
        let step = i64::from(terms.rounding.step_nanos());
        prop_assert_eq!(charge(&terms, ms).unwrap().amount.0 % step, 0);
    }

    #[test]
    fn billed_time_covers_talk_time_by_less_than_one_interval(
        terms in sound_terms(), ms in 0..DAY_MS,
    ) {
        let (billed, talked) = (billed_seconds(&terms, ms), whole_seconds(&terms, ms));
        let step = u64::from(terms.initial_interval_s.max(terms.next_interval_s));
        if billed == 0 {
            prop_assert!(talked <= u64::from(terms.grace_period_s));
        } else {
            prop_assert!(billed >= talked);
            prop_assert!(billed < talked + step || billed == step);
        }
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
}
