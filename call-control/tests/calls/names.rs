//! Gateways behind names: failover from address to address, tables that change, names that are gone.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use call_control::Command;
use call_control::events::{Evidence, TransportFailure};
use rating::cdr::{ReleaseReason, Transport as Recorded};
use routing_engine::health::GatewayState;
use routing_engine::names::{AddressTable, NameQuery, NameState, Resolution, Server};
use routing_engine::resources::{
    DigestAccount, FurtherGateway, Probing, Registration, Secret, Trunk,
};
use sip_core::transaction::{HostNumber, Transport};
use std::num::NonZeroU32;
use std::sync::Arc;

const NAME: &str = "sip.aurora.example";
const FIRST: &str = "203.0.113.21:5060";
const SECOND: &str = "203.0.113.22:5060";
const THIRD: &str = "203.0.113.23:5070";

fn named(trunk: &mut Trunk) {
    trunk.gateway = Some(NAME.parse().unwrap());
    trunk.transport = Some(Recorded::Udp);
}

fn query() -> NameQuery {
    NameQuery {
        host: NAME.into(),
        port: None,
        transport: Some(Recorded::Udp),
    }
}

/// The name leads to these addresses, each a priority of its own.
fn table(number: u64, transport: Recorded, addresses: &[&str]) -> Arc<AddressTable> {
    let servers = (1..).zip(addresses).map(|(priority, address)| Server {
        priority,
        weight: 0,
        addresses: vec![address.parse().unwrap()],
    });
    let state = NameState {
        resolution: Resolution::new(transport, servers.collect(), 16).map(Arc::new),
        ..NameState::default()
    };
    let names = [(Arc::new(query()), Arc::new(state))];
    Arc::new(AddressTable::new(number, names.into()))
}

fn resolve(switch: &mut Switch, number: u64, addresses: &[&str]) {
    let table = table(number, Recorded::Udp, addresses);
    switch.command(Command::SetAddresses(table));
}

fn with(aurora_trunk: fn(&mut Trunk)) -> Switch {
    Switch::with(&Setup {
        aurora_trunk,
        ..Setup::default()
    })
}

fn place(switch: &mut Switch, call_id: &str) -> Caller {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    caller
}

fn refuse(switch: &mut Switch, invite: &Sent, at: &str, status: u16) {
    switch.receive(at, &reply(invite, status, None));
    switch.expect(at, "ACK");
}

fn fail(switch: &mut Switch, at: &str) {
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Udp,
        host: None,
        remote: at.parse().unwrap(),
        evidence: Evidence::Certain,
    }));
}

fn tried(switch: &mut Switch) -> Vec<String> {
    let record = switch.record();
    let attempts = record.attempts.iter();
    attempts
        .map(|attempt| attempt.gateway.to_string())
        .collect()
}

#[test]
fn each_address_is_an_attempt_and_all_are_tried_before_the_next_route() {
    let mut switch = with(named);
    resolve(&mut switch, 1, &[FIRST, SECOND, THIRD]);
    place(&mut switch, "call-1");
    // RFC 3263 §4: the name stays in the Request-URI and in To.
    let first = switch.expect(FIRST, "INVITE");
    assert!(
        first
            .text
            .starts_with("INVITE sip:442071234567@sip.aurora.example SIP/2.0\r\n"),
        "{}",
        first.text
    );
    assert!(
        first
            .text
            .contains("\r\nTo: <sip:442071234567@sip.aurora.example>\r\n")
    );
    fail(&mut switch, FIRST);
    let second = switch.expect(SECOND, "INVITE");
    assert_eq!(switch.channels(), (1, 1, 0), "one attempt at a time");
    refuse(&mut switch, &second, SECOND, 503);
    switch.expect(THIRD, "INVITE");
    // Silence: until the first reply is no longer waited for.
    switch.advance_ms(3_000);
    let sent = switch.take_all();
    let last = sent.iter().find(|sent| sent.to.to_string() == BOREALIS);
    let last = last.unwrap().clone();
    refuse(&mut switch, &last, BOREALIS, 486);
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(tried(&mut switch), [FIRST, SECOND, THIRD, BOREALIS]);
    switch.assert_at_rest();
}

#[test]
fn what_is_no_fault_of_the_address_leaves_its_gateway() {
    let mut switch = with(|trunk| {
        named(trunk);
        trunk.further_gateways = vec![FurtherGateway {
            address: AURORA.parse().unwrap(),
            transport: None,
            priority: 200,
            weight: 100,
        }];
    });
    resolve(&mut switch, 1, &[FIRST, SECOND]);
    place(&mut switch, "call-1");
    let first = switch.expect(FIRST, "INVITE");
    refuse(&mut switch, &first, FIRST, 500);
    let other = switch.expect(AURORA, "INVITE");
    refuse(&mut switch, &other, AURORA, 403);
    let next = switch.expect(BOREALIS, "INVITE");
    refuse(&mut switch, &next, BOREALIS, 486);
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(tried(&mut switch), [FIRST, AURORA, BOREALIS]);
    switch.assert_at_rest();
}

