//! A relay thread.
//!
//! Its loop, in this order: packets that are there, commands, and each [`TICK`] the stock, quiet
//! ports and silent sessions.

use super::RelayConfig;
use super::Wake;
use super::board::Board;
use super::budget::SocketBudget;
use super::hairpins::Hairpins;
use super::lane::{self, Buffers, Lane};
use super::link::{Alarm, Command, MediaEvent, SessionMedia};
use super::poller::Poller;
use super::sockets::{Sockets, place_of};
use crate::ReadyPair;
use crate::ports::PortQuad;
use crate::session::{SessionId, Side};
use crate::slots::Slots;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError};
use std::time::{Duration, Instant};

/// How often the thread looks after what no packet or command brings up.
const TICK: Duration = Duration::from_millis(100);
/// Commands done before packets have their turn.
const COMMANDS_PER_TURN: usize = 256;
/// Ports tried in one turn while others turn out to be taken.
const BIND_ATTEMPTS_PER_TURN: usize = 256;

/// All that a relay thread owns.
pub(super) struct Worker {
    pub(super) config: RelayConfig,
    pub(super) epoch: Instant,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) poller: Poller,
    pub(super) queue: Receiver<Command>,
    pub(super) alarm: Arc<Alarm>,
    pub(super) board: Arc<Board>,
    pub(super) shards: Vec<ShardSide>,
    pub(super) unopened: VecDeque<PortQuad>,
    pub(super) slots: Slots<Sockets>,
    pub(super) budget: Arc<SocketBudget>,
    pub(super) hairpins: Arc<Hairpins>,
    /// Said that the budget leaves ports unopened.
    pub(super) said_short: bool,
    /// Why the latest attempt to open ports failed; `None` after one that did not.
    pub(super) bind_error: Option<io::Error>,
}

/// How one thread reaches one shard.
pub(super) struct ShardSide {
    stock: SyncSender<ReadyPair>,
    events: SyncSender<MediaEvent>,
    wake: Wake,
    /// Events of this turn, and those that found the queue full: at most a few per session.
    deferred: VecDeque<MediaEvent>,
}

impl Worker {
    /// Serves until told to stop.
    pub(super) fn run(mut self) {
        let mut readable = Vec::new();
        let mut buffers = Buffers::new();
        let mut next_tick = self.epoch.elapsed() + TICK;
        while !self.stop.load(Ordering::Acquire) {
            let idle = next_tick.saturating_sub(self.epoch.elapsed());
            self.sleep(&mut readable, idle);
            let now = self.epoch.elapsed();
            for token in readable.drain(..) {
                self.relay_one(token, &mut buffers, now);
            }
            let commanded = self.obey(now);
            if now >= next_tick {
                next_tick = now + TICK;
                self.tick(now);
            } else if commanded {
                self.fill_stocks();
            }
            self.tell_shards();
        }
    }

    fn sleep(&mut self, readable: &mut Vec<usize>, longest: Duration) {
        let now = self.epoch.elapsed();
        self.alarm.set_sleeping();
        // A command queued before the shard could see that we sleep.
        let longest = match self.queue.try_recv() {
            Ok(command) => {
                self.obey_one(command, now);
                Duration::ZERO
            }
            Err(_) => longest,
        };
        if let Err(error) = self.poller.wait(readable, longest) {
            tracing::error!(%error, "a media relay thread cannot poll its sockets");
            std::thread::sleep(TICK);
        }
        self.alarm.set_awake();
    }

    // === Packets ===

    /// Reads one packet and sends it on. If the socket holds more, it is reported again.
    fn relay_one(&mut self, token: usize, buffers: &mut Buffers, now: Duration) {
        let (slot, ..) = place_of(token);
        let Some((sockets, session)) = self.slots.arrived(slot, now) else {
            return;
        };
        let Some(read) = lane::read(sockets, token, &mut buffers.first) else {
            return;
        };
        let Some(session) = session else {
            return;
        };
        let mut lane = Lane {
            sockets,
            session,
            board: &self.board,
            hairpins: &self.hairpins,
            slot,
            now,
        };
        let Some(side) = lane.pass(token, read, buffers) else {
            return;
        };
        let is_new = !lane.sockets.has_own(side);
        if is_new && !self.budget.take_stream() {
            return;
        }
        if let Err(error) = lane.connect(side, &mut self.poller, buffers) {
            tracing::debug!(%error, "a stream goes on without its own socket");
        }
        if is_new && !lane.sockets.has_own(side) {
            self.budget.give_streams(1);
        }
    }

    // === Commands ===

    fn obey(&mut self, now: Duration) -> bool {
        for done in 0..COMMANDS_PER_TURN {
            match self.queue.try_recv() {
                Ok(command) => self.obey_one(command, now),
                Err(_) => return done > 0,
            }
        }
        true
    }

    fn obey_one(&mut self, command: Command, now: Duration) {
        match command {
            Command::Start(id, media) => {
                if self.slots.start(id).is_some() {
                    self.apply(id, media, now);
                }
            }
            Command::Update(id, media) => self.apply(id, media, now),
            Command::Stop(id) => {
                if let Some(shard) = self.slots.stop(id, now) {
                    if let Some(sockets) = self.slots.sockets_mut(id.slot()) {
                        self.hairpins.end(sockets.quad);
                        self.budget.give_streams(sockets.part());
                    }
                    self.shards[shard].push(MediaEvent::Stopped { session: id });
                }
            }
        }
    }

