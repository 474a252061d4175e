//! The caller's passkeys, and signing in by one.

use super::notice::{Notice, tell_user};
use super::password::told_of_own;
use super::totp::{new_codes, own_row};
use crate::auth::passkey::{
    Ceremony, Discovered, HANDLE_BYTES, PasskeyError, RelyingParty, StoredPasskey,
};
use crate::auth::session::later;
use crate::auth::sign_in::{self, Attempt, Refusal};
use crate::auth::tokens::{OneTimeToken, Purpose, TOKEN_CHARS, hash_of};
use crate::auth::{Principal, RequestSource, Subject, site};
use crate::clock;
use crate::extract::ApiJson;
use crate::hex;
use crate::problem::Problem;
use crate::routes::session::{Session, signed_in};
use crate::sensitive::Sensitive;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{NewPasskey, NewToken, PasskeyRow, UserId};
use utoipa::ToSchema;

/// How long a ceremony may take, seconds.
const GOOD_FOR_S: u32 = 300;

/// Ceremonies of strangers that may be under way; beyond it they are told to come again.
const CEREMONIES_MAX: u32 = 10_000;

/// Of these the ceremonies of one network, so that a few networks do not take all.
const CEREMONIES_OF_NETWORK_MAX: u32 = 50;

/// When to come again, at the latest when the first of them are over, seconds.
const CEREMONIES_RETRY_S: u64 = 60;

/// Passkeys of a user.
const PASSKEYS_MAX: u32 = 20;

const NAME_CHARS_MAX: usize = 100;

/// By what somebody signed in.
const METHOD: &str = "passkey";

/// The first half of a ceremony.
#[derive(Clone, Serialize, ToSchema)]
pub struct PasskeyCeremony {
    /// Send it with the second half.
    pub ceremony_token: String,
    /// The argument of `navigator.credentials.create` or `.get`, with binary values in base64url.
    #[schema(value_type = Object)]
    pub options: Value,
}

/// A new passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegistration {
    /// What the first half gave.
    #[schema(min_length = 64, max_length = 64)]
    pub ceremony_token: String,
    /// What the user calls the passkey.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What the browser gave: `PublicKeyCredential.toJSON()`.
    #[schema(value_type = Object)]
    pub credential: Value,
}

/// A sign-in by a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeySignIn {
    /// What the first half gave.
    #[schema(min_length = 64, max_length = 64)]
    pub ceremony_token: String,
    /// What the browser gave: `PublicKeyCredential.toJSON()`.
    #[schema(value_type = Object)]
    pub credential: Value,
    /// Whether the session is to outlive the browser, as long as the tenant's policy allows.
    #[serde(default)]
    pub remember: bool,
}

/// Another name of a passkey.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyName {
    /// The name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// The caller's passkeys.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PasskeyList {
    /// The oldest first.
    pub items: Vec<Passkey>,
}

/// A passkey.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Passkey {
    /// Its number.
    pub id: i64,
    /// What the user calls it.
    pub name: String,
    /// The domain that it is good for.
    pub domain: String,
    /// When it was registered.
    pub created_at: Time,
    /// When it was used last.
    #[schema(required)]
    pub last_used_at: Option<Time>,
}

/// A registered passkey.
#[derive(Clone, Serialize, ToSchema)]
pub struct RegisteredPasskey {
    /// Its number.
    pub id: i64,
    /// New recovery codes, when the passkey is the first second factor; empty else.
    pub recovery_codes: Vec<String>,
}

