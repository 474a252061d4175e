//! The past of a resource: its versions, how they differ, and the way back to one.

use super::body::check_note;
use super::list_query::limit;
use super::single::{check_version, find_any, submit_one};
use super::submit::Writer;
use super::target::Target;
use super::view::{VersionView, if_match};
use super::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::auth::Principal;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::resource_engine::{Content, Draft, assignment_of, masked, value_differences};
use crate::routes::apply::Difference;
use crate::state::AppState;
use crate::values::Time;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::{Extension, Json};
use resources::ResourceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{ResourceRow, VersionRow};
use utoipa::ToSchema;

/// A page of the versions of a resource, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VersionPage {
    /// The page.
    pub items: Vec<VersionSummary>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A version without its fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VersionSummary {
    /// 1 for the first.
    pub version: u64,
    /// The configuration that it came into force with.
    pub configuration_number: u64,
    /// The name at that time.
    pub name: String,
    /// Who made it.
    pub author: String,
    /// When.
    pub created_at: Time,
    /// Why.
    #[schema(required)]
    pub note: Option<String>,
    /// The change set that it came with; null when it was a change of its own.
    #[schema(required)]
    pub change_set: Option<i64>,
    /// Whether the resource was taken away by it.
    pub deleted: bool,
}

/// How two versions differ.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// The earlier one.
    pub from: u64,
    /// The later one.
    pub to: u64,
    /// The fields that differ.
    pub differences: Vec<Difference>,
}

/// Which version shall be the newest again.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollBack {
    /// Its number.
    #[schema(minimum = 1)]
    pub version: u64,
    /// Why; kept with the new version.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// The parameters of a list of versions.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionListQuery {
    #[serde(default)]
    limit: Option<String>,
    #[serde(default)]
    cursor: Option<u64>,
}

/// The two that are compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareQuery {
    from: u64,
    #[serde(default)]
    to: Option<u64>,
}

pub(super) async fn version_list(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<VersionListQuery>,
) -> Result<Json<VersionPage>, Problem> {
    let resource = known(&state, &principal, kind, &id).await?;
    let count = query.limit.as_deref().map_or(Ok(LIMIT_DEFAULT), limit)?;
    let scope = principal.scope();
    let store = &state.store;
    let page = store.versions(&scope, resource.id, query.cursor, count.min(LIMIT_MAX));
    let page = page.await?;
    Ok(Json(VersionPage {
        items: page.rows.into_iter().map(VersionSummary::from).collect(),
        next_cursor: page.next.map(|version| version.to_string()),
    }))
}

pub(super) async fn version_view(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path((id, version)): Path<(String, String)>,
) -> Result<Json<VersionView>, Problem> {
    let version = version
        .parse()
        .map_err(|_| Problem::bad_parameter("version", "write a whole number"))?;
    let resource = known(&state, &principal, kind, &id).await?;
    let row = version_of(&state, &principal, &resource, version).await?;
    Ok(Json(VersionView::new(kind, row)))
}

pub(super) async fn compare(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<CompareQuery>,
) -> Result<Json<Comparison>, Problem> {
    let resource = known(&state, &principal, kind, &id).await?;
    let to = query.to.unwrap_or(resource.version);
    let before = version_of(&state, &principal, &resource, query.from).await?;
    let after = version_of(&state, &principal, &resource, to).await?;
    Ok(Json(Comparison {
        from: query.from,
        to,
        differences: value_differences(&whole(kind, before), &whole(kind, after)),
    }))
}

pub(super) async fn roll_back(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<RollBack, 65_536>,
) -> Result<Response, Problem> {
    let wanted = if_match(&headers)?;
    check_note(body.note.as_deref())?;
    let (state, principal) = (&writer.state, &writer.principal);
    let resource = known(state, principal, kind, &id).await?;
    check_version(wanted, resource.version)?;
    let version = version_of(state, principal, &resource, body.version).await?;
    let is_gone = resource.deleted_at.is_some();
    let draft = Draft {
        kind,
        name: if is_gone {
            version.name.clone()
        } else {
            resource.name
        },
        base_version: (!is_gone).then_some(resource.version),
        revives: is_gone.then_some(resource.id),
        note: body
            .note
            .or_else(|| Some(format!("Rolled back to version {}", body.version))),
        content: Some(Content::of_version(kind, version)),
    };
    submit_one(writer, draft, None, StatusCode::OK).await
}

/// The resource, also when it is gone and asked for by its number.
async fn known(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    id: &str,
) -> Result<ResourceRow, Problem> {
    let target = Target::parse(id);
    let row = find_any(state, principal, kind, &target).await?;
    row.ok_or_else(|| target.not_found(kind.title()))
}

async fn version_of(
    state: &AppState,
    principal: &Principal,
    resource: &ResourceRow,
    version: u64,
) -> Result<VersionRow, Problem> {
    let scope = principal.scope();
    let found = state.store.version(&scope, resource.id, version).await?;
    found.ok_or_else(|| {
        Problem::not_found(format!("\"{}\" has no version {version}.", resource.name))
    })
}

/// All of a version that can differ, secrets masked.
fn whole(kind: ResourceKind, row: VersionRow) -> Value {
    let mut spec = row.spec;
    masked(kind, &mut spec);
    let assign = assignment_of(&row.assignment);
    json!({
        "name": row.name,
        "external_id": row.external_id,
        "assign": (!assign.is_default()).then_some(assign),
        "rates": row.deck_hash.map(|hash| format!("deck {hash}")),
        "spec": spec,
    })
}

impl From<VersionRow> for VersionSummary {
    fn from(row: VersionRow) -> Self {
        Self {
            version: row.version,
            configuration_number: row.configuration,
            name: row.name,
            author: row.author,
            created_at: Time(row.created_at),
            note: row.note,
            change_set: row.change_set,
            deleted: row.deleted,
        }
    }
}
