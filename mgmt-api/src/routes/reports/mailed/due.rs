//! When a scheduled report is due, and of which days it is.

use jiff::Timestamp as Moment;
use jiff::civil::Date;
use rating::Timestamp;
use resources::{ReportPeriod, ScheduledReport};

/// The last period that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Due {
    /// Since when it is due.
    pub(super) at: Timestamp,
    pub(super) first: Date,
    pub(super) last: Date,
    /// The day behind it.
    pub(super) until: Date,
}

/// The last period whose report can be sent by now; `None` for a zone that does not exist.
pub(super) fn last_due(report: &ScheduledReport, now: Timestamp) -> Option<Due> {
    let zone = resources::time_zone(&report.time_zone)?;
    let hour = i8::try_from(report.hour).ok()?;
    let today = Moment::from_microsecond(now.0).ok()?;
    let today = today.to_zoned(zone.clone()).date();
    let due_at = |day: Date| {
        // An hour that the clock leaves out begins where it goes on.
        let moment = day.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(Timestamp(moment.timestamp().as_microsecond()))
    };
    let mut until = begin(report.period, today);
    if due_at(until)? > now {
        until = begin(report.period, until.yesterday().ok()?);
    }
    let last = until.yesterday().ok()?;
    Some(Due {
        at: due_at(until)?,
        first: begin(report.period, last),
        last,
        until,
    })
}

/// The first day of the period that a day is of.
fn begin(period: ReportPeriod, day: Date) -> Date {
    match period {
        ReportPeriod::Day => day,
        ReportPeriod::Week => {
            let since_monday = i64::from(day.weekday().to_monday_zero_offset());
            day.saturating_sub(jiff::Span::new().days(since_monday))
        }
        ReportPeriod::Month => day.first_of_month(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use serde_json::json;

    fn due(period: &str, zone: &str, hour: u8, now: &str) -> [String; 4] {
        let report = json!({
            "period": period, "time_zone": zone, "hour": hour, "lines": "day", "recipients": ["a@b.c"],
        });
        let report: ScheduledReport = serde_json::from_value(report).unwrap();
        let now: Moment = now.parse().unwrap();
        let due = last_due(&report, Timestamp(now.as_microsecond())).unwrap();
        let at = Moment::from_microsecond(due.at.0).unwrap();
        [
            at.to_string(),
            due.first.to_string(),
            due.last.to_string(),
            due.until.to_string(),
        ]
    }

    #[test]
    fn a_day_is_due_at_its_hour_of_the_next() {
        let before = due("day", "UTC", 6, "2026-03-02T05:59:59Z");
        assert_eq!(
            before,
            [
                "2026-03-01T06:00:00Z",
                "2026-02-28",
                "2026-02-28",
                "2026-03-01"
            ]
        );
        let after = due("day", "UTC", 6, "2026-03-02T06:00:00Z");
        assert_eq!(
            after,
            [
                "2026-03-02T06:00:00Z",
                "2026-03-01",
                "2026-03-01",
                "2026-03-02"
            ]
        );
    }

    #[test]
    fn a_week_is_due_on_monday_and_a_month_on_the_first() {
        // 2026-03-02 is a Monday.
        let week = due("week", "UTC", 0, "2026-03-08T23:59:59Z");
        assert_eq!(
            week,
            [
                "2026-03-02T00:00:00Z",
                "2026-02-23",
                "2026-03-01",
                "2026-03-02"
            ]
        );
        let month = due("month", "UTC", 7, "2026-03-01T06:59:00Z");
        assert_eq!(
            month,
            [
                "2026-02-01T07:00:00Z",
                "2026-01-01",
                "2026-01-31",
                "2026-02-01"
            ]
        );
        let month = due("month", "UTC", 7, "2026-03-01T07:00:00Z");
        assert_eq!(
            month,
            [
                "2026-03-01T07:00:00Z",
                "2026-02-01",
                "2026-02-28",
                "2026-03-01"
            ]
        );
    }

    #[test]
    fn days_and_hours_are_those_of_the_zone() {
        let nepal = due("day", "Asia/Kathmandu", 6, "2026-03-02T00:15:00Z");
        assert_eq!(
            nepal,
            [
                "2026-03-02T00:15:00Z",
                "2026-03-01",
                "2026-03-01",
                "2026-03-02"
            ]
        );
        // The clocks of Vienna leave out the hour from two to three.
        let spring = due("day", "Europe/Vienna", 2, "2026-03-29T01:00:00Z");
        assert_eq!(spring[0], "2026-03-29T01:00:00Z");
    }
}
