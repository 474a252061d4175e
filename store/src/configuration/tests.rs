#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::testing::databases;
use crate::testing::{change, resource, spec_index};
use crate::{TenantId, VersionPage};
use serde_json::{Value, json};

fn carrier<'a>(name: &'a str, spec: &'a Value) -> NewVersion<'a> {
    NewVersion {
        kind: "carrier",
        name,
        spec,
        deck_hash: None,
    }
}

#[tokio::test]
async fn a_change_that_is_dropped_never_happened() {
    databases(async |database| {
        let store = database.open().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        change.put(&carrier("a", &json!({}))).await.unwrap();
        change.put_deck("h", "prefix,rate").await.unwrap();
        assert_eq!(change.resources().await.unwrap().len(), 1);
        drop(change);
        assert_eq!(store.resources(None).await.unwrap(), []);
        assert_eq!(store.deck("h").await.unwrap(), None);
        assert_eq!(store.configuration_number().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_resource_keeps_its_number_over_versions() {
    databases(async |database| {
        let store = database.open().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        let id = change
            .put(&carrier("a", &json!({"cps_limit": 1})))
            .await
            .unwrap();
        change.commit().await.unwrap();
        let mut change = store
            .change_configuration("admin", Timestamp(2))
            .await
            .unwrap();
        assert_eq!(change.number(), 2);
        assert_eq!(
            change
                .put(&carrier("a", &json!({"cps_limit": 2})))
                .await
                .unwrap(),
            id
        );
        change.commit().await.unwrap();
        let rows = store.resources(Some("carrier")).await.unwrap();
        let [row] = rows.as_slice() else {
            panic!("one carrier: {rows:?}")
        };
        assert_eq!((row.id, row.version, row.updated_at), (id, 2, Timestamp(2)));
        assert_eq!(row.spec, json!({"cps_limit": 2}));
        assert_eq!(store.configuration_number().await.unwrap(), 2);
        assert_eq!(store.resources(Some("trunk")).await.unwrap(), []);
        let versions: i64 = sql("SELECT COUNT(*) FROM resource_version")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(versions, 2, "the first version is kept");
    })
    .await;
}

#[tokio::test]
async fn three_large_decks_are_read_in_well_under_a_second() {
    databases(async |database| {
        let store = database.open().await;
        let mut change = store
            .change_configuration("admin", Timestamp(1))
            .await
            .unwrap();
        let row = "33142,France Paris,0.0125\n";
        let deck = row.repeat(115_000);
        for hash in ["a", "b", "c"] {
            change
                .put_deck(hash, &format!("{hash}\n{deck}"))
                .await
                .unwrap();
        }
        change.commit().await.unwrap();
        let begun = std::time::Instant::now();
        for hash in ["a", "b", "c"] {
            assert!(store.deck(hash).await.unwrap().is_some());
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(120));
    })
    .await;
}

const PLATFORM: Scope = Scope::of_tenant(TenantId::PLATFORM);

/// Another tenant, an operator.
async fn operator(store: &Store) -> Scope {
    let id: i64 = sql("INSERT INTO tenant (parent_id, kind, name, created_at) \
         VALUES (1, 'operator', 'other', 0) RETURNING id")
    .fetch_value(store.writer())
    .await
    .unwrap();
    Scope::of_tenant(TenantId::new(id))
}

async fn put(store: &Store, scope: &Scope, writes: &[ResourceWrite]) -> Vec<Written> {
    let mut write = store.begin_configuration(change("ann")).await.unwrap();
    let written = write.put_all(scope, writes).await.unwrap();
    write.commit().await.unwrap();
    written
}

async fn refused(store: &Store, scope: &Scope, writes: &[ResourceWrite]) -> StoreError {
    let mut write = store.begin_configuration(change("ann")).await.unwrap();
    write.put_all(scope, writes).await.unwrap_err()
}

fn next(written: Written, write: ResourceWrite) -> ResourceWrite {
    ResourceWrite {
        id: Some(written.id),
        expected_version: Some(written.version),
        ..write
    }
}

#[tokio::test]
async fn a_version_says_who_wrote_it_when_why_and_with_what() {
    databases(async |database| {
        let store = database.open().await;
        let change = ConfigurationChange {
            author: "ann".into(),
            at: Timestamp(7),
            note: Some("new carrier".into()),
            change_set: Some(12),
        };
        let mut write = store.begin_configuration(change).await.unwrap();
        let own_note = ResourceWrite {
            note: Some("better".into()),
            external_id: Some("x-1".into()),
            ..resource("carrier", "b", json!({"n": 1}))
        };
        let written = write
            .put_all(&PLATFORM, &[resource("carrier", "a", json!({})), own_note])
            .await
            .unwrap();
        write.commit().await.unwrap();
        let row = store
            .resource(&PLATFORM, written[1].id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (row.version, row.created_at, row.updated_at),
            (1, Timestamp(7), Timestamp(7))
        );
        assert_eq!(
            (row.created_by.as_str(), row.note.as_deref()),
            ("ann", Some("better"))
        );
        assert_eq!(row.external_id.as_deref(), Some("x-1"));
        let version = store
            .version(&PLATFORM, written[0].id, 1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((version.configuration, version.change_set), (1, Some(12)));
        assert_eq!(version.note.as_deref(), Some("new carrier"));
        assert_eq!(
            (version.author.as_str(), version.created_at),
            ("ann", Timestamp(7))
        );
        assert_eq!(
            store.configuration_author(1).await.unwrap().as_deref(),
            Some("ann")
        );
    })
    .await;
}

#[tokio::test]
async fn what_another_wrote_meanwhile_is_not_overwritten() {
    databases(async |database| {
        let store = database.open().await;
        let first = put(&store, &PLATFORM, &[resource("carrier", "a", json!({}))]).await[0];
        let second = next(first, resource("carrier", "a", json!({"n": 2})));
        put(&store, &PLATFORM, std::slice::from_ref(&second)).await;
        let error = refused(&store, &PLATFORM, &[second]).await;
        assert!(
            matches!(error, StoreError::VersionChanged { version: 2, .. }),
            "{error:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn names_are_unique_and_can_be_exchanged() {
    databases(async |database| {
        let store = database.open().await;
        let named = |name: &str, external: &str| ResourceWrite {
            external_id: Some(external.to_owned()),
            ..resource("carrier", name, json!({}))
        };
        let both = put(&store, &PLATFORM, &[named("a", "1"), named("b", "2")]).await;
        let error = refused(&store, &PLATFORM, &[named("a", "3")]).await;
        assert!(
            matches!(error, StoreError::NameTaken { ref name, .. } if name == "a"),
            "{error:?}"
        );
        let error = refused(&store, &PLATFORM, &[named("c", "2")]).await;
        assert!(
            matches!(error, StoreError::ExternalIdTaken { .. }),
            "{error:?}"
        );
        let error = refused(&store, &PLATFORM, &[named("c", "3"), named("c", "4")]).await;
        assert!(matches!(error, StoreError::NameTaken { .. }), "{error:?}");
        let error = refused(&store, &PLATFORM, &[next(both[0], named("b", "1"))]).await;
        assert!(matches!(error, StoreError::NameTaken { .. }), "{error:?}");
        let exchanged = [
            next(both[0], named("b", "2")),
            next(both[1], named("a", "1")),
        ];
        put(&store, &PLATFORM, &exchanged).await;
        let row = store
            .resource_by_name(&PLATFORM, "carrier", "a")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((row.id, row.version), (both[1].id, 2));
        let row = store
            .resource_by_external_id(&PLATFORM, "carrier", "2")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.id, both[0].id);
        // A name that is taken by one kind or tenant is free for another.
        put(&store, &PLATFORM, &[resource("customer", "a", json!({}))]).await;
        put(
            &store,
            &operator(&store).await,
            &[resource("carrier", "a", json!({}))],
        )
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_deleted_resource_keeps_its_versions_and_can_come_back() {
    databases(async |database| {
        let store = database.open().await;
        let first = put(
            &store,
            &PLATFORM,
            &[resource("carrier", "a", json!({"n": 1}))],
        )
        .await[0];
        let mut write = store.begin_configuration(change("bob")).await.unwrap();
        assert_eq!(
            write
                .delete(&PLATFORM, &[first.id, 999], None)
                .await
                .unwrap(),
            1
        );
        assert_eq!(write.delete(&PLATFORM, &[first.id], None).await.unwrap(), 0);
        write.commit().await.unwrap();
        assert_eq!(
            store
                .resource_by_name(&PLATFORM, "carrier", "a")
                .await
                .unwrap(),
            None
        );
        assert_eq!(store.resources(None).await.unwrap(), []);
        let row = store.resource(&PLATFORM, first.id).await.unwrap().unwrap();
        assert!(row.deleted_at.is_some());
        assert_eq!((row.version, row.updated_by.as_str()), (2, "bob"));
        // The name is free, and the old one comes back under another.
        put(
            &store,
            &PLATFORM,
            &[resource("carrier", "a", json!({"n": 2}))],
        )
        .await;
        let back = ResourceWrite {
            id: Some(first.id),
            expected_version: Some(2),
            ..resource("carrier", "old a", json!({"n": 1}))
        };
        put(&store, &PLATFORM, &[back]).await;
        let VersionPage { rows, next } =
            store.versions(&PLATFORM, first.id, None, 2).await.unwrap();
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.version, row.deleted, row.name.as_str()))
            .collect();
        assert_eq!(told, [(3, false, "old a"), (2, true, "a")]);
        let rest = store.versions(&PLATFORM, first.id, next, 2).await.unwrap();
        assert_eq!(
            (rest.rows.len(), rest.rows[0].version, rest.next),
            (1, 1, None)
        );
    })
    .await;
}

/// What was configured, by name and the number in its spec.
async fn at(store: &Store, number: u64) -> Option<Vec<(String, u64, Value)>> {
    let rows = store.resources_at(number).await.unwrap()?;
    let told = |row: crate::ResourceRow| (row.name, row.version, row.spec["n"].clone());
    Some(rows.into_iter().map(told).collect())
}

#[tokio::test]
async fn what_was_configured_is_known_for_every_configuration_of_the_past() {
    databases(async |database| {
        let store = database.open().await;
        let carrier = |name: &str, n: i64| resource("carrier", name, json!({"n": n}));
        let first = put(&store, &PLATFORM, &[carrier("a", 1), carrier("b", 1)]).await;
        let renamed = next(first[0], carrier("z", 2));
        put(&store, &PLATFORM, &[renamed, carrier("a", 3)]).await;
        let mut write = store.begin_configuration(change("bob")).await.unwrap();
        write.delete(&PLATFORM, &[first[1].id], None).await.unwrap();
        write.commit().await.unwrap();
        let back = ResourceWrite {
            id: Some(first[1].id),
            expected_version: Some(2),
            ..carrier("b", 4)
        };
        put(&store, &PLATFORM, &[back]).await;
        let row = |name: &str, version: u64, n: i64| (name.to_owned(), version, json!(n));
        assert_eq!(
            at(&store, 1).await,
            Some(vec![row("a", 1, 1), row("b", 1, 1)])
        );
        let second = vec![row("a", 1, 3), row("b", 1, 1), row("z", 2, 2)];
        assert_eq!(at(&store, 2).await, Some(second));
        let third = vec![row("a", 1, 3), row("z", 2, 2)];
        assert_eq!(at(&store, 3).await, Some(third));
        let fourth = vec![row("a", 1, 3), row("b", 3, 4), row("z", 2, 2)];
        assert_eq!(at(&store, 4).await, Some(fourth));
        assert_eq!(at(&store, 0).await, None);
        assert_eq!(at(&store, 5).await, None);
        // The last of them is what is in force.
        let in_force = store.resources(None).await.unwrap();
        let of_now = |row: &crate::ResourceRow| (row.id, row.version, row.spec.clone());
        let last = store.resources_at(4).await.unwrap().unwrap();
        assert!(in_force.iter().map(of_now).eq(last.iter().map(of_now)));
    })
    .await;
}

#[tokio::test]
async fn nothing_of_another_tenant_is_seen_or_changed() {
    databases(async |database| {
        let store = database.open().await;
        let other = operator(&store).await;
        let indexed = ResourceWrite {
            index: spec_index(&[("status", "active")], &["acme"], &[("carrier", "c")]),
            external_id: Some("x".into()),
            ..resource("carrier", "a", json!({}))
        };
        let theirs = put(&store, &other, &[indexed]).await[0];
        assert_eq!(store.resource(&PLATFORM, theirs.id).await.unwrap(), None);
        assert_eq!(
            store
                .resource_by_name(&PLATFORM, "carrier", "a")
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store
                .resource_by_external_id(&PLATFORM, "carrier", "x")
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            store
                .resources_by_name(&PLATFORM, "carrier", &["a"])
                .await
                .unwrap(),
            []
        );
        assert_eq!(store.version(&PLATFORM, theirs.id, 1).await.unwrap(), None);
        assert_eq!(
            store
                .versions(&PLATFORM, theirs.id, None, 9)
                .await
                .unwrap()
                .rows,
            []
        );
        assert_eq!(
            store.versions_of_configuration(&PLATFORM, 1).await.unwrap(),
            []
        );
        assert_eq!(
            store.resource_count(&PLATFORM, "customer").await.unwrap(),
            0
        );
        assert_eq!(
            store
                .referrers(&PLATFORM, "carrier", "c", None, 9)
                .await
                .unwrap(),
            []
        );
        for (filters, search) in [
            (vec![], None),
            (vec![("status".to_owned(), "active".to_owned())], None),
            (vec![], Some("acme".to_owned())),
        ] {
            let query = crate::ResourceQuery {
                kind: "carrier".into(),
                filters,
                search,
                limit: 9,
                ..crate::ResourceQuery::default()
            };
            assert_eq!(
                store.list_resources(&PLATFORM, &query).await.unwrap().rows,
                []
            );
            assert_eq!(
                store
                    .list_resources(&other, &query)
                    .await
                    .unwrap()
                    .rows
                    .len(),
                1
            );
        }
        let error = refused(
            &store,
            &PLATFORM,
            &[next(theirs, resource("carrier", "mine", json!({})))],
        )
        .await;
        assert!(
            matches!(error, StoreError::NoSuchResource { .. }),
            "{error:?}"
        );
        let mut write = store.begin_configuration(change("ann")).await.unwrap();
        assert_eq!(
            write
                .resources_by_id(&PLATFORM, &[theirs.id])
                .await
                .unwrap(),
            []
        );
        assert_eq!(
            write.delete(&PLATFORM, &[theirs.id], None).await.unwrap(),
            0
        );
    })
    .await;
}

#[tokio::test]
async fn a_push_of_more_than_a_statement_holds_is_one_change() {
    databases(async |database| {
        let store = database.open().await;
        let many: Vec<ResourceWrite> = (0..1_203)
            .map(|n| ResourceWrite {
                index: spec_index(
                    &[("status", "active")],
                    &["acme", "corp"],
                    &[("carrier", "c")],
                ),
                ..resource("customer", &format!("c{n:04}"), json!({"n": n}))
            })
            .collect();
        let written = put(&store, &PLATFORM, &many).await;
        assert_eq!(written.len(), many.len());
        for (written, write) in written.iter().zip(&many).step_by(250) {
            let row = store
                .resource(&PLATFORM, written.id)
                .await
                .unwrap()
                .unwrap();
            assert_eq!((&row.name, &row.spec), (&write.name, &write.spec));
        }
        let again: Vec<ResourceWrite> = written
            .iter()
            .zip(&many)
            .map(|(written, write)| next(*written, write.clone()))
            .collect();
        let written = put(&store, &PLATFORM, &again).await;
        assert!(written.iter().all(|written| written.version == 2));
        assert_eq!(store.configuration_number().await.unwrap(), 2);
        assert_eq!(
            store
                .versions_of_configuration(&PLATFORM, 2)
                .await
                .unwrap()
                .len(),
            1_203
        );
        assert_eq!(
            store
                .referrer_counts(&PLATFORM, "carrier", "c")
                .await
                .unwrap(),
            [("customer".to_owned(), 1_203)]
        );
    })
    .await;
}

#[tokio::test]
async fn configurations_pushed_at_once_get_numbers_without_a_gap() {
    databases(async |database| {
        let store = database.open().await;
        let pushes = (0..12).map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                let name = format!("c{n}");
                put(&store, &PLATFORM, &[resource("carrier", &name, json!({}))]).await;
            })
        });
        for push in pushes.collect::<Vec<_>>() {
            push.await.unwrap();
        }
        let numbers = sql("SELECT number FROM configuration ORDER BY number")
            .fetch_all(store.reader())
            .await
            .unwrap();
        let numbers: Vec<i64> = numbers.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(numbers, (1..=12).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn a_node_hears_of_what_another_pushed() {
    databases(async |database| {
        let (one, other) = (database.open().await, database.open().await);
        let mut watch = one.watch_configuration(0, std::time::Duration::from_millis(5));
        put(&other, &PLATFORM, &[resource("carrier", "a", json!({}))]).await;
        let heard = tokio::time::timeout(std::time::Duration::from_secs(120), watch.changed());
        heard.await.unwrap().unwrap();
        assert_eq!(*watch.borrow(), 1);
    })
    .await;
}
