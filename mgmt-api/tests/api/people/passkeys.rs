use super::authenticator::Authenticator;
use super::{ADDED, Browser, add_user, post};
use crate::fixture::{Answer, Api};
use axum::http::StatusCode;
use serde_json::{Value, json};
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
