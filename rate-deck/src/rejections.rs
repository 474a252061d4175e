//! Rows that could not be read, each with its line, field and reason.

use crate::fields::Field;
use serde::Serialize;

/// Most rejected rows that are listed; all are counted.
pub const REJECTIONS_LISTED_MAX: usize = 10_000;

/// A row that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Line of CSV or row of the sheet, from 1.
    pub line: u32,
    /// The field at fault, as [`Field::name`] says it; `row` for the row as a whole.
    pub field: &'static str,
    /// What stands there, cut at 64 bytes.
    pub text: String,
    /// Why it cannot be taken.
    pub reason: Reason,
}

/// All rejected rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rejections {
    /// The first [`REJECTIONS_LISTED_MAX`], by line.
    pub listed: Vec<Rejection>,
    /// How many there are.
    pub count: u64,
}

/// Why a row is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reason {
    /// No code stands in the row.
    #[error("no code stands in the row")]
    CodeMissing,
    /// Something other than digits, ranges and lists.
    #[error("not a code: codes are digits, lists such as 2010,2019 and ranges such as 2010-2015")]
    NotACode,
    /// A spreadsheet made a number of it, and digits are lost.
    #[error("a spreadsheet turned the code into a number with an exponent, and digits are lost")]
    CodeInExponents,
    /// More than 15 digits.
    #[error("a code has at most 15 digits")]
    CodeTooLong,
    /// A range whose end is before its start.
    #[error("the range ends before it begins")]
    RangeBackwards,
    /// A range whose ends differ in length.
    #[error("the end of the range is longer than its start")]
    RangeOfLengths,
    /// More than a row may stand for.
    #[error("the row stands for more than 10,000 codes")]
    TooManyCodes,
    /// A name that is missing or longer than 128 bytes.
    #[error("a destination needs a name of 1 to 128 bytes")]
    BadDestination,
    /// No price stands in the row.
    #[error("no price stands in the row")]
    PriceMissing,
    /// Something other than a number.
    #[error("not a price")]
    NotAPrice,
    /// A mark that could stand before decimals and between thousands.
    #[error("the price can be read in two ways: say in the mapping what stands before decimals")]
    AmbiguousPrice,
    /// A price below zero.
    #[error("a price is zero or more")]
    NegativePrice,
    /// More than can be held or a card may have.
    #[error("the price is beyond 10,000")]
    PriceTooLarge,
    /// Something other than whole seconds.
    #[error("not a whole number of seconds")]
    NotSeconds,
    /// Something other than intervals such as `30/6`.
    #[error("not two intervals such as 30/6")]
    NotIncrements,
    /// An interval that is zero or above an hour.
    #[error("an interval is from 1 to 3,600 seconds, a grace period at most 3,600")]
    IntervalOutOfBounds,
    /// Something other than a date.
    #[error("not a date")]
    NotADate,
    /// Day and month cannot be told apart.
    #[error("day and month can be read in two ways: say in the mapping how dates are written")]
    AmbiguousDate,
    /// The rate ends before it begins.
    #[error("the rate ends before it begins")]
    EndsBeforeItBegins,
    /// A field of more than 4,096 bytes.
    #[error("a field of more than 4,096 bytes")]
    FieldTooLong,
    /// The file is not what it says from here on.
    #[error("the file cannot be read from here on")]
    Unreadable,
}

impl Rejections {
    pub(crate) fn push(&mut self, line: u32, field: Option<Field>, text: &str, reason: Reason) {
        self.count += 1;
        if self.listed.len() < REJECTIONS_LISTED_MAX {
            self.listed.push(Rejection {
                line,
                field: field.map_or("row", Field::name),
                text: text[..text.floor_char_boundary(64)].to_owned(),
                reason,
            });
        }
    }

    /// Whether every row was taken.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
