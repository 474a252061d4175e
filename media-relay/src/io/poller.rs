//! Waiting for many sockets at once, level-triggered: a socket is reported as long as it holds a
//! packet. So one read per report is enough; to read until nothing is left would cost a system
//! call per packet that returns nothing.

#[cfg(target_os = "linux")]
mod epoll;
#[cfg(not(target_os = "linux"))]
mod poll;

#[cfg(target_os = "linux")]
use epoll::Set;
#[cfg(not(target_os = "linux"))]
use poll::Set;

use std::io::{self, Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Sockets reported by one wait.
const REPORTS_MAX: usize = 1024;
/// The token of the wake-up stream, which no socket has.
const WAKE: usize = usize::MAX;

/// The sockets of a thread. A token names each.
#[derive(Debug)]
pub(super) struct Poller {
    set: Set,
    woken: UnixStream,
}

/// Ends a wait from another thread.
#[derive(Debug)]
pub(super) struct Waker(UnixStream);

impl Poller {
    pub(super) fn new() -> io::Result<(Self, Waker)> {
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let mut set = Set::new()?;
        set.add(&woken, WAKE)?;
        Ok((Self { set, woken }, Waker(waker)))
    }

    /// Watches `socket` until it is closed; where there is no `epoll` it must not be closed before the poller.
    pub(super) fn add(&mut self, socket: &UdpSocket, token: usize) -> io::Result<()> {
        self.set.add(socket, token)
    }

    /// Waits until a socket can be read, a wake-up, or `longest`. Replaces what `readable` holds
    /// by the tokens of the sockets.
    pub(super) fn wait(&mut self, readable: &mut Vec<usize>, longest: Duration) -> io::Result<()> {
        readable.clear();
        self.set.wait(readable, longest)?;
        let reported = readable.len();
        readable.retain(|token| *token != WAKE);
        if readable.len() < reported {
            // Empties the stream, whatever was written; an error means that it is empty.
            while matches!(self.woken.read(&mut [0; 64]), Ok(64)) {}
        }
        Ok(())
    }
}

impl Waker {
    pub(super) fn wake(&self) -> io::Result<()> {
        match (&self.0).write(&[1]) {
            // Full: the wake-ups that are in it will do.
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }
}
