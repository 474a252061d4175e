//! Whatever arrives at the ports of a relayed session: what is forwarded goes to its peers, and what
//! is counted fits together. Its own module and no part of the library, which sip-core tests too.

use media_relay::session::{Channel, Session, Verdict};
use media_relay::{Codec, PayloadTypes, RemoteMedia, Side, rtcp};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

const INGRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4000);
const EGRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)), 6000);
/// What a datagram begins with here: who sends it, its length, and how much later it comes.
const PREFIX: usize = 3;
/// A block of reports has 24 bytes, a goodbye 4.
const BYTES_PER_REPORT_LEAST: usize = 4;

/// Datagrams of two peers and a stranger: `who, length, delay, bytes …`, one after another.
pub fn session(bytes: &[u8]) {
    let mut session = Session::new();
    let mut types = PayloadTypes::default();
    types.learn(101, Some(Codec::TelephoneEvent));
    types.learn(111, Some(Codec::Opus));
    let mut now = Duration::ZERO;
    let ingress = RemoteMedia {
        payload_types: types,
        ..RemoteMedia::new(INGRESS)
    };
    session.announce(Side::Ingress, Some(ingress), now);
    session.announce(Side::Egress, Some(RemoteMedia::new(EGRESS)), now);
    let mut rest = bytes;
    let mut datagrams = 0;
    while let Some((&[who, length, delay], after)) = rest.split_first_chunk::<PREFIX>() {
        let (datagram, next) = after.split_at(usize::from(length).min(after.len()));
        now += Duration::from_millis(u64::from(delay));
        arrives(&mut session, who, datagram, now);
        datagrams += 1;
        rest = next;
    }
    fits_together(&session, datagrams, now);
}

fn arrives(session: &mut Session, who: u8, datagram: &[u8], now: Duration) {
    let (side, remote) = match who & 1 {
        0 => (Side::Ingress, INGRESS),
        _ => (Side::Egress, EGRESS),
    };
    let (channel, port) = match who & 2 {
        0 => (Channel::Rtp, remote.port()),
        _ => (Channel::Rtcp, remote.port() + 1),
    };
    // A stranger may be heard before the peer, never after it.
    let port = port + if who & 4 == 0 { 0 } else { 1_000 };
    if who & 0x38 == 0x38 {
        let mut moved = RemoteMedia::new(remote);
        moved.mux = who & 0x40 != 0;
        session.announce(side, (who & 0x80 == 0).then_some(moved), now);
    }
    let source = SocketAddr::new(remote.ip(), port);
    let verdict = session.receive(side, channel, source, datagram, now);
    if let Verdict::Forward {
        side: to,
        destination,
        ..
    } = verdict
    {
        assert_eq!(to, side.other());
        assert!(datagram.len() >= 8 && datagram[0] >> 6 == 2, "{datagram:?}");
        let peer = if to == Side::Ingress { INGRESS } else { EGRESS };
        assert_eq!(destination.ip(), peer.ip());
    }
}

fn fits_together(session: &Session, datagrams: u64, now: Duration) {
    let statistics = session.statistics(now);
    let mut counted = 0;
    for side in [Side::Ingress, Side::Egress] {
        let from = statistics.from_side(side);
        counted += from.packets + from.rtcp_packets + from.invalid + from.foreign;
        assert!(from.lost <= from.expected);
        assert!(from.duplicates + from.reordered <= from.packets);
        assert!(from.worst_loss_permyriad <= 10_000);
        assert!(from.longest_gap <= now);
        assert!(from.jitter.current <= from.jitter.highest);
        assert!(from.far_end.round_trip <= Some(now));
        if let Some(rating) = statistics.rating(side) {
            assert!((0.0..=100.0).contains(&rating.r) && (1.0..=4.5).contains(&rating.mos));
        }
    }
    assert_eq!(counted, datagrams);
}

/// A datagram of RTCP.
pub fn rtcp(bytes: &[u8]) {
    let mut reports = 0;
    rtcp::read(bytes, |_| reports += 1);
    assert!(reports * BYTES_PER_REPORT_LEAST <= bytes.len());
}
