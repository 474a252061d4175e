//! Sessions that send to each other: a call may go through the relay twice, but no packet comes back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use media_relay::io::{MediaRelay, RelayConfig, RelayLink, SessionMedia, Wake};
use media_relay::ports::{PortRange, RelayAddress};
use media_relay::{ReadyPair, RemoteMedia};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a datagram that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(150);
const SEEDS: u64 = 10;

/// A relay with two sessions.
struct Two {
    relay: MediaRelay,
    link: RelayLink,
    first: ReadyPair,
    second: ReadyPair,
}

impl Two {
    /// Each relay has its own address in 127/8.
    fn start() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let last_octet = NEXT.fetch_add(1, Ordering::Relaxed);
        let [.., third, fourth] = std::process::id().to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(127, 192 | third & 0x3f, fourth, last_octet));
        Self::start_at(ip, ip, 20_000)
    }

    /// The same at all addresses of the host, and at ports that no other process of this test has.
    fn start_at_all() -> Self {
        let first_port = 22_000 + 8 * u16::try_from(std::process::id() % 500).unwrap();
        Self::start_at(
            Ipv4Addr::UNSPECIFIED.into(),
            Ipv4Addr::LOCALHOST.into(),
            first_port,
        )
    }

    /// With two threads each session has one.
    fn start_at(bind: IpAddr, advertised: IpAddr, first_port: u16) -> Self {
        let config = RelayConfig {
            address: RelayAddress { bind, advertised },
            ports: PortRange::new(first_port, first_port + 7).unwrap(),
            sockets_max: usize::MAX,
            threads: 2,
            stock_per_shard: 2,
            quiet_period: Duration::from_millis(300),
        };
        let wake: Wake = Arc::new(|| {});
        let (relay, mut links) = MediaRelay::start(&config, &[wake]).unwrap();
        let mut link = links.pop().unwrap();
        let (first, second) = (link.take().unwrap(), link.take().unwrap());
        assert_ne!(first.session.thread(), second.session.thread());
        Self {
            relay,
            link,
            first,
            second,
        }
    }

    /// Begins a session with peers that receive there.
    fn say(&mut self, pair: ReadyPair, [ingress, egress]: [SocketAddr; 2]) {
        let media = SessionMedia {
            ingress: Some(RemoteMedia::new(ingress)),
            egress: Some(RemoteMedia::new(egress)),
            ..SessionMedia::default()
        };
        self.link.start(pair.session, media);
    }

    /// What is counted changes no more.
    fn wait_for_rest(&self) {
        let counted = || [self.counted(self.first), self.counted(self.second)];
        wait_for(|| {
            let before = counted();
            std::thread::sleep(SILENCE);
            (counted() == before).then_some(())
        });
    }

    fn counted(&self, pair: ReadyPair) -> [[u64; 2]; 2] {
        let counted = self.link.statistics(pair.session).unwrap();
        [counted.ingress, counted.egress].map(|side| [side.packets, side.foreign])
    }
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn address(phone: &UdpSocket) -> SocketAddr {
    phone.local_addr().unwrap()
}

fn rtp() -> Vec<u8> {
    let mut packet = vec![0x55; 172];
    packet[..4].copy_from_slice(&[0x80, 8, 0, 1]);
    packet
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

/// Sends until it is heard: the relay knows of both sessions then.
fn speak(from: &UdpSocket, port: SocketAddr, to: &UdpSocket) {
    to.set_read_timeout(Some(SILENCE)).unwrap();
    wait_for(|| {
        from.send_to(&rtp(), port).unwrap();
        to.recv_from(&mut [0; 2048]).ok()
    });
    to.set_read_timeout(Some(PATIENCE)).unwrap();
}

#[test]
fn a_call_that_goes_through_the_relay_twice_is_heard_at_both_ends() {
    let mut two = Two::start();
    let (first, second) = (two.first, two.second);
    let (caller, callee) = (phone(), phone());
    two.say(first, [address(&caller), second.ingress_rtp]);
    two.say(second, [first.egress_rtp, address(&callee)]);
    speak(&caller, first.ingress_rtp, &callee);
    speak(&callee, second.egress_rtp, &caller);
    assert_eq!(two.relay.figures().loops_refused(), 0);
}

#[test]
fn a_call_whose_ends_meet_carries_no_packet_round() {
    let mut two = Two::start();
    let (first, second) = (two.first, two.second);
    let (caller, callee) = (phone(), phone());
    two.say(first, [address(&caller), second.ingress_rtp]);
    two.say(second, [first.egress_rtp, address(&callee)]);
    speak(&caller, first.ingress_rtp, &callee);
    let figures = two.relay.figures();
    assert_eq!(figures.loops_refused(), 0);
    let ends_meet = [
        (second, first.egress_rtp, first.ingress_rtp),
        (first, second.egress_rtp, second.ingress_rtp),
    ];
    for (pair, ingress, egress) in ends_meet {
        let media = SessionMedia {
            ingress: Some(RemoteMedia::new(ingress)),
            egress: Some(RemoteMedia::new(egress)),
            ..SessionMedia::default()
        };
        two.link.update(pair.session, media);
    }
    // Each way round is a ring of its own.
    wait_for(|| (figures.loops_refused() == 2).then_some(()));
    for _ in 0..SEEDS {
        caller.send_to(&rtp(), first.ingress_rtp).unwrap();
    }
    two.wait_for_rest();
    let [_, [from_second, _]] = two.counted(first);
    assert_eq!(from_second, 0, "nothing came back");
}

#[test]
fn no_packet_comes_back_by_another_address_of_the_host() {
    let mut two = Two::start_at_all();
    let (first, second) = (two.first, two.second);
    let (caller, callee, stranger) = (phone(), phone(), phone());
    let elsewhere = |port: SocketAddr| SocketAddr::from(([127, 0, 0, 2], port.port()));
    // A call that goes through twice may use any.
    two.say(second, [elsewhere(first.egress_rtp), address(&callee)]);
    two.say(first, [address(&caller), elsewhere(second.ingress_rtp)]);
    speak(&caller, first.ingress_rtp, &callee);
    let figures = two.relay.figures();
    assert_eq!(figures.loops_refused(), 0);
    // Each leg of the first where the other leg is heard.
    let media = SessionMedia {
        ingress: Some(RemoteMedia::new(elsewhere(first.egress_rtp))),
        egress: Some(RemoteMedia::new(elsewhere(first.ingress_rtp))),
        ..SessionMedia::default()
    };
    two.link.update(first.session, media);
    wait_for(|| (figures.loops_refused() == 2).then_some(()));
    for _ in 0..SEEDS {
        stranger.send_to(&rtp(), first.ingress_rtp).unwrap();
        caller.send_to(&rtp(), first.ingress_rtp).unwrap();
    }
    two.wait_for_rest();
}

#[test]
fn a_session_of_the_relay_is_not_learned_where_it_was_not_named() {
    let mut two = Two::start();
    let (first, second) = (two.first, two.second);
    let (silent, other, stranger) = (phone(), phone(), phone());
    // Both ends of the first lead into the second, whose peers say nothing: it would learn the first.
    two.say(second, [address(&silent), address(&other)]);
    two.say(first, [second.egress_rtp, second.ingress_rtp]);
    let refused = wait_for(|| {
        stranger.send_to(&rtp(), first.ingress_rtp).unwrap();
        let [[packets, refused], _] = two.counted(second);
        assert_eq!(packets, 0);
        (refused >= SEEDS).then_some(refused)
    });
    assert!(refused >= SEEDS);
    // The peers themselves are heard as ever.
    speak(&silent, second.ingress_rtp, &other);
}
