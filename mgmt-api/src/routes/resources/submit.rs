//! What becomes of changes: pushed at once, or drafts of a change set.

use crate::auth::{ClientAddress, Principal};
use crate::problem::Problem;
use crate::resource_engine::{
    ConfigurationError, DeckText, Draft, Drafted, Push, PushOrigin, Pushed,
};
use crate::routes::apply::Change;
use crate::state::AppState;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The parameter that makes a draft of a change.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteQuery {
    /// Number of the change set.
    #[serde(default)]
    pub(crate) change_set: Option<i64>,
}

/// What a push did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushResult {
    /// Number of the configuration that calls use now.
    pub snapshot_number: u64,
    /// One entry for each resource.
    pub changes: Vec<Change>,
}

/// What was written to a change set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftedResult {
    /// Number of the change set.
    pub change_set: i64,
    /// One entry for each resource, as the change set has it now.
    pub changes: Vec<Change>,
}

/// Who asks for changes, and where they go.
pub(crate) struct Asked {
    pub(crate) state: AppState,
    pub(crate) principal: Principal,
    pub(crate) address: ClientAddress,
    pub(crate) change_set: Option<i64>,
}

/// What became of them.
pub(crate) enum Outcome {
    Pushed(Pushed),
    Drafted(Drafted),
}

impl Asked {
    /// Pushes the drafts, or puts them into the change set.
    ///
    /// # Errors
    /// What speaks against it; nothing has changed then.
    pub(crate) async fn submit(
        self,
        drafts: Vec<Draft>,
        decks: Vec<DeckText>,
    ) -> Result<Outcome, ConfigurationError> {
        let Self {
            state,
            principal,
            address,
            change_set,
        } = self;
        let origin = PushOrigin::new(&principal, address);
        // In a task of its own: a client that hangs up must not stop the work between keeping the
        // change and publishing it.
        let work = tokio::spawn(async move {
            match change_set {
                Some(id) => {
                    let drafted = state.configuration.draft(origin, id, drafts, decks).await?;
                    Ok(Outcome::Drafted(drafted))
                }
                None => {
                    let push = Push::of(drafts, decks);
                    let switch = &*state.switch;
                    let pushed = state.configuration.push(origin, push, switch).await?;
                    Ok(Outcome::Pushed(pushed))
                }
            }
        });
        work.await.map_err(|_| ConfigurationError::Interrupted)?
    }
}

impl Outcome {
    /// The answer of what changes many.
    pub(super) fn respond(self) -> Response {
        match self {
            Self::Pushed(pushed) => Json(PushResult {
                snapshot_number: pushed.number,
                changes: pushed.changes,
            })
            .into_response(),
            Self::Drafted(drafted) => drafted.respond(),
        }
    }
}

impl Drafted {
    /// 202: it is a draft.
    pub(super) fn respond(self) -> Response {
        let result = DraftedResult {
            change_set: self.change_set,
            changes: self.changes,
        };
        (StatusCode::ACCEPTED, Json(result)).into_response()
    }
}

/// The problem of a change of one resource: 412 when it is another version, 409 when it does not
/// fit to the others.
pub(super) fn problem_of_one(error: ConfigurationError) -> Problem {
    error.into_problem_of_one()
}
