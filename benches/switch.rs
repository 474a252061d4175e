//! The whole switch under SIPp, and the report: writes `BENCHMARKS.md` from what was measured.
//!
//! Run by `make bench` after the Criterion benches, whose estimates it picks up. SIPp plays the
//! customer and the carrier on the same machine, so the figure to compare is the CPU that the
//! switch took for a call, not the rate that the machine could bear.

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

#[path = "../tests/e2e/ports.rs"]
mod ports;
#[path = "../tests/e2e/programs.rs"]
mod programs;
#[path = "switch/report.rs"]
mod report;
#[path = "../tests/e2e/resources.rs"]
mod resources;
#[path = "../tests/e2e/sipp.rs"]
mod sipp;
#[path = "../tests/e2e/switch.rs"]
mod switch;

use report::LoadFigure;
use resources::{CUSTOMER, CarrierSpec, World};
use sipp::{Calls, Carrier, Over};
use std::time::Instant;
use switch::Switch;

/// Offered rates, calls a second.
const RATES: &[u32] = &[250, 500, 1_000, 2_000];
/// Seconds at each rate.
const SECONDS: u32 = 8;
/// Milliseconds between answer and BYE.
const HOLD_MS: u32 = 100;

fn main() {
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let figures: Vec<LoadFigure> = RATES.iter().map(|rate| measure(*rate)).collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/BENCHMARKS.md");
    let before = std::fs::read_to_string(path).unwrap_or_default();
    let text = report::render(&figures) + report::kept(&before);
    std::fs::write(path, &text).unwrap();
    println!("{text}");
}

fn measure(rate: u32) -> LoadFigure {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    // So many calls of one number at once would be taken for a loop.
    let numbers: Vec<String> = (0..5_000).map(|n| format!("1212555{n:04}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let before = switch.cpu_seconds();
    let start = Instant::now();
    let calls = Calls {
        scenario: "caller_answered",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: rate * SECONDS,
        per_second: rate,
        hold_ms: HOLD_MS,
        numbers: &numbers,
        scratch: switch.scratch(),
        more: &[],
    };
    let (tally, setup_ms) = calls.start().finish_with_setup_delay();
    let seconds = start.elapsed().as_secs_f64();
    let cpu = switch.cpu_seconds() - before;
    println!("{rate} CPS offered: {tally:?} in {seconds:.1} s");
    LoadFigure {
        offered: rate,
        achieved: tally.successful as f64 / seconds,
        failed: tally.failed,
        cpu_us_per_call: cpu * 1e6 / tally.successful.max(1) as f64,
        setup_mean_ms: setup_ms,
        memory_mib: switch.resident_mib(),
    }
}
