#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::loader::{Loader, LoaderConfig};
use crate::testing::{TestDatabase, change, databases, resource, write_journal};
use crate::{AuditActor, CdrQuery, NewAuditEntry, NewJob, Scope, Store, StoreError, TenantId};
use rating::Timestamp;
use rating::journal::BootId;
use serde_json::json;
use std::path::{Path, PathBuf};

const NOW: Timestamp = Timestamp(1_000);

fn platform() -> Scope {
    Scope::of_tenant(TenantId::PLATFORM)
}

/// Something of everything: resources, calls, the log, jobs, numbers that were given and taken.
async fn filled(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let mut write = store.begin_configuration(change("ann")).await.unwrap();
    let new =
        ["acme", "é'\"\n\\$1"].map(|name| resource("customer", name, json!({"cps_limit": 5})));
    write.put_all(&platform(), &new).await.unwrap();
    write.put_deck("h", "prefix,rate\n1,0.5\n").await.unwrap();
    let actor = AuditActor::system("test");
    let told = NewAuditEntry::new(TenantId::PLATFORM, NOW, actor, "resource.create");
    write.append_audit(&[told]).await.unwrap();
    write.commit().await.unwrap();
    let job = NewJob::new(TenantId::PLATFORM, "k", json!({}), NOW);
    store.enqueue_job(&job, NOW).await.unwrap();
    write_journal(database.folder(), 1_200);
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store
}

async fn backup(database: &TestDatabase) -> (PathBuf, BackupManifest) {
    let path = database.folder().join("switch.backup");
    let manifest = write_backup(database.location(), &path, NOW).await.unwrap();
    (path, manifest)
}

fn rows(manifest: &BackupManifest, table: &str) -> u64 {
    let table = manifest.tables.iter().find(|found| found.name == table);
    table.unwrap().rows
}

/// What is there after a restore, and that the next numbers are new.
async fn check_restored(store: &Store) {
    let query = CdrQuery {
        limit: 500,
        ..CdrQuery::default()
    };
    let page = store.cdrs(&platform(), &query).await.unwrap();
    assert_eq!(page.rows.len(), 500);
    let all = store.resources(Some("customer")).await.unwrap();
    let names: Vec<_> = all.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["acme", "é'\"\n\\$1"]);
    assert_eq!(all[0].spec, json!({"cps_limit": 5}));
    assert_eq!(
        store.deck("h").await.unwrap().unwrap(),
        "prefix,rate\n1,0.5\n"
    );
    let books = store.verify_ledger(|_| ()).await.unwrap();
    assert_eq!((books.call_entries, books.differences), (2_400, vec![]));
    let verified = store.verify_audit(&platform()).await.unwrap();
    assert_eq!((verified.entries, verified.broken), (1, None));
    let mut write = store.begin_configuration(change("bob")).await.unwrap();
    let new = resource("customer", "next", json!({}));
    let written = write.put_all(&platform(), &[new]).await.unwrap();
    assert!(all.iter().all(|row| row.id != written[0].id));
    write.commit().await.unwrap();
    let text = "UPDATE audit_entry SET actor = 'x'";
    let refused = sql(text).execute(store.writer()).await;
    assert!(refused.is_err(), "the log is guarded here too");
}

#[tokio::test]
async fn a_backup_is_written_while_others_write_and_holds_one_moment() {
    databases(async |database| {
        let store = filled(database).await;
        let writer = {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..50 {
                    store.set_setting("n", &number.to_string()).await.unwrap();
                }
            })
        };
        let (path, manifest) = backup(database).await;
        writer.await.unwrap();
        assert_eq!(rows(&manifest, "cdr"), 1_200);
        assert_eq!(rows(&manifest, "attempt"), 2_400);
        assert_eq!(verify_backup(&path).unwrap(), manifest);
        let again = write_backup(database.location(), &path, NOW).await;
        assert!(matches!(again, Err(BackupError::Exists)));
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "for its owner only");
    })
    .await;
}

