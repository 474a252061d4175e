//! A rate deck in memory: the rows of one card, sorted by prefix and packed.
//!
//! A row is 12 bytes: its prefix in 8 and the number of its offer in 4. An *offer* is a destination
//! at terms; most rows of a real deck share theirs with others. Where any row is for some callers alone
//! ([`Origin`]), each has 8 bytes more. A deck never changes once built, so snapshots share it.

mod build;
mod groups;
mod offers;
mod origins;
mod reader;

pub use build::{ParentCard, build};
pub use offers::{DestinationNames, Offer};
pub use rating::prefix::{PREFIX_DIGITS_MAX, Prefix, PrefixError};
pub use reader::{COLUMNS, PROBLEMS_MAX};

use crate::Problem;
use crate::resources::{RateCard, RateRow, origin_names};
use offers::OfferTable;
use rating::Origin;
use rating::origin::{OriginNames, OriginTally, TooManyOrigins};
use rating::rate::RateTerms;
use std::fmt;
use std::sync::Arc;

/// Most rows of one deck: sixteen times the largest deck known.
pub const DECK_ROWS_MAX: usize = 1 << 24;

/// Longest destination name, bytes.
pub const DESTINATION_BYTES_MAX: usize = 128;

/// The rows of one rate card.
pub struct Deck {
    /// Ascending; one comes again only with another origin.
    prefixes: Box<[Prefix]>,
    /// For each prefix whom it is for, ascending under each; empty when all are for everybody.
    origins: Box<[Origin]>,
    /// The leading digits among them, ascending, each once.
    callers: Arc<[Prefix]>,
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
        reader::read(csv, card, names, Rules::Written)
    }

    /// Reads a deck that was taken before and is in force. What rules of origins have come since does not make
    /// it unreadable: it means what it meant.
    ///
    /// # Errors
    /// As [`Deck::read`].
    pub fn read_stored(
        csv: &[u8],
        card: &RateCard,
        names: &mut DestinationNames,
    ) -> Result<Self, Vec<Problem>> {
        reader::read(csv, card, names, Rules::Stored)
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
        Self::of_rows(rows, card, names, Rules::Written)
    }

    /// As [`Deck::read_stored`], of a card whose rows stand in the resource itself.
    ///
    /// # Errors
    /// As [`Deck::from_rows`].
    pub fn from_stored_rows(
        rows: &[RateRow],
        card: &RateCard,
        names: &mut DestinationNames,
    ) -> Result<Self, Vec<Problem>> {
        Self::of_rows(rows, card, names, Rules::Stored)
    }

    fn of_rows(
        rows: &[RateRow],
        card: &RateCard,
        names: &mut DestinationNames,
        rules: Rules,
    ) -> Result<Self, Vec<Problem>> {
        let origins = origin_names(&card.origin_sets);
        let mut builder = DeckBuilder::new(names, &origins, rules);
        let mut problems = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let terms = row.terms(card);
            let origin = row.origin.as_deref().unwrap_or_default();
            let key = (row.prefix.as_bytes(), origin);
            let pushed = builder.push(index as u64, key, &row.destination, terms);
            if let Err(error) = pushed {
                problems.push(in_row(index as u64, error.column(), &error));
            }
        }
        let deck = builder.finish();
        problems.extend(deck.as_ref().err().into_iter().flatten().map(|unfit| {
            let message = unfit.message(|first| format!("rates[{first}]"));
            in_row(unfit.place(), unfit.column(), &message)
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

    /// The rows in ascending order of prefix and origin.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = (Prefix, Origin, &Offer)> {
        (0..self.prefixes.len()).map(|at| {
            let offer = &self.offers[self.offer_of[at] as usize];
            (self.prefixes[at], self.origin(at), offer)
        })
    }

    /// Whom the row at a place is for.
    pub(crate) fn origin(&self, at: usize) -> Origin {
        self.origins.get(at).copied().unwrap_or_default()
    }

    /// Whom each row is for; empty when all are for everybody.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The leading digits of callers that its rows are for, ascending.
    pub(crate) fn callers(&self) -> &Arc<[Prefix]> {
        &self.callers
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

/// By which rules of origins a deck is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// All of them: it is about to be written.
    Written,
    /// Those that the index needs: it was written before.
    Stored,
}

/// Most origins of a card in the index, which numbers them in two bytes.
const INDEXED_ORIGINS_MAX: usize = 65_000;

/// Collects rows in any order.
struct DeckBuilder<'n> {
    rules: Rules,
    rows: Vec<BuilderRow>,
    offers: OfferTable<'n>,
    origin_names: &'n OriginNames,
}

struct BuilderRow {
    prefix: Prefix,
    origin: Origin,
    offer: u32,
    /// Where the row stands: a line of a file or a position in a list.
    place: u64,
}

/// Why a row is not taken.
#[derive(Debug, thiserror::Error)]
enum RowError {
    #[error(transparent)]
    Prefix(#[from] PrefixError),
    #[error(
        "`{0}` is no origin: write 1 to 15 leading digits of the calling number, without `+` or zeros \
         before them, interstate, intrastate, indeterminate, or the name of one of the card's origin_sets"
    )]
    Origin(String),
    #[error(
        "interstate, intrastate and indeterminate are for calls to +1: the prefix has to begin with 1"
    )]
    BeyondPlan,
    #[error("a destination needs a name of 1 to {DESTINATION_BYTES_MAX} bytes")]
    Destination,
    #[error(transparent)]
    Terms(#[from] rating::rate::TermsError),
    #[error("the deck has more than {DECK_ROWS_MAX} rows")]
    TooManyRows,
}

