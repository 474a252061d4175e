//! Free ports for the switch and for foreign programs, which bind them a moment after the test has chosen them.
//!
//! They lie below the range from which the system takes the ports of outgoing connections, and no test of this
//! process gets one twice: between choosing and binding nobody else takes it, and a switch that starts again
//! finds its own.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Linux takes those of outgoing connections from 32768 on.
const PORTS: Range<u16> = 20_000..32_700;

/// Where this process goes on; processes that run at once begin far from each other.
static NEXT: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new(std::process::id().wrapping_mul(1_237)));

/// A port of `ip` that is free for UDP and for TCP.
pub(crate) fn free_port(ip: &str) -> SocketAddr {
    let length = u32::from(PORTS.end - PORTS.start);
    for _ in PORTS {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % length;
        let port = PORTS.start + u16::try_from(place).unwrap();
        if UdpSocket::bind((ip, port)).is_ok() && TcpListener::bind((ip, port)).is_ok() {
            return SocketAddr::new(ip.parse().unwrap(), port);
        }
    }
    panic!("no port of {ip} is free");
}
