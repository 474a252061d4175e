//! A file and the mapping of its columns become a table and a list of what was rejected.

mod found;

use crate::codes::{CODES_PER_ROW_MAX, OtherMeaning, expand};
use crate::dates::{DateWriting, FOREVER, Moment, date};
use crate::doubts::{Doubt, Doubts};
use crate::fields::Field;
use crate::layout::{HEADER_SEARCH_MAX, Layout};
use crate::mapping::Mapping;
use crate::numbers::{Writing, increments, price, seconds};
use crate::origins::origins;
use crate::records::{FormatError, Record, each};
use crate::rejections::{Reason, Rejections};
use crate::table::{Period, Row, Table, TableBuilder};
use arrayvec::ArrayVec;
use found::{date_writing, price_writing};
use rating::origin::{OriginNames, TooManyOrigins};
use rating::prefix::Prefix;
use rating::rate::{RateTerms, TermsError};
use rating::{Amount, Currency, Jurisdiction, Origin};
use std::ops::ControlFlow;

/// Most rates of one file, lists and ranges unfolded.
pub const ROWS_MAX: usize = 1_500_000;

/// Bytes of all fields of a file; a workbook can tell a short text very often.
pub const TEXT_BYTES_MAX: u64 = 1 << 30;

/// Records that the ways of writing prices and dates are found by.
const SAMPLE_RECORDS: usize = 1_000;

/// Bytes of them: fewer are looked at when they are long.
const SAMPLE_BYTES_MAX: u64 = 8 << 20;

/// What makes a spreadsheet take a text for a formula: names of carriers go out again in decks that people
/// open, and must not begin so.
const FORMULA_STARTS: [char; 7] = ['=', '+', '-', '@', '\t', '\r', ' '];

/// Longest destination name, bytes.
const DESTINATION_BYTES_MAX: usize = 128;

/// Most digits that a mapping puts before each code: those of a country, or of one of its areas.
const COUNTRY_CODE_DIGITS_MAX: usize = 7;

/// Records between two reports of progress.
const PROGRESS_STEP: u64 = 10_000;

/// The card that a deck is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Groups of callers by their names on the card; a row for a group is one for each of its origins.
    pub origin_names: OriginNames,
    /// Prices of any other are refused.
    pub currency: Currency,
    /// The terms of a row that names nothing but its price.
    pub defaults: RateTerms,
}

/// What a file holds.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The rates.
    pub table: Table,
    /// What was not taken.
    pub rejections: Rejections,
    /// What has to be confirmed.
    pub doubts: Doubts,
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
    /// Two columns that may be one field; the mapping has to say which is.
    #[error("`{}` and `{}` may both be `{field}`: name the column in the mapping", titles[0], titles[1])]
    TwoColumns {
        /// As [`Field::name`] says it.
        field: &'static str,
        /// What stands above them.
        titles: [String; 2],
    },
    /// Prices that cannot be those of the card.
    #[error("the column `{title}` is not in {currency}, the currency of the card")]
    OtherCurrency {
        /// What stands above it.
        title: String,
        /// The card's.
        currency: Currency,
    },
    /// A country's code of the mapping that is none.
    #[error("`country_code` of the mapping: write the digits of one, 1 to 7, without `+`")]
    BadCountryCode,
    /// More than [`TEXT_BYTES_MAX`].
    #[error("the fields of the file have more than {} MiB", TEXT_BYTES_MAX >> 20)]
    TooMuchText,
    /// More than [`ROWS_MAX`].
    #[error("the file has more than {ROWS_MAX} rates")]
    TooManyRows,
    /// More leading digits of callers than a card may tell apart.
    #[error("line {line}: {error}")]
    TooManyOrigins {
        /// A row that is one too many.
        line: u32,
        /// Of what.
        error: TooManyOrigins,
    },
}

