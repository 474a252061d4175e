//! Kamailio with configurations for the same job.

use crate::contender::{CLASS4, Contender, MINIMAL, Running, Setting, TOPOH, TOPOS};
use crate::processes::Processes;
use crate::programs::Program;
use crate::switch::until;
use crate::world::{self, CARRIERS, CUSTOMERS, Cores, REFUSED};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const ADDRESS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 4, 2), 5060);
/// MiB of shared memory, and of each process's own. With 1 GiB the most calls were two thirds of those with four.
const SHARED_MIB: &str = "4096";
const OWN_MIB: &str = "64";

/// What it hides of the network, or nothing at all of the job.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hiding {
    Nothing,
    Topoh,
    Topos,
    Minimal,
}

pub(crate) struct Kamailio(pub(crate) Hiding);

/// Ends with the folder that it works in; the folder goes last.
struct Kept {
    _kamailio: Program,
    _redis: Option<Program>,
    _folder: tempfile::TempDir,
}

impl Kamailio {
    /// A program or module that it needs and that is not installed.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
        let modules = crate::sheet::output(
            "sh",
            &["-c", "ls -d /usr/lib*/*/kamailio/modules/topos_redis.so"],
        );
        match self.0 {
            _ if !is_there("kamailio") => Some("kamailio"),
            Hiding::Topos if !is_there("redis-server") => Some("redis-server"),
            Hiding::Topos if modules.is_empty() => Some("topos_redis of kamailio-redis-modules"),
            _ => None,
        }
    }
}

impl Contender for Kamailio {
    fn name(&self) -> &'static str {
        match self.0 {
            Hiding::Nothing => CLASS4,
            Hiding::Topoh => TOPOH,
            Hiding::Topos => TOPOS,
            Hiding::Minimal => MINIMAL,
        }
    }

    fn version(&self) -> String {
        let version = crate::sheet::output("kamailio", &["-v"]);
        let line = version.lines().next().unwrap_or_default();
        line.trim_start_matches("version: ").trim().to_owned()
    }

    fn start(&self, setting: Setting) -> Running {
        let folder = tempfile::tempdir_in("/dev/shm").unwrap();
        if self.0 != Hiding::Minimal {
            write_world(folder.path());
        }
        let redis =
            (self.0 == Hiding::Topos).then(|| setting.cores.start(|| start_redis(folder.path())));
        let mut command = self.command(folder.path(), setting);
        let log = folder.path().join("log");
        let kamailio = setting.cores.start(|| Program::start(&mut command, &log));
        wait_until_it_answers(&log);
        let process = |file: &str| -> u32 {
            let text = std::fs::read_to_string(folder.path().join(file)).unwrap();
            text.trim().parse().unwrap()
        };
        let mut roots = vec![process("kamailio.pid")];
        if redis.is_some() {
            roots.push(process("redis.pid"));
        }
        Running {
            address: ADDRESS,
            processes: Processes::of(&roots),
            kept: Box::new(Kept {
                _kamailio: kamailio,
                _redis: redis,
                _folder: folder,
            }),
        }
    }

    fn first_rate(&self) -> f64 {
        match self.0 {
            Hiding::Nothing => 7_000.0,
            Hiding::Topoh => 5_000.0,
            Hiding::Topos => 900.0,
            Hiding::Minimal => 13_000.0,
        }
    }

    fn fixed_rates(&self) -> &'static [f64] {
        match self.0 {
            Hiding::Topos => &[1_000.0],
            _ => &[1_000.0, 2_000.0, 4_000.0],
        }
    }

    /// Topos on Redis does not hold the rate at which that is measured.
    fn has_failover(&self) -> bool {
        matches!(self.0, Hiding::Nothing | Hiding::Topoh)
    }

    fn is_measured_whole(&self) -> bool {
        self.0 == Hiding::Nothing
    }
}

