//! `recvmmsg`, `sendmmsg` and the error queue.
//!
//! All pointers handed to the kernel live for one call and point into borrowed buffers.

#![allow(
    unsafe_code,
    reason = "the standard library has no call for many datagrams, nor for the error queue"
)]

mod address;

use super::receive::ReceiveBatch;
use super::send::SendBatch;
use super::{BATCH, Evidence, Unreachable, UnreachableReason, quote};
use crate::transport::reason_of;
use address::RawAddress;
use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, msghdr, sock_extended_err};
use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

/// Room for the control messages of one queued error: the extended error and an address, twice
/// what they need.
const CONTROL_BYTES: usize = 128;

/// Control messages must be aligned as their header is.
#[repr(C, align(8))]
struct Control([u8; CONTROL_BYTES]);

/// Asks that errors of earlier datagrams (ICMP) be queued and named by destination. Without it
/// Linux tells an unconnected socket nothing.
pub(super) fn ask_for_errors(socket: &UdpSocket, address: SocketAddr) -> io::Result<()> {
    let (level, option) = match address {
        SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_RECVERR),
        SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
    };
    let on: c_int = 1;
    // SAFETY: the descriptor is open for the length of the borrow; the value is a c_int, as both
    // options want, and its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
            (&raw const on).cast::<c_void>(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Fills `batch` with what is there; `WouldBlock` when nothing is.
pub(super) fn receive(socket: &UdpSocket, batch: &mut ReceiveBatch) -> io::Result<usize> {
    let mut vectors = [EMPTY_VECTOR; BATCH];
    let mut addresses = [RawAddress::EMPTY; BATCH];
    let mut headers = empty_headers();
    for (((buffer, _), vector), (header, address)) in batch
        .slots_mut()
        .zip(&mut vectors)
        .zip(headers.iter_mut().zip(&mut addresses))
    {
        vector.iov_base = buffer.as_mut_ptr().cast::<c_void>();
        vector.iov_len = buffer.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_name = address.as_mut_ptr();
        header.msg_hdr.msg_namelen = RawAddress::CAPACITY;
    }
    // SAFETY: the descriptor is open for the length of the borrow. `headers` holds BATCH entries;
    // each points to one iovec, one buffer of the batch and one address with their true lengths,
    // all distinct, borrowed mutably or owned by this function, and not touched until it returns.
    let count = unsafe {
        libc::recvmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            BATCH as libc::c_uint,
            libc::MSG_DONTWAIT as _,
            std::ptr::null_mut(),
        )
    };
    let count = usize::try_from(count).map_err(|_| io::Error::last_os_error())?;
    for (((_, slot), header), address) in
        batch.slots_mut().zip(&headers).zip(&addresses).take(count)
    {
        slot.length = header.msg_len as usize;
        slot.source = address.decode(header.msg_hdr.msg_namelen);
    }
    batch.set_received(count);
    Ok(count)
}

