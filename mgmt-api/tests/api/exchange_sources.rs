//! Exchange rates from outside: a publisher that checks the contract, over real HTTP.

use crate::fixture::Api;
use crate::permissions::change_by_key;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use mgmt_api::RefreshExchangeRates;
use mgmt_api::jobs::JobRun;
use rating::Timestamp;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use store::{AuditQuery, EventQuery, NewJob, Scope, TenantId};
use tokio::task::JoinHandle;

const SOURCES: &str = "/api/v1/exchange-sources";
const RATES: &str = "/api/v1/exchange-rates";
const SCOPE: Scope = Scope::of_tenant(TenantId::PLATFORM);
const APP_ID: &str = "an app id of a test";
const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 86_400_000_000;

/// What the publisher answers next.
#[derive(Clone)]
struct Say {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

#[derive(Clone, Default)]
struct Publisher {
    answers: Arc<Mutex<VecDeque<Say>>>,
    /// Questions against the contract, and how many there were.
    faults: Arc<Mutex<Vec<String>>>,
    asked: Arc<Mutex<usize>>,
}

struct Scene {
    api: Api,
    publisher: Publisher,
    url: String,
    server: JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.server.abort();
        assert_eq!(*self.publisher.faults.lock().unwrap(), Vec::<String>::new());
    }
}

impl Say {
    fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// The example of the contract with these rates, published at a time.
    fn rates(published_at: i64, rates: Value) -> Self {
        let body = json!({
            "disclaimer": "d", "license": "l", "timestamp": published_at / 1_000_000,
            "base": "USD", "rates": rates,
        });
        Self::new(200, body.to_string())
    }

