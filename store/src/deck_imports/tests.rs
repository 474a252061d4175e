#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{change, databases, resource};
use crate::{AuditActor, DECK_HELD_UP, EventQuery, JobQuery, TenantId};
use serde_json::json;

const HERE: Scope = Scope::of_tenant(TenantId::PLATFORM);

fn told(at: i64) -> NewAuditEntry {
    let actor = AuditActor::system("ada");
    NewAuditEntry::new(TenantId::PLATFORM, Timestamp(at), actor, "deck_import.test")
}

/// Makes a rate card; gives its number.
async fn card(store: &Store) -> i64 {
    let mut write = store.begin_configuration(change("ada")).await.unwrap();
    let new = [resource("rate_card", "cost", json!({"currency": "USD"}))];
    let id = write.put_all(&HERE, &new).await.unwrap()[0].id;
    write.commit().await.unwrap();
    id
}

async fn made(store: &Store, card_id: i64) -> DeckImportRow {
    let new = NewDeckImport {
        card_id,
        author: "ada".to_owned(),
        file_name: Some("november.csv".to_owned()),
        settings: json!({"policy": {}}),
    };
    let id = store
        .create_deck_import(&HERE, &new, told(1))
        .await
        .unwrap();
    found(store, id.unwrap()).await
}

async fn found(store: &Store, id: i64) -> DeckImportRow {
    store.deck_import(&HERE, id).await.unwrap().unwrap()
}

fn read() -> DeckImportRead {
    DeckImportRead {
        card_version: 1,
        card_deck: Some("h".to_owned()),
        outcome: json!({"records": 2}),
        rates: "prefix".to_owned(),
    }
}

#[tokio::test]
async fn an_import_goes_from_its_file_to_its_last_rate() {
    databases(async |database| {
        let store = database.open().await;
        let card_id = card(&store).await;
        let row = made(&store, card_id).await;
        assert_eq!(
            (row.state, row.revision),
            (DeckImportState::AwaitingFile, 1)
        );
        let file = vec![0, 159, 146, 150];
        let put = async || {
            let told = told(2);
            let put = store.put_deck_import_file(&HERE, &row, file.clone(), &told);
            put.await.unwrap()
        };
        assert_eq!(put().await, Some(2));
        assert_eq!(put().await, None, "it is read at this moment");
        let jobs = JobQuery {
            limit: 9,
            ..JobQuery::default()
        };
        let jobs = store.jobs(&HERE, &jobs).await.unwrap();
        assert_eq!(jobs.len(), 1, "none for what did not come in");
        assert_eq!(jobs[0].payload, json!({"import": row.id, "revision": 2}));
        assert_eq!(
            store.deck_import_file(row.id, 2).await.unwrap(),
            Some(file.clone())
        );
        assert_eq!(store.deck_import_file(row.id, 1).await.unwrap(), None);

        let pages: Vec<_> = (0..120).map(|page| format!("[{page}]")).collect();
        let put = store.put_deck_import_pages(row.id, "change", 0, &pages);
        put.await.unwrap();
        let listed = store.deck_import_pages(row.id, "change", 118, 5).await;
        assert_eq!(listed.unwrap(), ["[118]", "[119]"]);
        let at = Timestamp(3);
        store
            .deck_import_read(row.id, 2, &read(), at)
            .await
            .unwrap();
        store
            .deck_import_failed(row.id, 2, "late", at)
            .await
            .unwrap();
        let row = found(&store, row.id).await;
        assert_eq!((row.state, row.revision), (DeckImportState::Ready, 3));
        assert_eq!((row.card_version, row.failure.clone()), (Some(1), None));

        let rates = store.deck_import_rates(row.id, 3).await.unwrap();
        assert_eq!(rates.as_deref(), Some("prefix"));
        let applied = DeckImportApplied {
            outcome: json!({"records": 2, "applied": true}),
            card_deck: "i".to_owned(),
            is_all: true,
            followed_by: None,
            settings_of: card_id,
        };
        let apply = async || {
            store
                .deck_import_applied(&HERE, &row, &applied, &told(4))
                .await
        };
        assert!(apply().await.unwrap());
        assert!(!apply().await.unwrap(), "a second time does nothing");
        let row = found(&store, row.id).await;
        assert_eq!(row.state, DeckImportState::Applied);
        let remembered = store.deck_settings(&HERE, card_id).await.unwrap();
        assert_eq!(remembered, Some(json!({"policy": {}})));
        let elsewhere = Scope::of_tenant(TenantId::new(7));
        assert_eq!(store.deck_import(&elsewhere, row.id).await.unwrap(), None);
        assert!(
            !store
                .discard_deck_import(&elsewhere, &row, &told(5))
                .await
                .unwrap()
        );
        assert!(
            store
                .discard_deck_import(&HERE, &row, &told(5))
                .await
                .unwrap()
        );
        let gone = store.deck_import_pages(row.id, "change", 0, 5).await;
        assert!(gone.unwrap().is_empty(), "its lists go with it");
    })
    .await;
}

