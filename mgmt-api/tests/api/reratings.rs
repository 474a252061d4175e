//! Calls rated once more: previewed, applied, seen in the books; and what is refused.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{call, load};
use crate::fixture::{Answer, Api};
use crate::ledger::{get_as, key_with};
use axum::http::StatusCode;
use mgmt_api::jobs::{JobHandler, JobRun};
use mgmt_api::{ApplyRerating, PreviewRerating};
use serde_json::{Value, json};
use store::{
    EventQuery, JobQuery, RERATING_APPLY_JOB, RERATING_PREVIEW_JOB, ReratingState, Scope, TenantId,
};

const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);

/// The day of the calls.
const FROM: &str = "2026-03-01T00:00:00Z";
const TO: &str = "2026-03-02T00:00:00Z";

/// Three calls that were charged 0.01 each by a deck of before, and cost 0.005.
async fn api() -> Api {
    let api = Api::start().await;
    let applied = apply(&api, RESOURCES, DECK, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let id = async |path: &str| {
        let found = api.get(&format!("/api/v1/{path}")).await.json();
        found["id"].as_i64().unwrap()
    };
    let (customer, carrier) = (id("customers/acme").await, id("carriers/cheap").await);
    let (retail, wholesale) = (
        id("rate-cards/retail").await,
        id("rate-cards/wholesale").await,
    );
    let calls = [1, 2, 3].map(|second| {
        let mut call = call(second);
        call.customer.as_mut().unwrap().id = customer;
        call.rate.as_mut().unwrap().rate_card.id = retail;
        call.attempts[0].carrier.id = carrier;
        call.attempts[0].rate.rate_card.id = wholesale;
        call
    });
    load(&api, &calls).await;
    api
}

async fn run(api: &Api, kind: &str, handler: &dyn JobHandler) {
    let query = JobQuery {
        kind: Some(kind.into()),
        limit: 1,
        ..JobQuery::default()
    };
    let job = api.store.jobs(&SCOPE, &query).await.unwrap().remove(0);
    handler.run(&JobRun::new(job, 1)).await.unwrap();
}

/// Asks, has the job run, and shows what came of it.
async fn preview(api: &Api, more: Value) -> Value {
    let mut body = json!({ "side": "customers", "from": FROM, "to": TO });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    let asked = api.post("/api/v1/reratings", &body).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    assert_eq!(asked.json()["state"], "previewing");
    let handler = PreviewRerating::new(api.state.clone());
    run(api, RERATING_PREVIEW_JOB, &handler).await;
    api.get(&format!("/api/v1/reratings/{}", asked.json()["id"]))
        .await
        .json()
}

async fn apply_rerating(api: &Api, id: &Value) -> Answer {
    api.post(&format!("/api/v1/reratings/{id}/apply"), &json!({}))
        .await
}

async fn post(api: &Api) {
    let handler = ApplyRerating::new(api.state.clone());
    run(api, RERATING_APPLY_JOB, &handler).await;
}

async fn balance(api: &Api, party: &str) -> Value {
    api.get(&format!("/api/v1/{party}/balance")).await.json()["balance"].clone()
}

#[tokio::test]
async fn one_that_no_job_goes_on_with_says_so_and_can_be_applied_again() {
    let api = api().await;
    let found = preview(&api, json!({})).await;
    let id = &found["id"];
    apply_rerating(&api, id).await;
    let state = async || {
        let path = format!("/api/v1/reratings/{id}");
        api.get(&path).await.json()["state"].clone()
    };
    assert_eq!(state().await, "applying");
    for ended in ["UPDATE job SET state = 'dead'", "DELETE FROM job"] {
        store::testing::execute(&api.store, ended).await;
        assert_eq!(state().await, "stopped");
        let again = apply_rerating(&api, id).await;
        assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.body);
        assert_eq!(state().await, "applying");
    }
    post(&api).await;
    assert_eq!(state().await, "applied");
    assert_eq!(balance(&api, "customers/acme").await, "-0.009999999");
}

