//! Signing in and out.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::json;

async fn who(api: &Api, cookie: &str) -> Answer {
    let request = request("GET", "/api/v1/session").header(header::COOKIE, cookie);
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_session_lasts_from_sign_in_to_sign_out() {
    let api = Api::start().await;
    let (cookie, csrf) = api.sign_in().await;
    let answer = who(&api, &cookie).await;
    assert_eq!(answer.status, StatusCode::OK);
    let session = answer.json();
    assert_eq!(
        session["user"],
        json!({"username": "admin", "role": "super_admin"})
    );
    assert_eq!(session["csrf_token"], json!(csrf));
    assert_eq!(session["tenant"]["kind"], "platform");
    assert_eq!(session["visit"], json!(null));
    assert!(session["permissions"].as_array().unwrap().len() > 50);
    let sign_out = request("DELETE", "/api/v1/session")
        .header(header::COOKIE, &cookie)
        .header("x-csrf-token", &csrf);
    let answer = api.send(sign_out.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let forget = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(forget.contains("Max-Age=0"), "{forget}");
    assert_eq!(who(&api, &cookie).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_cookie_is_strict_and_the_answer_is_not_kept() {
    let api = Api::start().await;
    let answer = api.try_sign_in("admin", api.password().await).await;
    let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert!(
        !cookie.contains("Secure"),
        "this API is reached without TLS"
    );
    assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_look_the_same() {
    let api = Api::start().await;
    let name = api.try_sign_in("nobody", api.password().await).await;
    let password = api.try_sign_in("admin", "wrong").await;
    assert_eq!(name.status, StatusCode::UNAUTHORIZED);
    assert_eq!(name.body, password.body);
    assert!(name.headers.get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn failures_are_slowed_down_even_for_the_right_password() {
    let api = Api::start().await;
    let password = api.password().await;
    // A slow machine may outwait the first delays; they grow with each failure.
    for _ in 0..8 {
        api.try_sign_in("admin", "wrong").await;
    }
    let answer = api.try_sign_in("admin", password).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.problem(), "/problems/slow-down");
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn a_key_has_no_csrf_token_and_needs_none() {
    let api = Api::start().await;
    let answer = api.get("/api/v1/session").await;
    assert_eq!(answer.json()["csrf_token"], json!(null));
    assert_eq!(answer.json()["user"]["role"], "super_admin");
}

#[tokio::test]
async fn absurdly_long_names_are_refused_before_any_hash_is_computed() {
    let api = Api::start().await;
    let answer = api.try_sign_in(&"a".repeat(257), "x").await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer.json()["errors"][0]["field"], "username");
    let answer = api.try_sign_in("a", &"x".repeat(5_000)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
