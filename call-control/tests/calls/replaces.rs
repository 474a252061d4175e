//! An INVITE with Replaces (RFC 3891): who may take whose place, and what becomes of all three.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with,
};
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::Snapshot;
use routing_engine::resources::{Customer, ReplacesPolicy, Resources, Signalling, Stored};
use sip_core::HeaderName;
use std::sync::Arc;

fn accepting() -> Setup {
    let signalling = Signalling {
        replaces: ReplacesPolicy::Accept,
        ..Signalling::default()
    };
    Setup {
        ingress: signalling,
        egress: signalling,
        ..Setup::relayed()
    }
}

/// A call that is up, and the carrier's part of its INVITE.
struct Call {
    caller: Caller,
    invite: Sent,
    /// Our tag towards the caller.
    tag: String,
}

fn answered(switch: &mut Switch) -> Call {
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    let tag = answer.tag(HeaderName::To);
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    Call {
        caller,
        invite,
        tag,
    }
}

/// The INVITE of somebody else, with a value of Replaces.
fn newcomer(value: &str) -> (Caller, String) {
    newcomer_of("call-2", value)
}

fn newcomer_of(call_id: &str, value: &str) -> (Caller, String) {
    let mut newcomer = Caller::new(call_id);
    newcomer.extra = format!("Require: replaces\r\nReplaces: {value}\r\n");
    let invite = newcomer.invite(Some(&offer("192.0.2.11", 4100)));
    (newcomer, invite)
}

/// What names the caller's side of a call.
fn of_caller(call: &Call) -> String {
    format!("call-1;to-tag={};from-tag=from-call-1", call.tag)
}

/// What names the carrier's side.
fn of_carrier(call: &Call) -> String {
    let call_id = call.invite.header(HeaderName::CallId);
    let tag = call.invite.tag(HeaderName::From);
    format!("{call_id};to-tag={tag};from-tag=carrier-tag")
}

/// The newcomer's INVITE is taken, and offered to the other side.
fn offered(switch: &mut Switch, call: &Call) -> (Caller, Sent) {
    let (newcomer, invite) = newcomer(&of_caller(call));
    for _ in 0..2 {
        // Doubled, it is one.
        switch.receive(CUSTOMER, &invite);
        switch.expect(CUSTOMER, "100 INVITE");
        if let Some(sent) = switch.take_all().pop() {
            assert_eq!(sent.what(), "INVITE");
            switch.receive(CUSTOMER, &invite);
            switch.expect(CUSTOMER, "100 INVITE");
            switch.expect_silence();
            return (newcomer, sent);
        }
    }
    panic!("no re-INVITE to the other side");
}

