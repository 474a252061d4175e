//! Whether the process lives and takes calls, for supervisors and load balancers.

use crate::problem::Problem;
use crate::state::AppState;
use crate::{metrics as prometheus_text, openapi};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

/// Says that the process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "healthz",
    tag = "status",
    responses(
        (status = 200, description = "It does", body = String, content_type = "text/plain"),
    ),
    security(()),
)]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Says whether new calls are taken.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "readyz",
    tag = "status",
    responses(
        (status = 200, description = "They are", body = String, content_type = "text/plain"),
        (status = 503, description = "They are not, and why", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn readyz(State(state): State<AppState>) -> Result<&'static str, Problem> {
    let status = state.switch.status();
    if status.draining {
        return Err(Problem::unavailable("The switch is draining for a stop."));
    }
    match status.journal_trouble {
        Some(trouble) => Err(Problem::unavailable(trouble)),
        None => Ok("ready\n"),
    }
}

/// Metrics as Prometheus text. From loopback without a key, from elsewhere with one.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "status",
    responses(
        (status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<Response, Problem> {
    let sink = state.store.cdr_sink().await.ok().flatten();
    let text =
        prometheus_text::text(&state, sink.as_ref()).map_err(|error| Problem::internal(&error))?;
    let media_type = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    Ok((media_type, text).into_response())
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "openapi_view",
    tag = "status",
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object, content_type = "application/json"),
    ),
    security(()),
)]
pub(crate) async fn openapi_view() -> Response {
    // Written once: strangers may ask for it as often as they like.
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi::document().into());
    let media_type = [(header::CONTENT_TYPE, "application/json")];
    (media_type, DOCUMENT.clone()).into_response()
}
