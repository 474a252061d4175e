//! Single calls: what each side sees, and what the record says.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::{PATIENCE, Switch};
use rating::Amount;
use std::time::{Duration, Instant};

fn calls<'a>(switch: &Switch, scenario: &'a str, numbers: &'a [&'a str]) -> Calls<'a> {
    Calls {
        scenario,
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: 3,
        per_second: 10,
        hold_ms: 300,
        numbers,
        scratch: switch.scratch(),
        more: &[],
    }
}

const ALL: Tally = Tally {
    successful: 3,
    failed: 0,
};

fn switch_with(scenario: &str, over: Over, more: &[&str], trunk: &str) -> (Switch, Carrier) {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start(scenario, "127.0.0.31", over, more);
    let mut spec = CarrierSpec::new("aurora", carrier.address, "0.012");
    spec.more = trunk;
    World::of(vec![spec]).apply(&switch);
    (switch, carrier)
}

#[test]
fn an_answered_call_is_rated_on_both_sides() {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    let mut world = World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]);
    world.card = "initial_interval_s: 30\nnext_interval_s: 6\nconnection_fee: \"0.001\"";
    world.apply(&switch);
    assert_eq!(calls(&switch, "caller_answered", &[NUMBER]).run(), ALL);
    for cdr in switch.wait_for_cdrs(3) {
        assert_eq!(cdr["outcome"], "answered", "{cdr}");
        assert_eq!(cdr["customer"], "acme");
        assert_eq!(cdr["carrier"], "aurora");
        assert_eq!(cdr["destination"], "USA");
        // 0.3 s: the customer pays 30 s at 0.06 a minute and the fee, the carrier takes whole seconds.
        assert_eq!(cdr["billed_seconds"], 30);
        assert_eq!(decimal(&cdr["charge"]), "0.031");
        let nanos = |field: &str| cdr[field].as_str().unwrap().parse::<Amount>().unwrap().0;
        let duration = cdr["duration_ms"].as_i64().unwrap();
        assert!(duration >= 250, "{cdr}");
        // 0.012 a minute, for each second that was begun.
        assert_eq!(nanos("cost") % 200_000, 0, "{cdr}");
        let paid_ms = nanos("cost") / 200_000 * 1_000;
        assert!((paid_ms - 1_000..=paid_ms).contains(&duration), "{cdr}");
        assert_eq!(nanos("margin"), nanos("charge") - nanos("cost"), "{cdr}");
        assert_eq!(cdr["released_by"], "customer");
    }
    switch.wait_until_idle();
}

/// A decimal string without the zeros that only pad it.
fn decimal(value: &serde_json::Value) -> &str {
    let text = value.as_str().unwrap();
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

#[test]
fn a_call_may_come_by_tcp_and_leave_by_tcp() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Tcp, &[], "transport: tcp");
    let mut calls = calls(&switch, "caller_answered", &[NUMBER]);
    calls.over = Over::Tcp;
    assert_eq!(calls.run(), ALL);
    let cdrs = switch.wait_for_cdrs(3);
    assert!(
        cdrs.iter().all(|cdr| cdr["outcome"] == "answered"),
        "{cdrs:?}"
    );
}

#[test]
fn a_call_may_come_by_udp_and_leave_by_tcp() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Tcp, &[], "transport: tcp");
    assert_eq!(calls(&switch, "caller_answered", &[NUMBER]).run(), ALL);
}

#[test]
fn a_cancelled_call_ends_with_487_and_costs_nothing() {
    let (switch, _carrier) = switch_with("carrier_rings", Over::Udp, &[], "");
    assert_eq!(calls(&switch, "caller_cancels", &[NUMBER]).run(), ALL);
    for cdr in switch.wait_for_cdrs(3) {
        assert_eq!(cdr["outcome"], "cancelled", "{cdr}");
        assert_eq!(cdr["sip_status"], 487);
        assert_eq!(decimal(&cdr["charge"]), "0");
        assert!(cdr["pdd_ms"].is_u64());
    }
    switch.wait_until_idle();
}

#[test]
fn a_re_invite_goes_through_to_the_other_side() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Udp, &[], "");
    assert_eq!(calls(&switch, "caller_reinvites", &[NUMBER]).run(), ALL);
    assert_eq!(switch.wait_for_cdrs(3).len(), 3);
}

