use super::{ADDED, Browser, GOOD, PLATFORM, add_user, mail_to, post, token_in};
use crate::fixture::{Answer, Api};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use store::TenantId;
use totp_rs::{Algorithm, Builder, Secret};

/// The code that an app shows some steps from now.
pub(crate) fn code(secret: &str, steps: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let app = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(30)
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build()
        .unwrap();
    app.generate(now.as_secs() + 30 * steps).to_string()
}

/// Sets an app up; gives its secret and the recovery codes.
pub(super) async fn set_up(browser: &Browser<'_>) -> (String, Vec<String>) {
    let begun = browser.send("POST", "/api/v1/me/totp", &json!(null)).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let secret = begun.json()["secret"].as_str().unwrap().to_owned();
    let path = "/api/v1/me/totp/confirmation";
    let wrong = browser.send("POST", path, &json!({"code": "000000"})).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let body = json!({"code": code(&secret, 0)});
    let done = browser.send("POST", path, &body).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.body);
    let codes = done.json()["recovery_codes"].as_array().unwrap().clone();
    let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

async fn begin(api: &Api) -> Value {
    let answer = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
    assert!(answer.headers.get("set-cookie").is_none());
    answer.json()
}

async fn finish(api: &Api, begun: &Value, field: &str, code: &str) -> Answer {
    let body = json!({"sign_in_token": begun["sign_in_token"], field: code});
    post(api, "/api/v1/session/second-factor", &body).await
}

#[tokio::test]
async fn a_password_alone_is_not_enough_and_a_code_is_good_once() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let elsewhere = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let (secret, codes) = set_up(&browser).await;
    assert!(browser.is_signed_in().await && !elsewhere.is_signed_in().await);
    let begun = begin(&api).await;
    assert_eq!(begun["methods"], json!(["totp", "recovery_code"]));
    let used = finish(&api, &begun, "code", &code(&secret, 0)).await;
    assert_eq!(used.status, StatusCode::UNAUTHORIZED, "it set the app up");
    let next = code(&secret, 1);
    let signed_in = finish(&api, &begun, "code", &next).await;
    assert!(Browser::of(&api, &signed_in).is_signed_in().await);
    let again = finish(&api, &begun, "code", &next).await;
    assert_eq!(again.problem(), "/problems/stale-token");
    let begun = begin(&api).await;
    let replayed = finish(&api, &begun, "code", &next).await;
    assert_eq!(replayed.problem(), "/problems/second-factor-refused");
    let recovered = finish(&api, &begun, "recovery_code", &codes[0].to_uppercase()).await;
    assert!(Browser::of(&api, &recovered).is_signed_in().await);
    let begun = begin(&api).await;
    let twice = finish(&api, &begun, "recovery_code", &codes[0]).await;
    assert_eq!(twice.status, StatusCode::UNAUTHORIZED);
    let account = browser.get("/api/v1/me").await.json();
    assert_eq!(account["recovery_codes_left"], 9);
}

#[tokio::test]
async fn after_some_wrong_codes_the_password_is_asked_for_again() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let (secret, _) = set_up(&browser).await;
    let begun = begin(&api).await;
    let mut problems = Vec::new();
    for _ in 0..5 {
        problems.push(finish(&api, &begun, "code", "000000").await.problem());
    }
    assert_eq!(problems[0], "/problems/second-factor-refused");
    let answer = finish(&api, &begun, "code", &code(&secret, 1)).await;
    assert_eq!(answer.problem(), "/problems/stale-token");
}

#[tokio::test]
async fn a_reset_of_the_password_does_not_get_around_the_second_factor() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    set_up(&browser).await;
    let begun = begin(&api).await;
    let body = json!({"email": "ann@example.com"});
    post(&api, "/api/v1/password-resets", &body).await;
    let (_, text) = mail_to(&api, &PLATFORM, "password_reset", "ann@example.com").await;
    let body = json!({"token": token_in(&text), "new_password": GOOD});
    let answer = post(&api, "/api/v1/password-resets/completion", &body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    let answer = api.try_sign_in("ann@example.com", GOOD).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let stale = finish(&api, &begun, "code", "000000").await;
    assert_eq!(
        stale.problem(),
        "/problems/stale-token",
        "of the old password"
    );
}

