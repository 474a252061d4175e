//! The rates of a deck in memory: rows by prefix and time, with offers and names kept once.

use rating::Timestamp;
use rating::prefix::Prefix;
use rating::rate::RateTerms;
use serde::{Serialize, Serializer};
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

/// One rate of one prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What a called number begins with.
    pub prefix: Prefix,
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

/// Rates by prefix. No two rows of a prefix count at the same time.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    offers: Vec<Offer>,
    destinations: Vec<Arc<str>>,
}

/// Something that is possible and hardly meant: somebody has to confirm it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// Two rows of the file give one prefix different rates from the same moment. The later line
    /// counts.
    DuplicateCode {
        /// The prefix.
        #[serde(serialize_with = "prefix_text")]
        prefix: Prefix,
        /// Where it stands first.
        first_line: u32,
        /// Where it stands again.
        line: u32,
    },
    /// A row begins before the one before it ends. The later beginning counts.
    OverlappingDates {
        /// The prefix.
        #[serde(serialize_with = "prefix_text")]
        prefix: Prefix,
        /// The row that begins first.
        first_line: u32,
        /// The row that begins before that one's end.
        line: u32,
    },
    /// The price of a minute is more times the old one than the policy takes for likely.
    AbsurdIncrease {
        /// The prefix.
        #[serde(serialize_with = "prefix_text")]
        prefix: Prefix,
        /// Where it stands.
        line: u32,
    },
    /// The old price of a minute is more times the new one than the policy takes for likely.
    AbsurdDecrease {
        /// The prefix.
        #[serde(serialize_with = "prefix_text")]
        prefix: Prefix,
        /// Where it stands.
        line: u32,
    },
    /// More than half of the prefixes that had a rate have none after the deck: it may be a part
    /// that was sent as the whole.
    MostRemoved {
        /// How many have none after it.
        removed: u64,
        /// How many had one.
        of: u64,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateCode {
                prefix,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: {prefix} has another rate in line {first_line}"
            ),
            Self::OverlappingDates {
                prefix,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: the rate of {prefix} begins before that of line {first_line} ends"
            ),
            Self::AbsurdIncrease { prefix, line } => {
                write!(
                    f,
                    "line {line}: the price of {prefix} is many times the old one"
                )
            }
            Self::AbsurdDecrease { prefix, line } => {
                write!(
                    f,
                    "line {line}: the price of {prefix} is a small part of the old one"
                )
            }
            Self::MostRemoved { removed, of } => {
                write!(f, "{removed} of {of} prefixes are not offered any more")
            }
        }
    }
}

fn prefix_text<S: Serializer>(prefix: &Prefix, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(prefix)
}

/// Collects rows in any order.
#[derive(Debug, Default)]
pub struct TableBuilder {
    table: Table,
    destination_of: HashMap<Arc<str>, u32>,
    offer_of: HashMap<Offer, u32>,
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
    /// All rows, by prefix and then by time.
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

    /// The terms of a row of this table.
    pub fn terms(&self, row: &Row) -> &RateTerms {
        &self.offers[row.offer as usize].terms
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
    pub fn finish(mut self) -> (Table, Vec<Doubt>) {
        let rows = &mut self.table.rows;
        rows.sort_unstable_by_key(|row| (row.prefix, row.period.from, row.line));
        let mut doubts = Vec::new();
        let mut kept: usize = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            let before = kept.checked_sub(1).map(|before| &mut rows[before]);
            match before.filter(|before| before.prefix == row.prefix) {
                Some(before) if before.period.from == row.period.from => {
                    doubts.extend(duplicate(before, &row));
                    *before = row;
                }
                Some(before) => {
                    doubts.extend(overlap(before, &row));
                    before.period.until = before.period.until.min(row.period.from);
                    rows[kept] = row;
                    kept += 1;
                }
                None => {
                    rows[kept] = row;
                    kept += 1;
                }
            }
        }
        rows.truncate(kept);
        (self.table, doubts)
    }
}

fn duplicate(first: &Row, again: &Row) -> Option<Doubt> {
    let is_same = first.offer == again.offer && first.period == again.period;
    (!is_same).then_some(Doubt::DuplicateCode {
        prefix: first.prefix,
        first_line: first.line,
        line: again.line,
    })
}

/// A rate without an end is over when the next begins; one with an end should have kept it.
fn overlap(first: &Row, next: &Row) -> Option<Doubt> {
    let has_end = first.period.until != Period::ALWAYS.until;
    (has_end && first.period.until > next.period.from).then_some(Doubt::OverlappingDates {
        prefix: first.prefix,
        first_line: first.line,
        line: next.line,
    })
}
