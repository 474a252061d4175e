//! What one unit of a currency is worth in the currency of the books.
//!
//! Cards have currencies of their own. What is compared, summed up or counted as margin is converted
//! into [`Currency::USD`](crate::Currency::USD) first, by the rate in force at the moment of the
//! call. The rule of rounding is one: **to the nano-unit, half up** ([`ExchangeRate::to_books`]).

use crate::money::Amount;
use crate::rounding::{RoundingMode, divide};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Decimals of a rate: enough for eight digits of a currency of which a unit of the books buys
/// tens of thousands.
pub const EXCHANGE_DECIMALS: usize = 12;

const PARTS_PER_UNIT: u64 = 10_u64.pow(EXCHANGE_DECIMALS as u32);

/// The dearest unit of a currency: 100 units of the books. Amounts of all cards fit 64 bits when
/// they are converted at it.
const UNITS_MAX: u64 = 100;

/// Units of the books for one unit of a currency, exact to [`EXCHANGE_DECIMALS`] decimals. More than
/// nothing, at most 100.
///
/// In JSON records and in the journal it is a whole number of 1e-12 units; [`decimal`] is the text
/// that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExchangeRate(u64);

/// Why a text is no exchange rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeRateError {
    /// Something other than digits and one decimal point.
    #[error("not a decimal number: write digits and at most one point, such as 1.0842")]
    NotDecimal,
    /// More decimals than a rate has.
    #[error("more than {EXCHANGE_DECIMALS} decimal places")]
    TooManyDecimals,
    /// Nothing, or more than 100.
    #[error("a unit is worth more than 0 and at most {UNITS_MAX}")]
    OutOfBounds,
}

/// The rates of one currency over time. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedRates(Box<[(Timestamp, ExchangeRate)]>);

impl ExchangeRate {
    /// Of the currency of the books.
    pub const ONE: Self = Self(PARTS_PER_UNIT);

    /// Of so many 1e-12 units of the books; `None` for nothing and for more than 100 units.
    pub fn of_parts(parts: u64) -> Option<Self> {
        (1..=UNITS_MAX * PARTS_PER_UNIT)
            .contains(&parts)
            .then_some(Self(parts))
    }

    /// In 1e-12 units of the books.
    pub fn parts(self) -> u64 {
        self.0
    }

    /// An amount of the currency in the currency of the books, rounded half up to the nano-unit.
    /// `None` when it does not fit, which no charge of terms within their bounds does.
    pub fn to_books(self, amount: Amount) -> Option<Amount> {
        if self == Self::ONE {
            return Some(amount);
        }
        let parts = i128::from(amount.0) * i128::from(self.0);
        let nanos = divide(parts, PARTS_PER_UNIT, RoundingMode::HalfUp);
        i64::try_from(nanos).ok().map(Amount)
    }

    /// An amount of this currency as one of another, rounded as asked to the nano-unit. `None` when
    /// it does not fit.
    pub fn to_other(self, other: Self, amount: Amount, mode: RoundingMode) -> Option<Amount> {
        if self == other {
            return Some(amount);
        }
        let parts = i128::from(amount.0) * i128::from(self.0);
        i64::try_from(divide(parts, other.0, mode)).ok().map(Amount)
    }
}

impl Default for ExchangeRate {
    /// That of the books: what records have that know of no other.
    fn default() -> Self {
        Self::ONE
    }
}

impl FromStr for ExchangeRate {
    type Err = ExchangeRateError;

    fn from_str(text: &str) -> Result<Self, ExchangeRateError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(ExchangeRateError::NotDecimal),
            Some(parts) => parts,
            None => (text, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(ExchangeRateError::NotDecimal);
        }
        if fraction.len() > EXCHANGE_DECIMALS {
            return Err(ExchangeRateError::TooManyDecimals);
        }
        let units: u64 = whole.parse().map_err(|_| ExchangeRateError::OutOfBounds)?;
        if units > UNITS_MAX {
            return Err(ExchangeRateError::OutOfBounds);
        }
        let padded = format!("{fraction:0<EXCHANGE_DECIMALS$}");
        let parts: u64 = padded.parse().map_err(|_| ExchangeRateError::NotDecimal)?;
        let rate = Self::of_parts(units * PARTS_PER_UNIT + parts);
        rate.ok_or(ExchangeRateError::OutOfBounds)
    }
}

