//! The rates of a deck in memory: rows by prefix and time, with offers and names kept once.

mod settling;

use crate::doubts::Doubts;
use rating::origin::{OriginTally, TooManyOrigins};
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use rating::{Origin, Timestamp};
use serde::{Serialize, Serializer};
use settling::settle;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// From when until when a rate counts; the end is the first moment that is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
}

/// What a rate is for: calls to numbers that begin so, from whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Key {
    /// What a called number begins with.
    #[serde(serialize_with = "as_text")]
    pub prefix: Prefix,
    /// Whose calls.
    #[serde(skip_serializing_if = "is_any")]
    pub origin: Origin,
}

/// One rate of one prefix for one origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What a called number begins with.
    pub prefix: Prefix,
    /// Whose calls.
    pub origin: Origin,
    /// When.
    pub period: Period,
    /// Its offer's place in [`Table::offers`].
    pub offer: u32,
    /// The line it came from.
    pub line: u32,
}

/// A destination at terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Offer {
    /// Its name's place in [`Table::destinations`].
    pub destination: u32,
    /// Prices and intervals.
    pub terms: RateTerms,
}

/// Rates by prefix and origin. No two rows of the same count at the same time.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    offers: Vec<Offer>,
    destinations: Vec<Arc<str>>,
}

/// Collects rows in any order.
#[derive(Debug, Default)]
pub struct TableBuilder {
    table: Table,
    destination_of: HashMap<Arc<str>, u32>,
    offer_of: HashMap<Offer, u32>,
}

impl Row {
    /// What it is for.
    pub fn key(&self) -> Key {
        Key {
            prefix: self.prefix,
            origin: self.origin,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { prefix, origin } = self;
        match (origin.prefix(), origin.jurisdiction()) {
            (Some(origin), _) => write!(f, "{prefix} from {origin}"),
            (_, Some(jurisdiction)) => write!(f, "{prefix} {jurisdiction}"),
            _ => prefix.fmt(f),
        }
    }
}

fn is_any(origin: &Origin) -> bool {
    origin.is_any()
}

fn as_text<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(prefix)
}

impl Period {
    /// Always.
    pub const ALWAYS: Self = Self {
        from: Timestamp(i64::MIN),
        until: Timestamp(i64::MAX),
    };

    /// Whether it counts at a moment.
    pub fn contains(self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.from >= self.until
    }
}

impl Table {
    /// All rows, by prefix, origin and then by time.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The offers that rows refer to.
    pub fn offers(&self) -> &[Offer] {
        &self.offers
    }

    /// The names that offers refer to.
    pub fn destinations(&self) -> &[Arc<str>] {
        &self.destinations
    }

    /// Whether any row is for some callers alone.
    pub fn asks_callers(&self) -> bool {
        self.rows.iter().any(|row| !row.origin.is_any())
    }

    /// The first row that is for one caller more than a card may tell apart.
    pub fn too_many_origins(&self) -> Option<(Row, TooManyOrigins)> {
        let mut tally = OriginTally::default();
        self.rows.iter().find_map(|row| {
            let added = tally.add(row.prefix, row.origin);
            added.err().map(|error| (*row, error))
        })
    }

    /// The terms of a row of this table.
    pub fn terms(&self, row: &Row) -> &RateTerms {
        &self.offers[row.offer as usize].terms
    }

    /// The name of a prefix's destination, of its first row.
    pub fn name_of(&self, prefix: Prefix) -> Option<&Arc<str>> {
        let at = self.rows.partition_point(|row| row.prefix < prefix);
        let row = self.rows.get(at).filter(|row| row.prefix == prefix)?;
        Some(self.destination(row))
    }

    /// The name of a row's destination.
    pub fn destination(&self, row: &Row) -> &Arc<str> {
        let offer = &self.offers[row.offer as usize];
        &self.destinations[offer.destination as usize]
    }
}

impl TableBuilder {
    /// The place of an offer.
    pub fn offer(&mut self, destination: &str, terms: RateTerms) -> u32 {
        let destination = self.destination(destination);
        let offers = &mut self.table.offers;
        let offer = Offer { destination, terms };
        *self.offer_of.entry(offer).or_insert_with(|| {
            offers.push(offer);
            offers.len() as u32 - 1
        })
    }

    fn destination(&mut self, name: &str) -> u32 {
        if let Some(known) = self.destination_of.get(name) {
            return *known;
        }
        let place = self.table.destinations.len() as u32;
        let name: Arc<str> = name.into();
        self.table.destinations.push(Arc::clone(&name));
        self.destination_of.insert(name, place);
        place
    }

    /// Adds a row whose offer is of this builder.
    pub fn push(&mut self, row: Row) {
        self.table.rows.push(row);
    }

    /// How many rows there are so far.
    pub fn rows_count(&self) -> usize {
        self.table.rows.len()
    }

    /// Sorts the rows and settles which of two counts, with what has to be confirmed about it.
    pub fn finish(mut self) -> (Table, Doubts) {
        let mut rows = std::mem::take(&mut self.table.rows);
        rows.sort_unstable_by_key(|row| (row.key(), row.period.from, row.line));
        let mut doubts = Doubts::default();
        let mut settled = Vec::with_capacity(rows.len());
        for of_key in rows.chunk_by(|one, other| one.key() == other.key()) {
            match of_key {
                [row] => settled.push(*row),
                rows => settle(rows, &mut settled, &mut doubts),
            }
        }
        self.table.rows = settled;
        (self.table, doubts)
    }
}