/// Reads a file for a card. `progress` is told now and then how many records were read.
///
/// # Errors
/// [`ReadError`] when nothing of it can be taken; a row that cannot be taken is in
/// [`Reading::rejections`] instead.
pub fn read(
    file: &[u8],
    mapping: &Mapping,
    card: &Card,
    progress: &mut dyn FnMut(u64),
) -> Result<Reading, ReadError> {
    let is_code =
        |text: &str| (1..=COUNTRY_CODE_DIGITS_MAX).contains(&text.len()) && is_whole(text);
    if !mapping.country_code.as_deref().is_none_or(is_code) {
        return Err(ReadError::BadCountryCode);
    }
    let mut head = Head::default();
    let mut body: Option<Body<'_>> = None;
    let mut failed = None;
    let mut bytes = 0;
    each(file, mapping, &mut |record| {
        bytes += record.text_bytes() as u64;
        let taken = match &mut body {
            _ if bytes > TEXT_BYTES_MAX => Err(ReadError::TooMuchText),
            Some(body) => body.take(record, progress),
            None => {
                head.records.push(record.clone());
                let is_whole = head.records.len() >= SAMPLE_RECORDS || bytes > SAMPLE_BYTES_MAX;
                let settled = is_whole.then(|| head.settle(mapping, card, progress));
                settled.transpose().map(|settled| body = settled)
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
        None => head.settle(mapping, card, progress)?,
    };
    progress(body.records);
    body.finish()
}

/// The first records, kept until it is known how to read them.
#[derive(Default)]
struct Head {
    records: Vec<Record>,
}

impl Head {
    fn settle<'c>(
        &mut self,
        mapping: &'c Mapping,
        card: &'c Card,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Body<'c>, ReadError> {
        let records = std::mem::take(&mut self.records);
        if records.is_empty() {
            return Err(ReadError::Empty);
        }
        let (layout, first) = Layout::find(&records, mapping, card.currency)?;
        let data = &records[first.min(records.len())..];
        let mut body = Body {
            prices: price_writing(&layout, data, mapping.decimal_mark, card.currency),
            dates: date_writing(&layout, data, mapping.date_order),
            layout,
            card,
            builder: TableBuilder::default(),
            rejections: Rejections::default(),
            doubts: Doubts::default(),
            whole_codes: None,
            holes: None,
            country_code: mapping.country_code.as_deref().unwrap_or_default(),
            records: 0,
            codes: Vec::new(),
            origins: Vec::new(),
            are_codes_read: false,
        };
        for record in data {
            body.take(record, progress)?;
        }
        Ok(body)
    }
}

struct Body<'c> {
    layout: Layout,
    /// What the mapping puts before codes.
    country_code: &'c str,
    prices: Writing,
    dates: DateWriting,
    card: &'c Card,
    builder: TableBuilder,
    rejections: Rejections,
    doubts: Doubts,
    /// How many rows have codes that begin with their country's, and the first of them.
    whole_codes: Option<(u64, u32)>,
    /// How many rows have a price within a state and none between two, or the other way round, and the first.
    holes: Option<(u64, u32)>,
    records: u64,
    /// Of the row at hand.
    codes: Vec<Prefix>,
    /// Whose calls it is for.
    origins: Vec<Origin>,
    /// Whether they are all that the row names.
    are_codes_read: bool,
}

/// The terms of a row: for all its origins, and for each jurisdiction that it has a price for.
type Priced = ArrayVec<(Option<Jurisdiction>, RateTerms), 4>;

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
        self.codes.clear();
        self.are_codes_read = false;
        if let Err(Fault(field, text, reason)) = self.add(record) {
            self.rejections.push(record.line, field, text, reason);
            let codes = self.are_codes_read.then_some(&*self.codes);
            self.rejections.keep_codes(codes);
        }
        if self.builder.rows_count() > ROWS_MAX {
            return Err(ReadError::TooManyRows);
        }
        Ok(())
    }

    /// A line without codes and without a price, such as a note below the table.
    fn is_remark(&self, record: &Record) -> bool {
        let is_empty = |field| self.layout.text(record, field).is_empty();
        let is_sound =
            !record.is_unreadable && !record.is_disordered && self.layout.error(record).is_none();
        let mut prices = Field::OF_JURISDICTIONS.iter().map(|(field, _)| *field);
        let is_free = is_empty(Field::Rate) && prices.all(is_empty);
        is_sound && is_empty(Field::Code) && is_free
    }

    fn add<'r>(&mut self, record: &'r Record) -> Result<(), Fault<'r>> {
        self.check_record(record)?;
        let meaning = self.read_codes(record)?;
        if let Some(field) = self.layout.error(record) {
            return Err(Fault(Some(field), "", Reason::ErrorCell));
        }
        let origins_meaning = self.read_origins(record)?;
        let priced = self.priced(record)?;
        self.check_plan(record, &priced)?;
        let period = self.period(record)?;
        let name = self.name(record)?;
        self.note_meaning(meaning, record.line);
        self.note_callers(origins_meaning, &priced, record.line);
        for (jurisdiction, terms) in priced {
            let offer = self.builder.offer(&name, terms);
            let told = jurisdiction.map(Origin::of_jurisdiction);
            for prefix in &self.codes {
                for origin in &self.origins {
                    self.builder.push(Row {
                        prefix: *prefix,
                        origin: told.unwrap_or(*origin),
                        period,
                        offer,
                        line: record.line,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whose calls the row is for.
    fn read_origins<'r>(&mut self, record: &'r Record) -> Result<Option<OtherMeaning>, Fault<'r>> {
        self.origins.clear();
        let text = self.layout.text(record, Field::Origin);
        let fault = |reason| Fault(Some(Field::Origin), text, reason);
        if self.layout.is_error(record, Field::Origin) {
            return Err(Fault(Some(Field::Origin), "", Reason::ErrorCell));
        }
        // As of codes: 44.2 may have been 44.20.
        if self.layout.is_number(record, Field::Origin) && !is_whole(text) {
            return Err(fault(Reason::NotAnOrigin));
        }
        let meaning = origins(text, &self.card.origin_names, &mut self.origins).map_err(fault)?;
        match self.codes.len().saturating_mul(self.origins.len()) > CODES_PER_ROW_MAX {
            true => Err(fault(Reason::TooManyCodes)),
            false => Ok(meaning),
        }
    }

    /// Prices by jurisdiction are for calls to +1 alone.
    fn check_plan<'r>(&self, record: &'r Record, priced: &Priced) -> Result<(), Fault<'r>> {
        let mut origins = self.origins.iter();
        let has_jurisdictions =
            has_jurisdictions(priced) || origins.any(|origin| origin.jurisdiction().is_some());
        let is_beyond = self.codes.iter().any(|code| code.digit(0) != 1);
        if !(has_jurisdictions && is_beyond) {
            return Ok(());
        }
        let text = self.layout.text(record, Field::Code);
        Err(Fault(Some(Field::Code), text, Reason::BeyondPlan))
    }

    /// Whether what stands in the record stands where it belongs.
    fn check_record<'r>(&self, record: &'r Record) -> Result<(), Fault<'r>> {
        let reason = if record.is_unreadable {
            Reason::Unreadable
        } else if record.is_cut {
            Reason::FieldTooLong
        } else if record.is_disordered {
            Reason::CellsOutOfOrder
        } else if self.layout.is_overfull(record) {
            Reason::TooManyFields
        } else {
            return Ok(());
        };
        Err(Fault(None, "", reason))
    }

    fn read_codes<'r>(&mut self, record: &'r Record) -> Result<Option<OtherMeaning>, Fault<'r>> {
        for field in [Field::Code, Field::CountryCode] {
            let text = self.layout.text(record, field);
            if self.layout.is_error(record, field) {
                return Err(Fault(Some(field), "", Reason::ErrorCell));
            }
            // A number's zeros behind the point are not in the file: 44.2 may have been 44.20.
            if self.layout.is_number(record, field) && !is_whole(text) {
                return Err(Fault(Some(field), text, Reason::NotACode));
            }
        }
        let code = self.layout.text(record, Field::Code);
        let country_code = country_code(&self.layout, self.country_code, record, code);
        // What begins with zeros on a card does so on purpose.
        if self.layout.is_wholly_own
            && country_code.is_empty()
            && let Ok(prefix) = Prefix::parse(code.as_bytes())
        {
            self.codes.push(prefix);
            self.are_codes_read = true;
            return Ok(None);
        }
        let meaning = expand(country_code, code, &mut self.codes)
            .map_err(|reason| Fault(Some(Field::Code), code, reason))?;
        self.are_codes_read = true;
        Ok(meaning)
    }

    fn note_callers(&mut self, meaning: Option<OtherMeaning>, priced: &Priced, line: u32) {
        if let Some(meaning) = meaning {
            self.doubts
                .push(Doubt::OriginsMeantOtherwise { meaning, line });
        }
        let has = |wanted| {
            priced
                .iter()
                .any(|(jurisdiction, _)| *jurisdiction == wanted)
        };
        let has_all = has(Some(Jurisdiction::Interstate)) && has(Some(Jurisdiction::Intrastate));
        if has_jurisdictions(priced) && !has(None) && !has_all {
            self.holes.get_or_insert((0, line)).0 += 1;
        }
    }

    fn note_meaning(&mut self, meaning: Option<OtherMeaning>, line: u32) {
        match meaning {
            None => {}
            Some(OtherMeaning::WholeCode) => {
                self.whole_codes.get_or_insert((0, line)).0 += 1;
            }
            Some(meaning) => self
                .doubts
                .push(Doubt::CodesMeantOtherwise { meaning, line }),
        }
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
        let name = match self.layout.is_wholly_own {
            true => name,
            false => name.trim_start_matches(FORMULA_STARTS).to_owned(),
        };
        if (1..=DESTINATION_BYTES_MAX).contains(&name.len()) {
            Ok(name)
        } else {
            let reason = Reason::BadDestination;
            Err(Fault(Some(Field::Destination), destination, reason))
        }
    }

    /// The terms of a row: for all its origins, and for each jurisdiction that it has a price for.
    fn priced<'r>(&self, record: &'r Record) -> Result<Priced, Fault<'r>> {
        let mut priced = Priced::new();
        if let Some(rate) = self.price(record, Field::Rate)? {
            let initial = self.price(record, Field::InitialRate)?;
            priced.push((None, self.terms(record, Field::Rate, rate, initial)?));
        }
        for (field, jurisdiction) in Field::OF_JURISDICTIONS {
            if let Some(rate) = self.price(record, field)? {
                let terms = self.terms(record, field, rate, None)?;
                priced.push((Some(jurisdiction), terms));
            }
        }
        if priced.is_empty() {
            return Err(Fault(Some(Field::Rate), "", Reason::PriceMissing));
        }
        if !has_jurisdictions(&priced) {
            return Ok(priced);
        }
        if self.origins != [Origin::ANY] {
            let text = self.layout.text(record, Field::Origin);
            return Err(Fault(Some(Field::Origin), text, Reason::OriginTwice));
        }
        let initial = self.layout.text(record, Field::InitialRate);
        if !initial.is_empty() {
            let reason = Reason::InitialRateOfWhich;
            return Err(Fault(Some(Field::InitialRate), initial, reason));
        }
        Ok(priced)
    }

    fn terms<'r>(
        &self,
        record: &'r Record,
        field: Field,
        rate: Amount,
        initial_rate: Option<Amount>,
    ) -> Result<RateTerms, Fault<'r>> {
        let defaults = &self.card.defaults;
        let amount = |field, default| Ok(self.price(record, field)?.unwrap_or(default));
        let count = |field, default| {
            let read = self.optional(record, field, seconds)?;
            Ok(read.unwrap_or(default))
        };
        let (initial, next) = self
            .optional(record, Field::Increments, increments)?
            .unwrap_or((defaults.initial_interval_s, defaults.next_interval_s));
        let next = count(Field::NextInterval, next)?;
        // A pulse of 60 without more is what others write as 60/60.
        let initial = match self.layout.has_step_alone {
            true => next,
            false => initial,
        };
        let terms = RateTerms {
            initial_rate_per_minute: initial_rate.unwrap_or(rate),
            next_rate_per_minute: rate,
            initial_interval_s: count(Field::InitialInterval, initial)?,
            next_interval_s: next,
            connection_fee: amount(Field::ConnectionFee, defaults.connection_fee)?,
            attempt_fee: amount(Field::AttemptFee, defaults.attempt_fee)?,
            grace_period_s: count(Field::GracePeriod, defaults.grace_period_s)?,
            rounding: defaults.rounding,
        };
        terms
            .check()
            .map_err(|error| self.out_of_bounds(record, field, &error))?;
        Ok(terms)
    }

    fn price<'r>(&self, record: &'r Record, field: Field) -> Result<Option<Amount>, Fault<'r>> {
        let writing = if self.layout.is_number(record, field) {
            self.prices.of_number()
        } else {
            self.prices
        };
        self.optional(record, field, |text| price(text, writing))
    }

    /// `price` is the field that the price of a minute is from.
    fn out_of_bounds<'r>(&self, record: &'r Record, price: Field, error: &TermsError) -> Fault<'r> {
        let field = Field::ALL.into_iter().find(|it| it.name() == error.field());
        let field = match field {
            Some(Field::Rate | Field::InitialRate) if price != Field::Rate => Some(price),
            field => field,
        };
        let reason = match error {
            TermsError::Negative { .. } => Reason::NegativePrice,
            TermsError::TooDear { .. } => Reason::PriceTooLarge,
            _ => Reason::IntervalOutOfBounds,
        };
        let text = field.map_or("", |field| self.layout.text(record, field));
        Fault(field, text, reason)
    }

    fn period<'r>(&self, record: &'r Record) -> Result<Period, Fault<'r>> {
        let moment = |field| self.optional(record, field, |text| date(text, self.dates));
        let from = moment(Field::EffectiveFrom)?.map(|moment| moment.at);
        // Others mean the last day by an end, we the first moment without the rate.
        let end = |last: Moment| {
            if self.layout.is_own {
                last.at
            } else {
                last.end()
            }
        };
        let until = moment(Field::EffectiveUntil)?.map(end);
        if from.is_some_and(|from| from >= FOREVER) {
            let text = self.layout.text(record, Field::EffectiveFrom);
            return Err(Fault(Some(Field::EffectiveFrom), text, Reason::NotADate));
        }
        let period = Period {
            from: from.unwrap_or(Period::ALWAYS.from),
            until: until
                .filter(|until| *until < FOREVER)
                .unwrap_or(Period::ALWAYS.until),
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

    fn finish(mut self) -> Result<Reading, ReadError> {
        if let Some((rows, line)) = self.whole_codes {
            self.doubts.push(Doubt::CountryCodeTwice { rows, line });
        }
        if let Some((rows, line)) = self.holes {
            self.doubts.push(Doubt::JurisdictionMissing { rows, line });
        }
        let (table, doubts) = self.builder.finish();
        if let Some((row, error)) = table.too_many_origins() {
            let line = row.line;
            return Err(ReadError::TooManyOrigins { line, error });
        }
        self.doubts.merge(doubts);
        self.rejections.finish();
        Ok(Reading {
            table,
            rejections: self.rejections,
            doubts: self.doubts,
            records: self.records,
        })
    }
}

fn has_jurisdictions(priced: &Priced) -> bool {
    let mut jurisdictions = priced.iter().map(|(jurisdiction, _)| jurisdiction);
    jurisdictions.any(Option::is_some)
}

fn is_whole(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What stands before the codes of a row.
fn country_code<'t>(
    layout: &Layout,
    of_mapping: &'t str,
    record: &'t Record,
    code: &str,
) -> &'t str {
    let of_file = if layout.is_of_plan { "1" } else { of_mapping };
    match layout.text(record, Field::CountryCode) {
        // No area code begins with 1: what does has its country code.
        "" if of_file == "1" && code.trim_start_matches('+').starts_with('1') => "",
        "" => of_file,
        text => text,
    }
}
