//! When a schedule is open, without calendar mathematics for each call.
//!
//! Whether it is open is worked out once for a stretch of time that ends at its next boundary: an
//! hour that begins or ends, midnight, or a change of the zone's offset. The stretch is kept in one
//! atomic word, which a call reads; the first call after its end works out the next. The answer is
//! the same whatever is kept, so an old call is decided as it was.

use crate::resources::{Schedule, Weekday, WeeklyHours, time_zone};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY_MINUTES: i32 = 24 * 60;

/// A schedule in a snapshot.
#[derive(Debug)]
pub(crate) struct CompiledSchedule {
    zone: TimeZone,
    /// By weekday, Monday first: minutes of that day, from and before; ends may be of the day after.
    hours: [Box<[(i32, i32)]>; 7],
    /// Month and day, each year.
    yearly: BTreeSet<(i8, i8)>,
    single: BTreeSet<(i16, i8, i8)>,
    known: AtomicU64,
}

/// A stretch of time in minutes since the epoch, `from` included and `until` not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    is_open: bool,
    from: u32,
    until: u32,
}

impl CompiledSchedule {
    /// `None` when its zone is not known; such a schedule does not pass its check.
    pub(super) fn compile(spec: &Schedule) -> Option<Self> {
        let zone = time_zone(&spec.time_zone)?;
        let holidays = || spec.holidays.iter();
        let date = |month: u8, day: u8| (month.cast_signed(), day.cast_signed());
        Some(Self {
            zone,
            hours: std::array::from_fn(|day| hours_of_day(&spec.hours, day)),
            yearly: holidays()
                .filter(|holiday| holiday.year.is_none())
                .map(|holiday| date(holiday.month, holiday.day))
                .collect(),
            single: holidays()
                .filter_map(|holiday| {
                    let (month, day) = date(holiday.month, holiday.day);
                    Some((holiday.year?.cast_signed(), month, day))
                })
                .collect(),
            known: AtomicU64::new(0),
        })
    }

    /// Whether it is open at a time of the wall clock.
    pub(crate) fn is_open(&self, at: rating::Timestamp) -> bool {
        let minute = u32::try_from(at.0.div_euclid(60_000_000)).unwrap_or(0);
        let known = Stretch::unpacked(self.known.load(Ordering::Relaxed));
        if (known.from..known.until).contains(&minute) {
            return known.is_open;
        }
        let stretch = self.stretch_around(minute);
        self.known.store(stretch.packed(), Ordering::Relaxed);
        stretch.is_open
    }

    fn stretch_around(&self, minute: u32) -> Stretch {
        let Ok(now) = Timestamp::from_second(i64::from(minute) * 60) else {
            return Stretch::moment(false, minute);
        };
        let local = self.zone.to_datetime(now);
        let today = usize::from(local.weekday().to_monday_zero_offset().unsigned_abs());
        let yesterday = (today + 6) % 7;
        let at = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let is_holiday = self.yearly.contains(&(local.month(), local.day()))
            || self
                .single
                .contains(&(local.year(), local.month(), local.day()));
        let mut bounds = Bounds {
            at,
            before: 0,
            after: DAY_MINUTES,
        };
        let mut is_open = false;
        let of_yesterday = self.hours[yesterday].iter();
        let carried = of_yesterday.map(|(from, to)| (from - DAY_MINUTES, to - DAY_MINUTES));
        for (from, to) in carried.chain(self.hours[today].iter().copied()) {
            bounds.note(from);
            bounds.note(to);
            is_open |= (from..to).contains(&at);
        }
        // The offset holds from its last change to its next.
        let minute_of = |time: Timestamp| u32::try_from(time.as_second().div_euclid(60)).ok();
        // A change in this very minute counts as before it.
        let soon = Timestamp::from_second(now.as_second() + 1).unwrap_or(now);
        let changed = self.zone.preceding(soon).next();
        let changes = self.zone.following(now).next();
        let changed = changed.and_then(|change| minute_of(change.timestamp()));
        let changes = changes.and_then(|change| minute_of(change.timestamp()));
        let from = minute.saturating_sub((at - bounds.before).unsigned_abs());
        let until = minute.saturating_add((bounds.after - at).unsigned_abs());
        Stretch {
            is_open: is_open && !is_holiday,
            from: from.max(changed.unwrap_or(0)).min(minute),
            until: until.min(changes.unwrap_or(u32::MAX)).max(minute + 1),
        }
    }
}

