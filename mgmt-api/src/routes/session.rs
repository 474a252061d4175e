//! Signing in and out of the console.

use crate::auth::sign_in::{self, SignedIn};
use crate::auth::{PasswordError, Principal, RequestSource, clear_cookie, identity};
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::routes::people::password::told_of_own;
use crate::routes::people::second_factor::{self, SecondFactorNeeded};
use crate::state::AppState;
use crate::values::Time;
use crate::{access::Audience, auth::SessionToken, clock};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most bytes of the body.
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024;
const USERNAME_BYTES_MAX: usize = 256;
const PASSWORD_BYTES_MAX: usize = 256;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The user's name or address.
    #[schema(max_length = 256)]
    pub username: String,
    /// The password.
    #[schema(max_length = 256, format = Password)]
    pub password: String,
    /// Whether the session is to outlive the browser, as long as the tenant's policy allows.
    #[serde(default)]
    pub remember: bool,
}

/// The session of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Session {
    /// Whose session it is.
    pub user: SessionUser,
    /// Where it acts.
    pub tenant: SessionTenant,
    /// What may be done: names of permissions.
    pub permissions: Vec<&'static str>,
    /// Whether nothing more is allowed until a second factor is set up.
    pub second_factor_required: bool,
    /// Of a visit to a tenant below the user's own ("login as"); null else.
    #[schema(required)]
    pub visit: Option<SessionVisit>,
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

/// The tenant that is acted in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionTenant {
    /// Its number.
    pub id: i64,
    /// Its kind, and so the portal: `platform`, `operator`, `customer` or `carrier`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
}

/// A visit to another tenant. Show it on every page.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SessionVisit {
    /// The name of the user's own tenant.
    pub home: String,
    /// When the visit ends by itself.
    pub ends_at: Time,
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
        (status = 202, description = "The password is right; a second factor is needed", body = SecondFactorNeeded),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Name or password is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn session_create(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(sign_in): ApiJson<SignIn, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    sign_in.check()?;
    let SignIn {
        username,
        password,
        remember,
    } = sign_in;
    let user = sign_in::check_password(&state, &source, &username, password).await?;
    let methods = second_factor::methods_of(&state, &user).await?;
    if !methods.is_empty() {
        return second_factor::ask(&state, &user, methods, remember).await;
    }
    let write = state.store.change_people(clock::now()).await?;
    let begun =
        sign_in::complete(&state, write, &source, &user, sign_in::PASSWORD, remember).await?;
    signed_in(&state, &source, begun).await
}

/// The answer to a sign-in: the cookie and the session.
pub(crate) async fn signed_in(
    state: &AppState,
    source: &RequestSource,
    begun: SignedIn,
) -> Result<Response, Problem> {
    let SignedIn { token, max_age_s } = begun;
    let cookie = token.cookie(max_age_s, state.secure_cookies);
    let row = state.store.session(&token.hash(), clock::now()).await?;
    let row = row.ok_or_else(Problem::unauthenticated)?;
    let principal = identity::principal_of(state, row, token, source.clone()).await?;
    let principal = principal.ok_or_else(Problem::unauthenticated)?;
    Ok(with_cookie(cookie, Json(Session::of(&principal))))
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
    Json(Session::of(&principal))
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
    if let (Some(session), Some(user)) = (principal.session(), principal.user) {
        let mut write = state.store.change_people(clock::now()).await?;
        // Who signs out of a visit signs out of the session that it was entered from, too.
        let visit = principal.visit.as_ref();
        let ended = visit.map_or(&session.id, |visit| &visit.parent);
        write.end_session(user, ended).await?;
        write.tell(told_of_own(&principal, "session.end"));
        write.commit().await?;
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
    fn of(principal: &Principal) -> Self {
        let session = principal.session();
        let permissions = if principal.must_enrol {
            Vec::new()
        } else {
            let all = principal.permissions().iter();
            all.map(|permission| permission.as_str()).collect()
        };
        Self {
            user: SessionUser {
                username: principal.name.clone(),
                role: principal.role.clone(),
            },
            tenant: SessionTenant {
                id: principal.tenant.id.get(),
                kind: Audience::as_str(principal.audience()),
                name: principal.tenant.name.clone(),
            },
            permissions,
            second_factor_required: principal.must_enrol,
            visit: principal.visit.as_ref().map(|visit| SessionVisit {
                home: visit.home.clone(),
                ends_at: Time(visit.ends_at),
            }),
            csrf_token: session.map(|session| SessionToken::csrf(&session.token)),
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
