//! The way back.

use super::{find, respond_anew};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{
    ConfigurationError, LaterChanges, PushOrigin, of_change_set, to_the_end,
};
use crate::routes::resources::check_note;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::{ChangeSetRow, ChangeSetState, NewChangeSet};
use utoipa::ToSchema;

/// How to roll back.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    /// What to do with resources that were changed again after the push.
    #[serde(default)]
    pub later_changes: LaterChangesChoice,
    /// Only make the change set that leads back, as a draft, to be looked at.
    #[serde(default)]
    pub draft_only: bool,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// What to do with resources that were changed again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LaterChangesChoice {
    /// Roll nothing back; the answer names them.
    #[default]
    Refuse,
    /// Roll them back too: the later changes are lost.
    Overwrite,
    /// Leave them as they are.
    Skip,
}

/// What was changed again after a push.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LaterChangeList {
    /// By resource and version.
    pub items: Vec<LaterChange>,
}

/// A version of a resource that came after the one of the change set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LaterChange {
    /// Kind of the resource.
    pub kind: String,
    /// Its number.
    pub id: i64,
    /// Its name in that version.
    pub name: String,
    /// The version.
    pub version: u64,
    /// Whether it took the resource away.
    pub deleted: bool,
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
}

/// Makes what a change set changed as it was before, by another change set.
///
/// Nothing is lost: both stay in the history. Refused with 409 when resources of it were changed
/// again, unless `later_changes` says what to do with those; `…/later-changes` lists them.
#[utoipa::path(
    post,
    path = "/api/v1/change-sets/{id}/rollback",
    operation_id = "change_set_roll_back",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set that was pushed")),
    request_body = RollbackRequest,
    responses(
        (status = 201, description = "The change set that rolled it back, or would", body = super::ChangeSet),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not in force, or resources were changed again: each is named", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "What was before does not fit to what there is now", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The switch did not take it; nothing was rolled back", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_roll_back(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<RollbackRequest, 65_536>,
) -> Result<Response, Problem> {
    check_note(body.note.as_deref())?;
    let row = find(&state, &principal, &id).await?;
    let origin = PushOrigin::new(&principal);
    let work = {
        let state = state.clone();
        async move { roll_back(&state, &origin, &row, body).await }
    };
    let made = to_the_end(&state, work).await?;
    respond_anew(&state, &principal, made, StatusCode::CREATED).await
}

/// Gives the number of the change set that leads back.
async fn roll_back(
    state: &AppState,
    origin: &PushOrigin,
    row: &ChangeSetRow,
    body: RollbackRequest,
) -> Result<i64, Problem> {
    let (store, scope) = (&state.store, &origin.scope);
    let configuration = in_force(row)?;
    let later = body.later_changes.into();
    let drafts = state.configuration.drafts_back(scope, configuration, later);
    let drafts = drafts.await?;
    let new = NewChangeSet {
        name: format!("Rollback of {}", row.name)
            .chars()
            .take(super::NAME_CHARS_MAX)
            .collect(),
        note: body.note,
        author: origin.author.clone(),
        at: clock::now(),
        rolls_back: Some(row.id),
    };
    let id = store
        .create_change_set(scope, &new, origin.actor.clone())
        .await?;
    match fill_and_push(state, origin, id, drafts, body.draft_only).await {
        Ok(()) => Ok(id),
        // It has failed and says why.
        Err(error @ ConfigurationError::NotPublished { .. }) => Err(error.into()),
        Err(error) => {
            // Nothing was rolled back: no trace is left.
            let told = of_change_set(origin, "change_set.discard", id, &new.name, clock::now());
            store.discard_change_set(scope, id, &told).await?;
            Err(error.into())
        }
    }
}

async fn fill_and_push(
    state: &AppState,
    origin: &PushOrigin,
    id: i64,
    drafts: Vec<crate::resource_engine::Draft>,
    draft_only: bool,
) -> Result<(), ConfigurationError> {
    let (store, configuration) = (&state.store, &state.configuration);
    let missing = || store::StoreError::ChangeSetChanged { id };
    let made = store
        .change_set(&origin.scope, id)
        .await?
        .ok_or_else(missing)?;
    configuration
        .draft(origin, &made, drafts, Vec::new())
        .await?;
    if draft_only {
        return Ok(());
    }
    let filled = store
        .change_set(&origin.scope, id)
        .await?
        .ok_or_else(missing)?;
    let pushed = configuration.push_change_set(origin, &filled, &*state.switch);
    pushed.await.map(|_| ())
}

/// Lists what was changed again after a change set was pushed: what a rollback would undo with it.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets/{id}/later-changes",
    operation_id = "change_set_later_change_list",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set that was pushed")),
    responses(
        (status = 200, description = "All of them; empty when a rollback is in nobody's way", body = LaterChangeList),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not in force", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_later_change_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<LaterChangeList>, Problem> {
    let row = find(&state, &principal, &id).await?;
    let configuration = in_force(&row)?;
    let (store, scope) = (&state.store, principal.scope());
    let versions = store
        .versions_after_configuration(&scope, configuration)
        .await?;
    let items = versions.into_iter().map(|version| LaterChange {
        kind: version.kind,
        id: version.resource_id,
        name: version.name,
        version: version.version,
        deleted: version.deleted,
        author: version.author,
        created_at: Time(version.created_at),
        note: version.note,
        change_set: version.change_set,
    });
    Ok(Json(LaterChangeList {
        items: items.collect(),
    }))
}

/// The configuration that a change set became, while it has not been rolled back.
fn in_force(row: &ChangeSetRow) -> Result<u64, Problem> {
    match (row.state, row.configuration) {
        (ChangeSetState::Pushed, Some(number)) => Ok(number),
        _ => {
            let detail = format!(
                "Only what is in force has a way back: the change set is {}.",
                row.state.as_str()
            );
            Err(Problem::conflict(detail, Vec::new()))
        }
    }
}

impl From<LaterChangesChoice> for LaterChanges {
    fn from(choice: LaterChangesChoice) -> Self {
        match choice {
            LaterChangesChoice::Refuse => Self::Refuse,
            LaterChangesChoice::Overwrite => Self::Overwrite,
            LaterChangesChoice::Skip => Self::Skip,
        }
    }
}
