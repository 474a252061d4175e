#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{NOON, TestDatabase, TestSegment, databases, execute, received};
use crate::{
    CdrArchiveBegun, CdrArchiveEnded, CdrArchiveFile, CdrParty, Loader, LoaderConfig, Scope,
    TenantId,
};
use rating::cdr::{CallRecord, JournalEntry};
use rating::journal::BootId;

const NOW: Timestamp = Timestamp(NOON + 50 * DAY_US);
const DAY: Timestamp = Timestamp(NOON - DAY_US / 2);

/// The day before, the day, and the day after; the last call of each has its attempts on the next.
fn calls() -> Vec<CallRecord> {
    let at = |days: i64, number: u32| received(Timestamp(NOON + days * DAY_US), number);
    let mut calls: Vec<_> = (-1..=1)
        .flat_map(|days| (1..4).map(move |number| at(days, number)))
        .collect();
    for days in -1..=1 {
        let mut late = received(Timestamp(DAY.0 + (days + 1) * DAY_US - 1_000_000), 9);
        for attempt in &mut late.attempts {
            attempt.started_at.0 += 2_000_000;
        }
        calls.push(late);
    }
    calls
}

async fn load(store: &Store, database: &TestDatabase, sequence: u64, calls: &[CallRecord]) -> u64 {
    let mut segment = TestSegment::create(database.folder(), 1, sequence);
    for call in calls {
        segment.append(&JournalEntry::Ended(call.clone()));
    }
    segment.seal(true);
    let config = LoaderConfig::new(database.folder().into(), BootId(9));
    let loaded = Loader::new(store.clone(), config).recover().await;
    loaded.unwrap().loaded
}

async fn filled(database: &TestDatabase) -> Store {
    let store = database.open().await;
    assert_eq!(load(&store, database, 1, &calls()).await, 12);
    store
}

async fn value(store: &Store, text: &'static str) -> i64 {
    sql(text).fetch_value(store.reader()).await.unwrap()
}

async fn drop_day(store: &Store, day: Timestamp) -> u64 {
    assert_eq!(store.begin_dropping_cdrs(day, false).await.unwrap(), None);
    let mut records = 0;
    loop {
        let dropped = store.drop_some_cdrs(day, NOW).await.unwrap();
        records += dropped.records;
        if dropped.all {
            return records;
        }
    }
}

async fn is_sound(store: &Store) -> (u64, u64) {
    let ledger = store.verify_ledger(|_| ()).await.unwrap();
    assert!(ledger.is_sound(), "{:?}", ledger.differences);
    let traffic = store.verify_traffic(None, |_| ()).await.unwrap();
    assert!(traffic.is_sound(), "{:?}", traffic.differences);
    (ledger.dropped, traffic.dropped)
}

#[tokio::test]
async fn a_day_that_is_dropped_leaves_books_reports_and_its_neighbours_as_they_are() {
    databases(async |database| {
        let store = filled(database).await;
        let sums = "SELECT COUNT(*) + CAST(SUM(seizures) AS BIGINT) FROM traffic";
        let (before, postings) = (
            value(&store, sums).await,
            value(&store, "SELECT COUNT(*) FROM ledger_posting").await,
        );
        assert_eq!(is_sound(&store).await, (0, 0));
        assert_eq!(drop_day(&store, DAY).await, 4);
        assert_eq!(value(&store, "SELECT COUNT(*) FROM cdr").await, 8);
        assert_eq!(value(&store, "SELECT COUNT(*) FROM attempt").await, 16);
        let (ledger, traffic) = is_sound(&store).await;
        assert!(
            ledger > 0 && traffic > 0,
            "it says that it was not compared"
        );
        let rebuilt = store.rebuild_traffic(None, None, |_| ()).await.unwrap();
        assert_eq!((rebuilt.differences_total, rebuilt.dropped > 0), (0, true));
        assert_eq!(value(&store, sums).await, before);
        let after = value(&store, "SELECT COUNT(*) FROM ledger_posting").await;
        assert_eq!(after, postings);
        let found = store.dropped_cdr_day(calls()[3].id).await.unwrap().unwrap();
        assert_eq!((found.day, found.dropped_at), (DAY, Some(NOW)));
        assert_eq!(store.dropped_cdr_day(calls()[0].id).await.unwrap(), None);
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        let there = store.cdr(&scope, CdrParty::Staff, calls()[0].id).await;
        assert!(there.unwrap().is_some());
    })
    .await;
}

/// The books stay held against what was dropped: a posting that is changed is found.
#[tokio::test]
async fn the_sums_of_all_calls_still_witness_what_is_posted_for_those_that_are_gone() {
    databases(async |database| {
        let store = filled(database).await;
        drop_day(&store, DAY).await;
        is_sound(&store).await;
        execute(
            &store,
            "UPDATE cdr_dropped_sum SET nanos = nanos + 1 WHERE kind = 'revenue'",
        )
        .await;
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert_eq!(found.differences_total, 1, "{:?}", found.differences);
    })
    .await;
}

