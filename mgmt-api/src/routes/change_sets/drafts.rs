//! The drafts of a change set.

use super::{find, page_limit};
use crate::access::Permission;
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::resource_engine::{
    ConfigurationError, Draft, PushOrigin, draft_of_row, is_stale, masked, value_differences,
    whole_of_base, whole_of_draft,
};
use crate::routes::apply::{ChangeAction, Difference};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use resources::ResourceKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ChangeSetRow, DraftQuery, DraftRow};
use utoipa::{IntoParams, ToSchema};

/// A page of drafts, by kind and name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftPage {
    /// The page.
    pub items: Vec<DraftSummary>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// What a change set wants of a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftSummary {
    /// Kind of the resource.
    pub kind: String,
    /// Its name in force; the name it shall get, when it is new.
    pub name: String,
    /// The name it shall have; another one than `name` is a rename.
    pub new_name: String,
    /// What shall be done.
    pub action: ChangeAction,
    /// The version that the draft was made from; null when there was none.
    #[schema(required)]
    pub base_version: Option<u64>,
    /// The version in force; null when there is none.
    #[schema(required)]
    pub version_in_force: Option<u64>,
    /// Whether the resource has changed since the draft was made: rebase before the push.
    pub is_stale: bool,
    /// The fields that differ from the version it was made from. Empty for who may not read the
    /// kind.
    pub differences: Vec<Difference>,
    /// Why.
    #[schema(required)]
    pub note: Option<String>,
    /// Who wants it.
    pub author: String,
    /// When it was last written.
    pub updated_at: Time,
}

/// A draft with all that the resource shall be.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftDetail {
    /// What the list shows.
    #[serde(flatten)]
    pub summary: DraftSummary,
    /// The whole resource as it shall be: name, external_id, assign, spec. Null when it shall go.
    #[schema(required, value_type = Option<Object>)]
    pub content: Option<Value>,
}

/// Which drafts.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DraftListQuery {
    /// Only of this kind.
    #[serde(default)]
    #[param(example = "trunk")]
    pub kind: Option<String>,
    /// How many, at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Lists the drafts of a change set.
