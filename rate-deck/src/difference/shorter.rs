//! The rates that calls have without a rate of their own, on the way through two tables.
//!
//! Both tables come by prefix and then by origin, so the prefixes that the one at hand begins with are a
//! stack. For each of them the rates are kept by origin, and looked up by the beginnings of the origin:
//! what is looked at grows with digits, not with rates.

use super::cost::Timeline;
use crate::table::Key;
use rating::Origin;
use rating::prefix::{PREFIX_DIGITS_MAX, Prefix};

/// The prefixes that the one at hand begins with, and itself.
#[derive(Default)]
pub(super) struct Shorter<'t> {
    /// Each begins with the one before it.
    prefixes: Vec<OfPrefix<'t>>,
    /// Rates that were looked at.
    #[cfg(test)]
    looks: std::cell::Cell<u64>,
}

struct OfPrefix<'t> {
    prefix: Prefix,
    /// Ascending by origin.
    rates: Vec<Rates<'t>>,
}

/// What the calls of an origin cost, before and after a deck.
pub(super) struct Rates<'t> {
    pub(super) origin: Origin,
    pub(super) before: Timeline<'t>,
    pub(super) after: Timeline<'t>,
}

impl<'t> Shorter<'t> {
    /// Leaves the prefixes that this one does not begin with.
    pub(super) fn go_to(&mut self, prefix: Prefix) {
        let is_shorter = |it: &OfPrefix<'_>| prefix.begins_with(it.prefix);
        while self.prefixes.pop_if(|last| !is_shorter(last)).is_some() {}
    }

    /// Adds the rates of a prefix and an origin, behind those that were added before.
    pub(super) fn push(&mut self, prefix: Prefix, rates: Rates<'t>) {
        if self
            .prefixes
            .last()
            .is_none_or(|last| last.prefix != prefix)
        {
            self.prefixes.push(OfPrefix {
                prefix,
                rates: Vec::new(),
            });
        }
        if let Some(last) = self.prefixes.last_mut() {
            last.rates.push(rates);
        }
    }

    /// The rates that calls of a key have where its own is not, the ones that count first first: those of the
    /// longest prefix, and there of the longest beginning of the origin.
    pub(super) fn covering(&self, key: Key) -> impl Iterator<Item = &Rates<'t>> {
        let longest_first = self.prefixes.iter().rev();
        longest_first.flat_map(move |of_prefix| {
            let is_own =
                move |origin: &Origin| of_prefix.prefix == key.prefix && *origin == key.origin;
            let origins = beginnings(key.origin).filter(move |origin| !is_own(origin));
            origins.filter_map(move |origin| self.find(of_prefix, origin))
        })
    }

    fn find<'s>(&self, of_prefix: &'s OfPrefix<'t>, origin: Origin) -> Option<&'s Rates<'t>> {
        let found = of_prefix.rates.binary_search_by(|rates| {
            #[cfg(test)]
            self.looks.set(self.looks.get() + 1);
            rates.origin.cmp(&origin)
        });
        found.ok().map(|at| &of_prefix.rates[at])
    }
}

/// The origins whose rates calls of this one can have, the nearest first.
fn beginnings(origin: Origin) -> impl Iterator<Item = Origin> {
    let digits = origin.prefix();
    let count = digits
        .map_or(0, Prefix::digits_count)
        .min(PREFIX_DIGITS_MAX);
    let shortened = move |count| digits.map(|digits| Origin::of_prefix(digits.shortened(count)));
    let of_digits = (1..=count).rev().filter_map(shortened);
    let of_jurisdiction = origin.jurisdiction().map(|_| origin);
    of_digits.chain(of_jurisdiction).chain([Origin::ANY])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn key(prefix: &str, origin: &str) -> Key {
        Key {
            prefix: Prefix::parse(prefix.as_bytes()).unwrap(),
            origin: origin.parse().unwrap(),
        }
    }

    fn pushed(shorter: &mut Shorter<'_>, key: Key) {
        shorter.go_to(key.prefix);
        let rates = Rates {
            origin: key.origin,
            before: Timeline::default(),
            after: Timeline::default(),
        };
        shorter.push(key.prefix, rates);
    }

    #[test]
    fn the_longest_prefix_counts_first_and_there_the_longest_beginning_of_the_origin() {
        let mut shorter = Shorter::default();
        for (prefix, origin) in [
            ("4", ""),
            ("4", "33"),
            ("44", ""),
            ("44", "3"),
            ("44", "331"),
            ("44", "34"),
        ] {
            pushed(&mut shorter, key(prefix, origin));
        }
        let covering = |prefix, origin| {
            let found = shorter.covering(key(prefix, origin));
            let told: Vec<_> = found.map(|rates| rates.origin.to_string()).collect();
            told.join(",")
        };
        assert_eq!(covering("4420", "3312"), "331,3,,33,");
        assert_eq!(covering("44", "331"), "3,,33,", "not by itself");
        assert_eq!(covering("44", "interstate"), ",");
        assert_eq!(covering("44", ""), "", "a rate for some is none for all");
    }

    #[test]
    fn what_is_looked_at_grows_with_digits_and_not_with_origins() {
        const ORIGINS: u64 = 10_000;
        // 15 beginnings of an origin, each found among 10,000 in 14 halvings at most.
        const LOOKS_MAX: u64 = 15 * 15;
        let mut shorter = Shorter::default();
        for number in 0..ORIGINS {
            let key = key("44", &(100_000_000_000_000 + number).to_string());
            shorter.go_to(key.prefix);
            assert_eq!(shorter.covering(key).count(), 0);
            pushed(&mut shorter, key);
        }
        let looks = shorter.looks.get();
        assert!(looks > ORIGINS, "they are counted");
        assert!(looks <= ORIGINS * LOOKS_MAX, "{looks} looks");
    }
}
