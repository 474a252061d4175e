//! The threads and sockets of the relay.
//!
//! ```text
//! shard ── RelayLink::start, update, stop ──► bounded queue ──► relay thread (poll, sockets, slots)
//! shard ◄── RelayLink::take ──── stock of bound ports, bounded ────┤
//! shard ◄── RelayLink::poll_event ─────────── bounded queue ───────┤
//! shard ◄── RelayLink::statistics ─────────── counters ────────────┘
//! ```
//!
//! Each thread owns a part of the port range and all sessions on it. Nothing here takes a lock,
//! and nothing is allocated per packet.

mod board;
mod budget;
mod hairpins;
mod lane;
mod link;
mod poller;
mod sockets;
mod worker;

pub use link::{MediaEvent, RelayLink, SessionMedia};

use crate::ports::{PORTS_PER_SESSION, PortQuad, PortRange, RelayAddress};
use crate::session::SessionId;
use crate::slots::Slots;
use board::Board;
use budget::SocketBudget;
use hairpins::Hairpins;
use link::{Alarm, ThreadEnd, ThreadSide};
use poller::Poller;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;
use worker::{ShardSide, Worker};

/// Commands of all shards that wait for one thread. A shard keeps what does not fit.
const COMMANDS_MAX: usize = 4096;
/// Events that wait for one shard, per thread. The thread keeps what does not fit.
const EVENTS_MAX: usize = 4096;

/// Wakes a shard from its poll because an event waits for it.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// How the relay is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayConfig {
    /// Where it listens and what it advertises.
    pub address: RelayAddress,
    /// The ports of its sessions. Each session takes four.
    pub ports: PortRange,
    /// Sockets that it may have open, at least 4: a session takes four, and two more while both its streams are
    /// steady. Ports beyond that are never opened, and streams go without a second socket. Bound to all addresses
    /// (`0.0.0.0`, `::`) no stream has one.
    pub sockets_max: usize,
    /// Relay threads, at least 1. One carries some thousand sessions.
    pub threads: usize,
    /// Sessions kept ready for each shard, at least 1. Too few refuse calls in a burst; they are
    /// replenished within a tenth of a second.
    pub stock_per_shard: usize,
    /// So long after a session, and so long after the last stray packet, its ports are not used
    /// again.
    pub quiet_period: Duration,
}

/// The relay could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A number of the configuration is out of its bounds.
    #[error("{name} must be from {least} to {most}")]
    OutOfBounds {
        /// Which.
        name: &'static str,
        /// Lower bound.
        least: usize,
        /// Upper bound.
        most: usize,
    },
    /// No session's ports could be bound.
    #[error("no media ports can be bound at {address}")]
    NoPorts {
        /// Where.
        address: std::net::IpAddr,
        /// Why the last one could not.
        source: io::Error,
    },
    /// The system refused a thread or a poller.
    #[error("a relay thread cannot be started")]
    Thread(#[source] io::Error),
}

/// The running relay. Dropping it stops the threads.
#[derive(Debug)]
pub struct MediaRelay {
    stop: Arc<AtomicBool>,
    budget: Arc<SocketBudget>,
    hairpins: Arc<Hairpins>,
    threads: Vec<(Arc<Alarm>, Option<JoinHandle<()>>)>,
}

/// Figures of a relay, which may be read at any time.
#[derive(Clone, Debug)]
pub struct RelayFigures {
    budget: Arc<SocketBudget>,
    hairpins: Arc<Hairpins>,
}

impl RelayFigures {
    /// Sockets that are open now.
    pub fn sockets_open(&self) -> usize {
        self.budget.open()
    }

    /// Sockets that may be open.
    pub fn sockets_max(&self) -> usize {
        self.budget.max()
    }

    /// Announcements so far of where nothing is sent, since it would come back to where it was.
    pub fn loops_refused(&self) -> u64 {
        self.hairpins.refused()
    }
}

