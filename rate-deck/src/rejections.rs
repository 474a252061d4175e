//! Rows that could not be read, each with its line, field and reason.

use crate::fields::Field;
use rating::prefix::Prefix;
use serde::Serialize;

/// Most rejected rows that are listed; all are counted.
pub const REJECTIONS_LISTED_MAX: usize = 10_000;

/// Most prefixes of rejected rows that are kept.
const REJECTED_CODES_MAX: usize = 1_000_000;

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
    /// Prefixes of rejected rows, ascending: what such a row says of them is not known.
    #[serde(skip)]
    pub(crate) codes: Vec<Prefix>,
    /// Rows among them whose prefixes are not known, or not kept: any prefix may be theirs.
    #[serde(skip)]
    pub(crate) has_unknown_codes: bool,
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
    /// An origin that is neither digits nor a name of the card's.
    #[error(
        "not an origin: write leading digits of calling numbers, a jurisdiction, or the name of one of the \
         card's origin_sets"
    )]
    NotAnOrigin,
    /// An origin beside prices of jurisdictions.
    #[error("a row is for an origin or has prices by jurisdiction, not both")]
    OriginTwice,
    /// A price by jurisdiction for a code of another country.
    #[error(
        "prices by jurisdiction are for codes of +1: where codes lack the 1, say `country_code: \"1\"` in the mapping"
    )]
    BeyondPlan,
    /// A price of the first interval beside prices by jurisdiction.
    #[error(
        "a price of the first interval stands beside prices by jurisdiction, and whose it is nobody says: \
         ignore its column in the mapping, or send rows with an origin each"
    )]
    InitialRateOfWhich,
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
    /// A mark before decimals that is not that of the mapping or of the other prices.
    #[error("the price shows another mark before decimals than the mapping or the other prices")]
    OtherMark,
    /// Letters or a sign that are not the card's currency.
    #[error("beside the price stands what is not the card's currency")]
    OtherUnit,
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
    /// A cell with an error of the spreadsheet.
    #[error("an error such as #N/A stands where a value should")]
    ErrorCell,
    /// Cells of a sheet's row that do not follow one another.
    #[error("the cells of the row are out of order")]
    CellsOutOfOrder,
    /// More fields than there are titles.
    #[error("the row has more fields than the line of titles: look for marks without quotes")]
    TooManyFields,
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

    /// Keeps the prefixes of a row that is not taken; `None` when the row does not tell them.
    pub(crate) fn keep_codes(&mut self, codes: Option<&[Prefix]>) {
        match codes {
            Some(codes) if self.codes.len() + codes.len() <= REJECTED_CODES_MAX => {
                self.codes.extend_from_slice(codes);
            }
            _ => self.has_unknown_codes = true,
        }
    }

    pub(crate) fn finish(&mut self) {
        self.codes.sort_unstable();
        self.codes.dedup();
    }

    /// Whether a rejected row may have been about a prefix.
    pub(crate) fn may_name(&self, prefix: Prefix) -> bool {
        self.has_unknown_codes || self.codes.binary_search(&prefix).is_ok()
    }

    /// Whether every row was taken.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}
