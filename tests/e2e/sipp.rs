//! SIPp processes: carriers that answer, callers that place calls.

use crate::ports::free_port;
use std::io::{Read, Seek};
use std::net::SocketAddr;
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
        for _ in 0..5 {
            let address = free_port(ip);
            let mut complaints = tempfile::tempfile().unwrap();
            let mut command = sipp(scenario, over, ip, address.port());
            command
                .args(more)
                .current_dir(std::env::temp_dir())
                .stdout(Stdio::null())
                .stderr(complaints.try_clone().unwrap());
            let mut carrier = Self {
                child: spawn(&mut command),
                address,
            };
            if carrier.listens(over) {
                return carrier;
            }
            let said = text_of(&mut complaints);
            assert!(said.contains("in use"), "SIPp ended at once: {said}");
        }
        panic!("each port that was free is in use when SIPp wants it");
    }

    /// Waits until it listens; no, if it ended instead.
    fn listens(&mut self, over: Over) -> bool {
        let mut has_ended = false;
        crate::switch::until("the carrier listens", || {
            has_ended = self.child.try_wait().unwrap().is_some();
            has_ended || is_bound(self.address, over)
        });
        !has_ended
    }
}

/// What a child wrote to a file that it shares with the test.
fn text_of(file: &mut std::fs::File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

fn spawn(command: &mut Command) -> Child {
    command
        .stdin(Stdio::null())
        .spawn()
        .expect("SIPp is installed (scripts/install-test-tools)")
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

/// Longest time in which no call of a carrier ends: a session is refreshed after 45 seconds.
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
    /// The longest time in which no call ends.
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
        command
            .args(["-trace_stat", "-fd", "1", "-stf"])
            .arg(&self.statistics)
            .args(["-trace_err", "-error_file"])
            .arg(&self.errors)
            .current_dir(&self.scratch)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&self.complaints).unwrap());
        Running {
            child: spawn(&mut command),
            statistics: self.statistics,
            said: [self.complaints, self.errors],
            limit,
        }
    }
}

impl Running {
    /// Calls that have ended well, as of SIPp's last line of statistics.
    pub(crate) fn successful_so_far(&self) -> u64 {
        read_statistics(&self.statistics).map_or(0, |(tally, _)| tally.successful)
    }

    /// Places no more calls; those that are up go on to their end.
    pub(crate) fn place_no_more(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-USR1", &pid]).status();
        assert!(told.unwrap().success(), "SIPp has ended");
    }

    /// Waits for the end of all calls.
    pub(crate) fn finish(self) -> Tally {
        self.finish_with_setup_delay().0
    }

    /// The same, with the mean time from INVITE to 200, milliseconds.
    pub(crate) fn finish_with_setup_delay(mut self) -> (Tally, f64) {
        assert!(self.ends(), "SIPp does not end: {}", self.faults());
        let Some((tally, setup_ms)) = read_statistics(&self.statistics) else {
            panic!("SIPp placed no call: {}", self.faults());
        };
        if tally.failed > 0 {
            eprintln!("{}", self.faults());
        }
        (tally, setup_ms)
    }

    /// Whether SIPp has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until SIPp has ended, for as long as calls end: a slow machine takes as long as it takes.
    fn ends(&mut self) -> bool {
        let ended = |path: &Path| {
            read_statistics(path).map_or(0, |(tally, _)| tally.successful + tally.failed)
        };
        let (mut seen, mut since, mut looked) = (0, Instant::now(), Instant::now());
        while !self.has_ended() {
            // It writes them once a second.
            if looked.elapsed() > Duration::from_secs(1) {
                looked = Instant::now();
                let now = ended(&self.statistics);
                if now > seen {
                    (seen, since) = (now, looked);
                }
            }
            if since.elapsed() > self.limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// Waits for the end of all calls; the error has what SIPp says of the first that went wrong.
    pub(crate) fn finish_all(mut self, count: u32) -> Result<(), String> {
        if !self.ends() {
            return Err(format!("SIPp does not end: {}", self.faults()));
        }
        let expected = Tally {
            successful: count.into(),
            failed: 0,
        };
        match read_statistics(&self.statistics) {
            Some((tally, _)) if tally == expected => Ok(()),
            _ => Err(self.faults()),
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

/// Reads the cumulative columns of SIPp's last statistics line that is written to its end. `None` when there is
/// none: SIPp has not begun, or could not.
fn read_statistics(path: &Path) -> Option<(Tally, f64)> {
    let text = std::fs::read_to_string(path).ok()?;
    let whole = &text[..text.rfind('\n')?];
    let mut lines = whole.lines();
    let names: Vec<&str> = lines.next()?.split(';').collect();
    let last: Vec<&str> = lines.next_back()?.split(';').collect();
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
    let setup_ms = value("ResponseTime1(C)").map_or(0.0, milliseconds);
    Some((tally, setup_ms))
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
