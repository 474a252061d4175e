//! Calls through DIDTron beside calls through Kamailio, by one generator in one run; rewrites its part of
//! `BENCHMARKS.md`.
//!
//! ```text
//! signalling-peers [--quick] [RUNS] [NAME...] [PART...]
//! ```
//!
//! Each contender has one core and the generator another. A run measures every contender in turn; a `NAME` is a
//! part of one's name, in any case, such as `didtron`, `class4` or `minimal`, and leaves the others out. A
//! `PART` is `fixed`, `most`, `failover`, `held` or `two-cores`, and leaves the other parts of a run out. `relay` is the relay of packets. A rate is held
//! when at most one call of a thousand fails, retransmissions are at most one of a hundred calls, at least 98.5 % of
//! the rate was really offered, and no call is left at the end. `--quick` shows that all of it works, and writes
//! nothing.

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

mod caller;
mod carrier;
mod contender;
mod generator;
mod kamailio;
mod measure;
mod message;
mod ours;
mod pace;
mod processes;
mod relay;
mod report;
mod sockets;
mod targets;
mod wheel;
mod window;
mod world;

#[path = "../../../../tests/e2e/ports.rs"]
#[allow(dead_code, reason = "the modules of tests are shared and hold more")]
mod ports;
#[path = "../../../../tests/e2e/programs.rs"]
#[allow(dead_code, reason = "the modules of tests are shared and hold more")]
mod programs;
#[path = "../../../switch/report.rs"]
#[allow(dead_code, reason = "the report of the other benchmarks holds more")]
mod sheet;
#[path = "../../../../tests/e2e/switch.rs"]
#[allow(dead_code, reason = "the modules of tests are shared and hold more")]
mod switch;

use generator::Generator;
use measure::{Bench, Figures, Pains};
use report::Results;
use world::Cores;

/// What was asked for on the command line.
struct Asked {
    is_quick: bool,
    runs: usize,
    names: Vec<String>,
    parts: Vec<String>,
}

impl Asked {
    fn of(arguments: impl Iterator<Item = String>) -> Self {
        let mut asked = Self {
            is_quick: false,
            runs: 3,
            names: Vec::new(),
            parts: Vec::new(),
        };
        for argument in arguments {
            match argument.parse() {
                Ok(runs) => asked.runs = runs,
                Err(_) if argument == "--quick" => asked.is_quick = true,
                Err(_) if measure::PARTS.contains(&argument.as_str()) => asked.parts.push(argument),
                Err(_) => asked.names.push(argument.to_lowercase()),
            }
        }
        asked
    }

    /// What was chosen, as it is written in the command.
    fn chosen(&self) -> String {
        let words: Vec<&str> = self
            .names
            .iter()
            .chain(&self.parts)
            .map(String::as_str)
            .collect();
        words.join(" ")
    }

    /// Whether a contender is wanted: all are when none is named.
    fn wants(&self, contender: &str) -> bool {
        let contender = contender.to_lowercase();
        self.names.is_empty() || self.names.iter().any(|name| contender.contains(name))
    }
}

fn main() {
    let asked = Asked::of(std::env::args().skip(1));
    let contenders = contender::all(|name| asked.wants(name));
    let prefixes = world::prefixes();
    let (calls, refused) = (
        world::calls(&prefixes, false),
        world::calls(&prefixes, true),
    );
    // Started from here on, everything is kept to its cores.
    sockets::keep_to(&[]);
    let mut results = Results::new(&contenders);
    sockets::keep_to(Cores::One.of_generator());
    let mut generator = Generator::new().unwrap();
    let mut bench = Bench {
        generator: &mut generator,
        pains: if asked.is_quick {
            Pains::QUICK
        } else {
            Pains::FULL
        },
        parts: &asked.parts,
        calls: &calls,
        refused: &refused,
    };
    for run in 1..=asked.runs {
        println!("run {run} of {}", asked.runs);
        for contender in &contenders {
            let figures: Figures = bench.measure(&**contender);
            results.add(contender.name(), figures);
        }
        println!("{}", results.section(&asked.chosen()));
    }
    if asked.wants("relay") && !asked.is_quick {
        results.relay = relay::measure(asked.runs);
    }
    let section = results.section(&asked.chosen());
    println!("{section}");
    if !asked.is_quick {
        let path = world::root().join("BENCHMARKS.md");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, sheet::replaced(&before, sheet::PEERS, &section)).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_are_named_by_a_part_of_their_name() {
        let asked = Asked::of(
            ["2", "class4", "held", "--quick"]
                .map(String::from)
                .into_iter(),
        );
        assert_eq!((asked.runs, asked.is_quick), (2, true));
        assert_eq!(
            (asked.parts.as_slice(), asked.chosen().as_str()),
            (&["held".to_owned()][..], "class4 held")
        );
        assert!(asked.wants(contender::CLASS4) && asked.wants(contender::TOPOH));
        assert!(!asked.wants(contender::OURS) && !asked.wants("relay"));
        assert!(Asked::of(std::iter::empty()).wants("relay"));
    }
}
