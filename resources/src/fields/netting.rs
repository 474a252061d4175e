//! Settling with a company that is a customer and a carrier at once: the difference is paid.

use crate::fields::foreign::CurrencyCode;
use crate::fields::reference::Ref;
use crate::kinds::{Carrier, Day};
use crate::problem::Problem;
use crate::zone::time_zone;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rating::{Currency, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A carrier that is the same company as the customer. At the end of each period there is a statement of
/// what either owes the other for its calls; once confirmed, it takes what both owe off both balances, and
/// the difference is to be paid. A change counts from the next period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Netting {
    /// The carrier that is the same company. A carrier is netted with one customer.
    pub carrier: Ref<Carrier>,
    /// Days of a period, and days from its end until the difference is to be paid.
    pub terms: NettingTerms,
    /// A day on which a period begins; all others follow from it. The first statement is of the period in
    /// which this is set, or of the one that begins on this day.
    pub first_day: Day,
    /// The zone that its days are of, by its name in the IANA database.
    #[serde(default = "utc")]
    #[schemars(
        length(min = 1, max = 64),
        extend("examples" = ["Europe/Vienna"], "x-widget" = "time-zone")
    )]
    pub time_zone: String,
    /// The currency of its statements: USD, or one that has an exchange rate. What was charged in another is
    /// converted by the rates that count at the end of the period.
    #[serde(default = "usd")]
    #[schemars(with = "CurrencyCode", extend("examples" = ["EUR"]))]
    pub currency: Currency,
}

/// Days of a period, and days from its end until the difference is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum NettingTerms {
    /// A week, paid within three days.
    #[serde(rename = "7/3")]
    Weekly3,
    /// A week, paid within seven days.
    #[serde(rename = "7/7")]
    Weekly7,
    /// Fifteen days, paid within seven.
    #[serde(rename = "15/7")]
    Fortnight7,
    /// Fifteen days, paid within fifteen.
    #[serde(rename = "15/15")]
    Fortnight15,
    /// Thirty days, paid within fifteen.
    #[serde(rename = "30/15")]
    Monthly15,
    /// Thirty days, paid within thirty.
    #[serde(rename = "30/30")]
    Monthly30,
}

/// A period, and when its difference is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NettingPeriod {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it.
    pub to: Timestamp,
    /// The first moment of the day on which the difference is due.
    pub due_from: Timestamp,
    /// The first moment at which it is overdue.
    pub overdue_from: Timestamp,
}

impl NettingTerms {
    /// As they are written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weekly3 => "7/3",
            Self::Weekly7 => "7/7",
            Self::Fortnight7 => "15/7",
            Self::Fortnight15 => "15/15",
            Self::Monthly15 => "30/15",
            Self::Monthly30 => "30/30",
        }
    }

    /// Days of a period.
    pub const fn period_days(self) -> i32 {
        match self {
            Self::Weekly3 | Self::Weekly7 => 7,
            Self::Fortnight7 | Self::Fortnight15 => 15,
            Self::Monthly15 | Self::Monthly30 => 30,
        }
    }

    /// Days from the last day of a period to the day on which its difference is due.
    pub const fn due_days(self) -> i32 {
        match self {
            Self::Weekly3 => 3,
            Self::Weekly7 | Self::Fortnight7 => 7,
            Self::Fortnight15 | Self::Monthly15 => 15,
            Self::Monthly30 => 30,
        }
    }
}

impl Netting {
    /// The period that a moment is in; `None` before the first day, and beyond the calendar.
    pub fn period_at(&self, now: Timestamp) -> Option<NettingPeriod> {
        let zone = time_zone(&self.time_zone)?;
        let next = self.next_boundary(&zone, now)?;
        let first = next.checked_sub(self.terms.period_days().days()).ok()?;
        let from = begins(&zone, first)?;
        (first >= self.first_day.date()).then_some(())?;
        self.period(&zone, from, next)
    }

    /// The period that begins when another ends. After a change of terms it may be a shorter one, to the next
    /// day on which a period of the new terms begins.
    pub fn period_after(&self, end: Timestamp) -> Option<NettingPeriod> {
        let zone = time_zone(&self.time_zone)?;
        let next = self.next_boundary(&zone, end)?;
        self.period(&zone, end, next)
    }

    /// The first day behind a moment on which a period begins.
    fn next_boundary(&self, zone: &TimeZone, behind: Timestamp) -> Option<Date> {
        let days = self.terms.period_days();
        let today = zone.to_datetime(jiff::Timestamp::from_microsecond(behind.0).ok()?);
        let first = self.first_day.date();
        let passed = first.until(today.date()).ok()?.get_days();
        let mut next = (passed.div_euclid(days) + 1).checked_mul(days)?;
        loop {
            let day = first.checked_add(next.days()).ok()?;
            // A zone may have moved over a midnight since.
            if begins(zone, day)? > behind {
                return Some(day);
            }
            next = next.checked_add(days)?;
        }
    }

