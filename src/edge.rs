//! The shell around the engines: threads, sockets, queues and clocks.
//!
//! [`Edge::start`] binds everything, then starts one thread for each shard. Each thread owns an
//! engine, its UDP sockets and its journal segment; what others have for it comes through a
//! bounded mailbox. No lock is shared between shards.

mod clock;
mod connections;
mod credit;
mod defence;
mod drift;
mod gathering;
mod gauges;
mod live;
mod mailbox;
mod media;
mod media_figures;
mod names;
mod ng;
mod ownership;
mod quality;
mod retired;
mod shard;
mod streams;
mod trace;

pub(crate) use clock::wall;
pub(crate) use credit::CreditBooks;

use crate::config::{Config, Listener, sip_transport};
use anyhow::{Context, anyhow};
use arc_swap::ArcSwap;
use call_control::Engine;
use call_control::config::{DigestPolicy, EngineConfig, EngineLimits};
use call_control::journal::{BootId, Journal, JournalConfig, SegmentWriter};
use call_control::setups::Setups;
use clock::Clock;
use connections::ConnectionSink;
use defence::{BanKeeper, Bans, Guard, Overload, Suspects};
use drift::{DriftKeeper, Drifted};
use gathering::Gathering;
use gauges::Gauges;
use mailbox::{Inbox, Mailbox, mailbox};
use media::{RefusedNetworks, ShardMedia};
use media_relay::io::{MediaRelay, RelayConfig, RelayFigures, RelayLink, Wake};
use media_relay::ports::{PORTS_PER_SESSION, PortRange, RelayAddress};
use mio::{Poll, Waker};
use names::{Dns, NameKeeper, Names, Reach};
use ng::NgServer;
use ownership::Ownership;
use quality::{QualityKeeper, QualityLink, SharedQuality};
use rating::Timestamp;
use rating::cdr::Transport;
use retired::Retired;
use routing_engine::Snapshot;
use rustix::process::{Resource, getrlimit};
use shard::{Orders, Shard, ShardSocket};
use sip_core::Duration as SipDuration;
use sip_core::ticket::TicketKey;
use sip_core::transaction::Timings;
use sip_core::transport::tcp::{TcpCounters, TcpHandle, TcpTransport};
use sip_core::transport::udp::{ReceiveBatch, SendBatch, UdpConfig, UdpSocket};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::task::JoinSet;
use trace::{HomerLink, Tracer};

/// Transactions that a shard holds for each call: a call makes four, and each is remembered for
/// up to 32 s after its end.
const TRANSACTIONS_PER_CALL: u32 = 10;
/// Unknown sources together: replies a second of one shard, challenges not counted.
const UNKNOWN_REPLIES_TOTAL_PER_SECOND: u32 = 200;
/// Unknown sources together: challenges a second of one shard. Those of customers are among them, until
/// they have shown their password.
const UNKNOWN_CHALLENGES_TOTAL_PER_SECOND: u32 = 2_000;
/// Media ports kept ready for each shard.
const MEDIA_STOCK_PER_SHARD: usize = 64;
/// How long a media port rests before another call gets it.
const MEDIA_QUIET_PERIOD: Duration = Duration::from_secs(5);
/// How long connections may take to write what waits when the switch stops.
const CONNECTIONS_GRACE: Duration = Duration::from_millis(500);

/// The running edge.
pub(crate) struct Edge {
    node: Arc<str>,
    started_at: Timestamp,
    clock: Clock,
    listeners: Vec<Listener>,
    mailboxes: Vec<Mailbox>,
    gauges: Vec<Arc<Gauges>>,
    snapshot: Arc<ArcSwap<Snapshot>>,
    journal: Journal,
    malformed_streams: Arc<ConnectionSink>,
    bans: Arc<Bans>,
    names: Arc<Names>,
    drifted: Drifted,
    credit: Arc<CreditBooks>,
    accounts_drifted: Drifted,
    tcp_counters: Arc<TcpCounters>,
    orders: Arc<Orders>,
    quality: SharedQuality,
    retired: Retired,
    ng: Option<NgServer>,
    relay_figures: RelayFigures,
    running: std::sync::Mutex<Option<Running>>,
}

/// What ends when the edge stops.
struct Running {
    threads: Vec<JoinHandle<()>>,
    tcp: TcpTransport,
    relay: MediaRelay,
    ban_keeper: tokio::task::JoinHandle<()>,
    /// Ends when it is dropped.
    name_keeper: JoinSet<()>,
}

