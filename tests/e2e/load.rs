//! Many calls at once. These tests take turns, so that they measure the switch and not each other.

use crate::faults::all_records;
use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::{Switch, until};
use rating::Amount;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// More calls than any machine places in a test, which ends them when it has seen enough.
const ENDLESS: u32 = 100_000;

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
    let mut load = calls(&switch, "caller_answered", ENDLESS, 200);
    load.hold_ms = 1_500;
    let running = load.start();
    let mut ended_before = 0;
    until("calls have ended and many are up", || {
        // SIPp counts a call when its BYE is answered, and writes the count once a second.
        ended_before = running.successful_so_far();
        ended_before > 100 && switch.calls_now() > 150
    });
    let ended_before = usize::try_from(ended_before).unwrap();
    switch.kill();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let killed_at = now.as_secs_f64();
    drop(running);
    drop(carrier);
    switch.kill_and_restart(&[]);
    let cdrs = all_records(&switch);
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
        let answered_at = seconds(cdr["answered_at"].as_str().unwrap());
        let was_up = (killed_at - answered_at).rem_euclid(3_600.0);
        let charged = cdr["duration_ms"].as_f64().unwrap() / 1_000.0;
        assert!(charged <= was_up + 1.0, "charged beyond the crash: {cdr}");
    }
    // A second restart changes nothing.
    switch.kill_and_restart(&[]);
    assert_eq!(count_by(&all_records(&switch), "outcome"), outcomes);
    assert_eq!(switch.calls_now(), 0);
}

#[test]
fn a_changed_rate_card_reaches_new_calls_without_failing_one() {
    let _turn = my_turn();
    let switch = switch();
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]);
    world.apply(&switch);
    let running = calls(&switch, "caller_answered", ENDLESS, 200).start();
    let prices = ["0.06", "0.07", "0.08", "0.09"];
    for price in prices {
        if price != world.price {
            world.price = price;
            world.apply(&switch);
        }
        let before = running.successful_so_far();
        until("calls end after the push", || {
            running.successful_so_far() >= before + 600
        });
    }
    running.place_no_more();
    let tally = running.finish();
    assert_eq!(tally.failed, 0);
    let cdrs = switch.wait_for_cdrs(usize::try_from(tally.successful).unwrap());
    let snapshots = count_by(&cdrs, "snapshot_number");
    assert_eq!(snapshots.len(), 4, "{snapshots:?}");
    assert!(
        snapshots.values().all(|calls| *calls > 200),
        "{snapshots:?}"
    );
    // Each snapshot's calls were charged by that snapshot's card.
    let charged: BTreeSet<(u64, i64)> = cdrs
        .iter()
        .map(|cdr| {
            let charge: Amount = cdr["charge"].as_str().unwrap().parse().unwrap();
            // Of a minute; a charge is rounded by less than a nano-unit.
            let seconds = cdr["billed_seconds"].as_i64().unwrap();
            let cents = (charge.0 * 60 / seconds + 5_000_000) / 10_000_000;
            (cdr["snapshot_number"].as_u64().unwrap(), cents)
        })
        .collect();
    let cents: Vec<i64> = charged.iter().map(|(_, cents)| *cents).collect();
    assert_eq!(cents, [6, 7, 8, 9], "{charged:?}");
}

#[test]
fn a_limit_of_10_cps_admits_no_more_than_10_a_second_of_50() {
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
    // How many come in a second depends on the machine, how many of them are admitted at most does not: one may
    // come 50 ms early, and the clock of records is read apart from that of limits.
    let is_paced = |some: &[f64]| some[11] - some[0] > 1.0;
    assert!(admitted.windows(12).all(is_paced), "{admitted:?}");
    assert!((2..500).contains(&admitted.len()), "{admitted:?}");
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
    load.hold_ms = 10_000;
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
