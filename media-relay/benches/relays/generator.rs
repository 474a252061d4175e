//! Both peers of every session: they send the streams and take the time of each packet.

use crate::contenders::{Contender, resident_bytes};
use crate::report::Figures;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const A: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 3, 1), 40_000);
pub(crate) const B: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 3, 2), 40_000);
/// 20 ms of G.711.
const PACKET: usize = 172;
const PACKET_TIME: Duration = Duration::from_millis(20);
/// Packets under way in *full*: sockets hold them all.
const UNDER_WAY: u64 = 256;
const WARM_UP: Duration = Duration::from_millis(500);
/// Packets of each stream before anything is measured: six seconds of voice.
const STEADY: u16 = 300;
const WINDOW: Duration = Duration::from_secs(2);
/// Packets that have not come back after so long are lost.
const LOST_AFTER: Duration = Duration::from_millis(200);

/// Both peers of all sessions, on one socket each.
pub(crate) struct Generator {
    sockets: [UdpSocket; 2],
    epoch: Instant,
    /// Of each stream, the next number.
    sequences: Vec<u16>,
}

/// A stretch of time: what came back, and how late.
#[derive(Default)]
struct Stretch {
    sent: u64,
    back: u64,
    delays_us: Vec<u32>,
}

impl Stretch {
    fn lost_percent(&self) -> f64 {
        let lost = self.sent.saturating_sub(self.back);
        100.0 * lost as f64 / self.sent.max(1) as f64
    }
}

impl Generator {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn measure(&mut self, contender: &Contender) -> Figures {
        self.sequences = vec![0; 2 * contender.sessions.len()];
        // Until a relay that does something for steady streams has done it.
        while self.sequences.iter().any(|sent| *sent < STEADY) {
            self.full(contender, WARM_UP);
        }
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
        let resident = resident_bytes(contender.process.id());
        Figures {
            full_us: each(full_cpu, full.back),
            full_per_second: full.back as f64 / WINDOW.as_secs_f64(),
            full_calls: self.system_calls(contender),
            paced_us: each(paced_cpu, paced.back),
            delay_p50_us: quantile(0.5),
            delay_p99_us: quantile(0.99),
            full_lost: full.lost_percent(),
            paced_lost: paced.lost_percent(),
            bytes_per_session: resident.saturating_sub(contender.empty_bytes) as f64
                / contender.sessions.len() as f64,
        }
    }

    /// System calls for each packet; not a number where they cannot be counted.
    fn system_calls(&mut self, contender: &Contender) -> f64 {
        let counter = Command::new("perf")
            .args(["stat", "-x,", "-e", "raw_syscalls:sys_enter", "-p"])
            .arg(contender.process.id().to_string())
            // Longer than the stretch, so that all of it is counted.
            .args(["--", "sleep", "1.5"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(counter) = counter else {
            return f64::NAN;
        };
        std::thread::sleep(WARM_UP);
        let full = self.full(contender, WARM_UP);
        let counted = counter.wait_with_output().unwrap().stderr;
        let counted = String::from_utf8_lossy(&counted).into_owned();
        let calls = counted
            .lines()
            .find_map(|line| line.split(',').next()?.parse().ok());
        calls.map_or(f64::NAN, |calls: f64| calls / full.back.max(1) as f64)
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
