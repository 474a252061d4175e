use super::second_factor::set_up;
use super::{ADDED, Browser, add_user};
use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use store::TenantId;

async fn put(api: &Api, policy: &Value, version: &str) -> crate::fixture::Answer {
    let mut request = api.with_key("PUT", "/api/v1/sign-in-policy", policy.to_string().into());
    let version = version.parse().unwrap();
    request.headers_mut().insert(header::IF_MATCH, version);
    api.send(request).await
}

#[tokio::test]
async fn a_policy_is_changed_by_the_one_who_saw_the_last() {
    let api = Api::start().await;
    let seen = api.get("/api/v1/sign-in-policy").await;
    assert_eq!(seen.headers[header::ETAG], "\"0\"");
    let mut policy = seen.json();
    policy["idle_timeout_minutes"] = json!(10);
    let answer = put(&api, &policy, "\"0\"").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let late = put(&api, &policy, "\"0\"").await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    let blind = api.with_key("PUT", "/api/v1/sign-in-policy", policy.to_string().into());
    let blind = api.send(blind).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    policy["second_factor_roles"] = json!(["nonsense"]);
    let wrong = put(&api, &policy, "*").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(wrong.json()["errors"][0]["field"], "second_factor_roles[0]");
}

#[tokio::test]
async fn longer_passwords_can_be_asked_for() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    assert_eq!(
        put(&api, &json!({"password_length_min": 20}), "*")
            .await
            .status,
        StatusCode::OK
    );
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let body = json!({"current_password": ADDED, "new_password": super::GOOD});
    let answer = ann.send("PUT", "/api/v1/me/password", &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_role_that_needs_a_second_factor_allows_nothing_before_there_is_one() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "admin").await;
    let policy = json!({"second_factor_roles": ["admin"]});
    assert_eq!(put(&api, &policy, "*").await.status, StatusCode::OK);
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let session = ann.get("/api/v1/session").await.json();
    assert_eq!(session["second_factor_required"], true);
    assert_eq!(session["permissions"], json!([]));
    let answer = ann.get("/api/v1/users").await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.problem(), "/problems/second-factor-required");
    assert_eq!(ann.get("/api/v1/sessions").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_key_does_nothing_while_its_maker_must_set_a_second_factor_up() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "admin").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let body = json!({"name": "ann's", "permissions": ["user.read"]});
    let made = ann.send("POST", "/api/v1/api-keys", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let by_key = async || {
        let request = request("GET", "/api/v1/users")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .body(Body::empty());
        api.send(request.unwrap()).await.status
    };
    assert_eq!(by_key().await, StatusCode::OK);
    let policy = json!({"second_factor_roles": ["admin"]});
    assert_eq!(put(&api, &policy, "*").await.status, StatusCode::OK);
    assert_eq!(by_key().await, StatusCode::FORBIDDEN);
    set_up(&ann).await;
    assert_eq!(by_key().await, StatusCode::OK);
}

#[tokio::test]
async fn networks_of_the_tenant_keep_its_people_out_elsewhere() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let policy = json!({"allowed_networks": ["192.0.2.0/24"]});
    assert_eq!(put(&api, &policy, "*").await.status, StatusCode::OK);
    assert!(!ann.is_signed_in().await);
    let answer = api.try_sign_in("ann@example.com", ADDED).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_role_of_ones_own_can_ask_for_a_second_factor_too() {
    let api = Api::start().await;
    let spec = json!({
        "portal": "operator", "permissions": ["user.read"], "requires_second_factor": true,
    });
    let made = api
        .post("/api/v1/roles", &json!({"name": "clerk", "spec": spec}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "clerk").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let answer = ann.get("/api/v1/users").await;
    assert_eq!(answer.problem(), "/problems/second-factor-required");
}
