//! The SIP messages of a call.

use crate::auth::Principal;
use crate::pcap;
use crate::problem::Problem;
use crate::routes::cdrs::{Transport, gone};
use crate::state::AppState;
use crate::switch_port::{TraceDirection, TraceMessage};
use crate::values::{CallIdText, Time, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Serialize;
use std::sync::Arc;
use store::CdrParty;
use utoipa::ToSchema;

/// Media type of capture files.
const PCAP: &str = "application/vnd.tcpdump.pcap";

/// The messages of a call, over all of its legs.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallTrace {
    /// Identifier of the call.
    pub id: CallIdText,
    /// The messages, oldest first.
    pub messages: Vec<CallTraceMessage>,
}

/// Received or sent, as seen from the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallTraceDirection {
    /// The switch received it.
    Received,
    /// The switch sent it.
    Sent,
}

/// One SIP message: an arrow of the ladder.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallTraceMessage {
    /// When.
    pub at: Time,
    /// Since the first message of the call.
    pub offset_us: u64,
    /// Which way.
    pub direction: CallTraceDirection,
    /// Over what.
    pub transport: Transport,
    /// The switch's end, `address:port`.
    pub local: String,
    /// The other end, `address:port`.
    pub remote: String,
    /// The start line.
    #[schema(example = "INVITE sip:442071234567@192.0.2.1 SIP/2.0")]
    pub summary: String,
    /// The whole message; what is not UTF-8 is replaced.
    pub text: String,
}

/// Shows the SIP messages of a call, oldest first.
///
/// They are remembered for a while: the newest of all calls, and for longer those of calls that failed or
/// that were asked to be kept. Messages hold what callers sent, numbers and addresses included.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/trace",
    operation_id = "call_trace_view",
    tag = "calls",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The messages", body = CallTrace),
        (status = 404, description = "None is remembered", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A shard did not answer in time", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn call_trace_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<CallTrace>, Problem> {
    let (id, messages) = find(&state, &principal, &id, false).await?;
    let first = messages.first().map_or(0, |message| message.at.0);
    let shown = |message| CallTraceMessage::new(message, first);
    let messages = messages.into_iter().map(shown).collect();
    Ok(Json(CallTrace { id, messages }))
}

/// Gives the SIP messages of a call as a capture file for Wireshark and its like.
///
/// Each message is one UDP datagram there, also when it came by a connection.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/trace/pcap",
    operation_id = "call_trace_download",
    tag = "calls",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The capture", body = Vec<u8>, content_type = "application/vnd.tcpdump.pcap"),
        (status = 404, description = "No message is remembered", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A shard did not answer in time", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn call_trace_download(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let (id, messages) = find(&state, &principal, &id, false).await?;
    let name = format!("attachment; filename=\"{id}.pcap\"");
    let headers = [
        (header::CONTENT_TYPE, PCAP.to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, pcap::write(&messages)))
}

/// Has the SIP messages of a call kept, until newer ones that are kept need the room.
///
/// Of a call that is up they are kept when it ends.
#[utoipa::path(
    post,
    path = "/api/v1/calls/{id}/trace/keep",
    operation_id = "call_trace_keep",
    tag = "calls",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 204, description = "They are kept"),
        (status = 404, description = "No message is remembered", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "The records of its day were dropped", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "A shard did not answer in time", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn call_trace_keep(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    find(&state, &principal, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(
    state: &AppState,
    principal: &Principal,
    id: &str,
    keep: bool,
) -> Result<(CallIdText, Vec<TraceMessage>), Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let scope = principal.scope();
    let found = state.call_records.one(&scope, CdrParty::Staff, id.0);
    let call_ids: Vec<Arc<str>> = found.await?.map_or_else(Vec::new, |found| {
        let record = found.record;
        let attempts = record.attempts.iter();
        let egress = attempts.map(|attempt| Arc::clone(&attempt.egress_call_id));
        [Arc::clone(&record.ingress_call_id)]
            .into_iter()
            .chain(egress)
            .collect()
    });
    let messages = state.switch.trace(id.0, call_ids, keep).await;
    let messages = messages.map_err(|error| Problem::unavailable(error.to_string()))?;
    if messages.is_empty() {
        if let Some(gone) = gone(state, &id).await? {
            return Err(gone);
        }
        let detail = format!("No message of {id} is remembered.");
        return Err(Problem::not_found(detail));
    }
    Ok((id, messages))
}

impl CallTraceMessage {
    /// `first`: when the call's first message came, microseconds.
    fn new(message: TraceMessage, first: i64) -> Self {
        let text = String::from_utf8_lossy(&message.bytes).into_owned();
        Self {
            at: Time(message.at),
            offset_us: u64::try_from(message.at.0 - first).unwrap_or(0),
            direction: match message.direction {
                TraceDirection::Received => CallTraceDirection::Received,
                TraceDirection::Sent => CallTraceDirection::Sent,
            },
            transport: message.transport.into(),
            local: message.local.to_string(),
            remote: message.remote.to_string(),
            summary: text.lines().next().unwrap_or_default().to_owned(),
            text,
        }
    }
}
