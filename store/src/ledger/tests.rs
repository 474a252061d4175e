#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::database::sql;
use crate::testing::{
    NOON, TestDatabase, TestSegment, answered, databases, ended, make_first_release, write_journal,
};
use crate::{Loader, LoaderConfig, Scope, Store, TenantId};
use rating::Amount;
use rating::cdr::{CallRecord, JournalEntry};
use rating::journal::BootId;

const CUSTOMER: LedgerParty = LedgerParty::Customer(5);
const CARRIER: LedgerParty = LedgerParty::Carrier(2);

fn loader(store: &Store, database: &TestDatabase) -> Loader {
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config)
}

/// A database with the records of some calls.
async fn loaded(database: &TestDatabase, calls: &[CallRecord]) -> Store {
    let store = database.open().await;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    for call in calls {
        segment.append(&JournalEntry::Ended(call.clone()));
    }
    segment.seal(true);
    loader(&store, database).recover().await.unwrap();
    store
}

async fn balance(store: &Store, party: LedgerParty) -> i64 {
    store.ledger_balance(party).await.unwrap().0
}

/// The house accounts by name.
async fn house(store: &Store) -> Vec<(&'static str, i64)> {
    let platform = Scope::of_tenant(TenantId::PLATFORM);
    let accounts = store.ledger_accounts(&platform).await.unwrap();
    let house = accounts.iter().filter(|account| account.kind.is_of_house());
    house
        .map(|account| (account.kind.as_str(), account.balance.unwrap().0))
        .collect()
}

async fn differences(store: &Store) -> Vec<LedgerDifference> {
    let found = store.verify_ledger(|_| ()).await.unwrap();
    assert_eq!(found.differences_total, found.differences.len() as u64);
    found.differences
}

async fn run(store: &Store, text: &'static str) {
    sql(text).execute(store.writer()).await.unwrap();
}

#[tokio::test]
async fn a_call_is_posted_for_its_charge_and_for_each_attempt_that_costs() {
    databases(async |database| {
        let mut both = ended(2);
        both.attempts[0].cost.amount = Amount(700);
        both.margin = Amount(both.margin.0 - 700);
        let store = loaded(database, &[ended(1), both]).await;
        assert_eq!(balance(&store, CUSTOMER).await, -20_000_000);
        assert_eq!(balance(&store, CARRIER).await, 10_000_000);
        assert_eq!(balance(&store, LedgerParty::Carrier(1)).await, 700);
        assert_eq!(balance(&store, LedgerParty::Customer(6)).await, 0);
        let house = house(&store).await;
        assert_eq!(
            house,
            [("cost_of_sales", -10_000_700), ("revenue", 20_000_000)]
        );
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound(), "{found:?}");
        assert_eq!((found.calls, found.call_entries, found.days), (2, 5, 5));
    })
    .await;
}

