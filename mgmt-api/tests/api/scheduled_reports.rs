//! Reports that come by mail.

use crate::apply::{DECK, RESOURCES, apply};
use crate::cdrs::{NOON, call, load};
use crate::fixture::Api;
use crate::permissions::change_by_key;
use axum::http::StatusCode;
use mgmt_api::jobs::{JobFailure, JobHandler as _, JobRun, MailReports};
use rating::Timestamp;
use serde_json::json;
use store::{MailRow, NewJob, Scope, TenantId};

const DAY_US: i64 = 86_400_000_000;

const REPORTS: &str = r#"
---
kind: scheduled_report
name: nightly
spec:
  period: day
  hour: 0
  lines: customer
  recipients: [noc@example.com, cfo@example.com]
---
kind: scheduled_report
name: "of cheap"
spec:
  period: day
  hour: 23
  lines: destination
  carrier: cheap
  compare: false
  recipients: [noc@example.com]
---
kind: scheduled_report
name: unused
spec:
  status: inactive
  period: day
  lines: day
  recipients: [noc@example.com]
"#;

/// An API with the reports and three calls at noon of a day, and the first moment of the day after it.
async fn api() -> (Api, Timestamp) {
    let api = Api::start().await;
    let applied = apply(&api, &format!("{RESOURCES}{REPORTS}"), DECK, false).await;
    assert_eq!(applied.status, StatusCode::OK, "{}", applied.body);
    let id = async |path: &str| api.get(path).await.json()["id"].as_i64().unwrap();
    let acme = id("/api/v1/customers/acme").await;
    let cheap = id("/api/v1/carriers/cheap").await;
    let now = Timestamp(now_us());
    // The noon of tomorrow: a period is sent when it ends after its report was made.
    let noon = NOON + ((now.0 - NOON) / DAY_US + 1) * DAY_US;
    let second = u32::try_from((noon - NOON) / 1_000_000).unwrap();
    let calls = (0..3).map(|number| {
        let mut call = call(second + number);
        call.customer.as_mut().unwrap().id = acme;
        call.attempts[0].carrier.id = cheap;
        call
    });
    load(&api, &calls.collect::<Vec<_>>()).await;
    (api, Timestamp(noon + DAY_US / 2))
}

fn now_us() -> i64 {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_micros()).unwrap()
}

async fn send(api: &Api, now: Timestamp) {
    let job = NewJob::new(TenantId::PLATFORM, "report.mail", json!({}), now);
    let id = api.store.enqueue_job(&job, now).await.unwrap().unwrap();
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let job = api.store.job(&scope, id).await.unwrap().unwrap();
    let reports = MailReports::new(api.store.clone(), api.secrets.clone());
    reports.send(&JobRun::new(job, 1), now).await.unwrap();
}

async fn mails(api: &Api) -> Vec<MailRow> {
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let mails = api.store.mails(&scope, None, 100).await.unwrap();
    let mut mails: Vec<_> = mails
        .into_iter()
        .filter(|mail| mail.purpose == "scheduled_report")
        .collect();
    mails.sort_by(|one, other| {
        (&one.subject, &one.recipient).cmp(&(&other.subject, &other.recipient))
    });
    mails
}

