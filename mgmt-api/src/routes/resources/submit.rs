//! What becomes of changes: they are pushed at once.

use crate::auth::Principal;
use crate::resource_engine::{ConfigurationError, DeckText, Draft, PushOrigin, Pushed};
use crate::routes::apply::Change;
use crate::state::AppState;
use serde::Serialize;
use utoipa::ToSchema;

/// What a change of many resources did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PushResult {
    /// Number of the configuration that calls use now.
    pub snapshot_number: u64,
    /// One entry for each resource.
    pub changes: Vec<Change>,
}

/// Makes drafts take effect.
///
/// # Errors
/// What speaks against it; nothing has changed then.
pub(super) async fn submit(
    state: &AppState,
    principal: &Principal,
    drafts: Vec<Draft>,
    decks: Vec<DeckText>,
) -> Result<PushResult, ConfigurationError> {
    let (state, origin) = (state.clone(), PushOrigin::new(principal));
    // In a task of its own: a client that hangs up must not stop the work between keeping the
    // change and publishing it.
    let work = tokio::spawn(async move {
        let switch = &*state.switch;
        state
            .configuration
            .push(origin, drafts, decks, switch)
            .await
    });
    let pushed: Pushed = work.await.map_err(|_| ConfigurationError::Interrupted)??;
    Ok(PushResult {
        snapshot_number: pushed.number,
        changes: pushed.changes,
    })
}
