//! One shard: a thread with an engine, sockets and a journal segment.
//!
//! Each turn of [`Shard::run`] does, in this order: sleep until there is something to do; receive
//! datagrams; take what other threads sent; let time pass; write records to the journal; pass media
//! commands on; send. Nothing in it waits for anything but its own poll.

use super::clock::Clock;
use super::defence::{Arrival, Guard, Overload};
use super::gathering::Gathering;
use super::gauges::Gauges;
use super::mailbox::{Inbox, Mailbox, ShardInput};
use super::media::ShardMedia;
use super::names::Names;
use super::ownership::Ownership;
use super::quality::ShardQuality;
use super::trace::{Note, Tracer, Way};
use arc_swap::ArcSwap;
use bytes::Bytes;
use call_control::events::{Evidence, GatewayChange, RegistrationChange, TransportFailure};
use call_control::journal::SegmentWriter;
use call_control::{Command, Datagram, Engine, Event, Now, OneWayMedia};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rating::cdr::JournalEntry;
use routing_engine::Snapshot;
use sip_core::transaction::{Path, Transmit, Transport};
use sip_core::transport::tcp::{TcpDestination, TcpHandle};
use sip_core::transport::udp::{Flush, ReceiveBatch, SendBatch, UdpSocket};
use sip_core::transport::{self, Unreachable, UnreachableReason};
use sip_core::{Limits, Message};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The waker's token; a socket's token is its listener's place.
pub(crate) const WAKER: Token = Token(usize::MAX);
/// Batches read from one socket in one turn, so that timers and other sockets get theirs.
const BATCHES_PER_TURN: usize = 4;
/// Inputs taken from other threads in one turn.
const INPUTS_PER_TURN: usize = 512;
/// Rounds of sending in one turn.
const FLUSHES_PER_TURN: usize = 4;
/// Longest sleep: the proof of life in the journal and the gauges stay this fresh.
const SLEEP_MAX: Duration = Duration::from_millis(100);

/// What all shards are told. Not by the mailboxes: those may be full, and these must arrive.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Take no new calls; hang the others up at this instant.
    pub(crate) drain: OnceLock<sip_core::Instant>,
    /// Leave the loop.
    pub(crate) stop: AtomicBool,
}

/// What a shard is made of.
pub(crate) struct Shard {
    pub(crate) engine: Engine,
    pub(crate) poll: Poll,
    /// By the listener's place; `None` where the listener is not UDP.
    pub(crate) sockets: Vec<Option<ShardSocket>>,
    pub(crate) inbox: Inbox,
    /// Of all shards, this one's included.
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) number: u16,
    pub(crate) ownership: Ownership,
    pub(crate) guard: Guard,
    pub(crate) tracer: Tracer,
    /// By the listener's place: how peers know it.
    pub(crate) own_addresses: Vec<SocketAddr>,
    pub(crate) message_limits: Limits,
    pub(crate) overload: Overload,
    /// What callers are told to wait who are refused because this shard does not keep up, seconds.
    pub(crate) retry_after_s: u16,
    pub(crate) is_shedding: bool,
    pub(crate) journal: SegmentWriter,
    pub(crate) journal_available: bool,
    pub(crate) media: ShardMedia,
    pub(crate) tcp: TcpHandle,
    /// By the listener's place: the address that connections leave from.
    pub(crate) local_addresses: Vec<IpAddr>,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) snapshot_number: u64,
    pub(crate) names: Arc<Names>,
    /// Number of the table of names that the engine has.
    pub(crate) addresses_number: u64,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) orders: Arc<Orders>,
    pub(crate) quality: ShardQuality,
    pub(crate) is_draining: bool,
    pub(crate) clock: Clock,
    /// Something waits that no poll will report.
    pub(crate) restless: bool,
    /// Taken out while its datagrams are handled.
    pub(crate) received: Option<Box<ReceiveBatch>>,
    pub(crate) gathering: Gathering,
    /// Messages of this turn.
    pub(crate) handled: usize,
}

/// A UDP socket with what waits on it.
pub(crate) struct ShardSocket {
    pub(crate) socket: UdpSocket,
    pub(crate) sending: SendBatch,
    /// The poll is edge-triggered: a socket stays readable until a read says that it is not.
    pub(crate) readable: bool,
    pub(crate) blocked: bool,
}

