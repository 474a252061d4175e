//! Steady streams, which have a socket of their own: whatever happens to them, each packet arrives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(target_os = "linux")]

use media_relay::io::{MediaRelay, RelayConfig, RelayLink, SessionMedia, Wake};
use media_relay::ports::{PortRange, RelayAddress};
use media_relay::{ReadyPair, RemoteMedia};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long a datagram that must not arrive is waited for.
const SILENCE: Duration = Duration::from_millis(150);
/// More packets than make a stream steady.
const STEADY: u16 = 300;
/// The number of packets that try whether the relay knows of a session.
const TRIAL: u16 = u16::MAX;
/// Packets at once: fewer than a socket holds.
const BURST: u16 = 60;

/// Each relay has its own address in 127/8.
fn config(sockets_max: usize, sessions: u16) -> RelayConfig {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let last_octet = NEXT.fetch_add(1, Ordering::Relaxed);
    let [.., third, fourth] = std::process::id().to_be_bytes();
    let ip = IpAddr::V4(Ipv4Addr::new(127, 128 | third & 0x3f, fourth, last_octet));
    RelayConfig {
        address: RelayAddress {
            bind: ip,
            advertised: ip,
        },
        ports: PortRange::new(20_000, 20_000 + 4 * sessions - 1).unwrap(),
        sockets_max,
        threads: 1,
        stock_per_shard: 1,
        quiet_period: Duration::from_millis(300),
    }
}

