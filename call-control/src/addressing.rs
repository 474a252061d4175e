//! Where messages go, and what we call ourselves in them.

use crate::config::Listener;
use routing_engine::resources::NatMode;
use sip_core::Uri;
use sip_core::transaction::{Path, Transport};
use sip_core::uri::{Scheme, is_private};
use std::net::{IpAddr, SocketAddr};

/// The listeners with the texts that name them.
pub(crate) struct Listeners(Vec<Named>);

struct Named {
    transport: Transport,
    bind: SocketAddr,
    /// For Via, and for the host part of our From.
    sent_by: String,
    /// For Contact.
    contact: String,
    /// As peers see it; `None` when that is a name.
    advertised: Option<SocketAddr>,
}

impl Listeners {
    pub(crate) fn new(listeners: &[Listener]) -> Self {
        Self(listeners.iter().map(Named::new).collect())
    }

    /// `host:port` as peers reach the listener.
    pub(crate) fn sent_by(&self, listener: u16) -> &str {
        self.0
            .get(usize::from(listener))
            .map_or("", |named| &named.sent_by)
    }

    /// The value of Contact.
    pub(crate) fn contact(&self, listener: u16) -> &str {
        self.0
            .get(usize::from(listener))
            .map_or("", |named| &named.contact)
    }

    /// The first listener that can send to `remote`.
    pub(crate) fn towards(&self, transport: Transport, remote: SocketAddr) -> Option<u16> {
        let fits = |named: &Named| {
            named.transport == transport && named.bind.is_ipv4() == remote.is_ipv4()
        };
        self.0.iter().position(fits).map(|index| index as u16)
    }

    /// The listener by which requests to `remote` leave: `wanted` as peers see it, or one of another
    /// port of the same address; the first that fits when nothing is wanted. Never another one than
    /// wanted: the peer would not know us.
    pub(crate) fn leaving_by(
        &self,
        wanted: Option<SocketAddr>,
        transport: Transport,
        remote: SocketAddr,
    ) -> Option<u16> {
        let Some(wanted) = wanted else {
            return self.towards(transport, remote);
        };
        let find = |is_it: &dyn Fn(SocketAddr) -> bool| {
            self.0.iter().position(|named| {
                named.transport == transport
                    && named.bind.is_ipv4() == remote.is_ipv4()
                    && named.advertised.is_some_and(is_it)
            })
        };
        let exact = find(&|advertised| advertised == wanted);
        let found = exact.or_else(|| find(&|advertised| advertised.ip() == wanted.ip()));
        found.map(|index| index as u16)
    }

    /// The listener of another transport for a peer that knows us by `known`.
    pub(crate) fn beside(
        &self,
        known: u16,
        transport: Transport,
        remote: SocketAddr,
    ) -> Option<u16> {
        let known = self.0.get(usize::from(known));
        let wanted = known.and_then(|named| named.advertised);
        self.leaving_by(wanted, transport, remote)
            .or_else(|| self.towards(transport, remote))
    }

    /// Where a URI leads whose host is an address; `None` when no listener of ours can speak so.
    pub(crate) fn path_of(&self, uri: &Uri<'_>, known: Path) -> Option<Path> {
        let transport = match uri.scheme {
            Scheme::Sips => Transport::Tls,
            _ => named_transport(uri).unwrap_or(known.transport),
        };
        let port = uri.port.unwrap_or_else(|| transport.default_port());
        let remote = SocketAddr::new(uri.ip()?, port);
        Some(Path {
            transport,
            listener: self.beside(known.listener, transport, remote)?,
            remote,
            connection: None,
            host: None,
        })
    }

    /// Whether an address is one that we listen on.
    pub(crate) fn is_ours(&self, address: SocketAddr) -> bool {
        let mut listeners = self.0.iter();
        listeners.any(|named| named.bind == address || named.sent_by == address.to_string())
    }

    /// Where a request within a dialog goes whose next hop has this URI, and whose peer was last
    /// reached by `known`.
    ///
    /// RFC 3261 §8.1.2: the URI decides. Two things lead back to `known`: a host name, because
    /// nothing on the call path waits for a name server; and a private address of a peer that
    /// speaks from a public one, because it is behind a translator that `known` goes through, unless
    /// the trunk's `nat` says that there is none. A WebSocket leads only back along itself, and so
    /// does all of a trunk that says so.
    pub(crate) fn path_towards(&self, next_hop: &str, known: Path, nat: NatMode) -> Path {
        if known.transport.is_client_only() || nat == NatMode::Symmetric {
            return known;
        }
        let Ok(uri) = Uri::parse(next_hop) else {
            return known;
        };
        let reachable =
            |ip: &IpAddr| nat == NatMode::Off || !is_private(*ip) || is_private(known.remote.ip());
        let Some(ip) = uri.ip().filter(reachable) else {
            return known;
        };
        let transport = match uri.scheme {
            Scheme::Sips => Transport::Tls,
            _ => named_transport(&uri).unwrap_or(known.transport),
        };
        let remote = SocketAddr::new(ip, uri.port.unwrap_or_else(|| transport.default_port()));
        if transport == known.transport && remote.is_ipv4() == known.remote.is_ipv4() {
            return Path { remote, ..known };
        }
        match self.beside(known.listener, transport, remote) {
            Some(listener) => Path {
                transport,
                listener,
                remote,
                connection: None,
                host: None,
            },
            None => known,
        }
    }
}

