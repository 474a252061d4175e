//! The thread that SIP proxies ask for media by rtpengine's ng protocol.

use anyhow::Context;
use media_control::{Counters, Desk, Limits, Relay};
use media_relay::io::{MediaEvent, RelayLink, SessionMedia};
use media_relay::{MediaStatistics, ReadyPair, RemoteMedia, SessionId, Watch};
use mgmt_api::switch_port::NgFigures;
use resources::Network;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::wall;
use crate::config::Config;

/// How long the thread waits for a request before it looks after calls that fell silent.
const TICK: Duration = Duration::from_millis(100);
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
    calls: AtomicU64,
    offers: AtomicU64,
    answers: AtomicU64,
    deletions: AtomicU64,
    errors: AtomicU64,
    repeated: AtomicU64,
    malformed: AtomicU64,
    silent: AtomicU64,
    foreign: AtomicU64,
}

/// The relay as the desk has it.
struct Link {
    link: RelayLink,
    inactive_after: Option<Duration>,
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
        };
        let shared = Arc::<Shared>::default();
        let mut server = Server {
            socket,
            allowed: allowed.context("`media.ng.allowed`")?,
            desk: Desk::new(limits, u64::try_from(wall().0 / 1_000_000).unwrap_or(0)),
            link: Link {
                link,
                inactive_after: (inactive_after_s != 0).then_some(inactive_after),
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
        while !self.shared.stop.load(Ordering::Acquire) {
            // An error is the end of the wait, or one of an earlier reply that nobody took.
            if let Ok((length, client)) = self.socket.recv_from(&mut buffer) {
                self.serve(client, &buffer[..length], origin.elapsed());
            }
            while let Some(event) = self.link.link.poll_event() {
                if let MediaEvent::Silent { session, .. } = event {
                    self.desk.fell_silent(session, &mut self.link);
                }
            }
            self.show();
        }
    }

    fn serve(&mut self, client: SocketAddr, datagram: &[u8], now: Duration) {
        if !self
            .allowed
            .iter()
            .any(|network| network.contains(client.ip()))
        {
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
        ] {
            shown.store(value, Ordering::Relaxed);
        }
    }
}

impl Link {
    fn media(&self, [ingress, egress]: [Option<RemoteMedia>; 2]) -> SessionMedia {
        SessionMedia {
            ingress,
            egress,
            watch: self.inactive_after.map(|after| Watch {
                inactive_after: Some(after),
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

    fn start(&mut self, session: SessionId, media: [Option<RemoteMedia>; 2]) {
        self.link.start(session, self.media(media));
    }

    fn update(&mut self, session: SessionId, media: [Option<RemoteMedia>; 2]) {
        self.link.update(session, self.media(media));
    }

    fn stop(&mut self, session: SessionId) {
        self.link.stop(session);
    }

    fn statistics(&self, session: SessionId) -> Option<MediaStatistics> {
        self.link.statistics(session)
    }
}