fn start(config: &RelayConfig) -> (MediaRelay, RelayLink) {
    let wake: Wake = Arc::new(|| {});
    let (relay, mut links) = MediaRelay::start(config, &[wake]).unwrap();
    (relay, links.pop().unwrap())
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

/// A telephone: what it sends is numbered, and what it heard is kept by number.
struct Phone {
    socket: UdpSocket,
    sent: u16,
    heard: BTreeSet<u16>,
}

impl Phone {
    fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            socket,
            sent: 0,
            heard: BTreeSet::new(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    fn media(&self) -> Option<RemoteMedia> {
        Some(RemoteMedia::new(self.address()))
    }

    fn send_numbered(&self, number: u16, to: SocketAddr) {
        let mut packet = vec![0x55; 172];
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        self.socket.send_to(&packet, to).unwrap();
    }

    fn send(&mut self, to: SocketAddr) {
        self.send_numbered(self.sent, to);
        self.sent += 1;
    }

    fn burst(&mut self, to: SocketAddr) {
        (0..BURST).for_each(|_| self.send(to));
    }

    /// Hears one packet; nothing may come twice.
    fn hear(&mut self) {
        while !self.hear_one() {}
    }

    /// False when it was a trial.
    fn hear_one(&mut self) -> bool {
        let mut buffer = [0; 2048];
        self.socket.recv_from(&mut buffer).unwrap();
        let number = u16::from_be_bytes([buffer[2], buffer[3]]);
        if number == TRIAL {
            return false;
        }
        assert!(self.heard.insert(number), "{number} came twice");
        true
    }

    /// Takes what has come by now.
    fn hear_waiting(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        let mut byte = [0; 1];
        while self.socket.peek(&mut byte).is_ok() {
            self.hear_one();
        }
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Hears until it has heard so many, which are all from the first.
    fn hear_all(&mut self, sent: u16) {
        while self.heard.len() < usize::from(sent) {
            self.hear();
        }
        assert!(self.heard.iter().copied().eq(0..sent));
    }

    fn assert_hears_nothing(&self) {
        self.socket.set_read_timeout(Some(SILENCE)).unwrap();
        assert!(self.socket.recv_from(&mut [0; 2048]).is_err());
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

/// Until the relay knows that what `from` sends to `port` goes to `to`.
fn try_until_heard(from: &Phone, port: SocketAddr, to: &Phone) {
    to.socket.set_read_timeout(Some(SILENCE)).unwrap();
    wait_for(|| {
        from.send_numbered(TRIAL, port);
        to.socket.peek_from(&mut [0; 2048]).ok()
    });
    to.socket.set_read_timeout(Some(PATIENCE)).unwrap();
}

/// A session under way between two telephones.
struct Talk {
    relay: MediaRelay,
    link: RelayLink,
    pair: ReadyPair,
    customer: Phone,
    carrier: Phone,
}

impl Talk {
    fn start() -> Self {
        Self::start_with(&config(usize::MAX, 1))
    }

    fn start_with(config: &RelayConfig) -> Self {
        let (relay, mut link) = start(config);
        let pair = link.take().unwrap();
        let (customer, carrier) = (Phone::new(), Phone::new());
        let mut talk = Self {
            relay,
            link,
            pair,
            customer,
            carrier,
        };
        let media = talk.media(talk.carrier.media());
        talk.link.start(talk.pair.session, media);
        try_until_heard(&talk.customer, talk.pair.ingress_rtp, &talk.carrier);
        talk
    }

    fn media(&self, egress: Option<RemoteMedia>) -> SessionMedia {
        SessionMedia {
            ingress: self.customer.media(),
            egress,
            ..SessionMedia::default()
        }
    }

    /// Both speak for longer than it takes to be steady, in turns.
    fn speak(&mut self) {
        for _ in 0..STEADY {
            self.customer.send(self.pair.ingress_rtp);
            self.carrier.hear();
            self.carrier.send(self.pair.egress_rtp);
            self.customer.hear();
        }
    }

    fn sockets(&self) -> usize {
        self.relay.figures().sockets_open()
    }

    /// The carrier's media moves to `to`; the one that it had is returned.
    fn move_to(&mut self, mut to: Phone) -> Phone {
        to.sent = self.carrier.sent;
        let before = std::mem::replace(&mut self.carrier, to);
        let media = self.media(self.carrier.media());
        self.link.update(self.pair.session, media);
        before
    }
}

#[test]
fn a_session_takes_four_sockets_and_one_for_each_steady_stream_until_it_ends() {
    let mut talk = Talk::start();
    assert_eq!(talk.sockets(), 4);
    talk.speak();
    wait_for(|| (talk.sockets() == 6).then_some(()));
    // The same address again, hold and its end change nothing.
    for egress in [talk.carrier.media(), None, talk.carrier.media()] {
        let media = talk.media(egress);
        talk.link.update(talk.pair.session, media);
    }
    let before = talk.link.statistics(talk.pair.session).unwrap();
    talk.speak();
    let after = talk.link.statistics(talk.pair.session).unwrap();
    assert!(after.ingress.packets > before.ingress.packets);
    assert_eq!(talk.sockets(), 6);
    talk.link.stop(talk.pair.session);
    wait_for(|| (talk.sockets() == 4).then_some(()));
    talk.customer.send(talk.pair.ingress_rtp);
    talk.carrier.assert_hears_nothing();
    // The next session at the same ports knows nothing of it.
    let (first, again) = (talk.pair, wait_for(|| talk.link.take()));
    assert_eq!(again.ingress_rtp, first.ingress_rtp);
    talk.customer.send(again.ingress_rtp);
    talk.carrier.assert_hears_nothing();
}

#[test]
fn a_steady_stream_is_guarded_as_any_other() {
    let mut talk = Talk::start();
    talk.speak();
    let mut stranger = Phone::new();
    for port in [talk.pair.ingress_rtp, talk.pair.egress_rtp] {
        stranger.send(port);
    }
    wait_for(|| {
        let counted = talk.link.statistics(talk.pair.session)?;
        ([counted.ingress.foreign, counted.egress.foreign] == [1, 1]).then_some(())
    });
    talk.speak();
    stranger.assert_hears_nothing();
    let counted = talk.link.statistics(talk.pair.session).unwrap();
    assert_eq!(
        counted.ingress.undeliverable + counted.egress.undeliverable,
        0
    );
}

#[test]
fn bursts_at_the_moment_of_a_move_arrive_to_the_last_packet() {
    let mut talk = Talk::start();
    let (ingress, egress) = (talk.pair.ingress_rtp, talk.pair.egress_rtp);
    for _ in 0..20 {
        talk.speak();
        // The relay is told amid what both say.
        talk.carrier.burst(egress);
        talk.customer.burst(ingress);
        let mut before = talk.move_to(Phone::new());
        talk.customer.burst(ingress);
        try_until_heard(&talk.customer, ingress, &talk.carrier);
        let so_far = before.sent;
        talk.customer.hear_all(so_far);
        // The old telephone speaks up to the moment that the new one begins.
        before.burst(egress);
        talk.carrier.sent = before.sent;
        talk.carrier.burst(egress);
        talk.customer.burst(ingress);
        let sent = talk.carrier.sent;
        talk.customer.hear_all(sent);
        // Each of the customer's came to one of both.
        wait_for(|| {
            before.hear_waiting();
            talk.carrier.hear_waiting();
            let heard = before.heard.len() + talk.carrier.heard.len();
            (heard == usize::from(talk.customer.sent)).then_some(())
        });
        talk.carrier.heard.append(&mut before.heard);
        let sent = talk.customer.sent;
        talk.carrier.hear_all(sent);
    }
    let counted = talk.link.statistics(talk.pair.session).unwrap();
    assert_eq!([counted.ingress.foreign, counted.egress.foreign], [0, 0]);
    assert_eq!(talk.sockets(), 6);
}

#[test]
fn bound_to_all_addresses_streams_have_no_socket_and_all_calls_find_room() {
    // Ports that no other process of this test has.
    let first = 27_000 + 32 * u16::try_from(std::process::id() % 100).unwrap();
    let config = RelayConfig {
        address: RelayAddress {
            bind: Ipv4Addr::UNSPECIFIED.into(),
            advertised: Ipv4Addr::LOCALHOST.into(),
        },
        ports: PortRange::new(first, first + 31).unwrap(),
        ..config(64, 8)
    };
    let mut talk = Talk::start_with(&config);
    talk.speak();
    talk.speak();
    let of_streams = talk.sockets() % 4;
    assert_eq!(of_streams, 0, "each session has four");
    assert_eq!(talk.relay.figures().sockets_max(), 64);
}

#[test]
fn without_room_for_more_sockets_streams_go_the_longer_way_and_calls_are_refused() {
    let (relay, mut link) = start(&config(9, 4));
    // Room for two sessions of four.
    let pairs = [link.take().unwrap(), wait_for(|| link.take())];
    std::thread::sleep(SILENCE);
    assert_eq!(link.take(), None);
    let figures = relay.figures();
    assert_eq!((figures.sockets_open(), figures.sockets_max()), (8, 9));
    let (mut customer, mut carrier) = (Phone::new(), Phone::new());
    let media = SessionMedia {
        ingress: customer.media(),
        egress: carrier.media(),
        ..SessionMedia::default()
    };
    link.start(pairs[0].session, media);
    try_until_heard(&customer, pairs[0].ingress_rtp, &carrier);
    for _ in 0..STEADY {
        customer.send(pairs[0].ingress_rtp);
        carrier.hear();
        carrier.send(pairs[0].egress_rtp);
        customer.hear();
    }
    assert_eq!(figures.sockets_open(), 8);
    // What one session leaves the next one has.
    link.stop(pairs[1].session);
    assert_eq!(wait_for(|| link.take()).ingress_rtp, pairs[1].ingress_rtp);
}