#[tokio::test]
async fn dangerous_acts_of_a_user_with_an_app_need_its_code_too() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let (secret, _) = set_up(&browser).await;
    let old = super::sign_in_long_ago(&api, ann).await;
    let remove = async |browser: &Browser<'_>| {
        let answer = browser.send("DELETE", "/api/v1/me/totp", &json!(null));
        answer.await.status
    };
    assert_eq!(remove(&old).await, StatusCode::FORBIDDEN);
    let path = "/api/v1/session/confirmation";
    let alone = old.send("POST", path, &json!({"password": ADDED})).await;
    assert_eq!(alone.problem(), "/problems/second-factor-refused");
    let body = json!({"password": ADDED, "code": code(&secret, 1)});
    let fresh = Browser::of(&api, &old.send("POST", path, &body).await);
    assert_eq!(remove(&fresh).await, StatusCode::NO_CONTENT);
    Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let account = fresh.get("/api/v1/me").await.json();
    assert_eq!(account["recovery_codes_left"], 0);
}

#[tokio::test]
async fn a_changed_password_is_no_proof_by_the_app() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let (secret, _) = set_up(&browser).await;
    let old = super::sign_in_long_ago(&api, ann).await;
    let body = json!({"current_password": ADDED, "new_password": GOOD});
    let changed = old.send("PUT", "/api/v1/me/password", &body).await;
    let changed = Browser::of(&api, &changed);
    for (method, path) in [
        ("DELETE", "/api/v1/me/totp"),
        ("POST", "/api/v1/me/recovery-codes"),
    ] {
        let refused = changed.send(method, path, &json!(null)).await;
        assert_eq!(refused.problem(), "/problems/confirm-identity");
    }
    let body = json!({"password": GOOD, "code": code(&secret, 1)});
    let proof = changed.send("POST", "/api/v1/session/confirmation", &body);
    let fresh = Browser::of(&api, &proof.await);
    let removed = fresh.send("DELETE", "/api/v1/me/totp", &json!(null)).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.body);
}

#[tokio::test]
async fn who_looks_after_users_removes_the_factors_of_one_who_lost_them() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    set_up(&browser).await;
    let path = format!("/api/v1/users/{ann}/second-factor");
    let delete = api.with_key("DELETE", &path, axum::body::Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::NO_CONTENT);
    assert!(!browser.is_signed_in().await);
    Browser::sign_in(&api, "ann@example.com", ADDED).await;
}

#[tokio::test]
async fn every_change_of_how_a_user_signs_in_is_told_to_the_user_by_mail() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let mut browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let mut told = 0;
    let mut one_more = async || {
        let scope = store::Scope::of_tenant(TenantId::PLATFORM);
        let mails = api.store.mails(&scope, None, 100).await.unwrap();
        let mails = mails
            .iter()
            .filter(|mail| mail.purpose == "account_changed");
        let before = std::mem::replace(&mut told, mails.count());
        told == before + 1
    };
    set_up(&browser).await;
    assert!(one_more().await, "an app");
    let renewed = browser
        .send("POST", "/api/v1/me/recovery-codes", &json!(null))
        .await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.body);
    assert!(one_more().await, "new codes");
    let removed = browser
        .send("DELETE", "/api/v1/me/totp", &json!(null))
        .await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT);
    assert!(one_more().await, "no app");
    let body = json!({"current_password": ADDED, "new_password": super::GOOD});
    let changed = browser.send("PUT", "/api/v1/me/password", &body).await;
    browser = Browser::of(&api, &changed);
    assert!(one_more().await, "another password");
    set_up(&browser).await;
    assert!(one_more().await, "an app again");
    let path = format!("/api/v1/users/{ann}/second-factor");
    let delete = api.with_key("DELETE", &path, axum::body::Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::NO_CONTENT);
    assert!(one_more().await, "none, by another");
}
