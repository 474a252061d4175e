//! The users of a tenant.

use super::notice::{Notice, tell_user};
use super::reach::{Reached, TenantParameter, reach};
use super::sessions::{SessionEntry, SessionList};
use super::version::Version;
use super::{checked_full_name, grantable};
use crate::access::roles::Portal;
use crate::auth::policy::{check_networks, stored_networks};
use crate::auth::{ActingTenant, Principal};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{ShortText, Time};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use resources::Network;
use serde::{Deserialize, Serialize};
use store::{NewAuditEntry, PeopleWrite, Scope, UserId, UserQuery, UserRow, UserStatus};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
const SESSIONS_SHOWN: u32 = 100;

/// Which users to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserListQuery {
    /// Part of the user name or of the person's name.
    #[param(max_length = 100, value_type = Option<String>)]
    pub search: Option<ShortText<100>>,
    /// Only with this role.
    #[param(max_length = 100, value_type = Option<String>)]
    pub role: Option<ShortText<100>>,
    /// Only in this state.
    pub status: Option<UserState>,
    /// Of a tenant right below the own one.
    pub tenant_id: Option<i64>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(max_length = 256, value_type = Option<String>)]
    pub cursor: Option<ShortText<256>>,
}

/// Whether a user may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Yes.
    Active,
    /// Not before the address is verified.
    Pending,
    /// No.
    Suspended,
}

/// A page of users, by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserList {
    /// The users.
    pub items: Vec<User>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Somebody who may sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// The user's number.
    pub id: i64,
    /// What is typed in to sign in.
    pub username: String,
    /// Where mail goes.
    #[schema(required)]
    pub email: Option<String>,
    /// The name of the person.
    pub full_name: String,
    /// The name of the role.
    pub role: String,
    /// Whether the user may sign in.
    pub status: UserState,
    /// Networks that the user may come from; none: everywhere.
    #[schema(value_type = Vec<String>)]
    pub allowed_networks: Vec<Network>,
    /// When the address was proved to be the user's.
    #[schema(required)]
    pub email_verified_at: Option<Time>,
    /// When the user signed in last.
    #[schema(required)]
    pub last_sign_in_at: Option<Time>,
    /// When the user was made.
    pub created_at: Time,
    /// When the user was changed last.
    pub updated_at: Time,
}

/// What can be changed of a user.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The name of the person.
    #[schema(max_length = 100)]
    pub full_name: String,
    /// The name of the role.
    #[schema(max_length = 100)]
    pub role: String,
    /// `active` or `suspended`; who is suspended is signed out everywhere.
    pub status: UserState,
    /// Networks that the user may come from; none: everywhere.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub allowed_networks: Vec<Network>,
}