impl Shard {
    /// Runs until told to stop.
    pub(crate) fn run(mut self) {
        let mut events = Events::with_capacity(64);
        loop {
            if let Err(error) = self.sleep(&mut events) {
                tracing::error!(%error, shard = self.number, "the poll failed");
            }
            let now = self.clock.now();
            self.journal.touch(now.wall);
            self.adopt(now);
            self.receive(now);
            let took_all = self.take_inputs(now);
            self.hear_media(now);
            self.engine.handle_timeout(now);
            self.flush_all(now);
            self.finish_trace(now);
            self.quality.hand_over(now.instant);
            self.watch_lag(now, took_all);
            self.gathering
                .handled(now.instant, std::mem::take(&mut self.handled));
            self.gauges.show(&self.engine.counters());
            self.gauges
                .show_defence(self.guard.counters(), self.overload.lag(), self.is_shedding);
            self.gauges.show_trace(self.tracer.counters());
            if self.orders.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        self.engine.settle_all(self.clock.now());
        self.flush_all(self.clock.now());
        let lost = self.journal.close(self.clock.now().wall);
        if lost > 0 {
            tracing::error!(
                lost,
                shard = self.number,
                "records found no room in the journal"
            );
        }
    }

    fn sleep(&mut self, events: &mut Events) -> io::Result<()> {
        let timeout = self.time_to_sleep();
        let inbox = &mut self.inbox;
        if let Some(pause) = self.gathering.pause(timeout, || inbox.has_input()) {
            // Nobody need wake it: what comes meanwhile is looked for right afterwards.
            std::thread::sleep(pause);
            self.overload.slept(self.clock.instant());
            return self.poll(events, Duration::ZERO);
        }
        if !timeout.is_zero() {
            self.inbox.about_to_sleep();
            // What came before the declaration woke nobody.
            if self.inbox.has_input() {
                self.inbox.awake();
                return self.poll(events, Duration::ZERO);
            }
        }
        let result = self.poll(events, timeout);
        self.inbox.awake();
        if !timeout.is_zero() {
            self.overload.slept(self.clock.instant());
        }
        result
    }

    /// Refuses new calls while this loop is too far behind.
    fn watch_lag(&mut self, began: Now, took_all: bool) {
        let is_drained = took_all && !self.sockets.iter().flatten().any(|socket| socket.readable);
        let now = self.clock.instant();
        let is_behind = self.overload.turn(began.instant, now, is_drained);
        if is_behind == self.is_shedding {
            return;
        }
        self.is_shedding = is_behind;
        let lag_ms = self.overload.lag().as_micros() / 1_000;
        tracing::warn!(
            shard = self.number,
            lag_ms,
            refusing = is_behind,
            "overload"
        );
        let retry_after_s = is_behind.then_some(self.retry_after_s);
        self.engine
            .handle_command(began, Command::Overload { retry_after_s });
    }

    fn time_to_sleep(&self) -> Duration {
        if self.restless || self.sockets.iter().flatten().any(|socket| socket.readable) {
            return Duration::ZERO;
        }
        let Some(deadline) = self.engine.poll_timeout() else {
            return SLEEP_MAX;
        };
        let left = deadline.since(self.clock.instant()).as_micros();
        // The poll counts whole milliseconds: rounding up keeps it from spinning in the last one.
        Duration::from_millis(left.div_ceil(1_000)).min(SLEEP_MAX)
    }

    fn poll(&mut self, events: &mut Events, timeout: Duration) -> io::Result<()> {
        match self.poll.poll(events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            if let Some(Some(socket)) = self.sockets.get_mut(event.token().0) {
                socket.readable |= event.is_readable() || event.is_error();
                socket.blocked &= !event.is_writable();
            }
        }
        Ok(())
    }

    /// Takes the newest snapshot, the addresses of its names, the order to drain and the journal's state over
    /// into the engine.
    fn adopt(&mut self, now: Now) {
        let snapshot = self.snapshot.load();
        if snapshot.number() != self.snapshot_number {
            self.snapshot_number = snapshot.number();
            let snapshot = Arc::clone(&snapshot);
            self.engine
                .handle_command(now, Command::SetSnapshot(snapshot));
        }
        if self.names.number() != self.addresses_number {
            let addresses = self.names.table();
            self.addresses_number = addresses.number();
            self.engine
                .handle_command(now, Command::SetAddresses(addresses));
        }
        if let Some(quality) = self.quality.news() {
            self.engine
                .handle_command(now, Command::SetQuality(quality));
        }
        if !self.is_draining
            && let Some(hang_up_at) = self.orders.drain.get()
        {
            self.is_draining = true;
            let hang_up_at = Some(*hang_up_at);
            self.engine
                .handle_command(now, Command::Drain { hang_up_at });
        }
        let available = self.journal.available();
        if available != self.journal_available {
            self.journal_available = available;
            self.engine
                .handle_command(now, Command::JournalState { available });
        }
    }

    fn receive(&mut self, now: Now) {
        for place in 0..self.sockets.len() {
            for _ in 0..BATCHES_PER_TURN {
                if !self.receive_batch(place, now) {
                    break;
                }
            }
            self.hear_unreachable(place, now);
        }
    }

    /// Reads one batch; returns whether there may be another.
    fn receive_batch(&mut self, place: usize, now: Now) -> bool {
        let Some(Some(socket)) = self.sockets.get_mut(place) else {
            return false;
        };
        if !socket.readable {
            return false;
        }
        let Some(mut batch) = self.received.take() else {
            return false;
        };
        if let Err(error) = socket.socket.receive(&mut batch) {
            tracing::error!(%error, shard = self.number, "a UDP socket cannot be read");
        }
        socket.readable = batch.is_full();
        self.handled += batch.iter().count();
        let more = socket.readable;
        for datagram in batch.iter() {
            let path = Path {
                transport: Transport::Udp,
                listener: u16::try_from(place).unwrap_or(0),
                remote: datagram.source,
                connection: None,
                host: None,
            };
            if self.admits(now, datagram.bytes, path) {
                self.handle(now, datagram.bytes, path);
            }
        }
        self.received = Some(batch);
        more
    }

    fn admits(&mut self, now: Now, bytes: &[u8], path: Path) -> bool {
        let source = path.remote.ip();
        let arrival = Arrival { bytes, source };
        let (engine, ownership) = (&self.engine, &self.ownership);
        self.guard
            .admits(now, arrival, engine, ownership, &self.message_limits)
    }

    /// Handles a message, or hands it over to its owner.
    fn handle(&mut self, now: Now, bytes: &[u8], path: Path) {
        let datagram = Datagram { bytes, path };
        if self.mailboxes.len() == 1 {
            self.note(now, Way::Received, bytes, path);
            return self.engine.handle_message(now, &datagram);
        }
        match &mut Message::parse(bytes, &self.message_limits) {
            Err(_) => {
                self.note(now, Way::Received, bytes, path);
                self.engine.handle_message(now, &datagram);
            }
            Ok(message) => {
                message.read_ahead();
                match self.ownership.of(message, path.remote.ip()) {
                    Some(owner) if owner != self.number => self.hand_over(owner, bytes, path),
                    // A response to nothing is the engine's to count.
                    _ => {
                        self.note(now, Way::Received, bytes, path);
                        self.engine.handle_parsed(now, message, path);
                    }
                }
            }
        }
    }

    /// Takes a message down that this shard owns.
    fn note(&mut self, now: Now, way: Way, bytes: &[u8], path: Path) {
        let note = note_of(&self.own_addresses, now, way, bytes, path);
        self.tracer.note(&note);
    }

    fn finish_trace(&mut self, now: Now) {
        self.tracer.turn(now.instant);
        if let Some(homer) = self.tracer.homer() {
            homer.flush();
        }
    }

    fn hand_over(&self, owner: u16, bytes: &[u8], path: Path) {
        let Some(mailbox) = self.mailboxes.get(usize::from(owner)) else {
            return;
        };
        // A full mailbox counts what it refuses; the sender's timer sends the message again.
        let _ = mailbox.send(ShardInput::Message {
            bytes: bytes.to_vec(),
            path,
        });
    }

    /// Takes the reports of destinations that refuse; returns whether there were any.
    fn hear_unreachable(&mut self, place: usize, now: Now) -> bool {
        let mut heard = false;
        while let Some(Some(socket)) = self.sockets.get_mut(place)
            && let Some(unreachable) = socket.socket.poll_unreachable()
        {
            self.pass_on(now, unreachable);
            heard = true;
        }
        heard
    }

    /// A report concerns every shard: the kernel may tell any of them. One that must be checked
    /// goes to the shard that can.
    fn pass_on(&mut self, now: Now, unreachable: Unreachable) {
        match unreachable.evidence {
            transport::Evidence::Certain => {
                self.fail_transport(now, unreachable, Transport::Udp);
                self.tell_others(unreachable, Transport::Udp);
            }
            transport::Evidence::Quoted(branch) => match self.ownership.of_branch(&branch) {
                Some(owner) if owner == self.number => {
                    self.fail_transport(now, unreachable, Transport::Udp);
                }
                Some(owner) => self.tell(owner, unreachable, Transport::Udp),
                None => {}
            },
        }
    }

    fn tell_others(&self, unreachable: Unreachable, transport: Transport) {
        for number in (0..self.mailboxes.len()).filter_map(|place| u16::try_from(place).ok()) {
            if number != self.number {
                self.tell(number, unreachable, transport);
            }
        }
    }

    /// A full mailbox loses the hint; the timers of the transactions hold.
    fn tell(&self, shard: u16, unreachable: Unreachable, transport: Transport) {
        if let Some(mailbox) = self.mailboxes.get(usize::from(shard)) {
            let _ = mailbox.send(ShardInput::Unreachable(unreachable, transport));
        }
    }

    fn fail_transport(&mut self, now: Now, unreachable: Unreachable, transport: Transport) {
        let failure = TransportFailure {
            transport,
            remote: unreachable.destination,
            host: unreachable.host,
            evidence: match unreachable.evidence {
                transport::Evidence::Certain => Evidence::Certain,
                transport::Evidence::Quoted(branch) => Evidence::Quoted(branch),
            },
        };
        self.engine
            .handle_command(now, Command::TransportFailed(failure));
    }

    /// Returns whether nothing is left.
    fn take_inputs(&mut self, now: Now) -> bool {
        for _ in 0..INPUTS_PER_TURN {
            match self.inbox.take() {
                None => return true,
                // The shard that read a datagram has judged its source.
                Some(ShardInput::Message { bytes, path })
                    if path.connection.is_some() && !self.admits(now, &bytes, path) => {}
                Some(ShardInput::Message { bytes, path }) => {
                    self.note(now, Way::Received, &bytes, path);
                    self.engine.handle_message(
                        now,
                        &Datagram {
                            bytes: &bytes,
                            path,
                        },
                    );
                }
                Some(ShardInput::Unreachable(unreachable, transport)) => {
                    self.fail_transport(now, unreachable, transport);
                }
                Some(ShardInput::Question(question)) => question(&mut self.engine),
                Some(ShardInput::TraceQuestion(question)) => {
                    question(&self.engine, &mut self.tracer);
                }
            }
        }
        false
    }

    fn hear_media(&mut self, now: Now) {
        while let Some(command) = self.media.poll_command(&self.gauges.media) {
            self.engine.handle_command(now, command);
        }
    }

    /// Sends all that waits. A destination that refuses may make a call send something else, so
    /// there are a few rounds; the rest is for the next turn.
    fn flush_all(&mut self, now: Now) {
        self.restless = (0..FLUSHES_PER_TURN).all(|_| self.flush(now));
    }

    /// Records, then media, then messages: no packet leaves before what it relies on. Returns
    /// whether the engine has heard something meanwhile.
    fn flush(&mut self, now: Now) -> bool {
        while let Some(entry) = self.engine.poll_journal() {
            self.gauges.count(&entry);
            self.quality.note(&entry);
            if let JournalEntry::Ended(record) = &entry {
                self.tracer.ended(now.instant, record);
            }
            if let Err(error) = self.journal.append(&entry) {
                tracing::error!(%error, shard = self.number, "a record was not written");
            }
        }
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Media(command) => self.media.carry_out(command),
                Event::Refused { transport, remote } => {
                    let refused = Unreachable {
                        destination: remote,
                        host: None,
                        reason: UnreachableReason::Refused,
                        evidence: transport::Evidence::Certain,
                    };
                    self.tell_others(refused, transport);
                }
                Event::Trace(_) => {}
                Event::Gateway(change) => tell_of_gateway(&change),
                Event::Registration(change) => tell_of_registration(&change),
                Event::OneWayMedia(found) => tell_of_one_way(&found),
            }
        }
        let mut queue_full = 0;
        let mut not_sent = Vec::new();
        for transmit in self.engine.transmits() {
            let Transmit { bytes, path, .. } = transmit;
            let note = note_of(&self.own_addresses, now, Way::Sent, bytes, path);
            self.tracer.note(&note);
            let (sockets, tcp) = (&mut self.sockets, &self.tcp);
            if !queue(sockets, tcp, &self.local_addresses, &transmit) {
                queue_full += 1;
                not_sent.extend(failure_of(&transmit));
            }
        }
        self.engine.clear_transmits();
        if queue_full > 0 {
            self.gauges.dropped.fetch_add(queue_full, Ordering::Relaxed);
        }
        let has_failures = !not_sent.is_empty();
        for failure in not_sent {
            self.engine
                .handle_command(now, Command::TransportFailed(failure));
        }
        self.send(now) || has_failures
    }

    fn send(&mut self, now: Now) -> bool {
        let mut heard = false;
        for place in 0..self.sockets.len() {
            let Some(Some(socket)) = self.sockets.get_mut(place) else {
                continue;
            };
            if socket.sending.is_empty() || socket.blocked {
                continue;
            }
            match socket.socket.send(&mut socket.sending) {
                Ok(Flush::Complete) => {}
                Ok(Flush::Blocked) => socket.blocked = true,
                Err(error) => {
                    tracing::error!(%error, shard = self.number, "a UDP socket cannot be written");
                }
            }
            heard |= self.hear_unreachable(place, now);
        }
        heard
    }
}

