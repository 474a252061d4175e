//! Lists over many days: looked for where they begin, and the same as if all days were looked at.

use super::*;
use crate::database::Dialect;
use crate::testing::received;
use rating::cdr::CallRecord;

const DAY_US: i64 = 86_400_000_000;

/// Days before now on which calls were received: some close together, some far apart, one to come.
const DAYS: [i64; 14] = [-1, 0, 0, 0, 1, 2, 7, 9, 30, 63, 70, 71, 300, 500];

async fn recorded(database: &TestDatabase) -> (Store, Vec<CallRecord>) {
    let store = database.open().await;
    let now = crate::loader::now().0;
    let mut segment = TestSegment::create(database.folder(), 1, 1);
    let mut calls = Vec::new();
    for (day, number) in DAYS.into_iter().zip(1..) {
        let mut call = received(Timestamp(now - day * DAY_US), number);
        call.release.sip_status = if number % 3 == 0 { 486 } else { 200 };
        segment.append(&JournalEntry::Ended(call.clone()));
        calls.push(call);
    }
    let config = LoaderConfig::new(database.folder().into(), BootId(2));
    Loader::new(store.clone(), config).recover().await.unwrap();
    store.make_cdr_days().await.unwrap();
    calls.sort_by_key(|call| (call.received_at, call.id));
    (store, calls)
}

/// All that a search finds, a page after the other, of which each looks at four records.
async fn paged(store: &Store, query: &CdrQuery) -> Vec<CallId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let query = CdrQuery {
            after,
            ..query.clone()
        };
        let page = store.cdrs_among(&platform(), &query, 4).await.unwrap();
        assert!(page.rows.len() <= 2);
        found.extend(page.rows.iter().map(|row| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => return found,
        }
    }
}

#[tokio::test]
async fn pages_over_months_have_every_record_once_in_both_orders() {
    databases(async |database| {
        let (store, calls) = recorded(database).await;
        let at = |days: i64| Some(Timestamp(calls[12].received_at.0 - days * DAY_US));
        let spans = [
            (None, None),
            (at(80), None),
            (None, at(40)),
            (at(400), at(5)),
        ];
        for (from, to) in spans {
            for status in [None, Some(486)] {
                for party in [CdrParty::Staff, CdrParty::Customer(5)] {
                    let is_asked = |call: &&CallRecord| {
                        from.is_none_or(|from| call.received_at >= from)
                            && to.is_none_or(|to| call.received_at < to)
                            && status.is_none_or(|status| call.release.sip_status == status)
                    };
                    let mut expected: Vec<CallId> =
                        calls.iter().filter(is_asked).map(|call| call.id).collect();
                    assert!(!expected.is_empty(), "{from:?} {to:?}");
                    let mut query = CdrQuery {
                        party,
                        limit: 2,
                        received: Between { from, to },
                        sip_status: status,
                        order: CdrOrder::OldestFirst,
                        ..CdrQuery::default()
                    };
                    assert_eq!(paged(&store, &query).await, expected, "{query:?}");
                    query.order = CdrOrder::NewestFirst;
                    expected.reverse();
                    assert_eq!(paged(&store, &query).await, expected, "{query:?}");
                }
            }
        }
        let newest = store.recent_calls(&platform(), 9).await.unwrap();
        let newest: Vec<_> = newest.iter().map(|call| call.id).collect();
        let expected: Vec<_> = calls.iter().rev().take(9).map(|call| call.id).collect();
        assert_eq!(newest, expected);
    })
    .await;
}

