//! A whole node: journal, store, edge and API. What `serve` and `demo` both start.
//!
//! The order of the start matters: the journal's folder is locked before what earlier processes
//! left in it is loaded; the calls that were up then are closed before new ones come; and the
//! switch begins with the configuration that the database has.

use crate::config::{Config, Listener};
use crate::edge::{self, CreditBooks, Edge};
use anyhow::Context;
use call_control::journal::BootId;
use mgmt_api::jobs::maintenance::{self, Prune};
use mgmt_api::jobs::{
    JobBell, JobHandler, JobRunner, MailReports, PruneAudit, PruneCdrs, PruneEvents, VerifyLedger,
    VerifyReports,
};
use mgmt_api::mail::{MailSender, SendMail};
use mgmt_api::notifications::{DeliverWebhook, Dispatcher, WebhookClient};
use mgmt_api::secrets::SecretBox;
use mgmt_api::switch_port::SwitchPort;
use mgmt_api::{
    ApiParts, AppState, ApplyRerating, ArchiveCdrs, Configuration, ExportCdrs, FollowDecks,
    HttpLimits, LocalKey, PreviewRerating, PushScheduled, ReadDeck, RefreshExchangeRates,
    RunNettings, SendToClickHouse, Server, TlsFiles, abort_on_other_panics, clickhouse_schedule,
    ensure_admin,
};
use rating::cdr::Transport;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Loader, LoaderConfig, LoaderHandle, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often a drain looks whether calls are left.
const DRAIN_STEP: Duration = Duration::from_millis(50);
/// After the grace all calls are hung up; how long their last messages may take.
const HANG_UP_TIME: Duration = Duration::from_secs(2);

/// A running node.
pub(crate) struct Node {
    /// Where the API and the console are.
    pub(crate) http: SocketAddr,
    /// Where they are by TLS.
    pub(crate) https: Option<SocketAddr>,
    /// The administrator's generated password, in the life of the data directory once.
    pub(crate) admin_password: Option<String>,
    /// The key of whoever may read the data directory.
    pub(crate) local_key: String,
    edge: Arc<Edge>,
    store: Store,
    ending: Mutex<Option<Ending>>,
}

/// What is taken apart at the end.
struct Ending {
    loader: LoaderHandle,
    stop_api: oneshot::Sender<()>,
    api: JoinHandle<std::io::Result<()>>,
    stop_jobs: oneshot::Sender<()>,
    jobs: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
}

/// The runtime for everything that is not a shard or a media thread.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("async")
        .build()
        .context("the asynchronous runtime cannot be started")
}

/// Waits for SIGTERM or SIGINT.
pub(crate) async fn stop_asked() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be heard")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be heard")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

