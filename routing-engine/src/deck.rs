//! A rate deck in memory: the rows of one card, sorted by prefix and packed.
//!
//! A row is 12 bytes: its prefix in 8 and the number of its offer in 4. An *offer* is a destination
//! at terms; most rows of a real deck share theirs with others. A deck never changes once built, so
//! snapshots share it.

mod build;
mod offers;
mod reader;

pub use build::{ParentCard, build};
pub use offers::{DestinationNames, Offer};
pub use rating::prefix::{PREFIX_DIGITS_MAX, Prefix, PrefixError};
pub use reader::{COLUMNS, PROBLEMS_MAX};

use crate::Problem;
use crate::resources::{RateCard, RateRow};
use offers::OfferTable;
use rating::rate::RateTerms;
use std::fmt;
use std::sync::Arc;

/// Most rows of one deck: sixteen times the largest deck known.
pub const DECK_ROWS_MAX: usize = 1 << 24;

/// Longest destination name, bytes.
pub const DESTINATION_BYTES_MAX: usize = 128;

/// The rows of one rate card.
pub struct Deck {
    /// Ascending, without duplicates.
    prefixes: Box<[Prefix]>,
    /// For each prefix the index of its offer.
    offer_of: Box<[u32]>,
    offers: Box<[Offer]>,
    destinations: Box<[Arc<str>]>,
}

impl Deck {
    /// Reads a deck from CSV that is already decompressed. The columns are [`COLUMNS`]; those that
    /// a row leaves empty, and those that the file leaves out, come from the card.
    ///
    /// `names` is where destination names are kept once over all decks.
    ///
    /// # Errors
    /// Up to [`PROBLEMS_MAX`] problems, each with its line and column name. A deck with any fault
    /// is not read at all.
    pub fn read(
        csv: &[u8],
        card: &RateCard,
        names: &mut DestinationNames,
    ) -> Result<Self, Vec<Problem>> {
        reader::read(csv, card, names)
    }

    /// Builds the deck of a card whose rows stand in the resource itself.
    ///
    /// # Errors
    /// As [`Deck::read`]; the field is `rates[n].column`, counting from 0.
    pub fn from_rows(
        rows: &[RateRow],
        card: &RateCard,
        names: &mut DestinationNames,
    ) -> Result<Self, Vec<Problem>> {
        let mut builder = DeckBuilder::new(names);
        let mut problems = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let terms = row.terms(card);
            let pushed = builder.push(index as u64, row.prefix.as_bytes(), &row.destination, terms);
            if let Err(error) = pushed {
                problems.push(in_row(index as u64, error.column(), &error));
            }
        }
        let deck = builder.finish();
        problems.extend(deck.as_ref().err().into_iter().flatten().map(|duplicate| {
            let message = format_args!(
                "{} stands in rates[{}] already",
                duplicate.prefix, duplicate.first
            );
            in_row(duplicate.second, "prefix", &message)
        }));
        match deck {
            Ok(deck) if problems.is_empty() => Ok(deck),
            _ => Err(problems),
        }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// The rows in ascending order of prefix.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (Prefix, &Offer)> {
        self.prefixes
            .iter()
            .zip(&self.offer_of)
            .map(|(prefix, offer)| (*prefix, &self.offers[*offer as usize]))
    }

    /// The name of an offer's destination.
    pub fn destination(&self, offer: &Offer) -> &Arc<str> {
        &self.destinations[offer.destination as usize]
    }

    pub(crate) fn prefixes(&self) -> &[Prefix] {
        &self.prefixes
    }

    pub(crate) fn offer_indexes(&self) -> &[u32] {
        &self.offer_of
    }

    pub(crate) fn offer(&self, index: u32) -> &Offer {
        &self.offers[index as usize]
    }
}

impl fmt::Debug for Deck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deck")
            .field("rows", &self.len())
            .field("offers", &self.offers.len())
            .finish_non_exhaustive()
    }
}

fn in_row(index: u64, column: &str, message: &dyn fmt::Display) -> Problem {
    Problem::in_field(format!("rates[{index}].{column}"), message)
}

/// Collects rows in any order.
struct DeckBuilder<'n> {
    rows: Vec<BuilderRow>,
    offers: OfferTable<'n>,
}

struct BuilderRow {
    prefix: Prefix,
    offer: u32,
    /// Where the row stands: a line of a file or a position in a list.
    place: u64,
}

/// Why a row is not taken.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    #[error("a destination needs a name of 1 to {DESTINATION_BYTES_MAX} bytes")]
    Destination,
    #[error(transparent)]
    Terms(#[from] rating::rate::TermsError),
    #[error("the deck has more than {DECK_ROWS_MAX} rows")]
    TooManyRows,
}

/// Two rows of one prefix.
struct Duplicate {
    prefix: Prefix,
    first: u64,
    second: u64,
}

impl<'n> DeckBuilder<'n> {
    fn new(names: &'n mut DestinationNames) -> Self {
        Self {
            rows: Vec::new(),
            offers: OfferTable::new(names),
        }
    }

    fn push(
        &mut self,
        place: u64,
        prefix: &[u8],
        destination: &str,
        terms: RateTerms,
    ) -> Result<(), RowError> {
        let prefix = Prefix::parse(prefix)?;
        if !(1..=DESTINATION_BYTES_MAX).contains(&destination.trim().len()) {
            return Err(RowError::Destination);
        }
        terms.check()?;
        if self.rows.len() == DECK_ROWS_MAX {
            return Err(RowError::TooManyRows);
        }
        let offer = self.offers.index_of(destination.trim(), terms);
        self.rows.push(BuilderRow {
            prefix,
            offer,
            place,
        });
        Ok(())
    }

    /// Sorts the rows; duplicates in the order of their places.
    fn finish(mut self) -> Result<Deck, Vec<Duplicate>> {
        self.rows
            .sort_unstable_by_key(|row| (row.prefix, row.place));
        let mut duplicates: Vec<_> = self
            .rows
            .windows(2)
            .filter(|pair| pair[0].prefix == pair[1].prefix)
            .map(|pair| Duplicate {
                prefix: pair[0].prefix,
                first: pair[0].place,
                second: pair[1].place,
            })
            .collect();
        if !duplicates.is_empty() {
            duplicates.sort_unstable_by_key(|duplicate| duplicate.second);
            return Err(duplicates);
        }
        let (offers, destinations) = self.offers.finish();
        Ok(Deck {
            prefixes: self.rows.iter().map(|row| row.prefix).collect(),
            offer_of: self.rows.iter().map(|row| row.offer).collect(),
            offers,
            destinations,
        })
    }
}

impl RowError {
    /// The column that is at fault.
    fn column(&self) -> &'static str {
        match self {
            Self::Prefix(_) | Self::TooManyRows => "prefix",
            Self::Destination => "destination",
            Self::Terms(error) => error.field(),
        }
    }
}

#[cfg(test)]
mod tests;
