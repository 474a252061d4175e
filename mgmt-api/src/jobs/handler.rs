//! What a kind of job is.

use super::Backoff;
use rating::Timestamp;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::time::Instant;
use store::{JobLease, JobProgress, JobRow, JobWish, Store, StoreError};

/// What a handler gives back when it runs.
pub type JobFuture<'a> = Pin<Box<dyn Future<Output = Result<(), JobFailure>> + Send + 'a>>;

/// Does the jobs of one kind. A run may be repeated, also after it succeeded but its node died
/// before that was written down; and it is cut off at any `await` when it takes too long.
pub trait JobHandler: Send + Sync + 'static {
    /// The kind, such as `mail.send`.
    fn kind(&self) -> &'static str;

    /// How long a run may take.
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// How long to wait after a failure.
    fn backoff(&self) -> Backoff {
        Backoff::default()
    }

    /// Does the job.
    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a>;
}

/// How far a run is, is written at most this often: each time is a write of the database.
const PROGRESS_STEP: Duration = Duration::from_secs(1);

/// One run of a job.
#[derive(Clone, Debug)]
pub struct JobRun {
    /// The job.
    pub job: JobRow,
    /// Which run this is, from 1.
    pub attempt: u32,
    told: Option<Arc<Told>>,
}

/// Where a run tells how far it is.
#[derive(Debug)]
struct Told {
    store: Store,
    lease: JobLease,
    last: Mutex<Option<Instant>>,
}

/// Why a run did not succeed. The texts are shown to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// Try again after the backoff.
    Retry(String),
    /// Trying again would not help.
    GiveUp(String),
    /// Somebody wants it to stop.
    Cancelled {
        /// Who.
        by: String,
    },
    /// It is not the time; this run does not count.
    PutOff {
        /// Why.
        reason: String,
        /// When to look again.
        until: Timestamp,
    },
}

impl JobRun {
    /// A run that nobody looks at.
    pub fn new(job: JobRow, attempt: u32) -> Self {
        Self {
            job,
            attempt,
            told: None,
        }
    }

    /// The run of a lease.
    pub(super) fn leased(store: &Store, lease: &JobLease) -> Self {
        let told = Told {
            store: store.clone(),
            lease: lease.clone(),
            last: Mutex::new(None),
        };
        Self {
            told: Some(Arc::new(told)),
            ..Self::new(lease.job.clone(), lease.attempt)
        }
    }

    /// The same run, as if it had told nothing yet.
    #[cfg(test)]
    pub(super) fn told_anew(&self) -> Self {
        let told = self.told.as_ref();
        told.map_or_else(
            || self.clone(),
            |told| Self::leased(&told.store, &told.lease),
        )
    }

    /// Tells how far the run is. A long job tells it at its beginning and after each part: only
    /// then can it be stopped, and it must return what comes as an error. What is told within a
    /// second of the last time is not written.
    ///
    /// # Errors
    /// [`JobFailure::Cancelled`] when somebody wants the job to stop, [`JobFailure::Retry`] when
    /// another node has it or the database fails.
    pub async fn progress(
        &self,
        done: u64,
        total: Option<u64>,
        text: &str,
    ) -> Result<(), JobFailure> {
        let Some(told) = self.told.as_ref().filter(|told| told.is_due()) else {
            return Ok(());
        };
        let progress = JobProgress {
            done,
            total,
            text: text.to_owned(),
        };
        match told.store.report_progress(&told.lease, &progress).await? {
            JobWish::GoOn => Ok(()),
            JobWish::Stop(by) => Err(JobFailure::Cancelled { by }),
            JobWish::Lost => Err(JobFailure::Retry("Another node has the job.".into())),
        }
    }

    /// What the job is to be done with.
    ///
    /// # Errors
    /// [`JobFailure::GiveUp`] when the payload is of another shape.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, JobFailure> {
        serde_json::from_value(self.job.payload.clone()).map_err(|error| {
            JobFailure::GiveUp(format!("The payload is not what this kind has: {error}."))
        })
    }
}

impl Told {
    fn is_due(&self) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_due = last.is_none_or(|last| now - last >= PROGRESS_STEP);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

impl JobFailure {
    /// Try again; the error with its causes says why.
    pub fn retry(error: &dyn Error) -> Self {
        Self::Retry(with_causes(error))
    }

    /// Trying again would not help; the error with its causes says why.
    pub fn give_up(error: &dyn Error) -> Self {
        Self::GiveUp(with_causes(error))
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<StoreError> for JobFailure {
    fn from(error: StoreError) -> Self {
        Self::retry(&error)
    }
}
