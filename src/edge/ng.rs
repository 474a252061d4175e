//! The thread that SIP proxies ask for media by rtpengine's ng protocol.

use anyhow::Context;
use media_control::{Counters, Desk, Limits, Plan, Relay};
use media_relay::io::{MediaEvent, RelayLink, SessionMedia};
use media_relay::{MediaStatistics, ReadyPair, SessionId, Watch};
use mgmt_api::survive;
use mgmt_api::switch_port::NgFigures;
use resources::Network;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::media::RefusedNetworks;
use super::wall;
use crate::config::Config;

/// How long the thread waits for a request before it looks after calls that fell silent.
const TICK: Duration = Duration::from_millis(100);
/// How often it looks for calls that have lasted too long.
const EXPIRY_STEP: Duration = Duration::from_secs(1);
/// The longest datagram there is.
const DATAGRAM_MAX: usize = 65_535;

/// The running thread. Dropping it stops the thread; calls of proxies are cut.
pub(super) struct NgServer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread shows, and what stops it.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    drain: AtomicBool,
    calls: AtomicU64,
    offers: AtomicU64,
    answers: AtomicU64,
    deletions: AtomicU64,
    errors: AtomicU64,
    repeated: AtomicU64,
    malformed: AtomicU64,
    silent: AtomicU64,
    expired: AtomicU64,
    foreign: AtomicU64,
}

/// The relay as the desk has it.
struct Link {
    link: RelayLink,
    /// While both sides could speak; `None`: as `silent_after`.
    inactive_after: Option<Duration>,
    /// While a call rings or is held.
    silent_after: Duration,
    refused: RefusedNetworks,
}

impl NgServer {
    /// Binds and begins, if the configuration wants it. `link` is one of the relay's own for it.
    pub(super) fn start(config: &Config, link: RelayLink) -> anyhow::Result<Self> {
        let ng = &config.media.ng;
        let socket = UdpSocket::bind(&ng.listen).with_context(|| {
            format!(
                "proxies cannot be heard at {}; change `media.ng.listen`",
                ng.listen
            )
        })?;
        socket.set_read_timeout(Some(TICK))?;
        let allowed: Result<Vec<Network>, _> = ng.allowed.iter().map(|text| text.parse()).collect();
        let inactive_after_s = config.media.inactivity_timeout_s;
        let inactive_after = Duration::from_secs(inactive_after_s.into());
        let limits = Limits {
            calls: ng.calls_max.into(),
            duration: Duration::from_secs(ng.max_duration_s.into()),
        };
        let shared = Arc::<Shared>::default();
        let mut server = Server {
            socket,
            allowed: allowed.context("`media.ng.allowed`")?,
            desk: Desk::new(limits, u64::try_from(wall().0 / 1_000_000).unwrap_or(0)),
            link: Link {
                link,
                inactive_after: (inactive_after_s != 0).then_some(inactive_after),
                silent_after: Duration::from_secs(ng.silent_timeout_s.into()),
                refused: RefusedNetworks::of(&config.media)?,
            },
            shared: Arc::clone(&shared),
        };
        let thread = std::thread::Builder::new()
            .name("ng".to_owned())
            .spawn(move || server.run())
            .context("the thread of media.ng cannot be started")?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Answers nobody from now on.
    pub(super) fn stop(&self) {
        self.shared.stop.store(true, Ordering::Release);
    }

    /// Takes no new calls from now on.
    pub(super) fn drain(&self) {
        self.shared.drain.store(true, Ordering::Release);
    }

    pub(super) fn figures(&self) -> NgFigures {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shared = &self.shared;
        NgFigures {
            calls: get(&shared.calls),
            offers: get(&shared.offers),
            answers: get(&shared.answers),
            deletions: get(&shared.deletions),
            errors: get(&shared.errors),
            repeated: get(&shared.repeated),
            malformed: get(&shared.malformed),
            foreign: get(&shared.foreign),
            silent: get(&shared.silent),
            expired: get(&shared.expired),
        }
    }
}

impl Drop for NgServer {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of media.ng had panicked");
        }
    }
}