impl fmt::Display for ExchangeRate {
    /// The shortest exact form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (units, parts) = (self.0 / PARTS_PER_UNIT, self.0 % PARTS_PER_UNIT);
        let fraction = format!(".{parts:0EXCHANGE_DECIMALS$}");
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{units}{fraction}")
    }
}

impl DatedRates {
    /// From rates and the moments from which they count; `None` for none, and unless the moments
    /// ascend.
    pub fn new(rates: impl IntoIterator<Item = (Timestamp, ExchangeRate)>) -> Option<Self> {
        let rates: Box<[_]> = rates.into_iter().collect();
        let ascends = rates.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (ascends && !rates.is_empty()).then_some(Self(rates))
    }

    /// The rate that counts at a moment; before the first it is the first, so that there always is
    /// one.
    pub fn at(&self, at: Timestamp) -> ExchangeRate {
        let begun = self.0.partition_point(|(from, _)| *from <= at);
        self.0[begun.saturating_sub(1)].1
    }

    /// When the first begins.
    pub fn begins(&self) -> Timestamp {
        self.0[0].0
    }
}

/// Rates as decimal text, for `#[serde(with = "rating::exchange::decimal")]`.
pub mod decimal {
    use super::ExchangeRate;
    use serde::{Deserialize, Deserializer, Serializer, de};

