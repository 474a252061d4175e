//! A carrier behind a host name: its servers by SRV, the first of them dead.

use crate::certificates::Authority;
use crate::name_server::{Mood, NameServer};
use crate::ports::free_port;
use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Tally};
use crate::switch::{Switch, until};
use hickory_resolver::proto::op::ResponseCode;
use serde_json::Value;
use std::net::{SocketAddr, UdpSocket};

const NAME: &str = "sip.aurora.test";

/// The addresses that the switch has for the name.
fn addresses(switch: &Switch) -> Vec<String> {
    let live = switch.get("/api/v1/live/gateways");
    let gateway = &live["items"][0];
    assert_eq!(gateway["gateway"], NAME, "{live:#}");
    let addresses = gateway["name"]["addresses"].as_array().unwrap().iter();
    let text = |address: &Value| address["address"].as_str().unwrap().to_owned();
    addresses.map(text).collect()
}

/// Places calls that succeed; the gateways that each tried, with what became of each attempt.
fn place(switch: &Switch, count: u32, cdrs: usize) -> Vec<Vec<(String, String)>> {
    let tally = Calls {
        scenario: "caller_answered",
        from: CUSTOMER,
        to: switch.sip,
        over: Over::Udp,
        count,
        per_second: 5,
        hold_ms: 100,
        numbers: &[NUMBER],
        scratch: switch.scratch(),
        more: &[],
    }
    .run();
    let successful = Tally {
        successful: count.into(),
        failed: 0,
    };
    assert_eq!(tally, successful);
    let records = switch.wait_for_cdrs(cdrs);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    records
        .iter()
        .map(|cdr| {
            let record = switch.get(&format!("/api/v1/cdrs/{}", text(&cdr["id"])));
            let attempts = record["attempt_records"].as_array().unwrap().iter();
            let tried = |one: &Value| (text(&one["gateway"]), text(&one["outcome"]));
            attempts.map(tried).collect()
        })
        .collect()
}

