//! Routing and rating at the size of a carrier, and the report: rewrites its part of `BENCHMARKS.md`.
//!
//! A snapshot of ten million rates is compiled and calls are decided by it; the same numbers are looked up
//! in Kamailio's tree in memory; a million rates are imported, applied and pushed on a running switch, and
//! pushed while calls come in.

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
#![allow(dead_code, reason = "the modules of tests are shared and hold more")]

#[path = "flood/caller.rs"]
mod caller;
#[path = "routing/compile.rs"]
mod compile;
#[path = "routing/decisions.rs"]
mod decisions;
#[path = "../routing-engine/tests/support/demo.rs"]
mod demo;
#[path = "routing/import.rs"]
mod import;
#[path = "routing/kamailio.rs"]
mod kamailio;
#[path = "../routing-engine/tests/support/numbers.rs"]
mod numbers;
#[path = "../tests/e2e/ports.rs"]
mod ports;
#[path = "../tests/e2e/programs.rs"]
mod programs;
#[path = "routing/push.rs"]
mod push;
#[path = "routing/report.rs"]
mod report;
#[path = "../tests/e2e/resources.rs"]
mod resources;
#[path = "switch/report.rs"]
mod sheet;
#[path = "../tests/e2e/sipp.rs"]
mod sipp;
#[path = "../tests/e2e/switch.rs"]
mod switch;

fn main() {
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    // `-- push` measures that alone and writes nothing.
    if std::env::args().any(|argument| argument == "push") {
        push::measure();
        return;
    }
    let world = compile::measure();
    let (decisions, kept) = decisions::measure(&world.snapshot);
    let compiled = world.figures;
    drop(world.snapshot);
    let figures = report::Figures {
        compiled,
        decisions,
        kept,
        charges: decisions::charges(),
        lookups: kamailio::measure(),
        imports: import::measure(),
        push: push::measure(),
    };
    let section = report::section(&figures);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/BENCHMARKS.md");
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let text = sheet::replaced(&before, sheet::ROUTING, &section);
    std::fs::write(path, text).unwrap();
    println!("{section}");
}
