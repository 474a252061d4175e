//! The sockets of a slot: one for each of its four ports, and for a leg with a steady stream one more.
//!
//! That one more is at the leg's RTP port too, but connected to the peer. The kernel then has the route at hand
//! for each packet to it, and gives it what the peer sends; what anybody else sends still arrives at the port's
//! first socket, to be counted or learned. Nothing else depends on it: without it packets go the longer way.
//!
//! No packet is lost by it. It is closed with the session only; a stream that turns to another address leaves by
//! the first socket until it is steady there, and what the second holds is read as ever. What the second does
//! not take, the first sends.

use super::poller::Poller;
use crate::ports::{PORTS_PER_SESSION, PortQuad};
use crate::session::{Channel, Side};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};

const PORTS: usize = PORTS_PER_SESSION as usize;
/// Sockets of a slot at most: those of the ports, and one for each leg.
pub(super) const SOCKETS_MAX: usize = PORTS + 2;
/// RTP packets to one address in a row that make a stream steady: five seconds of voice.
const STEADY: u16 = 250;
/// Refusals of earlier datagrams that are read past for one that came.
const REFUSALS_MAX: usize = 4;

/// Ingress RTP, ingress RTCP, egress RTP, egress RTCP; on consecutive ports.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: [UdpSocket; PORTS],
    streams: [Stream; 2],
    pub(super) quad: PortQuad,
}

/// Where the RTP of a leg's peer goes.
#[derive(Debug, Default)]
struct Stream {
    to: Option<SocketAddr>,
    /// Packets sent there in a row, up to [`STEADY`]; one more once a socket was asked for.
    sent: u16,
    own: Option<Own>,
}

/// The second socket of a leg. It stays until the session is over: what it holds is not lost, wherever the
/// stream turns.
#[derive(Debug)]
struct Own {
    socket: UdpSocket,
    /// Where it is connected to; `None` where the system did not connect it.
    peer: Option<SocketAddr>,
}

impl Sockets {
    /// Binds all four; none when one of them is taken.
    pub(super) fn bind(address: IpAddr, quad: PortQuad) -> io::Result<Self> {
        let bind = |port| {
            let socket = UdpSocket::bind((address, port))?;
            socket.set_nonblocking(true)?;
            io::Result::Ok(socket)
        };
        let [a, b, c, d] = quad.ports();
        Ok(Self {
            sockets: [bind(a)?, bind(b)?, bind(c)?, bind(d)?],
            streams: Default::default(),
            quad,
        })
    }

    pub(super) fn register(&self, poller: &mut Poller, slot: usize) -> io::Result<()> {
        for (index, socket) in self.sockets.iter().enumerate() {
            poller.add(socket, slot * SOCKETS_MAX + index)?;
        }
        Ok(())
    }

    /// Reads one datagram from the socket of a token; `None` when there is none.
    pub(super) fn receive(&self, token: usize, buffer: &mut [u8]) -> Option<(usize, SocketAddr)> {
        let index = token % SOCKETS_MAX;
        let socket = match index.checked_sub(PORTS) {
            None => &self.sockets[index],
            // Reported before it was closed.
            Some(leg) => &self.streams[leg].own.as_ref()?.socket,
        };
        for _ in 0..REFUSALS_MAX {
            match rustix::net::recvfrom(socket, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((length, _, source)) => return Some((length, source?.try_into().ok()?)),
                Err(Errno::AGAIN) => return None,
                // What was said of a datagram that we sent (ICMP): what came lies behind it.
                Err(_) => {}
            }
        }
        None
    }

    /// Sends from the port `channel` of the leg `side`.
    pub(super) fn send(
        &mut self,
        side: Side,
        channel: Channel,
        datagram: &[u8],
        to: SocketAddr,
    ) -> Result<(), Errno> {
        if channel == Channel::Rtp
            && let Some(own) = self.streams[side as usize].own_to(to)
            && rustix::net::send(own, datagram, SendFlags::DONTWAIT).is_ok()
        {
            return Ok(());
        }
        // A connected socket tells of an earlier datagram in place of sending this one. The first is told nothing.
        let socket = &self.sockets[index_of(side, channel)];
        rustix::net::sendto(socket, datagram, SendFlags::DONTWAIT, &to).map(|_| ())
    }

    /// Whether the stream to the peer of `side` is steady and has no socket that is connected there, nor was
    /// asked for one.
    pub(super) fn is_steady(&self, side: Side) -> bool {
        self.streams[side as usize].sent == STEADY
    }

    /// Whether the leg `side` has a second socket.
    pub(super) fn has_own(&self, side: Side) -> bool {
        self.streams[side as usize].own.is_some()
    }