/// Lists the caller's passkeys.
#[utoipa::path(
    get,
    path = "/api/v1/me/passkeys",
    operation_id = "passkey_list",
    tag = "session",
    responses(
        (status = 200, description = "The passkeys", body = PasskeyList),
        (status = 403, description = "A key has no account", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passkey_list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<PasskeyList>, Problem> {
    let user = principal.own_account()?;
    let rows = state.store.passkeys(user).await?;
    let items = rows.into_iter().map(Passkey::of).collect();
    Ok(Json(PasskeyList { items }))
}

/// Begins to register a passkey.
#[utoipa::path(
    post,
    path = "/api/v1/me/passkeys/options",
    operation_id = "passkey_registration_begin",
    tag = "session",
    responses(
        (status = 200, description = "What the browser needs", body = PasskeyCeremony),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passkey_registration_begin(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Sensitive<Json<PasskeyCeremony>>, Problem> {
    let user = own_row(&state, &principal).await?;
    principal.recently_confirmed()?;
    let party = relying_party(&state)?;
    let existing: Vec<_> = state.store.passkeys(user.id).await?;
    let existing: Result<Vec<_>, _> = existing.iter().map(stored).collect();
    let mut fresh = [0; HANDLE_BYTES];
    getrandom::fill(&mut fresh).map_err(|error| Problem::internal(&error))?;
    let mut write = state.store.change_people(clock::now()).await?;
    let fresh = hex::encode(&fresh);
    let handle = write.authenticator_handle(user.id, &fresh).await?;
    let handle = handle_of(&handle)?;
    let begun = party.begin_registration(handle, &user.username, &existing?)?;
    write.commit().await?;
    let purpose = Purpose::PasskeyRegistration.as_str();
    let begun = keep(&state, begun, purpose, Asker::User(user.id)).await?;
    Ok(Sensitive(Json(begun)))
}

/// Registers a passkey.
#[utoipa::path(
    post,
    path = "/api/v1/me/passkeys",
    operation_id = "passkey_register",
    tag = "session",
    request_body = PasskeyRegistration,
    responses(
        (status = 201, description = "Registered", body = RegisteredPasskey),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The ceremony is over", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is registered already, or there are too many", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The answer of the authenticator is refused", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passkey_register(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(answer): ApiJson<PasskeyRegistration, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    let row = own_row(&state, &principal).await?;
    let user = row.id;
    let name = checked_name(&answer.name)?;
    let party = relying_party(&state)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let token = checked_token(&answer.ceremony_token)?;
    let purpose = Purpose::PasskeyRegistration.as_str();
    let begun = write.take_token(purpose, &token).await?;
    let begun = begun.filter(|begun| begun.user == Some(user));
    let begun = begun.ok_or_else(Problem::stale_token)?;
    let state_bytes = hex::decode(&begun.content).unwrap_or_default();
    let registered = party.finish_registration(&state_bytes, &answer.credential)?;
    let new = NewPasskey {
        user,
        credential_id: &hex::encode(&registered.credential_id),
        name: &name,
        domain: party.domain(),
        static_state: &registered.static_state,
        dynamic_state: &registered.dynamic_state,
        transports: registered.transports,
    };
    let Some(id) = write.add_passkey(&new, PASSKEYS_MAX).await? else {
        let detail = "It is registered already, or you have too many passkeys.";
        return Err(Problem::conflict(detail, Vec::new()));
    };
    let recovery_codes = if state.store.recovery_codes_left(user).await? == 0 {
        new_codes(&mut write, user).await?.recovery_codes
    } else {
        Vec::new()
    };
    tell_user(&state, &mut write, &row, Notice::PasskeyAdded).await?;
    write.tell(told_of_own(&principal, "passkey.add"));
    write.commit().await?;
    tracing::info!(%user, "passkey registered");
    let registered = RegisteredPasskey { id, recovery_codes };
    Ok(Sensitive((StatusCode::CREATED, Json(registered))).into_response())
}

/// Renames a passkey.
#[utoipa::path(
    put,
    path = "/api/v1/me/passkeys/{id}",
    operation_id = "passkey_rename",
    tag = "session",
    params(("id" = i64, Path, description = "The passkey")),
    request_body = PasskeyName,
    responses(
        (status = 204, description = "Renamed"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The caller has no such passkey", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name is refused", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passkey_rename(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(change): ApiJson<PasskeyName, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let user = principal.own_account()?;
    let name = checked_name(&change.name)?;
    let mut write = state.store.change_people(clock::now()).await?;
    if !write.rename_passkey(user, number(&id)?, &name).await? {
        return Err(unknown());
    }
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a passkey. The recovery codes go with the last second factor.
#[utoipa::path(
    delete,
    path = "/api/v1/me/passkeys/{id}",
    operation_id = "passkey_remove",
    tag = "session",
    params(("id" = i64, Path, description = "The passkey")),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The caller has no such passkey", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passkey_remove(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = own_row(&state, &principal).await?;
    let user = row.id;
    principal.recently_confirmed()?;
    let left = state.store.passkeys(user).await?.len();
    let app = state.store.totp(user).await?;
    let mut write = state.store.change_people(clock::now()).await?;
    let removed = write.remove_passkey(user, number(&id)?).await?;
    removed.ok_or_else(unknown)?;
    if left <= 1 && app.is_none_or(|app| app.confirmed_at.is_none()) {
        write.replace_recovery_codes(user, &[]).await?;
    }
    tell_user(&state, &mut write, &row, Notice::PasskeyRemoved).await?;
    write.tell(told_of_own(&principal, "passkey.remove"));
    write.commit().await?;
    tracing::info!(%user, "passkey removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to sign in by a passkey: the authenticator will say who the user is.
#[utoipa::path(
    post,
    path = "/api/v1/session/passkey/options",
    operation_id = "passkey_sign_in_begin",
    tag = "session",
    responses(
        (status = 200, description = "What the browser needs", body = PasskeyCeremony),
        (status = 429, description = "Too many sign in from this network at once: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured, or too many sign in at once", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn passkey_sign_in_begin(
    State(state): State<AppState>,
    source: RequestSource,
) -> Result<Json<PasskeyCeremony>, Problem> {
    let begun = relying_party(&state)?.begin_discovery()?;
    let purpose = Purpose::PasskeySignIn.as_str();
    let network = source.address.map(|address| site(address).to_string());
    let asker = Asker::Stranger(network.as_deref());
    let under_way = state
        .store
        .tokens(purpose, network.as_deref(), clock::now());
    let under_way = under_way.await?;
    if under_way.of_network >= CEREMONIES_OF_NETWORK_MAX {
        return Err(Problem::quota_used_up("passkey", CEREMONIES_RETRY_S));
    }
    if under_way.all >= CEREMONIES_MAX {
        return Err(Problem::unavailable("Too many sign in at once. Try again."));
    }
    keep(&state, begun, purpose, asker).await.map(Json)
}

/// Signs in by a passkey, which proves possession and the user's presence at once: no password and
/// no further factor is asked for.
#[utoipa::path(
    post,
    path = "/api/v1/session/passkey",
    operation_id = "passkey_sign_in",
    tag = "session",
    request_body = PasskeySignIn,
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The passkey is refused, or the ceremony is over", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn passkey_sign_in(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(answer): ApiJson<PasskeySignIn, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    let party = relying_party(&state)?;
    let assertion = Discovered::read(&answer.credential)?;
    let token = checked_token(&answer.ceremony_token)?;
    let count = Attempt::begin(&state, &source, Subject::Nobody)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let purpose = Purpose::PasskeySignIn.as_str();
    let begun = write.take_token(purpose, &token).await?;
    let begun = begun.ok_or_else(Problem::stale_token)?;
    let begun = hex::decode(&begun.content).unwrap_or_default();
    let credential = hex::encode(&assertion.credential_id);
    let passkey = state.store.passkey(&credential).await?;
    let passkey = passkey.ok_or_else(Problem::wrong_passkey)?;
    let user = state.store.user_by_id(passkey.user).await?;
    let user = user.ok_or_else(Problem::wrong_passkey)?;
    let handle = handle_of(user.authenticator_handle.as_deref().unwrap_or_default())?;
    let finished = party.finish_discovery(&begun, &assertion, &stored(&passkey)?, handle);
    let refusal = match &finished {
        Err(PasskeyError::Refused(_)) => Some(Refusal::WrongPasskey),
        Err(_) => None,
        Ok(_) => sign_in::refusal_of(&state, &source, &user).await?,
    };
    if let Some(refusal) = refusal {
        // The ceremony is over either way.
        write.commit().await?;
        sign_in::note_refusal(&state, &source, &user, refusal, METHOD);
        return Err(Problem::wrong_passkey());
    }
    if !write.use_passkey(&passkey, &finished?).await? {
        return Err(Problem::wrong_passkey());
    }
    count.succeeded();
    let begun = sign_in::complete(&state, write, &source, &user, METHOD, answer.remember).await?;
    signed_in(&state, &source, begun).await
}

/// Who began a ceremony.
#[derive(Clone, Copy)]
enum Asker<'a> {
    User(UserId),
    /// From that network.
    Stranger(Option<&'a str>),
}

/// Keeps the state of a ceremony until its second half.
async fn keep(
    state: &AppState,
    begun: Ceremony,
    purpose: &str,
    asker: Asker<'_>,
) -> Result<PasskeyCeremony, Problem> {
    let token = OneTimeToken::draw()?;
    let now = clock::now();
    let (user, network) = match asker {
        Asker::User(user) => (Some(user), None),
        Asker::Stranger(network) => (None, network),
    };
    let new = NewToken {
        hash: &token.hash(),
        purpose,
        user,
        network,
        content: &hex::encode(&begun.state),
        expires_at: later(now, GOOD_FOR_S),
    };
    let mut write = state.store.change_people(now).await?;
    write.forget_expired().await?;
    write.add_token(&new).await?;
    write.commit().await?;
    Ok(PasskeyCeremony {
        ceremony_token: token.text().to_owned(),
        options: begun.options,
    })
}

fn relying_party(state: &AppState) -> Result<&RelyingParty, Problem> {
    let unknown = "Passkeys need the setting `http.public_url`, with a domain.";
    let party = state.relying_party.as_ref();
    party.ok_or_else(|| Problem::unavailable(unknown))
}

fn stored(row: &PasskeyRow) -> Result<StoredPasskey, Problem> {
    let credential_id = hex::decode(&row.credential_id);
    Ok(StoredPasskey {
        credential_id: credential_id.ok_or_else(Problem::wrong_passkey)?,
        static_state: row.static_state.clone(),
        dynamic_state: row.dynamic_state.clone(),
        transports: row.transports,
    })
}

fn handle_of(text: &str) -> Result<[u8; HANDLE_BYTES], Problem> {
    let bytes = hex::decode(text).unwrap_or_default();
    bytes.try_into().map_err(|_| Problem::wrong_passkey())
}

fn checked_token(token: &str) -> Result<String, Problem> {
    if token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    Ok(hash_of(token))
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let characters = name.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&characters) || name.chars().any(char::is_control) {
        let message = format!("1 to {NAME_CHARS_MAX} characters on one line");
        return Err(Problem::invalid_field("name", message));
    }
    Ok(name.to_owned())
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::not_found("You have no such passkey.")
}

impl Passkey {
    fn of(row: PasskeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            domain: row.domain,
            created_at: Time(row.created_at),
            last_used_at: row.last_used_at.map(Time),
        }
    }
}

impl From<PasskeyError> for Problem {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Malformed(_) | PasskeyError::Refused(_) => {
                Self::invalid_field("credential", error.to_string())
            }
            other => Self::internal(&other),
        }
    }
}
