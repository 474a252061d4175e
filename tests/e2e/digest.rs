//! Trunks that show passwords: made by the API, proved by SIPp on both sides, kept from everybody.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::{Value, json};

const CUSTOMERS_PASSWORD: &str = "correct-horse";
const CARRIERS_PASSWORD: &str = "tr0ub4dor";

/// What SIPp can compute.
const SETTINGS: [(&str, &str); 1] = [("DIDTRON_SIP_DIGEST_ALGORITHMS", "MD5")];

const ALL: Tally = Tally {
    successful: 3,
    failed: 0,
};

/// A customer whose calls show a password to a switch that shows one to its carrier, both written by
/// the API.
fn protected() -> (Switch, Carrier) {
    let switch = Switch::start(&SETTINGS);
    let carrier = Carrier::start("carrier_asks_for_password", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    write_account(&switch, "acme-in", "acme", CUSTOMERS_PASSWORD);
    write_account(&switch, "aurora-out", "didtron", CARRIERS_PASSWORD);
    (switch, carrier)
}

fn write_account(switch: &Switch, trunk: &str, username: &str, password: &str) {
    let mut resource = switch.get(&format!("/api/v1/trunks/{trunk}"));
    let spec = resource["spec"].as_object_mut().unwrap();
    spec.insert(
        "digest".to_owned(),
        json!({ "username": username, "password": password }),
    );
    if spec["direction"] == "ingress" {
        spec.insert("authentication".to_owned(), json!("address_and_digest"));
    }
    let body = json!({ "name": trunk, "spec": spec });
    switch.send("PUT", &format!("/api/v1/trunks/{trunk}"), &body);
}

fn calls<'a>(switch: &Switch, scenario: &'a str) -> Calls<'a> {
    Calls {
        scenario,
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: 3,
        per_second: 10,
        hold_ms: 200,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    }
}

fn assert_kept_from_everybody(switch: &Switch) {
    let shown: Vec<Value> = ["acme-in", "aurora-out"]
        .iter()
        .map(|trunk| switch.get(&format!("/api/v1/trunks/{trunk}")))
        .collect();
    let audit = switch.get("/api/v1/audit-entries");
    for (place, text) in [
        ("trunks", format!("{shown:?}")),
        ("audit", audit.to_string()),
        ("log", switch.log()),
    ] {
        for secret in [CUSTOMERS_PASSWORD, CARRIERS_PASSWORD, "secret:"] {
            assert!(!text.contains(secret), "{secret} in {place}: {text}");
        }
    }
    assert_eq!(shown[0]["spec"]["digest"]["username"], "acme");
}

#[test]
fn passwords_written_by_the_api_are_asked_for_and_shown_in_calls() {
    let (switch, _carrier) = protected();
    assert_eq!(calls(&switch, "caller_with_password").run(), ALL);
    assert_eq!(calls(&switch, "caller_with_wrong_password").run(), ALL);
    let cdrs = switch.wait_for_cdrs(3);
    let answered = cdrs.iter().filter(|cdr| cdr["outcome"] == "answered");
    assert_eq!(answered.count(), 3, "{cdrs:?}");
    assert_kept_from_everybody(&switch);
    switch.wait_until_idle();
}

#[test]
fn passwords_are_still_known_after_a_restart_and_change_at_once() {
    let (mut switch, _carrier) = protected();
    switch.kill_and_restart(&SETTINGS);
    let mut over_tcp = calls(&switch, "caller_with_password");
    over_tcp.over = Over::Tcp;
    assert_eq!(over_tcp.run(), ALL);
    write_account(&switch, "acme-in", "acme", "battery-staple-2");
    assert_eq!(calls(&switch, "caller_with_wrong_password").run(), ALL);
    write_account(&switch, "acme-in", "acme", CUSTOMERS_PASSWORD);
    assert_eq!(calls(&switch, "caller_with_password").run(), ALL);
    assert_kept_from_everybody(&switch);
}