impl Named {
    fn new(listener: &Listener) -> Self {
        let sent_by = format!("{}:{}", listener.advertised_host, listener.advertised_port);
        let parameter = match listener.transport {
            Transport::Udp => String::new(),
            // RFC 7118 §5.2.1 knows no other name for it.
            Transport::Wss => ";transport=ws".to_owned(),
            other => format!(";transport={}", other.parameter()),
        };
        Self {
            transport: listener.transport,
            bind: listener.bind,
            contact: format!("<sip:{sent_by}{parameter}>"),
            advertised: sent_by.parse().ok(),
            sent_by,
        }
    }
}

/// The transport that a URI asks for; what only peers can open cannot be asked for.
fn named_transport(uri: &Uri<'_>) -> Option<Transport> {
    let name = uri.params.get("transport")?;
    Transport::of_parameter(name).filter(|transport| !transport.is_client_only())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is the failure")]
    use super::*;

    fn listeners() -> Listeners {
        let listener = |transport| Listener {
            transport,
            bind: "203.0.113.1:5060".parse().unwrap(),
            advertised_host: "203.0.113.1".into(),
            advertised_port: 5060,
        };
        Listeners::new(&[listener(Transport::Udp), listener(Transport::Tcp)])
    }

    fn known(remote: &str) -> Path {
        Path {
            transport: Transport::Udp,
            listener: 0,
            remote: remote.parse().unwrap(),
            connection: None,
            host: None,
        }
    }

    fn target(next_hop: &str, remote: &str) -> (Transport, u16, String) {
        target_by(NatMode::Auto, next_hop, remote)
    }

    fn target_by(nat: NatMode, next_hop: &str, remote: &str) -> (Transport, u16, String) {
        let path = listeners().path_towards(next_hop, known(remote), nat);
        (path.transport, path.listener, path.remote.to_string())
    }

    #[test]
    fn the_uri_decides() {
        assert_eq!(
            target("sip:x@192.0.2.9:5070", "192.0.2.1:5060"),
            (Transport::Udp, 0, "192.0.2.9:5070".to_owned())
        );
        assert_eq!(
            target("sip:192.0.2.9", "192.0.2.1:5060").2,
            "192.0.2.9:5060"
        );
        assert_eq!(
            target("sip:192.0.2.9;transport=tcp", "192.0.2.1:5060"),
            (Transport::Tcp, 1, "192.0.2.9:5060".to_owned())
        );
    }

    #[test]
    fn a_trunk_leaves_by_its_listener_and_by_no_other() {
        let listener = |transport, address: &str| Listener {
            transport,
            bind: "10.0.0.1:5060".parse().unwrap(),
            advertised_host: address.split(':').next().unwrap().into(),
            advertised_port: address.split(':').nth(1).unwrap().parse().unwrap(),
        };
        let listeners = Listeners::new(&[
            listener(Transport::Udp, "203.0.113.1:5060"),
            listener(Transport::Udp, "203.0.113.2:5060"),
            listener(Transport::Udp, "203.0.113.2:5070"),
            listener(Transport::Tcp, "203.0.113.1:5060"),
            listener(Transport::Tcp, "203.0.113.2:5060"),
        ]);
        let remote = "192.0.2.1:5060".parse().unwrap();
        let by = |wanted: &str, transport| {
            let wanted = (!wanted.is_empty()).then(|| wanted.parse().unwrap());
            listeners.leaving_by(wanted, transport, remote)
        };
        assert_eq!(by("", Transport::Udp), Some(0));
        assert_eq!(by("203.0.113.2:5070", Transport::Udp), Some(2));
        assert_eq!(by("203.0.113.2:5070", Transport::Tcp), Some(4));
        assert_eq!(by("203.0.113.9:5060", Transport::Udp), None);
        assert_eq!(by("203.0.113.2:5070", Transport::Tls), None);
        assert_eq!(listeners.beside(2, Transport::Tcp, remote), Some(4));
        let v6 = "[2001:db8::1]:5060".parse().unwrap();
        assert_eq!(listeners.leaving_by(None, Transport::Udp, v6), None);
    }

    #[test]
    fn a_name_and_a_private_address_lead_to_where_the_peer_spoke_from() {
        for next_hop in ["sip:x@carrier.example", "sip:x@10.0.0.5:5060", "tel:+4420"] {
            assert_eq!(
                target(next_hop, "192.0.2.1:6000").2,
                "192.0.2.1:6000",
                "{next_hop}"
            );
        }
        let inside = target("sip:x@10.0.0.5:5070", "10.0.0.1:6000").2;
        assert_eq!(inside, "10.0.0.5:5070", "both are in one private network");
    }
    #[test]
    fn a_trunk_can_say_where_its_translator_is() {
        let remote = "192.0.2.1:6000";
        for next_hop in ["sip:x@10.0.0.5", "sip:x@192.0.2.9;transport=tcp"] {
            let symmetric = target_by(NatMode::Symmetric, next_hop, remote);
            assert_eq!(symmetric, (Transport::Udp, 0, remote.to_owned()));
        }
        let off = |next_hop| target_by(NatMode::Off, next_hop, remote).2;
        assert_eq!(off("sip:x@10.0.0.5"), "10.0.0.5:5060");
        assert_eq!(off("sip:x@carrier.example"), remote);
    }
}
