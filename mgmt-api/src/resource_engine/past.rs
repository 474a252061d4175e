//! Snapshots of the past, compiled once more from the versions that the database keeps.
//!
//! The database has every version of every resource with the configuration that it came into force
//! with, and decks by their hash, so what calls were decided by at any time can be built again. The
//! passwords are left out: whose a call was stands in its record.

use super::current::CurrentSet;
use super::opening::Opened;
use super::{Configuration, ConfigurationError, blocking, compile, stored};
use routing_engine::Snapshot;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// Rebuilt snapshots that are kept, the one asked for last behind: each may take as much memory as
/// the one in use, though it shares with that what is the same.
const PAST_SNAPSHOTS_MAX: usize = 2;

/// Rebuilt snapshots.
#[derive(Default)]
pub(super) struct PastSnapshots(VecDeque<Arc<Snapshot>>);

/// Why there is no snapshot of a number.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PastError {
    /// Nothing was ever in force under it, as far as this database knows.
    #[error("the database has no configuration {0}")]
    Unknown(u64),
    /// What was in force cannot be compiled by this program.
    #[error("configuration {number} cannot be compiled again: {reason}")]
    Unusable {
        /// Its number.
        number: u64,
        /// What speaks against it.
        reason: String,
    },
    /// The database fails.
    #[error(transparent)]
    Failed(#[from] ConfigurationError),
}

impl PastSnapshots {
    fn take(&mut self, number: u64) -> Option<Arc<Snapshot>> {
        let at = self.0.iter().position(|known| known.number() == number)?;
        self.0.remove(at)
    }

    fn put(&mut self, snapshot: Arc<Snapshot>) {
        if self.0.len() >= PAST_SNAPSHOTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(snapshot);
    }
}

impl Configuration {
    /// The snapshot of a number: the one in use, or one of the past. Of those that are built again one
    /// is at a time, and the last two are kept.
    ///
    /// # Errors
    /// [`PastError`].
    pub(crate) async fn snapshot_of(
        &self,
        number: u64,
        in_use: &Arc<Snapshot>,
    ) -> Result<Arc<Snapshot>, PastError> {
        if in_use.number() == number {
            return Ok(Arc::clone(in_use));
        }
        let mut past = Arc::clone(&self.past).lock_owned().await;
        if let Some(known) = past.take(number) {
            past.put(Arc::clone(&known));
            return Ok(known);
        }
        self.built_again(number, Arc::clone(in_use), past).await
    }

    /// Whoever asked may leave meanwhile: the work holds the lock, not the question, so that the next
    /// one waits for it and finds what it built.
    async fn built_again(
        &self,
        number: u64,
        in_use: Arc<Snapshot>,
        mut past: OwnedMutexGuard<PastSnapshots>,
    ) -> Result<Arc<Snapshot>, PastError> {
        let rows = self.store.resources_at(number).await;
        let rows = rows.map_err(ConfigurationError::from)?;
        let rows = rows.ok_or(PastError::Unknown(number))?;
        let base: Arc<CurrentSet> = self.current();
        let set = stored::set_of(&self.store, number, rows, &base).await;
        let set = set.map_err(|error| unusable(number, error))?;
        let compiled = blocking(move || {
            let entries = set.iter();
            let built = compile::snapshot(number, entries, &Opened::default(), Some(&in_use))?;
            let built = Arc::new(built);
            past.put(Arc::clone(&built));
            Ok(built)
        });
        compiled.await.map_err(|error| unusable(number, error))
    }
}

/// What an error of reading or compiling means for a configuration of the past.
fn unusable(number: u64, error: ConfigurationError) -> PastError {
    let reason = match error {
        ConfigurationError::Problems(problems) => match problems.first() {
            Some(first) => first.to_string(),
            None => String::new(),
        },
        error @ ConfigurationError::Stored { .. } => error.to_string(),
        other => return PastError::Failed(other),
    };
    PastError::Unusable { number, reason }
}
