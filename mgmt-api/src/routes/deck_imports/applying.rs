//! From an import into a change set.

use super::find;
use crate::auth::Principal;
use crate::deck_import::{AppliedDeck, ApplyDeck};
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{PushOrigin, to_the_end};
use crate::routes::apply::Change;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where the rates go, and whether what is doubtful is meant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeckImportApply {
    /// The change set that gets the card as a draft; without it one is made. Rates of a time to
    /// come always get one of their own.
    #[serde(default)]
    pub change_set: Option<i64>,
    /// All doubts of the import are meant so.
    #[serde(default)]
    pub confirm: bool,
    /// Rates of later moments follow by themselves, each in a scheduled change set of its own, once
    /// those before them are in force; that needs the permission to push. Left out: they do if you
    /// have it.
    #[serde(default)]
    pub follow: Option<bool>,
}

/// What was put into a change set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckImportApplied {
    /// Number of the change set.
    pub change_set: i64,
    /// Its revision with the draft.
    pub revision: u64,
    /// How the card would differ from what is in force.
    pub changes: Vec<Change>,
    /// When the change set is pushed by itself, as the rates begin then; null: it is to be pushed
    /// by somebody, and the rates count from then on.
    #[schema(required)]
    pub push_at: Option<Time>,
    /// Moments of the import that are left.
    pub left: u64,
    /// They follow by themselves; otherwise apply the import again once these rates are in force.
    pub follows: bool,
}

/// Puts the rates of an import into a change set, as a draft of the card: all of them or nothing.
///
/// Calls know no dates, so it is done once for each moment at which rates change. The first time all
/// that counts by now is drafted, to be previewed and pushed as any change. What begins later gets a
/// change set of its own that is scheduled for that moment, which needs the permission to push;
/// what comes before it must be in force. The switch goes on with these by itself, unless it shall not:
/// see `follow`.
///
/// Refused with 409 while something has to be confirmed, when the card has changed since the deck
/// was compared with it, while another change set that is open or scheduled has a draft of the card,
/// and when nothing is left to be applied.
#[utoipa::path(
    post,
    path = "/api/v1/deck-imports/{id}/apply",
    operation_id = "deck_import_apply",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Number of the import")),
    request_body = DeckImportApply,
    responses(
        (status = 202, description = "The draft", body = DeckImportApplied),
        (status = 404, description = "There is no such import or change set", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not ready, was applied, something has to be confirmed, the card has changed since, or another change set has a draft of it", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_apply(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<DeckImportApply, 65_536>,
) -> Result<(StatusCode, Json<DeckImportApplied>), Problem> {
    let row = find(&state, &principal, &id).await?;
    let apply = ApplyDeck {
        state: state.clone(),
        origin: PushOrigin::new(&principal),
        row,
        change_set: body.change_set,
        is_confirmed: body.confirm,
        follow: body.follow,
    };
    let applied: AppliedDeck = to_the_end(&state, apply.run()).await?;
    let drafted = applied.drafted;
    let answer = DeckImportApplied {
        change_set: drafted.change_set,
        revision: drafted.revision,
        changes: drafted.changes,
        push_at: applied.push_at.map(Time),
        left: applied.left as u64,
        follows: applied.follows,
    };
    Ok((StatusCode::ACCEPTED, Json(answer)))
}
