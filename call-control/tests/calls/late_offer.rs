//! The INVITE has no description: the offer comes with the 200, the answer with the ACK.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply};
use rating::cdr::{Outcome, ReleaseReason};

#[test]
fn the_answer_travels_in_the_ack() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.body(), "");
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert!(answer.body().contains("198.51.100.2"));
    switch.expect_silence();

    switch.receive(
        CUSTOMER,
        &caller.ack(&answer, Some(&offer("192.0.2.10", 4000))),
    );
    let ack = switch.expect(AURORA, "ACK");
    assert!(ack.body().contains("c=IN IP4 198.51.100.2"));
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    assert_eq!(
        switch.expect(AURORA, "ACK").text,
        ack.text,
        "again, with its body"
    );

    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(switch.record().outcome, Outcome::Answered);
    switch.assert_at_rest();
}

#[test]
fn an_ack_without_the_answer_ends_the_call() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(None));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(switch.record().release.reason, ReleaseReason::ProtocolError);
    switch.assert_at_rest();
}

#[test]
fn an_offer_without_an_ack_is_acknowledged_before_the_bye() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(None));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.take_all();
    switch.advance_ms(32_000);
    let to_carrier: Vec<_> = switch
        .take_all()
        .into_iter()
        .filter(|sent| sent.to.to_string() == AURORA)
        .map(|sent| sent.what())
        .collect();
    assert_eq!(to_carrier, ["ACK", "BYE"]);
    assert_eq!(switch.record().release.reason, ReleaseReason::AckMissing);
    switch.assert_at_rest();
}
