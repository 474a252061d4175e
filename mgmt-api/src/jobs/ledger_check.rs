//! Every night: are the books the sum of the records?

use super::differences::Differences;
use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use serde_json::json;
use std::time::Duration;
use store::{NewJob, Store, TenantId};

const KIND: &str = "maintenance.verify_ledger";

/// Compares the ledger with the records of calls, and tells of what differs.
pub struct VerifyLedger {
    store: Store,
}

impl VerifyLedger {
    /// A handler for that database.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    async fn verify(&self, run: &JobRun) -> Result<(), JobFailure> {
        run.progress(0, None, "records are compared").await?;
        let found = self.store.verify_ledger(|_| ()).await?;
        let told = Differences {
            area: "ledger",
            subject: "ledger",
            calls: found.calls,
            total: found.differences_total,
            first: &found.differences,
        };
        told.tell(&self.store).await?;
        Ok(())
    }
}

pub(super) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Compares the ledger with the records of calls, and tells of what differs.";
    Schedule::new("verify_ledger", summary, "10 4 * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, json!({}), now).unique("verify_ledger")
    })
}

impl JobHandler for VerifyLedger {
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
    async fn an_event_tells_of_books_that_are_not_the_sum_of_the_records() {
        let odd = "INSERT INTO ledger_day (account_id, day, kind, currency, amount, \
             currency_amount, entries) VALUES (1, 0, 'payment', 'USD', 5, 5, 1)";
        one_odd_sum_is_told(
            schedule().unwrap(),
            VerifyLedger::new,
            odd,
            "ledger.differs",
        )
        .await;
    }
}
