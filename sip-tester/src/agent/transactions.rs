//! The agent's transactions: sip-core's machines, found by branch, on UDP.
//!
//! The agent's table is a simple one, with random branches and maps. It shares the four machines
//! with the switch, not the switch's table, tickets or timer wheel, so that a mistake there does
//! not hide behind the same mistake here.

mod key;
mod messages;

use super::CallHandle;
use super::alarm::Alarms;
use key::{Key, cancelled_key, client_key, server_key};
use sip_core::Instant;
use sip_core::message::{Message, Method};
use sip_core::transaction::{
    Action, Actions, Client, ClientInput, InviteClient, InviteClientInput, InviteServer,
    InviteServerInput, Server, ServerInput, Timer, Timings,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;

/// Server transactions at once; requests beyond are dropped, as a full socket buffer would.
const MAX_TRANSACTIONS: usize = 200_000;

/// A transaction; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TransactionId(u64);

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Invite,
    Cancel,
    Bye,
    Reinvite,
    /// UPDATE, INFO or OPTIONS in the middle of a call.
    MidCall,
    /// OPTIONS outside of any call.
    Ping,
}

/// Whose transaction it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) call: CallHandle,
    pub(crate) purpose: Purpose,
}

/// A transaction that ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expired {
    /// A request of ours got no final response.
    Unanswered(User),
    /// A request of ours could not be sent.
    Unreachable(User),
    /// A final response of ours got no ACK.
    Unacknowledged(CallHandle),
}

/// What a received request is to the transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// A retransmission, or an ACK that the machine wanted.
    Absorbed,
    /// The ACK of a 2xx: it belongs to the dialog.
    AckOfSuccess,
    /// A new request.
    New(TransactionId),
    /// A new CANCEL, and the INVITE it cancels if that is known.
    Cancel(TransactionId, Option<TransactionId>),
    /// It cannot be matched to anything.
    Unusable,
}

/// What may happen to every machine.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Timer(Timer),
    Unreachable,
}

#[derive(Debug)]
enum Machine {
    InviteClient(InviteClient),
    Client(Client),
    InviteServer(InviteServer),
    Server(Server),
}

#[derive(Debug)]
struct Transaction {
    machine: Machine,
    key: Key,
    remote: SocketAddr,
    /// What may have to be sent again.
    kept: Vec<u8>,
    /// Of a client transaction.
    user: Option<User>,
    /// Of a server transaction whose call wants to know when no ACK comes.
    call: Option<CallHandle>,
    /// Letter of the armed timer that resends, and of the one that bounds.
    letters: [Option<Timer>; 2],
}

/// The table.
#[derive(Debug)]
pub(crate) struct Transactions {
    timings: Timings,
    transactions: BTreeMap<TransactionId, Transaction>,
    ids: HashMap<Key, TransactionId>,
    last_id: u64,
    /// The flag tells the resending timer from the bounding one.
    timers: Alarms<TransactionId, bool>,
    expired: VecDeque<Expired>,
    outbox: VecDeque<(SocketAddr, Vec<u8>)>,
}

impl Transactions {
    pub(crate) fn new(timings: Timings) -> Self {
        Self {
            timings,
            transactions: BTreeMap::new(),
            ids: HashMap::new(),
            last_id: 0,
            timers: Alarms::new(),
            expired: VecDeque::new(),
            outbox: VecDeque::new(),
        }
    }

    pub(crate) fn timings(&self) -> Timings {
        self.timings
    }

    /// Sends a request with `branch` in its Via.
    pub(crate) fn request(
        &mut self,
        now: Instant,
        user: User,
        branch: String,
        remote: SocketAddr,
        bytes: Vec<u8>,
    ) -> TransactionId {
        let is_invite = matches!(user.purpose, Purpose::Invite | Purpose::Reinvite);
        let (machine, actions) = if is_invite {
            let (machine, actions) = InviteClient::start(&self.timings, false);
            (Machine::InviteClient(machine), actions)
        } else {
            let (machine, actions) = Client::start(&self.timings, false);
            (Machine::Client(machine), actions)
        };
        let is_cancel = user.purpose == Purpose::Cancel;
        let id = self.insert(
            Key::Client { branch, is_cancel },
            machine,
            remote,
            Some(user),
        );
        self.carry_out(now, id, actions, Some(bytes), None);
        id
    }