struct Server {
    socket: UdpSocket,
    allowed: Vec<Network>,
    desk: Desk,
    link: Link,
    shared: Arc<Shared>,
}

impl Server {
    fn run(&mut self) {
        let origin = Instant::now();
        let mut buffer = vec![0; DATAGRAM_MAX];
        let mut next_expiry = EXPIRY_STEP;
        while !self.shared.stop.load(Ordering::Acquire) {
            if self.shared.drain.load(Ordering::Acquire) {
                self.desk.drain();
            }
            let now = match self.receive(&mut buffer) {
                Some((length, client)) => {
                    let now = origin.elapsed();
                    // Others' requests end no call of the switch, whatever is in them.
                    if survive(|| self.serve(client, &buffer[..length], now)).is_none() {
                        self.desk.settle(&mut self.link);
                    }
                    now
                }
                None => origin.elapsed(),
            };
            while let Some(event) = self.link.link.poll_event() {
                if let MediaEvent::Silent { session, .. } = event {
                    self.desk.fell_silent(session, &mut self.link);
                }
            }
            if now >= next_expiry {
                next_expiry = now + EXPIRY_STEP;
                self.desk.expire(now, &mut self.link);
            }
            self.show();
        }
    }

    /// A datagram, if one comes within [`TICK`].
    fn receive(&self, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let error = match self.socket.recv_from(buffer) {
            Ok(received) => return Some(received),
            Err(error) => error,
        };
        // The end of the wait; or of an earlier reply that nobody took, told once.
        let is_usual = matches!(
            error.kind(),
            ErrorKind::WouldBlock
                | ErrorKind::TimedOut
                | ErrorKind::Interrupted
                | ErrorKind::ConnectionRefused
        );
        if !is_usual {
            tracing::debug!(%error, "proxies cannot be heard for a moment");
            std::thread::sleep(TICK);
        }
        None
    }

    fn serve(&mut self, client: SocketAddr, datagram: &[u8], now: Duration) {
        // A socket for both families shows addresses of IPv4 as those of IPv6.
        let address = client.ip().to_canonical();
        if !self.allowed.iter().any(|it| it.contains(address)) {
            self.shared.foreign.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(reply) = self.desk.take(client, datagram, now, &mut self.link)
            && let Err(error) = self.socket.send_to(&reply, client)
        {
            tracing::debug!(%error, %client, "a proxy's request cannot be answered");
        }
    }

    fn show(&self) {
        let counters: Counters = self.desk.counters();
        let shared = &self.shared;
        for (shown, value) in [
            (&shared.calls, self.desk.calls() as u64),
            (&shared.offers, counters.offers),
            (&shared.answers, counters.answers),
            (&shared.deletions, counters.deletions),
            (&shared.errors, counters.errors),
            (&shared.repeated, counters.repeated),
            (&shared.malformed, counters.malformed),
            (&shared.silent, counters.silent),
            (&shared.expired, counters.expired),
        ] {
            shown.store(value, Ordering::Relaxed);
        }
    }
}

impl Link {
    fn media(&self, plan: Plan) -> SessionMedia {
        let [ingress, egress] = plan.remotes;
        let talking = self.inactive_after.filter(|_| plan.talks);
        SessionMedia {
            ingress,
            egress,
            watch: Some(Watch {
                inactive_after: Some(talking.unwrap_or(self.silent_after)),
                ..Watch::default()
            }),
            keys: None,
        }
    }
}

impl Relay for Link {
    fn take(&mut self) -> Option<ReadyPair> {
        self.link.take()
    }

    fn may_send_to(&self, address: IpAddr) -> bool {
        !self.refused.contains(address)
    }

    fn start(&mut self, session: SessionId, plan: Plan) {
        self.link.start(session, self.media(plan));
    }

    fn update(&mut self, session: SessionId, plan: Plan) {
        self.link.update(session, self.media(plan));
    }

    fn stop(&mut self, session: SessionId) {
        self.link.stop(session);
    }

    fn statistics(&self, session: SessionId) -> Option<MediaStatistics> {
        self.link.statistics(session)
    }
}
