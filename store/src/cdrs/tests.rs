#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod days;
mod fill;
mod plans;
mod search;
mod totals;

use super::legs::Legs;
use super::*;
use crate::TenantId;
use crate::loader::{Loader, LoaderConfig};
use crate::testing::{NOON, TestDatabase, TestSegment, databases, ended};
use rating::cdr::{JournalEntry, ReleaseReason};
use rating::journal::BootId;

fn platform() -> Scope {
    Scope::of_tenant(TenantId::PLATFORM)
}

/// Calls 1 to 9, of which every third failed.
async fn filled(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    for id in 1..=9 {
        let mut call = ended(id);
        if id.is_multiple_of(3) {
            call.outcome = Outcome::Failed;
            call.release.reason = ReleaseReason::UserBusy;
            call.attempts.truncate(1);
        }
        segment.append(&JournalEntry::Ended(call));
    }
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store
}

async fn ids(store: &Store, query: CdrQuery) -> Vec<u128> {
    let limit = if query.limit == 0 { 100 } else { query.limit };
    let rows = store
        .cdrs(&platform(), &CdrQuery { limit, ..query })
        .await
        .unwrap()
        .rows;
    rows.iter().map(|row| row.id.0 >> 8 & 0xffff_ffff).collect()
}

#[tokio::test]
async fn pages_go_from_the_newest_to_the_oldest_without_gap_or_repetition() {
    databases(async |database| {
        let store = filled(database).await;
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let query = CdrQuery {
                limit: 4,
                after,
                ..CdrQuery::default()
            };
            let page = store.cdrs(&platform(), &query).await.unwrap();
            seen.extend(page.rows.iter().map(|row| row.id.0 >> 8 & 0xffff_ffff));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
        let exact = CdrQuery {
            limit: 9,
            ..CdrQuery::default()
        };
        assert_eq!(
            store.cdrs(&platform(), &exact).await.unwrap().next,
            None,
            "a full last page is the last"
        );
    })
    .await;
}

