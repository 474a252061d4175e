//! What goes into an engine beside messages, and what comes out beside messages.

use crate::media::MediaCommand;
use media_relay::{SessionId, Side};
use rating::Timestamp;
use rating::cdr::{CallId, ResourceRef};
use routing_engine::names::{AddressTable, GatewayPlace};
use routing_engine::{QualityTable, Snapshot};
use sip_core::Instant;
use sip_core::transaction::{Branch, HostNumber, Path, TransmitToken, Transport};
use std::net::SocketAddr;
use std::sync::Arc;

/// A message as the shell received it.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The bytes of one message.
    pub bytes: &'a [u8],
    /// How it came; `remote` is the source.
    pub path: Path,
}

/// An order from the shell.
#[derive(Clone, Debug)]
pub enum Command {
    /// Decide new calls with this snapshot. A call keeps the one that it was decided with.
    SetSnapshot(Arc<Snapshot>),
    /// Send calls to the gateways behind names by this table. An attempt keeps where it goes.
    SetAddresses(Arc<AddressTable>),
    /// Decide new calls with these figures of carriers.
    SetQuality(Arc<QualityTable>),
    /// Refuse new calls from now on (503, reason `shutting_down`).
    Drain {
        /// When the calls that are left are to be hung up; `None` to wait for their own end.
        hang_up_at: Option<Instant>,
    },
    /// End one call, as an operator.
    HangUp(CallId),
    /// A message could not be sent.
    TransportFailed(TransportFailure),
    /// No media from either side of a call for too long: it is hung up.
    MediaSilent(SessionId),
    /// One side of a call, the one named, is not heard while the other speaks. Its trunk says what becomes
    /// of the call.
    MediaOneWay(SessionId, Side),
    /// Whether the journal can take records. While it cannot, new calls get 503.
    JournalState {
        /// True when it can.
        available: bool,
    },
    /// Refuse new calls before anything is looked up for them, because the shell does not keep up.
    /// Calls that are up go on.
    Overload {
        /// What refused callers are told to wait, seconds; `None` when the shell keeps up again.
        retry_after_s: Option<u16>,
    },
    /// Report every message of the next `calls` new calls, by [`Event::Trace`].
    TraceCalls {
        /// How many calls; zero stops.
        calls: u32,
    },
}

/// The most calls that [`Engine::newest_calls`](crate::Engine::newest_calls) lists.
pub const CALLS_PAGE_MAX: usize = 500;

/// What could not be sent: an ICMP error, a connection that was refused or broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportFailure {
    /// Over what.
    pub transport: Transport,
    /// To whom.
    pub remote: SocketAddr,
    /// The host name that who is there had to prove.
    pub host: Option<HostNumber>,
    /// What is known of the message.
    pub evidence: Evidence,
}

/// What speaks for a [`TransportFailure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// The shell knows which message: it alone is taken as not sent.
    Message(TransmitToken),
    /// Our own host or the connection says so: every request to `remote` that has no reply yet is
    /// taken as not sent.
    Certain,
    /// The network says so, which anybody can forge, quoting a request with this branch. The same
    /// as [`Evidence::Certain`] when that request is on its way to `remote` and has no reply yet;
    /// else nothing happens, and the timers hold.
    Quoted(Branch),
}

/// What an engine tells the shell. Records come separately, by
/// [`Engine::poll_journal`](crate::Engine::poll_journal).
#[derive(Clone, Debug)]
pub enum Event {
    /// For the media relay.
    Media(MediaCommand),
    /// A report by [`Evidence::Quoted`] was believed. Other engines cannot check it: they are to be
    /// told with [`Evidence::Certain`].
    Refused {
        /// Over what.
        transport: Transport,
        /// The address where nobody listens.
        remote: SocketAddr,
    },
    /// A message of a call that is traced.
    Trace(TraceLine),
    /// A gateway of a carrier no longer replies to OPTIONS, or does so again.
    Gateway(GatewayChange),
    /// A registration with a carrier came about, or failed.
    Registration(RegistrationChange),
    /// One side of a call is not heard.
    OneWayMedia(OneWayMedia),
}

/// A call of which one side is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneWayMedia {
    /// Which call.
    pub call: CallId,
    /// The side that is not heard.
    pub silent: Side,
    /// Whether the call is hung up for it.
    pub is_ended: bool,
}

/// What became of a registration with a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationChange {
    /// `user@domain`.
    pub address: Arc<str>,
    /// The carrier's gateway.
    pub gateway: GatewayPlace,
    /// Whether the carrier knows where we are.
    pub is_registered: bool,
    /// The final response; 0 without any.
    pub status: u16,
}

/// What became of a gateway that is probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayChange {
    /// Where it is.
    pub gateway: GatewayPlace,
    /// Whether calls go to it.
    pub is_up: bool,
}

/// How far a live call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    /// Trying routes.
    Hunting,
    /// A carrier reports ringing or sends early media.
    Ringing,
    /// Answered.
    Answered,
    /// Released; the last messages are on their way.
    Ending,
}

/// A call that is up, as shown to an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveCall {
    /// The identifier that its record will have.
    pub id: CallId,
    /// How far it is.
    pub state: LiveState,
    /// Who pays us.
    pub customer: Option<ResourceRef>,
    /// The carrier of the latest attempt.
    pub carrier: Option<ResourceRef>,
    /// The destination's name on the customer's rate card.
    pub destination: Option<Arc<str>>,
    /// Called number after translation.
    pub called_number: Arc<str>,
    /// Calling number as received.
    pub calling_number: Arc<str>,
    /// Where the INVITE came from.
    pub ingress_source: SocketAddr,
    /// Where the latest attempt went.
    pub gateway: Option<SocketAddr>,
    /// The suites of SRTP by which media with the customer and with the carrier is encrypted; `None` in the
    /// clear, or when the switch agreed on no keys.
    pub encryption: [Option<&'static str>; 2],
    /// Attempts so far.
    pub attempts: u16,
    /// INVITE received.
    pub received_at: Timestamp,
    /// 2xx sent to the customer.
    pub answered_at: Option<Timestamp>,
    /// Number of the snapshot that decided it.
    pub snapshot_number: u64,
}

/// Received or sent, as seen from the switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The switch received it.
    Received,
    /// The switch sent it.
    Sent,
}

/// One message of a traced call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    /// The call.
    pub call: CallId,
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// The other side.
    pub remote: SocketAddr,
    /// The message.
    pub bytes: Box<[u8]>,
}