fn tell_of_registration(change: &RegistrationChange) {
    let (address, gateway) = (&*change.address, &change.gateway);
    match change.is_registered {
        true => tracing::info!(address, %gateway, "registered with a carrier"),
        false => {
            let status = change.status;
            tracing::warn!(address, %gateway, status, "the registration with a carrier failed");
        }
    }
}

/// A carrier's gateway that is gone, or back, is worth an operator's look.
fn tell_of_gateway(change: &GatewayChange) {
    let (gateway, transport) = (&change.gateway, change.gateway.transport());
    match change.is_up {
        true => tracing::info!(%gateway, ?transport, "a gateway replies"),
        false => {
            tracing::warn!(%gateway, ?transport, "a gateway does not reply: no calls go to it")
        }
    }
}

/// Counted, and in the record of a call that it ended: a customer whose phones only listen would fill the log.
fn tell_of_one_way(found: &OneWayMedia) {
    let (call, side) = (format!("{:032x}", found.call.0), found.silent);
    match found.is_ended {
        true => tracing::debug!(%call, ?side, "a side is not heard: the call is hung up"),
        false => tracing::debug!(%call, ?side, "a side is not heard"),
    }
}

fn note_of<'a>(own: &[SocketAddr], now: Now, way: Way, bytes: &'a [u8], path: Path) -> Note<'a> {
    let unknown = SocketAddr::new(IpAddr::from([0; 4]), 0);
    let transport = match path.transport {
        Transport::Udp => rating::cdr::Transport::Udp,
        Transport::Tcp => rating::cdr::Transport::Tcp,
        Transport::Tls => rating::cdr::Transport::Tls,
        Transport::Ws => rating::cdr::Transport::Ws,
        Transport::Wss => rating::cdr::Transport::Wss,
    };
    Note {
        at: now.wall,
        way,
        transport,
        local: own
            .get(usize::from(path.listener))
            .copied()
            .unwrap_or(unknown),
        remote: path.remote,
        bytes,
    }
}

