//! Requests received and the responses to them.

use super::{
    Machine, Outcome, ServerHead, ServerId, Side, TableFull, Transaction, TransactionTable,
};
use crate::Instant;
use crate::error::ParseError;
use crate::header::Rport;
use crate::message::{Message, MessageWriter, Method, RecordRoutes, ReplyHead};
use crate::slab::SlabKey;
use crate::ticket::TicketText;
use crate::transaction::key::ServerKey;
use crate::transaction::{
    Action, Actions, InviteServer, InviteServerInput, InviteServerState, Outbox, Path, Server,
    ServerInput, Timer, Transport,
};
use crate::uri::{host_ip, is_private};
use arrayvec::ArrayString;
use std::fmt::Write;
use std::net::SocketAddr;

/// What a request is to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched<U> {
    /// The first of its kind: open a transaction with this key, or answer without state.
    New(ServerKey),
    /// A retransmission, or the ACK of a refusal: dealt with.
    Absorbed,
    /// A CANCEL, itself new, and the INVITE that it means if that is still here.
    Cancel {
        /// The CANCEL's own.
        key: ServerKey,
        /// The INVITE, which may have its final response already.
        invite: Option<(ServerId, U)>,
    },
    /// An ACK that no refused INVITE waits for: the ACK of a 2xx, or a stray. With the TU's value
    /// when it has the branch of an accepted INVITE.
    Ack(Option<U>),
}

impl<U: Copy> TransactionTable<U> {
    /// Finds out what a request is, and deals with retransmissions and the ACKs of refusals.
    ///
    /// # Errors
    /// When the top Via, or for a peer of RFC 2543 another mandatory field, cannot be read.
    pub fn match_request(
        &mut self,
        now: Instant,
        request: &Message<'_>,
        outbox: &mut Outbox,
    ) -> Result<Matched<U>, ParseError> {
        let method = request.method().unwrap_or(Method::Other(""));
        if method == Method::Ack {
            return self.match_ack(now, request, outbox);
        }
        let key = self.keys.of(request, method)?;
        if let Some(slot) = self.servers.get(&key).copied() {
            self.on_server(
                now,
                slot,
                InviteServerInput::Request,
                ServerInput::Request,
                outbox,
            );
            return Ok(Matched::Absorbed);
        }
        if method != Method::Cancel {
            return Ok(Matched::New(key));
        }
        // RFC 3261 §9.2: the INVITE that has all but the method in common.
        let invite = self
            .servers
            .get(&self.keys.of(request, Method::Invite)?)
            .copied();
        let invite = invite.and_then(|slot| Some((ServerId(slot), self.slots.get(slot)?.user?)));
        Ok(Matched::Cancel { key, invite })
    }

    fn match_ack(
        &mut self,
        now: Instant,
        ack: &Message<'_>,
        outbox: &mut Outbox,
    ) -> Result<Matched<U>, ParseError> {
        // RFC 3261 §17.2.3: an ACK matches by the INVITE's key.
        let key = self.keys.of(ack, Method::Invite)?;
        let Some(slot) = self.servers.get(&key).copied() else {
            return Ok(Matched::Ack(None));
        };
        let user = self
            .slots
            .get(slot)
            .and_then(|transaction| transaction.user);
        let outcome = self.on_server(
            now,
            slot,
            InviteServerInput::Ack,
            ServerInput::Request,
            outbox,
        );
        Ok(match outcome.deliver {
            true => Matched::Ack(user),
            false => Matched::Absorbed,
        })
    }

    /// Whether a new request is the double of an INVITE that is here already and came by another way
    /// (RFC 3261 §8.2.2.2): a proxy before us has forked it. It is answered with 482. Once the first
    /// has its final response, the proxy may well try us again.
    pub fn is_merged(&self, request: &Message<'_>) -> bool {
        let origin = self.keys.origin_of(request);
        let known = origin.and_then(|origin| self.origins.get(&origin));
        let transaction = known.and_then(|slot| self.slots.get(*slot));
        transaction.is_some_and(|transaction| match &transaction.machine {
            Machine::InviteServer(server) => server.state() == InviteServerState::Proceeding,
            _ => false,
        })
    }

    /// The To tag of an answer without state: the same for every retransmission of the request
    /// (RFC 3261 §8.2.7).
    pub fn stateless_tag(&self, request: &Message<'_>) -> ArrayString<32> {
        let method = request.method().unwrap_or(Method::Other(""));
        let mut tag = ArrayString::new();
        // A request whose key cannot be made has no retransmissions to agree with. 32 hexadecimal
        // digits fit.
        let key = self.keys.of(request, method).map_or(0, ServerKey::as_u128);
        let _ = write!(tag, "{key:032x}");
        tag
    }

