//! One SIP listener: `udp/127.0.0.1:5060`, or `udp/0.0.0.0:5060 as 203.0.113.9:5060`.

use rating::cdr::Transport;
use serde::Deserialize;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Where SIP is spoken, and how that address is named to peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Listener {
    pub(crate) transport: Transport,
    pub(crate) bind: SocketAddr,
    /// What Via and Contact say; equal to `bind` unless `as` was given.
    pub(crate) advertised: SocketAddr,
}

/// A listener that cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListenerError {
    #[error("`{0}` is not a listener: write TRANSPORT/ADDRESS:PORT, such as udp/192.0.2.1:5060")]
    Shape(String),
    #[error("`{0}` is not a transport: write udp, tcp, tls, ws or wss")]
    Transport(String),
    #[error("`{0}` is not an address with a port: write 192.0.2.1:5060 or [2001:db8::1]:5060")]
    Address(String),
    #[error("`{0}` binds every address; say which one peers see: `{0} as 203.0.113.9:5060`")]
    WildcardWithoutName(String),
}

impl FromStr for Listener {
    type Err = ListenerError;

    fn from_str(text: &str) -> Result<Self, ListenerError> {
        let (transport, addresses) = text
            .trim()
            .split_once('/')
            .ok_or_else(|| ListenerError::Shape(text.to_owned()))?;
        let transport = match transport {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            "ws" => Transport::Ws,
            "wss" => Transport::Wss,
            other => return Err(ListenerError::Transport(other.to_owned())),
        };
        let (bind, advertised) = match addresses.split_once(" as ") {
            Some((bind, advertised)) => (bind.trim(), Some(advertised.trim())),
            None => (addresses.trim(), None),
        };
        let bind = address(bind)?;
        let advertised = match advertised {
            Some(text) => address(text)?,
            None if bind.ip().is_unspecified() => {
                return Err(ListenerError::WildcardWithoutName(text.trim().to_owned()));
            }
            None => bind,
        };
        Ok(Self {
            transport,
            bind,
            advertised,
        })
    }
}

fn address(text: &str) -> Result<SocketAddr, ListenerError> {
    text.parse()
        .map_err(|_| ListenerError::Address(text.to_owned()))
}

impl TryFrom<String> for Listener {
    type Error = ListenerError;

    fn try_from(text: String) -> Result<Self, ListenerError> {
        text.parse()
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}",
            sip_transport(self.transport).parameter(),
            self.bind
        )?;
        if self.advertised != self.bind {
            write!(f, " as {}", self.advertised)?;
        }
        Ok(())
    }
}

/// The transport as the stack names it.
pub(crate) fn sip_transport(transport: Transport) -> sip_core::transaction::Transport {
    match transport {
        Transport::Udp => sip_core::transaction::Transport::Udp,
        Transport::Tcp => sip_core::transaction::Transport::Tcp,
        Transport::Tls => sip_core::transaction::Transport::Tls,
        Transport::Ws => sip_core::transaction::Transport::Ws,
        Transport::Wss => sip_core::transaction::Transport::Wss,
    }
}
