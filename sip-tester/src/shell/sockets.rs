//! The SIP socket of an agent, and its twin that hears refusals.

use super::ShellError;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;

/// Largest datagram.
pub(super) const MAX_DATAGRAM: usize = 65_535;

/// What a read gave.
pub(super) enum Read {
    /// This many bytes from there.
    Datagram(usize, SocketAddr),
    /// Nobody listens at the address that the socket is connected to.
    Refused(SocketAddr),
    /// Nothing to read now.
    Nothing,
}

/// One or two sockets at the same local address.
pub(super) struct SipSockets {
    main: UdpSocket,
    /// Connected to the one peer of a probe. The system tells only a connected socket that nobody
    /// listens there; and it hands this one the peer's datagrams.
    direct: Option<(SocketAddr, UdpSocket)>,
}

impl SipSockets {
    /// Binds at `address`, whose port may be 0.
    pub(super) fn bind(
        address: SocketAddr,
        peer: Option<SocketAddr>,
    ) -> Result<(Self, SocketAddr), ShellError> {
        if address.ip().is_unspecified() {
            return Err(ShellError::Unspecified(address));
        }
        let failed = |source| ShellError::Bind { address, source };
        let main = bind(address, peer.is_some()).map_err(failed)?;
        let local = main.local_addr().map_err(failed)?;
        let direct = peer.map(|peer| {
            let socket = bind(local, true)?;
            socket.connect(peer)?;
            Ok((peer, UdpSocket::from_std(socket)))
        });
        let direct = direct.transpose().map_err(failed)?;
        Ok((
            Self {
                main: UdpSocket::from_std(main),
                direct,
            },
            local,
        ))
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.main, token, Interest::READABLE)?;
        match &mut self.direct {
            Some((_, socket)) => registry.register(socket, token, Interest::READABLE),
            None => Ok(()),
        }
    }

    /// Sends a datagram. An error means that it did not leave.
    pub(super) fn send(&self, bytes: &[u8], remote: SocketAddr) -> io::Result<()> {
        let sent = match &self.direct {
            Some((peer, socket)) if *peer == remote => socket.send(bytes),
            _ => self.main.send_to(bytes, remote),
        };
        match sent {
            // A full buffer is a loss like any other on the way.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }

    /// Reads one datagram.
    pub(super) fn read(&self, buffer: &mut [u8]) -> Read {
        if let Ok((length, from)) = self.main.recv_from(buffer) {
            return Read::Datagram(length, from);
        }
        let Some((peer, socket)) = &self.direct else {
            return Read::Nothing;
        };
        match socket.recv(buffer) {
            Ok(length) => Read::Datagram(length, *peer),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Read::Refused(*peer),
            Err(_) => Read::Nothing,
        }
    }
}

fn bind(address: SocketAddr, is_shared: bool) -> io::Result<std::net::UdpSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    // Only a probe's pair shares its address: otherwise a second program must get an error.
    #[cfg(unix)]
    socket.set_reuse_port(is_shared)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}
