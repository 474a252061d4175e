use super::*;

const INGRESS: &str = "192.0.2.1:4000";
const EGRESS: &str = "198.51.100.1:6000";

fn at(text: &str) -> SocketAddr {
    text.parse().expect("an address literal")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn rtp() -> Vec<u8> {
    let mut packet = vec![0; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet
}

fn rtcp() -> Vec<u8> {
    let mut packet = vec![0; 28];
    packet[..2].copy_from_slice(&[0x80, 200]);
    packet
}

/// Both peers have announced where they receive.
fn session() -> Session {
    let mut session = Session::new();
    session.announce(
        Side::Ingress,
        Some(RemoteMedia::new(at(INGRESS))),
        seconds(0),
    );
    session.announce(Side::Egress, Some(RemoteMedia::new(at(EGRESS))), seconds(0));
    session
}

fn from_carrier(session: &mut Session, source: &str, now: Duration) -> Verdict {
    session.receive(Side::Egress, Channel::Rtp, at(source), &rtp(), now)
}

fn to(side: Side, channel: Channel, destination: &str) -> Verdict {
    Verdict::Forward {
        side,
        channel,
        destination: at(destination),
    }
}

#[test]
fn a_session_of_which_nothing_is_known_forwards_and_learns_nothing() {
    let mut session = Session::new();
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(0)),
        Verdict::Drop
    );
    session.announce(
        Side::Ingress,
        Some(RemoteMedia::new(at(INGRESS))),
        seconds(1),
    );
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(1)),
        Verdict::Drop
    );
    let egress = session.statistics(seconds(1)).egress;
    assert_eq!(
        (egress.foreign, egress.packets, egress.silent_for),
        (2, 0, None)
    );
}

#[test]
fn media_goes_to_the_announced_address_until_the_peer_has_sent() {
    let mut session = session();
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(0)),
        to(Side::Ingress, Channel::Rtp, INGRESS)
    );
    // The customer sits behind a NAT: its packets come from elsewhere.
    let nat = "203.0.113.9:31000";
    let verdict = session.receive(Side::Ingress, Channel::Rtp, at(nat), &rtp(), seconds(0));
    assert_eq!(verdict, to(Side::Egress, Channel::Rtp, EGRESS));
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(0)),
        to(Side::Ingress, Channel::Rtp, nat)
    );
}

#[test]
fn only_the_locked_source_is_heard() {
    let mut session = session();
    from_carrier(&mut session, EGRESS, seconds(0));
    for intruder in ["198.51.100.1:6002", "198.51.100.2:6000", "[::1]:6000"] {
        assert_eq!(
            from_carrier(&mut session, intruder, seconds(60)),
            Verdict::Drop
        );
    }
    assert_eq!(session.statistics(seconds(60)).egress.foreign, 3);
}

#[test]
fn the_announced_address_outranks_whoever_was_first() {
    let mut session = session();
    let intruder = "203.0.113.66:6666";
    assert_ne!(
        from_carrier(&mut session, intruder, seconds(0)),
        Verdict::Drop
    );
    assert_ne!(
        from_carrier(&mut session, EGRESS, seconds(0)),
        Verdict::Drop
    );
    assert_eq!(
        from_carrier(&mut session, intruder, seconds(0)),
        Verdict::Drop
    );
}

#[test]
fn what_is_no_rtp_teaches_no_address() {
    let mut session = session();
    let intruder = at("203.0.113.66:6666");
    for garbage in [
        &b""[..],
        b"\x80",
        &[0x80; 11],
        &[0x00; 172],
        b"GET / HTTP/1.1\r\n\r\n",
    ] {
        let verdict = session.receive(Side::Egress, Channel::Rtp, intruder, garbage, seconds(0));
        assert_eq!(verdict, Verdict::Drop);
    }
    let verdict = session.receive(Side::Egress, Channel::Rtcp, intruder, &rtp(), seconds(0));
    assert_eq!(verdict, Verdict::Drop);
    let egress = session.statistics(seconds(0)).egress;
    assert_eq!((egress.invalid, egress.foreign), (6, 0));
    // The lock is still open for the true peer behind its NAT.
    assert_ne!(
        from_carrier(&mut session, "203.0.113.9:1", seconds(0)),
        Verdict::Drop
    );
}

