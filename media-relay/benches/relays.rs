//! CPU time per relayed packet, beside a bare relay in C and rtpengine in user space.
//!
//! ```text
//! cargo bench -p media-relay --bench relays [-- SESSIONS ROUNDS]
//! ```
//!
//! Every contender relays the same streams, in turns, round after round, so that what else the
//! machine does meets all of them. *Full*: so many packets are always under way that the relay never
//! sleeps. *Paced*: 50 packets a second for each stream. The CPU time is what the kernel gave to the
//! relay's threads (`/proc/PID/task/*/schedstat`); the generator's is not in it. Without `cc` or
//! `rtpengine` on the path, that contender is left out.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "its report")]

use media_relay::RemoteMedia;
use media_relay::io::{MediaRelay, RelayConfig, SessionMedia};
use media_relay::ports::{PortRange, RelayAddress};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const A: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 3, 1), 40_000);
const B: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 3, 2), 40_000);
const OURS: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 11);
const BARE: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 12);
const RTPENGINE: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 13);
const BASE_PORT: u16 = 20_000;
/// 20 ms of G.711.
const PACKET: usize = 172;
const PACKET_TIME: Duration = Duration::from_millis(20);
/// Packets under way in *full*: sockets hold them all.
const UNDER_WAY: u64 = 256;
const WARM_UP: Duration = Duration::from_millis(500);
const WINDOW: Duration = Duration::from_secs(2);
/// Packets that have not come back after so long are lost.
const LOST_AFTER: Duration = Duration::from_millis(200);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, sessions] = arguments.as_slice()
        && role == "relay"
    {
        relay(sessions.parse().unwrap());
    }
    let mut numbers = arguments
        .iter()
        .filter_map(|argument| argument.parse().ok());
    let sessions: u16 = numbers.next().unwrap_or(1_000);
    let rounds: u16 = numbers.next().unwrap_or(5);
    println!("{sessions} sessions, {rounds} rounds");
    let mut generator = Generator::new();
    let mut results: Vec<(&str, Vec<Figures>)> = Vec::new();
    for round in 0..rounds {
        for (name, start) in CONTENDERS {
            let Some(contender) = start(sessions, &generator) else {
                println!("round {round}: {name} is not there");
                continue;
            };
            let figures = generator.measure(&contender);
            println!("round {round}: {name:<10} {figures}");
            match results.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => known.push(figures),
                None => results.push((name, vec![figures])),
            }
        }
    }
    report(&results);
}

