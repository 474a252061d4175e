//! The caller's sessions and what happened to the account.

use super::password::told_of_own;
use super::sign_ins::SignInEntry;
use crate::auth::{Principal, clear_cookie};
use crate::clock;
use crate::problem::Problem;
use crate::routes::session::with_cookie;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use store::{Scope, SessionRow, SignInQuery};
use utoipa::ToSchema;

/// More sessions than a user may have.
const SESSIONS_SHOWN: u32 = 100;

/// Sign-ins of the caller that are shown.
const SIGN_INS_SHOWN: u32 = 50;

/// The sessions of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The newest first.
    pub items: Vec<SessionEntry>,
}

/// A session of a user, at some browser.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionEntry {
    /// Its public name: 32 hexadecimal digits.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// How the user proved who they are: `password`, `totp`, `recovery_code` or `passkey`.
    pub method: String,
    /// Whether it outlives the browser.
    pub remembered: bool,
    /// Whether it visits another tenant.
    pub visiting: bool,
    /// When it began.
    pub created_at: Time,
    /// When it was last used, to about a minute.
    pub last_used_at: Time,
    /// When it ends at the latest.
    pub expires_at: Time,
    /// Where it was last used from.
    #[schema(required)]
    pub address: Option<String>,
    /// What the browser says it is.
    pub user_agent: String,
}

/// Sign-ins of the caller.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnSignInList {
    /// The newest first, at most 50.
    pub items: Vec<SignInEntry>,
}

/// Lists the caller's sessions.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "session_list",
    tag = "session",
    responses(
        (status = 200, description = "The sessions", body = SessionList),
        (status = 403, description = "A key has no sessions", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn session_list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<SessionList>, Problem> {
    let user = principal.own_account()?;
    let rows = state.store.sessions_of(user, clock::now(), SESSIONS_SHOWN);
    let current = principal.session().map(|session| session.id.as_str());
    let items = rows.await?.into_iter();
    let items = items.map(|row| SessionEntry::of(row, current)).collect();
    Ok(Json(SessionList { items }))
}

/// Ends one of the caller's sessions, at whichever browser it is.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "session_revoke",
    tag = "session",
    params(("id" = String, Path, description = "The session", max_length = 64)),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "The caller has no such session", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn session_revoke(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let user = principal.own_account()?;
    let mut write = state.store.change_people(clock::now()).await?;
    if !write.end_session(user, &id).await? {
        return Err(Problem::not_found("You have no such session."));
    }
    write.tell(told_of_own(&principal, "session.end"));
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

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
    let user = principal.own_account()?;
    let mut write = state.store.change_people(clock::now()).await?;
    let ended = write.end_sessions(user, None).await?;
    write.tell(told_of_own(&principal, "session.end_all"));
    write.commit().await?;
    tracing::info!(%user, ended, "signed out everywhere");
    Ok(with_cookie(
        clear_cookie(state.secure_cookies),
        StatusCode::NO_CONTENT,
    ))
}

/// Lists the last sign-ins as the caller, those that failed too.
#[utoipa::path(
    get,
    path = "/api/v1/me/sign-ins",
    operation_id = "own_sign_in_list",
    tag = "session",
    responses(
        (status = 200, description = "The sign-ins", body = OwnSignInList),
        (status = 403, description = "A key has no account", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_sign_in_list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<OwnSignInList>, Problem> {
    let user = principal.own_account()?;
    let query = SignInQuery {
        user: Some(user),
        limit: SIGN_INS_SHOWN,
        ..SignInQuery::default()
    };
    let scope: Scope = principal.own_scope();
    let rows = state.store.sign_ins(&scope, &query).await?;
    let items = rows.into_iter().map(SignInEntry::of).collect();
    Ok(Json(OwnSignInList { items }))
}

impl SessionEntry {
    pub(crate) fn of(row: SessionRow, current: Option<&str>) -> Self {
        Self {
            current: current == Some(row.id.as_str()),
            id: row.id,
            method: row.method,
            remembered: row.remembered,
            visiting: row.parent.is_some(),
            created_at: Time(row.created_at),
            last_used_at: Time(row.last_used_at),
            expires_at: Time(row.expires_at),
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}
