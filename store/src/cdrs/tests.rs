#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::TenantId;
use crate::loader::{Loader, LoaderConfig};
use crate::testing::{NOON, TestDatabase, TestSegment, change, databases, ended, resource};
use rating::cdr::{JournalEntry, ReleaseReason};
use rating::journal::BootId;
use serde_json::json;

/// Calls 1 to 9, of which every third failed.
async fn filled(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    for id in 1..=9 {
        let mut call = ended(id);
        if id.is_multiple_of(3) {
            call.outcome = Outcome::Failed;
            call.release.reason = ReleaseReason::UserBusy;
            call.attempts.truncate(1);
        }
        segment.append(&JournalEntry::Ended(call));
    }
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store
}

async fn ids(store: &Store, query: CdrQuery) -> Vec<u128> {
    let limit = if query.limit == 0 { 100 } else { query.limit };
    let rows = store.cdrs(&CdrQuery { limit, ..query }).await.unwrap().rows;
    rows.iter().map(|row| row.id.0 >> 80).collect()
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition() {
    databases(async |database| {
        let store = filled(database).await;
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let query = CdrQuery {
                limit: 4,
                after,
                ..CdrQuery::default()
            };
            let page = store.cdrs(&query).await.unwrap();
            seen.extend(page.rows.iter().map(|row| row.id.0 >> 80));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        let exact = CdrQuery {
            limit: 9,
            ..CdrQuery::default()
        };
        assert_eq!(
            store.cdrs(&exact).await.unwrap().next,
            None,
            "a full last page is the last"
        );
    })
    .await;
}

#[tokio::test]
async fn each_filter_keeps_what_it_names() {
    databases(async |database| {
        let store = filled(database).await;
        let some = |text: &str| Some(text.to_owned());
        let all = CdrQuery::default;
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    customer: some("odd"),
                    ..all()
                }
            )
            .await,
            [9, 7, 5, 3, 1]
        );
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    carrier: some("first"),
                    ..all()
                }
            )
            .await,
            [9, 6, 3]
        );
        let failed = CdrQuery {
            outcome: Some(Outcome::Failed),
            ..all()
        };
        assert_eq!(ids(&store, failed).await, [9, 6, 3]);
        let prefix = CdrQuery {
            called_prefix: some("33142600007"),
            ..all()
        };
        assert_eq!(ids(&store, prefix).await, [7]);
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    called_prefix: some("331426"),
                    ..all()
                }
            )
            .await
            .len(),
            9
        );
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    called_prefix: some("44"),
                    ..all()
                }
            )
            .await
            .len(),
            0
        );
        let at = |seconds: i64| Some(Timestamp(NOON + seconds * 1_000_000));
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    from: at(3),
                    to: at(5),
                    ..all()
                }
            )
            .await,
            [4, 3]
        );
        let both = CdrQuery {
            customer: some("odd"),
            outcome: Some(Outcome::Failed),
            ..all()
        };
        assert_eq!(ids(&store, both).await, [9, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_not_there_is_none() {
    databases(async |database| {
        let store = filled(database).await;
        assert!(store.cdr(CallId(1)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_recent_calls_of_a_tenant_are_those_of_its_customers() {
    databases(async |database| {
        let store = filled(database).await;
        let here = Scope::of_tenant(TenantId::PLATFORM);
        let none = store.recent_calls(&here, 4).await.unwrap();
        assert_eq!(none.len(), 0, "nobody has the customer of these calls");
        // The calls are of the customer with the number 5.
        let mut write = store.begin_configuration(change("ada")).await.unwrap();
        let customers: Vec<_> = (1..=5)
            .map(|number| resource("customer", &format!("c{number}"), json!({})))
            .collect();
        let written = write.put_all(&here, &customers).await.unwrap();
        assert_eq!(written[4].id, 5);
        write.commit().await.unwrap();
        let found = store.recent_calls(&here, 4).await.unwrap();
        let ids: Vec<u128> = found.iter().map(|record| record.id.0 >> 80).collect();
        assert_eq!(ids, [9, 8, 7, 6]);
        let others = Scope::of_tenant(TenantId::new(7));
        assert_eq!(store.recent_calls(&others, 4).await.unwrap().len(), 0);
    })
    .await;
}
