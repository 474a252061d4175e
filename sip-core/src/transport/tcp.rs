//! Connections (RFC 3261 §18), as tasks of a tokio runtime.
//!
//! ```text
//! listener ──accepted──► registry ──one queue per connection──► connection task ──► peer
//! shard ──TcpHandle::send──► registry                           connection task ──► TcpSink ──► shard
//! ```
//!
//! The *registry* is one task that owns the table of connections: it opens, reuses and closes them.
//! A connection is known by who is at each end, so a request to an address goes by the connection
//! that is there, and a response by the one that its request came by (RFC 3261 §18.2.2).
//!
//! What is spoken on a connection is plain SIP, SIP over TLS, or SIP over WebSocket, with TLS or
//! without; a connection of one kind is never taken for another.
//!
//! Every queue is bounded and nothing here makes a shard wait. A peer that does not read is closed;
//! a shard that does not keep up makes us read that connection more slowly.

mod connection;
mod listener;
mod registry;
mod websocket;

use super::tls::Tls;
use super::{BindError, Unreachable};
use crate::limits::Limits;
use crate::transaction::{HostNumber, Transport};
use bytes::Bytes;
use registry::{Command, Registry};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Messages of all shards that wait for the registry.
const COMMANDS_MAX: usize = 8 * 1024;

/// Bounds of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpConfig {
    /// Connections at once, accepted and opened. More are refused at once.
    pub connections_max: usize,
    /// Connections at once with one peer address; keeps one peer from taking them all.
    pub connections_per_address_max: usize,
    /// Messages that wait to be written to one peer. One more, and the peer is taken for dead.
    pub queue_max: usize,
    /// A connection is closed when nothing was read or written for so long. Keep-alives count
    /// (RFC 5626 §3.5.1).
    pub idle_timeout: Duration,
    /// How long a connection may take to be established. Keep it well below timer B, so that a
    /// call can go on with its next route.
    pub connect_timeout: Duration,
    /// How long a message may take to arrive whole, a write to be taken, and a handshake of TLS
    /// or WebSocket.
    pub message_timeout: Duration,
    /// A connection that we opened is sent a keep-alive (CRLF CRLF, RFC 5626 §3.5.1) when nothing
    /// was written to it for so long. `None`: never. Those of peers are answered always.
    pub ping_interval: Option<Duration>,
    /// What a message may be; above it the connection is closed.
    pub limits: Limits,
}

impl Default for TcpConfig {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connections_per_address_max: 1_000,
            queue_max: 1_024,
            idle_timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(3),
            message_timeout: Duration::from_secs(10),
            ping_interval: None,
            limits: Limits::DEFAULT,
        }
    }
}

/// Names a connection; never used twice while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// As a number, for those who only hand it through.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The connection of a number from [`Self::as_u64`]. Any other number names none.
    pub fn from_u64(number: u64) -> Self {
        Self(number)
    }
}

/// One whole message that a peer sent.
#[derive(Clone, Debug)]
pub struct TcpMessage {
    /// What the connection speaks.
    pub transport: Transport,
    /// The connection it came by; a response goes back by it.
    pub connection: ConnectionId,
    /// The peer's end.
    pub source: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// The message, from start line to end of body.
    pub bytes: Bytes,
}

/// Where a message shall go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpDestination {
    /// What shall be spoken. Over WebSocket only connections that the peer opened are used.
    pub transport: Transport,
    /// The peer's address: of its listener, or its end of `connection`.
    pub peer: SocketAddr,
    /// The host name that the peer has to prove when TLS is spoken (RFC 5922 §4), else its address. A
    /// connection that was opened for one serves no other.
    pub host: Option<HostNumber>,
    /// Our address that a new connection leaves from. Peers tell us apart by it.
    pub local: IpAddr,
    /// For a response, the connection of its request. If it is gone, another to `peer` is used or
    /// opened.
    pub connection: Option<ConnectionId>,
}

/// Where connections put what they receive. Called from tasks: no method may block.
pub trait TcpSink: Send + Sync + 'static {
    /// Whether a connection of this address is taken at all. Asked before anything is read from it.
    fn accepts(&self, peer: IpAddr) -> bool {
        let _ = peer;
        true
    }

    /// The name of a host that a message was sent to. Without one the connection to it fails.
    fn server_name(&self, host: HostNumber) -> Option<String> {
        let _ = host;
        None
    }

    /// Takes a message, or gives it back when the shard's queue is full: it is offered again, and
    /// meanwhile nothing more is read from that peer.
    ///
    /// # Errors
    /// The message itself, not taken.
    fn deliver(&self, message: TcpMessage) -> Result<(), TcpMessage>;

    /// A peer could not be reached, or was lost with messages under way. Whoever waits for the
    /// first response of a request sent there over TCP may give up; a call that has had a
    /// response should not, because the peer may open a new connection.
    fn unreachable(&self, transport: Transport, unreachable: Unreachable);
}

