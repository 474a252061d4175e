//! How the columns of a carrier's deck are to be read; kept from one import to the next.

use crate::dates::DateOrder;
use crate::fields::Field;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a deck has what. The default finds it out by the titles of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// For each field its column. Fields that are not here are looked for by titles that are
    /// usual, unless there is no line of titles.
    pub columns: BTreeMap<Field, ColumnRef>,
    /// Fields that are to be left alone even when there is a column with their title.
    pub ignored: Vec<Field>,
    /// What stands before each code where the file has no column of countries' codes: `1` for decks of the
    /// United States whose codes begin with the area. With `1`, codes that begin with 1 have it already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// Where the line of titles is.
    pub header: HeaderRow,
    /// What stands between the fields of CSV; `None` to find it out.
    pub delimiter: Option<char>,
    /// What stands before the decimals of prices.
    pub decimal_mark: DecimalMark,
    /// In which order dates of numbers alone are written.
    pub date_order: DateOrder,
    /// The name of the sheet of a workbook; `None` for its first.
    pub sheet: Option<String>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ColumnRef {
    /// By its place, from 1.
    Position(u16),
    /// By its title; case, spaces and marks do not count.
    Title(String),
}

/// Where the line is that names the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderRow {
    /// The first line that names a column of codes and one of prices.
    #[default]
    Found,
    /// There is none; columns are given by their places.
    None,
    /// It has this number, from 1.
    Line(u32),
}

/// What stands before the decimals of prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// What the first prices of the file show. When they show nothing, a price that could be meant
    /// either way is rejected.
    #[default]
    Found,
    /// `0.0125`.
    Point,
    /// `0,0125`.
    Comma,
}