    /// Sends a CANCEL for an INVITE of ours that has a provisional response (RFC 3261 §9.1).
    pub(crate) fn cancel(&mut self, now: Instant, invite: TransactionId, user: User) {
        let Some(transaction) = self.transactions.get_mut(&invite) else {
            return;
        };
        let Machine::InviteClient(machine) = &mut transaction.machine else {
            return;
        };
        let actions = machine.on(InviteClientInput::Cancelled, &self.timings);
        let cancel = messages::cancel_of(&transaction.kept);
        let (remote, key) = (transaction.remote, transaction.key.clone());
        self.carry_out(now, invite, actions, None, None);
        if let (Some(bytes), Key::Client { branch, .. }) = (cancel, key) {
            self.request(now, user, branch, remote, bytes);
        }
    }

    /// Stops sending an INVITE again that has had no response and is no longer wanted.
    pub(crate) fn abandon(&mut self, now: Instant, invite: TransactionId) {
        let timings = self.timings;
        if let Some(Machine::InviteClient(machine)) = self.machine(invite) {
            let actions = machine.on(InviteClientInput::Abandoned, &timings);
            self.carry_out(now, invite, actions, None, None);
        }
    }

    /// Finds or opens the transaction of a received request.
    pub(crate) fn receive_request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &Message<'_>,
    ) -> Received {
        let (Some(key), Some(method)) = (server_key(request), request.method()) else {
            return Received::Unusable;
        };
        if let Some(&id) = self.ids.get(&key) {
            return self.receive_again(now, id, method);
        }
        if method == Method::Ack {
            return Received::AckOfSuccess;
        }
        if self.transactions.len() >= MAX_TRANSACTIONS {
            return Received::Unusable;
        }
        let cancelled = cancelled_key(&key).and_then(|key| self.ids.get(&key).copied());
        let machine = if method == Method::Invite {
            Machine::InviteServer(InviteServer::start(&self.timings, false))
        } else {
            Machine::Server(Server::start(false))
        };
        let id = self.insert(key, machine, from, None);
        if method == Method::Cancel {
            return Received::Cancel(id, cancelled);
        }
        Received::New(id)
    }

    fn receive_again(&mut self, now: Instant, id: TransactionId, method: Method<'_>) -> Received {
        let timings = self.timings;
        let actions = match self.machine(id) {
            Some(Machine::InviteServer(machine)) if method == Method::Ack => {
                machine.on(InviteServerInput::Ack, &timings)
            }
            Some(Machine::InviteServer(machine)) => {
                machine.on(InviteServerInput::Request, &timings)
            }
            Some(Machine::Server(machine)) => machine.on(ServerInput::Request, &timings),
            _ => return Received::Unusable,
        };
        let is_delivered = self.carry_out(now, id, actions, None, None);
        // An ACK of a 2xx with the INVITE's branch, against RFC 3261 §13.2.2.4, still is one.
        if is_delivered {
            Received::AckOfSuccess
        } else {
            Received::Absorbed
        }
    }

    /// Tells `call` when this INVITE's final response gets no ACK.
    pub(crate) fn watch(&mut self, id: TransactionId, call: CallHandle) {
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.call = Some(call);
        }
    }

    /// Drops a transaction without a word: its request will look new when it comes again.
    pub(crate) fn forget(&mut self, id: TransactionId) {
        self.remove(id);
    }

    /// Number of transactions, for tests of leaks.
    pub(crate) fn len(&self) -> usize {
        self.transactions.len()
    }

    /// Sends a response.
    pub(crate) fn respond(&mut self, now: Instant, id: TransactionId, status: u16, bytes: Vec<u8>) {
        let timings = self.timings;
        let actions = match (self.machine(id), status) {
            (Some(Machine::InviteServer(machine)), _) => {
                let input = match status {
                    ..200 => InviteServerInput::Provisional,
                    200..300 => InviteServerInput::Success,
                    300.. => InviteServerInput::Failure,
                };
                machine.on(input, &timings)
            }
            (Some(Machine::Server(machine)), ..200) => {
                machine.on(ServerInput::Provisional, &timings)
            }
            (Some(Machine::Server(machine)), _) => machine.on(ServerInput::Final, &timings),
            _ => return,
        };
        self.carry_out(now, id, actions, Some(bytes), None);
    }

    /// Sends the 2xx of an INVITE again.
    pub(crate) fn answer_again(&mut self, now: Instant, id: TransactionId) {
        let timings = self.timings;
        if let Some(Machine::InviteServer(machine)) = self.machine(id) {
            let actions = machine.on(InviteServerInput::SuccessAgain, &timings);
            self.carry_out(now, id, actions, None, None);
        }
    }

    /// Takes a received response. Tells whose it is, unless the machine keeps it.
    pub(crate) fn receive_response(
        &mut self,
        now: Instant,
        response: &Message<'_>,
    ) -> Result<Option<User>, NoTransaction> {
        let status = response.status().ok_or(NoTransaction)?;
        let id = client_key(response).and_then(|key| self.ids.get(&key).copied());
        let id = id.ok_or(NoTransaction)?;
        let timings = self.timings;
        let transaction = self.transactions.get_mut(&id).ok_or(NoTransaction)?;
        let user = transaction.user;
        let actions = match &mut transaction.machine {
            Machine::InviteClient(machine) => {
                let input = match status {
                    ..200 => InviteClientInput::Provisional,
                    200..300 => InviteClientInput::Success,
                    300.. => InviteClientInput::Failure,
                };
                machine.on(input, &timings)
            }
            Machine::Client(machine) => {
                let is_final = status >= 200;
                let input = if is_final {
                    ClientInput::Final
                } else {
                    ClientInput::Provisional
                };
                machine.on(input, &timings)
            }
            Machine::InviteServer(_) | Machine::Server(_) => return Err(NoTransaction),
        };
        let is_delivered = self.carry_out(now, id, actions, None, Some(response));
        Ok(user.filter(|_| is_delivered))
    }

    /// Sends something outside of all transactions: the ACK of a 2xx.
    pub(crate) fn send(&mut self, remote: SocketAddr, bytes: Vec<u8>) {
        self.outbox.push_back((remote, bytes));
    }

    /// Every request to `remote` that is under way has failed (RFC 3261 §17.1.4).
    pub(crate) fn handle_unreachable(&mut self, now: Instant, remote: SocketAddr) {
        let affected = self
            .transactions
            .iter()
            .filter(|(_, transaction)| transaction.user.is_some() && transaction.remote == remote);
        let affected: Vec<_> = affected.map(|(id, _)| *id).collect();
        for id in affected {
            self.feed(now, id, Happening::Unreachable);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        while let Some((id, is_resending)) = self.timers.pop_due(now) {
            let transaction = self.transactions.get_mut(&id);
            let timer = transaction.and_then(|t| t.letters[usize::from(is_resending)].take());
            if let Some(timer) = timer {
                self.feed(now, id, Happening::Timer(timer));
            }
        }
    }

    /// Gives a machine an input that all four have.
    fn feed(&mut self, now: Instant, id: TransactionId, happening: Happening) {
        let timings = &self.timings;
        let Some(transaction) = self.transactions.get_mut(&id) else {
            return;
        };
        let actions = match (&mut transaction.machine, happening) {
            (Machine::InviteClient(machine), Happening::Timer(timer)) => {
                machine.on(InviteClientInput::Timer(timer), timings)
            }
            (Machine::InviteClient(machine), Happening::Unreachable) => {
                machine.on(InviteClientInput::TransportError, timings)
            }
            (Machine::Client(machine), Happening::Timer(timer)) => {
                machine.on(ClientInput::Timer(timer), timings)
            }
            (Machine::Client(machine), Happening::Unreachable) => {
                machine.on(ClientInput::TransportError, timings)
            }
            (Machine::InviteServer(machine), Happening::Timer(timer)) => {
                machine.on(InviteServerInput::Timer(timer), timings)
            }
            (Machine::Server(machine), Happening::Timer(timer)) => {
                machine.on(ServerInput::Timer(timer), timings)
            }
            // A response that cannot be sent is lost; the request will come again.
            (Machine::InviteServer(_) | Machine::Server(_), Happening::Unreachable) => return,
        };
        self.carry_out(now, id, actions, None, None);
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        self.outbox.pop_front()
    }

    pub(crate) fn has_transmits(&self) -> bool {
        !self.outbox.is_empty()
    }

    pub(crate) fn poll_expired(&mut self) -> Option<Expired> {
        self.expired.pop_front()
    }

    fn machine(&mut self, id: TransactionId) -> Option<&mut Machine> {
        self.transactions
            .get_mut(&id)
            .map(|transaction| &mut transaction.machine)
    }

    fn insert(
        &mut self,
        key: Key,
        machine: Machine,
        remote: SocketAddr,
        user: Option<User>,
    ) -> TransactionId {
        self.last_id += 1;
        let id = TransactionId(self.last_id);
        self.ids.insert(key.clone(), id);
        let transaction = Transaction {
            machine,
            key,
            remote,
            kept: Vec::new(),
            user,
            call: None,
            letters: [None; 2],
        };
        self.transactions.insert(id, transaction);
        id
    }

    /// Does what the machine asks for. `true` when the message is for the transaction's user.
    fn carry_out(
        &mut self,
        now: Instant,
        id: TransactionId,
        actions: Actions,
        mut to_send: Option<Vec<u8>>,
        response: Option<&Message<'_>>,
    ) -> bool {
        let mut is_delivered = false;
        for action in actions {
            let Some(transaction) = self.transactions.get_mut(&id) else {
                break;
            };
            match action {
                Action::Send => {
                    transaction.kept = to_send.take().unwrap_or_default();
                    self.outbox
                        .push_back((transaction.remote, transaction.kept.clone()));
                }
                Action::Resend if transaction.kept.is_empty() => {}
                Action::Resend => {
                    self.outbox
                        .push_back((transaction.remote, transaction.kept.clone()));
                }
                Action::Acknowledge => {
                    let ack = response.and_then(|r| messages::ack_of(&transaction.kept, r));
                    transaction.kept = ack.unwrap_or_default();
                    self.outbox
                        .push_back((transaction.remote, transaction.kept.clone()));
                }
                Action::Forget => transaction.kept = Vec::new(),
                Action::Deliver => is_delivered = true,
                Action::Arm(timer, length) => {
                    let is_resending = timer.is_retransmission();
                    transaction.letters[usize::from(is_resending)] = Some(timer);
                    self.timers.set(id, is_resending, now + length);
                }
                Action::Disarm(timer) => self.disarm(id, timer),
                Action::TimedOut => self.expire(id, Expired::Unanswered),
                Action::TransportFailed => self.expire(id, Expired::Unreachable),
                Action::Terminate => self.remove(id),
            }
        }
        is_delivered
    }

    fn disarm(&mut self, id: TransactionId, timer: Timer) {
        let is_resending = timer.is_retransmission();
        if let Some(transaction) = self.transactions.get_mut(&id) {
            let letter = &mut transaction.letters[usize::from(is_resending)];
            if *letter == Some(timer) {
                *letter = None;
                self.timers.cancel(id, is_resending);
            }
        }
    }

    fn expire(&mut self, id: TransactionId, of_client: impl FnOnce(User) -> Expired) {
        let transaction = self.transactions.get(&id);
        let expired = transaction.and_then(|transaction| match transaction.user {
            Some(user) => Some(of_client(user)),
            None => transaction.call.map(Expired::Unacknowledged),
        });
        self.expired.extend(expired);
    }

    fn remove(&mut self, id: TransactionId) {
        self.timers.cancel_all(id);
        if let Some(transaction) = self.transactions.remove(&id) {
            self.ids.remove(&transaction.key);
        }
    }
}

/// A response that answers nothing we asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoTransaction;
