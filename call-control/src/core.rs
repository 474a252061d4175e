//! What all calls of a shard share: transactions, timers, queues, the snapshot.

use crate::addressing::Listeners;
use crate::config::{EngineConfig, Now};
use crate::counters::Counters;
use crate::drain::Drain;
use crate::events::Event;
use crate::media::{KeySource, MediaCommand, MediaPorts};
use crate::nonces::Nonces;
use crate::probing::Probes;
use crate::random::Random;
use crate::refusals::Refusals;
use crate::registering::Registrations;
use crate::sources::{SourceGate, SourceLimits};
use crate::transfer::Post;
use media_control::description::permitted;
use media_relay::{ReadyPair, RemoteMedia, SessionId, Side};
use rating::Timestamp;
use rating::cdr::{CallId, JournalEntry};
use routing_engine::names::AddressTable;
use routing_engine::{QualityTable, Snapshot};
use sip_core::slab::SlabKey;
use sip_core::ticket::{Ticket, TicketText};
use sip_core::timer::{TimerId, TimerWheel};
use sip_core::transaction::{Outbox, TransactionConfig, TransactionTable};
use sip_core::{Duration, Instant};
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::Arc;

/// What a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) call: SlabKey,
    pub(crate) role: Role,
}

/// The part that a transaction plays in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The INVITE that began the call.
    Invite,
    /// The INVITE of an attempt, by its index.
    Attempt(u16),
    /// A request received within the call that is relayed to the other leg, by its number.
    Served(u16),
    /// The same on the other leg.
    Relayed(u16),
    /// A re-INVITE or UPDATE of our own that refreshes the session of a leg.
    Refresh(Side),
    /// An OPTIONS of our own that asks a leg's peer whether the call is up.
    Probe(Side),
    /// Our PRACK to the carrier.
    Prack,
    /// Our BYE.
    Bye,
    /// An OPTIONS outside of any call, to an address of a gateway: its key is the gateway's number and
    /// the round ([`Probes`](crate::probing::Probes)), and this is the address's place in the round.
    Gateway(u16),
    /// A REGISTER of ours: its key is the registration's number and the round
    /// ([`Registrations`](crate::registering::Registrations)).
    Registration,
    /// Nobody waits for anything.
    Detached,
}

/// The timers of a call; each call owns one number for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallTimer {
    /// First reply, then ringing, of the attempt that is under way.
    Hunting,
    /// The 2xx that we sent to the customer waits for its ACK.
    IngressAck,
    /// The 2xx that we sent to the carrier (for its re-INVITE) waits for its ACK.
    EgressAck,
    /// A reliable provisional response to the customer waits for its PRACK.
    Prack,
    /// The customer's session wants its refresh, or ends for want of one.
    IngressSession,
    /// The carrier's.
    EgressSession,
    /// A relayed re-INVITE waits for its final response.
    Exchange,
    /// The longest duration, or the end of what is paid.
    Duration,
}

const CALL_TIMERS: [CallTimer; 8] = [
    CallTimer::Hunting,
    CallTimer::IngressAck,
    CallTimer::EgressAck,
    CallTimer::Prack,
    CallTimer::IngressSession,
    CallTimer::EgressSession,
    CallTimer::Exchange,
    CallTimer::Duration,
];

impl CallTimer {
    /// The timer for the ACK of `side`.
    pub(crate) fn ack_of(side: Side) -> Self {
        match side {
            Side::Ingress => Self::IngressAck,
            Side::Egress => Self::EgressAck,
        }
    }

    /// The timer for the session of `side`.
    pub(crate) fn session_of(side: Side) -> Self {
        match side {
            Side::Ingress => Self::IngressSession,
            Side::Egress => Self::EgressSession,
        }
    }

    fn id(self, call: SlabKey) -> TimerId {
        TimerId(call.slot * CALL_TIMERS.len() as u32 + self as u32)
    }

    /// The slot of the call, and which of its timers.
    pub(crate) fn of(id: TimerId) -> (u32, Self) {
        let count = CALL_TIMERS.len() as u32;
        (id.0 / count, CALL_TIMERS[(id.0 % count) as usize])
    }
}

