//! Every operation of the description, asked by nobody and by a page of another site.

use crate::fixture::{Api, request};
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, StatusCode, header};
use mgmt_api::openapi::document;
use serde_json::Value;
use std::net::SocketAddr;

/// What anybody may ask. A new entry here is a decision.
const PUBLIC: [&str; 14] = [
    "session_create",
    "second_factor_check",
    "passkey_sign_in_begin",
    "passkey_sign_in",
    "password_reset_request",
    "password_reset_complete",
    "email_verify",
    "registration_offer_view",
    "registration_create",
    "registration_verify",
    "invitation_accept",
    "healthz",
    "readyz",
    "openapi_view",
];

struct Operation {
    method: Method,
    path: String,
    name: String,
    security: Value,
}

fn operations() -> Vec<Operation> {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, operations): (&String, &Value)| {
        let operation = |(method, operation): (&String, &Value)| Operation {
            method: method.to_uppercase().parse().unwrap(),
            path: path.replace("{id}", &"0".repeat(32)),
            name: operation["operationId"].as_str().unwrap().to_owned(),
            security: operation["security"].clone(),
        };
        operations
            .as_object()
            .unwrap()
            .iter()
            .map(operation)
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn nobody_gets_anything_but_what_is_public() {
    let api = Api::start().await;
    for operation in operations() {
        let public = PUBLIC.contains(&operation.name.as_str());
        let described = operation.security == serde_json::json!([{}]);
        assert_eq!(
            public, described,
            "{} is described as it is",
            operation.name
        );
        if public {
            continue;
        }
        for wrong in ["", "Bearer wrong", "Basic YWRtaW46YWRtaW4="] {
            let request = request(operation.method.as_str(), &operation.path)
                .header(header::AUTHORIZATION, wrong)
                .header(
                    header::COOKIE,
                    format!("didtron_session={}", "0".repeat(64)),
                )
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap();
            let answer = api.send(request).await;
            assert_eq!(
                answer.status,
                StatusCode::UNAUTHORIZED,
                "{}",
                operation.name
            );
            assert_eq!(answer.problem(), "/problems/unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_token_of_its_session() {
    let api = Api::start().await;
    let (cookie, csrf) = api.sign_in().await;
    let (_, of_another_session) = api.sign_in().await;
    let changes = operations().into_iter().filter(|operation| {
        !operation.method.is_safe() && !PUBLIC.contains(&operation.name.as_str())
    });
    let mut seen = 0;
    for operation in changes {
        seen += 1;
        assert!(
            operation.security.to_string().contains("csrf_token"),
            "{}",
            operation.name
        );
        for wrong in ["", "wrong", of_another_session.as_str()] {
            let request = request(operation.method.as_str(), &operation.path)
                .header(header::COOKIE, &cookie)
                .header("x-csrf-token", wrong)
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from("{}"))
                .unwrap();
            let answer = api.send(request).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", operation.name);
            assert_eq!(answer.problem(), "/problems/csrf");
        }
    }
    assert!(seen >= 2);
    let sign_out = request("DELETE", "/api/v1/session")
        .header(header::COOKIE, &cookie)
        .header("x-csrf-token", csrf)
        .body(Body::empty())
        .unwrap();
    assert_eq!(api.send(sign_out).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn metrics_are_open_to_this_machine_only() {
    let api = Api::start().await;
    let from = async |address: &str| {
        let mut request = request("GET", "/metrics").body(Body::empty()).unwrap();
        let address: SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        api.send(request).await.status
    };
    assert_eq!(from("127.0.0.1:9").await, StatusCode::OK);
    assert_eq!(from("[::ffff:127.0.0.1]:9").await, StatusCode::OK);
    assert_eq!(from("192.0.2.1:9").await, StatusCode::UNAUTHORIZED);
    assert_eq!(api.get("/metrics").await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_proxy_on_this_machine_forwards_comes_from_where_the_proxy_says() {
    let api = Api::start().await;
    let from = async |address: &str, forwarded_for: &str| {
        let request = request("GET", "/metrics").header("x-forwarded-for", forwarded_for);
        let mut request = request.body(Body::empty()).unwrap();
        let address: SocketAddr = address.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        api.send(request).await.status
    };
    let stranger = "127.0.0.1, 192.0.2.1";
    assert_eq!(
        from("127.0.0.1:9", stranger).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(from("127.0.0.1:9", "127.0.0.1").await, StatusCode::OK);
    // From elsewhere the header is the client's own.
    let made_up = from("192.0.2.1:9", "127.0.0.1").await;
    assert_eq!(made_up, StatusCode::UNAUTHORIZED);
}
