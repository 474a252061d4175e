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