/// The nearest minutes of the day at which something begins or ends.
struct Bounds {
    at: i32,
    before: i32,
    after: i32,
}

impl Bounds {
    fn note(&mut self, bound: i32) {
        if bound <= self.at {
            self.before = self.before.max(bound);
        } else {
            self.after = self.after.min(bound);
        }
    }
}

fn hours_of_day(hours: &[WeeklyHours], day: usize) -> Box<[(i32, i32)]> {
    const WEEK: [Weekday; 7] = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    let of_day = hours.iter().filter(|hours| hours.days.contains(&WEEK[day]));
    of_day
        .map(|hours| {
            let (from, to) = (hours.from.minutes().into(), hours.to.minutes().into());
            (from, if to < from { to + DAY_MINUTES } else { to })
        })
        .collect()
}

impl Stretch {
    fn moment(is_open: bool, minute: u32) -> Self {
        Self {
            is_open,
            from: minute,
            until: minute + 1,
        }
    }

    /// One bit, 31 bits, 32 bits. Minutes fit until the year 6053.
    fn packed(self) -> u64 {
        u64::from(self.is_open) << 63
            | u64::from(self.from & (u32::MAX >> 1)) << 32
            | u64::from(self.until)
    }

    fn unpacked(word: u64) -> Self {
        Self {
            is_open: word >> 63 != 0,
            from: (word >> 32) as u32 & (u32::MAX >> 1),
            until: word as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use serde_json::json;

    fn schedule(zone: &str, holidays: serde_json::Value) -> CompiledSchedule {
        let spec = json!({ "time_zone": zone, "holidays": holidays, "hours": [
            { "days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
              "from": "08:00", "to": "18:00" },
            { "days": ["saturday"], "from": "22:00", "to": "06:00" },
        ]});
        CompiledSchedule::compile(&serde_json::from_value(spec).unwrap()).unwrap()
    }

    fn at(text: &str) -> rating::Timestamp {
        let time: Timestamp = text.parse().unwrap();
        rating::Timestamp(time.as_microsecond())
    }

    #[test]
    fn hours_are_those_of_the_zone_over_changes_of_its_offset() {
        let vienna = schedule("Europe/Vienna", json!([]));
        for (text, is_open) in [
            // Friday before the clocks go forward on Sunday, 28 March 2027, and Monday after.
            ("2027-03-26T06:59:59Z", false),
            ("2027-03-26T07:00:00Z", true),
            ("2027-03-26T16:59:00Z", true),
            ("2027-03-26T17:00:00Z", false),
            ("2027-03-29T05:59:59Z", false),
            ("2027-03-29T06:00:00Z", true),
            // Saturday's night ends on Sunday at 06:00 of the new time, which is 04:00 UTC.
            ("2027-03-27T21:00:00Z", true),
            ("2027-03-28T03:59:00Z", true),
            ("2027-03-28T04:00:00Z", false),
            // And back again: the asked order does not matter.
            ("2027-03-26T07:00:00Z", true),
        ] {
            assert_eq!(vienna.is_open(at(text)), is_open, "{text}");
        }
    }

    #[test]
    fn holidays_are_closed_all_day() {
        let holidays =
            json!([{ "month": 12, "day": 24 }, { "month": 12, "day": 28, "year": 2026 }]);
        let schedule = schedule("UTC", holidays);
        for (text, is_open) in [
            ("2026-12-23T12:00:00Z", true),
            ("2026-12-24T12:00:00Z", false),
            ("2026-12-28T12:00:00Z", false),
            ("2026-12-29T12:00:00Z", true),
            ("2027-12-24T12:00:00Z", false),
            ("2027-12-28T12:00:00Z", true),
        ] {
            assert_eq!(schedule.is_open(at(text)), is_open, "{text}");
        }
    }

    #[test]
    fn what_is_kept_changes_no_answer() {
        for zone in [
            "Europe/Vienna",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "UTC",
        ] {
            let kept = schedule(zone, json!([{ "month": 4, "day": 2 }]));
            let start = at("2027-03-20T00:00:00Z").0;
            // Three weeks forward by steps of 37 minutes, each against one that keeps nothing.
            for step in 0..(21 * DAY_MINUTES / 37) {
                let now = rating::Timestamp(start + i64::from(step) * 37 * 60_000_000);
                let fresh = schedule(zone, json!([{ "month": 4, "day": 2 }]));
                assert_eq!(kept.is_open(now), fresh.is_open(now), "{zone} {now:?}");
            }
        }
    }
}
