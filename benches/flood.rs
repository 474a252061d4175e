//! What a flood costs those who call: the setup time of good calls, alone and while 50,000 packets a
//! second of garbage and of forged INVITEs arrive from many loopback addresses.
//!
//! Run by `cargo bench -p didtron --bench flood`; it prints a table for `BENCHMARKS.md`. The flood, the
//! caller, the carrier (SIPp) and the switch share the machine, so figures of one run are compared with
//! each other only. `FLOOD_PPS`, `FLOOD_SECONDS` and `FLOOD_ROUNDS` change the flood. What the kernel lost before
//! the switch could read it is a column of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark stops by panicking"
)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measured"
)]
#![allow(
    dead_code,
    reason = "the end-to-end tests' modules are shared and hold more"
)]

#[path = "flood/caller.rs"]
mod caller;
#[path = "../tests/e2e/ports.rs"]
mod ports;
#[path = "../tests/e2e/programs.rs"]
mod programs;
#[path = "../tests/e2e/resources.rs"]
mod resources;
#[path = "../tests/e2e/sipp.rs"]
mod sipp;
#[path = "../tests/e2e/switch.rs"]
mod switch;

use caller::Caller;
use resources::{CarrierSpec, NUMBER, World};
use sipp::{Carrier, Over};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use switch::Switch;

/// Addresses that the flood comes from.
const SOURCES: u8 = 200;
/// Good calls a second.
const CALLS_PER_SECOND: u32 = 50;

fn main() {
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse::<u32>().unwrap())
    };
    let (pps, seconds) = (number("FLOOD_PPS", 50_000), number("FLOOD_SECONDS", 20));
    println!(
        "| flood | packets/s sent | good calls | failed | p50 ms | p95 ms | p99 ms | kept out | lost by the kernel | banned |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let kinds = [
        Kind::Nothing,
        Kind::Garbage,
        Kind::Invites,
        Kind::Both,
        Kind::Scanner,
    ];
    for kind in (0..number("FLOOD_ROUNDS", 1)).flat_map(|_| kinds) {
        measure(kind, pps, seconds);
    }
}

/// What the flood is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    Garbage,
    Invites,
    Both,
    /// sipvicious, when `SIPVICIOUS` names its folder of programs: `svwar` at work all the time, and
    /// `svmap`, `svwar` and `svcrack` must find nothing.
    Scanner,
}

fn measure(kind: Kind, pps: u32, seconds: u32) {
    let programs = std::env::var("SIPVICIOUS").ok();
    if kind == Kind::Scanner && programs.is_none() {
        return;
    }
    // The default, which tests turn off.
    let switch = Switch::start(&[("DIDTRON_DEFENCE_LAG_MAX_MS", "250")]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    let mut caller = Caller::new(switch.sip);
    // Warm: the first calls pay for pages and caches.
    caller.place(CALLS_PER_SECOND, CALLS_PER_SECOND);
    let flood = match kind {
        Kind::Nothing | Kind::Scanner => None,
        _ => Some(Flood::start(kind, switch.sip, pps)),
    };
    let scan = programs
        .filter(|_| kind == Kind::Scanner)
        .map(|folder| scan(&folder, switch.sip));
    std::thread::sleep(Duration::from_millis(500));
    let calls = caller.place(CALLS_PER_SECOND * seconds, CALLS_PER_SECOND);
    let rate = flood.map_or(0.0, Flood::stop);
    if let Some(mut scan) = scan {
        let _ = scan.kill();
        let _ = scan.wait();
        find_nothing(&std::env::var("SIPVICIOUS").unwrap(), switch.sip);
    }
    let (setups, failed) = caller::setups(&calls);
    let at = |percent| caller::percentile_ms(&setups, percent);
    println!(
        "| {} | {rate:.0} | {} | {failed} | {:.2} | {:.2} | {:.2} | {:.0} | {} | {:.0} |",
        format!("{kind:?}").to_lowercase(),
        setups.len(),
        at(50),
        at(95),
        at(99),
        ["rate", "ban", "scanner"]
            .map(|reason| switch.metric("sip_kept_out_total", reason))
            .iter()
            .sum::<f64>(),
        lost_by_kernel(switch.sip.port()),
        switch.metric("sip_bans", ""),
    );
}

/// Asks for every extension with INVITEs, as fast as it can.
fn scan(programs: &str, switch: SocketAddr) -> Child {
    Command::new(format!("{programs}/sipvicious_svwar"))
        .args([
            "--force",
            "-m",
            "INVITE",
            "-e",
            "1000-9999999",
            "-t",
            "0.0001",
        ])
        .args(["-b", "127.7.8.1", "-x", "127.7.8.1"])
        .args(["-p", &switch.port().to_string(), &switch.ip().to_string()])
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("SIPVICIOUS names the folder with sipvicious_svwar")
}

/// Runs sipvicious' programs to their end. They must find no server, no extension and no password.
fn find_nothing(programs: &str, switch: SocketAddr) {
    let scans: [&[&str]; 4] = [
        &["svmap"],
        &["svwar", "-m", "REGISTER", "-e", "1000-1100"],
        &["svwar", "--force", "-m", "INVITE", "-e", "1000-1100"],
        &["svcrack", "-u", "1000", "-r", "1000-1100"],
    ];
    for (index, scan) in scans.iter().enumerate() {
        let from = format!("127.7.8.{}", index + 2);
        let output = Command::new(format!("{programs}/sipvicious_{}", scan[0]))
            .args(&scan[1..])
            .args(["-b", &from, "-x", &from])
            .args(["-p", &switch.port().to_string(), &switch.ip().to_string()])
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .output()
            .expect("SIPVICIOUS names the folder of sipvicious' programs");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("found nothing"), "{scan:?}: {said}");
    }
}

