#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::testing::{TestDatabase, change, databases, resource};
use crate::{Scope, TenantId, UserId};
use rating::Timestamp;
use serde_json::json;

fn actor() -> AuditActor {
    AuditActor::new("ann", AuditCredential::Session)
        .with_user(UserId(7))
        .from_source(Some("192.0.2.9".parse().unwrap()), Some("Firefox"))
}

fn entry(at: i64, operation: &'static str) -> NewAuditEntry {
    NewAuditEntry::new(TenantId::PLATFORM, Timestamp(at), actor(), operation)
        .on("customer", Some(at), format!("customer {at}"))
        .values(
            Some(json!({"cps_limit": at})),
            Some(json!({"cps_limit": at + 1})),
        )
}

async fn count(store: &Store) -> i64 {
    let query = sql("SELECT COUNT(*) FROM audit_entry");
    query.fetch_value(store.reader()).await.unwrap()
}

#[tokio::test]
async fn an_entry_is_there_with_what_it_tells_of_or_not_at_all() {
    databases(async |database| {
        let store = database.open().await;
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        for commit in [false, true] {
            let mut write = store.begin_configuration(change("ann")).await.unwrap();
            let new = resource("customer", "acme", json!({}));
            write.put_all(&scope, &[new]).await.unwrap();
            write
                .append_audit(&[entry(1, "resource.create")])
                .await
                .unwrap();
            if commit {
                write.commit().await.unwrap();
            } else {
                drop(write);
            }
            assert_eq!(count(&store).await, i64::from(commit));
        }
    })
    .await;
}

#[tokio::test]
async fn the_database_refuses_to_change_and_to_delete_entries() {
    databases(async |database| {
        let store = database.open().await;
        store
            .append_audit(&[entry(1, "a.b"), entry(2, "a.b")])
            .await
            .unwrap();
        for text in [
            "UPDATE audit_entry SET actor = 'bob' WHERE sequence = 1",
            "DELETE FROM audit_entry WHERE sequence = 2",
            "DELETE FROM audit_chain",
            "UPDATE audit_chain SET sequence = 1",
            "UPDATE audit_chain SET anchor_sequence = 3",
        ] {
            let error = sql(text).execute(store.writer()).await.unwrap_err();
            let why = format!("{error:?}");
            assert!(why.contains("append-only"), "{text}: {why}");
        }
        assert_eq!(count(&store).await, 2);
    })
    .await;
}

#[tokio::test]
async fn writers_at_the_same_time_leave_one_chain_without_a_gap() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..10 {
                    let entries = [entry(writer, "a.b"), entry(number, "c.d")];
                    store.append_audit(&entries).await.unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(count(&store).await, 160);
    let last = sql("SELECT MAX(sequence) FROM audit_entry");
    assert_eq!(last.fetch_value::<i64>(store.reader()).await.unwrap(), 160);
    database.remove().await;
}

fn platform() -> Scope {
    Scope::of_tenant(TenantId::PLATFORM)
}

/// What somebody with the keys of the database can do.
async fn without_triggers(store: &Store, text: &'static str) {
    let (off, on): (&[&str], &[&str]) = if store.is_shared() {
        (
            &["ALTER TABLE audit_entry DISABLE TRIGGER USER"],
            &["ALTER TABLE audit_entry ENABLE TRIGGER USER"],
        )
    } else {
        (
            &[
                "DROP TRIGGER IF EXISTS audit_entry_is_never_changed",
                "DROP TRIGGER IF EXISTS audit_entry_is_kept",
            ],
            &[],
        )
    };
    for text in off.iter().copied().chain([text]).chain(on.iter().copied()) {
        sql(text).execute(store.writer()).await.unwrap();
    }
}

async fn broken(store: &Store) -> Option<(u64, AuditFault)> {
    let found = store.verify_audit(&platform()).await.unwrap().broken;
    found.map(|found| (found.sequence, found.fault))
}