impl MediaRelay {
    /// Starts the threads, with the stock of every shard filled: one link for each of `shards`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn start(
        config: &RelayConfig,
        shards: &[Wake],
    ) -> Result<(Self, Vec<RelayLink>), StartError> {
        check(config, shards.len())?;
        let epoch = Instant::now();
        let mut relay = Self {
            stop: Arc::new(AtomicBool::new(false)),
            budget: Arc::new(budget(config)),
            hairpins: Arc::new(Hairpins::new(config.address, config.ports)),
            threads: Vec::new(),
        };
        let mut sides = Vec::new();
        let mut ends: Vec<Vec<ThreadEnd>> = shards.iter().map(|_| Vec::new()).collect();
        for thread in 0..config.threads {
            let (shard_sides, thread_ends) = connect(config, shards);
            for (ends, end) in ends.iter_mut().zip(thread_ends) {
                ends.push(end);
            }
            sides.push(relay.start_thread(config, thread, shard_sides, epoch)?);
        }
        let sides: Arc<[ThreadSide]> = sides.into();
        let links = ends
            .into_iter()
            .map(|ends| RelayLink::new(ends, Arc::clone(&sides)))
            .collect();
        Ok((relay, links))
    }

    fn start_thread(
        &mut self,
        config: &RelayConfig,
        thread: usize,
        shards: Vec<ShardSide>,
        epoch: Instant,
    ) -> Result<ThreadSide, StartError> {
        let quads = share(config, thread);
        let (poller, waker) = Poller::new().map_err(StartError::Thread)?;
        let (commands, queue) = sync_channel(COMMANDS_MAX);
        let side = ThreadSide {
            commands,
            alarm: Arc::new(Alarm::new(waker)),
            board: Arc::new(Board::new(quads.len(), epoch)),
        };
        let mut worker = Worker {
            config: *config,
            epoch,
            stop: Arc::clone(&self.stop),
            poller,
            queue,
            alarm: Arc::clone(&side.alarm),
            board: Arc::clone(&side.board),
            shards,
            unopened: quads.into(),
            slots: Slots::new(thread, config.quiet_period),
            budget: Arc::clone(&self.budget),
            hairpins: Arc::clone(&self.hairpins),
            said_short: false,
            bind_error: None,
        };
        worker.fill_stocks();
        if let (0, Some(source)) = (worker.slots.len(), worker.bind_error.take()) {
            let address = config.address.bind;
            return Err(StartError::NoPorts { address, source });
        }
        let handle = std::thread::Builder::new()
            .name(format!("media-{thread}"))
            .spawn(move || worker.run())
            .map_err(StartError::Thread)?;
        self.threads.push((Arc::clone(&side.alarm), Some(handle)));
        Ok(side)
    }

    /// What it shows of itself.
    pub fn figures(&self) -> RelayFigures {
        RelayFigures {
            budget: Arc::clone(&self.budget),
            hairpins: Arc::clone(&self.hairpins),
        }
    }

    /// Stops the threads and waits for them. Sessions that go on are cut.
    pub fn shutdown(mut self) {
        self.stop_and_join();
    }

    fn stop_and_join(&mut self) {
        self.stop.store(true, Ordering::Release);
        for (alarm, handle) in &mut self.threads {
            alarm.ring();
            if let Some(handle) = handle.take()
                && handle.join().is_err()
            {
                tracing::error!("a media relay thread had panicked");
            }
        }
    }
}

impl Drop for MediaRelay {
    fn drop(&mut self) {
        self.stop_and_join();
    }
}

fn check(config: &RelayConfig, shards: usize) -> Result<(), StartError> {
    let sessions = config.ports.sessions();
    let socket_least = usize::from(PORTS_PER_SESSION);
    let any = usize::MAX;
    let short = usize::from(u16::MAX);
    let threads_max = sessions.min(SessionId::THREADS_MAX);
    let bounds = [
        ("threads", config.threads, 1, threads_max),
        ("shards", shards, 1, short),
        ("stock_per_shard", config.stock_per_shard, 1, short),
        ("sockets_max", config.sockets_max, socket_least, any),
    ];
    for (name, value, least, most) in bounds {
        if value < least || value > most {
            return Err(StartError::OutOfBounds { name, least, most });
        }
    }
    Ok(())
}

fn budget(config: &RelayConfig) -> SocketBudget {
    let (max, sessions) = (config.sockets_max, config.ports.sessions());
    // A connected socket that is bound to all addresses keeps the one that its first peer was reached from: another
    // peer, which is reached by another way, would be sent to from there.
    match config.address.bind.is_unspecified() {
        true => SocketBudget::of_ports(max, sessions),
        false => SocketBudget::new(max, sessions),
    }
}

/// The ports of one thread: every n-th session's worth.
fn share(config: &RelayConfig, thread: usize) -> Vec<PortQuad> {
    let quads = config.ports.quads().skip(thread);
    quads.step_by(config.threads).collect()
}

/// The queues between one thread and every shard, by their two ends.
fn connect(config: &RelayConfig, shards: &[Wake]) -> (Vec<ShardSide>, Vec<ThreadEnd>) {
    let stock_bound = config.stock_per_shard.div_ceil(config.threads);
    let pair_of = |wake: &Wake| {
        let (stock, stock_end) = sync_channel(stock_bound);
        let (events, events_end) = sync_channel(EVENTS_MAX);
        let side = ShardSide::new(stock, events, Arc::clone(wake));
        let end = ThreadEnd {
            stock: stock_end,
            events: events_end,
        };
        (side, end)
    };
    shards.iter().map(pair_of).unzip()
}
