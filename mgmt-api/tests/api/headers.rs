//! Headers that tell browsers what they may do.

use crate::fixture::{Answer, Api, request};
use axum::body::Body;
use axum::http::header::{self, HeaderName};

async fn preflight(api: &Api, origin: &str) -> Answer {
    let question = request("OPTIONS", "/api/v1/cdrs")
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization")
        .body(Body::empty());
    api.send(question.unwrap()).await
}

#[tokio::test]
async fn only_listed_origins_may_call_and_never_with_cookies() {
    let api = Api::start().await;
    let listed = preflight(&api, "https://tools.example.com").await;
    let allowed = &listed.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN];
    assert_eq!(allowed, "https://tools.example.com");
    assert!(
        !listed
            .headers
            .contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
    );
    let other = preflight(&api, "https://evil.example.com").await;
    assert!(
        !other
            .headers
            .contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN)
    );
}

#[tokio::test]
async fn every_answer_is_framed_sniffed_and_kept_by_nobody() {
    let api = Api::start().await;
    for path in ["/healthz", "/api/v1/cdrs", "/api/v1/nothing", "/"] {
        let answer = api.get(path).await;
        let value = |name: HeaderName| answer.headers[&name].to_str().unwrap().to_owned();
        assert_eq!(value(header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(value(header::X_FRAME_OPTIONS), "DENY", "{path}");
        assert_eq!(value(header::REFERRER_POLICY), "no-referrer", "{path}");
        let policy = value(header::CONTENT_SECURITY_POLICY);
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(answer.headers.contains_key(header::CACHE_CONTROL), "{path}");
        assert!(
            !answer
                .headers
                .contains_key(header::STRICT_TRANSPORT_SECURITY)
        );
    }
}
