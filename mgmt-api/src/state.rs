//! What every handler can reach.

use crate::access::api_keys::ApiKeyUses;
use crate::access::idempotency;
use crate::access::rate_limit::{RateLimiter, RateLimits};
use crate::auth::passkey::RelyingParty;
use crate::auth::{Background, LocalKey, Passwords, Throttle};
use crate::cdr_archive::CallRecords;
use crate::clock;
use crate::events::EventFeed;
use crate::jobs::JobBell;
use crate::live::LiveFeed;
use crate::metrics::HttpMetrics;
use crate::notifications::WebhookClient;
use crate::resource_engine::Configuration;
use crate::secrets::SecretBox;
use crate::switch_port::SwitchPort;
use cdr_archive::Place;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;
use store::{LoaderProgress, Store};

/// How often what requests leave in memory is written. A crash loses as much.
const TIDY_INTERVAL: Duration = Duration::from_secs(30);

/// What the API is made of. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// What the API needs from the rest of the process.
pub struct ApiParts {
    /// The database.
    pub store: Store,
    /// Where whole days of call records are, when they are anywhere but in the database.
    pub cdr_archive: Option<Place>,
    /// What is configured; it was opened with the snapshot that the switch began with.
    pub configuration: Configuration,
    /// The running switch.
    pub switch: Arc<dyn SwitchPort>,
    /// Asks how far the journal is loaded, such as [`store::LoaderHandle::watcher`] gives.
    pub loader: Box<dyn Fn() -> LoaderProgress + Send + Sync>,
    /// The key of the command line.
    pub local_key: LocalKey,
    /// What seals and opens secrets.
    pub secrets: SecretBox,
    /// Tells this node's job runner that there is work.
    pub job_bell: JobBell,
    /// What sends notifications by request.
    pub webhooks: WebhookClient,
    /// Whether browsers reach the API by TLS only, through whatever ends it: the session cookie
    /// is then never sent in the clear.
    pub secure_cookies: bool,
    /// Whether a proxy on this machine may say in `X-Forwarded-For` where a request came from.
    pub behind_proxy: bool,
    /// Where browsers reach the console, such as `https://switch.example.com`, without a path: what
    /// links in mail begin with. `None`: no mail with links is sent.
    pub public_url: Option<String>,
    /// Web origins whose pages may call the API with a key, as browsers write them.
    pub allowed_origins: Vec<String>,
    /// How often users, keys and strangers may ask.
    pub rate_limits: RateLimits,
}

/// The fields that handlers use.
pub struct Parts {
    pub(crate) store: Store,
    pub(crate) call_records: CallRecords,
    pub(crate) configuration: Configuration,
    pub(crate) switch: Arc<dyn SwitchPort>,
    pub(crate) loader: Box<dyn Fn() -> LoaderProgress + Send + Sync>,
    pub(crate) local_key: LocalKey,
    #[allow(
        dead_code,
        reason = "read by what keeps secrets of resources and people"
    )]
    pub(crate) secrets: SecretBox,
    pub(crate) secure_cookies: bool,
    pub(crate) behind_proxy: bool,
    pub(crate) allowed_origins: Vec<String>,
    pub(crate) background: Background,
    pub(crate) public_url: Option<String>,
    pub(crate) relying_party: Option<RelyingParty>,
    pub(crate) passwords: Passwords,
    pub(crate) throttle: Throttle,
    pub(crate) api_key_uses: ApiKeyUses,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) live: LiveFeed,
    pub(crate) events: EventFeed,
    pub(crate) http_metrics: HttpMetrics,
    pub(crate) job_bell: JobBell,
    pub(crate) webhooks: WebhookClient,
    /// Held by who reads, compares or applies a deck: each may take hundreds of megabytes, and two
    /// imports of one card must not be applied at the same time.
    pub(crate) deck_work: Arc<tokio::sync::Mutex<()>>,
}

impl AppState {
    /// Puts the parts together.
    pub fn new(parts: ApiParts) -> Self {
        // An address without a domain, such as 192.0.2.7, has no passkeys.
        let relying_party = parts.public_url.as_deref();
        let relying_party = relying_party.and_then(|url| RelyingParty::of_public_url(url).ok());
        Self(Arc::new(Parts {
            call_records: CallRecords::new(parts.store.clone(), parts.cdr_archive),
            store: parts.store,
            configuration: parts.configuration,
            switch: parts.switch,
            loader: parts.loader,
            local_key: parts.local_key,
            secrets: parts.secrets,
            secure_cookies: parts.secure_cookies,
            behind_proxy: parts.behind_proxy,
            allowed_origins: parts.allowed_origins,
            background: Background::new(),
            relying_party,
            public_url: parts.public_url,
            passwords: Passwords::new(),
            throttle: Throttle::default(),
            api_key_uses: ApiKeyUses::default(),
            rate_limiter: RateLimiter::new(parts.rate_limits),
            live: LiveFeed::new(),
            events: EventFeed::default(),
            http_metrics: HttpMetrics::default(),
            job_bell: parts.job_bell,
            webhooks: parts.webhooks,
            deck_work: Arc::default(),
        }))
    }

    /// Tells of each change of the configuration from now on.
    pub fn configuration_events(
        &self,
    ) -> tokio::sync::broadcast::Receiver<Arc<crate::ConfigurationChanged>> {
        self.configuration.subscribe()
    }

    /// Wakes the streams of events when there is something new; never ends.
    pub async fn follow_events_for_ever(&self) {
        let changes = self.configuration.subscribe();
        self.events.run(&self.store, changes).await;
    }

    /// Writes from time to time what requests leave in memory, and forgets what is old; never ends.
    pub async fn tidy_for_ever(&self) {
        loop {
            tokio::time::sleep(TIDY_INTERVAL).await;
            self.tidy().await;
        }
    }

    /// Writes what requests have left in memory, and forgets what is old.
    pub(crate) async fn tidy(&self) {
        if let Err(error) = self.api_key_uses.write(&self.store).await {
            tracing::warn!(%error, "the last uses of API keys cannot be written");
        }
        let since = idempotency::forgotten_before(clock::now());
        if let Err(error) = self.store.forget_requests(since).await {
            tracing::warn!(%error, "old requests with an Idempotency-Key cannot be forgotten");
        }
    }

    /// Samples the switch once a second for the live page; never ends.
    pub async fn sample_for_ever(&self) {
        self.live.run(Arc::clone(&self.switch)).await;
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
