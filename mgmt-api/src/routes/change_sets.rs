//! Change sets: changes that are collected, looked at, and pushed together.

mod drafts;
mod editing;
mod preview;
mod push;
mod rollback;

pub(crate) use drafts::{
    __path_change_set_draft_delete, __path_change_set_draft_list, __path_change_set_draft_view,
    change_set_draft_delete, change_set_draft_list, change_set_draft_view,
};
pub use drafts::{DraftDetail, DraftPage, DraftSummary};
pub(crate) use editing::{
    __path_change_set_create, __path_change_set_delete, __path_change_set_update,
    change_set_create, change_set_delete, change_set_update,
};
pub use editing::{ChangeSetCreate, ChangeSetUpdate};
pub(crate) use preview::{__path_change_set_preview, change_set_preview};
pub(crate) use push::{
    __path_change_set_push, __path_change_set_rebase, __path_change_set_unschedule,
    change_set_push, change_set_rebase, change_set_unschedule,
};
pub use push::{PushRequest, RebaseRequest, RebaseResult};
pub(crate) use rollback::{
    __path_change_set_later_change_list, __path_change_set_roll_back, change_set_later_change_list,
    change_set_roll_back,
};
pub use rollback::{LaterChange, LaterChangeList, RollbackRequest};

use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::resources::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::state::AppState;
use crate::values::{ShortText, Time};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{ChangeSetQuery, ChangeSetRow, ChangeSetState};
use utoipa::{IntoParams, ToSchema};

/// Longest name, characters.
const NAME_CHARS_MAX: usize = 200;

/// A change set as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeSet {
    /// Its number.
    pub id: i64,
    /// What its author calls it.
    #[schema(example = "Prices of March")]
    pub name: String,
    /// Why.
    #[schema(required)]
    pub note: Option<String>,
    /// Where it stands.
    pub state: ChangeSetStateView,
    /// Who made it.
    pub author: String,
    /// One more with each change of it; also in the header `ETag`.
    pub revision: u64,
    /// How many drafts it has.
    pub drafts: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it will be pushed; null unless it is scheduled.
    #[schema(required)]
    pub push_at: Option<Time>,
    /// The configuration that it became; null before its push.
    #[schema(required)]
    pub configuration_number: Option<u64>,
    /// When it was pushed.
    #[schema(required)]
    pub pushed_at: Option<Time>,
    /// Who pushed it.
    #[schema(required)]
    pub pushed_by: Option<String>,
    /// Why its last push did not succeed.
    #[schema(required)]
    pub failure: Option<String>,
    /// The change set that it rolls back.
    #[schema(required)]
    pub rolls_back: Option<i64>,
    /// The change set that rolled it back.
    #[schema(required)]
    pub rolled_back_by: Option<i64>,
}

/// Where a change set stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ChangeSetState)]
pub enum ChangeSetStateView {
    /// Drafts are collected.
    Draft,
    /// It will be pushed at its time; its drafts cannot be changed.
    Scheduled,
    /// Its versions are written; calls do not use them yet.
    Pushing,
    /// Calls use it.
    Pushed,
    /// The last push did not succeed; nothing of it is in force. It can be changed and pushed.
    Failed,
    /// It was pushed, and another change set has undone it.
    RolledBack,
}

/// A page of change sets, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeSetPage {
    /// The page.
    pub items: Vec<ChangeSet>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which change sets.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeSetListQuery {
    /// Only those in this state.
    #[serde(default)]
    #[param(inline)]
    pub state: Option<ChangeSetStateView>,
    /// Only those of exactly this name.
    #[serde(default)]
    #[param(max_length = 200, value_type = Option<String>)]
    pub name: Option<ShortText<200>>,
    /// How many, at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(minimum = 0)]
    pub cursor: Option<i64>,
}

