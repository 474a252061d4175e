//! What an answered call costs: the one place where durations and amounts are rounded.
//!
//! The same function serves the live call, simulation and re-rating, for customers and carriers
//! alike. The rules:
//!
//! 1. Talk time is rounded **up** to whole seconds ([`whole_seconds`]).
//! 2. An answered call is billed at least the initial interval, even at 0 ms.
//! 3. What exceeds the initial interval is rounded **up** to whole next intervals
//!    ([`billed_seconds`]).
//! 4. The amount is the connection fee plus the price of the billed seconds, rounded **once**, half
//!    a nano-unit up ([`round_half_up`]).

use crate::cdr::Charge;
use crate::money::Amount;
use crate::rate::RateTerms;

/// Why a call cannot be charged: a result that does not fit is an error, never a wrapped number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChargeError {
    /// More billed seconds than a record can hold (136 years).
    #[error("a call of {duration_ms} ms is too long to be billed")]
    DurationTooLong {
        /// The talk time that was given.
        duration_ms: u64,
    },
    /// The amount does not fit 64 bits of nano-units.
    #[error("the charge for {billed_seconds} seconds does not fit")]
    AmountTooLarge {
        /// The seconds that were to be charged.
        billed_seconds: u32,
    },
}

/// Charges an answered call of `duration_ms` milliseconds.
///
/// The result is never negative for terms within their bounds ([`RateTerms::check`]) and never
/// falls as the duration grows.
///
/// # Errors
/// [`ChargeError`] when the billed time or the amount does not fit.
///
/// ```
/// use rating::{Amount, charge::charge, rate::RateTerms};
///
/// let terms = RateTerms::per_second("0.06".parse().unwrap()).with_intervals(30, 6);
/// let charge = charge(&terms, 31_000).unwrap();
/// assert_eq!(charge.billed_seconds, 36);
/// assert_eq!(charge.amount.to_string(), "0.036");
/// ```
pub fn charge(terms: &RateTerms, duration_ms: u64) -> Result<Charge, ChargeError> {
    let billed = billed_seconds(terms, duration_ms);
    let billed_seconds =
        u32::try_from(billed).map_err(|_| ChargeError::DurationTooLong { duration_ms })?;
    let amount = price(terms, billed).ok_or(ChargeError::AmountTooLarge { billed_seconds })?;
    Ok(Charge {
        billed_seconds,
        amount,
    })
}

/// Rule 1: talk time in seconds, a started second counts whole.
pub fn whole_seconds(duration_ms: u64) -> u64 {
    duration_ms.div_ceil(1_000)
}

/// Rules 2 and 3: seconds that are billed for a talk time.
pub fn billed_seconds(terms: &RateTerms, duration_ms: u64) -> u64 {
    let (initial, next) = (terms.initial_interval(), terms.next_interval());
    let beyond = whole_seconds(duration_ms).saturating_sub(initial);
    initial + beyond.div_ceil(next) * next
}

/// Rule 4: the amount for seconds that [`billed_seconds`] gave.
fn price(terms: &RateTerms, billed: u64) -> Option<Amount> {
    let initial = terms.initial_interval();
    let rest = billed - initial;
    let sixtieths = i128::from(terms.initial_rate_per_minute.0) * i128::from(initial)
        + i128::from(terms.next_rate_per_minute.0) * i128::from(rest);
    let usage = i64::try_from(round_half_up(sixtieths, 60)).ok()?;
    Amount(usage).checked_add(terms.connection_fee)
}

/// `numerator / denominator` to the nearest integer; a half goes up (towards plus infinity).
///
/// The only rounding of money in the product.
pub fn round_half_up(numerator: i128, denominator: u32) -> i128 {
    let denominator = i128::from(denominator);
    (2 * numerator + denominator).div_euclid(2 * denominator)
}

#[cfg(test)]
mod tests;
