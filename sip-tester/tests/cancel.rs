//! The caller gives up (RFC 3261 §9).

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::Duration;
use sip_tester::agent::Outcome;
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::Span;
use testkit::{LinkProfile, Pair};

#[test]
fn a_ringing_call_is_cancelled_and_answered_487() {
    let uas = UasPlan::always(UasScript::no_answer(Span::millis(200)));
    let pair = Pair::new(1, LinkProfile::CLEAN, uas);
    let (caller, called) = pair.one_call(UacPlan::cancelling(Duration::from_secs(3)));
    let called = called.unwrap();
    assert_eq!(
        (caller.outcome, called.outcome),
        (Outcome::Cancelled, Outcome::Cancelled)
    );
    assert_eq!((caller.status, called.status), (487, 487));
    let expected = [
        "INVITE",
        "100 INVITE",
        "180 INVITE",
        "CANCEL",
        "200 CANCEL",
        "487 INVITE",
        "ACK",
    ];
    assert_eq!(caller.ladder.outline(), expected);
    assert_eq!(called.ladder.outline(), expected);
}

#[test]
fn no_cancel_leaves_before_a_provisional_response() {
    // The first response comes 20 ms after the INVITE; the caller gives up after 5.
    let uas = UasPlan::always(UasScript::no_answer(Span::ZERO));
    let pair = Pair::new(2, LinkProfile::CLEAN, uas);
    let (caller, _) = pair.one_call(UacPlan::cancelling(Duration::from_millis(5)));
    assert_eq!(caller.outcome, Outcome::Cancelled);
    let cancelled_at = caller
        .ladder
        .entries()
        .iter()
        .find(|e| e.method() == "CANCEL")
        .unwrap();
    assert_eq!(cancelled_at.at_us, 20_000);
}

#[test]
fn a_cancel_that_crosses_the_answer_ends_by_bye() {
    // The 200 leaves at 1010 ms, the CANCEL at 1015 ms.
    let uas = UasPlan::always(UasScript::answer(Span::ZERO, Span::millis(1_000)));
    let pair = Pair::new(3, LinkProfile::CLEAN, uas);
    let (caller, called) = pair.one_call(UacPlan::cancelling(Duration::from_millis(1_015)));
    let called = called.unwrap();
    assert_eq!(
        (caller.outcome, called.outcome),
        (Outcome::Completed, Outcome::Completed)
    );
    assert_eq!(caller.talk_us(), 0, "acknowledged and ended at once");
    let messages = caller.ladder.outline();
    for wanted in [
        "CANCEL",
        "200 CANCEL",
        "200 INVITE",
        "ACK",
        "BYE",
        "200 BYE",
    ] {
        assert!(
            messages.iter().any(|message| message == wanted),
            "{messages:?}"
        );
    }
}

#[test]
fn ringing_for_ever_ends_by_the_ring_timeout() {
    let uas = UasPlan::always(UasScript::no_answer(Span::millis(100)));
    let plan = UacPlan {
        ring_timeout: Duration::from_secs(60),
        ..UacPlan::default()
    };
    let (caller, _) = Pair::new(4, LinkProfile::CLEAN, uas).one_call(plan);
    assert_eq!(caller.outcome, Outcome::Cancelled);
    assert_eq!(
        caller.ended_at.since(caller.started_at),
        Duration::from_millis(60_020)
    );
}
