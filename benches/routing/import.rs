//! A carrier's deck of a million rows against a card of a million: read and compared by the job, applied,
//! pushed, on a running switch with SQLite. Prints what each step took and what the switch holds.

#![allow(clippy::unwrap_used, reason = "a benchmark stops by panicking")]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints what it measured"
)]
#![allow(
    dead_code,
    reason = "the end-to-end tests' modules are shared and hold more"
)]

#[path = "../tests/e2e/switch.rs"]
mod switch;

use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use switch::Switch;

const ROWS: u64 = 1_000_000;

/// What one import took.
struct Times {
    read: Duration,
    applied: Duration,
    pushed: Duration,
}

fn main() {
    // Cargo passes `--bench`; under `cargo test` there is nothing to do.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let switch = Switch::start(&[]);
    let rates = [json!({"prefix": "1", "destination": "USA", "rate_per_minute": "0.01"})];
    let card = json!({"name": "cost", "spec": {"currency": "USD", "rates": rates}});
    switch.send("POST", "/api/v1/rate-cards", &card);
    let first = import(&switch, "first", u64::MAX);
    report("a million new rates", &first, &switch);
    let second = import(&switch, "second", 5);
    report("a million rates, of which 200,000 change", &second, &switch);
}

fn import(switch: &Switch, name: &str, cheaper_every: u64) -> Times {
    let file = deck(switch, name, cheaper_every);
    let file = file.to_str().unwrap();
    let start = Instant::now();
    let told = switch.command(&["deck", "import", file, "--card", "cost"]);
    let read = start.elapsed();
    let told = told.unwrap();
    let number = told
        .lines()
        .find_map(|line| line.strip_prefix("import "))
        .and_then(|line| line.split(':').next())
        .unwrap();
    let start = Instant::now();
    let apply = ["deck", "apply", number, "--confirm", "--change-set", name];
    switch.command(&apply).unwrap();
    let applied = start.elapsed();
    let start = Instant::now();
    switch.command(&["changes", "push", name]).unwrap();
    Times {
        read,
        applied,
        pushed: start.elapsed(),
    }
}

/// A file as a carrier writes it; every so many rates are a little cheaper.
fn deck(switch: &Switch, name: &str, cheaper_every: u64) -> PathBuf {
    let mut text = "Dial Code;Destination;Rate;Increment\n".to_owned();
    for row in 0..ROWS {
        let price = if row % cheaper_every == 0 { 11 } else { 12 } + row % 80;
        let prefix = 20_000_000 + row * 7;
        let _ = writeln!(text, "+{prefix};Place {};0,0{price:02};30/6", row % 3_000);
    }
    let path = switch.scratch().join(format!("{name}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}

fn report(what: &str, times: &Times, switch: &Switch) {
    let seconds = |time: Duration| time.as_secs_f64();
    println!(
        "{what}: read and compared {:.1} s, applied to a change set {:.1} s, pushed {:.1} s; the \
         switch holds {:.0} MiB",
        seconds(times.read),
        seconds(times.applied),
        seconds(times.pushed),
        switch.resident_mib()
    );
}
