//! Totals, against the sums of what the list shows.

use super::search::different_call;
use super::*;
use rating::Currency;
use std::collections::BTreeMap;

fn euros() -> Currency {
    Currency::try_from("EUR".to_owned()).unwrap()
}

/// Calls 1 to 9, every third of them in euros on both sides; the last was refused before it was rated.
async fn in_two_currencies(database: &TestDatabase) -> Store {
    let store = database.open().await;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    for id in 1..=9 {
        let mut call = different_call(id);
        call.customer = ended(1).customer;
        if id.is_multiple_of(3) {
            call.rate.as_mut().unwrap().currency = euros();
            call.attempts.last_mut().unwrap().rate.currency = euros();
        }
        if id == 9 {
            call.rate = None;
            call.charge = Default::default();
            call.margin = Amount(0);
            call.attempts.clear();
            call.answered_at = None;
            call.outcome = Outcome::Rejected;
        }
        segment.append(&JournalEntry::Ended(call));
    }
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store
}

/// What the pages of a list add up to.
async fn added_up(store: &Store, query: &CdrQuery) -> CdrTotals {
    let query = CdrQuery {
        limit: 100,
        ..query.clone()
    };
    let mut totals = CdrTotals::default();
    let mut amounts: BTreeMap<String, i128> = BTreeMap::new();
    for row in store.cdrs(&platform(), &query).await.unwrap().rows {
        totals.calls += 1;
        totals.answered += i64::from(row.answered_at.is_some());
        totals.talk_ms += row.duration_ms as i64;
        totals.billed_seconds += i64::from(row.billed_seconds);
        let nanos = |amount: Option<Amount>| i128::from(amount.unwrap_or_default().0);
        match query.party {
            CdrParty::Staff => {
                totals.charge += nanos(row.charge);
                totals.cost += nanos(row.cost);
                let (_, record) = store
                    .cdr(&platform(), CdrParty::Staff, row.id)
                    .await
                    .unwrap()
                    .unwrap();
                if let Some(rate) = &record.rate {
                    *amounts.entry(rate.currency.to_string()).or_default() +=
                        i128::from(record.charge.amount.0);
                }
            }
            CdrParty::Customer(_) if row.destination.is_none() => {}
            CdrParty::Customer(_) | CdrParty::Carrier(_) => {
                *amounts.entry(row.currency.clone()).or_default() += nanos(row.charge.or(row.cost));
            }
        }
    }
    let currency = |(currency, amount)| (Currency::try_from(currency).unwrap(), amount);
    totals.amounts = amounts.into_iter().map(currency).collect();
    totals
}

fn parties() -> [CdrParty; 3] {
    let call = ended(1);
    [
        CdrParty::Staff,
        CdrParty::Customer(call.customer.unwrap().id),
        CdrParty::Carrier(call.attempts.last().unwrap().carrier.id),
    ]
}

#[tokio::test]
async fn totals_are_what_the_pages_of_the_list_add_up_to() {
    databases(async |database| {
        let store = in_two_currencies(database).await;
        for party in parties() {
            let all = CdrQuery {
                party,
                ..CdrQuery::default()
            };
            let answered = CdrQuery {
                answered: Some(true),
                order: CdrOrder::OldestFirst,
                ..all.clone()
            };
            let narrow = CdrQuery {
                called: NumberMatch {
                    suffix: Some("00004".into()),
                    ..NumberMatch::default()
                },
                ..all.clone()
            };
            let some_time = CdrQuery {
                received: Between {
                    from: Some(Timestamp(NOON + 2_000_000)),
                    to: Some(Timestamp(NOON + 6_000_000)),
                },
                ..all.clone()
            };
            for query in [&all, &answered, &narrow, &some_time] {
                let mut totals = store.cdr_totals(&platform(), query).await.unwrap();
                if party != CdrParty::Staff {
                    // Theirs is the money by currency alone; the API shows no other.
                    (totals.charge, totals.cost) = (0, 0);
                }
                assert_eq!(totals, added_up(&store, query).await, "{query:?}");
                assert!(totals.calls > 0, "{query:?}");
            }
            let totals = store.cdr_totals(&platform(), &all).await.unwrap();
            assert_eq!(totals.amounts.len(), 2, "{party:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn amounts_beyond_what_64_bits_hold_are_added() {
    databases(async |database| {
        let store = in_two_currencies(database).await;
        for column in ["charge", "charge_by_rate"] {
            let mut huge = sql("UPDATE cdr SET ");
            huge.push(column).push(" = ").push_bind(i64::MAX - 5);
            huge.push(" WHERE rate_currency = 'USD'");
            huge.execute(store.writer()).await.unwrap();
        }
        let query = CdrQuery::default();
        let totals = store.cdr_totals(&platform(), &query).await.unwrap();
        let huge = i128::from(i64::MAX - 5) * 6;
        assert_eq!(totals.amounts[&Currency::USD], huge);
        assert!(totals.charge > huge);
    })
    .await;
}

#[tokio::test]
async fn totals_of_more_than_is_looked_at_tell_where_they_stopped() {
    databases(async |database| {
        let store = in_two_currencies(database).await;
        for (order, until) in [(CdrOrder::NewestFirst, 6), (CdrOrder::OldestFirst, 4)] {
            for answered in [None, Some(true)] {
                let query = CdrQuery {
                    order,
                    answered,
                    ..CdrQuery::default()
                };
                let totals = store.cdr_totals_among(&platform(), &query, 4).await;
                let totals = totals.unwrap();
                assert!(totals.calls <= 4, "{totals:?}");
                let stopped = totals.searched_until.map(|at| (at.0 - NOON) / 1_000_000);
                assert_eq!(stopped, Some(until), "{query:?}");
            }
        }
        let query = CdrQuery::default();
        let whole = store.cdr_totals_among(&platform(), &query, 10).await;
        assert_eq!(whole.unwrap().searched_until, None);
    })
    .await;
}

#[tokio::test]
async fn totals_of_nothing_are_nothing() {
    databases(async |database| {
        let store = database.open().await;
        for party in parties() {
            let query = CdrQuery {
                party,
                ..CdrQuery::default()
            };
            let totals = store.cdr_totals(&platform(), &query).await.unwrap();
            assert_eq!(totals, CdrTotals::default());
        }
    })
    .await;
}
