//! Jobs put in by the clock.

use croner::Cron;
use jiff::tz::TimeZone;
use rating::Timestamp;
use store::NewJob;

/// A job that is put in again and again.
#[derive(Clone, Debug)]
pub struct Schedule {
    name: &'static str,
    summary: &'static str,
    cron: Cron,
    job: fn(Timestamp) -> NewJob,
}

/// A pattern that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is no schedule: {reason}; write five fields such as `30 3 * * *` (UTC)")]
pub struct ScheduleError {
    pattern: String,
    reason: String,
}

impl Schedule {
    /// A schedule by a cron pattern in UTC: minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// [`ScheduleError`] for a pattern that is none, or that never comes.
    pub fn new(
        name: &'static str,
        summary: &'static str,
        pattern: &str,
        job: fn(Timestamp) -> NewJob,
    ) -> Result<Self, ScheduleError> {
        let refused = |reason: String| ScheduleError {
            pattern: pattern.to_owned(),
            reason,
        };
        let cron: Cron = pattern
            .parse()
            .map_err(|error: croner::errors::CronError| refused(error.to_string()))?;
        let schedule = Self {
            name,
            summary,
            cron,
            job,
        };
        let comes = schedule.next_after(Timestamp(0)).is_some();
        comes
            .then_some(schedule)
            .ok_or_else(|| refused("it never comes".into()))
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is for.
    pub fn summary(&self) -> &'static str {
        self.summary
    }

    /// Its pattern.
    pub fn pattern(&self) -> &str {
        self.cron.as_str()
    }

    /// The job of a time.
    pub fn job(&self, at: Timestamp) -> NewJob {
        (self.job)(at)
    }

    /// The first time after one; `None` at the end of the calendar.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let now = jiff::Timestamp::from_microsecond(now.0).ok()?;
        let now = now.to_zoned(TimeZone::UTC).datetime();
        let next = self.cron.find_next_occurrence(&now, false).ok()?;
        let next = next.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(Timestamp(next.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::values::Time;
    use serde_json::json;
    use store::TenantId;

    fn schedule(pattern: &str) -> Result<Schedule, ScheduleError> {
        Schedule::new("s", "a test", pattern, |now| {
            NewJob::new(TenantId::PLATFORM, "k", json!({}), now)
        })
    }

    #[test]
    fn the_next_time_is_after_now_in_utc() {
        let at = |text: &str| text.parse::<Time>().unwrap().0;
        let nightly = schedule("30 3 * * *").unwrap();
        let next = |from| Time(nightly.next_after(at(from)).unwrap()).to_string();
        assert_eq!(
            next("2026-03-01T03:29:59.5Z"),
            "2026-03-01T03:30:00.000000Z"
        );
        assert_eq!(next("2026-03-01T03:30:00Z"), "2026-03-02T03:30:00.000000Z");
        let leap = schedule("0 0 29 2 *").unwrap();
        assert_eq!(
            Time(leap.next_after(at("2026-03-01T00:00:00Z")).unwrap()).to_string(),
            "2028-02-29T00:00:00.000000Z"
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for wrong in ["", "nightly", "99 * * * *", "0 0 31 2 *"] {
            assert!(schedule(wrong).is_err(), "{wrong}");
        }
    }
}
