//! The address of the caller: changing it, and proving that it is theirs.

use super::notice::{Notice, tell_user};
use super::{checked_email, mail, public_url};
use crate::auth::session::later;
use crate::auth::sign_in::{self, Attempt};
use crate::auth::tokens::{OneTimeToken, Purpose, TOKEN_CHARS, hash_of};
use crate::auth::{Principal, RequestSource, Subject};
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use store::{AuditCredential, NewToken, TenantId, UserId};
use utoipa::ToSchema;

/// How long a link is good, seconds.
const GOOD_FOR_S: u32 = 24 * 3_600;

/// Nobody gets such a mail more often than this, seconds.
const PAUSE_S: u32 = 120;

/// The page of the console that takes the link.
const PAGE: &str = "email-verification";

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    /// The address. Nothing changes before the link in the mail to it is used.
    #[schema(max_length = 254)]
    pub email: String,
}

/// The proof that an address is somebody's.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailVerification {
    /// What stands behind `#` in the link.
    #[schema(min_length = 64, max_length = 64)]
    pub token: String,
}

/// Changes the caller's address, or proves the one that is there: a link goes to it. The answer is
/// the same when the address is another's; that one gets no mail.
#[utoipa::path(
    put,
    path = "/api/v1/me/email",
    operation_id = "email_update",
    tag = "session",
    request_body = EmailChange,
    responses(
        (status = 202, description = "The mail is on its way"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The address is none", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "A mail went out just before: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn email_update(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(change): ApiJson<EmailChange, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let user = principal.own_account()?;
    principal.recently_confirmed()?;
    let email = checked_email("email", &change.email)?;
    public_url(&state)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let purpose = Purpose::EmailVerification.as_str();
    let last = write.last_token_at(user, purpose).await?;
    drop(write);
    if last.is_some_and(|last| later(last, PAUSE_S) > clock::now()) {
        return Err(Problem::slow_down(PAUSE_S.into()));
    }
    let (in_background, tenant) = (state.clone(), principal.tenant.id);
    state.background.run(async move {
        let by_email = in_background.store.user_by_email(&email).await?;
        let by_name = in_background.store.user_by_name(&email).await?;
        let others = [by_email, by_name].into_iter().flatten();
        if others.into_iter().any(|other| other.id != user) {
            return Ok(());
        }
        send_link(&in_background, tenant, user, &email).await
    })?;
    Ok(StatusCode::ACCEPTED)
}

/// Proves by the link that an address is the user's.
#[utoipa::path(
    post,
    path = "/api/v1/email-verifications",
    operation_id = "email_verify",
    tag = "session",
    request_body = EmailVerification,
    responses(
        (status = 204, description = "The address is the user's"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The link is no longer good", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn email_verify(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(proof): ApiJson<EmailVerification, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let count = Attempt::begin(&state, &source, Subject::Nobody)?;
    if proof.token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    let mut write = state.store.change_people(clock::now()).await?;
    let purpose = Purpose::EmailVerification.as_str();
    let taken = write.take_token(purpose, &hash_of(&proof.token)).await?;
    let taken = taken.ok_or_else(Problem::stale_token)?;
    let (Some(user), email) = (taken.user, taken.content) else {
        return Err(Problem::stale_token());
    };
    count.succeeded();
    let row = state.store.user_by_id(user).await?;
    let row = row.ok_or_else(Problem::stale_token)?;
    if !write.verify_email(user, &email).await? {
        return Err(Problem::stale_token());
    }
    if row.email.as_deref() != Some(&*email) {
        tell_user(&state, &mut write, &row, Notice::EmailChanged).await?;
    }
    let entry = sign_in::told(&source, &row, "user.email_verify", AuditCredential::None);
    let (before, after) = (json!({ "email": row.email }), json!({ "email": email }));
    write.tell(entry.values(Some(before), Some(after)));
    write.commit().await?;
    tracing::info!(%user, "address verified");
    Ok(StatusCode::NO_CONTENT)
}

async fn send_link(
    state: &AppState,
    tenant: TenantId,
    user: UserId,
    email: &str,
) -> Result<(), Problem> {
    let url = public_url(state)?;
    let now = clock::now();
    let token = OneTimeToken::draw()?;
    let purpose = Purpose::EmailVerification.as_str();
    let new = NewToken {
        hash: &token.hash(),
        purpose,
        user: Some(user),
        content: email,
        expires_at: later(now, GOOD_FOR_S),
        network: None,
    };
    let text = format!(
        "Somebody, probably you, gave this as the address of an account on this switch.\n\n\
         If it was you, confirm it within a day:\n{}\n\nIf it was not, do nothing.\n",
        token.link(url, PAGE)
    );
    let about = ("email_verification", "Confirm your address");
    let mail = mail(state, tenant, email, about, text)?;
    let mut write = state.store.change_people(now).await?;
    write.void_tokens(user, purpose).await?;
    write.add_token(&new).await?;
    write.queue_mail(&mail).await?;
    write.commit().await?;
    state.job_bell.ring();
    Ok(())
}
