//! API keys of a tenant: making, listing, rotating and revoking them.

mod body;

pub use body::{ApiKeyCreate, ApiKeyRotate, PermissionName};

use crate::access::PermissionSet;
use crate::access::api_keys::{ApiKeySecret, permissions};
use crate::auth::{Credential, Principal};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::{FieldError, Problem};
use crate::sensitive::Sensitive;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use store::{API_KEYS_MAX, ApiKeyRefusal, ApiKeyRotation, ApiKeyRow, NewApiKey};
use utoipa::{IntoParams, ToSchema};

/// Most bytes of a body.
const BODY_BYTES_MAX: usize = 32 << 10;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Keys that ended are kept for this long, so that it can be seen what they were, days.
const KEPT_DAYS: i64 = 90;

/// Which keys to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApiKeyQuery {
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    pub cursor: Option<String>,
}

/// A page of keys, the newest first; those that ended stand in it for 90 days.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKeyPage {
    /// The keys.
    pub items: Vec<ApiKey>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Whether a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApiKeyState {
    /// It counts.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// A key without its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// Its number.
    #[schema(minimum = 1)]
    pub id: i64,
    /// Its name.
    pub name: String,
    /// How the key begins.
    #[schema(example = "dtk_1f9a03")]
    pub hint: String,
    /// Whether it counts.
    pub state: ApiKeyState,
    /// What it was made for. It may do so much of it as its maker may do at that moment.
    pub permissions: Vec<PermissionName>,
    /// Addresses and ranges that it may be used from; empty: all.
    pub networks: Vec<String>,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Time,
    /// When its secret last changed.
    #[schema(required)]
    pub rotated_at: Option<Time>,
    /// Until when the secret before that counts too.
    #[schema(required)]
    pub previous_valid_until: Option<Time>,
    /// When it ends by itself.
    #[schema(required)]
    pub expires_at: Option<Time>,
    /// When somebody ended it.
    #[schema(required)]
    pub revoked_at: Option<Time>,
    /// When it was used last; other nodes' uses are seen half a minute late.
    #[schema(required)]
    pub last_used_at: Option<Time>,
    /// From which address that was.
    #[schema(required)]
    pub last_used_from: Option<String>,
}

/// A key with its secret, which is shown this once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApiKeySecretShown {
    /// What is known of it from now on.
    pub api_key: ApiKey,
    /// Send it as `Authorization: Bearer`. It cannot be shown again.
    #[schema(example = "dtk_…")]
    pub key: String,
}

