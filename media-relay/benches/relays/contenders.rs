//! What is measured: relays in processes of their own.

use crate::control;
use crate::generator::{A, B};
use media_relay::RemoteMedia;
use media_relay::io::{MediaRelay, RelayConfig, SessionMedia};
use media_relay::ports::{PortRange, RelayAddress};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

const OURS: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 11);
const BARE: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 12);
const RTPENGINE: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 13);
const BASE_PORT: u16 = 20_000;
/// The argument that makes this program the relay.
pub(crate) const ROLE: &str = "relay";

/// A relay under test: its process, and where each stream of it is sent to.
pub(crate) struct Contender {
    pub(crate) process: Child,
    /// Memory before it had sessions.
    pub(crate) empty_bytes: u64,
    /// For each session where A sends and where B sends.
    pub(crate) sessions: Vec<[SocketAddr; 2]>,
}

pub(crate) type Start = fn(u16) -> Option<Contender>;

pub(crate) const CONTENDERS: [(&str, Start); 3] = [
    ("ours", start_ours),
    ("bare", start_bare),
    ("rtpengine", start_rtpengine),
];

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Contender {
    /// One whose session `i` faces A at port base + 4i and B two ports on. It says so when it is ready.
    fn of_fixed_ports(mut process: Child, ip: Ipv4Addr, sessions: u16) -> Self {
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let empty = lines.find_map(|line| line.unwrap().strip_prefix("ready").map(str::to_owned));
        let ports = |session| {
            let port = BASE_PORT + 4 * session;
            [port, port + 2].map(|port| SocketAddr::from((ip, port)))
        };
        Self {
            process,
            empty_bytes: empty.unwrap().trim().parse().unwrap_or(0),
            sessions: (0..sessions).map(ports).collect(),
        }
    }

    /// What all its threads have had of the processors.
    pub(crate) fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let of_task = |task: std::fs::DirEntry| -> u64 {
            let text = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            text.split(' ')
                .next()
                .and_then(|ns| ns.parse().ok())
                .unwrap_or(0)
        };
        Duration::from_nanos(tasks.flatten().map(of_task).sum())
    }
}

/// A program that may open as many files as the system lets it.
fn with_many_files(program: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn); exec \"$@\"", "sh", program]);
    command
}

pub(crate) fn resident_bytes(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

fn start_ours(sessions: u16) -> Option<Contender> {
    let process = with_many_files(&std::env::current_exe().unwrap().to_string_lossy())
        .args([ROLE, &sessions.to_string()])
        .stdout(Stdio::piped())
        .spawn();
    Some(Contender::of_fixed_ports(process.ok()?, OURS, sessions))
}

/// The part of this program that is the relay.
pub(crate) fn relay(sessions: u16) -> ! {
    let empty = resident_bytes(std::process::id());
    let config = RelayConfig {
        address: RelayAddress {
            bind: OURS.into(),
            advertised: OURS.into(),
        },
        ports: PortRange::new(BASE_PORT, BASE_PORT + 4 * sessions - 1).unwrap(),
        sockets_max: usize::MAX,
        threads: 1,
        stock_per_shard: usize::from(sessions),
        quiet_period: Duration::from_secs(5),
    };
    let (_relay, mut links) = MediaRelay::start(&config, &[Arc::new(|| {})]).unwrap();
    let media = SessionMedia {
        ingress: Some(RemoteMedia::new(A.into())),
        egress: Some(RemoteMedia::new(B.into())),
        ..SessionMedia::default()
    };
    let mut started = 0;
    while started < sessions {
        match links[0].take() {
            Some(pair) => {
                links[0].start(pair.session, media.clone());
                started += 1;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    println!("ready {empty}");
    loop {
        std::thread::park();
    }
}

fn start_bare(sessions: u16) -> Option<Contender> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/relays/bare.c");
    let program = std::env::temp_dir().join(format!("bare-relay-{}", std::process::id()));
    let built = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(source)
        .status();
    if !built.ok()?.success() {
        return None;
    }
    let process = Command::new(&program)
        .args([
            BARE.to_string(),
            BASE_PORT.to_string(),
            sessions.to_string(),
        ])
        .args([A.ip().to_string(), A.port().to_string()])
        .args([B.ip().to_string(), B.port().to_string()])
        .stdout(Stdio::piped())
        .spawn();
    let contender = Contender::of_fixed_ports(process.ok()?, BARE, sessions);
    let _ = std::fs::remove_file(program);
    Some(contender)
}

fn start_rtpengine(sessions: u16) -> Option<Contender> {
    let control = SocketAddrV4::new(RTPENGINE, 2_223);
    Command::new("rtpengine").arg("--version").output().ok()?;
    let process = with_many_files("rtpengine")
        .args([
            "--config-file=none",
            "--table=-1",
            "--foreground",
            "--log-stderr",
            "--log-level=1",
        ])
        .args([
            "--num-threads=1",
            "--media-num-threads=1",
            "--timeout=3600",
            "--silent-timeout=3600",
        ])
        .args(["--port-min=10000", "--port-max=62000", "--delete-delay=0"])
        .arg(format!("--interface={RTPENGINE}"))
        .arg(format!("--listen-ng={control}"))
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut contender = Contender {
        process,
        empty_bytes: 0,
        sessions: Vec::new(),
    };
    let link = control::Link::open(RTPENGINE, control);
    contender.empty_bytes = resident_bytes(contender.process.id());
    contender.sessions = (0..sessions)
        .map(|session| link.session(session, A, B))
        .collect();
    Some(contender)
}
