//! Changes that are drafted, previewed, pushed together and rolled back.

use crate::fixture::{Answer, Api};
use crate::live::ringing;
use axum::body::Body;
use axum::http::{StatusCode, header};
use mgmt_api::PushScheduled;
use mgmt_api::jobs::{JobFailure, JobHandler as _, JobRun};
use mgmt_api::switch_port::LiveCallPage;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use store::{JobQuery, PUSH_JOB, Scope, TenantId};

async fn send(api: &Api, method: &str, path: &str, body: &Value) -> Answer {
    let mut request = api.with_key(method, path, body.to_string().into());
    let any = "*".parse().unwrap();
    request.headers_mut().insert(header::IF_MATCH, any);
    api.send(request).await
}

/// Sends, and wants an answer of this status.
async fn sent(api: &Api, method: &str, path: &str, body: Value, status: u16) -> Value {
    let answer = send(api, method, path, &body).await;
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    if answer.body.is_empty() {
        Value::Null
    } else {
        answer.json()
    }
}

fn card(price: &str) -> Value {
    json!({"currency": "USD", "rates": [
        {"prefix": "1", "destination": "USA", "rate_per_minute": price},
    ]})
}

/// Two carriers with a trunk each, and a customer.
async fn world() -> Api {
    let api = Api::start().await;
    for (plural, name, spec) in [
        ("rate-cards", "sell", card("0.06")),
        ("rate-cards", "cheap", card("0.01")),
        ("rate-cards", "dear", card("0.03")),
        ("carriers", "aurora", json!({"cps_limit": 5})),
        ("carriers", "borealis", json!({})),
        ("customer-categories", "gold", json!({})),
        ("customer-categories", "silver", json!({})),
        (
            "customers",
            "acme",
            json!({"rate_card": "sell", "category": "silver"}),
        ),
    ] {
        let body = json!({"name": name, "spec": spec});
        sent(&api, "POST", &format!("/api/v1/{plural}"), body, 201).await;
    }
    for (name, spec) in [
        (
            "acme-in",
            json!({
                "direction": "ingress", "customer": "acme", "source_addresses": ["192.0.2.1"],
            }),
        ),
        (
            "aurora-out",
            json!({
                "direction": "egress", "carrier": "aurora", "rate_card": "cheap",
                "gateway": "192.0.2.11:5060",
            }),
        ),
        (
            "borealis-out",
            json!({
                "direction": "egress", "carrier": "borealis", "rate_card": "dear",
                "gateway": "192.0.2.12:5060",
            }),
        ),
    ] {
        let body = json!({"name": name, "spec": spec});
        sent(&api, "POST", "/api/v1/trunks", body, 201).await;
    }
    api
}

async fn change_set(api: &Api, name: &str) -> i64 {
    let made = sent(
        api,
        "POST",
        "/api/v1/change-sets",
        json!({"name": name}),
        201,
    )
    .await;
    assert_eq!(made["state"], "draft");
    made["id"].as_i64().unwrap()
}

/// Changes one carrier's limit within a change set.
async fn draft_limit(api: &Api, set: i64, carrier: &str, limit: u32) -> Value {
    let path = format!("/api/v1/carriers/{carrier}?change_set={set}");
    let body = json!({"name": carrier, "spec": {"cps_limit": limit}});
    sent(api, "PUT", &path, body, 202).await
}

async fn limit_of(api: &Api, carrier: &str) -> Value {
    let path = format!("/api/v1/carriers/{carrier}");
    api.get(&path).await.json()["spec"]["cps_limit"].clone()
}

async fn state_of(api: &Api, set: i64) -> Value {
    let answer = api.get(&format!("/api/v1/change-sets/{set}")).await;
    answer.json()["state"].clone()
}

