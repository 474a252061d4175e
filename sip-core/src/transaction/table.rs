//! The transactions of one shard: finding, keeping, timing, sending.

mod client_side;
mod expiry;
mod server_side;

pub use client_side::{Branch, CancelOutcome};
pub use expiry::{Expired, ExpiredReason};
pub use server_side::{Matched, response_path};

use super::key::{KeyMap, ServerKey, ServerKeys, TakeHash};
use super::{
    Action, Actions, Client, HostNumber, InviteClient, InviteServer, Outbox, Path, Server, Timer,
    Timings, TransmitToken, Transport,
};
use crate::Instant;
use crate::message::ReplyHead;
use crate::slab::{Slab, SlabKey};
use crate::ticket::TicketKey;
use crate::timer::{TimerId, TimerWheel};
use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::net::SocketAddr;

/// Marks a ticket as a branch: no tag of ours has this discriminator.
const BRANCH: u16 = u16::MAX;
/// Buffers kept for the next transactions.
const SPARE_BUFFERS: usize = 1_024;
/// A buffer that has grown beyond this is not kept.
const SPARE_BUFFER_BYTES: usize = 4_096;

/// What a table is told when it is made.
#[derive(Clone, Debug)]
pub struct TransactionConfig {
    /// T1, T2, T4.
    pub timings: Timings,
    /// The most transactions at once; beyond, [`TableFull`].
    pub max_transactions: u32,
    /// This shard's number, for branches.
    pub shard: u16,
    /// Signs branches.
    pub ticket_key: TicketKey,
    /// Random bytes that make keys of server transactions unpredictable.
    pub secret: [u8; 16],
}

/// The table is at its limit: refuse what would need a transaction, without state (503).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the transaction table is full")]
pub struct TableFull;

/// Why a request was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is no room for its transaction.
    #[error(transparent)]
    TableFull(#[from] TableFull),
    /// It is longer than this transport shall carry; another may.
    #[error("the request is too long for this transport")]
    TooLong,
    /// What peers put into it makes it larger than a message may be, or one of its values.
    #[error("the request would break the limits of a message")]
    BeyondLimits,
}

/// A server transaction; stale after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerId(SlabKey);

/// A client transaction; stale after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientId(SlabKey);

/// All transactions of one shard. `U` is what the TU wants to get back with each message of a
/// transaction: small and `Copy`.
///
/// - Messages in: [`match_request`](Self::match_request), [`match_response`](Self::match_response).
/// - The TU as UAS: [`open_server`](Self::open_server), [`respond`](Self::respond),
///   [`resend`](Self::resend), [`acknowledged`](Self::acknowledged).
/// - The TU as UAC: [`open_client`](Self::open_client), [`cancel`](Self::cancel).
/// - Time: [`handle_timeout`](Self::handle_timeout) until it returns `None`, at
///   [`poll_timeout`](Self::poll_timeout).
/// - The network's refusals: [`transport_failed`](Self::transport_failed).
///
/// Every message to send goes to the [`Outbox`] that is passed in.
#[derive(Debug)]
pub struct TransactionTable<U> {
    config: TransactionConfig,
    slots: Slab<Transaction<U>>,
    servers: KeyMap<SlabKey>,
    /// The INVITEs that begin dialogs and have no final response, by what their doubles share with them.
    origins: HashMap<u64, SlabKey, BuildHasherDefault<TakeHash>>,
    keys: ServerKeys,
    wheel: TimerWheel,
    spare: Vec<Vec<u8>>,
    /// Client transactions without any response, in no order: those that an unreachable address
    /// concerns.
    unanswered: Vec<SlabKey>,
    retransmissions: u64,
}

#[derive(Debug)]
struct Transaction<U> {
    machine: Machine,
    /// `None` for a CANCEL of ours: nobody waits for its response.
    user: Option<U>,
    path: Path,
    /// The message to send again, or to make an ACK or a CANCEL of.
    kept: Vec<u8>,
    /// Which timers the two timer numbers of the slot stand for.
    retransmission: Timer,
    lifetime: Timer,
    side: Side,
}

#[derive(Clone, Copy, Debug)]
enum Machine {
    InviteClient(InviteClient),
    InviteServer(InviteServer),
    Client(Client),
    Server(Server),
}

#[derive(Debug)]
enum Side {
    Client {
        /// The CANCEL of this INVITE. It has the INVITE's branch, so its response is found
        /// through the INVITE.
        cancel: Option<SlabKey>,
        /// Its place among the unanswered, until it has a response or is given up.
        unanswered: Option<u32>,
    },
    Server {
        key: ServerKey,
        /// Until the final response.
        head: Option<Box<ServerHead>>,
    },
}

/// What every response of a server transaction repeats.
#[derive(Debug)]
struct ServerHead {
    fields: ReplyHead,
    to_tag: crate::ticket::TicketText,
    /// Its key in the table of origins, if it is there.
    origin: Option<u64>,
}

impl std::fmt::Debug for ServerKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServerKeys(..)")
    }
}

impl<U: Copy> TransactionTable<U> {
    /// An empty table.
    pub fn new(config: TransactionConfig, now: Instant) -> Self {
        Self {
            slots: Slab::with_capacity(config.max_transactions),
            servers: KeyMap::default(),
            origins: HashMap::default(),
            keys: ServerKeys::new(config.secret),
            wheel: TimerWheel::new(now, config.max_transactions as usize * 2),
            spare: Vec::new(),
            unanswered: Vec::new(),
            retransmissions: 0,
            config,
        }
    }

