//! What keeps the audit log from growing without end. What is left of each chain still verifies:
//! the store keeps an anchor, and the log tells what was taken away.

use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use rating::Timestamp;
use std::time::Duration;
use store::{NewJob, Store, TenantId};

const KIND: &str = "maintenance.prune_audit";

/// Entries that one transaction takes away: short enough that no other writer waits noticeably.
/// Each transaction leaves an entry that tells of it.
const BATCH: u32 = 5_000;

/// Forgets old entries of the audit log, of each tenant.
pub struct PruneAudit {
    store: Store,
    keep: Duration,
}

impl PruneAudit {
    /// A handler that keeps them so long.
    pub fn new(store: Store, keep: Duration) -> Self {
        Self { store, keep }
    }

    async fn prune(&self, run: &JobRun) -> Result<(), JobFailure> {
        let keep = i64::try_from(self.keep.as_micros()).unwrap_or(i64::MAX);
        let before = Timestamp(clock::now().0.saturating_sub(keep));
        let tenants = self.store.audit_tenants().await?;
        let total = Some(tenants.len() as u64);
        let mut gone = 0;
        for (done, tenant) in (0..).zip(tenants) {
            loop {
                let text = format!("tenants; {gone} entries forgotten");
                run.progress(done, total, &text).await?;
                let now = clock::now();
                let batch = self.store.prune_audit(tenant, before, BATCH, now).await?;
                gone += batch;
                if batch < u64::from(BATCH) {
                    break;
                }
            }
        }
        tracing::info!(entries = gone, "forgot old entries of the audit log");
        Ok(())
    }
}

/// Each night.
pub(super) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Forgets entries of the audit log after their time.";
    Schedule::new("prune_audit", summary, "50 3 * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("prune_audit")
    })
}

impl JobHandler for PruneAudit {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(600)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.prune(run))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use store::{AuditActor, AuditQuery, NewAuditEntry, Scope, testing};

    const DAY: i64 = 86_400_000_000;

    fn entry(age_days: i64) -> NewAuditEntry {
        let at = Timestamp(clock::now().0 - age_days * DAY);
        NewAuditEntry::new(TenantId::PLATFORM, at, AuditActor::system("test"), "a.b")
    }

    /// A run of the job that the schedule puts in, with its lease.
    async fn run(store: &Store) -> JobRun {
        let now = clock::now();
        let job = schedule().unwrap().job(now);
        store.enqueue_job(&job, now).await.unwrap().unwrap();
        let until = Timestamp(now.0 + DAY);
        let leases = store.claim_jobs("n/1", 1, now, until).await.unwrap();
        JobRun::leased(store, &leases[0])
    }

    #[tokio::test]
    async fn old_entries_go_and_what_is_left_verifies() {
        testing::databases(async |database| {
            let store = database.open().await;
            let scope = Scope::of_tenant(TenantId::PLATFORM);
            let entries = [entry(500), entry(401), entry(399), entry(1)];
            store.append_audit(&entries).await.unwrap();
            let keep = Duration::from_secs(400 * 86_400);
            let handler = PruneAudit::new(store.clone(), keep);
            handler.prune(&run(&store).await).await.unwrap();
            let query = AuditQuery {
                limit: 10,
                ..AuditQuery::default()
            };
            let page = store.audit_entries(&scope, &query).await.unwrap();
            let left: Vec<_> = page.rows.iter().map(|row| &*row.operation).collect();
            assert_eq!(left, ["audit.prune", "a.b", "a.b"]);
            let verified = store.verify_audit(&scope).await.unwrap();
            assert_eq!((verified.broken, verified.head.anchor_sequence), (None, 2));
        })
        .await;
    }

    #[tokio::test]
    async fn it_tells_how_far_it_is_and_stops_when_it_is_cancelled() {
        testing::databases(async |database| {
            let store = database.open().await;
            let scope = Scope::of_tenant(TenantId::PLATFORM);
            store.append_audit(&[entry(500)]).await.unwrap();
            let handler = PruneAudit::new(store.clone(), Duration::ZERO);
            let run = run(&store).await;
            let actor = AuditActor::system("ann");
            let cancel = store.cancel_job(&scope, run.job.id, &actor, clock::now());
            assert_eq!(cancel.await.unwrap(), None, "it has told nothing so far");
            run.progress(0, None, "begins").await.unwrap();
            let cancel = store.cancel_job(&scope, run.job.id, &actor, clock::now());
            let shown = cancel.await.unwrap().unwrap().progress.unwrap();
            assert_eq!((shown.done, &*shown.text), (0, "begins"));
            // The same run told from elsewhere, so that it is written at once.
            let stopped = handler.prune(&run.told_anew()).await;
            assert_eq!(stopped, Err(JobFailure::Cancelled { by: "ann".into() }));
            let head = store.audit_head(&scope).await.unwrap();
            assert_eq!(head.anchor_sequence, 0, "nothing was forgotten");
        })
        .await;
    }
}
