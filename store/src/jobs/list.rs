//! Looking at jobs, and what somebody who looks may do with them.

use super::{JobProgress, JobState};
use crate::change_sets::PUSH_JOB;
use crate::database::{Row, Statement, sql};
use crate::{AuditActor, NewAuditEntry, Scope, Store, StoreError, TenantId, audit};
use rating::Timestamp;
use serde_json::Value;

/// A job as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// Its number; later jobs have higher ones.
    pub id: i64,
    /// Whose work it is.
    pub tenant: TenantId,
    /// What is to be done.
    pub kind: String,
    /// What it is to be done with.
    pub payload: Value,
    /// What it is alone with among the unfinished of its kind.
    pub unique_key: Option<String>,
    /// The lower runs first.
    pub priority: u16,
    /// Where it stands.
    pub state: JobState,
    /// Runs that were begun.
    pub attempts: u32,
    /// How many may be.
    pub attempts_max: u32,
    /// When it runs next, or ran last.
    pub run_at: Timestamp,
    /// Why the last run did not succeed.
    pub last_error: Option<String>,
    /// How far its last run has come; `None` when its kind does not tell.
    pub progress: Option<JobProgress>,
    /// Who wanted it to stop.
    pub cancelled_by: Option<String>,
    /// When it was put in.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

/// One run of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobAttemptRow {
    /// Which, from 1.
    pub number: u32,
    /// The node that ran it.
    pub node: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs.
    pub ended_at: Option<Timestamp>,
    /// `running`, `succeeded`, `failed`, `gave_up`, `put_off`, `cancelled` or `lost`.
    pub outcome: String,
    /// Why it did not succeed.
    pub error: Option<String>,
}

/// Which jobs to list: those of the tenant, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only with lower numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCount {
    /// The kind.
    pub kind: String,
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
}

pub(super) const COLUMNS: &str = "id, tenant_id, kind, payload, unique_key, priority, state, \
     attempts, attempts_max, run_at, last_error, created_at, updated_at, \
     progress_done, progress_total, progress_text, cancelled_by";

impl Store {
    /// The tenant's jobs.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn jobs(&self, scope: &Scope, query: &JobQuery) -> Result<Vec<JobRow>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS)
            .push(" FROM job WHERE tenant_id = ")
            .push_bind(scope.tenant().get());
        if let Some(state) = query.state {
            list.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(kind) = &query.kind {
            list.push(" AND kind = ").push_bind(kind);
        }
        if let Some(before) = query.before {
            list.push(" AND id < ").push_bind(before);
        }
        list.push(" ORDER BY id DESC LIMIT ").push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(job).collect()
    }

