//! A file and the mapping of its columns become a table and a list of what was rejected.

use crate::codes::expand;
use crate::dates::{DateOrder, date, shown_order};
use crate::fields::Field;
use crate::layout::{HEADER_SEARCH_MAX, Layout};
use crate::mapping::{DecimalMark, Mapping};
use crate::numbers::{increments, price, seconds, shown_mark};
use crate::records::{FormatError, Record, each};
use crate::rejections::{Reason, Rejections};
use crate::table::{Doubt, Period, Row, Table, TableBuilder};
use rating::prefix::Prefix;
use rating::rate::{RateTerms, TermsError};
use std::ops::ControlFlow;

/// Most rates of one file, lists and ranges unfolded.
pub const ROWS_MAX: usize = 5_000_000;

/// Records that the ways of writing prices and dates are found by.
const SAMPLE_RECORDS: usize = 1_000;

/// Longest destination name, bytes.
const DESTINATION_BYTES_MAX: usize = 128;

/// Records between two reports of progress.
const PROGRESS_STEP: u64 = 10_000;

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The rates.
    pub table: Table,
    /// What was not taken.
    pub rejections: Rejections,
    /// What has to be confirmed.
    pub doubts: Vec<Doubt>,
    /// Records with data, rejected ones too.
    pub records: u64,
}

/// Why nothing of a file can be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is not what can be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// No record stands in it.
    #[error("the file is empty")]
    Empty,
    /// The line that should have the titles is not near the head of the file.
    #[error("line {line} is not among the first {HEADER_SEARCH_MAX} that are not empty")]
    NoHeaderLine {
        /// The line.
        line: u32,
    },
    /// A column that must be there.
    #[error("no column for `{field}`; the file has: {}", titles.join(", "))]
    ColumnMissing {
        /// As [`Field::name`] says it.
        field: &'static str,
        /// The titles of the line that comes nearest.
        titles: Vec<String>,
    },
    /// More than [`ROWS_MAX`].
    #[error("the file has more than {ROWS_MAX} rates")]
    TooManyRows,
}

/// Reads a file. `defaults` are the terms of a row that names nothing but its price. `progress` is
/// told now and then how many records were read.
///
/// # Errors
/// [`ReadError`] when nothing of it can be taken; a row that cannot be taken is in
/// [`Reading::rejections`] instead.
pub fn read(
    file: &[u8],
    mapping: &Mapping,
    defaults: &RateTerms,
    progress: &mut dyn FnMut(u64),
) -> Result<Reading, ReadError> {
    let mut head = Head::default();
    let mut body: Option<Body<'_>> = None;
    let mut failed = None;
    each(file, mapping, &mut |record| {
        let taken = match &mut body {
            Some(body) => body.take(record, progress),
            None if head.records.len() + 1 < SAMPLE_RECORDS => {
                head.records.push(record.clone());
                Ok(())
            }
            None => {
                head.records.push(record.clone());
                head.settle(mapping, defaults, progress)
                    .map(|settled| body = Some(settled))
            }
        };
        failed = taken.err();
        match failed {
            Some(_) => ControlFlow::Break(()),
            None => ControlFlow::Continue(()),
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    let body = match body {
        Some(body) => body,
        None => head.settle(mapping, defaults, progress)?,
    };
    progress(body.records);
    Ok(body.finish())
}

/// The first records, kept until it is known how to read them.
#[derive(Default)]
struct Head {
    records: Vec<Record>,
}

impl Head {
    fn settle<'d>(
        &mut self,
        mapping: &Mapping,
        defaults: &'d RateTerms,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Body<'d>, ReadError> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Err(ReadError::Empty);
        }
        let (layout, first) = Layout::find(&records, mapping)?;
        let data = &records[first.min(records.len())..];
        let mut body = Body {
            mark: decimal_mark(&layout, data, mapping.decimal_mark),
            order: date_order(&layout, data, mapping.date_order),
            layout,
            defaults,
            builder: TableBuilder::default(),
            rejections: Rejections::default(),
            records: 0,
            codes: Vec::new(),
        };
        for record in data {
            body.take(record, progress)?;
        }
        Ok(body)
    }
}

/// What is told, or else what the first price that leaves no doubt shows.
fn decimal_mark(layout: &Layout, data: &[Record], told: DecimalMark) -> DecimalMark {
    match told {
        DecimalMark::Found if layout.is_own => return DecimalMark::Point,
        DecimalMark::Found => {}
        told => return told,
    }
    let price = |record| layout.text(record, Field::Rate);
    let mut shown = data.iter().filter_map(|record| shown_mark(price(record)));
    shown.next().unwrap_or_default()
}

fn date_order(layout: &Layout, data: &[Record], told: DateOrder) -> DateOrder {
    if told != DateOrder::Found {
        return told;
    }
    let date = |record| layout.text(record, Field::EffectiveFrom);
    let mut shown = data.iter().filter_map(|record| shown_order(date(record)));
    shown.next().unwrap_or_default()
}

struct Body<'d> {
    layout: Layout,
    mark: DecimalMark,
    order: DateOrder,
    defaults: &'d RateTerms,
    builder: TableBuilder,
    rejections: Rejections,
    records: u64,
    /// Of the row at hand.
    codes: Vec<Prefix>,
}

/// A field that is at fault, its text and why.
struct Fault<'r>(Option<Field>, &'r str, Reason);

