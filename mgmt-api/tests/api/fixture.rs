//! A whole API in a temporary folder, asked in memory.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use cdr_archive::Place;
use http_body_util::BodyExt as _;
use mgmt_api::jobs::JobBell;
use mgmt_api::notifications::{WebhookClient, WebhookSettings};
use mgmt_api::secrets::{KeySource, SecretBox};
use mgmt_api::switch_port::{
    BalanceChange, Ban, ListenerStatus, LiveCallPage, PortError, PortFuture, PublishError,
    ShardStatus, SwitchPort, SwitchSample, SwitchStatus, TraceMessage, WatchedCall,
};
use mgmt_api::{ApiParts, AppState, Configuration, LocalKey, RateLimits, ensure_admin, router};
use rating::Timestamp;
use rating::cdr::{CallId, MediaStatistics, Transport};
use routing_engine::names::AddressTable;
use routing_engine::{QualityTable, Snapshot};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{LoaderProgress, NewSession, NewUser, Store, TenantId, UserId, UserStatus};
use tokio::sync::OnceCell;
use tower::ServiceExt as _;

pub(crate) struct FakeSwitch {
    pub(crate) snapshot: Mutex<Arc<Snapshot>>,
    pub(crate) published: AtomicUsize,
    /// Configurations whose names were looked up.
    pub(crate) prepared: AtomicUsize,
    pub(crate) draining: AtomicBool,
    pub(crate) silent: AtomicBool,
    /// Takes no configuration.
    pub(crate) refusing: AtomicBool,
    /// Panics once, when it is asked for its state.
    pub(crate) panicking: AtomicBool,
    /// The next snapshot panics, once its configuration is kept.
    pub(crate) panicking_at_push: AtomicBool,
    pub(crate) sample: Mutex<SwitchSample>,
    pub(crate) calls: Mutex<LiveCallPage>,
    /// Relayed media of each of them.
    pub(crate) media: Mutex<Option<MediaStatistics>>,
    pub(crate) bans: Mutex<Vec<Ban>>,
    /// What it was told of balances.
    pub(crate) balances: Mutex<Vec<BalanceChange>>,
    /// The messages of one call.
    pub(crate) trace: Mutex<Option<(CallId, Vec<TraceMessage>)>>,
    pub(crate) kept: AtomicBool,
    pub(crate) addresses: Mutex<Arc<AddressTable>>,
}

impl SwitchPort for FakeSwitch {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.lock().unwrap())
    }

    fn addresses(&self) -> Arc<AddressTable> {
        Arc::clone(&self.addresses.lock().unwrap())
    }

    fn prepare(&self, snapshot: Arc<Snapshot>) -> PortFuture<'_, ()> {
        let number = snapshot.number();
        assert!(self.snapshot().number() < number, "before it is published");
        self.prepared.fetch_add(1, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }

    fn publish(&self, snapshot: Arc<Snapshot>) -> Result<(), PublishError> {
        let is_panicking = self.panicking_at_push.swap(false, Ordering::Relaxed);
        assert!(!is_panicking, "of a test");
        if self.refusing.load(Ordering::Relaxed) {
            return Err(PublishError::Stopping);
        }
        let published = self.published.fetch_add(1, Ordering::Relaxed);
        let prepared = self.prepared.load(Ordering::Relaxed);
        assert!(published < prepared, "its names are looked up first");
        *self.snapshot.lock().unwrap() = snapshot;
        Ok(())
    }

    fn quality(&self) -> Arc<QualityTable> {
        Arc::default()
    }

    fn now_us(&self) -> u64 {
        1_000_000
    }

    fn live_calls(
        &self,
        _: Option<CallId>,
        _: usize,
    ) -> PortFuture<'_, Result<LiveCallPage, PortError>> {
        let silent = self.silent.load(Ordering::Relaxed);
        let page = self.calls.lock().unwrap().clone();
        Box::pin(async move {
            if silent {
                Err(PortError::ShardSilent { shard: 3 })
            } else {
                Ok(page)
            }
        })
    }

    fn live_call(&self, id: CallId) -> PortFuture<'_, Result<Option<WatchedCall>, PortError>> {
        let silent = self.silent.load(Ordering::Relaxed);
        let page = self.calls.lock().unwrap().clone();
        let found = page.items.into_iter().find(|call| call.id == id);
        let media = self.media.lock().unwrap().clone();
        Box::pin(async move {
            if silent {
                Err(PortError::ShardSilent { shard: 3 })
            } else {
                Ok(found.map(|call| WatchedCall { call, media }))
            }
        })
    }

    fn sample(&self) -> SwitchSample {
        *self.sample.lock().unwrap()
    }

    fn trace(
        &self,
        call: CallId,
        _: Vec<Arc<str>>,
        keep: bool,
    ) -> PortFuture<'_, Result<Vec<TraceMessage>, PortError>> {
        let trace = self.trace.lock().unwrap().clone();
        let found = trace.filter(|(id, _)| *id == call);
        self.kept.fetch_or(keep, Ordering::Relaxed);
        Box::pin(async move { Ok(found.map_or_else(Vec::new, |(_, messages)| messages)) })
    }

    fn bans(&self) -> Vec<Ban> {
        self.bans.lock().unwrap().clone()
    }

    fn ban(&self, ban: Ban) {
        self.bans.lock().unwrap().push(ban);
    }

    fn balance_changed(&self, change: BalanceChange) {
        self.balances.lock().unwrap().push(change);
    }

    fn lift_ban(&self, source: IpAddr) -> bool {
        let mut bans = self.bans.lock().unwrap();
        let before = bans.len();
        bans.retain(|ban| ban.source != source);
        bans.len() < before
    }

    fn status(&self) -> SwitchStatus {
        assert!(!self.panicking.swap(false, Ordering::Relaxed), "of a test");
        SwitchStatus {
            node: "fra-1".into(),
            started_at: Timestamp(0),
            draining: self.draining.load(Ordering::Relaxed),
            journal_trouble: None,
            listeners: vec![ListenerStatus {
                transport: Transport::Udp,
                address: "127.0.0.1:5060".parse().unwrap(),
                advertised: "127.0.0.1:5060".parse().unwrap(),
            }],
            shards: vec![ShardStatus { shard: 0, calls: 2 }],
        }
    }
}

