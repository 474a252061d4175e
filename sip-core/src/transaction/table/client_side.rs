//! Requests sent and the responses to them.

use super::{BRANCH, ClientId, Machine, NotSent, Outcome, Side, Transaction, TransactionTable};
use crate::Instant;
use crate::header::HeaderName;
use crate::limits::Limits;
use crate::message::{Message, MessageWriter, Method};
use crate::slab::SlabKey;
use crate::ticket::{BranchText, Ticket};
use crate::transaction::{
    Action, Client, ClientInput, InviteClient, InviteClientInput, InviteClientState, Outbox, Path,
    Timer,
};

/// The branch of a new client transaction, for its Via.
pub type Branch = BranchText;

/// What became of the wish to cancel an INVITE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The CANCEL was sent. A final response follows, or the transaction times out.
    Sent,
    /// No provisional response came, so no CANCEL may be sent (RFC 3261 §9.1). The INVITE is not
    /// sent again; try again at its first provisional response.
    Early,
    /// The INVITE has its final response, or is gone.
    Late,
}

impl<U: Copy> TransactionTable<U> {
    /// Finds the client transaction that a response answers. `None` when there is none, or when
    /// the response is nothing to the TU. The ACK of a refusal is sent here.
    pub fn match_response(
        &mut self,
        now: Instant,
        response: &Message<'_>,
        outbox: &mut Outbox,
    ) -> Option<(ClientId, U)> {
        let slot = self.find_client(response)?;
        self.strike_unanswered(slot);
        let status = response.status()?;
        let timings = &self.config.timings;
        let transaction = self.slots.get_mut(slot)?;
        let user = transaction.user;
        let actions = match &mut transaction.machine {
            Machine::InviteClient(machine) => machine.on(invite_input(status), timings),
            Machine::Client(machine) => machine.on(input(status), timings),
            Machine::InviteServer(_) | Machine::Server(_) => return None,
        };
        if actions.contains(&Action::Acknowledge) {
            self.acknowledge(slot, response, outbox);
        }
        let outcome = self.carry_out(now, slot, &actions, outbox);
        let user = user.filter(|_| outcome.deliver)?;
        Some((ClientId(slot), user))
    }

    /// RFC 3261 §17.1.3: by the branch, which is a ticket, and the method of CSeq.
    fn find_client(&self, response: &Message<'_>) -> Option<SlabKey> {
        let slot = self.slot_of_branch(response.top_via().ok()?.branch?)?;
        let transaction = self.slots.get(slot)?;
        let method = response.cseq().ok()?.method;
        match (&transaction.machine, method, &transaction.side) {
            (Machine::InviteClient(_), Method::Invite, _) => Some(slot),
            (Machine::InviteClient(_), Method::Cancel, Side::Client { cancel, .. }) => *cancel,
            (Machine::Client(_), Method::Invite | Method::Ack, _) => None,
            (Machine::Client(_), ..) => Some(slot),
            _ => None,
        }
    }

    /// The slot that a branch of this table's names; it may be stale.
    pub(super) fn slot_of_branch(&self, branch: &str) -> Option<SlabKey> {
        let ticket = self.config.ticket_key.read_branch(branch)?;
        let is_ours = ticket.shard == self.config.shard && ticket.discriminator == BRANCH;
        is_ours.then_some(SlabKey {
            slot: ticket.slot,
            generation: ticket.generation,
        })
    }

    /// Sends a request: `write` gets the branch for its Via and writes the whole message.
    ///
    /// # Errors
    /// [`NotSent::TableFull`]; nothing is written then. [`NotSent::BeyondLimits`] when what was
    /// written breaks [`Limits::DEFAULT`]; nothing is sent then, and no transaction is left.
    pub fn open_client(
        &mut self,
        now: Instant,
        method: Method<'_>,
        path: Path,
        user: U,
        outbox: &mut Outbox,
        write: impl FnOnce(&mut Vec<u8>, &Branch),
    ) -> Result<ClientId, NotSent> {
        self.open_client_within(now, method, path, user, usize::MAX, outbox, write)
    }

