//! Taking jobs, keeping them, and reporting what became of them.

use super::list::{COLUMNS, JobRow, job};
use crate::database::{Transaction, sql};
use crate::events::{self, JOB_DIED, MAIL_FAILED, NOTIFICATION_FAILED, NewEvent};
use crate::notifications::DELIVER_JOB;
use crate::outbox::MAIL_JOB;
use crate::{Store, StoreError};
use rating::Timestamp;

/// Longest error text that is kept, bytes.
const ERROR_BYTES_MAX: usize = 2_000;

const LOST: &str = "The node that ran it went away.";

/// A job that this node may run until its lease ends.
#[derive(Clone, Debug, PartialEq)]
pub struct JobLease {
    /// The job.
    pub job: JobRow,
    /// Which run this is, from 1.
    pub attempt: u32,
    owner: String,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobReport {
    /// It is done.
    Succeeded,
    /// It failed and is tried again at a time; it is dead when no attempt is left.
    Failed {
        /// Why.
        error: String,
        /// When to try again.
        retry_at: Timestamp,
    },
    /// It failed, and trying again would not help.
    GaveUp {
        /// Why.
        error: String,
    },
    /// Somebody wanted it to stop, and it did.
    Cancelled {
        /// Who.
        by: String,
    },
    /// It was not its time; the run does not count.
    PutOff {
        /// Why.
        reason: String,
        /// When to look again.
        until: Timestamp,
    },
}

impl JobLease {
    /// Who holds it.
    pub fn owner(&self) -> &str {
        &self.owner
    }
}

impl JobReport {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::GaveUp { .. } => "gave_up",
            Self::Cancelled { .. } => "cancelled",
            Self::PutOff { .. } => "put_off",
        }
    }

    fn error(&self) -> Option<&str> {
        match self {
            Self::Succeeded => None,
            Self::Failed { error, .. } | Self::GaveUp { error } => Some(shortened(error)),
            Self::Cancelled { .. } => Some("It was cancelled."),
            Self::PutOff { reason, .. } => Some(shortened(reason)),
        }
    }
}

/// A text as the table keeps it.
pub(super) fn shortened(text: &str) -> &str {
    let end = text.floor_char_boundary(ERROR_BYTES_MAX);
    text.get(..end).unwrap_or_default()
}

impl Store {
    /// Takes at most `limit` jobs that are due, the most urgent first, for a node: `owner` names
    /// this life of its process. Nobody else takes them before `lease_until`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn claim_jobs(
        &self,
        owner: &str,
        limit: u32,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<JobLease>, StoreError> {
        // Most looks find nothing, and that is told without waiting for the writer.
        let due = sql("SELECT 1 FROM job WHERE state = 'ready' AND run_at <= $1 LIMIT 1").bind(now);
        if due.fetch_optional(self.reader()).await?.is_none() {
            return Ok(Vec::new());
        }
        let mut transaction = self.write().await?;
        // Of two nodes that choose the same job, the second waits at its row and then finds it
        // running.
        let mut update =
            sql("UPDATE job SET state = 'running', attempts = attempts + 1, lease_owner = ");
        update
            .push_bind(owner)
            .push(", lease_until = ")
            .push_bind(lease_until);
        update.push(", updated_at = ").push_bind(now);
        update.push(", progress_done = NULL, progress_total = NULL, progress_text = NULL");
        update.push(" WHERE state = 'ready' AND id IN (SELECT id FROM job WHERE state = 'ready' AND run_at <= ");
        update
            .push_bind(now)
            .push(" ORDER BY priority, run_at, id LIMIT ")
            .push_bind(limit);
        update.push(") RETURNING ").push(COLUMNS);
        let rows = update.fetch_all(&mut transaction).await?;
        let mut jobs = rows.iter().map(job).collect::<Result<Vec<_>, _>>()?;
        jobs.sort_by_key(|job| (job.priority, job.run_at, job.id));
        for job in &jobs {
            begin_attempt(&mut transaction, job, owner, now).await?;
        }
        transaction.commit().await?;
        let lease = |job: JobRow| JobLease {
            attempt: job.attempts,
            owner: owner.to_owned(),
            job,
        };
        Ok(jobs.into_iter().map(lease).collect())
    }