pub(crate) struct Api {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Store,
    pub(crate) switch: Arc<FakeSwitch>,
    pub(crate) state: AppState,
    pub(crate) router: Router,
    pub(crate) key: String,
    pub(crate) secrets: SecretBox,
    /// Made when it is needed: it takes a while to hash.
    password: OnceCell<String>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// A problem document, checked against its status; gives its `type`.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json",
            "{}",
            self.body
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem["type"].as_str().unwrap().to_owned()
    }
}

/// A switch with an archive of call records.
pub(crate) async fn with_archive(place: &Place) -> Api {
    let folder = tempfile::tempdir().unwrap();
    Api::start_beside(folder, RateLimits::default(), Some(place.clone())).await
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn start_in(folder: tempfile::TempDir) -> Self {
        Self::start_with(folder, RateLimits::default()).await
    }

    pub(crate) async fn start_with(folder: tempfile::TempDir, rate_limits: RateLimits) -> Self {
        Self::start_beside(folder, rate_limits, None).await
    }

    async fn start_beside(
        folder: tempfile::TempDir,
        rate_limits: RateLimits,
        cdr_archive: Option<Place>,
    ) -> Self {
        let store = open(folder.path()).await;
        let keys = KeySource::File(folder.path().join("secrets.key"));
        let secrets = SecretBox::open(keys, &store).await.unwrap();
        let opened = Configuration::open(store.clone(), secrets.clone()).await;
        let (configuration, snapshot) = opened.unwrap();
        let switch = Arc::new(FakeSwitch {
            snapshot: Mutex::new(Arc::new(snapshot)),
            published: AtomicUsize::new(0),
            prepared: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            refusing: AtomicBool::new(false),
            panicking: AtomicBool::new(false),
            panicking_at_push: AtomicBool::new(false),
            sample: Mutex::default(),
            calls: Mutex::default(),
            media: Mutex::default(),
            bans: Mutex::default(),
            balances: Mutex::default(),
            trace: Mutex::default(),
            kept: AtomicBool::new(false),
            addresses: Mutex::default(),
        });
        let local_key = LocalKey::create(folder.path()).unwrap();
        let key = std::fs::read_to_string(folder.path().join("local-api.key")).unwrap();
        let state = AppState::new(ApiParts {
            cdr_archive,
            store: store.clone(),
            configuration,
            switch: Arc::<FakeSwitch>::clone(&switch),
            loader: Box::new(LoaderProgress::default),
            local_key,
            secrets: secrets.clone(),
            job_bell: JobBell::default(),
            webhooks: WebhookClient::new(WebhookSettings {
                allow_private_addresses: true,
            }),
            secure_cookies: false,
            behind_proxy: true,
            public_url: Some("https://switch.example.com".into()),
            allowed_origins: vec!["https://tools.example.com".into()],
            rate_limits,
        });
        let router = router(state.clone());
        Self {
            folder,
            store,
            switch,
            state,
            router,
            key,
            secrets,
            password: OnceCell::new(),
        }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The same for an answer that is no text.
    pub(crate) async fn send_bytes(&self, request: Request<Body>) -> (HeaderMap, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        (
            parts.headers,
            body.collect().await.unwrap().to_bytes().to_vec(),
        )
    }

    /// GET with the local key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.with_key("GET", path, Body::empty())).await
    }

    /// POST of JSON with the local key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.with_key("POST", path, body.to_string().into()))
            .await
    }

    pub(crate) fn with_key(&self, method: &str, path: &str, body: Body) -> Request<Body> {
        request(method, path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .unwrap()
    }

    /// PUT of JSON with the local key, over whatever version there is.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        let mut request = self.with_key("PUT", path, body.to_string().into());
        let any = axum::http::HeaderValue::from_static("*");
        request.headers_mut().insert(header::IF_MATCH, any);
        self.send(request).await
    }

    /// The first user's password.
    pub(crate) async fn password(&self) -> &str {
        let make = async || ensure_admin(&self.store).await.unwrap().unwrap();
        self.password.get_or_init(make).await
    }

    /// Signs in; gives the cookie and the CSRF token.
    pub(crate) async fn sign_in(&self) -> (String, String) {
        let answer = self.try_sign_in("admin", self.password().await).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let cookie = answer.headers[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        (
            cookie,
            answer.json()["csrf_token"].as_str().unwrap().to_owned(),
        )
    }

    /// A session of a user with that role, who is called as the role; gives the cookie and the CSRF
    /// token.
    pub(crate) async fn sign_in_as(&self, role: &str) -> (String, String) {
        let user = self.add_user(role, role).await;
        self.session_of(user, role).await
    }

    /// A user of the platform.
    pub(crate) async fn add_user(&self, username: &str, role: &str) -> UserId {
        let new = NewUser {
            tenant: TenantId::PLATFORM,
            username,
            email: None,
            full_name: "",
            role,
            status: UserStatus::Active,
            password_hash: None,
            email_verified: false,
        };
        let mut write = self.store.change_people(Timestamp(0)).await.unwrap();
        let id = write.add_user(&new).await.unwrap().unwrap();
        write.commit().await.unwrap();
        id
    }

    /// A session that has just begun; gives the cookie and the CSRF token. Each has a name.
    pub(crate) async fn session_of(&self, user: UserId, name: &str) -> (String, String) {
        let token = sha256(&format!("token of {name}"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = Timestamp(now.as_micros().try_into().unwrap());
        let new = NewSession {
            id: &token,
            token_hash: &sha256(&format!("session:{token}")),
            user,
            tenant: TenantId::PLATFORM,
            parent: None,
            acting_role: None,
            method: "password",
            remembered: false,
            idle_timeout_s: 3_600,
            expires_at: Timestamp(now.0 + 3_600_000_000),
            authenticated_at: now,
            address: None,
            user_agent: "",
        };
        let mut write = self.store.change_people(now).await.unwrap();
        write.add_session(&new, 5).await.unwrap();
        write.commit().await.unwrap();
        let csrf = sha256(&format!("csrf:{token}"));
        (format!("didtron_session={token}"), csrf)
    }

    /// Gives a user another role.
    pub(crate) async fn set_role(&self, username: &str, role: &str) {
        let text = format!("UPDATE app_user SET role = '{role}' WHERE username = '{username}'");
        store::testing::execute(&self.store, text.leak()).await;
    }

    /// Takes a user away.
    pub(crate) async fn remove_user(&self, username: &str) {
        let sessions =
            "DELETE FROM session WHERE user_id = (SELECT id FROM app_user WHERE username";
        store::testing::execute(&self.store, format!("{sessions} = '{username}')").leak()).await;
        let text = format!("DELETE FROM app_user WHERE username = '{username}'");
        store::testing::execute(&self.store, text.leak()).await;
    }

    pub(crate) async fn try_sign_in(&self, username: &str, password: &str) -> Answer {
        let body = serde_json::json!({"username": username, "password": password});
        let mut request = request("POST", "/api/v1/session")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let from: SocketAddr = "198.51.100.7:1".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(from));
        self.send(request).await
    }
}

/// How long a test waits for what must come, on whatever machine this is.
pub(crate) struct Patience {
    what: &'static str,
    begun: Instant,
}

impl Patience {
    pub(crate) fn until(what: &'static str) -> Self {
        let begun = Instant::now();
        Self { what, begun }
    }

    /// Waits a moment before the next look.
    pub(crate) async fn pause(&self) {
        let is_left = self.begun.elapsed() < Duration::from_secs(120);
        assert!(is_left, "gave up waiting until {}", self.what);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn request(method: &str, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path)
}

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) async fn open(folder: &Path) -> Store {
    Store::open(&folder.join("didtron.db")).await.unwrap()
}