/// Shared by the calls of a shard, which borrow it in turn.
pub(crate) struct Core {
    pub(crate) config: EngineConfig,
    pub(crate) listeners: Listeners,
    pub(crate) transactions: TransactionTable<User>,
    pub(crate) outbox: Outbox,
    pub(crate) journal: VecDeque<JournalEntry>,
    pub(crate) events: VecDeque<Event>,
    /// What calls wrote to each other; empty after each turn.
    pub(crate) letters: VecDeque<Post>,
    pub(crate) counters: Counters,
    pub(crate) timers: TimerWheel,
    pub(crate) snapshot: Arc<Snapshot>,
    /// Of gateways behind names.
    pub(crate) addresses: Arc<AddressTable>,
    /// How carriers do, as the shell has gathered it.
    pub(crate) quality: Arc<QualityTable>,
    pub(crate) sources: SourceGate,
    pub(crate) refusals: Refusals,
    /// Of our challenges to callers.
    pub(crate) nonces: Nonces,
    /// Gateways that are asked whether they are there, if this engine is the one that asks.
    pub(crate) probes: Probes,
    /// With carriers, if this engine is the one that keeps them.
    pub(crate) registrations: Registrations,
    pub(crate) drain: Drain,
    pub(crate) journal_available: bool,
    /// The shell does not keep up: what new callers are told to wait, seconds.
    pub(crate) shed_for_s: Option<u16>,
    /// New calls still to be traced.
    pub(crate) calls_to_trace: u32,
    /// Which call has which media session.
    pub(crate) media_sessions: HashMap<SessionId, SlabKey>,
    /// A buffer for messages that belong to no transaction.
    pub(crate) scratch: Vec<u8>,
    media: Box<dyn MediaPorts>,
    random: Random,
}

impl Core {
    pub(crate) fn new(
        config: EngineConfig,
        seed: u64,
        now: Now,
        snapshot: Arc<Snapshot>,
        media: Box<dyn MediaPorts>,
    ) -> Self {
        let mut random = Random::new(seed);
        let limits = config.limits;
        let transactions = TransactionTable::new(
            TransactionConfig {
                timings: config.timings,
                max_transactions: limits.max_transactions,
                shard: config.shard,
                ticket_key: config.ticket_key.clone(),
                secret: random.bytes(),
            },
            now.instant,
        );
        let sources = SourceGate::new(
            random.next_u64(),
            SourceLimits {
                per_source: limits.unknown_source_replies_per_s,
                in_total: limits.unknown_replies_total_per_s,
                challenges_in_total: limits.unknown_challenges_total_per_s,
                records: limits.unknown_source_records_per_s,
            },
        );
        let mut core = Self {
            listeners: Listeners::new(&config.listeners),
            transactions,
            outbox: Outbox::default(),
            journal: VecDeque::new(),
            events: VecDeque::new(),
            letters: VecDeque::new(),
            counters: Counters::default(),
            timers: TimerWheel::new(now.instant, limits.max_calls as usize * CALL_TIMERS.len()),
            addresses: Arc::default(),
            probes: Probes::default(),
            registrations: Registrations::default(),
            snapshot: Arc::clone(&snapshot),
            quality: Arc::default(),
            sources,
            refusals: Refusals::new(limits.stateless_records_per_s),
            nonces: Nonces::new(random.bytes(), config.shard, config.digest.nonce_lifetime),
            drain: Drain::default(),
            journal_available: true,
            shed_for_s: None,
            calls_to_trace: 0,
            media_sessions: HashMap::new(),
            scratch: Vec::with_capacity(2_048),
            media,
            random,
            config,
        };
        core.watch_carriers(now.instant, &snapshot);
        core
    }

    /// Decides new calls with another snapshot.
    pub(crate) fn set_snapshot(&mut self, now: Instant, snapshot: Arc<Snapshot>) {
        self.watch_carriers(now, &snapshot);
        self.snapshot = snapshot;
    }

    /// Finds gateways behind names by another table.
    pub(crate) fn set_addresses(&mut self, now: Now, table: Arc<AddressTable>) {
        self.addresses = table;
        self.follow_addresses(now.instant);
    }

    fn watch_carriers(&mut self, now: Instant, snapshot: &Snapshot) {
        if self.config.watches_carriers {
            let random = &mut self.random;
            self.probes
                .follow(snapshot, now, |below| random.below(below));
            self.follow_registrations(now, snapshot);
        }
    }

