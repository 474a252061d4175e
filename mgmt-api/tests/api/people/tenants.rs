use super::{ADDED, Browser, add_user};
use crate::fixture::{Answer, Api};
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use store::TenantId;

async fn operator(api: &Api, name: &str) -> TenantId {
    let answer = api.post("/api/v1/tenants", &json!({"name": name})).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    TenantId::new(answer.json()["id"].as_i64().unwrap())
}

async fn visit(browser: &Browser<'_>, tenant: TenantId, role: Value) -> Answer {
    let path = format!("/api/v1/tenants/{tenant}/visit");
    let body = json!({"role": role, "reason": "ticket 7"});
    browser.send("POST", &path, &body).await
}

#[tokio::test]
async fn an_operator_is_made_named_suspended_and_let_in_again() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    let twin = api.post("/api/v1/tenants", &json!({"name": "acme"})).await;
    assert_eq!(twin.status, StatusCode::CONFLICT);
    let path = format!("/api/v1/tenants/{acme}");
    let name = json!({"name": "acme voice"});
    let tag = api.get(&path).await.headers[header::ETAG].clone();
    let blind = api.with_key("PUT", &path, name.to_string().into());
    let blind = api.send(blind).await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    for (expected, status) in [
        ("acme voice", StatusCode::OK),
        ("late", StatusCode::PRECONDITION_FAILED),
    ] {
        let body = json!({"name": expected}).to_string();
        let mut put = api.with_key("PUT", &path, body.into());
        put.headers_mut().insert(header::IF_MATCH, tag.clone());
        assert_eq!(api.send(put).await.status, status, "{expected}");
    }
    assert_eq!(api.get(&path).await.json()["name"], "acme voice");
    add_user(&api, acme, "bob@example.com", "super_admin").await;
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    let suspension = format!("{path}/suspension");
    let suspend = api.with_key("PUT", &suspension, axum::body::Body::empty());
    assert_eq!(api.send(suspend).await.status, StatusCode::NO_CONTENT);
    assert!(!bob.is_signed_in().await);
    let refused = api.try_sign_in("bob@example.com", ADDED).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert!(api.get(&path).await.json()["suspended_at"].is_string());
    let resume = api.with_key("DELETE", &suspension, axum::body::Body::empty());
    assert_eq!(api.send(resume).await.status, StatusCode::NO_CONTENT);
    Browser::sign_in(&api, "bob@example.com", ADDED).await;
}

#[tokio::test]
async fn an_operator_reaches_neither_its_siblings_nor_the_platform() {
    let api = Api::start().await;
    let (acme, other) = (operator(&api, "acme").await, operator(&api, "other").await);
    add_user(&api, acme, "bob@example.com", "super_admin").await;
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    let list = bob.get("/api/v1/tenants").await.json();
    assert_eq!(list["items"], json!([]));
    for id in [acme, other, TenantId::PLATFORM] {
        let path = format!("/api/v1/tenants/{id}");
        assert_eq!(bob.get(&path).await.status, StatusCode::NOT_FOUND);
        let suspension = format!("{path}/suspension");
        let suspended = bob.send("PUT", &suspension, &json!(null)).await;
        assert_eq!(suspended.status, StatusCode::NOT_FOUND);
        let visited = visit(&bob, id, json!("viewer")).await;
        assert_eq!(visited.status, StatusCode::NOT_FOUND);
    }
    let mine = json!({"name": "mine"});
    let made = bob.send("POST", "/api/v1/tenants", &mine).await;
    assert_eq!(made.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_visitor_acts_there_in_that_role_and_comes_back() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    add_user(&api, acme, "bob@example.com", "viewer").await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "super_admin").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let away = Browser::of(&api, &visit(&ann, acme, json!(null)).await);
    let session = away.get("/api/v1/session").await.json();
    assert_eq!(session["tenant"]["name"], "acme");
    assert_eq!(session["visit"]["home"], "Platform");
    assert!(session["visit"]["ends_at"].is_string());
    let users = away.get("/api/v1/users").await.json();
    assert_eq!(users["items"][0]["username"], "bob@example.com");
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
    // Nothing of the visitor's own account, and no visit from a visit.
    for (method, path) in [
        ("GET", "/api/v1/me"),
        ("GET", "/api/v1/sessions"),
        ("POST", "/api/v1/me/totp"),
    ] {
        let answer = away.send(method, path, &json!({})).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
    let back = away
        .send("DELETE", "/api/v1/session/visit", &json!(null))
        .await;
    let home = Browser::of(&api, &back);
    let session = home.get("/api/v1/session").await.json();
    assert_eq!(session["tenant"]["kind"], "platform");
    assert_eq!(session["visit"], json!(null));
    assert!(!away.is_signed_in().await && !ann.is_signed_in().await);
    let nowhere = home.send("DELETE", "/api/v1/session/visit", &json!(null));
    assert_eq!(nowhere.await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn who_leaves_after_the_own_session_has_ended_by_silence_is_signed_out() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "super_admin").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let away = Browser::of(&api, &visit(&ann, acme, json!(null)).await);
    let silent = "UPDATE session SET last_used_at = last_used_at - 86400000000 \
        WHERE parent_id IS NULL";
    store::testing::execute(&api.store, silent).await;
    assert!(away.is_signed_in().await && !ann.is_signed_in().await);
    let left = away.send("DELETE", "/api/v1/session/visit", &json!(null));
    let left = left.await;
    assert_eq!(left.problem(), "/problems/unauthenticated");
    assert!(left.headers.get(header::SET_COOKIE).is_none());
    assert!(!away.is_signed_in().await && !ann.is_signed_in().await);
}

#[tokio::test]
async fn a_visit_ends_by_silence_as_soon_as_the_policy_at_home_says() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    let policy = json!({"idle_timeout_minutes": 10});
    let put = api.put("/api/v1/sign-in-policy", &policy).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "super_admin").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let away = Browser::of(&api, &visit(&ann, acme, json!(null)).await);
    let silent = "UPDATE session SET last_used_at = last_used_at - 660000000";
    store::testing::execute(&api.store, silent).await;
    assert!(!away.is_signed_in().await && !ann.is_signed_in().await);
}

