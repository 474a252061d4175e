//! Declarative configuration: a set of files in, what they change out.

use crate::access::Permission;
use crate::auth::Principal;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::resource_engine::{Applied, ApplyMode, Impact, PriceCheck, Replay, to_the_end};
use crate::routes::resources::Writer;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most bytes of the body: some rate decks of the largest kind known, as JSON.
const APPLY_BYTES_MAX: usize = 128 << 20;

/// Whether to change anything.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApplyQuery {
    /// Only say what would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Also take away what the files do not name.
    #[serde(default)]
    pub prune: bool,
    /// Number of a change set: the changes become its drafts and nothing is in force yet.
    #[serde(default)]
    pub change_set: Option<i64>,
}

/// The files of one apply. All of them take effect at once, or none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    /// YAML files with resources.
    pub files: Vec<ApplyFile>,
    /// The rate files that the resources name, as CSV text.
    #[serde(default)]
    pub decks: Vec<ApplyFile>,
}

/// One file.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyFile {
    /// Path as the resources name it and as errors show it.
    pub path: String,
    /// The text.
    pub content: String,
}

/// What was, or would be, done.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ApplyResult {
    /// Whether it was only a question.
    pub dry_run: bool,
    /// Number of the snapshot in use after the call.
    pub snapshot_number: u64,
    /// The change set that the changes are drafts of; without it they are in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change_set: Option<i64>,
    /// One entry for each resource in the files.
    pub changes: Vec<Change>,
    /// Of a dry run: whom the changes would touch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// Of a dry run: what recent calls would have become.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Of a dry run: what would newly be sold below cost, or not be sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices: Option<PriceCheck>,
}

/// What happens to one resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Change {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is done.
    pub action: ChangeAction,
    /// The fields that change; all fields of a new resource.
    pub differences: Vec<Difference>,
}

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is new.
    Created,
    /// It gets a new version.
    Updated,
    /// It is taken away.
    Deleted,
    /// It already is as written.
    Unchanged,
}

/// A field before and after.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Difference {
    /// Path of the field within the resource, such as `limits.channels`.
    pub field: String,
    /// Value before; null when it was not set.
    #[schema(required)]
    pub before: Option<serde_json::Value>,
    /// Value after; null when it is no longer set.
    #[schema(required)]
    pub after: Option<serde_json::Value>,
}

/// Applies a set of files: all of it or nothing.
///
/// With `change_set` the differences become drafts, to be previewed and pushed together with
/// others. A dry run changes nothing and also tells whom the changes would touch and what recent
/// calls would have become.
#[utoipa::path(
    post,
    path = "/api/v1/apply",
    operation_id = "apply",
    tag = "resources",
    params(ApplyQuery),
    request_body = ApplyRequest,
    responses(
        (status = 200, description = "What changed", body = ApplyResult),
        (status = 400, description = "The request cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "No CSRF token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It does not fit to what there is, or the change set is not open", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Something in the files is wrong; nothing was applied", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn apply(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ApplyQuery>,
    ApiJson(request): ApiJson<ApplyRequest, APPLY_BYTES_MAX>,
) -> Result<Json<ApplyResult>, Problem> {
    // Whom changes touch and what calls would have become is what a preview shows.
    let sees_previews = principal
        .permissions()
        .contains(Permission::CHANGE_SET_READ);
    let writer = Writer::new(state, principal, query.change_set).await?;
    let (origin, dry_run) = (writer.origin(), query.dry_run);
    let mode = ApplyMode {
        dry_run,
        prune: query.prune,
        change_set: writer.change_set().cloned(),
    };
    let state = writer.state.clone();
    let work = async move {
        let switch = &*state.switch;
        let configuration = &state.configuration;
        configuration.apply(origin, request, mode, switch).await
    };
    let applied: Applied = to_the_end(&writer.state, work).await?;
    let mut result = ApplyResult {
        dry_run,
        snapshot_number: applied.number,
        change_set: query.change_set,
        changes: applied.changes,
        impact: None,
        replay: None,
        prices: None,
    };
    if let Some(foresight) = applied.foresight.filter(|_| sees_previews) {
        result.impact = Some(foresight.impact);
        result.replay = Some(foresight.replay);
        result.prices = Some(foresight.prices);
    }
    Ok(Json(result))
}