#[test]
fn attempts_are_limited_over_all_addresses() {
    let mut setup = Setup {
        aurora_trunk: named,
        ..Setup::default()
    };
    setup.limits.max_attempts = 2;
    let mut switch = Switch::with(&setup);
    resolve(&mut switch, 1, &[FIRST, SECOND, THIRD]);
    place(&mut switch, "call-1");
    switch.expect(FIRST, "INVITE");
    fail(&mut switch, FIRST);
    switch.expect(SECOND, "INVITE");
    fail(&mut switch, SECOND);
    switch.expect(CUSTOMER, "502 INVITE");
    assert_eq!(tried(&mut switch), [FIRST, SECOND]);
    switch.assert_at_rest();
}

/// Eight addresses, none of which is there; the attempts that a call makes, with the last one's answer.
fn tried_of_eight(switch: &mut Switch) -> Vec<String> {
    let dead: Vec<String> = (1..=8).map(|n| format!("203.0.113.10{n}:5060")).collect();
    let addresses: Vec<&str> = dead.iter().map(String::as_str).collect();
    resolve(switch, 1, &addresses);
    place(switch, "call-1");
    for _ in 0..8 {
        let sent = switch.take_all();
        let Some(invite) = sent.iter().find(|sent| sent.what() == "INVITE") else {
            break;
        };
        let at = invite.to.to_string();
        match dead.contains(&at) {
            true => fail(switch, &at),
            false => {
                refuse(switch, invite, &at, 486);
                break;
            }
        }
    }
    tried(switch)
}

#[test]
fn a_name_of_dead_addresses_leaves_attempts_for_the_next_route() {
    let mut switch = with(named);
    let tried = tried_of_eight(&mut switch);
    assert_eq!(tried.len(), 4, "{tried:?}");
    assert_eq!(tried[3], BOREALIS);
}

#[test]
fn all_addresses_are_tried_when_there_is_nowhere_else_to_go() {
    let setup = Setup {
        aurora_trunk: named,
        ..Setup::default()
    };
    let mut switch = Switch::with(&setup);
    let mut resources = setup.resources();
    resources.trunks.pop();
    resources.carriers.pop();
    let snapshot = routing_engine::Snapshot::compile(2, &resources, Some(&switch.snapshot));
    switch.command(Command::SetSnapshot(Arc::new(snapshot.unwrap())));
    assert_eq!(tried_of_eight(&mut switch).len(), 8);
}

#[test]
fn a_call_keeps_its_addresses_when_the_table_changes_and_the_next_call_has_the_new() {
    let mut switch = with(named);
    resolve(&mut switch, 1, &[FIRST, SECOND]);
    let mut caller = place(&mut switch, "call-1");
    switch.expect(FIRST, "INVITE");
    resolve(&mut switch, 2, &[THIRD]);
    fail(&mut switch, FIRST);
    let second = switch.expect(SECOND, "INVITE");
    switch.receive(
        SECOND,
        &reply(&second, 200, Some(&offer("203.0.113.9", 5000))),
    );
    switch.expect(SECOND, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    // The name is gone while the call is up: it goes on where it is.
    switch.command(Command::SetAddresses(Arc::default()));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(SECOND, "BYE");
    switch.receive(SECOND, &reply(&bye, 200, None));
    assert_eq!(tried(&mut switch), [FIRST, SECOND]);

    resolve(&mut switch, 3, &[THIRD]);
    place(&mut switch, "call-2");
    let invite = switch.expect(THIRD, "INVITE");
    refuse(&mut switch, &invite, THIRD, 486);
    switch.expect(CUSTOMER, "486 INVITE");
    switch.assert_at_rest();
}

#[test]
fn a_name_that_leads_nowhere_is_passed_over_and_is_the_reason_when_nothing_else_is() {
    let mut switch = with(named);
    place(&mut switch, "call-1");
    let next = switch.expect(BOREALIS, "INVITE");
    refuse(&mut switch, &next, BOREALIS, 486);
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(tried(&mut switch), [BOREALIS]);
    assert_eq!(switch.engine.counters().gateways_unresolved, 1);

    let setup = Setup {
        aurora_trunk: named,
        ..Setup::default()
    };
    let mut resources = setup.resources();
    resources.trunks.pop();
    resources.carriers.pop();
    let mut switch = Switch::with(&setup);
    let snapshot = routing_engine::Snapshot::compile(2, &resources, Some(&switch.snapshot));
    switch.command(Command::SetSnapshot(Arc::new(snapshot.unwrap())));
    resolve(&mut switch, 1, &[]);
    place(&mut switch, "call-2");
    switch.expect(CUSTOMER, "502 INVITE");
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::CarrierUnresolved);
    assert!(record.attempts.is_empty());
}