    fn apply(&mut self, id: SessionId, mut media: SessionMedia, now: Duration) {
        let Some(quad) = self.slots.sockets_mut(id.slot()).map(|it| it.quad) else {
            return;
        };
        let Some(session) = self.slots.active(id) else {
            return;
        };
        for (side, remote) in [
            (Side::Ingress, &mut media.ingress),
            (Side::Egress, &mut media.egress),
        ] {
            if !self.hairpins.announce(quad, side, remote.as_ref()) {
                tracing::debug!(
                    ?remote,
                    "media would come back to where it was: not sent there"
                );
                *remote = None;
            }
        }
        // Before the addresses: nothing goes out in the clear that is to be sealed.
        session.set_keys(media.keys.as_deref());
        session.announce(Side::Ingress, media.ingress, now);
        session.announce(Side::Egress, media.egress, now);
        session.set_watch(media.watch, now);
    }

    // === Time ===

    fn tick(&mut self, now: Duration) {
        self.slots.expire(now);
        self.fill_stocks();
        for (id, shard, session) in self.slots.active_sessions() {
            if let Some(silent_for) = session.silent(now) {
                self.shards[shard].push(MediaEvent::Silent {
                    session: id,
                    silent_for,
                });
            }
            if let Some(silent) = session.one_way(now) {
                self.shards[shard].push(MediaEvent::OneWay {
                    session: id,
                    silent,
                });
            }
        }
    }

    fn tell_shards(&mut self) {
        for shard in &mut self.shards {
            shard.flush();
        }
    }

    // === Stock ===

    /// Fills the stock of every shard, one pair each in turn, from the ports that are ready and
    /// then from those never opened.
    pub(super) fn fill_stocks(&mut self) {
        let mut bind_attempts = BIND_ATTEMPTS_PER_TURN;
        let mut hungry: Vec<usize> = (0..self.shards.len()).collect();
        while !hungry.is_empty() {
            let mut still_hungry = Vec::with_capacity(hungry.len());
            for shard in hungry {
                let Some(session) = self.next_session(shard, &mut bind_attempts) else {
                    return;
                };
                if self.offer(shard, session) {
                    still_hungry.push(shard);
                }
            }
            hungry = still_hungry;
        }
    }

    /// Puts a pair into the stock of `shard`; false when it is full.
    fn offer(&mut self, shard: usize, session: SessionId) -> bool {
        let Some(sockets) = self.slots.sockets_mut(session.slot()) else {
            return false;
        };
        let address = self.config.address.advertised;
        let [ingress, _, egress, _] = sockets.quad.ports();
        let pair = ReadyPair {
            session,
            ingress_rtp: SocketAddr::new(address, ingress),
            egress_rtp: SocketAddr::new(address, egress),
        };
        // Before the shard can have it: it may ask for its counts at once.
        self.board.begin(session);
        match self.shards[shard].stock.try_send(pair) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.slots.unstock(session);
                false
            }
        }
    }

    fn next_session(&mut self, shard: usize, bind_attempts: &mut usize) -> Option<SessionId> {
        loop {
            if let Some(session) = self.slots.stock(shard) {
                return Some(session);
            }
            if self.unopened.is_empty() || *bind_attempts == 0 {
                return None;
            }
            *bind_attempts -= 1;
            if !self.budget.take_session() {
                self.say_short();
                return None;
            }
            self.open_next();
        }
    }

    /// Says once that calls will be refused before the process is out of descriptors.
    fn say_short(&mut self) {
        if !std::mem::replace(&mut self.said_short, true) {
            let (open, max) = (self.budget.open(), self.budget.max());
            let unopened = self.unopened.len();
            tracing::warn!(
                open,
                max,
                unopened,
                "no more media ports: the limit of open files leaves no more"
            );
        }
    }

    /// Opens the ports of one more slot, for which there is room. Ports that cannot be opened are tried again
    /// when all others have been.
    fn open_next(&mut self) {
        let Some(quad) = self.unopened.pop_front() else {
            self.budget.give_session();
            return;
        };
        let slot = self.slots.len();
        let opened = Sockets::bind(self.config.address.bind, quad).and_then(|sockets| {
            sockets.register(&mut self.poller, slot)?;
            Ok(sockets)
        });
        match opened {
            Ok(sockets) => {
                self.slots.add(sockets);
                self.bind_error = None;
            }
            Err(error) => {
                let [port, ..] = quad.ports();
                // Said once for as long as nothing can be opened.
                if self.bind_error.is_none() {
                    tracing::warn!(%error, port, "media ports cannot be opened, trying others");
                }
                self.bind_error = Some(error);
                self.budget.give_session();
                self.unopened.push_back(quad);
            }
        }
    }
}

impl ShardSide {
    pub(super) fn new(
        stock: SyncSender<ReadyPair>,
        events: SyncSender<MediaEvent>,
        wake: Wake,
    ) -> Self {
        Self {
            stock,
            events,
            wake,
            deferred: VecDeque::new(),
        }
    }

    fn push(&mut self, event: MediaEvent) {
        self.deferred.push_back(event);
    }

    /// Sends what waits and wakes the shard.
    fn flush(&mut self) {
        let mut told = false;
        while let Some(&event) = self.deferred.front() {
            match self.events.try_send(event) {
                Ok(()) => told = true,
                Err(TrySendError::Full(_)) => break,
                // The shard is gone: nobody waits for its events.
                Err(TrySendError::Disconnected(_)) => {}
            }
            self.deferred.pop_front();
        }
        if told {
            (self.wake)();
        }
    }
}