#[test]
fn another_address_is_learned_anew_and_the_old_source_fades_out() {
    let mut session = session();
    from_carrier(&mut session, EGRESS, seconds(0));
    let (moved, moved_nat) = ("198.51.100.7:7000", "203.0.113.7:7");
    session.announce(Side::Egress, Some(RemoteMedia::new(at(moved))), seconds(10));
    let to_carrier = |session: &mut Session| {
        session.receive(
            Side::Ingress,
            Channel::Rtp,
            at(INGRESS),
            &rtp(),
            seconds(10),
        )
    };
    // Packets of the old source are still under way: heard, not learned.
    assert_ne!(
        from_carrier(&mut session, EGRESS, seconds(10)),
        Verdict::Drop
    );
    assert_eq!(
        to_carrier(&mut session),
        to(Side::Egress, Channel::Rtp, moved)
    );
    assert_ne!(
        from_carrier(&mut session, moved_nat, seconds(11)),
        Verdict::Drop
    );
    assert_eq!(
        to_carrier(&mut session),
        to(Side::Egress, Channel::Rtp, moved_nat)
    );
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(11)),
        Verdict::Drop
    );
}

#[test]
fn a_source_that_stays_after_a_change_of_address_is_learned_in_the_end() {
    let mut session = session();
    let nat = "203.0.113.9:31000";
    from_carrier(&mut session, nat, seconds(0));
    session.announce(
        Side::Egress,
        Some(RemoteMedia::new(at("10.0.0.8:6002"))),
        seconds(10),
    );
    from_carrier(&mut session, nat, seconds(13));
    let verdict = session.receive(
        Side::Ingress,
        Channel::Rtp,
        at(INGRESS),
        &rtp(),
        seconds(13),
    );
    assert_eq!(verdict, to(Side::Egress, Channel::Rtp, nat));
}

#[test]
fn the_same_address_again_keeps_the_lock() {
    let mut session = session();
    from_carrier(&mut session, EGRESS, seconds(0));
    session.announce(Side::Egress, Some(RemoteMedia::new(at(EGRESS))), seconds(5));
    assert_eq!(
        from_carrier(&mut session, "203.0.113.66:6", seconds(5)),
        Verdict::Drop
    );
}

#[test]
fn a_peer_without_rtcp_gets_only_rtp_until_it_sends_some() {
    let mut session = session();
    let remote = RemoteMedia::new(at(INGRESS)).without_rtcp();
    session.announce(Side::Ingress, Some(remote), seconds(0));
    let report = |session: &mut Session, side, source| {
        session.receive(side, Channel::Rtcp, at(source), &rtcp(), seconds(0))
    };
    assert_eq!(
        report(&mut session, Side::Egress, "198.51.100.1:6001"),
        Verdict::Drop
    );
    assert_eq!(
        from_carrier(&mut session, EGRESS, seconds(0)),
        to(Side::Ingress, Channel::Rtp, INGRESS)
    );
    assert_eq!(
        report(&mut session, Side::Ingress, "192.0.2.1:4001"),
        to(Side::Egress, Channel::Rtcp, "198.51.100.1:6001")
    );
    assert_eq!(
        report(&mut session, Side::Egress, "198.51.100.1:6001"),
        to(Side::Ingress, Channel::Rtcp, "192.0.2.1:4001")
    );
}

#[test]
fn a_peer_on_hold_gets_nothing_but_may_send_music() {
    let mut session = session();
    from_carrier(&mut session, EGRESS, seconds(0));
    session.announce(Side::Egress, None, seconds(5));
    let verdict = session.receive(Side::Ingress, Channel::Rtp, at(INGRESS), &rtp(), seconds(6));
    assert_eq!(verdict, Verdict::Drop);
    let ingress = session.statistics(seconds(6)).ingress;
    assert_eq!((ingress.packets, ingress.undeliverable), (1, 1));
    assert_ne!(
        from_carrier(&mut session, EGRESS, seconds(6)),
        Verdict::Drop
    );

    session.announce(Side::Egress, Some(RemoteMedia::new(at(EGRESS))), seconds(7));
    assert_eq!(
        from_carrier(&mut session, "203.0.113.66:6", seconds(7)),
        Verdict::Drop
    );
    let verdict = session.receive(Side::Ingress, Channel::Rtp, at(INGRESS), &rtp(), seconds(7));
    assert_eq!(verdict, to(Side::Egress, Channel::Rtp, EGRESS));
}

#[test]
fn rtcp_goes_to_the_next_port_or_where_the_peer_says() {
    let mut session = session();
    let report = |session: &mut Session| {
        session.receive(
            Side::Ingress,
            Channel::Rtcp,
            at("192.0.2.1:4001"),
            &rtcp(),
            seconds(0),
        )
    };
    assert_eq!(
        report(&mut session),
        to(Side::Egress, Channel::Rtcp, "198.51.100.1:6001")
    );
    let mut remote = RemoteMedia::new(at(EGRESS));
    remote.rtcp = Some(at("198.51.100.1:9009"));
    session.announce(Side::Egress, Some(remote), seconds(0));
    assert_eq!(
        report(&mut session),
        to(Side::Egress, Channel::Rtcp, "198.51.100.1:9009")
    );
    let counts = session.statistics(seconds(0)).ingress;
    assert_eq!(
        (counts.rtcp_packets, counts.packets, counts.bytes),
        (2, 0, 0)
    );
}

