use super::{ADDED, Browser, add_user};
use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::json;
use std::time::Duration;
use store::TenantId;

#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let here = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let there = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let list = here.get("/api/v1/sessions").await.json();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(items[0]["address"], "198.51.100.7");
    let other = items.iter().find(|item| item["current"] == false).unwrap();
    let path = format!("/api/v1/sessions/{}", other["id"].as_str().unwrap());
    let answer = here.send("DELETE", &path, &json!(null)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(here.is_signed_in().await && !there.is_signed_in().await);
    let again = here.send("DELETE", &path, &json!(null)).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_ends_a_session_of_another() {
    let api = Api::start().await;
    for name in ["ann@example.com", "bob@example.com"] {
        add_user(&api, TenantId::PLATFORM, name, "viewer").await;
    }
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    let list = ann.get("/api/v1/sessions").await.json();
    let path = format!(
        "/api/v1/sessions/{}",
        list["items"][0]["id"].as_str().unwrap()
    );
    let answer = bob.send("DELETE", &path, &json!(null)).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(ann.is_signed_in().await);
}

#[tokio::test]
async fn a_remembered_session_has_a_cookie_that_stays() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let sign_in = async |remember: bool| {
        let body = json!({"username": "ann@example.com", "password": ADDED, "remember": remember});
        let answer = super::post(&api, "/api/v1/session", &body).await;
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.to_owned()
    };
    assert!(sign_in(true).await.contains("Max-Age=2592000"));
    assert!(!sign_in(false).await.contains("Max-Age"));
}

#[tokio::test]
async fn the_history_has_every_try_with_its_outcome() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    api.try_sign_in("ann@example.com", "wrong").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let path = format!("/api/v1/sign-ins?user_id={ann}&outcome=wrong_password");
    // It is noted after the answer.
    for _ in 0..12_000 {
        let found = api.get(&path).await.json();
        if found["items"].as_array().unwrap().len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let own = browser.get("/api/v1/me/sign-ins").await.json();
    let outcomes = own["items"].as_array().unwrap().iter();
    let outcomes: Vec<_> = outcomes
        .map(|item| item["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes.len(), 2, "{own}");
    assert!(outcomes.contains(&"wrong_password") && outcomes.contains(&"signed_in"));
    let first = api.get("/api/v1/sign-ins?limit=1").await.json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/sign-ins?cursor={cursor}");
    assert_eq!(
        api.get(&path).await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn a_session_that_was_confirmed_long_ago_is_asked_again_before_dangerous_acts() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "admin").await;
    let bob = add_user(&api, TenantId::PLATFORM, "bob@example.com", "viewer").await;
    let old = super::sign_in_long_ago(&api, ann).await;
    let path = format!("/api/v1/users/{bob}");
    let answer = old.send("DELETE", &path, &json!(null)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.problem(), "/problems/confirm-identity");
    let wrong = json!({"password": "wrong"});
    let answer = old
        .send("POST", "/api/v1/session/confirmation", &wrong)
        .await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let right = json!({"password": ADDED});
    let answer = old
        .send("POST", "/api/v1/session/confirmation", &right)
        .await;
    let fresh = Browser::of(&api, &answer);
    assert!(!old.is_signed_in().await, "the old cookie is void");
    let answer = fresh.send("DELETE", &path, &json!(null)).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn a_user_who_may_come_from_some_networks_only_is_kept_out_elsewhere() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let body = json!({
        "full_name": "Ann", "role": "viewer", "status": "active",
        "allowed_networks": ["192.0.2.0/24"],
    });
    let path = format!("/api/v1/users/{ann}");
    assert_eq!(api.put(&path, &body).await.status, StatusCode::OK);
    assert!(!browser.is_signed_in().await, "at once");
    let refused = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let mut from_office = request("POST", "/api/v1/session")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(
            json!({"username": "ann@example.com", "password": ADDED}).to_string(),
        ))
        .unwrap();
    let office: std::net::SocketAddr = "192.0.2.9:1".parse().unwrap();
    from_office
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(office));
    assert_eq!(api.send(from_office).await.status, StatusCode::OK);
}
