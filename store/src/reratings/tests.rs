#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::testing::{self, TestDatabase, TestSegment, ended};
use crate::{
    AuditActor, AuditCredential, CdrParty, LedgerEntryKind, LedgerParty, LedgerQuery, Loader,
    LoaderConfig, NewEvent, TenantId,
};
use rating::Amount;
use rating::cdr::{CallRecord, JournalEntry};
use rating::journal::BootId;

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const MILL: i64 = 1_000_000;

fn told(at: i64) -> NewAuditEntry {
    let actor = AuditActor::new("finance", AuditCredential::LocalKey);
    NewAuditEntry::new(TenantId::PLATFORM, Timestamp(at), actor, "rerating")
}

fn event() -> NewEvent {
    NewEvent {
        tenant: TenantId::PLATFORM,
        kind: "rerating.applied".into(),
        subject: "rerating".into(),
        actor: "finance".into(),
        data: serde_json::json!({}),
    }
}

/// A database with so many calls of 0.01, which cost 0.005 each.
async fn with_calls(database: &TestDatabase, count: u32) -> (Store, Vec<CallRecord>) {
    let store = database.open().await;
    let folder = database.folder().join("journal");
    std::fs::create_dir(&folder).unwrap();
    let calls: Vec<_> = (0..count).map(ended).collect();
    let mut segment = TestSegment::create(&folder, 1, 1);
    for call in &calls {
        segment.append(&JournalEntry::Ended(call.clone()));
    }
    segment.seal(true);
    let mut loader = Loader::new(store.clone(), LoaderConfig::new(folder, BootId(2)));
    loader.recover().await.unwrap();
    (store, calls)
}

/// A preview that is ready: every call is charged so much, and cost so much on its second attempt.
async fn preview(store: &Store, calls: &[CallRecord], charge: i64, cost: i64, at: i64) -> i64 {
    let asked = serde_json::json!({});
    let id = store.create_rerating(&SCOPE, "finance", &asked, told(at));
    let id = id.await.unwrap().unwrap();
    let run = store.begin_rerating_preview(id, Timestamp(at)).await;
    let run = run.unwrap().unwrap();
    let ids: Vec<_> = calls.iter().map(|call| call.id).collect();
    let before = store.rerated_before(&ids).await.unwrap();
    let booked = |amount| Booked {
        amount,
        books: amount,
    };
    let mut lines = Vec::new();
    for call in calls {
        let rate = call.rate.as_ref().unwrap();
        let line = |attempt, party, was: Amount, now: i64| ReratingLine {
            call: call.id,
            attempt,
            party,
            currency: rate.currency,
            exchange_rate: rate.exchange_rate,
            was: before
                .get(&(call.id, attempt))
                .copied()
                .unwrap_or_else(|| booked(was)),
            now: booked(Amount(now)),
        };
        lines.push(line(0, 5, call.charge.amount, charge));
        lines.push(line(2, 2, call.attempts[1].cost.amount, cost));
    }
    assert!(store.add_rerating_lines(run, &lines).await.unwrap());
    let outcome = serde_json::json!({});
    let ready = store.rerating_ready(run, "hash", &outcome, Timestamp(at));
    assert!(ready.await.unwrap());
    id
}

/// Posts all that an applied re-rating has left; gives how many lines that were.
async fn post(store: &Store, id: i64) -> u64 {
    let mut posted = 0;
    while let Some(ReratingPosted::Some(lines)) = store
        .post_rerating_lines(id, event, Timestamp(9_000))
        .await
        .unwrap()
    {
        posted += lines;
    }
    posted
}

async fn balances(store: &Store) -> (i64, i64) {
    let balance = async |party| store.ledger_balance(party).await.unwrap().0;
    (
        balance(LedgerParty::Customer(5)).await,
        balance(LedgerParty::Carrier(2)).await,
    )
}

