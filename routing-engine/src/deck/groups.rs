//! The rows of one prefix, and which of them is for whom.

use super::{Deck, Offer, Prefix};
use rating::{Jurisdiction, Origin};
use std::ops::Range;

/// The rows of one prefix of a deck.
#[derive(Clone, Copy)]
pub(super) struct Group<'d> {
    deck: &'d Deck,
    start: usize,
    end: usize,
}

impl Deck {
    /// The rows of each prefix, ascending.
    pub(super) fn groups(&self) -> impl Iterator<Item = (Prefix, Group<'_>)> {
        let mut start = 0;
        std::iter::from_fn(move || {
            let prefix = *self.prefixes.get(start)?;
            let rest = &self.prefixes[start..];
            let end = start + rest.iter().take_while(|other| **other == prefix).count();
            let deck = self;
            let group = Group { deck, start, end };
            start = end;
            Some((prefix, group))
        })
    }
}

impl<'d> Group<'d> {
    fn places(self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) fn origins(self) -> impl Iterator<Item = Origin> + 'd {
        self.places().map(move |at| self.deck.origin(at))
    }

    /// The rate of the callers of an origin: what calls of theirs would be charged by, and the dearest
    /// where that hangs upon more than the origin tells.
    pub(super) fn offer_for(self, origin: Origin) -> Option<&'d Offer> {
        let row = |wanted: Origin| self.place_of(wanted);
        let found = match (origin.prefix(), origin.jurisdiction()) {
            (Some(prefix), _) => {
                let shorter = (1..=prefix.digits_count()).rev();
                let mut shorter = shorter.map(|digits| Origin::of_prefix(prefix.shortened(digits)));
                let own = shorter.find_map(row);
                own.or_else(|| self.dearest())
            }
            (_, Some(jurisdiction)) => row(origin).or_else(|| match jurisdiction {
                Jurisdiction::Indeterminate => self.dearest(),
                _ => row(Origin::ANY),
            }),
            _ => row(Origin::ANY),
        };
        found.map(|at| self.offer(at))
    }

    /// Where the row for an origin stands: they are ascending.
    fn place_of(self, wanted: Origin) -> Option<usize> {
        let Some(origins) = self.deck.origins.get(self.places()) else {
            // All rows of the deck are for everybody.
            return wanted.is_any().then_some(self.start);
        };
        let found = origins.binary_search(&wanted);
        found.ok().map(|at| self.start + at)
    }

    /// Of the rates that are not for leading digits of callers, which stand first.
    fn dearest(self) -> Option<usize> {
        let mut places = self.places();
        let candidates = std::iter::from_fn(|| {
            places
                .next()
                .filter(|at| self.deck.origin(*at).prefix().is_none())
        });
        candidates.max_by_key(|at| self.offer(*at).sample_total)
    }

    fn offer(self, at: usize) -> &'d Offer {
        self.deck.offer(self.deck.offer_of[at])
    }
}
