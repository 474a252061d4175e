//! Which sessions of this relay send to each other, so that no packet comes back to where it has been.
//!
//! A call that goes through the switch twice has two sessions, of which each names a port of the other. A ring of
//! them, be it of one session, would send what is in it round for ever.
//!
//! ```text
//! port ── arrives at its leg, leaves by the other leg's port ── leads to ──► port ── …
//! ```

use crate::ports::{PORTS_PER_SESSION, PortQuad, PortRange, RelayAddress};
use crate::session::{RemoteMedia, Side};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

/// Sessions of this relay that a packet may pass one after the other.
const HOPS_MAX: usize = 16;
const PORTS: u16 = PORTS_PER_SESSION;

/// Where the ports of all threads lead, as far as they lead to each other.
#[derive(Debug)]
pub(super) struct Hairpins {
    own: RelayAddress,
    first: u16,
    /// By port from the first: the port of ours that it sends to; 0: elsewhere, or nowhere.
    leads_to: Box<[AtomicU16]>,
    refused: AtomicU64,
}

impl Hairpins {
    pub(super) fn new(address: RelayAddress, ports: PortRange) -> Self {
        let first = ports.quads().next().map_or(0, |quad| quad.ports()[0]);
        let count = ports.sessions() * usize::from(PORTS);
        Self {
            own: address,
            first,
            leads_to: (0..count).map(|_| AtomicU16::new(0)).collect(),
            refused: AtomicU64::new(0),
        }
    }

    /// Takes note of where the peer of `side` receives what the session at `quad` sends it. False when that
    /// would come back: nothing may be sent there.
    pub(super) fn announce(
        &self,
        quad: PortQuad,
        side: Side,
        remote: Option<&RemoteMedia>,
    ) -> bool {
        let ports = quad.ports();
        let [rtp, rtcp] = [0, 1].map(|channel| ports[2 * side as usize + channel]);
        let to = remote.map(|remote| [remote.rtp, remote.rtcp_destination()]);
        let [to_rtp, to_rtcp] = to.map_or([0; 2], |to| to.map(|to| self.port_at(to).unwrap_or(0)));
        self.lead(rtp, to_rtp);
        self.lead(rtcp, to_rtcp);
        let is_itself = ports.contains(&to_rtp) || ports.contains(&to_rtcp);
        let is_refused = is_itself || self.comes_back(rtp) || self.comes_back(rtcp);
        if is_refused {
            self.refused.fetch_add(1, Ordering::Relaxed);
            self.forget(quad, side);
        }
        !is_refused
    }

    /// The session at `quad` sends nothing any more.
    pub(super) fn end(&self, quad: PortQuad) {
        self.forget(quad, Side::Ingress);
        self.forget(quad, Side::Egress);
    }

    /// Whether `source` is one of our ports, and another than the peer has named: a peer that names one is
    /// another session, which sends from where it said.
    pub(super) fn is_unnamed(&self, source: SocketAddr, named: Option<SocketAddr>) -> bool {
        let port = self.port_at(source);
        port.is_some() && port != named.and_then(|named| self.port_at(named))
    }

    /// Announcements refused so far.
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn forget(&self, quad: PortQuad, side: Side) {
        let ports = quad.ports();
        self.lead(ports[2 * side as usize], 0);
        self.lead(ports[2 * side as usize + 1], 0);
    }

    /// Before it is looked whether it comes back, and seen by all threads: of those that close a ring at once
    /// one at least sees it.
    fn lead(&self, port: u16, to: u16) {
        if let Some(entry) = self.entry(port) {
            entry.store(to, Ordering::SeqCst);
        }
    }

    fn comes_back(&self, port: u16) -> bool {
        let mut left_by = port;
        for _ in 0..HOPS_MAX {
            let entry = self.entry(left_by);
            let arrives_at = entry.map_or(0, |entry| entry.load(Ordering::SeqCst));
            if arrives_at == 0 {
                return false;
            }
            left_by = self.across(arrives_at);
            if left_by == port {
                return true;
            }
        }
        true
    }