#[tokio::test]
async fn open_imports_have_a_bound() {
    databases(async |database| {
        let store = database.open().await;
        let card_id = card(&store).await;
        for _ in 0..DECK_IMPORTS_OPEN_MAX {
            made(&store, card_id).await;
        }
        let new = NewDeckImport {
            card_id,
            author: "ada".to_owned(),
            file_name: None,
            settings: json!({}),
        };
        let refused = store.create_deck_import(&HERE, &new, told(1)).await;
        assert_eq!(refused.unwrap(), None);
        let query = DeckImportQuery {
            card_id: Some(card_id),
            limit: 2,
            ..DeckImportQuery::default()
        };
        let newest = store.deck_imports(&HERE, &query).await.unwrap();
        assert_eq!(newest.len(), 2);
        assert!(newest[0].id > newest[1].id);
    })
    .await;
}

#[tokio::test]
async fn what_holds_an_import_up_is_told_once() {
    databases(async |database| {
        let store = database.open().await;
        let card_id = card(&store).await;
        let row = made(&store, card_id).await;
        let (sent, noted, what) = (told(2), told(4), read());
        let put = store.put_deck_import_file(&HERE, &row, vec![1], &sent);
        assert_eq!(put.await.unwrap(), Some(2));
        let read = store.deck_import_read(row.id, 2, &what, Timestamp(3));
        read.await.unwrap();
        assert!(store.followed_deck_imports().await.unwrap().is_empty());
        let applied = DeckImportApplied {
            outcome: json!({"records": 2}),
            card_deck: "i".to_owned(),
            is_all: false,
            followed_by: Some("ada".to_owned()),
            settings_of: card_id,
        };
        let row = found(&store, row.id).await;
        let noted = store.deck_import_applied(&HERE, &row, &applied, &noted);
        assert!(noted.await.unwrap());

        let followed = async || store.followed_deck_imports().await.unwrap();
        let first = followed().await.remove(0);
        assert_eq!(first.tenant, TenantId::PLATFORM);
        let held_up = async |reason: &str, is_over| {
            let noted = store.deck_import_held_up(&first, "cost", reason, is_over, Timestamp(5));
            noted.await.unwrap();
        };
        held_up("it waits", false).await;
        held_up("it waits", false).await;
        assert_eq!(followed().await[0].row.held_up.as_deref(), Some("it waits"));
        held_up("it is over", true).await;
        assert!(followed().await.is_empty(), "nobody tries again");
        let row = found(&store, row.id).await;
        assert_eq!(row.held_up.as_deref(), Some("it is over"));
        let query = EventQuery {
            kind: Some(DECK_HELD_UP.to_owned()),
            limit: 9,
            ..EventQuery::default()
        };
        let events = store.events(&HERE, &query).await.unwrap();
        let reasons: Vec<_> = events.iter().map(|event| &event.data["reason"]).collect();
        assert_eq!(reasons, ["it is over", "it waits"]);
        assert!(events.iter().all(|event| event.subject == "rate_card/cost"));
    })
    .await;
}
