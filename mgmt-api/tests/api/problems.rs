//! Every error is a problem document that names what is wrong.

use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};

#[tokio::test]
async fn what_is_not_there_is_said() {
    let api = Api::start().await;
    for path in ["/api", "/api/v1/nothing", "/api/v2/cdrs", "/missing.js"] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), "/problems/not-found");
    }
    let id = "0".repeat(32);
    let answer = api.get(&format!("/api/v1/cdrs/{id}")).await;
    assert_eq!(answer.problem(), "/problems/not-found");
}

#[tokio::test]
async fn a_method_that_is_not_served_is_said_with_those_that_are() {
    let api = Api::start().await;
    for (method, path) in [
        ("PUT", "/api/v1/cdrs"),
        ("DELETE", "/healthz"),
        ("POST", "/console"),
    ] {
        let answer = api.send(api.with_key(method, path, Body::empty())).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{method} {path}"
        );
        assert_eq!(answer.problem(), "/problems/method-not-allowed");
        assert!(
            answer.headers[header::ALLOW]
                .to_str()
                .unwrap()
                .contains("GET")
        );
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let api = Api::start().await;
    let cases = [
        ("/api/v1/cdrs?limit=0", "limit"),
        ("/api/v1/cdrs?limit=many", "limit"),
        ("/api/v1/cdrs?limit=501", "limit"),
        ("/api/v1/cdrs?from=yesterday", "from"),
        ("/api/v1/cdrs?outcome=good", "outcome"),
        ("/api/v1/cdrs?cursor=x", "cursor"),
        ("/api/v1/cdrs?called_prefix=london", "called_prefix"),
        ("/api/v1/cdrs/12", "id"),
        ("/api/v1/calls?cursor=x", "cursor"),
        ("/api/v1/live/history?seconds=601", "seconds"),
        ("/api/v1/resources?kind=vendor", "kind"),
        ("/api/v1/explain?from=1&to=2&source=here", "source"),
        ("/api/v1/explain?from=1&to=2", "customer"),
    ];
    for (path, field) in cases {
        let answer = api.get(path).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{path}: {}",
            answer.body
        );
        assert_eq!(
            answer.json()["errors"][0]["field"],
            field,
            "{path}: {}",
            answer.body
        );
    }
    let unknown = api.get("/api/v1/cdrs?colour=red").await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
    assert!(unknown.body.contains("colour"), "{}", unknown.body);
    let missing = api.get("/api/v1/explain?from=1").await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    assert!(missing.body.contains("to"), "{}", missing.body);
}

#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused() {
    let api = Api::start().await;
    for path in [
        "/api/v1/cdrs?limit=1&limit=2",
        "/api/v1/users?role=viewer&role=admin",
        "/api/v1/carriers?limit=1&limit=2",
    ] {
        let answer = api.get(path).await;
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{path}: {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn a_nul_character_goes_nowhere() {
    let api = Api::start().await;
    for path in [
        "/api/v1/cdrs?customer=%00",
        "/api/v1/customers/a%00b",
        "/api/v1/customers?q=%00",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
    let body = serde_json::json!({"username": "a\0b", "password": "x"});
    let answer = api.post("/api/v1/session", &body).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let import = request("POST", "/api/v1/schedules/import")
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::CONTENT_TYPE, "text/csv")
        .body(Body::from("name\na\0b\n"))
        .unwrap();
    assert_eq!(
        api.send(import).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn a_wrong_body_is_named() {
    let api = Api::start().await;
    let post = async |body: &str| {
        let request = api.with_key("POST", "/api/v1/apply", Body::from(body.to_owned()));
        api.send(request).await
    };
    let broken = post("{\"files\": [").await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    assert!(broken.body.contains("line 1"), "{}", broken.body);
    assert_eq!(
        post("{\"files\": []} x").await.status,
        StatusCode::BAD_REQUEST
    );
    let missing = post("{\"files\": [{\"path\": \"a.yaml\"}]}").await;
    assert_eq!(missing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(missing.json()["errors"][0]["field"], "files[0]");
    let unknown = post("{\"files\": [], \"colour\": 1}").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let plain = request("POST", "/api/v1/apply")
        .header(header::AUTHORIZATION, format!("Bearer {}", api.key))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("{}"))
        .unwrap();
    let answer = api.send(plain).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(answer.problem(), "/problems/unsupported-media-type");
}
