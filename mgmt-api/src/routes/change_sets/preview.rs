//! What a push would do.

use super::drafts::may_read;
use super::find;
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::resource_engine::{Preview, REPLAYED_CALLS_DEFAULT, REPLAYED_CALLS_MAX};
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// How far to look.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewQuery {
    /// How many recent calls to decide again, at most.
    #[serde(default)]
    #[param(minimum = 0, maximum = 10_000, default = 2_000)]
    pub calls: Option<u32>,
}

/// What a push of a change set would do now; nothing is changed.
///
/// Tells the fields that would differ from what is in force, what speaks against the push, whom it
/// would touch, which calls that are up belong to those, what customers would get or lose by
/// assignment, and what recent calls would have become: each is decided once by the configuration
/// in force and once by that of the change set, by the pipeline that live calls take. It says how
/// many calls would take other routes or carriers, how many would be refused, and what that means
/// in money. Beside that every destination of every customer that is touched is priced, with or
/// without calls to it: what would newly be sold below cost is listed. No call waits for it.
#[utoipa::path(
    get,
    path = "/api/v1/change-sets/{id}/preview",
    operation_id = "change_set_preview",
    tag = "change-sets",
    params(("id" = i64, Path, description = "Number of the change set"), PreviewQuery),
    responses(
        (status = 200, description = "What it would do", body = Preview),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was pushed", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn change_set_preview(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<PreviewQuery>,
) -> Result<Json<Preview>, Problem> {
    let calls = query.calls.unwrap_or(REPLAYED_CALLS_DEFAULT);
    if calls > REPLAYED_CALLS_MAX {
        let message = format!("write a whole number from 0 to {REPLAYED_CALLS_MAX}");
        return Err(Problem::bad_parameter("calls", message));
    }
    let row = find(&state, &principal, &id).await?;
    if row.configuration.is_some() {
        let detail = "The change set was pushed; its drafts tell what it changed.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let (scope, switch) = (principal.scope(), &*state.switch);
    let preview = state.configuration.preview(&scope, &row, calls, switch);
    let mut preview = preview.await?;
    for change in &mut preview.changes {
        let is_readable = change
            .kind
            .parse()
            .is_ok_and(|kind| may_read(&principal, kind));
        if !is_readable {
            change.differences.clear();
        }
    }
    Ok(Json(preview))
}
