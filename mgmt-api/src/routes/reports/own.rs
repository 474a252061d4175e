//! Reports of the customer or carrier that is acted in: its own calls or attempts, and its own money.
//! The other side has no field here, so it cannot be shown by mistake.

use super::figures::{Amounts, Counted};
use super::made::{self, Made, MadeLine, Wanted};
use super::period::{Interval, Period};
use super::{Filling, ReportCompare, ReportFormat, currency};
use crate::access::Audience;
use crate::auth::{ActingTenant, Principal};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use store::{TrafficBy, TrafficQuery, TrafficSide};
use utoipa::{IntoParams, ToSchema};

/// What an own report has a line for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OwnReportGroupBy {
    /// Each hour of the time zone; of at most 31 days.
    Hour,
    /// Each day of the time zone.
    #[default]
    Day,
    /// Each week, from Monday on.
    Week,
    /// Each month.
    Month,
    /// Each destination on the own card.
    Destination,
    /// Each own trunk.
    Trunk,
}

/// Which own report. Filters are joined by "and".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnReportQuery {
    /// Its first day, in the time zone; six days before the last when absent.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    pub from: Option<String>,
    /// Its last day, in the time zone; today when absent. At most 366 days.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-31")]
    pub to: Option<String>,
    /// Name of a time zone, in which days and hours are; UTC when absent.
    #[param(example = "Europe/Berlin")]
    pub time_zone: Option<String>,
    /// What has a line: hours, days, weeks and months in their order, all else by the most seizures.
    #[param(inline)]
    pub group_by: Option<OwnReportGroupBy>,
    /// With what it is compared.
    #[param(inline)]
    pub compare: Option<ReportCompare>,
    /// Name of a destination on the own card, exactly.
    pub destination: Option<String>,
    /// Currency of the own card.
    #[param(example = "EUR")]
    pub currency: Option<String>,
    /// How many lines a page holds, 1 to 1,000.
    #[param(default = 100, minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,9}$")]
    pub cursor: Option<String>,
    /// As what: `json`, or `csv` for a file.
    #[param(inline)]
    pub format: Option<ReportFormat>,
}

/// What the own calls, or attempts, came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnTrafficReport {
    /// The first moment.
    pub from: Time,
    /// The first moment behind it.
    pub to: Time,
    /// The first moment of the period that it is compared with, which ends where this one begins.
    #[schema(required)]
    pub previous_from: Option<Time>,
    /// In which days and hours are.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// Of all lines of all pages.
    pub totals: OwnFigures,
    /// The same of the period before.
    #[schema(required)]
    pub previous_totals: Option<OwnFigures>,
    /// The lines.
    pub items: Vec<OwnReportLine>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Records of an earlier release that are not in the figures yet; null when all are.
    #[schema(required)]
    pub filling: Option<Filling>,
}

/// A line of an own report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnReportLine {
    /// The first moment of its hour, day, week or month; null for other lines.
    #[schema(required)]
    pub start: Option<Time>,
    /// Name of the destination or trunk; null for none.
    #[schema(required)]
    pub name: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: OwnFigures,
    /// Those of the period before.
    #[schema(required)]
    pub previous: Option<OwnFigures>,
}

/// Figures of the own side.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnFigures {
    /// What was counted.
    #[serde(flatten)]
    pub counted: Counted,
    /// What the customer pays, or the carrier is paid, by currency.
    pub amounts: Amounts,
}

