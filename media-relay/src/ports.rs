//! The ports of the relay: a range, cut into sessions' worth of four.

use std::net::IpAddr;
use thiserror::Error;

/// Ports of a session: RTP and RTCP for each leg.
pub const PORTS_PER_SESSION: u16 = 4;

/// A range of UDP ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// A range that cannot hold a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("ports {first}-{last} hold no session: four are needed, beginning with an even one")]
pub struct RangeTooSmall {
    first: u16,
    last: u16,
}

/// The four ports of one session, by the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortQuad(u16);

impl PortRange {
    /// The range from `first` to `last`.
    ///
    /// # Errors
    /// When not even one session fits.
    pub fn new(first: u16, last: u16) -> Result<Self, RangeTooSmall> {
        let range = Self { first, last };
        if first == 0 || range.sessions() == 0 {
            return Err(RangeTooSmall { first, last });
        }
        Ok(range)
    }

    /// How many sessions fit at once.
    pub fn sessions(&self) -> usize {
        self.quads().count()
    }

    /// Every session's worth of ports, from the lowest. RTP ports are even, the RTCP port is the
    /// next (RFC 3550 §11).
    pub fn quads(&self) -> impl Iterator<Item = PortQuad> + use<> {
        let last = self.last;
        // Port 65535 has no even port above it and stays out by the filter.
        let first = self.first.checked_next_multiple_of(2).unwrap_or(self.first);
        (first..=last)
            .step_by(usize::from(PORTS_PER_SESSION))
            .filter(move |first| last - first >= PORTS_PER_SESSION - 1)
            .map(PortQuad)
    }
}

impl PortQuad {
    /// Ingress RTP, ingress RTCP, egress RTP, egress RTCP.
    pub fn ports(self) -> [u16; PORTS_PER_SESSION as usize] {
        [self.0, self.0 + 1, self.0 + 2, self.0 + 3]
    }
}

/// The addresses of the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayAddress {
    /// Where sockets are bound.
    pub bind: IpAddr,
    /// What peers are told to send to; differs behind a one-to-one NAT.
    pub advertised: IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quads(first: u16, last: u16) -> Vec<[u16; 4]> {
        PortRange { first, last }
            .quads()
            .map(PortQuad::ports)
            .collect()
    }

    #[test]
    fn rtp_ports_are_even_and_no_port_is_used_twice() {
        assert_eq!(
            quads(10_001, 10_010),
            [
                [10_002, 10_003, 10_004, 10_005],
                [10_006, 10_007, 10_008, 10_009]
            ]
        );
    }

    #[test]
    fn a_rest_of_less_than_four_is_left_out() {
        assert_eq!(quads(10_000, 10_006).len(), 1);
        assert_eq!(quads(65_530, 65_535), [[65_530, 65_531, 65_532, 65_533]]);
    }

    #[test]
    fn a_range_without_room_is_refused() {
        assert!(PortRange::new(10_000, 10_003).is_ok());
        assert!(PortRange::new(10_001, 10_004).is_err());
        assert!(PortRange::new(10_004, 10_000).is_err());
        assert!(PortRange::new(0, 100).is_err());
        assert!(PortRange::new(65_535, 65_535).is_err());
    }
}
