//! What a call costs: the one place where durations and amounts are rounded.
//!
//! The same function serves the live call, simulation, re-rating and invoices, for customers and
//! carriers alike. The rules:
//!
//! 1. Talk time is rounded to whole seconds as the card says; up, unless it says otherwise
//!    ([`whole_seconds`]).
//! 2. A call that talks no longer than the grace period bills no second and costs no more than an
//!    unanswered one.
//! 3. Any other answered call is billed at least the initial interval, even at 0 ms.
//! 4. What exceeds the initial interval is rounded **up** to whole next intervals
//!    ([`billed_seconds`]).
//! 5. The amount is the attempt fee, plus the connection fee, plus the price of the billed
//!    seconds, rounded **once**, to the decimals of the card.
//! 6. A call or an attempt that was not answered costs its attempt fee ([`charge_unanswered`]).

use crate::cdr::Charge;
use crate::money::Amount;
use crate::rate::RateTerms;
use crate::rounding::divide;

/// Prices are of a minute, times are in seconds: amounts are counted in sixtieths of a nano-unit
/// until they are rounded.
const SIXTIETHS: i128 = 60;

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
    if billed == 0 {
        return charge_unanswered(terms);
    }
    let billed_seconds =
        u32::try_from(billed).map_err(|_| ChargeError::DurationTooLong { duration_ms })?;
    let fees = i128::from(terms.attempt_fee.0) + i128::from(terms.connection_fee.0);
    let sixtieths = fees * SIXTIETHS + usage(terms, billed);
    Ok(Charge {
        billed_seconds,
        amount: rounded(terms, sixtieths).ok_or(ChargeError::AmountTooLarge { billed_seconds })?,
    })
}

/// Charges a call or an attempt that was sent and not answered.
///
/// # Errors
/// [`ChargeError::AmountTooLarge`]; terms within their bounds always fit.
pub fn charge_unanswered(terms: &RateTerms) -> Result<Charge, ChargeError> {
    let sixtieths = i128::from(terms.attempt_fee.0) * SIXTIETHS;
    let amount = rounded(terms, sixtieths);
    Ok(Charge {
        billed_seconds: 0,
        amount: amount.ok_or(ChargeError::AmountTooLarge { billed_seconds: 0 })?,
    })
}

/// Rule 1: talk time in seconds.
pub fn whole_seconds(terms: &RateTerms, duration_ms: u64) -> u64 {
    let seconds = divide(i128::from(duration_ms), 1_000, terms.rounding.duration);
    // A thousandth of 64 bits fits 64 bits.
    seconds as u64
}

/// Rules 2 to 4: seconds that are billed for a talk time; none within the grace period.
pub fn billed_seconds(terms: &RateTerms, duration_ms: u64) -> u64 {
    let talked = whole_seconds(terms, duration_ms);
    let grace = u64::from(terms.grace_period_s);
    if grace > 0 && talked <= grace {
        return 0;
    }
    let (initial, next) = (terms.initial_interval(), terms.next_interval());
    initial + talked.saturating_sub(initial).div_ceil(next) * next
}

/// The price of seconds that [`billed_seconds`] gave, more than none, in sixtieths of nano-units.
fn usage(terms: &RateTerms, billed: u64) -> i128 {
    let initial = terms.initial_interval();
    let rest = billed - initial;
    i128::from(terms.initial_rate_per_minute.0) * i128::from(initial)
        + i128::from(terms.next_rate_per_minute.0) * i128::from(rest)
}

/// Rule 5: rounded to a whole number of the card's smallest amounts.
fn rounded(terms: &RateTerms, sixtieths: i128) -> Option<Amount> {
    let step = terms.rounding.step_nanos();
    let steps = divide(sixtieths, 60 * u64::from(step), terms.rounding.amount);
    let nanos = steps.checked_mul(i128::from(step))?;
    i64::try_from(nanos).ok().map(Amount)
}

#[cfg(test)]
mod tests;
