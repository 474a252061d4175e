//! Every night: are the books the sum of the records?

use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use serde_json::json;
use std::time::Duration;
use store::{NewEvent, NewJob, Store, TenantId};

const KIND: &str = "maintenance.verify_ledger";

/// Differences that the event names; `didtron ledger verify` shows more.
const NAMED: usize = 10;

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
        tracing::info!(
            calls = found.calls,
            differences = found.differences_total,
            "compared the ledger with the records of calls"
        );
        if found.is_sound() {
            return Ok(());
        }
        let named: Vec<String> = found
            .differences
            .iter()
            .take(NAMED)
            .map(ToString::to_string)
            .collect();
        tracing::error!(
            differences = found.differences_total,
            "the books are not the sum of the records"
        );
        let event = NewEvent {
            tenant: TenantId::PLATFORM,
            kind: "ledger.differs".into(),
            subject: "ledger".into(),
            actor: "system".into(),
            data: json!({ "calls": found.calls, "differences": found.differences_total, "first": named }),
        };
        self.store.append_events(&[event], clock::now()).await?;
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
    use super::*;
    use rating::Timestamp;
    use store::{EventQuery, Scope, testing};

    #[tokio::test]
    async fn an_event_tells_of_books_that_are_not_the_sum_of_the_records() {
        testing::databases(async |database| {
            let store = database.open().await;
            let now = clock::now();
            let job = schedule().unwrap().job(now);
            store.enqueue_job(&job, now).await.unwrap().unwrap();
            let until = Timestamp(now.0 + 3_600_000_000);
            let leases = store.claim_jobs("n/1", 1, now, until).await.unwrap();
            let run = JobRun::leased(&store, &leases[0]);
            let check = VerifyLedger::new(store.clone());
            let events = async || {
                let query = EventQuery {
                    limit: 9,
                    ..EventQuery::default()
                };
                let scope = Scope::of_tenant(TenantId::PLATFORM);
                store.events(&scope, &query).await.unwrap()
            };
            check.verify(&run).await.unwrap();
            assert_eq!(events().await, []);
            let odd = "INSERT INTO ledger_day (account_id, day, kind, currency, amount, \
                 currency_amount, entries) VALUES (1, 0, 'payment', 'USD', 5, 5, 1)";
            testing::execute(&store, odd).await;
            check.verify(&run).await.unwrap();
            let told = events().await;
            assert_eq!((told.len(), &*told[0].kind), (1, "ledger.differs"));
            assert_eq!(told[0].data["differences"], 1);
        })
        .await;
    }
}
