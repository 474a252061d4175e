//! Which column of a file is which field, and where its data begin.

use crate::codes::looks_like_code;
use crate::fields::{Field, plain};
use crate::mapping::{ColumnRef, HeaderRow, Mapping};
use crate::reading::ReadError;
use crate::records::Record;

/// Records at the head of a file among which the titles are looked for.
pub(crate) const HEADER_SEARCH_MAX: usize = 100;

/// For each field its column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    columns: [Option<usize>; Field::ALL.len()],
    /// The titles are those that we write, so marks and dates are too.
    pub(crate) is_own: bool,
}

impl Layout {
    /// Finds the columns in the first records of a file, and how many records stand before the
    /// first with data.
    pub(crate) fn find(records: &[Record], mapping: &Mapping) -> Result<(Self, usize), ReadError> {
        let head = &records[..records.len().min(HEADER_SEARCH_MAX)];
        match mapping.header {
            HeaderRow::None => {
                let layout = Self::of_positions(mapping);
                layout.check(&[])?;
                let is_data = |record: &Record| {
                    looks_like_code(layout.text(record, Field::Code))
                        || looks_like_code(layout.text(record, Field::CountryCode))
                };
                let first = head.iter().position(is_data).unwrap_or(0);
                Ok((layout, first))
            }
            HeaderRow::Line(line) => {
                let at = head.iter().position(|record| record.line == line);
                let at = at.ok_or(ReadError::NoHeaderLine { line })?;
                let layout = Self::of_titles(&head[at], mapping);
                layout.check(&titles(&head[at]))?;
                Ok((layout, at + 1))
            }
            HeaderRow::Found => Self::first_complete(head, mapping),
        }
    }

    /// By the first record whose titles name codes and prices.
    fn first_complete(head: &[Record], mapping: &Mapping) -> Result<(Self, usize), ReadError> {
        let mut best = (0, Self::default(), Vec::new());
        for (at, record) in head.iter().enumerate() {
            let layout = Self::of_titles(record, mapping);
            if layout.check(&[]).is_ok() {
                return Ok((layout, at + 1));
            }
            let found = layout.columns.iter().flatten().count();
            if found > best.0 {
                best = (found, layout, titles(record));
            }
        }
        let (_, layout, titles) = best;
        layout.check(&titles)?;
        Err(ReadError::Empty)
    }

    fn of_positions(mapping: &Mapping) -> Self {
        let mut layout = Self::default();
        for (field, column) in &mapping.columns {
            if let ColumnRef::Position(position) = column {
                layout.set(*field, usize::from(*position).checked_sub(1));
            }
        }
        layout
    }

    fn of_titles(record: &Record, mapping: &Mapping) -> Self {
        let titles = titles(record);
        let mut layout = Self::of_positions(mapping);
        layout.is_own = [Field::Code, Field::Rate]
            .iter()
            .all(|field| titles.iter().any(|title| title == field.name()));
        for (field, column) in &mapping.columns {
            if let ColumnRef::Title(title) = column {
                let wanted = plain(title);
                let at = titles.iter().position(|title| plain(title) == wanted);
                layout.set(*field, at);
            }
        }
        for (at, title) in titles.iter().enumerate() {
            let is_taken = layout.columns.contains(&Some(at));
            if let Some(field) = Field::of_title(title).filter(|_| !is_taken) {
                let is_wanted = !mapping.columns.contains_key(&field)
                    && !mapping.ignored.contains(&field)
                    && layout.column(field).is_none();
                if is_wanted {
                    layout.set(field, Some(at));
                }
            }
        }
        layout
    }

    fn set(&mut self, field: Field, column: Option<usize>) {
        self.columns[field as usize] = column;
    }

    fn check(&self, titles: &[String]) -> Result<(), ReadError> {
        let has = |field| self.column(field).is_some();
        let missing = if !has(Field::Code) && !has(Field::CountryCode) {
            Field::Code
        } else if !has(Field::Rate) {
            Field::Rate
        } else {
            return Ok(());
        };
        Err(ReadError::ColumnMissing {
            field: missing.name(),
            titles: titles.to_vec(),
        })
    }

    /// The column of a field.
    pub(crate) fn column(&self, field: Field) -> Option<usize> {
        self.columns[field as usize]
    }

    /// The text of a field, empty when the file has no such column.
    pub(crate) fn text<'r>(&self, record: &'r Record, field: Field) -> &'r str {
        self.column(field).map_or("", |at| record.field(at))
    }
}

fn titles(record: &Record) -> Vec<String> {
    record.fields().map(str::to_owned).collect()
}
