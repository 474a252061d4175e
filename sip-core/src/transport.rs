//! Sockets: the only part of this crate that does I/O.
//!
//! - [`udp`]: one socket per shard and listener, read and written in batches, polled by the shard
//!   itself.
//! - [`tcp`]: listeners and connections as tasks of a tokio runtime, which frame messages and hand
//!   them to the shards through a sink that never blocks.
//! - [`tls`]: certificates for connections, taken anew when their files change.
//!
//! Neither looks into a message further than it must to find where it ends. A peer that cannot be
//! reached is reported by both as [`Unreachable`], so that a call need not wait for a timer.

pub mod tcp;
pub mod tls;
pub mod udp;

use crate::ticket::BranchText;
use crate::transaction::HostNumber;
use std::io;
use std::net::SocketAddr;
use thiserror::Error;

/// A destination that the peer's host or our own host refuses (RFC 3261 §18.4).
///
/// It names a destination, not a message: whoever waits for a reply from there may give up at once,
/// once the [`Evidence`] holds. With several sockets on one port the kernel may report it on
/// another socket than the one that sent, so it concerns every shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Where the message was to go.
    pub destination: SocketAddr,
    /// The host name that who is there had to prove; `None` where none was asked for.
    pub host: Option<HostNumber>,
    /// Why it did not get there.
    pub reason: UnreachableReason,
    /// Who says so.
    pub evidence: Evidence,
}

/// How far a report can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Our own host or the connection itself says so; nobody else could.
    Certain,
    /// A datagram of the network (ICMP) says so, which anybody can forge. It quotes a request with
    /// this branch: to be believed only when that is a request of ours on its way to the
    /// destination, because nobody but the way there can know the branch (RFC 5927 §4).
    Quoted(BranchText),
}

/// Why a destination could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnreachableReason {
    /// Nothing listens there: ICMP port unreachable, or a reset of the connection attempt.
    Refused,
    /// Our own host knows no way to the host, or a connection attempt was told so. What ICMP says
    /// of a datagram's host is not reported: it may pass, and the timers hold.
    Host,
    /// The same of the network.
    Network,
    /// The connection was not established in time.
    ConnectTimeout,
    /// The connection was lost, or closed by the peer, before the message was written.
    ConnectionLost,
    /// TLS did not come about: the peer's certificate is no good, or ours is to the peer.
    Handshake,
    /// The peer does not read what we send: its queue is full or a write took too long.
    Stalled,
    /// Our own host refuses to send: a filter, the address family, a message too long.
    LocalFailure,
}

/// A listener could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another program, or another listener of this one, has the address.
    #[error("{address}/{transport} is taken")]
    Taken {
        /// What was asked for.
        address: SocketAddr,
        /// `udp`, `tcp`, `tls`, `ws` or `wss`.
        transport: &'static str,
    },
    /// The system refused for another reason.
    #[error("{address}/{transport} cannot be bound")]
    System {
        /// What was asked for.
        address: SocketAddr,
        /// `udp`, `tcp`, `tls`, `ws` or `wss`.
        transport: &'static str,
        /// Why.
        source: io::Error,
    },
}

impl BindError {
    fn new(address: SocketAddr, transport: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::Taken { address, transport },
            _ => Self::System {
                address,
                transport,
                source,
            },
        }
    }
}

/// What an error says about the destination; `None` when it says nothing about any.
fn reason_of(error: &io::Error) -> Option<UnreachableReason> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => {
            UnreachableReason::Refused
        }
        io::ErrorKind::HostUnreachable => UnreachableReason::Host,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            UnreachableReason::Network
        }
        io::ErrorKind::TimedOut => UnreachableReason::ConnectTimeout,
        _ => match error.raw_os_error()? {
            // ICMP protocol unreachable is the latter.
            libc::EHOSTDOWN | libc::ENOPROTOOPT => UnreachableReason::Host,
            // Path MTU news, parameter problems and the like: the peer may well be there.
            _ => return None,
        },
    })
}
