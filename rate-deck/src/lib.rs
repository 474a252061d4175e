//! Rate decks as carriers send them.
//!
//! Bytes of CSV or XLSX and a [`Mapping`] of their columns become a [`Table`] of rates, with every
//! row that could not be read listed by its line, field and reason ([`read`]). A table is compared
//! with the one in force ([`difference::compare`]), under the policy that was agreed with the
//! carrier, and what follows from both is a table again. [`export::csv`] writes a table in the form
//! that is read without any mapping.
//!
//! The crate is pure: it reads no clock, opens no file, and its memory is bounded by named limits.

mod codes;
mod dates;
pub mod difference;
pub mod export;
mod fields;
mod layout;
mod mapping;
mod numbers;
mod reading;
mod records;
mod rejections;
mod table;

pub use dates::{DateOrder, date_text};
pub use fields::Field;
pub use mapping::{ColumnRef, DecimalMark, HeaderRow, Mapping};
pub use reading::{ROWS_MAX, ReadError, Reading, read};
pub use records::{FILE_BYTES_MAX, FormatError};
pub use rejections::{REJECTIONS_LISTED_MAX, Reason, Rejection, Rejections};
pub use table::{Doubt, Offer, Period, Row, Table, TableBuilder};
