//! How far the loader is, for the status page and the metrics.

use super::LoaderError;
use super::rows::Loaded;
use rating::Timestamp;
use std::error::Error as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How far the loader is. Counters since the process started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoaderProgress {
    /// Records brought into the database.
    pub records_loaded: u64,
    /// Records that were there already and were left out.
    pub duplicates: u64,
    /// Calls closed as interrupted.
    pub interrupted: u64,
    /// Bytes of segments that are no sound frames; those segments are kept.
    pub damaged_bytes: u64,
    /// Bytes of the journal known to be written and not yet loaded. While loading goes well, of segments
    /// that are full; while it does not, all.
    pub lag_bytes: u64,
    /// When there was last nothing more to load.
    pub caught_up_at: Option<Timestamp>,
    /// Why the loader does not go on.
    pub trouble: Option<String>,
}

#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) records_loaded: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) interrupted: AtomicU64,
    pub(super) damaged_bytes: AtomicU64,
    pub(super) lag_bytes: AtomicU64,
    caught_up_at: AtomicI64,
    trouble: Mutex<Option<String>>,
}

impl Progress {
    pub(super) fn read(&self) -> LoaderProgress {
        let caught_up_at = self.caught_up_at.load(Ordering::Relaxed);
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        LoaderProgress {
            records_loaded: self.records_loaded.load(Ordering::Relaxed),
            duplicates: self.duplicates.load(Ordering::Relaxed),
            interrupted: self.interrupted.load(Ordering::Relaxed),
            damaged_bytes: self.damaged_bytes.load(Ordering::Relaxed),
            lag_bytes: self.lag_bytes.load(Ordering::Relaxed),
            caught_up_at: (caught_up_at != 0).then_some(Timestamp(caught_up_at)),
            trouble: trouble.clone(),
        }
    }

    /// Counts a batch that is in the database.
    pub(super) fn count(&self, loaded: &Loaded, damaged_bytes: u64) {
        self.records_loaded
            .fetch_add(loaded.records, Ordering::Relaxed);
        self.duplicates
            .fetch_add(loaded.duplicates, Ordering::Relaxed);
        self.damaged_bytes
            .fetch_add(damaged_bytes, Ordering::Relaxed);
    }

    /// Notes that so much of what waits is loaded: after a long outage a pass lasts, and is looked at.
    pub(super) fn lessen_lag(&self, loaded: u64) {
        let lag = self.lag_bytes.load(Ordering::Relaxed);
        self.lag_bytes
            .store(lag.saturating_sub(loaded), Ordering::Relaxed);
    }

    /// Notes how a pass went; logs a trouble when it comes and when it goes.
    pub(super) fn passed(&self, error: Option<&LoaderError>) {
        let trouble = error.map(describe);
        if trouble.is_none() {
            self.caught_up_at.store(now().0, Ordering::Relaxed);
        }
        let mut told = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // Each attempt may fail in other words; the status has the newest.
        if told.is_some() != trouble.is_some() {
            match &trouble {
                Some(trouble) => tracing::error!(%trouble, "call records wait in the journal"),
                None => tracing::info!("call records are loaded again"),
            }
        }
        *told = trouble;
    }
}

/// An error with its causes.
fn describe(error: &LoaderError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_micros());
    Timestamp(i64::try_from(micros).unwrap_or(i64::MAX))
}
