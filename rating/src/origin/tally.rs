//! How many callers a card may tell apart.

use super::Origin;
use crate::prefix::Prefix;
use std::collections::BTreeSet;

/// Most different leading digits of callers that the rates of one card are for: a call looks its caller up
/// among them, and what is built from a card has a rate for each.
pub const ORIGINS_MAX: usize = 4_096;

/// Most of them for one called prefix.
pub const ORIGINS_OF_PREFIX_MAX: usize = 1_000;

/// More leading digits of callers than a card may tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooManyOrigins {
    /// On the whole card.
    #[error("the rates are for more than {ORIGINS_MAX} different origins, the most of one card")]
    OfCard,
    /// For one called prefix.
    #[error(
        "{0} has rates for more than {ORIGINS_OF_PREFIX_MAX} different origins, the most of one prefix"
    )]
    OfPrefix(Prefix),
}

/// Counts the leading digits of callers that the rates of a card are for.
#[derive(Debug, Default)]
pub struct OriginTally {
    all: BTreeSet<Prefix>,
    last: Option<(Prefix, Prefix)>,
    of_prefix: usize,
}

impl OriginTally {
    /// Notes one rate. Rates come by prefix and then by origin, as decks are sorted; the same may come again,
    /// for another time.
    ///
    /// # Errors
    /// Each rate that is one too many; it is noted all the same.
    pub fn add(&mut self, prefix: Prefix, origin: Origin) -> Result<(), TooManyOrigins> {
        let Some(digits) = origin.prefix() else {
            return Ok(());
        };
        match self.last.replace((prefix, digits)) {
            Some(last) if last == (prefix, digits) => return Ok(()),
            Some((last, _)) if last == prefix => self.of_prefix += 1,
            _ => self.of_prefix = 1,
        }
        self.all.insert(digits);
        if self.of_prefix > ORIGINS_OF_PREFIX_MAX {
            return Err(TooManyOrigins::OfPrefix(prefix));
        }
        match self.all.len() > ORIGINS_MAX {
            true => Err(TooManyOrigins::OfCard),
            false => Ok(()),
        }
    }

    /// The leading digits, ascending.
    pub fn into_origins(self) -> impl Iterator<Item = Prefix> {
        self.all.into_iter()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn digits(number: usize) -> Prefix {
        Prefix::parse((100_000 + number).to_string().as_bytes()).unwrap()
    }

    /// How many rates for different origins are taken before the first that is not, so many for each prefix.
    fn taken(of_prefix: usize) -> (usize, TooManyOrigins) {
        let mut tally = OriginTally::default();
        for count in 0..5_000 {
            let prefix = digits(count / of_prefix);
            for _ in 0..2 {
                if let Err(error) = tally.add(prefix, Origin::of_prefix(digits(count))) {
                    return (count, error);
                }
            }
        }
        unreachable!("it ends by an error")
    }

    #[test]
    fn a_card_and_each_of_its_prefixes_have_their_limits() {
        assert_eq!(taken(1), (ORIGINS_MAX, TooManyOrigins::OfCard));
        assert_eq!(taken(1_000), (ORIGINS_MAX, TooManyOrigins::OfCard));
        let of_prefix = TooManyOrigins::OfPrefix(digits(0));
        assert_eq!(taken(5_000), (ORIGINS_OF_PREFIX_MAX, of_prefix));
    }

    #[test]
    fn the_same_origins_at_many_prefixes_count_once_and_rates_for_all_not_at_all() {
        let mut tally = OriginTally::default();
        for prefix in 0..20_000 {
            for origin in ["", "interstate", "33", "49"] {
                tally.add(digits(prefix), origin.parse().unwrap()).unwrap();
            }
        }
        assert_eq!(tally.into_origins().count(), 2);
    }
}