    /// Opens the transaction of a new request. `to_tag` goes into every response, unless the
    /// request has a To tag already. `path` is how the request came.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn open_server(
        &mut self,
        key: ServerKey,
        request: &Message<'_>,
        path: Path,
        to_tag: TicketText,
        user: U,
    ) -> Result<ServerId, TableFull> {
        let reliable = path.transport.is_reliable();
        let machine = match request.method() {
            Some(Method::Invite) => {
                Machine::InviteServer(InviteServer::start(&self.config.timings, reliable))
            }
            _ => Machine::Server(Server::start(reliable)),
        };
        let origin = self.keys.origin_of(request);
        // The first of several doubles is the one that counts.
        let origin = origin.filter(|origin| !self.origins.contains_key(origin));
        let head = ServerHead {
            fields: ReplyHead::of(request, path.remote),
            to_tag,
            origin,
        };
        let slot = self.insert(|kept| Transaction {
            machine,
            user: Some(user),
            path: response_path(request, path),
            kept,
            retransmission: Timer::G,
            lifetime: Timer::H,
            side: Side::Server {
                key,
                head: Some(Box::new(head)),
            },
        })?;
        self.servers.insert(key, slot);
        if let Some(origin) = origin {
            self.origins.insert(origin, slot);
        }
        Ok(ServerId(slot))
    }

    /// Sends a response: `write` adds what comes after the common header fields and ends the
    /// message. False, and nothing sent, when the transaction is gone or has its final response.
    #[expect(clippy::too_many_arguments, reason = "a response is that much")]
    pub fn respond(
        &mut self,
        now: Instant,
        id: ServerId,
        status: u16,
        reason: &str,
        record_routes: RecordRoutes,
        outbox: &mut Outbox,
        write: impl FnOnce(&mut MessageWriter<'_>),
    ) -> bool {
        let Some(transaction) = self.slots.get_mut(id.0) else {
            return false;
        };
        let actions = transaction
            .machine
            .on_response(status, &self.config.timings);
        if !actions.contains(&Action::Send) {
            return false;
        }
        let Side::Server { head, .. } = &mut transaction.side else {
            return false;
        };
        if let Some(head) = head.as_deref() {
            let tag = Some(head.to_tag.as_str());
            let kept = &mut transaction.kept;
            write(&mut MessageWriter::reply(
                kept,
                &head.fields,
                status,
                reason,
                tag,
                record_routes,
            ));
        }
        if status >= 200
            && let Some(origin) = head.take().and_then(|head| head.origin)
        {
            self.origins.remove(&origin);
        }
        outbox.push(transaction.path, None, &transaction.kept);
        self.carry_out(now, id.0, &actions, outbox);
        true
    }

    /// Sends the last response to an INVITE again, as the UAS core must a 2xx until its ACK comes
    /// (RFC 3261 §13.3.1.4) and a reliable provisional one until its PRACK comes (RFC 3262 §3).
    /// Nothing happens when the transaction is gone or has another final response.
    pub fn resend(&mut self, now: Instant, id: ServerId, outbox: &mut Outbox) {
        self.on_server(
            now,
            id.0,
            InviteServerInput::ResponseAgain,
            ServerInput::Request,
            outbox,
        );
    }

    /// The ACK of a 2xx came: it will not be sent again.
    pub fn acknowledged(&mut self, id: ServerId) {
        if self.invite_server_state(id) == Some(InviteServerState::Accepted) {
            self.forget(id.0);
        }
    }

    /// Where an INVITE server transaction is; `None` when it is gone.
    pub fn invite_server_state(&self, id: ServerId) -> Option<InviteServerState> {
        match self.slots.get(id.0)?.machine {
            Machine::InviteServer(machine) => Some(machine.state()),
            _ => None,
        }
    }

    fn on_server(
        &mut self,
        now: Instant,
        slot: SlabKey,
        invite_input: InviteServerInput,
        input: ServerInput,
        outbox: &mut Outbox,
    ) -> Outcome {
        let timings = &self.config.timings;
        let actions = match self
            .slots
            .get_mut(slot)
            .map(|transaction| &mut transaction.machine)
        {
            Some(Machine::InviteServer(machine)) => machine.on(invite_input, timings),
            Some(Machine::Server(machine)) => machine.on(input, timings),
            _ => return Outcome::default(),
        };
        self.carry_out(now, slot, &actions, outbox)
    }
}

impl Machine {
    fn on_response(&mut self, status: u16, timings: &crate::transaction::Timings) -> Actions {
        match self {
            Self::InviteServer(machine) => {
                let input = match status {
                    ..200 => InviteServerInput::Provisional,
                    200..300 => InviteServerInput::Success,
                    _ => InviteServerInput::Failure,
                };
                machine.on(input, timings)
            }
            Self::Server(machine) => {
                let input = match status {
                    ..200 => ServerInput::Provisional,
                    _ => ServerInput::Final,
                };
                machine.on(input, timings)
            }
            Self::InviteClient(_) | Self::Client(_) => Actions::new(),
        }
    }
}

/// Where the responses to a request go (RFC 3261 §18.2.2, RFC 3581 §4): to the source address, at
/// the source port when the peer asked for that with `rport`, else at the port of its Via. Over a
/// stream the connection is preferred, and this is the address to fall back on.
///
/// The port of a Via that names a private address while the peer speaks from a public one means
/// nothing outside the peer's network: such a peer is answered at its source port unasked.
pub fn response_path(request: &Message<'_>, path: Path) -> Path {
    let Ok(via) = request.top_via() else {
        return path;
    };
    let port = match (path.transport, via.rport) {
        (Transport::Udp, Rport::Requested | Rport::Port(_)) => path.remote.port(),
        (Transport::Udp, Rport::Absent) if is_translated(via.host, path.remote) => {
            path.remote.port()
        }
        _ => via.port.unwrap_or_else(|| path.transport.default_port()),
    };
    Path {
        remote: SocketAddr::new(path.remote.ip(), port),
        ..path
    }
}

fn is_translated(via_host: &str, source: SocketAddr) -> bool {
    host_ip(via_host).is_some_and(is_private) && !is_private(source.ip())
}