///
/// Each with the fields that differ from the version that it was made from. What a push would do
/// now, the preview tells.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets/{id}/drafts",
    operation_id = "change_set_draft_list",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set"), DraftListQuery),
    responses(
        (status = 200, description = "A page of them", body = DraftPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_draft_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<DraftListQuery>,
) -> Result<Json<DraftPage>, Problem> {
    let limit = page_limit(query.limit)?;
    let change_set = find(&state, &principal, &id).await?;
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let wanted = DraftQuery {
        kind: query.kind,
        after,
        limit: Some(limit + 1),
        ..DraftQuery::default()
    };
    let (store, scope) = (&state.store, principal.scope());
    let mut rows = store.drafts(&scope, change_set.id, &wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    let next_cursor = last.map(|last| format!("{}/{}", last.draft.kind, last.draft.name));
    let items = rows.into_iter().map(|row| summary(&principal, row));
    Ok(Json(DraftPage {
        items: items
            .map(|found| found.map(|(summary, _)| summary))
            .collect::<Result<_, _>>()?,
        next_cursor,
    }))
}

/// One draft, with all that the resource shall be.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets/{id}/drafts/{kind}/{name}",
    operation_id = "change_set_draft_view",
    tag = "change-sets",
    params(
        ("id" = i64, Path, description = "Number of the change set"),
        ("kind" = String, Path, description = "Kind of the resource, such as `trunk`"),
        ("name" = String, Path, description = "Its name in force, or the one it shall get"),
    ),
    responses(
        (status = 200, description = "It", body = DraftDetail),
        (status = 404, description = "There is no such draft", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_draft_view(
    State(state): State<AppState>,
    principal: Principal,
    Path((id, kind, name)): Path<(String, String, String)>,
) -> Result<Json<DraftDetail>, Problem> {
    let (_, row) = find_draft(&state, &principal, (&id, &kind, &name)).await?;
    let (summary, draft) = summary(&principal, row)?;
    let content = draft.content.filter(|_| may_read(&principal, draft.kind));
    let content = content.map(|mut content| {
        masked(draft.kind, &mut content.spec);
        serde_json::to_value(content).unwrap_or_default()
    });
    Ok(Json(DraftDetail { summary, content }))
}

/// Takes a draft out of a change set.
#[utoipa::path(
    delete,
    path = "/api/v1/change-sets/{id}/drafts/{kind}/{name}",
    operation_id = "change_set_draft_delete",
    tag = "change-sets",
    params(
        ("id" = i64, Path, description = "Number of the change set"),
        ("kind" = String, Path, description = "Kind of the resource, such as `trunk`"),
        ("name" = String, Path, description = "Its name in force, or the one it shall get"),
    ),
    responses(
        (status = 204, description = "It is gone; the resource in force is as it was"),
        (status = 404, description = "There is no such draft", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The change set is scheduled or was pushed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_draft_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path((id, kind, name)): Path<(String, String, String)>,
) -> Result<StatusCode, Problem> {
    let (change_set, row) = find_draft(&state, &principal, (&id, &kind, &name)).await?;
    let gone = vec![(row.draft.kind, row.draft.name)];
    let (configuration, origin) = (&state.configuration, PushOrigin::new(&principal));
    configuration.withdraw(&origin, &change_set, gone).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find_draft(
    state: &AppState,
    principal: &Principal,
    (id, kind, name): (&str, &str, &str),
) -> Result<(ChangeSetRow, DraftRow), Problem> {
    let change_set = find(state, principal, id).await?;
    let query = DraftQuery {
        kind: Some(kind.to_owned()),
        name: Some(name.to_owned()),
        ..DraftQuery::default()
    };
    let (store, scope) = (&state.store, principal.scope());
    let mut rows = store.drafts(&scope, change_set.id, &query).await?;
    let in_force = rows.iter().position(|row| row.draft.name == name);
    let row = match in_force {
        Some(index) => Some(rows.swap_remove(index)),
        None => rows.pop(),
    };
    let missing =
        || Problem::not_found(format!("The change set has no draft of {kind} \"{name}\"."));
    Ok((change_set, row.ok_or_else(missing)?))
}

fn summary(
    principal: &Principal,
    row: DraftRow,
) -> Result<(DraftSummary, Draft), ConfigurationError> {
    let is_stale = is_stale(&row);
    let DraftRow {
        draft: stored,
        updated_at,
        base,
        version_in_force,
    } = row;
    let (author, new_name) = (stored.author.clone(), stored.new_name.clone());
    let draft = draft_of_row(stored)?;
    let kind = draft.kind;
    let before = base.as_ref().map(|base| whole_of_base(kind, base));
    let content = draft.content.as_ref();
    let after = content.map(|content| whole_of_draft(kind, content));
    let nothing = Value::Object(serde_json::Map::new());
    let differences = if may_read(principal, kind) {
        let before = before.as_ref().unwrap_or(&nothing);
        value_differences(before, after.as_ref().unwrap_or(&nothing))
    } else {
        Vec::new()
    };
    let action = match (draft.base_version, content) {
        (_, None) => ChangeAction::Deleted,
        (None, Some(_)) => ChangeAction::Created,
        (Some(_), Some(_)) => ChangeAction::Updated,
    };
    let summary = DraftSummary {
        kind: kind.to_string(),
        name: draft.name.clone(),
        new_name,
        action,
        base_version: draft.base_version,
        version_in_force,
        is_stale,
        differences,
        note: draft.note.clone(),
        author,
        updated_at: Time(updated_at),
    };
    Ok((summary, draft))
}

/// Who may read change sets sees what they are about, and of each kind what the role allows.
pub(super) fn may_read(principal: &Principal, kind: ResourceKind) -> bool {
    let needed = Permission::read_of(kind.as_str());
    needed.is_some_and(|needed| principal.permissions().contains(needed))
}

fn read_cursor(text: &str) -> Result<(String, String), Problem> {
    let parts = text.split_once('/');
    let parts = parts.map(|(kind, name)| (kind.to_owned(), name.to_owned()));
    parts.ok_or_else(|| Problem::bad_parameter("cursor", "this is no cursor of this list"))
}
