#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::testing::{NOON, TestDatabase, TestSegment, answered, databases, ended};
use crate::{CdrParty, CdrQuery, CdrRow, Scope, TenantId};
use rating::cdr::{CallRecord, JournalEntry, Outcome, ReleaseReason};
use rating::{Amount, Timestamp};
use std::os::unix::fs::FileExt as _;

const LIVING: u128 = 2;
const DEAD: u128 = 1;

fn platform() -> Scope {
    Scope::of_tenant(TenantId::PLATFORM)
}

async fn loader(database: &TestDatabase) -> Loader {
    let config = LoaderConfig::new(database.folder().into(), BootId(LIVING));
    Loader::new(database.open().await, config)
}

/// A loader of the process after: it finds what is in the database.
async fn loader_again(database: &TestDatabase, before: Loader) -> Loader {
    before.store.close().await;
    loader(database).await
}

async fn rows(loader: &Loader) -> Vec<CdrRow> {
    let query = CdrQuery {
        limit: 1_000,
        ..CdrQuery::default()
    };
    let mut rows = loader.store.cdrs(&platform(), &query).await.unwrap().rows;
    rows.reverse();
    rows
}

async fn ids(loader: &Loader) -> Vec<u128> {
    rows(loader)
        .await
        .iter()
        .map(|row| row.id.0 >> 8 & 0xffff_ffff)
        .collect()
}

async fn count(loader: &Loader, table: &'static str) -> i64 {
    let mut statement = sql("SELECT COUNT(*) FROM ");
    statement.push(table);
    statement.fetch_value(loader.store.writer()).await.unwrap()
}

#[tokio::test]
async fn records_are_loaded_as_they_are_written() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        loader.pass().await.unwrap();
        for id in 1..=3 {
            segment.answered(id);
            loader.pass().await.unwrap();
            assert_eq!(count(&loader, "open_call").await, 1);
            segment.ended(id);
            loader.pass().await.unwrap();
            assert_eq!(count(&loader, "open_call").await, 0);
            assert_eq!(ids(&loader).await, (1..=u128::from(id)).collect::<Vec<_>>());
        }
        assert_eq!(count(&loader, "attempt").await, 6);
        let (row, record) = loader
            .store
            .cdr(&platform(), CdrParty::Staff, ended(2).id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record, ended(2), "the whole record comes back as it was");
        assert_eq!(row.carrier.as_deref(), Some("second"));
        assert_eq!(
            (row.charge, row.cost, row.margin),
            (
                Some(Amount(10_000_000)),
                Some(Amount(5_000_000)),
                Some(Amount(5_000_000))
            )
        );
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_half_written_waits_for_its_length() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        let length = segment.begin(&JournalEntry::Ended(ended(2)));
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1]);
        segment.publish(length);
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn reading_goes_from_segment_to_segment_in_order() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut first = TestSegment::create(folder, LIVING, 1);
        let mut second = TestSegment::create(folder, LIVING, 2);
        first.answered(1);
        second.ended(1);
        second.ended(2);
        loader.pass().await.unwrap();
        assert_eq!(
            ids(&loader).await,
            Vec::<u128>::new(),
            "the first may still grow"
        );
        first.seal(false);
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1, 2]);
        assert_eq!(count(&loader, "open_call").await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_restart_loads_nothing_twice() {
    databases(async |database| {
        let folder = database.folder();
        let mut first = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        first.pass().await.unwrap();
        let mut again = loader_again(database, first).await;
        segment.ended(2);
        again.pass().await.unwrap();
        assert_eq!(ids(&again).await, [1, 2]);
        assert_eq!(again.progress.read().records_loaded, 1);
        assert_eq!(again.progress.read().duplicates, 0);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_comes_again_is_left_out_and_counted() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        segment.answered(1);
        segment.ended(1);
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1]);
        assert_eq!(count(&loader, "attempt").await, 2);
        assert_eq!(count(&loader, "open_call").await, 0);
        assert_eq!(loader.progress.read().duplicates, 1);
    })
    .await;
}

#[tokio::test]
async fn when_the_database_fails_nothing_is_left_out() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        let break_it = "ALTER TABLE attempt RENAME TO gone";
        sql(break_it).execute(loader.store.writer()).await.unwrap();
        loader.pass().await.unwrap_err();
        assert_eq!(ids(&loader).await, Vec::<u128>::new(), "not half a batch");
        let waiting = loader.progress.read().lag_bytes;
        assert!(waiting > 0, "what is written and not loaded is told");
        segment.ended(2);
        loader.pass().await.unwrap_err();
        assert_eq!(loader.progress.read().lag_bytes, 2 * waiting);
        let mend_it = "ALTER TABLE gone RENAME TO attempt";
        sql(mend_it).execute(loader.store.writer()).await.unwrap();
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1, 2]);
        assert_eq!(loader.progress.read().duplicates, 0);
        assert_eq!(loader.progress.read().lag_bytes, 0);
    })
    .await;
}

