#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::RemoteMedia;
use crate::srtp::{OVERHEAD_MAX, Suite};
use crate::statistics::DirectionStatistics;

const INGRESS: &str = "192.0.2.1:4000";
const EGRESS: &str = "198.51.100.1:6000";
const STRANGER: &str = "203.0.113.9:7000";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn key(suite: Suite, filler: u8) -> MasterKey {
    let (key, salt) = suite.key_and_salt();
    MasterKey::new(suite, &[filler; 46][..key + salt]).unwrap()
}

/// Keys of the customer's leg, and of the carrier's in another suite.
fn of_ingress() -> LegKeys {
    let suite = Suite::Aes128CmSha1_80;
    LegKeys {
        ours: key(suite, 1),
        theirs: key(suite, 2),
    }
}

fn of_egress() -> LegKeys {
    let suite = Suite::AeadAes256Gcm;
    LegKeys {
        ours: key(suite, 3),
        theirs: key(suite, 4),
    }
}

fn keys(ingress: Option<LegKeys>, egress: Option<LegKeys>) -> MediaKeys {
    MediaKeys { ingress, egress }
}

fn session(keys: &MediaKeys) -> Session {
    let mut session = Session::new();
    session.set_keys(Some(keys));
    for (side, address) in [(Side::Ingress, INGRESS), (Side::Egress, EGRESS)] {
        session.announce(side, Some(RemoteMedia::new(at(address))), Duration::ZERO);
    }
    session
}

fn rtp(sequence: u16) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 160, 0xca, 0xfe, 0xba, 0xbe]);
    packet.extend([0x55; 160]);
    packet
}

/// A sender report that says 7 as its time.
fn rtcp() -> Vec<u8> {
    let mut packet = vec![0x80, 200, 0, 6, 0xca, 0xfe, 0xba, 0xbe];
    packet.extend([7; 20]);
    packet
}

fn sealed(by: &mut Protector, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_MAX, 0);
    let length = match packet[1] {
        200 => by.seal_rtcp(&mut buffer, packet.len()),
        _ => by.seal_rtp(&mut buffer, packet.len()),
    };
    buffer.truncate(length.unwrap());
    buffer
}

fn opened(by: &mut Opener, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    let length = match packet[1] {
        200 => by.open_rtcp(&mut buffer),
        _ => by.open_rtp(&mut buffer, None),
    };
    buffer.truncate(length.unwrap());
    buffer
}

/// What goes out when `packet` comes in from `side`; `None` when it is dropped.
fn passed(
    session: &mut Session,
    side: Side,
    source: &str,
    packet: &[u8],
    now: Duration,
) -> Option<Vec<u8>> {
    let channel = match packet.get(1) {
        Some(200) => Channel::Rtcp,
        _ => Channel::Rtp,
    };
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_MAX, 0);
    let (verdict, length) = session.pass(side, channel, at(source), &mut buffer, packet.len(), now);
    buffer.truncate(length);
    matches!(verdict, Verdict::Forward { .. }).then_some(buffer)
}

fn from(session: &Session, side: Side) -> DirectionStatistics {
    *session.statistics(Duration::from_secs(9)).from_side(side)
}

#[test]
fn a_sealed_leg_and_a_plain_one_hear_each_other() {
    let mut session = session(&keys(Some(of_ingress()), None));
    let mut customer = Protector::new(&of_ingress().theirs);
    let mut ear = Opener::new(&of_ingress().ours);
    for packet in [rtp(1), rtcp(), rtp(2)] {
        let inwards = sealed(&mut customer, &packet);
        let out = passed(
            &mut session,
            Side::Ingress,
            INGRESS,
            &inwards,
            Duration::ZERO,
        );
        assert_eq!(out.as_deref(), Some(&packet[..]), "in the clear");
        let source = if packet[1] == 200 {
            "198.51.100.1:6001"
        } else {
            EGRESS
        };
        let out = passed(&mut session, Side::Egress, source, &packet, Duration::ZERO).unwrap();
        assert_ne!(out, packet);
        assert_eq!(opened(&mut ear, &out), packet);
    }
    let customer = from(&session, Side::Ingress);
    assert_eq!((customer.packets, customer.rtcp_packets), (2, 1));
    assert_eq!(
        customer.expected, 2,
        "measured as it was before it was sealed"
    );
}

