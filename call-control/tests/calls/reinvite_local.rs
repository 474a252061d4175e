//! re-INVITEs and UPDATEs that the switch answers itself, because they say nothing new to the other
//! side.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply};
use call_control::MediaCommand;
use routing_engine::resources::{ReinvitePolicy, Signalling};

fn answered(setup: Setup) -> (Switch, Caller) {
    let setup = Setup {
        ingress: Signalling {
            reinvite: ReinvitePolicy::Local,
            ..Signalling::default()
        },
        ..setup
    };
    let mut switch = Switch::with(&setup);
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.media.clear();
    (switch, caller)
}

fn ingress_port(switch: &Switch) -> Option<u16> {
    match switch.media.last()? {
        MediaCommand::Update(_, plan) => plan.ingress.map(|remote| remote.rtp.port()),
        _ => None,
    }
}

fn hang_up(mut switch: Switch, mut caller: Caller) {
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn another_address_concerns_the_relay_alone() {
    let (mut switch, mut caller) = answered(Setup::relayed());
    for (method, port) in [("INVITE", 4444), ("UPDATE", 4446)] {
        let moved = offer("192.0.2.77", port);
        switch.receive(CUSTOMER, &caller.next(method, "", Some(&moved)));
        let answer = switch.expect(CUSTOMER, &format!("200 {method}"));
        assert!(answer.body().contains("m=audio"));
        if method == "INVITE" {
            switch.receive(CUSTOMER, &caller.ack(&answer, None));
        }
        assert_eq!(ingress_port(&switch), Some(port));
    }
    switch.expect_silence();
    hang_up(switch, caller);
}

#[test]
fn the_same_again_is_answered_and_its_doubles_absorbed() {
    let (mut switch, mut caller) = answered(Setup::relayed());
    let request = caller.next("INVITE", "", Some(&offer("192.0.2.10", 4000)));
    switch.receive(CUSTOMER, &request);
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert!(switch.media.is_empty(), "nothing changes");
    // Its ACK is lost: the answer comes again until there is one.
    switch.advance_ms(500);
    switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &request);
    switch.take_all();
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.advance_ms(5_000);
    switch.expect_silence();
    hang_up(switch, caller);
}

#[test]
fn what_the_other_side_must_know_is_passed_on() {
    let held = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    let other_codec = offer("192.0.2.10", 4000).replace("RTP/AVP 8 0", "RTP/AVP 8");
    let old_hold = offer("0.0.0.0", 4000);
    for sdp in [held, other_codec, old_hold] {
        let (mut switch, mut caller) = answered(Setup::relayed());
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let passed = switch.expect(AURORA, "INVITE");
        let answer = offer("203.0.113.1", 5000);
        switch.receive(AURORA, &reply(&passed, 200, Some(&answer)));
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
        hang_up(switch, caller);
    }
}

#[test]
fn media_that_is_not_relayed_cannot_move_unnoticed() {
    let (mut switch, mut caller) = answered(Setup::default());
    let moved = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&moved)));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
}

#[test]
fn a_change_that_is_under_way_goes_first() {
    let (mut switch, mut caller) = answered(Setup::relayed());
    let held = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&held)));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    let moved = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("UPDATE", "", Some(&moved)));
    switch.expect(CUSTOMER, "500 UPDATE");
    switch.expect_silence();
}