#[tokio::test]
async fn calls_that_were_up_are_closed_once_and_charged_to_the_last_sign_of_life() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, DEAD, 1);
        segment.answered(1);
        segment.answered(2);
        segment.ended(2);
        let answered_at = answered(1).answered_at.unwrap();
        segment.alive(answered_at.0 + 90_500_000);
        let mut first = loader(database).await;
        let recovery = first.recover().await.unwrap();
        assert_eq!(
            recovery,
            Recovery {
                loaded: 1,
                interrupted: 1
            }
        );
        let rows = rows(&first).await;
        assert_eq!(rows[0].outcome, Outcome::Interrupted);
        assert_eq!(rows[0].duration_ms, 90_500);
        assert_eq!(rows[0].billed_seconds, 91);
        let amounts = (rows[0].charge, rows[0].cost, rows[0].margin);
        let half = Some(Amount(45_500_000));
        assert_eq!(amounts, (Some(Amount(91_000_000)), half, half));
        assert_eq!(rows[0].release_reason, "interrupted");
        assert_eq!(rows[1].outcome, Outcome::Answered);
        let (_, record) = first
            .store
            .cdr(&platform(), CdrParty::Staff, answered(1).id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record.release.reason, ReleaseReason::Interrupted);
        assert_eq!(
            record.attempts[0].outcome,
            Outcome::Failed,
            "a failed attempt stays failed"
        );
        assert_eq!(record.attempts[1].ended_at, record.ended_at);
        let mut again = loader_again(database, first).await;
        assert_eq!(again.recover().await.unwrap(), Recovery::default());
        assert_eq!(ids(&again).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_was_refused_already_keeps_its_outcome_when_its_process_dies() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, DEAD, 1);
        let mut refused = answered(1);
        refused.answered_at = None;
        refused.outcome = Outcome::Cancelled;
        refused.release.reason = ReleaseReason::CustomerCancelled;
        segment.append(&JournalEntry::Answered(refused.clone()));
        segment.alive(NOON + 3_600_000_000);
        let mut loader = loader(database).await;
        let recovery = loader.recover().await.unwrap();
        assert_eq!(recovery.interrupted, 1);
        let (row, record) = loader
            .store
            .cdr(&platform(), CdrParty::Staff, refused.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(record, refused);
        assert_eq!(
            (row.outcome, row.charge),
            (Outcome::Cancelled, Some(Amount(0)))
        );
    })
    .await;
}

#[tokio::test]
async fn a_mark_of_life_from_before_the_answer_gives_no_negative_duration() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, DEAD, 1);
        segment.answered(1);
        segment.alive(NOON - 1);
        let mut loader = loader(database).await;
        loader.recover().await.unwrap();
        let rows = rows(&loader).await;
        assert_eq!(rows[0].duration_ms, 0);
        assert_eq!(Some(rows[0].ended_at), rows[0].answered_at);
    })
    .await;
}

#[tokio::test]
async fn calls_of_the_living_process_stay_open() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.answered(1);
        let mut loader = loader(database).await;
        assert_eq!(loader.recover().await.unwrap(), Recovery::default());
        assert_eq!(count(&loader, "open_call").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_torn_tail_of_a_dead_process_ends_its_segment() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, DEAD, 1);
        segment.answered(1);
        segment.ended(1);
        let length = segment.begin(&JournalEntry::Ended(ended(2)));
        let tail = segment.position as u64 + 40;
        segment.publish(length);
        segment.file.write_all_at(&[0; 4_096], tail).unwrap();
        let mut loader = loader(database).await;
        assert_eq!(
            loader.recover().await.unwrap(),
            Recovery {
                loaded: 1,
                interrupted: 0
            }
        );
        assert!(loader.segments.known[&segment.name].finished);
        assert!(
            loader.segments.known[&segment.name].damaged,
            "a record was lost"
        );
    })
    .await;
}

#[tokio::test]
async fn records_behind_a_hole_or_a_flipped_bit_are_found() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, DEAD, 1);
        segment.ended(1);
        let flipped = segment.position as u64 + 30;
        segment.ended(2);
        segment.ended(3);
        let hole = segment.position as u64;
        segment.ended(4);
        let behind = segment.position as u64;
        segment.ended(5);
        segment.file.write_all_at(&[0xff], flipped).unwrap();
        segment
            .file
            .write_all_at(&vec![0; (behind - hole) as usize], hole)
            .unwrap();
        let mut loader = loader(database).await;
        loader.recover().await.unwrap();
        assert_eq!(ids(&loader).await, [1, 3, 5]);
        assert!(loader.progress.read().damaged_bytes >= behind - hole);
        loader.config.retention = Duration::ZERO;
        loader.pass().await.unwrap();
        assert!(
            folder.join(segment.name.to_string()).exists(),
            "kept for the operator"
        );
    })
    .await;
}

