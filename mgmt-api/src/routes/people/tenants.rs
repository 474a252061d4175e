//! The tenants right below the caller's: operators of the platform, and the customers and carriers
//! that have a portal.

use super::checked_full_name;
use super::version::Version;
use crate::auth::Principal;
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{TenantId, TenantQuery, TenantRow};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Which tenants to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantListQuery {
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<TenantKind>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// Kinds of tenants that lie below another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TenantKind {
    /// Runs a switch of its own on the platform.
    Operator,
    /// A customer with a portal.
    Customer,
    /// A carrier with a portal.
    Carrier,
}

/// A page of tenants, the oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TenantList {
    /// The tenants.
    pub items: Vec<Tenant>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Tenant {
    /// Its number.
    pub id: i64,
    /// `operator`, `customer` or `carrier`.
    pub kind: String,
    /// Its name; of a customer or a carrier the resource's.
    pub name: String,
    /// When it was made.
    pub created_at: Time,
    /// Since when nobody of it may sign in.
    #[schema(required)]
    pub suspended_at: Option<Time>,
}

/// What is said of an operator.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorDraft {
    /// Its name, unique.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
}

/// Lists the tenants right below.
#[utoipa::path(
    get,
    path = "/api/v1/tenants",
    operation_id = "tenant_list",
    tag = "people",
    params(TenantListQuery),
    responses(
        (status = 200, description = "A page", body = TenantList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<TenantListQuery>,
) -> Result<Json<TenantList>, Problem> {
    let limit = super::limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let wanted = TenantQuery {
        kind: query.kind.map(|kind| kind.as_str().to_owned()),
        after: super::number_cursor(query.cursor.as_deref())?.unwrap_or(0),
        limit: limit + 1,
    };
    let scope = principal.own_scope();
    let mut rows = state.store.tenants_below(&scope, &wanted).await?;
    let more = super::cut(&mut rows, limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.into_iter().filter(|row| !row.gone).map(Tenant::of);
    Ok(Json(TenantList {
        items: items.collect(),
        next_cursor,
    }))
}

/// Makes an operator. Invite its first user then, with `tenant_id`.
#[utoipa::path(
    post,
    path = "/api/v1/tenants",
    operation_id = "tenant_create",
    tag = "people",
    request_body = OperatorDraft,
    responses(
        (status = 201, description = "The operator", body = Tenant),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name is refused", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(draft): ApiJson<OperatorDraft, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    principal.recently_confirmed()?;
    let name = checked_name(&draft.name)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let id = write.add_operator(&name).await?.ok_or_else(taken)?;
    let told = principal.audit(principal.tenant.id, "tenant.create");
    write.tell(told.on("tenant", Some(id.get()), &*name));
    write.commit().await?;
    tracing::info!(tenant = %id, by = %principal.name, "operator made");
    let tenant = below(&state, &principal, id).await?;
    Ok((StatusCode::CREATED, Json(Tenant::of(tenant))).into_response())
}

/// Shows a tenant right below.
#[utoipa::path(
    get,
    path = "/api/v1/tenants/{id}",
    operation_id = "tenant_view",
    tag = "people",
    params(("id" = i64, Path, description = "The tenant")),
    responses(
        (status = 200, description = "The tenant", body = Tenant, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such tenant below", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let tenant = below(&state, &principal, tenant_id(&id)?).await?;
    Ok(respond(tenant))
}

/// Renames an operator. A customer or a carrier is called as its resource is.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{id}",
    operation_id = "tenant_rename",
    tag = "people",
    params(
        ("id" = i64, Path, description = "The operator"),
        ("If-Match" = String, Header, description = "The `ETag` that was seen"),
    ),
    request_body = OperatorDraft,
    responses(
        (status = 200, description = "The operator", body = Tenant, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such operator", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Another was faster", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name is refused", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_rename(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiJson(draft): ApiJson<OperatorDraft, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    principal.recently_confirmed()?;
    let (id, name) = (tenant_id(&id)?, checked_name(&draft.name)?);
    let before = below(&state, &principal, id).await?;
    if before.kind != TenantKind::Operator.as_str() {
        return Err(unknown());
    }
    Version::of(&[&before.name]).check(&headers)?;
    let mut write = state.store.change_people(clock::now()).await?;
    let renamed = write.rename_operator(id, &before.name, &name).await;
    let renamed = renamed.map_err(|error| {
        if error.is_unique_violation() {
            taken()
        } else {
            error.into()
        }
    })?;
    if !renamed {
        let detail = "The operator was renamed by another. Look at it again.";
        return Err(Problem::precondition_failed(detail));
    }
    let told = principal.audit(principal.tenant.id, "tenant.update");
    let told = told.on("tenant", Some(id.get()), &*name);
    let (before, after) = (json!({ "name": before.name }), json!({ "name": name }));
    write.tell(told.values(Some(before), Some(after)));
    write.commit().await?;
    let tenant = below(&state, &principal, id).await?;
    Ok(respond(tenant))
}

/// Suspends a tenant: its people, and those of the tenants below it, are signed out and stay out.
/// Its calls are not touched.
#[utoipa::path(
    put,
    path = "/api/v1/tenants/{id}/suspension",
    operation_id = "tenant_suspend",
    tag = "people",
    params(("id" = i64, Path, description = "The tenant")),
    responses(
        (status = 204, description = "Suspended"),
        (status = 404, description = "There is no such tenant below", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_suspend(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    suspend(&state, &principal, &id, true).await
}

/// Lets a suspended tenant in again.
#[utoipa::path(
    delete,
    path = "/api/v1/tenants/{id}/suspension",
    operation_id = "tenant_resume",
    tag = "people",
    params(("id" = i64, Path, description = "The tenant")),
    responses(
        (status = 204, description = "Not suspended any more"),
        (status = 404, description = "There is no such tenant below", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn tenant_resume(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    suspend(&state, &principal, &id, false).await
}

async fn suspend(
    state: &AppState,
    principal: &Principal,
    id: &str,
    suspended: bool,
) -> Result<StatusCode, Problem> {
    principal.recently_confirmed()?;
    let row = below(state, principal, tenant_id(id)?).await?;
    let id = row.id;
    let mut write = state.store.change_people(clock::now()).await?;
    let scope = principal.own_scope();
    if !write.suspend_tenant(&scope, id, suspended).await? {
        return Err(unknown());
    }
    if suspended {
        write.end_sessions_of_tenant(id).await?;
    }
    let operation = if suspended {
        "tenant.suspend"
    } else {
        "tenant.resume"
    };
    let told = principal.audit(principal.tenant.id, operation);
    write.tell(told.on("tenant", Some(id.get()), row.name));
    write.commit().await?;
    tracing::info!(tenant = %id, suspended, by = %principal.name, "tenant suspended or let in");
    Ok(StatusCode::NO_CONTENT)
}

/// A tenant right below the caller's.
///
/// # Errors
/// 404 for all others.
pub(crate) async fn below(
    state: &AppState,
    principal: &Principal,
    id: TenantId,
) -> Result<TenantRow, Problem> {
    let row = state.store.tenant_below(&principal.own_scope(), id).await?;
    row.filter(|row| !row.gone).ok_or_else(unknown)
}

/// # Errors
/// 404: what is no number names no tenant.
pub(crate) fn tenant_id(text: &str) -> Result<TenantId, Problem> {
    let id = text.parse().map(TenantId::new);
    id.map_err(|_| unknown())
}

fn respond(row: TenantRow) -> Response {
    let version = Version::of(&[&row.name]);
    version.respond(Tenant::of(row))
}

fn checked_name(name: &str) -> Result<String, Problem> {
    let name = checked_full_name("name", name)?;
    if name.is_empty() {
        return Err(Problem::invalid_field("name", "1 to 100 characters"));
    }
    Ok(name)
}

fn taken() -> Problem {
    Problem::conflict("There is an operator of this name.", Vec::new())
}

fn unknown() -> Problem {
    Problem::not_found("There is no such tenant below yours.")
}

impl TenantKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Customer => "customer",
            Self::Carrier => "carrier",
        }
    }
}

impl Tenant {
    fn of(row: TenantRow) -> Self {
        Self {
            id: row.id.get(),
            kind: row.kind,
            name: row.name,
            created_at: Time(row.created_at),
            suspended_at: row.suspended_at.map(Time),
        }
    }
}
