//! Making, naming and discarding change sets.

use super::{NAME_CHARS_MAX, check_revision, find, respond_anew};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{ConfigurationError, PushOrigin, of_change_set};
use crate::routes::resources::check_note;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use store::{ChangeSetEdit, ChangeSetState, NewChangeSet};
use utoipa::ToSchema;

/// A change set that shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSetCreate {
    /// What to call it; need not be unique.
    #[schema(min_length = 1, max_length = 200, example = "Prices of March")]
    pub name: String,
    /// Why; kept with each version that has no note of its own.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// What a change set shall be called.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeSetUpdate {
    /// What to call it.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Why; null takes the note away.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

/// Makes a change set.
///
/// Then send changes of resources with `?change_set=` and its number: they become its drafts and
/// nothing is in force before its push.
#[utoipa::path(
    post,
    path = "/api/v1/change-sets",
    operation_id = "change_set_create",
    tag = "change-sets",
    request_body = ChangeSetCreate,
    responses(
        (status = 201, description = "It; `Location` says where it is", body = super::ChangeSet),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name or the note is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(body): ApiJson<ChangeSetCreate, 65_536>,
) -> Result<Response, Problem> {
    check_name(&body.name)?;
    check_note(body.note.as_deref())?;
    let new = NewChangeSet {
        name: body.name,
        note: body.note,
        author: principal.name.clone(),
        at: clock::now(),
        rolls_back: None,
    };
    let scope = principal.scope();
    let id = state
        .store
        .create_change_set(&scope, &new, principal.actor())
        .await?;
    respond_anew(&state, &principal, id, StatusCode::CREATED).await
}

/// Gives a change set another name or note.
///
/// Only of one that is not scheduled and not pushed.
#[utoipa::path(
    put,
    path = "/api/v1/change-sets/{id}",
    operation_id = "change_set_update",
    tag = "change-sets",
    params(
        ("id" = i64, Path, description = "Its number"),
        ("If-Match" = Option<String>, Header, description = "The revision that was looked at, as `ETag` had it"),
    ),
    request_body = ChangeSetUpdate,
    responses(
        (status = 200, description = "It", body = super::ChangeSet),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is scheduled or was pushed", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It has another revision", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The name or the note is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_update(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<ChangeSetUpdate, 65_536>,
) -> Result<Response, Problem> {
    check_name(&body.name)?;
    check_note(body.note.as_deref())?;
    let row = find(&state, &principal, &id).await?;
    check_revision(&headers, &row)?;
    if !row.state.is_open() {
        return Err(ConfigurationError::NotOpen(row.state).into());
    }
    let (origin, at) = (PushOrigin::new(&principal), clock::now());
    let told = of_change_set(&origin, "change_set.update", row.id, &body.name, at);
    let (before, after) = (
        json!({"name": row.name, "note": row.note}),
        json!({"name": body.name, "note": body.note}),
    );
    let told = told.values(Some(before), Some(after));
    let edit = ChangeSetEdit {
        revision: row.revision,
        at,
        told: vec![told],
        rename: Some((body.name, body.note)),
        ..ChangeSetEdit::default()
    };
    let scope = principal.scope();
    state.store.edit_change_set(&scope, row.id, &edit).await?;
    respond_anew(&state, &principal, row.id, StatusCode::OK).await
}

/// Discards a change set with all its drafts.
///
/// Also one that is scheduled: it will not be pushed then. One that was pushed stays.
#[utoipa::path(
    delete,
    path = "/api/v1/change-sets/{id}",
    operation_id = "change_set_delete",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was pushed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = find(&state, &principal, &id).await?;
    if !row.state.is_open() && row.state != ChangeSetState::Scheduled {
        return Err(ConfigurationError::NotOpen(row.state).into());
    }
    let (origin, now) = (PushOrigin::new(&principal), clock::now());
    let told = of_change_set(&origin, "change_set.discard", row.id, &row.name, now);
    let (store, scope) = (&state.store, principal.scope());
    store.discard_change_set(&scope, row.id, &told).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_name(name: &str) -> Result<(), Problem> {
    let length = name.trim().chars().count();
    if (1..=NAME_CHARS_MAX).contains(&length) && name.chars().count() <= NAME_CHARS_MAX {
        return Ok(());
    }
    let message = format!("write from 1 to {NAME_CHARS_MAX} characters");
    Err(Problem::invalid_field("name", message))
}
