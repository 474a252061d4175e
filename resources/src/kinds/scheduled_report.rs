//! Reports that come by mail.

use crate::fields::reference::Ref;
use crate::fields::report::{ReportCount, ReportLines};
use crate::fields::status::Status;
use crate::kind::{Assignable, Kind};
use crate::kinds::{Carrier, Customer, EmailAddress, ResourceKind};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A report of traffic that is sent by mail after each day, week or month: figures, the greatest lines, and
/// a file with all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledReport {
    /// Whether it is sent.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub status: Status,
    /// What it is of: the day, week or month before.
    #[schemars(extend("x-filter" = true))]
    pub period: ReportPeriod,
    /// The zone that its days are of, by its name in the IANA database.
    #[serde(default = "utc")]
    #[schemars(
        length(min = 1, max = 64),
        extend("examples" = ["Europe/Vienna"], "x-widget" = "time-zone")
    )]
    pub time_zone: String,
    /// The hour of the zone after which it is sent: the next day, on Monday, on the first of the month.
    #[serde(default = "default_hour")]
    #[schemars(range(min = 0, max = 23))]
    pub hour: u8,
    /// What it has a line for.
    #[schemars(extend("x-filter" = true))]
    pub lines: ReportLines,
    /// What it counts; without it, calls, unless its lines or the carrier are of attempts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-section" = "advanced", "x-default" = "as its lines have it"))]
    pub counts: Option<ReportCount>,
    /// Whether the period before stands beside it.
    #[serde(default = "yes")]
    pub compare: bool,
    /// Of the calls of one customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-default" = "every customer"))]
    pub customer: Option<Ref<Customer>>,
    /// Of the attempts on one carrier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-filter" = true, "x-default" = "every carrier"))]
    pub carrier: Option<Ref<Carrier>>,
    /// To whom. They see the money of both sides.
    #[schemars(length(min = 1, max = 50))]
    pub recipients: Vec<EmailAddress>,
}

/// What a scheduled report is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportPeriod {
    /// The day before, sent every day.
    Day,
    /// The week before, Monday to Sunday, sent on Mondays.
    Week,
    /// The month before, sent on the first of each.
    Month,
}

fn utc() -> String {
    "UTC".into()
}

fn default_hour() -> u8 {
    6
}

fn yes() -> bool {
    true
}

impl ScheduledReport {
    /// What it counts.
    ///
    /// # Errors
    /// Why its fields do not go together.
    pub fn counted(&self) -> Result<ReportCount, &'static str> {
        let of_attempts = matches!(self.lines, ReportLines::Carrier | ReportLines::EgressTrunk);
        let of_calls = self.lines == ReportLines::IngressTrunk;
        ReportCount::settled(self.counts, of_calls, of_attempts || self.carrier.is_some())
    }
}

impl Kind for ScheduledReport {
    const KIND: ResourceKind = ResourceKind::ScheduledReport;
    const TITLE: &'static str = "Scheduled report";
    const TITLE_PLURAL: &'static str = "Scheduled reports";
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
        if let Err(message) = self.counted() {
            problems.push(Problem::in_field("counts", message));
        }
        if self.lines == ReportLines::Hour && self.period == ReportPeriod::Month {
            let message = "a month has too many hours: take days, or a shorter period";
            problems.push(Problem::in_field("lines", message));
        }
        for (index, recipient) in self.recipients.iter().enumerate() {
            if !recipient.is_sound() {
                let message = format_args!("`{}` is no address", recipient.0);
                problems.push(Problem::in_field(format!("recipients[{index}]"), message));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_sound, faults};
    use serde_json::{Value, json};

    const KIND: ResourceKind = ResourceKind::ScheduledReport;

    fn of(change: Value) -> Value {
        let mut spec = json!({
            "period": "week",
            "lines": "destination",
            "recipients": ["noc@example.com"],
        });
        let fields = change.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().into_iter().for_each(|spec| spec.extend(fields.clone()));
        spec
    }

    #[test]
    fn faults_are_named() {
        assert_sound(KIND, of(json!({})));
        assert_sound(KIND, of(json!({ "time_zone": "Asia/Kathmandu", "hour": 0, "compare": false })));
        assert_sound(KIND, of(json!({ "lines": "day", "carrier": "acme", "customer": "x" })));
        let cases = [
            (json!({ "recipients": [] }), "recipients"),
            (json!({ "recipients": ["a@b.c", "ann"] }), "recipients[1]"),
            (json!({ "time_zone": "Mars" }), "time_zone"),
            (json!({ "hour": 24 }), "hour"),
            (json!({ "lines": "hour", "period": "month" }), "lines"),
            (json!({ "lines": "carrier", "counts": "calls" }), "counts"),
            (json!({ "lines": "ingress_trunk", "carrier": "acme" }), "counts"),
        ];
        for (change, field) in cases {
            assert_eq!(faults(KIND, of(change.clone())), [field], "{change}");
        }
    }
}
