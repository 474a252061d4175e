#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::cdrs::legs::Legs;
use crate::cdrs::search::page;
use crate::cdrs::{Between, CdrQuery, id_text};
use crate::database::{migrations, open_as_it_is};
use crate::testing::{TestDatabase, TestSegment, databases, id_at, received};
use crate::{CdrParty, Loader, LoaderConfig, Scope, TenantId};
use rating::cdr::{CallRecord, JournalEntry};
use rating::journal::BootId;
use std::sync::LazyLock;

const DAY_US: i64 = DAY_MS * 1_000;

/// Tomorrow, as this process was started: later than what a new database takes for before, also over midnight.
static FIRST: LazyLock<i64> = LazyLock::new(|| {
    let now = crate::loader::now().0;
    now - now.rem_euclid(DAY_US) + DAY_US
});

/// Noon of a day from the first on.
pub(in crate::cdrs) fn noon(days: i64) -> Timestamp {
    Timestamp(*FIRST + DAY_US / 2 + days * DAY_US)
}

fn loader(store: &Store, database: &TestDatabase) -> Loader {
    let config = LoaderConfig::new(database.folder().into(), BootId(9));
    Loader::new(store.clone(), config)
}

async fn load(database: &TestDatabase, store: &Store, sequence: u64, calls: &[CallRecord]) -> u64 {
    let mut segment = TestSegment::create(database.folder(), 1, sequence);
    for call in calls {
        segment.append(&JournalEntry::Ended(call.clone()));
    }
    segment.seal(true);
    loader(store, database).recover().await.unwrap().loaded
}

async fn value(store: &Store, text: &'static str) -> i64 {
    sql(text).fetch_value(store.reader()).await.unwrap()
}

/// Where the records are: the partition of each, in the order of time.
async fn places(store: &Store, table: &'static str) -> Vec<String> {
    let mut list = sql("SELECT CAST(tableoid::regclass AS TEXT) FROM ");
    list.push(table).push(match table {
        "cdr" => " ORDER BY id",
        _ => " WHERE number = 1 ORDER BY call_id",
    });
    let rows = list.fetch_all(store.reader()).await.unwrap();
    rows.iter().map(|row| row.get(0).unwrap()).collect()
}

#[test]
fn a_span_of_time_is_a_span_of_identifiers() {
    for at in [noon(0), noon(-400), Timestamp(0)] {
        let id = id_text(id_at(at, 7));
        assert!(first_id(at) <= id, "{at:?}");
        assert!(id < behind_id(Timestamp(at.0 + 1)), "{at:?}");
        assert!(first_id(Timestamp(at.0 + DAY_US)) > id);
        assert!(behind_id(Timestamp(at.0 - DAY_US)) <= id);
    }
    let last = id_text(rating::cdr::CallId(u128::MAX));
    assert!(first_id(Timestamp(i64::MAX)) <= last);
    assert!(last < behind_id(Timestamp(i64::MAX)));
}

#[tokio::test]
async fn records_are_in_the_partition_of_their_day_and_attempts_with_them() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let made = store.make_cdr_days_at(noon(0)).await.unwrap();
    assert_eq!((made.made, made.partitions), (8, 10));
    assert_eq!(store.make_cdr_days_at(noon(0)).await.unwrap().made, 0);
    let calls = [
        received(noon(-30), 1),
        received(noon(0), 2),
        received(noon(1), 3),
        received(noon(300), 4),
    ];
    assert_eq!(load(&database, &store, 1, &calls).await, 4);
    for table in ["cdr", "attempt"] {
        let found = places(&store, table).await;
        assert_eq!(found[0], format!("{table}_before"));
        assert!(found[1].starts_with(&format!("{table}_d20")), "{found:?}");
        assert!(found[2] > found[1], "{found:?}");
        assert_eq!(found[3], format!("{table}_default"));
    }
    // The same records once more, in another segment: each stays one.
    assert_eq!(load(&database, &store, 2, &calls).await, 0);
    assert_eq!(value(&store, "SELECT COUNT(*) FROM cdr").await, 4);
    assert_eq!(value(&store, "SELECT COUNT(*) FROM attempt").await, 8);
    assert!(store.verify_ledger(|_| ()).await.unwrap().is_sound());
    assert!(store.verify_traffic(None, |_| ()).await.unwrap().is_sound());
    database.remove().await;
}

