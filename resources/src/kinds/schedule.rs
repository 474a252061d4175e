//! When something counts.

use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use crate::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

/// When something counts: hours of a week in a time zone, without holidays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The zone that hours and dates are of, by its name in the IANA database.
    #[schemars(
        length(min = 1, max = 64),
        extend("examples" = ["Europe/Vienna"], "x-widget" = "time-zone", "x-filter" = true)
    )]
    pub time_zone: String,
    /// The hours; the schedule is open within any of them.
    #[schemars(length(min = 1, max = 50))]
    pub hours: Vec<WeeklyHours>,
    /// Days on which it is closed all day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub holidays: Vec<Holiday>,
}

/// Hours of some days of each week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// The days.
    #[schemars(length(min = 1, max = 7))]
    pub days: Vec<Weekday>,
    /// The first minute, `hh:mm`.
    pub from: TimeOfDay,
    /// The first minute that no longer counts, `hh:mm`; `24:00` is the end of the day. A time before
    /// `from` is of the day after.
    pub to: TimeOfDay,
}

/// A day without hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The month.
    #[schemars(range(min = 1, max = 12))]
    pub month: u8,
    /// The day of the month.
    #[schemars(range(min = 1, max = 31))]
    pub day: u8,
    /// The year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2000, max = 2200), extend("x-default" = "every year"))]
    pub year: Option<u16>,
    /// What day it is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 64))]
    pub name: String,
}

/// A day of the week.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday, the first day.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// A minute of a day, 00:00 to 24:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

/// A text that is no time of day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of day: write hours and minutes such as 08:30, at most 24:00")]
pub struct TimeOfDayError(pub String);

impl TimeOfDay {
    /// Minutes since the day began, 0 to 1,440.
    pub fn minutes(self) -> u16 {
        self.minutes
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = TimeOfDayError;

    fn try_from(text: String) -> Result<Self, TimeOfDayError> {
        let two_digits = |part: &str| {
            let is_sound = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| is_sound)
        };
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((two_digits(hours)?, two_digits(minutes)?)))
            .filter(|(hours, minutes)| *minutes < 60 && hours * 60 + minutes <= 24 * 60)
            .map(|(hours, minutes)| Self {
                minutes: hours * 60 + minutes,
            })
            .ok_or(TimeOfDayError(text))
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl JsonSchema for TimeOfDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
            "examples": ["08:30"],
            "x-widget": "time",
        })
    }
}

impl Holiday {
    fn exists(&self) -> bool {
        let days = match self.month {
            2 => match self.year {
                Some(year) if !is_leap(year) => 28,
                _ => 29,
            },
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.day <= days
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

impl Kind for Schedule {
    const KIND: ResourceKind = ResourceKind::Schedule;
    const TITLE: &'static str = "Schedule";
    const TITLE_PLURAL: &'static str = "Schedules";
    const ASSIGNABLE: Assignable = Assignable::No;

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if crate::time_zone(&self.time_zone).is_none() {
            let message = format_args!(
                "`{}` is no zone of the IANA database: write one such as Europe/Vienna",
                self.time_zone
            );
            problems.push(Problem::in_field("time_zone", message));
        }
        for (index, hours) in self.hours.iter().enumerate() {
            if hours.from == hours.to {
                let message = "from and to are the same: write 00:00 and 24:00 for a whole day";
                problems.push(Problem::in_field(format!("hours[{index}].to"), message));
            }
            let days: BTreeSet<_> = hours.days.iter().collect();
            if days.len() < hours.days.len() {
                let field = format!("hours[{index}].days");
                problems.push(Problem::in_field(field, "a day stands here twice"));
            }
        }
        for (index, holiday) in self.holidays.iter().enumerate() {
            if !holiday.exists() {
                let field = format!("holidays[{index}].day");
                problems.push(Problem::in_field(field, "the month has no such day"));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    const KIND: ResourceKind = ResourceKind::Schedule;

    fn schedule(zone: &str, from: &str, to: &str, holiday: Value) -> Value {
        let hours = json!([{ "days": ["monday"], "from": from, "to": to }]);
        json!({ "time_zone": zone, "hours": hours, "holidays": [holiday] })
    }

    #[test]
    fn faults_are_named() {
        let christmas = json!({ "month": 12, "day": 25, "name": "Christmas" });
        assert_sound(KIND, schedule("Europe/Vienna", "08:00", "24:00", christmas.clone()));
        assert_sound(KIND, schedule("UTC", "22:00", "06:00", json!({ "month": 2, "day": 29 })));
        let cases = [
            (schedule("Europe/Wien", "08:00", "09:00", christmas.clone()), "time_zone"),
            (schedule("UTC", "08:00", "08:00", christmas.clone()), "hours[0].to"),
            (schedule("UTC", "8:00", "09:00", christmas.clone()), "hours[0].from"),
            (schedule("UTC", "08:00", "24:01", christmas.clone()), "hours[0].to"),
            (schedule("UTC", "08:60", "09:00", christmas), "hours[0].from"),
            (schedule("UTC", "08:00", "09:00", json!({ "month": 4, "day": 31 })), "holidays[0].day"),
            (
                schedule("UTC", "08:00", "09:00", json!({ "month": 2, "day": 29, "year": 2027 })),
                "holidays[0].day",
            ),
        ];
        for (spec, field) in cases {
            assert_eq!(faults(KIND, spec.clone()), [field], "{spec}");
        }
        let twice = json!({ "time_zone": "UTC",
            "hours": [{ "days": ["monday", "monday"], "from": "00:00", "to": "24:00" }] });
        assert_eq!(faults(KIND, twice), ["hours[0].days"]);
    }
}
