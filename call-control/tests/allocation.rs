//! How often a call allocates: counted, and bounded so that it does not grow unseen.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "the driver is the benchmark's"
)]
#![allow(clippy::print_stdout, reason = "the count is worth seeing")]

#[path = "../benches/call/driver.rs"]
mod driver;

use driver::{Bench, carry_out};
use routing_engine::resources::MediaMode;

/// Allocations of one answered call in a warm engine: identifiers, dialogs, two records.
const MOST: u64 = 60;

#[test]
fn a_call_in_a_warm_engine_allocates_a_bounded_number_of_times() {
    for media in [MediaMode::Direct, MediaMode::Relay] {
        let mut bench = Bench::new(media, 1_000);
        for _ in 0..200 {
            bench.call(carry_out);
        }
        let (mut count, mut bytes) = (0, 0);
        for _ in 0..100 {
            bench.call(|engine, step, sent| {
                let made = allocation_counter::measure(|| carry_out(engine, step, sent));
                count += made.count_total;
                bytes += made.bytes_total;
            });
        }
        let (count, bytes) = (count / 100, bytes / 100);
        println!("{media:?}: {count} allocations, {bytes} bytes a call");
        assert!(count <= MOST, "{media:?}: {count} allocations a call");
    }
}