#[tokio::test]
async fn a_backup_of_either_database_restores_on_either() {
    for from_postgres in [false, true] {
        let from = if from_postgres {
            TestDatabase::postgres().await
        } else {
            TestDatabase::sqlite()
        };
        filled(&from).await.close().await;
        let (path, _) = backup(&from).await;
        let empty_postgres = empty_postgres().await;
        for target in [TestDatabase::sqlite(), empty_postgres] {
            let restored = restore_backup(target.location(), &path, RestoreTarget::Empty).await;
            let restored = restored.unwrap();
            assert_eq!(rows(&restored.manifest, "cdr"), 1_200);
            let store = target.open().await;
            check_restored(&store).await;
            store.close().await;
            target.remove().await;
        }
        from.remove().await;
    }
}

#[tokio::test]
async fn rows_that_refer_to_later_ones_of_their_table_come_back() {
    const TENANTS: i64 = 3_000;
    databases(async |database| {
        let from = TestDatabase::sqlite();
        let store = from.open().await;
        let mut insert = sql("INSERT INTO tenant (id, parent_id, kind, name, created_at) ");
        insert.push_rows(2..TENANTS, |id| {
            // The last of all is the parent of the first.
            let parent = if id == 2 { TENANTS } else { 2 };
            let name = format!("t{id}");
            [id.into(), parent.into(), "operator".into(), name.into(), 0_i64.into()]
        });
        let mut write = store.write().await.unwrap();
        sql("PRAGMA defer_foreign_keys = ON").execute(&mut write).await.unwrap();
        insert.execute(&mut write).await.unwrap();
        sql("INSERT INTO tenant (id, parent_id, kind, name, created_at) VALUES ($1, 1, 'operator', 'z', 0)")
            .bind(TENANTS)
            .execute(&mut write)
            .await
            .unwrap();
        write.commit().await.unwrap();
        store.close().await;
        let (path, _) = backup(&from).await;
        let replaced = RestoreTarget::Replaced;
        restore_backup(database.location(), &path, replaced).await.unwrap();
        let store = database.open().await;
        let count = sql("SELECT COUNT(*) FROM tenant");
        let count: i64 = count.fetch_value(store.reader()).await.unwrap();
        assert_eq!(count, TENANTS);
        let dangling = "UPDATE tenant SET parent_id = 999999 WHERE id = 2";
        assert!(sql(dangling).execute(store.writer()).await.is_err(), "looked at again");
    })
    .await;
}

/// A database without any table.
/// A table of large rows is read and written a few at a time, and comes back whole.
#[tokio::test]
async fn large_decks_come_back_on_either_database() {
    databases(async |database| {
        let store = database.open().await;
        let deck = |n: u32| format!("{n},").repeat(1 << 20);
        let mut write = store.begin_configuration(change("ann")).await.unwrap();
        for n in 0..7 {
            write.put_deck(&n.to_string(), &deck(n)).await.unwrap();
        }
        write.commit().await.unwrap();
        store.close().await;
        let (path, manifest) = backup(database).await;
        assert_eq!(rows(&manifest, "deck"), 7);
        let location = database.location();
        restore_backup(location, &path, RestoreTarget::Replaced)
            .await
            .unwrap();
        let store = database.open().await;
        for n in 0..7 {
            let back = store.deck(&n.to_string()).await.unwrap().unwrap();
            assert!(*back == *deck(n), "deck {n}");
        }
    })
    .await;
}

async fn empty_postgres() -> TestDatabase {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    sql("DROP SCHEMA public CASCADE")
        .execute(store.writer())
        .await
        .unwrap();
    sql("CREATE SCHEMA public")
        .execute(store.writer())
        .await
        .unwrap();
    store.close().await;
    database
}