#[tokio::test]
async fn drafts_are_in_force_when_they_are_pushed_and_not_before() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    let drafted = draft_limit(&api, set, "aurora", 9).await;
    assert_eq!(
        drafted["changes"][0]["differences"][0]["field"],
        "cps_limit"
    );
    let new = json!({"name": "caelum", "spec": {"cps_limit": 1}});
    sent(
        &api,
        "POST",
        &format!("/api/v1/carriers?change_set={set}"),
        new,
        202,
    )
    .await;
    let published = api.switch.published.load(Ordering::Relaxed);
    assert_eq!(limit_of(&api, "aurora").await, 5);
    assert_eq!(api.get("/api/v1/carriers/caelum").await.status, 404);

    let drafts = api
        .get(&format!("/api/v1/change-sets/{set}/drafts"))
        .await
        .json();
    let actions: Vec<_> = drafts["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|draft| {
            (
                draft["name"].as_str().unwrap(),
                draft["action"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(actions, [("aurora", "updated"), ("caelum", "created")]);

    let path = format!("/api/v1/change-sets/{set}/push");
    let pushed = sent(&api, "POST", &path, json!({}), 200).await;
    assert_eq!(pushed["state"], "pushed");
    assert_eq!(api.switch.published.load(Ordering::Relaxed), published + 1);
    assert_eq!(limit_of(&api, "aurora").await, 9);
    assert_eq!(limit_of(&api, "caelum").await, 1);
    let versions = api.get("/api/v1/carriers/aurora/versions").await.json();
    assert_eq!(versions["items"][0]["change_set"], set);
    let again = send(&api, "POST", &path, &json!({})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_draft_is_changed_further_by_whoever_writes_to_the_change_set() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    let new = json!({"name": "caelum", "spec": {"cps_limit": 1}});
    let create = format!("/api/v1/carriers?change_set={set}");
    sent(&api, "POST", &create, new.clone(), 202).await;
    sent(&api, "POST", &create, new, 409).await;
    // By the name that it shall get.
    let renamed = json!({"name": "Caelum Ltd", "spec": {"cps_limit": 2}});
    let path = format!("/api/v1/carriers/caelum?change_set={set}");
    sent(&api, "PUT", &path, renamed, 202).await;
    draft_limit(&api, set, "aurora", 9).await;
    // Two bulk edits add up with what is drafted.
    for (field, value) in [("cps_limit", 7), ("channel_limit", 70)] {
        let edit = json!({"filter": {}, "spec": {field: value}});
        let path = format!("/api/v1/carriers/bulk?change_set={set}");
        sent(&api, "POST", &path, edit, 202).await;
    }
    let path = format!("/api/v1/change-sets/{set}/drafts/carrier/aurora");
    let draft = api.get(&path).await.json();
    assert_eq!(
        draft["content"]["spec"],
        json!({"cps_limit": 7, "channel_limit": 70, "status": "active"})
    );
    // A change back to what is in force leaves no draft.
    let body = json!({"name": "aurora", "spec": {"cps_limit": 5}});
    let update = format!("/api/v1/carriers/aurora?change_set={set}");
    sent(&api, "PUT", &update, body, 202).await;
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    let gone = format!("/api/v1/carriers/Caelum%20Ltd?change_set={set}");
    sent(&api, "DELETE", &gone, Value::Null, 202).await;
    let left = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(left["drafts"], 1, "borealis by the bulk edits");
}

#[tokio::test]
async fn files_are_applied_to_a_change_set() {
    let api = world().await;
    let set = change_set(&api, "files").await;
    let yaml = "kind: carrier\nname: aurora\nspec:\n  cps_limit: 8\n---\n\
                kind: carrier\nname: borealis\nspec: {}\n";
    let files = json!({"files": [{"path": "c.yaml", "content": yaml}]});
    let path = format!("/api/v1/apply?change_set={set}");
    let applied = sent(&api, "POST", &path, files.clone(), 200).await;
    assert_eq!(applied["change_set"], set);
    assert_eq!(limit_of(&api, "aurora").await, 5);
    let left = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(left["drafts"], 1, "what is as written is no draft");
    let dry = sent(&api, "POST", "/api/v1/apply?dry_run=true", files, 200).await;
    assert_eq!(dry["impact"]["carriers"]["names"], json!(["aurora"]));
    assert_eq!(dry["impact"]["trunks"]["names"], json!(["aurora-out"]));
    assert_eq!(dry["replay"]["calls"], 0);
}

#[tokio::test]
async fn a_draft_whose_resource_has_changed_is_rebased() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    // Somebody else changes another field of it, and then the same.
    let other = json!({"name": "aurora", "spec": {"cps_limit": 5, "channel_limit": 50}});
    sent(&api, "PUT", "/api/v1/carriers/aurora", other, 200).await;
    let push = format!("/api/v1/change-sets/{set}/push");
    let refused = sent(&api, "POST", &push, json!({}), 409).await;
    assert_eq!(refused["errors"][0]["name"], "aurora");
    let message = refused["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("version 2") && message.contains("from 1"),
        "{message}"
    );
    let drafts = api
        .get(&format!("/api/v1/change-sets/{set}/drafts"))
        .await
        .json();
    assert_eq!(drafts["items"][0]["is_stale"], true);

    let rebase = format!("/api/v1/change-sets/{set}/rebase");
    let rebased = sent(&api, "POST", &rebase, json!({}), 200).await;
    assert_eq!(
        (&rebased["rebased"], &rebased["dropped"]),
        (&json!(1), &json!(0))
    );
    let same = json!({"name": "aurora", "spec": {"cps_limit": 6, "channel_limit": 50}});
    sent(&api, "PUT", "/api/v1/carriers/aurora", same, 200).await;
    let clash = sent(&api, "POST", &rebase, json!({}), 409).await;
    assert_eq!(clash["errors"][0]["field"], "spec.cps_limit");
    sent(&api, "POST", &rebase, json!({"prefer": "draft"}), 200).await;
    sent(&api, "POST", &push, json!({}), 200).await;
    let carrier = api.get("/api/v1/carriers/aurora").await.json();
    assert_eq!(
        carrier["spec"],
        json!({"cps_limit": 9, "channel_limit": 50, "status": "active"})
    );
}

#[tokio::test]
async fn a_preview_tells_what_a_push_would_do_and_what_speaks_against_it() {
    let api = world().await;
    let tier =
        json!({"name": "premium", "spec": {"code": "P"}, "assign": {"categories": ["gold"]}});
    sent(&api, "POST", "/api/v1/voice-tiers", tier, 201).await;
    let set = change_set(&api, "moves").await;
    let moved = json!({"name": "acme", "spec": {"rate_card": "sell", "category": "gold"}});
    sent(
        &api,
        "PUT",
        &format!("/api/v1/customers/acme?change_set={set}"),
        moved,
        202,
    )
    .await;
    let path = format!("/api/v1/change-sets/{set}/preview");
    let preview = api.get(&path).await.json();
    assert_eq!(preview["problems"], json!([]));
    assert_eq!(preview["impact"]["customers"]["names"], json!(["acme"]));
    let entitled = &preview["impact"]["entitlements"][0];
    assert_eq!(entitled["gained"][0]["name"], "premium");
    assert_eq!(entitled["category_before"], "silver");

    let delete = format!("/api/v1/carriers/aurora?change_set={set}");
    sent(&api, "DELETE", &delete, Value::Null, 202).await;
    let preview = api.get(&path).await.json();
    let problem = preview["problems"][0]["message"].as_str().unwrap();
    assert!(problem.contains("aurora-out"), "{problem}");
    assert_eq!(preview["impact"], Value::Null);
    assert_eq!(preview["changes"].as_array().unwrap().len(), 2);
    let push = format!("/api/v1/change-sets/{set}/push");
    sent(&api, "POST", &push, json!({}), 409).await;
    assert_eq!(state_of(&api, set).await, "draft");
}

#[tokio::test]
async fn a_preview_counts_no_call_of_another_who_has_the_same_name() {
    let api = world().await;
    let customers = api.store.resources(Some("customer")).await.unwrap();
    let acme = customers.iter().find(|row| row.name == "acme").unwrap().id;
    *api.switch.calls.lock().unwrap() = LiveCallPage {
        items: vec![ringing(5, acme), ringing(6, acme + 1_000)],
        total: 2,
    };
    let set = change_set(&api, "moves").await;
    let moved = json!({"name": "acme", "spec": {"rate_card": "sell", "category": "gold"}});
    let path = format!("/api/v1/customers/acme?change_set={set}");
    sent(&api, "PUT", &path, moved, 202).await;
    let preview = api.get(&format!("/api/v1/change-sets/{set}/preview")).await;
    assert_eq!(preview.json()["impact"]["live_calls"], 1);
}

#[tokio::test]
async fn what_was_looked_at_is_what_is_pushed() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let preview = api.get(&format!("/api/v1/change-sets/{set}/preview")).await;
    let seen = preview.json()["revision"].clone();
    draft_limit(&api, set, "borealis", 4).await;
    let path = format!("/api/v1/change-sets/{set}/push");
    sent(&api, "POST", &path, json!({"revision": seen}), 412).await;
    assert_eq!(limit_of(&api, "aurora").await, 5);
}

#[tokio::test]
async fn a_push_that_the_switch_refuses_is_undone() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let new = json!({"name": "caelum", "spec": {}});
    sent(
        &api,
        "POST",
        &format!("/api/v1/carriers?change_set={set}"),
        new,
        202,
    )
    .await;
    api.switch.refusing.store(true, Ordering::Relaxed);
    let path = format!("/api/v1/change-sets/{set}/push");
    let refused = sent(&api, "POST", &path, json!({}), 503).await;
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("What was before")
    );
    assert_eq!(limit_of(&api, "aurora").await, 5);
    assert_eq!(api.get("/api/v1/carriers/caelum").await.status, 404);
    let failed = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(failed["state"], "failed");
    assert!(failed["failure"].as_str().unwrap().contains("stopping"));
    let versions = api.get("/api/v1/carriers/aurora/versions").await.json();
    assert_eq!(
        versions["items"].as_array().unwrap().len(),
        3,
        "the past shows both"
    );
    // A single change is undone too.
    let other = json!({"name": "borealis", "spec": {"cps_limit": 1}});
    sent(&api, "PUT", "/api/v1/carriers/borealis", other, 503).await;
    assert_eq!(limit_of(&api, "borealis").await, Value::Null);

    // The drafts were made from a version that is no more; what is in force is as it was.
    api.switch.refusing.store(false, Ordering::Relaxed);
    let rebase = format!("/api/v1/change-sets/{set}/rebase");
    sent(&api, "POST", &rebase, json!({}), 200).await;
    sent(&api, "POST", &path, json!({}), 200).await;
    assert_eq!(limit_of(&api, "aurora").await, 9);
    let number = api.switch.snapshot.lock().unwrap().number();
    assert_eq!(number, api.store.configuration_number().await.unwrap());
}