#[test]
fn a_multiplexing_peer_and_one_that_does_not_understand_each_other() {
    let mut session = session();
    let mut remote = RemoteMedia::new(at(EGRESS));
    remote.mux = true;
    session.announce(Side::Egress, Some(remote), seconds(0));
    let from_mux = session.receive(Side::Egress, Channel::Rtp, at(EGRESS), &rtcp(), seconds(0));
    assert_eq!(from_mux, to(Side::Ingress, Channel::Rtcp, "192.0.2.1:4001"));
    let source = at("192.0.2.1:4001");
    let to_mux = session.receive(Side::Ingress, Channel::Rtcp, source, &rtcp(), seconds(0));
    assert_eq!(to_mux, to(Side::Egress, Channel::Rtp, EGRESS));
}

#[test]
fn silence_counts_from_the_last_packet_of_either_peer() {
    let mut session = session();
    assert_eq!(session.silent(seconds(5)), None);
    let watch = Some(Watch {
        inactive_after: Some(seconds(5)),
        ..Watch::default()
    });
    session.set_watch(watch, seconds(10));
    assert_eq!(session.silent(seconds(14)), None);
    assert_eq!(session.silent(seconds(16)), Some(seconds(6)));
    from_carrier(&mut session, EGRESS, seconds(20));
    session.set_watch(watch, seconds(21));
    assert_eq!(session.silent(seconds(24)), None);
    assert_eq!(session.silent(seconds(25)), Some(seconds(5)));
    assert_eq!(session.silent(seconds(26)), None, "told already");
    session.set_watch(None, seconds(26));
    assert_eq!(session.silent(seconds(99)), None);
}

/// A hold ends: the side that was on hold has been silent for long, and nobody may say so.
#[test]
fn a_watch_that_begins_anew_forgets_the_silence_before() {
    let mut session = session();
    let watch = Some(Watch {
        one_way_after: [Some(seconds(5)); 2],
        ..Watch::default()
    });
    session.set_watch(watch, seconds(0));
    session.set_watch(None, seconds(1));
    session.set_watch(watch, seconds(60));
    let mut told = Vec::new();
    for step in 0..60 {
        let now = seconds(60) + Duration::from_millis(step * 100);
        (0..5).for_each(|_| from_carrier_at(&mut session, now));
        told.extend(session.one_way(now).map(|side| (step, side)));
    }
    assert_eq!(told, [(50, Side::Ingress)]);
}

fn from_carrier_at(session: &mut Session, now: Duration) {
    from_carrier(session, EGRESS, now);
}

#[test]
fn each_direction_has_its_own_counts() {
    let mut session = session();
    for _ in 0..3 {
        from_carrier(&mut session, EGRESS, seconds(1));
    }
    session.receive(Side::Ingress, Channel::Rtp, at(INGRESS), &rtp(), seconds(2));
    let statistics = session.statistics(seconds(4));
    let egress = statistics.from_side(Side::Egress);
    assert_eq!(
        (egress.packets, egress.bytes, egress.silent_for),
        (3, 516, Some(seconds(3)))
    );
    let ingress = statistics.from_side(Side::Ingress);
    assert_eq!(
        (ingress.packets, ingress.bytes, ingress.silent_for),
        (1, 172, Some(seconds(2)))
    );
}

