//! Sockets: the only part of this crate that does I/O.
//!
//! - [`udp`]: one socket per shard and listener, read and written in batches, polled by the shard
//!   itself.
//! - [`tcp`]: listeners and connections as tasks of a tokio runtime, which frame messages and hand
//!   them to the shards through a sink that never blocks.
//!
//! Neither looks into a message further than it must to find where it ends. A peer that cannot be
//! reached is reported by both as [`Unreachable`], so that a call need not wait for a timer.

pub mod tcp;
pub mod udp;

use std::io;
use std::net::SocketAddr;
use thiserror::Error;

/// A destination that the network, the peer's host or our own host refuses (RFC 3261 §18.4).
///
/// It names a destination, not a message: whoever waits for a reply from there may give up at once.
/// With several sockets on one port the kernel may report it on another socket than the one that
/// sent, so it concerns every shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Where the message was to go.
    pub destination: SocketAddr,
    /// Why it did not get there.
    pub reason: UnreachableReason,
}

/// Why a destination could not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnreachableReason {
    /// Nothing listens there: ICMP port unreachable, or a reset of the connection attempt.
    Refused,
    /// The host does not answer or is administratively closed.
    Host,
    /// No route leads to the network.
    Network,
    /// The connection was not established in time.
    ConnectTimeout,
    /// The connection was lost, or closed by the peer, before the message was written.
    ConnectionLost,
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
        /// `udp` or `tcp`.
        transport: &'static str,
    },
    /// The system refused for another reason.
    #[error("{address}/{transport} cannot be bound")]
    System {
        /// What was asked for.
        address: SocketAddr,
        /// `udp` or `tcp`.
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
