//! From what is asked for to calls: plan, compile, keep, publish. All of it or nothing.
//!
//! ```text
//! drafts ─plan over what is in force─► steps ─versions, in one transaction─► numbers
//!   ─compile the whole─► snapshot ─commit─► publish ─► the next call
//! ```
//!
//! What cannot be compiled is never kept, so what is kept can always be compiled: the switch
//! starts with what it had. What is in force stands typed in memory ([`current`]), so that a push
//! costs what it changes; lists and pages are the database's.

mod apply;
mod assignment;
mod audit;
mod authority;
mod change_sets;
mod compile;
mod current;
mod difference;
mod draft;
mod error;
mod events;
mod impact;
mod listeners;
mod merge_patch;
mod opening;
mod past;
mod plan;
mod preview;
mod prices;
mod push;
mod replay;
mod scheduled;
mod sealing;
mod simulation;
mod stored;
#[cfg(test)]
mod testing;
mod transfer;

pub(crate) use apply::{Applied, ApplyMode};
pub(crate) use assignment::{customers_of, entitlements_of};
pub(crate) use audit::of_change_set;
pub(crate) use change_sets::{
    Drafted, LaterChanges, Prefer, draft_of_row, is_stale, whole_of_base, whole_of_draft,
};
pub(crate) use current::{Entry, Key, Proposed};
pub(crate) use difference::value_differences;
pub(crate) use draft::{Content, Draft};
pub use error::ConfigurationError;
pub use events::{ConfigurationChanged, ResourceChanged};
pub(crate) use impact::Impact;
pub(crate) use merge_patch::merged;
pub(crate) use past::PastError;
pub(crate) use plan::{DeckText, built_from, holds_secrets, masked, would_differ};
pub(crate) use preview::Preview;
pub(crate) use prices::PriceCheck;
pub(crate) use push::{Push, PushOrigin, Pushed};
pub(crate) use replay::Replay;
pub(crate) use replay::{REPLAYED_CALLS_DEFAULT, REPLAYED_CALLS_MAX};
pub use scheduled::PushScheduled;
pub(crate) use simulation::{Against, Calls, ListedCall, Simulated, SimulationError};
pub(crate) use stored::{assignment_of, document_of};
pub(crate) use transfer::{CsvFault, TableRow, read_csv, write_csv};

use crate::containment::{self, Part};
use crate::secrets::SecretBox;
use crate::state::AppState;
use current::CurrentSet;
use events::Events;
use opening::Opened;
use past::PastSnapshots;
use resources::ResourceKind;
use routing_engine::Snapshot;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Store, TenantId};
use tokio::sync::broadcast;

/// What is configured. One change at a time.
pub struct Configuration {
    store: Store,
    /// Seals the secrets of specs.
    secrets: SecretBox,
    current: Mutex<Arc<CurrentSet>>,
    /// The secrets that calls use.
    opened: Mutex<Arc<Opened>>,
    /// Held by the one that changes.
    changing: tokio::sync::Mutex<()>,
    /// Held by the one that previews: a preview may take a core for seconds.
    previewing: tokio::sync::Mutex<()>,
    /// What was built again of the past; held by the one that builds.
    past: Arc<tokio::sync::Mutex<PastSnapshots>>,
    events: Events,
}

impl Configuration {
    /// What the database has, compiled. For the start of the process, before any call.
    ///
    /// # Errors
    /// [`ConfigurationError`]: the database fails, or was not written by this program.
    pub async fn open(
        store: Store,
        secrets: SecretBox,
    ) -> Result<(Self, Snapshot), ConfigurationError> {
        stored::index_anew(&store).await?;
        let number = store.configuration_number().await?;
        let set = Arc::new(stored::load(&store, number).await?);
        let opened = opening::open(&store, &secrets, &Opened::default(), set.iter(), &[]).await?;
        let opened = Arc::new(opened);
        let (compiled, texts) = (Arc::clone(&set), Arc::clone(&opened));
        let snapshot =
            blocking(move || compile::snapshot(number, compiled.iter(), &texts, None)).await?;
        // What a process did not live to publish is in force from here on.
        let settled = store.settle_pushes().await?;
        if settled > 0 {
            tracing::warn!(settled, "pushes that were cut off are in force");
        }
        let configuration = Self {
            store,
            secrets,
            current: Mutex::new(set),
            opened: Mutex::new(opened),
            changing: tokio::sync::Mutex::default(),
            previewing: tokio::sync::Mutex::default(),
            past: Arc::default(),
            events: Events::default(),
        };
        Ok((configuration, snapshot))
    }

    /// Tells of each change from now on. Who is too slow misses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<ConfigurationChanged>> {
        self.events.subscribe()
    }

    /// What is in force, to look at.
    pub(crate) fn in_force(&self) -> Proposed {
        Proposed::new(self.current())
    }

    /// How many an owner has of a kind, in force.
    pub(crate) fn count(&self, owner: TenantId, kind: ResourceKind) -> u64 {
        self.current().count(owner, kind)
    }

    fn current(&self) -> Arc<CurrentSet> {
        // Only whole sets are put in, so a panic elsewhere leaves nothing broken.
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

/// Does a change in a task of its own: a client that hangs up must not stop it between keeping the
/// change and publishing it. After a panic calls get what the database has.
///
/// # Errors
/// Those of the change; [`ConfigurationError::Interrupted`] after a panic.
pub(crate) async fn to_the_end<T, E>(
    state: &AppState,
    change: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<ConfigurationError> + Send + 'static,
{
    let done = containment::in_own_task(Part::Task, change).await;
    if let Ok(done) = done {
        return done;
    }
    let state = state.clone();
    let caught_up = containment::in_own_task(Part::Task, async move {
        state.configuration.catch_up(&*state.switch).await
    });
    match caught_up.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the configuration cannot be read again"),
        Err(panicked) => tracing::error!(%panicked, "the configuration cannot be read again"),
    }
    Err(ConfigurationError::Interrupted.into())
}

/// Runs what takes a core for longer than a request should, off the threads that serve requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConfigurationError> + Send + 'static,
) -> Result<T, ConfigurationError> {
    containment::on_blocking_thread(Part::Task, work)
        .await
        .map_err(|_| ConfigurationError::Interrupted)?
}