#[test]
fn two_sealed_legs_have_keys_of_their_own() {
    let mut session = session(&keys(Some(of_ingress()), Some(of_egress())));
    let mut customer = Protector::new(&of_ingress().theirs);
    let mut carrier = Opener::new(&of_egress().ours);
    for sequence in [65_534, 65_535, 0, 1] {
        let inwards = sealed(&mut customer, &rtp(sequence));
        let out = passed(
            &mut session,
            Side::Ingress,
            INGRESS,
            &inwards,
            Duration::ZERO,
        );
        assert_eq!(opened(&mut carrier, &out.unwrap()), rtp(sequence));
    }
}

#[test]
fn what_does_not_open_is_dropped_and_counted_by_its_reason() {
    let mut session = session(&keys(Some(of_ingress()), None));
    let mut customer = Protector::new(&of_ingress().theirs);
    let first = sealed(&mut customer, &rtp(1));
    let mut pass = |packet: &[u8]| {
        passed(&mut session, Side::Ingress, INGRESS, packet, Duration::ZERO).is_some()
    };
    assert!(pass(&first));
    assert!(!pass(&first), "again");
    assert!(!pass(&rtp(2)), "in the clear");
    let mut changed = sealed(&mut customer, &rtp(3));
    changed[40] ^= 1;
    assert!(!pass(&changed));
    assert!(!pass(&[1, 2, 3]), "no RTP at all");
    for ssrc in 0..20_u8 {
        let mut other = rtp(7);
        other[11] = ssrc;
        let mut stranger = Protector::new(&of_ingress().theirs);
        assert!(pass(&sealed(&mut stranger, &other)));
    }
    assert!(!pass(&sealed(&mut customer, &rtp(2))), "it has made room");
    let counts = from(&session, Side::Ingress);
    assert_eq!(counts.replayed, 1);
    assert_eq!(counts.forged, 2);
    assert_eq!(counts.invalid, 1);
    assert_eq!((counts.packets, counts.key_used_up), (1 + 20, 1));
}

#[test]
fn a_stranger_without_the_key_teaches_no_address() {
    let mut session = session(&keys(Some(of_ingress()), None));
    let mut customer = Protector::new(&of_ingress().theirs);
    let mut pass = |source, packet: &[u8]| {
        passed(&mut session, Side::Ingress, source, packet, Duration::ZERO).is_some()
    };
    assert!(!pass(STRANGER, &rtp(1)));
    // Behind a translator: not where its description says, but with the key.
    assert!(pass("192.0.2.1:4444", &sealed(&mut customer, &rtp(1))));
    assert!(!pass(STRANGER, &sealed(&mut customer, &rtp(2))), "locked");
    let counts = from(&session, Side::Ingress);
    assert_eq!((counts.forged, counts.foreign), (1, 1));
}

#[test]
fn the_count_of_wraps_outlives_hold_and_another_address() {
    let both = keys(Some(of_ingress()), None);
    let mut session = session(&both);
    let mut customer = Protector::new(&of_ingress().theirs);
    let mut ear = Opener::new(&of_ingress().ours);
    for sequence in [65_535, 0] {
        let inwards = sealed(&mut customer, &rtp(sequence));
        passed(
            &mut session,
            Side::Ingress,
            INGRESS,
            &inwards,
            Duration::ZERO,
        )
        .unwrap();
        let out = passed(
            &mut session,
            Side::Egress,
            EGRESS,
            &rtp(sequence),
            Duration::ZERO,
        );
        opened(&mut ear, &out.unwrap());
    }
    session.announce(Side::Ingress, None, Duration::from_secs(1));
    let moved = RemoteMedia::new(at("192.0.2.77:4000"));
    session.announce(Side::Ingress, Some(moved), Duration::from_secs(2));
    session.set_keys(Some(&both));
    let now = Duration::from_secs(3);
    let inwards = sealed(&mut customer, &rtp(1));
    let out = passed(
        &mut session,
        Side::Ingress,
        "192.0.2.77:4000",
        &inwards,
        now,
    );
    assert_eq!(out, Some(rtp(1)));
    let out = passed(&mut session, Side::Egress, EGRESS, &rtp(1), now).unwrap();
    assert_eq!(opened(&mut ear, &out), rtp(1));
}

