//! The switch's pulse: one point each second.

use crate::problem::Problem;
use crate::values::{Money, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How far back to look.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Seconds, 1 to 600.
    #[param(default = 600, minimum = 1, maximum = 600)]
    pub seconds: Option<u32>,
}

/// Points of the last minutes, oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveHistory {
    /// One each second; fewer after a start.
    pub points: Vec<LivePoint>,
}

/// What the switch did in one second.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct LivePoint {
    /// End of the second.
    pub at: Time,
    /// Calls that are up.
    pub calls_now: u64,
    /// New calls received in this second.
    pub cps: u64,
    /// Egress attempts begun in this second.
    pub attempts: u64,
    /// Calls answered in this second.
    pub answered: u64,
    /// Calls that ended without an answer in this second.
    pub failed: u64,
    /// Answer-seizure ratio of calls (ingress ASR) over the last 60 s, in percent with one
    /// decimal; null when no call was answered or failed in that time.
    #[schema(required)]
    pub asr_percent: Option<f64>,
    /// Charged to customers for calls that ended in the last 60 s.
    pub revenue: Money,
    /// Charged by carriers for the same calls.
    pub cost: Money,
    /// Revenue minus cost.
    pub margin: Money,
    /// Currency of the three amounts.
    #[schema(example = "USD")]
    pub currency: String,
}

/// Shows the last minutes, one point each second.
#[utoipa::path(
    get,
    path = "/api/v1/live/history",
    operation_id = "live_history",
    tag = "live",
    params(HistoryQuery),
    responses(
        (status = 200, description = "The points", body = LiveHistory),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn live_history() -> Problem {
    Problem::unavailable("not served yet")
}

/// Streams one server-sent event `sample` each second, whose data is a `LivePoint`.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    operation_id = "live_stream",
    tag = "live",
    responses(
        (status = 200, description = "Events without end", body = LivePoint, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn live_stream() -> Problem {
    Problem::unavailable("not served yet")
}
