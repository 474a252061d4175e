use super::{ADDED, Browser, GOOD, PLATFORM, add_operator, add_user, mail_to, post, token_in};
use crate::fixture::Api;
use axum::http::StatusCode;
use serde_json::{Value, json};
use store::{Scope, TenantId};

async fn invite(api: &Api, email: &str, role: &str) -> Value {
    let draft = json!({"email": email, "full_name": "Ann Example", "role": role});
    let answer = api.post("/api/v1/invitations", &draft).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    answer.json()
}

fn acceptance(token: &str) -> Value {
    json!({"token": token, "full_name": "Ann Example", "password": GOOD})
}

#[tokio::test]
async fn who_is_invited_chooses_a_password_and_is_signed_in() {
    let api = Api::start().await;
    let invitation = invite(&api, "Ann@Example.com", "viewer").await;
    assert_eq!(invitation["email"], "ann@example.com");
    let (_, text) = mail_to(&api, &PLATFORM, "invitation", "ann@example.com").await;
    let token = token_in(&text);
    let answer = post(&api, "/api/v1/invitations/acceptance", &acceptance(&token)).await;
    let ann = Browser::of(&api, &answer);
    let session = ann.get("/api/v1/session").await.json();
    assert_eq!(
        session["user"],
        json!({"username": "ann@example.com", "role": "viewer"})
    );
    let again = post(&api, "/api/v1/invitations/acceptance", &acceptance(&token)).await;
    assert_eq!(
        again.status,
        StatusCode::UNAUTHORIZED,
        "a link is good once"
    );
    assert_eq!(again.problem(), "/problems/stale-token");
    let later = api.try_sign_in("ANN@example.com", GOOD).await;
    assert_eq!(later.status, StatusCode::OK);
    let list = api.get("/api/v1/invitations").await.json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn a_withdrawn_replaced_or_guessed_link_lets_nobody_in() {
    let api = Api::start().await;
    invite(&api, "ann@example.com", "viewer").await;
    let (_, first) = mail_to(&api, &PLATFORM, "invitation", "ann@example.com").await;
    let second = invite(&api, "ann@example.com", "viewer").await;
    let path = format!("/api/v1/invitations/{}", second["id"]);
    let delete = api.with_key("DELETE", &path, axum::body::Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::NO_CONTENT);
    let guessed = "0".repeat(64);
    for token in [token_in(&first), guessed, String::new()] {
        let answer = post(&api, "/api/v1/invitations/acceptance", &acceptance(&token)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token}");
    }
}

#[tokio::test]
async fn a_weak_password_leaves_the_link_good() {
    let api = Api::start().await;
    invite(&api, "ann@example.com", "viewer").await;
    let (_, text) = mail_to(&api, &PLATFORM, "invitation", "ann@example.com").await;
    let mut body = acceptance(&token_in(&text));
    body["password"] = json!("Password2024!");
    let answer = post(&api, "/api/v1/invitations/acceptance", &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    body["password"] = json!(GOOD);
    let answer = post(&api, "/api/v1/invitations/acceptance", &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
}

#[tokio::test]
async fn nobody_invites_to_more_than_they_may_themselves() {
    let api = Api::start().await;
    add_user(&api, TenantId::PLATFORM, "eve@example.com", "admin").await;
    let eve = Browser::sign_in(&api, "eve@example.com", ADDED).await;
    for (role, status) in [
        ("super_admin", StatusCode::FORBIDDEN),
        ("owner", StatusCode::UNPROCESSABLE_ENTITY),
        ("viewer", StatusCode::CREATED),
    ] {
        let draft = json!({"email": "bob@example.com", "role": role});
        let answer = eve.send("POST", "/api/v1/invitations", &draft).await;
        assert_eq!(answer.status, status, "{role}: {}", answer.body);
    }
}

#[tokio::test]
async fn people_are_invited_into_tenants_right_below_and_no_others() {
    let api = Api::start().await;
    let acme = add_operator(&api, "acme").await;
    let draft = json!({"email": "bob@example.com", "role": "super_admin", "tenant_id": acme.get()});
    let answer = api.post("/api/v1/invitations", &draft).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let scope = Scope::of_tenant(acme);
    let (_, text) = mail_to(&api, &scope, "invitation", "bob@example.com").await;
    let body = acceptance(&token_in(&text));
    let answer = post(&api, "/api/v1/invitations/acceptance", &body).await;
    let bob = Browser::of(&api, &answer);
    let session = bob.get("/api/v1/session").await.json();
    assert_eq!(session["tenant"]["kind"], "operator");
    // The platform is not below the operator, and its people are not seen from there.
    let up = json!({"email": "eve@example.com", "role": "super_admin", "tenant_id": 1});
    let answer = bob.send("POST", "/api/v1/invitations", &up).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    for path in ["/api/v1/users?tenant_id=1", "/api/v1/sign-ins?tenant_id=1"] {
        assert_eq!(bob.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let users = bob.get("/api/v1/users").await.json();
    assert_eq!(users["items"].as_array().unwrap().len(), 1);
    let unknown = json!({"email": "eve@example.com", "role": "owner", "customer": "nobody"});
    let answer = api.post("/api/v1/invitations", &unknown).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
