//! SIP messages as a capture file: libpcap, link type "raw IP".
//!
//! The packets are made up around the messages: one UDP datagram each, whatever they really came by,
//! because nobody remembers the segments of a stream.

use crate::switch_port::{TraceDirection, TraceMessage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Native byte order told by this number; we write little-endian.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Version 2.4, as two 16-bit numbers.
const VERSION: u32 = 0x0004_0002;
/// Packets begin with an IP header of either version.
const LINK_RAW: u32 = 101;
const SNAPSHOT_LENGTH: u32 = 0x4_0000;
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const IPV4_HEADER: usize = 20;
const HOP_LIMIT: u8 = 64;
/// Most of a message that fits an IPv4 datagram.
const MESSAGE_MAX: usize = 65_535 - IPV4_HEADER - UDP_HEADER;

/// The file. What of a message does not fit a datagram is cut off.
pub(crate) fn write(messages: &[TraceMessage]) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [MAGIC, VERSION, 0, 0, SNAPSHOT_LENGTH, LINK_RAW] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    for message in messages {
        push_packet(&mut out, message);
    }
    out
}

fn push_packet(out: &mut Vec<u8>, message: &TraceMessage) {
    let packet = packet(message);
    let seconds = u32::try_from(message.at.0 / 1_000_000).unwrap_or(u32::MAX);
    let micros = u32::try_from(message.at.0 % 1_000_000).unwrap_or(0);
    let length = u32::try_from(packet.len()).unwrap_or(u32::MAX);
    for number in [seconds, micros, length, length] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(&packet);
}

fn packet(message: &TraceMessage) -> Vec<u8> {
    let (source, destination) = match message.direction {
        TraceDirection::Received => (message.remote, message.local),
        TraceDirection::Sent => (message.local, message.remote),
    };
    let bytes = &message.bytes[..message.bytes.len().min(MESSAGE_MAX)];
    let header = udp(source, destination, bytes, 0);
    let mut packet = match (source.ip().to_canonical(), destination.ip().to_canonical()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut packet = ipv4(from, to, UDP_HEADER + bytes.len());
            // RFC 768: a checksum of zero is none.
            packet.extend_from_slice(&header);
            packet
        }
        (from, to) => {
            let (from, to) = (mapped(from), mapped(to));
            let checksum = checksum_of_udp(from, to, &header, bytes);
            let mut packet = ipv6(from, to, UDP_HEADER + bytes.len());
            packet.extend_from_slice(&udp(source, destination, bytes, checksum));
            packet
        }
    };
    packet.extend_from_slice(bytes);
    packet
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn udp(from: SocketAddr, to: SocketAddr, bytes: &[u8], checksum: u16) -> [u8; UDP_HEADER] {
    let length = u16::try_from(UDP_HEADER + bytes.len()).unwrap_or(u16::MAX);
    let fields = [from.port(), to.port(), length, checksum];
    let mut header = [0; UDP_HEADER];
    for (place, field) in header.chunks_exact_mut(2).zip(fields) {
        place.copy_from_slice(&field.to_be_bytes());
    }
    header
}

fn ipv4(from: Ipv4Addr, to: Ipv4Addr, payload: usize) -> Vec<u8> {
    let length = u16::try_from(IPV4_HEADER + payload).unwrap_or(u16::MAX);
    let mut header = vec![0x45, 0];
    header.extend_from_slice(&length.to_be_bytes());
    // No identification; not to be fragmented.
    header.extend_from_slice(&[0, 0, 0x40, 0, HOP_LIMIT, UDP, 0, 0]);
    header.extend_from_slice(&from.octets());
    header.extend_from_slice(&to.octets());
    let checksum = folded(sum(&header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

fn ipv6(from: Ipv6Addr, to: Ipv6Addr, payload: usize) -> Vec<u8> {
    let length = u16::try_from(payload).unwrap_or(u16::MAX);
    let mut header = vec![0x60, 0, 0, 0];
    header.extend_from_slice(&length.to_be_bytes());
    header.extend_from_slice(&[UDP, HOP_LIMIT]);
    header.extend_from_slice(&from.octets());
    header.extend_from_slice(&to.octets());
    header
}

/// RFC 8200 §8.1: over a pseudo header, the header and the data; zero is written as its complement.
fn checksum_of_udp(from: Ipv6Addr, to: Ipv6Addr, header: &[u8], bytes: &[u8]) -> u16 {
    // At most 65,535.
    let length = (header.len() + bytes.len()) as u32;
    let pseudo = sum(&from.octets()) + sum(&to.octets()) + length + u32::from(UDP);
    match folded(pseudo + sum(header) + sum(bytes)) {
        0 => 0xffff,
        checksum => checksum,
    }
}

/// Sum of 16-bit words; an odd byte at the end counts as a high one. 64 KiB cannot overflow it.
fn sum(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
    bytes.chunks(2).map(word).sum()
}

fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use rating::Timestamp;
    use rating::cdr::Transport;

    fn message(local: &str, remote: &str, bytes: &[u8]) -> TraceMessage {
        TraceMessage {
            at: Timestamp(1_700_000_000_000_007),
            direction: TraceDirection::Received,
            transport: Transport::Udp,
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn a_packet_of_ipv4_is_as_the_formats_say() {
        let file = write(&[message("198.51.100.1:5060", "192.0.2.7:5099", b"BYE")]);
        assert_eq!(file[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(file[4..8], [2, 0, 4, 0], "version 2.4");
        assert_eq!(file[20..24], [101, 0, 0, 0]);
        assert_eq!(file[24..32], [0x00, 0xf1, 0x53, 0x65, 7, 0, 0, 0]);
        assert_eq!(file[32..40], [31, 0, 0, 0, 31, 0, 0, 0]);
        let packet = &file[40..];
        assert_eq!(packet.len(), 31);
        assert_eq!(packet[..10], [0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17]);
        assert_eq!(folded(sum(&packet[..20])), 0, "the header's checksum holds");
        assert_eq!(packet[12..20], [192, 0, 2, 7, 198, 51, 100, 1]);
        assert_eq!(packet[20..28], [0x13, 0xeb, 0x13, 0xc4, 0, 11, 0, 0]);
        assert_eq!(&packet[28..], b"BYE");
    }

    #[test]
    fn a_packet_of_ipv6_has_a_checksum_that_holds() {
        let file = write(&[message(
            "[2001:db8::1]:5060",
            "[2001:db8::2]:5070",
            b"BYE sip:x",
        )]);
        let packet = &file[40..];
        assert_eq!(packet[..8], [0x60, 0, 0, 0, 0, 17, 17, 64]);
        let pseudo = sum(&packet[8..40]) + 17 + u32::from(UDP);
        assert_eq!(folded(pseudo + sum(&packet[40..])), 0);
    }

    #[test]
    fn what_does_not_fit_a_datagram_is_cut_off() {
        let file = write(&[message(
            "198.51.100.1:5060",
            "192.0.2.7:5099",
            &[b'x'; 65_535],
        )]);
        assert_eq!(file.len(), 40 + 65_535);
    }
}
