#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{change, databases, resource};
use crate::{AuditActor, JobQuery, JobState, NewAuditEntry, Scope, TenantId};
use serde_json::json;

const HERE: Scope = Scope::of_tenant(TenantId::PLATFORM);

fn new(name: &str) -> NewChangeSet {
    NewChangeSet {
        name: name.to_owned(),
        author: "ada".to_owned(),
        at: Timestamp(1),
        ..NewChangeSet::default()
    }
}

fn draft(name: &str, base: Option<(i64, u64)>) -> NewDraft {
    NewDraft {
        kind: "carrier".to_owned(),
        name: name.to_owned(),
        resource_id: base.map(|(id, _)| id),
        base_version: base.map(|(_, version)| version),
        new_name: name.to_owned(),
        content: Some(json!({"name": name, "spec": {"cps_limit": 9}})),
        deck_hash: None,
        note: None,
        author: "ada".to_owned(),
    }
}

fn edit(revision: u64, put: Vec<NewDraft>) -> ChangeSetEdit {
    ChangeSetEdit {
        revision,
        at: Timestamp(2),
        put,
        ..ChangeSetEdit::default()
    }
}

fn actor() -> AuditActor {
    AuditActor::system("ada")
}

fn told(at: i64) -> NewAuditEntry {
    NewAuditEntry::new(
        TenantId::PLATFORM,
        Timestamp(at),
        actor(),
        "change_set.test",
    )
}

async fn state(store: &Store, id: i64) -> ChangeSetState {
    store.change_set(&HERE, id).await.unwrap().unwrap().state
}

/// Makes a carrier; gives its number.
async fn carrier(store: &Store, name: &str) -> i64 {
    let mut write = store.begin_configuration(change("ada")).await.unwrap();
    let spec = json!({"cps_limit": 1});
    let new = [resource("carrier", name, spec)];
    let id = write.put_all(&HERE, &new).await.unwrap()[0].id;
    write.commit().await.unwrap();
    id
}

#[tokio::test]
async fn drafts_show_what_they_were_made_from_and_what_is_in_force() {
    databases(async |database| {
        let store = database.open().await;
        let aurora = carrier(&store, "aurora").await;
        let id = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let drafts = vec![draft("aurora", Some((aurora, 1))), draft("borealis", None)];
        let revision = store.edit_change_set(&HERE, id, &edit(1, drafts)).await;
        assert_eq!(revision.unwrap(), 2);
        let mut write = store.begin_configuration(change("bob")).await.unwrap();
        let mut moved = resource("carrier", "aurora", json!({"cps_limit": 2}));
        moved.id = Some(aurora);
        let other = resource("carrier", "borealis", json!({}));
        write.put_all(&HERE, &[moved, other]).await.unwrap();
        write.commit().await.unwrap();

        let query = DraftQuery::default();
        let rows = store.drafts(&HERE, id, &query).await.unwrap();
        let known: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    &*row.draft.name,
                    row.draft.base_version,
                    row.version_in_force,
                )
            })
            .collect();
        assert_eq!(
            known,
            [("aurora", Some(1), Some(2)), ("borealis", None, Some(1))]
        );
        let base = rows[0].base.as_ref().unwrap();
        assert_eq!(base.spec, json!({"cps_limit": 1}));
        assert_eq!(rows[1].base, None);
        assert_eq!(rows[0].draft.content, draft("aurora", None).content);

        let behind = DraftQuery {
            after: Some(("carrier".into(), "aurora".into())),
            limit: Some(1),
            ..DraftQuery::default()
        };
        let page = store.drafts(&HERE, id, &behind).await.unwrap();
        assert_eq!(page[0].draft.name, "borealis");
        let others = Scope::of_tenant(TenantId::new(7));
        assert_eq!(store.drafts(&others, id, &query).await.unwrap(), []);
        assert_eq!(store.change_set(&others, id).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_edit_of_another_revision_changes_nothing() {
    databases(async |database| {
        let store = database.open().await;
        let id = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let late = edit(7, vec![draft("a", None)]);
        let refused = store.edit_change_set(&HERE, id, &late).await.unwrap_err();
        assert!(matches!(refused, StoreError::ChangeSetChanged { .. }));
        let others = Scope::of_tenant(TenantId::new(7));
        let none = edit(1, Vec::new());
        let foreign = store.edit_change_set(&others, id, &none).await;
        assert!(foreign.is_err());
        let row = store.change_set(&HERE, id).await.unwrap().unwrap();
        assert_eq!((row.revision, row.drafts), (1, 0));

        // A draft takes the place of the one before it.
        for (revision, note) in [(1, None), (2, Some("again"))] {
            let mut new = draft("a", None);
            new.note = note.map(str::to_owned);
            let again = edit(revision, vec![new]);
            store.edit_change_set(&HERE, id, &again).await.unwrap();
        }
        let rows = store.drafts(&HERE, id, &DraftQuery::default()).await;
        let rows = rows.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].draft.note.as_deref(), Some("again"));
    })
    .await;
}

