//! Records and money when the process, the database or the disk fails, with real calls meanwhile.
//!
//! What is expected is written down outside the switch: the caller's SIPp keeps which calls were answered
//! and which ended. `FAULT_KILLS` and `FAULT_OUTAGE_S` make the tests longer (`make faults`).

#[path = "faults/disk.rs"]
mod disk;
#[path = "faults/outage.rs"]
mod outage;
#[path = "faults/wire.rs"]
mod wire;

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Running};
use crate::switch::{Switch, until, until_within};
use rating::Amount;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// Many calls to one number are in setup at once, which are no loops here.
const NO_LOOPS: (&str, &str) = ("DIDTRON_CALLS_SAME_NUMBERS_IN_SETUP_MAX", "0");

/// Ten minutes of calls are loaded in less.
const LOADING_MAX: Duration = Duration::from_secs(600);

/// A number of a setting, for runs that last longer.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Calls whose fate the caller writes down.
struct Load<'a> {
    switch: &'a Switch,
    /// Where the caller's files are; its disk may not be the one that fills.
    scratch: PathBuf,
    /// What the caller has written, of all its lives.
    told: &'a mut Vec<PathBuf>,
}

impl Load<'_> {
    fn start(self, count: u32, per_second: u32, hold_ms: u32) -> Running {
        let file = self.scratch.join(format!("told-{}.log", self.told.len()));
        self.told.push(file.clone());
        // Each life of the caller has numbers of its own.
        let life = format!("{:04}", 7_000 + self.told.len());
        let calls = Calls {
            scenario: "caller_tells",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count,
            per_second,
            hold_ms,
            numbers: &[NUMBER, "442079460000", "13105550123"],
            scratch: self.scratch,
            more: &[
                "-key",
                "life",
                &life,
                "-trace_logs",
                "-log_file",
                file.to_str().unwrap(),
            ],
        };
        calls.start()
    }
}

/// Numbers of callers, one for each call, that saw their call answered, and of those the ones whose BYE was answered.
#[derive(Debug, Default)]
struct Seen {
    answered: BTreeSet<String>,
    ended: BTreeSet<String>,
}

fn seen(told: &[PathBuf]) -> Seen {
    let mut seen = Seen::default();
    for file in told {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // A caller that was killed may leave half a line.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for line in whole.lines() {
            match line.split_once(' ') {
                Some(("answered", call)) => seen.answered.insert(call.to_owned()),
                Some(("ended", call)) => seen.ended.insert(call.to_owned()),
                _ => panic!("{line}"),
            };
        }
    }
    seen
}

/// The records by the number of the caller; none has two.
fn by_call(records: &[Value]) -> BTreeMap<&str, &Value> {
    let mut found = BTreeMap::new();
    for record in records {
        let call = record["calling_number"].as_str().unwrap();
        assert!(
            found.insert(call, record).is_none(),
            "two records: {record}"
        );
    }
    found
}

/// Each call that was answered has a record that says so, each that ended has its whole length.
fn assert_none_is_lost(records: &[Value], seen: &Seen) {
    let records = by_call(records);
    for call in &seen.answered {
        let record = records.get(call.as_str());
        let record = record.unwrap_or_else(|| panic!("{call} was answered and has no record"));
        let outcome = record["outcome"].as_str().unwrap();
        let ended = seen.ended.contains(call);
        let expected: &[&str] = if ended {
            &["answered"]
        } else {
            &["answered", "interrupted"]
        };
        assert!(expected.contains(&outcome), "ended: {ended}, {record}");
        assert!(record["answered_at"].is_string(), "{record}");
    }
}

fn sum(records: &[Value], field: &str) -> i64 {
    let amounts = records.iter().filter_map(|record| record[field].as_str());
    amounts.map(|text| text.parse::<Amount>().unwrap().0).sum()
}

/// What customer and carrier have in the books is what the records say, to the nano-unit.
fn assert_books(switch: &Switch, records: &[Value], settings: &[(&str, &str)]) {
    for (path, field) in [("customers/acme", "charge"), ("carriers/aurora", "cost")] {
        let balance = switch.get(&format!("/api/v1/{path}/balance"));
        let balance: Amount = balance["balance"].as_str().unwrap().parse().unwrap();
        assert_eq!(balance.0.abs(), sum(records, field), "{path}");
    }
    for what in ["ledger", "journal"] {
        let said = switch.verify(what, settings);
        let is_sound = said
            .as_ref()
            .is_ok_and(|said| said.contains("nothing differs"));
        assert!(is_sound, "{said:?}");
    }
}

/// All records, when no more come.
pub(crate) fn all_records(switch: &Switch) -> Vec<Value> {
    switch.wait_until_idle();
    // The second pass from here on began after the last call had ended.
    for _ in 0..2 {
        let caught_up_at = || switch.get("/api/v1/status")["loader"]["caught_up_at"].clone();
        let before = caught_up_at();
        until_within(LOADING_MAX, "the journal is loaded", || {
            caught_up_at() != before
        });
    }
    switch.cdrs()
}

fn world(switch: &Switch, carrier: &Carrier) {
    let aurora = CarrierSpec::new("aurora", carrier.address, "0.0123456");
    let mut world = World::of(vec![aurora]);
    world.price = "0.0654321";
    world.card = "initial_interval_s: 1\nnext_interval_s: 1\nconnection_fee: '0.000000007'";
    world.customer = "billing: {mode: postpaid, credit_limit: '1000000'}";
    world.apply(switch);
}

/// A moment from a seed: the next of a sequence, below `limit`.
fn next(random: &mut u64, limit: u64) -> u64 {
    *random = random
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) % limit
}

#[test]
fn a_switch_that_is_killed_again_and_again_bills_each_answered_call_once() {
    let settings = [NO_LOOPS];
    let mut switch = Switch::start(&settings);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    world(&switch, &carrier);
    let (mut told, mut random) = (Vec::new(), setting("FAULT_SEED", 1));
    let (mut kills, least) = (0, setting("FAULT_KILLS", 5));
    // A slow machine needs more lives for as many calls.
    while kills < least || (kills < least + 60 && seen(&told).ended.len() <= told.len() * 10) {
        kills += 1;
        let load = Load {
            switch: &switch,
            scratch: switch.scratch(),
            told: &mut told,
        };
        let load = load.start(100_000, 150, 700);
        let last = &told[told.len() - 1..];
        until("a call is answered", || !seen(last).answered.is_empty());
        // Some kills come while the first calls are set up, most amid beginning and ending ones.
        std::thread::sleep(Duration::from_millis(next(&mut random, 3_000)));
        switch.kill();
        drop(load);
        switch.kill_and_restart(&settings);
    }
    let records = all_records(&switch);
    let seen = seen(&told);
    eprintln!(
        "{} records; seen: {} answered, {} ended",
        records.len(),
        seen.answered.len(),
        seen.ended.len()
    );
    assert!(
        seen.ended.len() > told.len() * 10,
        "too few calls ended to prove anything"
    );
    assert!(
        seen.answered.len() > seen.ended.len(),
        "no call was up at a kill"
    );
    assert_none_is_lost(&records, &seen);
    assert_books(&switch, &records, &settings);
    // What was closed once stays as it is.
    switch.kill_and_restart(&settings);
    assert_eq!(all_records(&switch), records);
}