/// Why rows cannot stand on one card.
enum Unfit {
    /// Two are of one prefix for the same callers.
    Twice {
        prefix: Prefix,
        origin: Origin,
        first: u64,
        second: u64,
    },
    /// One is for one caller too many.
    TooManyOrigins { place: u64, error: TooManyOrigins },
}

impl<'n> DeckBuilder<'n> {
    fn new(names: &'n mut DestinationNames, origin_names: &'n OriginNames, rules: Rules) -> Self {
        Self {
            rules,
            rows: Vec::new(),
            offers: OfferTable::new(names),
            origin_names,
        }
    }

    /// Adds a row for a prefix and the callers of an origin, both as texts: as many rates as the origin has
    /// prefixes.
    fn push(
        &mut self,
        place: u64,
        (prefix, origin): (&[u8], &str),
        destination: &str,
        terms: RateTerms,
    ) -> Result<(), RowError> {
        let prefix = Prefix::parse(prefix)?;
        if !(1..=DESTINATION_BYTES_MAX).contains(&destination.trim().len()) {
            return Err(RowError::Destination);
        }
        terms.check()?;
        let mut one = [Origin::ANY];
        let origins = match origin {
            "" => &one,
            origin => origins::read(origin, self.origin_names, &mut one, self.rules)?,
        };
        let is_of_plan = prefix.digit(0) == 1 || self.rules == Rules::Stored;
        if !is_of_plan && origins.iter().any(|origin| origin.jurisdiction().is_some()) {
            return Err(RowError::BeyondPlan);
        }
        if DECK_ROWS_MAX - self.rows.len() < origins.len() {
            return Err(RowError::TooManyRows);
        }
        let offer = self.offers.index_of(destination.trim(), terms);
        self.rows.extend(origins.iter().map(|origin| BuilderRow {
            prefix,
            origin: *origin,
            offer,
            place,
        }));
        Ok(())
    }

    /// Sorts the rows; duplicates in the order of their places.
    fn finish(mut self) -> Result<Deck, Vec<Unfit>> {
        self.rows
            .sort_unstable_by_key(|row| (row.prefix, row.origin, row.place));
        let mut duplicates: Vec<_> = self
            .rows
            .windows(2)
            .filter(|pair| (pair[0].prefix, pair[0].origin) == (pair[1].prefix, pair[1].origin))
            .map(|pair| Unfit::Twice {
                prefix: pair[0].prefix,
                origin: pair[0].origin,
                first: pair[0].place,
                second: pair[1].place,
            })
            .collect();
        if !duplicates.is_empty() {
            duplicates.sort_unstable_by_key(Unfit::place);
            return Err(duplicates);
        }
        let callers = self.callers().map_err(|unfit| vec![unfit])?;
        let (offers, destinations) = self.offers.finish();
        let asks_callers = self.rows.iter().any(|row| !row.origin.is_any());
        let of_origins = self.rows.iter().filter(|_| asks_callers);
        Ok(Deck {
            prefixes: self.rows.iter().map(|row| row.prefix).collect(),
            origins: of_origins.map(|row| row.origin).collect(),
            callers,
            offer_of: self.rows.iter().map(|row| row.offer).collect(),
            offers,
            destinations,
        })
    }

    /// The leading digits of callers of the sorted rows.
    fn callers(&self) -> Result<Arc<[Prefix]>, Unfit> {
        let mut tally = OriginTally::default();
        for row in &self.rows {
            let place = row.place;
            let added = tally.add(row.prefix, row.origin);
            let kept = added.or_else(|error| match self.rules {
                Rules::Written => Err(error),
                Rules::Stored => Ok(()),
            });
            kept.map_err(|error| Unfit::TooManyOrigins { place, error })?;
        }
        let callers: Arc<[Prefix]> = tally.into_origins().collect();
        match callers.len() > INDEXED_ORIGINS_MAX {
            true => Err(Unfit::TooManyOrigins {
                place: self.rows.last().map_or(0, |row| row.place),
                error: TooManyOrigins::OfCard,
            }),
            false => Ok(callers),
        }
    }
}

impl RowError {
    /// The column that is at fault.
    fn column(&self) -> &'static str {
        match self {
            Self::Prefix(_) | Self::TooManyRows => "prefix",
            Self::Origin(_) | Self::BeyondPlan => "origin",
            Self::Destination => "destination",
            Self::Terms(error) => error.field(),
        }
    }
}

impl Unfit {
    /// Where the row stands that is at fault.
    fn place(&self) -> u64 {
        match self {
            Self::Twice { second, .. } => *second,
            Self::TooManyOrigins { place, .. } => *place,
        }
    }

    /// The column that is at fault.
    fn column(&self) -> &'static str {
        match self {
            Self::Twice { origin, .. } if origin.is_any() => "prefix",
            Self::Twice { .. } | Self::TooManyOrigins { .. } => "origin",
        }
    }

    /// What is wrong, with the place of another row as `at` writes it.
    fn message(&self, at: impl Fn(u64) -> String) -> String {
        match self {
            Self::Twice {
                prefix,
                origin,
                first,
                ..
            } if origin.is_any() => format!("{prefix} stands in {} already", at(*first)),
            Self::Twice {
                prefix,
                origin,
                first,
                ..
            } => format!("{prefix} from {origin} stands in {} already", at(*first)),
            Self::TooManyOrigins { error, .. } => error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
