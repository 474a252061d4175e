//! Accepting.

use super::registry::Command;
use crate::transaction::Transport;
use crate::transport::BindError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::mpsc;

/// Connections that the kernel keeps until they are accepted.
const BACKLOG: u32 = 1024;
/// After a failure to accept, mostly for want of file descriptors, others need time to be closed.
const PAUSE: Duration = Duration::from_millis(100);

/// Binds a listener; returns it with the address it has.
pub(super) fn bind(
    transport: Transport,
    address: SocketAddr,
) -> Result<(TcpListener, SocketAddr), BindError> {
    listen(address).map_err(|source| BindError::new(address, transport.parameter(), source))
}

fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    if address.is_ipv6() {
        socket2::SockRef::from(&socket).set_only_v6(true)?;
    }
    // A restart must not wait for connections of the process before it (TIME_WAIT). Two listeners
    // on one address are refused all the same.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Hands every connection to the registry, until that is gone.
pub(super) async fn run(
    listener: TcpListener,
    transport: Transport,
    registry: mpsc::Sender<Command>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if registry
                    .send(Command::Accepted(stream, peer, transport))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
