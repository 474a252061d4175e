//! What a call costs while it goes on: the price of its next seconds, and how long money lasts.
//!
//! Money is reserved in slices. A slice is the difference of two totals that [`charge`] gives, converted
//! into the currency of the books as records are ([`ExchangeRate::to_books`]), so all slices of a call
//! add up to what its record says, whatever the card rounds. A slice within an interval that is paid
//! already costs nothing; the first costs the fees and the first interval.

use crate::cdr::AppliedRate;
use crate::charge::{charge, charge_unanswered};
use crate::exchange::ExchangeRate;
use crate::money::Amount;
use crate::rate::RateTerms;

/// The terms of a call and what its currency is worth in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TalkPrice {
    terms: RateTerms,
    exchange_rate: ExchangeRate,
}

impl TalkPrice {
    /// Of terms, and the value of a unit of their currency at the moment of the call.
    pub const fn new(terms: RateTerms, exchange_rate: ExchangeRate) -> Self {
        Self {
            terms,
            exchange_rate,
        }
    }

    /// The most that an answered call costs in the books until it has talked so many seconds, its fees
    /// among it. It never falls as the call goes on. `None` when it does not fit, which for terms within
    /// their bounds takes years.
    pub fn until(&self, seconds: u32) -> Option<Amount> {
        let charge = charge(&self.terms, u64::from(seconds) * 1_000).ok()?;
        self.exchange_rate.to_books(charge.amount)
    }

    /// What a call costs in the books that was sent and not answered. `None` when it does not fit.
    pub fn unanswered(&self) -> Option<Amount> {
        let charge = charge_unanswered(&self.terms).ok()?;
        self.exchange_rate.to_books(charge.amount)
    }

    /// The price of the seconds between two moments of the talk; never negative. The first slice begins at
    /// `None` and has the fees.
    pub fn slice(&self, from_s: Option<u32>, until_s: u32) -> Option<Amount> {
        let paid = match from_s {
            Some(seconds) => self.until(seconds)?,
            None => Amount::ZERO,
        };
        self.until(until_s)?.checked_sub(paid)
    }

    /// For how many seconds of talk an amount of the books is enough, at most `at_most_s`: one more would
    /// cost more. `None` when it is not even enough to answer the call.
    pub fn lasts(&self, amount: Amount, at_most_s: u32) -> Option<u32> {
        let is_enough = |seconds| self.until(seconds).is_some_and(|price| price <= amount);
        if is_enough(at_most_s) {
            return Some(at_most_s);
        }
        let (mut enough, mut too_long) = (is_enough(0).then_some(0)?, at_most_s);
        while too_long - enough > 1 {
            let middle = enough + (too_long - enough) / 2;
            match is_enough(middle) {
                true => enough = middle,
                false => too_long = middle,
            }
        }
        Some(enough)
    }

    /// The first second of talk that an answered call pays for: that after the grace period.
    pub fn first_paid_second(&self) -> u32 {
        self.terms.grace_period_s.saturating_add(1)
    }
}

impl From<&AppliedRate> for TalkPrice {
    fn from(rate: &AppliedRate) -> Self {
        Self::new(rate.into(), rate.exchange_rate)
    }
}

#[cfg(test)]
mod tests;
