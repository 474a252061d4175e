//! What keeps the tables of jobs and mail from growing without end.

use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use super::{audit_retention, cdr_retention, event_retention, ledger_check, report_check};
use crate::clock;
use rating::Timestamp;
use std::time::Duration;
use store::{NewJob, Store, TenantId};

const KIND: &str = "maintenance.prune";

/// Rows that one statement forgets: short enough that no other writer waits noticeably.
const BATCH: u32 = 1_000;

/// How long finished work is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Jobs that are done or discarded, and mail that was sent.
    pub finished: Duration,
    /// Dead jobs, which somebody should have looked at.
    pub dead: Duration,
}

/// Forgets old jobs and mail.
pub struct Prune {
    store: Store,
    retention: Retention,
}

/// The schedules that every node keeps.
///
/// # Errors
/// [`ScheduleError`] when a pattern is wrong.
pub fn schedules() -> Result<Vec<Schedule>, ScheduleError> {
    let summary = "Forgets finished jobs and sent mail after their time.";
    Ok(vec![
        Schedule::new("prune", summary, "30 3 * * *", prune_job)?,
        event_retention::schedule()?,
        audit_retention::schedule()?,
        crate::cdr_archive::schedule()?,
        cdr_retention::schedule()?,
        ledger_check::schedule()?,
        report_check::schedule()?,
        crate::routes::reports::mailed::schedule()?,
        crate::deck_import::schedule()?,
        crate::exchange::schedule()?,
        crate::netting::schedule()?,
    ])
}

fn prune_job(now: Timestamp) -> NewJob {
    NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("prune")
}

impl Prune {
    /// A handler with these times.
    pub fn new(store: Store, retention: Retention) -> Self {
        Self { store, retention }
    }

    async fn prune(&self, run: &JobRun) -> Result<(), JobFailure> {
        let now = clock::now();
        let finished_before = before(now, self.retention.finished);
        let dead_before = before(now, self.retention.dead);
        let mut jobs = 0;
        loop {
            run.progress(jobs, None, "finished jobs are forgotten")
                .await?;
            let gone = self
                .store
                .prune_jobs(finished_before, dead_before, BATCH)
                .await?;
            jobs += gone;
            if gone < u64::from(BATCH) {
                break;
            }
        }
        let mut mail = 0;
        loop {
            run.progress(jobs + mail, None, "old mail is forgotten")
                .await?;
            let gone = self
                .store
                .prune_mail(finished_before, dead_before, BATCH)
                .await?;
            mail += gone;
            if gone < u64::from(BATCH) {
                break;
            }
        }
        let files = self.store.prune_cdr_exports(now).await?;
        tracing::info!(jobs, mail, files, "forgot what was finished long ago");
        Ok(())
    }
}

impl JobHandler for Prune {
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

fn before(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_sub(micros))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use store::testing;
    use store::{JobQuery, JobReport, JobState, Scope};

    fn scope() -> Scope {
        Scope::of_tenant(TenantId::PLATFORM)
    }

    #[tokio::test]
    async fn what_was_finished_long_ago_is_forgotten_and_the_rest_is_kept() {
        testing::databases(async |database| {
            let store = database.open().await;
            let day = 86_400_000_000;
            let now = clock::now();
            for age in [1, 20] {
                let then = Timestamp(now.0 - age * day);
                let job = NewJob::new(TenantId::PLATFORM, "k", serde_json::json!({}), then);
                store.enqueue_job(&job, then).await.unwrap();
                let lease = store
                    .claim_jobs("n/1", 1, then, now)
                    .await
                    .unwrap()
                    .remove(0);
                store
                    .report_job(&lease, &JobReport::Succeeded, then)
                    .await
                    .unwrap();
            }
            let retention = Retention {
                finished: Duration::from_secs(14 * 86_400),
                dead: Duration::from_secs(90 * 86_400),
            };
            let query = JobQuery {
                limit: 1,
                ..JobQuery::default()
            };
            let mut jobs = store.jobs(&scope(), &query).await.unwrap();
            let run = JobRun::new(jobs.remove(0), 1);
            let prune = Prune::new(store.clone(), retention);
            prune.prune(&run).await.unwrap();
            let counts = store.job_counts(&scope()).await.unwrap();
            assert_eq!(
                (counts.len(), counts[0].state, counts[0].count),
                (1, JobState::Done, 1)
            );
        })
        .await;
    }

    #[test]
    fn every_schedule_is_sound() {
        let names: Vec<_> = schedules().unwrap().iter().map(Schedule::name).collect();
        let expected = [
            "prune",
            "prune_events",
            "prune_audit",
            "archive_cdrs",
            "prune_cdrs",
            "verify_ledger",
            "verify_reports",
            "mail_reports",
            "follow_decks",
            "refresh_exchange_rates",
            "run_nettings",
        ];
        assert_eq!(names, expected);
    }
}