    /// How many jobs the tenant has of each kind in each state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job_counts(&self, scope: &Scope) -> Result<Vec<JobCount>, StoreError> {
        let rows = sql(
            "SELECT kind, state, COUNT(*) FROM job WHERE tenant_id = $1 \
                        GROUP BY kind, state ORDER BY kind, state",
        )
        .bind(scope.tenant().get())
        .fetch_all(self.reader())
        .await?;
        let count = |row: &Row| {
            Ok(JobCount {
                kind: row.get(0)?,
                state: state(row.get(1)?)?,
                count: row.unsigned(2)?,
            })
        };
        rows.iter().map(count).collect()
    }

    /// A job of the tenant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job(&self, scope: &Scope, id: i64) -> Result<Option<JobRow>, StoreError> {
        let mut query = sql("SELECT ");
        query
            .push(COLUMNS)
            .push(" FROM job WHERE id = ")
            .push_bind(id);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(job).transpose()
    }

    /// The runs of a job of the tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn job_attempts(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Vec<JobAttemptRow>, StoreError> {
        let rows = sql(
            "SELECT a.number, a.node, a.started_at, a.ended_at, a.outcome, a.error \
                        FROM job_attempt a JOIN job j ON j.id = a.job_id \
                        WHERE a.job_id = $1 AND j.tenant_id = $2 ORDER BY a.number",
        )
        .bind(id)
        .bind(scope.tenant().get())
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(attempt).collect()
    }

    /// Puts a dead or discarded job back into the queue with as many attempts as it had at first,
    /// or lets one that waits for its time run now. Gives `None` when the tenant has no such job
    /// in one of these states, when another job has its key meanwhile, and for a [`PUSH_JOB`], which
    /// belongs to its change set.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn retry_job(
        &self,
        scope: &Scope,
        id: i64,
        actor: &AuditActor,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut update = sql("UPDATE job SET \
             attempts_max = CASE WHEN state = 'ready' THEN attempts_max ELSE attempts_max + attempts END, \
             state = 'ready', cancelled_by = NULL, run_at = ");
        update.push_bind(now).push(", updated_at = ").push_bind(now);
        update
            .push(" WHERE state IN ('dead', 'discarded', 'ready') AND kind <> ")
            .push_bind(PUSH_JOB);
        update.push(" AND id = ").push_bind(id);
        update
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        update.push(" RETURNING ").push(COLUMNS);
        let told = NewAuditEntry::new(scope.tenant(), now, actor.clone(), "job.retry");
        match self.change_job(update, told).await {
            Err(error) if error.is_unique_violation() => Ok(None),
            row => row,
        }
    }

    /// Decides that a job that waits or is dead need not be done. Gives `None` when the tenant has
    /// no such job in one of these states, and for a [`PUSH_JOB`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn discard_job(
        &self,
        scope: &Scope,
        id: i64,
        actor: &AuditActor,
        now: Timestamp,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut update = sql("UPDATE job SET state = 'discarded', updated_at = ");
        update
            .push_bind(now)
            .push(" WHERE state IN ('ready', 'dead') AND kind <> ")
            .push_bind(PUSH_JOB);
        update.push(" AND id = ").push_bind(id);
        update
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        update.push(" RETURNING ").push(COLUMNS);
        let told = NewAuditEntry::new(scope.tenant(), now, actor.clone(), "job.discard");
        self.change_job(update, told).await
    }

    /// Changes a job, when it is there, and tells the audit log of it.
    pub(super) async fn change_job(
        &self,
        update: Statement,
        told: NewAuditEntry,
    ) -> Result<Option<JobRow>, StoreError> {
        let mut transaction = self.write().await?;
        let Some(row) = update.fetch_optional(&mut transaction).await? else {
            return Ok(None);
        };
        let row = job(&row)?;
        let told = told.on("job", Some(row.id), row.kind.clone());
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(Some(row))
    }

    /// Forgets finished jobs: those done or discarded before one time, those dead before another.
    /// At most `limit` at once; gives how many.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn prune_jobs(
        &self,
        finished_before: Timestamp,
        dead_before: Timestamp,
        limit: u32,
    ) -> Result<u64, StoreError> {
        sql("DELETE FROM job WHERE id IN (SELECT id FROM job \
             WHERE (state IN ('done', 'discarded') AND updated_at < $1) \
             OR (state = 'dead' AND updated_at < $2) ORDER BY id LIMIT $3)")
        .bind(finished_before)
        .bind(dead_before)
        .bind(limit)
        .execute(self.writer())
        .await
    }
}

fn state(name: &str) -> Result<JobState, StoreError> {
    JobState::from_name(name)
        .ok_or_else(|| StoreError::column("state", format!("{name} is no state")))
}

pub(super) fn job(row: &Row) -> Result<JobRow, StoreError> {
    let payload: &str = row.get(3)?;
    let payload = serde_json::from_str(payload).map_err(|source| StoreError::Corrupt {
        table: "job",
        source,
    })?;
    Ok(JobRow {
        id: row.get(0)?,
        tenant: TenantId::new(row.get(1)?),
        kind: row.get(2)?,
        payload,
        unique_key: row.get(4)?,
        priority: row.unsigned(5)?,
        state: state(row.get(6)?)?,
        attempts: row.unsigned(7)?,
        attempts_max: row.unsigned(8)?,
        run_at: Timestamp(row.get(9)?),
        last_error: row.get(10)?,
        created_at: Timestamp(row.get(11)?),
        updated_at: Timestamp(row.get(12)?),
        progress: progress(row)?,
        cancelled_by: row.get(16)?,
    })
}

fn progress(row: &Row) -> Result<Option<JobProgress>, StoreError> {
    let (done, total): (Option<i64>, Option<i64>) = (row.get(13)?, row.get(14)?);
    let text: Option<String> = row.get(15)?;
    Ok(done.map(|done| JobProgress {
        done: done.unsigned_abs(),
        total: total.map(i64::unsigned_abs),
        text: text.unwrap_or_default(),
    }))
}

fn attempt(row: &Row) -> Result<JobAttemptRow, StoreError> {
    let ended_at: Option<i64> = row.get(3)?;
    Ok(JobAttemptRow {
        number: row.unsigned(0)?,
        node: row.get(1)?,
        started_at: Timestamp(row.get(2)?),
        ended_at: ended_at.map(Timestamp),
        outcome: row.get(4)?,
        error: row.get(5)?,
    })
}
