//! What a whole call costs the engine: 7 messages in, 7 out, timers and record, without I/O.
//!
//! The messages of many calls are recorded first and then repeated, so nothing but the engine is
//! measured, and in CPU time of the thread, so a busy machine does not count. Calls come at 500 a
//! second of virtual time: the tables hold what lingers at that rate.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark stops by panicking, and is no library"
)]

#[allow(dead_code, reason = "the tests that count share it")]
mod driver;

use criterion::{Criterion, criterion_group, criterion_main};
use driver::{Bench, Recorded, carry_out};
use routing_engine::resources::MediaMode;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Calls before the measurement: what lingers does so for 32 s, 16,000 calls.
const WARM_UP: usize = 20_000;
const MEASURED: usize = 5_000;
/// As many as the world deck has, in order of magnitude.
const PREFIXES: u32 = 100_000;

fn whole_call(criterion: &mut Criterion) {
    for (name, media) in [("direct", MediaMode::Direct), ("relayed", MediaMode::Relay)] {
        let steps = Recorded::calls(media, PREFIXES, WARM_UP + MEASURED);
        let mut group = criterion.benchmark_group("call");
        group.sample_size(10);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let runs = iterations.div_ceil(MEASURED as u64);
                let spent: Duration = (0..runs).map(|_| replay(media, &steps)).sum();
                spent.mul_f64(iterations as f64 / (runs * MEASURED as u64) as f64)
            });
        });
    }
}

/// CPU time of the calls after the warm-up.
fn replay(media: MediaMode, steps: &[Recorded]) -> Duration {
    let mut engine = Bench::new(media, PREFIXES).engine;
    let mut sent = Vec::new();
    let first = steps.len() / (WARM_UP + MEASURED) * WARM_UP;
    let (warm_up, measured) = steps.split_at(first);
    for recorded in warm_up {
        carry_out(&mut engine, recorded.step(), &mut sent);
    }
    let calls = engine.counters().calls_received;
    let start = cpu_time();
    for recorded in measured {
        carry_out(&mut engine, recorded.step(), &mut sent);
    }
    let spent = cpu_time() - start;
    let counters = engine.counters();
    assert_eq!(
        counters.messages_stray, 0,
        "the engine repeats what was recorded"
    );
    spent.mul_f64(MEASURED as f64 / (counters.calls_received - calls) as f64)
}

fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

criterion_group!(benches, whole_call);
criterion_main!(benches);
