//! Netting by the API: periods that end, statements that are confirmed and paid, and who sees them.

mod moves;

use crate::fixture::{Answer, Api, request};
use crate::ledger::{api, get_as, key_with};
use crate::permissions::change_by_key;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use mgmt_api::RunNettings;
use mgmt_api::jobs::JobRun;
use mgmt_api::switch_port::BalanceChange;
use rating::{Amount, Timestamp};
use serde_json::{Value, json};
use store::{LedgerParty, NewJob, Scope, TenantId};

const PATH: &str = "/api/v1/nettings";
const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const MINUTE_US: i64 = 60_000_000;

fn at(text: &str) -> Timestamp {
    let read: jiff::Timestamp = text.parse().unwrap();
    Timestamp(read.as_microsecond())
}

async fn run(api: &Api, now: Timestamp) {
    let job = NewJob::new(TenantId::PLATFORM, "netting.run", json!({}), now);
    let id = api.store.enqueue_job(&job, now).await.unwrap().unwrap();
    let job = api.store.job(&SCOPE, id).await.unwrap().unwrap();
    let nettings = RunNettings::new(api.state.clone());
    nettings.run_at(&JobRun::new(job, 1), now).await.unwrap();
}

/// Has a customer netted with a carrier.
async fn agree(api: &Api, customer: &str, netting: Value) -> Answer {
    let body = json!({ "name": customer, "spec": { "rate_card": "retail", "netting": netting } });
    api.put(&format!("/api/v1/customers/{customer}"), &body)
        .await
}

fn weekly(currency: &str) -> Value {
    json!({ "carrier": "cheap", "terms": "7/3", "first_day": "2026-02-23", "currency": currency })
}

/// A switch with a statement of the week of three calls: 0.03 is owed to us, 0.015 by us.
async fn scene(currency: &str) -> (Api, i64) {
    let (api, customer) = api().await;
    let agreed = agree(&api, "acme", weekly(currency)).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    run(&api, at("2026-02-25T00:00:00Z")).await;
    run(&api, at("2026-03-02T00:10:00Z")).await;
    (api, customer)
}

