//! The customer gives up before the answer.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with,
};
use call_control::Now;
use rating::Timestamp;
use rating::cdr::{JournalEntry, Outcome, ReleaseReason, ReleasedBy};
use sip_core::HeaderName;

#[test]
fn a_ringing_attempt_is_cancelled() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 180, None));
    let ringing = switch.expect(CUSTOMER, "180 INVITE");

    let reason = "Reason: Q.850;cause=31\r\n";
    switch.receive(CUSTOMER, &caller.cancel(reason));
    let cancelled = switch.expect(CUSTOMER, "200 CANCEL");
    let same_tag = ringing.tag(HeaderName::To);
    assert_eq!(cancelled.tag(HeaderName::To), same_tag, "RFC 3261 §9.2");
    let cancel = switch.expect(AURORA, "CANCEL");
    assert_eq!(cancel.branch(), invite.branch());
    assert!(cancel.header(HeaderName::Reason).contains("cause=31"));
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    assert!(
        switch.ended().is_empty(),
        "the attempt may still be answered"
    );

    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&invite, 487, None));
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(ack.branch(), invite.branch());
    switch.expect_silence();

    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.release.by, ReleasedBy::Customer);
    assert_eq!(record.release.reason, ReleaseReason::CustomerCancelled);
    assert_eq!(record.release.sip_status, 487);
    assert_eq!(record.attempts[0].outcome, Outcome::Cancelled);
    assert_eq!(record.attempts[0].release.sip_status, 487);
    assert_eq!(record.charge.amount.0, 0);
    switch.assert_at_rest();
}

#[test]
fn a_cancel_repeats_the_to_of_its_invite_whatever_rang() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    for fork in ["one", "two"] {
        switch.receive(AURORA, &reply_with(&invite, 180, fork, "", None));
    }
    switch.take_all();
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let cancel = switch.expect(AURORA, "CANCEL");
    for field in [
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
        HeaderName::Via,
    ] {
        assert_eq!(cancel.header(field), invite.header(field), "RFC 3261 §9.1");
    }
    assert_eq!(cancel.tag(HeaderName::To), "");
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");

    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    switch.advance_ms(2_000);
    switch.expect_silence();
    assert_eq!(switch.record().outcome, Outcome::Cancelled);

    // The carrier speaks at last: now it may be told (RFC 3261 §9.1).
    switch.receive(AURORA, &reply(&invite, 180, None));
    let cancel = switch.expect(AURORA, "CANCEL");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&invite, 487, None));
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_lost_487_does_not_hold_the_record_for_ever() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.advance_ms(31_000);
    assert!(switch.ended().is_empty());
    switch.advance_ms(2_000);
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.duration_ms(), 0);
    assert_eq!(
        record.ended_at, record.received_at,
        "the end is the CANCEL, not the timeout"
    );
    switch.assert_at_rest();
}

#[test]
fn a_cancel_of_nothing_is_answered_481() {
    let mut switch = Switch::new();
    let caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "481 CANCEL");
    assert_eq!(switch.engine.counters().transactions, 0);
}

/// A call whose customer gave up while it rang.
fn cancelled() -> (Switch, Sent) {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.receive(CUSTOMER, &caller.cancel(""));
    (switch, invite)
}

#[test]
fn what_the_customer_was_told_is_in_the_journal_before_the_carriers_last_word() {
    let (mut switch, invite) = cancelled();
    let [JournalEntry::Answered(open)] = &switch.journal[..] else {
        panic!("{:?}", switch.journal);
    };
    assert_eq!(open.outcome, Outcome::Cancelled);
    assert_eq!(open.release.sip_status, 487);
    assert_eq!((open.answered_at, open.charge.amount.0), (None, 0));
    let told = (open.id, open.ended_at, open.release.clone());
    switch.advance_ms(1_000);
    switch.receive(AURORA, &reply(&invite, 487, None));
    let record = switch.record();
    assert_eq!((record.id, record.ended_at, record.release.clone()), told);
    assert_eq!(switch.journal.len(), 2);
}

#[test]
fn the_stop_of_the_process_does_not_wait_for_the_carriers_last_word() {
    let (mut switch, _) = cancelled();
    let mut up = Caller::new("call-2");
    switch.receive(CUSTOMER, &up.invite(Some(&offer("192.0.2.10", 4000))));
    let now = Now {
        instant: switch.now,
        wall: Timestamp(0),
    };
    switch.engine.settle_all(now);
    let Some(JournalEntry::Ended(record)) = switch.engine.poll_journal() else {
        panic!("the refused call has its record");
    };
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(switch.engine.poll_journal(), None);
    assert_eq!(switch.engine.counters().calls, 1, "the other goes on");
}

#[test]
fn attempts_that_were_sent_cost_their_fee_without_an_answer() {
    let mut switch = Switch::with(&Setup {
        attempt_fee: 3_000,
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let first = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&first, 503, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reply(&second, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let cancel = switch.expect(BOREALIS, "CANCEL");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    switch.receive(BOREALIS, &reply(&cancel, 200, None));
    switch.receive(BOREALIS, &reply(&second, 487, None));
    switch.expect(BOREALIS, "ACK");

    let record = switch.record();
    let costs: Vec<_> = record.attempts.iter().map(|it| it.cost.amount.0).collect();
    assert_eq!(costs, [3_000, 3_000], "each carrier was asked once");
    assert_eq!(
        (record.charge.amount.0, record.charge.billed_seconds),
        (3_000, 0)
    );
    assert_eq!(record.margin.0, -3_000);
    switch.assert_at_rest();
}
