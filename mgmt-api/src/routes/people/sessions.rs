//! The caller's sessions.

use crate::auth::{Principal, clear_cookie};
use crate::problem::Problem;
use crate::routes::session::with_cookie;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

/// Signs out everywhere: ends all sessions of the caller, this one too.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    operation_id = "session_delete_all",
    tag = "session",
    responses(
        (status = 204, description = "Signed out everywhere"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "No CSRF token, or a key, which has no sessions", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn session_delete_all(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Response, Problem> {
    let Some(user) = principal.user else {
        return Err(Problem::forbidden("A key has no sessions."));
    };
    let ended = state.store.end_sessions_of(user).await?;
    tracing::info!(%user, ended, "signed out everywhere");
    Ok(with_cookie(
        clear_cookie(state.secure_cookies),
        StatusCode::NO_CONTENT,
    ))
}