/// Lists the tenant's API keys.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys",
    operation_id = "api_key_list",
    tag = "api_keys",
    params(ApiKeyQuery),
    responses((status = 200, description = "The keys", body = ApiKeyPage)),
)]
pub(crate) async fn api_key_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ApiKeyQuery>,
) -> Result<Json<ApiKeyPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("write a whole number from 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let before = query.cursor.map(|cursor| cursor.parse::<i64>()).transpose();
    let before =
        before.map_err(|_| Problem::bad_parameter("cursor", "send `next_cursor` as it came"))?;
    let scope = principal.own_scope();
    // One more than asked for tells whether there is a next page.
    let mut rows = state.store.api_keys(&scope, before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.into_iter().map(|row| shown(&state, row)).collect();
    Ok(Json(ApiKeyPage {
        items,
        next_cursor: next,
    }))
}

/// Makes an API key. The answer shows it; nothing shows it again.
///
/// It may do what is listed, as far as whoever makes it may still do it when the key is used. A key
/// makes no keys.
#[utoipa::path(
    post,
    path = "/api/v1/api-keys",
    operation_id = "api_key_create",
    tag = "api_keys",
    request_body = ApiKeyCreate,
    responses(
        (status = 201, description = "The new key", body = ApiKeySecretShown,
         headers(("Location" = String, description = "Where the key is read"))),
        (status = 409, description = "The name is taken, or there are too many keys", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn api_key_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(body): ApiJson<ApiKeyCreate, BODY_BYTES_MAX>,
) -> Result<impl IntoResponse, Problem> {
    if matches!(principal.credential, Credential::ApiKey(_)) {
        return Err(Problem::forbidden("An API key makes no API keys."));
    }
    no_visitor(&principal)?;
    principal.recently_confirmed()?;
    let now = clock::now();
    let wanted = body.check(now)?;
    within(&wanted.permissions, principal.permissions())?;
    let secret = ApiKeySecret::draw().map_err(|error| Problem::internal(&error))?;
    let names: Vec<_> = wanted
        .permissions
        .iter()
        .map(|one| one.to_string())
        .collect();
    let new = NewApiKey {
        name: &wanted.name,
        hint: secret.hint(),
        key_hash: &secret.hash(),
        permissions: &names,
        networks: &wanted.networks,
        maker: principal.user,
        made_by: &principal.name,
        expires_at: wanted.expires_at,
    };
    let scope = principal.own_scope();
    let forget_before = Timestamp(now.0 - KEPT_DAYS * 86_400 * 1_000_000);
    let told = principal.audit(scope.tenant(), "api_key.create");
    let added = state
        .store
        .add_api_key(&scope, new, told, now, forget_before);
    let id = added.await?.map_err(refused)?;
    let row = state.store.api_key(&scope, id).await?;
    let row = row.ok_or_else(|| unknown(id))?;
    let location = [(header::LOCATION, format!("/api/v1/api-keys/{id}"))];
    let shown = secret_shown(&state, row, &secret);
    Ok((StatusCode::CREATED, location, shown))
}

/// Shows an API key, without its secret.
#[utoipa::path(
    get,
    path = "/api/v1/api-keys/{id}",
    operation_id = "api_key_view",
    tag = "api_keys",
    params(("id" = i64, Path, description = "Number of the key", minimum = 1)),
    responses((status = 200, description = "The key", body = ApiKey)),
)]
pub(crate) async fn api_key_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<ApiKey>, Problem> {
    let row = find(&state, &principal, &id).await?;
    Ok(Json(shown(&state, row)))
}

