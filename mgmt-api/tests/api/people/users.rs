use super::{ADDED, Browser, add_operator, add_user};
use crate::fixture::Api;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use store::TenantId;

const PLATFORM: TenantId = TenantId::PLATFORM;

fn change(role: &str, status: &str) -> Value {
    json!({"full_name": "Ann", "role": role, "status": status})
}

#[tokio::test]
async fn a_suspended_user_is_signed_out_and_stays_out() {
    let api = Api::start().await;
    let ann = add_user(&api, PLATFORM, "ann@example.com", "viewer").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let path = format!("/api/v1/users/{ann}");
    let answer = api.put(&path, &change("viewer", "suspended")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(answer.json()["status"], "suspended");
    assert!(!browser.is_signed_in().await);
    let refused = api.try_sign_in("ann@example.com", ADDED).await;
    let wrong = api.try_sign_in("ann@example.com", "wrong").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.body, wrong.body, "it is not told why");
}

#[tokio::test]
async fn a_user_is_changed_by_the_one_who_saw_the_last() {
    let api = Api::start().await;
    let ann = add_user(&api, PLATFORM, "ann@example.com", "viewer").await;
    let path = format!("/api/v1/users/{ann}");
    let put = async |tag: Option<&str>, role: &str| {
        let body = change(role, "active").to_string();
        let mut put = api.with_key("PUT", &path, body.into());
        if let Some(tag) = tag {
            let tag = tag.parse().unwrap();
            put.headers_mut().insert(header::IF_MATCH, tag);
        }
        api.send(put).await
    };
    let tag_of = |answer: &crate::fixture::Answer| {
        let tag = answer.headers[header::ETAG].to_str().unwrap();
        tag.to_owned()
    };
    let seen = tag_of(&api.get(&path).await);
    // A sign-in changes nothing that a change could overwrite.
    Browser::sign_in(&api, "ann@example.com", ADDED).await;
    assert_eq!(tag_of(&api.get(&path).await), seen);
    let blind = put(None, "sales").await;
    assert_eq!(blind.status, StatusCode::PRECONDITION_REQUIRED);
    let first = put(Some(&seen), "sales").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let second = put(Some(&seen), "support").await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED);
    let again = put(Some(&tag_of(&first)), "support").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
}

#[tokio::test]
async fn nobody_raises_themselves_nor_touches_who_may_do_more() {
    let api = Api::start().await;
    let eve = add_user(&api, PLATFORM, "eve@example.com", "admin").await;
    let boss = add_user(&api, PLATFORM, "boss@example.com", "super_admin").await;
    let browser = Browser::sign_in(&api, "eve@example.com", ADDED).await;
    let tries = [
        (eve, change("super_admin", "active")),
        (eve, change("viewer", "active")),
        (boss, change("viewer", "active")),
        (boss, change("super_admin", "suspended")),
    ];
    for (user, body) in tries {
        let path = format!("/api/v1/users/{user}");
        let answer = browser.send("PUT", &path, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{body}");
    }
    for user in [boss, eve] {
        let path = format!("/api/v1/users/{user}");
        let answer = browser.send("DELETE", &path, &json!(null)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let path = format!("{path}/sessions");
        let answer = browser.send("DELETE", &path, &json!(null)).await;
        let expected = [StatusCode::NO_CONTENT, StatusCode::FORBIDDEN];
        assert_eq!(answer.status, expected[usize::from(user == boss)]);
    }
}

#[tokio::test]
async fn the_last_one_who_may_do_everything_stays() {
    let api = Api::start().await;
    let boss = add_user(&api, PLATFORM, "boss@example.com", "super_admin").await;
    let path = format!("/api/v1/users/{boss}");
    for (method, body) in [
        ("PUT", change("viewer", "active")),
        ("PUT", change("super_admin", "suspended")),
        ("DELETE", json!(null)),
    ] {
        let mut sent = api.with_key(method, &path, body.to_string().into());
        let any = axum::http::HeaderValue::from_static("*");
        sent.headers_mut().insert(header::IF_MATCH, any);
        assert_eq!(api.send(sent).await.status, StatusCode::CONFLICT, "{body}");
    }
    add_user(&api, PLATFORM, "second@example.com", "super_admin").await;
    let delete = api.with_key("DELETE", &path, axum::body::Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn users_of_other_tenants_are_not_found() {
    let api = Api::start().await;
    let (acme, other) = (
        add_operator(&api, "acme").await,
        add_operator(&api, "other").await,
    );
    add_user(&api, acme, "bob@example.com", "super_admin").await;
    let theirs = add_user(&api, other, "eve@example.com", "viewer").await;
    let ours = add_user(&api, PLATFORM, "ann@example.com", "viewer").await;
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    for user in [theirs, ours] {
        for (method, path) in [
            ("GET", format!("/api/v1/users/{user}")),
            ("PUT", format!("/api/v1/users/{user}")),
            ("DELETE", format!("/api/v1/users/{user}")),
            ("GET", format!("/api/v1/users/{user}/sessions")),
            ("DELETE", format!("/api/v1/users/{user}/sessions")),
            ("GET", format!("/api/v1/users/{user}?tenant_id={other}")),
        ] {
            let answer = bob.send(method, &path, &change("viewer", "active")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        }
    }
    // From above they are seen through the tenant that they belong to.
    let path = format!("/api/v1/users/{theirs}?tenant_id={other}");
    assert_eq!(api.get(&path).await.json()["username"], "eve@example.com");
    let path = format!("/api/v1/users/{theirs}");
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn users_are_paged_by_name_and_found_by_a_part_of_it() {
    let api = Api::start().await;
    for name in ["ann@example.com", "bob@example.com", "eve@example.com"] {
        add_user(&api, PLATFORM, name, "viewer").await;
    }
    let first = api.get("/api/v1/users?limit=2").await.json();
    assert_eq!(first["items"][1]["username"], "bob@example.com");
    let cursor = first["next_cursor"].as_str().unwrap();
    let path = format!("/api/v1/users?limit=2&cursor={cursor}");
    let last = api.get(&path).await.json();
    assert_eq!(last["items"][0]["username"], "eve@example.com");
    assert_eq!(last["next_cursor"], json!(null));
    let found = api
        .get("/api/v1/users?search=BOB&role=viewer&status=active")
        .await;
    assert_eq!(found.json()["items"].as_array().unwrap().len(), 1);
    let wrong = api.get("/api/v1/users?limit=0").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}