#[tokio::test]
async fn a_push_and_its_state_are_one_transaction() {
    databases(async |database| {
        let store = database.open().await;
        let id = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let push = ChangeSetPush { id, revision: 1 };
        let mut write = store.begin_configuration(change("ada")).await.unwrap();
        write.push_change_set(&HERE, push).await.unwrap();
        drop(write);
        assert_eq!(state(&store, id).await, ChangeSetState::Draft);

        let mut write = store.begin_configuration(change("ada")).await.unwrap();
        write.push_change_set(&HERE, push).await.unwrap();
        let number = write.number();
        write.commit().await.unwrap();
        let row = store.change_set(&HERE, id).await.unwrap().unwrap();
        assert_eq!(row.state, ChangeSetState::Pushing);
        assert_eq!(row.configuration, Some(number));
        assert_eq!(row.pushed_by.as_deref(), Some("ada"));

        // Once only.
        let mut write = store.begin_configuration(change("ada")).await.unwrap();
        assert!(write.push_change_set(&HERE, push).await.is_err());
        drop(write);
        assert_eq!(store.settle_pushes().await.unwrap(), 1);
        assert_eq!(state(&store, id).await, ChangeSetState::Pushed);
        let gone = store.discard_change_set(&HERE, id, &told(9)).await;
        assert!(matches!(gone, Err(StoreError::ChangeSetChanged { .. })));
    })
    .await;
}

