//! Datagrams in batches: one system call for many, in both directions.
//!
//! A listener is a *group* of sockets on one address, one per shard; the kernel spreads the peers
//! over them (`SO_REUSEPORT`). Each shard owns its [`UdpSocket`] and drives it from its poll loop:
//!
//! ```text
//! on any event of the socket (readable, writable, error):
//!     socket.receive(&mut received)      repeat while the batch comes back full
//!     socket.poll_unreachable()          until None; tell every shard
//! after handling:
//!     sending.push(destination, bytes)
//!     socket.send(&mut sending)          Blocked: call again at the next writable event
//! ```
//!
//! Sockets are non-blocking and meant for edge-triggered polling of their raw descriptor.

#[cfg(target_os = "linux")]
mod quote;
mod receive;
mod send;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use portable as system;

pub use receive::{ReceiveBatch, ReceivedDatagram};
pub use send::{Flush, QueueFull, SendBatch};

use super::{BindError, Evidence, Unreachable, UnreachableReason, reason_of};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket as StdSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// Datagrams of one system call, each way.
pub const BATCH: usize = 64;

/// Reports of unreachable destinations kept until the shard takes them; more are dropped, because
/// the timers of the transactions still hold.
const UNREACHABLE_QUEUE_MAX: usize = 1024;

/// How often one call of [`UdpSocket::receive`] or [`UdpSocket::send`] goes on after the error of
/// an earlier datagram, before it leaves the rest for the next call.
const PENDING_ERRORS_MAX: usize = 64;

/// A datagram is given up when it is refused so often in a row without a notice that would explain
/// the refusal by an earlier one. Under a flood of forged ICMP the kernel has no room for the
/// notices, and the first refusal need not be this datagram's.
const REFUSALS_MAX: usize = 3;

/// How the sockets of a group are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UdpConfig {
    /// Bytes of the kernel's receive buffer asked for, per socket. The kernel may grant less
    /// (`net.core.rmem_max`): see [`UdpSocket::receive_buffer`]. Too small loses bursts.
    pub receive_buffer: usize,
    /// Bytes of the kernel's send buffer asked for, per socket.
    pub send_buffer: usize,
}

impl Default for UdpConfig {
    fn default() -> Self {
        Self {
            receive_buffer: 4 << 20,
            send_buffer: 4 << 20,
        }
    }
}

/// One shard's socket of one listener.
#[derive(Debug)]
pub struct UdpSocket {
    socket: StdSocket,
    local: SocketAddr,
    unreachable: VecDeque<Unreachable>,
    unreachable_dropped: u64,
}

impl UdpSocket {
    /// Binds one socket per shard to `address`. Port 0 takes a free port, the same for all.
    ///
    /// The address should be one that peers see: replies leave from it.
    ///
    /// # Errors
    /// [`BindError::Taken`] also when the other program would share the port: a group that shared
    /// it with a second instance would lose half its messages to that.
    pub fn bind_group(
        address: SocketAddr,
        shards: usize,
        config: &UdpConfig,
    ) -> Result<Vec<Self>, BindError> {
        let failed = |source| BindError::new(address, "udp", source);
        // Without SO_REUSEPORT a bind succeeds only on a port that nobody else has. SO_REUSEADDR
        // is never set: for datagrams it would let two programs take the same port in silence.
        let probe = bind_one(address, false, config).map_err(failed)?;
        let address = probe.local_addr().map_err(failed)?;
        if shards == 1 {
            return Self::new(probe).map(|one| vec![one]).map_err(failed);
        }
        drop(probe);
        (0..shards)
            .map(|_| bind_one(address, true, config).and_then(Self::new))
            .collect::<io::Result<_>>()
            .map_err(failed)
    }

