//! SIPp processes: carriers that answer, callers that place calls.

use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How SIPp carries messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Udp,
    Tcp,
}

impl Over {
    fn flag(self) -> &'static str {
        match self {
            Self::Udp => "u1",
            Self::Tcp => "t1",
        }
    }
}

/// A carrier that SIPp plays. Dropping it ends the process.
pub(crate) struct Carrier {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Carrier {
    /// Starts `scenario` on `ip` and a free port; `more` are SIPp arguments.
    pub(crate) fn start(scenario: &str, ip: &str, over: Over, more: &[&str]) -> Self {
        let address = free_port(ip);
        let child = sipp(scenario, over, ip, address.port())
            .args(more)
            .current_dir(std::env::temp_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("SIPp is installed (scripts/install-test-tools)");
        std::thread::sleep(Duration::from_millis(300));
        Self { child, address }
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls to place.
pub(crate) struct Calls<'a> {
    pub(crate) scenario: &'a str,
    /// Source address: which customer calls.
    pub(crate) from: &'a str,
    pub(crate) to: SocketAddr,
    pub(crate) over: Over,
    pub(crate) count: u32,
    pub(crate) per_second: u32,
    pub(crate) hold_ms: u32,
    /// Called numbers, taken in turn.
    pub(crate) numbers: &'a [&'a str],
    /// Where to keep SIPp's files.
    pub(crate) scratch: PathBuf,
    /// More arguments of SIPp.
    pub(crate) more: &'a [&'a str],
}

/// A carrier that waits for so many calls, and is judged as the caller is.
pub(crate) struct Waiting<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) address: SocketAddr,
    pub(crate) over: Over,
    pub(crate) count: u32,
    /// Where to keep SIPp's files.
    pub(crate) scratch: PathBuf,
    /// More arguments of SIPp.
    pub(crate) more: &'a [&'a str],
}

/// Longest time of a carrier's calls: a session is refreshed after 45 seconds.
const CARRIER_PATIENCE: Duration = Duration::from_secs(150);

impl Waiting<'_> {
    /// Starts it, and returns when it listens.
    pub(crate) fn start(&self) -> Running {
        let (ip, port) = (self.address.ip().to_string(), self.address.port());
        let files = Files::new(&self.scratch, port);
        let mut command = sipp(self.scenario, self.over, &ip, port);
        command
            .args(["-m", &self.count.to_string()])
            .args(self.more);
        let mut running = files.run(command, CARRIER_PATIENCE);
        crate::switch::until("the carrier listens", || {
            let listens = is_bound(self.address, self.over);
            listens || running.has_ended()
        });
        running
    }
}

/// How SIPp's calls ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) successful: u64,
    pub(crate) failed: u64,
}

/// Callers at work in the background.
pub(crate) struct Running {
    child: Child,
    statistics: PathBuf,
    said: [PathBuf; 2],
    started: Instant,
    limit: Duration,
}

impl Calls<'_> {
    /// Places the calls and waits for the end of all.
    pub(crate) fn run(&self) -> Tally {
        self.start().finish()
    }

    /// Places them in the background.
    pub(crate) fn start(&self) -> Running {
        let id = free_port(self.from).port();
        let injection = self.scratch.join(format!("numbers-{id}.csv"));
        let mut lines = String::from("SEQUENTIAL\n");
        for number in self.numbers {
            lines.push_str(&format!("442071234567;{number}\n"));
        }
        std::fs::write(&injection, lines).unwrap();
        let mut command = sipp(self.scenario, self.over, self.from, id);
        command
            .arg("-inf")
            .arg(&injection)
            .args([
                "-m",
                &self.count.to_string(),
                "-r",
                &self.per_second.to_string(),
            ])
            .args(["-d", &self.hold_ms.to_string(), "-l", "100000"])
            .args(self.more)
            .arg(self.to.to_string());
        let seconds = self.count / self.per_second.max(1) + self.hold_ms / 1_000 + 120;
        Files::new(&self.scratch, id).run(command, Duration::from_secs(seconds.into()))
    }
}

/// Whether somebody listens there, without touching the port: SIPp may be about to bind it.
fn is_bound(address: SocketAddr, over: Over) -> bool {
    let std::net::IpAddr::V4(ip) = address.ip() else {
        return false;
    };
    let (path, listening) = match over {
        Over::Udp => ("/proc/net/udp", ""),
        Over::Tcp => ("/proc/net/tcp", " 00000000:0000 0A "),
    };
    let local = format!(
        ": {:08X}:{:04X}",
        u32::from_ne_bytes(ip.octets()),
        address.port()
    );
    let table = std::fs::read_to_string(path).unwrap();
    let mut lines = table.lines();
    lines.any(|line| line.contains(&local) && line.contains(listening))
}

