//! Secrets of resources: sealed on the way in, on no way out.

use crate::fixture::Api;
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use store::{Scope, TenantId};

const TARGETS: &str = "/api/v1/notification-targets";
const HOOK: &str = "/api/v1/notification-targets/hook";
const FIRST: &str = "first-very-secret-text";
const SECOND: &str = "second-very-secret-text";

fn target(secret: &str) -> Value {
    json!({ "name": "hook", "spec": {
        "channel": "webhook",
        "events": ["*"],
        "url": "https://example.com/x",
        "signing_secret": secret,
    }})
}

async fn put(api: &Api, body: &Value) -> crate::fixture::Answer {
    let version = api.get(HOOK).await.json()["version"].clone();
    let mut request = api.with_key("PUT", HOOK, Body::from(body.to_string()));
    let tag = format!("\"{version}\"").parse().unwrap();
    request.headers_mut().insert(header::IF_MATCH, tag);
    api.send(request).await
}

/// The identifier of the secret that the database has for the target.
async fn stored(api: &Api) -> String {
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let found = api
        .store
        .resource_by_name(&scope, "notification_target", "hook")
        .await;
    let spec = found.unwrap().unwrap().spec;
    let text = spec["signing_secret"].as_str().unwrap().to_owned();
    text.strip_prefix("secret:").unwrap().to_owned()
}

async fn count(api: &Api) -> u64 {
    let keys = api.store.secret_keys_in_use().await.unwrap();
    keys.iter().map(|(_, count)| count).sum()
}

#[tokio::test]
async fn no_answer_and_no_file_holds_a_secret() {
    let api = Api::start().await;
    let faulty = json!({"name": "hook", "spec": {"signing_secret": FIRST}});
    let refused = api.post(TARGETS, &faulty).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut answers = vec![refused.body];
    let made = api.post(TARGETS, &target(FIRST)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.json()["spec"]["signing_secret"], "********");
    answers.push(made.body);
    let changed = put(&api, &target(SECOND)).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
    answers.push(changed.body);
    let looks = [
        TARGETS,
        "/api/v1/notification-targets?search=secret",
        HOOK,
        "/api/v1/notification-targets/hook/versions",
        "/api/v1/notification-targets/hook/versions/1",
        "/api/v1/notification-targets/hook/versions/2",
        "/api/v1/notification-targets/hook/compare?from=1&to=2",
        "/api/v1/notification-targets/export",
        "/api/v1/notification-targets/export?format=csv",
        "/api/v1/resources",
        "/api/v1/export",
        "/api/v1/events",
        "/api/v1/jobs",
        "/api/v1/audit-entries",
    ];
    for path in looks {
        answers.push(api.get(path).await.body);
    }
    let file = format!(
        "kind: notification_target\nname: hook\nspec:\n  channel: webhook\n  events: [\"*\"]\n  url: https://example.com/x\n  signing_secret: {FIRST}\n"
    );
    for query in ["?dry_run=true", ""] {
        let body = json!({"files": [{"path": "a.yaml", "content": file}], "decks": []});
        let applied = api.post(&format!("/api/v1/apply{query}"), &body).await;
        assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
        assert!(applied.body.contains("******** (new)"), "{}", applied.body);
        answers.push(applied.body);
    }
    for answer in &answers {
        // As a value: `signing_secret:` is a field.
        for text in [FIRST, SECOND, "\"secret:", " secret:"] {
            assert!(!answer.contains(text), "{answer}");
        }
    }
    for entry in std::fs::read_dir(api.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        for text in [FIRST, SECOND] {
            let found = bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes());
            assert!(!found, "{text} in {}", path.display());
        }
    }
}

#[tokio::test]
async fn a_secret_stays_until_another_is_written_and_goes_with_its_resource() {
    let api = Api::start().await;
    api.post(TARGETS, &target(FIRST)).await;
    let first = stored(&api).await;
    let kept = put(&api, &target("********")).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
    let same = put(&api, &target(FIRST)).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.body);
    assert_eq!(
        stored(&api).await,
        first,
        "the same text is the same secret"
    );
    assert_eq!(api.get(HOOK).await.json()["version"], 1, "and no change");
    put(&api, &target(SECOND)).await;
    assert_ne!(stored(&api).await, first);
    assert_eq!(count(&api).await, 1, "the first is gone");
    let version = api.get(HOOK).await.json()["version"].clone();
    let mut request = api.with_key("DELETE", HOOK, Body::empty());
    let tag = format!("\"{version}\"").parse().unwrap();
    request.headers_mut().insert(header::IF_MATCH, tag);
    assert_eq!(api.send(request).await.status, StatusCode::NO_CONTENT);
    assert_eq!(count(&api).await, 0);
    let masked = api.post(TARGETS, &target("********")).await;
    assert_eq!(masked.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(masked.body.contains("signing_secret"), "{}", masked.body);
}

#[tokio::test]
async fn what_looks_like_a_kept_secret_is_a_text_unless_it_is_one() {
    let api = Api::start().await;
    let guess = format!("secret:{}", "0a".repeat(16));
    let made = api.post(TARGETS, &target(&guess)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_ne!(format!("secret:{}", stored(&api).await), guess);
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let row = api.store.secret(&scope, &stored(&api).await).await.unwrap();
    assert!(row.is_some());
}

#[tokio::test]
async fn a_secret_has_a_length() {
    let api = Api::start().await;
    for wrong in ["", &"x".repeat(1_025)] {
        let answer = api.post(TARGETS, &target(wrong)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(
            answer.json()["errors"][0]["field"],
            "signing_secret",
            "{}",
            answer.body
        );
    }
    assert_eq!(count(&api).await, 0);
}
