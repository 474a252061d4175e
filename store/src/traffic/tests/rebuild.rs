//! Sums that are made anew.

use super::*;

async fn is_sound(store: &Store) -> bool {
    let found = store.verify_traffic(None, |_| ()).await.unwrap();
    found.is_sound()
}

/// As by a node of a release without sums: the records are there, their sums are not; and what else may
/// become of a row.
#[tokio::test]
async fn sums_are_made_anew_from_the_records_and_what_was_wrong_is_told() {
    databases(async |database| {
        let store = database.open().await;
        let mut calls: Vec<_> = (1..40).map(ended).collect();
        // Received on the day before, and attempted then.
        let mut early = ended(50);
        early.received_at.0 -= TRAFFIC_DAY_US;
        early.id = id_at(early.received_at, 50);
        for attempt in &mut early.attempts {
            attempt.started_at.0 -= TRAFFIC_DAY_US;
        }
        calls.push(early);
        load(&store, database, 1, &calls).await;
        let right = kept(&store).await;
        execute(
            &store,
            "DELETE FROM traffic WHERE side = 'call' AND grain = 15",
        )
        .await;
        execute(
            &store,
            "UPDATE traffic SET cost = cost + 1 WHERE side = 'attempt'",
        )
        .await;
        execute(
            &store,
            "INSERT INTO traffic SELECT owner, side, grain, bucket, 77, ingress_trunk_id, carrier_id, \
             egress_trunk_id, destination, currency, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
             FROM traffic WHERE side = 'call' AND customer_id = 5",
        )
        .await;
        assert!(!is_sound(&store).await);
        // A later day has nothing; of two only the asked one is mended.
        let noon = Timestamp(NOON);
        let tomorrow = Timestamp(NOON + TRAFFIC_DAY_US);
        let none = store.rebuild_traffic(Some(tomorrow), None, |_| ()).await;
        assert_eq!(none.unwrap().differences_total, 0);
        let before = store.rebuild_traffic(None, Some(noon), |_| ()).await;
        let before = before.unwrap();
        assert_eq!(before.calls, 1);
        assert!(before.differences_total > 0);
        assert!(!is_sound(&store).await);
        let mut told = 0;
        let rest = store.rebuild_traffic(Some(noon), Some(tomorrow), |calls| told = calls);
        let rest = rest.await.unwrap();
        assert_eq!((rest.calls, told), (39, 39));
        assert!(rest.differences_total > 0);
        assert_eq!(kept(&store).await, right);
        assert!(is_sound(&store).await);
        let again = store.rebuild_traffic(None, None, |_| ()).await.unwrap();
        assert_eq!((again.calls, again.differences_total), (40, 0));
    })
    .await;
}

#[tokio::test]
async fn sums_are_not_made_anew_while_records_of_before_are_filled_in() {
    databases(async |database| {
        let store = database.open().await;
        load(&store, database, 1, &[ended(1)]).await;
        let fill = "INSERT INTO cdr_fill (name, call_id, until, done, total) \
             VALUES ('traffic', '', 'f', 0, 1)";
        execute(&store, fill).await;
        let before = kept(&store).await;
        let refused = store.rebuild_traffic(None, None, |_| ()).await.unwrap();
        assert_eq!(refused.filling, Some(TrafficFill { done: 0, total: 1 }));
        assert_eq!(kept(&store).await, before);
    })
    .await;
}

/// Whatever of the two is first at any record, it is counted once.
#[tokio::test]
async fn sums_that_are_made_anew_while_records_come_are_exact() {
    databases(async |database| {
        let store = database.open().await;
        let second = database.open().await;
        let loads = async {
            for boot in 1..=30_u32 {
                let calls: Vec<_> = (0..10).map(|id| ended(boot * 100 + id)).collect();
                load(&store, database, boot.into(), &calls).await;
                tokio::task::yield_now().await;
            }
        };
        let rebuilds = async {
            for _ in 0..30 {
                let made = second.rebuild_traffic(None, None, |_| ()).await.unwrap();
                assert_eq!(made.differences, [], "the loader is exact by itself");
                execute(&second, "UPDATE traffic SET seizures = seizures + 1").await;
                let mended = second.rebuild_traffic(None, None, |_| ()).await.unwrap();
                assert_eq!(mended.unreadable, 0);
            }
        };
        tokio::join!(loads, rebuilds);
        let found = store.verify_traffic(None, |_| ()).await.unwrap();
        assert_eq!(
            (found.calls, found.differences_total),
            (300, 0),
            "{found:?}"
        );
    })
    .await;
}

/// A loader that has its sums written and not committed keeps a rebuild waiting, and the other way round.
#[tokio::test]
async fn a_loader_and_a_rebuild_wait_for_each_other_on_postgresql() {
    use crate::database::Lock;
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let mut loader = store.write().await.unwrap();
    fill::waiting(&mut loader).await.unwrap();
    let mut other_loader = store.write().await.unwrap();
    fill::waiting(&mut other_loader).await.unwrap();
    other_loader.commit().await.unwrap();
    let alone = "SELECT pg_try_advisory_xact_lock($1)";
    let is_free = async || {
        let mut rebuild = store.write().await.unwrap();
        let asked = sql(alone).bind(Lock::Traffic as i64);
        asked.fetch_value::<bool>(&mut rebuild).await.unwrap()
    };
    assert!(!is_free().await);
    loader.commit().await.unwrap();
    assert!(is_free().await);
    drop(store);
    database.remove().await;
}
