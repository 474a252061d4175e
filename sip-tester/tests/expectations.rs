//! A call is judged by what was expected of it.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::Duration;
use sip_tester::agent::{CallSummary, Outcome};
use sip_tester::expectation::{Expectation, Unmet};
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::Span;
use sip_tester::rtp::RtpStatistics;
use testkit::{LinkProfile, Pair};

fn call(script: UasScript) -> CallSummary {
    let pair = Pair::new(1, LinkProfile::CLEAN, UasPlan::always(script));
    pair.one_call(UacPlan::default()).0
}

#[test]
fn an_answered_call_meets_the_default_and_a_refused_one_does_not() {
    let answered = call(UasScript::answer(Span::ZERO, Span::ZERO));
    assert_eq!(Expectation::default().unmet(&answered, None), []);
    let busy = call(UasScript::reject(Span::ZERO, 486));
    let unmet = Expectation::default().unmet(&busy, None);
    assert_eq!(
        unmet,
        [Unmet::Status {
            expected: 200,
            actual: 486
        }]
    );
    assert_eq!(unmet[0].to_string(), "status 486, not 200");
    assert_eq!(Expectation::refusal(486).unmet(&busy, None), []);
}

#[test]
fn silence_is_no_408_that_somebody_sent() {
    let silent = call(UasScript::silence());
    assert_eq!(silent.status, 408);
    let unmet = Expectation::refusal(408).unmet(&silent, None);
    assert_eq!(unmet, [Unmet::Outcome(Outcome::TimedOut)]);
}

#[test]
fn post_dial_delay_and_audio_are_held_to_their_limits() {
    let slow = call(UasScript::answer(Span::millis(500), Span::ZERO));
    let expectation = Expectation {
        pdd_at_most: Some(Duration::from_millis(500)),
        rtp_packets: 100,
        rtp_loss_per_mille: 10,
        ..Expectation::default()
    };
    let rtp = RtpStatistics {
        received: 90,
        lost: 10,
        ..RtpStatistics::default()
    };
    let unmet = expectation.unmet(&slow, Some(&rtp));
    assert_eq!(
        unmet,
        [
            Unmet::Pdd {
                limit_ms: 500,
                actual_ms: Some(520)
            },
            Unmet::RtpPackets {
                expected: 100,
                actual: 90
            },
            Unmet::RtpLoss {
                limit: 10,
                actual: 100
            },
        ]
    );
}

#[test]
fn an_answer_with_a_broken_end_does_not_pass() {
    let mut pair = Pair::new(2, LinkProfile::CLEAN, UasPlan::default());
    pair.place(&UacPlan::default().into());
    pair.world.run_for(Duration::from_secs(3));
    pair.world
        .net
        .partition(testkit::pair::CALLER, testkit::pair::CALLED);
    pair.world.run_until_idle();
    let caller = pair.caller;
    let ended = pair.ended(caller).remove(0);
    let unmet = Expectation::default().unmet(&ended, None);
    assert_eq!(unmet, [Unmet::Outcome(Outcome::ByeUnanswered)]);
}
