//! OPTIONS to gateways: lost, late, doubled, crossed by a new configuration, and what calls do.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use call_control::Command;
use call_control::events::{Evidence, TransportFailure};
use routing_engine::Snapshot;
use routing_engine::health::GatewayState;
use routing_engine::resources::{Probing, Status, Trunk};
use sip_core::transaction::Transport;
use std::collections::BTreeSet;
use std::sync::Arc;

const PROBING: Probing = Probing {
    interval_s: 30,
    down_after: 2,
    up_after: 1,
};

fn probed(trunk: &mut Trunk) {
    trunk.probing = Some(PROBING);
}

fn setup() -> Setup {
    Setup {
        aurora_trunk: probed,
        ..Setup::default()
    }
}

/// Lets the next interval pass and gives the probe that was sent in it.
fn next_probe(switch: &mut Switch) -> Sent {
    for _ in 0..30 {
        switch.advance_ms(1_000);
        let mut sent = switch.take_all();
        sent.retain(|sent| sent.what() == "OPTIONS");
        if let Some(probe) = sent.pop() {
            return probe;
        }
    }
    panic!("no probe in its interval");
}

/// A whole interval in which nobody answers.
fn silent_round(switch: &mut Switch) {
    switch.advance_ms(30_000);
    switch.take_all();
}

fn state(switch: &Switch) -> GatewayState {
    let trunks = switch.snapshot.egress_trunks();
    trunks[0].gateways.first().health.state()
}

fn publish(switch: &mut Switch, setup: &Setup) {
    let snapshot = Snapshot::compile(2, &setup.resources(), Some(&switch.snapshot)).unwrap();
    let snapshot = Arc::new(snapshot);
    switch.snapshot = Arc::clone(&snapshot);
    switch.command(Command::SetSnapshot(snapshot));
}

/// Without probing nothing waits for time.
fn assert_at_rest(switch: &mut Switch) {
    publish(switch, &Setup::default());
    switch.assert_at_rest();
}

#[test]
fn a_gateway_is_asked_once_an_interval_and_its_reply_counts_once() {
    let mut switch = Switch::with(&setup());
    let probe = next_probe(&mut switch);
    assert_eq!(probe.to.to_string(), AURORA);
    assert!(
        probe
            .text
            .starts_with("OPTIONS sip:203.0.113.1:5060 SIP/2.0\r\n")
    );
    for _ in 0..3 {
        switch.receive(AURORA, &reply(&probe, 404, None));
    }
    assert_eq!(state(&switch), GatewayState::Up, "whoever refuses is there");
    let up = (AURORA.to_owned(), true);
    assert_eq!(switch.gateway_changes, std::slice::from_ref(&up));
    let again = next_probe(&mut switch);
    assert_ne!(again.branch(), probe.branch());
    switch.receive(AURORA, &reply(&again, 200, None));
    assert_eq!(switch.gateway_changes, [up]);
    assert_at_rest(&mut switch);
}

#[test]
fn a_silent_gateway_goes_down_and_calls_take_the_next_route_until_it_replies() {
    let mut switch = Switch::with(&setup());
    for _ in 0..4 {
        silent_round(&mut switch);
    }
    assert_eq!(state(&switch), GatewayState::Down);

    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reply(&invite, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(switch.record().attempts.len(), 1);

    let probe = next_probe(&mut switch);
    switch.receive(AURORA, &reply(&probe, 200, None));
    assert_eq!(state(&switch), GatewayState::Up);
    let mut caller = Caller::new("call-2");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 486, None));
    assert_at_rest(&mut switch);
}

#[test]
fn a_shorter_interval_counts_at_once() {
    let seldom = Setup {
        aurora_trunk: |trunk| {
            trunk.probing = Some(Probing {
                interval_s: 3_600,
                ..PROBING
            });
        },
        ..Setup::default()
    };
    let mut switch = Switch::with(&seldom);
    publish(&mut switch, &setup());
    next_probe(&mut switch);
    let again = next_probe(&mut switch);
    switch.receive(AURORA, &reply(&again, 200, None));
    // And a longer one from the next turn on.
    publish(&mut switch, &seldom);
    next_probe(&mut switch);
    switch.advance_ms(60_000);
    switch.take_all();
    switch.advance_ms(3_000_000);
    switch.expect_silence();
    assert_at_rest(&mut switch);
}

