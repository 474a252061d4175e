//! The relay over real sockets on the loopback interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use media_relay::io::{
    MediaEvent, MediaRelay, RelayConfig, RelayLink, SessionMedia, StartError, Wake,
};
use media_relay::ports::{PortRange, RelayAddress};
use media_relay::{ReadyPair, RemoteMedia, SessionId, Side, Watch};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a datagram that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(150);

/// A 20 ms packet of G.711, told apart by its sequence number.
fn rtp(sequence: u8) -> Vec<u8> {
    let mut packet = vec![0x55; 172];
    packet[..4].copy_from_slice(&[0x80, 8, 0, sequence]);
    packet
}

fn sender_report() -> Vec<u8> {
    let mut packet = vec![0; 28];
    packet[..4].copy_from_slice(&[0x80, 200, 0, 6]);
    packet
}

/// Room for so many sessions. Each relay of every process has its own address in 127/8, so that
/// their ports do not meet.
fn config(sessions: u16) -> RelayConfig {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let last_octet = NEXT.fetch_add(1, Ordering::Relaxed);
    let [.., third, fourth] = std::process::id().to_be_bytes();
    let ip = IpAddr::V4(Ipv4Addr::new(127, 64 | third & 0x3f, fourth, last_octet));
    RelayConfig {
        address: RelayAddress {
            bind: ip,
            advertised: ip,
        },
        ports: PortRange::new(20_000, 20_000 + 4 * sessions - 1).unwrap(),
        sockets_max: usize::MAX,
        threads: 1,
        stock_per_shard: usize::from(sessions),
        quiet_period: Duration::from_millis(300),
    }
}

fn no_wake() -> Wake {
    Arc::new(|| {})
}

fn start(config: &RelayConfig) -> (MediaRelay, RelayLink) {
    let (relay, mut links) = MediaRelay::start(config, &[no_wake()]).unwrap();
    (relay, links.pop().unwrap())
}

/// A party of a call: an RTP and an RTCP socket.
struct Peer {
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

impl Peer {
    fn new() -> Self {
        let socket = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            socket
        };
        Self {
            rtp: socket(),
            rtcp: socket(),
        }
    }

    fn media(&self) -> RemoteMedia {
        RemoteMedia {
            rtcp: Some(self.rtcp.local_addr().unwrap()),
            ..RemoteMedia::new(self.rtp.local_addr().unwrap())
        }
    }
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, source) = socket.recv_from(&mut buffer).unwrap();
    (buffer[..length].to_vec(), source)
}

fn assert_silent(socket: &UdpSocket) {
    socket.set_read_timeout(Some(SILENCE)).unwrap();
    let outcome = socket.recv_from(&mut [0; 2048]);
    assert!(outcome.is_err(), "unexpected datagram: {outcome:?}");
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
}

fn wait_for<T>(mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn rtcp_port(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port() + 1)
}

/// A session under way between two peers.
fn connect(link: &mut RelayLink) -> (ReadyPair, Peer, Peer) {
    let (customer, carrier) = (Peer::new(), Peer::new());
    let pair = link.take().unwrap();
    link.start(
        pair.session,
        SessionMedia {
            ingress: Some(customer.media()),
            egress: Some(carrier.media()),
            ..SessionMedia::default()
        },
    );
    // The first packet proves that the command has been obeyed.
    wait_for(|| {
        carrier.rtp.send_to(&rtp(0), pair.egress_rtp).unwrap();
        let deadline = Duration::from_millis(50);
        customer.rtp.set_read_timeout(Some(deadline)).unwrap();
        customer.rtp.recv_from(&mut [0; 2048]).ok()
    });
    // Others may be on their way still: a last one of its own number comes behind them.
    customer.rtp.set_read_timeout(Some(PATIENCE)).unwrap();
    carrier.rtp.send_to(&rtp(1), pair.egress_rtp).unwrap();
    while receive(&customer.rtp).0 != rtp(1) {}
    (pair, customer, carrier)
}

fn stopped(link: &mut RelayLink, wanted: SessionId) {
    wait_for(|| match link.poll_event() {
        Some(MediaEvent::Stopped { session }) if session == wanted => Some(()),
        _ => None,
    });
}

#[test]
fn media_passes_both_ways_from_the_other_legs_port() {
    let (_relay, mut link) = start(&config(4));
    let (pair, customer, carrier) = connect(&mut link);

    customer.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
    assert_eq!(receive(&carrier.rtp), (rtp(1), pair.egress_rtp));
    carrier.rtp.send_to(&rtp(2), pair.egress_rtp).unwrap();
    assert_eq!(receive(&customer.rtp), (rtp(2), pair.ingress_rtp));

    let (to_customer, to_carrier) = (rtcp_port(pair.ingress_rtp), rtcp_port(pair.egress_rtp));
    customer
        .rtcp
        .send_to(&sender_report(), to_customer)
        .unwrap();
    assert_eq!(receive(&carrier.rtcp), (sender_report(), to_carrier));
    carrier.rtcp.send_to(&sender_report(), to_carrier).unwrap();
    assert_eq!(receive(&customer.rtcp), (sender_report(), to_customer));
}