/// What exists once for each shard before its thread starts.
struct ShardParts {
    poll: Poll,
    inbox: Inbox,
    sockets: Vec<Option<UdpSocket>>,
    link: RelayLink,
    writer: SegmentWriter,
    gauges: Arc<Gauges>,
}

impl Edge {
    /// Looks the names of gateways up, keeps the money of the snapshot's accounts as the ledger has it, binds listeners and media ports, then starts the shards, each with
    /// its writer of the journal. Nothing runs when it fails.
    pub(crate) async fn start(
        config: &Config,
        snapshot: Snapshot,
        (journal, writers): (Journal, Vec<SegmentWriter>),
        credit: Arc<CreditBooks>,
    ) -> anyhow::Result<Self> {
        let snapshot = Arc::new(ArcSwap::from_pointee(snapshot));
        let shards = config.shard_count();
        let clock = Clock::start();
        let key = TicketKey::new(random_bytes()?);
        let ownership = Ownership::new(key.clone(), shards, Arc::clone(&snapshot));
        let (polls, mailboxes, inboxes) = polls_and_mailboxes(shards)?;
        let names = Arc::new(Names::default());
        let mut name_keeper = JoinSet::new();
        name_keeper.spawn(keeper_of(config, &names, &snapshot, &mailboxes).run());
        let drifted = Drifted::default();
        let drift_keeper = DriftKeeper {
            snapshot: Arc::clone(&snapshot),
            mailboxes: mailboxes.clone(),
            drifted: Arc::clone(&drifted),
        };
        name_keeper.spawn(drift_keeper.run());
        let accounts_drifted = credit.drifted();
        name_keeper.spawn(Arc::clone(&credit).run(Arc::clone(&snapshot)));
        // Before anybody can call.
        names.prepare(&snapshot.load_full()).await;
        let (sockets, mut listeners) = bind_udp(config, shards)?;
        let bans = Arc::new(Bans::default());
        let ban_length = Duration::from_secs(config.defence.ban_s.into());
        let (ban_keeper, suspects) = BanKeeper::new(Arc::clone(&bans), ban_length);
        let (quality_keeper, quality_link) = QualityKeeper::new();
        let quality = quality_link.table();
        let sink = Arc::new(ConnectionSink {
            bans: Arc::clone(&bans),
            names: Arc::clone(&names),
            banned: AtomicU64::new(0),
            limits: config.message_limits(),
            ownership: ownership.clone(),
            mailboxes: mailboxes.clone(),
            listeners: streams::listeners(&config.sip.listeners),
            malformed: AtomicU64::new(0),
        });
        let tcp = streams::start(config, &mut listeners, Arc::clone(&sink))?;
        let (relay, mut links) = start_media(config, &mailboxes)?;
        // The link behind those of the shards is there if proxies may ask.
        let ng = links.drain(usize::from(shards)..).next();
        let ng = ng.map(|link| NgServer::start(config, link)).transpose()?;
        let gauges: Vec<Arc<Gauges>> = (0..shards).map(|_| Arc::default()).collect();
        let orders = Arc::new(Orders::default());
        let shared = Shared {
            config: config.clone(),
            listeners: listeners.clone(),
            key,
            setups: Arc::new(Setups::new(u64::from_le_bytes(random_bytes()?))),
            ownership,
            mailboxes: mailboxes.clone(),
            tcp: tcp.handle(),
            bans: Arc::clone(&bans),
            suspects,
            snapshot: Arc::clone(&snapshot),
            names: Arc::clone(&names),
            orders: Arc::clone(&orders),
            quality: quality_link,
            clock,
        };
        let mut threads = Vec::new();
        let parts = polls
            .into_iter()
            .zip(inboxes)
            .zip(sockets)
            .zip(links)
            .zip(writers);
        for (number, ((((poll, inbox), sockets), link), writer)) in (0..shards).zip(parts) {
            let gauges = Arc::clone(&gauges[usize::from(number)]);
            let parts = ShardParts {
                poll,
                inbox,
                sockets,
                link,
                writer,
                gauges,
            };
            threads.push(start_shard(number, &shared, parts)?);
        }
        // Ends after the shards, when the last of their links is gone.
        threads.push(quality_keeper.start()?);
        Ok(Self {
            node: config.node.name.as_str().into(),
            started_at: wall(),
            clock,
            listeners,
            mailboxes,
            gauges,
            snapshot,
            journal,
            malformed_streams: sink,
            bans,
            names,
            drifted,
            credit,
            accounts_drifted,
            tcp_counters: tcp.counters(),
            orders,
            quality,
            retired: Retired::start()?,
            ng,
            relay_figures: relay.figures(),
            running: std::sync::Mutex::new(Some(Running {
                threads,
                tcp,
                relay,
                ban_keeper: tokio::spawn(ban_keeper.run()),
                name_keeper,
            })),
        })
    }

