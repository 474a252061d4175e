//! Which column of a file is which field, and where its data begin.

use crate::codes::looks_like_code;
use crate::export::RATE_COLUMNS;
use crate::fields::{Field, bare, plain};
use crate::mapping::{ColumnRef, HeaderRow, Mapping};
use crate::numbers::names_other_currency;
use crate::reading::ReadError;
use crate::records::Record;
use rating::Currency;

/// Records at the head of a file among which the titles are looked for.
pub(crate) const HEADER_SEARCH_MAX: usize = 100;

/// For each field its column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layout {
    columns: [Option<usize>; Field::ALL.len()],
    /// The titles are those that we write, so an end of a period is what we mean by it.
    pub(crate) is_own: bool,
    /// All that we write are there: we wrote the file, and its codes and names stand as they are.
    pub(crate) is_wholly_own: bool,
    /// A step is all that the file says of intervals.
    pub(crate) has_step_alone: bool,
    /// Codes are those of the North American plan, without its country code 1.
    pub(crate) is_of_plan: bool,
    /// How many titles there are; `None` without a line of titles.
    pub(crate) width: Option<usize>,
    /// The first field that two columns may be, and both titles.
    twice: Option<(Field, [String; 2])>,
}

impl Layout {
    /// Finds the columns in the first records of a file, and how many records stand before the
    /// first with data. Prices of another currency than the card's are an error.
    pub(crate) fn find(
        records: &[Record],
        mapping: &Mapping,
        currency: Currency,
    ) -> Result<(Self, usize), ReadError> {
        let head = &records[..records.len().min(HEADER_SEARCH_MAX)];
        let (layout, title_record) = match mapping.header {
            HeaderRow::None => return Self::without_titles(head, mapping),
            HeaderRow::Line(line) => {
                let at = head.iter().position(|record| record.line == line);
                let at = at.ok_or(ReadError::NoHeaderLine { line })?;
                let layout = Self::of_titles(&head[at], mapping);
                layout.check(&titles(&head[at]))?;
                (layout, at)
            }
            HeaderRow::Found => Self::first_complete(head, mapping)?,
        };
        layout.check_settled()?;
        layout.check_currency(&titles(&head[title_record]), currency)?;
        Ok((layout, title_record + 1))
    }

    fn without_titles(head: &[Record], mapping: &Mapping) -> Result<(Self, usize), ReadError> {
        let layout = Self::of_positions(mapping);
        layout.check(&[])?;
        let is_data = |record: &Record| {
            looks_like_code(layout.text(record, Field::Code))
                || looks_like_code(layout.text(record, Field::CountryCode))
        };
        let first = head.iter().position(is_data).unwrap_or(0);
        Ok((layout, first))
    }