#[tokio::test]
async fn a_pushed_change_set_is_rolled_back_by_another() {
    let api = world().await;
    let before = api.get("/api/v1/carriers/borealis").await.json();
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    for (plural, name) in [("trunks", "borealis-out"), ("carriers", "borealis")] {
        let path = format!("/api/v1/{plural}/{name}?change_set={set}");
        sent(&api, "DELETE", &path, Value::Null, 202).await;
    }
    let new = json!({"name": "caelum", "spec": {}});
    sent(
        &api,
        "POST",
        &format!("/api/v1/carriers?change_set={set}"),
        new,
        202,
    )
    .await;
    let path = format!("/api/v1/change-sets/{set}");
    sent(&api, "POST", &format!("{path}/rollback"), json!({}), 409).await;
    sent(&api, "POST", &format!("{path}/push"), json!({}), 200).await;
    assert_eq!(api.get("/api/v1/carriers/borealis").await.status, 404);

    let undone = sent(&api, "POST", &format!("{path}/rollback"), json!({}), 201).await;
    assert_eq!(
        (&undone["state"], &undone["rolls_back"]),
        (&json!("pushed"), &json!(set))
    );
    assert_eq!(limit_of(&api, "aurora").await, 5);
    assert_eq!(api.get("/api/v1/carriers/caelum").await.status, 404);
    let after = api.get("/api/v1/carriers/borealis").await.json();
    assert_eq!(after["id"], before["id"], "it is the same one again");
    assert_eq!(after["spec"], before["spec"]);
    assert_eq!(api.get("/api/v1/trunks/borealis-out").await.status, 200);
    let first = api.get(&path).await.json();
    assert_eq!(first["state"], "rolled_back");
    assert_eq!(first["rolled_back_by"], undone["id"]);
    sent(&api, "POST", &format!("{path}/rollback"), json!({}), 409).await;
}

