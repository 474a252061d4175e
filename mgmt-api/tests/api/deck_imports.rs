//! Carriers' decks: sent, read, looked at, applied to rate cards.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use mgmt_api::jobs::{JobHandler as _, JobRun};
use mgmt_api::{FollowDecks, ReadDeck};
use serde_json::{Value, json};
use store::{JobQuery, READ_DECK_JOB, Scope, TenantId};

const DECK: &str = "Code,Destination,Rate\n\
    1,USA,0.012\n\
    44,UK,0.015\n\
    49,Germany,0.02\n\
    4479,UK Mobile,0.05\n";

/// A card with a few rates, and the carrier that charges by it.
async fn world() -> Api {
    let api = Api::start().await;
    for (plural, name, spec) in [
        ("rate-cards", "cost", card()),
        ("rate-cards", "other", card()),
        ("carriers", "aurora", json!({})),
        ("trunks", "aurora-out", trunk("cost", "192.0.2.11:5060")),
        ("trunks", "aurora-more", trunk("other", "192.0.2.12:5060")),
    ] {
        let body = json!({"name": name, "spec": spec});
        let made = api.post(&format!("/api/v1/{plural}"), &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }
    api
}

fn card() -> Value {
    json!({"currency": "USD", "rates": [
        {"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"},
        {"prefix": "44", "destination": "UK", "rate_per_minute": "0.02"},
        {"prefix": "4479", "destination": "UK Mobile", "rate_per_minute": "0.05"},
    ]})
}

fn trunk(card: &str, gateway: &str) -> Value {
    json!({"direction": "egress", "carrier": "aurora", "rate_card": card, "gateway": gateway})
}

async fn made(api: &Api, body: Value) -> i64 {
    let made = api.post("/api/v1/deck-imports", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.json()["state"], "awaiting_file");
    made.json()["id"].as_i64().unwrap()
}

fn path(id: i64, rest: &str) -> String {
    format!("/api/v1/deck-imports/{id}{rest}")
}

async fn send(api: &Api, id: i64, file: &[u8]) -> Answer {
    let file = Body::from(file.to_vec());
    let request = request("PUT", &path(id, "/file"))
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(file);
    api.send(request.unwrap()).await
}

/// Runs the newest job that reads a deck.
async fn run_job(api: &Api) {
    let query = JobQuery {
        kind: Some(READ_DECK_JOB.into()),
        limit: 1,
        ..JobQuery::default()
    };
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let job = api.store.jobs(&scope, &query).await.unwrap().remove(0);
    let run = JobRun::new(job, 1);
    ReadDeck::new(api.state.clone()).run(&run).await.unwrap();
}

/// An import whose file is read.
async fn imported(api: &Api, body: Value, file: &str) -> (i64, Value) {
    let id = made(api, body).await;
    let sent = send(api, id, file.as_bytes()).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
    assert_eq!(sent.json()["state"], "reading");
    run_job(api).await;
    (id, api.get(&path(id, "")).await.json())
}

async fn apply(api: &Api, id: i64, body: Value) -> Answer {
    api.post(&path(id, "/apply"), &body).await
}

async fn push(api: &Api, set: i64) {
    let pushed = api
        .post(&format!("/api/v1/change-sets/{set}/push"), &json!({}))
        .await;
    assert_eq!(pushed.status, StatusCode::OK, "{}", pushed.body);
}

async fn rates(api: &Api, card: &str) -> String {
    let rates = api.get(&format!("/api/v1/rate-cards/{card}/rates")).await;
    assert_eq!(rates.status, StatusCode::OK, "{}", rates.body);
    rates.body
}

/// Prefix and price of each rate.
fn prices(deck: &str) -> Vec<(String, String)> {
    let rows = deck.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split(',').collect();
        (fields[0].to_owned(), fields[2].to_owned())
    });
    rows.collect()
}

fn pair(prefix: &str, price: &str) -> (String, String) {
    (prefix.to_owned(), price.to_owned())
}

