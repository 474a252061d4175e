//! Into force: now, at a time, or after a rebase.

use super::{another_revision, check_revision, find, respond_anew};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{ConfigurationError, Prefer, PushOrigin, of_change_set, to_the_end};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::ChangeSetState;
use utoipa::ToSchema;

/// When to push, and what.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushRequest {
    /// Not now but at this time.
    #[serde(default)]
    pub at: Option<Time>,
    /// The revision that was looked at; when it is another by now, nothing is pushed.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub revision: Option<u64>,
}

/// How to put two changes of one resource together.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RebaseRequest {
    /// Which change counts where both have changed the same field. Without it such a field is
    /// told and nothing is rebased.
    #[serde(default)]
    pub prefer: Option<PreferredSide>,
}

/// Which change of a field counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PreferredSide {
    /// That of the draft.
    Draft,
    /// That in force.
    InForce,
}

/// What became of the drafts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RebaseResult {
    /// The revision of the change set now.
    pub revision: u64,
    /// Drafts that are made from what is in force now.
    pub rebased: u64,
    /// Drafts that would not change anything any more, and are gone.
    pub dropped: u64,
}

/// Makes all drafts of a change set take effect at once: all of them or none.
///
/// The answer comes when new calls use them. With `at` the push is scheduled instead, and the
/// drafts cannot be changed until then. Refused with 409, naming each resource and its versions,
/// when a resource has changed since its draft was made: rebase the change set then. When the
/// switch does not take the configuration, what was before is put in force again and the answer is
/// 503.
#[utoipa::path(
    post,
    path = "/api/v1/change-sets/{id}/push",
    operation_id = "change_set_push",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set")),
    request_body = PushRequest,
    responses(
        (status = 200, description = "The change set: pushed, or scheduled", body = super::ChangeSet),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Resources have changed since, others need what shall go, or it was pushed before", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It has another revision", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Drafts do not fit together; nothing was pushed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The switch did not take it; what was before is in force", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_push(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<PushRequest, 65_536>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, &id).await?;
    match body.revision {
        Some(wanted) if wanted != row.revision => return Err(another_revision(wanted, &row)),
        _ => {}
    }
    let is_scheduled = row.state == ChangeSetState::Scheduled && body.at.is_none();
    if !row.state.is_open() && !is_scheduled {
        return Err(ConfigurationError::NotOpen(row.state).into());
    }
    let id = row.id;
    if let Some(Time(at)) = body.at {
        let (now, scope) = (clock::now(), principal.scope());
        if at <= now {
            let message = "write a time to come, or leave it out to push now";
            return Err(Problem::invalid_field("at", message));
        }
        let origin = PushOrigin::new(&principal);
        state.configuration.may_schedule(&origin, &row).await?;
        let told = of_change_set(&origin, "change_set.schedule", id, &row.name, now);
        let told = told.values(None, Some(json!({"push_at": Time(at)})));
        let (store, revision) = (&state.store, row.revision);
        store
            .schedule_change_set(&scope, id, revision, at, &told)
            .await?;
        return respond_anew(&state, &principal, id, StatusCode::OK).await;
    }
    let origin = PushOrigin::new(&principal);
    let work = {
        let state = state.clone();
        async move {
            let switch = &*state.switch;
            let configuration = &state.configuration;
            configuration.push_change_set(&origin, &row, switch).await
        }
    };
    to_the_end(&state, work).await?;
    respond_anew(&state, &principal, id, StatusCode::OK).await
}

/// Makes a scheduled change set a draft again: it will not be pushed at its time.
#[utoipa::path(
    post,
    path = "/api/v1/change-sets/{id}/unschedule",
    operation_id = "change_set_unschedule",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set")),
    responses(
        (status = 200, description = "The change set, a draft", body = super::ChangeSet),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not scheduled", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_unschedule(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, &id).await?;
    if row.state != ChangeSetState::Scheduled {
        let detail = format!(
            "The change set is not scheduled: its state is {}.",
            row.state.as_str()
        );
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let (origin, now) = (PushOrigin::new(&principal), clock::now());
    let told = of_change_set(&origin, "change_set.unschedule", row.id, &row.name, now);
    let (store, scope) = (&state.store, principal.scope());
    store.unschedule_change_set(&scope, row.id, &told).await?;
    respond_anew(&state, &principal, row.id, StatusCode::OK).await
}

/// Makes the drafts anew whose resources have changed since.
///
/// Field by field: what only one side has changed is kept. A field that both have changed is told
/// with 409, unless `prefer` says which change counts. Drafts that would not change anything any
/// more go.
#[utoipa::path(
    post,
    path = "/api/v1/change-sets/{id}/rebase",
    operation_id = "change_set_rebase",
    tag = "change-sets",
    params(
        ("id" = i64, Path, description = "Number of the change set"),
        ("If-Match" = Option<String>, Header, description = "The revision that was looked at, as `ETag` had it"),
    ),
    request_body = RebaseRequest,
    responses(
        (status = 200, description = "What became of the drafts", body = RebaseResult),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Fields were changed on both sides, each is named; or the change set is scheduled or was pushed", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It has another revision", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_rebase(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<RebaseRequest, 65_536>,
) -> Result<Json<RebaseResult>, Problem> {
    let row = find(&state, &principal, &id).await?;
    check_revision(&headers, &row)?;
    let origin = PushOrigin::new(&principal);
    let prefer = body.prefer.map(Prefer::from);
    let rebased = state.configuration.rebase(&origin, &row, prefer).await?;
    Ok(Json(RebaseResult {
        revision: rebased.revision,
        rebased: rebased.rebased,
        dropped: rebased.dropped,
    }))
}

impl From<PreferredSide> for Prefer {
    fn from(side: PreferredSide) -> Self {
        match side {
            PreferredSide::Draft => Self::Draft,
            PreferredSide::InForce => Self::InForce,
        }
    }
}