impl Body<'_> {
    fn take(&mut self, record: &Record, progress: &mut dyn FnMut(u64)) -> Result<(), ReadError> {
        if self.is_remark(record) {
            return Ok(());
        }
        self.records += 1;
        if self.records.is_multiple_of(PROGRESS_STEP) {
            progress(self.records);
        }
        if let Err(Fault(field, text, reason)) = self.add(record) {
            self.rejections.push(record.line, field, text, reason);
        }
        if self.builder.rows_count() > ROWS_MAX {
            return Err(ReadError::TooManyRows);
        }
        Ok(())
    }

    /// A line without codes and without a price, such as a note below the table.
    fn is_remark(&self, record: &Record) -> bool {
        let is_empty = |field| self.layout.text(record, field).is_empty();
        !record.is_unreadable && is_empty(Field::Code) && is_empty(Field::Rate)
    }

    fn add<'r>(&mut self, record: &'r Record) -> Result<(), Fault<'r>> {
        if record.is_unreadable {
            return Err(Fault(None, "", Reason::Unreadable));
        }
        if record.is_cut {
            return Err(Fault(None, "", Reason::FieldTooLong));
        }
        let text = |field| self.layout.text(record, field);
        let code = text(Field::Code);
        let country_code = text(Field::CountryCode);
        self.codes.clear();
        expand(country_code, code, &mut self.codes)
            .map_err(|reason| Fault(Some(Field::Code), code, reason))?;
        let terms = self.terms(record)?;
        let period = self.period(record)?;
        let name = self.name(record)?;
        let offer = self.builder.offer(&name, terms);
        for prefix in self.codes.drain(..) {
            self.builder.push(Row {
                prefix,
                period,
                offer,
                line: record.line,
            });
        }
        Ok(())
    }

    /// Country and destination; the code where the file has neither column.
    fn name<'r>(&self, record: &'r Record) -> Result<String, Fault<'r>> {
        let destination = self.layout.text(record, Field::Destination);
        let country = self.layout.text(record, Field::Country);
        let has_names = [Field::Destination, Field::Country]
            .into_iter()
            .any(|field| self.layout.column(field).is_some());
        let name = match (country, destination) {
            ("", "") if !has_names => self
                .codes
                .first()
                .map(Prefix::to_string)
                .unwrap_or_default(),
            ("", name) | (name, "") => name.to_owned(),
            (country, name) if name.to_lowercase().starts_with(&country.to_lowercase()) => {
                name.to_owned()
            }
            (country, name) => format!("{country} {name}"),
        };
        if (1..=DESTINATION_BYTES_MAX).contains(&name.len()) {
            Ok(name)
        } else {
            let reason = Reason::BadDestination;
            Err(Fault(Some(Field::Destination), destination, reason))
        }
    }

    fn terms<'r>(&self, record: &'r Record) -> Result<RateTerms, Fault<'r>> {
        let rate = self.optional(record, Field::Rate, |text| price(text, self.mark))?;
        let rate = rate.ok_or(Fault(Some(Field::Rate), "", Reason::PriceMissing))?;
        let amount = |field, default| {
            let read = self.optional(record, field, |text| price(text, self.mark))?;
            Ok(read.unwrap_or(default))
        };
        let count = |field, default| {
            let read = self.optional(record, field, seconds)?;
            Ok(read.unwrap_or(default))
        };
        let (initial, next) = self
            .optional(record, Field::Increments, increments)?
            .unwrap_or((
                self.defaults.initial_interval_s,
                self.defaults.next_interval_s,
            ));
        let terms = RateTerms {
            initial_rate_per_minute: amount(Field::InitialRate, rate)?,
            next_rate_per_minute: rate,
            initial_interval_s: count(Field::InitialInterval, initial)?,
            next_interval_s: count(Field::NextInterval, next)?,
            connection_fee: amount(Field::ConnectionFee, self.defaults.connection_fee)?,
            attempt_fee: amount(Field::AttemptFee, self.defaults.attempt_fee)?,
            grace_period_s: count(Field::GracePeriod, self.defaults.grace_period_s)?,
            rounding: self.defaults.rounding,
        };
        terms
            .check()
            .map_err(|error| self.out_of_bounds(record, &error))?;
        Ok(terms)
    }

    fn out_of_bounds<'r>(&self, record: &'r Record, error: &TermsError) -> Fault<'r> {
        let field = Field::ALL.into_iter().find(|it| it.name() == error.field());
        let reason = match error {
            TermsError::Negative { .. } => Reason::NegativePrice,
            TermsError::TooDear { .. } => Reason::PriceTooLarge,
            _ => Reason::IntervalOutOfBounds,
        };
        let text = field.map_or("", |field| self.layout.text(record, field));
        Fault(field, text, reason)
    }

    fn period<'r>(&self, record: &'r Record) -> Result<Period, Fault<'r>> {
        let moment = |field| self.optional(record, field, |text| date(text, self.order));
        let period = Period {
            from: moment(Field::EffectiveFrom)?.unwrap_or(Period::ALWAYS.from),
            until: moment(Field::EffectiveUntil)?.unwrap_or(Period::ALWAYS.until),
        };
        if period.is_empty() {
            let text = self.layout.text(record, Field::EffectiveUntil);
            let reason = Reason::EndsBeforeItBegins;
            return Err(Fault(Some(Field::EffectiveUntil), text, reason));
        }
        Ok(period)
    }

    /// What a field holds; `None` when it is empty or the file has no such column.
    fn optional<'r, T>(
        &self,
        record: &'r Record,
        field: Field,
        parse: impl Fn(&str) -> Result<T, Reason>,
    ) -> Result<Option<T>, Fault<'r>> {
        let text = self.layout.text(record, field);
        if text.is_empty() {
            return Ok(None);
        }
        let parsed = parse(text).map_err(|reason| Fault(Some(field), text, reason))?;
        Ok(Some(parsed))
    }

    fn finish(self) -> Reading {
        let (table, doubts) = self.builder.finish();
        Reading {
            table,
            rejections: self.rejections,
            doubts,
            records: self.records,
        }
    }
}
