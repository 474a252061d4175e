//! Several gateways of one carrier: which one an attempt takes, and which it turns to.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use call_control::Command;
use call_control::events::{Evidence, TransportFailure};
use rating::cdr::Outcome;
use routing_engine::resources::{FailoverCode, FurtherGateway, LcrProfile, Trunk};
use sip_core::transaction::Transport;

const SECOND: &str = "203.0.113.11:5060";
const THIRD: &str = "203.0.113.12:5060";

fn gateway(address: &str, priority: u16) -> FurtherGateway {
    FurtherGateway {
        address: address.parse().unwrap(),
        transport: None,
        priority,
        weight: 100,
    }
}

/// Aurora's own gateway, then two more.
fn three(trunk: &mut Trunk) {
    trunk.further_gateways = vec![gateway(THIRD, 300), gateway(SECOND, 200)];
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

#[test]
fn a_gateway_that_fails_is_followed_by_the_next_of_its_carrier_and_then_by_the_next_route() {
    let mut switch = with(three);
    place(&mut switch, "call-1");
    let first = switch.expect(AURORA, "INVITE");
    refuse(&mut switch, &first, AURORA, 503);
    let second = switch.expect(SECOND, "INVITE");
    assert_eq!(
        switch.channels(),
        (1, 1, 0),
        "the failed attempt holds no channel"
    );
    switch.advance_ms(3_000);
    // Silence: it is sent again and again, until the first reply is no longer waited for.
    assert!(
        switch
            .take_all()
            .iter()
            .any(|sent| sent.to.to_string() == THIRD)
    );
    switch.advance_ms(3_000);
    let sent = switch.take_all();
    let last = sent.iter().find(|sent| sent.to.to_string() == BOREALIS);
    let last = last.unwrap().clone();
    refuse(&mut switch, &last, BOREALIS, 486);
    switch.expect(CUSTOMER, "486 INVITE");
    let record = switch.record();
    let tried: Vec<_> = record
        .attempts
        .iter()
        .map(|a| a.gateway.to_string())
        .collect();
    assert_eq!(tried, [AURORA, SECOND, THIRD, BOREALIS]);
    // A late answer of the silent one is ended, and makes no call.
    switch.receive(
        SECOND,
        &reply(&second, 200, Some(&offer("203.0.113.9", 5000))),
    );
    switch.expect(SECOND, "ACK");
    let bye = switch.expect(SECOND, "BYE");
    switch.receive(SECOND, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn when_the_pdd_budget_is_over_no_further_gateway_is_asked() {
    let mut switch = Switch::with(&Setup {
        aurora_trunk: three,
        lcr_profile: Some(LcrProfile {
            attempts_max: 10,
            pdd_budget_ms: Some(1_500),
            ..LcrProfile::default()
        }),
        ..Setup::default()
    });
    place(&mut switch, "call-1");
    switch.expect(AURORA, "INVITE");
    switch.advance_ms(1_600);
    let sent = switch.take_all();
    let asked = |to: &str| sent.iter().any(|sent| sent.to.to_string() == to);
    assert!(asked(CUSTOMER), "the customer is told");
    assert!(!asked(SECOND) && !asked(THIRD) && !asked(BOREALIS));
    assert_eq!(switch.record().attempts.len(), 1);
}

#[test]
fn what_the_carrier_itself_refuses_is_not_tried_at_its_other_gateways() {
    let mut switch = with(three);
    place(&mut switch, "call-1");
    let first = switch.expect(AURORA, "INVITE");
    refuse(&mut switch, &first, AURORA, 403);
    let next = switch.expect(BOREALIS, "INVITE");
    refuse(&mut switch, &next, BOREALIS, 404);
    switch.expect(CUSTOMER, "404 INVITE");
    assert_eq!(switch.record().attempts.len(), 2);
    switch.assert_at_rest();
}

#[test]
fn a_gateway_out_of_reach_is_left_at_once() {
    let mut switch = with(three);
    let mut caller = place(&mut switch, "call-1");
    switch.expect(AURORA, "INVITE");
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Udp,
        host: None,
        remote: AURORA.parse().unwrap(),
        evidence: Evidence::Certain,
    }));
    let second = switch.expect(SECOND, "INVITE");
    switch.receive(
        SECOND,
        &reply(&second, 200, Some(&offer("203.0.113.9", 5000))),
    );
    switch.expect(SECOND, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(SECOND, "BYE");
    switch.receive(SECOND, &reply(&bye, 200, None));
    let record = switch.record();
    assert_eq!(
        (record.outcome, record.attempts.len()),
        (Outcome::Answered, 2)
    );
    switch.assert_at_rest();
}

#[test]
fn calls_are_spread_by_weight_among_equals() {
    let mut switch = with(|trunk| {
        trunk.further_gateways = vec![FurtherGateway {
            weight: 300,
            ..gateway(SECOND, 100)
        }];
    });
    let mut second = 0;
    for call in 0..200 {
        place(&mut switch, &format!("call-{call}"));
        let sent = switch.take_all();
        let invite = sent.iter().find(|sent| sent.what() == "INVITE").unwrap();
        let at = invite.to.to_string();
        second += usize::from(at == SECOND);
        refuse(&mut switch, invite, &at, 486);
        switch.expect(CUSTOMER, "486 INVITE");
    }
    assert!((120..180).contains(&second), "{second} of 200");
    switch.assert_at_rest();
}

#[test]
fn attempts_of_one_call_are_bounded_over_gateways_and_routes() {
    let mut setup = Setup {
        aurora_trunk: three,
        ..Setup::default()
    };
    setup.limits.max_attempts = 2;
    let mut switch = Switch::with(&setup);
    place(&mut switch, "call-1");
    let first = switch.expect(AURORA, "INVITE");
    refuse(&mut switch, &first, AURORA, 503);
    let second = switch.expect(SECOND, "INVITE");
    refuse(&mut switch, &second, SECOND, 500);
    switch.expect(CUSTOMER, "500 INVITE");
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_code_that_stops_ends_the_call_though_its_class_goes_on() {
    let mut setup = Setup::default();
    setup.failover.codes = vec![FailoverCode::Class(5)];
    setup.failover.stop_codes = vec![FailoverCode::Code(503)];
    let mut switch = Switch::with(&setup);
    place(&mut switch, "call-1");
    let first = switch.expect(AURORA, "INVITE");
    refuse(&mut switch, &first, AURORA, 503);
    switch.expect(CUSTOMER, "503 INVITE");
    switch.expect_silence();
    switch.assert_at_rest();
}
