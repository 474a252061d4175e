//! Each limit, met by real calls: channels and calls per second of customer, trunk, carrier, gateway,
//! route and called number, and the holding of calls beyond the pace.
//!
//! Nothing here depends on how fast the machine is: calls per second are judged by the times in the
//! records, which may be further apart than the pace but never closer.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::Value;
use std::collections::BTreeMap;

const OTHER_NUMBER: &str = "12125550199";

/// Two carriers that answer, the first the cheaper.
struct Bench {
    switch: Switch,
    carriers: [Carrier; 2],
}

/// What a case configures.
#[derive(Clone, Copy, Default)]
struct Case<'a> {
    customer: &'a str,
    ingress: &'a str,
    /// Of the first carrier.
    carrier: &'a str,
    /// Of its trunk.
    trunk: &'a str,
    more: &'a str,
    only_first: bool,
    /// The first carrier's trunk has no gateway of its own.
    is_bare: bool,
}

/// Calls that come nearly at once.
#[derive(Clone, Copy)]
struct Load {
    count: u32,
    hold_ms: u32,
    numbers: &'static [&'static str],
}

/// They are up together, however slow the machine.
const TOGETHER: Load = Load {
    count: 6,
    hold_ms: 10_000,
    numbers: &[NUMBER],
};

const QUICKLY: Load = Load {
    count: 12,
    hold_ms: 20,
    numbers: &[NUMBER],
};

impl Bench {
    fn start() -> Self {
        Self {
            switch: Switch::start(&[]),
            carriers: ["127.0.0.31", "127.0.0.32"]
                .map(|ip| Carrier::start("carrier_answers", ip, Over::Udp, &[])),
        }
    }

    /// Applies the case, places calls, and gives their records, oldest first.
    fn calls(&self, case: Case<'_>, load: Load) -> Vec<Value> {
        let mut first = CarrierSpec::new("aurora", self.carriers[0].address, "0.010");
        first.limits = case.carrier;
        first.more = case.trunk;
        first.is_bare = case.is_bare;
        let mut carriers = vec![first];
        if !case.only_first {
            let second = CarrierSpec::new("borealis", self.carriers[1].address, "0.020");
            carriers.push(second);
        }
        let mut world = World::of(carriers);
        world.customer = case.customer;
        world.ingress = case.ingress;
        world.more = case.more;
        world.apply(&self.switch);
        let before = self.switch.cdrs().len();
        let calls = Calls {
            scenario: "caller_answered_or_refused",
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count: load.count,
            per_second: 50,
            hold_ms: load.hold_ms,
            numbers: load.numbers,
            scratch: self.switch.scratch(),
            more: &[],
        };
        let all = Tally {
            successful: load.count.into(),
            failed: 0,
        };
        assert_eq!(calls.run(), all);
        self.switch.wait_until_idle();
        let count = load.count as usize;
        let cdrs = self.switch.wait_for_cdrs(before + count);
        let mut records: Vec<_> = cdrs[..count]
            .iter()
            .map(|cdr| {
                let id = cdr["id"].as_str().unwrap();
                self.switch.get(&format!("/api/v1/cdrs/{id}"))
            })
            .collect();
        records.sort_by_key(|record| micros(&record["received_at"]));
        records
    }
}

/// Microseconds of the day of an RFC 3339 time.
fn micros(time: &Value) -> i64 {
    let text = time.as_str().unwrap();
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let seconds = (number(11..13) * 60 + number(14..16)) * 60 + number(17..19);
    let fraction = text[19..].trim_start_matches('.').trim_end_matches('Z');
    let fraction = format!("{fraction:0<6}");
    seconds * 1_000_000 + fraction[..6].parse::<i64>().unwrap()
}

