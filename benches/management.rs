//! The management plane over HTTP, and the report: rewrites its part of `BENCHMARKS.md`.
//!
//! Two release servers on SQLite run side by side, one with few customers and one with many that
//! have a long past. The same lists are asked of both in turns over connections that stay open, so
//! that what else the machine does meets both alike: the ratio of the two is the steadiest figure.
//! Then pushes of many changed resources are timed until the switch uses them.

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

#[path = "management/lists.rs"]
mod lists;
#[path = "management/load.rs"]
mod load;
#[path = "../tests/e2e/ports.rs"]
mod ports;
#[path = "../tests/e2e/programs.rs"]
mod programs;
#[path = "management/push.rs"]
mod push;
#[path = "management/report.rs"]
mod report;
#[path = "management/seed.rs"]
mod seed;
#[path = "switch/report.rs"]
mod sheet;
#[path = "../tests/e2e/switch.rs"]
mod switch;

use seed::Seed;

/// The store that is compared against.
const FEW: Seed = Seed {
    customers: 2_000,
    versions: 1,
};

/// 100,000 customers and a million versions.
const MANY: Seed = Seed {
    customers: 100_000,
    versions: 10,
};

fn main() {
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let pushes = push::measure();
    let (few, many) = (seed::server(&FEW), seed::server(&MANY));
    let lists = lists::measure(&few, &many);
    let section = report::section(&lists, &pushes, many.resident_mib());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/BENCHMARKS.md");
    let before = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, sheet::replaced(&before, sheet::MANAGEMENT, &section)).unwrap();
    println!("{section}");
}