/// Ends an API key at once, for good.
#[utoipa::path(
    post,
    path = "/api/v1/api-keys/{id}/revoke",
    operation_id = "api_key_revoke",
    tag = "api_keys",
    params(("id" = i64, Path, description = "Number of the key", minimum = 1)),
    responses((status = 200, description = "The key, which counts no more", body = ApiKey)),
)]
pub(crate) async fn api_key_revoke(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<ApiKey>, Problem> {
    let row = find(&state, &principal, &id).await?;
    let scope = principal.own_scope();
    let told = principal.audit(scope.tenant(), "api_key.revoke");
    let store = &state.store;
    store
        .revoke_api_key(&scope, row.id, told, clock::now())
        .await?;
    let row = find(&state, &principal, &id).await?;
    Ok(Json(shown(&state, row)))
}

/// Gives an API key another secret, which the answer shows.
///
/// The old one ends at once, or counts for as long as is asked for, so that programs can be changed
/// one by one. Only whoever made a key rotates it, and only while they may do all that it was made
/// for: it borrows their rights, so its secret is handed to nobody else. Others make a key of their
/// own. A key rotates only itself.
#[utoipa::path(
    post,
    path = "/api/v1/api-keys/{id}/rotate",
    operation_id = "api_key_rotate",
    tag = "api_keys",
    params(("id" = i64, Path, description = "Number of the key", minimum = 1)),
    request_body = ApiKeyRotate,
    responses(
        (status = 200, description = "The key with its new secret", body = ApiKeySecretShown),
        (status = 409, description = "The key has ended", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn api_key_rotate(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<ApiKeyRotate, BODY_BYTES_MAX>,
) -> Result<impl IntoResponse, Problem> {
    no_visitor(&principal)?;
    principal.recently_confirmed()?;
    let row = find(&state, &principal, &id).await?;
    let id = row.id;
    match principal.credential {
        Credential::ApiKey(own) if own == id => {}
        Credential::ApiKey(_) => {
            return Err(Problem::forbidden("An API key rotates only itself."));
        }
        _ if row.maker != principal.user => {
            let detail = "Only its maker rotates a key, because it has the maker's rights. Make a \
                new key, and revoke this one.";
            return Err(Problem::forbidden(detail));
        }
        _ if principal.permissions().covers(&permissions(&row)) => {}
        _ => {
            let detail = "The key may do what you may not.";
            return Err(Problem::forbidden(detail));
        }
    }
    let now = clock::now();
    let previous_until = body.previous_until(now)?;
    let secret = ApiKeySecret::draw().map_err(|error| Problem::internal(&error))?;
    let rotation = ApiKeyRotation {
        hint: secret.hint(),
        key_hash: &secret.hash(),
        previous_until,
    };
    let scope = principal.own_scope();
    let told = principal.audit(scope.tenant(), "api_key.rotate");
    let rotated = state.store.rotate_api_key(&scope, id, rotation, told, now);
    if !rotated.await? {
        return Err(Problem::conflict(
            "The key has ended. Make another one.",
            Vec::new(),
        ));
    }
    let row = state.store.api_key(&scope, id).await?;
    let row = row.ok_or_else(|| unknown(id))?;
    Ok(secret_shown(&state, row, &secret))
}

async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<ApiKeyRow, Problem> {
    let wrong = |_| Problem::bad_parameter("id", "write the number of a key");
    let id: i64 = id.parse().map_err(wrong)?;
    let row = state.store.api_key(&principal.own_scope(), id).await?;
    row.ok_or_else(|| unknown(id))
}

fn unknown(id: i64) -> Problem {
    Problem::not_found(format!("There is no API key {id}."))
}

/// Whoever only visits takes no lasting secret along.
fn no_visitor(principal: &Principal) -> Result<(), Problem> {
    match principal.visit {
        None => Ok(()),
        Some(_) => Err(Problem::forbidden(
            "Leave this tenant first: its own people make its keys.",
        )),
    }
}

/// Nobody hands out more than they have.
fn within(wanted: &PermissionSet, own: &PermissionSet) -> Result<(), Problem> {
    let missing = wanted.difference(own);
    if missing.is_empty() {
        return Ok(());
    }
    let errors = missing.iter().map(|permission| FieldError {
        field: Some("permissions".to_owned()),
        message: format!("you may not do `{permission}` yourself"),
        ..FieldError::default()
    });
    let detail = "A key cannot do more than whoever makes it.";
    Err(Problem::invalid(detail, errors.collect()))
}

fn refused(refusal: ApiKeyRefusal) -> Problem {
    match refusal {
        ApiKeyRefusal::NameTaken => Problem::conflict(
            "Another key has this name.",
            vec![FieldError {
                field: Some("name".to_owned()),
                message: "another key has it".to_owned(),
                ..FieldError::default()
            }],
        ),
        ApiKeyRefusal::TooMany => {
            let detail = format!("There are {API_KEYS_MAX} keys. Revoke some first.");
            Problem::conflict(detail, Vec::new())
        }
    }
}

/// A key as it is shown, with the uses that are not in the database yet.
fn shown(state: &AppState, mut row: ApiKeyRow) -> ApiKey {
    state.api_key_uses.bring_into(&mut row);
    ApiKey::new(row, clock::now())
}

fn secret_shown(
    state: &AppState,
    row: ApiKeyRow,
    secret: &ApiKeySecret,
) -> Sensitive<Json<ApiKeySecretShown>> {
    Sensitive(Json(ApiKeySecretShown {
        api_key: shown(state, row),
        key: secret.text().to_owned(),
    }))
}

impl ApiKey {
    fn new(row: ApiKeyRow, now: Timestamp) -> Self {
        let state = match (row.revoked_at, row.expires_at) {
            (Some(_), _) => ApiKeyState::Revoked,
            (None, Some(end)) if end <= now => ApiKeyState::Expired,
            _ => ApiKeyState::Active,
        };
        Self {
            id: row.id,
            state,
            permissions: permissions(&row).iter().map(PermissionName).collect(),
            name: row.name,
            hint: row.hint,
            networks: row.networks,
            made_by: row.made_by,
            created_at: Time(row.created_at),
            rotated_at: row.rotated_at.map(Time),
            previous_valid_until: row.previous_until.filter(|end| *end > now).map(Time),
            expires_at: row.expires_at.map(Time),
            revoked_at: row.revoked_at.map(Time),
            last_used_at: row.last_used_at.map(Time),
            last_used_from: row.last_used_from,
        }
    }
}
