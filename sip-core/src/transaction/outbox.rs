//! Where messages wait for the shell: one buffer for all, in order.

use crate::slab::SlabKey;
use std::net::SocketAddr;
use std::ops::Range;

/// Transports over which messages are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// RFC 3261 §18, datagrams.
    Udp,
    /// RFC 3261 §18.3, stream.
    Tcp,
    /// The same within TLS (RFC 3261 §26.3.1).
    Tls,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket within TLS.
    Wss,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss];

    /// True when the transport itself delivers or fails (RFC 3261 §17).
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// True when only the connection that the peer opened leads to it (RFC 7118 §5).
    pub const fn is_client_only(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// As written in Via (RFC 3261 §20.42, RFC 7118 §5.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// As written in a URI's `transport` parameter (RFC 3261 §19.1.1, RFC 7118 §5.2.1).
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// The transport that a URI's parameter names, in whatever case.
    pub fn of_parameter(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|transport| transport.parameter().eq_ignore_ascii_case(name))
    }

    /// The port of a URI without one (RFC 3261 §19.1.2, RFC 7118 §5.3).
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// A connection of a stream transport, numbered by the shell and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

/// A host name, numbered by the shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostNumber(pub std::num::NonZeroU32);

/// How a message came, or is to go: our listener and the address beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    /// Datagrams or a stream.
    pub transport: Transport,
    /// Which of the shard's listeners, by its place in the configuration. For a message to send,
    /// the listener whose socket sends it.
    pub listener: u16,
    /// The other side.
    pub remote: SocketAddr,
    /// The connection it came by. For a message to send: the one to prefer when it is still
    /// open (RFC 3261 §18.2.2), else one to `remote` is used or opened.
    pub connection: Option<ConnectionId>,
    /// For a message to send by TLS: the host name that the other side has to prove by its certificate
    /// (RFC 5922 §4), else its address.
    pub host: Option<HostNumber>,
}

/// Names the client transaction that a message belongs to, for telling that it could not be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransmitToken(pub(super) SlabKey);

/// One message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// Where to.
    pub path: Path,
    /// The message.
    pub bytes: &'a [u8],
    /// To hand back when the message could not be sent; `None` when nobody would care.
    pub token: Option<TransmitToken>,
}

/// Messages waiting to be sent, in order, in one buffer that is used again and again.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Entries before this one have been polled.
    polled: usize,
}

#[derive(Debug)]
struct Entry {
    path: Path,
    token: Option<TransmitToken>,
    range: Range<usize>,
}

impl Outbox {
    /// Appends a message.
    pub fn push(&mut self, path: Path, token: Option<TransmitToken>, message: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(message);
        self.entries.push(Entry {
            path,
            token,
            range: start..self.bytes.len(),
        });
    }

    /// Number of messages waiting.
    pub fn len(&self) -> usize {
        self.entries.len() - self.polled
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The messages that wait, oldest first: for sending many in one system call. Call
    /// [`Outbox::clear`] when they have been sent.
    pub fn iter(&self) -> impl Iterator<Item = Transmit<'_>> {
        self.entries[self.polled..]
            .iter()
            .map(|entry| self.view(entry))
    }

    /// Forgets all messages; the buffer stays.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.polled = 0;
    }

    /// Takes the oldest message.
    pub fn pop(&mut self) -> Option<Transmit<'_>> {
        if self.is_empty() {
            self.clear();
            return None;
        }
        self.polled += 1;
        let entry = &self.entries[self.polled - 1];
        Some(self.view(entry))
    }

    fn view(&self, entry: &Entry) -> Transmit<'_> {
        Transmit {
            path: entry.path,
            bytes: &self.bytes[entry.range.clone()],
            token: entry.token,
        }
    }
}
