//! One look at the whole journal: load, close the calls of the dead, clear away.

use super::advance::Advance;
use super::segment_reader::ReadError;
use super::{Loader, LoaderError};
use crate::StoreError;
use rating::journal::SegmentName;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// Looks at the journal after trouble with records of before, until they are tried again.
const FILL_RESTS: u32 = 300;

impl Loader {
    /// Loads all that is there.
    pub(super) async fn pass(&mut self) -> Result<(), LoaderError> {
        let outcome = self.load_and_clear().await;
        let directory = &self.config.directory;
        let lag = match &outcome {
            Ok(()) => self.segments.lag_bytes(),
            Err(_) => self.written.waiting(directory, &self.segments),
        };
        self.progress.lag_bytes.store(lag, Ordering::Relaxed);
        outcome
    }

    async fn load_and_clear(&mut self) -> Result<(), LoaderError> {
        let directory = &self.config.directory;
        self.segments.discover(&self.store, directory).await?;
        self.load_all().await?;
        self.close_interrupted().await?;
        self.remove_old().await
    }

    /// Fills in some records that are older than the sums of reports, then some that are older than the
    /// columns for finding calls: live ones do not wait for all, and trouble with these is none of theirs.
    pub(super) async fn fill_some(&mut self) {
        if self.filled || self.fill_rests > 0 {
            self.fill_rests = self.fill_rests.saturating_sub(1);
            return;
        }
        let some = async {
            Ok::<_, StoreError>(
                self.store.fill_traffic().await? || self.store.fill_cdr_search().await?,
            )
        };
        match some.await {
            Ok(more) => self.filled = !more,
            Err(error) => {
                tracing::error!(%error, "records of before are not filled in; it is tried again");
                self.fill_rests = FILL_RESTS;
            }
        }
    }

    /// Loads every shard as far as it goes: trouble with one does not hold up the others. Gives
    /// the first trouble.
    async fn load_all(&mut self) -> Result<(), LoaderError> {
        let mut outcome = Ok(());
        for shard in self.segments.unfinished() {
            outcome = outcome.and(self.load_shard(shard).await);
        }
        outcome
    }

    async fn load_shard(&mut self, segments: Vec<SegmentName>) -> Result<(), LoaderError> {
        for name in segments {
            // A segment may end calls that the one before answers: in order, or not yet.
            if !self.load_segment(name).await? {
                break;
            }
        }
        Ok(())
    }

    /// Loads what a segment has; gives whether nothing more will come from it.
    async fn load_segment(&mut self, name: SegmentName) -> Result<bool, LoaderError> {
        let dead = name.boot != self.config.boot;
        while let Some(segment) = self.segments.known.get_mut(&name) {
            let advance = segment
                .advance(name, dead)
                .map_err(|error| located(&segment.path, error))?;
            let more = advance.more;
            self.take_in(name, advance).await?;
            if !more {
                break;
            }
        }
        Ok(self
            .segments
            .known
            .get(&name)
            .is_none_or(|segment| segment.finished))
    }

    /// Stores what was read, and the place with it. When the database fails, the segment is as
    /// if nothing had been read.
    async fn take_in(&mut self, name: SegmentName, advance: Advance) -> Result<(), LoaderError> {
        let Some(segment) = self.segments.known.get_mut(&name) else {
            return Ok(());
        };
        if segment.position == advance.position && !advance.finished {
            return Ok(());
        }
        let before = segment.place();
        segment.move_to(&advance);
        match self.store.load(name, segment, &advance.entries).await {
            Ok(counts) => {
                self.progress.count(&counts, advance.damaged_bytes);
                let loaded = segment.position.saturating_sub(before.position);
                self.progress.lessen_lag(loaded);
                Ok(())
            }
            Err(error) => {
                segment.move_back(before);
                Err(error.into())
            }
        }
    }

    /// Closes the calls that were up when their process died, as far as all that it wrote is
    /// loaded. In a database that nodes share, those without a segment here are another's.
    async fn close_interrupted(&mut self) -> Result<(), LoaderError> {
        for boot in self.store.boots_with_open_calls().await? {
            let ours = !self.store.is_shared() || self.segments.knows(boot);
            if boot == self.config.boot || !ours || !self.segments.is_finished(boot) {
                continue;
            }
            let last_alive = |shard| self.segments.last_alive(boot, shard);
            let closed = self.store.interrupt_open_calls(boot, last_alive).await?;
            self.progress
                .interrupted
                .fetch_add(closed, Ordering::Relaxed);
            tracing::warn!(%boot, calls = closed, "calls were up when the process died; closed as interrupted");
        }
        Ok(())
    }

    /// Deletes segments that are loaded, sound, and old enough.
    async fn remove_old(&mut self) -> Result<(), LoaderError> {
        let retention = self.config.retention;
        let old: Vec<SegmentName> = self
            .segments
            .known
            .iter()
            .filter(|(_, segment)| segment.finished && !segment.damaged)
            .filter(|(_, segment)| is_older(&segment.path, retention))
            .map(|(name, _)| *name)
            .collect();
        for name in old {
            // File first: without its row it would be read again, which does no harm; without
            // its file the row would stay for ever.
            if let Some(segment) = self.segments.known.remove(&name)
                && let Err(source) = std::fs::remove_file(&segment.path)
                && source.kind() != std::io::ErrorKind::NotFound
            {
                let path = segment.path.clone();
                self.segments.known.insert(name, segment);
                return Err(LoaderError::Io { path, source });
            }
            self.store.forget_segment(name).await?;
        }
        Ok(())
    }
}

/// Whether a file was last written longer ago than `age`; a file that is gone counts as old.
fn is_older(path: &Path, age: Duration) -> bool {
    let written = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    written.is_err()
        || written.is_ok_and(|at| {
            SystemTime::now()
                .duration_since(at)
                .is_ok_and(|since| since >= age)
        })
}

pub(super) fn located(path: &Path, error: ReadError) -> LoaderError {
    let path = path.to_owned();
    match error {
        ReadError::Io(source) => LoaderError::Io { path, source },
        ReadError::Header(source) => LoaderError::Header { path, source },
        ReadError::Frame(source) => LoaderError::Frame { path, source },
    }
}
