//! Between the connections of the TCP transport and the shards.

use super::defence::Bans;
use super::mailbox::{Mailbox, ShardInput};
use super::names::Names;
use super::ownership::Ownership;
use mgmt_api::switch_port::BanReason;
use sip_core::transaction::{ConnectionId, HostNumber, Path, Transport};
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
    pub(crate) listeners: Vec<StreamListener>,
    pub(crate) bans: Arc<Bans>,
    pub(crate) names: Arc<Names>,
    /// Messages and connections of banned sources.
    pub(crate) banned: AtomicU64,
    pub(crate) limits: Limits,
    /// Messages that could not be parsed far enough to find their owner.
    pub(crate) malformed: AtomicU64,
}

/// A listener that accepts connections.
pub(crate) struct StreamListener {
    pub(crate) transport: Transport,
    /// Where it is bound.
    pub(crate) address: SocketAddr,
    /// Its place in the list of all listeners.
    pub(crate) place: u16,
}

impl ConnectionSink {
    /// The listener whose address a message came to; for a connection that we opened, the first
    /// of its transport and address, because its own port is nobody's listener.
    fn listener(&self, transport: Transport, local: SocketAddr) -> u16 {
        let find = |fits: &dyn Fn(SocketAddr) -> bool| {
            let mut listeners = self.listeners.iter();
            listeners.find(|listener| listener.transport == transport && fits(listener.address))
        };
        find(&|address| address == local)
            .or_else(|| find(&|address| address.ip() == local.ip()))
            .or_else(|| find(&|_| true))
            .map_or(0, |listener| listener.place)
    }
}

impl TcpSink for ConnectionSink {
    /// Who is banned for sending too much may connect: datagrams with its address may have been another's,
    /// and its calls need a way. What is no call's is dropped by the shard's gate.
    fn accepts(&self, peer: IpAddr) -> bool {
        let is_banned = self.bans.reason_of(peer, super::wall()) == Some(BanReason::Operator);
        self.banned
            .fetch_add(u64::from(is_banned), Ordering::Relaxed);
        !is_banned
    }

    fn server_name(&self, host: HostNumber) -> Option<String> {
        let name = self.names.hosts.name_of(host.0);
        name.map(|name| name.to_string())
    }

    fn deliver(&self, message: TcpMessage) -> Result<(), TcpMessage> {
        // A connection may have been there before its peer was banned.
        if !self.accepts(message.source.ip()) {
            return Ok(());
        }
        let owner = match Message::parse(&message.bytes, &self.limits) {
            Ok(parsed) => self.ownership.of(&parsed, message.source.ip()),
            // Any shard can answer 400, if it can be answered at all.
            Err(_) => Some(0),
        };
        let Some(mailbox) = owner.and_then(|owner| self.mailboxes.get(usize::from(owner))) else {
            self.malformed.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let path = Path {
            transport: message.transport,
            listener: self.listener(message.transport, message.local),
            remote: message.source,
            connection: Some(ConnectionId(message.connection.as_u64())),
            host: None,
        };
        let bytes = message.bytes.to_vec();
        mailbox
            .send(ShardInput::Message { bytes, path })
            .map_err(|_| message)
    }

    fn unreachable(&self, transport: Transport, unreachable: Unreachable) {
        for mailbox in &self.mailboxes {
            // A full queue loses the hint; the transaction's own timer still holds.
            let _ = mailbox.send(ShardInput::Unreachable(unreachable, transport));
        }
    }
}
