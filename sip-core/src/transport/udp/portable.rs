//! One datagram a system call, for systems without the batched calls. Such a system is for
//! development: it reports no unreachable destinations beyond its own refusals.

use super::receive::ReceiveBatch;
use super::send::SendBatch;
use super::{BATCH, Unreachable};
use std::io;
use std::net::{SocketAddr, UdpSocket};

pub(super) fn ask_for_errors(_socket: &UdpSocket, _address: SocketAddr) -> io::Result<()> {
    Ok(())
}

pub(super) fn receive(socket: &UdpSocket, batch: &mut ReceiveBatch) -> io::Result<usize> {
    let mut count = 0;
    let mut stopped = None;
    for (buffer, slot) in batch.slots_mut() {
        match socket.recv_from(buffer) {
            Ok((length, source)) => {
                slot.length = length;
                slot.source = Some(source);
                count += 1;
            }
            Err(error) => {
                stopped = Some(error);
                break;
            }
        }
    }
    match stopped {
        Some(error) if count == 0 => return Err(error),
        _ => batch.set_received(count),
    }
    Ok(count)
}

pub(super) fn send(socket: &UdpSocket, batch: &SendBatch) -> io::Result<usize> {
    let mut sent = 0;
    for (datagram, destination) in batch.waiting().take(BATCH) {
        match socket.send_to(datagram, destination) {
            Ok(_) => sent += 1,
            Err(error) if sent == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(sent)
}

pub(super) fn next_error(_socket: &UdpSocket) -> Option<Option<Unreachable>> {
    None
}
