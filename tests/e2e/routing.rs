//! LCR profiles and routes, by the carriers that real calls reach.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over};
use crate::switch::Switch;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Three carriers that answer, the first the cheapest.
struct Bench {
    switch: Switch,
    carriers: [Carrier; 3],
}

const NAMES: [&str; 3] = ["aurora", "borealis", "cirrus"];

impl Bench {
    fn start(scenario: &str) -> Self {
        Self::of([scenario; 3])
    }

    fn of(scenarios: [&str; 3]) -> Self {
        let carriers = [0, 1, 2].map(|place| {
            let ip = ["127.0.0.31", "127.0.0.32", "127.0.0.33"][place];
            Carrier::start(scenarios[place], ip, Over::Udp, &[])
        });
        Self {
            switch: Switch::start(&[]),
            carriers,
        }
    }

    fn addresses(&self) -> [SocketAddr; 3] {
        [0, 1, 2].map(|place| self.carriers[place].address)
    }

    /// Applies the documents, places calls, and gives the records of these calls.
    fn calls(&self, more: &str, count: u32) -> Vec<Value> {
        self.calls_with("priority: 30", more, count)
    }

    /// The same with lines of the first carrier's trunk.
    fn calls_with(&self, first_trunk: &str, more: &str, count: u32) -> Vec<Value> {
        let addresses = self.addresses();
        let carriers = [("0.010", 0), ("0.011", 1), ("0.030", 2)].map(|(price, place)| {
            let mut carrier = CarrierSpec::new(NAMES[place], addresses[place], price);
            carrier.more = [first_trunk, "priority: 20", "priority: 10"][place];
            carrier
        });
        let mut world = World::of(carriers.into());
        world.more = more;
        world.apply(&self.switch);
        let before = self.switch.get("/api/v1/cdrs?limit=200")["items"]
            .as_array()
            .unwrap()
            .len();
        let tally = Calls {
            scenario: "caller_answered",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count,
            per_second: 20,
            hold_ms: 20,
            numbers: &[NUMBER],
            scratch: self.switch.scratch(),
            more: &[],
        }
        .run();
        assert_eq!(tally.successful + tally.failed, u64::from(count));
        let records = self.switch.wait_for_cdrs(before + count as usize);
        let new = records.iter().take(count as usize);
        new.map(|cdr| {
            self.switch
                .get(&format!("/api/v1/cdrs/{}", cdr["id"].as_str().unwrap()))
        })
        .collect()
    }
}

/// How often each carrier was tried first.
fn firsts(records: &[Value]) -> BTreeMap<&str, usize> {
    let mut firsts = BTreeMap::new();
    for record in records {
        let carrier = record["attempt_records"][0]["carrier"].as_str().unwrap();
        *firsts.entry(carrier).or_default() += 1;
    }
    firsts
}

fn profile(spec: &str) -> String {
    format!("---\nkind: lcr_profile\nname: P\nspec: {spec}\n")
}

#[test]
fn why_a_past_call_went_as_it_did_is_told_though_everything_was_changed_since() {
    let bench = Bench::start("carrier_answers");
    let turns = profile("{ strategy: round_robin, excluded_carriers: [cirrus] }");
    let records = bench.calls(&turns, 4);
    let explain = |record: &Value| {
        let id = record["id"].as_str().unwrap();
        bench.switch.get(&format!("/api/v1/cdrs/{id}/explain"))
    };
    let told: Vec<_> = records.iter().map(explain).collect();
    for (record, told) in records.iter().zip(&told) {
        assert_eq!(told["basis"], "recorded", "{told:#}");
        assert_eq!(told["is_exact"], true, "{told:#}");
        let first = &told["explanation"]["routes"][0];
        assert_eq!(first["carrier"], record["attempt_records"][0]["carrier"]);
    }
    // Other prices, another profile, and the turns go on.
    bench.calls_with("priority: 1", &profile("{ strategy: reverse }"), 2);
    let again: Vec<_> = records.iter().map(explain).collect();
    assert_eq!(told, again, "to the byte");

    let id = records[0]["id"].as_str().unwrap();
    let tried = records[0]["attempt_records"][0]["carrier"]
        .as_str()
        .unwrap();
    let other = if tried == "aurora" {
        "borealis"
    } else {
        "aurora"
    };
    for (carrier, outcome) in [
        (tried, "tried: attempt 1 by trunk"),
        (other, "not reached: place 2 in the order"),
        ("cirrus", "lost: trunk"),
        ("nobody", "unknown: "),
    ] {
        let command = ["explain", "--call", id, "--carrier", carrier];
        let text = bench.switch.command(&command).unwrap();
        let expected = format!("Carrier \"{carrier}\": {outcome}");
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("This is the call's own decision."), "{text}");
    }
}

