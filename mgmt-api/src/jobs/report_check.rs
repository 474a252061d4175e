//! Every night: are the sums of reports those of the records?

use super::differences::Differences;
use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use rating::Timestamp;
use serde_json::json;
use std::time::Duration;
use store::{NewJob, Store, TRAFFIC_DAY_US, TenantId, TrafficVerification};

const KIND: &str = "maintenance.verify_reports";

/// Days that are compared: longer than a call lasts, so every record comes by. `didtron report verify`
/// compares all.
const DAYS: i64 = 8;

/// Compares the sums of reports with the records of calls, and tells of what differs.
pub struct VerifyReports {
    store: Store,
}

impl VerifyReports {
    /// A handler for that database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    async fn verify(&self, run: &JobRun) -> Result<(), JobFailure> {
        run.progress(0, None, "records are compared").await?;
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
