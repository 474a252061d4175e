//! Calls of a time rated once more: a preview of what that would change, and its corrections in the books.
//!
//! ```text
//! previewing ─► ready ─► applying ─► applied
//!      └─► failed
//! ```
//!
//! A preview leaves a line for each charge or cost that would be another. Applying it posts what the lines
//! say and computes nothing again: an entry for each line, of the difference, with a key of the call, the
//! attempt and the re-rating, so that nothing is posted twice whatever dies when. The record of the call
//! stays what it is. What a call was charged is what its record says, or the line of the last re-rating that
//! was applied: so a second one corrects the first, and does not come on top.
//!
//! Only one re-rating of a tenant is posted at a time, and a preview is of no use any more once another was
//! applied since it began.

mod lines;
mod posting;

pub use lines::{Booked, RERATING_LINES_AT_ONCE, ReratedCalls, ReratingLine};
pub use posting::ReratingPosted;
pub(crate) use posting::{RERATING_LINE_COLUMNS, line};

use crate::database::{Row, Transaction, sql};
use crate::jobs::{self, NewJob};
use crate::resources::json;
use crate::{NewAuditEntry, Scope, Store, StoreError, audit};
use rating::Timestamp;
use serde_json::Value;

/// The kind of job that makes a preview. Payload: `{"rerating": 7}`.
pub const RERATING_PREVIEW_JOB: &str = "rerating.preview";

/// The kind of job that posts corrections. Payload: `{"rerating": 7}`.
pub const RERATING_APPLY_JOB: &str = "rerating.apply";

/// Most re-ratings of a tenant that are not applied: each may have a line for each call.
pub const RERATINGS_OPEN_MAX: u64 = 10;

/// Where a re-rating stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReratingState {
    /// A job reads the calls.
    Previewing,
    /// It can be looked at and applied.
    Ready,
    /// There is no preview.
    Failed,
    /// A job posts the corrections.
    Applying,
    /// All of them are posted.
    Applied,
}

/// A re-rating as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct ReratingRow {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub state: ReratingState,
    /// Who asked for it.
    pub author: String,
    /// Which calls, and by what they are rated.
    pub asked: Value,
    /// SHA-256 of the rates that they were rated by.
    pub rates: Option<String>,
    /// Sums, and what could not be rated.
    pub outcome: Option<Value>,
    /// Why there is no preview.
    pub failure: Option<String>,
    /// The job that works on it, or did.
    pub job_id: Option<i64>,
    /// Who had it posted.
    pub applied_by: Option<String>,
    /// Since when it is posted: the time at which its entries count.
    pub applied_at: Option<Timestamp>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a preview is not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReratingRefusal {
    /// It is in this state, or gone.
    NotReady(Option<ReratingState>),
    /// This one was applied since the preview began, or is under way.
    Outdated(i64),
}

const COLUMNS: &str = "id, state, author, asked, rates, outcome, failure, job_id, applied_by, \
    applied_at, created_at, updated_at";

impl ReratingState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Previewing,
        Self::Ready,
        Self::Failed,
        Self::Applying,
        Self::Applied,
    ];

    /// As it is written in the table and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Previewing => "previewing",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Applying => "applying",
            Self::Applied => "applied",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// One run of the job that makes a preview. A node that was held up may go on after another has taken its job
/// over: what it writes then must count for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReratingRun {
    id: i64,
    number: i64,
}

impl ReratingRun {
    /// Whether it is still the one that makes the preview, which then stays so until the transaction ends.
    async fn hold(self, transaction: &mut Transaction) -> Result<bool, StoreError> {
        let held = sql("UPDATE rerating SET run = run WHERE id = $1 AND run = $2 \
             AND state = 'previewing' RETURNING id");
        let held = held.bind(self.id).bind(self.number);
        Ok(held.fetch_optional(transaction).await?.is_some())
    }
}