#[tokio::test]
async fn a_preview_posts_nothing_until_it_is_applied_and_then_each_difference_once() {
    let api = api().await;
    let found = preview(&api, json!({ "reason": "the deck was late" })).await;
    assert_eq!(found["state"], "ready", "{found}");
    let outcome = &found["outcome"];
    let counts = ["calls", "rated", "changed", "unrated"].map(|name| outcome[name].as_u64());
    assert_eq!(counts, [Some(3), Some(3), Some(3), Some(0)]);
    // Ten seconds at 0.02 a minute, to the nano-unit.
    assert_eq!(outcome["was_in_books"], "0.03");
    assert_eq!(outcome["now_in_books"], "0.009999999");
    assert_eq!(outcome["difference_in_books"], "-0.020000001");
    let party = &outcome["parties"][0];
    assert_eq!(
        (&party["name"], &party["difference"]),
        (&json!("acme"), &json!("-0.020000001"))
    );
    assert_eq!(balance(&api, "customers/acme").await, "-0.03");

    let id = &found["id"];
    let applied = apply_rerating(&api, id).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    assert_eq!(applied.json()["state"], "applying");
    post(&api).await;
    post(&api).await;
    assert_eq!(balance(&api, "customers/acme").await, "-0.009999999");
    assert_eq!(balance(&api, "carriers/cheap").await, "0.015");
    let heard = api.switch.balances.lock().unwrap().last().copied().unwrap();
    assert_eq!((heard.change.0, heard.balance.0), (20_000_001, -9_999_999));
    let found = api.get(&format!("/api/v1/reratings/{id}")).await.json();
    assert_eq!(
        (&found["state"], &found["reason"]),
        (&json!("applied"), &json!("the deck was late"))
    );

    let entries = api
        .get("/api/v1/ledger/entries?kind=charge_correction")
        .await
        .json();
    let entries = entries["items"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(entries[0]["amount"], "0.006666667");
    assert_eq!(entries[0]["details"]["rerating"], *id);
    assert!(entries[0]["call"].is_string() && entries[0]["corrects"].is_i64());
    let call = entries[0]["call"].as_str().unwrap();
    let record = api.get(&format!("/api/v1/cdrs/{call}")).await.json();
    assert_eq!(record["charge"], "0.01", "a record is a fact: {record}");
    let verified = api.store.verify_ledger(|_| ()).await.unwrap();
    assert!(verified.is_sound(), "{verified:?}");
    assert_eq!(verified.corrections, 3);

    let again = apply_rerating(&api, id).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("it is applied"), "{}", again.body);
    let gone = api.send(api.with_key("DELETE", &format!("/api/v1/reratings/{id}"), "".into()));
    assert_eq!(gone.await.status, StatusCode::CONFLICT);
    let none = preview(&api, json!({})).await;
    assert_eq!(
        none["outcome"]["changed"], 0,
        "it is as it should be: {none}"
    );
    assert_eq!(none["outcome"]["was_in_books"], "0.009999999");
}

#[tokio::test]
async fn what_is_done_is_told_by_the_audit_log_an_event_and_the_statement() {
    let api = api().await;
    let found = preview(&api, json!({ "customer": "acme" })).await;
    apply_rerating(&api, &found["id"]).await;
    post(&api).await;
    let log = api.get("/api/v1/audit-entries?limit=10").await.json();
    let told: Vec<_> = log["items"].as_array().unwrap().iter().collect();
    for operation in ["rerating.create", "rerating.apply"] {
        let is_it = |entry: &&Value| entry["operation"] == operation;
        assert!(told.iter().any(is_it), "{operation}: {log}");
    }
    let query = EventQuery {
        limit: 50,
        ..EventQuery::default()
    };
    let events = api.store.events(&SCOPE, &query);
    let events = events.await.unwrap();
    let event = events
        .iter()
        .find(|event| event.kind == "rerating.applied")
        .unwrap();
    assert_eq!(event.data["difference_in_books"], "-0.020000001");
    let today = api.get("/api/v1/customers/acme/statement").await.json();
    let lines = today["movements"].as_array().unwrap();
    let line = lines
        .iter()
        .find(|line| line["kind"] == "corrections")
        .unwrap();
    assert_eq!(
        (&line["count"], &line["amount"]),
        (&json!(3), &json!("0.020000001"))
    );
}

