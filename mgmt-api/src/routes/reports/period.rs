//! Periods of whole days in a time zone, and the hours, days, weeks and months in them.

use crate::clock;
use crate::problem::Problem;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rating::Timestamp;
use resources::Day;
use store::{TRAFFIC_DAY_US, TrafficBy};

/// Longest period, days.
const DAYS_MAX: i32 = 366;

/// Longest period of hours, days.
const HOUR_DAYS_MAX: i32 = 31;

/// What a report covers when nothing is said.
const DAYS_DEFAULT: i64 = 7;

const HOUR_US: i64 = 3_600_000_000;

/// How long a line of a report over time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interval {
    Hour,
    Day,
    Week,
    Month,
}

/// Whole days.
#[derive(Clone, Debug)]
pub(super) struct Period {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) zone_name: String,
    zone: TimeZone,
    first: Date,
    days: i32,
}

impl Period {
    pub(super) fn new(
        from: Option<&str>,
        to: Option<&str>,
        zone: Option<&str>,
    ) -> Result<Self, Problem> {
        Self::at(from, to, zone, clock::now())
    }

    fn at(
        from: Option<&str>,
        to: Option<&str>,
        zone: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let zone_name = zone.unwrap_or("UTC").to_owned();
        let zone = resources::time_zone(&zone_name).ok_or_else(|| {
            let message = format!("`{zone_name}` is no time zone: write one such as Europe/Berlin");
            Problem::invalid_field("time_zone", message)
        })?;
        let now = jiff::Timestamp::from_microsecond(now.0).unwrap_or_default();
        let today = now.to_zoned(zone.clone()).date();
        let last = day("to", to)?.unwrap_or(today);
        let default = last.saturating_sub((DAYS_DEFAULT - 1).days());
        let first = day("from", from)?.unwrap_or(default);
        if first > last {
            return Err(Problem::invalid_field("to", "is before `from`"));
        }
        let days = first.until(last).map_or(i32::MAX, |span| span.get_days());
        if days >= DAYS_MAX {
            let message = format!("a report has at most {DAYS_MAX} days");
            return Err(Problem::invalid_field("from", message));
        }
        Self::of(first, days + 1, zone, zone_name)
    }

    fn of(first: Date, days: i32, zone: TimeZone, zone_name: String) -> Result<Self, Problem> {
        Ok(Self {
            from: Timestamp(begins(first, &zone)?),
            to: Timestamp(begins(first.saturating_add(i64::from(days).days()), &zone)?),
            zone_name,
            zone,
            first,
            days,
        })
    }

    /// As many days, right before.
    pub(super) fn previous(&self) -> Result<Self, Problem> {
        let first = self.first.saturating_sub(i64::from(self.days).days());
        Self::of(first, self.days, self.zone.clone(), self.zone_name.clone())
    }

    /// The first moments of all hours, days, weeks or months that the period has a part of; the first
    /// begins where the period does.
    pub(super) fn starts(&self, interval: Interval) -> Result<Vec<i64>, Problem> {
        if interval == Interval::Hour && self.days > HOUR_DAYS_MAX {
            let message = format!("a report by the hour has at most {HOUR_DAYS_MAX} days");
            return Err(Problem::invalid_field("from", message));
        }
        let mut starts = Vec::new();
        for day in 0..self.days {
            let date = self.first.saturating_add(i64::from(day).days());
            let begins_one = match interval {
                Interval::Hour | Interval::Day => true,
                Interval::Week => date.weekday().to_monday_zero_offset() == 0,
                Interval::Month => date.day() == 1,
            };
            if day > 0 && !begins_one {
                continue;
            }
            let start = begins(date, &self.zone)?;
            starts.push(start);
            if interval == Interval::Hour {
                // A day of a clock that is changed has more hours, or fewer.
                let next = begins(date.saturating_add(1.day()), &self.zone)?;
                let hours = (1..).map(|hour| start + hour * HOUR_US);
                starts.extend(hours.take_while(|hour| *hour < next));
            }
        }
        Ok(starts)
    }

    /// How lines that begin there are asked for: equal ones that follow one another in one go, each other
    /// by itself. A day of a clock that is changed is such, and so are weeks and months.
    pub(super) fn runs(&self, interval: Interval, starts: &[i64]) -> Vec<(TrafficBy, i64, i64)> {
        let step = match interval {
            Interval::Hour => Some(HOUR_US),
            Interval::Day => Some(TRAFFIC_DAY_US),
            Interval::Week | Interval::Month => None,
        };
        let ends = starts.iter().skip(1).chain([&self.to.0]);
        let mut runs: Vec<(TrafficBy, i64, i64)> = Vec::new();
        for (start, end) in starts.iter().zip(ends) {
            let step = step.filter(|step| end - start == *step);
            match (step, runs.last_mut()) {
                (Some(step), Some((by, _, behind))) if *by == TrafficBy::Step(step) => {
                    *behind = *end
                }
                (Some(step), _) => runs.push((TrafficBy::Step(step), *start, *end)),
                (None, _) => runs.push((TrafficBy::Whole, *start, *end)),
            }
        }
        runs
    }

