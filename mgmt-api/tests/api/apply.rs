//! Files in, one new snapshot out, or nothing.

use crate::fixture::{Answer, Api};
use axum::http::StatusCode;
use rating::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::NewVersion;

/// Two cards, two carriers, a customer, three trunks. Lines are counted by the tests below.
pub(crate) const RESOURCES: &str = r#"kind: rate_card
name: retail
spec:
  currency: USD
  rates_file: retail.csv
---
kind: rate_card
name: wholesale
spec:
  currency: USD
  rates:
    - { prefix: "33", destination: France, rate_per_minute: "0.01" }
---
kind: rate_card
name: dear
spec:
  currency: USD
  rates:
    - { prefix: "33", destination: France, rate_per_minute: "0.015" }
---
kind: carrier
name: cheap
spec: {}
---
kind: carrier
name: costly
spec: {}
---
kind: customer
name: acme
spec:
  rate_card: retail
  cps_limit: 10
---
kind: trunk
name: acme-in
spec:
  direction: ingress
  customer: acme
  source_addresses: ["192.0.2.1"]
---
kind: trunk
name: cheap-out
spec:
  direction: egress
  carrier: cheap
  rate_card: wholesale
  gateway: "192.0.2.20:5060"
---
kind: trunk
name: costly-out
spec:
  direction: egress
  carrier: costly
  rate_card: dear
  gateway: "192.0.2.21:5060"
"#;

pub(crate) const DECK: &str =
    "prefix,destination,rate_per_minute\n33,France,0.03\n331,Paris,0.02\n";

pub(crate) async fn apply(api: &Api, resources: &str, deck: &str, dry_run: bool) -> Answer {
    let body = json!({
        "files": [{"path": "switch.yaml", "content": resources}],
        "decks": [{"path": "retail.csv", "content": deck}],
    });
    api.post(&format!("/api/v1/apply?dry_run={dry_run}"), &body)
        .await
}

fn published(api: &Api) -> usize {
    api.switch.published.load(Ordering::Relaxed)
}

