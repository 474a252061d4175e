#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod payments;

use super::*;
use crate::testing::{self, NOON, TestDatabase, TestSegment, ended};
use crate::{
    AuditActor, EventQuery, LedgerAccountKind, LedgerEntry, LedgerEntryKind, LedgerQuery, Loader,
    LoaderConfig, NewAuditEntry, NewLedgerEntry, Scope,
};
use rating::cdr::{CallRecord, JournalEntry};
use rating::exchange::ExchangeRate;
use rating::journal::BootId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::pin::pin;
use std::task::Poll;

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const CUSTOMER: LedgerParty = LedgerParty::Customer(5);
const CARRIER: LedgerParty = LedgerParty::Carrier(2);
const DAY: i64 = 86_400_000_000;

fn euro() -> Currency {
    "EUR".to_owned().try_into().unwrap()
}

fn rates() -> BTreeMap<Currency, ExchangeRate> {
    [(euro(), "1.0842".parse().unwrap())].into()
}

fn at(day: i64) -> Timestamp {
    Timestamp(NOON + day * DAY)
}

fn audit() -> NewAuditEntry {
    NewAuditEntry::new(
        TenantId::PLATFORM,
        at(0),
        AuditActor::system("finance"),
        "netting.confirm",
    )
}

fn event(kind: &str) -> NewEvent {
    NewEvent {
        tenant: TenantId::PLATFORM,
        kind: kind.into(),
        subject: "customer/odd".into(),
        actor: "finance".into(),
        data: serde_json::json!({}),
    }
}

/// A journal whose records are loaded some at a time.
struct Journal {
    folder: PathBuf,
    segments: u64,
}

impl Journal {
    fn new(database: &TestDatabase) -> Self {
        let folder = database.folder().join("journal");
        std::fs::create_dir(&folder).unwrap();
        Self {
            folder,
            segments: 0,
        }
    }

    async fn load(&mut self, store: &Store, calls: &[CallRecord]) {
        self.segments += 1;
        let mut segment = TestSegment::create(&self.folder, 1, self.segments);
        for call in calls {
            segment.append(&JournalEntry::Ended(call.clone()));
        }
        segment.seal(true);
        let config = LoaderConfig::new(self.folder.clone(), BootId(2));
        let mut loader = Loader::new(store.clone(), config);
        loader.recover().await.unwrap();
    }
}

/// Numbers that are the same at each run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((self.0 >> 33) % bound.unsigned_abs()).cast_signed()
    }
}

/// A call that ended so many microseconds after noon of the first day, in one of two currencies on either side.
fn call(id: u32, after: i64, draws: &mut Draws) -> CallRecord {
    let mut call = ended(id);
    call.ended_at = Timestamp(NOON + after);
    call.charge.amount = Amount(draws.below(900_000_000) + 1);
    call.attempts[1].cost.amount = Amount(draws.below(800_000_000) + 1);
    if draws.below(3) == 0 {
        let rate = call.rate.as_mut().unwrap();
        (rate.currency, rate.exchange_rate) = (euro(), "1.1".parse().unwrap());
    }
    if draws.below(3) == 0 {
        let rate = &mut call.attempts[1].rate;
        (rate.currency, rate.exchange_rate) = (euro(), "1.05".parse().unwrap());
    }
    call.margin = call.money().unwrap().margin().unwrap();
    call
}

async fn adjust(store: &Store, key: &str, party: LedgerParty, day: i64, amount: i64) -> i64 {
    post(
        store,
        key,
        party,
        LedgerEntryKind::Adjustment,
        LedgerAccountKind::Adjustments,
        day,
        amount,
    )
    .await
}

