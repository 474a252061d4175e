//! A priced row: what a minute to a prefix costs and in which steps it is billed.

use crate::cdr::AppliedRate;
use crate::money::{Amount, decimal};
use crate::rounding::{DECIMALS_MAX, Rounding};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// The longest billing interval, seconds (one hour).
pub const INTERVAL_S_MAX: u32 = 3_600;

/// The dearest minute and the dearest connection fee that a card may hold: 10,000 units.
///
/// Ten times the dearest satellite minute known; beyond it a misplaced decimal point is the
/// better explanation.
pub const PRICE_MAX: Amount = Amount(10_000 * Amount::ONE.0);

/// The longest grace period, seconds: an hour.
pub const GRACE_PERIOD_S_MAX: u32 = 3_600;

/// The prices and steps of a rate, without the name of what it is for.
///
/// Bounds that [`RateTerms::check`] enforces: prices and fees from 0 to [`PRICE_MAX`], intervals
/// from 1 to [`INTERVAL_S_MAX`] seconds, the grace period up to [`GRACE_PERIOD_S_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RateTerms {
    /// Price of a minute in the first interval.
    #[serde(with = "decimal")]
    pub initial_rate_per_minute: Amount,
    /// Price of a minute in the intervals after the first.
    #[serde(with = "decimal")]
    pub next_rate_per_minute: Amount,
    /// Length of the first interval, seconds.
    pub initial_interval_s: u32,
    /// Length of each further interval, seconds.
    pub next_interval_s: u32,
    /// Charged once per answered call.
    #[serde(with = "decimal")]
    pub connection_fee: Amount,
    /// Charged once per call or attempt that was sent, answered or not.
    #[serde(with = "decimal")]
    pub attempt_fee: Amount,
    /// An answered call of at most so many seconds costs no more than an unanswered one; zero for
    /// no such period. A free beginning of every call is an initial rate of zero instead.
    pub grace_period_s: u32,
    /// How amounts and talk times are rounded.
    pub rounding: Rounding,
}

/// Why terms cannot be charged; [`TermsError::field`] says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// A price below zero.
    #[error("a price is zero or more")]
    Negative {
        /// The field's name in rate cards and decks.
        field: &'static str,
    },
    /// A price above [`PRICE_MAX`].
    #[error("above {}: look for a misplaced decimal point", PRICE_MAX)]
    TooDear {
        /// The field's name in rate cards and decks.
        field: &'static str,
    },
    /// An interval that is zero or above [`INTERVAL_S_MAX`].
    #[error("an interval is from 1 to {} seconds", INTERVAL_S_MAX)]
    IntervalOutOfBounds {
        /// The field's name in rate cards and decks.
        field: &'static str,
    },
    /// A grace period above [`GRACE_PERIOD_S_MAX`].
    #[error("a grace period is at most {GRACE_PERIOD_S_MAX} seconds")]
    GraceTooLong,
    /// More decimals than [`DECIMALS_MAX`].
    #[error("amounts have at most {DECIMALS_MAX} decimals")]
    TooManyDecimals,
}

impl RateTerms {
    /// Billed by the second, one price throughout, no fee.
    pub const fn per_second(rate_per_minute: Amount) -> Self {
        Self {
            initial_rate_per_minute: rate_per_minute,
            next_rate_per_minute: rate_per_minute,
            initial_interval_s: 1,
            next_interval_s: 1,
            connection_fee: Amount::ZERO,
            attempt_fee: Amount::ZERO,
            grace_period_s: 0,
            rounding: Rounding::FINEST,
        }
    }

    /// The same prices in other steps: `with_intervals(30, 6)` is what carriers write as 30/6.
    pub const fn with_intervals(self, initial_s: u32, next_s: u32) -> Self {
        Self {
            initial_interval_s: initial_s,
            next_interval_s: next_s,
            ..self
        }
    }