async fn only(api: &Api, query: &str) -> Value {
    let page = api.get(&format!("{PATH}?{query}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let items = page.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    items[0].clone()
}

async fn events(api: &Api, kind: &str) -> Vec<Value> {
    let events = api.get(&format!("/api/v1/events?kind={kind}")).await;
    events.json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_period_is_drafted_confirmed_and_paid_and_the_switch_hears_of_it() {
    let (api, customer) = scene("USD").await;
    let draft = only(&api, "state=draft&customer=acme").await;
    assert_eq!(draft["from"], "2026-02-23T00:00:00.000000Z");
    assert_eq!(draft["to"], "2026-03-02T00:00:00.000000Z");
    assert_eq!(draft["due_from"], "2026-03-04T00:00:00.000000Z");
    assert_eq!(draft["they_owe"], "0.03");
    assert_eq!(draft["we_owe"], "0.015");
    assert_eq!(
        (&draft["difference"], &draft["payer"]),
        (&json!("0.015"), &json!("customer"))
    );
    let open = only(&api, "state=open&carrier=cheap").await;
    assert_eq!(open["from"], draft["to"]);
    assert!(open["they_owe"].is_null());
    assert_eq!(
        events(&api, "netting.drafted").await[0]["data"]["difference"],
        "0.015"
    );

    let id = draft["id"].as_i64().unwrap();
    let early = api.post(&format!("{PATH}/{id}/pay"), &json!({})).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.body);
    let confirmed = api.post(&format!("{PATH}/{id}/confirm"), &json!({})).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    assert_eq!(confirmed.json()["state"], "confirmed");
    let again = api.post(&format!("{PATH}/{id}/confirm"), &json!({})).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    let carrier = api.get("/api/v1/carriers/cheap").await.json()["id"].as_i64();
    let heard = api.switch.balances.lock().unwrap().clone();
    let change = |party, change, balance| BalanceChange {
        party,
        change: Amount(change),
        balance: Amount(balance),
    };
    let (customer, carrier) = (
        LedgerParty::Customer(customer),
        LedgerParty::Carrier(carrier.unwrap()),
    );
    assert_eq!(
        heard,
        [
            change(customer, 15_000_000, -15_000_000),
            change(carrier, -15_000_000, 0)
        ]
    );
    let statement = api
        .get("/api/v1/ledger/entries?customer=acme&kind=netting")
        .await;
    let entry = &statement.json()["items"][0];
    assert_eq!(
        (&entry["amount"], &entry["details"]["netting"]),
        (&json!("0.015"), &json!(id))
    );

    let less = json!({"customer": "acme", "amount": "0.001", "currency": "USD"});
    let less = crate::ledger::pay(&api, "less", less).await.json()["id"].clone();
    let refused = json!({ "entry": less });
    let refused = api.post(&format!("{PATH}/{id}/pay"), &refused).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.json()["errors"][0]["field"], "entry");
    assert!(
        refused
            .body
            .contains("of 0.001 USD, and the difference is 0.015 USD"),
        "{}",
        refused.body
    );

    let paid = json!({ "reference": "wire 9" });
    let paid = api.post(&format!("{PATH}/{id}/pay"), &paid).await;
    assert_eq!(paid.status, StatusCode::OK, "{}", paid.body);
    assert_eq!(paid.json()["state"], "paid");
    let balance = api.get("/api/v1/customers/acme/balance").await.json();
    assert_eq!(balance["balance"], "0.001");
    let heard = api.switch.balances.lock().unwrap().clone();
    assert_eq!(heard[3], change(customer, 15_000_000, 1_000_000));
    assert_eq!(events(&api, "netting.paid").await.len(), 1);
    // The newest is the first.
    let payment = &events(&api, "payment.received").await[0];
    assert_eq!(payment["data"]["entry"], paid.json()["payment_entry"]);
    let log = api.get("/api/v1/audit-entries").await.body;
    assert!(log.contains("netting.confirm") && log.contains("netting.pay"));
    let found = api.store.verify_ledger(|_| ()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn other_currencies_are_converted_by_the_rates_of_the_end_and_leave_the_account() {
    let (api, _) = scene("EUR").await;
    let draft = only(&api, "state=draft").await;
    // A euro is 1.25 USD.
    assert_eq!(
        (&draft["they_owe"], &draft["we_owe"]),
        (&json!("0.024"), &json!("0.012"))
    );
    assert_eq!(draft["lines"][0]["amount"], "0.03");
    assert_eq!(draft["lines"][0]["converted"], "0.024");
    let id = draft["id"].as_i64().unwrap();
    let confirmed = api.post(&format!("{PATH}/{id}/confirm"), &json!({})).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    let of = async |party: &str| {
        let view = api.get(&format!("/api/v1/{party}/balance")).await.json();
        view["by_currency"].clone()
    };
    let both = |euro: &str, books: &str| {
        json!([
            { "currency": "EUR", "amount": euro, "in_books": books },
            { "currency": "USD", "amount": "0", "in_books": "0" },
        ])
    };
    assert_eq!(of("customers/acme").await, both("-0.012", "-0.015"));
    assert_eq!(of("carriers/cheap").await, both("0", "0"));
    let accounts = api.get("/api/v1/accounts").await.json();
    let netting = accounts["items"].as_array().unwrap().iter();
    let netting = netting.filter(|it| it["kind"] == "netting");
    assert_eq!(netting.map(|it| &it["balance"]).collect::<Vec<_>>(), ["0"]);
    let found = api.store.verify_ledger(|_| ()).await.unwrap();
    assert!(found.is_sound(), "{found:?}");
}

#[tokio::test]
async fn terms_that_change_count_from_the_next_period_and_one_that_is_missed_is_made_up_for() {
    let (api, _) = scene("USD").await;
    let mut fortnight = weekly("USD");
    fortnight["terms"] = json!("15/15");
    let agreed = agree(&api, "acme", fortnight).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    run(&api, at("2026-03-08T12:00:00Z")).await;
    assert_eq!(only(&api, "state=open").await["terms"], "7/3");
    // The node was down for a month.
    run(&api, at("2026-04-10T00:00:00Z")).await;
    let all = api.get(PATH).await.json();
    let told: Vec<_> = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let day = |name: &str| it[name].as_str().unwrap()[5..10].to_owned();
            (
                day("from"),
                day("to"),
                it["terms"].clone(),
                it["state"].clone(),
            )
        })
        .collect();
    let line = |from: &str, to: &str, terms: &str, state: &str| {
        (from.to_owned(), to.to_owned(), json!(terms), json!(state))
    };
    assert_eq!(
        told,
        [
            line("04-09", "04-24", "15/15", "open"),
            line("03-25", "04-09", "15/15", "paid"),
            line("03-10", "03-25", "15/15", "paid"),
            line("03-09", "03-10", "15/15", "paid"),
            line("03-02", "03-09", "7/3", "paid"),
            line("02-23", "03-02", "7/3", "draft"),
        ]
    );
    // Who is netted no more has no further period, and that which is under way comes to its end.
    let body = json!({ "name": "acme", "spec": { "rate_card": "retail" } });
    let ended = api.put("/api/v1/customers/acme", &body).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    run(&api, at("2026-05-30T00:00:00Z")).await;
    let all = api.get(PATH).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 6);
    assert_eq!(all["items"][0]["state"], "paid");
}

