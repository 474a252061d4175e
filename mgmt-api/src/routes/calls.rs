//! Calls that are up at this moment.

use crate::problem::Problem;
use crate::values::{CallIdText, Time};
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
pub(crate) async fn call_list() -> Problem {
    Problem::unavailable("not served yet")
}
