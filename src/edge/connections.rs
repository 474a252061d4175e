//! Between the connections of the TCP transport and the shards.

use super::defence::Bans;
use super::mailbox::{Mailbox, ShardInput};
use super::ownership::Ownership;
use sip_core::transaction::{ConnectionId, Path, Transport};
use sip_core::transport::Unreachable;
use sip_core::transport::tcp::{TcpMessage, TcpSink};
use sip_core::{Limits, Message};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Takes what connections receive to the shard that owns it.
pub(crate) struct ConnectionSink {
    pub(crate) ownership: Ownership,
    pub(crate) mailboxes: Vec<Mailbox>,
    /// Bound address of each TCP listener with its place in the list of listeners.
    pub(crate) listeners: Vec<(SocketAddr, u16)>,
    pub(crate) bans: Arc<Bans>,
    /// Messages and connections of banned sources.
    pub(crate) banned: AtomicU64,
    pub(crate) limits: Limits,
    /// Messages that could not be parsed far enough to find their owner.
    pub(crate) malformed: AtomicU64,
}

impl ConnectionSink {
    /// The listener whose address a message came to; for a connection that we opened, the first
    /// of its address, because its own port is nobody's listener.
    fn listener(&self, local: SocketAddr) -> u16 {
        let exact = self.listeners.iter().find(|(address, _)| *address == local);
        let same_address = || {
            self.listeners
                .iter()
                .find(|(address, _)| address.ip() == local.ip())
        };
        exact
            .or_else(same_address)
            .or_else(|| self.listeners.first())
            .map_or(0, |(_, place)| *place)
    }
}

impl TcpSink for ConnectionSink {
    fn accepts(&self, peer: IpAddr) -> bool {
        let is_banned = self.bans.has(peer, super::wall());
        self.banned
            .fetch_add(u64::from(is_banned), Ordering::Relaxed);
        !is_banned
    }

    fn deliver(&self, message: TcpMessage) -> Result<(), TcpMessage> {
        // A connection may have been there before its peer was banned.
        if !self.accepts(message.source.ip()) {
            return Ok(());
        }
        let owner = match Message::parse(&message.bytes, &self.limits) {
            Ok(parsed) => self.ownership.of(&parsed),
            // Any shard can answer 400, if it can be answered at all.
            Err(_) => Some(0),
        };
        let Some(mailbox) = owner.and_then(|owner| self.mailboxes.get(usize::from(owner))) else {
            self.malformed.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let path = Path {
            transport: Transport::Tcp,
            listener: self.listener(message.local),
            remote: message.source,
            connection: Some(ConnectionId(message.connection.as_u64())),
        };
        let bytes = message.bytes.to_vec();
        mailbox
            .send(ShardInput::Message { bytes, path })
            .map_err(|_| message)
    }

    fn unreachable(&self, unreachable: Unreachable) {
        for mailbox in &self.mailboxes {
            // A full queue loses the hint; the transaction's own timer still holds.
            let _ = mailbox.send(ShardInput::Unreachable(unreachable, Transport::Tcp));
        }
    }
}