#[test]
fn the_carrier_may_hang_up() {
    let (switch, _carrier) = switch_with("carrier_hangs_up", Over::Udp, &["-d", "200"], "");
    assert_eq!(
        calls(&switch, "caller_hangup_by_carrier", &[NUMBER]).run(),
        ALL
    );
    for cdr in switch.wait_for_cdrs(3) {
        assert_eq!(cdr["released_by"], "carrier", "{cdr}");
    }
}

#[test]
fn a_number_without_a_route_gets_404_with_a_reason() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Udp, &[], "");
    assert_eq!(
        calls(&switch, "caller_refused_404", &["99912345678"]).run(),
        ALL
    );
    for cdr in switch.wait_for_cdrs(3) {
        assert_eq!(cdr["outcome"], "rejected", "{cdr}");
        assert_eq!(cdr["sip_status"], 404);
    }
}

#[test]
fn relayed_media_reaches_the_other_side_and_is_counted() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Udp, &[], "");
    let path = switch.scratch().join("resources.yaml");
    let yaml = std::fs::read_to_string(&path)
        .unwrap()
        .replace("media: direct", "media: relay");
    std::fs::write(&path, yaml).unwrap();
    switch.apply(&path).unwrap();
    assert_eq!(calls(&switch, "caller_answered", &[NUMBER]).run(), ALL);
    let cdrs = switch.wait_for_cdrs(3);
    let id = cdrs[0]["id"].as_str().unwrap();
    let record = switch.get(&format!("/api/v1/cdrs/{id}"));
    assert!(record["media"].is_object(), "{record}");
}

#[test]
fn bytes_that_are_no_sip_are_counted_and_hurt_nobody() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Udp, &[], "");
    let socket = std::net::UdpSocket::bind("127.0.0.21:0").unwrap();
    let before = switch.metric("sip_malformed_total", "");
    for garbage in [
        &b"\0\xff\xfe"[..],
        b"INVITE",
        b"INVITE sip:1@h SIP/2.0\r\n\r\n",
        &[b'a'; 9000],
    ] {
        socket.send_to(garbage, switch.sip).unwrap();
    }
    crate::switch::until("garbage is counted", || {
        switch.metric("sip_malformed_total", "") >= before + 4.0
    });
    assert_eq!(calls(&switch, "caller_answered", &[NUMBER]).run(), ALL);
}

#[test]
fn an_unknown_source_gets_403_a_few_times_and_then_silence() {
    let (switch, _carrier) = switch_with("carrier_answers", Over::Udp, &[], "");
    let socket = std::net::UdpSocket::bind("127.0.0.99:0").unwrap();
    let begun = Instant::now();
    for index in 0..50 {
        let invite = format!(
            "INVITE sip:{NUMBER}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKx{index}\r\n\
             From: <sip:1@x>;tag=a\r\nTo: <sip:2@x>\r\nCall-ID: scan{index}\r\nCSeq: 1 INVITE\r\n\
             Max-Forwards: 70\r\nContact: <sip:1@{from}>\r\nContent-Length: 0\r\n\r\n",
            to = switch.sip,
            from = socket.local_addr().unwrap(),
        );
        socket.send_to(invite.as_bytes(), switch.sip).unwrap();
    }
    let mut replies = std::collections::BTreeSet::new();
    let mut buffer = [0; 2048];
    // The first comes however slow the machine is; what comes later than the others can only be too few.
    let mut took = Duration::ZERO;
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    while let Ok(length) = socket.recv(&mut buffer) {
        took = begun.elapsed();
        let pause = Duration::from_millis(500);
        socket.set_read_timeout(Some(pause)).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.starts_with("SIP/2.0 403 "), "{text}");
        let call_id = text
            .lines()
            .find(|line| line.starts_with("Call-ID:"))
            .unwrap();
        replies.insert(call_id.to_owned());
    }
    // Two for each second that the switch took for the messages.
    let most = 10 + 2 * usize::try_from(took.as_secs()).unwrap();
    let replies = replies.len();
    assert!((1..=most).contains(&replies), "{replies} in {took:?}");
}
