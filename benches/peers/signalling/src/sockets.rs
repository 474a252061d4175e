//! UDP in batches, with a source address of its own for each datagram, and the keeping of a thread to a core.
//!
//! All pointers that the kernel gets point into buffers that live until the call returns.

#![allow(
    unsafe_code,
    reason = "the standard library has no call for many datagrams, nor for their source addresses"
)]

use libc::{c_int, c_void, iovec, mmsghdr, sockaddr_in, timespec};
use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// Datagrams of one system call.
const BATCH: usize = 64;
/// Longer than any message of a call.
const DATAGRAM_BYTES: usize = 4_096;
/// Asked of the kernel for each socket; what it refuses is lost in a burst, and counted as a retransmission.
const BUFFER_BYTES: c_int = 32 << 20;
/// Room for one control message with a `in_pktinfo`.
const CONTROL_BYTES: usize = 32;

/// Control messages must be aligned as their header is.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL_BYTES]);

fn set_option(socket: &UdpSocket, option: c_int) -> bool {
    let value = BUFFER_BYTES;
    // SAFETY: the descriptor is open for the length of the borrow; the value is a c_int, as the option wants, and
    // its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast::<c_void>(),
            mem::size_of::<c_int>() as libc::socklen_t,
        )
    };
    result == 0
}

/// A socket with large buffers that never blocks, and the datagrams that wait to be sent together.
pub(crate) struct Port {
    socket: UdpSocket,
    waiting: Vec<Datagram>,
    count: usize,
    /// Datagrams that the kernel did not take at once.
    pub(crate) refused: u64,
}

struct Datagram {
    bytes: Vec<u8>,
    to: SocketAddrV4,
    /// The address it comes from, where the socket has several.
    from: Option<Ipv4Addr>,
}

impl Port {
    pub(crate) fn bind(address: SocketAddrV4) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        for (forced, asked) in [
            (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF),
            (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF),
        ] {
            // Only root gets more than the system's limit.
            if !set_option(&socket, forced) {
                set_option(&socket, asked);
            }
        }
        let datagram = || Datagram {
            bytes: Vec::with_capacity(DATAGRAM_BYTES),
            to: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0),
            from: None,
        };
        Ok(Self {
            socket,
            waiting: std::iter::repeat_with(datagram).take(BATCH).collect(),
            count: 0,
            refused: 0,
        })
    }

    /// The empty bytes of one more datagram; what waits goes first when there is no room.
    pub(crate) fn next(&mut self, to: SocketAddrV4, from: Option<Ipv4Addr>) -> &mut Vec<u8> {
        if self.count == BATCH {
            self.flush();
        }
        let datagram = &mut self.waiting[self.count];
        self.count += 1;
        datagram.to = to;
        datagram.from = from;
        datagram.bytes.clear();
        &mut datagram.bytes
    }

    /// Where it is bound.
    #[cfg(test)]
    pub(crate) fn address(&self) -> SocketAddrV4 {
        match self.socket.local_addr() {
            Ok(std::net::SocketAddr::V4(address)) => address,
            other => panic!("{other:?}"),
        }
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self) {
        let mut sent = 0;
        while sent < self.count {
            match send(&self.socket, &self.waiting[sent..self.count]) {
                Ok(count) => sent += count,
                Err(error) => match error.raw_os_error() {
                    Some(libc::EINTR | libc::ECONNREFUSED) => {}
                    Some(libc::EAGAIN | libc::ENOBUFS) => {
                        self.refused += 1;
                        std::thread::sleep(Duration::from_micros(50));
                    }
                    _ => {
                        self.refused += 1;
                        sent += 1;
                    }
                },
            }
        }
        self.count = 0;
    }
}

/// Sends the first of them; says how many.
fn send(socket: &UdpSocket, datagrams: &[Datagram]) -> io::Result<usize> {
    // SAFETY: all three are plain data, for which all zeroes is a valid value.
    let (mut headers, mut vectors, mut addresses): (
        [mmsghdr; BATCH],
        [iovec; BATCH],
        [sockaddr_in; BATCH],
    ) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
    let mut controls = [Control([0; CONTROL_BYTES]); BATCH];
    for (index, datagram) in datagrams.iter().enumerate() {
        addresses[index] = raw(datagram.to);
        // The kernel only reads through this pointer when it sends.
        vectors[index].iov_base = datagram.bytes.as_ptr().cast_mut().cast::<c_void>();
        vectors[index].iov_len = datagram.bytes.len();
        let header = &mut headers[index].msg_hdr;
        header.msg_name = (&raw mut addresses[index]).cast::<c_void>();
        header.msg_namelen = mem::size_of::<sockaddr_in>() as libc::socklen_t;
        header.msg_iov = &raw mut vectors[index];
        header.msg_iovlen = 1;
        if let Some(from) = datagram.from {
            header.msg_control = controls[index].0.as_mut_ptr().cast::<c_void>();
            header.msg_controllen = CONTROL_BYTES as _;
            put_source(header, from);
        }
    }
    // SAFETY: the descriptor is open for the length of the borrow. The first entries of `headers`, as many as there
    // are datagrams, point to one iovec, one datagram, one address and one control buffer each, with their true
    // lengths; all of them live until the call returns.
    let sent = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            headers.as_mut_ptr(),
            datagrams.len() as libc::c_uint,
            libc::MSG_DONTWAIT as _,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Writes the source address into the control buffer of `header`, and cuts the buffer to it.
fn put_source(header: &mut libc::msghdr, from: Ipv4Addr) {
    let info = libc::in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: libc::in_addr {
            s_addr: u32::from(from).to_be(),
        },
        ipi_addr: libc::in_addr { s_addr: 0 },
    };
    let length = mem::size_of::<libc::in_pktinfo>() as libc::c_uint;
    // SAFETY: the control buffer is aligned for its header and has room for it and `in_pktinfo`: 16 and 12 bytes of
    // the 32. The macros only compute places within it.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        (*message).cmsg_level = libc::IPPROTO_IP;
        (*message).cmsg_type = libc::IP_PKTINFO;
        (*message).cmsg_len = libc::CMSG_LEN(length) as _;
        libc::CMSG_DATA(message)
            .cast::<libc::in_pktinfo>()
            .write_unaligned(info);
        header.msg_controllen = libc::CMSG_SPACE(length) as _;
    }
}

