//! Signing in and out of the console.

use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// What the user may do.
    pub role: Role,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
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
pub(crate) async fn session_create() -> Problem {
    Problem::unavailable("not served yet")
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
pub(crate) async fn session_view() -> Problem {
    Problem::unavailable("not served yet")
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
pub(crate) async fn session_delete() -> Problem {
    Problem::unavailable("not served yet")
}
