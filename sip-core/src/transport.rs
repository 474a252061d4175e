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

use std::net::SocketAddr;

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
