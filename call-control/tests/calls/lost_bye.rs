//! BYEs that get lost, cross, or come again.

use crate::support::{AURORA, CUSTOMER, Caller, Switch, offer, reply};
use rating::cdr::ReleasedBy;
use sip_core::HeaderName;

fn answered(switch: &mut Switch) -> Caller {
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    caller
}

#[test]
fn a_bye_without_a_reply_is_sent_again_and_given_up_after_32_seconds() {
    let mut switch = Switch::new();
    let mut caller = answered(&mut switch);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(
        switch.ended().len(),
        1,
        "the record does not wait for the carrier"
    );
    assert_eq!(switch.channels(), (0, 0, 0), "nor do the channels");
    switch.advance_ms(31_999);
    assert_eq!(switch.take_all().len(), 10);
    assert_eq!(switch.engine.counters().calls, 1);
    switch.advance_ms(1);
    assert_eq!(switch.engine.counters().calls, 0);
    switch.assert_at_rest();
}

#[test]
fn a_call_of_three_days_is_still_hung_up_by_either_side() {
    const THREE_DAYS_MS: u64 = 3 * 24 * 3_600_000;
    for carrier_hangs_up in [false, true] {
        let mut switch = Switch::new();
        let mut caller = Caller::new("call-1");
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        let invite = switch.take_all().pop().unwrap();
        let sdp = offer("203.0.113.1", 5000);
        switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
        let ack = switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
        switch.advance_ms(THREE_DAYS_MS);
        switch.expect_silence();
        if carrier_hangs_up {
            let bye = format!(
                "BYE sip:x@198.51.100.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKb\r\n\
                 From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n",
                ack.header(HeaderName::To),
                ack.header(HeaderName::From),
                ack.header(HeaderName::CallId),
            );
            switch.receive(AURORA, &bye);
            switch.expect(AURORA, "200 BYE");
            let bye = switch.expect(CUSTOMER, "BYE");
            switch.receive(CUSTOMER, &reply(&bye, 200, None));
        } else {
            switch.receive(CUSTOMER, &caller.next("BYE", "", None));
            switch.expect(CUSTOMER, "200 BYE");
            let bye = switch.expect(AURORA, "BYE");
            switch.receive(AURORA, &reply(&bye, 200, None));
        }
        let record = switch.record();
        assert_eq!(record.duration_ms(), THREE_DAYS_MS);
        switch.assert_at_rest();
    }
}

#[test]
fn a_bye_that_comes_again_gets_the_same_answer() {
    let mut switch = Switch::new();
    let mut caller = answered(&mut switch);
    let bye = caller.next("BYE", "", None);
    switch.receive(CUSTOMER, &bye);
    let first = switch.expect(CUSTOMER, "200 BYE");
    let carriers = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&carriers, 200, None));
    switch.receive(CUSTOMER, &bye);
    assert_eq!(switch.expect(CUSTOMER, "200 BYE").text, first.text);
    switch.expect_silence();
    assert_eq!(switch.ended().len(), 1);
    switch.assert_at_rest();
}

#[test]
fn a_bye_to_a_call_that_is_gone_is_answered_481_and_makes_no_state() {
    let mut switch = Switch::new();
    let mut caller = answered(&mut switch);
    let bye = caller.next("BYE", "", None);
    switch.receive(CUSTOMER, &bye);
    switch.expect(CUSTOMER, "200 BYE");
    let carriers = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&carriers, 200, None));
    switch.assert_at_rest();
    switch.receive(CUSTOMER, &bye);
    switch.expect(CUSTOMER, "481 BYE");
    assert_eq!(switch.engine.counters().transactions, 0);
    assert_eq!(switch.ended().len(), 1);
}

#[test]
fn byes_of_both_sides_cross() {
    let mut switch = Switch::new();
    let mut caller = answered(&mut switch);
    // The switch hangs up towards the customer because the carrier did; meanwhile the customer
    // hangs up itself.
    let id = switch.engine.newest_calls(None, 10)[0].id;
    switch.command(call_control::Command::HangUp(id));
    let to_customer = switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.receive(CUSTOMER, &reply(&to_customer, 481, None));
    assert_eq!(
        switch.record().release.by,
        ReleasedBy::Switch,
        "who was first stays"
    );
    switch.assert_at_rest();
}