    /// The same for a request that shall have at most `most` bytes.
    ///
    /// # Errors
    /// As [`Self::open_client`], and [`NotSent::TooLong`]; nothing is sent then, and no transaction
    /// is left.
    #[expect(clippy::too_many_arguments, reason = "a request is that much")]
    pub fn open_client_within(
        &mut self,
        now: Instant,
        method: Method<'_>,
        path: Path,
        user: U,
        most: usize,
        outbox: &mut Outbox,
        write: impl FnOnce(&mut Vec<u8>, &Branch),
    ) -> Result<ClientId, NotSent> {
        let timings = &self.config.timings;
        let reliable = path.transport.is_reliable();
        let (machine, actions) = if method == Method::Invite {
            let (machine, actions) = InviteClient::start(timings, reliable);
            (Machine::InviteClient(machine), actions)
        } else {
            let (machine, actions) = Client::start(timings, reliable);
            (Machine::Client(machine), actions)
        };
        // A table has fewer than 2^32 slots.
        let place = self.unanswered.len() as u32;
        let slot = self.insert(|kept| Transaction {
            machine,
            user: Some(user),
            path,
            kept,
            retransmission: Timer::A,
            lifetime: Timer::B,
            side: Side::Client {
                cancel: None,
                unanswered: Some(place),
            },
        })?;
        self.unanswered.push(slot);
        let branch = self.config.ticket_key.write_branch(Ticket {
            shard: self.config.shard,
            slot: slot.slot,
            generation: slot.generation,
            discriminator: BRANCH,
        });
        if let Some(transaction) = self.slots.get_mut(slot) {
            write(&mut transaction.kept, &branch);
            let unfit = match transaction.kept.len() > most {
                true => Some(NotSent::TooLong),
                false => (!is_within_limits(&transaction.kept)).then_some(NotSent::BeyondLimits),
            };
            if let Some(unfit) = unfit {
                self.terminate(slot);
                return Err(unfit);
            }
            outbox.push(path, transaction.token(slot), &transaction.kept);
        }
        self.carry_out(now, slot, &actions, outbox);
        Ok(ClientId(slot))
    }

    /// Gives up an INVITE. `reason` is the value of the CANCEL's Reason field (RFC 3326).
    pub fn cancel(
        &mut self,
        now: Instant,
        id: ClientId,
        reason: Option<&str>,
        outbox: &mut Outbox,
    ) -> CancelOutcome {
        let state = self.invite_client_state(id);
        let (input, result) = match state {
            Some(InviteClientState::Calling) => {
                self.strike_unanswered(id.0);
                (InviteClientInput::Abandoned, CancelOutcome::Early)
            }
            Some(InviteClientState::Proceeding) => {
                self.send_cancel(now, id, reason, outbox);
                (InviteClientInput::Cancelled, CancelOutcome::Sent)
            }
            _ => return CancelOutcome::Late,
        };
        self.on_invite_client(now, id.0, input, outbox);
        result
    }

    /// Where an INVITE client transaction is; `None` when it is gone.
    pub fn invite_client_state(&self, id: ClientId) -> Option<InviteClientState> {
        match self.slots.get(id.0)?.machine {
            Machine::InviteClient(machine) => Some(machine.state()),
            _ => None,
        }
    }

    /// The CANCEL is a transaction of its own with the INVITE's branch (RFC 3261 §9.1).
    fn send_cancel(
        &mut self,
        now: Instant,
        id: ClientId,
        reason: Option<&str>,
        outbox: &mut Outbox,
    ) {
        let already = |t: &Transaction<U>| {
            matches!(
                t.side,
                Side::Client {
                    cancel: Some(_),
                    ..
                }
            )
        };
        if self.slots.get(id.0).is_none_or(already) {
            return;
        }
        let mut message = self.spare.pop().unwrap_or_default();
        let Some(invite) = self.slots.get(id.0) else {
            return;
        };
        let path = invite.path;
        // Without its CANCEL the INVITE is still bounded by timer B.
        if write_cancel(&mut message, &invite.kept, reason).is_none() {
            return self.recycle(message);
        }
        let (machine, actions) = Client::start(&self.config.timings, path.transport.is_reliable());
        outbox.push(path, None, &message);
        let cancel = self.slots.insert_with(|_| Transaction {
            machine: Machine::Client(machine),
            user: None,
            path,
            kept: message,
            retransmission: Timer::E,
            lifetime: Timer::F,
            side: Side::Client {
                cancel: None,
                unanswered: None,
            },
        });
        // In a full table the CANCEL goes out once and unwatched: better than not at all, and
        // the INVITE's timer B still bounds the wait.
        let Some(cancel) = cancel else {
            return;
        };
        self.carry_out(now, cancel, &actions, outbox);
        if let Some(invite) = self.slots.get_mut(id.0) {
            invite.side = Side::Client {
                cancel: Some(cancel),
                unanswered: None,
            };
        }
    }