#[test]
fn each_profile_sends_calls_where_it_says() {
    let bench = Bench::start("carrier_answers");
    for (spec, first) in [
        ("{}", "aurora"),
        ("{ strategy: reverse }", "cirrus"),
        ("{ strategy: priority }", "cirrus"),
        (
            "{ strategy: price_band, price_band_percent: 10 }",
            "borealis",
        ),
        (
            "{ strategy: manual, carrier_order: [borealis] }",
            "borealis",
        ),
        ("{ excluded_carriers: [aurora, borealis] }", "cirrus"),
        (
            "{ force_first: [{ carrier: cirrus, percent: 100 }] }",
            "cirrus",
        ),
    ] {
        let records = bench.calls(&profile(spec), 3);
        assert_eq!(firsts(&records), BTreeMap::from([(first, 3)]), "{spec}");
    }
    let records = bench.calls(&profile("{ strategy: round_robin }"), 9);
    assert_eq!(
        firsts(&records),
        BTreeMap::from(NAMES.map(|name| (name, 3)))
    );

    let shares = "{ strategy: percentage, carrier_shares: [{ carrier: aurora, percent: 50 }, \
                  { carrier: cirrus, percent: 50 }] }";
    let records = bench.calls(&profile(shares), 40);
    let firsts_of_shares = firsts(&records);
    // Forty fair coins fall on one side fewer than five times once in ten million runs.
    assert!(firsts_of_shares["aurora"] >= 5 && firsts_of_shares["cirrus"] >= 5);
    assert_eq!(firsts_of_shares.len(), 2);

    let weights = "---\nkind: route\nname: r1\nspec: { carrier: aurora, priority: 1, weight: 1 }\n\
                   ---\nkind: route\nname: r2\nspec: { carrier: borealis, priority: 1, weight: 65535 }\n";
    let records = bench.calls(&format!("{weights}{}", profile("{ strategy: weight }")), 20);
    assert!(firsts(&records)["borealis"] >= 19);
}

#[test]
fn routes_lead_calls_by_number_and_customer() {
    let bench = Bench::start("carrier_answers");
    let only = "---\nkind: route\nname: USA via cirrus only\nassign: { customers: [acme] }\n\
                spec: { carrier: cirrus, prefixes: [\"1\"], exclusive: true }\n";
    let records = bench.calls(only, 3);
    assert_eq!(firsts(&records), BTreeMap::from([("cirrus", 3)]));

    let explained = bench
        .switch
        .get(&format!("/api/v1/explain?from=1&to={NUMBER}"));
    assert_eq!(explained["routes"][0]["route"], "USA via cirrus only");
    assert_eq!(explained["routes"][1]["reason"], "not_exclusive");

    let group = "---\nkind: route\nname: USA via cirrus only\nspec: { carrier: borealis, status: inactive }\n\
                 ---\nkind: route\nname: main\nspec: { carrier: cirrus }\n\
                 ---\nkind: route\nname: spare\nspec: { trunk: borealis-out }\n\
                 ---\nkind: route_group\nname: G\nspec: { members: [{ route: main, role: backup }, { route: spare }] }\n";
    let records = bench.calls(group, 3);
    assert_eq!(firsts(&records), BTreeMap::from([("borealis", 3)]));
}

#[test]
fn a_profile_bounds_the_routes_that_a_call_tries() {
    let bench = Bench::start("carrier_refuses_503");
    let attempts = |records: &[Value]| -> Vec<usize> {
        let attempts = records
            .iter()
            .map(|record| record["attempt_records"].as_array().unwrap().len());
        attempts.collect()
    };
    assert_eq!(attempts(&bench.calls("", 2)), [3, 3]);
    assert_eq!(
        attempts(&bench.calls(&profile("{ attempts_max: 2 }"), 2)),
        [2, 2]
    );
}

