//! The second factor at a sign-in: a code of the app, or a recovery code.

use super::totp::opened;
use crate::auth::session::later;
use crate::auth::sign_in::{self, Attempt, Refusal};
use crate::auth::tokens::{OneTimeToken, Purpose, TOKEN_CHARS, hash_of};
use crate::auth::{RequestSource, Subject, recovery};
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::routes::session::{BODY_BYTES_MAX, Session, signed_in};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{NewToken, PeopleWrite, UserRow};
use utoipa::ToSchema;

/// How long the second factor may take, seconds.
const GOOD_FOR_S: u32 = 300;

/// Tries for one password.
const TRIES_MAX: u32 = 5;

/// Longest code that is looked at, bytes.
pub(crate) const CODE_BYTES_MAX: usize = 64;

/// The password was right; a second factor is needed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SecondFactorNeeded {
    /// Send it with the second factor.
    pub sign_in_token: String,
    /// What will do: `totp`, `recovery_code`, `passkey`. A passkey signs in by itself, without the
    /// token.
    pub methods: Vec<&'static str>,
    /// Until when.
    pub expires_at: Time,
}

/// A second factor; one of the two codes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// What the answer to the password gave.
    #[schema(min_length = 64, max_length = 64)]
    pub sign_in_token: String,
    /// The code that the app shows.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub code: Option<String>,
    /// One of the recovery codes, which is used up.
    #[serde(default)]
    #[schema(max_length = 64)]
    pub recovery_code: Option<String>,
}

/// What is remembered between the password and the second factor.
#[derive(Serialize, Deserialize)]
struct Pending {
    remember: bool,
}

/// Finishes a sign-in by the second factor.
#[utoipa::path(
    post,
    path = "/api/v1/session/second-factor",
    operation_id = "second_factor_check",
    tag = "session",
    request_body = SecondFactor,
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The code is wrong or was used, or the token is no longer good", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn second_factor_check(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(factor): ApiJson<SecondFactor, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    let code = Code::of(&factor)?;
    if factor.sign_in_token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    let (hash, purpose) = (
        hash_of(&factor.sign_in_token),
        Purpose::SecondFactor.as_str(),
    );
    let now = clock::now();
    let found = state
        .store
        .try_token(purpose, &hash, TRIES_MAX, now)
        .await?;
    let found = found.ok_or_else(Problem::stale_token)?;
    let user = found.user.ok_or_else(Problem::stale_token)?;
    let user = state.store.user_by_id(user).await?;
    let user = user.ok_or_else(Problem::stale_token)?;
    let pending: Pending =
        serde_json::from_str(&found.content).map_err(|error| Problem::internal(&error))?;
    let count = Attempt::begin(&state, &source, Subject::SecondFactor(&user.username))?;
    if sign_in::refusal_of(&state, &source, &user).await?.is_some() {
        return Err(Problem::wrong_second_factor());
    }
    let mut write = state.store.change_people(clock::now()).await?;
    if !take_code(&state, &mut write, &user, &code).await? {
        drop(write);
        let refusal = Refusal::WrongSecondFactor;
        sign_in::note_refusal(&state, &source, &user, refusal, code.method());
        return Err(Problem::wrong_second_factor());
    }
    let taken = write.take_token(purpose, &hash).await?;
    taken.ok_or_else(Problem::stale_token)?;
    count.succeeded();
    let method = code.method();
    let begun = sign_in::complete(&state, write, &source, &user, method, pending.remember).await?;
    signed_in(&state, &source, begun).await
}

/// A code that somebody typed.
pub(crate) enum Code<'a> {
    App(&'a str),
    Recovery(&'a str),
}

impl<'a> Code<'a> {
    fn of(factor: &'a SecondFactor) -> Result<Self, Problem> {
        let code = match (&factor.code, &factor.recovery_code) {
            (Some(code), None) => Self::App(code),
            (None, Some(code)) => Self::Recovery(code),
            _ => {
                let message = "send `code` or `recovery_code`";
                return Err(Problem::invalid_field("code", message));
            }
        };
        let (Self::App(text) | Self::Recovery(text)) = code;
        if text.len() > CODE_BYTES_MAX {
            let message = format!("at most {CODE_BYTES_MAX} bytes");
            return Err(Problem::invalid_field("code", message));
        }
        Ok(code)
    }

    fn method(&self) -> &'static str {
        match self {
            Self::App(_) => "totp",
            Self::Recovery(_) => "recovery_code",
        }
    }
}

/// Whether a code is the user's and was not used before; it is used up in that change.
///
/// # Errors
/// [`Problem`]: the database fails, or the seed does not open.
pub(crate) async fn take_code(
    state: &AppState,
    write: &mut PeopleWrite,
    user: &UserRow,
    code: &Code<'_>,
) -> Result<bool, Problem> {
    let code = match code {
        Code::Recovery(code) => {
            let hash = recovery::hash(user.id.0, code);
            return Ok(write.take_recovery_code(user.id, &hash).await?);
        }
        Code::App(code) => code.trim(),
    };
    let Some(app) = state.store.totp(user.id).await? else {
        return Ok(false);
    };
    if app.confirmed_at.is_none() {
        return Ok(false);
    }
    let seed = opened(state, user.tenant, &app.secret_id).await?;
    let Some(step) = seed.check(code, write.now(), app.last_step) else {
        return Ok(false);
    };
    let taken = write.take_totp_step(user.id, &app.secret_id, step, false);
    Ok(taken.await?)
}

/// The second factors of a user; empty when a password is enough.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn methods_of(
    state: &AppState,
    user: &UserRow,
) -> Result<Vec<&'static str>, Problem> {
    let mut methods = Vec::new();
    let app = state.store.totp(user.id).await?;
    if app.is_some_and(|app| app.confirmed_at.is_some()) {
        methods.push("totp");
    }
    if !state.store.passkeys(user.id).await?.is_empty() {
        methods.push("passkey");
    }
    if !methods.is_empty() && state.store.recovery_codes_left(user.id).await? > 0 {
        methods.push("recovery_code");
    }
    Ok(methods)
}

/// The answer to a right password when a second factor is needed.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn ask(
    state: &AppState,
    user: &UserRow,
    methods: Vec<&'static str>,
    remember: bool,
) -> Result<Response, Problem> {
    let token = OneTimeToken::draw()?;
    let now = clock::now();
    let pending = Pending { remember };
    let content = serde_json::to_string(&pending).map_err(|error| Problem::internal(&error))?;
    let new = NewToken {
        hash: &token.hash(),
        purpose: Purpose::SecondFactor.as_str(),
        user: Some(user.id),
        content: &content,
        expires_at: later(now, GOOD_FOR_S),
        network: None,
    };
    let mut write = state.store.change_people(now).await?;
    write.forget_expired().await?;
    write.add_token(&new).await?;
    write.commit().await?;
    let needed = SecondFactorNeeded {
        sign_in_token: token.text().to_owned(),
        methods,
        expires_at: Time(new.expires_at),
    };
    Ok((StatusCode::ACCEPTED, Json(needed)).into_response())
}