    /// Refuses new calls from now on; calls that are left after `grace` are hung up.
    pub(crate) fn drain(&self, grace: Duration) {
        let micros = u64::try_from(grace.as_micros()).unwrap_or(u64::MAX);
        let hang_up_at = self.clock.instant() + SipDuration::from_micros(micros);
        // A second drain changes nothing.
        let _ = self.orders.drain.set(hang_up_at);
        self.ng.iter().for_each(NgServer::drain);
        self.mailboxes.iter().for_each(Mailbox::wake);
    }

    /// Where SIP is spoken, with the ports that were taken for port 0.
    pub(crate) fn listeners(&self) -> &[Listener] {
        &self.listeners
    }

    /// Calls that are up on all shards.
    pub(crate) fn calls_now(&self) -> u64 {
        self.gauges
            .iter()
            .map(|gauges| gauges.calls_now.load(Ordering::Relaxed))
            .sum()
    }

    /// Stops the threads and closes the sockets. Calls that are left are closed as interrupted at
    /// the next start.
    pub(crate) async fn stop(&self) {
        self.orders.stop.store(true, Ordering::Relaxed);
        self.mailboxes.iter().for_each(Mailbox::wake);
        let running = self
            .running
            .lock()
            .map_or(None, |mut running| running.take());
        let Some(running) = running else { return };
        for thread in running.threads {
            if thread.join().is_err() {
                tracing::error!("a shard ended with a panic");
            }
        }
        running.tcp.shutdown(CONNECTIONS_GRACE).await;
        self.ng.iter().for_each(NgServer::stop);
        running.relay.shutdown();
        running.ban_keeper.abort();
        drop(running.name_keeper);
    }
}

/// What every shard gets a copy of.
struct Shared {
    config: Config,
    listeners: Vec<Listener>,
    key: TicketKey,
    setups: Arc<Setups>,
    ownership: Ownership,
    mailboxes: Vec<Mailbox>,
    tcp: TcpHandle,
    bans: Arc<Bans>,
    suspects: Suspects,
    snapshot: Arc<ArcSwap<Snapshot>>,
    names: Arc<Names>,
    orders: Arc<Orders>,
    quality: QualityLink,
    clock: Clock,
}

/// Looks up the names of gateways, for the listeners that calls leave by.
fn keeper_of(
    config: &Config,
    names: &Arc<Names>,
    snapshot: &Arc<ArcSwap<Snapshot>>,
    mailboxes: &[Mailbox],
) -> NameKeeper {
    let settings = config.dns_settings();
    let listeners = config.sip.listeners.iter();
    let reach = listeners.map(|one| (one.transport, one.bind));
    let dns = Dns::new(&settings, Reach::new(reach));
    let (names, snapshot) = (Arc::clone(names), Arc::clone(snapshot));
    NameKeeper::new(&settings, dns, names, snapshot, mailboxes.to_vec())
}