/// SIPp with a scenario on an address.
fn sipp(scenario: &str, over: Over, ip: &str, port: u16) -> Command {
    let mut command = Command::new("sipp");
    command
        .args(["-sf", &scenario_path(scenario), "-nostdin"])
        .args(["-t", over.flag(), "-i", ip, "-p", &port.to_string()]);
    command
}

/// What SIPp writes about its calls.
struct Files {
    scratch: PathBuf,
    statistics: PathBuf,
    errors: PathBuf,
    /// Its standard error: what is wrong with a scenario.
    complaints: PathBuf,
}

impl Files {
    fn new(scratch: &Path, id: u16) -> Self {
        Self {
            scratch: scratch.to_owned(),
            statistics: scratch.join(format!("statistics-{id}.csv")),
            errors: scratch.join(format!("errors-{id}.log")),
            complaints: scratch.join(format!("complaints-{id}.log")),
        }
    }

    fn run(self, mut command: Command, limit: Duration) -> Running {
        let child = command
            .args(["-trace_stat", "-fd", "1", "-stf"])
            .arg(&self.statistics)
            .args(["-trace_err", "-error_file"])
            .arg(&self.errors)
            .current_dir(&self.scratch)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&self.complaints).unwrap())
            .spawn()
            .expect("SIPp is installed (scripts/install-test-tools)");
        Running {
            child,
            statistics: self.statistics,
            said: [self.complaints, self.errors],
            started: Instant::now(),
            limit,
        }
    }
}

impl Running {
    /// Calls that have ended well, as of SIPp's last line of statistics.
    pub(crate) fn successful_so_far(&self) -> u64 {
        read_statistics(&self.statistics).0.successful
    }

    /// Waits for the end of all calls.
    pub(crate) fn finish(self) -> Tally {
        self.finish_with_setup_delay().0
    }

    /// The same, with the mean time from INVITE to 200, milliseconds.
    pub(crate) fn finish_with_setup_delay(mut self) -> (Tally, f64) {
        while self.child.try_wait().unwrap().is_none() {
            assert!(self.started.elapsed() < self.limit, "SIPp does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (tally, setup_ms) = read_statistics(&self.statistics);
        if tally.failed > 0 {
            eprintln!("{}", self.faults());
        }
        (tally, setup_ms)
    }

    /// Whether SIPp has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end of all calls; the error has what SIPp says of the first that went wrong.
    pub(crate) fn finish_all(mut self, count: u32) -> Result<(), String> {
        while !self.has_ended() && self.started.elapsed() < self.limit {
            std::thread::sleep(Duration::from_millis(20));
        }
        if !self.has_ended() {
            return Err(format!("SIPp does not end: {}", self.faults()));
        }
        let expected = Tally {
            successful: count.into(),
            failed: 0,
        };
        // One that could not begin writes no statistics.
        let is_good = self.statistics.exists() && read_statistics(&self.statistics).0 == expected;
        match is_good {
            true => Ok(()),
            false => Err(self.faults()),
        }
    }

    fn faults(&self) -> String {
        let said = self.said.iter().flat_map(std::fs::read_to_string);
        let lines: Vec<String> = said
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|line| !line.contains("number of open sockets"))
            .take(30)
            .collect();
        lines.join("\n    ")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the cumulative columns of SIPp's last statistics line.
fn read_statistics(path: &Path) -> (Tally, f64) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(';').collect();
    let last: Vec<&str> = lines.next_back().unwrap().split(';').collect();
    let value = |name: &str| {
        names
            .iter()
            .position(|column| *column == name)
            .map(|at| last[at])
    };
    let count = |name: &str| value(name).unwrap().parse().unwrap();
    let tally = Tally {
        successful: count("SuccessfulCall(C)"),
        failed: count("FailedCall(C)"),
    };
    (tally, value("ResponseTime1(C)").map_or(0.0, milliseconds))
}

/// SIPp writes `00:00:00:012` or `00:00:00.012345`.
fn milliseconds(time: &str) -> f64 {
    let parts: Vec<&str> = time.split([':', '.']).collect();
    let [hours, minutes, seconds, fraction] = parts.as_slice() else {
        return 0.0;
    };
    let number = |text: &str| text.parse::<f64>().unwrap_or(0.0);
    let fraction = number(fraction) / 10f64.powi(i32::try_from(fraction.len()).unwrap_or(0));
    ((number(hours) * 60.0 + number(minutes)) * 60.0 + number(seconds) + fraction) * 1_000.0
}

fn scenario_path(name: &str) -> String {
    format!("{}/tests/sipp/{name}.xml", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn free_port(ip: &str) -> SocketAddr {
    UdpSocket::bind((ip, 0)).unwrap().local_addr().unwrap()
}
