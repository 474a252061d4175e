//! The columns of a table.

use rating::{Amount, Timestamp};

/// A column of a table of `R`.
#[derive(Debug)]
pub struct Column<R> {
    /// Its name.
    pub name: &'static str,
    /// What its cells are.
    pub kind: CellKind,
    /// The cell of a row, of that kind.
    pub cell: fn(&R) -> Cell,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A text that others chose: a name, a number that was dialled.
    Text,
    /// A word or an identifier of ours.
    Word,
    /// A point in time.
    Time,
    /// A whole number.
    Whole,
    /// An amount of money.
    Money,
}

/// A value of a row; `None` is null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Of a column of texts or words.
    Text(Option<String>),
    /// Of a column of times.
    Time(Option<Timestamp>),
    /// Of a column of whole numbers.
    Whole(Option<i64>),
    /// Of a column of amounts.
    Money(Option<Amount>),
}

impl<R> Column<R> {
    /// A column of that name.
    pub const fn new(name: &'static str, kind: CellKind, cell: fn(&R) -> Cell) -> Self {
        Self { name, kind, cell }
    }
}

impl CellKind {
    /// Its cells are texts.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Word)
    }
}

impl Cell {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()))
    }

    /// A count; beyond 2⁶³ the largest that a column has room for.
    pub fn whole(number: impl TryInto<i64>) -> Self {
        Self::Whole(Some(number.try_into().unwrap_or(i64::MAX)))
    }

    /// What the column of whole numbers, times or amounts holds.
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Text(_) => None,
            Self::Time(time) => time.map(|time| time.0),
            Self::Whole(number) => *number,
            Self::Money(amount) => amount.map(|amount| amount.0),
        }
    }
}
