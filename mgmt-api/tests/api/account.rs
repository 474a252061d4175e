//! What users do about their own accounts.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};

const GOOD: &str = "velvet tuba granite";

async fn change(api: &Api, session: &(String, String), current: &str, new: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": new});
    send(api, session, "PUT", "/api/v1/me/password", &body).await
}

async fn send(
    api: &Api,
    (cookie, csrf): &(String, String),
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    let request = request(method, path)
        .header(header::COOKIE, cookie)
        .header("x-csrf-token", csrf)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

async fn is_signed_in(api: &Api, cookie: &str) -> bool {
    let request = request("GET", "/api/v1/session").header(header::COOKIE, cookie);
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn a_changed_password_ends_all_sessions_but_the_one_it_begins() {
    let api = Api::start().await;
    let old = api.password().await.to_owned();
    let (here, elsewhere) = (api.sign_in().await, api.sign_in().await);
    let answer = change(&api, &here, &old, GOOD).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(!is_signed_in(&api, &here.0).await && !is_signed_in(&api, &elsewhere.0).await);
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();
    assert!(is_signed_in(&api, cookie).await);
    assert_ne!(answer.json()["csrf_token"], json!(here.1));
    let with_old = api.try_sign_in("admin", &old).await;
    assert_eq!(with_old.status, StatusCode::UNAUTHORIZED);
    assert_eq!(api.try_sign_in("admin", GOOD).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing_and_is_slowed_down() {
    let api = Api::start().await;
    let session = api.sign_in().await;
    let answer = change(&api, &session, "wrong", GOOD).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.problem(), "/problems/sign-in-refused");
    assert!(is_signed_in(&api, &session.0).await);
    // The delay by name begins after ten failures.
    for _ in 0..12 {
        change(&api, &session, "wrong", GOOD).await;
    }
    let answer = change(&api, &session, api.password().await, GOOD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_weak_new_password_is_refused_with_its_reason() {
    let api = Api::start().await;
    let session = api.sign_in().await;
    let old = api.password().await;
    for weak in [
        "short",
        "Password2024!",
        "123456789012",
        &"kürbis tanz ".repeat(30),
    ] {
        let answer = change(&api, &session, old, weak).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{weak}");
        assert_eq!(answer.json()["errors"][0]["field"], "new_password");
    }
    assert!(is_signed_in(&api, &session.0).await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_of_the_user() {
    let api = Api::start().await;
    let (here, elsewhere) = (api.sign_in().await, api.sign_in().await);
    let answer = send(&api, &here, "DELETE", "/api/v1/sessions", &json!({})).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let forget = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(forget.contains("Max-Age=0"), "{forget}");
    assert!(!is_signed_in(&api, &here.0).await && !is_signed_in(&api, &elsewhere.0).await);
}

#[tokio::test]
async fn a_key_has_neither_password_nor_sessions() {
    let api = Api::start().await;
    let body = json!({"current_password": "x", "new_password": GOOD}).to_string();
    let put = api.with_key("PUT", "/api/v1/me/password", body.into());
    assert_eq!(api.send(put).await.status, StatusCode::FORBIDDEN);
    let delete = api.with_key("DELETE", "/api/v1/sessions", Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::FORBIDDEN);
}