impl Store {
    /// Asks for a preview and puts its job into the queue; gives its number, or `None` when the tenant has
    /// [`RERATINGS_OPEN_MAX`] that are not applied.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_rerating(
        &self,
        scope: &Scope,
        author: &str,
        asked: &Value,
        told: NewAuditEntry,
    ) -> Result<Option<i64>, StoreError> {
        let owner = scope.tenant();
        let at = told.at;
        let mut transaction = self.write().await?;
        lock(&mut transaction, scope).await?;
        let open: i64 =
            sql("SELECT COUNT(*) FROM rerating WHERE owner = $1 AND state NOT IN ('applying', 'applied')")
                .bind(owner.get())
                .fetch_value(&mut transaction)
                .await?;
        if open.unsigned_abs() >= RERATINGS_OPEN_MAX {
            return Ok(None);
        }
        let id: i64 = sql(
            "INSERT INTO rerating (owner, state, author, asked, created_at, updated_at) \
             VALUES ($1, 'previewing', $2, $3, $4, $4) RETURNING id",
        )
        .bind(owner.get())
        .bind(author)
        .bind(asked.to_string())
        .bind(at)
        .fetch_value(&mut transaction)
        .await?;
        enqueue(&mut transaction, scope, RERATING_PREVIEW_JOB, id, at).await?;
        let told = NewAuditEntry {
            subject_id: Some(id),
            ..told
        };
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The re-ratings of a tenant, the newest first: those with lower numbers than `before`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn reratings(
        &self,
        scope: &Scope,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<ReratingRow>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS).push(" FROM rerating WHERE owner = ");
        list.push_bind(scope.tenant().get());
        if let Some(before) = before {
            list.push(" AND id < ").push_bind(before);
        }
        list.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(rerating).collect()
    }

    /// One re-rating of a tenant.
    ///
    /// # Errors
    /// As [`reratings`](Self::reratings).
    pub async fn rerating(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<ReratingRow>, StoreError> {
        let mut one = sql("SELECT ");
        one.push(COLUMNS).push(" FROM rerating WHERE owner = ");
        one.push_bind(scope.tenant().get());
        one.push(" AND id = ").push_bind(id);
        let row = one.fetch_optional(self.reader()).await?;
        row.as_ref().map(rerating).transpose()
    }

    /// Begins a preview: lines of a run that was cut off go, and it writes none any more. `None` when the
    /// preview is not wanted.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin_rerating_preview(
        &self,
        id: i64,
        now: Timestamp,
    ) -> Result<Option<ReratingRun>, StoreError> {
        let mut transaction = self.write().await?;
        sql("DELETE FROM rerating_line WHERE rerating_id IN \
             (SELECT id FROM rerating WHERE id = $1 AND state = 'previewing')")
        .bind(id)
        .execute(&mut transaction)
        .await?;
        let begun = sql(
            "UPDATE rerating SET begun_at = $1, updated_at = $1, run = run + 1 \
             WHERE id = $2 AND state = 'previewing' RETURNING run",
        );
        let begun = begun.bind(now).bind(id);
        let begun = begun.fetch_optional_value(&mut transaction).await?;
        transaction.commit().await?;
        Ok(begun.map(|number| ReratingRun { id, number }))
    }

    /// The preview is there. Gives whether the run was still the one that makes it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rerating_ready(
        &self,
        run: ReratingRun,
        rates: &str,
        outcome: &Value,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let ready = sql(
            "UPDATE rerating SET state = 'ready', rates = $1, outcome = $2, updated_at = $3 \
             WHERE id = $4 AND run = $5 AND state = 'previewing' RETURNING id",
        )
        .bind(rates)
        .bind(outcome.to_string())
        .bind(now)
        .bind(run.id)
        .bind(run.number)
        .fetch_optional(self.writer())
        .await?;
        Ok(ready.is_some())
    }

    /// There will be no preview. Does nothing for a run that is not the one that makes it any more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rerating_failed(
        &self,
        run: ReratingRun,
        failure: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if run.hold(&mut transaction).await? {
            sql("DELETE FROM rerating_line WHERE rerating_id = $1")
                .bind(run.id)
                .execute(&mut transaction)
                .await?;
            sql(
                "UPDATE rerating SET state = 'failed', failure = $1, updated_at = $2 WHERE id = $3",
            )
            .bind(failure)
            .bind(now)
            .bind(run.id)
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit().await
    }

    /// Has a preview posted: from now on its corrections count. The caller has seen that the rates are
    /// those of the preview. One whose job was cancelled, discarded or died on the way is taken up again: what
    /// is posted stays, and the rest follows.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn apply_rerating(
        &self,
        scope: &Scope,
        id: i64,
        by: &str,
        told: &NewAuditEntry,
    ) -> Result<Result<(), ReratingRefusal>, StoreError> {
        let mut transaction = self.write().await?;
        // One after the other: what each has applied the next one sees.
        lock(&mut transaction, scope).await?;
        let row = sql("SELECT state, begun_at, job_id FROM rerating WHERE id = $1 AND owner = $2")
            .bind(id)
            .bind(scope.tenant().get())
            .fetch_optional(&mut transaction)
            .await?;
        let Some(row) = row else {
            return Ok(Err(ReratingRefusal::NotReady(None)));
        };
        let state = state(row.get(0)?)?;
        if state == ReratingState::Applying && !is_under_way(&mut transaction, row.get(2)?).await? {
            enqueue(&mut transaction, scope, RERATING_APPLY_JOB, id, told.at).await?;
            audit::append(&mut transaction, std::slice::from_ref(told)).await?;
            transaction.commit().await?;
            return Ok(Ok(()));
        }
        if state != ReratingState::Ready {
            return Ok(Err(ReratingRefusal::NotReady(Some(state))));
        }
        let is_outdated = row.get::<Option<i64>>(1)?.unwrap_or(0) == 0;
        let other = sql(
            "SELECT id FROM rerating WHERE owner = $1 AND (state = 'applying' OR $2) \
             AND state IN ('applying', 'applied') ORDER BY applied_place DESC LIMIT 1",
        )
        .bind(scope.tenant().get())
        .bind(is_outdated)
        .fetch_optional_value(&mut transaction)
        .await?;
        if let Some(other) = other {
            return Ok(Err(ReratingRefusal::Outdated(other)));
        }
        sql(
            "UPDATE rerating SET state = 'applying', applied_by = $1, applied_at = $2, \
             updated_at = $2, applied_place = 1 + (SELECT COALESCE(MAX(applied_place), 0) \
             FROM rerating WHERE owner = $3) WHERE id = $4",
        )
        .bind(by)
        .bind(told.at)
        .bind(scope.tenant().get())
        .bind(id)
        .execute(&mut transaction)
        .await?;
        // What other previews have read is not what the books will have. No clock says so: those of two
        // nodes differ.
        sql(
            "UPDATE rerating SET begun_at = 0 WHERE owner = $1 AND id <> $2 \
             AND state IN ('previewing', 'ready') AND begun_at IS NOT NULL",
        )
        .bind(scope.tenant().get())
        .bind(id)
        .execute(&mut transaction)
        .await?;
        enqueue(&mut transaction, scope, RERATING_APPLY_JOB, id, told.at).await?;
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    }

    /// Takes a preview away that was not applied. Gives whether it was there.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn discard_rerating(
        &self,
        scope: &Scope,
        id: i64,
        told: &NewAuditEntry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let gone = sql("DELETE FROM rerating WHERE id = $1 AND owner = $2 \
             AND state NOT IN ('applying', 'applied') RETURNING id")
        .bind(id)
        .bind(scope.tenant().get())
        .fetch_optional(&mut transaction)
        .await?;
        if gone.is_none() {
            return Ok(false);
        }
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// Whether a job waits or runs.
async fn is_under_way(transaction: &mut Transaction, job: Option<i64>) -> Result<bool, StoreError> {
    let found = sql("SELECT 1 FROM job WHERE id = $1 AND state IN ('ready', 'running')")
        .bind(job.unwrap_or(0))
        .fetch_optional(transaction)
        .await?;
    Ok(found.is_some())
}