#[tokio::test]
async fn a_rollback_does_not_lose_what_came_later_unless_it_is_told_to() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    draft_limit(&api, set, "borealis", 4).await;
    let path = format!("/api/v1/change-sets/{set}");
    sent(&api, "POST", &format!("{path}/push"), json!({}), 200).await;
    let later = json!({"name": "aurora", "spec": {"cps_limit": 11}});
    sent(&api, "PUT", "/api/v1/carriers/aurora", later, 200).await;

    let refused = sent(&api, "POST", &format!("{path}/rollback"), json!({}), 409).await;
    assert_eq!(refused["errors"][0]["name"], "aurora");
    let changes = api.get(&format!("{path}/later-changes")).await.json();
    assert_eq!(changes["items"][0]["version"], 3);
    let sets = api.get("/api/v1/change-sets").await.json();
    assert_eq!(
        sets["items"].as_array().unwrap().len(),
        1,
        "no trace is left"
    );

    let look = json!({"later_changes": "overwrite", "draft_only": true});
    let draft = sent(&api, "POST", &format!("{path}/rollback"), look, 201).await;
    assert_eq!(
        (&draft["state"], &draft["drafts"]),
        (&json!("draft"), &json!(2))
    );
    assert_eq!(limit_of(&api, "aurora").await, 11);
    let skip = json!({"later_changes": "skip"});
    sent(&api, "POST", &format!("{path}/rollback"), skip, 201).await;
    assert_eq!(limit_of(&api, "aurora").await, 11);
    assert_eq!(limit_of(&api, "borealis").await, Value::Null);
}

