//! Running a failed simulation again: its seed, the command, and what happened last.

use crate::World;
use std::ops::Range;

/// Environment variable that replaces the seeds of a test by one.
pub const SEED_VARIABLE: &str = "DIDTRON_SIM_SEED";

/// The seeds a test runs with: `default`, or the one in [`SEED_VARIABLE`].
///
/// # Panics
/// When the variable holds no number.
pub fn seeds(default: Range<u64>) -> Box<dyn Iterator<Item = u64>> {
    match std::env::var(SEED_VARIABLE) {
        Ok(text) => {
            let seed = text
                .parse()
                .unwrap_or_else(|_| panic!("{SEED_VARIABLE} must be a whole number, not {text:?}"));
            Box::new(std::iter::once(seed))
        }
        Err(_) => Box::new(default),
    }
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