/// Holds the re-ratings of a tenant until the transaction ends.
async fn lock(transaction: &mut Transaction, scope: &Scope) -> Result<(), StoreError> {
    sql("UPDATE rerating SET owner = owner WHERE owner = $1")
        .bind(scope.tenant().get())
        .execute(transaction)
        .await?;
    Ok(())
}

async fn enqueue(
    transaction: &mut Transaction,
    scope: &Scope,
    kind: &'static str,
    id: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let payload = serde_json::json!({ "rerating": id });
    let job = NewJob::new(scope.tenant(), kind, payload, now);
    let job = jobs::enqueue(transaction, &job, now).await?;
    sql("UPDATE rerating SET job_id = $1 WHERE id = $2")
        .bind(job)
        .bind(id)
        .execute(transaction)
        .await?;
    Ok(())
}

fn state(text: &str) -> Result<ReratingState, StoreError> {
    ReratingState::from_name(text)
        .ok_or_else(|| StoreError::column("state", "no state of a re-rating"))
}

fn rerating(row: &Row) -> Result<ReratingRow, StoreError> {
    let outcome: Option<&str> = row.get(5)?;
    let applied_at: Option<i64> = row.get(9)?;
    Ok(ReratingRow {
        id: row.get(0)?,
        state: state(row.get(1)?)?,
        author: row.get(2)?,
        asked: json("rerating", row.get(3)?)?,
        rates: row.get(4)?,
        outcome: outcome.map(|text| json("rerating", text)).transpose()?,
        failure: row.get(6)?,
        job_id: row.get(7)?,
        applied_by: row.get(8)?,
        applied_at: applied_at.map(Timestamp),
        created_at: Timestamp(row.get(10)?),
        updated_at: Timestamp(row.get(11)?),
    })
}

#[cfg(test)]
mod tests;