/// Reports what the account's own calls came to: how many, ASR, NER, ACD, PDD, minutes and money.
#[utoipa::path(
    get,
    path = "/api/v1/own-reports/traffic",
    operation_id = "own_traffic_report_view",
    tag = "reports",
    params(OwnReportQuery),
    responses(
        (status = 200, description = "The report", content((OwnTrafficReport = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A file is asked for while calls of before this release are still being added to the sums", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "What is asked for does not go together: what, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_traffic_report_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<OwnReportQuery>,
) -> Result<Response, Problem> {
    let side = Side::of(&principal.tenant)?;
    let period = Period::new(
        query.from.as_deref(),
        query.to.as_deref(),
        query.time_zone.as_deref(),
    )?;
    let group_by = query.group_by.unwrap_or_default();
    let traffic = TrafficQuery {
        side: side.side,
        by: group_by.by(side.side),
        from: period.from,
        to: period.to,
        customer: side.customer,
        ingress_trunk: None,
        carrier: side.carrier,
        egress_trunk: None,
        destination: query.destination.clone(),
        currency: currency(query.currency.as_deref())?,
    };
    let wanted = Wanted {
        interval: group_by.interval(),
        compare: query.compare.is_some(),
        page: made::page(query.limit, query.cursor.as_deref(), query.format)?,
    };
    let made = Made::new(&state.store, &principal.scope(), traffic, period, wanted).await?;
    match query.format.unwrap_or_default() {
        ReportFormat::Json => Ok(Json(OwnTrafficReport::from(made)).into_response()),
        ReportFormat::Csv => made.csv(false),
    }
}

/// The side that a tenant sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Side {
    side: TrafficSide,
    customer: Option<i64>,
    carrier: Option<i64>,
}

impl Side {
    fn of(tenant: &ActingTenant) -> Result<Self, Problem> {
        match (tenant.audience, tenant.resource_id) {
            (Audience::Customer, customer @ Some(_)) => Ok(Self {
                side: TrafficSide::Call,
                customer,
                carrier: None,
            }),
            (Audience::Carrier, carrier @ Some(_)) => Ok(Self {
                side: TrafficSide::Attempt,
                customer: None,
                carrier,
            }),
            // The route table lets nobody else through; an account without its resource has no calls.
            _ => Err(Problem::forbidden(
                "This account stands for no customer and no carrier.",
            )),
        }
    }
}

impl OwnReportGroupBy {
    fn by(self, side: TrafficSide) -> TrafficBy {
        match (self, side) {
            (Self::Destination, _) => TrafficBy::Destination,
            (Self::Trunk, TrafficSide::Call) => TrafficBy::IngressTrunk,
            (Self::Trunk, TrafficSide::Attempt) => TrafficBy::EgressTrunk,
            _ => TrafficBy::Whole,
        }
    }

    fn interval(self) -> Option<Interval> {
        match self {
            Self::Hour => Some(Interval::Hour),
            Self::Day => Some(Interval::Day),
            Self::Week => Some(Interval::Week),
            Self::Month => Some(Interval::Month),
            Self::Destination | Self::Trunk => None,
        }
    }
}

impl From<Made> for OwnTrafficReport {
    fn from(made: Made) -> Self {
        let line = |line: MadeLine| OwnReportLine {
            start: line.start.map(|start| Time(Timestamp(start))),
            name: line.name,
            figures: (&line.sums).into(),
            previous: line.previous.as_ref().map(Into::into),
        };
        Self {
            from: Time(made.period.from),
            to: Time(made.period.to),
            previous_from: made.previous_from.map(Time),
            time_zone: made.period.zone_name,
            totals: (&made.totals).into(),
            previous_totals: made.previous_totals.as_ref().map(Into::into),
            items: made.lines.into_iter().map(line).collect(),
            next_cursor: made.next.map(|next| next.to_string()),
            filling: made.filling.map(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_sees_the_side_that_it_stands_for_and_no_other() {
        let of = |audience, resource_id| {
            let tenant = ActingTenant {
                audience,
                resource_id,
                ..ActingTenant::platform()
            };
            Side::of(&tenant)
                .ok()
                .map(|side| (side.side, side.customer, side.carrier))
        };
        let customer = of(Audience::Customer, Some(5));
        assert_eq!(customer, Some((TrafficSide::Call, Some(5), None)));
        let carrier = of(Audience::Carrier, Some(5));
        assert_eq!(carrier, Some((TrafficSide::Attempt, None, Some(5))));
        assert_eq!(of(Audience::Customer, None), None);
        assert_eq!(of(Audience::Operator, Some(5)), None);
        assert_eq!(of(Audience::Platform, Some(5)), None);
    }
}
