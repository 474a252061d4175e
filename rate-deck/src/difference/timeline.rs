//! The rates of one prefix one after another.

use crate::table::{Period, Row};
use rating::Timestamp;

/// The rows that are not over at `now`.
pub(super) fn live(rows: &[Row], now: Timestamp) -> Vec<Row> {
    let is_live = |row: &&Row| row.period.until > now;
    rows.iter().filter(is_live).copied().collect()
}

/// The same, each from `now` on at the earliest.
pub(super) fn live_from(rows: &[Row], now: Timestamp) -> Vec<Row> {
    let mut rows = live(rows, now);
    for row in &mut rows {
        row.period.from = row.period.from.max(now);
    }
    rows
}

/// What is left of rows that are over at a moment.
pub(super) fn until(rows: Vec<Row>, end: Timestamp) -> impl Iterator<Item = Row> {
    let cut = rows.into_iter().map(move |row| Row {
        period: Period {
            until: row.period.until.min(end),
            ..row.period
        },
        ..row
    });
    cut.filter(|row| !row.period.is_empty())
}

/// What of rows lies within a time.
pub(super) fn within(rows: &[Row], time: Period) -> impl Iterator<Item = Row> {
    let cut = rows.iter().map(move |row| Row {
        period: Period {
            from: row.period.from.max(time.from),
            until: row.period.until.min(time.until),
        },
        ..*row
    });
    cut.filter(|row| !row.period.is_empty())
}

/// Appends a row, or lengthens the last when it is the same rate without a gap.
pub(super) fn append(rows: &mut Vec<Row>, row: Row) {
    match rows.last_mut() {
        Some(last) if last.offer == row.offer && last.period.until == row.period.from => {
            last.period.until = row.period.until;
        }
        _ => rows.push(row),
    }
}