/// What the engine is told of a request that found a connection's queue full: nothing would send it
/// again. A datagram has its transaction's timer.
fn failure_of(transmit: &Transmit<'_>) -> Option<TransportFailure> {
    let Path {
        transport,
        remote,
        host,
        ..
    } = transmit.path;
    let token = transmit.token.filter(|_| transport.is_reliable())?;
    Some(TransportFailure {
        transport,
        remote,
        host,
        evidence: Evidence::Message(token),
    })
}

/// Puts a message where it leaves from; false when it was dropped because a queue is full.
fn queue(
    sockets: &mut [Option<ShardSocket>],
    tcp: &TcpHandle,
    local_addresses: &[IpAddr],
    transmit: &Transmit<'_>,
) -> bool {
    let place = usize::from(transmit.path.listener);
    match transmit.path.transport {
        Transport::Udp => match sockets.get_mut(place) {
            Some(Some(socket)) => socket
                .sending
                .push(transmit.path.remote, transmit.bytes)
                .is_ok(),
            _ => false,
        },
        transport => {
            let Some(local) = local_addresses.get(place) else {
                return false;
            };
            let destination = TcpDestination {
                transport,
                peer: transmit.path.remote,
                host: transmit.path.host,
                local: *local,
                connection: transmit.path.connection.map(|connection| {
                    sip_core::transport::tcp::ConnectionId::from_u64(connection.0)
                }),
            };
            tcp.send(destination, Bytes::copy_from_slice(transmit.bytes))
                .is_ok()
        }
    }
}

/// Registers a shard's sockets with its poll.
pub(crate) fn register(poll: &Poll, sockets: &[Option<ShardSocket>]) -> io::Result<()> {
    for (place, socket) in sockets.iter().enumerate() {
        if let Some(socket) = socket {
            let descriptor = std::os::fd::AsRawFd::as_raw_fd(&socket.socket);
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut SourceFd(&descriptor), Token(place), interest)?;
        }
    }
    Ok(())
}
