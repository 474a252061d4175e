//! Shared translation rules and number lists, written by the API and met by calls of SIPp.

use crate::resources::{CUSTOMER, CarrierSpec, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::{Value, json};

/// Gives a resource a number policy.
pub(crate) fn set_numbers(switch: &Switch, path: &str, numbers: &Value) {
    let path = format!("/api/v1/{path}");
    let mut resource = switch.get(&path);
    resource["spec"]["numbers"] = numbers.clone();
    let body = json!({ "name": resource["name"], "spec": resource["spec"] });
    switch.send("PUT", &path, &body);
}

pub(crate) fn write(switch: &Switch, kind: &str, name: &str, spec: Value) {
    let body = json!({ "name": name, "spec": spec });
    switch.send("POST", &format!("/api/v1/{kind}"), &body);
}

/// A call to each number, and its whole record.
pub(crate) fn records(switch: &Switch, numbers: &[&str]) -> Vec<Value> {
    let before = switch.cdrs().len();
    let count = numbers.len() as u32;
    let calls = Calls {
        scenario: "caller_answered_or_refused",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count,
        per_second: 5,
        hold_ms: 100,
        numbers,
        scratch: switch.scratch(),
        more: &[],
    };
    let all = Tally {
        successful: count.into(),
        failed: 0,
    };
    assert_eq!(calls.run(), all);
    let cdrs = switch.wait_for_cdrs(before + numbers.len());
    let whole = cdrs.iter().map(|cdr| {
        let id = cdr["id"].as_str().unwrap();
        switch.get(&format!("/api/v1/cdrs/{id}"))
    });
    let of_number = |records: &[Value], number: &&str| {
        let mut found = records.iter();
        found
            .find(|record| record["called_number_received"] == *number)
            .unwrap()
            .clone()
    };
    let whole: Vec<_> = whole.collect();
    numbers
        .iter()
        .map(|number| of_number(&whole, number))
        .collect()
}

pub(crate) fn switch_with_two_carriers() -> (Switch, [Carrier; 2]) {
    let switch = Switch::start(&[]);
    let start = |ip| Carrier::start("carrier_answers", ip, Over::Udp, &[]);
    let carriers = [start("127.0.0.31"), start("127.0.0.32")];
    World::of(vec![
        CarrierSpec::new("aurora", carriers[0].address, "0.010"),
        CarrierSpec::new("borealis", carriers[1].address, "0.020"),
    ])
    .apply(&switch);
    (switch, carriers)
}

#[test]
fn numbers_go_through_the_rules_of_both_sides() {
    let (switch, _carriers) = switch_with_two_carriers();
    let rule = |rule: Value| json!({ "rules": [rule] });
    let national = json!({ "pattern": "0([1-9][0-9]+)", "replacement": "44$1" });
    write(&switch, "translation-rules", "national", rule(national));
    let dial_out = json!({ "prefix": "44", "replacement": "900" });
    write(&switch, "translation-rules", "dial-out", rule(dial_out));
    let plus = json!({ "prefix": "", "replacement": "+" });
    write(&switch, "translation-rules", "plus", rule(plus));
    set_numbers(
        &switch,
        "customers/acme",
        &json!({ "called_rules": "national" }),
    );
    set_numbers(
        &switch,
        "carriers/aurora",
        &json!({ "called_rules": "dial-out" }),
    );
    set_numbers(
        &switch,
        "trunks/aurora-out",
        &json!({ "calling_rules": "plus" }),
    );

    let records = records(&switch, &["02071234567", "12125550100"]);
    for (record, called, sent) in [
        (&records[0], "442071234567", "9002071234567"),
        (&records[1], "12125550100", "12125550100"),
    ] {
        assert_eq!(record["outcome"], "answered", "{record:#}");
        assert_eq!(record["called_number"], called);
        let attempt = &record["attempt_records"][0];
        assert_eq!(attempt["called_number_sent"], sent);
        assert_eq!(attempt["calling_number_sent"], "+442071234567");
    }
}

#[test]
fn a_list_refuses_a_call_of_the_customer_and_leaves_out_a_route_of_the_carrier() {
    let (switch, _carriers) = switch_with_two_carriers();
    let deny = |entries: Value| json!({ "action": "deny", "entries": entries });
    write(
        &switch,
        "number-lists",
        "premium",
        deny(json!(["1900", "449"])),
    );
    write(
        &switch,
        "number-lists",
        "not-by-aurora",
        deny(json!(["4477"])),
    );
    set_numbers(&switch, "customers/acme", &json!({ "lists": ["premium"] }));
    set_numbers(
        &switch,
        "trunks/aurora-out",
        &json!({ "lists": ["not-by-aurora"] }),
    );

    let records = records(&switch, &["19005550100", "447700900123", "442071234567"]);
    assert_eq!(records[0]["outcome"], "rejected", "{:#}", records[0]);
    assert_eq!(records[0]["release_reason"], "number_refused");
    assert_eq!(records[0]["sip_status"], 403);
    let carrier = |record: &Value| record["attempt_records"][0]["carrier"].clone();
    assert_eq!(carrier(&records[1]), "borealis");
    assert_eq!(carrier(&records[2]), "aurora");

    let asked = ["--from", "442071234567", "--to", "447700900123"];
    let why = switch.command(&[&["explain", "--customer", "acme"], &asked[..]].concat());
    let why = why.unwrap();
    let lost = why
        .lines()
        .find(|line| line.contains("aurora-out"))
        .unwrap();
    assert!(lost.contains("number list \"not-by-aurora\""), "{why}");
}
