//! What is counted of a session.

use crate::session::Side;
use std::time::Duration;

/// Both directions of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStatistics {
    /// Received from the customer.
    pub ingress: DirectionStatistics,
    /// Received from the carrier.
    pub egress: DirectionStatistics,
}

/// What was received from one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DirectionStatistics {
    /// RTP packets accepted.
    pub packets: u64,
    /// UDP payload bytes of those.
    pub bytes: u64,
    /// RTCP packets accepted.
    pub rtcp_packets: u64,
    /// Datagrams that are no RTP or RTCP.
    pub invalid: u64,
    /// Datagrams of another source than the locked one, or before any address was announced.
    pub foreign: u64,
    /// Accepted packets that went nowhere: the other peer has no address, wants no media, or the
    /// system refused to send.
    pub undeliverable: u64,
    /// Time since the last accepted packet of either kind; `None` before the first.
    pub silent_for: Option<Duration>,
}

impl MediaStatistics {
    /// What was received from `side`.
    pub fn from_side(&self, side: Side) -> &DirectionStatistics {
        match side {
            Side::Ingress => &self.ingress,
            Side::Egress => &self.egress,
        }
    }
}
