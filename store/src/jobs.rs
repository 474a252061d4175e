//! The queue of background jobs: durable, at least once, shared by all nodes.
//!
//! A job is put in by the transaction that needs it ([`enqueue`]) and taken by a node under a
//! *lease* that ends by itself ([`Store::claim_jobs`]). A node that lives extends its leases; the
//! jobs of one that was killed are taken by another. What a run reports counts only while it has
//! the lease, so a node that was given up by mistake cannot overwrite what another did.
//!
//! ```text
//! enqueue ─► ready ─► running ─► done
//!              ▲         │ ├───► dead ──► (retry) ready, or (discard) discarded
//!              └─────────┘ failed, put off, or its node went away
//! ```
//!
//! A long run tells how far it is ([`Store::report_progress`]) and learns then whether somebody
//! wants it to stop; then it is discarded.

mod list;
mod progress;
mod runs;
mod schedules;

pub use list::{JobAttemptRow, JobCount, JobQuery, JobRow};
pub use progress::{JobProgress, JobWish};
pub use runs::{JobLease, JobReport};
pub use schedules::ScheduleRow;

use crate::database::{Transaction, sql};
use crate::{NewAuditEntry, Store, StoreError, TenantId, audit};
use rating::Timestamp;
use serde_json::Value;

/// Longest payload, bytes: a job names rows, it does not carry them.
pub const JOB_PAYLOAD_BYTES_MAX: usize = 64 * 1024;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum JobState {
    /// It waits for its time and for a free worker.
    Ready,
    /// A node runs it.
    Running,
    /// It succeeded.
    Done,
    /// It failed for good; somebody must look.
    Dead,
    /// Somebody decided that it need not be done.
    Discarded,
}

/// A job to be put into the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Whose work it is.
    pub tenant: TenantId,
    /// What is to be done, such as `mail.send`.
    pub kind: &'static str,
    /// What it is to be done with; JSON of at most [`JOB_PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Value,
    /// With a key: nothing is put in while a job of that kind and key is not finished.
    pub unique_key: Option<String>,
    /// The lower runs first; 100 is usual.
    pub priority: u16,
    /// How often it may be begun.
    pub attempts_max: u32,
    /// Not before.
    pub run_at: Timestamp,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ready,
        Self::Running,
        Self::Done,
        Self::Dead,
        Self::Discarded,
    ];

    /// As it is written in the table and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl NewJob {
    /// A job of usual priority with 10 attempts, to be run at once.
    pub fn new(tenant: TenantId, kind: &'static str, payload: Value, now: Timestamp) -> Self {
        Self {
            tenant,
            kind,
            payload,
            unique_key: None,
            priority: 100,
            attempts_max: 10,
            run_at: now,
        }
    }

    /// The same, once only while it is not finished.
    #[must_use]
    pub fn unique(self, key: impl Into<String>) -> Self {
        Self {
            unique_key: Some(key.into()),
            ..self
        }
    }
}

/// Puts a job into the queue; gives its number, or `None` when its key is there already.
///
/// # Errors
/// [`StoreError::TooLarge`] for the payload, or [`StoreError::Query`].
pub(crate) async fn enqueue(
    transaction: &mut Transaction,
    job: &NewJob,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let payload = serde_json::to_string(&job.payload).map_err(StoreError::Encode)?;
    if payload.len() > JOB_PAYLOAD_BYTES_MAX {
        return Err(StoreError::TooLarge {
            what: "a job's payload",
            limit: JOB_PAYLOAD_BYTES_MAX,
        });
    }
    sql(
        "INSERT INTO job (tenant_id, kind, payload, unique_key, priority, state, attempts, \
         attempts_max, run_at, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, 'ready', 0, $6, $7, $8, $8) \
         ON CONFLICT DO NOTHING RETURNING id",
    )
    .bind(job.tenant.get())
    .bind(job.kind)
    .bind(payload)
    .bind(job.unique_key.as_deref())
    .bind(job.priority)
    .bind(job.attempts_max)
    .bind(job.run_at)
    .bind(now)
    .fetch_optional_value(transaction)
    .await
}

impl Store {
    /// Puts a job into the queue by itself; see [`NewJob`]. Gives its number, or `None` when its
    /// key is there already.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`] for the payload, or [`StoreError::Query`].
    pub async fn enqueue_job(
        &self,
        job: &NewJob,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.write().await?;
        let id = enqueue(&mut transaction, job, now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// As [`enqueue_job`](Self::enqueue_job), because somebody asked for it: the audit log tells of
    /// it.
    ///
    /// # Errors
    /// As [`enqueue_job`](Self::enqueue_job).
    pub async fn enqueue_job_by(
        &self,
        job: &NewJob,
        told: &NewAuditEntry,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.write().await?;
        let id = enqueue(&mut transaction, job, now).await?;
        if id.is_some() {
            audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        }
        transaction.commit().await?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests;
