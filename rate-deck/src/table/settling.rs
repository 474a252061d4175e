//! Which of the rows of one prefix and origin counts when: the one that began last and is not over.

use super::{Period, Row};
use crate::doubts::{Doubt, Doubts};
use rating::Timestamp;

/// Appends the rows of a prefix and origin, which come by their beginning and then by their line, so that no
/// two count at the same time.
pub(super) fn settle(rows: &[Row], settled: &mut Vec<Row>, doubts: &mut Doubts) {
    let mut sweep = Sweep {
        open: Vec::new(),
        since: Period::ALWAYS.from,
        settled,
        doubts,
    };
    let mut rows = rows.iter().peekable();
    while let Some(row) = rows.next() {
        match rows.peek() {
            Some(again) if again.period.from == row.period.from => {
                sweep.doubts.extend(duplicate(row, again));
            }
            _ => sweep.begin(*row),
        }
    }
    sweep.advance(Period::ALWAYS.until);
}

/// Goes through time from row to row.
struct Sweep<'s> {
    /// Rows that have begun and are not over, the last one counts.
    open: Vec<Row>,
    /// From when on it does.
    since: Timestamp,
    settled: &'s mut Vec<Row>,
    doubts: &'s mut Doubts,
}

impl Sweep<'_> {
    fn begin(&mut self, row: Row) {
        let last = self.advance(row.period.from);
        match (self.open.last(), last) {
            (Some(counts), _) => self.doubts.extend(overlap(counts, &row)),
            (None, Some(last)) if self.since < row.period.from => self.doubts.push(Doubt::Gap {
                key: row.key(),
                first_line: last.line,
                line: row.line,
            }),
            _ => {}
        }
        self.since = row.period.from;
        self.open.push(row);
    }

    /// Appends what counts until a moment; gives the row that was over last when none is left.
    fn advance(&mut self, to: Timestamp) -> Option<Row> {
        let mut over = None;
        while let Some(counts) = self.open.last().copied() {
            let until = counts.period.until.min(to);
            self.append(counts, until);
            if counts.period.until > to {
                return None;
            }
            self.open.pop();
            let since = self.since;
            self.open.retain(|row| row.period.until > since);
            if let Some(again) = self.open.last().filter(|_| since < to) {
                self.doubts.push(Doubt::CountsAgain {
                    key: again.key(),
                    first_line: again.line,
                    line: counts.line,
                });
            }
            over = Some(counts);
        }
        over
    }

    fn append(&mut self, row: Row, until: Timestamp) {
        let period = Period {
            from: self.since.max(row.period.from),
            until,
        };
        if !period.is_empty() {
            self.settled.push(Row { period, ..row });
        }
        self.since = until;
    }
}

fn duplicate(first: &Row, again: &Row) -> Option<Doubt> {
    let is_same = first.offer == again.offer && first.period == again.period;
    (!is_same).then_some(Doubt::DuplicateCode {
        key: first.key(),
        first_line: first.line,
        line: again.line,
    })
}

/// A rate without an end is over when the next begins; one with an end should have kept it.
fn overlap(first: &Row, next: &Row) -> Option<Doubt> {
    let has_end = first.period.until != Period::ALWAYS.until;
    (has_end && first.period.until > next.period.from).then_some(Doubt::OverlappingDates {
        key: first.key(),
        first_line: first.line,
        line: next.line,
    })
}