    fn error(status: u16, message: &str) -> Self {
        let body =
            json!({ "error": true, "status": status, "message": message, "description": "why." });
        Self::new(status, body.to_string())
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

async fn publish(
    State(publisher): State<Publisher>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    *publisher.asked.lock().unwrap() += 1;
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_asked_well = match uri.path() {
        // openexchangerates.stub.yaml: the key as `Authorization: Token …`, never in the address.
        "/api/latest.json" => header(header::AUTHORIZATION) == Some(&format!("Token {APP_ID}")),
        "/ecb.xml" => header(header::AUTHORIZATION).is_none(),
        _ => false,
    };
    if method != Method::GET || uri.query().is_some() || !is_asked_well {
        let fault = format!("{method} {uri} {headers:?}");
        publisher.faults.lock().unwrap().push(fault);
    }
    let say = publisher.answers.lock().unwrap().pop_front();
    let say = say.unwrap_or_else(|| Say::error(500, "nothing_more"));
    let status = StatusCode::from_u16(say.status).unwrap();
    let mut response = (status, Body::from(say.body)).into_response();
    for (name, value) in say.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

impl Scene {
    async fn start() -> Self {
        let api = Api::start().await;
        let publisher = Publisher::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(publish)
            .with_state(publisher.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            api,
            publisher,
            url,
            server,
        }
    }

    async fn with_source(more: Value) -> Self {
        let scene = Self::start().await;
        scene.add_source("oxr", more).await;
        scene
    }

    async fn add_source(&self, name: &str, more: Value) {
        let mut spec = json!({
            "provider": "open_exchange_rates", "app_id": APP_ID,
            "url": format!("{}/api", self.url), "currencies": ["EUR", "GBP"],
        });
        for (name, value) in more.as_object().unwrap() {
            spec[name] = value.clone();
        }
        spec.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let made = self
            .api
            .post(SOURCES, &json!({ "name": name, "spec": spec }))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert!(!made.body.contains(APP_ID), "{}", made.body);
    }

    fn say(&self, say: Say) {
        self.publisher.answers.lock().unwrap().push_back(say);
    }

    fn asked(&self) -> usize {
        *self.publisher.asked.lock().unwrap()
    }

    /// What the job of a time does.
    async fn job(&self, now: i64) {
        let job = NewJob::new(
            TenantId::PLATFORM,
            "exchange_rate.refresh",
            json!({}),
            Timestamp(now),
        );
        let id = self
            .api
            .store
            .enqueue_job(&job, Timestamp(now))
            .await
            .unwrap()
            .unwrap();
        let job = self.api.store.job(&SCOPE, id).await.unwrap().unwrap();
        let refresh = RefreshExchangeRates::new(self.api.state.clone());
        refresh
            .refresh_due(&JobRun::new(job, 1), Timestamp(now))
            .await
            .unwrap();
    }

    async fn read(&self, say: Say, now: i64) -> Value {
        self.say(say);
        let before = self.asked();
        self.job(now).await;
        assert_eq!(self.asked(), before + 1, "it was due");
        self.quotes("oxr").await
    }

    async fn quotes(&self, name: &str) -> Value {
        let answer = self.api.get(&format!("{SOURCES}/{name}/quotes")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }

    async fn dated(&self, name: &str) -> Value {
        self.api.get(&format!("{RATES}/{name}")).await.json()["spec"]["rates"].clone()
    }

    async fn configuration(&self) -> u64 {
        self.api.store.configuration_number().await.unwrap()
    }

    /// The events of the area, oldest first.
    async fn events(&self) -> Vec<(String, Value)> {
        let query = EventQuery {
            limit: 100,
            after: Some(0),
            ..EventQuery::default()
        };
        let events = self.api.store.events(&SCOPE, &query).await.unwrap();
        let ours = [
            "exchange_rate.moved",
            "exchange_rate.stale",
            "exchange_rate.fresh",
        ];
        let ours = events
            .into_iter()
            .filter(|event| ours.contains(&event.kind.as_str()));
        ours.map(|event| (event.kind, event.data)).collect()
    }
}

/// The noon of today: an hour more or less is of the same day.
fn noon() -> i64 {
    now_us() / DAY_US * DAY_US + DAY_US / 2
}

fn now_us() -> i64 {
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_micros()).unwrap()
}

/// The day of a time, as rates have it.
fn day(at: i64) -> String {
    let at = jiff::Timestamp::from_microsecond(at).unwrap();
    at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

#[tokio::test]
async fn what_is_published_counts_from_the_next_midnight_by_one_push() {
    let scene = Scene::with_source(json!({ "markup_bps": 250 })).await;
    let (now, before) = (noon(), scene.configuration().await);
    let rates = json!({ "EUR": 0.92, "GBP": 0.79, "JPY": 150.1, "BTC": 0.00001 });
    let told = scene.read(Say::rates(now, rates.clone()), now).await;
    assert_eq!(scene.configuration().await, before + 1, "one push for both");
    assert_eq!(told["failure"], Value::Null);
    assert_eq!(
        (&told["is_stale"], &told["quotes"][0]["state"]),
        (&json!(false), &json!("in_force"))
    );
    assert_eq!(told["quotes"][0]["rate"], "1.086956521739");
    // 1.086956521739 less 2.5 percent, rounded down.
    assert_eq!(told["quotes"][0]["shown"], "1.059782608695");
    let tomorrow = day(now + DAY_US);
    assert_eq!(
        scene.dated("eur").await,
        json!([{ "from": tomorrow, "rate": "1.086956521739" }])
    );
    assert_eq!(
        scene.dated("gbp").await,
        json!([{ "from": tomorrow, "rate": "1.26582278481" }])
    );
    let version = scene.api.get(&format!("{RATES}/eur/versions")).await;
    assert!(
        version.body.contains("exchange source oxr"),
        "{}",
        version.body
    );
    // An hour later by another rate: that of the day stays as it is.
    let later = Say::rates(now, json!({ "EUR": 0.93, "GBP": 0.79 }));
    let told = scene.read(later, now + 60 * MINUTE_US).await;
    assert_eq!(told["quotes"][0]["state"], "later");
    assert_eq!(told["quotes"][1]["state"], "in_force");
    assert_eq!(scene.configuration().await, before + 1);
    // The next day it counts for the day after, and nothing of before is written again.
    let next = Say::rates(now, json!({ "EUR": 0.93, "GBP": 0.79 }));
    scene.read(next, now + DAY_US).await;
    let dates = json!([
        { "from": tomorrow, "rate": "1.086956521739" },
        { "from": day(now + 2 * DAY_US), "rate": "1.075268817204" },
    ]);
    assert_eq!(scene.dated("eur").await, dates);
    assert_eq!(scene.configuration().await, before + 2);
}

#[tokio::test]
async fn older_and_stale_answers_and_what_somebody_wrote_over_are_not_put_in_force() {
    let scene = Scene::with_source(json!({ "stale_after_hours": 48 })).await;
    let now = noon();
    let first = json!({ "EUR": 0.92, "GBP": 0.79 });
    scene.read(Say::rates(now, first.clone()), now).await;
    let read = scene.configuration().await;
    // Of yesterday, from a cache on the way.
    let older = Say::rates(now - DAY_US, json!({ "EUR": 0.91, "GBP": 0.79 }));
    let told = scene.read(older, now + DAY_US).await;
    assert!(
        told["failure"].as_str().unwrap().contains("later ones"),
        "{told}"
    );
    // The same publication once more, after somebody has written a rate.
    let path = format!("{RATES}/eur");
    let mut by_hand = scene.api.get(&path).await.json()["spec"].clone();
    by_hand["rates"][0]["rate"] = json!("1.5");
    let put = scene
        .api
        .put(&path, &json!({ "name": "eur", "spec": by_hand }))
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let pushed = scene.configuration().await;
    assert_ne!(pushed, read);
    let again = Say::rates(now, first);
    let told = scene.read(again, now + DAY_US + 120 * MINUTE_US).await;
    assert_eq!(told["failure"], Value::Null, "{told}");
    assert_eq!(scene.configuration().await, pushed);
    let late = Say::rates(now + 60 * MINUTE_US, json!({ "EUR": 0.93, "GBP": 0.8 }));
    let told = scene.read(late, now + 3 * DAY_US).await;
    assert!(
        told["failure"].as_str().unwrap().contains("too old"),
        "{told}"
    );
    assert_eq!(scene.configuration().await, pushed);
}

#[tokio::test]
async fn a_source_is_asked_when_it_is_due_and_no_earlier() {
    let scene = Scene::with_source(json!({ "refresh_minutes": 30 })).await;
    let now = noon();
    scene
        .read(Say::rates(now, json!({ "EUR": 0.92, "GBP": 0.79 })), now)
        .await;
    scene.job(now + 29 * MINUTE_US).await;
    assert_eq!(scene.asked(), 1);
    scene.job(now + 30 * MINUTE_US).await;
    assert_eq!(scene.asked(), 2);
    let path = format!("{SOURCES}/oxr");
    let mut off = scene.api.get(&path).await.json()["spec"].clone();
    off["status"] = json!("inactive");
    off["app_id"] = json!(APP_ID);
    let put = scene
        .api
        .put(&path, &json!({ "name": "oxr", "spec": off }))
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    scene.job(now + 10 * DAY_US).await;
    let refused = scene.api.post(&format!("{path}/refresh"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert_eq!(scene.asked(), 2);
}

#[tokio::test]
async fn a_large_move_is_told_once_and_waits_for_somebody() {
    let scene = Scene::with_source(json!({ "alert_percent": 5 })).await;
    let now = noon();
    scene
        .read(Say::rates(now, json!({ "EUR": 0.8, "GBP": 0.8 })), now)
        .await;
    let before = scene.configuration().await;
    for hour in 1..3 {
        let moved = Say::rates(now, json!({ "EUR": 0.5, "GBP": 0.8 }));
        let told = scene.read(moved, now + hour * 60 * MINUTE_US).await;
        assert_eq!(
            (&told["quotes"][0]["state"], &told["quotes"][0]["move_bps"]),
            (&json!("waits"), &json!(6_000))
        );
    }
    assert_eq!(
        scene.configuration().await,
        before,
        "nothing is in force by itself"
    );
    let told = json!({ "currency": "EUR", "before": "1.25", "rate": "2", "move_bps": 6_000 });
    assert_eq!(
        scene.events().await,
        [("exchange_rate.moved".to_owned(), told)]
    );
    let path = format!("{SOURCES}/oxr/confirm");
    let confirm = async |currency: &str, rate: &str| {
        let body = json!({ "currency": currency, "rate": rate });
        scene.api.post(&path, &body).await
    };
    assert_eq!(confirm("EUR", "1.9").await.status, StatusCode::CONFLICT);
    assert_eq!(confirm("GBP", "1.25").await.status, StatusCode::CONFLICT);
    assert_eq!(
        confirm("EUR", "zero").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        confirm("euro", "2").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let confirmed = confirm("EUR", "2").await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    assert_eq!(confirmed.json()["quotes"][0]["state"], "in_force");
    // It takes the place of the one that did not count yet. Close to midnight it is for the day after.
    let dated = scene.dated("eur").await;
    let last = dated.as_array().unwrap().last().unwrap();
    let days = [10, 0].map(|minutes| day(now_us() + DAY_US + minutes * MINUTE_US));
    assert!(days.iter().any(|day| last["from"] == **day), "{last}");
    assert_eq!(last["rate"], "2");
    assert_eq!(
        confirm("EUR", "2").await.status,
        StatusCode::CONFLICT,
        "once"
    );
}

#[tokio::test]
async fn what_a_publisher_says_instead_of_rates_is_told_and_changes_nothing() {
    let scene = Scene::with_source(json!({})).await;
    let before = scene.configuration().await;
    let rates = json!({ "EUR": 0.92, "GBP": 0.79 });
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(2 << 20));
    let cases = [
        (
            Say::error(401, "invalid_app_id"),
            "answered 401: invalid_app_id: why.",
        ),
        (Say::error(403, "not_allowed"), "answered 403"),
        (Say::new(503, "<html>"), "answered 503."),
        (
            Say::new(302, "").with("location", "/elsewhere"),
            "redirects (302)",
        ),
        (Say::new(200, "not json"), "cannot be read"),
        (Say::new(200, huge), "larger than"),
        (
            Say::rates(noon() + 3 * DAY_US, rates.clone()),
            "a time to come",
        ),
        (Say::error(401, APP_ID), "answered 401: …"),
    ];
    let mut now = noon();
    for (say, why) in cases {
        let told = scene.read(say, now).await;
        let failure = told["failure"].as_str().unwrap();
        assert!(
            failure.contains(why) && !failure.contains(APP_ID),
            "{why}: {failure}"
        );
        assert_eq!(told["read_at"], Value::Null);
        now += 60 * MINUTE_US;
    }
    assert_eq!(scene.configuration().await, before);
    let told = scene.read(Say::rates(noon(), rates), now).await;
    assert_eq!(
        (&told["failure"], scene.configuration().await),
        (&Value::Null, before + 1)
    );
}

#[tokio::test]
async fn a_publisher_that_puts_us_off_is_left_alone_and_others_are_asked() {
    let scene = Scene::with_source(json!({ "refresh_minutes": 15 })).await;
    let now = noon();
    let slow_down = Say::error(429, "too_many").with("retry-after", "7200");
    let told = scene.read(slow_down, now).await;
    assert!(told["failure"].as_str().unwrap().contains("429"), "{told}");
    let ecb = json!({
        "provider": "ecb", "app_id": null, "url": format!("{}/ecb.xml", scene.url), "currencies": ["JPY"],
    });
    scene.add_source("bank", ecb).await;
    let published = day(now - DAY_US);
    let xml = format!(
        "<?xml version='1.0'?><gesmes:Envelope xmlns:gesmes='g' xmlns='e'><Cube><Cube time='{published}'>\
         <Cube currency='USD' rate='1.25'/><Cube currency='JPY' rate='125'/></Cube></Cube></gesmes:Envelope>"
    );
    scene.say(Say::new(200, xml));
    scene.job(now + 119 * MINUTE_US).await;
    assert_eq!(scene.asked(), 2, "the bank only");
    assert_eq!(scene.quotes("bank").await["failure"], Value::Null);
    assert_eq!(scene.dated("jpy").await[0]["rate"], "0.01");
    scene.say(Say::rates(now, json!({ "EUR": 0.92, "GBP": 0.79 })));
    // Counted from the answer.
    scene.job(now + 121 * MINUTE_US).await;
    assert_eq!(scene.quotes("oxr").await["failure"], Value::Null);
}

#[tokio::test]
async fn a_missing_currency_keeps_no_other_from_its_rate() {
    let scene = Scene::with_source(json!({ "currencies": ["EUR", "GBP", "CHF"] })).await;
    let now = noon();
    let told = scene
        .read(Say::rates(now, json!({ "EUR": 0.92, "CHF": 0 })), now)
        .await;
    let states: Vec<_> = (0..3)
        .map(|at| told["quotes"][at]["state"].clone())
        .collect();
    assert_eq!(states, ["in_force", "missing", "missing"]);
    assert!(
        told["quotes"][1]["reason"]
            .as_str()
            .unwrap()
            .contains("no rate of it")
    );
    assert_eq!(scene.dated("eur").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn stale_rates_are_told_once_and_so_are_fresh_ones() {
    let scene = Scene::with_source(json!({ "stale_after_hours": 24 })).await;
    let now = noon();
    let rates = || json!({ "EUR": 0.92, "GBP": 0.79 });
    scene.read(Say::rates(now, rates()), now).await;
    for hour in [25, 27] {
        scene
            .read(Say::error(500, "down"), now + hour * 60 * MINUTE_US)
            .await;
    }
    let at = now + 48 * 60 * MINUTE_US;
    scene.read(Say::rates(at, rates()), at).await;
    let kinds: Vec<_> = scene
        .events()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert_eq!(kinds, ["exchange_rate.stale", "exchange_rate.fresh"]);
}

#[tokio::test]
async fn who_may_not_write_rates_makes_no_source_and_confirms_nothing() {
    let scene = Scene::with_source(json!({})).await;
    let spec = json!({ "provider": "ecb", "currencies": ["JPY"] });
    let body = json!({ "name": "other", "spec": spec });
    let write = [
        "exchange_source.read",
        "exchange_source.write",
        "change_set.push",
    ];
    let refused = change_by_key(&scene.api, &write, SOURCES, &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert!(
        refused.body.contains("exchange_rate.write"),
        "{}",
        refused.body
    );
    let confirm = format!("{SOURCES}/oxr/confirm");
    let body = json!({ "currency": "EUR", "rate": "2" });
    let refused = change_by_key(&scene.api, &write[..2], &confirm, &body).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    let refresh = format!("{SOURCES}/oxr/refresh");
    let refused = change_by_key(&scene.api, &["exchange_source.read"], &refresh, &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.body);
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn a_currency_has_one_source_and_is_one_of_iso_4217() {
    let scene = Scene::with_source(json!({})).await;
    let spec = json!({ "provider": "ecb", "currencies": ["CHF", "GBP"] });
    let refused = scene
        .api
        .post(SOURCES, &json!({ "name": "bank", "spec": spec }))
        .await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.body
    );
    assert!(refused.body.contains("GBP comes from"), "{}", refused.body);
    let spec = json!({ "provider": "ecb", "currencies": ["CHF", "ZZZ"] });
    let unknown = scene
        .api
        .post(SOURCES, &json!({ "name": "bank", "spec": spec }))
        .await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.body.contains("no currency ZZZ"), "{}", unknown.body);
    let spec = json!({ "currency": "ZZZ", "rates": [{ "from": "2026-01-01", "rate": "1" }] });
    let refused = scene
        .api
        .post(RATES, &json!({ "name": "z", "spec": spec }))
        .await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("ISO 4217 has no currency ZZZ"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn a_push_that_is_refused_is_told_and_made_up_for() {
    let scene = Scene::with_source(json!({})).await;
    let now = noon();
    let refusing = &scene.api.switch.refusing;
    refusing.store(true, std::sync::atomic::Ordering::Relaxed);
    let rates = || Say::rates(now, json!({ "EUR": 0.92, "GBP": 0.79 }));
    let told = scene.read(rates(), now).await;
    assert!(
        told["failure"].as_str().unwrap().contains("not in force"),
        "{told}"
    );
    let missing = scene.api.get(&format!("{RATES}/eur")).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{}", missing.body);
    refusing.store(false, std::sync::atomic::Ordering::Relaxed);
    let told = scene.read(rates(), now + 5 * MINUTE_US).await;
    assert_eq!(told["failure"], Value::Null);
    assert_eq!(scene.dated("eur").await.as_array().unwrap().len(), 1);
    let query = AuditQuery {
        limit: 100,
        ..AuditQuery::default()
    };
    let page = scene.api.store.audit_entries(&SCOPE, &query).await.unwrap();
    assert!(format!("{page:?}").contains("exchange source oxr"));
}

/// Rates are written for the days to come, by people and by the source beside them.
#[tokio::test]
async fn a_rate_that_somebody_wrote_for_a_later_day_silences_nobody_and_stays() {
    let scene = Scene::with_source(json!({ "alert_percent": 5 })).await;
    let now = noon();
    let later = json!({ "from": day(now + 40 * DAY_US), "rate": "3" });
    let spec = json!({
        "currency": "EUR",
        "rates": [{ "from": "2020-01-01", "rate": "1.1" }, later],
    });
    let made = scene
        .api
        .post(RATES, &json!({ "name": "eur", "spec": spec }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let told = scene
        .read(Say::rates(now, json!({ "EUR": 0.9, "GBP": 0.8 })), now)
        .await;
    assert_eq!(told["quotes"][0]["state"], "in_force", "{told}");
    let dated = scene.dated("eur").await;
    assert_eq!(
        (dated[1]["rate"].clone(), &dated[2]),
        (json!("1.111111111111"), &later)
    );
    // One that waits is confirmed beside it too.
    let now = now + 60 * MINUTE_US;
    let told = scene
        .read(Say::rates(now, json!({ "EUR": 0.5, "GBP": 0.8 })), now)
        .await;
    assert_eq!(told["quotes"][0]["state"], "waits", "{told}");
    let body = json!({ "currency": "EUR", "rate": "2" });
    let path = format!("{SOURCES}/oxr/confirm");
    let confirmed = scene.api.post(&path, &body).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    let dated = scene.dated("eur").await;
    let dated = dated.as_array().unwrap();
    assert_eq!(*dated.last().unwrap(), later);
    assert!(dated.iter().any(|dated| dated["rate"] == "2"), "{dated:?}");
}

/// Who may write a source, but knows no App ID, would have it sent to himself.
#[tokio::test]
async fn the_app_id_goes_to_no_other_address_than_it_was_written_for() {
    let scene = Scene::with_source(json!({})).await;
    let path = format!("{SOURCES}/oxr");
    let spec = scene.api.get(&path).await.json()["spec"].clone();
    let put = async |change: Value| {
        let mut spec = spec.clone();
        let fields = change.as_object().unwrap().clone();
        spec.as_object_mut().unwrap().extend(fields);
        let body = json!({ "name": "oxr", "spec": spec });
        scene.api.put(&path, &body).await
    };
    let kept = put(json!({ "refresh_minutes": 30 })).await;
    assert_eq!(kept.status, StatusCode::OK, "{}", kept.body);
    for elsewhere in [json!("http://127.0.0.1:9/mine"), Value::Null] {
        let refused = put(json!({ "url": elsewhere })).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            refused.body
        );
        assert!(refused.body.contains("\"app_id\""), "{}", refused.body);
        assert!(refused.body.contains("another address"), "{}", refused.body);
    }
    let anew = put(json!({ "url": "http://127.0.0.1:9/mine", "app_id": "another" })).await;
    assert_eq!(anew.status, StatusCode::OK, "{}", anew.body);
}

#[tokio::test]
async fn a_currency_that_stays_away_or_waits_becomes_stale_while_the_others_are_not() {
    let scene = Scene::with_source(json!({ "stale_after_hours": 24 })).await;
    let now = noon();
    let hour = |hours: i64| now + hours * 60 * MINUTE_US;
    let both = json!({ "EUR": 0.92, "GBP": 0.79 });
    scene.read(Say::rates(now, both.clone()), now).await;
    for hours in [23, 25, 30] {
        let at = hour(hours);
        scene.read(Say::rates(at, json!({ "EUR": 0.92 })), at).await;
    }
    let stale = scene.events().await;
    let told: Vec<_> = stale
        .iter()
        .map(|(kind, data)| (kind.as_str(), data["currency"].as_str()))
        .collect();
    assert_eq!(told, [("exchange_rate.stale", Some("GBP"))]);
    scene.read(Say::rates(hour(31), both), hour(31)).await;
    let (kind, data) = scene.events().await.pop().unwrap();
    assert_eq!(
        (&*kind, &data["currency"]),
        ("exchange_rate.fresh", &json!("GBP"))
    );
}

#[tokio::test]
async fn what_waits_is_not_confirmed_when_the_source_reads_another_publisher() {
    let scene = Scene::with_source(json!({})).await;
    let now = noon();
    let read = async |euro: f64, at: i64| {
        let rates = json!({ "EUR": euro, "GBP": 0.79 });
        scene.read(Say::rates(now, rates), at).await
    };
    read(0.92, now).await;
    let told = read(0.5, now + 60 * MINUTE_US).await;
    assert_eq!(told["quotes"][0]["state"], "waits");
    let path = format!("{SOURCES}/oxr");
    let mut spec = scene.api.get(&path).await.json()["spec"].clone();
    spec["url"] = json!(format!("{}/other", scene.url));
    spec["app_id"] = json!(APP_ID);
    let put = scene
        .api
        .put(&path, &json!({ "name": "oxr", "spec": spec }))
        .await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.body);
    let body = json!({ "currency": "EUR", "rate": "2" });
    let refused = scene.api.post(&format!("{path}/confirm"), &body).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.body);
    assert!(refused.body.contains("read it again"), "{}", refused.body);
}

#[tokio::test]
async fn a_tenant_has_few_sources() {
    let scene = Scene::start().await;
    let codes = [
        "EUR", "GBP", "JPY", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON",
    ];
    let make = async |code: &str| {
        let spec = json!({ "provider": "ecb", "currencies": [code] });
        let body = json!({ "name": code, "spec": spec });
        scene.api.post(SOURCES, &body).await
    };
    for code in &codes[..10] {
        assert_eq!(make(code).await.status, StatusCode::CREATED, "{code}");
    }
    let refused = make(codes[10]).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        refused.body
    );
    assert!(
        refused.body.contains("10 sources at most"),
        "{}",
        refused.body
    );
}
