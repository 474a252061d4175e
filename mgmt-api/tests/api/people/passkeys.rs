use super::authenticator::Authenticator;
use super::{ADDED, Browser, add_user, post};
use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use mgmt_api::RateLimits;
use serde_json::{Value, json};
use std::net::SocketAddr;
use store::TenantId;

const ORIGIN: &str = "https://switch.example.com";

async fn register(browser: &Browser<'_>, authenticator: &mut Authenticator) -> Answer {
    let path = "/api/v1/me/passkeys/options";
    let begun = browser.send("POST", path, &json!(null)).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let begun = begun.json();
    let body = json!({
        "ceremony_token": begun["ceremony_token"],
        "name": "Laptop",
        "credential": authenticator.create(&begun["options"]),
    });
    browser.send("POST", "/api/v1/me/passkeys", &body).await
}

/// What a browser sends to sign in.
async fn assertion(api: &Api, authenticator: &mut Authenticator) -> Value {
    let begun = post(api, "/api/v1/session/passkey/options", &json!(null)).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let begun = begun.json();
    json!({
        "ceremony_token": begun["ceremony_token"],
        "credential": authenticator.get(&begun["options"]),
    })
}

async fn sign_in(api: &Api, body: &Value) -> Answer {
    post(api, "/api/v1/session/passkey", body).await
}

#[tokio::test]
async fn a_passkey_signs_in_alone_and_its_answer_is_good_once() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    let registered = register(&browser, &mut authenticator).await;
    assert_eq!(
        registered.status,
        StatusCode::CREATED,
        "{}",
        registered.body
    );
    let codes = registered.json()["recovery_codes"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(codes, 10);
    let answered = assertion(&api, &mut authenticator).await;
    let signed_in = Browser::of(&api, &sign_in(&api, &answered).await);
    let session = signed_in.get("/api/v1/session").await.json();
    assert_eq!(session["user"]["username"], "ann@example.com");
    let replayed = sign_in(&api, &answered).await;
    assert_eq!(replayed.status, StatusCode::UNAUTHORIZED);
    assert_eq!(replayed.problem(), "/problems/stale-token");
    // A password alone is not enough any more.
    let answer = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(
        answer.json()["methods"],
        json!(["passkey", "recovery_code"])
    );
}

#[tokio::test]
async fn forged_foreign_and_unknown_passkeys_are_refused() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    register(&browser, &mut authenticator).await;
    let mut stranger = Authenticator::new(ORIGIN, 2);
    // It knows the user's handle and was never registered.
    stranger.handle = authenticator.handle.clone();
    let unknown = assertion(&api, &mut stranger).await;
    let unknown = sign_in(&api, &unknown).await;
    assert_eq!(unknown.problem(), "/problems/passkey-refused");
    let mut phished = Authenticator::new("https://switch.example.net", 1);
    phished.handle = authenticator.handle.clone();
    phished.counter = 100;
    let phished = assertion(&api, &mut phished).await;
    let phished = sign_in(&api, &phished).await;
    assert_eq!(phished.problem(), "/problems/passkey-refused");
    let other = assertion(&api, &mut authenticator).await;
    let mut mixed = assertion(&api, &mut authenticator).await;
    mixed["ceremony_token"] = other["ceremony_token"].clone();
    let mixed = sign_in(&api, &mixed).await;
    assert_eq!(mixed.problem(), "/problems/passkey-refused");
}

#[tokio::test]
async fn a_ceremony_of_another_user_registers_nothing() {
    let api = Api::start().await;
    for name in ["ann@example.com", "eve@example.com"] {
        add_user(&api, TenantId::PLATFORM, name, "viewer").await;
    }
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let eve = Browser::sign_in(&api, "eve@example.com", ADDED).await;
    let begun = ann.send("POST", "/api/v1/me/passkeys/options", &json!(null));
    let begun = begun.await.json();
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    let body = json!({
        "ceremony_token": begun["ceremony_token"],
        "name": "Mine",
        "credential": authenticator.create(&begun["options"]),
    });
    let answer = eve.send("POST", "/api/v1/me/passkeys", &body).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let list = ann.get("/api/v1/me/passkeys").await.json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_passkey_is_renamed_and_removed_by_its_user_only() {
    let api = Api::start().await;
    for name in ["ann@example.com", "eve@example.com"] {
        add_user(&api, TenantId::PLATFORM, name, "viewer").await;
    }
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let eve = Browser::sign_in(&api, "eve@example.com", ADDED).await;
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    let id = register(&ann, &mut authenticator).await.json()["id"].clone();
    let path = format!("/api/v1/me/passkeys/{id}");
    let name = json!({"name": "Phone"});
    for (method, body) in [("PUT", &name), ("DELETE", &json!(null))] {
        let answer = eve.send(method, &path, body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let renamed = ann.send("PUT", &path, &name).await;
    assert_eq!(renamed.status, StatusCode::NO_CONTENT);
    let list = ann.get("/api/v1/me/passkeys").await.json();
    assert_eq!(list["items"][0]["name"], "Phone");
    let removed = ann.send("DELETE", &path, &json!(null)).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    let answer = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(answer.status, StatusCode::OK, "no second factor is left");
}

async fn begin_from(api: &Api, address: &str) -> Answer {
    let mut request = request("POST", "/api/v1/session/passkey/options")
        .body(Body::empty())
        .unwrap();
    let from: SocketAddr = address.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    api.send(request).await
}

#[tokio::test]
async fn one_network_takes_some_of_the_ceremonies_and_gives_them_back() {
    let limits = RateLimits {
        sign_in_per_minute: 0,
        ..RateLimits::default()
    };
    let api = Api::start_with(tempfile::tempdir().unwrap(), limits).await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    register(&browser, &mut authenticator).await;
    let first = assertion(&api, &mut authenticator).await;
    // The /48 of a site has many /64.
    for number in 0..50 {
        let begun = begin_from(&api, &format!("[2001:db8:7:{number}::1]:1")).await;
        assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    }
    let refused = begin_from(&api, "[2001:db8:7:ffff::1]:1").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    let elsewhere = begin_from(&api, "[2001:db8:8::1]:1").await;
    assert_eq!(elsewhere.status, StatusCode::OK, "{}", elsewhere.body);
    // One that is over gives its place back.
    for _ in 1..50 {
        let begun = begin_from(&api, "198.51.100.7:1").await;
        assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    }
    let full = begin_from(&api, "198.51.100.7:1").await;
    assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS);
    Browser::of(&api, &sign_in(&api, &first).await);
    let again = begin_from(&api, "198.51.100.7:1").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
}