async fn five(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let entries: Vec<_> = (1..=5).map(|at| entry(at, "resource.update")).collect();
    store.append_audit(&entries[..2]).await.unwrap();
    store.append_audit(&entries[2..]).await.unwrap();
    assert_eq!(broken(&store).await, None);
    store
}

#[tokio::test]
async fn an_entry_that_was_altered_is_named() {
    databases(async |database| {
        let store = five(database).await;
        let text = "UPDATE audit_entry SET after = '{\"cps_limit\":99}' WHERE sequence = 3";
        without_triggers(&store, text).await;
        assert_eq!(broken(&store).await, Some((3, AuditFault::Altered)));
        let verified = store.verify_audit(&platform()).await.unwrap();
        assert_eq!(verified.entries, 2, "those before it hold");
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_taken_out_is_named_at_the_end_too() {
    databases(async |database| {
        let store = five(database).await;
        without_triggers(&store, "DELETE FROM audit_entry WHERE sequence = 5").await;
        assert_eq!(broken(&store).await, Some((5, AuditFault::Missing)));
        without_triggers(&store, "DELETE FROM audit_entry WHERE sequence = 2").await;
        assert_eq!(broken(&store).await, Some((2, AuditFault::Missing)));
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_put_in_with_a_sound_hash_of_its_own_is_named() {
    databases(async |database| {
        let store = five(database).await;
        let other = TestDatabase::sqlite();
        let forger = other.open().await;
        let forged = [entry(1, "resource.update"), entry(9, "resource.delete")];
        forger.append_audit(&forged).await.unwrap();
        let forged = forger.audit_entry(&platform(), 2).await.unwrap().unwrap();
        without_triggers(&store, "DELETE FROM audit_entry WHERE sequence = 2").await;
        sql(
            "INSERT INTO audit_entry (tenant_id, sequence, created_at, actor, user_id, credential, \
             address, user_agent, operation, kind, subject_id, subject, before, after, \
             previous_hash, hash) \
             VALUES (1, 2, 9, 'ann', 7, 'session', '192.0.2.9', 'Firefox', 'resource.delete', \
             'customer', 9, 'customer 9', '{\"cps_limit\":9}', '{\"cps_limit\":10}', $1, $2)",
        )
        .bind(forged.previous_hash.as_bytes().as_slice())
        .bind(forged.hash.as_bytes().as_slice())
        .execute(store.writer())
        .await
        .unwrap();
        let second = store.audit_entry(&platform(), 2).await.unwrap().unwrap();
        assert_eq!(second.computed_hash(), second.hash);
        assert_eq!(broken(&store).await, Some((3, AuditFault::Unlinked)));
    })
    .await;
}

#[tokio::test]
async fn what_retention_leaves_still_verifies() {
    databases(async |database| {
        let store = five(database).await;
        let prune = async |before, limit| {
            let before = Timestamp(before);
            let tenant = TenantId::PLATFORM;
            let gone = store
                .prune_audit(tenant, before, limit, Timestamp(100))
                .await;
            gone.unwrap()
        };
        assert_eq!(prune(1, 100).await, 0);
        assert_eq!(prune(4, 2).await, 2);
        assert_eq!(prune(4, 100).await, 1);
        assert_eq!(prune(4, 100).await, 0);
        assert_eq!(broken(&store).await, None);
        let page = store.audit_entries(&platform(), &query()).await.unwrap();
        let left: Vec<_> = page.rows.iter().map(|row| row.sequence).collect();
        assert_eq!(left, [7, 6, 5, 4]);
        assert_eq!(page.rows[0].operation, "audit.prune");
        without_triggers(&store, "DELETE FROM audit_entry WHERE sequence = 4").await;
        assert_eq!(broken(&store).await, Some((4, AuditFault::Missing)));
    })
    .await;
}

fn query() -> AuditQuery {
    AuditQuery {
        limit: 100,
        ..AuditQuery::default()
    }
}

#[tokio::test]
async fn a_tenant_sees_its_own_chain_by_filter_and_page() {
    databases(async |database| {
        let store = five(database).await;
        sql(
            "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
             VALUES (2, 1, 'operator', 'o', 0)",
        )
        .execute(store.writer())
        .await
        .unwrap();
        let other = NewAuditEntry {
            tenant: TenantId::new(2),
            ..entry(3, "session.begin")
        };
        store
            .append_audit(&[other, entry(6, "session.begin")])
            .await
            .unwrap();
        let of = async |scope: Scope, query: AuditQuery| {
            let page = store.audit_entries(&scope, &query).await.unwrap();
            let numbers: Vec<_> = page.rows.iter().map(|row| row.sequence).collect();
            (numbers, page.next)
        };
        let operator = Scope::of_tenant(TenantId::new(2));
        assert_eq!(of(operator, query()).await, (vec![1], None));
        assert!(store.audit_entry(&operator, 2).await.unwrap().is_none());
        let pages = AuditQuery {
            limit: 4,
            ..query()
        };
        assert_eq!(
            of(platform(), pages.clone()).await,
            (vec![6, 5, 4, 3], Some(3))
        );
        let second = AuditQuery {
            before: Some(3),
            ..pages
        };
        assert_eq!(of(platform(), second).await, (vec![2, 1], None));
        let filters = [
            AuditQuery {
                operation: Some("session.begin".into()),
                ..query()
            },
            AuditQuery {
                subject_id: Some(6),
                kind: Some("customer".into()),
                ..query()
            },
            AuditQuery {
                subject: Some("customer 6".into()),
                ..query()
            },
            AuditQuery {
                from: Some(Timestamp(6)),
                ..query()
            },
        ];
        for filter in filters {
            assert_eq!(of(platform(), filter).await, (vec![6], None));
        }
        let nobody = AuditQuery {
            actor: Some("bob".into()),
            ..query()
        };
        assert_eq!(of(platform(), nobody).await, (vec![], None));
        let early = AuditQuery {
            to: Some(Timestamp(3)),
            ..query()
        };
        assert_eq!(of(platform(), early).await, (vec![2, 1], None));
    })
    .await;
}

#[tokio::test]
async fn a_file_verifies_by_itself_until_a_letter_of_it_is_changed() {
    databases(async |database| {
        let store = five(database).await;
        let head = store.audit_head(&platform()).await.unwrap();
        let entries = store
            .audit_entries_after(&platform(), 0, 100)
            .await
            .unwrap();
        let mut lines: Vec<String> = entries.iter().map(AuditLine::write).collect();
        let begin = (0, AuditHash::GENESIS);
        lines.push(AuditSeal::write(&head, begin, Timestamp(9), |_| {
            ("k".into(), "s".into())
        }));
        let follow = |lines: &[String]| AuditSeal::follow(lines.iter().map(String::as_str));
        let (seal, count) = follow(&lines).unwrap();
        assert_eq!((count, seal.public_key(), seal.signature()), (5, "k", "s"));
        assert!(matches!(follow(&lines[..3]), Err(AuditFileError::NoSeal)));
        let mut altered = lines.clone();
        altered[1] = altered[1].replace("\"cps_limit\":2", "\"cps_limit\":8");
        let error = follow(&altered).unwrap_err().to_string();
        assert_eq!(error, "entry 2 was altered");
        lines.remove(3);
        let error = follow(&lines).unwrap_err().to_string();
        assert_eq!(error, "entry 4 is missing");
    })
    .await;
}

#[tokio::test]
async fn a_value_that_is_too_long_is_told_by_its_length_and_hash() {
    databases(async |database| {
        let store = database.open().await;
        let long = json!({ "rates": "x".repeat(AUDIT_VALUE_BYTES_MAX) });
        let entry = entry(1, "resource.update").values(None, Some(long));
        store.append_audit(&[entry]).await.unwrap();
        let row = store.audit_entry(&platform(), 1).await.unwrap().unwrap();
        assert_eq!(row.before, None);
        let after = row.after.unwrap();
        assert!(
            after.starts_with("{\"omitted\":{\"bytes\":32780,"),
            "{after}"
        );
    })
    .await;
}
