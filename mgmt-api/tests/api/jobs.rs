//! Background jobs by the API.

use crate::fixture::Api;
use axum::http::StatusCode;
use rating::Timestamp;
use serde_json::json;
use store::{JobProgress, JobReport, JobWish, NewJob, TenantId};

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
async fn a_job_that_tells_how_far_it_is_can_be_cancelled() {
    let api = Api::start().await;
    let id = add(&api, TenantId::PLATFORM, "k").await;
    let path = format!("/api/v1/jobs/{id}");
    let lease = api
        .store
        .claim_jobs("pop1/1", 1, Timestamp(2), Timestamp(9))
        .await
        .unwrap()
        .remove(0);
    let cancel = async || api.post(&format!("{path}/cancel"), &json!({})).await;
    let refused = cancel().await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let progress = JobProgress {
        done: 3,
        total: Some(10),
        text: "tenants".into(),
    };
    let told = async || api.store.report_progress(&lease, &progress).await.unwrap();
    assert_eq!(told().await, JobWish::GoOn);
    let shown = api.get(&path).await.json();
    let expected = json!({"done": 3, "total": 10, "text": "tenants"});
    assert_eq!(shown["progress"], expected);
    assert_eq!(shown["cancelled_by"], json!(null));
    let cancelled = cancel().await;
    assert_eq!(cancelled.status, StatusCode::OK, "{}", cancelled.body);
    let cancelled = cancelled.json();
    assert_eq!(cancelled["state"], "running", "until it tells again");
    assert_eq!(cancelled["cancelled_by"], "local key");
    assert_eq!(told().await, JobWish::Stop("local key".into()));
    let report = JobReport::Cancelled {
        by: "local key".into(),
    };
    api.store
        .report_job(&lease, &report, Timestamp(3))
        .await
        .unwrap();
    let ended = api.get(&path).await.json();
    assert_eq!(
        (&ended["state"], &ended["runs"][0]["outcome"]),
        (&json!("discarded"), &json!("cancelled"))
    );
    assert_eq!(cancel().await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let again = api.post(&format!("{path}/retry"), &json!({})).await.json();
    assert_eq!(
        (&again["state"], &again["cancelled_by"]),
        (&json!("ready"), &json!(null))
    );
    assert_eq!(cancel().await.json()["state"], "discarded", "it waited");
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
    for action in ["retry", "discard", "cancel"] {
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