    /// Sends the ACK of a refusal and keeps it instead of the INVITE.
    fn acknowledge(&mut self, slot: SlabKey, response: &Message<'_>, outbox: &mut Outbox) {
        let mut message = self.spare.pop().unwrap_or_default();
        let Some(transaction) = self.slots.get_mut(slot) else {
            return;
        };
        if write_ack(&mut message, &transaction.kept, response).is_none() {
            // Neither the ACK nor the INVITE is sent again.
            transaction.kept.clear();
            return self.recycle(message);
        }
        let invite = std::mem::replace(&mut transaction.kept, message);
        outbox.push(transaction.path, None, &transaction.kept);
        self.recycle(invite);
    }

    pub(super) fn on_invite_client(
        &mut self,
        now: Instant,
        slot: SlabKey,
        input: InviteClientInput,
        outbox: &mut Outbox,
    ) -> Outcome {
        let timings = &self.config.timings;
        let actions = match self
            .slots
            .get_mut(slot)
            .map(|transaction| &mut transaction.machine)
        {
            Some(Machine::InviteClient(machine)) => machine.on(input, timings),
            _ => return Outcome::default(),
        };
        self.carry_out(now, slot, &actions, outbox)
    }
}

fn invite_input(status: u16) -> InviteClientInput {
    match status {
        ..200 => InviteClientInput::Provisional,
        200..300 => InviteClientInput::Success,
        _ => InviteClientInput::Failure,
    }
}

fn input(status: u16) -> ClientInput {
    match status {
        ..200 => ClientInput::Provisional,
        _ => ClientInput::Final,
    }
}

/// RFC 3261 §17.1.1.3: Request-URI, Call-ID, From, Route and the top Via of the INVITE, the To of
/// the response, the INVITE's CSeq number.
fn write_ack(out: &mut Vec<u8>, invite: &[u8], response: &Message<'_>) -> Option<()> {
    let to = response.raw_header(HeaderName::To).unwrap_or(b"");
    write_for_invite(out, invite, Method::Ack, Some(to), None)
}

/// RFC 3261 §9.1: the same with the To of the INVITE.
fn write_cancel(out: &mut Vec<u8>, invite: &[u8], reason: Option<&str>) -> Option<()> {
    write_for_invite(out, invite, Method::Cancel, None, reason)
}

/// Whether a request of ours can be read again, which its ACK and CANCEL are made by. Peers fill
/// much of it: their addresses, routes and descriptions. One no longer than a single value may be
/// has no value that is too long, and is not read for this.
fn is_within_limits(request: &[u8]) -> bool {
    request.len() <= usize::from(Limits::DEFAULT.header_value_bytes)
        || Message::parse(request, &Limits::DEFAULT).is_ok()
}

/// `None`, and nothing written, when the INVITE cannot be read.
fn write_for_invite(
    out: &mut Vec<u8>,
    invite: &[u8],
    method: Method<'_>,
    to: Option<&[u8]>,
    reason: Option<&str>,
) -> Option<()> {
    let invite = Message::parse(invite, &Limits::DEFAULT).ok()?;
    let uri = invite.request_uri().unwrap_or("");
    let number = invite.cseq().map_or(1, |cseq| cseq.number);
    let mut writer = MessageWriter::request(out, method, uri);
    for field in invite.headers() {
        match (field.name, to) {
            (HeaderName::To, Some(to)) => {
                writer.raw_header(HeaderName::To.as_str(), to);
            }
            (
                HeaderName::Via
                | HeaderName::From
                | HeaderName::To
                | HeaderName::CallId
                | HeaderName::MaxForwards
                | HeaderName::Route,
                _,
            ) => {
                writer.field(&field);
            }
            _ => {}
        }
    }
    writer.cseq(number, method);
    if let Some(reason) = reason {
        writer.header(HeaderName::Reason, reason);
    }
    writer.finish();
    Some(())
}
