//! Which sums of a day there are records for: some of them may be gone.

use super::TRAFFIC_DAY_US;
use super::day::SETUP_MAX_US;
use super::sums::{Grain, TrafficKey, TrafficSide};
use std::collections::BTreeSet;
use std::ops::Range;

/// What is compared of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compared {
    day: i64,
    /// The sums of its calls.
    pub(super) calls: bool,
    /// The sums of attempts that began then.
    attempts: Range<i64>,
}

impl Compared {
    /// What can be of a day: close to midnight attempts belong to calls of the days beside it.
    pub(super) fn of(dropped: &BTreeSet<i64>, day: i64) -> Self {
        let end = day.saturating_add(TRAFFIC_DAY_US);
        let before = dropped.contains(&day.saturating_sub(TRAFFIC_DAY_US));
        let after = dropped.contains(&end);
        let apart = |touches: bool| if touches { SETUP_MAX_US } else { 0 };
        Self {
            day,
            calls: true,
            attempts: day.saturating_add(apart(before))..end.saturating_sub(apart(after)),
        }
    }

    /// What of it goes with the calls of another day: that day itself, or the attempts of those calls. `None` when
    /// there are no such attempts.
    pub(super) fn with_calls_of(self, day: i64) -> Option<Self> {
        if self.day == day {
            return Some(self);
        }
        let first = day.saturating_sub(SETUP_MAX_US);
        let end = day.saturating_add(TRAFFIC_DAY_US + SETUP_MAX_US);
        let attempts = self.attempts.start.max(first)..self.attempts.end.min(end);
        (!attempts.is_empty()).then_some(Self {
            calls: false,
            attempts,
            ..self
        })
    }

    /// Whether it is all of the day.
    pub(super) fn is_whole(&self) -> bool {
        self.calls && self.attempts == self.whole()
    }

    /// The times that it looks at.
    pub(super) fn span(&self) -> Range<i64> {
        if self.calls {
            self.whole()
        } else {
            self.attempts.clone()
        }
    }

    /// Whether it looks at a sum. The sum of a day has all of its attempts.
    pub(super) fn has(&self, key: &TrafficKey) -> bool {
        match (key.side, key.grain) {
            (TrafficSide::Call, _) => self.calls,
            (TrafficSide::Attempt, Grain::Quarter) => self.attempts.contains(&key.bucket),
            (TrafficSide::Attempt, Grain::Day) => self.is_whole(),
        }
    }

    fn whole(&self) -> Range<i64> {
        self.day..self.day.saturating_add(TRAFFIC_DAY_US)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = TRAFFIC_DAY_US;

    #[test]
    fn what_was_dropped_beside_a_day_leaves_the_attempts_that_are_of_its_own_calls() {
        let none = Compared::of(&BTreeSet::new(), 5 * DAY);
        assert!(none.is_whole());
        let one = Compared::of(&BTreeSet::from([4 * DAY]), 5 * DAY);
        assert!(!one.is_whole() && one.calls);
        assert_eq!(one.attempts, 5 * DAY + SETUP_MAX_US..6 * DAY);
        let both = Compared::of(&BTreeSet::from([4 * DAY, 6 * DAY]), 5 * DAY);
        assert_eq!(
            both.attempts,
            5 * DAY + SETUP_MAX_US..6 * DAY - SETUP_MAX_US
        );
    }

    #[test]
    fn with_a_day_go_the_attempts_of_its_calls_on_the_days_beside_it() {
        let dropped = BTreeSet::from([3 * DAY]);
        let of = |day: i64| Compared::of(&dropped, day * DAY).with_calls_of(4 * DAY);
        let own = of(4).unwrap_or_else(|| unreachable!());
        assert_eq!(own.span(), 4 * DAY..5 * DAY);
        let after = of(5).unwrap_or_else(|| unreachable!());
        assert_eq!(after.span(), 5 * DAY..5 * DAY + SETUP_MAX_US);
        assert!(!after.calls);
        assert_eq!(of(6), None);
    }
}
