//! Brings the journal into the database: every record, once.
//!
//! The call threads write segment files ([`rating::journal`]); the loader follows them. The rows of
//! a batch and the place in the segment change in one transaction, and the identifier of a call is
//! unique, so neither a crash nor a second reading makes a record twice.
//!
//! A call that was answered and has not ended is in `open_call`. When the process that wrote a
//! journal is dead and all of its segments are loaded, what is left there is closed as
//! interrupted, at the last moment the segment proves ([`Loader::recover`]).
//!
//! ```text
//! segment ─ frames ─► batch ─┬─ Answered ─► open_call
//!                            ├─ Ended ────► cdr, attempt, ledger, traffic; open_call row goes
//!                            └─ place ────► journal_position        (one transaction)
//! ```

mod advance;
mod days;
mod interrupted;
mod lag;
mod pass;
mod progress;
mod rows;
mod segment_reader;
mod segments;
mod verify;

pub use progress::LoaderProgress;
pub(crate) use progress::now;
pub(crate) use rows::Owners;
#[cfg(test)]
pub(crate) use rows::insert_calls;
pub use verify::{JournalDifference, JournalVerification};

use crate::{Store, StoreError};
use lag::Written;
use progress::Progress;
use rating::journal::{BootId, FrameError, HeaderError};
use segments::Segments;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the loader needs to know.
#[derive(Clone, Debug)]
pub struct LoaderConfig {
    /// The journal's folder.
    pub directory: PathBuf,
    /// This life of the process; the segments of all others belong to the dead.
    pub boot: BootId,
    /// How often to look for new records.
    pub interval: Duration,
    /// How long a segment stays after it is loaded.
    pub retention: Duration,
}

/// Follows the journal. [`recover`](Self::recover) first, then [`spawn`](Self::spawn).
pub struct Loader {
    store: Store,
    config: LoaderConfig,
    segments: Segments,
    written: Written,
    progress: Arc<Progress>,
    /// All records of before are in the sums of reports.
    filled: bool,
    /// Looks at the journal until they are tried again.
    fill_rests: u32,
}

/// What was found when the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Records loaded.
    pub loaded: u64,
    /// Calls that were up when a process died, closed as interrupted.
    pub interrupted: u64,
}

/// The running loader.
pub struct LoaderHandle {
    progress: Arc<Progress>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Why the loader does not go on. It tries again by itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoaderError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the journal.
    #[error("{path} cannot be read")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A segment of a later program.
    #[error("{path} cannot be understood")]
    Header {
        /// The file.
        path: PathBuf,
        /// Why.
        source: HeaderError,
    },
    /// A record of a later program.
    #[error("{path} holds a record that cannot be understood")]
    Frame {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FrameError,
    },
}

impl LoaderConfig {
    /// Sound values for all but what only the caller knows.
    pub fn new(directory: PathBuf, boot: BootId) -> Self {
        Self {
            directory,
            boot,
            interval: Duration::from_millis(200),
            retention: Duration::from_secs(24 * 3_600),
        }
    }
}

impl Loader {
    /// A loader that has not looked at anything.
    pub fn new(store: Store, config: LoaderConfig) -> Self {
        Self {
            store,
            config,
            segments: Segments::default(),
            written: Written::default(),
            progress: Arc::default(),
            filled: false,
            fill_rests: 0,
        }
    }

    /// Loads all that earlier processes left and closes the calls that were up when they died.
    /// Call it before the switch takes calls, with the journal's folder locked, so that the other
    /// processes are known to be dead. Doing it twice is the same as once. Records of a release that
    /// had no ledger are posted first.
    ///
    /// # Errors
    /// [`LoaderError`]; what was done until then stays done.
    pub async fn recover(&mut self) -> Result<Recovery, LoaderError> {
        self.store.post_earlier_calls().await?;
        self.pass().await?;
        let progress = self.progress.read();
        Ok(Recovery {
            loaded: progress.records_loaded,
            interrupted: progress.interrupted,
        })
    }

    /// Follows the journal until [`LoaderHandle::stop`]. For a tokio runtime.
    pub fn spawn(mut self) -> LoaderHandle {
        let (stop, mut stopped) = watch::channel(false);
        let progress = Arc::clone(&self.progress);
        // Beside loading, which never waits for a day.
        tokio::spawn(days::follow(self.store.clone(), stop.subscribe()));
        let task = tokio::spawn(async move {
            loop {
                let last = *stopped.borrow_and_update();
                let outcome = self.pass().await;
                self.progress.passed(outcome.as_ref().err());
                if outcome.is_ok() && !last {
                    self.fill_some().await;
                }
                if last {
                    break;
                }
                // A sender that is gone says stop as well.
                let _ = tokio::time::timeout(self.config.interval, stopped.changed()).await;
                if stopped.has_changed().is_err() {
                    break;
                }
            }
        });
        LoaderHandle {
            progress,
            stop,
            task,
        }
    }
}

impl LoaderHandle {
    /// How far the loader is.
    pub fn progress(&self) -> LoaderProgress {
        self.progress.read()
    }

    /// Something to ask for the progress after this handle is gone.
    pub fn watcher(&self) -> impl Fn() -> LoaderProgress + Send + Sync + 'static {
        let progress = Arc::clone(&self.progress);
        move || progress.read()
    }

    /// Loads what is there and ends. Call it after the shards have closed their journals.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the loader's task failed");
        }
    }
}

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod tests;