fn reasons(records: &[Value]) -> BTreeMap<String, usize> {
    let mut reasons = BTreeMap::new();
    for record in records {
        let reason = record["release_reason"].as_str().unwrap().to_owned();
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

/// The first attempt of each call that has one.
fn attempts(records: &[Value]) -> impl Iterator<Item = &Value> {
    records
        .iter()
        .filter_map(|record| record["attempt_records"].as_array().unwrap().first())
}

/// How many calls each carrier's address got.
fn by_gateway(records: &[Value]) -> BTreeMap<&str, usize> {
    let mut gateways = BTreeMap::new();
    for attempt in attempts(records) {
        *gateways
            .entry(attempt["gateway"].as_str().unwrap())
            .or_default() += 1;
    }
    gateways
}

/// No two follow each other closer than the pace lets them: each may be early by 50 ms, and the clock
/// of records is read apart from that of limits.
fn assert_paced(mut times: Vec<i64>, interval_us: i64) {
    times.sort_unstable();
    for (place, at) in times.iter().enumerate() {
        let paced_us = place as i64 * interval_us - 60_000;
        assert!(at - times[0] >= paced_us, "{place} of {times:?}");
    }
}

#[test]
fn each_channel_limit_of_the_customers_side_refuses_what_exceeds_it() {
    let bench = Bench::start();
    let two = Case {
        only_first: true,
        ..Case::default()
    };
    let both = Load {
        numbers: &[NUMBER, OTHER_NUMBER],
        ..TOGETHER
    };
    for (case, load, reason, answered) in [
        (
            Case {
                customer: "channel_limit: 2",
                ..two
            },
            TOGETHER,
            "customer_channel_limit",
            2,
        ),
        (
            Case {
                ingress: "channel_limit: 2",
                ..two
            },
            TOGETHER,
            "trunk_channel_limit",
            2,
        ),
        (
            Case {
                customer: "called_number_channel_limit: 2",
                ..two
            },
            both,
            "called_number_channel_limit",
            4,
        ),
        (
            Case {
                ingress: "called_number_channel_limit: 1",
                ..two
            },
            both,
            "called_number_channel_limit",
            2,
        ),
    ] {
        let records = bench.calls(case, load);
        let expected = [
            ("normal_clearing".to_owned(), answered),
            (reason.to_owned(), 6 - answered),
        ];
        assert_eq!(reasons(&records), BTreeMap::from(expected));
        for record in &records {
            let is_refused = record["release_reason"] == reason;
            assert_eq!(record["sip_status"], if is_refused { 503 } else { 200 });
        }
    }
    assert_eq!(bench.switch.metric("didtron_channels_in_use", ""), 0.0);
    assert_eq!(bench.switch.metric("didtron_channels_drifted", ""), 0.0);
}

#[test]
fn each_pace_of_the_customers_side_refuses_what_comes_too_early() {
    let bench = Bench::start();
    let one = Case {
        only_first: true,
        ..Case::default()
    };
    for (case, reason) in [
        (
            Case {
                customer: "cps_limit: 1",
                ..one
            },
            "customer_cps_limit",
        ),
        (
            Case {
                ingress: "cps_limit: 1",
                ..one
            },
            "trunk_cps_limit",
        ),
        (
            Case {
                customer: "called_number_cps_limit: 1",
                ..one
            },
            "called_number_cps_limit",
        ),
        (
            Case {
                ingress: "called_number_cps_limit: 1",
                ..one
            },
            "called_number_cps_limit",
        ),
    ] {
        let records = bench.calls(case, QUICKLY);
        let found = reasons(&records);
        assert!(
            found[reason] > 0 && found["normal_clearing"] > 0,
            "{found:?}"
        );
        assert_eq!(found.len(), 2, "{found:?}");
        let admitted = records
            .iter()
            .filter(|record| record["outcome"] == "answered")
            .map(|record| micros(&record["received_at"]));
        assert_paced(admitted.collect(), 1_000_000);
    }
}

const EAST: &str = "shared_gateways: [{ gateway: east, priority: 10 }]";

fn east(bench: &Bench, limit: &str) -> String {
    let address = bench.carriers[0].address;
    format!(
        "---\nkind: gateway\nname: east\nspec: {{ carrier: aurora, address: \"{address}\", {limit} }}\n"
    )
}

fn route(limit: &str) -> String {
    format!("---\nkind: route\nname: r\nspec: {{ carrier: aurora, prefixes: [\"1\"], {limit} }}\n")
}

#[test]
fn each_channel_limit_of_the_carriers_side_passes_calls_on() {
    let bench = Bench::start();
    let [first, second] = [0, 1].map(|place| bench.carriers[place].address.to_string());
    let (route, limit) = (route("channel_limit: 2"), "channel_limit: 2");
    for case in [
        Case {
            carrier: limit,
            ..Case::default()
        },
        Case {
            trunk: limit,
            ..Case::default()
        },
        Case {
            more: &route,
            ..Case::default()
        },
    ] {
        let records = bench.calls(case, TOGETHER);
        assert_eq!(reasons(&records)["normal_clearing"], 6);
        let expected = BTreeMap::from([(first.as_str(), 2), (second.as_str(), 4)]);
        assert_eq!(by_gateway(&records), expected);
    }
}

#[test]
fn a_full_gateway_passes_calls_on_to_the_next_of_its_trunk() {
    let bench = Bench::start();
    let [first, second] = [0, 1].map(|place| bench.carriers[place].address.to_string());
    let place = |limit: &str, load| {
        let trunk =
            format!("{EAST}\nfurther_gateways: [{{ address: \"{second}\", priority: 50 }}]");
        let more = east(&bench, limit);
        let case = Case {
            trunk: &trunk,
            more: &more,
            only_first: true,
            is_bare: true,
            ..Case::default()
        };
        bench.calls(case, load)
    };
    let records = place("channel_limit: 2", TOGETHER);
    let expected = BTreeMap::from([(first.as_str(), 2), (second.as_str(), 4)]);
    assert_eq!(by_gateway(&records), expected);
    assert!(attempts(&records).all(|attempt| attempt["egress_trunk"] == "aurora-out"));
    let records = place("cps_limit: 1", QUICKLY);
    let at_first = attempts(&records).filter(|attempt| attempt["gateway"] == *first);
    assert_paced(
        at_first
            .map(|attempt| micros(&attempt["started_at"]))
            .collect(),
        1_000_000,
    );
    assert_eq!(reasons(&records)["normal_clearing"], 12);
    let records = place("status: inactive", QUICKLY);
    assert_eq!(
        by_gateway(&records),
        BTreeMap::from([(second.as_str(), 12)])
    );
}

#[test]
fn each_pace_of_the_carriers_side_passes_calls_on() {
    let bench = Bench::start();
    let first = bench.carriers[0].address.to_string();
    let (route, limit) = (route("cps_limit: 1"), "cps_limit: 1");
    for case in [
        Case {
            carrier: limit,
            ..Case::default()
        },
        Case {
            trunk: limit,
            ..Case::default()
        },
        Case {
            more: &route,
            ..Case::default()
        },
    ] {
        let records = bench.calls(case, QUICKLY);
        assert_eq!(reasons(&records)["normal_clearing"], 12);
        let at_first = attempts(&records).filter(|attempt| attempt["gateway"] == *first);
        let times: Vec<_> = at_first
            .map(|attempt| micros(&attempt["started_at"]))
            .collect();
        assert!(!times.is_empty() && times.len() < 12, "{times:?}");
        assert_paced(times, 1_000_000);
    }
}

#[test]
fn a_burst_is_stretched_to_the_pace_and_what_would_wait_too_long_is_refused() {
    let bench = Bench::start();
    let load = Load {
        count: 8,
        hold_ms: 20,
        numbers: &[NUMBER],
    };
    for (customer, ingress) in [
        ("cps_limit: 4\ncps_smoothing_ms: 2000", ""),
        ("", "cps_limit: 4\ncps_smoothing_ms: 2000"),
    ] {
        let case = Case {
            customer,
            ingress,
            only_first: true,
            ..Case::default()
        };
        let records = bench.calls(case, load);
        assert_eq!(reasons(&records)["normal_clearing"], 8, "none is refused");
        let begun = attempts(&records).map(|attempt| micros(&attempt["started_at"]));
        assert_paced(begun.collect(), 250_000);
    }
    let case = Case {
        customer: "cps_limit: 1\ncps_smoothing_ms: 1500",
        only_first: true,
        ..Case::default()
    };
    let records = bench.calls(case, QUICKLY);
    let found = reasons(&records);
    assert!(found["customer_cps_limit"] > 0, "{found:?}");
    let answered = records
        .iter()
        .filter(|record| record["outcome"] == "answered");
    let waited = answered.map(|record| {
        micros(&record["attempt_records"][0]["started_at"]) - micros(&record["received_at"])
    });
    let longest = waited.max().unwrap();
    assert!(longest > 100_000, "somebody waited: {longest}");
    let begun = attempts(&records).map(|attempt| micros(&attempt["started_at"]));
    assert_paced(begun.collect(), 1_000_000);
}
