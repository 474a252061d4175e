//! Rate decks as carriers send them.
//!
//! Bytes of CSV or XLSX and a [`Mapping`] of their columns become a [`Table`] of rates, with every
//! row that could not be read listed by its line, field and reason ([`read`]). A table is compared
//! with the one in force ([`difference::compare`]), under the policy that was agreed with the
//! carrier, and what follows from both is a table again. [`export::csv`] writes a table in the form
//! that is read without any mapping.
//!
//! Money that can be read in two ways is not guessed: the row is rejected, the file refused, or
//! the matter put to a confirmation ([`Doubt`]).
//!
//! The crate is pure: it reads no clock and opens no file. Its memory is bounded by the size of the
//! file ([`FILE_BYTES_MAX`], a workbook's unpacked parts, [`TEXT_BYTES_MAX`]) and by [`ROWS_MAX`]:
//! a table of a million rows with few offers takes some 100 MiB while it is read, and as much again
//! while it is compared.

mod codes;
mod dates;
pub mod difference;
mod doubts;
pub mod export;
mod fields;
mod layout;
mod mapping;
mod numbers;
mod origins;
mod reading;
mod records;
mod rejections;
mod table;

pub use codes::OtherMeaning;
pub use dates::{DateOrder, date_text};
pub use doubts::{DOUBTS_LISTED_MAX, Doubt, Doubts};
pub use fields::Field;
pub use mapping::{ColumnRef, DecimalMark, HeaderRow, Mapping};
pub use reading::{Card, ROWS_MAX, ReadError, Reading, TEXT_BYTES_MAX, read};
pub use records::{FILE_BYTES_MAX, FormatError};
pub use rejections::{REJECTIONS_LISTED_MAX, Reason, Rejection, Rejections};
pub use table::{Key, Offer, Period, Row, Table, TableBuilder};
