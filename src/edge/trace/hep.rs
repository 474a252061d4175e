//! Messages for a Homer collector: HEP version 3 over UDP.
//!
//! A packet is `HEP3`, its length, and chunks of vendor, type, length and value, all in network
//! order. Lengths count their own header. (The HEP3 specification of SIPCAPTURE, §3 and §4.)

use super::{Note, Way};
use crate::config::HomerConfig;
use rating::cdr::Transport;
use sip_core::transport::BindError;
use sip_core::transport::udp::{SendBatch, UdpConfig, UdpSocket};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Largest UDP payload.
const PACKET_MAX: usize = 65_507;
/// Kernel buffer of the socket that sends.
const BUFFER_BYTES: usize = 1 << 20;
/// Protocol type 1 is SIP.
const SIP: u8 = 1;
/// Address families as the specification counts them.
const IPV4: u8 = 2;
const IPV6: u8 = 10;
/// Protocol numbers of IP.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Chunk types of vendor 0.
mod chunk {
    pub(super) const FAMILY: u16 = 1;
    pub(super) const PROTOCOL: u16 = 2;
    pub(super) const IPV4_SOURCE: u16 = 3;
    pub(super) const IPV4_DESTINATION: u16 = 4;
    pub(super) const IPV6_SOURCE: u16 = 5;
    pub(super) const IPV6_DESTINATION: u16 = 6;
    pub(super) const SOURCE_PORT: u16 = 7;
    pub(super) const DESTINATION_PORT: u16 = 8;
    pub(super) const SECONDS: u16 = 9;
    pub(super) const MICROSECONDS: u16 = 10;
    pub(super) const TYPE: u16 = 11;
    pub(super) const AGENT: u16 = 12;
    pub(super) const KEY: u16 = 14;
    pub(super) const PAYLOAD: u16 = 15;
}

/// One shard's link to the collector. What cannot be sent at once is dropped: nothing waits for it.
pub(crate) struct HomerLink {
    collector: SocketAddr,
    agent: u32,
    password: Box<[u8]>,
    socket: UdpSocket,
    waiting: SendBatch,
    packet: Vec<u8>,
    sent: u64,
    dropped: u64,
}

impl HomerLink {
    /// `None` when no collector is configured.
    ///
    /// # Errors
    /// When no socket can be made.
    pub(crate) fn open(config: &HomerConfig) -> Result<Option<Self>, BindError> {
        let Ok(collector) = config.address.parse::<SocketAddr>() else {
            return Ok(None);
        };
        let any = match collector {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let options = UdpConfig {
            receive_buffer: BUFFER_BYTES,
            send_buffer: BUFFER_BYTES,
        };
        let mut sockets = UdpSocket::bind_group(SocketAddr::new(any, 0), 1, &options)?;
        Ok(sockets.pop().map(|socket| Self {
            collector,
            agent: config.agent_id,
            password: config.password.as_bytes().into(),
            socket,
            waiting: SendBatch::new(),
            packet: Vec::new(),
            sent: 0,
            dropped: 0,
        }))
    }

    /// Adds a message to what is sent at the end of the turn.
    pub(crate) fn push(&mut self, note: &Note<'_>) {
        write(&mut self.packet, note, self.agent, &self.password);
        let fits = self.packet.len() <= PACKET_MAX;
        let is_taken = fits && self.waiting.push(self.collector, &self.packet).is_ok();
        self.sent += u64::from(is_taken);
        self.dropped += u64::from(!is_taken);
    }

    /// Sends what waits, as much as the kernel takes now.
    pub(crate) fn flush(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        if let Err(error) = self.socket.send(&mut self.waiting) {
            tracing::debug!(%error, "the collector of messages cannot be reached");
        }
        // A collector that is not there is not worth a thought.
        while self.socket.poll_unreachable().is_some() {}
    }

    /// Sent, and dropped.
    pub(crate) fn counters(&self) -> (u64, u64) {
        (self.sent, self.dropped)
    }
}

/// Writes one packet; what `out` held is gone.
fn write(out: &mut Vec<u8>, note: &Note<'_>, agent: u32, password: &[u8]) {
    let (source, destination) = match note.way {
        Way::Received => (note.remote, note.local),
        Way::Sent => (note.local, note.remote),
    };
    out.clear();
    out.extend_from_slice(b"HEP3\0\0");
    addresses(
        out,
        source.ip().to_canonical(),
        destination.ip().to_canonical(),
    );
    let protocol = if note.transport == Transport::Udp {
        UDP
    } else {
        TCP
    };
    push(out, chunk::PROTOCOL, &[protocol]);
    push(out, chunk::SOURCE_PORT, &source.port().to_be_bytes());
    push(
        out,
        chunk::DESTINATION_PORT,
        &destination.port().to_be_bytes(),
    );
    let seconds = u32::try_from(note.at.0 / 1_000_000).unwrap_or(u32::MAX);
    let micros = u32::try_from(note.at.0 % 1_000_000).unwrap_or(0);
    push(out, chunk::SECONDS, &seconds.to_be_bytes());
    push(out, chunk::MICROSECONDS, &micros.to_be_bytes());
    push(out, chunk::TYPE, &[SIP]);
    push(out, chunk::AGENT, &agent.to_be_bytes());
    if !password.is_empty() {
        push(out, chunk::KEY, password);
    }
    push(out, chunk::PAYLOAD, note.bytes);
    let payload = out.len() - note.bytes.len();
    super::keys::mask(&mut out[payload..]);
    // Packets that are too long for a length are too long for a datagram.
    let length = u16::try_from(out.len()).unwrap_or(u16::MAX);
    out[4..6].copy_from_slice(&length.to_be_bytes());
}

fn addresses(out: &mut Vec<u8>, source: IpAddr, destination: IpAddr) {
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            push(out, chunk::FAMILY, &[IPV4]);
            push(out, chunk::IPV4_SOURCE, &source.octets());
            push(out, chunk::IPV4_DESTINATION, &destination.octets());
        }
        (source, destination) => {
            push(out, chunk::FAMILY, &[IPV6]);
            push(out, chunk::IPV6_SOURCE, &mapped(source).octets());
            push(out, chunk::IPV6_DESTINATION, &mapped(destination).octets());
        }
    }
}

