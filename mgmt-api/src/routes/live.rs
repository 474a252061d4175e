//! The switch's pulse: one point each second.

pub mod credit;
pub mod gateways;

use crate::auth::{OpenRequest, Principal};
use crate::extract::ApiQuery;
use crate::live::{HISTORY_POINTS, Listener};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _};
use utoipa::{IntoParams, ToSchema};

/// How long a stream lasts at most.
const STREAM_LIFETIME: Duration = Duration::from_secs(15 * 60);

/// After so many points who listens is asked again who they are; the stream ends when they are
/// signed out or allowed less.
const RECHECK_POINTS: u32 = 30;

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
pub(crate) async fn live_history(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<HistoryQuery>,
) -> Result<Json<LiveHistory>, Problem> {
    let seconds = query
        .seconds
        .map_or(HISTORY_POINTS, |seconds| seconds as usize);
    if !(1..=HISTORY_POINTS).contains(&seconds) {
        let message = format!("{seconds} is out of range: write 1 to {HISTORY_POINTS}");
        return Err(Problem::bad_parameter("seconds", message));
    }
    let points = state.live.history(seconds);
    Ok(Json(LiveHistory { points }))
}

/// An event of the stream, by its fields.
#[derive(ToSchema)]
#[allow(
    dead_code,
    reason = "it is only described: the stream writes the fields itself"
)]
pub struct LiveEvent {
    /// Always `sample`.
    #[schema(example = "sample")]
    event: String,
    /// A `LivePoint` as JSON.
    data: String,
}

/// Streams one server-sent event `sample` each second, whose data is a `LivePoint`.
#[utoipa::path(
    get,
    path = "/api/v1/live",
    operation_id = "live_stream",
    tag = "live",
    responses(
        (status = 200, description = "Events without end", body = LiveEvent, content_type = "text/event-stream"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn live_stream(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, axum::Error>>>, Problem> {
    let full = || Problem::unavailable("Too many streams are open; close one.");
    let listener = state.live.listen().ok_or_else(full)?;
    let request = OpenRequest::new(state, principal, &headers);
    Ok(Sse::new(events(listener, request)).keep_alive(KeepAlive::default()))
}

/// The points as events. Ends after a while: the browser comes back by itself, and is asked who
/// it is again.
fn events(
    listener: Listener,
    request: OpenRequest,
) -> impl Stream<Item = Result<Event, axum::Error>> {
    let Listener { receiver, place } = listener;
    let end = Instant::now() + STREAM_LIFETIME;
    let request = Arc::new(request);
    let mut points = 0_u32;
    BroadcastStream::new(receiver)
        // A listener that lags misses points; the next one is as good.
        .filter_map(Result::ok)
        .then(move |point| {
            points = points.wrapping_add(1);
            let due = points.is_multiple_of(RECHECK_POINTS);
            let request = Arc::clone(&request);
            async move { (!due || request.holds().await).then_some(point) }
        })
        .take_while(move |point| {
            // The place among the listeners is held for as long as the stream.
            let _held = &place;
            point.is_some() && Instant::now() < end
        })
        .filter_map(|point| point)
        .map(|point| Event::default().event("sample").json_data(point))
}
