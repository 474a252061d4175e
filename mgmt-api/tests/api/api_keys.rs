//! Keys of programs: made, used, rotated, ended.

use crate::fixture::{Answer, Api, request};
use crate::people::{ADDED, Browser, add_operator, add_user};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use mgmt_api::access::Permission;
use serde_json::{Value, json};
use std::net::SocketAddr;
use store::TenantId;

/// Asks by a key, from an address.
async fn ask(api: &Api, key: &str, from: &str, method: &str, path: &str, body: &Value) -> Answer {
    let mut request = request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::IF_MATCH, "*")
        .body(Body::from(body.to_string()))
        .unwrap();
    let from: SocketAddr = from.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(from));
    api.send(request).await
}

async fn get(api: &Api, key: &str, path: &str) -> Answer {
    ask(api, key, "192.0.2.7:4000", "GET", path, &Value::Null).await
}

/// Makes a key with the key of the machine; gives its number and itself.
async fn make(api: &Api, body: Value) -> (i64, String) {
    let answer = api.post("/api/v1/api-keys", &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    shown(&answer)
}

fn shown(answer: &Answer) -> (i64, String) {
    let made = answer.json();
    let id = made["api_key"]["id"].as_i64().unwrap();
    (id, made["key"].as_str().unwrap().to_owned())
}

/// Makes a key as a signed-in user.
async fn make_by_session(api: &Api, session: &(String, String), permissions: &Value) -> Answer {
    let body = json!({"name": "of a user", "permissions": permissions});
    let request = request("POST", "/api/v1/api-keys")
        .header(header::COOKIE, &session.0)
        .header("x-csrf-token", &session.1)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn a_key_is_shown_once_and_does_what_it_was_made_for() {
    let api = Api::start().await;
    let body = json!({"name": "cdr export", "permissions": ["cdr.read"]});
    let answer = api.post("/api/v1/api-keys", &body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let (id, key) = shown(&answer);
    assert_eq!(
        answer.headers[header::LOCATION],
        format!("/api/v1/api-keys/{id}")
    );
    assert!(key.starts_with("dtk_") && key.len() == 68);

    assert_eq!(get(&api, &key, "/api/v1/cdrs").await.status, StatusCode::OK);
    let refused = get(&api, &key, "/api/v1/status").await;
    assert_eq!(refused.problem(), "/problems/forbidden");
    assert!(refused.body.contains("status.read"), "{}", refused.body);
    let other = if key.ends_with('0') { '1' } else { '0' };
    let almost = format!("{}{other}", &key[..67]);
    assert_eq!(
        get(&api, &almost, "/api/v1/cdrs").await.status,
        StatusCode::UNAUTHORIZED
    );

    for path in ["/api/v1/api-keys", &format!("/api/v1/api-keys/{id}")] {
        let read = api.get(path).await;
        assert_eq!(read.status, StatusCode::OK);
        assert!(!read.body.contains(&key), "a key is shown once");
        assert!(read.body.contains(&key[..10]), "{}", read.body);
    }
    let one = api.get(&format!("/api/v1/api-keys/{id}")).await.json();
    assert_eq!(one["permissions"], json!(["cdr.read"]));
    assert_eq!(
        (&one["state"], &one["made_by"]),
        (&json!("active"), &json!("local key"))
    );
    assert_eq!(one["last_used_from"], "192.0.2.7");
    assert!(one["last_used_at"].is_string());
}

#[tokio::test]
async fn the_database_has_no_key() {
    let api = Api::start().await;
    let (_, key) = make(&api, json!({"name": "a", "permissions": ["cdr.read"]})).await;
    api.store.close().await;
    for file in std::fs::read_dir(api.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        let secret = &key.as_bytes()[10..];
        let found = bytes.windows(secret.len()).any(|window| window == secret);
        assert!(!found, "{}", path.display());
    }
}

#[tokio::test]
async fn nobody_makes_a_key_that_may_do_more_and_a_key_makes_none() {
    let api = Api::start().await;
    let session = api.sign_in_as("support").await;
    let answer = make_by_session(&api, &session, &json!(["cdr.read"])).await;
    assert_eq!(
        answer.problem(),
        "/problems/forbidden",
        "support makes no keys"
    );

    let session = api.sign_in_as("admin").await;
    let answer = make_by_session(&api, &session, &json!(["cdr.read", "backup.use"])).await;
    assert_eq!(
        answer.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        answer.body
    );
    assert!(answer.body.contains("backup.use"));

    let permissions = json!(["api_key.read", "api_key.write"]);
    let (_, key) = make(&api, json!({"name": "keys", "permissions": permissions})).await;
    let body = json!({"name": "more", "permissions": ["api_key.read"]});
    let answer = ask(&api, &key, "192.0.2.7:1", "POST", "/api/v1/api-keys", &body).await;
    assert_eq!(answer.problem(), "/problems/forbidden");
}

#[tokio::test]
async fn a_key_loses_what_its_maker_loses() {
    let api = Api::start().await;
    let session = api.sign_in_as("admin").await;
    let answer = make_by_session(&api, &session, &json!(["cdr.read", "user.read"])).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    let (id, key) = shown(&answer);
    assert_eq!(get(&api, &key, "/api/v1/cdrs").await.status, StatusCode::OK);

    api.set_role("admin", "marketing").await;
    let refused = get(&api, &key, "/api/v1/cdrs").await;
    assert_eq!(
        refused.problem(),
        "/problems/forbidden",
        "marketing sees no records"
    );
    api.set_role("admin", "no such role").await;
    assert_eq!(
        get(&api, &key, "/api/v1/cdrs").await.status,
        StatusCode::FORBIDDEN
    );
    api.set_role("admin", "viewer").await;
    assert_eq!(get(&api, &key, "/api/v1/cdrs").await.status, StatusCode::OK);

    api.remove_user("admin").await;
    let gone = get(&api, &key, "/api/v1/cdrs").await;
    assert_eq!(gone.problem(), "/problems/unauthenticated");
    assert_eq!(
        api.get(&format!("/api/v1/api-keys/{id}")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_removed_user_takes_the_own_keys_along_and_the_log_names_them() {
    let api = Api::start().await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "admin").await;
    let browser = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let body = json!({"name": "ann's", "permissions": ["cdr.read"]});
    let made = browser.send("POST", "/api/v1/api-keys", &body).await;
    let (id, key) = shown(&made);
    let (other, others) = make(&api, json!({"name": "b", "permissions": ["cdr.read"]})).await;
    let delete = api.with_key("DELETE", &format!("/api/v1/users/{ann}"), Body::empty());
    assert_eq!(api.send(delete).await.status, StatusCode::NO_CONTENT);
    let gone = get(&api, &key, "/api/v1/cdrs").await;
    assert_eq!(gone.problem(), "/problems/unauthenticated");
    let state = async |id| {
        let path = format!("/api/v1/api-keys/{id}");
        api.get(&path).await.json()["state"].clone()
    };
    assert_eq!(
        (state(id).await, state(other).await),
        (json!("revoked"), json!("active"))
    );
    assert_eq!(
        get(&api, &others, "/api/v1/cdrs").await.status,
        StatusCode::OK
    );
    let told = "/api/v1/audit-entries?operation=api_key.revoke";
    let told = api.get(told).await.json();
    assert_eq!(told["items"].as_array().unwrap().len(), 1);
    assert_eq!(told["items"][0]["subject"], "ann's");
}

#[tokio::test]
async fn a_key_is_taken_from_its_networks_only() {
    let api = Api::start().await;
    let body = json!({"name": "office", "permissions": ["cdr.read"],
        "networks": ["192.0.2.0/24", "2001:db8::/32"]});
    let (id, key) = make(&api, body).await;
    let from = async |address: &str| {
        let answer = ask(&api, &key, address, "GET", "/api/v1/cdrs", &Value::Null).await;
        answer.status
    };
    assert_eq!(from("192.0.2.200:1").await, StatusCode::OK);
    assert_eq!(from("[2001:db8::1]:1").await, StatusCode::OK);
    assert_eq!(from("192.0.3.1:1").await, StatusCode::FORBIDDEN);
    let one = api.get(&format!("/api/v1/api-keys/{id}")).await.json();
    assert_eq!(
        one["last_used_from"], "2001:db8::1",
        "a refused use is none"
    );
}

#[tokio::test]
async fn a_rotated_key_counts_beside_the_new_one_for_as_long_as_was_asked() {
    let api = Api::start().await;
    let (id, first) = make(&api, json!({"name": "a", "permissions": ["cdr.read"]})).await;
    let path = format!("/api/v1/api-keys/{id}/rotate");
    let status = async |key: &str| get(&api, key, "/api/v1/cdrs").await.status;

    let overlap = json!({"previous_valid_seconds": 3_600});
    let (_, second) = shown(&api.post(&path, &overlap).await);
    assert_eq!(
        (status(&first).await, status(&second).await),
        (StatusCode::OK, StatusCode::OK)
    );

    let (_, third) = shown(&api.post(&path, &json!({})).await);
    assert_eq!(status(&first).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&second).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&third).await, StatusCode::OK);

    let revoked = api
        .post(&format!("/api/v1/api-keys/{id}/revoke"), &json!({}))
        .await;
    assert_eq!(revoked.json()["state"], "revoked");
    assert_eq!(status(&third).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        api.post(&path, &json!({})).await.status,
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn a_key_rotates_itself_and_no_other_and_nobody_rotates_a_mightier_one() {
    let api = Api::start().await;
    let permissions = json!(["api_key.write", "cdr.read"]);
    let (own, key) = make(&api, json!({"name": "own", "permissions": permissions})).await;
    let mighty = json!({"name": "other", "permissions": ["backup.use"]});
    let (other, _) = make(&api, mighty).await;
    let rotate = async |key: &str, id: i64| {
        let path = format!("/api/v1/api-keys/{id}/rotate");
        ask(&api, key, "192.0.2.7:1", "POST", &path, &json!({})).await
    };
    assert_eq!(rotate(&key, other).await.problem(), "/problems/forbidden");
    assert_eq!(rotate(&key, own).await.status, StatusCode::OK);

    let (cookie, csrf) = api.sign_in_as("admin").await;
    let request = request("POST", &format!("/api/v1/api-keys/{other}/rotate"))
        .header(header::COOKIE, cookie)
        .header("x-csrf-token", csrf)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    let answer = api.send(request.unwrap()).await;
    assert_eq!(
        answer.problem(),
        "/problems/forbidden",
        "an admin makes no backups"
    );
}

#[tokio::test]
async fn a_key_is_rotated_by_its_maker_and_by_nobody_else() {
    let api = Api::start().await;
    let acme = add_operator(&api, "acme").await;
    add_user(&api, acme, "bob@example.com", "super_admin").await;
    add_user(&api, acme, "eve@example.com", "super_admin").await;
    add_user(&api, TenantId::PLATFORM, "ann@example.com", "super_admin").await;
    let bob = Browser::sign_in(&api, "bob@example.com", ADDED).await;
    let body = json!({"name": "bob's", "permissions": ["carrier.read"]});
    let made = bob.send("POST", "/api/v1/api-keys", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let (id, key) = shown(&made);
    let path = format!("/api/v1/api-keys/{id}/rotate");

    let eve = Browser::sign_in(&api, "eve@example.com", ADDED).await;
    let refused = eve.send("POST", &path, &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(refused.body.contains("maker"), "{}", refused.body);

    let ann = Browser::sign_in(&api, "ann@example.com", ADDED).await;
    let visit = format!("/api/v1/tenants/{}/visit", acme.get());
    let away = ann.send("POST", &visit, &json!({"reason": "ticket"})).await;
    let away = Browser::of(&api, &away);
    let refused = away.send("POST", &path, &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(refused.body.contains("Leave this tenant"));

    let carriers = "/api/v1/carriers";
    assert_eq!(get(&api, &key, carriers).await.status, StatusCode::OK);
    let (_, new) = shown(&bob.send("POST", &path, &json!({})).await);
    assert_eq!(get(&api, &new, carriers).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_said_by_field() {
    let api = Api::start().await;
    let cases = [
        (json!({"name": " ", "permissions": ["cdr.read"]}), "name"),
        (
            json!({"name": "a\u{1}b", "permissions": ["cdr.read"]}),
            "name",
        ),
        (json!({"name": "a", "permissions": []}), "permissions"),
        (
            json!({"name": "a", "permissions": vec!["cdr.read"; 201]}),
            "permissions",
        ),
        (
            json!({"name": "a", "permissions": ["all"]}),
            "permissions[0]",
        ),
        (
            json!({"name": "a", "permissions": ["cdr.read"], "networks": ["192.0.2.1/24"]}),
            "networks[0]",
        ),
        (
            json!({"name": "a", "permissions": ["cdr.read"], "expires_at": "2020-01-01T00:00:00Z"}),
            "expires_at",
        ),
    ];
    for (body, field) in cases {
        let answer = api.post("/api/v1/api-keys", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(
            answer.json()["errors"][0]["field"],
            field,
            "{}",
            answer.body
        );
    }
    make(&api, json!({"name": "a", "permissions": ["cdr.read"]})).await;
    let body = json!({"name": "a", "permissions": ["cdr.read"]});
    let taken = api.post("/api/v1/api-keys", &body).await;
    assert_eq!(
        (taken.status, taken.problem()),
        (StatusCode::CONFLICT, "/problems/conflict".into())
    );
}

#[tokio::test]
async fn a_key_lets_nobody_into_its_own_tenant() {
    let api = Api::start().await;
    let everything: Vec<_> = Permission::ALL.iter().map(|one| one.as_str()).collect();
    let (_, key) = make(&api, json!({"name": "all", "permissions": everything})).await;
    let ann = add_user(&api, TenantId::PLATFORM, "ann@example.com", "viewer").await;
    let user = format!("/api/v1/users/{ann}");
    let change =
        |role: &str, status: &str| json!({"full_name": "Ann", "role": role, "status": status});
    let networks = json!({"full_name": "", "role": "viewer", "status": "active", "allowed_networks": ["192.0.2.0/24"]});
    let invitation = json!({"email": "eve@example.com", "role": "viewer"});
    let tries = [
        ("POST", "/api/v1/invitations".to_owned(), invitation),
        ("PUT", "/api/v1/sign-in-policy".to_owned(), json!({})),
        ("PUT", user.clone(), change("sales", "active")),
        ("PUT", user.clone(), networks),
        ("DELETE", format!("{user}/second-factor"), Value::Null),
    ];
    for (method, path, body) in tries {
        let answer = ask(&api, &key, "192.0.2.7:1", method, &path, &body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert!(answer.body.contains("own tenant"), "{}", answer.body);
    }
    // What lets nobody in is a matter for programs too, such as one that watches for misuse.
    let put = async |status| {
        let body = change("viewer", status);
        ask(&api, &key, "192.0.2.7:1", "PUT", &user, &body)
            .await
            .status
    };
    assert_eq!(put("active").await, StatusCode::OK, "another name");
    assert_eq!(put("suspended").await, StatusCode::OK);
    assert_eq!(put("active").await, StatusCode::FORBIDDEN);

    let acme = add_operator(&api, "acme").await.get();
    let below = json!({"email": "bob@example.com", "role": "super_admin", "tenant_id": acme});
    let path = "/api/v1/invitations";
    let answer = ask(&api, &key, "192.0.2.7:1", "POST", path, &below).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
}

#[tokio::test]
async fn a_key_gives_nobody_more_than_it_has() {
    let api = Api::start().await;
    let permissions = json!([
        "user.read",
        "user.write",
        "role.read",
        "role.write",
        "change_set.push"
    ]);
    let (_, key) = make(&api, json!({"name": "people", "permissions": permissions})).await;
    let acme = add_operator(&api, "acme").await;
    let bob = add_user(&api, acme, "bob@example.com", "super_admin").await;
    let user = format!("/api/v1/users/{bob}?tenant_id={}", acme.get());
    let invitation = json!({"email": "eve@example.com", "role": "viewer", "tenant_id": acme.get()});
    let role =
        json!({"name": "mighty", "spec": {"portal": "operator", "permissions": ["cdr.read"]}});
    let taken = json!({"full_name": "", "role": "viewer", "status": "active"});
    for (method, path, body) in [
        ("POST", "/api/v1/invitations", invitation),
        ("POST", "/api/v1/roles", role),
        ("PUT", &*user, taken),
        ("DELETE", &*user, Value::Null),
    ] {
        let answer = ask(&api, &key, "192.0.2.7:1", method, path, &body).await;
        assert_eq!(
            answer.status,
            StatusCode::FORBIDDEN,
            "{method} {path}: {}",
            answer.body
        );
    }
}