#[test]
fn a_new_key_takes_over_and_packets_under_way_by_the_old_one_still_pass() {
    let mut session = session(&keys(Some(of_ingress()), None));
    let suite = Suite::AeadAes128Gcm;
    let mut old = Protector::new(&of_ingress().theirs);
    let mut new = Protector::new(&key(suite, 9));
    let renewed = LegKeys {
        ours: key(suite, 8),
        theirs: key(suite, 9),
    };
    session.set_keys(Some(&keys(Some(renewed), None)));
    let mut pass = |packet: Vec<u8>, ms| {
        let now = Duration::from_millis(ms);
        passed(&mut session, Side::Ingress, INGRESS, &packet, now).is_some()
    };
    assert!(pass(sealed(&mut old, &rtp(1)), 0));
    assert!(
        pass(sealed(&mut old, &rtp(2)), 60_000),
        "it has not changed yet"
    );
    assert!(pass(sealed(&mut new, &rtp(4)), 60_020));
    assert!(pass(sealed(&mut old, &rtp(3)), 60_030), "overtaken");
    assert!(!pass(sealed(&mut old, &rtp(5)), 62_100), "by then it has");
    assert!(pass(sealed(&mut new, &rtp(6)), 62_100));
}

#[test]
fn a_change_that_is_taken_back_goes_on_with_the_numbers_of_the_key_before() {
    let first = keys(Some(of_ingress()), None);
    let mut session = session(&first);
    let mut ear = Opener::new(&of_ingress().ours);
    let mut heard = |session: &mut Session, sequence| {
        passed(
            session,
            Side::Egress,
            EGRESS,
            &rtp(sequence),
            Duration::ZERO,
        )
        .map(|out| opened(&mut ear, &out))
    };
    assert_eq!(heard(&mut session, 65_535), Some(rtp(65_535)));
    assert_eq!(heard(&mut session, 0), Some(rtp(0)));
    let suite = Suite::AeadAes128Gcm;
    let renewed = LegKeys {
        ours: key(suite, 8),
        theirs: key(suite, 9),
    };
    for refused in [Some(&keys(Some(renewed), None)), None] {
        session.set_keys(refused);
        session.set_keys(Some(&first));
        assert_eq!(heard(&mut session, 0), None, "this number is used");
    }
    assert_eq!(heard(&mut session, 1), Some(rtp(1)));
    assert_eq!(from(&session, Side::Egress).not_sealed, 2);
}

/// Each fork of a call may take another suite of the offer, and the first may answer after the third.
#[test]
fn a_key_that_comes_back_after_others_goes_on_with_its_numbers() {
    let mut suites = Suite::ALL.into_iter().zip(10..);
    let mut fork = || {
        let (suite, filler) = suites.next().unwrap();
        let (ours, theirs) = (key(suite, filler), key(suite, filler + 50));
        keys(Some(LegKeys { ours, theirs }), None)
    };
    let forks: [MediaKeys; 6] = std::array::from_fn(|_| fork());
    let mut session = session(&forks[0]);
    let heard = |session: &mut Session, packet: &[u8]| {
        passed(session, Side::Egress, EGRESS, packet, Duration::ZERO)
    };
    let first = forks[0].ingress.clone().unwrap();
    let mut ear = Opener::new(&first.ours);
    let sealed_first = heard(&mut session, &rtp(7)).unwrap();
    assert_eq!(opened(&mut ear, &sealed_first), rtp(7));
    for fork in &forks[1..] {
        session.set_keys(Some(fork));
        assert!(heard(&mut session, &rtp(7)).is_some());
    }
    session.set_keys(Some(&forks[0]));
    assert_eq!(heard(&mut session, &rtp(7)), None, "this number is used");
    let sealed_next = heard(&mut session, &rtp(8)).unwrap();
    assert_eq!(opened(&mut ear, &sealed_next), rtp(8));
}

#[test]
fn a_plain_session_pays_a_pointer_for_it() {
    assert_eq!(size_of::<Option<Box<Ciphers>>>(), size_of::<usize>());
}