async fn opened(api: &Api, secret_id: Option<&String>) -> String {
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let sealed = api
        .store
        .secret(&scope, secret_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    api.secrets.unseal(&sealed).unwrap().expose().to_owned()
}

#[tokio::test]
async fn a_report_is_mailed_once_to_each_recipient_when_its_day_is_over() {
    let (api, midnight) = api().await;
    send(&api, Timestamp(midnight.0 - 1)).await;
    // Of the day on which it was made, which has ended, and without a call.
    let before = mails(&api).await.len();
    send(&api, midnight).await;
    send(&api, Timestamp(midnight.0 + 900_000_000)).await;
    let sent = mails(&api).await;
    let nightly: Vec<_> = sent
        .iter()
        .filter(|mail| mail.subject.contains("nightly"))
        .collect();
    let to = |mail: &&MailRow| mail.recipient.clone();
    let last: Vec<_> = nightly.iter().rev().take(2).map(to).collect();
    assert_eq!(last, ["noc@example.com", "cfo@example.com"]);
    assert_eq!(sent.len(), before + 2, "{sent:?}");
    let text = opened(&api, nightly.last().unwrap().secret_id.as_ref()).await;
    for part in ["Calls by customer", "Seizures", "acme", "100.00", "0.03"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    let file = opened(&api, nightly.last().unwrap().attachment_secret_id.as_ref()).await;
    let lines: Vec<_> = file.lines().collect();
    assert_eq!(lines.len(), 2, "{file}");
    assert!(lines[1].contains(",acme,3,3,"), "{file}");
}

#[tokio::test]
async fn a_report_of_a_carrier_counts_its_attempts_after_its_own_hour() {
    let (api, midnight) = api().await;
    let eleven = Timestamp(midnight.0 + 23 * DAY_US / 24);
    send(&api, Timestamp(eleven.0 - 1)).await;
    let of_cheap = async |day: &str| {
        let mails = mails(&api).await;
        mails
            .into_iter()
            .find(|mail| mail.subject.contains("of cheap") && mail.subject.ends_with(day))
    };
    let day = Timestamp(midnight.0 - 1);
    let day = day_of(day);
    assert_eq!(of_cheap(&day).await, None);
    send(&api, eleven).await;
    let mail = of_cheap(&day).await.unwrap();
    let text = opened(&api, mail.secret_id.as_ref()).await;
    for part in ["Attempts by destination, carrier cheap", "Paris"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(!text.contains("before"), "{text}");
}

#[tokio::test]
async fn a_report_that_cannot_be_made_delays_no_other_and_its_owner_is_told() {
    let (api, midnight) = api().await;
    // As a damage would: references keep a customer otherwise.
    let body = json!({ "name": "a broken one", "spec": {
        "period": "day", "hour": 0, "lines": "day", "customer": "acme",
        "recipients": ["noc@example.com"],
    }});
    let made = api.post("/api/v1/scheduled-reports", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let gone = "UPDATE resource SET deleted_at = 1 WHERE kind = 'customer' AND name = 'acme'";
    store::testing::execute(&api.store, gone).await;
    let reports = MailReports::new(api.store.clone(), api.secrets.clone());
    let job = NewJob::new(TenantId::PLATFORM, "report.mail", json!({}), midnight);
    let id = api
        .store
        .enqueue_job(&job, midnight)
        .await
        .unwrap()
        .unwrap();
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let mut job = api.store.job(&scope, id).await.unwrap().unwrap();
    job.attempts_max = 2;
    let told = async || {
        let events = api
            .get("/api/v1/events?kind=report.not_mailed")
            .await
            .json();
        events["items"].as_array().unwrap().clone()
    };
    for (attempt, events) in [(1, 0), (2, 1)] {
        let sent = reports
            .send(&JobRun::new(job.clone(), attempt), midnight)
            .await;
        assert!(sent.is_err(), "it is tried again");
        let nightly = mails(&api).await;
        let nightly = nightly
            .iter()
            .filter(|mail| mail.subject.contains("nightly"));
        assert_eq!(nightly.count(), 2, "attempt {attempt}");
        assert_eq!(told().await.len(), events, "attempt {attempt}");
    }
    assert_eq!(told().await[0]["subject"], "scheduled_report/a broken one");
    let longest = reports.backoff().most;
    assert!(longest <= std::time::Duration::from_secs(60), "{longest:?}");
}

/// The day of a moment, UTC.
fn day_of(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_microsecond(at.0).unwrap();
    at.strftime("%Y-%m-%d").to_string()
}

#[tokio::test]
async fn who_may_not_read_reports_may_not_have_them_mailed() {
    let api = Api::start().await;
    let body = json!({
        "name": "nightly",
        "spec": {"period": "day", "lines": "day", "recipients": ["noc@example.com"]},
    });
    let path = "/api/v1/scheduled-reports";
    let mut may = vec![
        "scheduled_report.read",
        "scheduled_report.write",
        "change_set.push",
    ];
    let refused = change_by_key(&api, &may, path, &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(refused.body.contains("report.read"), "{}", refused.body);
    may.push("report.read");
    let made = change_by_key(&api, &may, path, &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
}

#[tokio::test]
async fn no_report_is_mailed_while_calls_are_still_added_to_the_sums() {
    let (api, midnight) = api().await;
    let filling = "INSERT INTO cdr_fill (name, call_id, until, done, total) \
        VALUES ('traffic', '', '', 1, 2)";
    store::testing::execute(&api.store, filling).await;
    let job = NewJob::new(TenantId::PLATFORM, "report.mail", json!({}), midnight);
    let id = api.store.enqueue_job(&job, midnight).await.unwrap();
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    let job = api.store.job(&scope, id.unwrap()).await.unwrap().unwrap();
    let reports = MailReports::new(api.store.clone(), api.secrets.clone());
    let failed = reports.send(&JobRun::new(job, 1), midnight).await;
    assert!(
        matches!(&failed, Err(JobFailure::Retry(reason)) if reason.contains("50 %")),
        "{failed:?}"
    );
    assert_eq!(mails(&api).await.len(), 0);
    store::testing::execute(&api.store, "DELETE FROM cdr_fill").await;
    send(&api, midnight).await;
    assert!(!mails(&api).await.is_empty());
}