#[test]
fn a_stop_tells_the_final_counts_and_ends_forwarding() {
    let mut config = config(4);
    config.quiet_period = PATIENCE;
    let (_relay, mut link) = start(&config);
    let (pair, customer, carrier) = connect(&mut link);
    for sequence in 1..=5 {
        customer
            .rtp
            .send_to(&rtp(sequence), pair.ingress_rtp)
            .unwrap();
        receive(&carrier.rtp);
    }
    customer
        .rtp
        .send_to(b"not media", pair.ingress_rtp)
        .unwrap();
    let live = wait_for(|| {
        link.statistics(pair.session)
            .filter(|statistics| statistics.ingress.invalid == 1)
    });
    assert_eq!(live.ingress.packets, 5);
    // By now the packets of `connect`, which came before those, are counted as well.
    let before = live.egress.packets;

    link.stop(pair.session);
    stopped(&mut link, pair.session);
    let statistics = link.statistics(pair.session).unwrap();
    assert_eq!(statistics.ingress.packets, 5);
    assert_eq!(statistics.ingress.bytes, 5 * 172);
    assert_eq!(statistics.ingress.invalid, 1);
    assert_eq!(statistics.egress.packets, before);

    customer.rtp.send_to(&rtp(9), pair.ingress_rtp).unwrap();
    assert_silent(&carrier.rtp);
}

#[test]
fn a_second_source_can_neither_inject_nor_steal() {
    let (_relay, mut link) = start(&config(4));
    let (pair, customer, carrier) = connect(&mut link);
    let intruder = Peer::new();
    intruder.rtp.send_to(&rtp(66), pair.egress_rtp).unwrap();
    assert_silent(&customer.rtp);
    customer.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
    assert_eq!(receive(&carrier.rtp).0, rtp(1));
    assert_silent(&intruder.rtp);
    wait_for(|| (link.statistics(pair.session)?.egress.foreign == 1).then_some(()));
}

#[test]
fn a_peer_behind_nat_gets_media_where_it_sends_from() {
    let (_relay, mut link) = start(&config(4));
    let (announced, natted, carrier) = (Peer::new(), Peer::new(), Peer::new());
    let pair = link.take().unwrap();
    let media = SessionMedia {
        ingress: Some(announced.media()),
        egress: Some(carrier.media()),
        ..SessionMedia::default()
    };
    link.start(pair.session, media);
    wait_for(|| {
        natted.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
        carrier.rtp.set_read_timeout(Some(SILENCE)).unwrap();
        carrier.rtp.recv_from(&mut [0; 2048]).ok()
    });
    carrier.rtp.send_to(&rtp(2), pair.egress_rtp).unwrap();
    assert_eq!(receive(&natted.rtp).0, rtp(2));
    assert_silent(&announced.rtp);
}

#[test]
fn an_update_moves_the_media_to_the_new_address() {
    let (_relay, mut link) = start(&config(4));
    let (pair, customer, carrier) = connect(&mut link);
    let moved = Peer::new();
    link.update(
        pair.session,
        SessionMedia {
            ingress: Some(customer.media()),
            egress: Some(moved.media()),
            ..SessionMedia::default()
        },
    );
    wait_for(|| {
        customer.rtp.send_to(&rtp(3), pair.ingress_rtp).unwrap();
        moved.rtp.set_read_timeout(Some(SILENCE)).unwrap();
        moved.rtp.recv_from(&mut [0; 2048]).ok()
    });
    moved.rtp.send_to(&rtp(4), pair.egress_rtp).unwrap();
    assert_eq!(receive(&customer.rtp).0, rtp(4));
    carrier.rtp.send_to(&rtp(5), pair.egress_rtp).unwrap();
    assert_silent(&customer.rtp);
}

#[test]
fn packets_that_the_system_refuses_to_send_are_counted() {
    let (_relay, mut link) = start(&config(4));
    let (pair, customer, _carrier) = connect(&mut link);
    // An address of the other family than the relay's sockets.
    let unreachable = RemoteMedia::new("[::1]:4000".parse().unwrap());
    let media = SessionMedia {
        ingress: Some(customer.media()),
        egress: Some(unreachable),
        ..SessionMedia::default()
    };
    link.update(pair.session, media);
    wait_for(|| {
        customer.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
        (link.statistics(pair.session)?.ingress.undeliverable > 0).then_some(())
    });
}

#[test]
fn an_empty_stock_refuses_and_a_port_comes_back_after_it_was_quiet() {
    let config = config(2);
    let (_relay, mut link) = start(&config);
    let first = link.take().unwrap();
    let second = link.take().unwrap();
    assert_eq!(link.take(), None);

    let stopped_at = Instant::now();
    link.stop(first.session);
    stopped(&mut link, first.session);
    let again = wait_for(|| link.take());
    assert!(stopped_at.elapsed() >= config.quiet_period);
    assert_eq!(again.ingress_rtp, first.ingress_rtp);
    assert_ne!(again.session, first.session);
    assert_eq!(link.take(), None);

    // What still belongs to the earlier session touches nothing of the new one.
    link.stop(first.session);
    link.stop(second.session);
    stopped(&mut link, second.session);
    assert_eq!(link.statistics(first.session), None);
    assert!(link.statistics(again.session).is_some());
}

