//! Signing in and out of the console.

use crate::auth::{ClientAddress, PasswordError, Principal, SessionToken, clear_cookie};
use crate::events::note_sign_in;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use store::{TenantId, UserId};
use utoipa::ToSchema;

/// Most bytes of the body.
const BODY_BYTES_MAX: usize = 4 * 1024;
const USERNAME_BYTES_MAX: usize = 64;
const PASSWORD_BYTES_MAX: usize = 256;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The user's name.
    #[schema(max_length = 64)]
    pub username: String,
    /// The password.
    #[schema(max_length = 256, format = Password)]
    pub password: String,
}

/// The session of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Session {
    /// Whose session it is.
    pub user: SessionUser,
    /// Send it as `X-CSRF-Token` with every change; null when a key was used instead of a cookie.
    #[schema(required)]
    pub csrf_token: Option<String>,
}

/// A signed-in user.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionUser {
    /// The name.
    pub username: String,
    /// The name of the role, such as `super_admin`.
    pub role: String,
}

/// Signs in: sets the cookie `didtron_session` and gives the CSRF token.
#[utoipa::path(
    post,
    path = "/api/v1/session",
    operation_id = "session_create",
    tag = "session",
    request_body = SignIn,
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Name or password is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn session_create(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    ApiJson(sign_in): ApiJson<SignIn, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    sign_in.check()?;
    let SignIn { username, password } = sign_in;
    if let Some(wait) = state.throttle.wait(address, &username, Instant::now()) {
        return Err(Problem::slow_down(wait.as_secs() + 1));
    }
    // Counted before the check, so that tries at the same time count as well.
    state.throttle.failed(address, &username, Instant::now());
    let user = state.store.user(&username).await?;
    let matches = state.passwords.verify(user.as_ref(), password).await?;
    let is_known = user.is_some();
    let Some(user) = user.filter(|_| matches) else {
        tracing::warn!("sign-in refused");
        if is_known {
            // Not waited for: the answer must not take longer for names that are known.
            let store = state.store.clone();
            tokio::spawn(async move {
                note_sign_in(&store, TenantId::PLATFORM, &username, address, false).await;
            });
        }
        return Err(Problem::wrong_password());
    };
    state.throttle.succeeded(address, &username);
    note_sign_in(&state.store, TenantId::PLATFORM, &username, address, true).await;
    signed_in(&state, UserId(user.id), user.username, user.role).await
}

/// Begins a session; the answer has its cookie and its CSRF token.
pub(crate) async fn signed_in(
    state: &AppState,
    user: UserId,
    name: String,
    role: String,
) -> Result<Response, Problem> {
    let token = state.sessions.begin(user).await?;
    let session = Session::new(name, role, Some(&token));
    Ok(with_cookie(
        token.cookie(state.secure_cookies),
        Json(session),
    ))
}

/// An answer that sets the cookie.
pub(crate) fn with_cookie(cookie: Option<HeaderValue>, answer: impl IntoResponse) -> Response {
    let cookies: HeaderMap = cookie
        .map(|cookie| (header::SET_COOKIE, cookie))
        .into_iter()
        .collect();
    (cookies, answer).into_response()
}

/// Shows who is signed in.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    operation_id = "session_view",
    tag = "session",
    responses(
        (status = 200, description = "The session", body = Session),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn session_view(principal: Principal) -> Json<Session> {
    let token = principal.session().map(|session| session.token.clone());
    Json(Session::new(principal.name, principal.role, token.as_ref()))
}

/// Signs out.
#[utoipa::path(
    delete,
    path = "/api/v1/session",
    operation_id = "session_delete",
    tag = "session",
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "No CSRF token", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn session_delete(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Response, Problem> {
    if let Some(session) = principal.session() {
        state.sessions.end(&session.token).await?;
    }
    Ok(with_cookie(
        clear_cookie(state.secure_cookies),
        StatusCode::NO_CONTENT,
    ))
}

impl SignIn {
    fn check(&self) -> Result<(), Problem> {
        let lengths = [
            ("username", self.username.len(), USERNAME_BYTES_MAX),
            ("password", self.password.len(), PASSWORD_BYTES_MAX),
        ];
        match lengths.into_iter().find(|(_, length, most)| length > most) {
            None => Ok(()),
            Some((field, _, most)) => Err(Problem::invalid_field(
                field,
                format!("at most {most} bytes"),
            )),
        }
    }
}

impl Session {
    fn new(username: String, role: String, token: Option<&SessionToken>) -> Self {
        Self {
            user: SessionUser { username, role },
            csrf_token: token.map(SessionToken::csrf),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable("Too many sign-ins at once. Try again."),
            other => Self::internal(&other),
        }
    }
}