fn report(results: &[(&str, Vec<Figures>)]) {
    println!(
        "\n| relay | full: µs a packet | paced: µs a packet | delay p50, p99 (µs) | bytes a session |"
    );
    println!("|---|---|---|---|---|");
    for (name, figures) in results {
        let of = |part: fn(&Figures) -> f64| median(figures.iter().map(part).collect());
        println!(
            "| {name} | {:.2} | {:.2} | {:.0}, {:.0} | {:.0} |",
            of(|f| f.full_us),
            of(|f| f.paced_us),
            of(|f| f.delay_p50_us),
            of(|f| f.delay_p99_us),
            of(|f| f.bytes_per_session),
        );
    }
    // Round by round, so that a busy moment meets both sides of a ratio.
    let Some((_, ours)) = results.first() else {
        return;
    };
    for (name, theirs) in &results[1..] {
        let ratio = |part: fn(&Figures) -> f64| {
            median(
                ours.iter()
                    .zip(theirs)
                    .map(|(o, t)| part(o) / part(t))
                    .collect(),
            )
        };
        println!(
            "ours / {name}: full {:.2}, paced {:.2}",
            ratio(|f| f.full_us),
            ratio(|f| f.paced_us)
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

// === Contenders ===

/// A relay under test: its process, and where each stream of it is sent to.
struct Contender {
    process: Child,
    /// Memory before it had sessions.
    empty_bytes: u64,
    /// For each session where A sends and where B sends.
    sessions: Vec<[SocketAddr; 2]>,
}

type Start = fn(u16, &Generator) -> Option<Contender>;

const CONTENDERS: [(&str, Start); 3] = [
    ("ours", start_ours),
    ("bare C", start_bare),
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

    fn cpu(&self) -> Duration {
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

fn resident_bytes(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4_096
}

fn start_ours(sessions: u16, _: &Generator) -> Option<Contender> {
    let process = with_many_files(&std::env::current_exe().unwrap().to_string_lossy())
        .args(["relay", &sessions.to_string()])
        .stdout(Stdio::piped())
        .spawn();
    Some(Contender::of_fixed_ports(process.ok()?, OURS, sessions))
}

/// The part of this program that is the relay.
fn relay(sessions: u16) -> ! {
    let empty = resident_bytes(std::process::id());
    let config = RelayConfig {
        address: RelayAddress {
            bind: OURS.into(),
            advertised: OURS.into(),
        },
        ports: PortRange::new(BASE_PORT, BASE_PORT + 4 * sessions - 1).unwrap(),
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

fn start_bare(sessions: u16, _: &Generator) -> Option<Contender> {
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

fn start_rtpengine(sessions: u16, _: &Generator) -> Option<Contender> {
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
    let socket = UdpSocket::bind((RTPENGINE, 0)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while ng(&socket, control, "0 d7:command4:pinge").is_none() {
        assert!(Instant::now() < deadline, "rtpengine does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }
    contender.empty_bytes = resident_bytes(contender.process.id());
    for session in 0..sessions {
        let offer = command(session, "offer", A, &[("from-tag", "a")]);
        let towards_b = ng(&socket, control, &offer).and_then(|reply| media_address(&reply));
        let answer = command(session, "answer", B, &[("from-tag", "a"), ("to-tag", "b")]);
        let towards_a = ng(&socket, control, &answer).and_then(|reply| media_address(&reply));
        // What A is told is where A sends.
        contender
            .sessions
            .push([towards_a.unwrap(), towards_b.unwrap()]);
    }
    Some(contender)
}

/// A command of rtpengine's control protocol: a cookie and a bencoded dictionary.
fn command(session: u16, name: &str, peer: SocketAddrV4, tags: &[(&str, &str)]) -> String {
    let (ip, port) = (peer.ip(), peer.port());
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n"
    );
    let call = format!("bench-{session}");
    let mut fields = vec![("command", name), ("call-id", &call), ("sdp", &sdp)];
    fields.extend(tags);
    fields.sort_unstable();
    let text = |text: &str| format!("{}:{text}", text.len());
    let fields: String = fields
        .iter()
        .map(|(key, value)| text(key) + &text(value))
        .collect();
    format!("{name}{session} d{fields}e")
}

fn ng(socket: &UdpSocket, control: SocketAddrV4, command: &str) -> Option<String> {
    socket.send_to(command.as_bytes(), control).ok()?;
    let mut reply = vec![0; 8_192];
    let length = socket.recv(&mut reply).ok()?;
    String::from_utf8(reply[..length].to_vec()).ok()
}

fn media_address(reply: &str) -> Option<SocketAddr> {
    let after = |mark: &str| reply.split_once(mark)?.1.split([' ', '\r']).next();
    let ip: Ipv4Addr = after("c=IN IP4 ")?.parse().ok()?;
    Some((ip, after("m=audio ")?.parse().ok()?).into())
}

// === Generator ===

/// Both peers of all sessions, on one socket each.
struct Generator {
    sockets: [UdpSocket; 2],
    epoch: Instant,
    /// Of each stream, the next number.
    sequences: Vec<u16>,
}

/// What was measured of one contender in one round.
struct Figures {
    full_us: f64,
    full_per_second: f64,
    paced_us: f64,
    delay_p50_us: f64,
    delay_p99_us: f64,
    lost: u64,
    bytes_per_session: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "full {:.2} µs a packet at {:.0} a second; paced {:.2} µs, delay {:.0} and {:.0} µs; {} lost; {:.0} bytes a session",
            self.full_us,
            self.full_per_second,
            self.paced_us,
            self.delay_p50_us,
            self.delay_p99_us,
            self.lost,
            self.bytes_per_session,
        )
    }
}

/// A stretch of time: what came back, and how late.
#[derive(Default)]
struct Stretch {
    sent: u64,
    back: u64,
    delays_us: Vec<u32>,
}

impl Generator {
    fn new() -> Self {
        let socket = |address: SocketAddrV4| {
            let socket = UdpSocket::bind(address).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        Self {
            sockets: [socket(A), socket(B)],
            epoch: Instant::now(),
            sequences: Vec::new(),
        }
    }

    fn measure(&mut self, contender: &Contender) -> Figures {
        self.sequences = vec![0; 2 * contender.sessions.len()];
        self.full(contender, WARM_UP);
        let resident = resident_bytes(contender.process.id());
        let before = contender.cpu();
        let full = self.full(contender, WINDOW);
        let full_cpu = contender.cpu() - before;
        self.drain(&mut Stretch::default());
        let before = contender.cpu();
        let mut paced = self.paced(contender, WINDOW);
        let paced_cpu = contender.cpu() - before;
        paced.delays_us.sort_unstable();
        let quantile = |q: f64| {
            let place = (paced.delays_us.len() as f64 * q) as usize;
            paced.delays_us.get(place).copied().map_or(0.0, f64::from)
        };
        let each = |cpu: Duration, packets: u64| cpu.as_secs_f64() * 1e6 / packets.max(1) as f64;
        Figures {
            full_us: each(full_cpu, full.back),
            full_per_second: full.back as f64 / WINDOW.as_secs_f64(),
            paced_us: each(paced_cpu, paced.back),
            delay_p50_us: quantile(0.5),
            delay_p99_us: quantile(0.99),
            lost: full.sent.saturating_sub(full.back) + paced.sent.saturating_sub(paced.back),
            bytes_per_session: resident.saturating_sub(contender.empty_bytes) as f64
                / contender.sessions.len() as f64,
        }
    }

    /// Keeps [`UNDER_WAY`] packets under way.
    fn full(&mut self, contender: &Contender, time: Duration) -> Stretch {
        let mut stretch = Stretch::default();
        let mut streams = streams_of(contender).cycle();
        let (end, mut last_back) = (Instant::now() + time, Instant::now());
        let mut given_up = 0;
        while Instant::now() < end {
            let back = stretch.back;
            self.drain(&mut stretch);
            if stretch.back > back {
                last_back = Instant::now();
            } else if last_back.elapsed() > LOST_AFTER {
                given_up = stretch.sent - stretch.back;
                last_back = Instant::now();
            }
            let under_way = (stretch.sent - given_up).saturating_sub(stretch.back);
            for _ in under_way..UNDER_WAY {
                self.send(streams.next().unwrap(), &mut stretch);
            }
        }
        self.come_home(&mut stretch);
        stretch
    }

    /// Every stream at its pace, evenly spread.
    fn paced(&mut self, contender: &Contender, time: Duration) -> Stretch {
        let mut stretch = Stretch::default();
        let gap = PACKET_TIME / (2 * contender.sessions.len()) as u32;
        let start = Instant::now();
        for (number, stream) in streams_of(contender).cycle().enumerate() {
            let due = gap * number as u32;
            if due >= time {
                break;
            }
            while start.elapsed() < due {
                self.drain(&mut stretch);
            }
            self.send(stream, &mut stretch);
        }
        self.come_home(&mut stretch);
        stretch
    }

    fn come_home(&self, stretch: &mut Stretch) {
        let end = Instant::now() + LOST_AFTER;
        while stretch.back < stretch.sent && Instant::now() < end {
            self.drain(stretch);
        }
    }

    fn send(&mut self, (stream, to): (usize, SocketAddr), stretch: &mut Stretch) {
        let sequence = self.sequences[stream];
        self.sequences[stream] = sequence.wrapping_add(1);
        let mut packet = [0x55; PACKET];
        packet[..2].copy_from_slice(&[0x80, 8]);
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
        packet[8..12].copy_from_slice(&(stream as u32).to_be_bytes());
        packet[12..20].copy_from_slice(&(self.epoch.elapsed().as_nanos() as u64).to_be_bytes());
        if self.sockets[stream % 2].send_to(&packet, to).is_ok() {
            stretch.sent += 1;
        }
    }

    fn drain(&self, stretch: &mut Stretch) {
        let mut packet = [0; 2_048];
        for socket in &self.sockets {
            while let Ok(length) = socket.recv(&mut packet) {
                let Some((stamp, _)) = packet[12..].split_first_chunk::<8>() else {
                    continue;
                };
                if length == PACKET {
                    stretch.back += 1;
                    let now = self.epoch.elapsed().as_nanos() as u64;
                    let delay = now.saturating_sub(u64::from_be_bytes(*stamp));
                    stretch.delays_us.push((delay / 1_000) as u32);
                }
            }
        }
    }
}

/// Each stream: its number, even ones of A's and odd ones of B's, and where it is sent.
fn streams_of(contender: &Contender) -> impl Iterator<Item = (usize, SocketAddr)> + Clone {
    contender.sessions.iter().flatten().copied().enumerate()
}
