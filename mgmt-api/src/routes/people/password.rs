//! Changing one's own password, and confirming that one is still the one at the keyboard.

use super::notice::{Notice, tell_user};
use super::second_factor::{CODE_BYTES_MAX, Code, methods_of, take_code};
use crate::auth::policy::policy_of;
use crate::auth::session::SessionToken;
use crate::auth::sign_in::{self, Attempt, SignedIn};
use crate::auth::{Principal, RequestSource, Subject, weakness};
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::routes::session::{BODY_BYTES_MAX, Session, signed_in};
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use rating::Timestamp;
use serde::Deserialize;
use store::{NewAuditEntry, TenantId, UserRow};
use utoipa::ToSchema;

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

/// A proof of who is at the keyboard.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The user's password.
    #[schema(max_length = 256, format = Password)]
    pub password: String,
    /// The code that the authenticator app shows, when the user has one.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub code: Option<String>,
}

/// Changes the caller's password. All sessions of the user end, and so do links and half-done
/// sign-ins; the answer begins a new session, so the caller stays signed in. For a user with an
/// authenticator app it is no fresh proof: that needs the app's code.
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
    source: RequestSource,
    ApiJson(change): ApiJson<PasswordChange, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    principal.own_account()?;
    let PasswordChange {
        current_password,
        new_password,
    } = change;
    check_length("current_password", &current_password)?;
    let name = &principal.name;
    let user = sign_in::check_password(&state, &source, name, current_password).await?;
    check_new(
        &state,
        user.tenant,
        "new_password",
        &new_password,
        &own_words(&user),
    )
    .await?;
    let hash = state.passwords.hash(new_password).await?;
    let has_app = methods_of(&state, &user).await?.contains(&"totp");
    let mut write = state.store.change_people(clock::now()).await?;
    write.set_password(user.id, &hash).await?;
    write.end_sessions(user.id, None).await?;
    tell_user(&state, &mut write, &user, Notice::PasswordChanged).await?;
    write.tell(told_of_own(&principal, "user.password_change"));
    tracing::info!(user = %user.id, "password changed");
    let method = sign_in::PASSWORD;
    let proved_at = match principal.session() {
        // The password alone does not stand for both: see `confirm_by_app`.
        Some(session) if has_app => session.authenticated_at,
        _ => write.now(),
    };
    let begun = sign_in::complete_proved(&state, write, &source, &user, method, false, proved_at);
    let begun = begun.await?;
    signed_in(&state, &source, begun).await
}

/// Confirms that the caller is the user, before what must not be done by a browser that somebody
/// left open. The session goes on under a new cookie and CSRF token.
#[utoipa::path(
    post,
    path = "/api/v1/session/confirmation",
    operation_id = "session_confirm",
    tag = "session",
    request_body = Confirmation,
    responses(
        (status = 200, description = "Confirmed for the next minutes", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in, or the password is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A key needs none", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn session_confirm(
    State(state): State<AppState>,
    principal: Principal,
    source: RequestSource,
    ApiJson(proof): ApiJson<Confirmation, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    principal.own_account()?;
    let Some(session) = principal.session() else {
        return Err(Problem::forbidden("A key needs no confirmation."));
    };
    check_length("password", &proof.password)?;
    let name = &principal.name;
    let user = sign_in::check_password(&state, &source, name, proof.password).await?;
    confirm_by_app(&state, &source, &user, proof.code.as_deref()).await?;
    let begun = rotated(&state, &session.id, Some(clock::now())).await?;
    signed_in(&state, &source, begun).await
}

/// The second half of a confirmation, of a user who has an authenticator app.
async fn confirm_by_app(
    state: &AppState,
    source: &RequestSource,
    user: &UserRow,
    code: Option<&str>,
) -> Result<(), Problem> {
    if !methods_of(state, user).await?.contains(&"totp") {
        return Ok(());
    }
    let Some(code) = code.filter(|code| code.len() <= CODE_BYTES_MAX) else {
        return Err(Problem::wrong_second_factor());
    };
    let count = Attempt::begin(state, source, Subject::SecondFactor(&user.username))?;
    let mut write = state.store.change_people(clock::now()).await?;
    if !take_code(state, &mut write, user, &Code::App(code)).await? {
        return Err(Problem::wrong_second_factor());
    }
    write.commit().await?;
    count.succeeded();
    Ok(())
}

/// Gives a session another token.
///
/// # Errors
/// 401 when it has ended meanwhile.
pub(crate) async fn rotated(
    state: &AppState,
    session: &str,
    authenticated_at: Option<Timestamp>,
) -> Result<SignedIn, Problem> {
    let token = SessionToken::draw()?;
    let now = clock::now();
    let mut write = state.store.change_people(now).await?;
    let hash = token.hash();
    let there = write
        .rotate_session(session, &hash, authenticated_at)
        .await?;
    if !there {
        return Err(Problem::unauthenticated());
    }
    write.commit().await?;
    going_on(state, token).await
}

/// A session that goes on under another token.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn going_on(state: &AppState, token: SessionToken) -> Result<SignedIn, Problem> {
    let now = clock::now();
    let row = state.store.session(&token.hash(), now).await?;
    let kept = row.filter(|row| row.remembered);
    Ok(SignedIn {
        token,
        max_age_s: kept.map(|row| (row.expires_at.0 - now.0) / 1_000_000),
    })
}

/// Judges a new password by the tenant's policy and the lists.
///
/// # Errors
/// 422, which names the field.
pub(crate) async fn check_new(
    state: &AppState,
    tenant: TenantId,
    field: &str,
    password: &str,
    own_words: &[&str],
) -> Result<(), Problem> {
    let policy = policy_of(&state.store, tenant).await?.policy;
    let least = usize::from(policy.password_length_min);
    if password.chars().count() < least {
        return Err(Problem::invalid_field(
            field,
            format!("at least {least} characters; a few words in a row are easy to remember"),
        ));
    }
    match weakness(password, own_words) {
        Some(weakness) => Err(Problem::invalid_field(field, weakness.to_string())),
        None => Ok(()),
    }
}

/// What a password must not be made of.
pub(crate) fn own_words(user: &UserRow) -> Vec<&str> {
    let words = [Some(user.username.as_str()), user.email.as_deref()];
    let name = Some(user.full_name.as_str());
    words.into_iter().chain([name]).flatten().collect()
}

/// An entry of the audit log: what a user did to the own account.
pub(crate) fn told_of_own(principal: &Principal, operation: &'static str) -> NewAuditEntry {
    let id = principal.user.map(|user| user.0);
    let entry = principal.audit(principal.tenant.id, operation);
    entry.on("user", id, &*principal.name)
}

fn check_length(field: &str, password: &str) -> Result<(), Problem> {
    if password.len() <= PASSWORD_BYTES_MAX {
        return Ok(());
    }
    let message = format!("at most {PASSWORD_BYTES_MAX} bytes");
    Err(Problem::invalid_field(field, message))
}