#[tokio::test]
async fn a_difference_that_is_not_paid_is_told_of_when_it_is_due_and_when_it_is_overdue() {
    let (api, _) = scene("USD").await;
    let due = at("2026-03-04T00:00:00Z");
    run(&api, Timestamp(due.0 - MINUTE_US)).await;
    assert_eq!(events(&api, "netting.due").await.len(), 0);
    run(&api, due).await;
    run(&api, Timestamp(due.0 + MINUTE_US)).await;
    let told = events(&api, "netting.due").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["subject"], "customer/acme");
    run(&api, at("2026-03-05T00:00:00Z")).await;
    run(&api, at("2026-03-06T00:00:00Z")).await;
    assert_eq!(events(&api, "netting.overdue").await.len(), 1);
    assert_eq!(only(&api, "state=draft").await["is_overdue"], true);
}

#[tokio::test]
async fn a_customer_sees_its_own_statements_once_they_are_confirmed() {
    let (api, customer) = scene("USD").await;
    let carrier = api.get("/api/v1/carriers/cheap").await.json()["id"].as_i64();
    let other = api.get("/api/v1/carriers/costly").await.json()["id"].as_i64();
    let reads = ["ledger.read"];
    let own = key_with(&api, 11, "customer", customer, &reads).await;
    let own_carrier = key_with(&api, 12, "carrier", carrier.unwrap(), &reads).await;
    let others = key_with(&api, 13, "carrier", other.unwrap(), &reads).await;
    let second = json!({ "name": "second", "spec": { "rate_card": "retail" } });
    let second = api.post("/api/v1/customers", &second).await.json()["id"].as_i64();
    let blind = key_with(&api, 14, "customer", second.unwrap(), &["cdr.read"]).await;
    let path = "/api/v1/own-nettings";
    assert_eq!(get_as(&api, &own, path).await.json()["items"], json!([]));
    let id = only(&api, "state=draft").await["id"].clone();
    api.post(&format!("{PATH}/{id}/confirm"), &json!({})).await;
    for key in [&own, &own_carrier] {
        let seen = get_as(&api, key, path).await;
        let items = &seen.json()["items"];
        assert_eq!(
            (&items[0]["owed"], &items[0]["earned"]),
            (&json!("0.03"), &json!("0.015"))
        );
        assert_eq!(
            (&items[0]["payer"], &items[0]["state"]),
            (&json!("you"), &json!("confirmed"))
        );
        assert!(!seen.body.contains("exchange_rate"), "{}", seen.body);
    }
    assert_eq!(get_as(&api, &others, path).await.json()["items"], json!([]));
    assert_eq!(
        get_as(&api, &blind, path).await.status,
        StatusCode::FORBIDDEN
    );
    for path in [PATH.to_owned(), format!("{PATH}/{id}")] {
        assert_eq!(
            get_as(&api, &own, &path).await.status,
            StatusCode::FORBIDDEN
        );
    }
}

