//! Passwords of resources: written, never shown, read by calls.

use crate::fixture::{Answer, Api};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery staple";
const TRUNK: &str = "/api/v1/trunks/aurora-out";

fn trunk(password: &str) -> Value {
    json!({
        "direction": "egress", "carrier": "aurora", "rate_card": "buy",
        "gateway": "127.0.0.9:5060",
        "digest": {"username": "didtron", "password": password},
    })
}

async fn world() -> Api {
    let api = Api::start().await;
    let rates = json!([{"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"}]);
    let card = json!({"currency": "USD", "rates": rates});
    for (plural, name, spec) in [
        ("rate-cards", "buy", card),
        ("carriers", "aurora", json!({})),
        ("trunks", "aurora-out", trunk(PASSWORD)),
    ] {
        let body = json!({"name": name, "spec": spec});
        let answer = api.post(&format!("/api/v1/{plural}"), &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    }
    api
}

async fn put(api: &Api, spec: Value) -> Answer {
    let body = json!({"name": "aurora-out", "spec": spec});
    let mut request = api.with_key("PUT", TRUNK, body.to_string().into());
    request
        .headers_mut()
        .insert(header::IF_MATCH, "*".parse().unwrap());
    api.send(request).await
}

/// What calls answer challenges with.
fn password_in_use(api: &Api) -> String {
    let snapshot = api.switch.snapshot.lock().unwrap().clone();
    let digest = snapshot.egress_trunks()[0].digest.clone().unwrap();
    digest.password().to_owned()
}

/// Everything in the folder of the database.
fn is_on_disk(api: &Api, text: &str) -> bool {
    let files = std::fs::read_dir(api.folder.path()).unwrap();
    files.into_iter().any(|file| {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    })
}

#[tokio::test]
async fn calls_read_the_password_and_nobody_else_does() {
    let api = world().await;
    assert_eq!(password_in_use(&api), PASSWORD);
    for path in [
        TRUNK,
        "/api/v1/trunks",
        "/api/v1/trunks/aurora-out/versions",
        "/api/v1/audit-entries",
    ] {
        let shown = api.get(path).await;
        assert!(!shown.body.contains(PASSWORD), "{path}: {}", shown.body);
    }
    assert!(!is_on_disk(&api, PASSWORD));
    // A process that starts again reads it again.
    let Api { folder, store, .. } = api;
    drop(store);
    let api = Api::start_in(folder).await;
    assert_eq!(password_in_use(&api), PASSWORD);
}

#[tokio::test]
async fn a_password_that_is_sent_back_masked_stays_and_a_new_one_takes_its_place() {
    let api = world().await;
    let shown = api.get(TRUNK).await.json()["spec"].clone();
    assert_eq!(shown["digest"]["password"], "********");
    let mut changed = shown.clone();
    changed["cps_limit"] = json!(7);
    let answer = put(&api, changed).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(password_in_use(&api), PASSWORD);
    let answer = put(&api, trunk("another password")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(password_in_use(&api), "another password");
    let kept = api.store.secret_keys_in_use().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].1, 1, "the old one is forgotten");
}

#[tokio::test]
async fn the_same_password_again_changes_nothing() {
    let api = world().await;
    let before = api.get(TRUNK).await.json()["version"].clone();
    let answer = put(&api, trunk(PASSWORD)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(api.get(TRUNK).await.json()["version"], before);
}

#[tokio::test]
async fn what_looks_like_a_stored_password_is_a_text_like_any_other() {
    let api = world().await;
    let forged = format!("secret:{}", "0".repeat(32));
    let answer = put(&api, trunk(&forged)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(password_in_use(&api), forged);
}

#[tokio::test]
async fn an_empty_or_endless_password_is_refused_by_its_field() {
    let api = world().await;
    for bad in [String::new(), "x".repeat(1_025)] {
        let answer = put(&api, trunk(&bad)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("digest.password"), "{}", answer.body);
    }
    assert_eq!(password_in_use(&api), PASSWORD);
}

#[tokio::test]
async fn a_password_goes_with_its_resource() {
    let api = world().await;
    let mut request = api.with_key("DELETE", TRUNK, axum::body::Body::empty());
    request
        .headers_mut()
        .insert(header::IF_MATCH, "*".parse().unwrap());
    let answer = api.send(request).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    assert_eq!(api.store.secret_keys_in_use().await.unwrap(), []);
}
