//! A shard's end of the relay.

use super::board::Board;
use super::poller::Waker;
use crate::ReadyPair;
use crate::session::{MediaKeys, RemoteMedia, SessionId, Side, Watch};
use crate::statistics::MediaStatistics;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::Duration;

/// Commands a shard keeps while a thread's queue is full, before updates are dropped. Starts and
/// stops are always kept: there are at most as many as sessions.
const DEFERRED_MAX: usize = 16 * 1024;

/// What the relay is told of a session: the whole of it, each time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionMedia {
    /// Where the customer receives; `None` while unknown, or when it wants none (hold).
    pub ingress: Option<RemoteMedia>,
    /// Where the carrier receives; `None` while unknown, or when it wants none (hold).
    pub egress: Option<RemoteMedia>,
    /// Tell who is not heard. Silence counts from when this is first asked.
    pub watch: Option<Watch>,
    /// What seals the legs that are sealed; `None` when neither is.
    pub keys: Option<Arc<MediaKeys>>,
}

/// What the relay tells a shard of its sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// No packet came from either peer for as long as the watch says. Told again after as long.
    Silent {
        /// Which session.
        session: SessionId,
        /// For how long.
        silent_for: Duration,
    },
    /// One side is not heard while the other speaks. Told once for each such silence.
    OneWay {
        /// Which session.
        session: SessionId,
        /// The side that is not heard.
        silent: Side,
    },
    /// The session is over; nothing more is forwarded or told of it. [`RelayLink::statistics`] has
    /// its final counts until its ports serve another.
    Stopped {
        /// Which session.
        session: SessionId,
    },
}

#[derive(Debug)]
pub(super) enum Command {
    Start(SessionId, SessionMedia),
    Update(SessionId, SessionMedia),
    Stop(SessionId),
}

/// A shard's way to the relay. No call of it blocks, takes a lock or, while the relay threads are
/// busy, enters the kernel.
#[derive(Debug)]
pub struct RelayLink {
    /// One per relay thread, in the order of `threads`.
    ends: Vec<ThreadEnd>,
    threads: Arc<[ThreadSide]>,
    next: usize,
    deferred: VecDeque<Command>,
    updates_dropped: u64,
}

/// What one thread sends to one shard.
#[derive(Debug)]
pub(super) struct ThreadEnd {
    pub(super) stock: Receiver<ReadyPair>,
    pub(super) events: Receiver<MediaEvent>,
}

/// How every shard reaches one thread.
#[derive(Debug)]
pub(super) struct ThreadSide {
    pub(super) commands: SyncSender<Command>,
    pub(super) alarm: Arc<Alarm>,
    pub(super) board: Arc<Board>,
}

/// Wakes a thread, but only if it sleeps: a wake-up is a system call.
#[derive(Debug)]
pub(super) struct Alarm {
    sleeping: AtomicBool,
    waker: Waker,
}

impl RelayLink {
    pub(super) fn new(ends: Vec<ThreadEnd>, threads: Arc<[ThreadSide]>) -> Self {
        Self {
            ends,
            threads,
            next: 0,
            deferred: VecDeque::new(),
            updates_dropped: 0,
        }
    }

    /// Takes a pair from the stock, of each thread in turn; `None` when all are used up.
    ///
    /// Every pair taken is given back by [`Self::stop`].
    pub fn take(&mut self) -> Option<ReadyPair> {
        let count = self.ends.len();
        for step in 0..count {
            let thread = (self.next + step) % count;
            if let Ok(pair) = self.ends[thread].stock.try_recv() {
                self.next = (thread + 1) % count;
                return Some(pair);
            }
        }
        None
    }

    /// Begins to relay.
    pub fn start(&mut self, session: SessionId, media: SessionMedia) {
        self.command(Command::Start(session, media));
    }

    /// Changes addresses. Nothing happens if the session is over or was not started.
    pub fn update(&mut self, session: SessionId, media: SessionMedia) {
        self.command(Command::Update(session, media));
    }

    /// Ends a session, started or not. [`MediaEvent::Stopped`] follows.
    pub fn stop(&mut self, session: SessionId) {
        self.command(Command::Stop(session));
    }

    /// What has been counted so far; final shortly after [`Self::stop`], and `None` once the ports
    /// serve another session.
    pub fn statistics(&self, session: SessionId) -> Option<MediaStatistics> {
        self.threads.get(session.thread())?.board.read(session)
    }

    /// The next event. Call until `None` in each turn of the shard's loop.
    pub fn poll_event(&mut self) -> Option<MediaEvent> {
        self.send_deferred();
        self.ends.iter().find_map(|end| end.events.try_recv().ok())
    }

    /// Updates dropped because the relay did not keep up.
    pub fn updates_dropped(&self) -> u64 {
        self.updates_dropped
    }

    fn command(&mut self, command: Command) {
        self.send_deferred();
        // Behind what waits already: a session's commands keep their order.
        let command = match self.deferred.is_empty() {
            true => match self.send(command) {
                None => return,
                Some(command) => command,
            },
            false => command,
        };
        if self.deferred.len() >= DEFERRED_MAX && matches!(command, Command::Update(..)) {
            self.updates_dropped += 1;
            return;
        }
        self.deferred.push_back(command);
    }

    fn send_deferred(&mut self) {
        while let Some(command) = self.deferred.pop_front() {
            if let Some(command) = self.send(command) {
                return self.deferred.push_front(command);
            }
        }
    }

    /// The command back when the thread's queue is full. A command for no thread, or for one that is
    /// gone, has nobody to act on it.
    fn send(&self, command: Command) -> Option<Command> {
        let side = self.threads.get(command.session().thread())?;
        match side.commands.try_send(command) {
            Ok(()) => {
                side.alarm.ring();
                None
            }
            Err(TrySendError::Full(command)) => Some(command),
            Err(TrySendError::Disconnected(_)) => None,
        }
    }
}

impl Command {
    fn session(&self) -> SessionId {
        match *self {
            Self::Start(session, _) | Self::Update(session, _) | Self::Stop(session) => session,
        }
    }
}

impl Alarm {
    pub(super) fn new(waker: Waker) -> Self {
        Self {
            sleeping: AtomicBool::new(false),
            waker,
        }
    }

    /// Called after something was queued.
    pub(super) fn ring(&self) {
        // Pairs with the fence in `set_sleeping`: either we see that the thread sleeps, or the
        // thread sees what we queued.
        fence(Ordering::SeqCst);
        if self.sleeping.swap(false, Ordering::Relaxed)
            && let Err(error) = self.waker.wake()
        {
            // It wakes by itself at its next tick.
            tracing::warn!(%error, "cannot wake a media relay thread");
        }
    }

    /// Called before the queue is looked at for the last time and the thread sleeps.
    pub(super) fn set_sleeping(&self) {
        self.sleeping.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    pub(super) fn set_awake(&self) {
        self.sleeping.store(false, Ordering::Relaxed);
    }
}
