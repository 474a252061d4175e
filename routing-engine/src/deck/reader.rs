//! CSV rows to a deck, with every fault at its line.

use super::{Deck, DeckBuilder, DestinationNames, RowError, Rules};
use crate::Problem;
use crate::resources::{RateCard, origin_names};
use csv::{ByteRecord, ReaderBuilder, Trim};
use rating::Amount;
use rating::money::decimal::AmountError;
use rating::rate::RateTerms;
use std::fmt;

/// Most problems that are reported of one deck; reading stops there.
pub const PROBLEMS_MAX: usize = 100;

/// The columns that a deck may have, in any order. The first three must be there.
pub const COLUMNS: [&str; 10] = [
    "prefix",
    "destination",
    "rate_per_minute",
    "initial_rate_per_minute",
    "initial_interval_s",
    "next_interval_s",
    "connection_fee",
    "attempt_fee",
    "grace_period_s",
    "origin",
];

const REQUIRED: usize = 3;

const PREFIX: usize = 0;
const DESTINATION: usize = 1;
const RATE: usize = 2;
const INITIAL_RATE: usize = 3;
const INITIAL_INTERVAL: usize = 4;
const NEXT_INTERVAL: usize = 5;
const CONNECTION_FEE: usize = 6;
const ATTEMPT_FEE: usize = 7;
const GRACE_PERIOD: usize = 8;
const ORIGIN: usize = 9;

/// For each of [`COLUMNS`], where it stands in the file.
type Layout = [Option<usize>; COLUMNS.len()];

/// A field that is at fault.
struct FieldError {
    column: &'static str,
    message: String,
}

pub(super) fn read(
    csv: &[u8],
    card: &RateCard,
    names: &mut DestinationNames,
    rules: Rules,
) -> Result<Deck, Vec<Problem>> {
    let csv = csv.strip_prefix(b"\xef\xbb\xbf").unwrap_or(csv);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(csv);
    let mut record = ByteRecord::new();
    let has_header = reader
        .read_byte_record(&mut record)
        .map_err(|error| vec![unreadable(&error)])?;
    if !has_header {
        return Err(vec![Problem::new("the deck is empty").at(1, None)]);
    }
    let layout = layout(&record)?;
    let columns_count = record.len();
    let origins = origin_names(&card.origin_sets);
    let mut builder = DeckBuilder::new(names, &origins, rules);
    let mut problems = Vec::new();
    while problems.len() < PROBLEMS_MAX {
        match reader.read_byte_record(&mut record) {
            Ok(false) => break,
            Ok(true) => {
                let line = line_of(&record);
                let pushed = check_width(&record, columns_count)
                    .and_then(|()| push(&mut builder, &record, &layout, card, line));
                problems.extend(pushed.err().map(|error| error.at(line)));
            }
            Err(error) => {
                problems.push(unreadable(&error));
                break;
            }
        }
    }
    finish(builder, problems)
}

fn finish(builder: DeckBuilder<'_>, mut problems: Vec<Problem>) -> Result<Deck, Vec<Problem>> {
    match builder.finish() {
        Ok(deck) if problems.is_empty() => Ok(deck),
        Ok(_) => Err(problems),
        Err(unfit) => {
            let room = PROBLEMS_MAX - problems.len();
            problems.extend(unfit.iter().take(room).map(|unfit| {
                let message = unfit.message(|first| format!("line {first}"));
                Problem::in_field(unfit.column(), message).at(unfit.place(), None)
            }));
            problems.sort_by_key(|problem| problem.line);
            Err(problems)
        }
    }
}

