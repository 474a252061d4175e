//! Sources that are not heard.

use crate::fixture::{Answer, Api};
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;

async fn delete(api: &Api, source: &str) -> Answer {
    let path = format!("/api/v1/bans/{source}");
    api.send(api.with_key("DELETE", &path, Body::empty())).await
}

#[tokio::test]
async fn a_source_is_banned_listed_and_heard_again() {
    let api = Api::start().await;
    let body = json!({"source": "192.0.2.7", "seconds": 60, "note": "scans"});
    let made = api.post("/api/v1/bans", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.json()["reason"], "operator");
    let listed = api.get("/api/v1/bans").await.json();
    assert_eq!(
        (&listed["total"], &listed["items"][0]["note"]),
        (&json!(1), &json!("scans"))
    );

    let gone = delete(&api, "192.0.2.7").await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{}", gone.body);
    let again = delete(&api, "192.0.2.7").await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get("/api/v1/bans").await.json()["total"], 0);
    let log = api.get("/api/v1/audit-entries").await.body;
    assert!(
        log.contains("ban.create") && log.contains("ban.delete"),
        "{log}"
    );
}

#[tokio::test]
async fn the_list_comes_in_pages_by_address() {
    let api = Api::start().await;
    for source in ["192.0.2.9", "2001:db8::", "10.0.0.1"] {
        api.post("/api/v1/bans", &json!({"source": source, "seconds": 60}))
            .await;
    }
    let first = api.get("/api/v1/bans?limit=2").await.json();
    assert_eq!(first["items"][0]["source"], "10.0.0.1");
    assert_eq!(first["next_cursor"], "192.0.2.9");
    let second = api
        .get("/api/v1/bans?limit=2&cursor=192.0.2.9")
        .await
        .json();
    assert_eq!(second["items"][0]["source"], "2001:db8::");
    assert!(second["next_cursor"].is_null());
}

#[tokio::test]
async fn what_cannot_be_banned_is_refused_by_its_field() {
    let api = Api::start().await;
    for (body, field) in [
        (json!({"source": "example.com", "seconds": 60}), "source"),
        (json!({"source": "192.0.2.7", "seconds": 0}), "seconds"),
        (
            json!({"source": "192.0.2.7", "seconds": 60, "note": "x".repeat(201)}),
            "note",
        ),
    ] {
        let refused = api.post("/api/v1/bans", &body).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        assert_eq!(refused.json()["errors"][0]["field"], field);
    }
    let wrong = delete(&api, "x").await;
    assert_eq!(wrong.status, StatusCode::NOT_FOUND);
}