/// RTP of the carrier's source with the number given, 20 ms each.
fn voice(number: u16) -> Vec<u8> {
    let mut packet = vec![0x55; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    packet[2..4].copy_from_slice(&number.to_be_bytes());
    packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
    packet[8..12].copy_from_slice(&CARRIERS_SOURCE.to_be_bytes());
    packet
}

const CARRIERS_SOURCE: u32 = 0xca44_1e44;

fn words(kind: u8, count: u8, words: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0x80 | count, kind];
    bytes.extend((words.len() as u16).to_be_bytes());
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn reported(session: &mut Session, side: Side, report: &[u8], now: Duration) {
    let source = match side {
        Side::Ingress => at("192.0.2.1:4001"),
        Side::Egress => at("198.51.100.1:6001"),
    };
    let verdict = session.receive(side, Channel::Rtcp, source, report, now);
    assert_ne!(verdict, Verdict::Drop);
}

/// The carrier's sender report passes at 1,000 ms and is answered at 1,150 ms by a customer that says it
/// took 50 ms (3,277 / 65,536 s): 100 ms from the relay to the customer and back.
#[test]
fn rtcp_tells_the_far_ends_loss_and_the_round_trip() {
    let mut session = session();
    session.receive(
        Side::Egress,
        Channel::Rtp,
        at(EGRESS),
        &voice(1),
        millis(990),
    );
    let sender = words(
        200,
        0,
        &[CARRIERS_SOURCE, 0xb44d_b705, 0x2000_0000, 0, 0, 0],
    );
    reported(&mut session, Side::Egress, &sender, millis(1_000));
    let block = [1, CARRIERS_SOURCE, 0x2000_0007, 9, 80, 0xb705_2000, 3_277];
    reported(
        &mut session,
        Side::Ingress,
        &words(201, 1, &block),
        millis(1_150),
    );

    let far = session.statistics(millis(1_150)).ingress.far_end;
    assert_eq!((far.reports, far.lost, far.worst_fraction_lost), (1, 7, 32));
    assert_eq!(far.jitter, Some(millis(10)));
    let round_trip = far.round_trip.expect("the answer names the report");
    assert!(
        round_trip.abs_diff(millis(100)) < millis(1),
        "{round_trip:?}"
    );
    let carriers = session.statistics(millis(1_150)).egress;
    assert_eq!((carriers.far_end.reports, carriers.rtcp_packets), (0, 1));
}

#[test]
fn reports_about_other_streams_and_impossible_times_are_passed_over() {
    let mut session = session();
    session.receive(Side::Egress, Channel::Rtp, at(EGRESS), &voice(1), millis(0));
    let sender = words(200, 0, &[CARRIERS_SOURCE, 1, 0, 0, 0, 0]);
    reported(&mut session, Side::Egress, &sender, millis(1_000));
    let foreign = [1, 0x0bad, 0x2000_0007, 9, 80, 0x0001_0000, 0];
    reported(
        &mut session,
        Side::Ingress,
        &words(201, 1, &foreign),
        millis(1_010),
    );
    let statistics = session.statistics(millis(1_010));
    assert_eq!(statistics.ingress.far_end, crate::FarEnd::default());
    // It says that it held the report for longer than it has been away.
    for (report, held) in [(0x0001_0000, 65_536 * 5), (0x0dead, 0), (0, 0)] {
        let block = [1, CARRIERS_SOURCE, 0, 9, 80, report, held];
        reported(
            &mut session,
            Side::Ingress,
            &words(201, 1, &block),
            millis(1_020),
        );
    }
    let far = session.statistics(millis(1_020)).ingress.far_end;
    assert_eq!((far.reports, far.round_trip), (3, None));
}

#[test]
fn voice_is_followed_by_its_payload_type_and_its_gaps() {
    let mut session = session();
    // The carrier's own numbers are what it receives: the customer's say what it sends.
    let mut own = PayloadTypes::default();
    own.learn(8, Some(Codec::Gsm));
    let mut customers = PayloadTypes::default();
    customers.learn(8, Some(Codec::Opus));
    for (side, address, payload_types) in [
        (Side::Egress, EGRESS, own),
        (Side::Ingress, INGRESS, customers),
    ] {
        let remote = RemoteMedia {
            payload_types,
            ..RemoteMedia::new(at(address))
        };
        session.announce(side, Some(remote), Duration::ZERO);
    }
    for (number, ms) in [(1, 0), (2, 20), (4, 500)] {
        session.receive(
            Side::Egress,
            Channel::Rtp,
            at(EGRESS),
            &voice(number),
            millis(ms),
        );
    }
    let carriers = session.statistics(millis(800)).egress;
    assert_eq!(carriers.codec, Some(Codec::Opus));
    assert_eq!((carriers.expected, carriers.lost), (4, 1));
    assert_eq!(carriers.longest_gap, millis(480));
    assert_eq!(carriers.rtp_silent_for, Some(millis(300)));
}

/// A packet that is dropped counts for no stream.
#[test]
fn a_foreign_packet_disturbs_no_count() {
    let mut session = session();
    for number in 1..10 {
        let now = millis(u64::from(number) * 20);
        session.receive(Side::Egress, Channel::Rtp, at(EGRESS), &voice(number), now);
        let mut foreign = voice(number + 20_000);
        foreign[8] = 0;
        let intruder = at("203.0.113.66:6666");
        session.receive(Side::Egress, Channel::Rtp, intruder, &foreign, now);
    }
    let carriers = session.statistics(millis(200)).egress;
    assert_eq!(
        (carriers.expected, carriers.lost, carriers.ssrc_changes),
        (9, 0, 0)
    );
    assert_eq!((carriers.foreign, carriers.jitter.highest), (9, millis(0)));
}