#[test]
fn the_transport_is_the_one_that_dns_gave() {
    let mut switch = with(|trunk| trunk.gateway = Some(NAME.parse().unwrap()));
    let open = NameQuery {
        transport: None,
        ..query()
    };
    let state = table(1, Recorded::Tcp, &[FIRST]).get(&query()).cloned();
    let names = [(Arc::new(open), Arc::new(state.unwrap()))];
    let table = AddressTable::new(1, names.into());
    switch.command(Command::SetAddresses(Arc::new(table)));
    place(&mut switch, "call-1");
    let invite = switch.expect(FIRST, "INVITE");
    assert!(
        invite
            .text
            .starts_with("INVITE sip:442071234567@sip.aurora.example;transport=tcp SIP/2.0")
    );
    assert!(invite.text.contains("SIP/2.0/TCP "));
}

/// The name leads here by TLS, and its host has a number.
fn resolve_host(switch: &mut Switch, number: u64, host: u32) {
    let state = NameState {
        host: NonZeroU32::new(host),
        ..table(number, Recorded::Tls, &[FIRST, SECOND])
            .get(&query())
            .cloned()
            .unwrap()
    };
    let names = [(Arc::new(tls_query()), Arc::new(state))];
    let table = AddressTable::new(number, names.into());
    switch.command(Command::SetAddresses(Arc::new(table)));
}

fn tls_query() -> NameQuery {
    NameQuery {
        transport: Some(Recorded::Tls),
        ..query()
    }
}

fn fail_tls(switch: &mut Switch, at: &str, host: Option<HostNumber>) {
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Tls,
        remote: at.parse().unwrap(),
        host,
        evidence: Evidence::Certain,
    }));
}