    /// Writes the decimal text.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(rate: &ExchangeRate, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(rate)
    }

    /// Reads the decimal text.
    ///
    /// # Errors
    /// When the text is no rate ([`super::ExchangeRateError`]).
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<ExchangeRate, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::charge::charge;
    use crate::expected::sample_total;
    use crate::rate::{PRICE_MAX, RateTerms};
    use proptest::prelude::*;

    fn rate(text: &str) -> ExchangeRate {
        text.parse().unwrap()
    }

    #[test]
    fn rates_are_read_and_written_exactly() {
        for text in ["1", "1.0842", "0.000039412345", "100", "0.000000000001"] {
            assert_eq!(rate(text).to_string(), text);
        }
        assert_eq!(rate("1.10").to_string(), "1.1");
        assert_eq!(rate("1"), ExchangeRate::ONE);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        use ExchangeRateError::{NotDecimal, OutOfBounds, TooManyDecimals};
        let cases = [
            ("", NotDecimal),
            ("1.", NotDecimal),
            (".5", NotDecimal),
            ("-1", NotDecimal),
            ("1,08", NotDecimal),
            ("+1", NotDecimal),
            ("1.2.3", NotDecimal),
            ("0.0000000000001", TooManyDecimals),
            ("0", OutOfBounds),
            ("0.000000000000", OutOfBounds),
            ("100.000000000001", OutOfBounds),
            ("101", OutOfBounds),
            ("99999999999999999999999", OutOfBounds),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<ExchangeRate>(), Err(error), "{text}");
        }
    }

    #[test]
    fn half_a_nano_unit_goes_up() {
        assert_eq!(rate("0.5").to_books(Amount(3)), Some(Amount(2)));
        assert_eq!(rate("0.4").to_books(Amount(3)), Some(Amount(1)));
        assert_eq!(
            rate("1.0842").to_books(Amount::ONE),
            Some(Amount(1_084_200_000))
        );
        assert_eq!(
            ExchangeRate::ONE.to_books(Amount(i64::MAX)),
            Some(Amount(i64::MAX))
        );
        assert_eq!(rate("2").to_books(Amount(i64::MAX)), None);
    }

    #[test]
    fn the_dearest_terms_fit_at_the_dearest_rate() {
        let dearest = RateTerms {
            connection_fee: PRICE_MAX,
            attempt_fee: PRICE_MAX,
            ..RateTerms::per_second(PRICE_MAX).with_intervals(3_600, 3_600)
        };
        let total = sample_total(&dearest).unwrap();
        assert!(rate("100").to_books(total).is_some());
    }

    #[test]
    fn a_rate_counts_from_its_moment_until_the_next() {
        let at = Timestamp;
        let rates = DatedRates::new([
            (at(10), rate("1")),
            (at(20), rate("2")),
            (at(30), rate("3")),
        ]);
        let rates = rates.unwrap();
        for (moment, expected) in [
            (0, "1"),
            (10, "1"),
            (19, "1"),
            (20, "2"),
            (30, "3"),
            (99, "3"),
        ] {
            assert_eq!(rates.at(at(moment)), rate(expected), "{moment}");
        }
        assert_eq!(rates.begins(), at(10));
        assert_eq!(DatedRates::new([]), None);
        assert_eq!(
            DatedRates::new([(at(1), rate("1")), (at(1), rate("2"))]),
            None
        );
    }

    prop_compose! {
        fn any_rate()(parts in prop_oneof![1..=PARTS_PER_UNIT, 1..=UNITS_MAX * PARTS_PER_UNIT]) -> ExchangeRate {
            ExchangeRate(parts)
        }
    }

    prop_compose! {
        fn any_terms()(
            prices in any::<[u32; 4]>(), initial in 1..=120_u32, next in 1..=120_u32, grace in 0..20_u32,
        ) -> RateTerms {
            RateTerms {
                initial_rate_per_minute: Amount(prices[0].into()),
                next_rate_per_minute: Amount(prices[1].into()),
                initial_interval_s: initial,
                next_interval_s: next,
                connection_fee: Amount(prices[2].into()),
                attempt_fee: Amount(prices[3].into()),
                grace_period_s: grace,
                rounding: crate::rounding::Rounding::FINEST,
            }
        }
    }

    proptest! {
        #[test]
        fn a_rate_is_its_own_text(rate in any_rate()) {
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn converting_is_multiplying_and_rounding_once(rate in any_rate(), nanos in 0..1_000_000_000_000_000_i64) {
            let exact = i128::from(nanos) * i128::from(rate.0);
            let unit = i128::from(PARTS_PER_UNIT);
            let expected = (exact + unit / 2) / unit;
            prop_assert_eq!(i128::from(rate.to_books(Amount(nanos)).unwrap().0), expected);
            prop_assert_eq!(rate.to_other(ExchangeRate::ONE, Amount(nanos), RoundingMode::HalfUp), rate.to_books(Amount(nanos)));
        }

        #[test]
        fn a_charge_in_the_books_is_never_negative_and_never_falls_as_the_call_goes_on(
            terms in any_terms(), rate in any_rate(), duration_ms in 0..7_200_000_u64, more_ms in 0..600_000_u64,
        ) {
            let books = |ms| rate.to_books(charge(&terms, ms).unwrap().amount).unwrap();
            prop_assert!(books(duration_ms) >= Amount::ZERO);
            prop_assert!(books(duration_ms + more_ms) >= books(duration_ms));
        }

        #[test]
        fn there_and_back_is_the_same_to_what_a_step_of_rounding_is_worth(
            one in any_rate(), other in any_rate(), nanos in 0..1_000_000_000_i64,
        ) {
            let there = one.to_other(other, Amount(nanos), RoundingMode::HalfUp);
            prop_assume!(there.is_some());
            let back = other.to_other(one, there.unwrap(), RoundingMode::HalfUp).unwrap();
            let step = other.0.div_ceil(one.0).cast_signed();
            prop_assert!((back.0 - nanos).abs() <= step);
        }
    }
}