/// A message was not taken for sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TcpSendError {
    /// Too many messages wait already.
    #[error("the queue of messages to connections is full")]
    QueueFull,
    /// The transport is shut down.
    #[error("the transport is shut down")]
    ShutDown,
}

/// What has been counted since the start.
#[derive(Debug, Default)]
pub struct TcpCounters {
    /// Connections accepted.
    pub accepted: AtomicU64,
    /// Connections opened.
    pub opened: AtomicU64,
    /// Connections refused or not opened because there were too many, or the peer is not wanted.
    pub refused: AtomicU64,
    /// Connections closed because what they sent was no message.
    pub malformed: AtomicU64,
    /// Connections closed because the peer did not read, or a message did not arrive whole.
    pub stalled: AtomicU64,
    /// Connections closed because TLS or WebSocket did not come about.
    pub handshakes_failed: AtomicU64,
    /// Messages dropped because the shard did not take them in time.
    pub undelivered: AtomicU64,
}

impl TcpCounters {
    fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// The listeners and connections of a process.
#[derive(Debug)]
pub struct TcpTransport {
    handle: TcpHandle,
    local: Vec<SocketAddr>,
    counters: Arc<TcpCounters>,
    listeners: Vec<JoinHandle<()>>,
    registry: JoinHandle<()>,
}

/// How a shard sends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TcpHandle {
    commands: mpsc::Sender<Command>,
}

impl TcpTransport {
    /// Binds `listeners` and starts. Must be called within a tokio runtime. Port 0 takes a free
    /// port. Without listeners connections can still be opened. Without `tls` every connection
    /// that wants it fails.
    ///
    /// # Errors
    /// [`BindError`] of the first listener that cannot be made; nothing is started then.
    pub fn start(
        listeners: &[(Transport, SocketAddr)],
        config: TcpConfig,
        tls: Option<Arc<Tls>>,
        sink: Arc<dyn TcpSink>,
    ) -> Result<Self, BindError> {
        let counters = Arc::new(TcpCounters::default());
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let bound: Vec<_> = listeners
            .iter()
            .map(|(transport, address)| {
                listener::bind(*transport, *address).map(|bound| (*transport, bound))
            })
            .collect::<Result<_, _>>()?;
        let local = bound.iter().map(|(_, (_, address))| *address).collect();
        let registry = Registry::new(config, tls, sink, Arc::clone(&counters));
        Ok(Self {
            local,
            counters,
            listeners: bound
                .into_iter()
                .map(|(transport, (listener, _))| {
                    tokio::spawn(listener::run(listener, transport, commands.clone()))
                })
                .collect(),
            registry: tokio::spawn(registry.run(queue)),
            handle: TcpHandle { commands },
        })
    }

    /// How shards send.
    pub fn handle(&self) -> TcpHandle {
        self.handle.clone()
    }

    /// The addresses of the listeners, in the order given, with the ports that were taken.
    pub fn local_addresses(&self) -> &[SocketAddr] {
        &self.local
    }

    /// What has been counted.
    pub fn counters(&self) -> Arc<TcpCounters> {
        Arc::clone(&self.counters)
    }

    /// Accepts no more, writes what waits for at most `grace`, and closes everything.
    pub async fn shutdown(self, grace: Duration) {
        for listener in &self.listeners {
            listener.abort();
        }
        // The registry is the only one that can end itself in order.
        if self
            .handle
            .commands
            .send(Command::ShutDown(grace))
            .await
            .is_ok()
            && let Err(error) = self.registry.await
        {
            tracing::error!(%error, "the registry of connections failed");
        }
    }
}

impl TcpHandle {
    /// Queues `message`. Failure to reach the peer is told by [`TcpSink::unreachable`].
    ///
    /// # Errors
    /// See [`TcpSendError`]; the message is dropped.
    pub fn send(&self, destination: TcpDestination, message: Bytes) -> Result<(), TcpSendError> {
        let command = Command::Send(destination, message);
        self.commands
            .try_send(command)
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => TcpSendError::QueueFull,
                mpsc::error::TrySendError::Closed(_) => TcpSendError::ShutDown,
            })
    }
}