fn layout(header: &ByteRecord) -> Result<Layout, Vec<Problem>> {
    let mut layout = Layout::default();
    let mut problems = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let column = COLUMNS.iter().position(|known| known.as_bytes() == name);
        let name = String::from_utf8_lossy(name);
        match column {
            None => problems.push(header_problem(
                &name,
                format_args!("unknown column: the columns are {}", COLUMNS.join(", ")),
            )),
            Some(column) if layout[column].is_some() => {
                problems.push(header_problem(&name, "the column stands twice"));
            }
            Some(column) => layout[column] = Some(at),
        }
    }
    for column in 0..REQUIRED {
        if layout[column].is_none() {
            let message = "the column is missing: the first line names the columns";
            problems.push(header_problem(COLUMNS[column], message));
        }
    }
    problems.truncate(PROBLEMS_MAX);
    if problems.is_empty() {
        Ok(layout)
    } else {
        Err(problems)
    }
}

fn header_problem(column: &str, message: impl fmt::Display) -> Problem {
    Problem::in_field(column, message).at(1, None)
}

fn check_width(record: &ByteRecord, columns_count: usize) -> Result<(), FieldError> {
    if record.len() == columns_count {
        return Ok(());
    }
    Err(FieldError {
        column: "row",
        message: format!(
            "{} fields where the first line has {columns_count}",
            record.len()
        ),
    })
}

fn push(
    builder: &mut DeckBuilder<'_>,
    record: &ByteRecord,
    layout: &Layout,
    card: &RateCard,
    line: u64,
) -> Result<(), FieldError> {
    let field = |column: usize| {
        layout[column]
            .and_then(|at| record.get(at))
            .unwrap_or_default()
    };
    let destination = std::str::from_utf8(field(DESTINATION)).map_err(|_| FieldError {
        column: COLUMNS[DESTINATION],
        message: "the name is not UTF-8".to_owned(),
    })?;
    let price = amount(RATE, field(RATE))?;
    let or_card = card.default_terms(price);
    let seconds_or = |default, column| or(default, column, field(column), seconds);
    let amount_or = |default, column| or(default, column, field(column), amount);
    let terms = RateTerms {
        initial_rate_per_minute: amount_or(price, INITIAL_RATE)?,
        initial_interval_s: seconds_or(or_card.initial_interval_s, INITIAL_INTERVAL)?,
        next_interval_s: seconds_or(or_card.next_interval_s, NEXT_INTERVAL)?,
        connection_fee: amount_or(or_card.connection_fee, CONNECTION_FEE)?,
        attempt_fee: amount_or(or_card.attempt_fee, ATTEMPT_FEE)?,
        grace_period_s: seconds_or(or_card.grace_period_s, GRACE_PERIOD)?,
        ..or_card
    };
    let origin = std::str::from_utf8(field(ORIGIN)).map_err(|_| FieldError {
        column: COLUMNS[ORIGIN],
        message: "the origin is not UTF-8".to_owned(),
    })?;
    builder
        .push(line, (field(PREFIX), origin), destination, terms)
        .map_err(FieldError::from)
}

/// The field's value, or the card's when the field is empty.
fn or<T>(
    default: T,
    column: usize,
    text: &[u8],
    parse: fn(usize, &[u8]) -> Result<T, FieldError>,
) -> Result<T, FieldError> {
    if text.is_empty() {
        Ok(default)
    } else {
        parse(column, text)
    }
}

fn amount(column: usize, text: &[u8]) -> Result<Amount, FieldError> {
    Amount::from_decimal_bytes(text).map_err(|error: AmountError| FieldError {
        column: COLUMNS[column],
        message: error.to_string(),
    })
}

fn seconds(column: usize, text: &[u8]) -> Result<u32, FieldError> {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| FieldError {
            column: COLUMNS[column],
            message: "not a whole number of seconds".to_owned(),
        })
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn unreadable(error: &csv::Error) -> Problem {
    let problem = Problem::new(format_args!("not readable as CSV: {error}"));
    match error.position() {
        Some(position) => problem.at(position.line(), None),
        None => problem,
    }
}

impl FieldError {
    fn at(self, line: u64) -> Problem {
        Problem::in_field(self.column, self.message).at(line, None)
    }
}

impl From<RowError> for FieldError {
    fn from(error: RowError) -> Self {
        Self {
            column: error.column(),
            message: error.to_string(),
        }
    }
}
