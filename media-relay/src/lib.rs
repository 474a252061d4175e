//! Relays RTP and RTCP between the two legs of a call, on threads of its own.
//!
//! A session is four ports: RTP and RTCP towards the customer (ingress), RTP and RTCP towards the
//! carrier (egress). What comes in at one leg's port leaves from the other leg's port to where that
//! peer receives. The crate knows no SIP, no routes and no money: it is told a session and two
//! addresses, and it tells packets, bytes, loss, jitter, delay and silence.
//!
//! - [`session`] decides, packet by packet, without I/O: is it RTP, may this source send it, where
//!   does it go, what is counted.
//! - [`rtcp`] reads what peers report of each other, [`quality`] rates what a call sounds like by the
//!   E-model, [`codec`] names what payload types stand for.
//! - [`srtp`] opens and seals what a leg has keys for.
//! - [`ports`] divides a port range into sessions' worth of ports.
//! - [`io`] holds the threads and sockets. [`io::MediaRelay::start`] gives each shard of the switch
//!   an [`io::RelayLink`] with a stock of [`ReadyPair`]s: ports that are already bound, so that a
//!   call never waits for the system.
//!
//! Invariants:
//! - a packet that is not RTP or RTCP is never forwarded and never teaches an address;
//! - of a leg with keys ([`srtp`]) only what opens is forwarded or teaches an address, and nothing goes to
//!   it that is not sealed;
//! - while a source is locked, only its packets are forwarded;
//! - a port serves another session only after it has been quiet for the configured time;
//! - a session identifier is never used twice, so a late command finds nothing;
//! - no packet comes back to a port where it has been: sessions may send to each other, but not in a ring.
//!
//! The feature `io` (default) can be left out by crates that need only the plain types.

pub mod codec;
#[cfg(feature = "io")]
pub mod io;
pub mod ports;
pub mod quality;
pub mod rtcp;
pub mod session;
pub mod srtp;

mod reception;
mod rtp;
#[cfg(feature = "io")]
mod slots;
mod statistics;

pub use codec::{Codec, PayloadTypes};
pub use session::{LegKeys, MediaKeys, RemoteMedia, SessionId, Side, Watch};
pub use statistics::{DirectionStatistics, FarEnd, Jitter, MediaStatistics, NETWORK_DELAY_ASSUMED};

use std::net::SocketAddr;

/// A session's ports, bound and quiet, in the stock of a shard.
///
/// Whoever takes it from the stock stops the session in the end, also if it was never started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyPair {
    /// The session that these ports serve next.
    pub session: SessionId,
    /// Where the customer shall send RTP, as advertised; RTCP is the next port.
    pub ingress_rtp: SocketAddr,
    /// Where the carrier shall send RTP, as advertised; RTCP is the next port.
    pub egress_rtp: SocketAddr,
}

impl ReadyPair {
    /// Whether an address is one of these very ports: what is sent there would come back.
    pub fn is_at(&self, address: SocketAddr) -> bool {
        let ours = self.ingress_rtp.port().min(self.egress_rtp.port());
        let port = address.port().checked_sub(ours);
        address.ip() == self.ingress_rtp.ip()
            && port.is_some_and(|port| port < ports::PORTS_PER_SESSION)
    }
}
