//! The caller's authenticator app and recovery codes.

use super::notice::{Notice, tell_user};
use super::password::told_of_own;
use super::second_factor::methods_of;
use crate::auth::recovery;
use crate::auth::sign_in::Attempt;
use crate::auth::totp::{Seed, SeedError};
use crate::auth::{Principal, RequestSource, Subject};
use crate::clock;
use crate::extract::ApiJson;
use crate::hex;
use crate::problem::Problem;
use crate::routes::session::BODY_BYTES_MAX;
use crate::secrets::{SecretError, SecretText};
use crate::sensitive::Sensitive;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::{PeopleWrite, Scope, TenantId, UserId, UserRow};
use utoipa::ToSchema;

/// Under which name the app lists us.
const ISSUER: &str = "DIDTron";

/// The caller's account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Account {
    /// What is typed in to sign in.
    pub username: String,
    /// Where mail goes.
    #[schema(required)]
    pub email: Option<String>,
    /// Whether the address is proved to be the user's.
    pub email_verified: bool,
    /// The name of the person.
    pub full_name: String,
    /// The second factors that are set up: `totp`, `passkey`, `recovery_code`.
    pub second_factors: Vec<&'static str>,
    /// Recovery codes that are left.
    pub recovery_codes_left: u32,
}

/// What the app needs. It is shown this once.
#[derive(Clone, Serialize, ToSchema)]
pub struct AuthenticatorSetUp {
    /// To be typed into the app: base32.
    pub secret: String,
    /// To be shown as a square code: `otpauth://totp/…`.
    pub uri: String,
}

/// The proof that the app has the secret.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthenticatorConfirmation {
    /// The code that the app shows.
    #[schema(max_length = 64)]
    pub code: String,
}

/// A new set of recovery codes. They are shown this once; earlier ones are void.
#[derive(Clone, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// The codes; each is good once.
    pub recovery_codes: Vec<String>,
}

