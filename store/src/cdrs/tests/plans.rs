//! What the databases make of the filters: with many records, an index leads to few of them.

use super::*;
use crate::cdrs::legs::calls_of;
use crate::cdrs::search::page;
use crate::database::Dialect;

/// Records of two customers, with numbers, trunks and Call-IDs of their own.
const ROWS: &str = "INSERT INTO cdr (id, node, snapshot_number, received_at, ended_at, customer_id, \
    customer, carrier, calling_number, called_number, outcome, sip_status, release_reason, \
    released_by, duration_ms, billed_seconds, attempts, charge, cost, margin, currency, record, \
    owner, ingress_trunk, egress_trunk, gateway, ingress_call_id, called_number_reversed) \
    SELECT '00' || CAST(n AS TEXT), 'n', 1, n, n, 5 + n % 2, 'c' || n % 2, 'v' || n % 2, \
    CAST(440000000 + n * 7919 % 1000003 AS TEXT), CAST(330000000 + n AS TEXT), 'answered', 200, \
    'normal_clearing', 'customer', 1, 1, 1, 1, 1, 1, 'USD', '{}', 1, 'i' || n % 200, \
    'e' || n % 200, '192.0.2.1:' || n % 200, 'id' || n, CAST(100000000 + n * 7919 % 1000003 AS TEXT) ";

const ATTEMPTS: &str = "INSERT INTO attempt (call_id, number, carrier_id, carrier, egress_trunk_id, \
    egress_trunk, gateway, prefix, started_at, ended_at, outcome, sip_status, release_reason, \
    billed_seconds, cost, currency, owner, egress_call_id) \
    SELECT id, 1, 2, carrier, 2, 'e', 'g', '33', received_at, ended_at, 'answered', 200, \
    'normal_clearing', 1, 1, 'USD', owner, 'out' || id FROM cdr";

pub(super) async fn many(database: &TestDatabase) -> (Store, Dialect) {
    let store = database.open().await;
    let dialect = store.reader().dialect();
    let mut insert = sql(ROWS);
    insert.push(match dialect {
        Dialect::Sqlite => {
            "FROM (WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted \
             WHERE n < 20000) SELECT n FROM counted)"
        }
        Dialect::Postgres => "FROM generate_series(1, 20000) AS n",
    });
    insert.execute(store.writer()).await.unwrap();
    sql(ATTEMPTS).execute(store.writer()).await.unwrap();
    if dialect == Dialect::Postgres {
        // What the server does by itself after a while. SQLite has no such figures, ever.
        for text in ["ANALYZE cdr", "ANALYZE attempt"] {
            sql(text).execute(store.writer()).await.unwrap();
        }
    }
    (store, dialect)
}

async fn plan(store: &Store, dialect: Dialect, query: &CdrQuery) -> String {
    let (mut explain, column) = match dialect {
        Dialect::Sqlite => (sql("EXPLAIN QUERY PLAN "), 3),
        Dialect::Postgres => (sql("EXPLAIN "), 0),
    };
    // The calls of a Call-ID are looked up first.
    explain.append(match query.by_leg() {
        Some(call_id) => calls_of(&platform(), query, call_id),
        None => page(&platform(), query, &Legs::NotAsked, None),
    });
    let rows = explain.fetch_all(store.reader()).await.unwrap();
    let lines = rows.iter().map(|row| row.get::<String>(column).unwrap());
    // The records are in the partition of before, whose indexes are named after it.
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("_before_by_", "_by_")
}

#[tokio::test]
async fn each_filter_that_promises_it_is_led_by_its_index() {
    databases(async |database| {
        let (store, dialect) = many(database).await;
        let some = |text: &str| Some(text.to_owned());
        let all = || CdrQuery {
            limit: 50,
            ..CdrQuery::default()
        };
        let whole = |number: &str| NumberMatch {
            whole: some(number),
            ..NumberMatch::default()
        };
        let prefix = |digits: &str| NumberMatch {
            prefix: some(digits),
            ..NumberMatch::default()
        };
        let suffix = |digits: &str| NumberMatch {
            suffix: some(digits),
            ..NumberMatch::default()
        };
        let customer = some("c1");
        let called = |called| CdrQuery { called, ..all() };
        let calling = |calling| CdrQuery { calling, ..all() };
        let cases = [
            (all(), "cdr_by_time"),
            (
                CdrQuery {
                    customer: customer.clone(),
                    ..all()
                },
                "cdr_by_customer",
            ),
            (
                CdrQuery {
                    carrier: some("v1"),
                    ..all()
                },
                "cdr_by_carrier",
            ),
            (
                CdrQuery {
                    ingress_trunk: some("i7"),
                    ..all()
                },
                "cdr_by_ingress_trunk",
            ),
            (
                CdrQuery {
                    egress_trunk: some("e7"),
                    ..all()
                },
                "cdr_by_egress_trunk",
            ),
            (called(whole("330000007")), "cdr_by_called_number "),
            (called(prefix("33000712")), "cdr_by_called_number "),
            (called(suffix("713200")), "cdr_by_called_number_reversed"),
            (calling(whole("440000007")), "cdr_by_calling_number"),
            (calling(prefix("44000071")), "cdr_by_calling_number"),
            (
                CdrQuery {
                    call_id: some("id7"),
                    ..all()
                },
                "cdr_by_ingress_call_id",
            ),
            (
                CdrQuery {
                    call_id: some("id7"),
                    ..all()
                },
                "attempt_by_egress_call_id",
            ),
            (
                CdrQuery {
                    customer: customer.clone(),
                    ..called(whole("330000007"))
                },
                "cdr_by_called_number ",
            ),
            (
                CdrQuery {
                    customer,
                    ..called(suffix("713200"))
                },
                "cdr_by_called_number_reversed",
            ),
            (
                CdrQuery {
                    party: CdrParty::Customer(5),
                    ..called(whole("330000007"))
                },
                "cdr_by_called_number ",
            ),
            (
                CdrQuery {
                    party: CdrParty::Customer(5),
                    ..all()
                },
                "cdr_by_customer_id",
            ),
            (
                CdrQuery {
                    party: CdrParty::Carrier(2),
                    call_id: some("out7"),
                    ..all()
                },
                "attempt_by_egress_call_id",
            ),
        ];
        for (query, index) in cases {
            let plan = plan(&store, dialect, &query).await;
            let named = format!("{plan} ").replace('\n', " \n");
            assert!(
                named.contains(index),
                "{index} is not in:\n{plan}\nof {query:?}"
            );
        }
    })
    .await;
}