#[tokio::test]
async fn a_database_that_is_not_empty_is_replaced_only_when_told() {
    databases(async |database| {
        filled(database).await.close().await;
        let (path, _) = backup(database).await;
        let store = database.open().await;
        store.set_setting("later", "x").await.unwrap();
        store.close().await;
        let refused = restore_backup(database.location(), &path, RestoreTarget::Empty).await;
        assert!(
            matches!(refused, Err(BackupError::NotEmpty { .. })),
            "{refused:?}"
        );
        let store = database.open().await;
        assert!(store.setting("later").await.unwrap().is_some());
        store.close().await;
        restore_backup(database.location(), &path, RestoreTarget::Replaced)
            .await
            .unwrap();
        let store = database.open().await;
        assert_eq!(store.setting("later").await.unwrap(), None);
        check_restored(&store).await;
    })
    .await;
}

fn damaged(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = std::fs::read(path).unwrap();
    change(&mut bytes);
    let damaged = path.with_extension("damaged");
    std::fs::write(&damaged, bytes).unwrap();
    damaged
}

#[tokio::test]
async fn a_file_that_was_cut_off_or_altered_changes_nothing() {
    databases(async |database| {
        filled(database).await.close().await;
        let (path, _) = backup(database).await;
        let length = std::fs::metadata(&path).unwrap().len() as usize;
        let refused = async |path: &Path| {
            let outcome = restore_backup(database.location(), path, RestoreTarget::Replaced).await;
            assert!(
                matches!(outcome, Err(BackupError::Damaged { .. })),
                "{outcome:?}"
            );
        };
        for cut in [0, 5, length / 2, length - 1] {
            refused(&damaged(&path, |bytes| bytes.truncate(cut))).await;
        }
        for at in [length / 3, length / 2, length - 20] {
            refused(&damaged(&path, |bytes| bytes[at] ^= 0x10)).await;
        }
        let changed = rewritten(&path, |text| text.replacen("acme", "evil", 1));
        refused(&changed).await;
        let store = database.open().await;
        check_restored(&store).await;
    })
    .await;
}

/// The file with another text, packed soundly.
fn rewritten(path: &Path, change: impl FnOnce(String) -> String) -> PathBuf {
    use std::io::{Read as _, Write as _};
    let mut text = String::new();
    let file = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .unwrap();
    let out = path.with_extension("rewritten");
    let file = std::fs::File::create(&out).unwrap();
    let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    packed.write_all(change(text).as_bytes()).unwrap();
    packed.finish().unwrap();
    out
}

#[tokio::test]
async fn a_backup_of_a_later_program_is_refused_by_name() {
    databases(async |database| {
        filled(database).await.close().await;
        let (path, manifest) = backup(database).await;
        let last = format!("{}]", manifest.migration);
        let later = rewritten(&path, |text| {
            let text = text.replacen(&last, &format!("{},9999]", manifest.migration), 1);
            let said = format!("\"migration\":{}", manifest.migration);
            text.replace(&said, "\"migration\":9999")
        });
        let refused = restore_backup(database.location(), &later, RestoreTarget::Replaced).await;
        let Err(error @ BackupError::TooNew { migration: 9999 }) = refused else {
            panic!("{refused:?}");
        };
        assert!(error.to_string().contains("9999"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_backup_of_the_first_release_restores_and_is_brought_up() {
    databases(async |database| {
        let path = database.folder().join("old.backup");
        let old = TestDatabase::sqlite();
        crate::testing::make_first_release(old.location()).await;
        write_backup(old.location(), &path, NOW).await.unwrap();
        restore_backup(database.location(), &path, RestoreTarget::Replaced)
            .await
            .unwrap();
        let store = database.open().await;
        crate::testing::check_first_release(&store).await;
    })
    .await;
}

#[tokio::test]
async fn there_is_no_backup_of_nothing_and_no_file_is_left() {
    let database = TestDatabase::sqlite();
    let path = database.folder().join("x.backup");
    let outcome = write_backup(database.location(), &path, NOW).await;
    assert!(
        matches!(outcome, Err(BackupError::Store(StoreError::Open { .. }))),
        "{outcome:?}"
    );
    assert_eq!(std::fs::read_dir(database.folder()).unwrap().count(), 0);
}