#[allow(clippy::too_many_arguments, reason = "each is a word of the entry")]
async fn post(
    store: &Store,
    key: &str,
    party: LedgerParty,
    kind: LedgerEntryKind,
    house: LedgerAccountKind,
    day: i64,
    amount: i64,
) -> i64 {
    let new = NewLedgerEntry {
        owner: TenantId::PLATFORM,
        party,
        kind,
        house,
        key: key.into(),
        at: at(day),
        corrects: None,
        details: serde_json::json!({}),
        amount: Amount(amount),
        currency: Currency::USD,
        exchange_rate: ExchangeRate::ONE,
    };
    let told = |_: &_| (audit(), event("balance.adjusted"));
    let posted = store.post_ledger_entry(&new, told, at(day)).await;
    posted.unwrap().id
}

fn period(from: Timestamp, to: Timestamp, counted: NettingCounted) -> NewNetting {
    NewNetting {
        owner: TenantId::PLATFORM,
        customer: 5,
        carrier: 2,
        terms: "7/3".into(),
        time_zone: "UTC".into(),
        currency: Currency::USD,
        from,
        to,
        due_from: Timestamp(to.0 + 2 * DAY),
        overdue_from: Timestamp(to.0 + 3 * DAY),
        counted,
    }
}

async fn counted(store: &Store, before: Timestamp) -> NettingCounted {
    let counted = store.netting_counted(TenantId::PLATFORM, 5, 2, before);
    counted.await.unwrap()
}

/// The statement of the open period, with the next one opened unless it is the last.
async fn close(store: &Store, next: Option<Timestamp>) -> NettingRow {
    let open = store.open_nettings().await.unwrap().remove(0);
    let now = counted(store, open.to).await;
    let sums = open.counted.settled(&now, open.currency, &rates()).unwrap();
    let next = next.map(|to| period(open.to, to, now.clone()));
    let told = Some(event("netting.drafted"));
    let made = store.draft_netting(open.id, (&now, &sums), next.as_ref(), told, at(0));
    assert!(made.await.unwrap());
    store.netting(&SCOPE, open.id).await.unwrap().unwrap()
}

async fn entries(store: &Store, party: LedgerParty) -> Vec<LedgerEntry> {
    let query = LedgerQuery {
        party: Some(party),
        limit: 500,
        ..LedgerQuery::default()
    };
    let page = store.ledger_entries(&SCOPE, &query).await.unwrap();
    assert_eq!(page.next, None);
    page.entries
}

async fn balances(store: &Store) -> (i64, i64) {
    let of = async |party| store.ledger_balance(party).await.unwrap().0;
    (of(CUSTOMER).await, of(CARRIER).await)
}

async fn confirm(store: &Store, id: i64) -> Result<[SettledParty; 2], NettingError> {
    let told = |_: &_| (audit(), event("netting.confirmed"));
    store
        .confirm_netting(&SCOPE, id, "finance", told, at(90))
        .await
}

fn payment() -> NettingPayment {
    NettingPayment {
        entry: None,
        at: at(91),
        reference: Some("wire 9".into()),
        rate: ExchangeRate::ONE,
    }
}

async fn pay(
    store: &Store,
    id: i64,
    payment: &NettingPayment,
) -> Result<Option<SettledParty>, NettingError> {
    let told = |_: &_, _| (audit(), vec![event("netting.paid")]);
    let paid = store.pay_netting(&SCOPE, id, payment, "finance", told, at(91));
    paid.await
}

async fn house(store: &Store) -> BTreeMap<&'static str, i64> {
    let accounts = store.ledger_accounts(&SCOPE).await.unwrap();
    let house = accounts.iter().filter(|account| account.kind.is_of_house());
    house
        .map(|account| (account.kind.as_str(), account.balance.unwrap().0))
        .collect()
}