fn start_shard(number: u16, shared: &Shared, parts: ShardParts) -> anyhow::Result<JoinHandle<()>> {
    let engine_config = engine_config(number, shared);
    let seed = u64::from_le_bytes(random_bytes()?);
    let inactive_after_s = shared.config.media.inactivity_timeout_s;
    let inactive_after = Duration::from_secs(inactive_after_s.into());
    let inactive_after = (inactive_after_s > 0).then_some(inactive_after);
    let refused_media = RefusedNetworks::of(&shared.config.media)?;
    let ownership = shared.ownership.clone();
    let mailboxes = shared.mailboxes.clone();
    let tcp = shared.tcp.clone();
    let gather = SipDuration::from_micros(shared.config.sip.gather_us.into());
    let snapshot = Arc::clone(&shared.snapshot);
    let names = Arc::clone(&shared.names);
    let orders = Arc::clone(&shared.orders);
    let clock = shared.clock;
    let quality = shared.quality.for_shard(clock.instant());
    let defence = &shared.config.defence;
    let guard = Guard::new(defence, &shared.bans, shared.suspects.clone());
    let lag_max = SipDuration::from_millis(defence.lag_max_ms.into());
    let retry_after_s = defence.retry_after_s;
    let message_limits = shared.config.message_limits();
    let homer = HomerLink::open(&shared.config.trace.homer)
        .context("no socket for the Homer collector; change `trace.homer.address`")?;
    let tracer = Tracer::new(&shared.config.trace, homer);
    let own_addresses = shared
        .listeners
        .iter()
        .map(|listener| listener.advertised)
        .collect();
    let local_addresses = shared
        .listeners
        .iter()
        .map(|listener| listener.bind.ip())
        .collect();
    let sockets: Vec<Option<ShardSocket>> = parts
        .sockets
        .into_iter()
        .map(|socket| {
            socket.map(|socket| ShardSocket {
                socket,
                sending: SendBatch::new(),
                readable: true,
                blocked: false,
            })
        })
        .collect();
    shard::register(&parts.poll, &sockets).context("the sockets cannot be polled")?;
    std::thread::Builder::new()
        .name(format!("shard-{number}"))
        .spawn(move || {
            let media = ShardMedia::new(parts.link, inactive_after, refused_media);
            let current = snapshot.load_full();
            let snapshot_number = current.number();
            let engine = Engine::new(engine_config, seed, clock.now(), current, media.ports());
            Shard {
                engine,
                poll: parts.poll,
                sockets,
                inbox: parts.inbox,
                mailboxes,
                number,
                ownership,
                guard,
                tracer,
                own_addresses,
                message_limits,
                overload: Overload::new(lag_max, clock.instant()),
                retry_after_s,
                is_shedding: false,
                journal: parts.writer,
                journal_available: true,
                media,
                tcp,
                local_addresses,
                snapshot,
                snapshot_number,
                names,
                addresses_number: 0,
                gauges: parts.gauges,
                orders,
                quality,
                is_draining: false,
                clock,
                restless: false,
                received: Some(Box::new(ReceiveBatch::new(ReceiveBatch::DATAGRAM_MAX))),
                gathering: Gathering::new(gather, clock.instant()),
                handled: 0,
            }
            .run();
        })
        .context("a shard's thread cannot be started")
}

fn engine_config(number: u16, shared: &Shared) -> EngineConfig {
    let config = &shared.config;
    let calls = &config.calls;
    EngineConfig {
        node: config.node.name.as_str().into(),
        shard: number,
        ticket_key: shared.key.clone(),
        listeners: shared.listeners.iter().map(engine_listener).collect(),
        user_agent: config.sip.user_agent.as_str().into(),
        digest: digest_policy(config),
        setups: Arc::clone(&shared.setups),
        watches_carriers: number == 0,
        limits: EngineLimits {
            max_calls: calls.max_per_shard,
            max_transactions: calls.max_per_shard.saturating_mul(TRANSACTIONS_PER_CALL),
            max_attempts: calls.max_attempts,
            max_addresses: config.dns.addresses_per_name_max,
            unknown_source_replies_per_s: calls.unknown_source_replies_per_second,
            unknown_replies_total_per_s: UNKNOWN_REPLIES_TOTAL_PER_SECOND,
            unknown_challenges_total_per_s: UNKNOWN_CHALLENGES_TOTAL_PER_SECOND,
            unknown_source_records_per_s: calls.unknown_source_cdrs_per_second,
            max_same_setups: calls.same_numbers_in_setup_max,
            max_held_calls: calls.held_per_shard_max,
            message: config.message_limits(),
            ..EngineLimits::default()
        },
        timings: Timings {
            t1: SipDuration::from_millis(config.sip.t1_ms.into()),
            t2: SipDuration::from_millis(config.sip.t2_ms.into()),
            t4: SipDuration::from_millis(config.sip.t4_ms.into()),
        },
        max_call_duration: Some(SipDuration::from_secs(calls.max_duration_s.into())),
    }
}

fn digest_policy(config: &Config) -> DigestPolicy {
    let realm = match config.sip.digest.realm.as_str() {
        "" => config.node.name.as_str(),
        realm => realm,
    };
    let algorithms = config.sip.digest.algorithms.iter();
    DigestPolicy {
        realm: realm.into(),
        algorithms: algorithms.map(|name| (*name).into()).collect(),
        nonce_lifetime: SipDuration::from_secs(config.sip.digest.nonce_lifetime_s.into()),
    }
}