    /// Extends leases; gives the jobs whose lease this owner has no more, which it must not go on
    /// with.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn extend_leases(
        &self,
        owner: &str,
        jobs: &[i64],
        lease_until: Timestamp,
    ) -> Result<Vec<i64>, StoreError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let mut update = sql("UPDATE job SET lease_until = ");
        update
            .push_bind(lease_until)
            .push(" WHERE lease_owner = ")
            .push_bind(owner);
        update
            .push(" AND state = 'running' AND id IN (")
            .push_list(jobs.iter().copied());
        update.push(") RETURNING id");
        let rows = update.fetch_all(self.writer()).await?;
        let held = rows
            .iter()
            .map(|row| row.get(0))
            .collect::<Result<Vec<i64>, _>>()?;
        Ok(jobs
            .iter()
            .copied()
            .filter(|job| !held.contains(job))
            .collect())
    }

    /// Writes down what became of a run. Gives the job's new state, or `None` when the lease was
    /// lost: another node has the job, and this report counts for nothing.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn report_job(
        &self,
        lease: &JobLease,
        report: &JobReport,
        now: Timestamp,
    ) -> Result<Option<super::JobState>, StoreError> {
        use super::JobState;
        let last = lease.attempt >= lease.job.attempts_max;
        let (state, run_at, attempts) = match report {
            JobReport::Succeeded => (JobState::Done, lease.job.run_at, lease.attempt),
            JobReport::GaveUp { .. } => (JobState::Dead, lease.job.run_at, lease.attempt),
            JobReport::Cancelled { .. } => (JobState::Discarded, lease.job.run_at, lease.attempt),
            JobReport::Failed { .. } if last => (JobState::Dead, lease.job.run_at, lease.attempt),
            JobReport::Failed { retry_at, .. } => (JobState::Ready, *retry_at, lease.attempt),
            JobReport::PutOff { until, .. } => (JobState::Ready, *until, lease.attempt - 1),
        };
        let mut transaction = self.write().await?;
        let held = sql("UPDATE job SET state = $1, run_at = $2, attempts = $3, last_error = $4, updated_at = $5, \
             lease_owner = NULL, lease_until = NULL WHERE id = $6 AND lease_owner = $7 AND attempts = $8")
            .bind(state.as_str())
            .bind(run_at)
            .bind(attempts)
            .bind(report.error())
            .bind(now)
            .bind(lease.job.id)
            .bind(lease.owner.as_str())
            .bind(lease.attempt)
            .execute(&mut transaction)
            .await?;
        if held == 0 {
            return Ok(None);
        }
        end_attempt(&mut transaction, lease, report, now).await?;
        if state == JobState::Dead {
            let died = died(&lease.job, lease.attempt, report.error());
            events::append(&mut transaction, &[died], now).await?;
        }
        transaction.commit().await?;
        Ok(Some(state))
    }

    /// Frees the jobs whose node does not extend their lease any more, and those that an earlier
    /// life of this node held: of an owner `NODE/LIFE`, give both the node and the whole. A job that
    /// has no attempt left is dead. Gives the jobs, in their new state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn recover_jobs(
        &self,
        this_node: Option<(&str, &str)>,
        now: Timestamp,
    ) -> Result<Vec<JobRow>, StoreError> {
        let rows =
            sql("SELECT id, lease_owner, lease_until FROM job WHERE state = 'running' ORDER BY id")
                .fetch_all(self.reader())
                .await?;
        let mut freed = Vec::new();
        for row in &rows {
            let (id, owner, until): (i64, &str, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let earlier_life = this_node.is_some_and(|(node, this_life)| {
                owner != this_life
                    && owner
                        .strip_prefix(node)
                        .is_some_and(|life| life.starts_with('/'))
            });
            if until < now.0 || earlier_life {
                freed.extend(self.free_job((id, owner, until), now).await?);
            }
        }
        Ok(freed)
    }

    async fn free_job(
        &self,
        (id, owner, until): (i64, &str, i64),
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut transaction = self.write().await?;
        // The lease is looked at again: its owner may have come back in the meantime.
        let mut update = sql("UPDATE job SET \
             state = CASE WHEN attempts >= attempts_max THEN 'dead' ELSE 'ready' END, \
             lease_owner = NULL, lease_until = NULL, run_at = ");
        update.push_bind(now).push(", updated_at = ").push_bind(now);
        update.push(", last_error = ").push_bind(LOST);
        update
            .push(" WHERE state = 'running' AND id = ")
            .push_bind(id);
        update.push(" AND lease_owner = ").push_bind(owner);
        update.push(" AND lease_until = ").push_bind(until);
        update.push(" RETURNING ").push(COLUMNS);
        let Some(row) = update.fetch_optional(&mut transaction).await? else {
            return Ok(None);
        };
        let job = job(&row)?;
        sql(
            "UPDATE job_attempt SET ended_at = $1, outcome = 'lost', error = $2 \
             WHERE job_id = $3 AND outcome = 'running'",
        )
        .bind(now)
        .bind(LOST)
        .bind(id)
        .execute(&mut transaction)
        .await?;
        if job.state == super::JobState::Dead {
            let died = died(&job, job.attempts, Some(LOST));
            events::append(&mut transaction, &[died], now).await?;
        }
        transaction.commit().await?;
        Ok(Some(job))
    }
}

/// What became of a notification or a mail has a name of its own, so that a target that is out of
/// order is not told of itself again and again.
fn died(job: &JobRow, attempts: u32, error: Option<&str>) -> NewEvent {
    let kind = match job.kind.as_str() {
        DELIVER_JOB => NOTIFICATION_FAILED,
        MAIL_JOB => MAIL_FAILED,
        _ => JOB_DIED,
    };
    NewEvent {
        tenant: job.tenant,
        kind: kind.into(),
        subject: format!("job/{}", job.id),
        actor: "switch".into(),
        data: serde_json::json!({
            "job": job.id,
            "kind": job.kind,
            "attempts": attempts,
            "error": error,
        }),
    }
}

async fn begin_attempt(
    transaction: &mut Transaction,
    job: &JobRow,
    owner: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let node = owner.split('/').next().unwrap_or_default();
    // A run that was put off does not count: the next one has its number.
    sql(
        "INSERT INTO job_attempt (job_id, number, node, started_at, outcome) \
         VALUES ($1, $2, $3, $4, 'running') \
         ON CONFLICT (job_id, number) DO UPDATE SET node = excluded.node, \
         started_at = excluded.started_at, ended_at = NULL, outcome = 'running', error = NULL",
    )
    .bind(job.id)
    .bind(job.attempts)
    .bind(node)
    .bind(now)
    .execute(transaction)
    .await?;
    Ok(())
}

async fn end_attempt(
    transaction: &mut Transaction,
    lease: &JobLease,
    report: &JobReport,
    now: Timestamp,
) -> Result<(), StoreError> {
    sql(
        "UPDATE job_attempt SET ended_at = $1, outcome = $2, error = $3 \
         WHERE job_id = $4 AND number = $5",
    )
    .bind(now)
    .bind(report.outcome())
    .bind(report.error())
    .bind(lease.job.id)
    .bind(lease.attempt)
    .execute(transaction)
    .await?;
    Ok(())
}
