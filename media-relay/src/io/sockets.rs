//! The four sockets of a slot.

use crate::ports::{PORTS_PER_SESSION, PortQuad};
use crate::session::{Channel, Side};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use std::io;
use std::net::{IpAddr, SocketAddr};

const COUNT: usize = PORTS_PER_SESSION as usize;

/// Ingress RTP, ingress RTCP, egress RTP, egress RTCP; on consecutive ports.
#[derive(Debug)]
pub(super) struct Sockets {
    sockets: [UdpSocket; COUNT],
    pub(super) quad: PortQuad,
}

impl Sockets {
    /// Binds all four; none when one of them is taken.
    pub(super) fn bind(address: IpAddr, quad: PortQuad) -> io::Result<Self> {
        let [a, b, c, d] = quad.ports().map(|port| SocketAddr::new(address, port));
        Ok(Self {
            sockets: [
                UdpSocket::bind(a)?,
                UdpSocket::bind(b)?,
                UdpSocket::bind(c)?,
                UdpSocket::bind(d)?,
            ],
            quad,
        })
    }

    pub(super) fn register(&mut self, registry: &Registry, slot: usize) -> io::Result<()> {
        for (index, socket) in self.sockets.iter_mut().enumerate() {
            registry.register(socket, Token(slot * COUNT + index), Interest::READABLE)?;
        }
        Ok(())
    }

    pub(super) fn of(&self, side: Side, channel: Channel) -> &UdpSocket {
        let index = match (side, channel) {
            (Side::Ingress, Channel::Rtp) => 0,
            (Side::Ingress, Channel::Rtcp) => 1,
            (Side::Egress, Channel::Rtp) => 2,
            (Side::Egress, Channel::Rtcp) => 3,
        };
        &self.sockets[index]
    }
}

/// The slot, leg and port that a token of [`Sockets::register`] stands for.
pub(super) fn place_of(token: Token) -> (usize, Side, Channel) {
    let (side, channel) = match token.0 % COUNT {
        0 => (Side::Ingress, Channel::Rtp),
        1 => (Side::Ingress, Channel::Rtcp),
        2 => (Side::Egress, Channel::Rtp),
        _ => (Side::Egress, Channel::Rtcp),
    };
    (token.0 / COUNT, side, channel)
}