    /// A moment as a clock in the zone shows it.
    pub(super) fn local(&self, at: i64) -> String {
        let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
        let zoned = at.to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M").to_string()
    }
}

fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, Problem> {
    let day = text.map(|text| Day::try_from(text.to_owned())).transpose();
    let day = day.map_err(|error| Problem::invalid_field(field, error.to_string()))?;
    // What is a day is a date.
    Ok(day.and_then(|day| day.to_string().parse().ok()))
}

/// The first moment of a day, in microseconds.
fn begins(date: Date, zone: &TimeZone) -> Result<i64, Problem> {
    let begins = date
        .to_zoned(zone.clone())
        .and_then(|midnight| midnight.start_of_day());
    begins
        .map(|begins| begins.timestamp().as_microsecond())
        .map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn period(from: &str, to: &str, zone: &str) -> Period {
        Period::new(Some(from), Some(to), Some(zone)).unwrap()
    }

    fn hours(micros: i64) -> f64 {
        micros as f64 / HOUR_US as f64
    }

    #[test]
    fn days_are_those_of_the_zone_also_when_its_clock_is_changed() {
        let march = period("2026-03-28", "2026-03-30", "Europe/Berlin");
        let starts = march.starts(Interval::Day).unwrap();
        let lengths: Vec<_> = starts
            .windows(2)
            .map(|two| hours(two[1] - two[0]))
            .collect();
        assert_eq!(lengths, [24.0, 23.0]);
        assert_eq!(march.starts(Interval::Hour).unwrap().len(), 24 + 23 + 24);
        let day = TrafficBy::Step(TRAFFIC_DAY_US);
        let runs = march.runs(Interval::Day, &starts);
        let by: Vec<_> = runs.iter().map(|run| run.0).collect();
        assert_eq!(by, [day, TrafficBy::Whole, day]);
        assert_eq!((runs[0].1, runs[2].2), (march.from.0, march.to.0));
        assert_eq!(march.local(starts[1]), "2026-03-29 00:00");
        let utc = period("2026-03-28", "2026-03-30", "UTC");
        let starts = utc.starts(Interval::Day).unwrap();
        let runs = utc.runs(Interval::Day, &starts);
        assert_eq!(runs, [(day, utc.from.0, utc.to.0)]);
    }

    #[test]
    fn midnight_is_a_whole_quarter_of_an_hour_where_clocks_are_odd() {
        for name in odd_zones() {
            let from = period("2026-01-15", "2026-07-15", name);
            for start in [from.from.0, from.to.0] {
                assert_eq!(start % store::TRAFFIC_QUARTER_US, 0, "{name}");
            }
        }
    }

    fn odd_zones() -> [&'static str; 8] {
        [
            "Asia/Kathmandu",
            "Pacific/Chatham",
            "Australia/Eucla",
            "Australia/Lord_Howe",
            "Asia/Kolkata",
            "America/St_Johns",
            "Pacific/Kiritimati",
            "Africa/Monrovia",
        ]
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let spring = period("2026-02-25", "2026-04-02", "Asia/Kathmandu");
        let local = |interval| -> Vec<_> {
            let starts = spring.starts(interval).unwrap();
            starts.iter().map(|start| spring.local(*start)).collect()
        };
        assert_eq!(
            local(Interval::Month),
            ["2026-02-25 00:00", "2026-03-01 00:00", "2026-04-01 00:00"]
        );
        let weeks = local(Interval::Week);
        assert_eq!((weeks.len(), &*weeks[1]), (6, "2026-03-02 00:00"));
        let before = spring.previous().unwrap();
        assert_eq!(before.to, spring.from);
        assert_eq!(before.local(before.from.0), "2026-01-19 00:00");
    }

    #[test]
    fn what_is_no_period_is_refused_by_its_field() {
        for (from, to, zone, field) in [
            (Some("2026-03-02"), Some("2026-03-01"), None, "to"),
            (Some("2025-01-01"), Some("2026-03-01"), None, "from"),
            (Some("yesterday"), None, None, "from"),
            (None, Some("2026-02-30"), None, "to"),
            (None, None, Some("Europe/Nowhere"), "time_zone"),
        ] {
            let problem = Period::new(from, to, zone).unwrap_err();
            assert_eq!(
                (problem.status, problem.errors[0].field.as_deref()),
                (422, Some(field))
            );
        }
        let long = period("2026-01-01", "2026-03-01", "UTC");
        assert_eq!(long.starts(Interval::Hour).unwrap_err().status, 422);
        let now = Timestamp(1_772_366_400_000_000);
        let week = Period::at(None, None, Some("Pacific/Auckland"), now).unwrap();
        assert_eq!(week.local(week.from.0), "2026-02-24 00:00");
        assert_eq!(week.local(week.to.0), "2026-03-03 00:00");
    }
}
