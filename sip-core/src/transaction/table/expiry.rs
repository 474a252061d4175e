//! What ends a transaction from outside: time and the network.

use super::{Machine, Outcome, TransactionTable};
use crate::Instant;
use crate::slab::SlabKey;
use crate::timer::TimerId;
use crate::transaction::{
    ClientInput, HostNumber, InviteClientInput, InviteServerInput, Outbox, ServerInput,
    TransmitToken, Transport,
};
use std::net::SocketAddr;

/// A transaction that ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired<U> {
    /// The TU's value.
    pub user: U,
    /// Why.
    pub reason: ExpiredReason,
}

/// Why a transaction ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiredReason {
    /// The other side was silent: timer B, F or H.
    TimedOut,
    /// The message could not be sent.
    TransportFailed,
}

/// One input in the words of each machine.
#[derive(Clone, Copy)]
enum Input {
    Timer(crate::transaction::Timer),
    TransportError,
}

impl<U: Copy> TransactionTable<U> {
    /// Lets time pass. Returns one transaction that the TU must hear of; call again until `None`.
    pub fn handle_timeout(&mut self, now: Instant, outbox: &mut Outbox) -> Option<Expired<U>> {
        while let Some(id) = self.wheel.expire(now) {
            if let Some(expired) = self.on_timer(now, id, outbox) {
                return Some(expired);
            }
        }
        None
    }

    /// When to call [`TransactionTable::handle_timeout`] next; `None` when no timer runs.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.wheel.next_deadline()
    }

    fn on_timer(&mut self, now: Instant, id: TimerId, outbox: &mut Outbox) -> Option<Expired<U>> {
        let (key, transaction) = self.slots.at_mut(id.0 / 2)?;
        let timer = match id.0.is_multiple_of(2) {
            true => transaction.retransmission,
            false => transaction.lifetime,
        };
        self.on_any(now, key, Input::Timer(timer), outbox)
    }

    /// The network refused a request of ours, named by the token that came with it.
    pub fn transport_failed(
        &mut self,
        now: Instant,
        token: TransmitToken,
        outbox: &mut Outbox,
    ) -> Option<Expired<U>> {
        self.on_any(now, token.0, Input::TransportError, outbox)
    }

    /// Whether `branch` is of a request that was sent to this address, has no response yet and is
    /// still wanted.
    pub fn is_unanswered_at(&self, branch: &str, transport: Transport, remote: SocketAddr) -> bool {
        let Some(slot) = self.slot_of_branch(branch) else {
            return false;
        };
        self.slots.get(slot).is_some_and(|transaction| {
            transaction.is_at(transport, remote, None) && transaction.is_unanswered()
        })
    }

    /// The requests that were sent to an address, as one of a host if there is one, have no response
    /// yet and are still wanted.
    pub fn unanswered_at(
        &self,
        transport: Transport,
        remote: SocketAddr,
        host: Option<HostNumber>,
    ) -> Vec<TransmitToken> {
        let is_there = |key: &&SlabKey| {
            let transaction = self.slots.get(**key);
            transaction.is_some_and(|transaction| transaction.is_at(transport, remote, host))
        };
        let there = self.unanswered.iter().filter(is_there);
        there.map(|key| TransmitToken(*key)).collect()
    }

    fn on_any(
        &mut self,
        now: Instant,
        key: SlabKey,
        input: Input,
        outbox: &mut Outbox,
    ) -> Option<Expired<U>> {
        let timings = &self.config.timings;
        let transaction = self.slots.get_mut(key)?;
        let user = transaction.user;
        let actions = match (&mut transaction.machine, input) {
            (Machine::InviteClient(m), Input::Timer(t)) => {
                m.on(InviteClientInput::Timer(t), timings)
            }
            (Machine::InviteClient(m), _) => m.on(InviteClientInput::TransportError, timings),
            (Machine::InviteServer(m), Input::Timer(t)) => {
                m.on(InviteServerInput::Timer(t), timings)
            }
            (Machine::InviteServer(m), _) => m.on(InviteServerInput::TransportError, timings),
            (Machine::Client(m), Input::Timer(t)) => m.on(ClientInput::Timer(t), timings),
            (Machine::Client(m), _) => m.on(ClientInput::TransportError, timings),
            (Machine::Server(m), Input::Timer(t)) => m.on(ServerInput::Timer(t), timings),
            (Machine::Server(m), _) => m.on(ServerInput::TransportError, timings),
        };
        let Outcome { expired, .. } = self.carry_out(now, key, &actions, outbox);
        Some(Expired {
            user: user?,
            reason: expired?,
        })
    }
}
