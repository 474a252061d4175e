//! A changed card of a million rates is pushed while 2,000 calls a second come in.

use crate::caller::{Caller, Placed, percentile_ms, setups};
use crate::import::draft;
use crate::resources::{CUSTOMER, CarrierSpec, World};
use crate::sipp::{Calls, Carrier, Over};
use crate::switch::Switch;
use std::time::{Duration, Instant};

/// Calls a second of SIPp.
pub(crate) const LOAD: u32 = 2_000;
/// Calls a second of the caller whose setup times are taken.
const PROBES: u32 = 100;
const SECONDS: u32 = 24;
/// From the first probe to the push.
const BEFORE: Duration = Duration::from_secs(8);
/// What comes so long after the push has answered still counts to it.
const AFTER: Duration = Duration::from_secs(1);

/// Setup times of some calls.
pub(crate) struct Setup {
    pub(crate) calls: usize,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

pub(crate) struct Push {
    /// From the request until calls are decided by it.
    pub(crate) took: Duration,
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) before: Setup,
    pub(crate) during: Setup,
    pub(crate) failed_probes: usize,
}

pub(crate) fn measure() -> Push {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    draft(&switch, "aurora-buy", "first", u64::MAX);
    switch.command(&["changes", "push", "first"]).unwrap();
    draft(&switch, "aurora-buy", "second", 5);
    // So many calls of one number at once would be taken for a loop.
    let numbers: Vec<String> = (0..5_000).map(|n| format!("1212555{n:04}")).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let load = Calls {
        scenario: "caller_answered",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: LOAD * (SECONDS + 4),
        per_second: LOAD,
        hold_ms: 100,
        numbers: &numbers,
        scratch: switch.scratch(),
        more: &[],
    };
    let load = load.start();
    // SIPp comes to its rate, and the first calls pay for pages and caches.
    std::thread::sleep(Duration::from_secs(3));
    let sip = switch.sip;
    let probing = std::thread::spawn(move || Caller::new(sip).place(PROBES * SECONDS, PROBES));
    std::thread::sleep(BEFORE);
    let began = Instant::now();
    switch.command(&["changes", "push", "second"]).unwrap();
    let took = began.elapsed();
    let probes = probing.join().unwrap();
    let tally = load.finish();
    let is_during = |call: &&Placed| call.at >= began && call.at < began + took + AFTER;
    let push = Push {
        took,
        calls: tally.successful,
        failed: tally.failed,
        before: setup(probes.iter().filter(|call| call.at < began)),
        during: setup(probes.iter().filter(is_during)),
        failed_probes: setups(&probes).1,
    };
    println!(
        "pushed in {:.2} s under {LOAD} CPS: {} calls, {} and {} failed; p99 {:.2} ms before, {:.2} ms meanwhile",
        took.as_secs_f64(),
        push.calls,
        push.failed,
        push.failed_probes,
        push.before.p99_ms,
        push.during.p99_ms
    );
    push
}

fn setup<'p>(calls: impl Iterator<Item = &'p Placed>) -> Setup {
    let (setups, _) = setups(calls);
    Setup {
        calls: setups.len(),
        p50_ms: percentile_ms(&setups, 50),
        p99_ms: percentile_ms(&setups, 99),
    }
}
