//! Why a call of the records went as it did.

use super::Explanation;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{CallIdText, ValueError};
use axum::Json;
use axum::extract::{Path, State};
use rating::cdr::CallRecord;
use routing_engine::explain as engine;
use routing_engine::{CallRequest, Snapshot, Source};
use serde::Serialize;
use store::CdrParty;
use utoipa::ToSchema;

/// The decision for a call of the records: its numbers and source, its moment for schedules, and its own
/// lot for shares of calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallExplanation {
    /// Number of the snapshot that decided the call. When it is not that of the explanation, something
    /// was pushed since, and the decision may be another.
    pub decided_by_snapshot: u64,
    /// The decision. Limits, turns of round robin, throttles and the quality of carriers are those of this
    /// moment, for the record does not keep them: where the LCR profile reads them, the call's own order
    /// may have been another. All else is as it was for the call.
    pub explanation: Explanation,
}

/// Decides a call of the records again and explains it. Nothing is called and no limit is used up.
#[utoipa::path(
    get,
    path = "/api/v1/cdrs/{id}/explain",
    operation_id = "cdr_explain",
    tag = "routing",
    params(("id" = CallIdText, Path, description = "Identifier of the call")),
    responses(
        (status = 200, description = "The decision", body = CallExplanation),
        (status = 400, description = "Not an identifier", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn cdr_explain(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<CallExplanation>, Problem> {
    let wrong = |error: ValueError| Problem::bad_parameter("id", error.to_string());
    let id: CallIdText = id.parse().map_err(wrong)?;
    let found = state
        .store
        .cdr(&principal.scope(), CdrParty::Staff, id.0)
        .await?;
    let (_, record) = found.ok_or_else(|| Problem::not_found(format!("No call is {id}.")))?;
    let (snapshot, quality) = (state.switch.snapshot(), state.switch.quality());
    let request = CallRequest {
        source: source_of(&record, &snapshot),
        called: &record.called_number_received,
        calling: &record.calling_number_received,
        now_us: state.switch.now_us(),
        at: record.received_at,
        draw: record.id.draw(),
        quality: &quality,
    };
    Ok(Json(CallExplanation {
        decided_by_snapshot: record.snapshot_number,
        explanation: engine::explain(&request, &snapshot).into(),
    }))
}

/// The trunk that the call came by, however it was known; its address when that is gone.
fn source_of(record: &CallRecord, snapshot: &Snapshot) -> Source<'static> {
    let trunk = record.ingress_trunk.as_ref();
    let trunk = trunk.and_then(|trunk| snapshot.ingress_trunk_of(trunk.id));
    match trunk {
        Some(trunk) => Source::Trunk(trunk),
        None => Source::Address(record.ingress_source.ip()),
    }
}