    /// Gives the steady stream to the peer of `side` a socket that is connected to it: the one that the leg has,
    /// or a new one. Whatever becomes of it, it is not asked for again until the stream has turned.
    #[cfg(target_os = "linux")]
    pub(super) fn connect(
        &mut self,
        side: Side,
        poller: &mut Poller,
        slot: usize,
    ) -> io::Result<()> {
        let stream = &mut self.streams[side as usize];
        stream.sent = STEADY + 1;
        let Some(to) = stream.to else { return Ok(()) };
        if stream.own.is_none() {
            let first = &self.sockets[index_of(side, Channel::Rtp)];
            let token = token_of(slot, side, true);
            let socket = second(first, poller, token)?;
            stream.own = Some(Own { socket, peer: None });
        }
        let Some(own) = &mut stream.own else {
            return Ok(());
        };
        // One that cannot be had there stays where it was, and what it receives is read as ever.
        rustix::net::connect(&own.socket, &to)?;
        own.peer = Some(to);
        Ok(())
    }

    /// Elsewhere a socket that is connected does not come before one that is not.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn connect(&mut self, side: Side, _: &mut Poller, _: usize) -> io::Result<()> {
        self.streams[side as usize].sent = STEADY + 1;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Forgets the peers of a session that is over; how many sockets were closed.
    pub(super) fn part(&mut self) -> usize {
        let streams = std::mem::take(&mut self.streams);
        streams.iter().filter(|stream| stream.own.is_some()).count()
    }
}

impl Stream {
    /// The next packet goes to `to`: the socket that is connected there, if there is one.
    fn own_to(&mut self, to: SocketAddr) -> Option<&UdpSocket> {
        if self.to != Some(to) {
            self.to = Some(to);
            self.sent = 0;
        }
        let own = self.own.as_ref().filter(|own| own.peer == Some(to));
        if own.is_none() && self.sent < STEADY {
            self.sent += 1;
        }
        own.map(|own| &own.socket)
    }
}

