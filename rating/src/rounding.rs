//! Rounding of amounts and of talk times: a number between two steps goes to one of them.

use serde::{Deserialize, Serialize};

/// Most decimals that an amount can be rounded to: those that nano-units hold.
pub const DECIMALS_MAX: u8 = 9;

/// Which of its two neighbours a number between two steps becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    /// The upper one.
    Up,
    /// The lower one.
    Down,
    /// The nearer one; in the middle the upper one.
    #[default]
    HalfUp,
    /// The nearer one; in the middle the even one.
    HalfEven,
}

/// How the charges of a card are rounded.
///
/// The default changes nothing that can be held: amounts to the nano-unit, talk times up to whole
/// seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rounding {
    /// Of the amount of a call.
    pub amount: RoundingMode,
    /// To how many decimals the amount is rounded, 0 to [`DECIMALS_MAX`].
    pub decimals: u8,
    /// Of the talk time to whole seconds, before intervals are counted.
    pub duration: RoundingMode,
}

impl Rounding {
    /// What the default is.
    pub const FINEST: Self = Self {
        amount: RoundingMode::HalfUp,
        decimals: DECIMALS_MAX,
        duration: RoundingMode::Up,
    };

    /// The nano-units between two amounts that are rounded to.
    pub(crate) fn step_nanos(&self) -> u32 {
        10_u32.pow(u32::from(DECIMALS_MAX.saturating_sub(self.decimals)))
    }
}

impl Default for Rounding {
    fn default() -> Self {
        Self::FINEST
    }
}

/// `numerator / denominator` as a whole number. Up and down are those of the number line, also
/// below zero. A denominator of zero counts as one.
///
/// The only division of money in the product.
pub fn divide(numerator: i128, denominator: u64, mode: RoundingMode) -> i128 {
    let denominator = denominator.max(1);
    let (quotient, rest) = floor_and_rest(numerator, denominator);
    let is_beyond_middle = rest > denominator - rest;
    let is_middle = rest == denominator - rest;
    let goes_up = match mode {
        RoundingMode::Up => rest > 0,
        RoundingMode::Down => false,
        RoundingMode::HalfUp => is_beyond_middle || is_middle,
        RoundingMode::HalfEven => is_beyond_middle || (is_middle && quotient & 1 == 1),
    };
    quotient + i128::from(goes_up)
}

/// Division of 128 bits is several times slower than of 64, which nearly all calls fit.
fn floor_and_rest(numerator: i128, denominator: u64) -> (i128, u64) {
    if let Ok(numerator) = u64::try_from(numerator) {
        return (i128::from(numerator / denominator), numerator % denominator);
    }
    let wide = i128::from(denominator);
    // Powers of ten have many twos: without them what converts currencies fits as well.
    let twos = denominator.trailing_zeros();
    if let Ok(numerator_without) = u64::try_from(numerator >> twos) {
        let quotient = i128::from(numerator_without / (denominator >> twos));
        return (quotient, (numerator - quotient * wide) as u64);
    }
    let rest = numerator.rem_euclid(wide);
    // A rest is below its denominator.
    (numerator.div_euclid(wide), rest as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use RoundingMode::{Down, HalfEven, HalfUp, Up};
    use proptest::prelude::*;

    #[test]
    fn each_mode_takes_the_neighbour_it_says() {
        let cases = [
            // numerator, of 10: up, down, half up, half even
            (0, [0, 0, 0, 0]),
            (1, [1, 0, 0, 0]),
            (5, [1, 0, 1, 0]),
            (6, [1, 0, 1, 1]),
            (10, [1, 1, 1, 1]),
            (15, [2, 1, 2, 2]),
            (25, [3, 2, 3, 2]),
            (-5, [0, -1, 0, 0]),
            (-15, [-1, -2, -1, -2]),
            (-16, [-1, -2, -2, -2]),
        ];
        for (numerator, expected) in cases {
            let found = [Up, Down, HalfUp, HalfEven].map(|mode| divide(numerator, 10, mode));
            assert_eq!(found, expected, "{numerator}");
        }
    }

    #[test]
    fn thirds_have_no_middle() {
        for (numerator, nearest) in [(1, 0), (2, 1), (4, 1), (5, 2)] {
            assert_eq!(divide(numerator, 3, HalfUp), nearest);
            assert_eq!(divide(numerator, 3, HalfEven), nearest);
        }
    }

    #[test]
    fn a_step_is_what_the_decimals_leave() {
        let step = |decimals| {
            let rounding = Rounding {
                decimals,
                ..Rounding::FINEST
            };
            rounding.step_nanos()
        };
        assert_eq!([step(9), step(4), step(0)], [1, 100_000, 1_000_000_000]);
        assert_eq!(
            step(200),
            1,
            "decimals beyond what exists are all there are"
        );
    }

    fn mode() -> impl Strategy<Value = RoundingMode> {
        prop_oneof![Just(Up), Just(Down), Just(HalfUp), Just(HalfEven)]
    }

    proptest! {
        #[test]
        fn a_result_is_less_than_one_step_away(
            numerator in -(1_i128 << 100)..(1 << 100), denominator in 1..=u64::MAX, mode in mode(),
        ) {
            let wide = i128::from(denominator);
            let error = divide(numerator, denominator, mode) * wide - numerator;
            prop_assert!(error.abs() < wide);
            match mode {
                Up => prop_assert!(error >= 0),
                Down => prop_assert!(error <= 0),
                HalfUp | HalfEven => prop_assert!(2 * error.abs() <= wide),
            }
        }

        #[test]
        fn short_and_long_division_agree(numerator in any::<u64>(), denominator in 1..=u64::MAX) {
            let wide = i128::from(numerator);
            let rest = wide % i128::from(denominator);
            prop_assert_eq!(
                floor_and_rest(wide, denominator),
                (wide / i128::from(denominator), rest as u64)
            );
        }

        #[test]
        fn a_denominator_with_many_twos_divides_as_any_other(
            numerator in 0..(1_i128 << 90), odd in 1..=1_u64 << 30, twos in 0..33_u32,
        ) {
            let denominator = odd << twos;
            let wide = i128::from(denominator);
            prop_assert_eq!(
                floor_and_rest(numerator, denominator),
                (numerator / wide, (numerator % wide) as u64)
            );
        }

        #[test]
        fn a_larger_number_never_becomes_a_smaller_one(
            low in any::<i64>(), more in 0..=u64::MAX, denominator in 1..=1_000_u64, mode in mode(),
        ) {
            let (low, high) = (i128::from(low), i128::from(low) + i128::from(more));
            prop_assert!(divide(low, denominator, mode) <= divide(high, denominator, mode));
        }
    }
}