#[tokio::test]
async fn a_visitor_never_may_more_than_at_home() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    add_user(&api, TenantId::PLATFORM, "sue@example.com", "support").await;
    let sue = Browser::sign_in(&api, "sue@example.com", ADDED).await;
    let away = Browser::of(&api, &visit(&sue, acme, json!("super_admin")).await);
    let session = away.get("/api/v1/session").await.json();
    let permissions = session["permissions"].as_array().unwrap();
    assert!(permissions.contains(&json!("carrier.read")));
    for missing in ["carrier.write", "user.write", "tenant.write"] {
        assert!(!permissions.contains(&json!(missing)), "{missing}");
    }
    let unknown = visit(&sue, acme, json!("owner")).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_visit_ends_with_the_session_it_was_entered_from_and_with_the_tenant() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "super_admin").await;
    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let away = Browser::of(&api, &visit(&ann, acme, json!(null)).await);
    let path = format!("/api/v1/tenants/{acme}/suspension");
    let suspend = api.with_key("PUT", &path, axum::body::Body::empty());
    assert_eq!(api.send(suspend).await.status, StatusCode::NO_CONTENT);
    assert!(!away.is_signed_in().await && ann.is_signed_in().await);
    let shut = visit(&ann, acme, json!(null)).await;
    assert_eq!(shut.status, StatusCode::CONFLICT);
    let resume = api.with_key("DELETE", &path, axum::body::Body::empty());
    api.send(resume).await;
    let away = Browser::of(&api, &visit(&ann, acme, json!(null)).await);
    let out = ann.send("DELETE", "/api/v1/session", &json!(null)).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(!away.is_signed_in().await);
}

#[tokio::test]
async fn keys_and_those_without_the_permission_visit_nobody() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    let path = format!("/api/v1/tenants/{acme}/visit");
    let by_key = api.post(&path, &json!({"reason": "x"})).await;
    assert_eq!(by_key.status, StatusCode::FORBIDDEN);
    add_user(&api, TenantId::PLATFORM, "vic@example.com", "viewer").await;
    let vic = Browser::sign_in(&api, "vic@example.com", ADDED).await;
    let answer = visit(&vic, acme, json!(null)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

/// Every operation that takes a number, asked by the super admin of an operator about what is the
/// platform's or another's: never data.
#[tokio::test]
async fn the_first_role_of_an_operator_finds_nothing_of_others() {
    let api = Api::start().await;
    let acme = operator(&api, "acme").await;
    add_user(&api, acme, "bob@example.com", "super_admin").await;
    let aurora = json!({"name": "aurora", "spec": {}});
    let made = api.post("/api/v1/carriers", &aurora).await.json();
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    let list = bob.get("/api/v1/carriers").await;
    assert_eq!(list.json()["items"], json!([]), "{}", list.body);
    for target in ["aurora".to_owned(), made["id"].to_string()] {
        let path = format!("/api/v1/carriers/{target}");
        assert_eq!(bob.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