    /// Whether all fields are within their bounds.
    ///
    /// # Errors
    /// The first field that is not.
    pub fn check(&self) -> Result<(), TermsError> {
        check_price("rate_per_minute", self.next_rate_per_minute)?;
        check_price("initial_rate_per_minute", self.initial_rate_per_minute)?;
        check_price("connection_fee", self.connection_fee)?;
        check_price("attempt_fee", self.attempt_fee)?;
        check_interval("initial_interval_s", self.initial_interval_s)?;
        check_interval("next_interval_s", self.next_interval_s)?;
        if self.grace_period_s > GRACE_PERIOD_S_MAX {
            return Err(TermsError::GraceTooLong);
        }
        if self.rounding.decimals > DECIMALS_MAX {
            return Err(TermsError::TooManyDecimals);
        }
        Ok(())
    }

    pub(crate) fn initial_interval(&self) -> u64 {
        non_zero(self.initial_interval_s)
    }

    pub(crate) fn next_interval(&self) -> u64 {
        non_zero(self.next_interval_s)
    }
}

impl TermsError {
    /// The field that is out of bounds, as rate cards and decks name it.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Negative { field }
            | Self::TooDear { field }
            | Self::IntervalOutOfBounds { field } => field,
            Self::GraceTooLong => "grace_period_s",
            Self::TooManyDecimals => "amount_decimals",
        }
    }
}

fn check_price(field: &'static str, price: Amount) -> Result<(), TermsError> {
    match price {
        price if price.is_negative() => Err(TermsError::Negative { field }),
        price if price > PRICE_MAX => Err(TermsError::TooDear { field }),
        _ => Ok(()),
    }
}

fn check_interval(field: &'static str, interval_s: u32) -> Result<(), TermsError> {
    if (1..=INTERVAL_S_MAX).contains(&interval_s) {
        Ok(())
    } else {
        Err(TermsError::IntervalOutOfBounds { field })
    }
}

/// An interval of zero can only come from a record that no card made; it counts as one second,
/// so that no division by zero exists.
fn non_zero(interval_s: u32) -> u64 {
    u64::from(NonZeroU32::new(interval_s).unwrap_or(NonZeroU32::MIN).get())
}

impl From<&AppliedRate> for RateTerms {
    fn from(rate: &AppliedRate) -> Self {
        Self {
            initial_rate_per_minute: rate.initial_rate_per_minute,
            next_rate_per_minute: rate.next_rate_per_minute,
            initial_interval_s: rate.initial_interval_s,
            next_interval_s: rate.next_interval_s,
            connection_fee: rate.connection_fee,
            attempt_fee: rate.attempt_fee,
            grace_period_s: rate.grace_period_s,
            rounding: rate.rounding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: RateTerms = RateTerms::per_second(Amount(12_500_000));

    #[test]
    fn terms_within_bounds_pass() {
        assert_eq!(SOUND.check(), Ok(()));
        assert_eq!(SOUND.with_intervals(INTERVAL_S_MAX, 1).check(), Ok(()));
        assert_eq!(RateTerms::per_second(PRICE_MAX).check(), Ok(()));
    }

    #[test]
    fn the_field_that_is_out_of_bounds_is_named() {
        let negative = RateTerms {
            connection_fee: Amount(-1),
            ..SOUND
        };
        let dear = RateTerms {
            next_rate_per_minute: Amount(PRICE_MAX.0 + 1),
            ..SOUND
        };
        let cases = [
            (
                negative,
                TermsError::Negative {
                    field: "connection_fee",
                },
            ),
            (
                dear,
                TermsError::TooDear {
                    field: "rate_per_minute",
                },
            ),
            (
                SOUND.with_intervals(0, 1),
                TermsError::IntervalOutOfBounds {
                    field: "initial_interval_s",
                },
            ),
            (
                SOUND.with_intervals(1, 3_601),
                TermsError::IntervalOutOfBounds {
                    field: "next_interval_s",
                },
            ),
            (
                RateTerms {
                    attempt_fee: Amount(-1),
                    ..SOUND
                },
                TermsError::Negative {
                    field: "attempt_fee",
                },
            ),
            (
                RateTerms {
                    grace_period_s: GRACE_PERIOD_S_MAX + 1,
                    ..SOUND
                },
                TermsError::GraceTooLong,
            ),
            (
                RateTerms {
                    rounding: Rounding {
                        decimals: 10,
                        ..Rounding::FINEST
                    },
                    ..SOUND
                },
                TermsError::TooManyDecimals,
            ),
        ];
        for (terms, error) in cases {
            assert_eq!(terms.check(), Err(error));
            assert!(!error.field().is_empty());
        }
    }
}