fn actions(answer: &Answer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    answer.json()["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| (text(&change["name"]), text(&change["action"])))
        .collect()
}

async fn resource_count(api: &Api) -> usize {
    api.get("/api/v1/resources").await.json()["items"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn files_are_created_published_once_and_unchanged_the_second_time() {
    let api = Api::start().await;
    let answer = apply(&api, RESOURCES, DECK, false).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["snapshot_number"], 1);
    assert_eq!(published(&api), 1);
    assert!(
        actions(&answer)
            .iter()
            .all(|(_, action)| action == "created")
    );
    assert_eq!(resource_count(&api).await, 9);
    let again = apply(&api, RESOURCES, DECK, false).await;
    assert!(
        actions(&again)
            .iter()
            .all(|(_, action)| action == "unchanged"),
        "{}",
        again.body
    );
    assert_eq!(again.json()["snapshot_number"], 1);
    assert_eq!(published(&api), 1, "what does not change is not published");
    assert_eq!(api.store.configuration_number().await.unwrap(), 1);
}

#[tokio::test]
async fn only_what_changes_gets_a_new_version() {
    let api = Api::start().await;
    apply(&api, RESOURCES, DECK, false).await;
    let changed = RESOURCES.replace("cps_limit: 10", "cps_limit: 20");
    let answer = apply(&api, &changed, DECK, false).await;
    let acme = json!({
        "kind": "customer",
        "name": "acme",
        "action": "updated",
        "differences": [{"field": "cps_limit", "before": 10, "after": 20}],
    });
    let result = answer.json();
    let updated: Vec<_> = result["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] != "unchanged")
        .collect();
    assert_eq!(updated, [&acme]);
    assert_eq!(result["snapshot_number"], 2);
    assert_eq!(api.switch.snapshot.lock().unwrap().number(), 2);
    let customers = api.get("/api/v1/resources?kind=customer").await.json();
    assert_eq!(customers["items"][0]["version"], 2);
    assert_eq!(customers["items"][0]["spec"]["cps_limit"], 20);
}

#[tokio::test]
async fn a_changed_rate_file_is_told_in_numbers_and_reaches_the_next_call() {
    let api = Api::start().await;
    apply(&api, RESOURCES, DECK, false).await;
    let deck = "prefix,destination,rate_per_minute\n331,Paris,0.025\n332,West,0.02\n44,UK,0.01\n";
    let answer = apply(&api, RESOURCES, deck, false).await;
    let result = answer.json();
    let card = result["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["name"] == "retail")
        .unwrap();
    assert_eq!(
        card["differences"],
        json!([{
            "field": "rates",
            "before": "2 rates",
            "after": "3 rates: 2 added, 1 removed, 1 changed",
        }])
    );
    let explained = api
        .get("/api/v1/explain?from=1&to=33142685300&customer=acme")
        .await
        .json();
    assert_eq!(explained["customer_rate"]["next_rate_per_minute"], "0.025");
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let api = Api::start().await;
    let answer = apply(&api, RESOURCES, DECK, true).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["dry_run"], true);
    assert_eq!(answer.json()["snapshot_number"], 0);
    assert!(
        actions(&answer)
            .iter()
            .all(|(_, action)| action == "created")
    );
    assert_eq!(resource_count(&api).await, 0);
    assert_eq!(published(&api), 0);
    let broken = RESOURCES.replace("carrier: cheap\n", "carrier: gone\n");
    let answer = apply(&api, &broken, DECK, true).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "a dry run compiles too"
    );
}

async fn refused(resources: &str, deck: &str) -> Value {
    let api = Api::start().await;
    let answer = apply(&api, resources, deck, false).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert_eq!(answer.problem(), "/problems/invalid");
    assert_eq!(resource_count(&api).await, 0, "nothing was applied");
    assert_eq!(published(&api), 0);
    assert_eq!(api.store.configuration_number().await.unwrap(), 0);
    answer.json()["errors"][0].clone()
}

#[tokio::test]
async fn broken_files_name_file_line_and_field_and_apply_nothing() {
    let number = refused(&RESOURCES.replace("cps_limit: 10", "cps_limit: many"), DECK).await;
    assert_eq!(
        (&number["file"], &number["line"]),
        (&json!("switch.yaml"), &json!(33))
    );
    assert_eq!(
        (&number["field"], &number["name"]),
        (&json!("cps_limit"), &json!("acme"))
    );
    let unknown = refused(&RESOURCES.replace("cps_limit: 10", "cps: 10"), DECK).await;
    assert_eq!(unknown["line"], 33);
    let missing = refused(
        &RESOURCES.replace("rate_card: retail", "rate_card: gone"),
        DECK,
    )
    .await;
    assert_eq!(missing["file"], "switch.yaml");
    assert_eq!(
        (&missing["kind"], &missing["field"]),
        (&json!("customer"), &json!("rate_card"))
    );
    assert_eq!(missing["line"], 32);
}

#[tokio::test]
async fn broken_rate_files_name_file_line_and_column() {
    let deck = "prefix,destination,rate_per_minute\n33,France,0.03\n331,Paris,cheap\n";
    let error = refused(RESOURCES, deck).await;
    assert_eq!(
        (&error["file"], &error["line"]),
        (&json!("retail.csv"), &json!(3))
    );
    assert_eq!(error["field"], "rate_per_minute");
    let absent = refused(&RESOURCES.replace("retail.csv", "other.csv"), DECK).await;
    assert_eq!(
        (&absent["file"], &absent["field"]),
        (&json!("switch.yaml"), &json!("rates_file"))
    );
    assert_eq!(absent["line"], 5);
}

#[tokio::test]
async fn a_resource_in_two_files_is_refused() {
    let api = Api::start().await;
    let file = |path: &str| json!({"path": path, "content": "kind: carrier\nname: a\nspec: {}\n"});
    let body = json!({"files": [file("a.yaml"), file("b.yaml")]});
    let answer = api.post("/api/v1/apply", &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["file"], "b.yaml");
}

#[tokio::test]
async fn what_was_applied_is_there_after_a_restart() {
    let api = Api::start().await;
    apply(&api, RESOURCES, DECK, false).await;
    let before = api
        .get("/api/v1/explain?from=1&to=33142685300&customer=acme")
        .await
        .json();
    api.store.close().await;
    let Api { folder, .. } = api;
    let again = Api::start_in(folder).await;
    assert_eq!(again.switch.snapshot.lock().unwrap().number(), 1);
    let after = again
        .get("/api/v1/explain?from=1&to=33142685300&customer=acme")
        .await
        .json();
    assert_eq!(after, before);
    let answer = apply(&again, RESOURCES, DECK, false).await;
    assert!(
        actions(&answer)
            .iter()
            .all(|(_, action)| action == "unchanged")
    );
}

#[tokio::test]
async fn the_change_carries_the_name_of_who_made_it() {
    let api = Api::start().await;
    let (cookie, csrf) = api.sign_in().await;
    let body =
        json!({"files": [{"path": "c.yaml", "content": "kind: carrier\nname: a\nspec: {}\n"}]});
    let request = crate::fixture::request("POST", "/api/v1/apply")
        .header("cookie", cookie)
        .header("x-csrf-token", csrf)
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    assert_eq!(api.send(request).await.status, StatusCode::OK);
    assert_eq!(
        api.store.configuration_author(1).await.unwrap().as_deref(),
        Some("admin")
    );
}

#[tokio::test]
async fn two_changes_at_the_same_time_are_one_after_the_other() {
    let api = Api::start().await;
    let body = |name: &str| {
        let content = format!("kind: carrier\nname: {name}\nspec: {{}}\n");
        json!({"files": [{"path": "c.yaml", "content": content}]})
    };
    let (a, b) = (body("a"), body("b"));
    let (first, second) =
        tokio::join!(api.post("/api/v1/apply", &a), api.post("/api/v1/apply", &b));
    let mut numbers = [
        first.json()["snapshot_number"].clone(),
        second.json()["snapshot_number"].clone(),
    ];
    numbers.sort_by_key(Value::as_u64);
    assert_eq!(numbers, [json!(1), json!(2)]);
    assert_eq!(resource_count(&api).await, 2);
    assert_eq!(api.switch.snapshot.lock().unwrap().carriers().len(), 2);
}

#[tokio::test]
async fn what_another_node_has_pushed_is_in_force_here_once_it_is_met() {
    let api = Api::start().await;
    let mut other = api
        .store
        .change_configuration("another node", Timestamp(1))
        .await
        .unwrap();
    let spec = json!({});
    let elsewhere = NewVersion {
        kind: "carrier",
        name: "elsewhere",
        spec: &spec,
        deck_hash: None,
    };
    other.put(&elsewhere).await.unwrap();
    other.commit().await.unwrap();
    assert_eq!(published(&api), 0);
    let content = "kind: carrier\nname: here\nspec: {}\n";
    let body = json!({"files": [{"path": "c.yaml", "content": content}]});
    let answer = api.post("/api/v1/apply", &body).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
    let snapshot = Arc::clone(&*api.switch.snapshot.lock().unwrap());
    assert_eq!((snapshot.number(), snapshot.carriers().len()), (1, 1));
    let answer = api.post("/api/v1/apply", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let snapshot = Arc::clone(&*api.switch.snapshot.lock().unwrap());
    assert_eq!((snapshot.number(), snapshot.carriers().len()), (2, 2));
}