/// Lists the tenant's users by name.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "user_list",
    tag = "people",
    params(UserListQuery),
    responses(
        (status = 200, description = "A page", body = UserList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<UserListQuery>,
) -> Result<Json<UserList>, Problem> {
    let tenant = TenantParameter {
        tenant_id: query.tenant_id,
    };
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let limit = super::limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let wanted = UserQuery {
        search: query.search.map(|text| text.0),
        role: query.role.map(|text| text.0),
        status: query.status.map(UserState::stored),
        after: query.cursor.map(|text| text.0),
        limit: limit + 1,
    };
    let mut rows = state.store.users(&scope, &wanted).await?;
    let more = super::cut(&mut rows, limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.username.clone());
    let items: Result<_, _> = rows.into_iter().map(User::of).collect();
    Ok(Json(UserList {
        items: items?,
        next_cursor,
    }))
}

/// Shows a user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}",
    operation_id = "user_view",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 200, description = "The user", body = User, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<Response, Problem> {
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let id = user_id(&id)?;
    let row = state.store.user(&scope, id).await?;
    respond(row.ok_or_else(|| unknown(id))?)
}

/// Changes a user: name, role, state, networks. Who gets another role or is suspended is signed
/// out everywhere.
#[utoipa::path(
    put,
    path = "/api/v1/users/{id}",
    operation_id = "user_update",
    tag = "people",
    params(
        ("id" = i64, Path, description = "The user"),
        TenantParameter,
        ("If-Match" = String, Header, description = "The `ETag` that was seen"),
    ),
    request_body = UserChange,
    responses(
        (status = 200, description = "The user as it is now", body = User, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nobody would be left who may do everything", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Another was faster", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_update(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
    ApiJson(change): ApiJson<UserChange, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    principal.recently_confirmed()?;
    let reached = reach(&state, &principal, &tenant).await?;
    let id = user_id(&id)?;
    let full_name = checked_full_name("full_name", &change.full_name)?;
    check_networks(&change.allowed_networks)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let mut row = touchable(&state, &principal, &reached, &mut write, id).await?;
    version(&row).check(&headers)?;
    let loses_role = change.role != row.role;
    if loses_role {
        grantable(&state, &principal, &reached.tenant, &change.role)?;
    }
    let status = match change.status {
        UserState::Pending if row.status != UserStatus::Pending => {
            return Err(Problem::invalid_field("status", "`active` or `suspended`"));
        }
        state => state.stored(),
    };
    let is_self = principal.user == Some(id);
    let lets_in = status == UserStatus::Active && row.status != UserStatus::Active;
    let networks =
        serde_json::to_string(&change.allowed_networks).map_err(|e| Problem::internal(&e))?;
    if loses_role || lets_in || networks != row.allowed_networks {
        principal.may_let_in(reached.tenant.id)?;
    }
    if is_self && (loses_role || status != row.status) {
        return Err(Problem::forbidden(
            "Nobody changes their own role or state.",
        ));
    }
    if loses_role || status != UserStatus::Active {
        keep_one(&mut write, &reached, &row).await?;
    }
    if loses_role || status == UserStatus::Suspended {
        write.end_sessions(id, None).await?;
    }
    let before = as_told(&row)?;
    row.full_name = full_name;
    row.role = change.role;
    row.status = status;
    row.allowed_networks = networks;
    write.put_user(&row).await?;
    row.updated_at = write.now();
    let told = told_of(&principal, &row, "user.update");
    write.tell(told.values(Some(before), Some(as_told(&row)?)));
    write.commit().await?;
    tracing::info!(user = %id, by = %principal.name, "user changed");
    respond(row)
}

/// Removes a user with everything that is only theirs. The API keys that they made end.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}",
    operation_id = "user_delete",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nobody would be left who may do everything", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<StatusCode, Problem> {
    principal.recently_confirmed()?;
    let reached = reach(&state, &principal, &tenant).await?;
    let id = user_id(&id)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let row = touchable(&state, &principal, &reached, &mut write, id).await?;
    if principal.user == Some(id) {
        return Err(Problem::forbidden("Nobody removes themselves."));
    }
    keep_one(&mut write, &reached, &row).await?;
    write.remove_totp(row.tenant, id).await?;
    let keys = write.remove_user(&reached.scope(), id).await?;
    for key in keys.unwrap_or_default() {
        let told = principal.audit(row.tenant, "api_key.revoke");
        write.tell(told.on("api_key", Some(key.id), key.name));
    }
    let told = told_of(&principal, &row, "user.delete");
    write.tell(told.values(Some(as_told(&row)?), None));
    write.commit().await?;
    tracing::info!(user = %id, by = %principal.name, "user removed");
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a user's sessions.
#[utoipa::path(
    get,
    path = "/api/v1/users/{id}/sessions",
    operation_id = "user_session_list",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 200, description = "The sessions", body = SessionList),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_session_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<Json<SessionList>, Problem> {
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let id = user_id(&id)?;
    let row = state.store.user(&scope, id).await?;
    row.ok_or_else(|| unknown(id))?;
    let rows = state.store.sessions_of(id, clock::now(), SESSIONS_SHOWN);
    let current = principal.session().map(|session| session.id.as_str());
    let items = rows.await?.into_iter();
    let items = items.map(|row| SessionEntry::of(row, current)).collect();
    Ok(Json(SessionList { items }))
}

/// Signs a user out everywhere.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/sessions",
    operation_id = "user_session_delete_all",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 204, description = "Signed out"),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_session_delete_all(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<StatusCode, Problem> {
    let reached = reach(&state, &principal, &tenant).await?;
    let id = user_id(&id)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let row = touchable(&state, &principal, &reached, &mut write, id).await?;
    write.end_sessions(id, None).await?;
    write.tell(told_of(&principal, &row, "session.end_all"));
    write.commit().await?;
    tracing::info!(user = %id, by = %principal.name, "signed out by another");
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a user's second factors, for who lost them all. The user signs in with the password
/// alone then, and is signed out everywhere now.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{id}/second-factor",
    operation_id = "user_second_factor_remove",
    tag = "people",
    params(("id" = i64, Path, description = "The user"), TenantParameter),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The tenant has no such user", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn user_second_factor_remove(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<StatusCode, Problem> {
    let reached = reach(&state, &principal, &tenant).await?;
    principal.may_let_in(reached.tenant.id)?;
    let id = user_id(&id)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let row = touchable(&state, &principal, &reached, &mut write, id).await?;
    write.remove_totp(row.tenant, id).await?;
    write.remove_passkeys(id).await?;
    write.replace_recovery_codes(id, &[]).await?;
    write.end_sessions(id, None).await?;
    tell_user(&state, &mut write, &row, Notice::SecondFactorsRemoved).await?;
    write.tell(told_of(&principal, &row, "user.second_factor_remove"));
    write.commit().await?;
    tracing::info!(user = %id, by = %principal.name, "second factors removed");
    Ok(StatusCode::NO_CONTENT)
}

/// A user whom the caller may do something to: of that tenant, and allowed no more than the
/// caller.
///
/// # Errors
/// 404 or 403.
pub(crate) async fn touchable(
    state: &AppState,
    principal: &Principal,
    reached: &Reached,
    write: &mut PeopleWrite,
    id: UserId,
) -> Result<UserRow, Problem> {
    let row = write.user(&reached.scope(), id).await?;
    let row = row.ok_or_else(|| unknown(id))?;
    // A role that is gone allows nothing.
    let rights = crate::auth::identity::rights_of(state, &reached.tenant, &row.role);
    let rights = rights.unwrap_or_default();
    if principal.permissions().covers(&rights.permissions) {
        Ok(row)
    } else {
        Err(Problem::forbidden("The user may do more than you."))
    }
}

/// # Errors
/// 409 when the user is the last active one with the first role of the tenant's portal.
async fn keep_one(
    write: &mut PeopleWrite,
    reached: &Reached,
    row: &UserRow,
) -> Result<(), Problem> {
    let first = first_role(&reached.tenant);
    if row.role != first || row.status != UserStatus::Active {
        return Ok(());
    }
    let scope: Scope = reached.scope();
    if write.others_with_role(&scope, first, row.id).await? > 0 {
        return Ok(());
    }
    let detail = format!("This is the last active user with the role `{first}`.");
    Err(Problem::conflict(detail, Vec::new()))
}

/// An entry of the audit log: what somebody did to another's account.
fn told_of(principal: &Principal, row: &UserRow, operation: &'static str) -> NewAuditEntry {
    let entry = principal.audit(row.tenant, operation);
    entry.on("user", Some(row.id.0), &*row.username)
}

/// What can be changed of a user.
fn version(row: &UserRow) -> Version {
    let status = row.status.as_str();
    Version::of(&[&row.full_name, &row.role, status, &row.allowed_networks])
}

fn respond(row: UserRow) -> Result<Response, Problem> {
    let version = version(&row);
    Ok(version.respond(User::of(row)?))
}

/// A user as the audit log shows it.
fn as_told(row: &UserRow) -> Result<serde_json::Value, Problem> {
    let user = User::of(row.clone())?;
    serde_json::to_value(&user).map_err(|error| Problem::internal(&error))
}

fn first_role(tenant: &ActingTenant) -> &'static str {
    Portal::from(tenant.audience).first_role()
}

/// # Errors
/// 404: what is no number names no user.
pub(crate) fn user_id(text: &str) -> Result<UserId, Problem> {
    let id = text.parse().map(UserId);
    id.map_err(|_| Problem::not_found("There is no such user."))
}

pub(crate) fn unknown(id: UserId) -> Problem {
    Problem::not_found(format!("There is no user {id}."))
}

impl UserState {
    fn stored(self) -> UserStatus {
        match self {
            Self::Active => UserStatus::Active,
            Self::Pending => UserStatus::Pending,
            Self::Suspended => UserStatus::Suspended,
        }
    }

    fn of(status: UserStatus) -> Self {
        match status {
            UserStatus::Active => Self::Active,
            UserStatus::Pending => Self::Pending,
            UserStatus::Suspended => Self::Suspended,
        }
    }
}

impl User {
    pub(crate) fn of(row: UserRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id.0,
            username: row.username,
            email: row.email,
            full_name: row.full_name,
            role: row.role,
            status: UserState::of(row.status),
            allowed_networks: stored_networks(&row.allowed_networks)?,
            email_verified_at: row.email_verified_at.map(Time),
            last_sign_in_at: row.last_sign_in_at.map(Time),
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
        })
    }
}
