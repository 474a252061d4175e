//! Background jobs by the API.

use crate::fixture::Api;
use axum::http::StatusCode;
use rating::Timestamp;
use serde_json::json;
use store::{JobReport, NewJob, TenantId};

async fn add(api: &Api, tenant: TenantId, kind: &'static str) -> i64 {
    let job = NewJob::new(tenant, kind, json!({"n": 1}), Timestamp(1));
    api.store
        .enqueue_job(&job, Timestamp(1))
        .await
        .unwrap()
        .unwrap()
}

/// Runs the job that is due and lets it fail for good.
async fn kill_one(api: &Api) {
    let leases = api
        .store
        .claim_jobs("pop1/1", 1, Timestamp(2), Timestamp(9))
        .await
        .unwrap();
    let report = JobReport::GaveUp {
        error: "no such carrier".into(),
    };
    api.store
        .report_job(&leases[0], &report, Timestamp(3))
        .await
        .unwrap();
}

#[tokio::test]
async fn jobs_are_listed_by_pages_and_counted() {
    let api = Api::start().await;
    for kind in ["mail.send", "mail.send", "mail.send", "other"] {
        add(&api, TenantId::PLATFORM, kind).await;
    }
    add(&api, TenantId::new(99), "mail.send").await;
    let first = api
        .get("/api/v1/jobs?kind=mail.send&state=ready&limit=2")
        .await
        .json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        first["counts"][0],
        json!({"kind": "mail.send", "state": "ready", "count": 3})
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = api
        .get(&format!(
            "/api/v1/jobs?kind=mail.send&limit=2&cursor={cursor}"
        ))
        .await
        .json();
    assert_eq!(
        rest["items"].as_array().unwrap().len(),
        1,
        "none of another tenant"
    );
    assert_eq!(rest["next_cursor"], json!(null));
    for wrong in [
        "limit=0",
        "limit=201",
        "state=lost",
        "cursor=x",
        "colour=red",
    ] {
        let answer = api.get(&format!("/api/v1/jobs?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[tokio::test]
async fn a_dead_job_is_shown_with_its_runs_and_can_be_retried_or_discarded() {
    let api = Api::start().await;
    let id = add(&api, TenantId::PLATFORM, "k").await;
    kill_one(&api).await;
    let job = api.get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!(
        (&job["state"], &job["payload"]),
        (&json!("dead"), &json!({"n": 1}))
    );
    let run = &job["runs"][0];
    assert_eq!(
        (&run["outcome"], &run["error"]),
        (&json!("gave_up"), &json!("no such carrier"))
    );
    let retried = api
        .post(&format!("/api/v1/jobs/{id}/retry"), &json!({}))
        .await;
    assert_eq!(
        (retried.status, retried.json()["state"].clone()),
        (StatusCode::OK, json!("ready"))
    );
    let discarded = api
        .post(&format!("/api/v1/jobs/{id}/discard"), &json!({}))
        .await;
    assert_eq!(discarded.json()["state"], "discarded");
    let again = api
        .post(&format!("/api/v1/jobs/{id}/discard"), &json!({}))
        .await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.problem(), "/problems/invalid");
}

#[tokio::test]
async fn the_job_of_another_tenant_is_not_found() {
    let api = Api::start().await;
    let id = add(&api, TenantId::new(99), "k").await;
    kill_one(&api).await;
    assert_eq!(
        api.get(&format!("/api/v1/jobs/{id}")).await.status,
        StatusCode::NOT_FOUND
    );
    for action in ["retry", "discard"] {
        let answer = api
            .post(&format!("/api/v1/jobs/{id}/{action}"), &json!({}))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
    }
    assert_eq!(
        api.get("/api/v1/jobs/x").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_schedule_is_shown_and_run_now_once() {
    let api = Api::start().await;
    api.store
        .put_schedule("prune", "30 3 * * *", Timestamp(5))
        .await
        .unwrap();
    let shown = api.get("/api/v1/job-schedules").await.json();
    assert_eq!(
        (&shown["items"][0]["name"], &shown["items"][0]["cron"]),
        (&json!("prune"), &json!("30 3 * * *"))
    );
    let run = api
        .post("/api/v1/job-schedules/prune/run", &json!({}))
        .await
        .json();
    let id = run["job_id"].as_i64().unwrap();
    assert_eq!(
        api.get(&format!("/api/v1/jobs/{id}")).await.json()["kind"],
        "maintenance.prune"
    );
    let again = api
        .post("/api/v1/job-schedules/prune/run", &json!({}))
        .await
        .json();
    assert_eq!(again["job_id"], json!(null), "the first waits still");
    let unknown = api.post("/api/v1/job-schedules/tea/run", &json!({})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
