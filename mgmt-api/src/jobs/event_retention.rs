//! What keeps the tables of events and deliveries from growing without end.

use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use rating::Timestamp;
use std::time::Duration;
use store::{NewJob, Store, TenantId};

const KIND: &str = "maintenance.prune_events";

/// Events that are kept, however young.
const EVENTS_MAX: u32 = 1_000_000;

/// Rows that one statement forgets: short enough that no other writer waits noticeably.
const BATCH: u32 = 1_000;

/// Forgets old events and what became of their notifications.
pub struct PruneEvents {
    store: Store,
    keep: Duration,
}

impl PruneEvents {
    /// A handler that keeps them so long.
    pub fn new(store: Store, keep: Duration) -> Self {
        Self { store, keep }
    }

    async fn prune(&self, run: &JobRun) -> Result<(), JobFailure> {
        let keep = i64::try_from(self.keep.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp(clock::now().0.saturating_sub(keep));
        let mut gone = 0;
        loop {
            run.progress(gone, None, "old events are forgotten").await?;
            let batch = self.store.prune_events(before, EVENTS_MAX, BATCH).await?;
            gone += batch;
            if batch < u64::from(BATCH) {
                break;
            }
        }
        loop {
            let text = "old notifications are forgotten";
            run.progress(gone, None, text).await?;
            let batch = self.store.prune_deliveries(before, BATCH).await?;
            gone += batch;
            if batch < u64::from(BATCH) {
                return Ok(());
            }
        }
    }
}

/// Every ten minutes, so that a flood of events does not stay until the night.
pub(super) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Forgets old events and notifications.";
    Schedule::new("prune_events", summary, "*/10 * * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("prune_events")
    })
}

impl JobHandler for PruneEvents {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.prune(run))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use store::testing::TestDatabase;
    use store::{EventQuery, JobQuery, NewEvent, Scope};

    #[tokio::test]
    async fn old_events_go_and_young_ones_stay() {
        let database = TestDatabase::sqlite();
        let store = database.open().await;
        let day = 86_400_000_000;
        for age in [9, 3, 1] {
            let event = NewEvent {
                tenant: TenantId::PLATFORM,
                kind: "a.b".into(),
                subject: age.to_string(),
                actor: "ann".into(),
                data: serde_json::json!({}),
            };
            let then = Timestamp(clock::now().0 - age * day);
            store.append_events(&[event], then).await.unwrap();
        }
        let keep = Duration::from_secs(5 * 86_400);
        let now = clock::now();
        let job = schedule().unwrap().job(now);
        store.enqueue_job(&job, now).await.unwrap();
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        let jobs = JobQuery {
            limit: 1,
            ..JobQuery::default()
        };
        let job = store.jobs(&scope, &jobs).await.unwrap().remove(0);
        let prune = PruneEvents::new(store.clone(), keep);
        prune.prune(&JobRun::new(job, 1)).await.unwrap();
        let query = EventQuery {
            limit: 9,
            ..EventQuery::default()
        };
        let rows = store.events(&scope, &query).await.unwrap();
        let subjects: Vec<_> = rows.iter().map(|row| row.subject.as_str()).collect();
        assert_eq!(subjects, ["1", "3"]);
    }
}
