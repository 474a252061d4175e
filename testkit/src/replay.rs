//! Running a failed simulation again: its seed, the command, and what happened last.

use crate::World;
use std::ops::Range;

/// Environment variable that replaces the seeds of a test by one.
pub const SEED_VARIABLE: &str = "DIDTRON_SIM_SEED";

/// Environment variable that says with how many seeds each test runs.
pub const SEEDS_VARIABLE: &str = "DIDTRON_SIM_SEEDS";

/// The seeds a test runs with: the one in [`SEED_VARIABLE`]; or as many as [`SEEDS_VARIABLE`] says, from
/// the first of `default` on; or `default`.
///
/// # Panics
/// When a variable holds no number.
pub fn seeds(default: Range<u64>) -> Box<dyn Iterator<Item = u64>> {
    if let Some(seed) = number_in(SEED_VARIABLE) {
        return Box::new(std::iter::once(seed));
    }
    let first = default.start;
    match number_in(SEEDS_VARIABLE) {
        Some(count) => Box::new(first..first + count),
        None => Box::new(default),
    }
}

fn number_in(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} must be a whole number, not {text:?}")))
}

/// Called when a world is dropped: prints how to replay it if a test is failing.
#[expect(
    clippy::print_stderr,
    reason = "the test harness captures it and shows it with the failure"
)]
pub(crate) fn tell_if_panicking(world: &World) {
    if !std::thread::panicking() {
        return;
    }
    eprintln!("\n--- the last datagrams of the simulated network");
    for line in world.net.trace() {
        eprintln!("{line}");
    }
    let package = std::env::var("CARGO_PKG_NAME").unwrap_or_else(|_| "PACKAGE".to_owned());
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("TEST");
    let (seed, at) = (world.seed(), world.now().as_micros());
    eprintln!("--- failed at {at} µs of virtual time with seed {seed}; to replay:");
    eprintln!("{SEED_VARIABLE}={seed} cargo test -p {package} -- --exact {test} --nocapture");
}