/// Shows the caller's account.
#[utoipa::path(
    get,
    path = "/api/v1/me",
    operation_id = "account_view",
    tag = "session",
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 403, description = "A key has no account", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn account_view(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<Account>, Problem> {
    let user = own_row(&state, &principal).await?;
    Ok(Json(Account {
        second_factors: methods_of(&state, &user).await?,
        recovery_codes_left: state.store.recovery_codes_left(user.id).await?,
        email_verified: user.email_verified_at.is_some(),
        username: user.username,
        email: user.email,
        full_name: user.full_name,
    }))
}

/// Begins to set an authenticator app up. It counts once a code of it was confirmed.
#[utoipa::path(
    post,
    path = "/api/v1/me/totp",
    operation_id = "totp_begin",
    tag = "session",
    responses(
        (status = 200, description = "What the app needs", body = AuthenticatorSetUp),
        (status = 409, description = "There is an app already: remove it first", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn totp_begin(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Sensitive<Json<AuthenticatorSetUp>>, Problem> {
    let user = own_row(&state, &principal).await?;
    principal.recently_confirmed()?;
    let seed = Seed::generate().map_err(seed_problem)?;
    let text = SecretText::new(hex::encode(seed.as_bytes()));
    let sealed = state
        .secrets
        .seal(user.tenant, &text)
        .map_err(secret_problem)?;
    let mut write = state.store.change_people(clock::now()).await?;
    if !write.begin_totp(user.id, &sealed).await? {
        let detail = "There is an app already. Remove it first.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    write.commit().await?;
    Ok(Sensitive(Json(AuthenticatorSetUp {
        secret: seed.base32(),
        uri: seed.uri(ISSUER, &user.username).map_err(seed_problem)?,
    })))
}

/// Confirms the app by a code of it. From now on a password alone is not enough. Other sessions
/// of the user end.
#[utoipa::path(
    post,
    path = "/api/v1/me/totp/confirmation",
    operation_id = "totp_confirm",
    tag = "session",
    request_body = AuthenticatorConfirmation,
    responses(
        (status = 200, description = "Set up; keep the recovery codes", body = RecoveryCodes),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "No app is being set up", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The code is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn totp_confirm(
    State(state): State<AppState>,
    principal: Principal,
    source: RequestSource,
    ApiJson(proof): ApiJson<AuthenticatorConfirmation, BODY_BYTES_MAX>,
) -> Result<Sensitive<Json<RecoveryCodes>>, Problem> {
    let user = own_row(&state, &principal).await?;
    let app = state.store.totp(user.id).await?;
    let app = app
        .filter(|app| app.confirmed_at.is_none())
        .ok_or_else(|| Problem::conflict("No app is being set up.", Vec::new()))?;
    let count = Attempt::begin(&state, &source, Subject::SecondFactor(&user.username))?;
    let seed = opened(&state, user.tenant, &app.secret_id).await?;
    let wrong = || Problem::invalid_field("code", "this is not the code that the app shows now");
    let mut write = state.store.change_people(clock::now()).await?;
    let step = seed.check(proof.code.trim(), write.now(), app.last_step);
    let step = step.ok_or_else(wrong)?;
    let taken = write.take_totp_step(user.id, &app.secret_id, step, true);
    if !taken.await? {
        return Err(wrong());
    }
    count.succeeded();
    let codes = new_codes(&mut write, user.id).await?;
    tell_user(&state, &mut write, &user, Notice::AppAdded).await?;
    write.tell(told_of_own(&principal, "totp.add"));
    let kept = principal.session().map(|session| session.id.as_str());
    write.end_sessions(user.id, kept).await?;
    write.commit().await?;
    tracing::info!(user = %user.id, "authenticator app set up");
    Ok(Sensitive(Json(codes)))
}

/// Removes the app. The recovery codes go with the last second factor.
#[utoipa::path(
    delete,
    path = "/api/v1/me/totp",
    operation_id = "totp_remove",
    tag = "session",
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There is no app", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn totp_remove(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<StatusCode, Problem> {
    let user = own_row(&state, &principal).await?;
    principal.recently_confirmed()?;
    let mut write = state.store.change_people(clock::now()).await?;
    if !write.remove_totp(user.tenant, user.id).await? {
        return Err(Problem::not_found("You have no authenticator app."));
    }
    if state.store.passkeys(user.id).await?.is_empty() {
        write.replace_recovery_codes(user.id, &[]).await?;
    }
    tell_user(&state, &mut write, &user, Notice::AppRemoved).await?;
    write.tell(told_of_own(&principal, "totp.remove"));
    write.commit().await?;
    tracing::info!(user = %user.id, "authenticator app removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new set of recovery codes; earlier ones are void.
#[utoipa::path(
    post,
    path = "/api/v1/me/recovery-codes",
    operation_id = "recovery_code_renew",
    tag = "session",
    responses(
        (status = 200, description = "The codes; keep them", body = RecoveryCodes),
        (status = 409, description = "There is no second factor to recover", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn recovery_code_renew(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Sensitive<Json<RecoveryCodes>>, Problem> {
    let user = own_row(&state, &principal).await?;
    principal.recently_confirmed()?;
    if methods_of(&state, &user).await?.is_empty() {
        let detail = "You have no second factor. Set one up first.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let mut write = state.store.change_people(clock::now()).await?;
    let codes = new_codes(&mut write, user.id).await?;
    tell_user(&state, &mut write, &user, Notice::CodesRenewed).await?;
    write.tell(told_of_own(&principal, "recovery_code.renew"));
    write.commit().await?;
    Ok(Sensitive(Json(codes)))
}

/// The seed of an app.
///
/// # Errors
/// [`Problem`]: it is not there or does not open.
pub(crate) async fn opened(
    state: &AppState,
    tenant: TenantId,
    secret: &str,
) -> Result<Seed, Problem> {
    let sealed = state
        .store
        .secret(&Scope::of_tenant(tenant), secret)
        .await?;
    // Whoever removed the app meanwhile removed its seed.
    let sealed = sealed.ok_or_else(Problem::wrong_second_factor)?;
    let text = state.secrets.unseal(&sealed).map_err(secret_problem)?;
    let bytes = hex::decode(text.expose()).unwrap_or_default();
    Seed::from_bytes(&bytes).map_err(seed_problem)
}

/// The caller's own row.
///
/// # Errors
/// 403 for keys and visitors of other tenants.
pub(crate) async fn own_row(state: &AppState, principal: &Principal) -> Result<UserRow, Problem> {
    let user = principal.own_account()?;
    let row = state.store.user(&principal.own_scope(), user).await?;
    row.ok_or_else(Problem::unauthenticated)
}

/// Replaces the recovery codes of a user.
pub(crate) async fn new_codes(
    write: &mut PeopleWrite,
    user: UserId,
) -> Result<RecoveryCodes, Problem> {
    let recovery_codes = recovery::generate().map_err(|error| Problem::internal(&error))?;
    let hash = |code: &String| recovery::hash(user.0, code);
    let hashes: Vec<_> = recovery_codes.iter().map(hash).collect();
    write.replace_recovery_codes(user, &hashes).await?;
    Ok(RecoveryCodes { recovery_codes })
}

fn seed_problem(error: SeedError) -> Problem {
    Problem::internal(&error)
}

fn secret_problem(error: SecretError) -> Problem {
    Problem::internal(&error)
}
