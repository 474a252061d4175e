//! What is possible and hardly meant: somebody has to confirm it.

use crate::codes::OtherMeaning;
use crate::table::Key;
use serde::Serialize;
use std::fmt;

/// Most doubts that are listed; all are counted.
pub const DOUBTS_LISTED_MAX: usize = 10_000;

/// What has to be confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Doubts {
    /// The first [`DOUBTS_LISTED_MAX`].
    pub listed: Vec<Doubt>,
    /// How many there are.
    pub count: u64,
}

/// Something that is possible and hardly meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Doubt {
    /// Rows are not taken. What they name keeps the rates that it has.
    RowsRejected {
        /// How many.
        rows: u64,
    },
    /// The codes of a row may be meant in another way than they are read.
    CodesMeantOtherwise {
        /// In which.
        meaning: OtherMeaning,
        /// Where they stand.
        line: u32,
    },
    /// The origins of a row may be meant in another way than they are read.
    OriginsMeantOtherwise {
        /// In which.
        meaning: OtherMeaning,
        /// Where they stand.
        line: u32,
    },
    /// Rows have a price within a state and none between two, or the other way round: those calls have that
    /// of a shorter prefix.
    JurisdictionMissing {
        /// Rows of which it is true.
        rows: u64,
        /// The first of them.
        line: u32,
    },
    /// Codes begin with the code of their country, which is put before them once more. When they
    /// are whole, the mapping has to ignore the column of countries' codes.
    CountryCodeTwice {
        /// Rows of which it is true.
        rows: u64,
        /// The first of them.
        line: u32,
    },
    /// Two rows of the file give one prefix different rates from the same moment. The later line
    /// counts.
    DuplicateCode {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// Where it stands first.
        first_line: u32,
        /// Where it stands again.
        line: u32,
    },
    /// A row begins before the one before it ends. The later beginning counts.
    OverlappingDates {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// The row that begins first.
        first_line: u32,
        /// The row that begins before that one's end.
        line: u32,
    },
    /// A rate ends while another of the prefix has not: that one counts again.
    CountsAgain {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// The row that counts again.
        first_line: u32,
        /// The row that ends.
        line: u32,
    },
    /// Between two rates of a prefix is a time without one, in which a shorter prefix counts.
    Gap {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// The row before it.
        first_line: u32,
        /// The row behind it.
        line: u32,
    },
    /// Rates that had no end have one by the deck, and nothing follows: a shorter prefix counts
    /// then.
    RatesEnd {
        /// Prefixes of which it is true.
        prefixes: u64,
        /// The first row of them.
        line: u32,
    },
    /// The price is more times the old one than the policy takes for likely; the old one may be
    /// that of a shorter prefix.
    AbsurdIncrease {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// Where it stands; 0 where it is removed, so that a shorter prefix counts.
        line: u32,
    },
    /// The old price is more times the new one than the policy takes for likely.
    AbsurdDecrease {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
        /// Where it stands; 0 where it is removed, so that a shorter prefix counts.
        line: u32,
    },
    /// A minute costs nothing, and no rate was there to hold that against. Carriers write so what
    /// they do not serve; a route that costs nothing goes first.
    FreeRate {
        /// The prefix, and whose calls.
        #[serde(flatten)]
        key: Key,
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

impl Doubts {
    pub(crate) fn push(&mut self, doubt: Doubt) {
        self.count += 1;
        if self.listed.len() < DOUBTS_LISTED_MAX {
            self.listed.push(doubt);
        }
    }

    /// Adds those of another list.
    pub(crate) fn merge(&mut self, other: Self) {
        let unlisted = other.count - other.listed.len() as u64;
        self.extend(other.listed);
        self.count += unlisted;
    }

    /// Whether nothing has to be confirmed.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl Extend<Doubt> for Doubts {
    fn extend<I: IntoIterator<Item = Doubt>>(&mut self, doubts: I) {
        for doubt in doubts {
            self.push(doubt);
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RowsRejected { rows } => write!(
                f,
                "{rows} rows cannot be read: what they name keeps the rates that it has"
            ),
            Self::CodesMeantOtherwise { meaning, line } => {
                write!(f, "line {line}: {}", meaning.question())
            }
            Self::OriginsMeantOtherwise { meaning, line } => {
                write!(f, "line {line}: of the origins: {}", meaning.question())
            }
            Self::JurisdictionMissing { rows, line } => write!(
                f,
                "line {line} and {} more: of interstate and intrastate one price alone is there; calls of \
                 the other have that of a shorter prefix",
                rows.saturating_sub(1)
            ),
            Self::CountryCodeTwice { rows, line } => write!(
                f,
                "line {line} and {} more: the code begins with the country's code, which is put \
                 before it again",
                rows.saturating_sub(1)
            ),
            Self::RatesEnd { prefixes, line } => write!(
                f,
                "line {line}: the rate ends and none follows, where it had no end; so do {} more",
                prefixes.saturating_sub(1)
            ),
            Self::MostRemoved { removed, of } => {
                write!(f, "{removed} of {of} prefixes are not offered any more")
            }
            doubt => doubt.fmt_of_prefix(f),
        }
    }
}

impl Doubt {
    /// Those about one prefix.
    fn fmt_of_prefix(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateCode {
                key,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: {key} has another rate in line {first_line}"
            ),
            Self::OverlappingDates {
                key,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: the rate of {key} begins before that of line {first_line} ends"
            ),
            Self::CountsAgain {
                key,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: when the rate of {key} ends, that of line {first_line} counts again"
            ),
            Self::Gap {
                key,
                first_line,
                line,
            } => write!(
                f,
                "line {line}: {key} has no rate between the end of line {first_line} and this"
            ),
            Self::FreeRate { key, line } => write!(
                f,
                "line {line}: calls to {key} cost nothing: is it served at all?"
            ),
            Self::AbsurdIncrease { key, line: 0 } => write!(
                f,
                "{key} is removed, and a shorter prefix with many times its price counts"
            ),
            Self::AbsurdDecrease { key, line: 0 } => write!(
                f,
                "{key} is removed, and a shorter prefix with a small part of its price counts"
            ),
            Self::AbsurdIncrease { key, line } => write!(
                f,
                "line {line}: calls to {key} cost many times what they did"
            ),
            Self::AbsurdDecrease { key, line } => write!(
                f,
                "line {line}: calls to {key} cost a small part of what they did"
            ),
            _ => Ok(()),
        }
    }
}

impl OtherMeaning {
    fn question(self) -> &'static str {
        match self {
            Self::Thousands => "a list of codes, or one with marks between its thousands?",
            Self::Dash => "a range of codes, or one code with a dash?",
            Self::WholeCode => "a code behind its country's, or a whole one?",
        }
    }
}
