//! The other side says nothing, or stops saying anything.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::Duration;
use sip_tester::agent::{EndedBy, Outcome};
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::Span;
use testkit::pair::{CALLED, CALLER};
use testkit::{LinkProfile, Pair};

#[test]
fn a_dead_carrier_gives_408_after_64_t1_and_seven_invites() {
    let pair = Pair::new(1, LinkProfile::CLEAN, UasPlan::always(UasScript::silence()));
    let (caller, called) = pair.one_call(UacPlan::default());
    assert_eq!((caller.outcome, caller.status), (Outcome::TimedOut, 408));
    assert_eq!(
        caller.ended_at.since(caller.started_at),
        Duration::from_secs(32)
    );
    let sent: Vec<u64> = caller
        .ladder
        .entries()
        .iter()
        .map(|entry| entry.at_us / 1_000)
        .collect();
    assert_eq!(
        sent,
        [0, 500, 1_500, 3_500, 7_500, 15_500, 31_500],
        "timer A doubles"
    );
    assert_eq!(called.unwrap().outcome, Outcome::Ignored);
}

#[test]
fn a_caller_that_gives_up_on_silence_stops_sending() {
    let pair = Pair::new(2, LinkProfile::CLEAN, UasPlan::always(UasScript::silence()));
    let (caller, _) = pair.one_call(UacPlan::cancelling(Duration::from_secs(2)));
    assert_eq!(caller.outcome, Outcome::Cancelled);
    assert_eq!(caller.ladder.outline(), ["INVITE", "*INVITE", "*INVITE"]);
}

#[test]
fn a_bye_into_the_void_is_sent_again_and_given_up_after_64_t1() {
    let mut pair = Pair::new(3, LinkProfile::CLEAN, UasPlan::default());
    pair.place(&UacPlan::talking(Duration::from_secs(10)).into());
    pair.world.run_for(Duration::from_secs(5));
    pair.world.net.partition(CALLER, CALLED);
    pair.world.run_until_idle();
    let caller_id = pair.caller;
    let caller = pair.ended(caller_id).remove(0);
    assert_eq!(caller.outcome, Outcome::ByeUnanswered);
    let byes: Vec<u64> = caller
        .ladder
        .entries()
        .iter()
        .filter(|entry| entry.method() == "BYE")
        .map(|entry| entry.at_us / 1_000)
        .collect();
    let gaps: Vec<u64> = byes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(
        gaps,
        [
            500, 1_000, 2_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000, 4_000
        ]
    );
    // The called side never learns of it, so its own longest call time ends the call.
    let called_id = pair.called;
    let called = pair.ended(called_id).remove(0);
    assert_eq!(
        (called.outcome, called.ended_by),
        (Outcome::ByeUnanswered, Some(EndedBy::Us))
    );
    pair.assert_at_rest();
}

#[test]
fn a_2xx_without_ack_is_sent_for_64_t1_and_then_ended_by_bye() {
    let script = UasScript::answer(Span::ZERO, Span::seconds(1));
    let mut pair = Pair::new(4, LinkProfile::CLEAN, UasPlan::always(script));
    pair.place(&UacPlan::talking(Duration::from_secs(600)).into());
    pair.world.run_for(Duration::from_millis(500));
    // The caller's messages are lost from here on, so the ACK never comes.
    pair.world.net.cut(CALLER, CALLED);
    pair.world.run_for(Duration::from_secs(20));
    let called_id = pair.called;
    let now = pair.world.now();
    let active: Vec<_> = pair.world.node(called_id).active_calls().collect();
    assert_eq!(active.len(), 1, "the 2xx is still being sent at {now:?}");
    pair.world.run_until_idle();
    let called = pair.ended(called_id).remove(0);
    assert_eq!(called.outcome, Outcome::AckMissing);
    let answers: Vec<u64> = called
        .ladder
        .entries()
        .iter()
        .filter(|entry| entry.status() == Some(200) && entry.method() == "INVITE")
        .map(|entry| entry.at_us / 1_000 - 1_010)
        .collect();
    assert_eq!(answers[..6], [0, 500, 1_500, 3_500, 7_500, 11_500]);
    assert!(
        answers.last().is_some_and(|last| *last <= 32_000),
        "{answers:?}"
    );
    let byes = called
        .ladder
        .outline()
        .iter()
        .filter(|message| *message == "BYE")
        .count();
    assert_eq!(byes, 1);
}

#[test]
fn a_lost_ack_is_repaired_by_the_next_2xx() {
    let script = UasScript::answer(Span::ZERO, Span::seconds(1));
    let mut pair = Pair::new(5, LinkProfile::CLEAN, UasPlan::always(script));
    pair.place(&UacPlan::talking(Duration::from_secs(5)).into());
    pair.world.run_for(Duration::from_millis(500));
    pair.world.net.cut(CALLER, CALLED);
    pair.world.run_for(Duration::from_secs(1));
    pair.world.net.heal();
    pair.world.run_until_idle();
    let called_id = pair.called;
    let called = pair.ended(called_id).remove(0);
    assert_eq!(called.outcome, Outcome::Completed);
    assert!(
        called
            .ladder
            .outline()
            .iter()
            .any(|message| message == "*200 INVITE")
    );
    pair.assert_at_rest();
}
