//! The first carrier fails in each way there is; the call goes to the second within its timers.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::Switch;
use serde_json::Value;
use std::net::{SocketAddr, UdpSocket};

const FAST: &str = "failover:\n  first_reply_timeout_ms: 3000";

/// Places five calls; returns their whole records.
fn records_when_first_is(first: SocketAddr, more: &str) -> Vec<Value> {
    let switch = Switch::start(&[]);
    let second = Carrier::start("carrier_answers", "127.0.0.32", Over::Udp, &[]);
    let mut cheap = CarrierSpec::new("aurora", first, "0.010");
    cheap.more = more;
    World::of(vec![
        cheap,
        CarrierSpec::new("borealis", second.address, "0.020"),
    ])
    .apply(&switch);
    let tally = Calls {
        scenario: "caller_answered",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: 5,
        per_second: 5,
        hold_ms: 100,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    }
    .run();
    assert_eq!(
        tally,
        Tally {
            successful: 5,
            failed: 0
        }
    );
    switch
        .wait_for_cdrs(5)
        .iter()
        .map(|cdr| switch.get(&format!("/api/v1/cdrs/{}", cdr["id"].as_str().unwrap())))
        .collect()
}

fn check(records: &[Value], status: u64, reason: &str) {
    assert_eq!(records.len(), 5);
    for record in records {
        let attempts = record["attempt_records"].as_array().unwrap();
        assert_eq!(attempts.len(), 2, "{record:#}");
        assert_eq!(attempts[0]["carrier"], "aurora");
        assert_eq!(attempts[0]["outcome"], "failed");
        assert_eq!(attempts[0]["sip_status"], status, "{record:#}");
        assert_eq!(attempts[0]["release_reason"], reason, "{record:#}");
        assert_eq!(attempts[1]["carrier"], "borealis");
        assert_eq!(attempts[1]["outcome"], "answered");
        assert_eq!(record["outcome"], "answered");
    }
}

#[test]
fn a_carrier_that_answers_503_loses_the_call_to_the_next() {
    let first = Carrier::start("carrier_refuses_503", "127.0.0.31", Over::Udp, &[]);
    check(
        &records_when_first_is(first.address, FAST),
        503,
        "carrier_rejected",
    );
}

#[test]
fn a_silent_carrier_loses_the_call_after_its_first_reply_time() {
    let silent = UdpSocket::bind("127.0.0.31:0").unwrap();
    let records = records_when_first_is(silent.local_addr().unwrap(), FAST);
    check(&records, 0, "carrier_silent");
    for record in records {
        let pdd = record["pdd_ms"].as_u64().unwrap();
        assert!(
            (2_950..20_000).contains(&pdd),
            "{pdd} ms with a first-reply time of 3 s, far from the 32 s of a whole transaction"
        );
    }
}

#[test]
fn a_carrier_that_refuses_datagrams_loses_the_call_at_once() {
    let closed = UdpSocket::bind("127.0.0.31:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let slow = "failover:\n  first_reply_timeout_ms: 5000";
    let records = records_when_first_is(closed, slow);
    check(&records, 0, "carrier_unreachable");
    for record in records {
        assert!(record["pdd_ms"].as_u64().unwrap() < 5_000, "{record:#}");
    }
}

#[test]
fn a_carrier_that_refuses_connections_loses_the_call_at_once() {
    let closed = std::net::TcpListener::bind("127.0.0.31:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let slow = "transport: tcp\nfailover:\n  first_reply_timeout_ms: 5000";
    check(
        &records_when_first_is(closed, slow),
        0,
        "carrier_unreachable",
    );
}