#[tokio::test]
async fn rates_that_were_changed_since_the_preview_are_refused() {
    let api = api().await;
    let found = preview(&api, json!({})).await;
    let deck = DECK.replace("331,Paris,0.02", "331,Paris,0.025");
    let applied = apply(&api, RESOURCES, &deck, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let refused = apply_rerating(&api, &found["id"]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("another preview"), "{}", refused.body);
    assert_eq!(balance(&api, "customers/acme").await, "-0.03");
    // What was in force once stays what it was.
    let past = preview(&api, json!({ "snapshot": 1 })).await;
    assert_eq!(past["outcome"]["now_in_books"], "0.009999999", "{past}");
    assert_eq!(
        apply_rerating(&api, &past["id"]).await.status,
        StatusCode::ACCEPTED
    );
}

#[tokio::test]
async fn carriers_are_rated_by_the_talk_of_their_attempts_and_what_cannot_be_rated_says_why() {
    let api = api().await;
    let found = preview(&api, json!({ "side": "carriers", "carrier": "cheap" })).await;
    // 10.005 seconds of talk are billed as 11, at 0.01 a minute.
    assert_eq!(found["outcome"]["now_in_books"], "0.005499999", "{found}");
    apply_rerating(&api, &found["id"]).await;
    post(&api).await;
    assert_eq!(balance(&api, "carriers/cheap").await, "0.005499999");
    let other = "---\nkind: rate_card\nname: other\nspec:\n  currency: USD\n  rates:\n    \
        - { prefix: \"49\", destination: Germany, rate_per_minute: \"0.01\" }\n---\nkind: trunk\n\
        name: other-out\nspec:\n  direction: egress\n  carrier: costly\n  rate_card: other\n  \
        gateway: \"192.0.2.22:5060\"\n";
    let applied = apply(&api, &format!("{RESOURCES}{other}"), DECK, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let found = preview(&api, json!({ "rate_card": "other" })).await;
    let outcome = &found["outcome"];
    assert_eq!(
        (&outcome["rated"], &outcome["unrated"]),
        (&json!(0), &json!(3))
    );
    let reason = &outcome["reasons"][0];
    assert_eq!(
        (&reason["reason"], &reason["count"]),
        (&json!("no_rate"), &json!(3))
    );
    assert_eq!(reason["calls"].as_array().unwrap().len(), 3);
    let none = preview(&api, json!({ "called_prefix": "49" })).await;
    assert_eq!(none["outcome"]["rated"], 0, "{none}");
    let none = preview(&api, json!({ "destination": "Berlin" })).await;
    assert_eq!(none["outcome"]["rated"], 0, "{none}");
    let all = preview(
        &api,
        json!({ "rated_by": "retail", "destination": "Paris" }),
    )
    .await;
    assert_eq!(all["outcome"]["rated"], 3, "{all}");
}

#[tokio::test]
async fn a_draft_of_a_card_can_be_tried_on_calls_before_it_is_pushed() {
    let api = api().await;
    let set = api
        .post("/api/v1/change-sets", &json!({ "name": "cheaper" }))
        .await
        .json();
    let path = format!("/api/v1/rate-cards/retail?change_set={}", set["id"]);
    let card = json!({ "name": "retail", "spec": { "currency": "USD", "rates": [
        { "prefix": "33", "destination": "France", "rate_per_minute": "0.006" } ] } });
    let put = api.put(&path, &card).await;
    assert!(put.status.is_success(), "{}", put.body);
    let found = preview(&api, json!({ "change_set": set["id"] })).await;
    assert_eq!(found["outcome"]["now_in_books"], "0.003", "{found}");
    let card = json!({ "name": "retail", "spec": { "currency": "USD", "rates": [
        { "prefix": "33", "destination": "France", "rate_per_minute": "0.012" } ] } });
    let put = api.put(&path, &card).await;
    assert!(put.status.is_success(), "{}", put.body);
    let refused = apply_rerating(&api, &found["id"]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
}

#[tokio::test]
async fn who_may_only_read_asks_for_none_and_other_tenants_see_none() {
    let api = api().await;
    let found = preview(&api, json!({})).await;
    let path = format!("/api/v1/reratings/{}", found["id"]);
    let key = key_with(&api, 7, "operator", 0, &["ledger.read", "ledger.write"]).await;
    store::testing::execute(
        &api.store,
        "UPDATE tenant SET resource_id = NULL WHERE id = 7",
    )
    .await;
    assert_eq!(
        get_as(&api, &key, &path).await.status,
        StatusCode::NOT_FOUND
    );
    let list = get_as(&api, &key, "/api/v1/reratings").await;
    assert_eq!(list.json()["items"], json!([]), "{}", list.body);
    let customer = key_with(&api, 8, "customer", 1, &["ledger.read", "ledger.write"]).await;
    let refused = get_as(&api, &customer, &path).await.status;
    assert!(!refused.is_success(), "{refused}");
    let others = Scope::of_tenant(TenantId::new(7));
    let row = api.store.rerating(&others, found["id"].as_i64().unwrap());
    assert_eq!(row.await.unwrap(), None);
    let (cookie, csrf) = api.sign_in_as("auditor").await;
    let request = crate::fixture::request("POST", &format!("{path}/apply"))
        .header("cookie", cookie)
        .header("x-csrf-token", csrf)
        .body(axum::body::Body::empty());
    assert_eq!(
        api.send(request.unwrap()).await.status,
        StatusCode::FORBIDDEN
    );
    let row = api
        .store
        .rerating(&SCOPE, found["id"].as_i64().unwrap())
        .await
        .unwrap();
    assert_eq!(row.unwrap().state, ReratingState::Ready);
    let gone = api.send(api.with_key("DELETE", &path, "".into())).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_which_field_is_wrong() {
    let api = api().await;
    let cases = [
        (json!({ "to": FROM }), "to"),
        (json!({ "to": "2999-01-01T00:00:00Z" }), "to"),
        (json!({ "called_prefix": "+33" }), "called_prefix"),
        (json!({ "carrier": "cheap" }), "carrier"),
        (json!({ "snapshot": 1, "change_set": 1 }), "change_set"),
    ];
    for (more, field) in cases {
        let mut body = json!({ "side": "customers", "from": FROM, "to": TO });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = api.post("/api/v1/reratings", &body).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        assert_eq!(
            refused.json()["errors"][0]["field"],
            field,
            "{}",
            refused.body
        );
    }
    let body = json!({ "side": "customers", "customer": "nobody", "from": FROM, "to": TO });
    assert_eq!(
        api.post("/api/v1/reratings", &body).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        api.get("/api/v1/reratings/999").await.status,
        StatusCode::NOT_FOUND
    );
    let failed = preview(&api, json!({ "snapshot": 77 })).await;
    assert_eq!(failed["state"], "failed");
    assert!(
        failed["failure"].as_str().unwrap().contains("77"),
        "{failed}"
    );
}
