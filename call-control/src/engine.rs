//! The engine of one shard: messages, commands and time in; messages, records and events out.

use crate::call::Call;
use crate::config::{EngineConfig, Now};
use crate::core::Core;
use crate::counters::Counters;
use crate::events::{Command, Datagram, Event};
use crate::media::MediaPorts;
use rating::cdr::JournalEntry;
use routing_engine::Snapshot;
use sip_core::slab::{Slab, SlabKey};
use sip_core::transaction::{Path, Transmit};
use sip_core::{Instant, Message};
use std::net::IpAddr;
use std::sync::Arc;

/// All calls of one shard. It does no I/O, reads no clock, and holds no lock.
///
/// The shell's loop, in this order:
///
/// 1. [`handle_message`](Self::handle_message) for each message received,
///    [`handle_command`](Self::handle_command) for each command.
/// 2. [`handle_timeout`](Self::handle_timeout) when [`poll_timeout`](Self::poll_timeout) says so.
/// 3. [`poll_journal`](Self::poll_journal) until `None`, and write what it gives: a record must be
///    in the journal before the packet that ends or answers the call leaves.
/// 4. [`poll_event`](Self::poll_event) until `None`: media must be ready before the packet that
///    names its ports leaves.
/// 5. [`transmits`](Self::transmits), send all, then [`clear_transmits`](Self::clear_transmits);
///    or [`poll_transmit`](Self::poll_transmit) one by one.
///
/// `now` must never go back from one call to the next. After a turn of the loop all queues are
/// empty, so nothing grows without bound.
pub struct Engine {
    pub(crate) core: Core,
    pub(crate) calls: Slab<Call>,
}

impl Engine {
    /// An engine without calls. `seed` is random; the same seed and inputs give the same outputs.
    pub fn new(
        config: EngineConfig,
        seed: u64,
        now: Now,
        snapshot: Arc<Snapshot>,
        media: Box<dyn MediaPorts>,
    ) -> Self {
        Self {
            calls: Slab::with_capacity(config.limits.max_calls),
            core: Core::new(config, seed, now, snapshot, media),
        }
    }

    /// Handles one message as it came from the network.
    pub fn handle_message(&mut self, now: Now, datagram: &Datagram<'_>) {
        match &mut Message::parse(datagram.bytes, &self.core.config.limits.message) {
            Ok(message) => {
                message.read_ahead();
                self.handle_parsed(now, message, datagram.path);
            }
            Err(error) => self.answer_malformed(now, datagram, *error),
        }
    }

    /// Handles one message that the shell has parsed, to find its owner.
    pub fn handle_parsed(&mut self, now: Now, message: &Message<'_>, path: Path) {
        self.core.counters.messages_received += 1;
        if message.is_request() {
            self.handle_request(now, message, path);
        } else {
            self.handle_response(now, message, path);
        }
        self.deliver_letters(now);
    }

    /// Lets time pass: retransmissions, timeouts, limits of duration.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(expired) = {
            let core = &mut self.core;
            core.transactions
                .handle_timeout(now.instant, &mut core.outbox)
        } {
            self.handle_expired(now, expired);
        }
        while let Some(timer) = self.core.timers.expire(now.instant) {
            self.handle_call_timer(now, timer);
        }
        self.probe_gateways(now);
        self.renew_registrations(now);
        self.drain_some(now);
        self.deliver_letters(now);
    }

    /// Carries out an order of the shell.
    pub fn handle_command(&mut self, now: Now, command: Command) {
        self.carry_out(now, command);
        self.deliver_letters(now);
    }

    /// Writes the final record of each call that has its end, but whose carrier has not had its
    /// last word yet. For the stop of the process: to be called once, after the last message and
    /// before the journal is closed, and [`poll_journal`](Self::poll_journal) after it.
    ///
    /// Calls that are still answered keep their open record, which recovery closes; calls that
    /// are still hunting leave none.
    pub fn settle_all(&mut self, now: Now) {
        let keys: Vec<SlabKey> = self.calls.iter_from(0).map(|(key, _)| key).collect();
        for key in keys {
            self.with_call(now.instant, key, |call, core| call.settle_now(core));
        }
    }

    /// The next record for the journal. To be taken before any message is sent.
    pub fn poll_journal(&mut self) -> Option<JournalEntry> {
        self.core.journal.pop_front()
    }

    /// The next event. To be taken before any message is sent.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.core.events.pop_front()
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        debug_assert!(self.core.journal.is_empty(), "records come before messages");
        let transmit = self.core.outbox.pop()?;
        self.core.counters.messages_sent += 1;
        Some(transmit)
    }

    /// All messages to send, in order, for one system call.
    pub fn transmits(&self) -> impl Iterator<Item = Transmit<'_>> {
        debug_assert!(self.core.journal.is_empty(), "records come before messages");
        self.core.outbox.iter()
    }

    /// Forgets the messages that [`Engine::transmits`] showed.
    pub fn clear_transmits(&mut self) {
        self.core.counters.messages_sent += self.core.outbox.len() as u64;
        self.core.outbox.clear();
    }

    /// When to call [`Engine::handle_timeout`] next; `None` when nothing waits for time.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let timeouts = [
            self.core.transactions.poll_timeout(),
            self.core.timers.next_deadline(),
            self.core.drain.next_step(),
            self.core.probes.next_turn(),
            self.core.registrations.next_turn(),
        ];
        timeouts.into_iter().flatten().min()
    }

    /// Live numbers, as of now.
    pub fn counters(&self) -> Counters {
        Counters {
            retransmissions: self.core.transactions.retransmissions(),
            calls: self.calls.len() as u32,
            transactions: self.core.transactions.len() as u32,
            timers: (self.core.transactions.timers() + self.core.timers.armed()) as u32,
            ..self.core.counters
        }
    }

    /// Whether an address is a source of a customer or a gateway of a carrier, or one from which a
    /// customer's password was shown not long ago.
    pub fn knows(&self, now: Instant, source: IpAddr) -> bool {
        self.core.knows(now, source)
    }

    /// Number of the snapshot that new calls are decided with.
    pub fn snapshot_number(&self) -> u64 {
        self.core.snapshot.number()
    }

    /// True when no call is up: after a drain the shell may stop. Transactions may linger to
    /// answer retransmissions.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// Runs `act` on a call, reports its messages when it is traced, and frees it when it is over.
    /// `None` when the key is stale.
    pub(crate) fn with_call<R>(
        &mut self,
        now: Instant,
        key: SlabKey,
        act: impl FnOnce(&mut Call, &mut Core) -> R,
    ) -> Option<R> {
        let call = self.calls.get_mut(key)?;
        let before = self.core.outbox.len();
        let result = act(call, &mut self.core);
        if call.is_traced() {
            call.trace_sent(&mut self.core, now, before);
        }
        if call.is_over() {
            self.core.disarm_all(key);
            self.calls.remove(key);
        }
        Some(result)
    }
}