async fn is_sound(store: &Store) {
    let found = store.verify_ledger(|_| ()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn corrections_are_posted_once_and_the_record_stays_what_it_is() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 300).await;
        assert_eq!(balances(&store).await, (-3_000 * MILL, 1_500 * MILL));
        let id = preview(&store, &calls, 12 * MILL, 4 * MILL, 1_000).await;
        assert_eq!(
            balances(&store).await,
            (-3_000 * MILL, 1_500 * MILL),
            "a preview posts nothing"
        );
        let applied = store
            .apply_rerating(&SCOPE, id, "finance", &told(2_000))
            .await;
        applied.unwrap().unwrap();
        // A job that is cut off between two batches is run again, and one that is run twice posts nothing.
        let first = store.post_rerating_lines(id, event, Timestamp(2_000)).await;
        assert_eq!(first.unwrap(), Some(ReratingPosted::Some(500)));
        is_sound(&store).await;
        assert_eq!(post(&store, id).await, 100);
        assert_eq!(post(&store, id).await, 0);
        assert_eq!(balances(&store).await, (-3_600 * MILL, 1_200 * MILL));
        is_sound(&store).await;
        let row = store.rerating(&SCOPE, id).await.unwrap().unwrap();
        assert_eq!(row.state, ReratingState::Applied);
        assert_eq!(
            (row.applied_by.as_deref(), row.applied_at),
            (Some("finance"), Some(Timestamp(2_000)))
        );
        let (_, kept) = store
            .cdr(&SCOPE, CdrParty::Staff, calls[0].id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(kept, calls[0]);
        let query = LedgerQuery {
            kind: Some(LedgerEntryKind::ChargeCorrection),
            limit: 1_000,
            ..LedgerQuery::default()
        };
        let entries = store.ledger_entries(&SCOPE, &query).await.unwrap().entries;
        assert_eq!(entries.len(), 300);
        let entry = &entries[0];
        assert_eq!(entry.books, Amount(-2 * MILL));
        // Each batch at its own time: a statement that was sent meanwhile stays true.
        let of = |at| {
            entries
                .iter()
                .filter(|entry| entry.at == Timestamp(at))
                .count()
        };
        assert_eq!((of(2_000), of(9_000)), (250, 50));
        assert_eq!((entry.call.is_some(), entry.attempt), (true, None));
        assert!(entry.corrects.is_some());
        assert_eq!(entry.details["rerating"], id);
    })
    .await;
}

#[tokio::test]
async fn one_whose_job_was_discarded_on_the_way_is_taken_up_again() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 300).await;
        let id = preview(&store, &calls, 12 * MILL, 4 * MILL, 1_000).await;
        let apply = async |at| store.apply_rerating(&SCOPE, id, "finance", &told(at)).await;
        apply(2_000).await.unwrap().unwrap();
        let first = store.post_rerating_lines(id, event, Timestamp(2_000)).await;
        assert_eq!(first.unwrap(), Some(ReratingPosted::Some(500)));
        let refused = apply(2_001).await.unwrap();
        let applying = Some(ReratingState::Applying);
        assert_eq!(
            refused,
            Err(ReratingRefusal::NotReady(applying)),
            "it goes on"
        );
        testing::execute(&store, "UPDATE job SET state = 'discarded'").await;
        apply(2_002).await.unwrap().unwrap();
        let until = Timestamp(9_000_000);
        let jobs = store.claim_jobs("n/1", 9, Timestamp(3_000), until).await;
        let jobs = jobs.unwrap();
        let kinds: Vec<_> = jobs.iter().map(|lease| lease.job.kind.as_str()).collect();
        assert_eq!(kinds, [RERATING_APPLY_JOB]);
        assert_eq!(post(&store, id).await, 100);
        assert_eq!(balances(&store).await, (-3_600 * MILL, 1_200 * MILL));
        is_sound(&store).await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_held_up_writes_nothing_into_the_preview_of_the_next_one() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 2).await;
        let asked = serde_json::json!({});
        let id = store.create_rerating(&SCOPE, "finance", &asked, told(1));
        let id = id.await.unwrap().unwrap();
        let begin = async || {
            store
                .begin_rerating_preview(id, Timestamp(1))
                .await
                .unwrap()
        };
        let late = begin().await.unwrap();
        let rate = calls[0].rate.as_ref().unwrap();
        let line = |call: usize, now: i64| ReratingLine {
            call: calls[call].id,
            attempt: 0,
            party: 5,
            currency: rate.currency,
            exchange_rate: rate.exchange_rate,
            was: Booked::default(),
            now: Booked {
                amount: Amount(now),
                books: Amount(now),
            },
        };
        assert!(store.add_rerating_lines(late, &[line(0, 7)]).await.unwrap());
        let run = begin().await.unwrap();
        assert!(!store.add_rerating_lines(late, &[line(1, 7)]).await.unwrap());
        assert!(store.add_rerating_lines(run, &[line(0, 8)]).await.unwrap());
        store
            .rerating_failed(late, "gone", Timestamp(2))
            .await
            .unwrap();
        let outcome = serde_json::json!({});
        for (run, is_it) in [(late, false), (run, true)] {
            let ready = store.rerating_ready(run, "hash", &outcome, Timestamp(3));
            assert_eq!(ready.await.unwrap(), is_it);
        }
        assert!(!store.add_rerating_lines(run, &[line(1, 7)]).await.unwrap());
        let kept = testing::number(&store, "SELECT CAST(SUM(now) AS BIGINT) FROM rerating_line");
        assert_eq!(kept.await, 8);
    })
    .await;
}