/// A second socket at the port of `first`, in the poller. Nothing of it can fail once it may have received.
#[cfg(target_os = "linux")]
fn second(first: &UdpSocket, poller: &mut Poller, token: usize) -> io::Result<UdpSocket> {
    use rustix::net::sockopt::set_socket_reuseaddr;
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

    let own = first.local_addr()?;
    let family = match own {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let second = UdpSocket::from(socket_with(family, SocketType::DGRAM, flags, None)?);
    set_socket_reuseaddr(&second, true)?;
    poller.add(&second, token)?;
    // For no longer than it takes: nobody else shall be able to share the port.
    set_socket_reuseaddr(first, true)?;
    let bound = bind(&second, &own);
    if let Err(error) = set_socket_reuseaddr(first, false) {
        tracing::warn!(%error, "a media port can be shared by other programs of this user");
    }
    bound?;
    Ok(second)
}

fn index_of(side: Side, channel: Channel) -> usize {
    match (side, channel) {
        (Side::Ingress, Channel::Rtp) => 0,
        (Side::Ingress, Channel::Rtcp) => 1,
        (Side::Egress, Channel::Rtp) => 2,
        (Side::Egress, Channel::Rtcp) => 3,
    }
}

/// The socket of a port of a leg, or the second one of its RTP port.
pub(super) fn token_of(slot: usize, side: Side, is_own: bool) -> usize {
    let index = match is_own {
        true => PORTS + side as usize,
        false => index_of(side, Channel::Rtp),
    };
    slot * SOCKETS_MAX + index
}

/// Whether a token stands for the second socket of a leg.
pub(super) fn is_own(token: usize) -> bool {
    token % SOCKETS_MAX >= PORTS
}

/// The slot, leg and port that a token stands for.
pub(super) fn place_of(token: usize) -> (usize, Side, Channel) {
    let (side, channel) = match token % SOCKETS_MAX {
        0 | 4 => (Side::Ingress, Channel::Rtp),
        1 => (Side::Ingress, Channel::Rtcp),
        2 | 5 => (Side::Egress, Channel::Rtp),
        _ => (Side::Egress, Channel::Rtcp),
    };
    (token / SOCKETS_MAX, side, channel)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::ports::PortRange;
    use std::time::Duration;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 3, 77));
    /// The token of the connected socket of the egress leg, in slot 0.
    const CONNECTED: usize = PORTS + Side::Egress as usize;

    fn peer() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind((ADDRESS, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    /// Packets to `to` until the stream is steady there; how many.
    fn send_steadily(sockets: &mut Sockets, to: SocketAddr) -> u16 {
        let mut sent = 0;
        while !sockets.is_steady(Side::Egress) {
            sockets
                .send(Side::Egress, Channel::Rtp, b"steady", to)
                .unwrap();
            sent += 1;
        }
        sent
    }

    /// What the sockets of the egress leg hold: the second's, then the first's.
    fn held(sockets: &Sockets) -> Vec<Vec<u8>> {
        let mut buffer = [0; 100];
        let mut held = Vec::new();
        for token in [CONNECTED, 2] {
            while let Some((length, _)) = sockets.receive(token, &mut buffer) {
                held.push(buffer[..length].to_vec());
            }
        }
        held
    }

    /// Sockets with a steady stream to `to`, and the poller that has them.
    fn steady(ports: [u16; 2], to: SocketAddr) -> (Sockets, Poller) {
        let [first, last] = ports;
        let quad = PortRange::new(first, last).unwrap().quads().next().unwrap();
        let mut sockets = Sockets::bind(ADDRESS, quad).unwrap();
        let (mut poller, _waker) = Poller::new().unwrap();
        sockets.register(&mut poller, 0).unwrap();
        assert_eq!(send_steadily(&mut sockets, to), STEADY);
        sockets.connect(Side::Egress, &mut poller, 0).unwrap();
        (sockets, poller)
    }

    /// The tokens that have something to read.
    fn readable(poller: &mut Poller) -> Vec<usize> {
        let mut tokens = Vec::new();
        while tokens.is_empty() {
            poller.wait(&mut tokens, Duration::from_secs(120)).unwrap();
        }
        tokens
    }

    #[test]
    fn the_peer_of_a_steady_stream_is_heard_apart_from_everybody_else() {
        let ((near, to), (stranger, strange)) = (peer(), peer());
        let (mut sockets, mut poller) = steady([17_100, 17_103], to);
        let port = (ADDRESS, 17_102);
        let mut buffer = [0; 100];
        near.send_to(b"near", port).unwrap();
        assert_eq!(readable(&mut poller), [CONNECTED]);
        assert_eq!(sockets.receive(CONNECTED, &mut buffer), Some((4, to)));
        stranger.send_to(b"strange", port).unwrap();
        assert_eq!(readable(&mut poller), [2]);
        assert_eq!(sockets.receive(2, &mut buffer), Some((7, strange)));
        // Both hear us from the same port.
        sockets
            .send(Side::Egress, Channel::Rtp, b"last", to)
            .unwrap();
        let mut from = SocketAddr::from(port);
        while !buffer.starts_with(b"last") {
            from = near.recv_from(&mut buffer).unwrap().1;
        }
        assert_eq!(from, SocketAddr::from(port));
        assert!(!sockets.is_steady(Side::Egress), "said once");
    }

    #[test]
    fn a_stream_that_turns_loses_nothing_of_what_was_on_its_way() {
        let ((near, to), (other, there)) = (peer(), peer());
        let (mut sockets, mut poller) = steady([17_104, 17_107], to);
        let port = (ADDRESS, 17_106);
        for _ in 0..20 {
            near.send_to(b"before", port).unwrap();
        }
        sockets
            .send(Side::Egress, Channel::Rtp, b"turned", there)
            .unwrap();
        let mut buffer = [0; 100];
        let (length, from) = other.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..length], from), (&b"turned"[..], port.into()));
        // Both speak, until the new one is steady and gets the socket.
        other.send_to(b"other", port).unwrap();
        near.send_to(b"late", port).unwrap();
        assert_eq!(send_steadily(&mut sockets, there), STEADY - 1);
        sockets.connect(Side::Egress, &mut poller, 0).unwrap();
        other.send_to(b"connected", port).unwrap();
        near.send_to(b"last", port).unwrap();
        let mut wanted = vec![&b"before"[..]; 20];
        wanted.extend([&b"late"[..], b"connected", b"other", b"last"]);
        assert_eq!(held(&sockets), wanted);
    }

    #[test]
    fn a_stream_that_turns_back_has_its_socket_at_once() {
        let ((near, to), (_other, there)) = (peer(), peer());
        let (mut sockets, _poller) = steady([17_116, 17_119], to);
        for to in [there, to] {
            sockets
                .send(Side::Egress, Channel::Rtp, b"turned", to)
                .unwrap();
        }
        assert!(sockets.streams[Side::Egress as usize].own_to(to).is_some());
        assert!(!sockets.is_steady(Side::Egress));
        near.send_to(b"near", (ADDRESS, 17_118)).unwrap();
        assert_eq!(held(&sockets), [b"near"]);
    }

    #[test]
    fn after_the_session_the_port_is_one_socket_and_nobody_elses() {
        let (near, to) = peer();
        let (mut sockets, mut poller) = steady([17_108, 17_111], to);
        assert!(UdpSocket::bind((ADDRESS, 17_110)).is_err());
        assert_eq!(sockets.part(), 1);
        near.send_to(b"late", (ADDRESS, 17_110)).unwrap();
        assert_eq!(readable(&mut poller), [2]);
        assert_eq!(sockets.receive(CONNECTED, &mut [0; 100]), None);
        assert_eq!(sockets.part(), 0);
    }

    #[test]
    fn a_peer_that_is_gone_for_a_while_loses_no_packet_that_comes_after() {
        let (near, to) = peer();
        let (mut sockets, _poller) = steady([17_112, 17_115], to);
        drop(near);
        for _ in 0..10 {
            sockets
                .send(Side::Egress, Channel::Rtp, b"refused", to)
                .unwrap();
        }
        assert_eq!(held(&sockets), [[0; 0]; 0], "a refusal is no packet");
        sockets
            .send(Side::Egress, Channel::Rtp, b"refused", to)
            .unwrap();
        let near = UdpSocket::bind(to).unwrap();
        near.set_read_timeout(Some(Duration::from_secs(120)))
            .unwrap();
        sockets
            .send(Side::Egress, Channel::Rtp, b"again", to)
            .unwrap();
        assert_eq!(near.recv(&mut [0; 100]).unwrap(), 5);
    }
}