#[tokio::test]
async fn what_a_rollback_undid_is_in_force_again_when_the_rollback_fails() {
    databases(async |database| {
        let store = database.open().await;
        let first = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let undo = NewChangeSet {
            rolls_back: Some(first),
            ..new("undo")
        };
        let second = store
            .create_change_set(&HERE, &undo, actor())
            .await
            .unwrap();
        for id in [first, second] {
            let mut write = store.begin_configuration(change("ada")).await.unwrap();
            let push = ChangeSetPush { id, revision: 1 };
            write.push_change_set(&HERE, push).await.unwrap();
            write.commit().await.unwrap();
            if id == first {
                store.change_set_in_force(id).await.unwrap();
            }
        }
        let row = store.change_set(&HERE, first).await.unwrap().unwrap();
        assert_eq!(row.state, ChangeSetState::RolledBack);
        assert_eq!(row.rolled_back_by, Some(second));
        let push = ChangeSetPush {
            id: second,
            revision: 1,
        };
        let failed = store.change_set_failed(push, "the switch is gone", Timestamp(5));
        failed.await.unwrap();
        assert_eq!(state(&store, first).await, ChangeSetState::Pushed);
        let row = store.change_set(&HERE, second).await.unwrap().unwrap();
        assert_eq!(row.state, ChangeSetState::Failed);
        assert_eq!(row.failure.as_deref(), Some("the switch is gone"));
        let query = crate::EventQuery {
            kind: Some(crate::PUSH_FAILED.into()),
            limit: 9,
            ..crate::EventQuery::default()
        };
        let events = store.events(&HERE, &query).await.unwrap();
        assert_eq!(
            (events.len(), events[0].data["reason"].as_str()),
            (1, Some("the switch is gone"))
        );
        assert_eq!(row.configuration, None);
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_push_is_a_job_that_goes_when_it_is_not_wanted() {
    databases(async |database| {
        let store = database.open().await;
        let id = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let wish = told(3);
        let scheduled = store.schedule_change_set(&HERE, id, 1, Timestamp(1_000), &wish);
        let revision = scheduled.await.unwrap();
        let job = async || {
            let query = JobQuery {
                limit: 10,
                ..JobQuery::default()
            };
            store.jobs(&HERE, &query).await.unwrap().remove(0)
        };
        let put_in = job().await;
        assert_eq!((&*put_in.kind, put_in.run_at), (PUSH_JOB, Timestamp(1_000)));
        assert_eq!(
            put_in.payload,
            json!({"change_set": id, "revision": revision})
        );
        let none = edit(revision, Vec::new());
        let edited = store.edit_change_set(&HERE, id, &none).await;
        assert!(
            edited.is_err(),
            "what is scheduled stays as it was looked at"
        );

        let unscheduled = store.unschedule_change_set(&HERE, id, &told(4)).await;
        assert_eq!(unscheduled.unwrap(), revision + 1);
        assert_eq!(job().await.state, JobState::Discarded);
        assert_eq!(state(&store, id).await, ChangeSetState::Draft);
    })
    .await;
}

#[tokio::test]
async fn the_versions_around_a_configuration_are_found() {
    databases(async |database| {
        let store = database.open().await;
        let aurora = carrier(&store, "aurora").await;
        let mut numbers = Vec::new();
        for limit in 2..=4 {
            let mut write = store.begin_configuration(change("ada")).await.unwrap();
            let mut new = resource("carrier", "aurora", json!({ "cps_limit": limit }));
            new.id = Some(aurora);
            write.put_all(&HERE, &[new]).await.unwrap();
            numbers.push(write.number());
            write.commit().await.unwrap();
        }
        let versions = |rows: Vec<crate::VersionRow>| -> Vec<u64> {
            rows.iter().map(|row| row.version).collect()
        };
        let (first, middle) = (numbers[0] - 1, numbers[0]);
        let before = store.versions_before_configuration(&HERE, middle).await;
        assert_eq!(versions(before.unwrap()), [1]);
        let after = store.versions_after_configuration(&HERE, middle).await;
        assert_eq!(versions(after.unwrap()), [3, 4]);
        let before = store.versions_before_configuration(&HERE, first).await;
        assert!(versions(before.unwrap()).is_empty());
        let others = Scope::of_tenant(TenantId::new(7));
        let foreign = store.versions_after_configuration(&others, middle).await;
        assert!(versions(foreign.unwrap()).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_discarded_change_set_takes_its_own_decks_with_it() {
    databases(async |database| {
        let store = database.open().await;
        let id = store
            .create_change_set(&HERE, &new("prices"), actor())
            .await
            .unwrap();
        let mut write = store.begin_configuration(change("ada")).await.unwrap();
        write.put_deck("used", "prefix,rate").await.unwrap();
        let mut card = resource("rate_card", "sell", json!({}));
        card.deck_hash = Some("used".into());
        write.put_all(&HERE, &[card]).await.unwrap();
        write.commit().await.unwrap();
        let with_deck = |name: &str, hash: &str| NewDraft {
            deck_hash: Some(hash.to_owned()),
            ..draft(name, None)
        };
        let put = vec![with_deck("a", "used"), with_deck("b", "own")];
        let mut edit = edit(1, put);
        edit.decks = vec![("own".into(), "prefix,rate\n1,2".into())];
        store.edit_change_set(&HERE, id, &edit).await.unwrap();
        assert!(store.deck("own").await.unwrap().is_some());
        store.discard_change_set(&HERE, id, &told(5)).await.unwrap();
        assert_eq!(store.deck("own").await.unwrap(), None);
        assert!(store.deck("used").await.unwrap().is_some());
        assert_eq!(store.change_set(&HERE, id).await.unwrap(), None);
    })
    .await;
}
