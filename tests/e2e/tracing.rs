//! The messages of a call: by the API, as a capture, and for a Homer collector.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over};
use crate::switch::{Switch, until};
use std::collections::BTreeMap;
use std::net::UdpSocket;
use std::time::Duration;

fn call(switch: &Switch, scenario: &str) {
    let calls = Calls {
        scenario,
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count: 1,
        per_second: 1,
        hold_ms: 100,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    };
    calls.run();
}

fn trace_path(switch: &Switch) -> String {
    let cdrs = switch.wait_for_cdrs(1);
    format!("/api/v1/calls/{}/trace", cdrs[0]["id"].as_str().unwrap())
}

#[test]
fn a_call_is_shown_with_all_messages_of_both_legs() {
    let switch = Switch::start(&[]);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    call(&switch, "caller_answered");
    let path = trace_path(&switch);
    let ladder = switch.get(&path);
    let arrows: Vec<String> = ladder["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            let text = message["text"].as_str().unwrap();
            let cseq = text.lines().find(|line| line.starts_with("CSeq:")).unwrap();
            let what = message["summary"].as_str().unwrap();
            let what = what.strip_prefix("SIP/2.0 ").unwrap_or("request");
            format!("{} {} {cseq}", message["direction"].as_str().unwrap(), what)
        })
        .collect();
    let count = |part: &str| arrows.iter().filter(|arrow| arrow.contains(part)).count();
    assert_eq!(count("request CSeq: 1 INVITE"), 2, "{arrows:#?}");
    assert_eq!(count("request CSeq: 1 ACK"), 2, "{arrows:#?}");
    assert_eq!(count("BYE"), 4, "{arrows:#?}");
    assert_eq!(count("200 OK CSeq: 1 INVITE"), 2, "{arrows:#?}");
    switch.send("POST", &format!("{path}/keep"), &serde_json::json!({}));
    until("it is kept", || {
        switch.metric("didtron_trace_calls_kept", "") == 1.0
    });
}

#[test]
fn a_call_that_failed_is_kept_by_itself() {
    let switch = Switch::start(&[]);
    World::of(Vec::new()).apply(&switch);
    call(&switch, "caller_answered_or_refused");
    let ladder = switch.get(&trace_path(&switch));
    assert!(ladder["messages"].as_array().unwrap().len() >= 3);
    until("it is kept", || {
        switch.metric("didtron_trace_calls_kept", "") == 1.0
    });
}

/// The chunks of one HEP3 packet by their type.
fn chunks(packet: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let number = |at: usize| usize::from(u16::from_be_bytes([packet[at], packet[at + 1]]));
    assert_eq!(&packet[..4], b"HEP3");
    assert_eq!(number(4), packet.len());
    let (mut found, mut at) = (BTreeMap::new(), 6);
    while at < packet.len() {
        assert_eq!(number(at), 0, "the generic vendor");
        let length = number(at + 4);
        let value = packet[at + 6..at + length].to_vec();
        found.insert(u16::try_from(number(at + 2)).unwrap(), value);
        at += length;
    }
    found
}

#[test]
fn a_collector_gets_every_message() {
    let collector = UdpSocket::bind("127.0.0.1:0").unwrap();
    collector
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    let address = collector.local_addr().unwrap().to_string();
    let settings = [
        ("DIDTRON_TRACE_HOMER_ADDRESS", address.as_str()),
        ("DIDTRON_TRACE_HOMER_AGENT_ID", "77"),
        ("DIDTRON_TRACE_HOMER_PASSWORD", "s3cret"),
    ];
    let switch = Switch::start(&settings);
    let carrier = Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]);
    World::of(vec![CarrierSpec::new("aurora", carrier.address, "0.012")]).apply(&switch);
    call(&switch, "caller_answered");
    let mut byes = 0;
    let mut buffer = [0; 65_536];
    // The BYE and its answer, of both legs.
    while byes < 4 {
        let length = collector.recv(&mut buffer).expect("all messages come");
        let chunks = chunks(&buffer[..length]);
        assert_eq!(
            (&*chunks[&1], &*chunks[&2]),
            (&[2][..], &[17][..]),
            "UDP over IPv4"
        );
        assert_eq!(
            (&*chunks[&11], &*chunks[&12]),
            (&[1][..], &[0, 0, 0, 77][..])
        );
        assert_eq!(chunks[&14], b"s3cret");
        let peers = [&chunks[&3], &chunks[&4]];
        assert!(peers.iter().any(|ip| **ip == switch_octets(&switch)));
        let text = String::from_utf8(chunks[&15].clone()).unwrap();
        byes += usize::from(text.contains("CSeq: 2 BYE") || text.contains(" BYE\r\n"));
    }
}

fn switch_octets(switch: &Switch) -> Vec<u8> {
    match switch.sip.ip() {
        std::net::IpAddr::V4(v4) => v4.octets().to_vec(),
        std::net::IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}
