//! The four sockets of a slot.

use super::poller::Poller;
use crate::ports::{PORTS_PER_SESSION, PortQuad};
use crate::session::{Channel, Side};
use std::io;
use std::net::{IpAddr, UdpSocket};

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
        let bind = |port| {
            let socket = UdpSocket::bind((address, port))?;
            socket.set_nonblocking(true)?;
            io::Result::Ok(socket)
        };
        let [a, b, c, d] = quad.ports();
        Ok(Self {
            sockets: [bind(a)?, bind(b)?, bind(c)?, bind(d)?],
            quad,
        })
    }

    pub(super) fn register(&self, poller: &mut Poller, slot: usize) -> io::Result<()> {
        for (index, socket) in self.sockets.iter().enumerate() {
            poller.add(socket, slot * COUNT + index)?;
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
pub(super) fn place_of(token: usize) -> (usize, Side, Channel) {
    let (side, channel) = match token % COUNT {
        0 => (Side::Ingress, Channel::Rtp),
        1 => (Side::Ingress, Channel::Rtcp),
        2 => (Side::Egress, Channel::Rtp),
        _ => (Side::Egress, Channel::Rtcp),
    };
    (token / COUNT, side, channel)
}