#[test]
fn a_user_who_is_busy_is_not_rung_again_by_another_carrier() {
    let bench = Bench::start("carrier_busy");
    for record in bench.calls(&profile("{ strategy: round_robin, attempts_max: 10 }"), 3) {
        assert_eq!(
            record["attempt_records"].as_array().unwrap().len(),
            1,
            "{record:#}"
        );
        assert_eq!(record["release_reason"], "user_busy");
    }
}

/// Until what the switch knows of attempts puts another carrier first.
fn wait_for_first(bench: &Bench, carrier: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    loop {
        let explained = bench
            .switch
            .get(&format!("/api/v1/explain?from=1&to={NUMBER}"));
        if explained["routes"][0]["carrier"] == carrier {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "{explained:#}");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn calls_leave_a_carrier_that_fails_for_one_that_does_well() {
    let bench = Bench::of(["carrier_refuses_503", "carrier_answers", "carrier_answers"]);
    let balance = profile("{ strategy: quality, quality_balance_percent: 50 }");
    let records = bench.calls(&balance, 40);
    assert_eq!(
        records[39]["attempt_records"][0]["carrier"], "aurora",
        "the first of all"
    );
    // How many attempts it takes depends on when the first of them are handed over.
    wait_for_first(&bench, NAMES[1]);
    let records = bench.calls(&balance, 10);
    assert_eq!(firsts(&records), BTreeMap::from([("borealis", 10)]));

    let floor = profile("{ quality_floor: { ner_percent: 80 } }");
    let records = bench.calls(&floor, 10);
    assert_eq!(firsts(&records), BTreeMap::from([("borealis", 10)]));
    let explained = bench
        .switch
        .get(&format!("/api/v1/explain?from=1&to={NUMBER}"));
    let last = explained["routes"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&last["carrier"], &last["rank_key"]["is_below_floor"]),
        (&"aurora".into(), &true.into())
    );
    let cheapest = bench.calls(&profile("{}"), 3);
    assert_eq!(firsts(&cheapest), BTreeMap::from([("aurora", 3)]));
}

#[test]
fn a_trunk_whose_attempts_fail_gets_a_share_of_calls() {
    let bench = Bench::of(["carrier_refuses_503", "carrier_answers", "carrier_answers"]);
    let throttle = "priority: 30\nthrottle: { attempts_min: 10, window_s: 3600, share_percent: 0 }";
    let records = bench.calls_with(throttle, "", 12);
    // The latest first: the first ten were tried with it.
    assert_eq!(firsts(&records[2..]), BTreeMap::from([("aurora", 10)]));
    let records = bench.calls_with(throttle, "", 10);
    assert_eq!(firsts(&records), BTreeMap::from([("borealis", 10)]));
    let without = bench.calls_with("priority: 30", "", 1);
    assert_eq!(firsts(&without), BTreeMap::from([("aurora", 1)]));
}

#[test]
fn a_call_of_the_records_tells_why_each_carrier_was_not_taken() {
    let bench = Bench::start("carrier_answers");
    let shares = profile(
        "{ strategy: percentage, carrier_shares: [{ carrier: aurora, percent: 50 }, \
         { carrier: borealis, percent: 50 }], excluded_carriers: [cirrus] }",
    );
    for record in bench.calls(&shares, 8) {
        let id = record["id"].as_str().unwrap();
        let told = bench.switch.get(&format!("/api/v1/cdrs/{id}/explain"));
        let routes = told["explanation"]["routes"].as_array().unwrap();
        // The same lot as the call's own.
        assert_eq!(
            routes[0]["carrier"], record["attempt_records"][0]["carrier"],
            "{told:#}"
        );
        assert_eq!(routes[0]["rank_key"]["is_put_first"], true);
        assert_eq!(routes[2]["carrier"], "cirrus");
        assert_eq!(routes[2]["reason"], "carrier_not_allowed");
        assert_eq!(
            told["decided_by_snapshot"],
            told["explanation"]["snapshot_number"]
        );
    }
}
