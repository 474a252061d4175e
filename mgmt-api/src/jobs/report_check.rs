//! Every night: are the sums of reports those of the records? Of the newest days always, of older ones as many as there
//! is time for; the next night goes on where this one ended, and begins anew behind the oldest.

use super::differences::Differences;
use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use rating::Timestamp;
use serde_json::json;
use std::time::{Duration, Instant};
use store::{NewJob, Store, TRAFFIC_DAY_US, TenantId, TrafficVerification};

const KIND: &str = "maintenance.verify_reports";

/// Days that are compared each night: longer than a call lasts, so every record comes by. `didtron report verify`
/// compares all.
const DAYS: i64 = 8;

/// No older day is begun after so long in a night.
const BUDGET: Duration = Duration::from_secs(3_600);

/// The setting that says which days are still to be compared: those before this one, microseconds.
const PLACE: &str = "report_check.before";

/// Compares the sums of reports with the records of calls, and tells of what differs.
pub struct VerifyReports {
    store: Store,
    budget: Duration,
}

impl VerifyReports {
    /// A handler for that database.
    pub fn new(store: Store) -> Self {
        Self {
            store,
            budget: BUDGET,
        }
    }

    /// Compares days before those of each night.
    async fn verify_older(
        &self,
        run: &JobRun,
        found: &mut TrafficVerification,
        (begun, newest): (Instant, i64),
    ) -> Result<(), JobFailure> {
        let oldest = self
            .store
            .oldest_cdr_day(Timestamp(0), Timestamp(newest))
            .await?;
        let Some(oldest) = oldest else { return Ok(()) };
        let kept = self.store.setting(PLACE).await?;
        let kept = kept.and_then(|text| text.parse().ok());
        // Behind the oldest it begins anew.
        let kept = kept.filter(|place| (oldest.0 + 1..newest).contains(place));
        let mut place = kept.unwrap_or(newest);
        while place > oldest.0 && begun.elapsed() < self.budget {
            let from = place - TRAFFIC_DAY_US;
            let span = (Some(Timestamp(from)), Some(Timestamp(place)));
            let day = self.store.verify_traffic_between(span.0, span.1, |_| ());
            found.join(day.await?);
            place = from;
            self.store.set_setting(PLACE, &place.to_string()).await?;
            run.progress(found.calls, None, "records are compared")
                .await?;
        }
        Ok(())
    }

    async fn verify(&self, run: &JobRun) -> Result<(), JobFailure> {
        run.progress(0, None, "records are compared").await?;
        let begun = Instant::now();
        let mut found = TrafficVerification::default();
        // The newest first, and to its end before the next: what is cut off is the oldest.
        let (now, mut behind) = (clock::now(), None);
        for day in 0..DAYS {
            let from = Timestamp(now.0.saturating_sub(day * TRAFFIC_DAY_US));
            let days = self
                .store
                .verify_traffic_between(Some(from), behind, |_| ());
            found.join(days.await?);
            behind = Some(from);
            run.progress(found.calls, None, "records are compared")
                .await?;
            if found.filling.is_some() {
                break;
            }
        }
        if let Some(fill) = found.filling {
            let (done, total) = (fill.done, fill.total);
            tracing::info!(
                done,
                total,
                "records of before are filled in; sums are compared when they are"
            );
            return Ok(());
        }
        let today = now.0.div_euclid(TRAFFIC_DAY_US) * TRAFFIC_DAY_US;
        let newest = today - (DAYS - 1) * TRAFFIC_DAY_US;
        self.verify_older(run, &mut found, (begun, newest)).await?;
        let unreadable = (found.unreadable > 0).then(|| {
            let records = found.unreadable;
            format!("{records} records cannot be read and are in no sum; the log names them")
        });
        let first: Vec<String> = unreadable
            .into_iter()
            .chain(found.differences.iter().map(ToString::to_string))
            .collect();
        let told = Differences {
            area: "report",
            subject: "reports",
            calls: found.calls,
            total: found.differences_total + found.unreadable,
            first: &first,
        };
        told.tell(&self.store).await?;
        Ok(())
    }
}

