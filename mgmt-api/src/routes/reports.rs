//! Reports: what calls and attempts came to, over time and by whom.

mod figures;
mod made;
pub(crate) mod mailed;
mod own;
mod period;

pub(crate) use figures::{Amounts, CurrencyAmount, money};
pub(crate) use made::harmless;
pub(crate) use own::{__path_own_traffic_report_view, own_traffic_report_view};

use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::resources::find;
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use figures::Counted;
use made::{Made, Wanted};
use period::{Interval, Period};
use rating::Currency;
use resources::{ReportCount, ReportLines, ResourceKind};
use serde::{Deserialize, Serialize};
use store::{TrafficBy, TrafficQuery, TrafficReportError, TrafficSide};
use utoipa::{IntoParams, ToSchema};

/// What a report has a line for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportGroupBy {
    /// Each hour of the time zone; of at most 31 days.
    Hour,
    /// Each day of the time zone.
    #[default]
    Day,
    /// Each week, from Monday on.
    Week,
    /// Each month.
    Month,
    /// Each customer.
    Customer,
    /// Each carrier: a report of attempts.
    Carrier,
    /// Each destination on the card of that side.
    Destination,
    /// Each ingress trunk: a report of calls.
    IngressTrunk,
    /// Each egress trunk: a report of attempts.
    EgressTrunk,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportOf {
    /// Calls of customers, each at the time it was received.
    Calls,
    /// Attempts on carriers, each at its beginning.
    Attempts,
}

/// With what a period is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportCompare {
    /// As many days, right before.
    Previous,
}

/// As what a report comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReportFormat {
    /// JSON, in pages.
    #[default]
    Json,
    /// Comma-separated values, all lines.
    Csv,
}

/// Which report. Filters are joined by "and".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
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
    pub group_by: Option<ReportGroupBy>,
    /// What is counted: calls, unless what is asked for has attempts only.
    #[param(inline)]
    pub of: Option<ReportOf>,
    /// With what it is compared.
    #[param(inline)]
    pub compare: Option<ReportCompare>,
    /// Number, name, or `external_id:` of a customer.
    pub customer: Option<String>,
    /// The same of a carrier: a report of attempts.
    pub carrier: Option<String>,
    /// The same of an ingress trunk: a report of calls.
    pub ingress_trunk: Option<String>,
    /// The same of an egress trunk: a report of attempts.
    pub egress_trunk: Option<String>,
    /// Name of a destination on the card of that side, exactly.
    pub destination: Option<String>,
    /// Currency of that side's card.
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

/// What calls or attempts came to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TrafficReport {
    /// What is counted.
    pub of: ReportOf,
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
    /// Currency of charge, cost and margin: that of the books.
    #[schema(example = "USD")]
    pub currency: String,
    /// Of all lines of all pages.
    pub totals: Figures,
    /// The same of the period before.
    #[schema(required)]
    pub previous_totals: Option<Figures>,
    /// The lines.
    pub items: Vec<ReportLine>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Records of an earlier release that are not in the figures yet; null when all are.
    #[schema(required)]
    pub filling: Option<Filling>,
}

/// Records of an earlier release that are being filled in.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Filling {
    /// How many of a hundred are.
    pub percent: u64,
}

/// A line of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReportLine {
    /// The first moment of its hour, day, week or month; null for other lines.
    #[schema(required)]
    pub start: Option<Time>,
    /// Number of its customer, carrier or trunk.
    #[schema(required)]
    pub id: Option<i64>,
    /// The name that it has now, or that of the destination; null for none, such as calls of an unknown
    /// source.
    #[schema(required)]
    pub name: Option<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
    /// Those of the period before, of the hour, day, week or month at the same place.
    #[schema(required)]
    pub previous: Option<Figures>,
}

/// Figures of both sides.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Figures {
    /// What was counted.
    #[serde(flatten)]
    pub counted: Counted,
    /// What customers pay; of attempts, for the calls that they were the last of. Null beyond 9 thousand
    /// million, as all amounts here.
    #[schema(required)]
    pub charge: Option<Money>,
    /// What carriers are paid.
    #[schema(required)]
    pub cost: Option<Money>,
    /// Charge minus cost.
    #[schema(required)]
    pub margin: Option<Money>,
    /// What that side itself pays (calls) or is paid (attempts), by currency.
    pub amounts: Amounts,
}

/// Reports what calls or attempts came to: how many, ASR, NER, ACD, PDD, minutes and money.
#[utoipa::path(
    get,
    path = "/api/v1/reports/traffic",
    operation_id = "traffic_report_view",
    tag = "reports",
    params(ReportQuery),
    responses(
        (status = 200, description = "The report", content((TrafficReport = "application/json"), (String = "text/csv"))),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such customer, carrier or trunk", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A file is asked for while calls of before this release are still being added to the sums", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "What is asked for does not go together: what, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn traffic_report_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ReportQuery>,
) -> Result<Response, Problem> {
    let period = Period::new(
        query.from.as_deref(),
        query.to.as_deref(),
        query.time_zone.as_deref(),
    )?;
    let side = query.side()?;
    let group_by = query.group_by.unwrap_or_default();
    let number = async |kind, id: &Option<String>| match id {
        Some(id) => Ok::<_, Problem>(Some(find(&state, &principal, kind, id).await?.id)),
        None => Ok(None),
    };
    let traffic = TrafficQuery {
        side,
        by: group_by.by(),
        from: period.from,
        to: period.to,
        customer: number(ResourceKind::Customer, &query.customer).await?,
        ingress_trunk: number(ResourceKind::Trunk, &query.ingress_trunk).await?,
        carrier: number(ResourceKind::Carrier, &query.carrier).await?,
        egress_trunk: number(ResourceKind::Trunk, &query.egress_trunk).await?,
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
        ReportFormat::Json => Ok(Json(TrafficReport::from(made)).into_response()),
        ReportFormat::Csv => made.csv(true),
    }
}