#[tokio::test]
async fn a_day_stays_while_anybody_needs_its_records() {
    databases(async |database| {
        let store = filled(database).await;
        let wait = async || store.begin_dropping_cdrs(DAY, false).await.unwrap();
        let open = sql("INSERT INTO open_call (id, boot, shard, record) VALUES ($1, 'b', 0, '')");
        let id = id_text(crate::testing::id_at(Timestamp(NOON), 77));
        open.bind(id).execute(store.writer()).await.unwrap();
        assert_eq!(wait().await, Some(CdrDayWait::OpenCalls(1)));
        execute(&store, "DELETE FROM open_call").await;
        execute(&store, "INSERT INTO cdr_fill (name, call_id, until, done, total) VALUES ('search', '', 'f', 0, 9)").await;
        assert_eq!(wait().await, Some(CdrDayWait::Filling));
        execute(&store, "DELETE FROM cdr_fill").await;
        let preview = "INSERT INTO rerating (owner, state, author, asked, created_at, updated_at) \
            VALUES (1, 'previewing', 'ann', '{}', 0, 0)";
        execute(&store, preview).await;
        assert_eq!(wait().await, Some(CdrDayWait::Rerating));
        execute(&store, "DELETE FROM rerating").await;
        let archived = store.begin_dropping_cdrs(DAY, true).await.unwrap();
        assert_eq!(archived, Some(CdrDayWait::NotArchived));
        let archive = sql("INSERT INTO cdr_day (day, state, rows, archived_at, archive_key) \
             VALUES ($1, 'archived', 3, 1, 'cdr/x')");
        archive.bind(DAY).execute(store.writer()).await.unwrap();
        let differs = CdrDayWait::ArchiveDiffers { archived: 3, there: 4 };
        assert_eq!(wait().await, Some(differs));
        execute(&store, "UPDATE cdr_day SET rows = 4").await;
        execute(&store, "UPDATE traffic SET talk_ms = talk_ms + 1 WHERE side = 'call'").await;
        assert!(matches!(wait().await, Some(CdrDayWait::Differs(_))));
        execute(&store, "UPDATE traffic SET talk_ms = talk_ms - 1 WHERE side = 'call'").await;
        assert_eq!(value(&store, "SELECT COUNT(*) FROM cdr").await, 12, "nothing went");
        assert_eq!(store.begin_dropping_cdrs(DAY, true).await.unwrap(), None);
        assert!(store.drop_some_cdrs(DAY, NOW).await.unwrap().all);
        let found = store.dropped_cdr_day(calls()[3].id).await.unwrap().unwrap();
        assert_eq!(found.archive_key.as_deref(), Some("cdr/x"));
    })
    .await;
}

/// The attempts of a day's calls are in sums of the next day too. Those of days that went before are left out.
#[tokio::test]
async fn a_day_stays_while_the_sums_of_its_attempts_are_not_those_of_its_records() {
    databases(async |database| {
        let store = filled(database).await;
        let before = Timestamp(DAY.0 - DAY_US);
        let wait = async |day| store.begin_dropping_cdrs(day, false).await.unwrap();
        let more = async |from: i64, to: i64, by: i64| {
            let more = sql(
                "UPDATE traffic SET talk_ms = talk_ms + $1 WHERE side = 'attempt' \
                 AND grain = 15 AND bucket >= $2 AND bucket < $3",
            );
            let more = more.bind(by).bind(from).bind(to);
            assert!(more.execute(store.writer()).await.unwrap() > 0);
        };
        let end = DAY.0 + DAY_US;
        // At noon, and after midnight: of the last call, whose attempts are on the next day.
        for (from, to) in [(NOON, NOON + DAY_US / 4), (end, end + DAY_US / 48)] {
            more(from, to, 1).await;
            assert!(matches!(wait(DAY).await, Some(CdrDayWait::Differs(_))));
            more(from, to, -1).await;
        }
        drop_day(&store, before).await;
        is_sound(&store).await;
        // Its own noon and the next midnight are still compared, that of the day that went is not.
        for (from, to) in [(NOON, NOON + DAY_US / 4), (end, end + DAY_US / 48)] {
            more(from, to, 1).await;
            assert!(matches!(wait(DAY).await, Some(CdrDayWait::Differs(_))));
            let found = store.verify_traffic(None, |_| ()).await.unwrap();
            assert!(!found.is_sound());
            more(from, to, -1).await;
        }
        assert_eq!(wait(DAY).await, None);
    })
    .await;
}

#[tokio::test]
async fn a_span_tells_which_of_its_days_were_dropped() {
    databases(async |database| {
        let store = filled(database).await;
        let at = |days: i64| Some(Timestamp(DAY.0 + days * DAY_US));
        let dropped = async |from, to| {
            store
                .dropped_cdr_days(Between { from, to }, false)
                .await
                .unwrap()
        };
        assert_eq!(dropped(None, None).await, None);
        drop_day(&store, DAY).await;
        let days = DroppedCdrDays {
            days: 1,
            from: DAY,
            to: at(1).unwrap(),
        };
        for (from, to) in [(None, None), (at(0), at(1)), (at(-9), at(9))] {
            assert_eq!(dropped(from, to).await, Some(days), "{from:?} {to:?}");
        }
        assert_eq!(dropped(at(1), None).await, None);
        assert_eq!(dropped(None, at(0)).await, None);
    })
    .await;
}

