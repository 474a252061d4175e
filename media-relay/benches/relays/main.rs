//! What a relayed packet costs, beside a bare relay in C and rtpengine in user space.
//!
//! ```text
//! cargo bench -p media-relay --bench relays [-- SESSIONS ROUNDS NAME...]
//! ```
//!
//! Every contender relays the same streams, one after the other, round after round, beginning with another
//! one each round, so that what else the machine does meets all of them. The relay has the first core to
//! itself and the generator the second, as far as the machine has two and nothing else to do. `NAME`s leave
//! the other contenders out; without `cc` or `rtpengine` on the path, that contender is.
//!
//! *Full*: 256 packets are always under way, so that the relay never sleeps. *Paced*: each stream sends 50
//! packets a second. The CPU time is what the kernel gave to all threads of the relay, user and system
//! (`/proc/PID/task/*/schedstat`); the generator's is not in it. Loopback charges the delivery of a packet to
//! who sends it. System calls are those of a further stretch of *full*, counted by `perf stat`; where that
//! cannot count, nothing is said of them. Bytes are resident memory of the process, without the kernel's
//! sockets, over what it had before its sessions.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "its report")]

mod contenders;
mod control;
mod generator;
mod report;

use contenders::CONTENDERS;
use generator::Generator;
use report::Results;
use std::process::{Command, Stdio};

/// Where the relays run, and where the generator.
const RELAY_CORE: &str = "0";
const GENERATOR_CORE: &str = "1";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, sessions] = arguments.as_slice()
        && role == contenders::ROLE
    {
        contenders::relay(sessions.parse().unwrap());
    }
    let (numbers, names): (Vec<_>, Vec<_>) = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .partition(|argument| argument.parse::<u16>().is_ok());
    let number = |place: usize| numbers.get(place).map(|number| number.parse().unwrap());
    let (sessions, rounds) = (number(0).unwrap_or(1_000), number(1).unwrap_or(5));
    let chosen: Vec<_> = CONTENDERS
        .into_iter()
        .filter(|(name, _)| names.is_empty() || names.iter().any(|wanted| *wanted == name))
        .collect();
    println!("{sessions} sessions, {rounds} rounds");
    let is_pinned = pin(std::process::id(), GENERATOR_CORE);
    println!("relay and generator on a core each: {is_pinned}");
    let mut generator = Generator::new();
    let mut results = Results::default();
    for round in 0..rounds {
        for turn in 0..chosen.len() {
            let (name, start) = chosen[(turn + usize::from(round)) % chosen.len()];
            let Some(contender) = start(sessions) else {
                println!("round {round}: {name} is not there");
                continue;
            };
            if is_pinned {
                pin(contender.process.id(), RELAY_CORE);
            }
            let figures = generator.measure(&contender);
            println!("round {round}: {name:<10} {figures}");
            results.add(round, name, figures);
        }
    }
    let names: Vec<_> = chosen.iter().map(|(name, _)| *name).collect();
    results.print(&names);
}

/// Keeps a process, all its threads and what it starts, to a core; false where that does not go.
fn pin(process: u32, core: &str) -> bool {
    Command::new("taskset")
        .args(["-a", "-c", "-p", core, &process.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
