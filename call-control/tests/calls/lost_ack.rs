//! The customer's ACK is lost, late or never comes.

use crate::support::{AURORA, CUSTOMER, Caller, Sent, Switch, offer, reply};
use rating::cdr::{Outcome, ReleaseReason, ReleasedBy};

fn answered(switch: &mut Switch) -> (Caller, Sent, Sent) {
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    (caller, invite, answer)
}

#[test]
fn the_answer_is_sent_again_until_the_ack_comes() {
    let mut switch = Switch::new();
    let (mut caller, _, answer) = answered(&mut switch);
    switch.advance_ms(499);
    switch.expect_silence();
    switch.advance_ms(1);
    assert_eq!(switch.expect(CUSTOMER, "200 INVITE").text, answer.text);
    switch.advance_ms(1_000);
    switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.advance_ms(20_000);
    switch.expect_silence();
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.assert_at_rest();
}

#[test]
fn without_any_ack_both_sides_get_bye_after_32_seconds() {
    let mut switch = Switch::new();
    let (..) = answered(&mut switch);
    switch.advance_ms(31_999);
    let resent = switch.take_all();
    assert!(resent.iter().all(|sent| sent.what() == "200 INVITE"));
    // 0.5, 1.5, 3.5, 7.5, 11.5, … 31.5 s: doubling from T1 up to T2.
    assert_eq!(resent.len(), 10);
    switch.advance_ms(1);
    let byes = switch.take_all();
    let mut to: Vec<_> = byes
        .iter()
        .map(|sent| (sent.to.to_string(), sent.what()))
        .collect();
    to.sort();
    let bye = |to: &str| (to.to_owned(), "BYE".to_owned());
    assert_eq!(to, [bye(CUSTOMER), bye(AURORA)]);
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Answered);
    assert_eq!(record.release.reason, ReleaseReason::AckMissing);
    assert_eq!(record.release.by, ReleasedBy::Switch);
    assert_eq!(record.duration_ms(), 32_000);
    switch.assert_at_rest();
}

#[test]
fn a_bye_of_the_carrier_before_the_ack_reaches_the_customer_after_it() {
    let mut switch = Switch::new();
    let (mut caller, invite, answer) = answered(&mut switch);
    switch.receive(AURORA, &carriers_bye(&invite));
    switch.expect(AURORA, "200 BYE");
    switch.expect_silence();
    assert_eq!(switch.record().release.by, ReleasedBy::Carrier);
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let bye = switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn when_both_sides_hang_up_before_the_ack_it_is_no_longer_waited_for() {
    let mut switch = Switch::new();
    let (mut caller, invite, answer) = answered(&mut switch);
    switch.receive(AURORA, &carriers_bye(&invite));
    switch.expect(AURORA, "200 BYE");
    caller.learn(&answer);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.advance_ms(40_000);
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_lost_ack_of_ours_is_sent_again_for_each_answer() {
    let mut switch = Switch::new();
    let (mut caller, invite, answer) = answered(&mut switch);
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.assert_at_rest();
}

fn carriers_bye(invite: &Sent) -> String {
    use sip_core::HeaderName;
    format!(
        "BYE sip:x@198.51.100.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKb\r\n\
         From: {};tag=carrier-tag\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 9 BYE\r\n\
         Content-Length: 0\r\n\r\n",
        invite.header(HeaderName::To),
        invite.header(HeaderName::From),
        invite.header(HeaderName::CallId),
    )
}
