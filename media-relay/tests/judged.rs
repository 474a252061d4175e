//! What the relay says of a call, judged by tshark's analysis of the same packets.
//!
//! The relay and the peers live in network namespaces of their own, joined by a pair of virtual
//! interfaces; tshark captures at the relay's. Loss, jitter, reordering and doubles are made by the
//! sender from a seed, so that no kernel module (netem) is needed and each run sends the same.
//! Needs root for the namespaces; without it the test says so and proves nothing.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::print_stdout, reason = "the parts talk by their output")]

use media_relay::io::{MediaRelay, RelayConfig, SessionMedia};
use media_relay::ports::{PortRange, RelayAddress};
use media_relay::quality::Connection;
use media_relay::{Codec, DirectionStatistics, RemoteMedia, Side};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const RELAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const PEERS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const INGRESS_PORT: u16 = 20_000;
const EGRESS_PORT: u16 = 20_002;
const PACKETS: u64 = 500;
const PACKET_TIME: Duration = Duration::from_millis(10);
/// Set for the parts of the test that run in a namespace.
const PART: &str = "JUDGED_PART";

/// How a direction is disturbed, each in 1/1000 of its packets.
struct Disturbance {
    seed: u64,
    lost: u64,
    doubled: u64,
    /// Each packet is late by up to so much.
    late: Duration,
}

const FROM_CUSTOMER: Disturbance = Disturbance {
    seed: 1,
    lost: 50,
    doubled: 20,
    late: Duration::from_millis(25),
};
const FROM_CARRIER: Disturbance = Disturbance {
    seed: 2,
    lost: 5,
    doubled: 0,
    late: Duration::from_millis(4),
};

