//! Offers and destination names, each kept once.

use rating::Amount;
use rating::expected::sample_total;
use rating::rate::RateTerms;
use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// A destination at terms, with what they are expected to cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Prices and intervals.
    pub terms: RateTerms,
    /// The charge of the sample calls at these terms ([`rating::expected`]): the key of LCR.
    pub sample_total: Amount,
    pub(super) destination: u32,
}

/// Destination names, each kept once and shared by all decks that were read with it.
#[derive(Clone, Debug, Default)]
pub struct DestinationNames(BTreeSet<Arc<str>>);

impl DestinationNames {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}

/// Hashing with fixed keys: the same deck is built the same way every time.
type FixedHash = BuildHasherDefault<DefaultHasher>;

pub(super) struct OfferTable<'n> {
    names: &'n mut DestinationNames,
    destinations: Vec<Arc<str>>,
    destination_of: HashMap<Arc<str>, u32, FixedHash>,
    offers: Vec<Offer>,
    offer_of: HashMap<(u32, RateTerms), u32, FixedHash>,
}

impl<'n> OfferTable<'n> {
    pub(super) fn new(names: &'n mut DestinationNames) -> Self {
        Self {
            names,
            destinations: Vec::new(),
            destination_of: HashMap::default(),
            offers: Vec::new(),
            offer_of: HashMap::default(),
        }
    }

    /// The offer of this destination at these terms, which must be sound.
    pub(super) fn index_of(&mut self, destination: &str, terms: RateTerms) -> u32 {
        let destination = self.destination_index(destination);
        let offers = &mut self.offers;
        *self
            .offer_of
            .entry((destination, terms))
            .or_insert_with(|| {
                offers.push(Offer {
                    terms,
                    // Sound terms always fit; the dearest price would lose every comparison.
                    sample_total: sample_total(&terms).unwrap_or(Amount(i64::MAX)),
                    destination,
                });
                offers.len() as u32 - 1
            })
    }

    fn destination_index(&mut self, name: &str) -> u32 {
        if let Some(index) = self.destination_of.get(name) {
            return *index;
        }
        let index = self.destinations.len() as u32;
        let name = self.names.shared(name);
        self.destinations.push(Arc::clone(&name));
        self.destination_of.insert(name, index);
        index
    }

    pub(super) fn finish(self) -> (Box<[Offer]>, Box<[Arc<str>]>) {
        (
            self.offers.into_boxed_slice(),
            self.destinations.into_boxed_slice(),
        )
    }
}
