//! Jobs put in by the clock. All nodes look; each point in time gives one job.

use super::{NewJob, enqueue};
use crate::database::{Row, sql};
use crate::{Store, StoreError};
use rating::Timestamp;

/// A schedule as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Its name.
    pub name: String,
    /// When it runs, as a cron pattern in UTC.
    pub cron: String,
    /// The next time.
    pub next_run_at: Timestamp,
    /// The last time that it put a job in.
    pub last_run_at: Option<Timestamp>,
    /// That job.
    pub last_job_id: Option<i64>,
}

impl Store {
    /// Makes a schedule known. One that is known with the same pattern keeps its next time, so a
    /// time that passed while no node was up is made good.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn put_schedule(
        &self,
        name: &str,
        cron: &str,
        next_run_at: Timestamp,
    ) -> Result<(), StoreError> {
        sql("INSERT INTO job_schedule (name, cron, next_run_at) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET cron = excluded.cron, next_run_at = excluded.next_run_at \
             WHERE job_schedule.cron <> excluded.cron")
        .bind(name)
        .bind(cron)
        .bind(next_run_at)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// All schedules, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        let rows = sql("SELECT name, cron, next_run_at, last_run_at, last_job_id \
                        FROM job_schedule ORDER BY name")
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(schedule).collect()
    }

    /// Puts in the job of a schedule's time `due` and sets its next time. Gives the job's number;
    /// `None` when another node was faster, or the last time's job is not finished.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn fire_schedule(
        &self,
        name: &str,
        due: Timestamp,
        next_run_at: Timestamp,
        job: &NewJob,
        now: Timestamp,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.write().await?;
        let first =
            sql("UPDATE job_schedule SET next_run_at = $1 WHERE name = $2 AND next_run_at = $3")
                .bind(next_run_at)
                .bind(name)
                .bind(due)
                .execute(&mut transaction)
                .await?;
        if first == 0 {
            return Ok(None);
        }
        let id = enqueue(&mut transaction, job, now).await?;
        if let Some(id) = id {
            sql("UPDATE job_schedule SET last_run_at = $1, last_job_id = $2 WHERE name = $3")
                .bind(now)
                .bind(id)
                .bind(name)
                .execute(&mut transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(id)
    }
}

fn schedule(row: &Row) -> Result<ScheduleRow, StoreError> {
    let last_run_at: Option<i64> = row.get(3)?;
    Ok(ScheduleRow {
        name: row.get(0)?,
        cron: row.get(1)?,
        next_run_at: Timestamp(row.get(2)?),
        last_run_at: last_run_at.map(Timestamp),
        last_job_id: row.get(4)?,
    })
}