/// What entries that no statement had come to, one by one: by side and currency.
fn plainly(
    entries: &[(bool, Vec<LedgerEntry>)],
    to: Timestamp,
    had: &mut BTreeSet<i64>,
) -> BTreeMap<(bool, Currency), i64> {
    let mut sums = BTreeMap::new();
    for (is_of_carrier, entries) in entries {
        for entry in entries.iter().filter(|entry| entry.at < to) {
            let settles = matches!(
                entry.kind,
                LedgerEntryKind::CallCharge
                    | LedgerEntryKind::AttemptCost
                    | LedgerEntryKind::Adjustment
            );
            if settles && had.insert(entry.id) {
                let sign = if *is_of_carrier { 1 } else { -1 };
                *sums.entry((*is_of_carrier, entry.currency)).or_insert(0) += sign * entry.amount.0;
            }
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// Three months of calls, of which some come when their period is over, with notes and payments between them:
/// each statement is what a walk over all entries gives, and the books stay balanced.
#[tokio::test]
async fn each_posting_is_in_one_statement_however_late_it_came() {
    const ENDS: [i64; 5] = [7, 14, 30, 45, 60];
    testing::databases(async |database| {
        let store = database.open().await;
        let (mut journal, mut draws) = (Journal::new(database), Draws(7));
        // What was before the first period is in no statement.
        journal.load(&store, &[call(1, -DAY, &mut draws)]).await;
        let begin = Timestamp(NOON + 3_700_000_000);
        let before = counted(&store, begin).await;
        assert_eq!(before.carrier.len(), 1);
        let mut had: BTreeSet<i64> = BTreeSet::new();
        for party in [CUSTOMER, CARRIER] {
            had.extend(entries(&store, party).await.iter().map(|it| it.id));
        }
        // Periods do not begin with days of UTC.
        let end = |day: i64| Timestamp(begin.0 + day * DAY);
        let first = period(begin, end(ENDS[0]), before);
        assert!(store.open_netting(&first).await.unwrap());
        assert!(!store.open_netting(&first).await.unwrap());
        let mut number = 2;
        let mut ids = Vec::new();
        for (index, day) in ENDS.into_iter().enumerate() {
            let mut calls = Vec::new();
            for _ in 0..30 {
                // Of this period, of one before, or of the next.
                let after = draws.below((day + 3) * DAY) + 3_700_000_000;
                calls.push(call(number, after, &mut draws));
                number += 1;
            }
            journal.load(&store, &calls).await;
            adjust(&store, &format!("a{day}"), CUSTOMER, day - 1, 5_000_000).await;
            adjust(&store, &format!("b{day}"), CARRIER, day - 3, -70_000).await;
            let (paid, cash) = (LedgerEntryKind::Payment, LedgerAccountKind::Cash);
            post(&store, &format!("p{day}"), CUSTOMER, paid, cash, day - 1, 9).await;
            // What exchange rates gave or took is nobody's debt.
            let (note, house) = (
                LedgerEntryKind::Adjustment,
                LedgerAccountKind::ExchangeDifferences,
            );
            let odd = post(
                &store,
                &format!("x{day}"),
                CUSTOMER,
                note,
                house,
                day - 1,
                3,
            )
            .await;
            had.insert(odd);
            let sides = [
                (false, entries(&store, CUSTOMER).await),
                (true, entries(&store, CARRIER).await),
            ];
            let plain = plainly(&sides, end(day), &mut had);
            let row = close(&store, ENDS.get(index + 1).map(|day| end(*day))).await;
            let sums = row.sums.clone().unwrap();
            let told: BTreeMap<_, _> = sums
                .lines
                .iter()
                .map(|line| ((line.is_of_carrier, line.currency), line.amount.0))
                .collect();
            assert_eq!(told, plain, "statement {index}");
            assert_eq!(told.len(), 4, "both sides in both currencies");
            ids.push((row.id, sums));
        }
        for (id, sums) in ids {
            let before = balances(&store).await;
            let [customer, carrier] = confirm(&store, id).await.unwrap();
            let after = balances(&store).await;
            assert_eq!((customer.party, carrier.party), (CUSTOMER, CARRIER));
            assert_eq!((customer.balance.0, carrier.balance.0), after);
            let offset = sums.they_owe.0.min(sums.we_owe.0);
            assert_eq!(after, (before.0 + offset, before.1 - offset));
            assert_eq!(house(&store).await["netting"], 0);
            pay(&store, id, &payment()).await.unwrap().unwrap();
        }
        // All that is left in euros was in no statement.
        let left = store.ledger_currency_balances(CARRIER).await.unwrap();
        let euros = left.iter().find(|it| it.currency == euro());
        let rest: i64 = entries(&store, CARRIER)
            .await
            .iter()
            .filter(|it| it.currency == euro() && it.kind == LedgerEntryKind::AttemptCost)
            .filter(|it| !had.contains(&it.id) || it.at < begin)
            .map(|it| it.amount.0)
            .sum();
        assert_eq!(euros.unwrap().amount.unwrap().0, rest);
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound(), "{:?}", found.differences);
    })
    .await;
}

/// A database with a draft of what 10 calls were charged (0.1) and cost (0.05).
async fn with_draft(database: &TestDatabase) -> (Store, NettingRow) {
    let store = database.open().await;
    let mut journal = Journal::new(database);
    let first = period(at(0), at(7), counted(&store, at(0)).await);
    store.open_netting(&first).await.unwrap();
    let calls: Vec<_> = (1..=10).map(ended).collect();
    journal.load(&store, &calls).await;
    let row = close(&store, None).await;
    (store, row)
}

/// The node dies at each point at which confirming waits: both postings are there, or none; and who tries again
/// confirms it once.
#[tokio::test]
async fn confirming_that_is_cut_off_anywhere_posts_both_sides_or_none() {
    testing::databases(async |database| {
        let (store, row) = with_draft(database).await;
        let before = balances(&store).await;
        assert_eq!(before, (-100_000_000, 50_000_000));
        let (mut polls, mut cuts) = (1, 0);
        let done = loop {
            let mut left = polls;
            let mut confirming = pin!(confirm(&store, row.id));
            let cut = std::future::poll_fn(|context| match confirming.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => {
                    left -= 1;
                    Poll::Pending
                }
            });
            if let Some(done) = cut.await {
                break done;
            }
            (polls, cuts) = (polls + 1, cuts + 1);
            let now = balances(&store).await;
            let settled = (before.0 + 50_000_000, before.1 - 50_000_000);
            assert!(now == before || now == settled, "{now:?} after {cuts} cuts");
        };
        assert!(cuts > 3, "only {cuts} cuts");
        // The last cut may have come behind the commit.
        assert!(
            matches!(done, Ok(_) | Err(NettingError::State { .. })),
            "{done:?}"
        );
        assert!(matches!(
            confirm(&store, row.id).await,
            Err(NettingError::State {
                state: NettingState::Confirmed,
                ..
            })
        ));
        assert_eq!(balances(&store).await, (-50_000_000, 0));
        assert_eq!(house(&store).await["netting"], 0);
        let found = store.verify_ledger(|_| ()).await.unwrap();
        assert!(found.is_sound(), "{:?}", found.differences);
    })
    .await;
}

#[tokio::test]
async fn a_statement_is_confirmed_and_paid_once_by_its_tenant_only() {
    testing::databases(async |database| {
        let (store, row) = with_draft(database).await;
        assert_eq!(row.difference(), Amount(50_000_000));
        assert_eq!(row.payer(), Some(CUSTOMER));
        let other = Scope::of_tenant(TenantId::new(9));
        let told = |_: &_| (audit(), event("netting.confirmed"));
        let foreign = store.confirm_netting(&other, row.id, "x", told, at(90));
        assert!(matches!(foreign.await, Err(NettingError::NotFound(_))));
        assert_eq!(store.netting(&other, row.id).await.unwrap(), None);
        let early = pay(&store, row.id, &payment()).await;
        assert!(
            matches!(early, Err(NettingError::State { .. })),
            "{early:?}"
        );
        let (one, two) = tokio::join!(confirm(&store, row.id), confirm(&store, row.id));
        assert_eq!(
            [one.is_ok(), two.is_ok()].iter().filter(|it| **it).count(),
            1
        );
        assert_eq!(balances(&store).await, (-50_000_000, 0));

        // An entry that is no payment, or another party's, pays nothing.
        let note = adjust(&store, "note", CUSTOMER, 80, 7).await;
        let (paid, cash) = (LedgerEntryKind::Payment, LedgerAccountKind::Cash);
        let others = post(&store, "other", CARRIER, paid, cash, 80, -7).await;
        for entry in [note, others, 1_000_000] {
            let named = NettingPayment {
                entry: Some(entry),
                ..payment()
            };
            let refused = pay(&store, row.id, &named).await;
            assert!(
                matches!(refused, Err(NettingError::NoPayment(_))),
                "{refused:?}"
            );
        }
        let own = post(&store, "own", CUSTOMER, paid, cash, 80, 50_000_000).await;
        let named = NettingPayment {
            entry: Some(own),
            ..payment()
        };
        assert_eq!(pay(&store, row.id, &named).await.unwrap(), None);
        let row = store.netting(&SCOPE, row.id).await.unwrap().unwrap();
        assert_eq!(
            (row.state, row.payment_entry),
            (NettingState::Paid, Some(own))
        );
        let again = pay(&store, row.id, &payment()).await;
        assert!(
            matches!(again, Err(NettingError::State { .. })),
            "{again:?}"
        );
        assert_eq!(balances(&store).await, (7, -7));
    })
    .await;
}

#[tokio::test]
async fn a_difference_is_told_to_be_due_and_overdue_once_each() {
    testing::databases(async |database| {
        let (store, row) = with_draft(database).await;
        let told = async |now: Timestamp| {
            let rows = store.nettings_to_tell(now).await.unwrap();
            rows.into_iter()
                .map(|(row, told)| (row.id, told))
                .collect::<Vec<_>>()
        };
        let due = row.due_from;
        assert_eq!(told(Timestamp(due.0 - 1)).await, []);
        assert_eq!(told(due).await, [(row.id, 1)]);
        let note = async |told| {
            let noted = store.note_netting_told(row.id, told, event("netting.due"), due);
            noted.await.unwrap()
        };
        assert!(note(1).await);
        assert!(!note(1).await);
        assert_eq!(told(due).await, []);
        assert_eq!(told(row.overdue_from).await, [(row.id, 2)]);
        assert!(note(2).await);
        assert_eq!(told(at(1_000)).await, []);
        let query = EventQuery {
            kind: Some("netting.due".into()),
            limit: 10,
            ..EventQuery::default()
        };
        assert_eq!(store.events(&SCOPE, &query).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_period_of_which_nothing_came_is_done_at_once() {
    testing::databases(async |database| {
        let store = database.open().await;
        let first = period(at(0), at(7), NettingCounted::default());
        store.open_netting(&first).await.unwrap();
        let row = close(&store, None).await;
        assert_eq!((row.state, row.payer()), (NettingState::Paid, None));
        assert_eq!(store.open_nettings().await.unwrap(), []);
    })
    .await;
}

#[test]
fn what_cannot_be_settled_says_why() {
    let yen: Currency = "JPY".to_owned().try_into().unwrap();
    let none = NettingCounted::default();
    let of = |currency, sum: i128| NettingCounted {
        customer: [(currency, sum)].into(),
        carrier: BTreeMap::new(),
    };
    let settled = |now: &NettingCounted, into| none.settled(now, into, &rates());
    let fault = settled(&of(yen, -5), Currency::USD).unwrap_err();
    assert_eq!(fault, NettingFault::NoRate(yen));
    assert_eq!(settled(&none, yen).unwrap_err(), NettingFault::NoRate(yen));
    let much = -i128::from(i64::MAX) - 1;
    let fault = settled(&of(Currency::USD, much - 1), Currency::USD).unwrap_err();
    assert_eq!(fault, NettingFault::TooLarge(Currency::USD));
    // Sums beyond 64 bits are kept as they are.
    let large = of(Currency::USD, much * 1_000);
    assert_eq!(NettingCounted::read(&large.to_text()).unwrap(), large);
    let more = of(Currency::USD, much * 1_000 - 3);
    let sums = large.settled(&more, euro(), &rates()).unwrap();
    assert_eq!((sums.they_owe, sums.we_owe), (Amount(3), Amount::ZERO));
}