#[tokio::test]
async fn a_scheduled_change_set_stays_as_it_was_looked_at() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let path = format!("/api/v1/change-sets/{set}");
    let past = json!({"at": "2020-01-01T00:00:00Z"});
    sent(&api, "POST", &format!("{path}/push"), past, 422).await;
    let at = json!({"at": "2999-01-01T00:00:00Z"});
    let scheduled = sent(&api, "POST", &format!("{path}/push"), at, 200).await;
    assert_eq!(scheduled["state"], "scheduled");
    let edit = json!({"name": "aurora", "spec": {}});
    sent(
        &api,
        "PUT",
        &format!("/api/v1/carriers/aurora?change_set={set}"),
        edit,
        409,
    )
    .await;
    sent(
        &api,
        "POST",
        &format!("{path}/unschedule"),
        Value::Null,
        200,
    )
    .await;
    draft_limit(&api, set, "aurora", 10).await;
    sent(&api, "DELETE", &path, Value::Null, 204).await;
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
}

/// Runs the job of a scheduled push as the job runner would when its time has come.
async fn run_push(api: &Api) -> Result<(), JobFailure> {
    let query = JobQuery {
        kind: Some(PUSH_JOB.into()),
        limit: 1,
        ..JobQuery::default()
    };
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let job = api.store.jobs(&scope, &query).await.unwrap().remove(0);
    let run = JobRun::new(job, 1);
    PushScheduled::new(api.state.clone()).run(&run).await
}

#[tokio::test]
async fn a_scheduled_change_set_is_pushed_by_its_job_once() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let path = format!("/api/v1/change-sets/{set}/push");
    let at = json!({"at": "2999-01-01T00:00:00Z"});
    sent(&api, "POST", &path, at, 200).await;
    run_push(&api).await.unwrap();
    assert_eq!(state_of(&api, set).await, "pushed");
    assert_eq!(limit_of(&api, "aurora").await, 9);
    let number = api.store.configuration_number().await.unwrap();
    run_push(&api).await.unwrap();
    assert_eq!(api.store.configuration_number().await.unwrap(), number);
}

