//! How far a run has come, and stopping it.

use super::list::{COLUMNS, JobRow};
use super::runs::{JobLease, shortened};
use crate::change_sets::PUSH_JOB;
use crate::database::sql;
use crate::{AuditActor, NewAuditEntry, Scope, Store, StoreError};
use rating::Timestamp;

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobProgress {
    /// How much is done, in whatever the kind counts.
    pub done: u64,
    /// How much there is; `None` when nobody knows.
    pub total: Option<u64>,
    /// What is being done, in words.
    pub text: String,
}

/// What a run learns when it tells how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobWish {
    /// Go on.
    GoOn,
    /// Stop: somebody of that name wants it.
    Stop(String),
    /// Stop: the lease is lost, another node has the job.
    Lost,
}

impl Store {
    /// Writes down how far a run has come, and tells what is wanted of it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn report_progress(
        &self,
        lease: &JobLease,
        progress: &JobProgress,
    ) -> Result<JobWish, StoreError> {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let row = sql(
            "UPDATE job SET progress_done = $1, progress_total = $2, progress_text = $3 \
             WHERE id = $4 AND state = 'running' AND lease_owner = $5 AND attempts = $6 \
             RETURNING cancelled_by",
        )
        .bind(number(progress.done))
        .bind(progress.total.map(number))
        .bind(shortened(&progress.text))
        .bind(lease.job.id)
        .bind(lease.owner())
        .bind(lease.attempt)
        .fetch_optional(self.writer())
        .await?;
        let Some(row) = row else {
            return Ok(JobWish::Lost);
        };
        let by: Option<String> = row.get(0)?;
        Ok(by.map_or(JobWish::GoOn, JobWish::Stop))
    }

    /// Stops a job that waits, at once, or one that runs and tells how far it is, as soon as it
    /// tells so again. Gives the job, or `None` when the tenant has no such job, and for a
    /// [`PUSH_JOB`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cancel_job(
        &self,
        scope: &Scope,
        id: i64,
        actor: &AuditActor,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut update = sql("UPDATE job SET cancelled_by = ");
        update.push_bind(&actor.name).push(
            ", state = CASE WHEN state = 'ready' THEN 'discarded' ELSE state END, updated_at = ",
        );
        update.push_bind(now).push(
            " WHERE (state = 'ready' OR (state = 'running' AND progress_done IS NOT NULL)) \
             AND kind <> ",
        );
        update.push_bind(PUSH_JOB).push(" AND id = ").push_bind(id);
        update
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get())
            .push(" RETURNING ")
            .push(COLUMNS);
        let told = NewAuditEntry::new(scope.tenant(), now, actor.clone(), "job.cancel");
        self.change_job(update, told).await
    }
}