#[tokio::test]
async fn what_costs_nothing_is_not_posted() {
    databases(async |database| {
        let mut refused = answered(1);
        refused.customer = None;
        refused.rate = None;
        let store = loaded(database, &[refused, answered(2)]).await;
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound());
        assert_eq!((found.calls, found.call_entries), (2, 0));
        assert_eq!(store.ledger_balances().await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_position_tells_calls_from_all_else_and_todays_from_earlier_ones() {
    const PAID: &str = "INSERT INTO ledger_day \
        (account_id, day, kind, currency, amount, currency_amount, entries) \
        SELECT id, 0, 'payment', 'USD', 5000000000000000000, 5, 1 FROM ledger_account \
        WHERE kind = 'customer' AND party = 5";
    databases(async |database| {
        let mut later = ended(2);
        later.ended_at = Timestamp(later.ended_at.0 + DAY_US);
        let store = loaded(database, &[ended(1), later.clone()]).await;
        run(&store, PAID).await;
        let of = async |party| store.ledger_positions(party, later.ended_at).await.unwrap();
        let customer = LedgerPosition {
            party: CUSTOMER,
            calls: Amount(-20_000_000),
            payments: Amount(5_000_000_000_000_000_000),
            calls_today: Amount(-10_000_000),
        };
        let carrier = LedgerPosition {
            party: CARRIER,
            calls: Amount(10_000_000),
            payments: Amount::ZERO,
            calls_today: Amount(5_000_000),
        };
        assert_eq!(of(None).await, [carrier, customer]);
        assert_eq!(of(Some(CUSTOMER)).await, [customer]);
        assert_eq!(of(Some(CARRIER)).await, [carrier]);
        let nobody = LedgerParty::Customer(99);
        assert_eq!(of(Some(nobody)).await, [LedgerPosition::none(nobody)]);
    })
    .await;
}

#[tokio::test]
async fn a_currency_of_its_own_stands_beside_the_books() {
    databases(async |database| {
        let mut call = ended(1);
        let rate = call.rate.as_mut().unwrap();
        rate.currency = "EUR".to_owned().try_into().unwrap();
        rate.exchange_rate = "1.0842".parse().unwrap();
        call.charge.amount = Amount(333_333_333);
        call.margin = call.money().unwrap().margin().unwrap();
        let store = loaded(database, &[call, ended(2)]).await;
        let balances = store.ledger_currency_balances(CUSTOMER).await.unwrap();
        let told: Vec<_> = balances
            .iter()
            .map(|it| {
                (
                    it.currency.to_string(),
                    it.amount.unwrap().0,
                    it.books.unwrap().0,
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                ("EUR".to_owned(), -333_333_333, -361_400_000),
                ("USD".to_owned(), -10_000_000, -10_000_000)
            ]
        );
        assert_eq!(balance(&store, CUSTOMER).await, -371_400_000);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn the_books_are_the_sum_of_a_long_journal() {
    const CALLS: u32 = 5_000;
    databases(async |database| {
        write_journal(database.folder(), CALLS);
        let store = database.open().await;
        loader(&store, database).recover().await.unwrap();
        let calls = i64::from(CALLS);
        assert_eq!(balance(&store, CUSTOMER).await, -calls * 10_000_000);
        assert_eq!(balance(&store, CARRIER).await, calls * 5_000_000);
        let sum: i64 = sql("SELECT CAST(SUM(charge) AS BIGINT) FROM cdr")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(sum, calls * 10_000_000);
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound(), "{:?}", found.differences.first());
        assert_eq!(found.call_entries, 2 * u64::from(CALLS));
    })
    .await;
}

#[tokio::test]
async fn a_record_that_comes_again_is_posted_once_as_it_came_first() {
    databases(async |database| {
        let mut otherwise = ended(1);
        otherwise.charge.amount = Amount(99);
        otherwise.attempts[0].cost.amount = Amount(77);
        let store = loaded(database, &[ended(1), ended(1)]).await;
        let mut segment = TestSegment::create(database.folder(), 1, 2);
        segment.append(&JournalEntry::Ended(otherwise));
        segment.append(&JournalEntry::Ended(ended(2)));
        segment.seal(true);
        loader(&store, database).recover().await.unwrap();
        assert_eq!(balance(&store, CUSTOMER).await, -20_000_000);
        assert_eq!(balance(&store, LedgerParty::Carrier(1)).await, 0);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_was_up_when_its_process_died_is_posted_as_it_is_closed() {
    databases(async |database| {
        let mut segment = TestSegment::create(database.folder(), 1, 1);
        segment.answered(1);
        segment.alive(NOON + 93_000_000);
        let store = database.open().await;
        let mut first = loader(&store, database);
        assert_eq!(first.recover().await.unwrap().interrupted, 1);
        assert_eq!(balance(&store, CUSTOMER).await, -90_000_000);
        assert_eq!(
            loader(&store, database)
                .recover()
                .await
                .unwrap()
                .interrupted,
            0
        );
        assert_eq!(balance(&store, CUSTOMER).await, -90_000_000);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn when_postings_fail_the_records_wait_too() {
    databases(async |database| {
        let store = database.open().await;
        let mut segment = TestSegment::create(database.folder(), 1, 1);
        segment.ended(1);
        segment.seal(true);
        run(&store, "ALTER TABLE ledger_day RENAME TO gone").await;
        loader(&store, database).recover().await.unwrap_err();
        let calls: i64 = sql("SELECT COUNT(*) FROM cdr")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert_eq!(calls, 0, "no record without its postings");
        run(&store, "ALTER TABLE gone RENAME TO ledger_day").await;
        loader(&store, database).recover().await.unwrap();
        assert_eq!(balance(&store, CUSTOMER).await, -10_000_000);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn nothing_that_is_posted_can_be_changed_or_taken_away() {
    databases(async |database| {
        let store = loaded(database, &[ended(1)]).await;
        for text in [
            "UPDATE ledger_entry SET kind = 'payment'",
            "DELETE FROM ledger_entry",
            "UPDATE ledger_posting SET amount = 0",
            "DELETE FROM ledger_posting",
        ] {
            let refused = sql(text).execute(store.writer()).await.unwrap_err();
            let why = std::error::Error::source(&refused).unwrap().to_string();
            assert!(why.contains("append-only"), "{text}: {why}");
        }
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn calls_of_a_release_without_a_ledger_are_posted_once() {
    let sqlite = TestDatabase::sqlite();
    let postgres = TestDatabase::postgres().await;
    let store = postgres.open().await;
    run(&store, "DROP SCHEMA public CASCADE").await;
    run(&store, "CREATE SCHEMA public").await;
    store.close().await;
    for database in [sqlite, postgres] {
        make_first_release(database.location()).await;
        let store = database.open().await;
        assert_eq!(balance(&store, CUSTOMER).await, 0);
        assert_eq!(differences(&store).await.len(), 4, "nothing is posted yet");
        assert_eq!(store.post_earlier_calls().await.unwrap(), 2);
        assert_eq!(store.post_earlier_calls().await.unwrap(), 0);
        assert_eq!(balance(&store, CUSTOMER).await, -10_000_000);
        assert_eq!(differences(&store).await, []);
        store.close().await;
        database.remove().await;
    }
}

#[tokio::test]
async fn many_earlier_calls_are_posted_with_those_that_come_meanwhile() {
    databases(async |database| {
        write_journal(database.folder(), 4_100);
        let store = database.open().await;
        loader(&store, database).recover().await.unwrap();
        let before = balance(&store, CUSTOMER).await;
        // As if the books had begun in the middle.
        run(
            &store,
            "INSERT INTO ledger_catch_up (id, call_id) VALUES (1, '')",
        )
        .await;
        assert_eq!(store.post_earlier_calls().await.unwrap(), 0);
        assert_eq!(balance(&store, CUSTOMER).await, before);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn what_differs_is_told() {
    databases(async |database| {
        let store = loaded(database, &[ended(1), ended(2), ended(3)]).await;
        let key = |id: u32| calls::charge_key(ended(id).id);
        run(
            &store,
            "UPDATE ledger_day SET amount = amount + 1 WHERE kind = 'call_charge' AND amount > 0",
        )
        .await;
        let [LedgerDifference::Day { kept, posted, .. }] = &differences(&store).await[..] else {
            panic!("one sum of a day differs");
        };
        assert_eq!(kept, "30000001, 30000000, 3 entries");
        assert_eq!(posted, "30000000, 30000000, 3 entries");
        run(
            &store,
            "UPDATE ledger_day SET amount = amount - 1 WHERE kind = 'call_charge' AND amount > 0",
        )
        .await;

        let mut dearer = ended(2);
        dearer.charge.amount = Amount(10_000_001);
        sql("UPDATE cdr SET record = $1 WHERE id = $2")
            .bind(serde_json::to_string(&dearer).unwrap())
            .bind(crate::cdrs::id_text(dearer.id))
            .execute(store.writer())
            .await
            .unwrap();
        let found = differences(&store).await;
        assert_eq!(found.len(), 4, "both sides, as recorded and as posted");
        assert!(found.iter().all(|it| it.to_string().starts_with(&key(2))));

        sql("DELETE FROM cdr WHERE id IN ($1, $2)")
            .bind(crate::cdrs::id_text(ended(2).id))
            .bind(crate::cdrs::id_text(ended(3).id))
            .execute(store.writer())
            .await
            .unwrap();
        let found = differences(&store).await;
        assert_eq!(
            found.len(),
            8,
            "charge and cost of two calls, both sides of each"
        );
        let unrecorded = |it: &LedgerDifference| matches!(it, LedgerDifference::NotRecorded { .. });
        assert!(found.iter().all(unrecorded), "{found:?}");
    })
    .await;
}

#[tokio::test]
async fn a_balance_beyond_64_bits_is_told() {
    databases(async |database| {
        let store = loaded(database, &[ended(1)]).await;
        run(
            &store,
            "INSERT INTO ledger_day (account_id, day, kind, currency, amount, currency_amount, entries) \
             SELECT account_id, 0, kind, currency, -9000000000000000000, 0, 1 FROM ledger_day WHERE amount = -10000000",
        )
        .await;
        run(
            &store,
            "INSERT INTO ledger_day (account_id, day, kind, currency, amount, currency_amount, entries) \
             SELECT account_id, 86400000000, kind, currency, -9000000000000000000, 0, 1 FROM ledger_day WHERE amount = -10000000",
        )
        .await;
        let told = store.ledger_balance(CUSTOMER).await;
        assert!(matches!(told, Err(LedgerError::TooLarge)), "{told:?}");
        let platform = Scope::of_tenant(TenantId::PLATFORM);
        let accounts = store.ledger_accounts(&platform).await.unwrap();
        assert_eq!(accounts.iter().filter(|it| it.balance.is_none()).count(), 1);
    })
    .await;
}

const NOW: Timestamp = Timestamp(NOON + 3_600_000_000);

pub(super) fn new_payment(key: &str, amount: i64) -> NewLedgerEntry {
    NewLedgerEntry {
        owner: TenantId::PLATFORM,
        party: CUSTOMER,
        kind: LedgerEntryKind::Payment,
        house: LedgerAccountKind::Cash,
        key: key.to_owned(),
        at: NOW,
        corrects: None,
        details: serde_json::json!({"reference": "wire 7"}),
        amount: Amount(amount),
        currency: rating::Currency::USD,
        exchange_rate: rating::exchange::ExchangeRate::ONE,
    }
}

pub(super) async fn put(
    store: &Store,
    new: &NewLedgerEntry,
) -> Result<PostedLedgerEntry, LedgerError> {
    let told = |posted: &PostedLedgerEntry| {
        let actor = crate::AuditActor::system("test");
        let owner = TenantId::PLATFORM;
        let event = crate::NewEvent {
            tenant: owner,
            kind: "payment.received".into(),
            subject: "customer/odd".into(),
            actor: "test".into(),
            data: serde_json::json!({"entry": posted.id}),
        };
        (
            crate::NewAuditEntry::new(owner, NOW, actor, "payment.create"),
            event,
        )
    };
    store.post_ledger_entry(new, told, NOW).await
}

fn platform() -> Scope {
    Scope::of_tenant(TenantId::PLATFORM)
}

#[tokio::test]
async fn a_payment_is_posted_once_and_told_of() {
    databases(async |database| {
        let store = loaded(database, &[ended(1)]).await;
        let posted = put(&store, &new_payment("p1", 25_000_000)).await.unwrap();
        assert_eq!(
            (posted.change, posted.balance),
            (Amount(25_000_000), Amount(15_000_000))
        );
        let again = put(&store, &new_payment("p1", 99)).await;
        let Err(LedgerError::AlreadyPosted { entry }) = again else {
            panic!("{again:?}");
        };
        assert_eq!(entry, posted.id);
        assert_eq!(balance(&store, CUSTOMER).await, 15_000_000);
        let house = house(&store).await;
        assert!(house.contains(&("cash", -25_000_000)), "{house:?}");
        let query = crate::EventQuery {
            limit: 9,
            ..Default::default()
        };
        let told = store.events(&platform(), &query).await.unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(store.audit_head(&platform()).await.unwrap().sequence, 1);
        let balances = store.ledger_balances().await.unwrap();
        let of = balances.iter().find(|it| it.party == CUSTOMER).unwrap();
        assert_eq!((of.balance.0, of.calls.0), (15_000_000, -10_000_000));
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn many_payments_at_once_are_all_there() {
    databases(async |database| {
        let store = database.open().await;
        let tasks: Vec<_> = (0..40)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move {
                    // Each key comes twice.
                    put(&store, &new_payment(&format!("p{}", number / 2), 1_000)).await
                })
            })
            .collect();
        let mut posted = 0;
        for task in tasks {
            posted += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(posted, 20);
        assert_eq!(balance(&store, CUSTOMER).await, 20_000);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_correction_names_an_entry_of_the_same_party() {
    databases(async |database| {
        let store = database.open().await;
        let wrong = put(&store, &new_payment("p1", 1_000)).await.unwrap();
        let back = NewLedgerEntry {
            kind: LedgerEntryKind::Adjustment,
            house: LedgerAccountKind::Adjustments,
            corrects: Some(wrong.id),
            ..new_payment("p2", -1_000)
        };
        let anothers = NewLedgerEntry {
            party: CARRIER,
            ..back.clone()
        };
        let refused = put(&store, &anothers).await;
        assert!(
            matches!(refused, Err(LedgerError::NoSuchEntry { .. })),
            "{refused:?}"
        );
        assert_eq!(put(&store, &back).await.unwrap().balance, Amount(0));
        let query = LedgerQuery {
            party: Some(CUSTOMER),
            limit: 9,
            ..LedgerQuery::default()
        };
        let page = store.ledger_entries(&platform(), &query).await.unwrap();
        let corrects: Vec<_> = page.entries.iter().map(|entry| entry.corrects).collect();
        assert_eq!(corrects, [Some(wrong.id), None]);
        assert_eq!(page.entries[1].details["reference"], "wire 7");
    })
    .await;
}

#[tokio::test]
async fn an_amount_that_no_account_holds_is_refused_and_nothing_is_posted() {
    databases(async |database| {
        let store = database.open().await;
        let most = 8_000_000_000_000_000_000;
        put(&store, &new_payment("p1", most)).await.unwrap();
        for key in ["p2", "p3"] {
            let refused = put(&store, &new_payment(key, most)).await;
            assert!(matches!(refused, Err(LedgerError::TooLarge)), "{refused:?}");
        }
        assert_eq!(balance(&store, CUSTOMER).await, most);
        assert_eq!(differences(&store).await, []);
    })
    .await;
}

#[tokio::test]
async fn entries_come_in_pages_without_gap_or_repetition() {
    databases(async |database| {
        let calls: Vec<_> = (1..=5).map(ended).collect();
        let store = loaded(database, &calls).await;
        for number in 0..4 {
            let mut new = new_payment(&format!("p{number}"), 1);
            // Some at the same moment.
            new.at = Timestamp(NOON + 15_000_000 + i64::from(number / 2) * 1_000_000);
            put(&store, &new).await.unwrap();
        }
        let of = |party, kind| LedgerQuery {
            party,
            kind,
            limit: 2,
            ..LedgerQuery::default()
        };
        use LedgerEntryKind::{AttemptCost, CallCharge, Payment, Refund};
        for (query, count) in [
            (of(None, None), 14),
            (of(Some(CUSTOMER), None), 9),
            (of(Some(CARRIER), None), 5),
            (of(None, Some(CallCharge)), 5),
            (of(Some(CUSTOMER), Some(CallCharge)), 5),
            (of(Some(CUSTOMER), Some(AttemptCost)), 0),
            (of(Some(CUSTOMER), Some(Payment)), 4),
            (of(None, Some(Refund)), 0),
        ] {
            let mut query = query;
            let mut seen = Vec::new();
            loop {
                let page = store.ledger_entries(&platform(), &query).await.unwrap();
                assert!(page.entries.len() <= 2);
                seen.extend(page.entries.iter().map(|entry| (entry.at, entry.id)));
                query.after = page.next;
                if query.after.is_none() {
                    break;
                }
            }
            assert!(seen.is_sorted_by(|a, b| a > b), "{query:?}: {seen:?}");
            assert_eq!(seen.len(), count, "{query:?}");
        }
        let some = LedgerQuery {
            from: Some(Timestamp(NOON + 15_000_000)),
            to: Some(Timestamp(NOON + 16_000_000)),
            limit: 50,
            ..of(Some(CUSTOMER), None)
        };
        let page = store.ledger_entries(&platform(), &some).await.unwrap();
        assert_eq!(
            page.entries.len(),
            3,
            "the call that ended then, and two payments"
        );
        assert_eq!(
            page.entries
                .iter()
                .filter_map(|it| it.call)
                .collect::<Vec<_>>(),
            [ended(3).id]
        );
        let others = Scope::of_tenant(TenantId::new(2));
        let none = store
            .ledger_entries(&others, &of(Some(CUSTOMER), None))
            .await
            .unwrap();
        assert_eq!(none.entries, []);
        let none = store
            .ledger_entries(&others, &of(Some(CUSTOMER), Some(Payment)))
            .await
            .unwrap();
        assert_eq!(none.entries, []);
    })
    .await;
}

#[tokio::test]
async fn a_statement_adds_up_from_day_to_day() {
    const DAY: i64 = 86_400_000_000;
    databases(async |database| {
        let mut calls = Vec::new();
        for id in 1..=6 {
            let mut call = ended(id);
            let later = i64::from(id / 2) * DAY;
            call.ended_at = Timestamp(call.ended_at.0 + later);
            calls.push(call);
        }
        let store = loaded(database, &calls).await;
        let mut new = new_payment("p1", 45_000_000);
        new.at = Timestamp(NOON + DAY);
        new.currency = "EUR".to_owned().try_into().unwrap();
        new.exchange_rate = "1.1".parse().unwrap();
        put(&store, &new).await.unwrap();
        let statement = async |from: i64, to: i64| {
            let (from, to) = (Timestamp(NOON + from * DAY), Timestamp(NOON + to * DAY));
            let made = store
                .ledger_statement(&platform(), CUSTOMER, from, to)
                .await;
            made.unwrap()
        };
        let whole = statement(0, 9).await;
        assert_eq!(
            (whole.opening, whole.opening_by_currency.len()),
            (Amount(0), 0)
        );
        assert_eq!(whole.closing, Amount(49_500_000 - 60_000_000));
        assert_eq!(whole.closing.0, balance(&store, CUSTOMER).await);
        let told: Vec<_> = whole.movements.iter().map(|it| it.books().0).collect();
        assert_eq!(
            told,
            [
                -10_000_000,
                49_500_000,
                -20_000_000,
                -20_000_000,
                -10_000_000
            ]
        );
        let LedgerMovement::Calls(calls) = &whole.movements[2] else {
            panic!("the calls of the second day");
        };
        assert_eq!((calls.count, calls.amount), (2, Amount(-20_000_000)));
        for day in 0..9 {
            let (before, after) = (statement(0, day).await, statement(day, 9).await);
            assert_eq!(before.closing, after.opening, "day {day}");
            assert_eq!(after.closing, whole.closing, "day {day}");
        }
        let later = statement(2, 9).await;
        let opening: Vec<_> = later
            .opening_by_currency
            .iter()
            .map(|it| it.amount.unwrap().0)
            .collect();
        assert_eq!(opening, [45_000_000, -30_000_000], "EUR, USD");
    })
    .await;
}

/// What a weak currency turns over in a day, of one tenant: nothing waits for it.
#[tokio::test]
async fn records_whose_sum_is_beyond_64_bits_are_loaded_and_so_are_those_behind_them() {
    const EACH: i64 = 3_000_000_000_000_000_000;
    databases(async |database| {
        let mut calls = Vec::new();
        for id in 1..=8 {
            let mut call = ended(id);
            let rate = call.rate.as_mut().unwrap();
            rate.currency = "IRR".to_owned().try_into().unwrap();
            rate.exchange_rate = "0.000000000001".parse().unwrap();
            call.charge.amount = Amount(EACH);
            call.margin = call.money().unwrap().margin().unwrap();
            calls.push(call);
        }
        let mut others = ended(9);
        others.customer.as_mut().unwrap().id = 6;
        calls.push(others.clone());
        let store = loaded(database, &calls).await;
        // Once more in a batch of its own, where the sums are there already.
        let mut later = calls[0].clone();
        later.id = ended(10).id;
        let mut segment = TestSegment::create(database.folder(), 1, 2);
        segment.append(&JournalEntry::Ended(later));
        segment.seal(true);
        loader(&store, database).recover().await.unwrap();
        assert_eq!(balance(&store, CUSTOMER).await, -9 * 3_000_000);
        assert_eq!(balance(&store, LedgerParty::Customer(6)).await, -10_000_000);
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound(), "{:?}", found.differences);
        assert_eq!(found.calls, 10);
        let parts: i64 = sql("SELECT MAX(part) FROM ledger_day")
            .fetch_value(store.reader())
            .await
            .unwrap();
        assert!(parts >= 2, "{parts}");
    })
    .await;
}
