//! A table as CSV, in the form that is read without any mapping.

use crate::dates::date_text;
use crate::fields::Field;
use crate::table::{Period, Table};
use rating::rate::RateTerms;
use rating::{Amount, Timestamp};
use std::io::{self, Write};

/// The columns of rates, in the order in which they are written.
pub(crate) const RATE_COLUMNS: [Field; 9] = [
    Field::Code,
    Field::Destination,
    Field::Rate,
    Field::InitialRate,
    Field::InitialInterval,
    Field::NextInterval,
    Field::ConnectionFee,
    Field::AttemptFee,
    Field::GracePeriod,
];

/// Writes all rows with their dates.
///
/// # Errors
/// Those of `out`.
pub fn csv(table: &Table, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let asks_callers = table.asks_callers();
    let dates = [Field::EffectiveFrom, Field::EffectiveUntil];
    writer.write_record(columns(asks_callers).chain(dates).map(Field::name))?;
    for row in table.rows() {
        write_rate(&mut writer, table, row, asks_callers)?;
        let Period { from, until } = row.period;
        let text = |at: Timestamp, open: Timestamp| {
            if at == open {
                String::new()
            } else {
                date_text(at)
            }
        };
        writer.write_field(text(from, Period::ALWAYS.from))?;
        writer.write_field(text(until, Period::ALWAYS.until))?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// Writes the rows that count at a moment, without dates: the deck that a switch charges by then.
///
/// # Errors
/// Those of `out`.
pub fn csv_at(table: &Table, at: Timestamp, out: impl Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    let asks_callers = table.asks_callers();
    writer.write_record(columns(asks_callers).map(Field::name))?;
    for row in table.rows().iter().filter(|row| row.period.contains(at)) {
        write_rate(&mut writer, table, row, asks_callers)?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// That of origins comes last, and only where there are any.
fn columns(asks_callers: bool) -> impl Iterator<Item = Field> {
    let of_callers = asks_callers.then_some(Field::Origin);
    RATE_COLUMNS.into_iter().chain(of_callers)
}

fn write_rate(
    writer: &mut csv::Writer<impl Write>,
    table: &Table,
    row: &crate::table::Row,
    asks_callers: bool,
) -> io::Result<()> {
    let terms: &RateTerms = table.terms(row);
    writer.write_field(row.prefix.to_string())?;
    writer.write_field(&**table.destination(row))?;
    writer.write_field(amount_text(terms.next_rate_per_minute))?;
    writer.write_field(amount_text(terms.initial_rate_per_minute))?;
    writer.write_field(terms.initial_interval_s.to_string())?;
    writer.write_field(terms.next_interval_s.to_string())?;
    writer.write_field(amount_text(terms.connection_fee))?;
    writer.write_field(amount_text(terms.attempt_fee))?;
    writer.write_field(terms.grace_period_s.to_string())?;
    if asks_callers {
        writer.write_field(row.origin.to_string())?;
    }
    Ok(())
}

/// An amount that cannot be taken for thousands: three decimals get a fourth.
fn amount_text(amount: Amount) -> String {
    let mut text = amount.to_string();
    if text
        .split_once('.')
        .is_some_and(|(_, decimals)| decimals.len() == 3)
    {
        text.push('0');
    }
    text
}
