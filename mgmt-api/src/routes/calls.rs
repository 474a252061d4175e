//! Calls that are up at this moment.

use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::cdrs::{CdrMedia, page_limit};
use crate::state::AppState;
use crate::switch_port::{LiveCall, LiveCallState, WatchedCall};
use crate::values::{CallIdText, Time, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which live calls to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CallQuery {
    /// How many calls a page holds, 1 to 500.
    #[param(default = 50, minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{32}$")]
    pub cursor: Option<String>,
}

/// One page of live calls, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallPage {
    /// The calls.
    pub items: Vec<Call>,
    /// How many calls are up in all.
    pub total: u64,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// How far a live call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Hunting for a carrier, or waiting for its first sign of life.
    Trying,
    /// The called party is alerted.
    Ringing,
    /// Both sides are connected.
    Answered,
    /// One side has gone; the other is being told.
    Releasing,
}

/// One live call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Call {
    /// Identifier, the same as in its record later.
    pub id: CallIdText,
    /// How far it has come.
    pub state: CallState,
    /// Who pays.
    #[schema(required)]
    pub customer: Option<String>,
    /// Carrier of the present attempt.
    #[schema(required)]
    pub carrier: Option<String>,
    /// As received.
    pub calling_number: String,
    /// After translation.
    pub called_number: String,
    /// Destination's name on the customer's card.
    #[schema(required)]
    pub destination: Option<String>,
    /// INVITE received.
    pub received_at: Time,
    /// 2xx sent to the customer.
    #[schema(required)]
    pub answered_at: Option<Time>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// Where the INVITE came from, `address:port`.
    pub ingress_source: String,
    /// Gateway of the present attempt, `address:port`.
    #[schema(required)]
    pub egress_gateway: Option<String>,
    /// By which suite of SRTP the switch and the customer encrypt the call's media. Null in the clear, and
    /// where the switch agreed on no keys.
    #[schema(required)]
    pub ingress_encryption: Option<String>,
    /// The same between the switch and the carrier.
    #[schema(required)]
    pub egress_encryption: Option<String>,
}

/// One live call, and how its media is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallDetail {
    /// As in the list.
    #[serde(flatten)]
    pub call: Call,
    /// What the media relay has counted so far, as the record will have it at the end; null while nothing
    /// is relayed, and when media goes directly.
    #[schema(required)]
    pub media: Option<CdrMedia>,
}

/// Lists the calls that are up, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    operation_id = "call_list",
    tag = "calls",
    params(CallQuery),
    responses(
        (status = 200, description = "One page", body = CallPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A shard did not answer in time", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn call_list(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<CallQuery>,
) -> Result<Json<CallPage>, Problem> {
    let limit = page_limit(query.limit)? as usize;
    let wrong = |_| Problem::bad_parameter("cursor", "send `next_cursor` as it came");
    let before = query.cursor.map(|cursor| cursor.parse::<CallIdText>());
    let before = before.transpose().map_err(wrong)?.map(|id| id.0);
    let page = state.switch.live_calls(before, limit).await;
    let page = page.map_err(|error| Problem::unavailable(error.to_string()))?;
    let items: Vec<Call> = page.items.into_iter().map(Call::from).collect();
    let full = items.len() == limit;
    Ok(Json(CallPage {
        next_cursor: items
            .last()
            .filter(|_| full)
            .map(|last| last.id.to_string()),
        total: page.total,
        items,
    }))
}

/// Shows one call that is up, and how its media is: packets, loss, jitter and MOS of each direction.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}",
    operation_id = "call_view",
    tag = "calls",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The call", body = CallDetail),
        (status = 400, description = "Not an identifier", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call is up", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A shard did not answer in time", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn call_view(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<CallDetail>, Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let found = state.switch.live_call(id.0).await;
    let found = found.map_err(|error| Problem::unavailable(error.to_string()))?;
    let WatchedCall { call, media } = found.ok_or_else(|| {
        let said = "is up; one that has ended is at /api/v1/cdrs";
        Problem::not_found(format!("No call {id} {said}."))
    })?;
    let talk_ms = call
        .answered_at
        .map_or(0, |at| crate::clock::now().millis_since(at));
    Ok(Json(CallDetail {
        media: media.map(|media| CdrMedia::new(media, talk_ms)),
        call: call.into(),
    }))
}

impl From<LiveCall> for Call {
    fn from(call: LiveCall) -> Self {
        let [ingress_encryption, egress_encryption] =
            call.encryption.map(|suite| suite.map(str::to_owned));
        Self {
            id: CallIdText(call.id),
            state: call.state.into(),
            customer: call.customer.map(|customer| customer.name.to_string()),
            carrier: call.carrier.map(|carrier| carrier.name.to_string()),
            calling_number: call.calling_number.to_string(),
            called_number: call.called_number.to_string(),
            destination: call.destination.map(|name| name.to_string()),
            received_at: Time(call.received_at),
            answered_at: call.answered_at.map(Time),
            attempts: u32::from(call.attempts),
            ingress_source: call.ingress_source.to_string(),
            egress_gateway: call.egress_gateway.map(|gateway| gateway.to_string()),
            ingress_encryption,
            egress_encryption,
        }
    }
}

impl From<LiveCallState> for CallState {
    fn from(state: LiveCallState) -> Self {
        match state {
            LiveCallState::Trying => Self::Trying,
            LiveCallState::Ringing => Self::Ringing,
            LiveCallState::Answered => Self::Answered,
            LiveCallState::Releasing => Self::Releasing,
        }
    }
}