    fn period(&self, zone: &TimeZone, from: Timestamp, next: Date) -> Option<NettingPeriod> {
        let due = self.terms.due_days();
        let day = |days: i32| begins(zone, next.checked_add(days.days()).ok()?);
        Some(NettingPeriod {
            from,
            to: begins(zone, next)?,
            due_from: day(due - 1)?,
            overdue_from: day(due)?,
        })
    }

    pub(crate) fn check(&self, field: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if time_zone(&self.time_zone).is_none() {
            let message = format_args!(
                "`{}` is no zone of the IANA database: write one such as Europe/Vienna",
                self.time_zone
            );
            problems.push(Problem::in_field(format!("{field}.time_zone"), message));
        }
        problems
    }
}

/// The first moment of a day. Where clocks skip midnight it is the first that there is.
fn begins(zone: &TimeZone, day: Date) -> Option<Timestamp> {
    let midnight = day.to_zoned(zone.clone()).ok()?;
    Some(Timestamp(midnight.timestamp().as_microsecond()))
}

fn utc() -> String {
    "UTC".into()
}

fn usd() -> Currency {
    Currency::USD
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    fn netting(terms: &str, first_day: &str, zone: &str) -> Netting {
        let value = json!({ "carrier": "peer", "terms": terms, "first_day": first_day,
            "time_zone": zone });
        serde_json::from_value(value).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        let read: jiff::Timestamp = text.parse().unwrap();
        Timestamp(read.as_microsecond())
    }

    fn told(period: NettingPeriod) -> [String; 4] {
        [period.from, period.to, period.due_from, period.overdue_from]
            .map(|at| jiff::Timestamp::from_microsecond(at.0).unwrap().to_string())
    }

    #[test]
    fn a_period_is_counted_from_the_first_day_in_its_zone() {
        let weekly = netting("7/3", "2026-01-05", "Europe/Vienna");
        // Clocks go forward on the 29th of March.
        let period = weekly.period_at(at("2026-03-28T12:00:00Z")).unwrap();
        assert_eq!(
            told(period),
            [
                "2026-03-22T23:00:00Z",
                "2026-03-29T22:00:00Z",
                "2026-03-31T22:00:00Z",
                "2026-04-01T22:00:00Z"
            ]
        );
        let last = weekly.period_at(at("2026-03-29T21:59:59Z")).unwrap();
        assert_eq!(last, period);
        let next = weekly.period_at(at("2026-03-29T22:00:00Z")).unwrap();
        assert_eq!(next.from, period.to);
        assert_eq!(Some(next), weekly.period_after(period.to));
        assert_eq!(weekly.period_at(at("2026-01-04T22:59:59Z")), None);
        assert!(weekly.period_at(at("2026-01-04T23:00:00Z")).is_some());
    }

    #[test]
    fn each_terms_have_the_days_of_their_name() {
        for terms in ["7/3", "7/7", "15/7", "15/15", "30/15", "30/30"] {
            let netting = netting(terms, "2026-01-01", "UTC");
            assert_eq!(netting.terms.as_str(), terms);
            let period = netting.period_at(at("2026-01-01T00:00:00Z")).unwrap();
            let days = |from: Timestamp, to: Timestamp| (to.0 - from.0) / 86_400_000_000;
            let (length, due) = terms.split_once('/').unwrap();
            assert_eq!(days(period.from, period.to).to_string(), length);
            assert_eq!(days(period.to, period.overdue_from).to_string(), due);
            assert_eq!(days(period.due_from, period.overdue_from), 1);
        }
    }

    #[test]
    fn other_terms_go_on_where_the_period_before_ended() {
        let weekly = netting("7/7", "2026-01-05", "UTC");
        let end = weekly.period_at(at("2026-01-20T00:00:00Z")).unwrap().to;
        assert_eq!(end, at("2026-01-26T00:00:00Z"));
        let monthly = netting("30/15", "2026-01-01", "UTC");
        let short = monthly.period_after(end).unwrap();
        assert_eq!((short.from, short.to), (end, at("2026-01-31T00:00:00Z")));
        // A first day that is to come is one of the grid as well.
        let later = netting("15/7", "2026-03-01", "UTC");
        let until = later.period_after(end).unwrap();
        assert_eq!(until.to, at("2026-01-30T00:00:00Z"));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_field() {
        let kind = ResourceKind::Customer;
        let with = |netting| json!({ "rate_card": "retail", "netting": netting });
        assert_sound(
            kind,
            with(
                json!({ "carrier": "peer", "terms": "30/30", "first_day": "2026-01-01",
                "time_zone": "America/New_York", "currency": "EUR" }),
            ),
        );
        let broken = json!({ "carrier": "peer", "terms": "8/3", "first_day": "2026-01-01" });
        assert_eq!(faults(kind, with(broken)), ["netting.terms"]);
        let broken = json!({ "carrier": "peer", "terms": "7/3", "first_day": "2026-01-01",
            "time_zone": "Mars/Olympus" });
        assert_eq!(faults(kind, with(broken)), ["netting.time_zone"]);
    }
}