/// Somebody may send all of his calls with one Call-ID.
#[tokio::test]
async fn a_call_id_of_more_calls_than_are_looked_up_finds_them_all() {
    databases(async |database| {
        let (store, dialect) = super::plans::many(database).await;
        for (rows, expected) in [("1000", 1_000_usize), ("2500", 2_500)] {
            let mut update = sql("UPDATE cdr SET ingress_call_id = 'same' WHERE received_at <= ");
            update.push_bind(rows.parse::<i64>().unwrap());
            update.execute(store.writer()).await.unwrap();
            let mut query = CdrQuery {
                limit: 5_000,
                call_id: Some("same".to_owned()),
                ..CdrQuery::default()
            };
            let page = store.cdrs(&platform(), &query).await.unwrap();
            let found: Vec<i64> = page.rows.iter().map(|row| row.received_at.0).collect();
            let newest_first: Vec<i64> = (1..=expected as i64).rev().collect();
            assert!(found == newest_first, "{} on {dialect:?}", found.len());
            let totals = store.cdr_totals(&platform(), &query).await.unwrap();
            assert_eq!(totals.calls, expected as i64);
            query.call_id = Some("nobody's".to_owned());
            assert_eq!(store.cdrs(&platform(), &query).await.unwrap().rows, []);
        }
    })
    .await;
}

/// Ten months of days. What is looked at is few of them, however often a statement has run.
#[tokio::test]
async fn with_three_hundred_days_a_page_looks_at_those_where_it_is() {
    let database = TestDatabase::postgres().await;
    let store = database.open().await;
    assert_eq!(store.reader().dialect(), Dialect::Postgres);
    let first = crate::cdrs::days::tests::noon(0).0;
    while store.cdr_partitions().await.unwrap() < 302 {
        let days = store.cdr_partitions().await.unwrap() as i64 - 2;
        let day = Timestamp(first + days * DAY_US);
        assert!(store.make_cdr_days_at(day).await.unwrap().made > 0);
    }
    let last = crate::cdrs::days::tests::noon(299);
    let calls: Vec<_> = (1..=9)
        .map(|number| received(Timestamp(last.0 - i64::from(number) * DAY_US), number))
        .collect();
    let mut transaction = store.write().await.unwrap();
    let all: Vec<_> = calls.iter().collect();
    crate::loader::insert_calls(&mut transaction, &all)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let after = CdrCursor {
        received_at: calls[2].received_at,
        id: calls[2].id,
    };
    let page = CdrQuery {
        limit: 1,
        after: Some(after),
        ..CdrQuery::default()
    };
    let attempts = CdrQuery {
        party: CdrParty::Carrier(2),
        ..page.clone()
    };
    let looked_for = crate::cdrs::windows::windows(&page, last);
    let of_attempts = crate::cdrs::windows::windows(&attempts, last);
    let found = Legs::Calls(vec![id_text(calls[0].id), id_text(calls[4].id)]);
    let none = Legs::NotAsked;
    let by_leg = CdrQuery {
        limit: 9,
        call_id: Some("ingress@test".to_owned()),
        ..CdrQuery::default()
    };
    for (statement, most) in [
        (
            crate::cdrs::search::page(&platform(), &looked_for[0], &none, None),
            3,
        ),
        (
            crate::cdrs::search::page(&platform(), &looked_for[1], &none, None),
            10,
        ),
        // Of the records and the attempts.
        (
            crate::cdrs::search::page(&platform(), &of_attempts[0], &none, None),
            6,
        ),
        (
            crate::cdrs::search::page(&platform(), &by_leg, &found, None),
            2,
        ),
    ] {
        let mut transaction = store.write().await.unwrap();
        for _ in 0..7 {
            let rows = statement.clone().fetch_all(&mut transaction).await.unwrap();
            assert!(!rows.is_empty());
        }
        let days: i64 = sql(
            "SELECT COUNT(*) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation \
             WHERE l.pid = pg_backend_pid() \
             AND i.inhparent IN ('cdr'::regclass, 'attempt'::regclass)",
        )
        .fetch_value(&mut transaction)
        .await
        .unwrap();
        assert!(days <= most, "{days} days of {most}: {statement:?}");
    }
    let rows = store.cdrs(&platform(), &page).await.unwrap().rows;
    assert_eq!(rows[0].id, calls[3].id);
    let found = store.cdrs(&platform(), &by_leg).await.unwrap().rows;
    assert_eq!(found.len(), 9);
    database.remove().await;
}
