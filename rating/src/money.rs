//! Integer money: nano-units (1e-9) of a currency, and ISO 4217 codes.

use serde::{Deserialize, Serialize};
use std::fmt;

pub mod decimal;

/// An amount in nano-units (1e-9) of some currency, which is kept beside it.
///
/// 64 bits reach ±9.2 thousand million units. All arithmetic is checked: a sum that does not fit
/// is an error of the caller's choosing, never a wrapped number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(pub i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One whole unit of the currency.
    pub const ONE: Self = Self(1_000_000_000);

    /// The sum, or `None` when it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` when it does not fit.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of all, or `None` when it does not fit. The sum of none is zero.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// An ISO 4217 alphabetic code, upper case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// A text that is not three upper-case letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a currency: write the three capital letters of ISO 4217, such as USD")]
pub struct CurrencyError(pub String);

impl Currency {
    /// The currency of the books.
    pub const USD: Self = Self(*b"USD");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// Whether ISO 4217 has it. One that it has not is kept where it stands and is not taken anew.
    pub fn is_listed(self) -> bool {
        iso_currency::Currency::from_code(self.as_str()).is_some()
    }

    /// Decimals of its smallest coin by ISO 4217: 2 of USD, 0 of JPY, 3 of KWD. `None` for what has
    /// none, such as XDR, and for what the list does not have.
    pub fn minor_digits(self) -> Option<u8> {
        let listed = iso_currency::Currency::from_code(self.as_str())?;
        listed.exponent().and_then(|digits| digits.try_into().ok())
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_uppercase()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(CurrencyError(text)),
        }
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn coins_are_those_of_iso_4217() {
        let of = |code: &str| Currency::try_from(code.to_owned()).unwrap();
        for (code, digits) in [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4)] {
            assert_eq!(of(code).minor_digits(), Some(digits), "{code}");
            assert!(of(code).is_listed());
        }
        assert_eq!(of("XDR").minor_digits(), None);
        assert!(of("XDR").is_listed() && !of("ZZZ").is_listed());
        assert_eq!(of("ZZZ").minor_digits(), None);
    }
}
