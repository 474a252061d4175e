//! `Idempotency-Key`: what comes twice is done once.

use crate::fixture::{Answer, Api, request};
use crate::people::authenticator::Authenticator;
use crate::people::{ADDED, Browser, add_user, second_factor};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::TenantId;

async fn send(api: &Api, credential: &str, key: &str, path: &str, body: &Value) -> Answer {
    let request = request("POST", path)
        .header(header::AUTHORIZATION, format!("Bearer {credential}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

async fn create(api: &Api, key: &str, name: &str) -> Answer {
    let body = json!({"name": name, "spec": {}});
    send(api, &api.key, key, "/api/v1/customer-categories", &body).await
}

fn replayed(answer: &Answer) -> bool {
    answer.headers.get("idempotent-replayed").is_some()
}

#[tokio::test]
async fn the_second_request_gets_the_answer_of_the_first() {
    let api = Api::start().await;
    let first = create(&api, "k-1", "wholesale").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    assert!(!replayed(&first));
    let second = create(&api, "k-1", "wholesale").await;
    assert!(replayed(&second));
    assert_eq!((second.status, &second.body), (first.status, &first.body));
    for name in [header::ETAG, header::CONTENT_TYPE] {
        assert_eq!(
            second.headers.get(&name),
            first.headers.get(&name),
            "{name}"
        );
    }
    let plain = json!({"name": "wholesale", "spec": {}});
    let without = api.post("/api/v1/customer-categories", &plain).await;
    assert_eq!(without.status, StatusCode::CONFLICT, "it was made once");
}

#[tokio::test]
async fn a_refusal_is_given_again_too() {
    let api = Api::start().await;
    let body = json!({"name": "", "spec": {}});
    let path = "/api/v1/customer-categories";
    let first = send(&api, &api.key, "k-1", path, &body).await;
    assert_eq!(
        first.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        first.body
    );
    let second = send(&api, &api.key, "k-1", path, &body).await;
    assert!(replayed(&second));
    assert_eq!(
        (second.status, second.problem()),
        (first.status, first.problem())
    );
}

#[tokio::test]
async fn what_fails_by_circumstance_may_come_again_with_the_same_key() {
    let api = Api::start().await;
    create(&api, "k-0", "wholesale").await;
    let taken = create(&api, "k-1", "wholesale").await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    let gone = request("DELETE", "/api/v1/customer-categories/wholesale")
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::IF_MATCH, "*")
        .body(Body::empty());
    assert_eq!(api.send(gone.unwrap()).await.status, StatusCode::NO_CONTENT);
    let again = create(&api, "k-1", "wholesale").await;
    assert_eq!(again.status, StatusCode::CREATED, "{}", again.body);
    assert!(!replayed(&again));
}

#[tokio::test]
async fn what_failed_halfway_is_not_done_again() {
    let api = Api::start().await;
    let rename = async |text| store::testing::execute(&api.store, text).await;
    rename("ALTER TABLE audit_entry RENAME TO away").await;
    let failed = create(&api, "k-1", "wholesale").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    rename("ALTER TABLE away RENAME TO audit_entry").await;
    // Nobody knows what a failure has left behind: the same key does nothing more.
    let again = create(&api, "k-1", "wholesale").await;
    assert_eq!(again.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(replayed(&again));
    let anew = create(&api, "k-2", "wholesale").await;
    assert_eq!(anew.status, StatusCode::CREATED, "{}", anew.body);
}

#[tokio::test]
async fn what_was_cut_off_is_not_done_again() {
    let api = Api::start().await;
    api.switch.panicking.store(true, Ordering::Relaxed);
    let first = create(&api, "k-1", "wholesale").await;
    assert_eq!(first.problem(), "/problems/interrupted");
    let second = create(&api, "k-1", "wholesale").await;
    assert_eq!(second.status, StatusCode::CONFLICT, "{}", second.body);
    assert!(second.body.contains("under way"), "{}", second.body);
}

#[tokio::test]
async fn another_request_with_the_same_key_is_refused() {
    let api = Api::start().await;
    create(&api, "k-1", "wholesale").await;
    let other_body = create(&api, "k-1", "retail").await;
    assert_eq!(other_body.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(other_body.json()["errors"][0]["field"], "Idempotency-Key");
    let body = json!({"name": "wholesale", "spec": {}});
    let other_path = send(&api, &api.key, "k-1", "/api/v1/schedules", &body).await;
    assert_eq!(other_path.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        create(&api, "k-2", "retail").await.status,
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_key_counts_for_whoever_sent_it() {
    let api = Api::start().await;
    let mut keys = Vec::new();
    for name in ["a", "b"] {
        let permissions = [
            "customer_category.write",
            "customer_category.read",
            "change_set.push",
        ];
        let body = json!({"name": name, "permissions": permissions});
        let made = api.post("/api/v1/api-keys", &body).await;
        keys.push(made.json()["key"].as_str().unwrap().to_owned());
    }
    let path = "/api/v1/customer-categories";
    for (key, name) in keys.iter().zip(["one", "two"]) {
        let body = json!({"name": name, "spec": {}});
        let answer = send(&api, key, "same", path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    }
}

#[tokio::test]
async fn of_requests_at_once_one_is_done() {
    let api = Arc::new(Api::start().await);
    let requests = (0..6).map(|_| {
        let api = Arc::clone(&api);
        tokio::spawn(async move { create(&api, "k-1", "wholesale").await.status })
    });
    let mut made = 0;
    for status in requests.collect::<Vec<_>>() {
        match status.await.unwrap() {
            // The first, or one that came after it and got its answer.
            StatusCode::CREATED => made += 1,
            other => assert_eq!(other, StatusCode::CONFLICT, "it is under way"),
        }
    }
    assert!(made >= 1);
    let list = api.get("/api/v1/customer-categories").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_answer_that_shows_a_secret_is_not_kept() {
    let api = Api::start().await;
    let body = json!({"name": "a", "permissions": ["cdr.read"]});
    let first = send(&api, &api.key, "k-1", "/api/v1/api-keys", &body).await;
    assert_eq!(first.status, StatusCode::CREATED);
    let second = send(&api, &api.key, "k-1", "/api/v1/api-keys", &body).await;
    assert_eq!(second.status, StatusCode::CONFLICT);
    assert!(
        second.body.contains("201") && !second.body.contains("dtk_"),
        "{}",
        second.body
    );
    let list = api.get("/api/v1/api-keys").await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn seeds_and_recovery_codes_are_not_kept() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let twice = async |key: &str, path: &str, body: &Value| {
        let first = browser.send_once(key, path, body).await;
        assert!(first.status.is_success(), "{path}: {}", first.body);
        let second = browser.send_once(key, path, body).await;
        assert_eq!(second.status, StatusCode::CONFLICT, "{path}");
        assert!(replayed(&second), "{path}: {}", second.body);
        first.json()
    };
    let begun = twice("k-1", "/api/v1/me/totp", &json!(null)).await;
    let seed = begun["secret"].as_str().unwrap();
    let path = "/api/v1/me/totp/confirmation";
    let body = json!({"code": second_factor::code(seed, 0)});
    let confirmed = twice("k-2", path, &body).await;
    let path = "/api/v1/me/recovery-codes";
    let renewed = twice("k-3", path, &json!(null)).await;
    let path = "/api/v1/me/passkeys/options";
    let ceremony = twice("k-4", path, &json!(null)).await;
    // The first passkey of somebody without codes comes with codes.
    let mut write = api.store.change_people(rating::Timestamp(1)).await.unwrap();
    write.replace_recovery_codes(ann, &[]).await.unwrap();
    write.commit().await.unwrap();
    let mut authenticator = Authenticator::new("https://switch.example.com", 1);
    let body = json!({
        "ceremony_token": ceremony["ceremony_token"],
        "name": "Laptop",
        "credential": authenticator.create(&ceremony["options"]),
    });
    let registered = twice("k-5", "/api/v1/me/passkeys", &body).await;

    let mut secrets = vec![seed.to_owned()];
    for answer in [confirmed, renewed, registered] {
        let codes = answer["recovery_codes"].as_array().unwrap().clone();
        assert_eq!(codes.len(), 10);
        secrets.extend(codes.iter().map(|code| code.as_str().unwrap().to_owned()));
    }
    api.store.close().await;
    for file in std::fs::read_dir(api.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for secret in &secrets {
            let secret = secret.as_bytes();
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn the_database_has_no_key_by_which_a_password_could_be_guessed() {
    let api = Api::start().await;
    let key = "2f0f1c1e-8a55-4c3e-9d0e-6b7f3a1d9c42";
    assert_eq!(create(&api, key, "vip").await.status, StatusCode::CREATED);
    assert!(replayed(&create(&api, key, "vip").await));
    api.store.close().await;
    for file in std::fs::read_dir(api.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let mut windows = bytes.windows(key.len());
        let found = windows.any(|window| window == key.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn what_was_not_allowed_may_come_again_with_the_same_key() {
    let api = Api::start().await;
    let body = json!({"name": "a", "permissions": ["api_key.read", "api_key.write"]});
    let made = api.post("/api/v1/api-keys", &body).await;
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let body = json!({"name": "b", "permissions": ["api_key.read"]});
    for _ in 0..2 {
        let refused = send(&api, &key, "k-1", "/api/v1/api-keys", &body).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(!replayed(&refused));
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_named() {
    let api = Api::start().await;
    let answer = create(&api, "two words", "wholesale").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["errors"][0]["field"], "Idempotency-Key");
}