    /// By the first record whose titles name codes and prices; with the place of that record.
    fn first_complete(head: &[Record], mapping: &Mapping) -> Result<(Self, usize), ReadError> {
        let mut best = (0, Self::default(), Vec::new());
        for (at, record) in head.iter().enumerate() {
            let layout = Self::of_titles(record, mapping);
            if layout.check(&[]).is_ok() {
                return Ok((layout, at));
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
        let is_named = |field: &Field| titles.iter().any(|title| title == field.name());
        layout.is_own = [Field::Code, Field::Rate].iter().all(is_named);
        layout.is_wholly_own = RATE_COLUMNS.iter().all(is_named);
        layout.width = Some(record.width());
        for (field, column) in &mapping.columns {
            if let ColumnRef::Title(wanted) = column {
                layout.set_by_title(*field, wanted, &titles);
            }
        }
        for (at, title) in titles.iter().enumerate() {
            let is_taken = layout.columns.contains(&Some(at));
            let is_settled = |field: &Field| {
                mapping.columns.contains_key(field) || mapping.ignored.contains(field)
            };
            let field = Field::of_title(title).filter(|field| !is_taken && !is_settled(field));
            match field.map(|field| (field, layout.column(field))) {
                None => {}
                Some((field, None)) => layout.set(field, Some(at)),
                Some((field, Some(first))) => layout.note_twice(field, &titles[first], title),
            }
        }
        let has = |field| layout.column(field).is_some();
        let has_step_alone = !layout.is_own_or_none(Field::NextInterval, &titles)
            && !has(Field::InitialInterval)
            && !has(Field::Increments);
        let code = layout.column(Field::Code).and_then(|at| titles.get(at));
        let is_of_plan = !has(Field::CountryCode)
            && code.is_some_and(|title| ["npanxx", "npanxxx"].contains(&&*plain(title)));
        layout.has_step_alone = has_step_alone;
        layout.is_of_plan = is_of_plan;
        layout.is_own &= layout.is_own_or_none(Field::EffectiveUntil, &titles);
        layout
    }

    /// Whether a field has our name or no column.
    fn is_own_or_none(&self, field: Field, titles: &[String]) -> bool {
        let title = self.column(field).and_then(|at| titles.get(at));
        title.is_none_or(|title| title == field.name())
    }

    /// The column of a title that a mapping names. Of several that differ in their currency alone
    /// it is the one that is called exactly so.
    fn set_by_title(&mut self, field: Field, wanted: &str, titles: &[String]) {
        let places = |form: fn(&str) -> String| -> Vec<usize> {
            let is_wanted = |at: &usize| form(&titles[*at]) == form(wanted);
            (0..titles.len()).filter(is_wanted).collect()
        };
        let (exact, alike) = (places(bare), places(plain));
        let found = if exact.is_empty() { alike } else { exact };
        self.set(field, found.first().copied());
        if let [first, second, ..] = found[..] {
            self.note_twice(field, &titles[first], &titles[second]);
        }
    }

    fn note_twice(&mut self, field: Field, first: &str, second: &str) {
        let titles = || (field, [first.to_owned(), second.to_owned()]);
        self.twice.get_or_insert_with(titles);
    }

    fn check_settled(&self) -> Result<(), ReadError> {
        let Some((field, titles)) = &self.twice else {
            return Ok(());
        };
        Err(ReadError::TwoColumns {
            field: field.name(),
            titles: titles.clone(),
        })
    }

    fn check_currency(&self, titles: &[String], currency: Currency) -> Result<(), ReadError> {
        let prices = Field::ALL.into_iter().filter(|field| field.is_price());
        let mut prices = prices.filter_map(|field| titles.get(self.column(field)?));
        match prices.find(|title| names_other_currency(title, currency)) {
            None => Ok(()),
            Some(title) => Err(ReadError::OtherCurrency {
                title: title.clone(),
                currency,
            }),
        }
    }

    fn set(&mut self, field: Field, column: Option<usize>) {
        self.columns[field as usize] = column;
    }

    fn check(&self, titles: &[String]) -> Result<(), ReadError> {
        let has = |field| self.column(field).is_some();
        let missing = if !has(Field::Code) && !has(Field::CountryCode) {
            Field::Code
        } else if !has(Field::Rate) && !Field::OF_JURISDICTIONS.iter().any(|(field, _)| has(*field))
        {
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

    /// Whether a field is a number in the file and not text.
    pub(crate) fn is_number(&self, record: &Record, field: Field) -> bool {
        self.column(field).is_some_and(|at| record.is_number(at))
    }

    /// Whether a field holds an error instead of a value.
    pub(crate) fn is_error(&self, record: &Record, field: Field) -> bool {
        self.column(field).is_some_and(|at| record.is_error(at))
    }

    /// The first field that does.
    pub(crate) fn error(&self, record: &Record) -> Option<Field> {
        let is_error = |field: &Field| self.is_error(record, *field);
        Field::ALL.into_iter().find(is_error)
    }

    /// Whether more fields have text than there are titles: a mark without quotes divided one, and
    /// those behind it are not where they belong.
    pub(crate) fn is_overfull(&self, record: &Record) -> bool {
        let Some(width) = self.width.filter(|_| !record.is_placed) else {
            return false;
        };
        record.fields().skip(width).any(|field| !field.is_empty())
    }

    /// The text of a field, empty when the file has no such column.
    pub(crate) fn text<'r>(&self, record: &'r Record, field: Field) -> &'r str {
        self.column(field).map_or("", |at| record.field(at))
    }
}

fn titles(record: &Record) -> Vec<String> {
    record.fields().map(str::to_owned).collect()
}
