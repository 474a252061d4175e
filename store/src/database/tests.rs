#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{TestDatabase, check_first_release, databases, make_first_release};
use std::path::Path;

#[tokio::test]
async fn a_database_is_made_and_opened_again() {
    databases(async |database| {
        database.open().await.close().await;
        database.open().await.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_database_of_a_later_program_is_refused_and_left_alone() {
    databases(async |database| {
        let store = database.open().await;
        sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', TRUE, $1, 0)",
        )
        .bind(Vec::new())
        .execute(store.writer())
        .await
        .unwrap();
        store.close().await;
        let error = Store::open(database.location()).await.unwrap_err();
        assert!(
            matches!(error, StoreError::TooNew { version: 9999 }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_named() {
    let error = Store::open(Path::new("/nonexistent/x.db"))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/nonexistent/x.db"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let location: DatabaseLocation = "postgres://switch:s3cret@127.0.0.1:1/didtron"
        .parse()
        .unwrap();
    let error = Store::open(location).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("127.0.0.1:1/didtron"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn two_nodes_that_start_at_once_migrate_once() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    for step in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        sql(step).execute(store.writer()).await.unwrap();
    }
    let opened = tokio::join!(database.open(), database.open(), database.open());
    for store in [opened.0, opened.1, opened.2] {
        assert_eq!(store.setting("theme").await.unwrap(), None);
    }
    database.remove().await;
}

#[tokio::test]
async fn every_kind_of_value_comes_back_as_it_was() {
    databases(async |database| {
        let store = database.open().await;
        let row = sql("SELECT CAST($1 AS BIGINT) AS a, $2 AS b, $3 AS c, $4 AS d, $5 AS e")
            .bind(i64::MIN)
            .bind("é'\"$1")
            .bind(true)
            .bind(vec![0_u8, 255])
            .bind(None::<&str>)
            .fetch_one(store.reader())
            .await
            .unwrap();
        assert_eq!(row.get::<i64>("a").unwrap(), i64::MIN);
        assert_eq!(row.get::<&str>(1).unwrap(), "é'\"$1");
        assert!(row.get::<bool>("c").unwrap());
        assert_eq!(row.get::<Vec<u8>>("d").unwrap(), [0, 255]);
        assert_eq!(row.get::<Option<String>>("e").unwrap(), None);
        row.unsigned::<u32>("a").unwrap_err();
    })
    .await;
}

#[tokio::test]
async fn text_is_ordered_by_bytes_whatever_the_server_sorts_by() {
    databases(async |database| {
        let store = database.open().await;
        let names = ["b", "A", "a", "Z", "é", "_", "a b", "ab"];
        let mut insert = sql("INSERT INTO setting (name, value) ");
        insert.push_rows(names, |name| [name.into(), "".into()]);
        assert_eq!(insert.execute(store.writer()).await.unwrap(), 8);
        let rows = sql("SELECT name FROM setting ORDER BY name")
            .fetch_all(store.reader())
            .await
            .unwrap();
        let sorted: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(sorted, ["A", "Z", "_", "a", "a b", "ab", "b", "é"]);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_never_happened() {
    databases(async |database| {
        let store = database.open().await;
        let mut transaction = store.write().await.unwrap();
        sql("INSERT INTO setting (name, value) VALUES ('a', 'b')")
            .execute(&mut transaction)
            .await
            .unwrap();
        drop(transaction);
        assert_eq!(store.setting("a").await.unwrap(), None);
        store.set_setting("a", "c").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_from_other_trouble() {
    databases(async |database| {
        let store = database.open().await;
        store.set_setting("a", "b").await.unwrap();
        let again = sql("INSERT INTO setting (name, value) VALUES ('a', 'c')")
            .execute(store.writer())
            .await
            .unwrap_err();
        assert!(again.is_unique_violation(), "{again:?}");
        let wrong = sql("INSERT INTO nothing (name) VALUES ('a')")
            .execute(store.writer())
            .await
            .unwrap_err();
        assert!(!wrong.is_unique_violation(), "{wrong:?}");
    })
    .await;
}

#[tokio::test]
async fn a_nul_in_a_text_is_kept_as_a_stand_in_by_both_databases() {
    databases(async |database| {
        let store = database.open().await;
        let echo: String = sql("SELECT CAST($1 AS TEXT)")
            .bind("Lon\0don")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(echo, "Lon\u{fffd}don");
        assert!(store.user_by_name("ad\0min").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_database_of_the_first_release_is_brought_up_without_loss() {
    let sqlite = TestDatabase::sqlite();
    make_first_release(sqlite.location()).await;
    let postgres = TestDatabase::postgres().await;
    let store = postgres.open().await;
    for text in ["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"] {
        sql(text).execute(store.writer()).await.unwrap();
    }
    store.close().await;
    make_first_release(postgres.location()).await;
    for database in [sqlite, postgres] {
        let store = database.open().await;
        check_first_release(&store).await;
        store.close().await;
        database.remove().await;
    }
}

/// Who holds a transaction that writes may read beside it, however many do so at once.
#[tokio::test]
async fn a_reader_does_not_wait_for_those_who_write() {
    databases(async |database| {
        let store = database.open().await;
        let mut writing = vec![store.write().await.unwrap()];
        if store.writer().dialect() == Dialect::Postgres {
            for _ in 1..8 {
                writing.push(store.write().await.unwrap());
            }
        }
        let one: i64 = sql("SELECT CAST(1 AS BIGINT)")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!((one, writing.is_empty()), (1, false));
    })
    .await;
}

/// SQLite rolls back by itself when its file may not grow, and the driver's own rollback fails then.
#[tokio::test]
async fn a_transaction_that_the_full_disk_ended_leaves_a_database_that_can_be_written() {
    let database = crate::testing::TestDatabase::sqlite();
    let store = database.open().await;
    let mut transaction = store.write().await.unwrap();
    sql("PRAGMA cache_size = 1")
        .execute(&mut transaction)
        .await
        .unwrap();
    sql("PRAGMA max_page_count = 1")
        .fetch_all(&mut transaction)
        .await
        .unwrap();
    let large = "x".repeat(1 << 20);
    let setting = "INSERT INTO setting (name, value) VALUES ('large', $1)";
    let refused = sql(setting).bind(&large).execute(&mut transaction).await;
    assert!(refused.is_err(), "the disk is full");
    drop(transaction);
    for _ in 0..3 {
        let mut transaction = store.write().await.unwrap();
        sql("DELETE FROM setting WHERE name = 'large'")
            .execute(&mut transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap();
    }
}

/// From the sixth time on PostgreSQL may use a plan for all values, which locks every day.
#[tokio::test]
async fn a_statement_about_one_call_locks_one_day_however_often_it_ran() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    store.make_cdr_days().await.unwrap();
    let days = "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'cdr'::regclass";
    let days: i64 = sql(days).fetch_value(store.reader()).await.unwrap();
    assert!(days > 3, "{days}");
    let mut transaction = store.write().await.unwrap();
    for _ in 0..12 {
        let call = sql("SELECT record FROM cdr WHERE id = $1").bind("0".repeat(32));
        let found = call.fetch_optional(&mut transaction).await.unwrap();
        assert!(found.is_none());
    }
    let locked: i64 = sql(
        "SELECT COUNT(*) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation \
         WHERE l.pid = pg_backend_pid() AND i.inhparent = 'cdr'::regclass",
    )
    .fetch_value(&mut transaction)
    .await
    .unwrap();
    assert_eq!(locked, 1);
    drop(transaction);
    store.close().await;
    database.remove().await;
}