#[tokio::test]
async fn each_filter_keeps_what_it_names() {
    databases(async |database| {
        let store = filled(database).await;
        let some = |text: &str| Some(text.to_owned());
        let all = CdrQuery::default;
        let prefix = |digits: &str| NumberMatch {
            prefix: some(digits),
            ..NumberMatch::default()
        };
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    customer: some("odd"),
                    ..all()
                }
            )
            .await,
            [9, 7, 5, 3, 1]
        );
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    carrier: some("first"),
                    ..all()
                }
            )
            .await,
            [9, 6, 3]
        );
        let failed = CdrQuery {
            outcome: Some(Outcome::Failed),
            ..all()
        };
        assert_eq!(ids(&store, failed).await, [9, 6, 3]);
        let begins = CdrQuery {
            called: prefix("33142600007"),
            ..all()
        };
        assert_eq!(ids(&store, begins).await, [7]);
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    called: prefix("331426"),
                    ..all()
                }
            )
            .await
            .len(),
            9
        );
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    called: prefix("44"),
                    ..all()
                }
            )
            .await
            .len(),
            0
        );
        let at = |seconds: i64| Some(Timestamp(NOON + seconds * 1_000_000));
        assert_eq!(
            ids(
                &store,
                CdrQuery {
                    received: Between {
                        from: at(3),
                        to: at(5),
                    },
                    ..all()
                }
            )
            .await,
            [4, 3]
        );
        let both = CdrQuery {
            customer: some("odd"),
            outcome: Some(Outcome::Failed),
            ..all()
        };
        assert_eq!(ids(&store, both).await, [9, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_not_there_is_none() {
    databases(async |database| {
        let store = filled(database).await;
        assert!(
            store
                .cdr(&platform(), CdrParty::Staff, CallId(1))
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

async fn seen(store: &Store, scope: Scope, party: CdrParty) -> Vec<CdrRow> {
    let query = CdrQuery {
        party,
        limit: 100,
        ..CdrQuery::default()
    };
    store.cdrs(&scope, &query).await.unwrap().rows
}

#[tokio::test]
async fn a_customer_sees_its_own_calls_and_nothing_of_carriers_and_costs() {
    databases(async |database| {
        let store = filled(database).await;
        let rows = seen(&store, platform(), CdrParty::Customer(5)).await;
        assert_eq!(
            rows.len(),
            9,
            "all calls of the journal are this customer's"
        );
        for row in rows {
            assert!(row.customer.is_some() && row.charge.is_some());
            let other = (
                row.carrier,
                row.cost,
                row.margin,
                row.attempts,
                row.snapshot_number,
            );
            assert_eq!(other, (None, None, None, None, None));
        }
        assert_eq!(seen(&store, platform(), CdrParty::Customer(6)).await, []);
        let id = ended(1).id;
        let own = store.cdr(&platform(), CdrParty::Customer(5), id).await;
        assert_eq!(own.unwrap().unwrap().0.cost, None);
        let other = store.cdr(&platform(), CdrParty::Customer(6), id).await;
        assert!(other.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_customer_cannot_ask_which_carrier_had_its_calls() {
    databases(async |database| {
        let store = filled(database).await;
        let asked = async |carrier: &str| {
            let query = CdrQuery {
                party: CdrParty::Customer(5),
                carrier: Some(carrier.into()),
                limit: 100,
                ..CdrQuery::default()
            };
            store.cdrs(&platform(), &query).await.unwrap().rows.len()
        };
        assert_eq!((asked("second").await, asked("nobody").await), (9, 9));
    })
    .await;
}

#[tokio::test]
async fn a_carrier_sees_the_attempts_on_it_as_they_came_there() {
    databases(async |database| {
        let store = filled(database).await;
        let first = seen(&store, platform(), CdrParty::Carrier(1)).await;
        let second = seen(&store, platform(), CdrParty::Carrier(2)).await;
        assert_eq!((first.len(), second.len()), (9, 6));
        assert!(first.iter().all(|row| row.outcome == Outcome::Failed));
        assert!(second.iter().all(|row| row.outcome == Outcome::Answered));
        for row in first.iter().chain(&second) {
            assert!(row.cost.is_some());
            let other = (&row.customer, row.charge, row.margin, row.snapshot_number);
            assert_eq!(other, (&None, None, None, None));
            assert_eq!(row.called_number, "33142685300", "as it was sent");
        }
        let id = ended(1).id;
        let (_, record) = store
            .cdr(&platform(), CdrParty::Carrier(2), id)
            .await
            .unwrap()
            .unwrap();
        let carriers: Vec<_> = record.attempts.iter().map(|a| a.carrier.id).collect();
        assert_eq!(carriers, [2]);
        let failed = ended(3).id;
        let other = store.cdr(&platform(), CdrParty::Carrier(2), failed).await;
        assert!(other.unwrap().is_none(), "it never had that call");
    })
    .await;
}

#[tokio::test]
async fn a_carriers_pages_have_no_gap() {
    databases(async |database| {
        let store = filled(database).await;
        let mut query = CdrQuery {
            party: CdrParty::Carrier(1),
            limit: 4,
            ..CdrQuery::default()
        };
        let mut seen = Vec::new();
        loop {
            let page = store.cdrs(&platform(), &query).await.unwrap();
            seen.extend(page.rows.iter().map(|row| row.id.0 >> 8 & 0xffff_ffff));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        assert_eq!(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn a_record_belongs_to_the_tenant_that_owns_its_customer() {
    databases(async |database| {
        let store = database.open().await;
        for text in [
            "INSERT INTO tenant (id, parent_id, kind, name, created_at) \
             VALUES (2, 1, 'operator', 'o', 0)",
            "INSERT INTO resource (id, owner, kind, name, version, spec, assignment, created_at, \
             created_by, updated_at, updated_by, index_generation) \
             VALUES (5, 2, 'customer', 'even', 1, '{}', '{}', 0, 'a', 0, 'a', 0)",
        ] {
            sql(text).execute(store.writer()).await.unwrap();
        }
        let store = filled(database).await;
        let operator = Scope::of_tenant(TenantId::new(2));
        assert_eq!(seen(&store, operator, CdrParty::Staff).await.len(), 9);
        assert_eq!(seen(&store, operator, CdrParty::Carrier(1)).await.len(), 9);
        assert_eq!(seen(&store, platform(), CdrParty::Staff).await, []);
        assert_eq!(seen(&store, platform(), CdrParty::Carrier(1)).await, []);
        assert_eq!(seen(&store, platform(), CdrParty::Customer(5)).await, []);
        let other = store.cdr(&platform(), CdrParty::Staff, ended(1).id).await;
        assert!(other.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn the_recent_calls_of_a_tenant_are_its_own_and_the_newest() {
    databases(async |database| {
        let store = filled(database).await;
        let here = Scope::of_tenant(TenantId::PLATFORM);
        let found = store.recent_calls(&here, 4).await.unwrap();
        let ids: Vec<u128> = found
            .iter()
            .map(|record| record.id.0 >> 8 & 0xffff_ffff)
            .collect();
        assert_eq!(ids, [9, 8, 7, 6]);
        let others = Scope::of_tenant(TenantId::new(7));
        assert_eq!(store.recent_calls(&others, 4).await.unwrap().len(), 0);
    })
    .await;
}

#[tokio::test]
async fn sums_are_of_the_books_and_each_party_sees_the_currency_of_its_card() {
    databases(async |database| {
        let store = database.open().await;
        let mut call = ended(1);
        let mut euros = call.rate.take().unwrap();
        euros.currency = "EUR".to_owned().try_into().unwrap();
        euros.exchange_rate = "1.5".parse().unwrap();
        call.rate = Some(euros.clone());
        call.attempts[1].rate.currency = euros.currency;
        call.attempts[1].rate.exchange_rate = "0.5".parse().unwrap();
        call.margin = Amount(12_500_000);
        let customer = call.customer.as_ref().unwrap().id;
        let mut segment = TestSegment::create(database.folder(), 1, 1);
        segment.append(&JournalEntry::Ended(call));
        let config = LoaderConfig::new(database.folder().into(), BootId(2));
        Loader::new(store.clone(), config).recover().await.unwrap();
        let figures = async |party| {
            let row = seen(&store, platform(), party).await.remove(0);
            (row.charge, row.cost, row.margin, row.currency)
        };
        let some = |nanos| Some(Amount(nanos));
        let (usd, eur) = ("USD".to_owned(), "EUR".to_owned());
        assert_eq!(
            figures(CdrParty::Staff).await,
            (some(15_000_000), some(2_500_000), some(12_500_000), usd)
        );
        assert_eq!(
            figures(CdrParty::Customer(customer)).await,
            (some(10_000_000), None, None, eur.clone())
        );
        assert_eq!(
            figures(CdrParty::Carrier(2)).await,
            (None, some(5_000_000), None, eur)
        );
    })
    .await;
}