#[test]
fn a_trunk_that_was_down_when_it_was_disabled_is_tried_when_it_is_enabled() {
    let mut switch = Switch::with(&setup());
    for _ in 0..4 {
        silent_round(&mut switch);
    }
    assert_eq!(state(&switch), GatewayState::Down);
    let disabled = Setup {
        aurora_trunk: |trunk| {
            probed(trunk);
            trunk.status = Status::Inactive;
        },
        ..Setup::default()
    };
    publish(&mut switch, &disabled);
    publish(&mut switch, &setup());
    assert_eq!(state(&switch), GatewayState::Unknown);
    assert_at_rest(&mut switch);
}

#[test]
fn a_lost_probe_is_sent_again_and_a_late_reply_counts_for_nothing() {
    let mut switch = Switch::with(&setup());
    let first = next_probe(&mut switch);
    switch.advance_ms(1_600);
    assert_eq!(switch.take_all()[0].text, first.text, "timer E");
    switch.advance_ms(28_500);
    switch.take_all();
    // Its turn is over, and the next probe is on its way.
    switch.receive(AURORA, &reply(&first, 200, None));
    assert_eq!(state(&switch), GatewayState::Unknown);
    silent_round(&mut switch);
    assert_eq!(state(&switch), GatewayState::Down);
    assert_at_rest(&mut switch);
}

#[test]
fn a_gateway_that_says_it_cannot_counts_as_silent() {
    let mut switch = Switch::with(&setup());
    for _ in 0..2 {
        let probe = next_probe(&mut switch);
        switch.receive(AURORA, &reply(&probe, 100, None));
        switch.receive(AURORA, &reply(&probe, 503, None));
    }
    assert_eq!(state(&switch), GatewayState::Down);
    let health = &switch.snapshot.egress_trunks()[0].gateways.first().health;
    assert_eq!(health.last_status(), Some(503));
    assert_at_rest(&mut switch);
}

#[test]
fn a_gateway_out_of_reach_is_known_at_once() {
    let mut switch = Switch::with(&setup());
    for _ in 0..2 {
        next_probe(&mut switch);
        switch.command(Command::TransportFailed(TransportFailure {
            transport: Transport::Udp,
            host: None,
            remote: AURORA.parse().unwrap(),
            evidence: Evidence::Certain,
        }));
    }
    assert_eq!(state(&switch), GatewayState::Down);
    assert_at_rest(&mut switch);
}

#[test]
fn a_new_configuration_keeps_the_state_the_turn_and_the_probe_under_way() {
    let mut switch = Switch::with(&setup());
    for _ in 0..4 {
        silent_round(&mut switch);
    }
    let probe = next_probe(&mut switch);
    publish(&mut switch, &setup());
    assert_eq!(state(&switch), GatewayState::Down, "still");
    switch.receive(AURORA, &reply(&probe, 200, None));
    assert_eq!(
        state(&switch),
        GatewayState::Up,
        "crossed by the configuration"
    );
    let mut probes = BTreeSet::new();
    for _ in 0..10 {
        publish(&mut switch, &setup());
        switch.advance_ms(6_000);
        let sent = switch.take_all();
        for sent in sent {
            probes.insert(sent.branch());
            switch.receive(AURORA, &reply(&sent, 200, None));
        }
    }
    assert_eq!(
        probes.len(),
        2,
        "one an interval however often the configuration changes"
    );
    assert_at_rest(&mut switch);
}

#[test]
fn who_is_no_longer_probed_is_asked_no_more_and_called_again() {
    let mut switch = Switch::with(&setup());
    for _ in 0..4 {
        silent_round(&mut switch);
    }
    let probe = next_probe(&mut switch);
    publish(&mut switch, &Setup::default());
    switch.receive(AURORA, &reply(&probe, 200, None));
    assert_eq!(state(&switch), GatewayState::Unknown);
    // The probe before it is still waited for, and sent again, for a moment.
    switch.advance_ms(5_000);
    switch.take_all();
    switch.advance_ms(60_000);
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_gateway_that_no_listener_leads_to_counts_as_down() {
    let mut switch = Switch::with(&Setup {
        aurora_trunk: |trunk| {
            probed(trunk);
            trunk.listener = Some("198.51.100.9:5060".parse().unwrap());
        },
        ..Setup::default()
    });
    for _ in 0..3 {
        silent_round(&mut switch);
    }
    assert_eq!(state(&switch), GatewayState::Down);
    let down = (AURORA.parse().unwrap(), false);
    assert_eq!(switch.gateway_changes, [down]);
    assert_at_rest(&mut switch);
}
