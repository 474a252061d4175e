//! What a datagram is, by its first bytes (RFC 3550 §5.1, RFC 5761 §4).

/// Version 2 in the two highest bits of the first byte.
const VERSION_MASK: u8 = 0xc0;
const VERSION_2: u8 = 0x80;
/// The fixed header of RTP (RFC 3550 §5.1).
const RTP_LENGTH_MIN: usize = 12;
/// Header and SSRC, which every RTCP packet has (RFC 3550 §6.4).
const RTCP_LENGTH_MIN: usize = 8;
/// RTCP packet types; where both share a port, no RTP payload type looks like these
/// (RFC 5761 §4).
const RTCP_TYPES: std::ops::RangeInclusive<u8> = 192..=223;

/// A valid datagram of a media stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rtp,
    Rtcp,
}

/// What the fixed header says of a packet's place in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl Header {
    /// Of a datagram that is [`Kind::Rtp`]; `None` for a shorter one.
    pub(crate) fn of(datagram: &[u8]) -> Option<Self> {
        let [_, kind, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3, ..] = *datagram else {
            return None;
        };
        Some(Self {
            payload_type: kind & 0x7f,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        })
    }
}

/// What arrived at an RTP port; `None` when it is neither. RTCP is looked for only with `mux`.
pub(crate) fn at_rtp_port(datagram: &[u8], mux: bool) -> Option<Kind> {
    let &[first, second, ..] = datagram else {
        return None;
    };
    if first & VERSION_MASK != VERSION_2 {
        return None;
    }
    if mux && RTCP_TYPES.contains(&second) {
        return (datagram.len() >= RTCP_LENGTH_MIN).then_some(Kind::Rtcp);
    }
    (datagram.len() >= RTP_LENGTH_MIN).then_some(Kind::Rtp)
}

/// What arrived at an RTCP port; `None` when it is not RTCP.
pub(crate) fn at_rtcp_port(datagram: &[u8]) -> Option<Kind> {
    match datagram {
        [first, second, ..]
            if first & VERSION_MASK == VERSION_2
                && RTCP_TYPES.contains(second)
                && datagram.len() >= RTCP_LENGTH_MIN =>
        {
            Some(Kind::Rtcp)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_two_and_a_whole_header_make_rtp() {
        assert_eq!(at_rtp_port(&[0x80; 12], false), Some(Kind::Rtp));
        assert_eq!(at_rtp_port(&[0x80; 11], false), None);
        assert_eq!(at_rtp_port(&[0x40; 12], false), None);
        assert_eq!(at_rtp_port(&[], false), None);
    }

    #[test]
    fn rtcp_shares_the_rtp_port_only_by_agreement() {
        let mut report = [0_u8; 12];
        report[..2].copy_from_slice(&[0x80, 200]);
        assert_eq!(at_rtp_port(&report, true), Some(Kind::Rtcp));
        assert_eq!(at_rtp_port(&report, false), Some(Kind::Rtp));
        assert_eq!(at_rtp_port(&report[..7], true), None);
    }

    #[test]
    fn only_rtcp_passes_at_the_rtcp_port() {
        assert_eq!(
            at_rtcp_port(&[0x81, 201, 0, 1, 0, 0, 0, 7]),
            Some(Kind::Rtcp)
        );
        assert_eq!(at_rtcp_port(&[0x80, 8, 0, 1, 0, 0, 0, 7]), None);
        assert_eq!(at_rtcp_port(&[0x81, 201, 0, 1]), None);
        assert_eq!(at_rtcp_port(&[0x01, 201, 0, 1, 0, 0, 0, 7]), None);
    }
}
