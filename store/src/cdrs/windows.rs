//! Looking for a page where it begins, before looking everywhere.
//!
//! On PostgreSQL a search of all times plans and locks every day, which for a year takes longer than the search
//! itself. A page is nearly always full with the records of a day or of some. So a list without a bound is looked for
//! in the days beside its place first, then in more, and in all of them last. Each of those gives what the search of
//! all would, when it fills the page: records are in the order of time.

use super::{CdrOrder, CdrQuery};
use crate::cdrs::query::Between;
use rating::Timestamp;

/// How many days are looked at before all are.
const DAYS: [i64; 3] = [1, 8, 64];

const DAY_US: i64 = 86_400_000_000;

/// The same query of less and then more time, which ends before all of what was asked for. None where an index
/// leads to few records, which then are of any time.
pub(super) fn windows(query: &CdrQuery, now: Timestamp) -> Vec<CdrQuery> {
    if query.is_narrow() {
        return Vec::new();
    }
    let Between { from, to } = query.received;
    let after = query.after.map(|after| after.received_at);
    let begin = match query.order {
        CdrOrder::NewestFirst => [after, to, Some(now)].into_iter().flatten().min(),
        CdrOrder::OldestFirst => [after, from].into_iter().flatten().max(),
    };
    let Some(begin) = begin else {
        return Vec::new();
    };
    let window = |days: i64| {
        let received = match query.order {
            CdrOrder::NewestFirst => {
                let edge = Timestamp(begin.0.saturating_sub(days * DAY_US));
                let from = Some(from.map_or(edge, |from| from.max(edge)));
                Between { from, to }
            }
            CdrOrder::OldestFirst => {
                let edge = Timestamp(begin.0.saturating_add(days * DAY_US));
                let to = Some(to.map_or(edge, |to| to.min(edge)));
                Between { from, to }
            }
        };
        // What was asked for is looked at last anyway.
        (received != query.received).then(|| CdrQuery {
            received,
            ..query.clone()
        })
    };
    DAYS.into_iter().filter_map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cdrs::CdrCursor;
    use rating::cdr::CallId;

    const NOW: Timestamp = Timestamp(1_000 * DAY_US);

    fn at(day: i64) -> Option<Timestamp> {
        Some(Timestamp(day * DAY_US))
    }

    fn spans(query: &CdrQuery) -> Vec<Between<Timestamp>> {
        let windows = windows(query, NOW);
        windows.iter().map(|window| window.received).collect()
    }

    #[test]
    fn a_list_is_looked_for_beside_its_place_first() {
        let between = |from, to| Between { from, to };
        let mut query = CdrQuery::default();
        let newest = [999, 992, 936].map(|from| between(at(from), None));
        assert_eq!(spans(&query), newest);
        query.after = Some(CdrCursor {
            received_at: Timestamp(500 * DAY_US),
            id: CallId(1),
        });
        assert_eq!(spans(&query)[0], between(at(499), None));
        query.received = between(at(495), at(800));
        assert_eq!(spans(&query), [between(at(499), at(800))]);
        query.order = CdrOrder::OldestFirst;
        let oldest = [501, 508, 564].map(|to| between(at(495), at(to)));
        assert_eq!(spans(&query), oldest);
    }

    #[test]
    fn what_leads_to_few_records_or_has_no_beginning_is_looked_for_everywhere_at_once() {
        let oldest = CdrQuery {
            order: CdrOrder::OldestFirst,
            ..CdrQuery::default()
        };
        assert_eq!(spans(&oldest), []);
        let mut called = CdrQuery::default();
        called.called.whole = Some("442071838750".to_owned());
        assert_eq!(spans(&called), []);
    }
}
