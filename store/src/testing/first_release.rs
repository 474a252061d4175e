//! A database as the first release left it: migration 1 only, with something in every table.

use super::{answered, ended};
use crate::database::{Transaction, migrations, open_as_it_is, sql};
use crate::{CdrParty, CdrQuery, DatabaseLocation, Scope, Store, TenantId};
use serde_json::json;

/// What was in it, but for the call.
const ROWS: &[&str] = &[
    "INSERT INTO configuration (number, created_at, author) VALUES (1, 10, 'admin'), (2, 20, 'bob')",
    "INSERT INTO resource (id, kind, name, version, spec, deck_hash, created_at, updated_at) VALUES \
     (1, 'rate_card', 'sell', 1, '{\"currency\":\"USD\"}', 'h', 10, 10), \
     (5, 'customer', 'odd', 2, '{\"cps_limit\":7}', NULL, 10, 20)",
    "INSERT INTO resource_version (resource_id, version, configuration, spec, deck_hash) VALUES \
     (1, 1, 1, '{\"currency\":\"USD\"}', 'h'), (5, 1, 1, '{\"cps_limit\":5}', NULL), \
     (5, 2, 2, '{\"cps_limit\":7}', NULL)",
    "INSERT INTO deck (hash, content, created_at) VALUES ('h', 'prefix,rate', 10)",
    "INSERT INTO app_user (id, username, password_hash, role, created_at) VALUES \
     (3, 'admin', '$argon2id$x', 'super_admin', 5)",
    "INSERT INTO session (token_hash, user_id, created_at, last_used_at) VALUES ('t', 3, 6, 7)",
    "INSERT INTO setting (name, value) VALUES ('theme', 'dark')",
    "INSERT INTO journal_position (segment, position, finished, damaged) VALUES ('s', 9, TRUE, FALSE)",
];

/// Makes the database.
pub(crate) async fn make_first_release(location: &DatabaseLocation) {
    let pool = open_as_it_is(location, true).await.unwrap();
    let mut transaction = pool.begin_write().await.unwrap();
    migrations::run_some(&mut transaction, |version| version == 1)
        .await
        .unwrap();
    for text in ROWS {
        sql(text).execute(&mut transaction).await.unwrap();
    }
    insert_call(&mut transaction).await;
    transaction.commit().await.unwrap();
    pool.close().await;
}

async fn insert_call(on: &mut Transaction) {
    let call = ended(1);
    sql(
        "INSERT INTO cdr (id, node, snapshot_number, received_at, answered_at, ended_at, \
         customer_id, customer, carrier_id, carrier, destination, calling_number, called_number, \
         outcome, sip_status, release_reason, released_by, duration_ms, billed_seconds, pdd_ms, \
         attempts, charge, cost, margin, currency, record) VALUES ($1, 'fra-1', 2, $2, $3, $4, 5, \
         'odd', 2, 'second', 'France Paris', '44', '33', 'answered', 200, 'normal_clearing', \
         'switch', 10000, 10, NULL, 2, 10000000, 5000000, 5000000, 'USD', $5)",
    )
    .bind(format!("{:032x}", call.id.0))
    .bind(call.received_at)
    .bind(call.answered_at)
    .bind(call.ended_at)
    .bind(serde_json::to_string(&call).unwrap())
    .execute(&mut *on)
    .await
    .unwrap();
    for attempt in &call.attempts {
        sql(
            "INSERT INTO attempt (call_id, number, carrier_id, carrier, egress_trunk_id, \
             egress_trunk, gateway, prefix, started_at, ended_at, outcome, sip_status, \
             release_reason, billed_seconds, cost, currency) \
             VALUES ($1, $2, $3, $4, 10, 'trunk', '192.0.2.20:5060', '33142', $5, $6, \
             'answered', 200, 'normal_clearing', $7, $8, 'USD')",
        )
        .bind(format!("{:032x}", call.id.0))
        .bind(attempt.number)
        .bind(attempt.carrier.id)
        .bind(attempt.carrier.name.as_ref())
        .bind(attempt.started_at)
        .bind(attempt.ended_at)
        .bind(attempt.cost.billed_seconds)
        .bind(attempt.cost.amount.0)
        .execute(&mut *on)
        .await
        .unwrap();
    }
    let open = answered(2);
    sql("INSERT INTO open_call (id, boot, shard, record) VALUES ($1, 'b', 0, $2)")
        .bind(format!("{:032x}", open.id.0))
        .bind(serde_json::to_string(&open).unwrap())
        .execute(on)
        .await
        .unwrap();
}

/// Finds all of it in a database of this version.
pub(crate) async fn check_first_release(store: &Store) {
    let platform = Scope::of_tenant(TenantId::PLATFORM);
    let all = store.resources(None).await.unwrap();
    let found: Vec<_> = all
        .iter()
        .map(|row| (row.id, row.name.as_str(), row.version))
        .collect();
    assert_eq!(found, [(5, "odd", 2), (1, "sell", 1)]);
    assert_eq!(all[0].spec, json!({"cps_limit": 7}));
    assert_eq!(
        (all[0].created_by.as_str(), all[0].updated_by.as_str()),
        ("admin", "bob")
    );
    assert_eq!(all[1].deck_hash.as_deref(), Some("h"));
    let first = store.version(&platform, 5, 1).await.unwrap().unwrap();
    assert_eq!(
        (first.spec, first.author.as_str()),
        (json!({"cps_limit": 5}), "admin")
    );
    assert_eq!(
        store.deck("h").await.unwrap().as_deref(),
        Some("prefix,rate")
    );
    assert_eq!(
        store.setting("theme").await.unwrap().as_deref(),
        Some("dark")
    );
    assert_eq!(store.configuration_number().await.unwrap(), 2);
    for (party, rows) in [
        (CdrParty::Staff, 1),
        (CdrParty::Customer(5), 1),
        (CdrParty::Carrier(1), 1),
        (CdrParty::Carrier(2), 1),
        (CdrParty::Customer(6), 0),
    ] {
        let query = CdrQuery {
            party,
            limit: 9,
            ..CdrQuery::default()
        };
        let page = store.cdrs(&platform, &query).await.unwrap();
        assert_eq!(page.rows.len(), rows, "{party:?}");
    }
    for (text, there) in [
        (
            "SELECT COUNT(*) FROM app_user WHERE username = 'admin' AND password_hash = '$argon2id$x'",
            1,
        ),
        ("SELECT COUNT(*) FROM open_call", 1),
        (
            "SELECT COUNT(*) FROM journal_position WHERE position = 9 AND finished",
            1,
        ),
        ("SELECT COUNT(*) FROM attempt WHERE owner = 1", 2),
    ] {
        let count: i64 = sql(text).fetch_value(store.reader()).await.unwrap();
        assert_eq!(count, there, "{text}");
    }
}