#[test]
fn calls_go_to_the_next_server_of_a_name_when_the_first_is_dead() {
    // Its port is closed again at once.
    let dead = UdpSocket::bind("127.0.0.31:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let carrier = Carrier::start("carrier_answers", "127.0.0.32", Over::Udp, &[]);
    let first = format!("_sip._udp.{NAME} 1 SRV 10 1 {} a.aurora.test", dead.port());
    let second = format!(
        "_sip._udp.{NAME} 1 SRV 20 1 {} b.aurora.test",
        carrier.address.port()
    );
    let hosts = [
        "a.aurora.test 1 A 127.0.0.31",
        "b.aurora.test 1 A 127.0.0.32",
    ];
    let server = NameServer::start(&[&first, &second, hosts[0], hosts[1]]);
    let switch = Switch::start(&[
        ("DIDTRON_DNS_SERVERS", &server.address.to_string()),
        ("DIDTRON_DNS_TTL_MIN_S", "1"),
        ("DIDTRON_DNS_TIMEOUT_MS", "10000"),
    ]);
    World::of(vec![CarrierSpec::new("aurora", NAME, "0.010")]).apply(&switch);
    let both = [dead.to_string(), carrier.address.to_string()];
    until("the name is resolved", || addresses(&switch) == both);

    for attempts in place(&switch, 5, 5) {
        let failed = (both[0].clone(), "failed".to_owned());
        let answered = (both[1].clone(), "answered".to_owned());
        assert_eq!(attempts, [failed, answered]);
    }

    // The dead one leaves the name.
    server.set(&[&second, hosts[1]]);
    until("the name is looked up again", || {
        addresses(&switch) == both[1..]
    });
    let records = place(&switch, 1, 6);
    let direct = records.iter().filter(|attempts| attempts.len() == 1);
    assert_eq!(direct.count(), 1, "{records:?}");
}

#[test]
fn a_server_that_answers_503_and_one_that_is_silent_lose_the_call_to_the_third() {
    let refusing = Carrier::start("carrier_refuses_503", "127.0.0.31", Over::Udp, &[]);
    let silent = UdpSocket::bind("127.0.0.33:0").unwrap();
    let silent = silent.local_addr().unwrap();
    let carrier = Carrier::start("carrier_answers", "127.0.0.32", Over::Udp, &[]);
    let all = [refusing.address, silent, carrier.address].map(|address| address.to_string());
    let server = |priority: u16, address: &str| {
        let (ip, port) = address.split_once(':').unwrap();
        let last = ip.rsplit('.').next().unwrap();
        let host = format!("h{last}.aurora.test");
        [
            format!("_sip._udp.{NAME} 60 SRV {priority} 1 {port} {host}"),
            format!("{host} 60 A {ip}"),
        ]
    };
    let records: Vec<String> = (1..)
        .zip(&all)
        .flat_map(|(priority, address)| server(priority, address))
        .collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    let name_server = NameServer::start(&records);
    // As many do that were written before NAPTR.
    name_server.turn(Mood::FailingAt(ResponseCode::NotImp, &["NAPTR"]));
    let switch = Switch::start(&[
        ("DIDTRON_DNS_SERVERS", &name_server.address.to_string()),
        ("DIDTRON_DNS_TIMEOUT_MS", "10000"),
    ]);
    let mut spec = CarrierSpec::new("aurora", NAME, "0.010");
    spec.more = "failover:\n  first_reply_timeout_ms: 3000";
    World::of(vec![spec]).apply(&switch);
    until("the name is resolved", || addresses(&switch) == all);
    for attempts in place(&switch, 5, 5) {
        let outcomes = ["failed", "failed", "answered"].map(str::to_owned);
        let expected: Vec<_> = all.iter().cloned().zip(outcomes).collect();
        assert_eq!(attempts, expected);
    }
}

/// A switch that speaks TLS with this certificate.
fn secure(authority: &Authority, certificate: &str, at: SocketAddr, dns: &str) -> Switch {
    Switch::start(&[
        ("DIDTRON_DNS_SERVERS", dns),
        ("DIDTRON_DNS_TIMEOUT_MS", "10000"),
        ("DIDTRON_SIP_LISTENERS", &format!("tls/{at}")),
        (
            "DIDTRON_SIP_TLS_CERTIFICATE_FILE",
            &authority.text(&format!("{certificate}.pem")),
        ),
        (
            "DIDTRON_SIP_TLS_KEY_FILE",
            &authority.text(&format!("{certificate}.key")),
        ),
        (
            "DIDTRON_SIP_TLS_SERVER_ROOTS_FILE",
            &authority.text("authority.pem"),
        ),
    ])
}

#[test]
fn of_two_carriers_at_one_address_only_the_one_that_proves_its_name_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path());
    authority.issue("switch", "the switch");
    authority.issue_to("carrier", "the carrier", "DNS:sip.borealis.test");
    let names = ["sip.aurora.test", "sip.borealis.test"];
    let records = names.map(|name| format!("{name} 60 A 127.0.0.1"));
    let name_server = NameServer::start(&[&records[0], &records[1]]);
    let dns = name_server.address.to_string();
    let at = free_port("127.0.0.1");
    let _carrier = secure(&authority, "carrier", at, &dns);
    let switch = secure(&authority, "switch", free_port("127.0.0.1"), &dns);
    let spec = |carrier, name| CarrierSpec {
        more: "transport: tls\nprobing: { interval_s: 5, down_after: 1, up_after: 1 }",
        ..CarrierSpec::new(carrier, format!("{name}:{}", at.port()), "0.010")
    };
    World::of(vec![spec("aurora", names[0]), spec("borealis", names[1])]).apply(&switch);
    until("both were asked", || {
        let live = switch.get("/api/v1/live/gateways");
        let gateways = live["items"].as_array().unwrap().iter();
        let states: Vec<_> = gateways
            .map(|gateway| (gateway["carrier"].as_str(), gateway["state"].as_str()))
            .collect();
        let expected = [("aurora", "down"), ("borealis", "up")];
        states == expected.map(|(carrier, state)| (Some(carrier), Some(state)))
    });
}