impl Node {
    /// Starts everything. When it fails, nothing is left running.
    pub(crate) async fn start(config: &Config) -> anyhow::Result<Self> {
        abort_on_other_panics();
        allow_many_files();
        create_data_directory(&config.data_dir)?;
        let boot = BootId(u128::from_le_bytes(edge::random_bytes()?));
        let journal = edge::open_journal(config, boot)?;
        let store = Store::open(config.database()?).await?;
        let sends_calls = config.clickhouse.settings().is_some();
        store.want_cdr_batches(sends_calls).await?;
        let mut loader = Loader::new(
            store.clone(),
            LoaderConfig {
                interval: Duration::from_millis(config.cdr.load_interval_ms.into()),
                ..LoaderConfig::new(config.journal_dir(), boot)
            },
        );
        let recovered = loader
            .recover()
            .await
            .context("the journal cannot be loaded")?;
        if recovered.loaded > 0 {
            let (loaded, interrupted) = (recovered.loaded, recovered.interrupted);
            tracing::info!(loaded, interrupted, "loaded what an earlier process left");
        }
        let secrets = SecretBox::open(config.secret_keys(), &store).await?;
        let opened = Configuration::open(store.clone(), secrets.clone()).await;
        let (configuration, snapshot) = opened?;
        let server = bind_api(config).await?;
        let (http, https) = (server.address(), server.tls_address());
        let credit = CreditBooks::open(store.clone(), &snapshot, edge::wall()).await;
        let credit = credit.context("the ledger cannot be read")?;
        let edge = Arc::new(Edge::start(config, snapshot, journal, credit).await?);
        let loader = loader.spawn();
        let local_key = LocalKey::create(&config.data_dir)?;
        let job_bell = JobBell::default();
        let webhooks = WebhookClient::new(config.webhook_settings());
        let cdr_archive = config.cdr_archive()?;
        let state = AppState::new(ApiParts {
            cdr_archive,
            store: store.clone(),
            configuration,
            switch: Arc::clone(&edge) as Arc<dyn SwitchPort>,
            loader: Box::new(loader.watcher()),
            local_key,
            secrets: secrets.clone(),
            job_bell: job_bell.clone(),
            webhooks: webhooks.clone(),
            secure_cookies: https.is_some() || config.http.behind_tls_proxy,
            behind_proxy: config.http.behind_tls_proxy,
            public_url: config.public_url(),
            allowed_origins: config.http.allowed_origins.clone(),
            rate_limits: config.rate_limits(),
        });
        let admin_password = ensure_admin(&store).await?;
        let dispatcher = Dispatcher::new(store.clone(), secrets.clone(), job_bell.clone());
        let runner = job_runner(config, &store, secrets, job_bell, webhooks, state.clone())?;
        // What it has begun is a transaction, so it can be cut off anywhere.
        let dispatcher = tokio::spawn(dispatcher.run(std::future::pending()));
        let (stop_jobs, jobs_stopped) = oneshot::channel::<()>();
        let jobs = tokio::spawn(runner.run(async {
            let _ = jobs_stopped.await;
        }));
        let (stop_api, stopped) = oneshot::channel::<()>();
        let api = tokio::spawn(server.run(state, async {
            // A sender that is gone says stop as well.
            let _ = stopped.await;
        }));
        let local_key = std::fs::read_to_string(config.data_dir.join("local-api.key"))
            .context("the local API key cannot be read back")?;
        let ending = Mutex::new(Some(Ending {
            loader,
            stop_api,
            api,
            stop_jobs,
            jobs,
            dispatcher,
        }));
        tracing::info!(node = config.node.name, %http, "the switch is up");
        Ok(Self {
            http,
            https,
            admin_password,
            local_key,
            edge,
            store,
            ending,
        })
    }

    /// Where SIP is spoken.
    pub(crate) fn listeners(&self) -> &[Listener] {
        self.edge.listeners()
    }

    /// The first UDP listener, as peers see it.
    pub(crate) fn udp_address(&self) -> Option<SocketAddr> {
        let mut listeners = self.listeners().iter();
        listeners
            .find(|listener| listener.transport == Transport::Udp)
            .map(|l| l.advertised)
    }

    /// Refuses new calls, waits for those that are up, then stops; a second signal cuts the wait.
    pub(crate) async fn drain_and_stop(&self, config: &Config) {
        let grace = Duration::from_secs(config.drain.grace_s.into());
        self.edge.drain(grace);
        tokio::select! {
            () = self.no_calls_left(grace + HANG_UP_TIME) => {}
            _ = stop_asked() => tracing::warn!("stopping at once"),
        }
        self.edge.stop().await;
        let ending = self
            .ending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ending) = ending {
            // The shards have closed their journals: this loads the rest.
            ending.loader.stop().await;
            let _ = ending.stop_api.send(());
            ending.dispatcher.abort();
            let _ = ending.stop_jobs.send(());
            if let Err(error) = ending.jobs.await {
                tracing::error!(%error, "the job runner ended with an error");
            }
            if let Ok(Err(error)) = ending.api.await {
                tracing::error!(%error, "the API ended with an error");
            }
        }
        self.store.close().await;
        tracing::info!("the switch has stopped");
    }

    async fn no_calls_left(&self, at_most: Duration) {
        let waiting = async {
            while self.edge.calls_now() > 0 {
                tokio::time::sleep(DRAIN_STEP).await;
            }
        };
        if tokio::time::timeout(at_most, waiting).await.is_err() {
            let left = self.edge.calls_now();
            tracing::warn!(
                left,
                "calls are left; the next start closes them as interrupted"
            );
        }
    }
}