/// Who may look after jobs decides neither when prices come into force nor that they never do.
#[tokio::test]
async fn the_job_of_a_scheduled_push_is_left_to_its_change_set() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let path = format!("/api/v1/change-sets/{set}/push");
    let at = json!({"at": "2999-01-01T00:00:00Z"});
    sent(&api, "POST", &path, at, 200).await;
    let jobs = api.get(&format!("/api/v1/jobs?kind={PUSH_JOB}")).await;
    let id = jobs.json()["items"][0]["id"].clone();
    for action in ["retry", "discard", "cancel"] {
        let path = format!("/api/v1/jobs/{id}/{action}");
        let refused = sent(&api, "POST", &path, json!({}), 422).await;
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains("change set"), "{detail}");
    }
    assert_eq!(state_of(&api, set).await, "scheduled");
    let path = format!("/api/v1/change-sets/{set}/unschedule");
    sent(&api, "POST", &path, Value::Null, 200).await;
    assert_eq!(state_of(&api, set).await, "draft");
}

#[tokio::test]
async fn a_discarded_number_is_not_given_to_the_next_change_set() {
    let api = world().await;
    let first = change_set(&api, "one").await;
    sent(
        &api,
        "DELETE",
        &format!("/api/v1/change-sets/{first}"),
        Value::Null,
        204,
    )
    .await;
    assert!(change_set(&api, "two").await > first);
}

#[tokio::test]
async fn a_scheduled_push_that_cannot_be_fails_and_says_why() {
    let api = world().await;
    let set = change_set(&api, "limits").await;
    draft_limit(&api, set, "aurora", 9).await;
    let path = format!("/api/v1/change-sets/{set}/push");
    let at = json!({"at": "2999-01-01T00:00:00Z"});
    sent(&api, "POST", &path, at, 200).await;
    let other = json!({"name": "aurora", "spec": {"cps_limit": 6}});
    sent(&api, "PUT", "/api/v1/carriers/aurora", other, 200).await;
    let gave_up = run_push(&api).await.unwrap_err();
    assert!(matches!(gave_up, JobFailure::GiveUp(_)), "{gave_up:?}");
    let view = api.get(&format!("/api/v1/change-sets/{set}")).await.json();
    assert_eq!(view["state"], "failed");
    assert!(
        view["failure"].as_str().unwrap().contains("version 2"),
        "{view}"
    );
    let events = api.get("/api/v1/events").await.json();
    let named = events["items"].as_array().unwrap().iter();
    assert_eq!(
        named
            .filter(|event| event["kind"] == "change_set.failed")
            .count(),
        1
    );
}

#[tokio::test]
async fn what_cannot_be_is_said_by_its_field() {
    let api = world().await;
    sent(
        &api,
        "POST",
        "/api/v1/change-sets",
        json!({"name": " "}),
        422,
    )
    .await;
    let missing = json!({"name": "x", "spec": {}});
    sent(
        &api,
        "POST",
        "/api/v1/carriers?change_set=99",
        missing.clone(),
        404,
    )
    .await;
    sent(&api, "POST", "/api/v1/carriers?changeset=99", missing, 400).await;
    let set = change_set(&api, "limits").await;
    let wrong = json!({"name": "x", "spec": {"cps_limit": "fast"}});
    let path = format!("/api/v1/carriers?change_set={set}");
    let refused = sent(&api, "POST", &path, wrong, 422).await;
    assert_eq!(refused["errors"][0]["field"], "cps_limit");
    let request = api.with_key("GET", "/api/v1/change-sets/seven", Body::empty());
    assert_eq!(api.send(request).await.status, StatusCode::BAD_REQUEST);
    let list = api
        .get("/api/v1/change-sets?state=draft&name=limits")
        .await
        .json();
    assert_eq!(list["items"][0]["id"], set);
}
