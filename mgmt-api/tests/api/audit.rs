//! The audit log, by the API.

use crate::fixture::Api;
use axum::body::Body;
use axum::http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn what_is_done_by_the_api_is_in_the_log_with_who_and_what() {
    let api = Api::start().await;
    let run = api
        .post("/api/v1/job-schedules/prune/run", &json!({}))
        .await;
    assert_eq!(run.status, StatusCode::OK, "{}", run.body);
    let page = api
        .get("/api/v1/audit-entries?operation=schedule.run")
        .await
        .json();
    let entry = &page["items"][0];
    assert_eq!(entry["actor"], "local key");
    assert_eq!(entry["credential"], "local_key");
    assert_eq!(entry["subject"], "prune");
    let path = format!("/api/v1/audit-entries/{}", entry["sequence"]);
    assert_eq!(api.get(&path).await.json(), *entry);
    for none in ["0", "99", "x", "18446744073709551615"] {
        let answer = api.get(&format!("/api/v1/audit-entries/{none}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{none}");
    }
    let wrong = api.get("/api/v1/audit-entries?cursor=x").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_log_verifies_and_its_export_verifies_by_itself() {
    let api = Api::start().await;
    for _ in 0..3 {
        api.post("/api/v1/job-schedules/prune/run", &json!({}))
            .await;
    }
    let verified = api.get("/api/v1/audit-entries/verify").await.json();
    assert_eq!(verified["holds"], true, "{verified}");
    let export = api
        .send(api.with_key("GET", "/api/v1/audit-entries/export", Body::empty()))
        .await;
    assert_eq!(export.headers["content-type"], "application/x-ndjson");
    let found = mgmt_api::verify_export(&export.body).unwrap();
    assert_eq!(found.public_key, verified["public_key"]);
    assert!(
        export.body.contains("\"operation\":\"audit.export\""),
        "an export tells of itself"
    );
    assert_eq!(found.entries, export.body.lines().count() as u64 - 1);
    let altered = export.body.replacen("local key", "somebody", 1);
    let fault = mgmt_api::verify_export(&altered).unwrap_err().to_string();
    assert_eq!(fault, "entry 1 was altered");
    let seal = export.body.lines().last().unwrap();
    let again = seal.replacen("\"exported_at\":1", "\"exported_at\":2", 1);
    let resealed = export.body.replace(seal, &again);
    let fault = mgmt_api::verify_export(&resealed).unwrap_err().to_string();
    assert!(fault.contains("signature"), "{fault}");
}