/// Sends the first datagrams of `batch`; returns how many, at least one.
pub(super) fn send(socket: &UdpSocket, batch: &SendBatch) -> io::Result<usize> {
    let mut vectors = [EMPTY_VECTOR; BATCH];
    let mut addresses = [RawAddress::EMPTY; BATCH];
    let mut headers = empty_headers();
    let mut count = 0;
    for (((datagram, destination), vector), (header, address)) in batch
        .waiting()
        .zip(&mut vectors)
        .zip(headers.iter_mut().zip(&mut addresses))
    {
        // The kernel only reads through this pointer when it sends.
        vector.iov_base = datagram.as_ptr().cast_mut().cast::<c_void>();
        vector.iov_len = datagram.len();
        header.msg_hdr.msg_namelen = address.encode(destination);
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_name = address.as_mut_ptr();
        count += 1;
    }
    // SAFETY: the descriptor is open for the length of the borrow. The first `count` entries of
    // `headers` each point to one iovec, one datagram of the batch and one address with their true
    // lengths, all of which live until the call returns. Sending does not write through them,
    // except for `msg_len` of the headers, which are ours.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            count,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Takes one error from the socket's queue: `None` when it is empty, `Some(None)` when the error
/// says nothing reliable of whether a destination can be reached.
pub(super) fn next_error(socket: &UdpSocket) -> Option<Option<Unreachable>> {
    let mut address = RawAddress::EMPTY;
    let mut control = Control([0; CONTROL_BYTES]);
    let mut quoted = [0; quote::BYTES];
    let mut vector = iovec {
        iov_base: quoted.as_mut_ptr().cast::<c_void>(),
        iov_len: quoted.len(),
    };
    // SAFETY: `msghdr` is plain data, for which all zeroes is a valid value.
    let mut header: msghdr = unsafe { mem::zeroed() };
    header.msg_name = address.as_mut_ptr();
    header.msg_namelen = RawAddress::CAPACITY;
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast::<c_void>();
    header.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: the descriptor is open for the length of the borrow; the address, the control buffer
    // and the one buffer for data have the lengths given and live until the call returns.
    let received = unsafe {
        libc::recvmsg(
            socket.as_raw_fd(),
            &raw mut header,
            libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT,
        )
    };
    // Negative when the queue is empty.
    let quoted = &quoted[..usize::try_from(received).ok()?];
    let destination = address.decode(header.msg_namelen);
    Some(extended_error(&header).and_then(|error| report(&error, destination?, quoted)))
}

/// What an error says of a destination. `quoted` is the start of the datagram that it is about.
fn report(
    error: &sock_extended_err,
    destination: SocketAddr,
    quoted: &[u8],
) -> Option<Unreachable> {
    let errno = io::Error::from_raw_os_error(c_int::try_from(error.ee_errno).ok()?);
    let reason = reason_of(&errno)?;
    let evidence = match error.ee_origin {
        libc::SO_EE_ORIGIN_LOCAL => Evidence::Certain,
        // Only the host itself knows that a port is closed. That a host or a network is out of
        // reach, any router on the way may say, for a moment.
        libc::SO_EE_ORIGIN_ICMP | libc::SO_EE_ORIGIN_ICMP6
            if reason == UnreachableReason::Refused =>
        {
            Evidence::Quoted(quote::branch(quoted)?)
        }
        // Time stamps, zero-copy notices and what no router need be believed.
        _ => return None,
    };
    Some(Unreachable {
        destination,
        host: None,
        reason,
        evidence,
    })
}

fn extended_error(header: &msghdr) -> Option<sock_extended_err> {
    // SAFETY: the header describes the control buffer that the kernel has just filled, aligned as
    // control messages are and alive while `header` is borrowed by the caller.
    let mut message: *const cmsghdr = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !message.is_null() {
        // SAFETY: the macros return only headers that lie wholly within the control buffer.
        let (level, kind, length) = unsafe {
            (
                (*message).cmsg_level,
                (*message).cmsg_type,
                (*message).cmsg_len,
            )
        };
        let is_error = (level == libc::IPPROTO_IP && kind == libc::IP_RECVERR)
            || (level == libc::IPPROTO_IPV6 && kind == libc::IPV6_RECVERR);
        // SAFETY: only computes a length.
        let needed = unsafe { libc::CMSG_LEN(size_of::<sock_extended_err>() as u32) } as usize;
        #[allow(clippy::unnecessary_cast, reason = "32 bits wide in musl")]
        let length = length as usize;
        if is_error && length >= needed {
            // SAFETY: the message is long enough to hold the structure after its header; it is
            // read without an assumption about alignment.
            return Some(unsafe {
                libc::CMSG_DATA(message)
                    .cast::<sock_extended_err>()
                    .read_unaligned()
            });
        }
        // SAFETY: `message` is a header within the control buffer of `header`.
        message = unsafe { libc::CMSG_NXTHDR(header, message) };
    }
    None
}

const EMPTY_VECTOR: iovec = iovec {
    iov_base: std::ptr::null_mut(),
    iov_len: 0,
};

fn empty_headers() -> [mmsghdr; BATCH] {
    // SAFETY: `mmsghdr` is plain data (integers and pointers), for which all zeroes is a valid
    // value: null pointers and no lengths.
    unsafe { mem::zeroed() }
}