fn hang_up(switch: &mut Switch, caller: &mut Caller) {
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

fn refused(switch: &mut Switch, value: &str, status: u16) {
    let call_id = format!("in-vain-{}", switch.engine.counters().messages_received);
    let (mut newcomer, invite) = newcomer_of(&call_id, value);
    switch.receive(CUSTOMER, &invite);
    let refusal = switch.expect(CUSTOMER, &format!("{status} INVITE"));
    switch.receive(CUSTOMER, &newcomer.ack_refusal(&refusal));
    switch.expect_silence();
}

#[test]
fn who_replaces_the_caller_goes_on_with_its_call() {
    let mut switch = Switch::with(&accepting());
    let mut call = answered(&mut switch);
    switch.advance_ms(30_000);
    let (mut newcomer, reinvite) = offered(&mut switch, &call);
    assert_eq!(reinvite.tag(HeaderName::To), "carrier-tag");
    assert!(reinvite.body().contains("198.51.100.2"), "media is relayed");
    let sdp = offer("203.0.113.1", 5002);
    switch.receive(AURORA, &reply(&reinvite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(answer.header(HeaderName::CallId), "call-2");
    assert_ne!(answer.tag(HeaderName::To), call.tag, "a dialog of its own");
    assert!(answer.body().contains("m=audio"));
    let bye = switch.expect(CUSTOMER, "BYE");
    assert_eq!(bye.header(HeaderName::CallId), "call-1");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    switch.receive(CUSTOMER, &newcomer.ack(&answer, None));
    switch.expect_silence();
    assert_eq!(switch.channels(), (1, 1, 0), "one call, as before");
    // Who was replaced has nothing to say any more.
    switch.receive(CUSTOMER, &call.caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "481 BYE");
    // And cannot be replaced again, while the newcomer can.
    refused(&mut switch, &of_caller(&call), 481);
    switch.advance_ms(30_000);
    hang_up(&mut switch, &mut newcomer);
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Answered);
    assert_eq!(record.charge.billed_seconds, 60, "charged on");
    assert_eq!(record.release.reason, ReleaseReason::NormalClearing);
}

#[test]
fn an_answer_to_the_newcomer_that_is_lost_is_sent_again() {
    let mut switch = Switch::with(&accepting());
    let call = answered(&mut switch);
    let (mut newcomer, reinvite) = offered(&mut switch, &call);
    switch.receive(
        AURORA,
        &reply(&reinvite, 200, Some(&offer("203.0.113.1", 5002))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    let bye = switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    switch.advance_ms(500);
    assert_eq!(switch.expect(CUSTOMER, "200 INVITE").text, answer.text);
    switch.receive(CUSTOMER, &newcomer.ack(&answer, None));
    hang_up(&mut switch, &mut newcomer);
}

#[test]
fn a_newcomer_that_the_other_side_refuses_changes_nothing() {
    for status in [488, 491] {
        let mut switch = Switch::with(&accepting());
        let mut call = answered(&mut switch);
        let (mut newcomer, reinvite) = offered(&mut switch, &call);
        switch.receive(AURORA, &reply(&reinvite, status, None));
        switch.expect(AURORA, "ACK");
        let refusal = switch.expect(CUSTOMER, &format!("{status} INVITE"));
        switch.receive(CUSTOMER, &newcomer.ack_refusal(&refusal));
        switch.expect_silence();
        hang_up(&mut switch, &mut call.caller);
        assert_eq!(switch.ended().len(), 1);
    }
}

#[test]
fn a_newcomer_that_gives_up_changes_nothing() {
    let mut switch = Switch::with(&accepting());
    let mut call = answered(&mut switch);
    let (mut newcomer, reinvite) = offered(&mut switch, &call);
    switch.receive(AURORA, &reply(&reinvite, 100, None));
    switch.receive(CUSTOMER, &newcomer.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let cancel = switch.expect(AURORA, "CANCEL");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&reinvite, 487, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &newcomer.ack_refusal(&refusal));
    hang_up(&mut switch, &mut call.caller);
}

#[test]
fn a_newcomer_comes_too_late_when_the_caller_hangs_up() {
    let mut switch = Switch::with(&accepting());
    let mut call = answered(&mut switch);
    let (mut newcomer, reinvite) = offered(&mut switch, &call);
    switch.receive(AURORA, &reply(&reinvite, 100, None));
    switch.receive(CUSTOMER, &call.caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &newcomer.ack_refusal(&refusal));
    switch.take_all();
    // While its BYE is on the way the dialog is known to be over.
    refused(&mut switch, &of_caller(&call), 603);
    switch.assert_at_rest();
    assert_eq!(switch.ended().len(), 1);
}

#[test]
fn an_offer_of_the_other_side_is_answered_by_the_newcomer() {
    let mut switch = Switch::with(&accepting());
    let call = answered(&mut switch);
    let mut newcomer = Caller::new("call-2");
    newcomer.extra = format!("Replaces: {}\r\n", of_caller(&call));
    switch.receive(CUSTOMER, &newcomer.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let reinvite = switch.expect(AURORA, "INVITE");
    assert_eq!(reinvite.body(), "");
    let sdp = offer("203.0.113.1", 5002);
    switch.receive(AURORA, &reply(&reinvite, 200, Some(&sdp)));
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    let bye = switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    let sdp = offer("192.0.2.11", 4100);
    switch.receive(CUSTOMER, &newcomer.ack(&answer, Some(&sdp)));
    let ack = switch.expect(AURORA, "ACK");
    assert!(ack.body().contains("m=audio"));
    hang_up(&mut switch, &mut newcomer);
}

#[test]
fn what_names_no_dialog_that_may_be_replaced_is_refused_as_the_rfc_says() {
    let mut switch = Switch::with(&accepting());
    let mut call = answered(&mut switch);
    let tag = &call.tag;
    for (value, status) in [
        ("call-1".to_owned(), 400),
        (format!("call-1;to-tag={tag};from-tag=another"), 481),
        (format!("call-9;to-tag={tag};from-tag=from-call-1"), 481),
        ("call-1;to-tag=theirs;from-tag=from-call-1".to_owned(), 481),
        (format!("{};early-only", of_caller(&call)), 486),
        // Only its carrier could have been there.
        (of_carrier(&call), 481),
    ] {
        refused(&mut switch, &value, status);
    }
    let both = format!("{0}\r\nReplaces: {0}", of_caller(&call));
    refused(&mut switch, &both, 400);
    let hold = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &call.caller.next("INVITE", "", Some(&hold)));
    switch.expect(CUSTOMER, "100 INVITE");
    let holding = switch.expect(AURORA, "INVITE");
    refused(&mut switch, &of_caller(&call), 491);
    switch.receive(AURORA, &reply(&holding, 488, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &call.caller.ack_refusal(&refusal));
    hang_up(&mut switch, &mut call.caller);
    assert_eq!(switch.ended().len(), 1, "refusals are of no call");
}

#[test]
fn a_call_that_rings_is_not_replaced() {
    let mut switch = Switch::with(&accepting());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply(&invite, 180, None));
    let ringing = switch.expect(CUSTOMER, "180 INVITE");
    let tag = ringing.tag(HeaderName::To);
    let value = format!("call-1;to-tag={tag};from-tag=from-call-1");
    refused(&mut switch, &value, 481);
}

#[test]
fn media_that_goes_directly_cannot_change_hands() {
    let setup = Setup {
        ingress: accepting().ingress,
        ..Setup::default()
    };
    let mut switch = Switch::with(&setup);
    let mut call = answered(&mut switch);
    refused(&mut switch, &of_caller(&call), 488);
    hang_up(&mut switch, &mut call.caller);
}

#[test]
fn a_trunk_without_it_says_so_or_takes_the_invite_for_a_call() {
    let mut switch = Switch::with(&Setup::relayed());
    let call = answered(&mut switch);
    let (mut newcomer, invite) = newcomer(&of_caller(&call));
    switch.receive(CUSTOMER, &invite);
    let refusal = switch.expect(CUSTOMER, "420 INVITE");
    assert!(refusal.text.contains("Unsupported: replaces"));
    switch.receive(CUSTOMER, &newcomer.ack_refusal(&refusal));
    let mut ordinary = Caller::new("call-3");
    ordinary.extra = format!("Replaces: {}\r\n", of_caller(&call));
    switch.receive(CUSTOMER, &ordinary.invite(Some(&offer("192.0.2.11", 4100))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.tag(HeaderName::To), "", "a call of its own");
    assert_eq!(switch.channels(), (2, 2, 0));
}

/// The same configuration with a second customer, at another address.
fn with_another_customer(setup: &Setup) -> Resources {
    let mut resources = setup.resources();
    resources.customers.push(Stored {
        id: 2,
        name: "Polar".to_owned(),
        spec: Customer::new("retail"),
    });
    let mut trunk = resources.trunks[0].clone();
    trunk.id = 9;
    "polar-in".clone_into(&mut trunk.name);
    trunk.spec.customer = Some("Polar".into());
    trunk.spec.source_addresses = vec!["192.0.2.77".parse().unwrap()];
    resources.trunks.push(trunk);
    resources
}

#[test]
fn another_customer_replaces_nobody() {
    let setup = accepting();
    let mut switch = Switch::with(&setup);
    let resources = with_another_customer(&setup);
    let snapshot = Snapshot::compile(2, &resources, Some(&switch.snapshot)).unwrap();
    let snapshot = Arc::new(snapshot);
    switch.snapshot = Arc::clone(&snapshot);
    switch.command(call_control::Command::SetSnapshot(snapshot));
    let mut call = answered(&mut switch);
    let (_, invite) = newcomer(&of_caller(&call));
    let invite = invite.replace("192.0.2.10", "192.0.2.77");
    switch.receive("192.0.2.77:5060", &invite);
    switch.expect("192.0.2.77:5060", "481 INVITE");
    // A stranger learns nothing at all.
    let stranger = invite.replace("192.0.2.77", "198.18.0.9");
    switch.receive(
        "198.18.0.9:5060",
        &stranger.replace("branch=z9", "branch=z9hG4bKother-z9"),
    );
    switch.expect("198.18.0.9:5060", "403 INVITE");
    switch.take_all();
    hang_up(&mut switch, &mut call.caller);
}

#[test]
fn a_gateway_of_the_same_carrier_replaces_the_called_party() {
    let mut switch = Switch::with(&accepting());
    let mut call = answered(&mut switch);
    let (_, invite) = newcomer(&of_carrier(&call));
    // Another carrier is a stranger here.
    switch.receive(BOREALIS, &invite.replace("192.0.2.10", "203.0.113.2"));
    switch.expect(BOREALIS, "403 INVITE");
    let invite = invite
        .replace("192.0.2.10", "203.0.113.1")
        .replace("branch=z9hG4bK", "branch=z9hG4bKaurora");
    switch.receive(AURORA, &invite);
    switch.expect(AURORA, "100 INVITE");
    let reinvite = switch.expect(CUSTOMER, "INVITE");
    let sdp = offer("192.0.2.10", 4000);
    switch.receive(
        CUSTOMER,
        &reply_with(&reinvite, 200, "from-call-1", "", Some(&sdp)),
    );
    switch.expect(CUSTOMER, "ACK");
    let answer = switch.expect(AURORA, "200 INVITE");
    assert_eq!(answer.header(HeaderName::CallId), "call-2");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "carrier-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    let mut newcomer = Caller::new("call-2");
    newcomer.host = "203.0.113.1";
    switch.receive(AURORA, &newcomer.ack(&answer, None));
    switch.expect_silence();
    switch.receive(CUSTOMER, &call.caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.header(HeaderName::CallId), "call-2");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
    let of_carrier = |record: &&&rating::cdr::CallRecord| record.outcome == Outcome::Answered;
    assert_eq!(switch.ended().iter().filter(of_carrier).count(), 1);
}

#[test]
fn a_question_to_who_was_replaced_ends_nothing() {
    let mut setup = accepting();
    setup.ingress.keepalive_interval_s = Some(30);
    let mut switch = Switch::with(&setup);
    let call = answered(&mut switch);
    switch.advance_ms(30_000);
    switch.expect(CUSTOMER, "OPTIONS");
    let (mut newcomer, reinvite) = offered(&mut switch, &call);
    let sdp = offer("203.0.113.1", 5002);
    switch.receive(AURORA, &reply(&reinvite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &newcomer.ack(&answer, None));
    // Who was replaced is out of reach: neither the question nor the BYE is answered.
    switch.advance_ms(29_000);
    switch.take_all();
    assert_eq!(switch.ended().len(), 0);
    switch.receive(CUSTOMER, &newcomer.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
}