    fn new(socket: StdSocket) -> io::Result<Self> {
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            unreachable: VecDeque::new(),
            unreachable_dropped: 0,
        })
    }

    /// The address it is bound to, with the port that was taken for port 0.
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// Bytes of receive buffer that the kernel granted (it counts its own overhead too).
    ///
    /// # Errors
    /// Those of `getsockopt`.
    pub fn receive_buffer(&self) -> io::Result<usize> {
        socket2::SockRef::from(&self.socket).recv_buffer_size()
    }

    /// Reads what is there into `batch`, replacing what it held; returns how many.
    ///
    /// Fewer than [`BATCH`] means that the socket is drained. Reports of unreachable destinations
    /// met on the way are kept for [`Self::poll_unreachable`].
    ///
    /// # Errors
    /// Only such as concern the socket itself; having nothing to read is `Ok(0)`.
    pub fn receive(&mut self, batch: &mut ReceiveBatch) -> io::Result<usize> {
        batch.clear();
        for _ in 0..PENDING_ERRORS_MAX {
            match system::receive(&self.socket, batch) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The fate of something sent earlier is told by whichever call comes next.
                Err(error) => {
                    if self.collect_errors() == 0 && reason_of(&error).is_none() {
                        return Err(error);
                    }
                }
            }
        }
        Ok(0)
    }

    /// Sends what `batch` holds, in order, and takes out what was sent.
    ///
    /// A datagram that our own host refuses is dropped and reported by
    /// [`Self::poll_unreachable`]; the others go on.
    ///
    /// # Errors
    /// Only such as concern the socket itself. What was not sent stays in the batch.
    pub fn send(&mut self, batch: &mut SendBatch) -> io::Result<Flush> {
        let mut pending_errors = 0;
        let mut refusals = 0;
        while !batch.is_empty() {
            match system::send(&self.socket, batch) {
                Ok(count) => {
                    let asked = batch.len().min(BATCH);
                    batch.advance(count);
                    refusals = 0;
                    // The call stops at an error but does not tell it, and may have taken the
                    // only notice of an earlier datagram's fate.
                    if count < asked {
                        self.collect_errors();
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    batch.compact();
                    return Ok(Flush::Blocked);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // The error may belong to a datagram sent earlier: then the error queue names
                    // it, and this one is tried again. A refusal always does: only an answer from
                    // the network can refuse.
                    pending_errors += 1;
                    let earlier = self.collect_errors() > 0
                        || error.kind() == io::ErrorKind::ConnectionRefused;
                    refusals += usize::from(!earlier);
                    // What no router can say is this datagram's own, such as its length, though
                    // the kernel puts that into the error queue too.
                    let own = pending_errors > PENDING_ERRORS_MAX && reason_of(&error).is_none();
                    if refusals == REFUSALS_MAX || own {
                        self.report_first(batch, &error);
                    }
                    if refusals == REFUSALS_MAX || pending_errors > PENDING_ERRORS_MAX {
                        batch.advance(1);
                        refusals = 0;
                    }
                }
            }
        }
        batch.compact();
        Ok(Flush::Complete)
    }

    /// The next destination found unreachable. Take all after each receive and send.
    pub fn poll_unreachable(&mut self) -> Option<Unreachable> {
        self.unreachable.pop_front()
    }

    /// Reports dropped because they were not taken in time, since the bind.
    pub fn unreachable_dropped(&self) -> u64 {
        self.unreachable_dropped
    }

    /// Our own host refuses the first datagram.
    fn report_first(&mut self, batch: &SendBatch, error: &io::Error) {
        // Want of memory says nothing of the destination; the datagram is lost as on the network.
        let transient = matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM));
        if let Some(destination) = batch.first_destination().filter(|_| !transient) {
            self.note(Unreachable {
                destination,
                host: None,
                reason: reason_of(error).unwrap_or(UnreachableReason::LocalFailure),
                evidence: Evidence::Certain,
            });
        }
    }

    /// Moves the kernel's error queue to ours; returns how many errors there were, of any kind.
    fn collect_errors(&mut self) -> usize {
        let mut found = 0;
        while found < UNREACHABLE_QUEUE_MAX {
            let Some(report) = system::next_error(&self.socket) else {
                break;
            };
            found += 1;
            if let Some(unreachable) = report {
                self.note(unreachable);
            }
        }
        found
    }

    fn note(&mut self, unreachable: Unreachable) {
        if self.unreachable.len() < UNREACHABLE_QUEUE_MAX {
            self.unreachable.push_back(unreachable);
        } else {
            self.unreachable_dropped += 1;
        }
    }
}

impl AsRawFd for UdpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for UdpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn bind_one(address: SocketAddr, shared: bool, config: &UdpConfig) -> io::Result<StdSocket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::DGRAM,
        Some(Protocol::UDP),
    )?;
    if address.is_ipv6() {
        // An IPv4 listener is a listener of its own, with its own policy.
        socket.set_only_v6(true)?;
    }
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.set_recv_buffer_size(config.receive_buffer)?;
    socket.set_send_buffer_size(config.send_buffer)?;
    let socket: StdSocket = socket.into();
    system::ask_for_errors(&socket, address)?;
    socket2::SockRef::from(&socket).bind(&address.into())?;
    Ok(socket)
}