#[tokio::test]
async fn a_sealed_segment_that_ends_too_early_is_damaged() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        let lost = segment.position as u64;
        segment.ended(2);
        let bytes = segment.position as u64 - lost;
        segment.seal(true);
        segment
            .file
            .write_all_at(&vec![0; bytes as usize], lost)
            .unwrap();
        let mut loader = loader(database).await;
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [1]);
        assert_eq!(loader.progress.read().damaged_bytes, bytes);
    })
    .await;
}

#[tokio::test]
async fn damage_in_a_living_segment_is_believed_only_after_many_looks() {
    databases(async |database| {
        let folder = database.folder();
        let mut loader = loader(database).await;
        let mut segment = TestSegment::create(folder, LIVING, 1);
        let flipped = segment.position as u64 + 30;
        segment.ended(1);
        segment.ended(2);
        segment.file.write_all_at(&[0xff], flipped).unwrap();
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, Vec::<u128>::new());
        for _ in 0..30 {
            loader.pass().await.unwrap();
        }
        assert_eq!(ids(&loader).await, [2]);
        segment.ended(3);
        loader.pass().await.unwrap();
        assert_eq!(ids(&loader).await, [2, 3]);
    })
    .await;
}

#[tokio::test]
async fn loaded_segments_are_deleted_when_they_are_old_and_nothing_is_written_there() {
    databases(async |database| {
        let folder = database.folder();
        let mut full = TestSegment::create(folder, LIVING, 1);
        let mut current = TestSegment::create(folder, LIVING, 2);
        full.ended(1);
        full.seal(false);
        current.ended(2);
        let mut loader = loader(database).await;
        loader.pass().await.unwrap();
        assert!(
            folder.join(full.name.to_string()).exists(),
            "within its retention"
        );
        loader.config.retention = Duration::ZERO;
        loader.pass().await.unwrap();
        assert!(!folder.join(full.name.to_string()).exists());
        assert!(folder.join(current.name.to_string()).exists());
        assert_eq!(count(&loader, "journal_position").await, 1);
        assert_eq!(ids(&loader).await, [1, 2]);
    })
    .await;
}

#[tokio::test]
async fn a_segment_of_a_later_program_stops_its_shard_alone_and_is_named() {
    databases(async |database| {
        let folder = database.folder();
        let mut other = TestSegment::create(folder, LIVING + 1, 1);
        other.ended(7);
        let mut segment = TestSegment::create(folder, LIVING, 1);
        segment.ended(1);
        segment.file.write_all_at(&[9], 8).unwrap();
        let mut loader = loader(database).await;
        let error = loader.pass().await.unwrap_err();
        assert!(
            error.to_string().contains(&segment.name.to_string()),
            "{error}"
        );
        assert_eq!(ids(&loader).await, [7]);
    })
    .await;
}

#[tokio::test]
async fn a_header_that_was_never_written_does_not_stop_a_recovery() {
    databases(async |database| {
        let folder = database.folder();
        let segment = TestSegment::create(folder, DEAD, 2);
        segment.file.write_all_at(&[0; 256], 0).unwrap();
        let mut loader = loader(database).await;
        assert_eq!(loader.recover().await.unwrap(), Recovery::default());
        assert!(loader.segments.known[&segment.name].finished);
    })
    .await;
}

#[tokio::test]
async fn the_running_loader_loads_what_is_there_before_it_stops() {
    databases(async |database| {
        let folder = database.folder();
        let mut segment = TestSegment::create(folder, LIVING, 1);
        let loader = loader(database).await;
        let store = loader.store.clone();
        let handle = loader.spawn();
        segment.ended(1);
        segment.seal(true);
        handle.stop().await;
        let query = CdrQuery {
            limit: 10,
            ..CdrQuery::default()
        };
        assert_eq!(store.cdrs(&platform(), &query).await.unwrap().rows.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_journal_of_many_segments_and_batches_is_loaded_whole() {
    const CALLS: u32 = 5_000;
    databases(async |database| {
        let segments = crate::testing::write_journal(database.folder(), CALLS);
        assert!(segments > 3, "{segments}");
        let mut loader = loader(database).await;
        assert_eq!(loader.recover().await.unwrap().loaded, u64::from(CALLS));
        assert_eq!(count(&loader, "cdr").await, i64::from(CALLS));
        assert_eq!(count(&loader, "attempt").await, 2 * i64::from(CALLS));
        assert_eq!(count(&loader, "open_call").await, 0);
    })
    .await;
}

#[test]
fn a_record_keeps_all_its_fields_as_json() {
    let text = serde_json::to_string(&ended(1)).unwrap();
    assert_eq!(serde_json::from_str::<CallRecord>(&text).unwrap(), ended(1));
    let latest = CallRecord {
        id: rating::cdr::CallId(u128::MAX),
        received_at: Timestamp(i64::MAX),
        ..ended(1)
    };
    let text = serde_json::to_string(&latest).unwrap();
    assert_eq!(serde_json::from_str::<CallRecord>(&text).unwrap(), latest);
}
