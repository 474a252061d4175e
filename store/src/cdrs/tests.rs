#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::loader::{Loader, LoaderConfig};
use crate::testing::{NOON, TestSegment, ended, store};
use rating::cdr::{JournalEntry, ReleaseReason};
use rating::journal::BootId;

/// Calls 1 to 9, of which every third failed.
async fn filled() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path()).await;
    let mut segment = TestSegment::create(folder.path(), 1, 1);
    for id in 1..=9 {
        let mut call = ended(id);
        if id.is_multiple_of(3) {
            call.outcome = Outcome::Failed;
            call.release.reason = ReleaseReason::UserBusy;
            call.attempts.truncate(1);
        }
        segment.append(&JournalEntry::Ended(call));
    }
    let config = LoaderConfig::new(folder.path().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    (folder, store)
}

async fn ids(store: &Store, query: CdrQuery) -> Vec<u128> {
    let limit = if query.limit == 0 { 100 } else { query.limit };
    let rows = store.cdrs(&CdrQuery { limit, ..query }).await.unwrap().rows;
    rows.iter().map(|row| row.id.0 >> 80).collect()
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition() {
    let (_folder, store) = filled().await;
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
}

#[tokio::test]
async fn each_filter_keeps_what_it_names() {
    let (_folder, store) = filled().await;
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
}

#[tokio::test]
async fn a_call_that_is_not_there_is_none() {
    let (_folder, store) = filled().await;
    assert!(store.cdr(CallId(1)).await.unwrap().is_none());
}

#[test]
fn a_prefix_is_a_range_that_ends_behind_its_last_number() {
    let range = |prefix| prefix_range(prefix).unwrap();
    assert_eq!(range("44"), ("44".into(), "45".into()));
    assert_eq!(range("449"), ("449".into(), "44:".into()));
    assert_eq!(prefix_range(""), None);
}
