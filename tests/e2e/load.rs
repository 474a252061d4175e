//! Many calls at once. These tests take turns, so that they measure the switch and not each other.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::{Switch, until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A busy machine has many calls to one number in setup at once, which are no loops here.
fn switch() -> Switch {
    Switch::start(&[("DIDTRON_CALLS_SAME_NUMBERS_IN_SETUP_MAX", "0")])
}

fn calls<'a>(switch: &Switch, scenario: &'a str, count: u32, per_second: u32) -> Calls<'a> {
    Calls {
        scenario,
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count,
        per_second,
        hold_ms: 500,
        numbers: &[NUMBER, "442079460000", "13105550123"],
        scratch: switch.scratch(),
        more: &[],
    }
}

fn count_by(cdrs: &[Value], field: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for cdr in cdrs {
        let key = cdr[field]
            .as_str()
            .map_or_else(|| cdr[field].to_string(), ToOwned::to_owned);
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn assert_unique(cdrs: &[Value]) {
    let ids: BTreeSet<&str> = cdrs.iter().map(|cdr| cdr["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), cdrs.len(), "a call has two records");
}

#[test]
fn ten_thousand_calls_at_500_a_second_leave_ten_thousand_records() {
    let _turn = my_turn();
    let switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    let tally = calls(&switch, "caller_answered", 10_000, 500).run();
    assert_eq!(
        tally,
        Tally {
            successful: 10_000,
            failed: 0
        }
    );
    switch.wait_until_idle();
    let cdrs = switch.wait_for_cdrs(10_000);
    assert_eq!(
        count_by(&cdrs, "outcome"),
        BTreeMap::from([("answered".to_owned(), 10_000)])
    );
    assert_unique(&cdrs);
    assert_eq!(switch.metric("didtron_channels_in_use", ""), 0.0);
}

#[test]
fn a_killed_switch_has_one_record_for_each_call_that_had_ended_and_closes_the_others_once() {
    let _turn = my_turn();
    let mut switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    let mut load = calls(&switch, "caller_answered", 1_000, 200);
    load.hold_ms = 1_500;
    let running = load.start();
    std::thread::sleep(Duration::from_millis(3_500));
    let up = switch.calls_now();
    assert!(up > 100, "{up} calls are up");
    // SIPp counts a call when its BYE is answered, and writes the count once a second.
    let ended_before = usize::try_from(running.successful_so_far()).unwrap();
    assert!(ended_before > 100, "{ended_before} calls have ended");
    switch.kill();
    drop(running);
    drop(carrier);
    switch.kill_and_restart(&[]);
    let mut cdrs = Vec::new();
    until("the journal is loaded", || {
        let earlier = cdrs.len();
        cdrs = switch.cdrs();
        !cdrs.is_empty() && cdrs.len() == earlier
    });
    assert_unique(&cdrs);
    let outcomes = count_by(&cdrs, "outcome");
    let ended = outcomes["answered"];
    let interrupted = outcomes["interrupted"];
    assert!(
        ended >= ended_before,
        "{ended_before} had ended before the kill, {outcomes:?}"
    );
    assert!(interrupted > 100, "{outcomes:?}");
    for cdr in cdrs.iter().filter(|cdr| cdr["outcome"] == "interrupted") {
        let duration = cdr["duration_ms"].as_u64().unwrap();
        assert!(duration <= 2_500, "charged beyond the crash: {cdr}");
    }
    // A second restart changes nothing.
    switch.kill_and_restart(&[]);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(count_by(&switch.cdrs(), "outcome"), outcomes);
    assert_eq!(switch.calls_now(), 0);
}

#[test]
fn a_changed_rate_card_reaches_new_calls_without_failing_one() {
    let _turn = my_turn();
    let switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]);
    world.apply(&switch);
    let running = calls(&switch, "caller_answered", 4_000, 500).start();
    for price in ["0.07", "0.08", "0.09"] {
        std::thread::sleep(Duration::from_millis(1_500));
        world.price = price;
        world.apply(&switch);
    }
    assert_eq!(
        running.finish(),
        Tally {
            successful: 4_000,
            failed: 0
        }
    );
    let cdrs = switch.wait_for_cdrs(4_000);
    let snapshots = count_by(&cdrs, "snapshot_number");
    assert_eq!(snapshots.len(), 4, "{snapshots:?}");
    assert!(
        snapshots.values().all(|calls| *calls > 200),
        "{snapshots:?}"
    );
    // Each snapshot's calls were charged by that snapshot's card.
    let charges: BTreeSet<(String, String)> = cdrs
        .iter()
        .filter(|cdr| cdr["billed_seconds"] == 1)
        .map(|cdr| {
            (
                cdr["snapshot_number"].to_string(),
                cdr["charge"].to_string(),
            )
        })
        .collect();
    assert_eq!(charges.len(), 4, "{charges:?}");
}

#[test]
fn a_limit_of_10_cps_admits_10_a_second_of_50() {
    let _turn = my_turn();
    let switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]);
    world.customer = "cps_limit: 10";
    world.apply(&switch);
    let tally = calls(&switch, "caller_answered_or_refused", 500, 50).run();
    assert_eq!(
        tally,
        Tally {
            successful: 500,
            failed: 0
        }
    );
    switch.wait_until_idle();
    let cdrs = switch.wait_for_cdrs(500);
    let mut admitted: Vec<f64> = Vec::new();
    for cdr in &cdrs {
        if cdr["outcome"] == "answered" {
            admitted.push(seconds(cdr["received_at"].as_str().unwrap()));
        } else {
            assert_eq!(cdr["sip_status"], 503, "{cdr}");
            assert_eq!(cdr["release_reason"], "customer_cps_limit", "{cdr}");
        }
    }
    admitted.sort_by(f64::total_cmp);
    let first = admitted[0];
    for second in 0..9 {
        let from = first + f64::from(second);
        let count = admitted
            .iter()
            .filter(|at| (from..from + 1.0).contains(*at))
            .count();
        assert!(
            (9..=11).contains(&count),
            "{count} admitted in second {second}"
        );
    }
    assert_eq!(switch.metric("didtron_channels_in_use", ""), 0.0);
}

#[test]
fn a_channel_limit_refuses_the_call_that_would_exceed_it() {
    let _turn = my_turn();
    let switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]);
    world.customer = "channel_limit: 5";
    world.apply(&switch);
    let mut load = calls(&switch, "caller_answered_or_refused", 20, 50);
    load.hold_ms = 2_000;
    assert_eq!(
        load.run(),
        Tally {
            successful: 20,
            failed: 0
        }
    );
    let reasons = count_by(&switch.wait_for_cdrs(20), "release_reason");
    assert_eq!(reasons["normal_clearing"], 5, "{reasons:?}");
    assert_eq!(reasons["customer_channel_limit"], 15, "{reasons:?}");
}

/// Seconds within the hour of an RFC 3339 time; enough for a test of a few seconds.
fn seconds(time: &str) -> f64 {
    let (minutes, seconds) = time[14..].trim_end_matches('Z').split_once(':').unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
}