pub(super) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary =
        "Compares the sums of reports with the records of calls, and tells of what differs.";
    Schedule::new("verify_reports", summary, "40 4 * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, json!({}), now).unique("verify_reports")
    })
}

impl JobHandler for VerifyReports {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(6 * 3_600)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.verify(run))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::super::differences::testing::one_odd_sum_is_told;
    use super::*;
    use rating::journal::BootId;
    use store::{Loader, LoaderConfig, testing};

    /// Noon of 1 March 2026, when the calls of the journal were received.
    const NOON: i64 = 1_772_366_400_000_000;

    #[tokio::test]
    async fn an_event_tells_of_a_record_that_cannot_be_read() {
        let odd = "INSERT INTO cdr (id, node, snapshot_number, received_at, ended_at, calling_number, \
             called_number, outcome, sip_status, release_reason, released_by, duration_ms, \
             billed_seconds, attempts, charge, cost, margin, currency, record) VALUES ('03bb2cc3d80000000000000000000000', 'n', 1, \
             4102444800000000, 4102444800000000, '', '', 'failed', 503, '', '', 0, 0, 0, 0, 0, 0, \
             'USD', '{}')";
        one_odd_sum_is_told(
            schedule().unwrap(),
            VerifyReports::new,
            odd,
            "report.differs",
        )
        .await;
    }

    /// The calls of the journal are of March: older than what is compared each night.
    #[tokio::test]
    async fn older_days_are_compared_a_part_each_night_and_then_anew() {
        testing::databases(async |database| {
            testing::write_journal(database.folder(), 3);
            let store = database.open().await;
            let config = LoaderConfig::new(database.folder().into(), BootId(2));
            Loader::new(store.clone(), config).recover().await.unwrap();
            let now = clock::now();
            let job = schedule().unwrap().job(now);
            store.enqueue_job(&job, now).await.unwrap();
            let until = Timestamp(now.0 + 3_600_000_000);
            let leases = store.claim_jobs("n/1", 1, now, until).await.unwrap();
            let run = JobRun::leased(&store, &leases[0]);
            let compare = async |from: i64, budget: u64| {
                let check = VerifyReports {
                    store: store.clone(),
                    budget: Duration::from_secs(budget),
                };
                let mut found = TrafficVerification::default();
                let newest = NOON + TRAFFIC_DAY_US / 2 + from * TRAFFIC_DAY_US;
                let older = check.verify_older(&run, &mut found, (Instant::now(), newest));
                older.await.unwrap();
                (found.calls, found.differences_total > 0)
            };
            assert_eq!(compare(2, 0).await, (0, false), "there was no time");
            assert_eq!(store.setting(PLACE).await.unwrap(), None);
            testing::execute(&store, "UPDATE traffic SET talk_ms = talk_ms + 1").await;
            // As a night that had time for the first of three days.
            let place = (NOON + TRAFFIC_DAY_US / 2 + TRAFFIC_DAY_US).to_string();
            store.set_setting(PLACE, &place).await.unwrap();
            assert_eq!(compare(2, 3_600).await, (3, true), "it went on");
            let done = store.setting(PLACE).await.unwrap().unwrap();
            assert_eq!(done, (NOON - TRAFFIC_DAY_US / 2).to_string());
            assert_eq!(
                compare(3, 3_600).await,
                (3, true),
                "anew from the newest on"
            );
            assert_eq!(compare(-1, 3_600).await, (0, false), "none is older");
        })
        .await;
    }

    #[tokio::test]
    async fn an_event_tells_of_reports_that_are_not_the_sum_of_the_records() {
        // A sum of a far day, which no record has.
        let odd = "INSERT INTO traffic (owner, side, grain, bucket, customer_id, ingress_trunk_id, \
             carrier_id, egress_trunk_id, destination, currency, seizures, answered, effective, \
             rejected, rang, pdd_ms, talk_ms, billed_seconds, charge, charge_nanos, cost, \
             cost_nanos, amount, amount_nanos) VALUES (1, 'call', 1440, 4102444800000000, 5, 0, 0, \
             0, '', 'USD', 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
        one_odd_sum_is_told(
            schedule().unwrap(),
            VerifyReports::new,
            odd,
            "report.differs",
        )
        .await;
    }
}