#[tokio::test]
async fn another_operator_finds_no_netting_and_a_reader_confirms_none() {
    let (api, _) = scene("USD").await;
    let id = only(&api, "state=draft").await["id"].clone();
    let rights = ["ledger.read", "ledger.write"];
    let another = key_with(&api, 40, "operator", 0, &rights).await;
    let of_nobody = "UPDATE tenant SET resource_id = NULL WHERE id = 40";
    store::testing::execute(&api.store, of_nobody).await;
    let seen = get_as(&api, &another, PATH).await;
    assert_eq!(
        (seen.status, seen.json()["items"].clone()),
        (StatusCode::OK, json!([]))
    );
    let path = format!("{PATH}/{id}");
    assert_eq!(
        get_as(&api, &another, &path).await.status,
        StatusCode::NOT_FOUND
    );
    for part in ["confirm", "pay"] {
        let foreign = request("POST", &format!("{path}/{part}"))
            .header(header::AUTHORIZATION, format!("Bearer {another}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from("{}"));
        let foreign = api.send(foreign.unwrap()).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{}", foreign.body);
    }
    for (part, may) in [("confirm", "ledger.read"), ("pay", "event.read")] {
        let path = format!("{path}/{part}");
        let refused = change_by_key(&api, &[may], &path, &json!({})).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    }
    assert_eq!(only(&api, "state=draft").await["id"], id);
    let none = api
        .post(&format!("{PATH}/999999/confirm"), &json!({}))
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.body);
    let none = api.get(&format!("{PATH}?customer=nobody")).await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.body);
}

#[tokio::test]
async fn what_cannot_be_netted_is_refused_by_its_field() {
    let (api, _) = api().await;
    let agreed = agree(&api, "acme", weekly("USD")).await;
    assert_eq!(agreed.status, StatusCode::OK, "{}", agreed.body);
    let mut unknown = weekly("USD");
    unknown["carrier"] = json!("nobody");
    for (customer, netting, field) in [
        ("second", weekly("USD"), "netting.carrier"),
        ("second", unknown, "netting.carrier"),
        ("acme", weekly("JPY"), "netting.currency"),
    ] {
        let body =
            json!({ "name": customer, "spec": { "rate_card": "retail", "netting": netting } });
        let refused = match customer {
            "acme" => api.put("/api/v1/customers/acme", &body).await,
            _ => api.post("/api/v1/customers", &body).await,
        };
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        let found = refused.json()["errors"][0]["field"].clone();
        assert!(found.as_str().unwrap().ends_with(field), "{found}");
    }
    let mut gone = api.with_key("DELETE", "/api/v1/carriers/cheap", Body::empty());
    let any = HeaderValue::from_static("*");
    gone.headers_mut().insert(header::IF_MATCH, any);
    let gone = api.send(gone).await;
    assert_eq!(gone.status, StatusCode::CONFLICT, "{}", gone.body);
}

#[tokio::test]
async fn a_period_that_cannot_be_settled_says_why_until_it_can() {
    let (api, _) = api().await;
    agree(&api, "acme", weekly("USD")).await;
    run(&api, at("2026-02-25T00:00:00Z")).await;
    // What a later program, or a hand, has written: nothing is worth anything in it.
    store::testing::execute(&api.store, "UPDATE netting SET currency = 'JPY'").await;
    for _ in 0..2 {
        run(&api, at("2026-03-02T01:00:00Z")).await;
    }
    let open = only(&api, "state=open").await;
    assert_eq!(
        open["failure"],
        "there is no exchange rate for JPY: make one"
    );
    assert_eq!(events(&api, "netting.failed").await.len(), 1);
    store::testing::execute(&api.store, "UPDATE netting SET currency = 'USD'").await;
    run(&api, at("2026-03-02T02:00:00Z")).await;
    assert!(only(&api, "state=draft").await["failure"].is_null());
}