#[tokio::test]
async fn a_second_rerating_corrects_the_first_and_does_not_come_on_top() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 3).await;
        for (at, charge, cost) in [(1_000, 12, 4), (3_000, 11, 6)] {
            let id = preview(&store, &calls, charge * MILL, cost * MILL, at).await;
            let applied = store
                .apply_rerating(&SCOPE, id, "finance", &told(at + 1_000))
                .await;
            applied.unwrap().unwrap();
            assert_eq!(post(&store, id).await, 6);
            assert_eq!(
                balances(&store).await,
                (-3 * charge * MILL, 3 * cost * MILL)
            );
            is_sound(&store).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_preview_is_of_no_use_once_another_was_applied() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 3).await;
        let first = preview(&store, &calls, 12 * MILL, 4 * MILL, 1_000).await;
        let second = preview(&store, &calls, 12 * MILL, 4 * MILL, 1_001).await;
        let apply = async |id| {
            store
                .apply_rerating(&SCOPE, id, "finance", &told(2_000))
                .await
                .unwrap()
        };
        let other = Scope::of_tenant(TenantId::new(7));
        let foreign = store
            .apply_rerating(&other, first, "mallory", &told(2_000))
            .await
            .unwrap();
        assert_eq!(foreign, Err(ReratingRefusal::NotReady(None)));
        assert_eq!(apply(first).await, Ok(()));
        assert_eq!(apply(second).await, Err(ReratingRefusal::Outdated(first)));
        post(&store, first).await;
        assert_eq!(apply(second).await, Err(ReratingRefusal::Outdated(first)));
        let again = apply(first).await;
        assert_eq!(
            again,
            Err(ReratingRefusal::NotReady(Some(ReratingState::Applied)))
        );
        assert!(
            !store
                .discard_rerating(&SCOPE, first, &told(1))
                .await
                .unwrap()
        );
        assert!(
            !store
                .discard_rerating(&other, second, &told(1))
                .await
                .unwrap()
        );
        assert!(
            store
                .discard_rerating(&SCOPE, second, &told(1))
                .await
                .unwrap()
        );
        assert_eq!(balances(&store).await, (-36 * MILL, 12 * MILL));
    })
    .await;
}

#[tokio::test]
async fn a_correction_that_is_not_what_its_line_says_is_found() {
    testing::databases(async |database| {
        let (store, calls) = with_calls(database, 2).await;
        let id = preview(&store, &calls, 12 * MILL, 4 * MILL, 1_000).await;
        store.apply_rerating(&SCOPE, id, "finance", &told(2_000)).await.unwrap().unwrap();
        post(&store, id).await;
        testing::execute(&store, "UPDATE rerating_line SET now_books = now_books + 1 WHERE attempt = 0").await;
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert_eq!(found.corrections, 4);
        // Two postings of two entries, on either side.
        assert_eq!(found.differences_total, 8, "{found:?}");
        testing::execute(&store, "UPDATE rerating_line SET now_books = now_books - 1 WHERE attempt = 0").await;
        testing::execute(&store, "UPDATE cdr SET charge = charge + 1 WHERE id IN (SELECT MIN(id) FROM cdr)").await;
        let found = store.verify_ledger(|_| ()).await.unwrap();
        let told: Vec<_> = found.differences.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "customer 5: the columns of the records sum up to -20000001 nano-USD, the postings to -20000000",
                "revenue 1: the columns of the records sum up to 20000001 nano-USD, the postings to 20000000",
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn as_many_previews_as_there_may_be_are_enough() {
    testing::databases(async |database| {
        let store = database.open().await;
        let asked = serde_json::json!({});
        for _ in 0..RERATINGS_OPEN_MAX {
            let made = store
                .create_rerating(&SCOPE, "finance", &asked, told(1))
                .await;
            assert!(made.unwrap().is_some());
        }
        let over = store
            .create_rerating(&SCOPE, "finance", &asked, told(1))
            .await;
        assert_eq!(over.unwrap(), None);
        let page = store.reratings(&SCOPE, None, 4).await.unwrap();
        let next = store
            .reratings(&SCOPE, page.last().map(|row| row.id), 100)
            .await
            .unwrap();
        assert_eq!((page.len(), next.len()), (4, 6));
        let run = store.begin_rerating_preview(page[0].id, Timestamp(2)).await;
        let run = run.unwrap().unwrap();
        let failed = store.rerating_failed(run, "too many calls", Timestamp(2));
        failed.await.unwrap();
        let row = store.rerating(&SCOPE, page[0].id).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.failure.as_deref()),
            (ReratingState::Failed, Some("too many calls"))
        );
    })
    .await;
}
