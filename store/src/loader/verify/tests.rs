#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::LoaderConfig;
use crate::testing::{TestDatabase, TestSegment, answered, databases, ended};

const DEAD: u128 = 1;
const LIVING: u128 = 2;

async fn loader(database: &TestDatabase) -> Loader {
    let config = LoaderConfig::new(database.folder().into(), BootId(LIVING));
    Loader::new(database.open().await, config)
}

/// The journal of a process that died with one call up, and of the one that lives.
fn write(database: &TestDatabase) -> [TestSegment; 2] {
    let mut dead = TestSegment::create(database.folder(), DEAD, 1);
    for id in 1..=3 {
        dead.answered(id);
    }
    dead.ended(1);
    dead.ended(2);
    let mut living = TestSegment::create(database.folder(), LIVING, 1);
    living.answered(4);
    living.ended(4);
    living.answered(5);
    [dead, living]
}

async fn verify(loader: &Loader) -> JournalVerification {
    let folder = &loader.config.directory;
    loader.store.verify_journal(folder, |_| ()).await.unwrap()
}

fn call(id: u32) -> CallId {
    answered(id).id
}

#[tokio::test]
async fn what_is_loaded_is_sound_and_what_is_not_waits() {
    databases(async |database| {
        let [_, mut living] = write(database);
        let mut loader = loader(database).await;
        let found = verify(&loader).await;
        assert!(found.is_sound(), "{found:?}");
        assert_eq!((found.segments, found.records, found.waiting), (2, 3, 3));
        loader.recover().await.unwrap();
        let found = verify(&loader).await;
        assert!(found.is_sound(), "{found:?}");
        assert_eq!((found.records, found.waiting), (3, 0));
        living.ended(5);
        let found = verify(&loader).await;
        assert!(found.is_sound(), "{found:?}");
        assert_eq!((found.records, found.waiting), (4, 1));
    })
    .await;
}

#[tokio::test]
async fn records_that_are_gone_or_changed_are_named_and_come_back() {
    databases(async |database| {
        write(database);
        let mut loader = loader(database).await;
        loader.recover().await.unwrap();
        // As a hand in the database would do it.
        for id in [1, 3] {
            sql("DELETE FROM cdr WHERE id = $1")
                .bind(id_text(call(id)))
                .execute(loader.store.writer())
                .await
                .unwrap();
        }
        let mut forged = ended(2);
        forged.charge.amount = rating::Amount(1);
        sql("UPDATE cdr SET record = $1 WHERE id = $2")
            .bind(serde_json::to_string(&forged).unwrap())
            .bind(id_text(call(2)))
            .execute(loader.store.writer())
            .await
            .unwrap();
        let found = verify(&loader).await;
        assert_eq!(found.differences_total, 3);
        let of = |difference: &JournalDifference| match difference {
            JournalDifference::Missing { call, .. } => ("missing", *call),
            JournalDifference::Changed { call, .. } => ("changed", *call),
            JournalDifference::NotClosed { call, .. } => ("not closed", *call),
        };
        let differences: Vec<_> = found.differences.iter().map(of).collect();
        let expected = [
            ("missing", call(1)),
            ("changed", call(2)),
            ("not closed", call(3)),
        ];
        assert_eq!(differences, expected);

        let mut again = self::loader(database).await;
        let recovery = again.replay().await.unwrap();
        assert_eq!((recovery.loaded, recovery.interrupted), (1, 1));
        let found = verify(&loader).await;
        // What is there is not written over: somebody has to look at it.
        let differences: Vec<_> = found.differences.iter().map(of).collect();
        assert_eq!(differences, [("changed", call(2))]);
        let books = loader.store.verify_ledger(|_| ()).await.unwrap();
        assert_eq!(books.call_entries, 8, "nothing is posted twice");
    })
    .await;
}

#[tokio::test]
async fn damage_within_a_segment_is_counted_and_a_torn_end_is_not() {
    databases(async |database| {
        use std::os::unix::fs::FileExt as _;
        let mut segment = TestSegment::create(database.folder(), DEAD, 1);
        segment.ended(1);
        let damaged = segment.position as u64;
        segment.ended(2);
        segment.ended(3);
        segment.begin(&JournalEntry::Ended(ended(4)));
        segment
            .file
            .write_all_at(&[0xff; 64], damaged + 16)
            .unwrap();
        let mut loader = loader(database).await;
        loader.recover().await.unwrap();
        let found = verify(&loader).await;
        assert!(found.damaged_bytes > 0 && !found.is_sound(), "{found:?}");
        assert_eq!((found.records, found.differences_total), (2, 0));
    })
    .await;
}