    /// Transactions now.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// True when `count` more transactions would not fit.
    pub fn lacks_room_for(&self, count: usize) -> bool {
        self.slots.len() + count > self.config.max_transactions as usize
    }

    /// Timers now.
    pub fn timers(&self) -> usize {
        self.wheel.armed()
    }

    /// Messages sent again so far.
    pub fn retransmissions(&self) -> u64 {
        self.retransmissions
    }

    fn insert(
        &mut self,
        make: impl FnOnce(Vec<u8>) -> Transaction<U>,
    ) -> Result<SlabKey, TableFull> {
        if self.slots.is_full() {
            return Err(TableFull);
        }
        let buffer = self
            .spare
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(1_024));
        self.slots.insert_with(|_| make(buffer)).ok_or(TableFull)
    }

    /// Carries out what needs neither the received nor a new message. Says what the TU must hear.
    fn carry_out(
        &mut self,
        now: Instant,
        key: SlabKey,
        actions: &Actions,
        outbox: &mut Outbox,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        for action in actions {
            match *action {
                Action::Arm(timer, length) => {
                    self.note_timer(key, timer);
                    self.wheel.arm(timer_id(key, timer), now, length);
                }
                Action::Disarm(timer) => self.wheel.cancel(timer_id(key, timer)),
                Action::Resend => self.send_kept(key, outbox),
                Action::Forget => self.forget(key),
                Action::Deliver => outcome.deliver = true,
                Action::TimedOut => outcome.expired = Some(ExpiredReason::TimedOut),
                Action::TransportFailed => outcome.expired = Some(ExpiredReason::TransportFailed),
                Action::Terminate => self.terminate(key),
                // The caller has the messages for these.
                Action::Send | Action::Acknowledge => {}
            }
        }
        outcome
    }

    fn note_timer(&mut self, key: SlabKey, timer: Timer) {
        if let Some(transaction) = self.slots.get_mut(key) {
            match timer.is_retransmission() {
                true => transaction.retransmission = timer,
                false => transaction.lifetime = timer,
            }
        }
    }

    fn send_kept(&mut self, key: SlabKey, outbox: &mut Outbox) {
        let Some(transaction) = self.slots.get(key) else {
            return;
        };
        if transaction.kept.is_empty() {
            return;
        }
        outbox.push(transaction.path, transaction.token(key), &transaction.kept);
        self.retransmissions += 1;
    }

    fn forget(&mut self, key: SlabKey) {
        if let Some(transaction) = self.slots.get_mut(key) {
            let buffer = std::mem::take(&mut transaction.kept);
            self.recycle(buffer);
        }
    }

    fn recycle(&mut self, mut buffer: Vec<u8>) {
        let is_worth_keeping = (1..=SPARE_BUFFER_BYTES).contains(&buffer.capacity());
        if is_worth_keeping && self.spare.len() < SPARE_BUFFERS {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// It has a response, or nobody wants one any more.
    fn strike_unanswered(&mut self, key: SlabKey) {
        let Some(place) = self.slots.get_mut(key).and_then(Transaction::take_place) else {
            return;
        };
        self.unanswered.swap_remove(place as usize);
        let moved = self.unanswered.get(place as usize).copied();
        let moved = moved.and_then(|key| self.slots.get_mut(key));
        if let Some(Side::Client { unanswered, .. }) = moved.map(|moved| &mut moved.side) {
            *unanswered = Some(place);
        }
    }

    fn terminate(&mut self, key: SlabKey) {
        self.strike_unanswered(key);
        let Some(transaction) = self.slots.remove(key) else {
            return;
        };
        self.wheel.cancel(TimerId(key.slot * 2));
        self.wheel.cancel(TimerId(key.slot * 2 + 1));
        self.recycle(transaction.kept);
        match transaction.side {
            // The INVITE is over, and so is the purpose of its CANCEL.
            Side::Client {
                cancel: Some(cancel),
                ..
            } => self.terminate(cancel),
            Side::Client { cancel: None, .. } => {}
            Side::Server { key, head } => {
                self.servers.remove(&key);
                if let Some(origin) = head.and_then(|head| head.origin) {
                    self.origins.remove(&origin);
                }
            }
        }
    }
}

impl<U> Transaction<U> {
    fn take_place(&mut self) -> Option<u32> {
        match &mut self.side {
            Side::Client { unanswered, .. } => unanswered.take(),
            Side::Server { .. } => None,
        }
    }

    fn is_at(&self, transport: Transport, remote: SocketAddr, host: Option<HostNumber>) -> bool {
        let path = &self.path;
        path.transport == transport && path.remote == remote && path.host == host
    }

    fn is_unanswered(&self) -> bool {
        matches!(
            self.side,
            Side::Client {
                unanswered: Some(_),
                ..
            }
        )
    }

    /// Only the sender of a request cares whether it arrived at the network.
    fn token(&self, key: SlabKey) -> Option<TransmitToken> {
        matches!(self.side, Side::Client { .. }).then_some(TransmitToken(key))
    }
}

/// What a transition has for the TU.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    deliver: bool,
    expired: Option<ExpiredReason>,
}

/// Every slot owns two timer numbers: one for sending again, one for the end of a state.
fn timer_id(key: SlabKey, timer: Timer) -> TimerId {
    TimerId(key.slot * 2 + u32::from(!timer.is_retransmission()))
}

#[cfg(test)]
mod tests;