impl Kamailio {
    fn command(&self, folder: &Path, setting: Setting) -> Command {
        let file = match self.0 {
            Hiding::Minimal => "minimal.cfg",
            _ => "class4.cfg",
        };
        let config = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("kamailio")
            .join(file);
        let children = match setting.cores {
            Cores::One => "2",
            Cores::Two => "4",
        };
        let place = folder.display();
        let forced = if setting.touches_memory { "yes" } else { "no" };
        let mut command = Command::new("kamailio");
        command
            .args([
                "-DD", "-E", "-m", SHARED_MIB, "-M", OWN_MIB, "-x", "tlsf", "-X", "tlsf",
            ])
            .args(["-n", children, "-f"])
            .arg(config)
            .args(["-A", &format!("FORCED={forced}")])
            .args(["-A", &format!("TREE=\"text://{place}\"")])
            .args(["-A", &format!("ADDRESSES=\"{place}/addresses\"")])
            .args(["-A", &format!("CDRS=\"flatstore:{place}/cdrs\"")])
            .arg("-Y")
            .arg(folder)
            .arg("-P")
            .arg(folder.join("kamailio.pid"));
        match self.0 {
            Hiding::Topoh => command.args(["-A", "TOPOH"]),
            Hiding::Topos => command.args(["-A", "TOPOS"]),
            Hiding::Nothing | Hiding::Minimal => &mut command,
        };
        command
    }
}

/// The prefixes with a first and a second carrier each, and the customers' addresses.
fn write_world(folder: &Path) {
    std::fs::create_dir(folder.join("cdrs")).unwrap();
    let versions = "table_name(string) table_version(int)\ndial:1\nmtree:1\n";
    std::fs::write(folder.join("version"), versions).unwrap();
    let mut table = "id(int,auto) tprefix(string) tvalue(string)\n".to_owned();
    for (index, prefix) in world::prefixes().iter().enumerate() {
        let first = index / 7 % CARRIERS + 1;
        let second = first % CARRIERS + 1;
        let routes = match prefix.starts_with(REFUSED) {
            false => format!("{first}-{second}"),
            true => format!("{}-{first}", CARRIERS + 1),
        };
        let _ = writeln!(table, "{}:{prefix}:{routes}", index + 1);
    }
    std::fs::write(folder.join("dial"), table).unwrap();
    let addresses: String = (1..=CUSTOMERS)
        .map(|customer| {
            format!(
                "{customer} {} 32 0 customer\n",
                world::customer_address(customer)
            )
        })
        .collect();
    std::fs::write(folder.join("addresses"), addresses).unwrap();
}

fn start_redis(folder: &Path) -> Program {
    let mut command = Command::new("redis-server");
    command
        .args([
            "--bind",
            "127.0.4.3",
            "--port",
            "6399",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
        ])
        .arg(folder)
        .arg("--pidfile")
        .arg(folder.join("redis.pid"));
    let program = Program::start(&mut command, &folder.join("redis.log"));
    until("Redis answers", || {
        std::net::TcpStream::connect("127.0.4.3:6399").is_ok()
    });
    program
}

fn wait_until_it_answers(log: &Path) {
    let asker = UdpSocket::bind("127.0.5.1:0").unwrap();
    asker
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let from = asker.local_addr().unwrap();
    let request = format!(
        "OPTIONS sip:{ADDRESS} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK-there\r\nMax-Forwards: 70\r\n\
         From: <sip:bench@{from}>;tag=1\r\nTo: <sip:{ADDRESS}>\r\nCall-ID: there@{from}\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let mut reply = [0; 2_000];
    let said = || std::fs::read_to_string(log).unwrap_or_default();
    until("Kamailio answers", || {
        assert!(!said().contains("CRITICAL"), "{}", said());
        let sent = asker.send_to(request.as_bytes(), ADDRESS);
        sent.is_ok()
            && asker
                .recv(&mut reply)
                .is_ok_and(|length| reply[..length].starts_with(b"SIP/2.0 200"))
    });
}