/// Lists change sets, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets",
    operation_id = "change_set_list",
    tag = "change-sets",
    params(ChangeSetListQuery),
    responses(
        (status = 200, description = "A page of them", body = ChangeSetPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ChangeSetListQuery>,
) -> Result<Json<ChangeSetPage>, Problem> {
    let limit = page_limit(query.limit)?;
    if query.cursor.is_some_and(|cursor| cursor < 0) {
        return Err(Problem::bad_parameter(
            "cursor",
            "send `next_cursor` as it came",
        ));
    }
    let states = query.state.map(|state| vec![state.into()]);
    let wanted = ChangeSetQuery {
        states: states.unwrap_or_default(),
        name: query.name.map(|name| name.0),
        before: query.cursor,
        limit: limit + 1,
    };
    let scope = principal.scope();
    let mut rows = state.store.change_sets(&scope, &wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|last| last.id.to_string());
    Ok(Json(ChangeSetPage {
        items: rows.into_iter().map(ChangeSet::from).collect(),
        next_cursor: next,
    }))
}

/// One change set.
///
/// The header `ETag` has its revision, to be sent back in `If-Match`. Its drafts are a list of
/// their own.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets/{id}",
    operation_id = "change_set_view",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It", body = ChangeSet),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, &id).await?;
    Ok(respond(row, StatusCode::OK))
}

/// The change set of the number that a path has.
async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<ChangeSetRow, Problem> {
    let number = id
        .parse()
        .map_err(|_| Problem::bad_parameter("id", "write the number of the change set"))?;
    by_number(state, principal, number).await
}

async fn by_number(
    state: &AppState,
    principal: &Principal,
    id: i64,
) -> Result<ChangeSetRow, Problem> {
    let found = state.store.change_set(&principal.scope(), id).await?;
    found.ok_or_else(|| Problem::not_found(format!("There is no change set {id}.")))
}

/// The change set as it is by now.
async fn respond_anew(
    state: &AppState,
    principal: &Principal,
    id: i64,
    status: StatusCode,
) -> Result<Response, Problem> {
    Ok(respond(by_number(state, principal, id).await?, status))
}

fn respond(row: ChangeSetRow, status: StatusCode) -> Response {
    let (id, revision) = (row.id, row.revision);
    let mut response = (status, Json(ChangeSet::from(row))).into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(format!("\"{revision}\"")) {
        headers.insert(header::ETAG, tag);
    }
    if status == StatusCode::CREATED
        && let Ok(location) = HeaderValue::try_from(format!("/api/v1/change-sets/{id}"))
    {
        headers.insert(header::LOCATION, location);
    }
    response
}

/// The revision that `If-Match` names must be the one there is; `*` and no header mean any.
fn check_revision(headers: &HeaderMap, row: &ChangeSetRow) -> Result<(), Problem> {
    if !headers.contains_key(header::IF_MATCH) {
        return Ok(());
    }
    match super::resources::if_match(headers)? {
        Some(wanted) if wanted != row.revision => Err(another_revision(wanted, row)),
        _ => Ok(()),
    }
}

fn another_revision(wanted: u64, row: &ChangeSetRow) -> Problem {
    Problem::precondition_failed(format!(
        "The change set has revision {}, the request names {wanted}. Look at it again.",
        row.revision
    ))
}

fn page_limit(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("write a whole number from 1 to {LIMIT_MAX}");
    Err(Problem::bad_parameter("limit", message))
}

impl From<ChangeSetRow> for ChangeSet {
    fn from(row: ChangeSetRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            note: row.note,
            state: row.state.into(),
            author: row.author,
            revision: row.revision,
            drafts: row.drafts,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
            push_at: row.push_at.map(Time),
            configuration_number: row.configuration,
            pushed_at: row.pushed_at.map(Time),
            pushed_by: row.pushed_by,
            failure: row.failure,
            rolls_back: row.rolls_back,
            rolled_back_by: row.rolled_back_by,
        }
    }
}

impl From<ChangeSetState> for ChangeSetStateView {
    fn from(state: ChangeSetState) -> Self {
        match state {
            ChangeSetState::Draft => Self::Draft,
            ChangeSetState::Scheduled => Self::Scheduled,
            ChangeSetState::Pushing => Self::Pushing,
            ChangeSetState::Pushed => Self::Pushed,
            ChangeSetState::Failed => Self::Failed,
            ChangeSetState::RolledBack => Self::RolledBack,
        }
    }
}

impl From<ChangeSetStateView> for ChangeSetState {
    fn from(state: ChangeSetStateView) -> Self {
        match state {
            ChangeSetStateView::Draft => Self::Draft,
            ChangeSetStateView::Scheduled => Self::Scheduled,
            ChangeSetStateView::Pushing => Self::Pushing,
            ChangeSetStateView::Pushed => Self::Pushed,
            ChangeSetStateView::Failed => Self::Failed,
            ChangeSetStateView::RolledBack => Self::RolledBack,
        }
    }
}
