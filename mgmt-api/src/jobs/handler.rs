//! What a kind of job is.

use super::Backoff;
use rating::Timestamp;
use serde::de::DeserializeOwned;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use store::{JobRow, StoreError};

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

/// One run of a job.
#[derive(Clone, Debug)]
pub struct JobRun {
    /// The job.
    pub job: JobRow,
    /// Which run this is, from 1.
    pub attempt: u32,
}

/// Why a run did not succeed. The texts are shown to operators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobFailure {
    /// Try again after the backoff.
    Retry(String),
    /// Trying again would not help.
    GiveUp(String),
    /// It is not the time; this run does not count.
    PutOff {
        /// Why.
        reason: String,
        /// When to look again.
        until: Timestamp,
    },
}

impl JobRun {
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