/// A node that loads without the day, and a clock that was wrong: nothing waits, nothing is lost, and few
/// days are made.
#[tokio::test]
async fn records_of_a_day_without_a_partition_are_loaded_and_go_to_it_when_it_is_made() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let calls: Vec<_> = [0, 3, 20, 21, 22, 40_000]
        .into_iter()
        .zip(1..)
        .map(|(day, number)| received(noon(day), number))
        .collect();
    let mut transaction = store.write().await.unwrap();
    let all: Vec<_> = calls.iter().collect();
    let new = crate::loader::insert_calls(&mut transaction, &all).await;
    assert_eq!(new.unwrap(), 6);
    transaction.commit().await.unwrap();
    assert_eq!(places(&store, "cdr").await, vec!["cdr_default"; 6]);
    // Twenty days later another node has days made.
    let made = store.make_cdr_days_at(noon(20)).await.unwrap();
    assert_eq!(made.made, 8 + 2, "those to come, and two of the past");
    let found = places(&store, "cdr").await;
    assert!(found[..5].iter().all(|place| place.starts_with("cdr_d20")));
    assert_eq!(
        found[5], "cdr_default",
        "no day is made for a clock that is wrong"
    );
    assert_eq!(
        value(&store, "SELECT COUNT(*) FROM attempt_default").await,
        2
    );
    assert_eq!(
        load(&database, &store, 1, &calls).await,
        0,
        "each is there once"
    );
    database.remove().await;
}

#[tokio::test]
async fn a_partition_waits_for_nobody_and_is_made_when_nobody_reads() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let mut backup = store.reader().begin_moment().await.unwrap();
    let read = sql("SELECT COUNT(*) FROM cdr").fetch_value::<i64>(&mut backup);
    assert_eq!(read.await.unwrap(), 0);
    assert!(store.make_cdr_days_at(noon(0)).await.is_err());
    let call = received(noon(0), 1);
    assert_eq!(load(&database, &store, 1, &[call]).await, 1);
    drop(backup);
    // The connection is given back some time after.
    for _ in 0..200 {
        if store.make_cdr_days_at(noon(0)).await.is_ok() {
            break;
        }
    }
    assert!(places(&store, "cdr").await[0].starts_with("cdr_d20"));
    database.remove().await;
}

#[tokio::test]
async fn a_time_leads_to_its_days_and_an_identifier_to_its_day() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    store.make_cdr_days_at(noon(0)).await.unwrap();
    let query = |party| CdrQuery {
        party,
        limit: 50,
        received: Between {
            from: Some(noon(2)),
            to: Some(Timestamp(noon(2).0 + 1_000)),
        },
        ..CdrQuery::default()
    };
    let platform = Scope::of_tenant(TenantId::PLATFORM);
    let listed = |party| page(&platform, &query(party), &Legs::NotAsked, None);
    let id = id_at(noon(2), 1);
    let one = |party| super::super::of(&platform, party, id);
    for statement in [
        listed(CdrParty::Staff),
        listed(CdrParty::Customer(5)),
        listed(CdrParty::Carrier(2)),
        one(CdrParty::Staff),
        one(CdrParty::Carrier(2)),
    ] {
        let mut explain = sql("EXPLAIN ");
        explain.append(statement);
        let rows = explain.fetch_all(store.reader()).await.unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        let plan = plan.join("\n");
        let mut days: Vec<_> = plan
            .match_indices("_d20")
            .map(|(at, _)| &plan[at..at + 10])
            .collect();
        days.dedup();
        assert_eq!(days.len(), 1, "{plan}");
        assert!(
            !plan.contains("_default") && !plan.contains("_before"),
            "{plan}"
        );
    }
    database.remove().await;
}

#[tokio::test]
async fn the_database_says_which_days_are_to_come_and_sqlite_has_none() {
    databases(async |database| {
        let store = database.open().await;
        let made = store.make_cdr_days().await.unwrap();
        assert_eq!(made.made > 0, store.is_shared());
    })
    .await;
}

/// An archivist detaches days, the oldest first.
#[tokio::test]
async fn days_go_on_being_made_and_backups_restored_where_some_are_detached() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    store.make_cdr_days_at(noon(0)).await.unwrap();
    for text in [
        "ALTER TABLE cdr DETACH PARTITION cdr_before",
        "ALTER TABLE attempt DETACH PARTITION attempt_before",
    ] {
        sql(text).execute(store.writer()).await.unwrap();
    }
    let mut write = store.write().await.unwrap();
    let name = day_name(&mut write, noon(0).0 / DAY_US).await.unwrap();
    for parent in ["cdr", "attempt"] {
        let mut detach = sql("ALTER TABLE ");
        detach.push_name(parent).push(" DETACH PARTITION ");
        detach.push_name(&format!("{parent}_{name}"));
        detach.execute(&mut write).await.unwrap();
    }
    write.commit().await.unwrap();
    let calls = [
        received(noon(0), 1),
        received(noon(9), 2),
        received(noon(-30), 3),
    ];
    assert_eq!(load(&database, &store, 1, &calls).await, 3);
    store.make_cdr_days_at(noon(9)).await.unwrap();
    let found = places(&store, "cdr").await;
    assert!(found[0].starts_with("cdr_d20"), "of before: {found:?}");
    assert_eq!(found[1], "cdr_default", "its own is no partition any more");
    assert!(found[2].starts_with("cdr_d20"), "{found:?}");
    store.close().await;
    let path = database.folder().join("x.backup");
    crate::write_backup(database.location(), &path, noon(0))
        .await
        .unwrap();
    let restored = TestDatabase::sqlite();
    let target = crate::RestoreTarget::Empty;
    crate::restore_backup(restored.location(), &path, target)
        .await
        .unwrap();
    assert_eq!(
        value(&restored.open().await, "SELECT COUNT(*) FROM cdr").await,
        3
    );
    database.remove().await;
}