#[test]
fn stray_packets_keep_a_port_from_being_used_again() {
    let mut config = config(1);
    config.quiet_period = Duration::from_secs(3);
    let (_relay, mut link) = start(&config);
    let pair = link.take().unwrap();
    let stray = Peer::new();
    link.stop(pair.session);
    stopped(&mut link, pair.session);
    let (mut begun, mut sent) = (Instant::now(), Instant::now());
    while begun.elapsed() < config.quiet_period * 2 {
        stray.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
        let given = link.take();
        // Where the machine kept this test from sending the port was quiet: begin again.
        if sent.elapsed() > config.quiet_period / 3 {
            if let Some(pair) = given {
                link.stop(pair.session);
                stopped(&mut link, pair.session);
            }
            begun = Instant::now();
        } else {
            assert_eq!(given, None, "a port that was not quiet");
        }
        sent = Instant::now();
        std::thread::sleep(Duration::from_millis(20));
    }
    wait_for(|| link.take());
}

#[test]
fn silence_is_told_to_the_shard_and_wakes_it() {
    let config = config(1);
    let inactive_after = Duration::from_millis(200);
    let wakes = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&wakes);
    let wake: Wake = Arc::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    });
    let (_relay, mut links) = MediaRelay::start(&config, &[wake]).unwrap();
    let link = &mut links[0];
    let pair = link.take().unwrap();
    let media = SessionMedia {
        watch: Some(Watch {
            inactive_after: Some(inactive_after),
            ..Watch::default()
        }),
        ..SessionMedia::default()
    };
    link.start(pair.session, media);
    let (session, silent_for) = wait_for(|| match link.poll_event() {
        Some(MediaEvent::Silent {
            session,
            silent_for,
        }) => Some((session, silent_for)),
        _ => None,
    });
    assert_eq!(session, pair.session);
    assert!(silent_for >= inactive_after);
    assert!(wakes.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_side_that_is_not_heard_is_told_to_the_shard() {
    let config = config(1);
    let (_relay, mut links) = MediaRelay::start(&config, &[no_wake()]).unwrap();
    let link = &mut links[0];
    let pair = link.take().unwrap();
    let (customer, carrier) = (Peer::new(), Peer::new());
    let media = SessionMedia {
        ingress: Some(customer.media()),
        egress: Some(carrier.media()),
        watch: Some(Watch {
            one_way_after: [None, Some(Duration::from_millis(500))],
            ..Watch::default()
        }),
        keys: None,
    };
    link.start(pair.session, media);
    let told = wait_for(|| {
        customer.rtp.send_to(&rtp(1), pair.ingress_rtp).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        link.poll_event()
    });
    let silent = Side::Egress;
    let session = pair.session;
    assert_eq!(told, MediaEvent::OneWay { session, silent });
}

#[test]
fn every_shard_has_a_stock_of_every_thread_and_no_pair_is_given_twice() {
    let mut config = config(16);
    config.threads = 2;
    config.stock_per_shard = 4;
    let (_relay, mut links) = MediaRelay::start(&config, &[no_wake(), no_wake()]).unwrap();
    let mut taken: Vec<ReadyPair> = Vec::new();
    for link in &mut links {
        taken.extend((0..4).map(|_| link.take().unwrap()));
    }
    let threads = |thread| {
        taken
            .iter()
            .filter(|pair| pair.session.thread() == thread)
            .count()
    };
    assert_eq!((threads(0), threads(1)), (4, 4));
    let mut ports: Vec<u16> = taken
        .iter()
        .flat_map(|pair| [pair.ingress_rtp.port(), pair.egress_rtp.port()])
        .collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 16);
    assert!(ports.iter().all(|port| port % 2 == 0));
}

#[test]
fn ports_that_others_have_are_passed_over() {
    let config = config(2);
    let taken = UdpSocket::bind((config.address.bind, 20_002)).unwrap();
    let (_relay, mut link) = start(&config);
    assert_eq!(link.take().unwrap().ingress_rtp.port(), 20_004);
    assert_eq!(link.take(), None);
    drop(taken);
    link.stop(SessionId::from_u64(u64::MAX));
    wait_for(|| link.take().filter(|pair| pair.ingress_rtp.port() == 20_000));
}

#[test]
fn a_relay_without_a_single_port_does_not_start() {
    let config = config(1);
    let _taken = UdpSocket::bind((config.address.bind, 20_000)).unwrap();
    let error = MediaRelay::start(&config, &[no_wake()]).unwrap_err();
    assert!(matches!(error, StartError::NoPorts { .. }));
    let threads = RelayConfig {
        threads: 0,
        ..config
    };
    let sockets = RelayConfig {
        sockets_max: 3,
        ..config
    };
    for (config, wanted) in [(threads, "threads"), (sockets, "sockets_max")] {
        let error = MediaRelay::start(&config, &[no_wake()]).unwrap_err();
        assert!(matches!(error, StartError::OutOfBounds { name, .. } if name == wanted));
    }
}