fn engine_listener(listener: &Listener) -> call_control::config::Listener {
    let advertised = listener.advertised;
    let host = match advertised {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    call_control::config::Listener {
        transport: sip_transport(listener.transport),
        bind: listener.bind,
        advertised_host: host.into(),
        advertised_port: advertised.port(),
    }
}

type Polls = (Vec<Poll>, Vec<Mailbox>, Vec<Inbox>);

fn polls_and_mailboxes(shards: u16) -> anyhow::Result<Polls> {
    let (mut polls, mut mailboxes, mut inboxes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..shards {
        let poll = Poll::new().context("a poll cannot be made")?;
        let waker = Waker::new(poll.registry(), shard::WAKER).context("a waker cannot be made")?;
        let (mailbox, inbox) = mailbox(waker);
        polls.push(poll);
        mailboxes.push(mailbox);
        inboxes.push(inbox);
    }
    Ok((polls, mailboxes, inboxes))
}

type UdpSockets = Vec<Vec<Option<UdpSocket>>>;

/// Binds the UDP listeners: a socket for each shard and listener. Returns the listeners with the
/// ports that were taken for port 0.
fn bind_udp(config: &Config, shards: u16) -> anyhow::Result<(UdpSockets, Vec<Listener>)> {
    let buffer = usize::try_from(config.sip.socket_buffer_kib)? * 1_024;
    let options = UdpConfig {
        receive_buffer: buffer,
        send_buffer: buffer,
    };
    let mut sockets: UdpSockets = (0..shards).map(|_| Vec::new()).collect();
    let mut listeners = config.sip.listeners.clone();
    for listener in &mut listeners {
        if listener.transport != Transport::Udp {
            sockets.iter_mut().for_each(|sockets| sockets.push(None));
            continue;
        }
        let group = UdpSocket::bind_group(listener.bind, usize::from(shards), &options)
            .context("SIP cannot be spoken; change `sip.listeners` (DIDTRON_SIP_LISTENERS)")?;
        for (sockets, socket) in sockets.iter_mut().zip(group) {
            note_port(listener, socket.local_address());
            sockets.push(Some(socket));
        }
    }
    Ok((sockets, listeners))
}

fn note_port(listener: &mut Listener, bound: SocketAddr) {
    if listener.advertised == listener.bind {
        listener.advertised = bound;
    }
    listener.bind = bound;
}

fn start_media(
    config: &Config,
    mailboxes: &[Mailbox],
) -> anyhow::Result<(MediaRelay, Vec<RelayLink>)> {
    let media = &config.media;
    let ports = PortRange::new(media.port_min, media.port_max)
        .map_err(|error| anyhow!("`media.port_min` to `media.port_max`: {error}"))?;
    let connections = config.sip.tcp_connections_max + config.http.connections_max;
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let sockets_max = media::sockets_max(files, connections.into());
    let (calls, room) = (
        ports.sessions(),
        sockets_max / usize::from(PORTS_PER_SESSION),
    );
    if room < calls {
        tracing::warn!(
            files,
            room,
            calls,
            "the limit of open files leaves room for fewer relayed calls than the media ports have; raise it (ulimit -n, LimitNOFILE)"
        );
    }
    let relay = RelayConfig {
        address: RelayAddress {
            bind: media.address,
            advertised: config.media_advertised(),
        },
        ports,
        sockets_max,
        threads: usize::from(media.threads),
        stock_per_shard: MEDIA_STOCK_PER_SHARD,
        quiet_period: MEDIA_QUIET_PERIOD,
    };
    let mut wakes: Vec<Wake> = mailboxes
        .iter()
        .cloned()
        .map(|mailbox| Arc::new(move || mailbox.wake()) as Wake)
        .collect();
    if !media.ng.listen.is_empty() {
        // It looks by itself.
        wakes.push(Arc::new(|| {}));
    }
    MediaRelay::start(&relay, &wakes).context(
        "media cannot be relayed; change `media.address`, `media.port_min` or `media.port_max`",
    )
}

/// Opens the journal for this life of the process and locks its folder.
pub(crate) fn open_journal(
    config: &Config,
    boot: BootId,
) -> anyhow::Result<(Journal, Vec<SegmentWriter>)> {
    let journal = JournalConfig {
        segment_bytes: u64::from(config.journal.segment_mib) << 20,
        sync_interval: Duration::from_millis(config.journal.sync_interval_ms.into()),
        min_free_bytes: u64::from(config.journal.free_space_min_mib) << 20,
        max_pending_records: usize::try_from(config.calls.max_per_shard)?,
        ..JournalConfig::new(
            config.journal_dir(),
            config.node.name.as_str().into(),
            boot,
            config.shard_count(),
        )
    };
    Journal::open(journal).context("the journal cannot be opened")
}

/// Bytes from the system's generator.
pub(crate) fn random_bytes<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("the system gives no randomness: {error}"))?;
    Ok(bytes)
}