/// Datagrams that came to a port of this machine when its buffer was full.
fn lost_by_kernel(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap();
    let local = format!(":{port:04X} ");
    let of_port = table.lines().filter(|line| line.contains(&local));
    of_port
        .filter_map(|line| line.split_whitespace().last()?.parse::<u64>().ok())
        .sum()
}

/// A thread that sends at an even rate from many addresses.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    began: Instant,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start(kind: Kind, switch: SocketAddr, pps: u32) -> Self {
        let sockets: Vec<UdpSocket> = (1..=SOURCES)
            .map(|n| UdpSocket::bind((Ipv4Addr::new(127, 7, 7, n), 0)).unwrap())
            .collect();
        let (stop, sent) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stops, counts) = (Arc::clone(&stop), Arc::clone(&sent));
        let began = Instant::now();
        let thread = std::thread::spawn(move || {
            let mut number = 0_u64;
            while !stops.load(Ordering::Relaxed) {
                let due = (began.elapsed().as_secs_f64() * f64::from(pps)) as u64;
                while number < due {
                    let socket = &sockets[(number % u64::from(SOURCES)) as usize];
                    // A full buffer loses a packet, as a network does.
                    let _ = socket.send_to(&packet(kind, number), switch);
                    number += 1;
                }
                counts.store(number, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        Self {
            stop,
            sent,
            began,
            thread,
        }
    }

    /// Packets that were sent, a second.
    fn stop(self) -> f64 {
        let lasted = self.began.elapsed().as_secs_f64();
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.sent.load(Ordering::Relaxed) as f64 / lasted
    }
}

fn packet(kind: Kind, number: u64) -> Vec<u8> {
    let is_garbage = match kind {
        Kind::Garbage => true,
        Kind::Both => number.is_multiple_of(2),
        Kind::Invites | Kind::Nothing | Kind::Scanner => false,
    };
    if is_garbage {
        // SplitMix64.
        let mut state = number;
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z ^ (z >> 27)
        };
        return (0..32).flat_map(|_| next().to_le_bytes()).collect();
    }
    // Every second one pretends to be of a dialog.
    let tag = if number % 4 < 2 {
        ""
    } else {
        ";tag=forged0000000000"
    };
    format!(
        "INVITE sip:{NUMBER}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.7.7.7:5060;branch=z9hG4bK{number}\r\n\
         From: <sip:1@127.7.7.7>;tag={number}\r\nTo: <sip:{NUMBER}@127.0.0.1>{tag}\r\nCall-ID: {number}\r\n\
         CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:1@127.7.7.7>\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}