fn mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn push(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(6 + value.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&0u16.to_be_bytes());
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rating::Timestamp;

    fn note<'a>(way: Way, local: &str, remote: &str, bytes: &'a [u8]) -> Note<'a> {
        let address = |text: &str| text.parse().expect("an address");
        Note {
            at: Timestamp(1_700_000_000_123_456),
            way,
            transport: Transport::Udp,
            local: address(local),
            remote: address(remote),
            bytes,
        }
    }

    #[test]
    fn a_key_of_media_does_not_go_to_the_collector() {
        let mut packet = Vec::new();
        let bytes = b"200\r\n\r\na=crypto:1 X inline:c2VjcmV0\r\n";
        let sent = note(Way::Sent, "127.0.0.1:5060", "192.0.2.7:5099", bytes);
        write(&mut packet, &sent, 2_001, b"");
        assert!(packet.ends_with(b"a=crypto:1 X inline:********\r\n"));
    }

    #[test]
    fn a_packet_is_as_the_specification_draws_it() {
        let mut packet = Vec::new();
        let received = note(Way::Received, "127.0.0.1:5060", "192.0.2.7:5099", b"ACK");
        write(&mut packet, &received, 2_001, b"pw");
        let expected: &[&[u8]] = &[
            b"HEP3",
            &[0, 108],
            &[0, 0, 0, 1, 0, 7, 2],
            &[0, 0, 0, 3, 0, 10, 192, 0, 2, 7],
            &[0, 0, 0, 4, 0, 10, 127, 0, 0, 1],
            &[0, 0, 0, 2, 0, 7, 17],
            &[0, 0, 0, 7, 0, 8, 0x13, 0xeb],
            &[0, 0, 0, 8, 0, 8, 0x13, 0xc4],
            &[0, 0, 0, 9, 0, 10, 0x65, 0x53, 0xf1, 0x00],
            &[0, 0, 0, 10, 0, 10, 0, 1, 0xe2, 0x40],
            &[0, 0, 0, 11, 0, 7, 1],
            &[0, 0, 0, 12, 0, 10, 0, 0, 7, 0xd1],
            &[0, 0, 0, 14, 0, 8, b'p', b'w'],
            &[0, 0, 0, 15, 0, 9, b'A', b'C', b'K'],
        ];
        let mut expected = expected.concat();
        let length = u16::try_from(expected.len()).expect("short");
        expected[4..6].copy_from_slice(&length.to_be_bytes());
        assert_eq!(packet, expected);
    }

    #[test]
    fn what_is_sent_has_its_ends_the_other_way_and_ipv6_its_own_chunks() {
        let mut packet = Vec::new();
        let sent = note(Way::Sent, "[2001:db8::1]:5060", "[2001:db8::2]:5070", b"x");
        write(&mut packet, &sent, 1, b"");
        assert_eq!(packet[6..13], [0, 0, 0, 1, 0, 7, 10]);
        assert_eq!(packet[13..19], [0, 0, 0, 5, 0, 22]);
        assert_eq!((packet[19], packet[34]), (0x20, 1), "from us");
        assert_eq!(packet[35..41], [0, 0, 0, 6, 0, 22]);
        assert_eq!(packet[56], 2, "to the peer");
        let has_key = packet.windows(4).any(|chunk| chunk == [0, 0, 0, 14]);
        assert!(!has_key, "no password, no chunk");
    }
}