#[test]
fn loss_jitter_and_rating_agree_with_tshark() {
    if output(Command::new("id").arg("-u")).trim() != "0" {
        println!("SKIPPED: network namespaces need root");
        return;
    }
    let namespaces = Namespaces::new();
    let folder = std::env::temp_dir().join(format!("judged-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let capture = folder.join("capture.pcap");
    let mut tshark = namespaces.capture(&capture);
    let mut relay = namespaces.part(&namespaces.relay, "relay");
    let mut said = BufReader::new(relay.stdout.take().unwrap()).lines();
    let mut next_line = |about: &str| {
        let mut lines = said.by_ref().map(Result::unwrap);
        lines.find_map(|line| line.strip_prefix(about).map(str::to_owned))
    };
    next_line("ready").unwrap();
    let mut peers = namespaces.part(&namespaces.peers, "peers");
    assert!(peers.wait().unwrap().success());
    // A busy machine may have the last packet still on its way.
    std::thread::sleep(Duration::from_secs(1));
    // Its end is what the relay waits for.
    drop(relay.stdin.take());
    let told: Vec<HashMap<String, u64>> = ["ingress", "egress"]
        .map(|side| fields(&next_line(side).unwrap()))
        .into();
    relay.wait().unwrap();
    // It writes what it has, and ends.
    let ended = Command::new("kill")
        .args(["-INT", &tshark.id().to_string()])
        .status();
    assert!(ended.unwrap().success(), "tshark captured to the end");
    tshark.wait().unwrap();

    let streams = streams_of(&capture);
    println!("{streams:#?}\n{told:#?}");
    assert_eq!(
        streams.len(),
        4,
        "both directions before and after the relay"
    );
    for (told, port) in told.iter().zip([INGRESS_PORT, EGRESS_PORT]) {
        let stream = streams.iter().find(|s| s.to_port == port).unwrap();
        agree(told, stream);
        let passed = streams
            .iter()
            .find(|s| s.ssrc == stream.ssrc && s.to_port != port);
        assert_eq!(
            passed.unwrap().packets,
            stream.packets,
            "relayed without loss"
        );
    }
    assert!(told[0]["lost"] > 10 && told[0]["duplicates"] > 2 && told[0]["reordered"] > 20);
    std::fs::remove_dir_all(&folder).unwrap();
}

/// tshark subtracts all packets from those expected, so a doubled one hides a lost one.
fn agree(told: &HashMap<String, u64>, stream: &Stream) {
    assert_eq!(told["packets"], stream.packets);
    assert_eq!(told["expected"] as i64, stream.packets as i64 + stream.lost);
    assert_eq!(told["lost"] as i64, stream.lost + told["duplicates"] as i64);
    // The relay's clock is that of its thread, tshark's that of the kernel.
    for (name, theirs) in [
        ("jitter_mean", stream.jitter_mean),
        ("jitter_highest", stream.jitter_max),
    ] {
        let ours = told[name] as f64 / 1_000.0;
        let apart = (ours - theirs).abs();
        assert!(
            apart <= 1.0 + theirs * 0.2,
            "{name}: {ours} ms, tshark has {theirs} ms"
        );
    }
    let loss = (stream.lost + told["duplicates"] as i64) as f64 / told["expected"] as f64;
    let buffer = Duration::from_millis(40).max(Duration::from_secs_f64(stream.jitter_mean * 2e-3));
    let theirs = Connection {
        codec: Codec::Pcma,
        loss,
        one_way_delay: Duration::from_millis(20 + 20 + 20) + buffer,
    };
    let (ours, theirs) = (
        told["mos_hundredths"] as f64 / 100.0,
        theirs.rate().unwrap().mos,
    );
    assert!(
        (ours - theirs).abs() < 0.03,
        "MOS {ours}, by tshark's figures {theirs}"
    );
}

// === The parts in the namespaces ===

#[test]
#[ignore = "a part of loss_jitter_and_rating_agree_with_tshark, which starts it"]
fn part_in_a_namespace() {
    match std::env::var(PART).as_deref() {
        Ok("relay") => relay_one_call(),
        Ok("peers") => send_both_ways(),
        _ => println!("SKIPPED: started by itself"),
    }
}

fn at(ip: Ipv4Addr, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(ip), port)
}

fn relay_one_call() {
    let config = RelayConfig {
        address: RelayAddress {
            bind: RELAY.into(),
            advertised: RELAY.into(),
        },
        ports: PortRange::new(INGRESS_PORT, INGRESS_PORT + 3).unwrap(),
        sockets_max: usize::MAX,
        threads: 1,
        stock_per_shard: 1,
        quiet_period: Duration::from_secs(60),
    };
    let (_relay, mut links) = MediaRelay::start(&config, &[Arc::new(|| {})]).unwrap();
    let link = &mut links[0];
    let pair = link.take().unwrap();
    let media = SessionMedia {
        ingress: Some(RemoteMedia::new(at(PEERS, 4_000))),
        egress: Some(RemoteMedia::new(at(PEERS, 6_000))),
        ..SessionMedia::default()
    };
    link.start(pair.session, media);
    println!("\nready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let media = link.statistics(pair.session).unwrap();
    for (name, side) in [("ingress", Side::Ingress), ("egress", Side::Egress)] {
        let from: &DirectionStatistics = media.from_side(side);
        println!(
            "{name} packets={} expected={} lost={} duplicates={} reordered={} jitter_mean={} \
             jitter_highest={} mos_hundredths={:.0}",
            from.packets,
            from.expected,
            from.lost,
            from.duplicates,
            from.reordered,
            from.jitter.mean.as_micros(),
            from.jitter.highest.as_micros(),
            media.rating(side).unwrap().mos * 100.0,
        );
    }
    std::io::stdout().flush().unwrap();
}

fn send_both_ways() {
    let sockets = [4_000, 6_000].map(|port| UdpSocket::bind(at(PEERS, port)).unwrap());
    let mut plan: Vec<(Duration, usize, u64)> = Vec::new();
    for (direction, disturbance) in [FROM_CUSTOMER, FROM_CARRIER].iter().enumerate() {
        plan.extend(
            disturbance
                .plan()
                .map(|(at, number)| (at, direction, number)),
        );
    }
    plan.sort_unstable();
    let started = Instant::now();
    for (due, direction, number) in plan {
        std::thread::sleep((started + due).saturating_duration_since(Instant::now()));
        let to = [INGRESS_PORT, EGRESS_PORT][direction];
        let packet = voice(direction as u32 + 1, number);
        sockets[direction].send_to(&packet, at(RELAY, to)).unwrap();
    }
}

/// 10 ms of G.711. The numbers go round their end on the way.
fn voice(ssrc: u32, number: u64) -> Vec<u8> {
    let mut packet = vec![0x80, 8];
    packet.extend((65_300_u64 + number).to_be_bytes().split_at(6).1);
    packet.extend((number as u32 * 80).to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.resize(92, 0x55);
    packet
}

impl Disturbance {
    /// When which packet is sent. The first comes on time: tshark takes its number for the lowest.
    fn plan(&self) -> impl Iterator<Item = (Duration, u64)> {
        let mut state = self.seed;
        let mut draw = move |below: u64| {
            // SplitMix64.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ mixed >> 31) % below
        };
        (0..PACKETS).flat_map(move |number| {
            let fate = draw(1_000);
            let late = Duration::from_micros(draw(self.late.as_micros() as u64));
            let due = PACKET_TIME * number as u32 + late;
            let copies = match number {
                0 => return vec![(Duration::ZERO, 0)],
                1 => return vec![(PACKET_TIME, 1)],
                _ if fate < self.lost => 0,
                _ if fate < self.lost + self.doubled => 2,
                _ => 1,
            };
            vec![(due, number); copies]
        })
    }
}

// === Namespaces and tshark ===

/// Two namespaces with a link between them; gone with this value.
struct Namespaces {
    relay: String,
    peers: String,
}

impl Namespaces {
    fn new() -> Self {
        let id = std::process::id();
        let made = Self {
            relay: format!("judged-relay-{id}"),
            peers: format!("judged-peers-{id}"),
        };
        let (relay, peers) = (&made.relay, &made.peers);
        ip(&format!("netns add {relay}"));
        ip(&format!("netns add {peers}"));
        ip(&format!(
            "-n {relay} link add media0 type veth peer name media0 netns {peers}"
        ));
        for (namespace, address) in [(relay, RELAY), (peers, PEERS)] {
            ip(&format!(
                "-n {namespace} address add {address}/24 dev media0"
            ));
            ip(&format!("-n {namespace} link set media0 up"));
        }
        made
    }

    fn within(namespace: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace]).arg(program);
        command
    }

    fn part(&self, namespace: &str, part: &str) -> Child {
        let program = std::env::current_exe().unwrap();
        Self::within(namespace, &program)
            .args(["--ignored", "--exact", "part_in_a_namespace", "--nocapture"])
            .env(PART, part)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Begins to capture at the relay's interface, and waits until it has begun.
    fn capture(&self, file: &Path) -> Child {
        let tshark = Self::within(&self.relay, Path::new("tshark"))
            .args(["-q", "-i", "media0", "-f", "udp", "-w"])
            .arg(file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(120);
        while std::fs::metadata(file).map_or(0, |file| file.len()) == 0 {
            assert!(
                Instant::now() < deadline,
                "tshark does not capture: scripts/install-test-tools"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        tshark
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for namespace in [&self.relay, &self.peers] {
            let _ = Command::new("ip")
                .args(["netns", "del", namespace])
                .status();
        }
    }
}

fn ip(arguments: &str) {
    let status = Command::new("ip")
        .args(arguments.split(' '))
        .status()
        .unwrap();
    assert!(status.success(), "ip {arguments}");
}

fn output(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

fn fields(line: &str) -> HashMap<String, u64> {
    let pairs = line
        .split_whitespace()
        .filter_map(|field| field.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// A row of tshark's table; times in ms.
#[derive(Debug)]
struct Stream {
    to_port: u16,
    ssrc: String,
    packets: u64,
    lost: i64,
    jitter_mean: f64,
    jitter_max: f64,
}

fn streams_of(capture: &Path) -> Vec<Stream> {
    let mut command = Command::new("tshark");
    command
        .arg("-r")
        .arg(capture)
        .args(["-q", "-z", "rtp,streams"]);
    for port in [4_000, 6_000, INGRESS_PORT, EGRESS_PORT] {
        command.args(["-d", &format!("udp.port=={port},rtp")]);
    }
    let table = output(&mut command);
    println!("{table}");
    let rows = table.lines().filter(|line| line.contains("0x"));
    rows.map(|row| {
        // Start End Source Port Destination Port SSRC Payload Pkts Lost (%) Delta×3 Jitter×3 [X]
        let columns: Vec<&str> = row.split_whitespace().collect();
        Stream {
            to_port: columns[5].parse().unwrap(),
            ssrc: columns[6].to_owned(),
            packets: columns[8].parse().unwrap(),
            lost: columns[9].parse().unwrap(),
            jitter_mean: columns[15].parse().unwrap(),
            jitter_max: columns[16].parse().unwrap(),
        }
    })
    .collect()
}