    /// The port of the other leg by which goes what arrives at `port`.
    fn across(&self, port: u16) -> u16 {
        self.first + ((port - self.first) ^ 2)
    }

    /// Which of our ports an address is.
    fn port_at(&self, address: SocketAddr) -> Option<u16> {
        // The port first: few of others have one of ours, and only then the system may have to be asked.
        let is_ours = self.entry(address.port()).is_some() && self.is_own(address);
        is_ours.then_some(address.port())
    }

    /// Whether our sockets receive what is sent to the address. Those that are bound to all addresses receive at
    /// each that the host has at this time.
    fn is_own(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        // Sent to no address, a packet stays where it was sent from.
        let is_said = ip == self.own.advertised.to_canonical() || ip.is_unspecified();
        is_said
            || match self.own.bind.is_unspecified() {
                true => ip.is_loopback() || is_of_host(address),
                false => ip == self.own.bind.to_canonical(),
            }
    }

    fn entry(&self, port: u16) -> Option<&AtomicU16> {
        let index = port.checked_sub(self.first)?;
        self.leads_to.get(usize::from(index))
    }
}

/// Whether an address is one of this host: only from itself is such a one reached. Where the system has no socket to
/// try it with, the port alone tells.
///
/// An address that it takes for a foreign one although it leads here (a whole network that is routed to this host)
/// makes no ring either: what comes back has a source of the host, which was not named.
fn is_of_host(address: SocketAddr) -> bool {
    let mut to = address;
    to.set_ip(address.ip().to_canonical());
    let any: IpAddr = match to {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let Ok(socket) = UdpSocket::bind((any, 0)) else {
        return true;
    };
    // Sends nothing.
    let reached_from = socket.connect(to).and_then(|()| socket.local_addr());
    reached_from.is_ok_and(|from| from.ip() == to.ip())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const BIND: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));
    const ADVERTISED: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const PHONE: &str = "198.51.100.1:4000";

    fn hairpins(sessions: u16) -> (Hairpins, Vec<PortQuad>) {
        let ports = PortRange::new(20_001, 20_001 + 4 * sessions).unwrap();
        let address = RelayAddress {
            bind: BIND,
            advertised: ADVERTISED,
        };
        (Hairpins::new(address, ports), ports.quads().collect())
    }

    fn phone() -> RemoteMedia {
        RemoteMedia::new(PHONE.parse().unwrap())
    }

    /// The RTP port of a leg of a session, as a peer names it.
    fn leg(quad: PortQuad, side: Side) -> RemoteMedia {
        RemoteMedia::new((ADVERTISED, quad.ports()[2 * side as usize]).into())
    }

    #[test]
    fn a_session_does_not_send_to_itself() {
        let (hairpins, quads) = hairpins(2);
        for ip in [BIND, ADVERTISED] {
            for side in [Side::Ingress, Side::Egress] {
                for port in quads[1].ports() {
                    let own = RemoteMedia::new((ip, port).into());
                    assert!(
                        !hairpins.announce(quads[1], side, Some(&own)),
                        "{side:?} {port}"
                    );
                }
                assert!(hairpins.announce(quads[1], side, Some(&phone())));
            }
        }
        assert_eq!(hairpins.refused(), 16);
    }

    #[test]
    fn a_call_through_two_sessions_is_no_ring_until_its_ends_meet() {
        let (hairpins, quads) = hairpins(2);
        for (quad, side, remote) in [
            (0, Side::Ingress, phone()),
            (0, Side::Egress, leg(quads[1], Side::Ingress)),
            (1, Side::Ingress, leg(quads[0], Side::Egress)),
            (1, Side::Egress, phone()),
        ] {
            assert!(hairpins.announce(quads[quad], side, Some(&remote)));
        }
        let first = leg(quads[0], Side::Ingress);
        let last = leg(quads[1], Side::Egress);
        // Each way round is a ring of its own.
        assert!(!hairpins.announce(quads[1], Side::Egress, Some(&first)));
        assert!(!hairpins.announce(quads[0], Side::Ingress, Some(&last)));
        assert_eq!(hairpins.refused(), 2);
        // A session that is over closes none.
        hairpins.end(quads[0]);
        assert!(hairpins.announce(quads[1], Side::Egress, Some(&first)));
    }

    #[test]
    fn reports_go_in_no_ring_either() {
        let (hairpins, quads) = hairpins(2);
        let reports_to = |quad: PortQuad, side: Side| RemoteMedia {
            rtcp: Some((ADVERTISED, quad.ports()[2 * side as usize + 1]).into()),
            ..phone()
        };
        let own = reports_to(quads[0], Side::Egress);
        assert!(!hairpins.announce(quads[0], Side::Ingress, Some(&own)));
        // With multiplexing reports go to the port of RTP.
        let muxed = RemoteMedia { mux: true, ..own };
        assert!(hairpins.announce(quads[0], Side::Ingress, Some(&muxed)));
        let [there, back] = [
            reports_to(quads[1], Side::Ingress),
            reports_to(quads[0], Side::Ingress),
        ];
        assert!(hairpins.announce(quads[0], Side::Egress, Some(&there)));
        assert!(!hairpins.announce(quads[1], Side::Egress, Some(&back)));
        assert_eq!(hairpins.refused(), 2);
    }

    #[test]
    fn a_chain_of_more_sessions_than_calls_have_is_refused() {
        let (hairpins, quads) = hairpins(40);
        let mut refused = None;
        // From the last, so that each announcement sees the whole chain behind it.
        for (number, pair) in quads.windows(2).rev().enumerate() {
            let next = leg(pair[1], Side::Ingress);
            if !hairpins.announce(pair[0], Side::Egress, Some(&next)) {
                refused = Some(number);
                break;
            }
        }
        assert_eq!(refused, Some(HOPS_MAX - 1));
    }

    #[test]
    fn a_source_of_ours_is_known_by_the_port_that_was_named() {
        let (hairpins, quads) = hairpins(1);
        let port = quads[0].ports()[0];
        let at = |ip: IpAddr, port: u16| SocketAddr::new(ip, port);
        assert!(hairpins.is_unnamed(at(BIND, port), None));
        assert!(hairpins.is_unnamed(at(BIND, port), Some(PHONE.parse().unwrap())));
        assert!(!hairpins.is_unnamed(at(BIND, port), Some(at(ADVERTISED, port))));
        assert!(!hairpins.is_unnamed(at(BIND, 9), None));
        assert!(!hairpins.is_unnamed(PHONE.parse().unwrap(), None));
    }

    #[test]
    fn a_relay_at_all_addresses_knows_those_of_its_host() {
        let (mut hairpins, quads) = hairpins(1);
        let [port, ..] = quads[0].ports();
        let is_ours = |hairpins: &Hairpins, ip: &str, port: u16| {
            hairpins.port_at(SocketAddr::new(ip.parse().unwrap(), port)) == Some(port)
        };
        hairpins.own.bind = Ipv4Addr::UNSPECIFIED.into();
        for ip in [
            "192.0.2.1",
            "127.0.0.1",
            "127.0.0.2",
            "0.0.0.0",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_ours(&hairpins, ip, port), "{ip}");
            assert!(!is_ours(&hairpins, ip, 9), "{ip}");
        }
        assert!(!is_ours(&hairpins, "198.51.100.1", port));
        hairpins.own.bind = BIND;
        assert!(is_ours(&hairpins, "10.0.0.1", port));
        for ip in ["127.0.0.1", "198.51.100.1"] {
            assert!(!is_ours(&hairpins, ip, port), "{ip}");
        }
    }

    #[test]
    fn the_host_is_asked_for_its_addresses() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 20_000);
        assert!(is_of_host(at("127.0.0.1")));
        assert!(is_of_host(at("::ffff:127.0.0.1")));
        assert!(!is_of_host(at("198.51.100.1")));
        assert!(!is_of_host(at("2001:db8::1")));
    }
}