#[test]
fn what_is_sent_by_tls_says_whom_the_other_side_has_to_prove_to_be() {
    let mut switch = with(|trunk| {
        named(trunk);
        trunk.transport = Some(Recorded::Tls);
    });
    let host = |number| NonZeroU32::new(number).map(HostNumber);
    resolve_host(&mut switch, 1, 7);
    let mut caller = place(&mut switch, "call-1");
    let first = switch.expect(FIRST, "INVITE");
    assert_eq!(first.host, host(7));
    // The name has left the table: this call knows whom it calls.
    switch.command(Command::SetAddresses(Arc::default()));
    // What another name at this address could not prove is nothing to this one.
    fail_tls(&mut switch, FIRST, host(8));
    fail_tls(&mut switch, FIRST, None);
    switch.expect_silence();
    fail_tls(&mut switch, FIRST, host(7));
    let second = switch.expect(SECOND, "INVITE");
    assert_eq!(second.host, host(7));
    let answer = reply(&second, 200, Some(&offer("203.0.113.9", 5000)));
    switch.receive_by(Transport::Tls, SECOND, &answer);
    assert_eq!(switch.expect(SECOND, "ACK").host, host(7));
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(answer.host, None);
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(SECOND, "BYE");
    assert_eq!(bye.host, host(7));
    switch.receive_by(Transport::Tls, SECOND, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn a_source_is_known_as_long_as_a_gateway_is_there() {
    let mut switch = with(named);
    let source = FIRST.split(':').next().unwrap().parse().unwrap();
    assert!(!switch.engine.knows(switch.now, source));
    resolve(&mut switch, 1, &[FIRST]);
    assert!(switch.engine.knows(switch.now, source));
    resolve(&mut switch, 2, &[SECOND]);
    assert!(!switch.engine.knows(switch.now, source));
}

const PROBING: Probing = Probing {
    interval_s: 30,
    down_after: 2,
    up_after: 1,
};

fn probed(trunk: &mut Trunk) {
    named(trunk);
    trunk.probing = Some(PROBING);
}

/// One interval: who is asked, and who of them replies.
fn round(switch: &mut Switch, replying: &[&str]) -> Vec<String> {
    let mut asked = Vec::new();
    for _ in 0..30 {
        switch.advance_ms(1_000);
        for sent in switch.take_all() {
            let at = sent.to.to_string();
            if sent.what() != "OPTIONS" || asked.contains(&at) {
                continue;
            }
            assert!(
                sent.text
                    .starts_with("OPTIONS sip:sip.aurora.example SIP/2.0")
            );
            if replying.contains(&at.as_str()) {
                switch.receive(&at, &reply(&sent, 200, None));
            }
            asked.push(at);
        }
    }
    asked
}

fn state(switch: &Switch) -> GatewayState {
    let trunks = switch.snapshot.egress_trunks();
    trunks[0].gateways.first().health.state()
}

#[test]
fn each_address_is_probed_and_the_gateway_is_there_while_one_replies() {
    let mut switch = with(probed);
    assert!(round(&mut switch, &[]).is_empty(), "nothing to ask yet");
    resolve(&mut switch, 1, &[FIRST, SECOND]);
    for _ in 0..4 {
        assert_eq!(round(&mut switch, &[SECOND]), [FIRST, SECOND]);
    }
    assert_eq!(state(&switch), GatewayState::Up);
    // The one that does not reply is the last that a call tries.
    place(&mut switch, "call-1");
    switch.expect(SECOND, "INVITE");
    fail(&mut switch, SECOND);
    let first = switch.expect(FIRST, "INVITE");
    refuse(&mut switch, &first, FIRST, 486);
    switch.expect(CUSTOMER, "486 INVITE");

    for _ in 0..4 {
        round(&mut switch, &[]);
    }
    assert_eq!(state(&switch), GatewayState::Down);
    round(&mut switch, &[FIRST]);
    round(&mut switch, &[FIRST]);
    assert_eq!(state(&switch), GatewayState::Up);
    let changes: Vec<bool> = switch.gateway_changes.iter().map(|(_, up)| *up).collect();
    assert_eq!(changes, [true, false, true]);
    assert_eq!(switch.gateway_changes[0].0, NAME);
    place(&mut switch, "call-2");
    let first = switch.expect(FIRST, "INVITE");
    refuse(&mut switch, &first, FIRST, 486);
    switch.expect(CUSTOMER, "486 INVITE");
}

fn registered(trunk: &mut Trunk) {
    named(trunk);
    trunk.digest = Some(DigestAccount {
        username: "12345".into(),
        password: Secret::from_text("correct horse"),
    });
    trunk.registration = Some(Registration::default());
}

/// The next REGISTER within so many seconds.
fn next_register(switch: &mut Switch, within_s: u64) -> Option<Sent> {
    for _ in 0..within_s {
        switch.advance_ms(1_000);
        let mut sent = switch.take_all();
        sent.retain(|sent| sent.what() == "REGISTER");
        if let Some(first) = sent.into_iter().next() {
            return Some(first);
        }
    }
    None
}

#[test]
fn a_registration_goes_from_address_to_address_and_follows_its_name() {
    let mut switch = with(registered);
    assert!(next_register(&mut switch, 10).is_none());
    assert_eq!(switch.registered, [false], "there is nowhere to register");
    // At once, when the name is resolved.
    resolve(&mut switch, 1, &[FIRST, SECOND]);
    switch.fire();
    let first = switch.expect(FIRST, "REGISTER");
    assert!(
        first
            .text
            .starts_with("REGISTER sip:sip.aurora.example SIP/2.0")
    );
    assert!(first.text.contains("<sip:12345@sip.aurora.example>"));
    switch.receive(FIRST, &reply(&first, 503, None));
    switch.fire();
    let second = switch.expect(SECOND, "REGISTER");
    switch.receive(SECOND, &reply(&second, 200, None));
    assert_eq!(switch.registered, [false, true]);

    // Its address stays in the name: nothing happens. It leaves: registered anew elsewhere.
    resolve(&mut switch, 2, &[FIRST, SECOND, THIRD]);
    switch.fire();
    switch.expect_silence();
    resolve(&mut switch, 3, &[]);
    switch.fire();
    switch.expect_silence();
    resolve(&mut switch, 4, &[THIRD]);
    switch.fire();
    let third = switch.expect(THIRD, "REGISTER");
    switch.receive(THIRD, &reply(&third, 200, None));

    // All fail: a pause, then from the beginning.
    resolve(&mut switch, 5, &[FIRST, SECOND]);
    switch.fire();
    for at in [FIRST, SECOND] {
        let sent = switch.expect(at, "REGISTER");
        switch.receive(at, &reply(&sent, 503, None));
        switch.fire();
    }
    switch.expect_silence();
    assert_eq!(switch.registered, [false, true, false]);
    let again = next_register(&mut switch, 40).unwrap();
    assert_eq!(again.to.to_string(), FIRST);
}
