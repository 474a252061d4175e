//! A call as it should be: placed, rung, answered, talked, ended by either side.

#![allow(clippy::unwrap_used, reason = "a test may fail by panic")]

use sip_core::Duration;
use sip_tester::agent::{EndedBy, Outcome};
use sip_tester::plan::{Reply, UacPlan, UasPlan, UasScript};
use sip_tester::random::Span;
use testkit::{LinkProfile, Pair};

#[test]
fn the_caller_hangs_up_after_its_talk_time() {
    let script = UasScript::answer(Span::millis(300), Span::millis(2_000));
    let pair = Pair::new(1, LinkProfile::CLEAN, UasPlan::always(script));
    let (caller, called) = pair.one_call(UacPlan::talking(Duration::from_secs(30)));
    let called = called.unwrap();
    assert_eq!(
        caller.ladder.outline(),
        [
            "INVITE",
            "100 INVITE",
            "180 INVITE",
            "200 INVITE",
            "ACK",
            "BYE",
            "200 BYE"
        ]
    );
    assert_eq!(called.ladder.outline(), caller.ladder.outline());
    assert_eq!(
        (caller.outcome, called.outcome),
        (Outcome::Completed, Outcome::Completed)
    );
    assert_eq!(caller.ended_by, Some(EndedBy::Us));
    assert_eq!(called.ended_by, Some(EndedBy::Them));
    // 10 ms there, 300 ms until it rings, 10 ms back.
    assert_eq!(caller.pdd_us(), Some(320_000));
    assert_eq!(
        caller
            .answered_at
            .unwrap()
            .since(caller.started_at)
            .as_millis(),
        2_320
    );
    assert_eq!(caller.talk_us(), 30_000_000);
    assert_eq!(
        called.talk_us(),
        30_020_000,
        "from the 200 sent to the BYE received"
    );
    assert_eq!((caller.status, caller.reason.as_str()), (200, "OK"));
    assert_eq!(called.calling_number, "441132960000");
    assert_eq!(called.called_number, "442071234567");
}

#[test]
fn the_called_side_may_hang_up_first() {
    let script = UasScript::answer(Span::ZERO, Span::ZERO).hanging_up_after(Span::seconds(7));
    let pair = Pair::new(2, LinkProfile::CLEAN, UasPlan::always(script));
    let (caller, called) = pair.one_call(UacPlan::talking(Duration::from_secs(600)));
    let called = called.unwrap();
    assert_eq!(
        (caller.outcome, called.outcome),
        (Outcome::Completed, Outcome::Completed)
    );
    assert_eq!(
        (caller.ended_by, called.ended_by),
        (Some(EndedBy::Them), Some(EndedBy::Us))
    );
    assert_eq!(called.talk_us(), 7_000_000);
}

#[test]
fn both_sides_may_hang_up_at_the_same_moment() {
    // The called side answers at 10 ms and hangs up at 10 ms + 5 s; the caller hears the answer
    // at 20 ms and hangs up 4.99 s later: the two BYEs cross.
    let script = UasScript::answer(Span::ZERO, Span::ZERO).hanging_up_after(Span::seconds(5));
    let pair = Pair::new(3, LinkProfile::CLEAN, UasPlan::always(script));
    let talk = Duration::from_millis(4_990);
    let (caller, called) = pair.one_call(UacPlan::talking(talk));
    assert_eq!(caller.outcome, Outcome::Completed);
    assert_eq!(called.unwrap().outcome, Outcome::Completed);
}

#[test]
fn early_media_makes_a_183_the_ringing_indication() {
    let mut script = UasScript::answer(Span::millis(500), Span::seconds(3)).with_early_media();
    script.replies.insert(1, Reply::new(Span::millis(100), 181));
    let pair = Pair::new(4, LinkProfile::CLEAN, UasPlan::always(script));
    let (caller, _) = pair.one_call(UacPlan::talking(Duration::from_secs(1)));
    assert_eq!(caller.pdd_us(), Some(620_000));
    let ladder = caller.ladder.entries();
    let progress = ladder
        .iter()
        .find(|entry| entry.status() == Some(183))
        .unwrap();
    assert!(progress.with_sdp);
}

#[test]
fn a_refusal_is_acknowledged_and_counted_by_its_status() {
    for status in [302, 404, 486, 503, 603] {
        let script = UasScript::reject(Span::millis(50), status);
        let mut pair = Pair::new(5, LinkProfile::CLEAN, UasPlan::always(script));
        pair.place(&UacPlan::default().into());
        pair.world.run_until_idle();
        pair.assert_at_rest();
        for id in [pair.caller, pair.called] {
            assert_eq!(
                pair.world.node(id).counters().refused_by_status,
                [(status, 1)].into()
            );
            let ended = pair.ended(id);
            assert_eq!(
                (ended[0].outcome, ended[0].status),
                (Outcome::Refused, status)
            );
            let expected = ["INVITE", "100 INVITE", &format!("{status} INVITE"), "ACK"];
            assert_eq!(ended[0].ladder.outline(), expected);
        }
    }
}

#[test]
fn hold_and_resume_update_info_and_options_are_answered_in_the_call() {
    use sip_tester::plan::MidCall;
    let steps = [
        MidCall::Hold,
        MidCall::Resume,
        MidCall::Update,
        MidCall::Dtmf('5'),
        MidCall::Options,
    ];
    let plan = UacPlan {
        mid_call: steps
            .into_iter()
            .map(|step| (Duration::from_secs(1), step))
            .collect(),
        ..UacPlan::talking(Duration::from_secs(10))
    };
    let pair = Pair::new(6, LinkProfile::CLEAN, UasPlan::default());
    let (caller, called) = pair.one_call(plan);
    assert_eq!(caller.mid_call_statuses, [200; 5]);
    assert_eq!(called.unwrap().outcome, Outcome::Completed);
    let methods = caller.ladder.outline();
    assert_eq!(
        methods
            .iter()
            .filter(|message| *message == "INVITE")
            .count(),
        3
    );
    assert_eq!(
        methods.iter().filter(|message| *message == "ACK").count(),
        3
    );
}

#[test]
fn an_offer_without_a_common_codec_is_refused_with_488() {
    use sip_tester::plan::Codec;
    let uas = UasPlan {
        codecs: vec![Codec::Pcma],
        ..UasPlan::default()
    };
    let pair = Pair::new(7, LinkProfile::CLEAN, uas);
    let plan = UacPlan {
        codecs: vec![Codec::Pcmu],
        ..UacPlan::default()
    };
    assert_eq!(pair.one_call(plan).0.status, 488);
}
