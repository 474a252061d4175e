//! What a rate is expected to cost before the call is made: the base of LCR and the profit guard.
//!
//! A price per minute does not tell the cost of a call: 60/60 billing makes a call of 61 seconds
//! pay for 120, and a connection fee weighs more on a short call. So rates are compared over a
//! small sample of calls instead of by their minute price.

use crate::charge::{ChargeError, charge};
use crate::money::Amount;
use crate::rate::RateTerms;
use crate::rounding::{RoundingMode, divide};

/// The sample: eight talk times in seconds, with a mean of 180 seconds.
///
/// They stand near the middles of the eight equal parts of an exponential distribution, which is
/// how talk times are spread; the last is stretched so that the sum is exactly 24 minutes.
pub const SAMPLE_CALLS_S: [u64; 8] = [12, 37, 67, 104, 149, 209, 301, 561];

/// Minutes of talk in [`SAMPLE_CALLS_S`].
pub const SAMPLE_MINUTES: u64 = 24;

/// The total charge of the sample calls at these terms.
///
/// Two rates of one currency are compared by this total. For per-second billing without a fee it
/// is [`SAMPLE_MINUTES`] times the price of a minute, up to the rounding of each call.
///
/// # Errors
/// When the total does not fit; terms within their bounds always do.
pub fn sample_total(terms: &RateTerms) -> Result<Amount, ChargeError> {
    let mut total = Amount::ZERO;
    for seconds in SAMPLE_CALLS_S {
        let call = charge(terms, seconds * 1_000)?;
        total = total
            .checked_add(call.amount)
            .ok_or(ChargeError::AmountTooLarge {
                billed_seconds: call.billed_seconds,
            })?;
    }
    Ok(total)
}

/// A sample total as the price of one minute of talk, rounded half up: what people compare.
pub fn per_talk_minute(sample_total: Amount) -> Amount {
    let nanos = divide(
        i128::from(sample_total.0),
        SAMPLE_MINUTES,
        RoundingMode::HalfUp,
    );
    // A quotient of an i64 fits an i64.
    Amount(i64::try_from(nanos).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::rate::PRICE_MAX;

    const CENT: Amount = Amount(10_000_000);

    #[test]
    fn the_sample_is_as_long_as_it_says() {
        assert_eq!(SAMPLE_CALLS_S.iter().sum::<u64>(), SAMPLE_MINUTES * 60);
    }

    #[test]
    fn per_second_billing_costs_the_price_of_a_minute() {
        let total = sample_total(&RateTerms::per_second(CENT)).unwrap();
        assert_eq!(per_talk_minute(total), CENT);
    }

    #[test]
    fn longer_intervals_and_fees_show_in_the_cost_of_a_minute() {
        let per_second = RateTerms::per_second(CENT);
        let per_minute = sample_total(&per_second.with_intervals(60, 60)).unwrap();
        // 60, 60, 120, 120, 180, 240, 360, 600 billed seconds: 29 minutes for 24 of talk.
        assert_eq!(per_minute, Amount(29 * CENT.0));
        let with_fee = RateTerms {
            connection_fee: CENT,
            ..per_second
        };
        assert_eq!(sample_total(&with_fee).unwrap(), Amount(32 * CENT.0));
    }

    #[test]
    fn the_dearest_terms_fit() {
        let dearest = RateTerms {
            connection_fee: PRICE_MAX,
            ..RateTerms::per_second(PRICE_MAX).with_intervals(3_600, 3_600)
        };
        assert_eq!(dearest.check(), Ok(()));
        assert!(sample_total(&dearest).is_ok());
    }
}
