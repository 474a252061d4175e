//! A new password for who forgot the old one: by a link in a mail, asked for by the user or by
//! somebody who looks after users.
//!
//! Asking tells nothing: the answer to a known and to an unknown address is the same, and what is
//! done for a known one is done after it.

use super::password::{check_new, own_words};
use super::reach::{TenantParameter, reach};
use super::users::{touchable, user_id};
use super::{checked_email, mail, public_url};
use crate::auth::session::later;
use crate::auth::sign_in::{self, Attempt};
use crate::auth::tokens::{OneTimeToken, Purpose, TOKEN_CHARS, hash_of};
use crate::auth::{Principal, RequestSource, Subject, identity};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use store::{AuditCredential, NewToken, UserRow, UserStatus};
use utoipa::ToSchema;

/// How long a link is good, seconds.
const GOOD_FOR_S: u32 = 3_600;

/// Nobody gets such a mail more often than this, seconds.
const PAUSE_S: u32 = 120;

/// The page of the console that takes the link.
const PAGE: &str = "password-reset";

/// Who forgot the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The user's address.
    #[schema(max_length = 254)]
    pub email: String,
}

/// A new password, with the link as the proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetCompletion {
    /// What stands behind `#` in the link.
    #[schema(min_length = 64, max_length = 64)]
    pub token: String,
    /// The password that is to hold.
    #[schema(min_length = 12, max_length = 256, format = Password)]
    pub new_password: String,
}

/// Asks for a link to choose a new password. The answer is the same whether the address is known
/// or not.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets",
    operation_id = "password_reset_request",
    tag = "session",
    request_body = PasswordReset,
    responses(
        (status = 202, description = "If the address is a user's, a mail is on its way"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The address is none", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn password_reset_request(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(reset): ApiJson<PasswordReset, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let email = checked_email("email", &reset.email)?;
    public_url(&state)?;
    // It stays counted: who asks often waits longer and longer.
    let _counted = Attempt::begin(&state, &source, Subject::Nobody)?;
    let in_background = state.clone();
    state.background.run(async move {
        let user = in_background.store.user_by_email(&email).await?;
        match user {
            Some(user) => send_link(&in_background, &user).await,
            None => Ok(()),
        }
    })?;
    Ok(StatusCode::ACCEPTED)
}

/// Sends a user the link to choose a new password, on behalf of somebody who looks after users.
#[utoipa::path(
    post,
    path = "/api/v1/users/{id}/password-reset",
    operation_id = "user_password_reset",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 202, description = "The mail is on its way, unless one went out just before"),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The user has no address", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_password_reset(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<StatusCode, Problem> {
    let reached = reach(&state, &principal, &tenant).await?;
    let mut write = state.store.change_people(clock::now()).await?;
    let id = user_id(&id)?;
    let user = touchable(&state, &principal, &reached, &mut write, id).await?;
    drop(write);
    public_url(&state)?;
    if user.email.is_none() {
        let detail = "The user has no address to send a link to.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    send_link(&state, &user).await?;
    let told = principal.audit(user.tenant, "user.password_reset_request");
    let told = told.on("user", Some(user.id.0), &*user.username);
    state.store.append_audit(&[told]).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Chooses a new password by the link. All sessions of the user end; a second factor is still
/// asked for at the next sign-in.
#[utoipa::path(
    post,
    path = "/api/v1/password-resets/completion",
    operation_id = "password_reset_complete",
    tag = "session",
    request_body = PasswordResetCompletion,
    responses(
        (status = 204, description = "The new password holds"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The link is no longer good", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The new password is refused", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn password_reset_complete(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(completion): ApiJson<PasswordResetCompletion, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let count = Attempt::begin(&state, &source, Subject::Nobody)?;
    if completion.token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    let (hash, purpose) = (hash_of(&completion.token), Purpose::PasswordReset.as_str());
    let found = state.store.token(purpose, &hash, clock::now()).await?;
    let user = found.and_then(|token| token.user);
    let user = user.ok_or_else(Problem::stale_token)?;
    count.succeeded();
    let row = state.store.user_by_id(user).await?;
    let row = row.ok_or_else(Problem::stale_token)?;
    let words = own_words(&row);
    check_new(
        &state,
        row.tenant,
        "new_password",
        &completion.new_password,
        &words,
    )
    .await?;
    let password_hash = state.passwords.hash(completion.new_password).await?;
    let mut write = state.store.change_people(clock::now()).await?;
    let taken = write.take_token(purpose, &hash).await?;
    taken.ok_or_else(Problem::stale_token)?;
    write.set_password(user, &password_hash).await?;
    write.end_sessions(user, None).await?;
    if let Some(email) = &row.email {
        // Who read the mail has the address.
        write.verify_email(user, email).await?;
        let text = "The password of your account was changed, and everybody was signed out.\n\n\
            If it was not you, tell your administrator.\n";
        let about = ("password_changed", "Your password was changed");
        let told = mail(&state, row.tenant, email, about, text.into())?;
        write.queue_mail(&told).await?;
    }
    let credential = AuditCredential::None;
    write.tell(sign_in::told(
        &source,
        &row,
        "user.password_reset",
        credential,
    ));
    write.commit().await?;
    state.job_bell.ring();
    tracing::info!(%user, "password chosen by a link");
    Ok(StatusCode::NO_CONTENT)
}

/// Sends the link to a user who may come in, unless one was sent just before.
async fn send_link(state: &AppState, user: &UserRow) -> Result<(), Problem> {
    let open = identity::open_tenant(state, user.tenant).await?.is_some();
    let Some(email) = user.email.as_deref().filter(|_| open) else {
        return Ok(());
    };
    if user.status != UserStatus::Active {
        return Ok(());
    }
    let url = public_url(state)?;
    let now = clock::now();
    let mut write = state.store.change_people(now).await?;
    let purpose = Purpose::PasswordReset.as_str();
    let last = write.last_token_at(user.id, purpose).await?;
    if last.is_some_and(|last| later(last, PAUSE_S) > now) {
        return Ok(());
    }
    let token = OneTimeToken::draw()?;
    let new = NewToken {
        hash: &token.hash(),
        purpose,
        user: Some(user.id),
        content: "{}",
        expires_at: later(now, GOOD_FOR_S),
        network: None,
    };
    write.void_tokens(user.id, purpose).await?;
    write.add_token(&new).await?;
    let text = format!(
        "Somebody, probably you, asked for a new password for {}.\n\n\
         Choose it within an hour:\n{}\n\nIf it was not you, do nothing.\n",
        user.username,
        token.link(url, PAGE)
    );
    let about = ("password_reset", "Choose a new password");
    let mail = mail(state, user.tenant, email, about, text)?;
    write.queue_mail(&mail).await?;
    write.commit().await?;
    state.job_bell.ring();
    Ok(())
}
