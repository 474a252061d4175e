//! What an engine holds for a call that is up: counted, and bounded so that it does not grow unseen.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "the driver is the benchmark's"
)]
#![allow(clippy::print_stdout, reason = "the figure is worth seeing")]

#[path = "../benches/call/driver.rs"]
mod driver;

use call_control::EngineLimits;
use driver::Bench;
use routing_engine::resources::MediaMode;
use sip_core::Duration;

/// Calls that are up while it is counted. A power of two, so that tables which double are full and not
/// half empty.
const CALLS: usize = 2_048;
/// Bytes of one call that has been up for a minute: its slot, its timers' nodes and what it has
/// allocated. What the allocator itself adds and the ring of traced messages are not in it.
const MOST: i64 = 4_096;

#[test]
fn a_call_that_is_up_takes_a_bounded_number_of_bytes() {
    let customers = [Bench::with_limits, Bench::prepaid];
    let kinds = [MediaMode::Direct, MediaMode::Relay].map(|media| customers.map(|of| (media, of)));
    for (media, bench_of) in kinds.into_iter().flatten() {
        let limits = |max_calls| EngineLimits {
            max_calls,
            ..EngineLimits::default()
        };
        // An engine without calls; the other takes its place, so that only calls are in the sum.
        let mut bench = bench_of(media, 1_000, limits(1));
        let held = allocation_counter::measure(|| {
            let mut engine = bench_of(media, 1_000, limits(CALLS as u32));
            engine.hold(CALLS);
            // Transactions linger for 32 s after their end; then only the calls are left.
            engine.pass(Duration::from_secs(60));
            let counters = engine.engine.counters();
            assert_eq!(counters.calls as usize, CALLS, "all of them are up");
            assert_eq!(counters.transactions, 0, "what lingers is gone");
            bench = engine;
        });
        let bytes = held.bytes_current / CALLS as i64;
        let blocks = held.count_current as f64 / CALLS as f64;
        println!("{media:?}: {bytes} bytes in {blocks:.1} blocks a call that is up");
        assert!(bytes <= MOST, "{media:?}: {bytes} bytes a call");
    }
}
