//! The whole decision. One iteration is one call over the world deck: two carriers as in the demo,
//! and ten carriers, all of which have a route to every number; those once more with rates for some callers.
//!
//! Medians and 99th percentiles of single decisions are printed after criterion's means.

#![allow(clippy::print_stderr, reason = "a measurement is for people to read")]

#[path = "../tests/support/demo.rs"]
mod demo;
#[path = "../tests/support/numbers.rs"]
mod numbers;

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use routing_engine::limits::{DryAdmission, LiveAdmission};
use routing_engine::resources::Resources;
use routing_engine::{CallRequest, Decision, NoTrace, Snapshot, Source, decide};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

const CUSTOMER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 21));

fn request(called: &str, now_us: u64) -> CallRequest<'_> {
    CallRequest {
        source: Source::Address(CUSTOMER),
        called,
        calling: "442071838750",
        identity: Default::default(),
        now_us,
        at: rating::Timestamp(0),
        draw: 0,
        quality: routing_engine::QualityTable::empty(),
    }
}

fn without_limits(mut resources: Resources) -> Resources {
    for customer in &mut resources.customers {
        customer.spec.channel_limit = None;
        customer.spec.cps_limit = Some(100_000);
    }
    resources
}

fn decisions(criterion: &mut Criterion) {
    let called = numbers::world(&demo::prefixes(), 100_000);
    for (name, resources) in [
        ("decide/demo", demo::resources()),
        ("decide/10_carriers", demo::carriers(10)),
        (
            "decide/10_carriers_by_caller",
            demo::asking_callers(demo::carriers(10), &[""]),
        ),
    ] {
        let resources = without_limits(resources);
        let snapshot = Snapshot::compile(1, &resources, None).unwrap_or_default();
        let mut group = criterion.benchmark_group(name);
        bench(&mut group, &snapshot, &called);
        group.finish();
        percentiles(name, &snapshot, &called);
    }
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, snapshot: &Snapshot, called: &[String]) {
    for (name, numbers) in [("random_numbers", called), ("one_number", &called[..1])] {
        let mut next = numbers.iter().cycle();
        let mut now_us = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                now_us += 20;
                let request = request(next.next().map_or("", String::as_str), now_us);
                decide(
                    black_box(&request),
                    snapshot,
                    &mut LiveAdmission,
                    &mut NoTrace,
                )
            });
        });
    }
}

/// Single decisions by the clock; its own cost, some 20 ns, is in every figure.
fn percentiles(name: &str, snapshot: &Snapshot, called: &[String]) {
    let mut nanos = Vec::with_capacity(called.len());
    let mut routes_count = 0;
    for number in called {
        // Long after the calls that were admitted before.
        let request = request(number, u64::MAX / 2_000);
        let start = Instant::now();
        let decision = decide(
            black_box(&request),
            snapshot,
            &mut DryAdmission,
            &mut NoTrace,
        );
        nanos.push(start.elapsed().as_nanos());
        if let Decision::Route(plan) = &decision {
            routes_count += plan.candidates.len();
        }
        drop(black_box(decision));
    }
    nanos.sort_unstable();
    let at = |percent: usize| nanos[(nanos.len() - 1) * percent / 100];
    let routes_mean = routes_count as f64 / called.len() as f64;
    eprintln!(
        "{name}: p50 {} ns, p99 {} ns, {routes_mean:.1} routes a call",
        at(50),
        at(99)
    );
}

criterion_group!(benches, decisions);
criterion_main!(benches);
