//! Calls and attempts in ClickHouse as well, for those who analyse them: rows by its HTTP interface.
//!
//! ```text
//! loader ─identifiers of a batch─► queue (`store::CdrBatch`) ─job, every minute─► rows ([`rows`])
//!   ─INSERT … FORMAT JSONEachRow ([`client`])─► ClickHouse ─► the batch leaves the queue
//! ```
//!
//! A batch is sent until ClickHouse says that it has it, so it may come twice: by the same token
//! (`insert_deduplication_token`), which its tables know for a thousand inserts, and with the same rows, which
//! `ReplacingMergeTree` makes one of. The loader waits for nothing of this.

mod client;
mod rows;
mod tables;

pub use client::ClickHouseSettings;
pub use tables::clickhouse_schema;

use crate::auth::sha256_hex;
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::values::Time;
use client::Client;
use rating::Timestamp;
use rows::{attempt_rows, call_rows};
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use store::{CdrBatch, NewEvent, NewJob, Store, TenantId};

const JOB: &str = "clickhouse.send";

/// After a failure the next try waits so long, and twice as long after each further one.
const FAILED_WAIT_US: i64 = 15_000_000;

/// The longest wait between two tries.
const FAILED_WAIT_MAX_US: i64 = 600_000_000;

/// Records may wait for so long before anybody is told.
const BEHIND_US: i64 = 900_000_000;

/// A run sends for so long and leaves the rest to the next, so that none is cut off for its length.
const RUN_US: i64 = 1_800_000_000;

/// Sends calls to ClickHouse.
pub struct SendToClickHouse {
    store: Store,
    to: Option<Receiver>,
}

/// The ClickHouse that they are sent to.
struct Receiver {
    client: Client,
    keep_us: i64,
    create_tables: bool,
    has_tables: AtomicBool,
}

/// The job of every minute: what has come since.
///
/// # Errors
/// [`ScheduleError`] when the pattern is wrong.
pub fn clickhouse_schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Sends calls to ClickHouse, when it is configured.";
    Schedule::new("send_to_clickhouse", summary, "* * * * *", |now| {
        NewJob::new(TenantId::PLATFORM, JOB, json!({}), now).unique("send_to_clickhouse")
    })
}

impl SendToClickHouse {
    /// Sends what loaders have left in that database. Without settings a job that is left from when there were
    /// some ends at once.
    pub fn new(store: Store, settings: Option<ClickHouseSettings>) -> Self {
        let to = settings.map(|settings| Receiver {
            keep_us: i64::try_from(settings.keep.as_micros()).unwrap_or(i64::MAX),
            create_tables: settings.create_tables,
            client: Client::new(settings),
            has_tables: AtomicBool::new(false),
        });
        Self { store, to }
    }

    /// Sends all that waits at a moment, unless it is too early after a failure.
    ///
    /// # Errors
    /// [`JobFailure`] when the own database fails; what ClickHouse refuses waits and is told.
    pub async fn send_due(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let Some(to) = &self.to else {
            return Ok(());
        };
        let before = Timestamp(now.0.saturating_sub(to.keep_us));
        let lost = self.store.drop_cdr_batches(before).await?;
        if lost > 0 {
            tracing::error!(
                lost,
                "records waited too long for ClickHouse and are given up"
            );
        }
        let Some(sink) = self.store.cdr_sink().await? else {
            return Ok(());
        };
        let is_due = sink.waiting > 0 && sink.next_at.is_none_or(|next| next <= now);
        if is_due && let Err(failure) = self.send_all(to, run).await? {
            tracing::warn!(failure, "calls are not in ClickHouse; it is tried again");
            let wait = FAILED_WAIT_US << sink.failures.min(10);
            let next = now.0.saturating_add(wait.min(FAILED_WAIT_MAX_US));
            self.store
                .cdr_batch_failed(&failure, Timestamp(next))
                .await?;
        }
        self.tell(now).await
    }

    /// Sends batch by batch; gives why it could not.
    async fn send_all(
        &self,
        to: &Receiver,
        run: &JobRun,
    ) -> Result<Result<(), String>, JobFailure> {
        if let Err(failure) = to.make_tables().await {
            return Ok(Err(failure));
        }
        let (mut sent, begun) = (0, clock::now());
        while clock::now().0.saturating_sub(begun.0) < RUN_US {
            run.progress(sent, None, "calls are sent").await?;
            let Some(batch) = self.store.next_cdr_batch().await? else {
                break;
            };
            if let Err(failure) = to.send(&batch).await {
                return Ok(Err(failure));
            }
            self.store.cdr_batch_sent(&batch).await?;
            sent += batch.calls.len() as u64;
        }
        Ok(Ok(()))
    }

    /// Tells when records wait for too long, and when they do not any more.
    async fn tell(&self, now: Timestamp) -> Result<(), JobFailure> {
        let Some(sink) = self.store.cdr_sink().await? else {
            return Ok(());
        };
        let is_behind = sink.oldest_at.is_some_and(|at| at.0 < now.0 - BEHIND_US);
        if is_behind == sink.is_behind {
            return Ok(());
        }
        let event = NewEvent {
            tenant: TenantId::PLATFORM,
            kind: match is_behind {
                true => "clickhouse.behind",
                false => "clickhouse.caught_up",
            }
            .to_owned(),
            subject: "clickhouse".to_owned(),
            actor: "switch".to_owned(),
            data: json!({
                "waiting": sink.waiting,
                "oldest_at": sink.oldest_at.map(Time),
                "failure": sink.failure,
                "lost": sink.lost,
            }),
        };
        self.store
            .note_cdr_sink_behind(is_behind, event, now)
            .await?;
        Ok(())
    }
}

impl Receiver {
    async fn make_tables(&self) -> Result<(), String> {
        if !self.create_tables || self.has_tables.load(Ordering::Relaxed) {
            return Ok(());
        }
        for statement in clickhouse_schema(self.client.database()) {
            self.client.run(statement).await?;
        }
        self.has_tables.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn send(&self, batch: &CdrBatch) -> Result<(), String> {
        let token = sha256_hex(&[&batch.ids.join(",")]);
        let attempts = attempt_rows(&batch.calls);
        if !attempts.is_empty() {
            let token = format!("{token}-attempts");
            self.client
                .insert(tables::ATTEMPTS, token, attempts)
                .await?;
        }
        let calls = call_rows(&batch.calls);
        if !calls.is_empty() {
            let token = format!("{token}-calls");
            self.client.insert(tables::CALLS, token, calls).await?;
        }
        Ok(())
    }
}

impl JobHandler for SendToClickHouse {
    fn kind(&self) -> &'static str {
        JOB
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(3_600)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.send_due(run, clock::now()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn the_tables_are_told_as_statements() {
        let [calls, attempts] = clickhouse_schema("telecom");
        assert!(calls.starts_with("CREATE TABLE IF NOT EXISTS `telecom`.calls (\n  tenant Int64,"));
        assert!(calls.contains("ENGINE = ReplacingMergeTree\n"));
        assert!(attempts.contains("ORDER BY (received_at, call_id, number)\n"));
    }
}
