//! Amounts as decimal text: `0.0125` is 12,500,000 nano-units. Exact both ways.
//!
//! Text is how money travels outside the process (files, JSON, screens). The module has the
//! shape that `#[serde(with = "rating::money::decimal")]` wants, and [`option`] the one for an
//! optional field.

use super::Amount;
use serde::{Deserialize, Deserializer, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// Decimal places that an amount can hold.
pub const DECIMAL_PLACES: usize = 9;

const NANOS_PER_UNIT: u64 = 1_000_000_000;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// The text is empty.
    #[error("an amount is missing: write a decimal number such as 0.0125")]
    Empty,
    /// Something other than digits, one leading minus and one decimal point.
    #[error("not a decimal number: write digits and at most one point, such as 0.0125")]
    NotDecimal,
    /// More decimal places than nano-units can hold.
    #[error("more than 9 decimal places: the smallest amount is 0.000000001")]
    TooManyDecimals,
    /// Beyond what 64 bits of nano-units can hold.
    #[error("the amount is too large: the largest is 9223372036.854775807")]
    TooLarge,
}

impl Amount {
    /// Reads `[-]digits[.digits]` from bytes; no sign but minus, no exponent, no separators.
    ///
    /// # Errors
    /// See [`AmountError`]. Nothing is rounded: a tenth decimal place is an error, even a zero.
    pub fn from_decimal_bytes(text: &[u8]) -> Result<Self, AmountError> {
        let (negative, digits) = match text {
            [] => return Err(AmountError::Empty),
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, fraction) = split_at_point(digits)?;
        let units = whole.iter().try_fold(0_u64, push_digit)?;
        let nanos = fraction.iter().try_fold(0_u64, push_digit)?
            * 10_u64.pow((DECIMAL_PLACES - fraction.len()) as u32);
        let magnitude = units
            .checked_mul(NANOS_PER_UNIT)
            .and_then(|whole_nanos| whole_nanos.checked_add(nanos))
            .ok_or(AmountError::TooLarge)?;
        let magnitude = i64::try_from(magnitude).map_err(|_| AmountError::TooLarge)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }
}

fn split_at_point(digits: &[u8]) -> Result<(&[u8], &[u8]), AmountError> {
    let (whole, fraction) = match digits.iter().position(|byte| *byte == b'.') {
        None => (digits, &[][..]),
        Some(at) if at + 1 == digits.len() => return Err(AmountError::NotDecimal),
        Some(at) => (&digits[..at], &digits[at + 1..]),
    };
    if whole.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
        return Err(AmountError::NotDecimal);
    }
    if fraction.len() > DECIMAL_PLACES {
        return Err(AmountError::TooManyDecimals);
    }
    Ok((whole, fraction))
}

fn push_digit(value: u64, byte: &u8) -> Result<u64, AmountError> {
    if !byte.is_ascii_digit() {
        return Err(AmountError::NotDecimal);
    }
    value
        .checked_mul(10)
        .and_then(|tens| tens.checked_add(u64::from(byte - b'0')))
        .ok_or(AmountError::TooLarge)
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        Self::from_decimal_bytes(text.as_bytes())
    }
}

impl fmt::Display for Amount {
    /// The shortest exact form: no trailing zeros, no point without decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let mut text = format!("{}", magnitude / NANOS_PER_UNIT);
        let nanos = magnitude % NANOS_PER_UNIT;
        if nanos != 0 {
            let fraction = format!("{nanos:09}");
            text.push('.');
            text.push_str(fraction.trim_end_matches('0'));
        }
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

/// Writes the decimal text.
///
/// # Errors
/// Only those of the serializer.
pub fn serialize<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Reads the decimal text.
///
/// # Errors
/// When the text is no amount ([`AmountError`]).
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    text.parse().map_err(de::Error::custom)
}

/// The same for a field that may be absent.
pub mod option {
    use super::{Amount, Deserializer, Serializer};
    use serde::Deserialize;

    /// Writes the decimal text, or nothing.
    ///
    /// # Errors
    /// Only those of the serializer.
    pub fn serialize<S: Serializer>(
        amount: &Option<Amount>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match amount {
            Some(amount) => super::serialize(amount, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads the decimal text, or nothing.
    ///
    /// # Errors
    /// When the text is no amount ([`super::AmountError`]).
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Amount>, D::Error> {
        #[derive(Deserialize)]
        struct Decimal(#[serde(with = "super")] Amount);

        Ok(Option::<Decimal>::deserialize(deserializer)?.map(|decimal| decimal.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimal_text_is_read_exactly() {
        let cases = [
            ("0", 0),
            ("0.0125", 12_500_000),
            ("1", 1_000_000_000),
            ("12.5", 12_500_000_000),
            ("-0.000000001", -1),
            ("9223372036.854775807", i64::MAX),
            ("007.10", 7_100_000_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(text.parse(), Ok(Amount(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused_with_its_reason() {
        let cases = [
            ("", AmountError::Empty),
            ("-", AmountError::NotDecimal),
            (".5", AmountError::NotDecimal),
            ("5.", AmountError::NotDecimal),
            ("1,5", AmountError::NotDecimal),
            ("1e3", AmountError::NotDecimal),
            ("+1", AmountError::NotDecimal),
            ("--1", AmountError::NotDecimal),
            ("1.2.3", AmountError::NotDecimal),
            (" 1", AmountError::NotDecimal),
            ("٣", AmountError::NotDecimal),
            ("0.0000000001", AmountError::TooManyDecimals),
            ("0.1000000000", AmountError::TooManyDecimals),
            ("9223372036.854775808", AmountError::TooLarge),
            ("99999999999999999999999", AmountError::TooLarge),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<Amount>(), Err(error), "{text}");
        }
    }

    #[test]
    fn the_shortest_exact_form_is_written() {
        let cases = [
            (0, "0"),
            (12_500_000, "0.0125"),
            (-1_500_000_000, "-1.5"),
            (1, "0.000000001"),
            (3_000_000_000, "3"),
            (i64::MIN, "-9223372036.854775808"),
        ];
        for (nanos, text) in cases {
            assert_eq!(Amount(nanos).to_string(), text);
        }
        assert_eq!(format!("{:>8}", Amount(12_500_000)), "  0.0125");
    }

    proptest! {
        #[test]
        fn text_and_amount_are_one_to_one(nanos in -i64::MAX..=i64::MAX) {
            let amount = Amount(nanos);
            prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
        }

        #[test]
        fn any_text_is_an_amount_or_a_named_error(text in ".{0,40}") {
            if let Ok(amount) = text.parse::<Amount>() {
                prop_assert_eq!(amount.to_string().parse::<Amount>(), Ok(amount));
            }
        }
    }
}
