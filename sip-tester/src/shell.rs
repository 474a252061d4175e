//! The only place with sockets, threads and a clock: the agent put to work.
//!
//! Three things can be done with it: [`probe()`] places one test call and reports,
//! [`SimulatedCarrier`] answers calls, [`TrafficGenerator`] places them. Each runs in one thread
//! of its own that serves SIP and the RTP of all its calls: one poll, one tick of 20 ms for all
//! talkers, and only as many sockets as calls there were at once.
//!
//! All block for a bounded time and none needs an async runtime; from async code, call what blocks
//! through `spawn_blocking`.

mod carrier;
mod driver;
mod media;
mod probe;
mod running;
mod sockets;
mod traffic;

pub use carrier::SimulatedCarrier;
pub use media::RtpTotals;
pub use probe::{ProbeError, ProbeKind, ProbeOptions, ProbeReport, probe};
pub use running::{FinishedCall, MAX_FINISHED_CALLS, Statistics};
pub use traffic::{Numbers, Traffic, TrafficGenerator};

use sip_core::{Duration, Instant};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

/// How long a stop waits for BYEs and CANCELs to be answered.
pub const STOP_GRACE: Duration = Duration::from_secs(5);

/// Why a part of the shell could not start. The text names the address and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShellError {
    /// The SIP socket cannot be bound.
    #[error("cannot listen for SIP on UDP {address}{}", advice(source))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// Peers could not answer to this address.
    #[error(
        "{0} is no address that a peer can answer to: give one of this machine's own addresses"
    )]
    Unspecified(SocketAddr),
    /// An RTP socket cannot be bound.
    #[error("cannot open a UDP port for RTP on {ip}{}", advice(source))]
    MediaPort {
        /// The address.
        ip: IpAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The thread or its poll could not be made.
    #[error("cannot start the thread of the SIP tester: the system is out of resources")]
    Resources(#[source] io::Error),
}

/// What to do about an error of the system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            ": the address is in use; stop the program that has it or choose another port"
        }
        io::ErrorKind::AddrNotAvailable => ": this machine has no such address",
        io::ErrorKind::PermissionDenied => {
            ": not permitted; ports below 1024 need privileges, choose a higher one"
        }
        _ if error.raw_os_error() == Some(EMFILE) => {
            ": too many open files; raise the limit (ulimit -n)"
        }
        _ => "",
    }
}

/// "Too many open files" on Linux, macOS and the BSDs.
const EMFILE: i32 = 24;

/// The time since this process first asked. All agents of a process share this clock, so their
/// ladders can be merged.
pub fn now() -> Instant {
    static ORIGIN: OnceLock<std::time::Instant> = OnceLock::new();
    let elapsed = ORIGIN.get_or_init(std::time::Instant::now).elapsed();
    Instant::from_micros(u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
}
