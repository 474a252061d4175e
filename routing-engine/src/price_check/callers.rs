//! The callers that cards tell apart, without a copy of the cards.
//!
//! Most prefixes of a card tell the same callers apart, so each set of them is kept once and a prefix has its
//! number: twelve bytes a prefix, whatever it tells apart and however many cards do.

use crate::deck::{Deck, Prefix};
use rating::Origin;
use std::collections::HashMap;

/// For each prefix the callers that any of some cards tells apart there.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// Ascending, each once.
    prefixes: Vec<Prefix>,
    /// For each prefix the number of its set.
    set_of: Vec<u32>,
    /// Each ascending.
    sets: Vec<Box<[Origin]>>,
    numbers: HashMap<Box<[Origin]>, u32>,
    /// The set that two make together.
    joined: HashMap<(u32, u32), u32>,
}

impl Callers {
    /// Adds what a deck tells apart.
    pub(super) fn add(&mut self, deck: &Deck) {
        if deck.origins().is_empty() {
            return;
        }
        let known = std::mem::take(&mut self.prefixes);
        let known_sets = std::mem::take(&mut self.set_of);
        let mut before = known.into_iter().zip(known_sets).peekable();
        let mut rows = deck.origins();
        for run in deck.prefixes().chunk_by(|one, other| one == other) {
            let (origins, rest) = rows.split_at(run.len());
            rows = rest;
            let told: Vec<_> = origins.iter().copied().filter(|it| !it.is_any()).collect();
            if told.is_empty() {
                continue;
            }
            let prefix = run[0];
            while let Some((other, set)) = before.next_if(|(other, _)| *other < prefix) {
                self.push(other, set);
            }
            let set = self.number_of(told);
            match before.next_if(|(other, _)| *other == prefix) {
                Some((_, other)) => {
                    let both = self.join(other, set);
                    self.push(prefix, both);
                }
                None => self.push(prefix, set),
            }
        }
        for (prefix, set) in before {
            self.push(prefix, set);
        }
    }

    /// The callers that are told apart at a prefix.
    pub(super) fn at(&self, prefix: Prefix) -> &[Origin] {
        let found = self.prefixes.binary_search(&prefix);
        found.map_or(&[], |at| &self.sets[self.set_of[at] as usize])
    }

    fn push(&mut self, prefix: Prefix, set: u32) {
        self.prefixes.push(prefix);
        self.set_of.push(set);
    }

    fn number_of(&mut self, set: Vec<Origin>) -> u32 {
        if let Some(number) = self.numbers.get(set.as_slice()) {
            return *number;
        }
        let number = self.sets.len() as u32;
        let set: Box<[Origin]> = set.into();
        self.sets.push(set.clone());
        self.numbers.insert(set, number);
        number
    }

    fn join(&mut self, one: u32, other: u32) -> u32 {
        if one == other {
            return one;
        }
        if let Some(known) = self.joined.get(&(one, other)) {
            return *known;
        }
        let sets = [one, other].map(|set| &self.sets[set as usize]);
        let mut both = sets
            .map(|set| set.iter().copied())
            .into_iter()
            .flatten()
            .collect::<Vec<_>>();
        both.sort_unstable();
        both.dedup();
        let number = self.number_of(both);
        self.joined.insert((one, other), number);
        number
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use crate::deck::DestinationNames;
    use crate::resources::RateCard;
    use proptest::prelude::*;
    use rating::Currency;
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    type Rows = BTreeSet<(String, String)>;

    fn deck(rows: &Rows) -> Deck {
        let mut csv = "prefix,destination,rate_per_minute,origin\n".to_owned();
        for (prefix, origin) in rows {
            writeln!(csv, "{prefix},Somewhere,0.1,{origin}").unwrap();
        }
        let card = RateCard::new(Currency::USD);
        Deck::read(csv.as_bytes(), &card, &mut DestinationNames::default()).unwrap()
    }

    #[test]
    fn a_set_of_callers_that_many_prefixes_have_is_kept_once() {
        let rows = (100_000..110_000).flat_map(|prefix| {
            let origins = ["", "interstate", "intrastate"];
            origins.map(|origin| (prefix.to_string(), origin.to_owned()))
        });
        let rows: Rows = rows.collect();
        let mut callers = Callers::default();
        for _ in 0..3 {
            callers.add(&deck(&rows));
        }
        assert_eq!((callers.prefixes.len(), callers.sets.len()), (10_000, 1));
    }

    proptest! {
        #[test]
        fn cards_tell_apart_together_what_each_does(
            decks in prop::collection::vec(
                prop::collection::btree_set(("[12]{1,3}", "|[34]{1,2}"), 0..20), 0..4),
        ) {
            let mut callers = Callers::default();
            let mut expected: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for rows in &decks {
                callers.add(&deck(rows));
                for (prefix, origin) in rows.iter().filter(|(_, origin)| !origin.is_empty()) {
                    expected.entry(prefix).or_default().insert(origin);
                }
            }
            prop_assert_eq!(callers.prefixes.len(), expected.len());
            for (prefix, origins) in expected {
                let found = callers.at(Prefix::parse(prefix.as_bytes()).unwrap());
                let found: Vec<_> = found.iter().map(ToString::to_string).collect();
                prop_assert_eq!(found, origins.into_iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
    }
}
