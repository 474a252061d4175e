//! Sends every datagram back: what the batched transport costs per datagram, for load tools.
//!
//! ```text
//! udp_echo 127.0.0.13:5060
//! ```
//!
//! One socket and one thread with an edge-triggered poll, as a shard has it. It runs until it is
//! killed.

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use sip_core::transport::udp::{ReceiveBatch, SendBatch, UdpConfig, UdpSocket};
use std::error::Error;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: udp_echo IP:PORT")?;
    let address: SocketAddr = address.parse()?;
    let mut socket = UdpSocket::bind_group(address, 1, &UdpConfig::default())?
        .pop()
        .ok_or("no socket")?;
    let mut poll = Poll::new()?;
    let interest = Interest::READABLE | Interest::WRITABLE;
    let source = socket.as_raw_fd();
    poll.registry()
        .register(&mut SourceFd(&source), Token(0), interest)?;
    let mut events = Events::with_capacity(8);
    let mut received = ReceiveBatch::default();
    let mut sending = SendBatch::new();
    loop {
        poll.poll(&mut events, None)?;
        loop {
            socket.receive(&mut received)?;
            for datagram in received.iter() {
                // A full queue drops, as the network would.
                let _ = sending.push(datagram.source, datagram.bytes);
            }
            // What is blocked goes with the next writable event.
            socket.send(&mut sending)?;
            while socket.poll_unreachable().is_some() {}
            if !received.is_full() {
                break;
            }
        }
    }
}
