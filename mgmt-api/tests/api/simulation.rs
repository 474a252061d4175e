//! Calls against what is in force, what was, and what might be.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::load;
use crate::fixture::{Answer, Api, request};
use crate::past::{ROUND_ROBIN, decided, unlimited};
use rating::cdr::DecisionRecord;
use serde_json::{Value, json};
use std::sync::Arc;

const FRANCE_ONLY: &str = "prefix,destination,rate_per_minute\n33,France,0.05\n";

async fn simulated(api: &Api, body: Value) -> Value {
    let answer = run(api, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

async fn run(api: &Api, body: &Value) -> Answer {
    api.post("/api/v1/simulations", body).await
}

fn to(number: &str) -> Value {
    json!({"from": "442071838750", "to": number, "customer": "acme"})
}

#[tokio::test]
async fn listed_calls_are_decided_by_what_was_in_force_and_by_a_draft() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let dearer = RESOURCES.replace("rate_per_minute: \"0.01\"", "rate_per_minute: \"0.016\"");
    assert_eq!(apply(&api, &dearer, FRANCE_ONLY, false).await.status, 200);
    let calls = json!([to("33142685300"), to("4930123456")]);

    let now = simulated(&api, json!({"calls": calls})).await;
    assert_eq!(now["baseline_snapshot"], 2);
    let paris = &now["calls"][0];
    assert_eq!(paris["carriers"], json!(["costly", "cheap"]));
    assert_eq!(
        (&paris["revenue"], &paris["cost"]),
        (&json!("0.05"), &json!("0.015"))
    );
    assert_eq!(
        (&paris["margin"], &paris["differs"]),
        (&json!("0.035"), &json!(false))
    );
    let germany = &now["calls"][1];
    assert_eq!(
        (&germany["accepted"], &germany["reason"]),
        (&json!(false), &json!("no_customer_rate"))
    );
    assert_eq!(
        (&now["report"]["routed_after"], &now["report"]["calls"]),
        (&json!(1), &json!(2))
    );

    let past = simulated(&api, json!({"snapshot": 1, "calls": calls})).await;
    let paris = &past["calls"][0];
    assert_eq!(paris["carriers"], json!(["cheap", "costly"]));
    assert_eq!(
        (&paris["revenue"], &paris["cost"]),
        (&json!("0.02"), &json!("0.01"))
    );
    assert_eq!(paris["differs"], true);
    let shares = past["report"]["by_carrier"].as_array().unwrap();
    let share = |name: &str| {
        let line = shares.iter().find(|line| line["name"] == name).unwrap();
        (line["calls_before"].as_u64(), line["calls_after"].as_u64())
    };
    assert_eq!(
        (share("cheap"), share("costly")),
        ((Some(0), Some(1)), (Some(1), Some(0)))
    );

    let made = api
        .post("/api/v1/change-sets", &json!({"name": "gone"}))
        .await
        .json();
    let set = made["id"].as_i64().unwrap();
    let files = json!({
        "files": [{"path": "switch.yaml", "content": dearer}],
        "decks": [{"path": "retail.csv", "content": "prefix,destination,rate_per_minute\n33,France,0.001\n"}],
    });
    let drafted = api
        .post(&format!("/api/v1/apply?change_set={set}"), &files)
        .await;
    assert_eq!(drafted.status, 200, "{}", drafted.body);
    let draft = simulated(&api, json!({"change_set": set, "calls": calls})).await;
    assert_eq!(draft["calls"][0]["reason"], "unprofitable");
    let report = &draft["report"];
    assert_eq!(
        report["blocked_reasons"],
        json!([{"reason": "unprofitable", "calls": 1}])
    );
    assert_eq!(
        (&report["routed_before"], &report["routed_after"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(report["by_customer"][0]["newly_blocked"], 1);
}

#[tokio::test]
async fn calls_of_the_records_against_their_own_snapshot_are_decided_as_they_were() {
    let api = Api::start().await;
    let turns = format!("{}{ROUND_ROBIN}", unlimited());
    assert_eq!(apply(&api, &turns, DECK, false).await.status, 200);
    let calls: Vec<_> = (0..6).map(|second| decided(&api, second)).collect();
    // Of a program to come, or damaged.
    let mut unreadable = decided(&api, 60);
    unreadable.customer.as_mut().unwrap().name = "of another release".into();
    unreadable.decision = Some(DecisionRecord(Arc::from(&[255_u8; 3][..])));
    load(&api, &[&calls[..], &[unreadable]].concat()).await;
    assert_eq!(
        apply(&api, &unlimited(), FRANCE_ONLY, false).await.status,
        200
    );
    let own = simulated(
        &api,
        json!({"snapshot": 1, "records": {"customer": "acme"}}),
    )
    .await;
    assert_eq!(own["made_again"], 6);
    let report = &own["report"];
    assert_eq!(report["unread_decisions"], 0);
    let other = json!({"records": {"customer": "of another release"}});
    let other = simulated(&api, other).await["report"].clone();
    assert_eq!(
        (&other["calls"], &other["unread_decisions"]),
        (&json!(1), &json!(1))
    );
    let shares = report["by_carrier"].as_array().unwrap();
    for name in ["cheap", "costly"] {
        let line = shares.iter().find(|line| line["name"] == name).unwrap();
        assert_eq!(line["calls_after"], 3, "each had its turn: {report:#}");
    }
    // Ten seconds each at 0.02 a minute, and at 0.05 by what is in force.
    assert_eq!(report["after"]["revenue"], "0.019999998");
    assert_eq!(report["before"]["revenue"], "0.049999998");

    let live = simulated(&api, json!({"records": {"limit": 4}})).await;
    assert_eq!(
        (&live["made_again"], &live["report"]["calls"]),
        (&json!(0), &json!(4))
    );
    let window = json!({"records": {"from": "2026-03-01T12:00:02Z", "to": "2026-03-01T12:00:05Z"}});
    assert_eq!(simulated(&api, window).await["report"]["calls"], 3);
    let nobody = json!({"records": {"customer": "nobody"}});
    assert_eq!(simulated(&api, nobody).await["report"]["calls"], 0);
}

#[tokio::test]
async fn what_cannot_be_simulated_names_the_field() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let calls = |call: Value| json!({"calls": [to("33"), call]});
    for (body, field) in [
        (json!({}), "calls"),
        (json!({"calls": []}), "calls"),
        (json!({"calls": [to("33")], "records": {}}), "calls"),
        (json!({"snapshot": 9, "calls": [to("33")]}), "snapshot"),
        (
            json!({"snapshot": 1, "change_set": 1, "calls": [to("33")]}),
            "change_set",
        ),
        (json!({"records": {"limit": 0}}), "records.limit"),
        (json!({"records": {"limit": 10_001}}), "records.limit"),
        (calls(json!({"from": "1", "to": "33"})), "calls[1].customer"),
        (
            calls(json!({"from": "1", "to": "33", "source": "here"})),
            "calls[1].source",
        ),
        (
            calls(json!({"from": "1", "to": "3".repeat(300), "customer": "acme"})),
            "calls[1].to",
        ),
        (
            calls(json!({"from": "1", "to": "33", "customer": "acme", "talk_s": 90_000})),
            "calls[1].talk_s",
        ),
    ] {
        let answer = run(&api, &body).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        assert_eq!(
            answer.json()["errors"][0]["field"],
            field,
            "{}",
            answer.body
        );
    }
    let missing = run(&api, &json!({"change_set": 77, "calls": [to("33")]})).await;
    assert_eq!(missing.status, 404);
    assert_eq!(run(&api, &json!({"what": 1})).await.status, 422);
}

#[tokio::test]
async fn who_is_not_signed_in_simulates_nothing() {
    let api = Api::start().await;
    let body = json!({"calls": [to("33")]}).to_string();
    let stranger = request("POST", "/api/v1/simulations")
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap();
    assert_eq!(api.send(stranger).await.status, 401);
}

#[tokio::test]
async fn who_may_explain_but_not_read_records_or_drafts_simulates_neither() {
    let api = Api::start().await;
    assert_eq!(apply(&api, RESOURCES, DECK, false).await.status, 200);
    let key = json!({"name": "routes only", "permissions": ["explain.use"]});
    let made = api.post("/api/v1/api-keys", &key).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let run = async |body: Value| {
        let asked = request("POST", "/api/v1/simulations")
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap();
        api.send(asked).await.status
    };
    assert_eq!(run(json!({"calls": [to("33142685300")]})).await, 200);
    assert_eq!(run(json!({"records": {}})).await, 403);
    assert_eq!(
        run(json!({"change_set": 1, "calls": [to("33142685300")]})).await,
        403
    );
}