async fn bind_api(config: &Config) -> anyhow::Result<Server> {
    let http = &config.http;
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    let limits = HttpLimits {
        connections_max: http.connections_max as usize,
        connections_per_address_max: http.connections_per_address_max as usize,
        header_timeout: seconds(http.header_timeout_s),
        idle_timeout: seconds(http.idle_timeout_s),
        body_timeout: seconds(http.body_timeout_s),
        write_timeout: seconds(http.write_timeout_s),
    };
    let server = Server::bind(http.address, "http.address", limits).await?;
    let Some(address) = config.http_tls_address() else {
        return Ok(server);
    };
    if let Some(settings) = config.acme_settings() {
        let server = server
            .with_acme(address, "http.tls.address", settings)
            .await;
        return server.context("ACME cannot be set up; see `http.acme` in the configuration");
    }
    let files = TlsFiles {
        certificate: http.tls.certificate_file.clone(),
        key: http.tls.key_file.clone(),
    };
    let server = server.with_tls(address, "http.tls.address", files).await;
    server.context("TLS cannot be offered; see `http.tls` in the configuration")
}

/// What runs background jobs on this node.
fn job_runner(
    config: &Config,
    store: &Store,
    secrets: SecretBox,
    bell: JobBell,
    webhooks: WebhookClient,
    state: AppState,
) -> anyhow::Result<JobRunner> {
    let sender = MailSender::new(config.mail_settings())?;
    let archive = config.cdr_archive()?;
    let clickhouse = config.clickhouse.settings();
    let sends_calls = clickhouse.is_some();
    let handlers: Vec<Arc<dyn JobHandler>> = vec![
        Arc::new(SendMail::new(store.clone(), secrets.clone(), sender)),
        Arc::new(DeliverWebhook::new(
            store.clone(),
            secrets.clone(),
            webhooks,
        )),
        Arc::new(Prune::new(store.clone(), config.retention())),
        Arc::new(PruneEvents::new(store.clone(), config.event_retention())),
        Arc::new(PruneAudit::new(store.clone(), config.audit_retention())),
        Arc::new(PruneCdrs::new(
            store.clone(),
            config.cdr_retention(),
            archive.clone(),
        )),
        Arc::new(ArchiveCdrs::new(store.clone(), archive.clone())),
        Arc::new(VerifyLedger::new(store.clone())),
        Arc::new(VerifyReports::new(store.clone())),
        Arc::new(MailReports::new(store.clone(), secrets)),
        Arc::new(PushScheduled::new(state.clone())),
        Arc::new(ReadDeck::new(state.clone())),
        Arc::new(ExportCdrs::new(store.clone(), archive)),
        Arc::new(PreviewRerating::new(state.clone())),
        Arc::new(ApplyRerating::new(state.clone())),
        Arc::new(FollowDecks::new(state.clone())),
        Arc::new(RefreshExchangeRates::new(state.clone())),
        Arc::new(RunNettings::new(state)),
        Arc::new(SendToClickHouse::new(store.clone(), clickhouse)),
    ];
    let mut schedules = maintenance::schedules()?;
    if sends_calls {
        schedules.push(clickhouse_schedule()?);
    }
    JobRunner::new(
        store.clone(),
        bell,
        config.job_settings(),
        handlers,
        schedules,
    )
    .context("the operating system gives no random bytes")
}

fn create_data_directory(path: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(path).with_context(|| {
        format!(
            "the data directory {} cannot be created; change `data_dir` (DIDTRON_DATA_DIR)",
            path.display()
        )
    })
}

/// Each relayed call takes four descriptors, and up to two more: as many as the system allows are wanted.
fn allow_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}
