//! Quotas: who asks too often is told when to come again.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{StatusCode, header};
use mgmt_api::RateLimits;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Small enough to be used up before any of it comes back.
const LIMITS: RateLimits = RateLimits {
    read_per_minute: 3,
    write_per_minute: 2,
    heavy_per_minute: 1,
    sign_in_per_minute: 2,
};

async fn api() -> Api {
    Api::start_with(tempfile::tempdir().unwrap(), LIMITS).await
}

async fn key(api: &Api, name: &str) -> String {
    let permissions = ["cdr.read", "export.use", "api_key.write", "api_key.read"];
    let body = json!({"name": name, "permissions": permissions});
    let answer = api.post("/api/v1/api-keys", &body).await;
    answer.json()["key"].as_str().unwrap().to_owned()
}

async fn ask(api: &Api, key: &str, method: &str, path: &str) -> Answer {
    let request = request(method, path)
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"));
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn the_quota_is_told_with_each_answer_and_used_up_at_its_end() {
    let api = api().await;
    let key = key(&api, "a").await;
    for left in ["2", "1", "0"] {
        let answer = ask(&api, &key, "GET", "/api/v1/cdrs").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["ratelimit-policy"], "\"read\";q=3;w=60");
        let state = answer.headers["ratelimit"].to_str().unwrap();
        assert!(
            state.starts_with(&format!("\"read\";r={left};t=")),
            "{state}"
        );
    }
    let refused = ask(&api, &key, "GET", "/api/v1/cdrs").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.problem(), "/problems/slow-down");
    let wait: u64 = refused.headers[header::RETRY_AFTER]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    assert_eq!(refused.json()["retry_after_seconds"], wait);
    assert!(
        refused.headers["ratelimit"]
            .to_str()
            .unwrap()
            .starts_with("\"read\";r=0;t=")
    );
}

#[tokio::test]
async fn keys_and_categories_have_quotas_of_their_own_and_the_machine_has_none() {
    let api = api().await;
    let (a, b) = (key(&api, "a").await, key(&api, "b").await);
    for _ in 0..3 {
        ask(&api, &a, "GET", "/api/v1/cdrs").await;
    }
    let status =
        async |key: &str, method: &str, path: &str| ask(&api, key, method, path).await.status;
    assert_eq!(
        status(&a, "GET", "/api/v1/cdrs").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    assert_eq!(status(&b, "GET", "/api/v1/cdrs").await, StatusCode::OK);
    assert_eq!(
        status(&a, "GET", "/api/v1/export").await,
        StatusCode::OK,
        "heavy"
    );
    assert_eq!(
        status(&a, "GET", "/api/v1/export").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    // What is refused for another reason counts as well.
    for _ in 0..2 {
        let missing = status(&a, "POST", "/api/v1/api-keys/999/revoke").await;
        assert_eq!(missing, StatusCode::NOT_FOUND);
    }
    let writes = status(&a, "POST", "/api/v1/api-keys/999/revoke").await;
    assert_eq!(writes, StatusCode::TOO_MANY_REQUESTS);
    for _ in 0..10 {
        assert_eq!(api.get("/api/v1/cdrs").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn strangers_are_counted_by_their_address() {
    let api = api().await;
    let try_from = async |address: &str| {
        let body = json!({"username": "nobody", "password": "wrong"});
        let mut request = request("POST", "/api/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let from: SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(from));
        api.send(request).await
    };
    assert_eq!(
        try_from("192.0.2.1:1").await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        try_from("192.0.2.1:2").await.status,
        StatusCode::UNAUTHORIZED
    );
    let refused = try_from("192.0.2.1:3").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.body.contains("sign-in"), "{}", refused.body);
    assert_eq!(
        try_from("192.0.2.2:1").await.status,
        StatusCode::UNAUTHORIZED
    );
    let health = request("GET", "/healthz").body(Body::empty()).unwrap();
    assert_eq!(api.send(health).await.status, StatusCode::OK);
}

#[test]
fn every_operation_says_what_it_counts_as() {
    let document: Value = serde_json::from_str(&mgmt_api::openapi::document()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let open = operation["x-access"]["open"] == true;
            let category = operation["x-rate-limit"].as_str();
            let expected: &[Option<&str>] = match (open, method.as_str()) {
                (true, "get") => &[None],
                (true, _) => &[Some("sign-in")],
                (false, "get") => &[Some("read"), Some("heavy")],
                (false, _) => &[Some("write"), Some("heavy")],
            };
            assert!(
                expected.contains(&category),
                "{method} {path}: {category:?}"
            );
            let told = operation["responses"]["429"].is_object();
            assert_eq!(told, category.is_some(), "{method} {path}");
        }
    }
}
