//! What a nightly comparison with the records of calls found, in the log and as an event.

use crate::clock;
use serde_json::json;
use std::fmt::Display;
use store::{NewEvent, Store, StoreError, TenantId};

/// Differences that the event names; the command that compares by hand shows more.
const NAMED: usize = 10;

/// What differs from the records of calls.
pub(super) struct Differences<'a, D> {
    /// What was compared, as the event's area and its subject name it.
    pub(super) area: &'static str,
    pub(super) subject: &'static str,
    /// Calls that were looked at.
    pub(super) calls: u64,
    /// How many there are, also beyond those that are named.
    pub(super) total: u64,
    pub(super) first: &'a [D],
}

impl<D: Display> Differences<'_, D> {
    /// Logs what was compared; when something differs, an event `AREA.differs` tells it too.
    ///
    /// # Errors
    /// [`StoreError`] when the event cannot be written.
    pub(super) async fn tell(&self, store: &Store) -> Result<(), StoreError> {
        let (subject, calls, differences) = (self.subject, self.calls, self.total);
        tracing::info!(
            subject,
            calls,
            differences,
            "compared with the records of calls"
        );
        if differences == 0 {
            return Ok(());
        }
        tracing::error!(subject, differences, "not the sum of the records of calls");
        let first: Vec<String> = self.first.iter().take(NAMED).map(D::to_string).collect();
        let event = NewEvent {
            tenant: TenantId::PLATFORM,
            kind: format!("{}.differs", self.area),
            subject: subject.into(),
            actor: "system".into(),
            data: json!({ "calls": calls, "differences": differences, "first": first }),
        };
        store.append_events(&[event], clock::now()).await
    }
}

#[cfg(test)]
pub(super) mod testing {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use crate::clock;
    use crate::jobs::{JobFailure, JobHandler, JobRun, Schedule};
    use rating::Timestamp;
    use store::{EventQuery, Scope, Store, TenantId, testing};

    /// A comparison says nothing of an empty database, and names its event after a statement that
    /// puts in one sum which no record has.
    pub(in crate::jobs) async fn one_odd_sum_is_told<H: JobHandler>(
        schedule: Schedule,
        check: impl Fn(Store) -> H,
        odd: &'static str,
        event: &str,
    ) {
        testing::databases(async |database| {
            let store = database.open().await;
            let now = clock::now();
            store
                .enqueue_job(&schedule.job(now), now)
                .await
                .unwrap()
                .unwrap();
            let until = Timestamp(now.0 + 3_600_000_000);
            let leases = store.claim_jobs("n/1", 1, now, until).await.unwrap();
            let run = JobRun::leased(&store, &leases[0]);
            let check = check(store.clone());
            let compare = async || -> Result<(), JobFailure> { check.run(&run).await };
            let events = async || {
                let query = EventQuery {
                    limit: 9,
                    ..EventQuery::default()
                };
                let scope = Scope::of_tenant(TenantId::PLATFORM);
                store.events(&scope, &query).await.unwrap()
            };
            compare().await.unwrap();
            assert_eq!(events().await, []);
            testing::execute(&store, odd).await;
            compare().await.unwrap();
            let told = events().await;
            assert_eq!((told.len(), &*told[0].kind), (1, event));
            // A sum may be wrong by more than one measure.
            assert!(told[0].data["differences"].as_u64() >= Some(1));
        })
        .await;
    }
}