#[tokio::test]
async fn a_deck_becomes_a_draft_and_after_its_push_what_calls_pay() {
    let api = world().await;
    let (id, found) = imported(&api, json!({"card": "cost", "file_name": "nov.csv"}), DECK).await;
    assert_eq!(found["state"], "ready", "{found}");
    let counts = &found["result"]["counts"];
    assert_eq!(counts["increase"], 1, "{counts}");
    assert_eq!(counts["decrease"], 1);
    assert_eq!(counts["new"], 1);
    assert_eq!(
        (&counts["unchanged"], &counts["removed"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(found["result"]["moments"].as_array().unwrap().len(), 1);
    let changes = api.get(&path(id, "/changes")).await.json();
    let first = &changes["items"][0];
    assert_eq!(
        (&first["prefix"], &first["kind"], &first["destination"]),
        (&json!("1"), &json!("increase"), &json!("USA"))
    );
    assert_eq!(
        (&first["old_rate"], &first["new_rate"]),
        (&json!("0.01"), &json!("0.012"))
    );

    let applied = apply(&api, id, json!({})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    let applied = applied.json();
    assert_eq!(
        (&applied["push_at"], &applied["left"]),
        (&Value::Null, &json!(0))
    );
    assert_eq!(applied["changes"][0]["name"], "cost");
    let before = prices(&rates(&api, "cost").await);
    assert_eq!(
        before[0],
        pair("1", "0.01"),
        "nothing is in force before the push"
    );
    push(&api, applied["change_set"].as_i64().unwrap()).await;
    assert_eq!(
        prices(&rates(&api, "cost").await),
        [
            pair("1", "0.0120"),
            pair("44", "0.0150"),
            pair("4479", "0.05"),
            pair("49", "0.02"),
        ]
    );
    let again = apply(&api, id, json!({})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body.contains("applied already"), "{}", again.body);
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "applied");

    let (same, found) = imported(&api, json!({"card": "cost"}), DECK).await;
    assert_eq!(found["result"]["moments"], json!([]), "the same deck again");
    assert_eq!(
        apply(&api, same, json!({})).await.status,
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn what_is_doubtful_has_to_be_confirmed_and_rejected_rows_remove_nothing() {
    let api = world().await;
    let file = "Code,Destination,Rate\n1,USA,9\n44,UK,0.02\n4479,UK Mobile,free\n";
    let (id, found) = imported(&api, json!({"card": "cost"}), file).await;
    let result = &found["result"];
    assert_eq!(
        (&result["rejections"], &result["doubts"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (&result["counts"]["kept"], &result["counts"]["removed"]),
        (&json!(1), &json!(0))
    );
    let rejected = api.get(&path(id, "/rejections")).await.json();
    assert_eq!(
        rejected["items"],
        json!([{
            "line": 4, "field": "rate_per_minute", "text": "free", "reason": "not_a_price",
            "message": "not a price",
        }])
    );
    let doubts = api.get(&path(id, "/doubts")).await.json();
    assert_eq!(doubts["items"][0]["kind"], "absurd_increase");
    assert_eq!(
        (&doubts["items"][0]["prefix"], &doubts["items"][0]["line"]),
        (&json!("1"), &json!(2))
    );
    assert_eq!(doubts["items"][1]["kind"], "rows_rejected");

    let refused = apply(&api, id, json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("confirm"), "{}", refused.body);
    let sets = api.get("/api/v1/change-sets").await.json();
    assert_eq!(sets["items"], json!([]), "nothing is left behind");
    let applied = apply(&api, id, json!({"confirm": true})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    push(&api, applied.json()["change_set"].as_i64().unwrap()).await;
    assert_eq!(
        prices(&rates(&api, "cost").await),
        [pair("1", "9"), pair("44", "0.02"), pair("4479", "0.05")]
    );
}

#[tokio::test]
async fn an_import_of_a_card_that_has_changed_since_is_refused() {
    let api = world().await;
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let mut spec = card();
    spec["rates"][0]["rate_per_minute"] = json!("0.03");
    let put = api
        .put(
            "/api/v1/rate-cards/cost",
            &json!({"name": "cost", "spec": spec}),
        )
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let refused = apply(&api, id, json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(
        refused.body.contains("has changed since"),
        "{}",
        refused.body
    );
    assert_eq!(prices(&rates(&api, "cost").await)[0], pair("1", "0.03"));
}

#[tokio::test]
async fn rates_of_a_time_to_come_are_scheduled_after_those_before_them() {
    let api = world().await;
    let file = "Code,Destination,Rate,Effective Date\n1,USA,0.005,\n1,USA,0.02,2090-01-01\n\
                44,UK,0.02,\n4479,UK Mobile,0.05,\n";
    let (id, found) = imported(&api, json!({"card": "cost"}), file).await;
    let moments = &found["result"]["moments"];
    assert_eq!(moments.as_array().unwrap().len(), 2, "{moments}");
    assert_eq!(moments[1]["at"], "2090-01-01T00:00:00.000000Z");
    let first = apply(&api, id, json!({"follow": false})).await.json();
    assert_eq!(
        (&first["left"], &first["follows"], &first["push_at"]),
        (&json!(1), &json!(false), &Value::Null)
    );
    let early = apply(&api, id, json!({})).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    assert!(early.body.contains("not in force"), "{}", early.body);
    push(&api, first["change_set"].as_i64().unwrap()).await;
    assert_eq!(prices(&rates(&api, "cost").await)[0], pair("1", "0.0050"));

    let set = api
        .post("/api/v1/change-sets", &json!({"name": "mine"}))
        .await
        .json()["id"]
        .clone();
    let wrong = apply(&api, id, json!({"change_set": set})).await;
    assert_eq!(
        wrong.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        wrong.body
    );
    let second = apply(&api, id, json!({})).await;
    assert_eq!(second.status, StatusCode::ACCEPTED, "{}", second.body);
    let second = second.json();
    assert_eq!(second["push_at"], "2090-01-01T00:00:00.000000Z");
    let set = second["change_set"].as_i64().unwrap();
    let set = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(
        (&set["state"], &set["push_at"], &set["drafts"]),
        (&json!("scheduled"), &second["push_at"], &json!(1))
    );
    assert_eq!(
        prices(&rates(&api, "cost").await)[0],
        pair("1", "0.0050"),
        "not before its time"
    );
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "applied");
}

#[tokio::test]
async fn a_file_of_which_nothing_can_be_taken_says_why_and_another_may_follow() {
    let api = world().await;
    let file = "Code,Destination,Current Rate,New Rate\n1,USA,0.01,0.02\n";
    let (id, found) = imported(&api, json!({"card": "cost"}), file).await;
    assert_eq!(
        (&found["state"], &found["result"]),
        (&json!("failed"), &Value::Null)
    );
    let failure = found["failure"].as_str().unwrap();
    assert!(
        failure.contains("`Current Rate` and `New Rate`"),
        "{failure}"
    );
    assert_eq!(
        api.get(&path(id, "/changes")).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        apply(&api, id, json!({"confirm": true})).await.status,
        StatusCode::CONFLICT
    );
    assert_eq!(
        send(&api, id, b"").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        send(&api, id, DECK.as_bytes()).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        send(&api, id, DECK.as_bytes()).await.status,
        StatusCode::CONFLICT,
        "it is read at this moment"
    );
    run_job(&api).await;
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "ready");
}

#[tokio::test]
async fn the_next_deck_of_a_carrier_is_read_as_the_last_that_was_applied() {
    let api = world().await;
    let mapping = json!({"columns": {"rate": "New Rate"}, "decimal_mark": "point"});
    let policy = json!({"scope": "partial", "notice_days": 7, "absurd_factor": 3});
    let body = json!({"card": "cost", "mapping": mapping, "policy": policy});
    let file = "Code,Destination,Current Rate,New Rate\n1,USA,0.01,0.009\n";
    let (id, found) = imported(&api, body, file).await;
    assert_eq!(found["result"]["counts"]["decrease"], 1, "{found}");
    let remembered = async || {
        let id = made(&api, json!({"card": "other"})).await;
        api.get(&path(id, "")).await.json()
    };
    assert_eq!(
        remembered().await["policy"]["notice_days"],
        0,
        "not applied yet"
    );
    assert_eq!(
        apply(&api, id, json!({})).await.status,
        StatusCode::ACCEPTED
    );
    let next = remembered().await;
    assert_eq!(next["policy"], policy, "another card of the same carrier");
    assert_eq!(next["mapping"]["columns"], json!({"rate": "New Rate"}));
}

#[tokio::test]
async fn changes_are_listed_by_kind_and_page() {
    let api = world().await;
    let mut file = "Code,Destination,Rate\n1,USA,0.02\n44,UK,0.01\n".to_owned();
    for prefix in 5_000..5_450 {
        file.push_str(&format!("{prefix},Place,0.01\n"));
    }
    let (id, found) = imported(&api, json!({"card": "cost"}), &file).await;
    assert_eq!(found["result"]["counts"]["new"], 450);
    let mut prefixes = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api
            .get(&path(id, &format!("/changes?kind=new&limit=180{cursor}")))
            .await
            .json();
        let items = page["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|item| item["kind"] == "new"));
        prefixes.extend(
            items
                .iter()
                .map(|item| item["prefix"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<_> = (5_000..5_450).map(|prefix| prefix.to_string()).collect();
    assert_eq!(prefixes, expected);
    let removed = api.get(&path(id, "/changes?kind=removed")).await.json();
    assert_eq!(removed["items"][0]["prefix"], "4479");
    assert_eq!(removed["items"][0]["covering_rate"], "0.01");
    let past = api
        .get(&path(id, "/changes?kind=removed&cursor=9"))
        .await
        .json();
    assert_eq!(past["items"], json!([]));
    assert_eq!(
        api.get(&path(id, "/changes?limit=201")).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn an_import_is_discarded_and_the_audit_log_tells_all() {
    let api = world().await;
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let discard = api.with_key("DELETE", &path(id, ""), Body::empty());
    assert_eq!(api.send(discard).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.get(&path(id, "")).await.status, StatusCode::NOT_FOUND);
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    apply(&api, id, json!({})).await;
    let log = api.get("/api/v1/audit-entries?limit=200").await.json();
    let told: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["operation"].as_str())
        .filter(|operation| operation.starts_with("deck_import."))
        .collect();
    assert_eq!(
        told,
        [
            "deck_import.apply",
            "deck_import.send",
            "deck_import.create",
            "deck_import.discard",
            "deck_import.send",
            "deck_import.create",
        ]
    );
    let listed = api.get("/api/v1/deck-imports?card=cost").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["card"], "cost");
}

/// Who may look may not send; who may send may not draft or push by that alone.
#[tokio::test]
async fn each_step_needs_its_own_permission() {
    let api = world().await;
    let later = "Code,Destination,Rate,Effective Date\n1,USA,0.02,2090-01-01\n44,UK,0.02,\n\
                 4479,UK Mobile,0.05,\n";
    let (now, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let (to_come, _) = imported(&api, json!({"card": "cost"}), later).await;
    let key = async |name: &str, permissions: &[&str]| {
        let body = json!({"name": name, "permissions": permissions});
        let made = api.post("/api/v1/api-keys", &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        made.json()["key"].as_str().unwrap().to_owned()
    };
    let ask = async |key: &str, method: &str, path: &str, body: Value| {
        let request = request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        api.send(request.unwrap()).await.status
    };
    let reader = key("reader", &["rate_card.read"]).await;
    assert_eq!(
        ask(&reader, "GET", &path(now, "/changes"), json!({})).await,
        StatusCode::OK
    );
    let create = json!({"card": "cost"});
    let created = ask(&reader, "POST", "/api/v1/deck-imports", create.clone()).await;
    assert_eq!(created, StatusCode::FORBIDDEN);
    let applied = ask(&reader, "POST", &path(now, "/apply"), json!({})).await;
    assert_eq!(applied, StatusCode::FORBIDDEN);

    let sender = key("sender", &["rate_card.read", "rate_card.write"]).await;
    let created = ask(&sender, "POST", "/api/v1/deck-imports", create).await;
    assert_eq!(created, StatusCode::CREATED);
    let applied = ask(&sender, "POST", &path(now, "/apply"), json!({})).await;
    assert_eq!(applied, StatusCode::FORBIDDEN, "it makes a change set");

    let permissions = [
        "rate_card.read",
        "rate_card.write",
        "change_set.read",
        "change_set.write",
    ];
    let drafter = key("drafter", &permissions).await;
    let applied = ask(&drafter, "POST", &path(to_come, "/apply"), json!({})).await;
    assert_eq!(applied, StatusCode::FORBIDDEN, "it schedules a push");
    let applied = ask(&drafter, "POST", &path(now, "/apply"), json!({})).await;
    assert_eq!(applied, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn what_else_a_change_set_wants_of_the_card_stays_and_other_rates_are_not_overwritten() {
    let api = world().await;
    let set = api
        .post("/api/v1/change-sets", &json!({"name": "mine"}))
        .await
        .json()["id"]
        .as_i64()
        .unwrap();
    let mut spec = card();
    spec["amount_decimals"] = json!(4);
    let drafted = api
        .put(
            &format!("/api/v1/rate-cards/cost?change_set={set}"),
            &json!({"name": "cost", "spec": spec}),
        )
        .await;
    assert_eq!(drafted.status, StatusCode::ACCEPTED, "{}", drafted.body);
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let applied = apply(&api, id, json!({"change_set": set})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    let (second, _) = imported(
        &api,
        json!({"card": "cost"}),
        "Code,Destination,Rate\n1,USA,0.009\n44,UK,0.02\n4479,UK,0.05\n",
    )
    .await;
    let refused = apply(&api, second, json!({"change_set": set})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    push(&api, set).await;
    let card = api.get("/api/v1/rate-cards/cost").await.json();
    assert_eq!(card["spec"]["amount_decimals"], 4);
    assert_eq!(prices(&rates(&api, "cost").await)[0], pair("1", "0.0120"));
}

/// A change set that has no drafts yet.
async fn change_set(api: &Api) -> i64 {
    let body = json!({"name": "mine"});
    let made = api.post("/api/v1/change-sets", &body);
    made.await.json()["id"].as_i64().unwrap()
}

/// Writes the card, into force or as a draft of a change set.
async fn put_card(api: &Api, query: &str, spec: Value) -> Answer {
    let path = format!("/api/v1/rate-cards/cost{query}");
    let put = api.put(&path, &json!({"name": "cost", "spec": spec})).await;
    assert!(put.status.is_success(), "{}", put.body);
    put
}

async fn discard_change_set(api: &Api, set: i64) {
    let path = format!("/api/v1/change-sets/{set}");
    let gone = api.with_key("DELETE", &path, Body::empty());
    assert_eq!(api.send(gone).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_policy_that_names_one_field_leaves_the_others_as_they_were_agreed() {
    let api = world().await;
    let first = imported(
        &api,
        json!({"card": "cost", "policy": {"notice_days": 7}}),
        "Code,Destination,Rate\n1,USA,0.009\n44,UK,0.02\n4479,UK Mobile,0.05\n",
    );
    let (_, found) = first.await;
    let agreed = json!({"scope": "full", "notice_days": 7, "absurd_factor": 5});
    assert_eq!(found["policy"], agreed, "over what nobody has agreed");

    let policy = json!({"scope": "partial", "notice_days": 7});
    let amendment = "Code,Destination,Rate\n1,USA,0.009\n";
    let (id, _) = imported(&api, json!({"card": "cost", "policy": policy}), amendment).await;
    let applied = apply(&api, id, json!({})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    push(&api, applied.json()["change_set"].as_i64().unwrap()).await;

    let body = json!({"card": "cost", "policy": {"absurd_factor": 10, "scope": null}});
    let amendment = "Code,Destination,Rate\n1,USA,0.008\n";
    let (_, found) = imported(&api, body, amendment).await;
    let agreed = json!({"scope": "partial", "notice_days": 7, "absurd_factor": 10});
    assert_eq!(found["policy"], agreed);
    assert_eq!(found["result"]["counts"]["removed"], 0, "{found}");
    let body = json!({"card": "cost", "policy": {"scope": "full"}});
    let (_, found) = imported(&api, body, amendment).await;
    let agreed = json!({"scope": "full", "notice_days": 7, "absurd_factor": 5});
    assert_eq!(
        found["policy"], agreed,
        "what was not applied is not remembered"
    );
    assert_eq!(found["result"]["counts"]["removed"], 2, "{found}");
    let body = json!({"card": "cost", "policy": {"absurd_factor": 0}});
    let refused = api.post("/api/v1/deck-imports", &body).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_corrected_deck_waits_until_the_one_that_is_scheduled_is_out_of_its_way() {
    let api = world().await;
    let deck = |price: &str| {
        format!(
            "Code,Destination,Rate,Effective Date\n1,USA,{price},2090-01-01\n44,UK,0.02,\n\
             4479,UK Mobile,0.05,\n"
        )
    };
    let (wrong, _) = imported(&api, json!({"card": "cost"}), &deck("0.02")).await;
    let scheduled = apply(&api, wrong, json!({})).await.json();
    assert_eq!(scheduled["push_at"], "2090-01-01T00:00:00.000000Z");
    let scheduled = scheduled["change_set"].as_i64().unwrap();

    let (right, _) = imported(&api, json!({"card": "cost"}), &deck("0.03")).await;
    let refused = apply(&api, right, json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let named = format!("Change set {scheduled} is scheduled");
    assert!(refused.body.contains(&named), "{}", refused.body);
    let sets = api.get("/api/v1/change-sets").await.json();
    assert_eq!(sets["items"].as_array().unwrap().len(), 1, "none is left");

    discard_change_set(&api, scheduled).await;
    let applied = apply(&api, right, json!({})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
}

#[tokio::test]
async fn a_draft_of_the_card_in_another_open_change_set_refuses_an_import() {
    let api = world().await;
    let mine = change_set(&api).await;
    let mut spec = card();
    spec["amount_decimals"] = json!(4);
    put_card(&api, &format!("?change_set={mine}"), spec).await;
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let refused = apply(&api, id, json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let named = format!("Change set {mine} is draft");
    assert!(refused.body.contains(&named), "{}", refused.body);
    let other = change_set(&api).await;
    let refused = apply(&api, id, json!({"change_set": other})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let (elsewhere, _) = imported(&api, json!({"card": "other"}), DECK).await;
    let applied = apply(&api, elsewhere, json!({})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "of another card");
    let applied = apply(&api, id, json!({"change_set": mine})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
}

#[tokio::test]
async fn an_import_takes_no_other_file_while_rates_of_it_are_scheduled() {
    let api = world().await;
    let file = "Code,Destination,Rate,Effective Date\n1,USA,0.02,2090-01-01\n1,USA,0.03,2091-01-01\n\
                44,UK,0.02,\n4479,UK Mobile,0.05,\n";
    let (id, _) = imported(&api, json!({"card": "cost"}), file).await;
    let applied = apply(&api, id, json!({})).await.json();
    assert_eq!(applied["left"], 1, "{applied}");
    let set = applied["change_set"].as_i64().unwrap();
    let refused = send(&api, id, DECK.as_bytes()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    let named = format!("scheduled in change set {set}");
    assert!(refused.body.contains(&named), "{}", refused.body);
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "ready");
    discard_change_set(&api, set).await;
    let sent = send(&api, id, DECK.as_bytes()).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
}

#[tokio::test]
async fn an_import_makes_no_stale_draft_fresh() {
    let api = world().await;
    let mine = change_set(&api).await;
    let mut spec = card();
    spec["amount_decimals"] = json!(4);
    put_card(&api, &format!("?change_set={mine}"), spec.clone()).await;
    spec["amount_decimals"] = json!(5);
    put_card(&api, "", spec).await;
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let refused = apply(&api, id, json!({"change_set": mine})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("version"), "{}", refused.body);
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "ready");
    let card = api.get("/api/v1/rate-cards/cost").await.json();
    assert_eq!(card["spec"]["amount_decimals"], 5);
}

#[tokio::test]
async fn rates_that_a_draft_has_in_the_card_itself_are_not_overwritten() {
    let api = world().await;
    let mine = change_set(&api).await;
    let mut spec = card();
    spec["rates"][0]["rate_per_minute"] = json!("0.03");
    put_card(&api, &format!("?change_set={mine}"), spec).await;
    let (id, _) = imported(&api, json!({"card": "cost"}), DECK).await;
    let refused = apply(&api, id, json!({"change_set": mine})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(
        refused.body.contains("other rates of the card"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn an_import_whose_job_was_discarded_takes_a_file_again() {
    let api = world().await;
    let id = made(&api, json!({"card": "cost"})).await;
    let sent = send(&api, id, DECK.as_bytes()).await.json();
    let job = sent["job_id"].as_i64().unwrap();
    let cancel = format!("/api/v1/jobs/{job}/cancel");
    assert_eq!(api.post(&cancel, &json!({})).await.status, StatusCode::OK);
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "failed");
    let again = send(&api, id, DECK.as_bytes()).await;
    assert_eq!(again.status, StatusCode::ACCEPTED, "{}", again.body);
    assert_ne!(again.json()["job_id"], job);
    run_job(&api).await;
    assert_eq!(api.get(&path(id, "")).await.json()["state"], "ready");
}

#[tokio::test]
async fn of_each_kind_of_change_the_first_are_listed_and_all_are_counted() {
    let api = world().await;
    let mut file =
        "Code,Destination,Rate\n1,USA,0.005\n44,UK,0.02\n4479,UK Mobile,0.05\n".to_owned();
    for prefix in 500_000..600_003 {
        file.push_str(&format!("{prefix},Place,0.01\n"));
    }
    let (id, found) = imported(&api, json!({"card": "cost"}), &file).await;
    assert_eq!(found["result"]["counts"]["new"], 100_003, "{found}");
    let last = api
        .get(&path(id, "/changes?kind=new&cursor=99999&limit=200"))
        .await
        .json();
    assert_eq!(last["items"].as_array().unwrap().len(), 1, "{last}");
    assert_eq!(last["items"][0]["prefix"], "599999");
    assert_eq!(last["next_cursor"], Value::Null);
    let cheaper = api.get(&path(id, "/changes?kind=decrease")).await.json();
    assert_eq!(cheaper["items"][0]["prefix"], "1", "{cheaper}");
    let applied = apply(&api, id, json!({"confirm": true})).await;
    assert_eq!(applied.status, StatusCode::ACCEPTED, "{}", applied.body);
    push(&api, applied.json()["change_set"].as_i64().unwrap()).await;
    let rates = rates(&api, "cost").await;
    assert_eq!(rates.lines().count(), 100_007, "all are applied");
}

#[tokio::test]
async fn a_cursor_that_no_page_gave_is_refused() {
    let api = Api::start().await;
    let refused = api.get("/api/v1/deck-imports?cursor=-1").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}

/// Runs the job that goes on with imports, as it runs each minute.
async fn follow(api: &Api) {
    let mut job = api
        .store
        .jobs(
            &Scope::of_tenant(TenantId::PLATFORM),
            &JobQuery {
                kind: Some(READ_DECK_JOB.into()),
                limit: 1,
                ..JobQuery::default()
            },
        )
        .await
        .unwrap()
        .remove(0);
    job.kind = "deck_import.follow".into();
    let run = JobRun::new(job, 1);
    FollowDecks::new(api.state.clone()).run(&run).await.unwrap();
}

const LATER: &str = "Code,Destination,Rate,Effective Date\n1,USA,0.005,\n1,USA,0.02,2090-01-01\n\
    1,USA,0.03,2091-01-01\n44,UK,0.02,\n4479,UK Mobile,0.05,\n";

#[tokio::test]
async fn later_rates_follow_by_themselves_one_moment_after_the_other() {
    let api = world().await;
    let (id, _) = imported(&api, json!({"card": "cost"}), LATER).await;
    let first = apply(&api, id, json!({})).await.json();
    assert_eq!(
        (&first["left"], &first["follows"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        api.get(&path(id, "")).await.json()["followed_by"],
        "local key"
    );
    follow(&api).await;
    let waits = api.get(&path(id, "")).await.json();
    assert_eq!(waits["result"]["moments"][1]["change_set"], Value::Null);
    assert_eq!(waits["held_up"], Value::Null, "it is not late: {waits}");

    push(&api, first["change_set"].as_i64().unwrap()).await;
    follow(&api).await;
    follow(&api).await;
    let went_on = api.get(&path(id, "")).await.json();
    let moments = &went_on["result"]["moments"];
    let set = moments[1]["change_set"].as_i64().unwrap();
    assert_eq!(moments[2]["change_set"], Value::Null, "one after the other");
    let scheduled = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(
        (&scheduled["state"], &scheduled["push_at"]),
        (&json!("scheduled"), &json!("2090-01-01T00:00:00.000000Z"))
    );
    assert_eq!(scheduled["author"], first_author(&api, &first).await);

    push(&api, set).await;
    follow(&api).await;
    let done = api.get(&path(id, "")).await.json();
    assert_eq!(
        (&done["state"], &done["held_up"]),
        (&json!("applied"), &Value::Null)
    );
}

async fn first_author(api: &Api, applied: &Value) -> Value {
    let set = applied["change_set"].as_i64().unwrap();
    api.get(&format!("/api/v1/change-sets/{set}")).await.json()["author"].clone()
}

#[tokio::test]
async fn what_holds_later_rates_up_is_told_and_they_follow_when_it_is_gone() {
    let api = world().await;
    let (id, _) = imported(&api, json!({"card": "cost"}), LATER).await;
    let first = apply(&api, id, json!({})).await.json();
    push(&api, first["change_set"].as_i64().unwrap()).await;
    let mine = change_set(&api).await;
    let drafted = put_card(&api, &format!("?change_set={mine}"), card()).await;
    assert_eq!(drafted.status, StatusCode::ACCEPTED, "{}", drafted.body);
    follow(&api).await;
    follow(&api).await;
    let held_up = api.get(&path(id, "")).await.json();
    let why = held_up["held_up"].as_str().unwrap();
    assert!(why.contains(&format!("Change set {mine}")), "{why}");
    let events = api
        .get("/api/v1/events?kind=rate_card.deck_held_up")
        .await
        .json();
    let events = events["items"].as_array().unwrap();
    assert_eq!(events.len(), 1, "it is told once: {events:?}");
    assert_eq!(events[0]["subject"], "rate_card/cost");

    discard_change_set(&api, mine).await;
    follow(&api).await;
    let went_on = api.get(&path(id, "")).await.json();
    assert_eq!(went_on["held_up"], Value::Null);
    let set = went_on["result"]["moments"][1]["change_set"]
        .as_i64()
        .unwrap();
    discard_change_set(&api, set).await;
    follow(&api).await;
    let over = api.get(&path(id, "")).await.json();
    assert!(
        over["held_up"].as_str().unwrap().contains("discarded"),
        "{over}"
    );
    assert_eq!(over["followed_by"], Value::Null);
}
