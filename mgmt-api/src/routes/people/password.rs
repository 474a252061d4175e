//! Changing one's own password.

use crate::auth::{ClientAddress, Principal, weakness};
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::routes::session::{Session, signed_in};
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use std::time::Instant;
use utoipa::ToSchema;

/// Most bytes of the body.
const BODY_BYTES_MAX: usize = 4 * 1024;

/// Longest current password that is checked, bytes.
const PASSWORD_BYTES_MAX: usize = 256;

/// A new password, and the current one as a proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password that holds now.
    #[schema(max_length = 256, format = Password)]
    pub current_password: String,
    /// The password that is to hold: at least 12 characters, none of the passwords that are tried
    /// first, and not mostly the user's own name.
    #[schema(min_length = 12, max_length = 256, format = Password)]
    pub new_password: String,
}

/// Changes the caller's password. All sessions of the user end; the answer begins a new one, so
/// the caller stays signed in.
#[utoipa::path(
    put,
    path = "/api/v1/me/password",
    operation_id = "password_update",
    tag = "session",
    request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed; a new session has begun", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or the current password is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A key has no password", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The new password is refused", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn password_update(
    State(state): State<AppState>,
    principal: Principal,
    ClientAddress(address): ClientAddress,
    ApiJson(change): ApiJson<PasswordChange, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    let Some(user) = principal.user else {
        return Err(Problem::forbidden("A key has no password."));
    };
    let PasswordChange {
        current_password,
        new_password,
    } = change;
    if current_password.len() > PASSWORD_BYTES_MAX {
        let message = format!("at most {PASSWORD_BYTES_MAX} bytes");
        return Err(Problem::invalid_field("current_password", message));
    }
    let name = &principal.name;
    if let Some(wait) = state.throttle.wait(address, name, Instant::now()) {
        return Err(Problem::slow_down(wait.as_secs() + 1));
    }
    // Counted before the check, so that tries at the same time count as well.
    state.throttle.failed(address, name, Instant::now());
    let row = state.store.user(name).await?;
    if !state
        .passwords
        .verify(row.as_ref(), current_password)
        .await?
    {
        tracing::warn!("change of a password refused");
        return Err(Problem::wrong_password());
    }
    state.throttle.succeeded(address, name);
    if let Some(weakness) = weakness(&new_password, &[name]) {
        return Err(Problem::invalid_field("new_password", weakness.to_string()));
    }
    let hash = state.passwords.hash(new_password).await?;
    state.store.set_password(user, &hash).await?;
    tracing::info!(user = %user, "password changed");
    signed_in(&state, user, principal.name, principal.role).await
}
