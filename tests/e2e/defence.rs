//! What keeps strangers out: scanners, bans, rates, slow peers.

use crate::resources::{CUSTOMER, World};
use crate::switch::{PATIENCE, Switch, until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

/// Addresses that belong to nobody.
const STRANGER: &str = "127.0.0.66";
const OTHER_STRANGER: &str = "127.0.0.67";

/// Messages are answered in the order in which they come.
const ONE_SHARD: (&str, &str) = ("DIDTRON_NODE_SHARDS", "1");

struct Peer {
    socket: UdpSocket,
    switch: SocketAddr,
    asked: u32,
}

impl Peer {
    fn new(ip: &str, switch: &Switch) -> Self {
        let socket = UdpSocket::bind((ip, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self {
            socket,
            switch: switch.sip,
            asked: 0,
        }
    }

    fn send(&mut self, user_agent: &str) {
        self.asked += 1;
        let (own, number) = (self.socket.local_addr().unwrap(), self.asked);
        let options = format!(
            "OPTIONS sip:x@{own} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK{number};rport\r\n\
             From: <sip:a@{own}>;tag=1\r\nTo: <sip:b@{own}>\r\nCall-ID: {number}@{own}\r\n\
             CSeq: 1 OPTIONS\r\nUser-Agent: {user_agent}\r\nContent-Length: 0\r\n\r\n"
        );
        self.socket
            .send_to(options.as_bytes(), self.switch)
            .unwrap();
    }

    /// Waits for an answer to a message of its own.
    fn hears(&mut self, user_agent: &str) -> bool {
        self.send(user_agent);
        self.socket.recv(&mut [0; 2_048]).is_ok()
    }

    /// How many answers it got by the time that the switch answers what `other` sends after it.
    fn answers_before(&self, other: &mut Self) -> usize {
        assert!(other.hears("Phone/1"), "who may ask is answered");
        let short = Duration::from_millis(50);
        self.socket.set_read_timeout(Some(short)).unwrap();
        let mut buffer = [0; 2_048];
        let count = std::iter::from_fn(|| self.socket.recv(&mut buffer).ok()).count();
        self.socket.set_read_timeout(Some(PATIENCE)).unwrap();
        count
    }
}

#[test]
fn a_scanner_hears_nothing_and_a_customer_with_its_name_does() {
    let switch = Switch::start(&[ONE_SHARD]);
    World::of(Vec::new()).apply(&switch);
    let mut stranger = Peer::new(STRANGER, &switch);
    stranger.send("friendly-scanner");
    let mut customer = Peer::new(CUSTOMER, &switch);
    assert_eq!(stranger.answers_before(&mut customer), 0);
    assert!(stranger.hears("Phone/1"), "others from there are heard");
    assert!(customer.hears("friendly-scanner"));
    until("the scanner is counted", || {
        switch.metric("sip_kept_out_total", "reason=\"scanner\"") == 1.0
    });
}

#[test]
fn a_ban_silences_an_address_until_it_is_lifted() {
    let switch = Switch::start(&[ONE_SHARD]);
    let mut stranger = Peer::new(STRANGER, &switch);
    assert!(stranger.hears("Phone/1"));
    switch
        .command(&[
            "bans",
            "add",
            STRANGER,
            "--seconds",
            "600",
            "--note",
            "noise",
        ])
        .unwrap();
    stranger.send("Phone/1");
    let mut other = Peer::new(OTHER_STRANGER, &switch);
    assert_eq!(stranger.answers_before(&mut other), 0);
    let listed = switch.command(&["bans", "list"]).unwrap();
    assert!(
        listed.contains(STRANGER) && listed.contains("noise"),
        "{listed}"
    );
    assert!(
        connect(STRANGER, switch.sip).is_ended(),
        "no connection either"
    );

    switch.command(&["bans", "lift", STRANGER]).unwrap();
    assert!(stranger.hears("Phone/1"), "at once");
    let error = switch.command(&["bans", "lift", STRANGER]).unwrap_err();
    assert!(error.contains("not banned"), "{error}");
}

#[test]
fn a_flood_is_cut_to_its_rate_banned_and_forgotten_when_the_ban_ends() {
    let settings = [
        ONE_SHARD,
        ("DIDTRON_DEFENCE_UNKNOWN_SOURCE_MESSAGES_PER_SECOND", "20"),
        ("DIDTRON_DEFENCE_BAN_AFTER_MESSAGES", "200"),
        ("DIDTRON_DEFENCE_BAN_S", "2"),
        ("DIDTRON_CALLS_UNKNOWN_SOURCE_REPLIES_PER_SECOND", "1000"),
    ];
    let switch = Switch::start(&settings);
    World::of(Vec::new()).apply(&switch);
    let mut stranger = Peer::new(STRANGER, &switch);
    (0..600).for_each(|_| stranger.send("Phone/1"));
    let mut customer = Peer::new(CUSTOMER, &switch);
    assert!(stranger.answers_before(&mut customer) < 300);
    until("the flood is banned", || {
        switch.metric("sip_kept_out_total", "reason=\"ban\"") > 0.0
    });
    until("the ban has ended", || switch.metric("sip_bans", "") == 0.0);
    assert!(stranger.hears("Phone/1"));
}

struct Connection(TcpStream);

fn connect(ip: &str, switch: SocketAddr) -> Connection {
    let (domain, kind) = (socket2::Domain::IPV4, socket2::Type::STREAM);
    let socket = socket2::Socket::new(domain, kind, None).unwrap();
    let own: SocketAddr = format!("{ip}:0").parse().unwrap();
    socket.bind(&own.into()).unwrap();
    socket.connect(&switch.into()).unwrap();
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Connection(stream)
}

impl Connection {
    /// Waits until the switch closes it.
    fn is_ended(&mut self) -> bool {
        // A reset is an end as well; a time-out is none.
        let end = self.0.read(&mut [0; 16]);
        !matches!(end, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

#[test]
fn a_peer_that_does_not_finish_a_message_is_closed_and_so_is_one_too_many() {
    let settings = [
        ("DIDTRON_SIP_TCP_MESSAGE_TIMEOUT_S", "1"),
        ("DIDTRON_SIP_TCP_CONNECTIONS_PER_ADDRESS_MAX", "2"),
    ];
    let switch = Switch::start(&settings);
    let mut slow = connect(STRANGER, switch.sip);
    let _quiet = connect(STRANGER, switch.sip);
    slow.0.write_all(b"OPTIONS sip:x SIP/2.0\r\nVia: ").unwrap();
    assert!(connect(STRANGER, switch.sip).is_ended(), "a third one");
    assert!(slow.is_ended());
    until("both are counted", || {
        let ended = |reason| switch.metric("sip_connections_ended_total", reason);
        ended("reason=\"stalled\"") == 1.0 && ended("reason=\"refused\"") == 1.0
    });
}

#[test]
fn a_message_beyond_the_configured_bounds_is_refused_whole() {
    let settings = [
        ("DIDTRON_SIP_MESSAGE_BYTES_MAX", "4096"),
        ("DIDTRON_SIP_HEADER_FIELDS_MAX", "16"),
        ("DIDTRON_SIP_HEADER_VALUE_BYTES_MAX", "256"),
    ];
    let switch = Switch::start(&settings);
    World::of(Vec::new()).apply(&switch);
    let customer = Peer::new(CUSTOMER, &switch);
    let own = customer.socket.local_addr().unwrap();
    let ask = |more: &str, body: &str| {
        let options = format!(
            "OPTIONS sip:x@{own} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bK1;rport\r\n\
             From: <sip:a@{own}>;tag=1\r\nTo: <sip:b@{own}>\r\nCall-ID: 1@{own}\r\n\
             CSeq: 1 OPTIONS\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        customer
            .socket
            .send_to(options.as_bytes(), switch.sip)
            .unwrap();
        let mut buffer = [0; 2_048];
        let length = customer.socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[8..length.min(11)]).into_owned()
    };
    assert_eq!(ask(&"Y: z\r\n".repeat(9), ""), "200");
    assert_eq!(ask(&"Y: z\r\n".repeat(12), ""), "400");
    assert_eq!(ask(&format!("Y: {}\r\n", "y".repeat(256)), ""), "200");
    assert_eq!(ask(&format!("Y: {}\r\n", "y".repeat(257)), ""), "400");
    assert_eq!(ask("", &"z".repeat(3_000)), "200");
    assert_eq!(ask("", &"z".repeat(4_000)), "513");
}