/// Records of an earlier release: of long ago, of now, of a clock that is a day ahead, and of one that is years ahead.
#[tokio::test]
async fn tables_of_before_become_the_first_partition_with_their_indexes() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    for text in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        sql(text).execute(store.writer()).await.unwrap();
    }
    store.close().await;
    let pool = open_as_it_is(database.location(), false).await.unwrap();
    let mut write = pool.begin_write().await.unwrap();
    migrations::run_some(&mut write, |version| version < 100)
        .await
        .unwrap();
    let now = crate::loader::now().0;
    let times = [-30, 0, 1, 900].map(|days| Timestamp(now + days * DAY_US));
    let calls: Vec<_> = times
        .into_iter()
        .zip(1..)
        .map(|(at, number)| received(at, number))
        .collect();
    for call in &calls {
        let insert = sql(
            "INSERT INTO cdr (id, node, snapshot_number, received_at, ended_at, \
             calling_number, called_number, outcome, sip_status, release_reason, released_by, \
             duration_ms, billed_seconds, attempts, charge, cost, margin, currency, record) \
             VALUES ($1, 'n', 1, $2, $2, '', '', 'failed', 503, '', '', 0, 0, 1, 0, 0, 0, 'USD', '{}')",
        );
        let insert = insert.bind(id_text(call.id)).bind(call.received_at);
        insert.execute(&mut write).await.unwrap();
        let attempt = sql(
            "INSERT INTO attempt (call_id, number, carrier_id, carrier, \
             egress_trunk_id, egress_trunk, gateway, prefix, started_at, ended_at, outcome, \
             sip_status, release_reason, billed_seconds, cost, currency) VALUES ($1, 1, 2, 'c', 3, \
             't', 'g', '', $2, $2, 'failed', 503, '', 0, 0, 'USD')",
        );
        let attempt = attempt.bind(id_text(call.id)).bind(call.received_at);
        attempt.execute(&mut write).await.unwrap();
    }
    write.commit().await.unwrap();
    pool.close().await;
    let store = database.open().await;
    for table in ["cdr", "attempt"] {
        let before = format!("{table}_before");
        let expected = [&*before, &*before, &*before, &*format!("{table}_default")];
        assert_eq!(places(&store, table).await, expected);
    }
    let loose = "SELECT COUNT(*) FROM pg_index i WHERE i.indrelid IN ('cdr_before'::regclass, \
        'attempt_before'::regclass) AND NOT EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = i.indexrelid)";
    assert_eq!(
        value(&store, loose).await,
        0,
        "each index is one of the whole table"
    );
    let attached = "SELECT COUNT(*) FROM pg_index WHERE indrelid = 'cdr_before'::regclass";
    assert_eq!(value(&store, attached).await, 11);
    database.remove().await;
}

/// A record on its way to the default partition, which another node takes a day out of meanwhile.
#[tokio::test]
async fn a_record_whose_day_is_made_at_that_moment_is_loaded_at_once() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let mut maker = store.write().await.unwrap();
    sql("LOCK TABLE cdr_default, attempt_default IN ACCESS EXCLUSIVE MODE")
        .execute(&mut maker)
        .await
        .unwrap();
    let day = noon(0).0.div_euclid(DAY_US);
    let name = day_name(&mut maker, day).await.unwrap();
    let span = (begins(day * DAY_MS), begins((day + 1) * DAY_MS));
    let call = received(noon(0), 1);
    let made = async {
        let waiting = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted \
             AND relation = 'cdr_default'::regclass";
        while value(&store, waiting).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        for (parent, id) in [("cdr", "id"), ("attempt", "call_id")] {
            let default = if parent == "cdr" {
                "cdr_default"
            } else {
                "attempt_default"
            };
            let partition = format!("{parent}_{name}");
            let made = add_partition(&mut maker, &partition, (parent, default, id), &span);
            made.await.unwrap();
        }
        maker.commit().await.unwrap();
    };
    let both = async {
        tokio::join!(
            load(&database, &store, 1, std::slice::from_ref(&call)),
            made
        )
    };
    let bound = std::time::Duration::from_secs(120);
    let (loaded, ()) = tokio::time::timeout(bound, both).await.unwrap();
    assert_eq!(loaded, 1);
    assert!(places(&store, "cdr").await[0].starts_with("cdr_d20"));
    database.remove().await;
}
