//! Limits of gateways, routes and called numbers as calls meet them, and calls that are held.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use call_control::{Command, EngineLimits};
use rating::cdr::{CallRecord, Outcome, ReleaseReason};
use routing_engine::resources::{
    FurtherGateway, Gateway, LcrProfile, Route, SharedGateway, Status, Trunk,
};

const EAST: &str = "203.0.113.21:5060";
const WEST: &str = "203.0.113.22:5060";

fn gateway(address: &str, channel_limit: Option<u32>, cps_limit: Option<u32>) -> Gateway {
    Gateway {
        carrier: "Aurora".into(),
        status: Status::Active,
        address: address.parse().unwrap(),
        transport: None,
        cps_limit,
        channel_limit,
    }
}

fn shared(name: &str, priority: u16) -> SharedGateway {
    SharedGateway {
        gateway: name.into(),
        priority,
        weight: FurtherGateway::WEIGHT,
    }
}

/// Aurora's trunk has two gateways, which are resources, and none of its own.
fn both(trunk: &mut Trunk) {
    trunk.gateway = None;
    trunk.shared_gateways = vec![shared("east", 10), shared("west", 20)];
}

fn with_gateways(east: Gateway, west: Gateway) -> Switch {
    Switch::with(&Setup {
        gateways: vec![("east", east), ("west", west)],
        aurora_trunk: both,
        ..Setup::default()
    })
}

fn place(switch: &mut Switch, call_id: &str) -> Caller {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    caller
}

/// Places a call and gives its INVITE, which goes to `gateway`.
fn place_to(switch: &mut Switch, call_id: &str, gateway: &str) -> Sent {
    place(switch, call_id);
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(gateway, "INVITE")
}

fn end(switch: &mut Switch, invite: &Sent, gateway: &str) {
    switch.receive(gateway, &reply(invite, 486, None));
    switch.expect(gateway, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
}

fn tried(record: &CallRecord) -> Vec<String> {
    let attempts = record.attempts.iter();
    attempts
        .map(|attempt| attempt.gateway.to_string())
        .collect()
}

#[test]
fn a_full_gateway_is_passed_over_for_the_next_one_and_then_for_the_next_route() {
    let one = |address| gateway(address, Some(1), None);
    let mut switch = with_gateways(one(EAST), one(WEST));
    let first = place_to(&mut switch, "call-1", EAST);
    let second = place_to(&mut switch, "call-2", WEST);
    let third = place_to(&mut switch, "call-3", BOREALIS);
    assert_eq!(
        switch.channels(),
        (3, 2, 1),
        "who is passed over counts nothing"
    );
    switch.assert_no_drift();
    end(&mut switch, &first, EAST);
    assert_eq!(tried(switch.record()), [EAST]);
    let fourth = place_to(&mut switch, "call-4", EAST);
    for (invite, gateway) in [(second, WEST), (third, BOREALIS), (fourth, EAST)] {
        end(&mut switch, &invite, gateway);
    }
    switch.assert_at_rest();
}

#[test]
fn when_every_gateway_is_full_and_no_other_route_is_there_the_customer_hears_503() {
    let one = |address| gateway(address, None, Some(1));
    let mut switch = Switch::with(&Setup {
        gateways: vec![("east", one(EAST)), ("west", one(WEST))],
        aurora_trunk: both,
        lcr_profile: Some(LcrProfile {
            attempts_max: 10,
            only_carriers: vec!["Aurora".into()],
            ..LcrProfile::default()
        }),
        ..Setup::default()
    });
    let first = place_to(&mut switch, "call-1", EAST);
    let second = place_to(&mut switch, "call-2", WEST);
    place(&mut switch, "call-3");
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(CUSTOMER, "503 INVITE");
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::GatewayCpsLimit);
    assert_eq!(record.outcome, Outcome::Rejected);
    end(&mut switch, &first, EAST);
    end(&mut switch, &second, WEST);
    switch.assert_at_rest();
}

#[test]
fn a_gateway_that_fails_gives_its_channel_back_before_the_next_is_asked() {
    let one = |address| gateway(address, Some(1), None);
    let mut switch = with_gateways(one(EAST), one(WEST));
    let first = place_to(&mut switch, "call-1", EAST);
    switch.receive(EAST, &reply(&first, 503, None));
    switch.expect(EAST, "ACK");
    let at_west = switch.expect(WEST, "INVITE");
    switch.assert_no_drift();
    let second = place_to(&mut switch, "call-2", EAST);
    end(&mut switch, &second, EAST);
    end(&mut switch, &at_west, WEST);
    switch.assert_at_rest();
}

#[test]
fn a_full_route_leaves_its_calls_to_other_trunks() {
    let route = serde_json::json!({ "carrier": "Aurora", "channel_limit": 1 });
    let route: Route = serde_json::from_value(route).unwrap();
    let mut switch = Switch::with(&Setup {
        routes: vec![route],
        ..Setup::default()
    });
    let first = place_to(&mut switch, "call-1", AURORA);
    let second = place_to(&mut switch, "call-2", BOREALIS);
    end(&mut switch, &first, AURORA);
    let third = place_to(&mut switch, "call-3", AURORA);
    end(&mut switch, &second, BOREALIS);
    end(&mut switch, &third, AURORA);
    switch.assert_at_rest();
}

