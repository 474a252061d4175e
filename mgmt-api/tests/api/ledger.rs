//! The books by the API: who sees which balance, and what is posted by hand.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use mgmt_api::switch_port::BalanceChange;
use rating::{Amount, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use store::{
    AuditActor, AuditCredential, EventQuery, LedgerParty, NewApiKey, NewAuditEntry, Scope, TenantId,
};

const EURO: &str = "---\nkind: exchange_rate\nname: euro\nspec:\n  currency: EUR\n  rates:\n    \
    - { from: \"2020-01-01\", rate: \"1.25\" }\n";

/// A switch with a customer that made three calls of 0.01 on a carrier that took 0.005 each.
pub(crate) async fn api() -> (Api, i64) {
    let api = Api::start().await;
    let applied = apply(&api, &format!("{RESOURCES}{EURO}"), DECK, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let id = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let customer = id("/api/v1/customers/acme").await;
    let carrier = id("/api/v1/carriers/cheap").await;
    let calls = [1, 2, 3].map(|second| {
        let mut call = call(second);
        call.customer.as_mut().unwrap().id = customer;
        call.attempts[0].carrier.id = carrier;
        call
    });
    load(&api, &calls).await;
    (api, customer)
}

async fn post(api: &Api, key: &str, path: &str, body: &Value) -> Answer {
    let request = request("POST", path)
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

pub(crate) async fn pay(api: &Api, key: &str, body: Value) -> Answer {
    post(api, key, "/api/v1/payments", &body).await
}

async fn balance(api: &Api, party: &str) -> String {
    let view = api.get(&format!("/api/v1/{party}/balance")).await.json();
    assert_eq!(view["currency"], "USD");
    view["balance"].as_str().unwrap().to_owned()
}

/// A key with a permission for the customer or carrier of that number.
async fn key_of(api: &Api, tenant: i64, kind: &str, resource: i64) -> String {
    key_with(api, tenant, kind, resource, &["ledger.read"]).await
}

/// A key with these permissions for the customer or carrier of that number.
pub(crate) async fn key_with(
    api: &Api,
    tenant: i64,
    kind: &str,
    resource: i64,
    permissions: &[&str],
) -> String {
    let text = format!(
        "INSERT INTO tenant (id, parent_id, kind, name, resource_id, created_at) \
         VALUES ({tenant}, 1, '{kind}', '{kind} {resource}', {resource}, 0)"
    );
    store::testing::execute(&api.store, text.leak()).await;
    let key = format!("dtk_{tenant}");
    let digest = Sha256::digest(format!("api-key:{key}"));
    let hash = digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let permissions: Vec<String> = permissions.iter().map(|&it| it.to_owned()).collect();
    let new = NewApiKey {
        name: "books",
        hint: "dtk_",
        key_hash: &hash,
        permissions: &permissions,
        networks: &[],
        maker: None,
        made_by: "a test",
        expires_at: None,
    };
    let scope = Scope::of_tenant(TenantId::new(tenant));
    let actor = AuditActor::new("a test", AuditCredential::LocalKey);
    let told = NewAuditEntry::new(scope.tenant(), Timestamp(0), actor, "api_key.create");
    let added = api
        .store
        .add_api_key(&scope, new, told, Timestamp(0), Timestamp(0));
    added.await.unwrap().unwrap();
    key
}

pub(crate) async fn get_as(api: &Api, key: &str, path: &str) -> Answer {
    let request = request("GET", path).header(header::AUTHORIZATION, format!("Bearer {key}"));
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn calls_stand_on_the_balances_of_both_sides_and_of_the_house() {
    let (api, _) = api().await;
    assert_eq!(balance(&api, "customers/acme").await, "-0.03");
    assert_eq!(balance(&api, "carriers/cheap").await, "0.015");
    assert_eq!(balance(&api, "carriers/costly").await, "0");
    let accounts = api.get("/api/v1/accounts").await.json();
    let told: Vec<_> = accounts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["kind"].as_str().unwrap(),
                it["name"].as_str(),
                it["balance"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("carrier", Some("cheap"), "0.015"),
            ("cost_of_sales", None, "-0.015"),
            ("customer", Some("acme"), "-0.03"),
            ("revenue", None, "0.03"),
        ]
    );
    let none = api.get("/api/v1/customers/nobody/balance").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_payment_is_posted_once_logged_told_and_heard_by_the_switch() {
    let (api, customer) = api().await;
    let body =
        json!({"customer": "acme", "amount": "10.5", "currency": "USD", "reference": "wire 7"});
    let first = pay(&api, "k-1", body.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert_eq!(first.json()["balance"], "10.47");
    let again = pay(&api, "k-1", body.clone()).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(balance(&api, "customers/acme").await, "10.47");
    let heard = api.switch.balances.lock().unwrap().clone();
    let change = BalanceChange {
        party: LedgerParty::Customer(customer),
        change: Amount(10_500_000_000),
        balance: Amount(10_470_000_000),
    };
    assert_eq!(heard, [change]);
    // Also when the answer was forgotten long ago.
    store::testing::execute(&api.store, "DELETE FROM idempotent_request").await;
    let late = pay(&api, "k-1", body).await;
    assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
    let log = api.get("/api/v1/audit-entries").await.body;
    assert!(
        log.contains("payment.create") && log.contains("10.5"),
        "{log}"
    );
    let events = api.get("/api/v1/events?kind=payment.received").await.json();
    assert_eq!(events["items"].as_array().unwrap().len(), 1, "{events}");
    assert_eq!(events["items"][0]["subject"], "customer/acme");
    let entries = api
        .get("/api/v1/ledger/entries?customer=acme&kind=payment")
        .await
        .json();
    assert_eq!(entries["items"][0]["details"]["reference"], "wire 7");
    assert_eq!(entries["items"][0]["amount"], "10.5");
}

#[tokio::test]
async fn money_goes_both_ways_with_both_parties_and_in_their_currencies() {
    let (api, _) = api().await;
    let of = |party: &str, direction: &str, amount: &str, currency: &str| {
        let (kind, name) = party.split_once('/').unwrap();
        json!({kind: name, "direction": direction, "amount": amount, "currency": currency})
    };
    for (key, body, balance) in [
        ("1", of("customer/acme", "payment", "10", "EUR"), "12.47"),
        ("2", of("customer/acme", "refund", "2", "USD"), "10.47"),
        ("3", of("carrier/cheap", "payment", "5", "USD"), "-4.985"),
        ("4", of("carrier/cheap", "refund", "1", "USD"), "-3.985"),
    ] {
        let posted = pay(&api, key, body).await;
        assert_eq!(posted.status, StatusCode::CREATED, "{}", posted.body);
        assert_eq!(posted.json()["balance"], balance);
    }
    let view = api.get("/api/v1/customers/acme/balance").await.json();
    let euro = json!({"currency": "EUR", "amount": "10", "in_books": "12.5"});
    let dollar = json!({"currency": "USD", "amount": "-2.03", "in_books": "-2.03"});
    assert_eq!(view["by_currency"], json!([euro, dollar]));
    let found = api.store.verify_ledger(|_| ()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn a_note_says_why_and_what_it_corrects() {
    let (api, _) = api().await;
    let paid = pay(
        &api,
        "1",
        json!({"customer": "acme", "amount": "5", "currency": "USD"}),
    )
    .await;
    let paid = paid.json()["id"].as_i64().unwrap();
    let path = "/api/v1/adjustments";
    let body = json!({"customer": "acme", "amount": "-5", "currency": "USD",
        "reason": "paid twice", "corrects": paid});
    let note = post(&api, "2", path, &body).await;
    assert_eq!(note.status, StatusCode::CREATED, "{}", note.body);
    assert_eq!(note.json()["balance"], "-0.03");
    let listed = api
        .get("/api/v1/ledger/entries?customer=acme&kind=adjustment")
        .await
        .json();
    assert_eq!(listed["items"][0]["corrects"], paid);
    assert_eq!(listed["items"][0]["details"]["reason"], "paid twice");
    let others = json!({"carrier": "cheap", "amount": "1", "currency": "USD", "reason": "x", "corrects": paid});
    let refused = post(&api, "3", path, &others).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "corrects");
}

#[tokio::test]
async fn what_cannot_be_posted_is_refused_by_its_field() {
    let (api, _) = api().await;
    let with = |name: &str, value: Value| {
        let mut body = json!({"customer": "acme", "amount": "1", "currency": "USD"});
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("amount", json!("0")), "amount"),
        (with("amount", json!("-1")), "amount"),
        (with("amount", json!("1,5")), "amount"),
        (with("amount", json!("10000000.000000001")), "amount"),
        (with("currency", json!("usd")), "currency"),
        (with("currency", json!("JPY")), "currency"),
        (with("carrier", json!("cheap")), "customer"),
        (with("at", json!("2100-01-01T00:00:00Z")), "at"),
        (with("at", json!("2000-01-01T00:00:00Z")), "at"),
    ] {
        let refused = pay(&api, "k", body.clone()).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{body}: {}",
            refused.body
        );
        assert_eq!(refused.json()["errors"][0]["field"], field, "{body}");
        store::testing::execute(&api.store, "DELETE FROM idempotent_request").await;
    }
    let body = with("amount", json!("1"));
    let keyless = api.post("/api/v1/payments", &body).await;
    assert_eq!(keyless.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(keyless.json()["errors"][0]["field"], "Idempotency-Key");
    let nobody = pay(&api, "k2", with("customer", json!("nobody"))).await;
    assert_eq!(nobody.status, StatusCode::NOT_FOUND);
    assert_eq!(balance(&api, "customers/acme").await, "-0.03");
    assert!(api.switch.balances.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_account_sees_its_own_balance_and_statement_and_nothing_else() {
    let (api, customer) = api().await;
    let reference =
        json!({"customer": "acme", "amount": "7", "currency": "EUR", "reference": "wire 7"});
    pay(&api, "1", reference).await;
    let carrier = api.get("/api/v1/carriers/cheap").await.json()["id"]
        .as_i64()
        .unwrap();
    let other = api.get("/api/v1/carriers/costly").await.json()["id"]
        .as_i64()
        .unwrap();
    let customers = key_of(&api, 11, "customer", customer).await;
    let carriers = key_of(&api, 12, "carrier", carrier).await;
    let others = key_of(&api, 13, "carrier", other).await;
    let own = get_as(&api, &customers, "/api/v1/own-balance").await;
    let euro = json!({"currency": "EUR", "balance": "7"});
    let dollar = json!({"currency": "USD", "balance": "-0.03"});
    assert_eq!(own.json()["items"], json!([euro, dollar]));
    let own = get_as(&api, &carriers, "/api/v1/own-balance").await.json();
    assert_eq!(
        own["items"],
        json!([{"currency": "USD", "balance": "0.015"}])
    );
    let own = get_as(&api, &others, "/api/v1/own-balance").await.json();
    assert_eq!(own["items"], json!([]));
    let days = "from=2026-03-01&to=2026-12-31";
    let path = format!("/api/v1/own-statement?{days}");
    let statement = get_as(&api, &customers, &path).await;
    let told = statement.json();
    assert_eq!(told["movements"][0]["kind"], "calls");
    assert_eq!(told["movements"][0]["amount"], "-0.03");
    for secret in ["0.015", "0.005", "cheap", "1.25", "8.75", "exchange"] {
        assert!(
            !statement.body.contains(secret),
            "{secret}: {}",
            statement.body
        );
    }
    for key in [&customers, &carriers] {
        for path in [
            "/api/v1/accounts",
            "/api/v1/ledger/entries",
            "/api/v1/customers/acme/balance",
            "/api/v1/carriers/cheap/balance",
            "/api/v1/customers/acme/statement",
            "/api/v1/carriers/cheap/statement",
        ] {
            let refused = get_as(&api, key, path).await;
            assert_eq!(
                refused.status,
                StatusCode::FORBIDDEN,
                "{path}: {}",
                refused.body
            );
        }
    }
}

#[tokio::test]
async fn a_statement_adds_up_as_json_and_as_a_file() {
    let (api, _) = api().await;
    let note = json!({"customer": "acme", "amount": "1", "currency": "EUR", "reason": "=1+1",
        "at": "2026-03-01T08:00:00Z"});
    let posted = post(&api, "1", "/api/v1/adjustments", &note).await;
    assert_eq!(posted.status, StatusCode::CREATED, "{}", posted.body);
    let path = "/api/v1/customers/acme/statement?from=2026-03-01&to=2026-03-01";
    let view = api.get(path).await.json();
    assert_eq!(view["opening_balance"], "0");
    assert_eq!(view["closing_balance"], "1.22");
    let told: Vec<_> = view["movements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            [&it["kind"], &it["count"], &it["amount"], &it["balance"]].map(ToString::to_string)
        })
        .collect();
    let expected = [
        ["\"adjustment\"", "1", "\"1\"", "\"1.25\""],
        ["\"calls\"", "3", "\"-0.03\"", "\"1.22\""],
    ];
    assert_eq!(told, expected);
    let file = api.get(&format!("{path}&format=csv")).await;
    assert!(
        file.headers[header::CONTENT_TYPE]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    let lines: Vec<_> = file.body.lines().collect();
    assert_eq!(lines.len(), 5, "{}", file.body);
    assert_eq!(
        lines[0],
        "at,kind,count,amount,currency,amount_USD,balance_USD,text"
    );
    assert!(
        lines[2].ends_with(",adjustment,1,1,EUR,1.25,1.25,'=1+1"),
        "no formula: {}",
        lines[2]
    );
    let carriers = "/api/v1/carriers/cheap/statement?from=2026-03-01&to=2026-03-02";
    assert_eq!(api.get(carriers).await.json()["closing_balance"], "0.015");
    let wrong = api
        .get("/api/v1/customers/acme/statement?from=2024-01-01&to=2026-03-01")
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_low_balance_is_told_once_for_each_crossing() {
    let (api, _) = api().await;
    let spec = json!({"name": "acme", "spec": {"rate_card": "retail",
        "billing": {"mode": "postpaid", "credit_limit": "10", "low_balance": ["9.98", "5", "1"]}}});
    let put = api.put("/api/v1/customers/acme", &spec).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    assert_eq!(
        api.get("/api/v1/customers/acme/balance").await.json()["credit_limit"],
        "10"
    );
    let told = async || {
        api.state.look_at_balances().await.unwrap();
        api.state.look_at_balances().await.unwrap();
        let query = EventQuery {
            kind: Some("balance.low".into()),
            limit: 9,
            ..EventQuery::default()
        };
        let platform = Scope::of_tenant(TenantId::PLATFORM);
        let events = api.store.events(&platform, &query).await.unwrap();
        let data = events
            .first()
            .map(|event| event.data.clone())
            .unwrap_or_default();
        (events.len(), data["threshold"].clone())
    };
    let take = async |key: &str, amount: &str| {
        let body = json!({"customer": "acme", "amount": amount, "currency": "USD", "reason": "x"});
        let posted = post(&api, key, "/api/v1/adjustments", &body).await;
        assert_eq!(posted.status, StatusCode::CREATED, "{}", posted.body);
    };
    assert_eq!(told().await, (1, json!("9.98")), "9.97 is left");
    take("1", "-1").await;
    assert_eq!(told().await, (1, json!("9.98")), "no other threshold");
    take("2", "-8").await;
    assert_eq!(
        told().await,
        (2, json!("1")),
        "0.97 is left: two at once, the lower is told"
    );
    take("3", "3").await;
    assert_eq!(told().await, (2, json!("1")), "back above the lowest");
    take("4", "-3").await;
    assert_eq!(told().await, (3, json!("1")), "and below it again");
}