/// A segment of long ago comes back, with a call that was loaded and one that never was.
#[tokio::test]
async fn what_a_journal_brings_of_a_dropped_day_is_kept_and_charged_once() {
    databases(async |database| {
        let store = filled(database).await;
        drop_day(&store, DAY).await;
        let new = received(Timestamp(NOON + 60_000_000), 500);
        let brought = [
            calls()[3].clone(),
            new.clone(),
            received(Timestamp(NOON + 9 * DAY_US), 501),
        ];
        for sequence in [2, 3] {
            let loaded = load(&store, database, sequence, &brought).await;
            assert_eq!(loaded, u64::from(sequence == 2), "the one of another day");
            assert_eq!(value(&store, "SELECT COUNT(*) FROM cdr_late").await, 2);
            is_sound(&store).await;
        }
        let key = format!("call:{}%", id_text(new.id));
        let entries = sql("SELECT COUNT(*) FROM ledger_entry WHERE key LIKE $1").bind(key);
        assert_eq!(entries.fetch_value::<i64>(store.reader()).await.unwrap(), 2);
        let journal = store
            .verify_journal(database.folder(), |_| ())
            .await
            .unwrap();
        assert!(journal.is_sound(), "{:?}", journal.differences);
    })
    .await;
}

#[tokio::test]
async fn the_partition_of_a_day_goes_as_a_whole() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let noon = crate::cdrs::days::tests::noon(0);
    store.make_cdr_days_at(noon).await.unwrap();
    let today = noon.0 - DAY_US / 2;
    let calls: Vec<_> = (1..5)
        .map(|number| received(Timestamp(today + DAY_US / 2), number))
        .collect();
    load(&store, &database, 1, &calls).await;
    let partitions = "SELECT COUNT(*) FROM pg_inherits";
    let before = value(&store, partitions).await;
    assert_eq!(drop_day(&store, Timestamp(today)).await, 4);
    assert_eq!(value(&store, "SELECT COUNT(*) FROM cdr").await, 0);
    assert!(value(&store, partitions).await < before);
    assert_eq!(
        value(
            &store,
            "SELECT COUNT(*) FROM pg_class WHERE relname LIKE 'cdr\\_d2%' AND relkind = 'r'"
        )
        .await,
        7
    );
    is_sound(&store).await;
    database.remove().await;
}

/// That a day is looked at without counting: the archive keeps every day that ever was.
#[tokio::test]
async fn a_day_in_the_archive_is_counted_again_only_when_a_record_of_it_was_loaded_since() {
    databases(async |database| {
        let store = filled(database).await;
        let begin = async || store.begin_archiving_cdrs(DAY).await.unwrap();
        let CdrArchiveBegun::Run { run, records: 4 } = begin().await else {
            panic!("it is not begun");
        };
        let ids = (calls()[3].id, calls()[5].id);
        let at = (DAY, DAY);
        let file = CdrArchiveFile {
            key: "cdr/x".into(),
            records: 4,
            bytes: 1,
            ids,
            received: at,
            attempted: None,
        };
        assert!(store.add_cdr_archive_file((DAY, run), &file).await.unwrap());
        let ended = store.end_archiving_cdrs((DAY, run), "cdr", NOW).await;
        assert_eq!(ended.unwrap(), CdrArchiveEnded::Archived);
        // A loader of the day before writes meanwhile, for as long as it likes.
        let writer = store.write().await.unwrap();
        assert_eq!(begin().await, CdrArchiveBegun::Archived);
        drop(writer);
        let of_day_before = received(Timestamp(NOON - DAY_US), 50);
        load(&store, database, 2, &[of_day_before]).await;
        let one = sql("DELETE FROM cdr WHERE id = $1").bind(id_text(ids.0));
        one.execute(store.writer()).await.unwrap();
        assert_eq!(begin().await, CdrArchiveBegun::Archived, "it was counted");
        let late = |number| [received(Timestamp(NOON), number)];
        load(&store, database, 3, &late(50)).await;
        let grown = store.cdr_days(None, 1).await.unwrap().remove(0);
        assert_eq!((grown.archived_at, grown.records), (None, 4));
        let other = store.begin_dropping_cdrs(DAY, true).await.unwrap();
        assert_eq!(other, Some(CdrDayWait::NotArchived), "as many, and others");
        load(&store, database, 4, &late(51)).await;
        let CdrArchiveBegun::Run { run: 2, records: 5 } = begin().await else {
            panic!("it is not begun anew");
        };
        for archived in [true, false] {
            let wait = store.begin_dropping_cdrs(DAY, archived).await.unwrap();
            let differs = CdrDayWait::ArchiveDiffers {
                archived: 4,
                there: 5,
            };
            assert_eq!(wait, Some(differs));
        }
    })
    .await;
}
