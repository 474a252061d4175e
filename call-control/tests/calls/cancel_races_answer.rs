//! The carrier's 200 crosses our CANCEL, and the customer's CANCEL crosses our 200.

use crate::support::{AURORA, CUSTOMER, Caller, Switch, offer, reply};
use rating::cdr::{JournalEntry, Outcome};

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    switch.expect(AURORA, "CANCEL");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));

    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));

    let record = switch.record();
    assert_eq!(
        record.outcome,
        Outcome::Cancelled,
        "the customer had given up"
    );
    assert_eq!(record.charge.amount.0, 0);
    let attempt = &record.attempts[0];
    assert_eq!(
        attempt.outcome,
        Outcome::Answered,
        "the carrier was connected"
    );
    assert_eq!(
        attempt.cost.billed_seconds, 1,
        "and will charge the first interval"
    );
    assert!(record.margin.is_negative());
    let answered = |entry: &JournalEntry| matches!(entry, JournalEntry::Answered(call) if call.answered_at.is_some());
    assert!(!switch.journal.iter().any(answered));
    switch.assert_at_rest();
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");

    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    switch.expect_silence();

    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.record().outcome, Outcome::Answered);
    switch.assert_at_rest();
}
