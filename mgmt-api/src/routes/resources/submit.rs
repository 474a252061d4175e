//! What becomes of changes: they are pushed at once, or are drafts of a change set.

use crate::access::Permission;
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::resource_engine::{
    ConfigurationError, DeckText, Draft, Drafted, Push, PushOrigin, Pushed, draft_of_row,
    to_the_end,
};
use crate::routes::apply::Change;
use crate::state::AppState;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use resources::ResourceKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{ChangeSetRow, DraftQuery, Scope, Store};
use utoipa::ToSchema;

/// The parameter that makes a draft of a change.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteQuery {
    #[serde(default)]
    change_set: Option<i64>,
}

/// What a change of many resources did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushResult {
    /// Number of the configuration that calls use now.
    pub snapshot_number: u64,
    /// One entry for each resource.
    pub changes: Vec<Change>,
}

/// What was put into a change set.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DraftedResult {
    /// Number of the change set.
    pub change_set: i64,
    /// Its revision with these drafts.
    pub revision: u64,
    /// One entry for each resource: how it would differ from what is in force.
    pub changes: Vec<Change>,
}

/// Who writes, and where it goes: into force, or into a change set.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(crate) state: AppState,
    pub(crate) principal: Principal,
    change_set: Option<ChangeSetRow>,
}

/// What became of changes.
pub(crate) enum Outcome {
    Pushed(Pushed),
    Drafted(Drafted),
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let ApiQuery(query) = ApiQuery::<WriteQuery>::from_request_parts(parts, state).await?;
        let principal = Principal::from_request_parts(parts, state).await?;
        Self::new(state.clone(), principal, query.change_set).await
    }
}

impl Writer {
    /// # Errors
    /// 403 when there is a change set and it may not be written to, 404 when it is not there.
    pub(crate) async fn new(
        state: AppState,
        principal: Principal,
        change_set: Option<i64>,
    ) -> Result<Self, Problem> {
        let change_set = match change_set {
            None => None,
            Some(_)
                if !principal
                    .permissions()
                    .contains(Permission::CHANGE_SET_WRITE) =>
            {
                return Err(Problem::missing_permission(Permission::CHANGE_SET_WRITE));
            }
            Some(id) => {
                let row = state.store.change_set(&principal.scope(), id).await?;
                let missing = || {
                    let message = format!("there is no change set {id}");
                    Problem::not_found(format!("`change_set`: {message}."))
                };
                Some(row.ok_or_else(missing)?)
            }
        };
        Ok(Self {
            state,
            principal,
            change_set,
        })
    }

    pub(crate) fn origin(&self) -> PushOrigin {
        PushOrigin::new(&self.principal)
    }

    pub(crate) fn change_set(&self) -> Option<&ChangeSetRow> {
        self.change_set.as_ref()
    }

    /// The draft of the change set whose name in force, or the name that it shall get, is this.
    pub(crate) async fn draft_of(
        &self,
        kind: ResourceKind,
        name: &str,
    ) -> Result<Option<Draft>, Problem> {
        let Some(change_set) = &self.change_set else {
            return Ok(None);
        };
        draft_in(
            &self.state.store,
            &self.principal.scope(),
            change_set,
            kind,
            name,
        )
        .await
    }

    /// The drafts of a kind by the name in force.
    pub(super) async fn drafts_of(
        &self,
        kind: ResourceKind,
    ) -> Result<BTreeMap<String, Draft>, Problem> {
        let query = DraftQuery {
            kind: Some(kind.as_str().to_owned()),
            ..DraftQuery::default()
        };
        let drafts = self.drafts(&query).await?.into_iter();
        Ok(drafts.map(|draft| (draft.name.clone(), draft)).collect())
    }

    async fn drafts(&self, query: &DraftQuery) -> Result<Vec<Draft>, Problem> {
        let Some(change_set) = &self.change_set else {
            return Ok(Vec::new());
        };
        drafts(
            &self.state.store,
            &self.principal.scope(),
            change_set,
            query,
        )
        .await
    }

    /// Makes drafts take effect, or puts them into the change set.
    ///
    /// # Errors
    /// What speaks against it; nothing has changed then.
    pub(super) async fn submit(
        self,
        drafts: Vec<Draft>,
        decks: Vec<DeckText>,
    ) -> Result<Outcome, ConfigurationError> {
        let origin = self.origin();
        let state = self.state.clone();
        to_the_end(&state, async move {
            let configuration = &self.state.configuration;
            match &self.change_set {
                Some(change_set) => {
                    let drafted = configuration.draft(&origin, change_set, drafts, decks);
                    drafted.await.map(Outcome::Drafted)
                }
                None => {
                    let push = Push::of(drafts, decks);
                    let pushed = configuration.push(origin, push, &*self.state.switch);
                    pushed.await.map(Outcome::Pushed)
                }
            }
        })
        .await
    }

    /// Takes a draft out of the change set.
    pub(super) async fn withdraw(
        self,
        kind: ResourceKind,
        name: String,
    ) -> Result<Outcome, Problem> {
        let Some(change_set) = &self.change_set else {
            return Err(Problem::not_found(format!(
                "There is no draft of \"{name}\"."
            )));
        };
        let gone = vec![(kind.to_string(), name)];
        let configuration = &self.state.configuration;
        let revision = configuration
            .withdraw(&self.origin(), change_set, gone)
            .await?;
        Ok(Outcome::Drafted(Drafted {
            change_set: change_set.id,
            revision,
            changes: Vec::new(),
        }))
    }
}

/// The draft in a change set whose name in force, or the name that it shall get, is this.
pub(crate) async fn draft_in(
    store: &Store,
    scope: &Scope,
    change_set: &ChangeSetRow,
    kind: ResourceKind,
    name: &str,
) -> Result<Option<Draft>, Problem> {
    let query = DraftQuery {
        kind: Some(kind.as_str().to_owned()),
        name: Some(name.to_owned()),
        ..DraftQuery::default()
    };
    let mut drafts = drafts(store, scope, change_set, &query).await?;
    let in_force = drafts.iter().position(|draft| draft.name == name);
    Ok(match in_force {
        Some(index) => Some(drafts.swap_remove(index)),
        None => drafts.pop(),
    })
}

async fn drafts(
    store: &Store,
    scope: &Scope,
    change_set: &ChangeSetRow,
    query: &DraftQuery,
) -> Result<Vec<Draft>, Problem> {
    let rows = store.drafts(scope, change_set.id, query).await?;
    let drafts = rows.into_iter().map(|row| draft_of_row(row.draft));
    Ok(drafts.collect::<Result<_, _>>()?)
}

impl Outcome {
    /// 200 with what changed, or 202 with what would.
    pub(super) fn respond(self) -> Response {
        match self {
            Self::Pushed(pushed) => Json(PushResult {
                snapshot_number: pushed.number,
                changes: pushed.changes,
            })
            .into_response(),
            Self::Drafted(drafted) => {
                let result = DraftedResult {
                    change_set: drafted.change_set,
                    revision: drafted.revision,
                    changes: drafted.changes,
                };
                (StatusCode::ACCEPTED, Json(result)).into_response()
            }
        }
    }
}