/// A currency that is asked for.
fn currency(text: Option<&str>) -> Result<Option<Currency>, Problem> {
    let currency = text
        .map(|text| Currency::try_from(text.to_owned()))
        .transpose();
    currency.map_err(|error| Problem::invalid_field("currency", error.to_string()))
}

impl ReportGroupBy {
    fn by(self) -> TrafficBy {
        match self {
            Self::Hour | Self::Day | Self::Week | Self::Month => TrafficBy::Whole,
            Self::Customer => TrafficBy::Customer,
            Self::Carrier => TrafficBy::Carrier,
            Self::Destination => TrafficBy::Destination,
            Self::IngressTrunk => TrafficBy::IngressTrunk,
            Self::EgressTrunk => TrafficBy::EgressTrunk,
        }
    }

    fn interval(self) -> Option<Interval> {
        match self {
            Self::Hour => Some(Interval::Hour),
            Self::Day => Some(Interval::Day),
            Self::Week => Some(Interval::Week),
            Self::Month => Some(Interval::Month),
            _ => None,
        }
    }
}

impl ReportQuery {
    /// Calls or attempts: as it is said, or as what is asked for has it.
    fn side(&self) -> Result<TrafficSide, Problem> {
        let of_attempts = self.carrier.is_some()
            || self.egress_trunk.is_some()
            || matches!(
                self.group_by,
                Some(ReportGroupBy::Carrier | ReportGroupBy::EgressTrunk)
            );
        let of_calls =
            self.ingress_trunk.is_some() || self.group_by == Some(ReportGroupBy::IngressTrunk);
        let settled = ReportCount::settled(self.of.map(Into::into), of_calls, of_attempts);
        let settled = settled.map_err(|message| Problem::invalid_field("of", message))?;
        Ok(ReportOf::from(settled).side())
    }
}

impl ReportOf {
    fn side(self) -> TrafficSide {
        match self {
            Self::Calls => TrafficSide::Call,
            Self::Attempts => TrafficSide::Attempt,
        }
    }
}

impl From<ReportCount> for ReportOf {
    fn from(count: ReportCount) -> Self {
        match count {
            ReportCount::Calls => Self::Calls,
            ReportCount::Attempts => Self::Attempts,
        }
    }
}

impl From<ReportOf> for ReportCount {
    fn from(of: ReportOf) -> Self {
        match of {
            ReportOf::Calls => Self::Calls,
            ReportOf::Attempts => Self::Attempts,
        }
    }
}

impl From<ReportLines> for ReportGroupBy {
    fn from(lines: ReportLines) -> Self {
        match lines {
            ReportLines::Hour => Self::Hour,
            ReportLines::Day => Self::Day,
            ReportLines::Customer => Self::Customer,
            ReportLines::Carrier => Self::Carrier,
            ReportLines::Destination => Self::Destination,
            ReportLines::IngressTrunk => Self::IngressTrunk,
            ReportLines::EgressTrunk => Self::EgressTrunk,
        }
    }
}

impl From<TrafficReportError> for Problem {
    fn from(error: TrafficReportError) -> Self {
        let text = error.to_string();
        match error {
            TrafficReportError::Store(error) => error.into(),
            TrafficReportError::TooManyLines => Self::invalid_field("to", text),
            other => Self::internal(&other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn what_is_asked_for_says_whether_calls_or_attempts_are_counted() {
        let some = || Some("x".to_owned());
        let of = |of, group_by, carrier: bool, ingress: bool| {
            let query = ReportQuery {
                of,
                group_by,
                carrier: carrier.then(some).flatten(),
                ingress_trunk: ingress.then(some).flatten(),
                ..ReportQuery::default()
            };
            query.side().map_err(|problem| problem.status)
        };
        let attempts = Some(ReportOf::Attempts);
        assert_eq!(of(None, None, false, true), Ok(TrafficSide::Call));
        assert_eq!(of(None, None, true, false), Ok(TrafficSide::Attempt));
        assert_eq!(of(attempts, None, false, false), Ok(TrafficSide::Attempt));
        let by = Some(ReportGroupBy::EgressTrunk);
        assert_eq!(of(None, by, false, false), Ok(TrafficSide::Attempt));
        let by_trunk = Some(ReportGroupBy::IngressTrunk);
        assert_eq!(of(None, by_trunk, false, false), Ok(TrafficSide::Call));
        assert_eq!(of(attempts, by_trunk, false, false), Err(422));
        assert_eq!(of(None, None, true, true), Err(422));
    }
}