    // --- timers

    pub(crate) fn arm(&mut self, call: SlabKey, timer: CallTimer, now: Instant, length: Duration) {
        self.timers.arm(timer.id(call), now, length);
    }

    pub(crate) fn disarm(&mut self, call: SlabKey, timer: CallTimer) {
        self.timers.cancel(timer.id(call));
    }

    pub(crate) fn disarm_all(&mut self, call: SlabKey) {
        for timer in CALL_TIMERS {
            self.disarm(call, timer);
        }
    }

    // --- identifiers

    /// The tag of a leg: 0 is the ingress leg, `n + 1` the attempt with index `n`.
    pub(crate) fn tag(&self, call: SlabKey, discriminator: u16) -> TicketText {
        self.config.ticket_key.write(Ticket {
            shard: self.config.shard,
            slot: call.slot,
            generation: call.generation,
            discriminator,
        })
    }

    /// The call and leg that a tag of ours names; `None` for any other text.
    pub(crate) fn read_tag(&self, tag: &str) -> Option<(SlabKey, u16)> {
        let ticket = self.config.ticket_key.read(tag)?;
        let key = SlabKey {
            slot: ticket.slot,
            generation: ticket.generation,
        };
        (ticket.shard == self.config.shard).then_some((key, ticket.discriminator))
    }

    pub(crate) fn new_call_id(&mut self, wall: Timestamp) -> CallId {
        let millis = u128::try_from(wall.0 / 1_000).unwrap_or(0) & ((1 << 48) - 1);
        CallId(millis << 80 | self.random.next_u128() >> 48)
    }

    /// A Call-ID that tells nothing.
    pub(crate) fn new_sip_call_id(&mut self) -> Arc<str> {
        let mut text = arrayvec::ArrayString::<32>::new();
        // 32 hexadecimal digits fit.
        let _ = write!(text, "{:032x}", self.random.next_u128());
        Arc::from(text.as_str())
    }

    /// A nonce of ours as a client of digest authentication.
    pub(crate) fn new_client_nonce(&mut self) -> arrayvec::ArrayString<16> {
        let mut text = arrayvec::ArrayString::new();
        // 16 hexadecimal digits fit.
        let _ = write!(text, "{:016x}", self.random.next_u64());
        text
    }

    /// The number of a branch for an ACK, which has no transaction.
    pub(crate) fn new_branch_number(&mut self) -> u64 {
        self.random.next_u64()
    }

    pub(crate) fn random_below(&mut self, bound: u64) -> u64 {
        self.random.below(bound)
    }

    // --- media

    pub(crate) fn take_media(&mut self, call: SlabKey) -> Option<ReadyPair> {
        let pair = self.media.take()?;
        self.media_sessions.insert(pair.session, call);
        self.counters.media_sessions += 1;
        Some(pair)
    }

    /// Where keys for media come from.
    pub(crate) fn keys(&mut self) -> &mut dyn KeySource {
        &mut *self.media
    }

    pub(crate) fn media_command(&mut self, command: MediaCommand) {
        self.events.push_back(Event::Media(command));
    }

    /// Where the session of `pair` may send of what a description says; `None`: not even RTP.
    pub(crate) fn permitted(&self, pair: ReadyPair, remote: RemoteMedia) -> Option<RemoteMedia> {
        permitted(remote, pair, |address| self.media.may_send_to(address))
    }

    /// What the relay has counted so far.
    pub(crate) fn media_statistics(
        &self,
        session: SessionId,
    ) -> Option<media_relay::MediaStatistics> {
        self.media.statistics(session)
    }

    /// Gives a pair back, and says what was relayed.
    pub(crate) fn stop_media(
        &mut self,
        session: SessionId,
    ) -> Option<media_relay::MediaStatistics> {
        let statistics = self.media.statistics(session);
        self.media_command(MediaCommand::Stop(session));
        self.media_sessions.remove(&session);
        self.counters.media_sessions -= 1;
        statistics
    }
}

/// The branch with a number.
pub(crate) fn branch_of(number: u64) -> arrayvec::ArrayString<32> {
    let mut text = arrayvec::ArrayString::new();
    // 7 characters and 16 digits fit.
    let _ = write!(text, "z9hG4bK{number:016x}");
    text
}