fn raw(address: SocketAddrV4) -> sockaddr_in {
    sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(*address.ip()).to_be(),
        },
        sin_zero: [0; 8],
    }
}

/// Datagrams that came together.
pub(crate) struct Inbox {
    buffers: Vec<[u8; DATAGRAM_BYTES]>,
    lengths: [usize; BATCH],
    sources: [SocketAddrV4; BATCH],
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            buffers: vec![[0; DATAGRAM_BYTES]; BATCH],
            lengths: [0; BATCH],
            sources: [SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0); BATCH],
        }
    }

    /// Takes what is there; says how many.
    pub(crate) fn receive(&mut self, port: &Port) -> usize {
        // SAFETY: all three are plain data, for which all zeroes is a valid value.
        let (mut headers, mut vectors, mut addresses): (
            [mmsghdr; BATCH],
            [iovec; BATCH],
            [sockaddr_in; BATCH],
        ) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        for (index, buffer) in self.buffers.iter_mut().enumerate() {
            vectors[index].iov_base = buffer.as_mut_ptr().cast::<c_void>();
            vectors[index].iov_len = DATAGRAM_BYTES;
            let header = &mut headers[index].msg_hdr;
            header.msg_name = (&raw mut addresses[index]).cast::<c_void>();
            header.msg_namelen = mem::size_of::<sockaddr_in>() as libc::socklen_t;
            header.msg_iov = &raw mut vectors[index];
            header.msg_iovlen = 1;
        }
        // SAFETY: the descriptor is open for the length of the borrow. `headers` holds BATCH entries; each points to
        // one iovec, one buffer of ours and one address with their true lengths, not touched until it returns.
        let count = unsafe {
            libc::recvmmsg(
                port.socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        let count = usize::try_from(count).unwrap_or(0);
        for index in 0..count {
            self.lengths[index] = headers[index].msg_len as usize;
            let ip = Ipv4Addr::from(u32::from_be(addresses[index].sin_addr.s_addr));
            self.sources[index] = SocketAddrV4::new(ip, u16::from_be(addresses[index].sin_port));
        }
        count
    }

    /// One of those that [`receive`](Self::receive) took.
    pub(crate) fn datagram(&self, index: usize) -> (&[u8], SocketAddrV4) {
        let bytes = &self.buffers[index][..self.lengths[index]];
        (bytes, self.sources[index])
    }
}

/// Waits until one of the ports has something, or so long. Which of them have.
pub(crate) fn wait<const N: usize>(ports: [&Port; N], longest: Duration) -> [bool; N] {
    let mut asked = ports.map(|port| libc::pollfd {
        fd: port.socket.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    });
    let longest = timespec {
        tv_sec: longest.as_secs() as libc::time_t,
        tv_nsec: longest.subsec_nanos().into(),
    };
    // SAFETY: `asked` holds N entries of open descriptors; no signal mask is given.
    let ready = unsafe {
        libc::ppoll(
            asked.as_mut_ptr(),
            N as libc::nfds_t,
            &raw const longest,
            std::ptr::null(),
        )
    };
    asked.map(|port| ready > 0 && port.revents != 0)
}

/// The cores that this thread, and what it starts from now on, may use. Empty: all of the machine.
pub(crate) fn keep_to(cores: &[usize]) {
    // SAFETY: `cpu_set_t` is plain data, for which all zeroes is a valid value; the macros write within it, and the
    // kernel reads it with its size.
    unsafe {
        let mut set: libc::cpu_set_t = mem::zeroed();
        let all: Vec<usize> = (0..libc::CPU_SETSIZE as usize).collect();
        let cores = if cores.is_empty() { &all } else { cores };
        for core in cores {
            libc::CPU_SET(*core, &mut set);
        }
        libc::sched_setaffinity(0, mem::size_of::<libc::cpu_set_t>(), &raw const set);
    }
}

/// Timers of this thread are as exact as the kernel can make them.
pub(crate) fn wake_exactly() {
    // SAFETY: the call takes no pointer.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1);
    }
}

/// Processor time of this thread.
pub(crate) fn own_processor_time() -> Duration {
    // SAFETY: `rusage` is plain data, for which all zeroes is a valid value, and outlives the call.
    let usage = unsafe {
        let mut usage: libc::rusage = mem::zeroed();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        usage
    };
    let of = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    of(usage.ru_utime) + of(usage.ru_stime)
}