#[test]
fn calls_to_one_number_are_limited_and_those_to_others_go_on() {
    let mut setup = Setup::default();
    setup.customer.called_number_channel_limit = Some(1);
    let mut switch = Switch::with(&setup);
    let first = place_to(&mut switch, "call-1", AURORA);
    place(&mut switch, "call-2");
    switch.expect(CUSTOMER, "503 INVITE");
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::CalledNumberChannelLimit
    );
    let mut other = Caller::new("call-3");
    other.called = "441132960001".to_owned();
    switch.receive(CUSTOMER, &other.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let third = switch.expect(AURORA, "INVITE");
    end(&mut switch, &first, AURORA);
    let fourth = place_to(&mut switch, "call-4", AURORA);
    end(&mut switch, &third, AURORA);
    end(&mut switch, &fourth, AURORA);
    switch.assert_at_rest();
}

/// Two calls a second, each held for a second at most.
fn smoothed() -> Setup {
    let mut setup = Setup::default();
    setup.customer.cps_limit = Some(2);
    setup.customer.cps_smoothing_ms = Some(1_000);
    setup
}

#[test]
fn a_burst_is_held_call_by_call_until_each_is_due() {
    let mut switch = Switch::with(&smoothed());
    let mut callers: Vec<_> = (0..4)
        .map(|number| place(&mut switch, &format!("call-{number}")))
        .collect();
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(CUSTOMER, "100 INVITE");
    let refused = switch.expect(CUSTOMER, "503 INVITE");
    switch.receive(CUSTOMER, &callers[3].ack_refusal(&refused));
    assert_eq!(switch.engine.counters().calls_held, 2);
    assert_eq!(switch.channels().0, 3, "who waits has its channel");
    // Its INVITE once more: absorbed.
    let again = callers[1].invite(Some(&offer("192.0.2.10", 4000)));
    let again = again
        .replace("CSeq: 2 ", "CSeq: 1 ")
        .replace("call-1-2", "call-1-1");
    switch.receive(CUSTOMER, &again);
    switch.expect(CUSTOMER, "100 INVITE");
    switch.advance_ms(480);
    let sent = switch.take_all();
    assert!(
        sent.iter()
            .all(|sent| sent.uri() == sent.uri() && sent.to.to_string() == AURORA)
    );
    assert_eq!(switch.engine.counters().attempts, 1, "nobody is early");
    switch.advance_ms(21);
    assert_eq!(switch.engine.counters().attempts, 2);
    switch.advance_ms(500);
    assert_eq!(switch.engine.counters().attempts, 3);
    assert_eq!(switch.engine.counters().calls_held, 0);
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::CustomerCpsLimit
    );
    switch.assert_at_rest();
}

#[test]
fn a_call_that_waits_can_be_cancelled_and_its_record_says_so() {
    let mut switch = Switch::with(&smoothed());
    place(&mut switch, "call-1");
    let waiting = place(&mut switch, "call-2");
    switch.take_all();
    switch.receive(CUSTOMER, &waiting.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    switch.expect(CUSTOMER, "487 INVITE");
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.release.reason, ReleaseReason::CustomerCancelled);
    assert!(record.attempts.is_empty());
    assert_eq!(switch.engine.counters().calls_held, 0);
    assert_eq!(switch.channels().0, 1);
    let attempts = switch.engine.counters().attempts;
    switch.advance_ms(1_000);
    assert_eq!(
        switch.engine.counters().attempts,
        attempts,
        "it never begins"
    );
    switch.assert_at_rest();
}

#[test]
fn a_drain_lets_who_waits_begin_and_hangs_up_who_still_waits() {
    let mut switch = Switch::with(&smoothed());
    for number in 0..3 {
        place(&mut switch, &format!("call-{number}"));
    }
    switch.take_all();
    let hang_up_at = Some(switch.now + sip_core::Duration::from_millis(700));
    switch.command(Command::Drain { hang_up_at });
    switch.advance_ms(600);
    assert_eq!(switch.engine.counters().attempts, 2, "the second was due");
    switch.advance_ms(200);
    assert_eq!(switch.engine.counters().calls_held, 0);
    assert_eq!(switch.engine.counters().attempts, 2, "the third was not");
    let ended = switch.ended();
    let third = ended
        .iter()
        .find(|record| record.attempts.is_empty())
        .unwrap();
    assert_eq!(third.outcome, Outcome::Rejected);
    assert_eq!(third.release.reason, ReleaseReason::ShuttingDown);
    assert_eq!(third.release.sip_status, 503);
    switch.assert_at_rest();
}

#[test]
fn a_shard_that_holds_as_many_as_it_may_refuses_who_would_wait() {
    let mut switch = Switch::with(&Setup {
        limits: EngineLimits {
            max_held_calls: 1,
            ..EngineLimits::default()
        },
        ..smoothed()
    });
    for number in 0..3 {
        place(&mut switch, &format!("call-{number}"));
    }
    assert_eq!(switch.engine.counters().calls_held, 1);
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::CustomerCpsLimit
    );
    // The refused took no turn: the next is due when it would have been.
    switch.advance_ms(501);
    switch.take_all();
    place(&mut switch, "call-3");
    switch.advance_ms(501);
    assert_eq!(switch.engine.counters().attempts, 3);
    switch.assert_at_rest();
}

#[test]
fn a_call_that_waited_has_its_whole_pdd_budget() {
    let mut switch = Switch::with(&Setup {
        lcr_profile: Some(LcrProfile {
            attempts_max: 10,
            pdd_budget_ms: Some(1_000),
            ..LcrProfile::default()
        }),
        ..smoothed()
    });
    for number in 0..3 {
        place(&mut switch, &format!("call-{number}"));
    }
    switch.advance_ms(1_900);
    assert_eq!(switch.ended().len(), 2, "silence, and their budget is over");
    switch.advance_ms(200);
    assert_eq!(switch.ended().len(), 3);
    assert!(
        switch
            .ended()
            .iter()
            .all(|record| record.attempts.len() == 1)
    );
    switch.assert_at_rest();
}
