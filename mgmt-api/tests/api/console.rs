//! What browsers get beside the API.

use crate::fixture::{Api, request};
use axum::body::Body;
use axum::http::{StatusCode, header};

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let api = Api::start().await;
    for path in [
        "/",
        "/healthz",
        "/api/v1/cdrs",
        "/api/v1/nothing",
        "/api/openapi.json",
    ] {
        let answer = api
            .send(request("GET", path).body(Body::empty()).unwrap())
            .await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.contains("script-src 'self'"), "{path}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(
            answer.headers[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff",
            "{path}"
        );
        assert_eq!(
            answer.headers[header::REFERRER_POLICY],
            "no-referrer",
            "{path}"
        );
        assert!(answer.headers.contains_key(header::CACHE_CONTROL), "{path}");
    }
}

#[tokio::test]
async fn the_page_of_the_api_asks_no_other_host_and_runs_no_inline_script() {
    let api = Api::start().await;
    let get = async |path: &str| {
        let answer = api.send(request("GET", path).body(Body::empty()).unwrap());
        answer.await
    };
    let script = get("/api/docs/init.js").await;
    assert_eq!(script.status, StatusCode::OK);
    assert_eq!(script.headers[header::CONTENT_TYPE], "text/javascript");
    assert!(script.body.contains("/api/openapi.json"));
    assert!(!script.body.contains("://"), "{}", script.body);
    for missing in ["/api/docs/none.js", "/api/docs/../index.html", "/api/docsx"] {
        assert_eq!(
            get(missing).await.status,
            StatusCode::NOT_FOUND,
            "{missing}"
        );
    }
    let page = get("/api/docs").await;
    if page.status != StatusCode::OK {
        assert!(page.body.contains("run `make build`"), "{}", page.body);
        return;
    }
    assert_eq!(
        page.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    for part in page.body.split("<script").skip(1) {
        assert!(part.starts_with(" src=\"/api/docs/"), "{part}");
    }
    assert!(!page.body.contains("://"), "{}", page.body);
    for file in [
        "swagger-ui-bundle.js",
        "swagger-ui.css",
        "LICENSE",
        "NOTICE",
    ] {
        let answer = get(&format!("/api/docs/{file}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
    }
}

#[tokio::test]
async fn paths_of_the_console_give_its_first_page_or_say_that_it_is_not_built() {
    let api = Api::start().await;
    let get = async |path: &str| {
        api.send(request("GET", path).body(Body::empty()).unwrap())
            .await
    };
    let root = get("/").await;
    let deep = get("/calls/records").await;
    assert_eq!(root.status, deep.status);
    assert_eq!(root.body, deep.body);
    if root.status == StatusCode::OK {
        assert!(root.body.contains("<div id=\"root\">"));
        let etag = root.headers[header::ETAG].clone();
        let again = request("GET", "/").header(header::IF_NONE_MATCH, etag);
        let again = api.send(again.body(Body::empty()).unwrap()).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    } else {
        assert!(root.body.contains("run `make build`"), "{}", root.body);
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_console() {
    let api = Api::start().await;
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "//etc/passwd.txt",
    ] {
        let answer = api
            .send(request("GET", path).body(Body::empty()).unwrap())
            .await;
        assert!(
            !answer.body.contains("[package]") && !answer.body.contains("root:"),
            "{path}"
        );
    }
}
