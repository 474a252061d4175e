//! Notifications: a receiver that checks what it gets, over real HTTP.

use crate::fixture::{Api, Patience};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use mgmt_api::jobs::{JobBell, JobRunner, JobSettings};
use mgmt_api::notifications::{DeliverWebhook, Dispatcher, WebhookClient, WebhookSettings};
use mgmt_api::secrets::{KeySource, SecretBox};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::{Scope, TenantId};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const TARGETS: &str = "/api/v1/notification-targets";
const CATEGORIES: &str = "/api/v1/customer-categories";
const DELIVERIES: &str = "/api/v1/notification-deliveries";
const KEY: &[u8] = b"a signing key of the receiver";
const PLATFORM: Scope = Scope::of_tenant(TenantId::PLATFORM);

/// What a receiver got: it was signed well, or the test has failed.
#[derive(Debug)]
struct Received {
    id: String,
    path: String,
    body: Value,
}

#[derive(Clone)]
struct Receiver {
    got: mpsc::UnboundedSender<Result<Received, String>>,
    /// What to answer with; 204 when it is empty, nothing at all for 0.
    answers: Arc<Mutex<VecDeque<u16>>>,
}

/// A receiver that works, and the switch's parts that send to it.
struct Scene {
    api: Api,
    url: String,
    got: mpsc::UnboundedReceiver<Result<Received, String>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn receive(
    State(receiver): State<Receiver>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let checked = check(&method, &headers, &body).map(|id| Received {
        id,
        path: uri.path().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    receiver.got.send(checked).unwrap();
    let answer = receiver.answers.lock().unwrap().pop_front().unwrap_or(204);
    if answer == 0 {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(answer).unwrap();
    (status, [(header::LOCATION, "/elsewhere")]).into_response()
}

/// The contract, as a receiver of somebody else would check it.
fn check(method: &Method, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
    let header = |name: &str| {
        let value = headers.get(name).ok_or_else(|| format!("no {name}"))?;
        value.to_str().map_err(|_| format!("{name} is no text"))
    };
    if method != Method::POST || header("content-type")? != "application/json" {
        return Err(format!("{method} {headers:?}"));
    }
    let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
    let sent: u64 = timestamp.parse().map_err(|_| "no timestamp".to_owned())?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    if now.abs_diff(sent) > 300 {
        return Err(format!("sent at {sent}, now {now}"));
    }
    let mut signed = format!("{id}.{timestamp}.").into_bytes();
    signed.extend(body);
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    mac.update(&signed);
    let proof = header("webhook-signature")?
        .strip_prefix("v1,")
        .ok_or("no v1")?;
    let proof = BASE64_STANDARD
        .decode(proof)
        .map_err(|_| "no Base64".to_owned())?;
    mac.verify_slice(&proof)
        .map_err(|_| "the signature is wrong".to_owned())?;
    Ok(id.to_owned())
}

impl Scene {
    /// A receiver that answers so, and a switch that dispatches and runs jobs.
    async fn start(answers: &[u16]) -> Self {
        let api = Api::start().await;
        let (sender, got) = mpsc::unbounded_channel();
        let receiver = Receiver {
            got: sender,
            answers: Arc::new(Mutex::new(answers.iter().copied().collect())),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(receive).with_state(receiver);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let keys = KeySource::File(api.folder.path().join("secrets.key"));
        let secrets = SecretBox::open(keys, &api.store).await.unwrap();
        let bell = JobBell::default();
        let client = WebhookClient::new(WebhookSettings {
            allow_private_addresses: true,
        });
        let handler = DeliverWebhook::new(api.store.clone(), secrets.clone(), client);
        let settings = JobSettings {
            poll: Duration::from_millis(20),
            ..JobSettings::of_node("n")
        };
        let handlers: Vec<Arc<dyn mgmt_api::jobs::JobHandler>> = vec![Arc::new(handler)];
        let store = api.store.clone();
        let runner = JobRunner::new(store.clone(), bell.clone(), settings, handlers, Vec::new());
        let dispatcher = Dispatcher::new(store, secrets, bell);
        let tasks = vec![
            server,
            tokio::spawn(runner.unwrap().run(std::future::pending())),
            tokio::spawn(dispatcher.run(std::future::pending())),
        ];
        Self {
            api,
            url,
            got,
            tasks,
        }
    }

    async fn add_target(&self, name: &str, more: Value) {
        let secret = format!("whsec_{}", BASE64_STANDARD.encode(KEY));
        let mut spec = json!({
            "channel": "webhook", "url": self.url, "signing_secret": secret,
            "events": ["customer_category.*"],
        });
        for (name, value) in more.as_object().unwrap() {
            spec[name] = value.clone();
        }
        let body = json!({"name": name, "spec": spec});
        let made = self.api.post(TARGETS, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }

    async fn add_category(&self, name: &str) {
        let made = self
            .api
            .post(CATEGORIES, &json!({"name": name, "spec": {}}))
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    }

    async fn next(&mut self) -> Received {
        let got = tokio::time::timeout(Duration::from_secs(120), self.got.recv());
        got.await.unwrap().unwrap().unwrap()
    }

    /// The newest delivery to a target, once it is in a state.
    async fn delivery(&self, target: &str, state: &str) -> Value {
        let patience = Patience::until("a delivery is in its state");
        loop {
            let path = format!("{DELIVERIES}?target={target}");
            let list = self.api.get(&path).await.json();
            if list["items"][0]["state"] == state {
                return list["items"][0].clone();
            }
            patience.pause().await;
        }
    }

    async fn retry(&self, delivery: &Value) {
        let path = format!("/api/v1/jobs/{}/retry", delivery["job_id"]);
        let patience = Patience::until("the job can be tried again");
        // The job may be about to be reported.
        while self.api.post(&path, &json!({})).await.status != StatusCode::OK {
            patience.pause().await;
        }
    }

    async fn test(&self, target: &str) -> Value {
        let answer = self
            .api
            .post(&format!("{TARGETS}/{target}/test"), &json!({}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }
}

#[tokio::test]
async fn a_change_is_told_by_one_signed_request() {
    let mut scene = Scene::start(&[]).await;
    scene.add_target("hook", json!({})).await;
    scene.add_target("off", json!({"status": "inactive"})).await;
    scene.add_category("vip").await;
    let got = scene.next().await;
    assert_eq!(got.body["type"], "customer_category.created");
    let data = &got.body["data"];
    assert_eq!(
        (&data["subject"], &data["actor"]),
        (&json!("customer_category/vip"), &json!("local key"))
    );
    let delivery = scene.delivery("hook", "delivered").await;
    assert_eq!(delivery["message_id"], got.id);
    assert_eq!(
        (&delivery["status"], &delivery["attempts"]),
        (&json!(204), &json!(1))
    );
    assert_eq!(delivery["event_id"], data["event"]);
    let all = scene.api.get(DELIVERIES).await.json();
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "{all}");
    assert!(scene.got.try_recv().is_err());
}

#[tokio::test]
async fn a_try_that_failed_is_repeated_under_the_same_identifier() {
    let mut scene = Scene::start(&[503]).await;
    scene.add_target("hook", json!({})).await;
    scene.add_category("vip").await;
    let first = scene.next().await;
    let failed = scene.delivery("hook", "failed").await;
    assert_eq!(failed["status"], 503);
    assert_eq!(failed["error"], "The receiver answered 503.");
    scene.retry(&failed).await;
    let second = scene.next().await;
    assert_eq!((&second.id, &second.body), (&first.id, &first.body));
    let delivered = scene.delivery("hook", "delivered").await;
    assert_eq!(
        (&delivered["attempts"], &delivered["error"]),
        (&json!(2), &json!(null))
    );
}

#[tokio::test]
async fn a_dead_delivery_is_an_event_that_no_receiver_is_told_of() {
    let mut scene = Scene::start(&[500, 500]).await;
    scene
        .add_target("all", json!({"events": ["*"], "attempts_max": 1}))
        .await;
    scene.next().await;
    scene.next().await;
    let patience = Patience::until("both failures are told");
    loop {
        let list = scene
            .api
            .get("/api/v1/events?kind=notification.failed")
            .await
            .json();
        if list["items"].as_array().unwrap().len() == 2 {
            break;
        }
        patience.pause().await;
    }
    while !scene.api.store.undispatched(9).await.unwrap().1.is_empty() {
        patience.pause().await;
    }
    let told = scene
        .api
        .get(&format!("{DELIVERIES}?state=dead"))
        .await
        .json();
    assert_eq!(told["items"].as_array().unwrap().len(), 2);
    let of_itself = format!("{DELIVERIES}?event=notification.failed");
    assert_eq!(scene.api.get(&of_itself).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_410_ends_the_tries() {
    let mut scene = Scene::start(&[302, 410]).await;
    scene.add_target("hook", json!({})).await;
    scene.add_category("vip").await;
    assert_eq!(scene.next().await.path, "/hook");
    let failed = scene.delivery("hook", "failed").await;
    assert_eq!(
        failed["error"],
        "The receiver redirects: set the new address."
    );
    scene.retry(&failed).await;
    assert_eq!(scene.next().await.path, "/hook");
    let dead = scene.delivery("hook", "dead").await;
    assert_eq!(
        (&dead["status"], &dead["attempts"]),
        (&json!(410), &json!(2))
    );
    assert!(scene.got.try_recv().is_err());
}

#[tokio::test]
async fn a_target_is_tried_out_at_once() {
    let mut scene = Scene::start(&[204, 500, 0]).await;
    scene.add_target("hook", json!({"timeout_s": 1})).await;
    let good = scene.test("hook").await;
    assert_eq!(
        (&good["state"], &good["status"]),
        (&json!("delivered"), &json!(204))
    );
    let got = scene.next().await;
    assert_eq!(got.body["type"], "notification.test");
    assert_eq!(got.body["data"]["test"], true);
    let bad = scene.test("hook").await;
    assert_eq!(
        (&bad["state"], &bad["status"]),
        (&json!("dead"), &json!(500))
    );
    let silent = scene.test("hook").await;
    assert_eq!(
        silent["error"],
        "The request failed: no answer came in time."
    );
    let unknown = scene
        .api
        .post(&format!("{TARGETS}/tea/test"), &json!({}))
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_target_that_is_gone_is_not_told() {
    let mut scene = Scene::start(&[503]).await;
    scene.add_target("hook", json!({})).await;
    scene.add_category("vip").await;
    scene.next().await;
    let failed = scene.delivery("hook", "failed").await;
    let mut request = scene
        .api
        .with_key("DELETE", &format!("{TARGETS}/hook"), Body::empty());
    request
        .headers_mut()
        .insert(header::IF_MATCH, "\"1\"".parse().unwrap());
    assert_eq!(scene.api.send(request).await.status, StatusCode::NO_CONTENT);
    scene.retry(&failed).await;
    let gone = scene.delivery("hook", "suppressed").await;
    assert_eq!(gone["error"], "The target is gone or not active.");
    assert!(scene.got.try_recv().is_err());
}

#[tokio::test]
async fn a_mail_tells_each_recipient_of_all_events_that_came_together() {
    let scene = Scene::start(&[]).await;
    let spec = json!({"channel": "email", "events": ["customer_category.*"],
        "recipients": ["noc@example.com", "ann@example.com"]});
    let made = scene
        .api
        .post(TARGETS, &json!({"name": "noc", "spec": spec}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    scene.add_category("vip").await;
    scene.delivery("noc", "delivered").await;
    let mails = scene.api.store.mails(&PLATFORM, None, 9).await.unwrap();
    let mut to: Vec<_> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ann@example.com", "noc@example.com"]);
    assert_eq!(mails[0].subject, "[DIDTron] customer_category.created");
    let tried = scene.test("noc").await;
    assert_eq!(
        (&tried["channel"], &tried["state"]),
        (&json!("email"), &json!("delivered"))
    );
    assert_eq!(
        scene
            .api
            .store
            .mails(&PLATFORM, None, 9)
            .await
            .unwrap()
            .len(),
        4
    );
}

/// An older program may have taken what no mail can be sent to.
#[tokio::test]
async fn a_target_that_cannot_be_told_does_not_keep_events_from_the_others() {
    let mut scene = Scene::start(&[200]).await;
    let spec = json!({"channel": "email", "events": ["*"], "recipients": ["noc@example.com"]});
    let body = json!({"name": "noc", "spec": spec});
    let made = scene.api.post(TARGETS, &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let spoil = "UPDATE resource SET spec = REPLACE(spec, 'noc@example.com', 'noc@example.com,')";
    store::testing::execute(&scene.api.store, spoil).await;
    scene.add_target("hook", json!({})).await;
    scene.add_category("vip").await;
    scene.next().await;
    let dead = scene.delivery("noc", "dead").await;
    assert_eq!(dead["error"], "`noc@example.com,` is no e-mail address");
}

#[tokio::test]
async fn the_list_of_deliveries_checks_its_parameters() {
    let api = Api::start().await;
    for wrong in [
        "limit=0",
        "limit=201",
        "state=lost",
        "cursor=x",
        "target=",
        "colour=red",
    ] {
        let answer = api.get(&format!("{DELIVERIES}?{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
