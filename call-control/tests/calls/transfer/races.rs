//! Transfers that meet other changes, other codecs, other configurations, and messages that are late.

use super::*;
use call_control::Command;
use routing_engine::Snapshot;
use routing_engine::resources::{KeepaliveMethod, Status, Trunk};
use std::sync::Arc;

fn held(sdp: &str) -> String {
    sdp.replace("a=rtpmap", "a=sendonly\r\na=rtpmap")
}

/// The customer asks the other party to hold; gives the re-INVITE, which has no answer yet.
fn hold(switch: &mut Switch, caller: &mut Caller) -> Sent {
    let sdp = held(&offer("192.0.2.10", 4000));
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE")
}

fn publish(switch: &mut Switch, setup: &Setup) {
    let snapshot = Snapshot::compile(2, &setup.resources(), Some(&switch.snapshot)).unwrap();
    let snapshot = Arc::new(snapshot);
    switch.snapshot = Arc::clone(&snapshot);
    switch.command(Command::SetSnapshot(snapshot));
}

/// Both calls of the customer go on as if nobody had asked for anything.
fn assert_untouched(switch: &mut Switch, callers: Vec<Caller>) {
    switch.expect_silence();
    for mut caller in callers {
        switch.receive(CUSTOMER, &caller.next("BYE", "", None));
        switch.expect(CUSTOMER, "200 BYE");
        let bye = switch.expect(AURORA, "BYE");
        switch.receive(AURORA, &reply(&bye, 200, None));
    }
    switch.expect_silence();
    switch.assert_at_rest();
}

/// Asks for a transfer to the party of another call, and is told that it came to nothing.
fn is_refused(switch: &mut Switch, first: &mut Caller, second: &mut Caller, line: &str) {
    let from_tag = format!("from-{}", second.call_id);
    let lines = replacing(switch, second, &from_tag);
    switch.receive(CUSTOMER, &first.next("REFER", &lines, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(switch, "SIP/2.0 100 Trying", false);
    expect_report(switch, line, true);
}

#[test]
fn a_refer_that_meets_a_change_of_the_session_is_told_to_come_again() {
    let (mut switch, mut caller, _) = answered(&handling());
    let holding = hold(&mut switch, &mut caller);
    let mut later = caller.clone();
    switch.receive(CUSTOMER, &later.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "491 REFER");
    switch.receive(
        AURORA,
        &reply(&holding, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &later.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "491 REFER");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    refer(&mut switch, &mut later);
}

#[test]
fn what_is_pending_when_the_customer_hangs_up_has_its_answer_and_its_ack() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(AURORA, &party.request("INFO", None));
    let info = switch.expect(CUSTOMER, "INFO");
    let holding = hold(&mut switch, &mut caller);
    let mut of_hold = caller.clone();
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.expect(AURORA, "487 INFO");
    let refused = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &of_hold.ack_refusal(&refused));
    switch.expect_silence();
    // Nobody is hung up on because who has gone knows nothing of the call any more.
    switch.receive(CUSTOMER, &reply(&info, 481, None));
    switch.expect_silence();
    // The answer to the hold crosses its end.
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&holding, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let reinvite = switch.expect(AURORA, "INVITE");
    assert_eq!(reinvite.tag(HeaderName::To), "b-tag");
    assert!(!reinvite.body().contains("only"));
    join(&mut switch, &reinvite);
}

#[test]
fn an_offer_that_only_the_customer_could_answer_gets_its_ack_without() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", None));
    switch.expect(CUSTOMER, "100 INVITE");
    let asking = switch.expect(AURORA, "INVITE");
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&asking, 200, Some(&sdp)));
    switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let ack = switch.expect(AURORA, "ACK");
    assert!(ack.body().contains("m=audio"), "what it had before");
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let reinvite = switch.expect(AURORA, "INVITE");
    join(&mut switch, &reinvite);
}

#[test]
fn a_target_without_a_codec_of_the_other_party_leaves_the_call_as_it_was() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let sdp = offer("203.0.113.1", 6000).replace("RTP/AVP 8 0", "RTP/AVP 18");
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    expect_report(&mut switch, "SIP/2.0 488 Not Acceptable Here", true);
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "d-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_untouched(&mut switch, vec![caller]);
    assert_eq!(switch.ended().len(), 2);
}

#[test]
fn two_calls_without_a_codec_in_common_both_go_on() {
    let mut switch = Switch::with(&handling());
    let (mut first, _) = call_speaking(&mut switch, "call-1", "b-tag", "8");
    let (mut second, _) = call_speaking(&mut switch, "call-2", "d-tag", "0");
    let refused = "SIP/2.0 488 Not Acceptable Here";
    is_refused(&mut switch, &mut first, &mut second, refused);
    assert_untouched(&mut switch, vec![first, second]);
}

/// A call whose carrier answers with one payload type.
fn call_speaking(
    switch: &mut Switch,
    call_id: &str,
    tag: &'static str,
    payload: &str,
) -> (Caller, Party) {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let sdp = offer("203.0.113.1", 5000).replace("AVP 8 0", &format!("AVP {payload}"));
    switch.receive(AURORA, &reply_with(&invite, 200, tag, "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let cseq = 0;
    (caller, Party { invite, tag, cseq })
}

#[test]
fn calls_whose_media_goes_directly_are_not_joined() {
    let setup = Setup {
        ingress: handling().ingress,
        ..Setup::default()
    };
    let (mut switch, mut first, _) = answered(&setup);
    let (mut second, _) = call(&mut switch, "call-2", "d-tag", 6000);
    let refused = "SIP/2.0 488 Not Acceptable Here";
    is_refused(&mut switch, &mut first, &mut second, refused);
    assert_untouched(&mut switch, vec![first, second]);
}

#[test]
fn who_may_transfer_and_what_may_be_replaced_is_asked_of_the_configuration_of_today() {
    let forbidden: [Setup; 3] = [
        Setup::relayed(),
        Setup {
            ingress_trunk: |trunk| trunk.status = Status::Inactive,
            ..handling()
        },
        Setup {
            customer: Customer {
                status: Status::Inactive,
                ..Customer::new("retail")
            },
            ..handling()
        },
    ];
    for today in forbidden {
        let (mut switch, mut first, _) = answered(&handling());
        let (mut second, _) = call(&mut switch, "call-2", "d-tag", 6000);
        publish(&mut switch, &today);
        is_refused(
            &mut switch,
            &mut first,
            &mut second,
            "SIP/2.0 403 Forbidden",
        );
        assert_untouched(&mut switch, vec![first, second]);
    }
}

#[test]
fn who_is_left_is_asked_again_when_it_said_to() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    let later = "Retry-After: 3\r\n";
    switch.receive(AURORA, &reply_with(&reinvite, 500, "b-tag", later, None));
    switch.expect(AURORA, "ACK");
    switch.advance_ms(2_990);
    switch.expect_silence();
    switch.advance_ms(10);
    let again = switch.expect(AURORA, "INVITE");
    join(&mut switch, &again);

    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    switch.receive(AURORA, &reply(&reinvite, 500, None));
    switch.expect(AURORA, "ACK");
    switch.expect(AURORA, "BYE");
    switch.expect(AURORA, "BYE");
}

#[test]
fn a_re_invite_that_could_not_be_sent_is_no_try() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    switch.receive(AURORA, &reply(&reinvite, 491, None));
    switch.expect(AURORA, "ACK");
    // Who is left was quicker, and the other takes its time.
    let sdp = offer("203.0.113.1", 5002);
    switch.receive(AURORA, &party.request("INVITE", Some(&sdp)));
    switch.expect(AURORA, "100 INVITE");
    let passed = switch.expect(AURORA, "INVITE");
    assert_eq!(passed.tag(HeaderName::To), "d-tag");
    switch.receive(AURORA, &reply(&passed, 100, None));
    switch.advance_ms(40_000);
    switch.expect_silence();
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply(&passed, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect(AURORA, "200 INVITE");
    party.cseq -= 1;
    switch.receive(AURORA, &party.request("ACK", None));
    switch.advance_ms(4_000);
    let again = switch.expect(AURORA, "INVITE");
    assert_eq!(again.tag(HeaderName::To), "b-tag");
    join(&mut switch, &again);
}

#[test]
fn the_answer_of_a_leg_that_moves_is_acknowledged_again_whatever_it_answered() {
    let (mut switch, mut caller, _) = answered(&handling());
    let holding = hold(&mut switch, &mut caller);
    let sdp = offer("203.0.113.1", 5000);
    let answer_to_hold = reply(&holding, 200, Some(&sdp));
    switch.receive(AURORA, &answer_to_hold);
    let first = switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let target = refer(&mut switch, &mut caller);
    pick_up(&mut switch, &target);
    switch.receive(AURORA, &answer_to_hold);
    assert_eq!(switch.expect(AURORA, "ACK").text, first.text);
    switch.expect_silence();

    let refreshing = Setup {
        egress: Signalling {
            keepalive_interval_s: Some(30),
            keepalive_method: KeepaliveMethod::Reinvite,
            ..Signalling::default()
        },
        ..handling()
    };
    let (mut switch, mut caller, _) = answered(&refreshing);
    switch.advance_ms(30_000);
    let refresh = switch.expect(AURORA, "INVITE");
    let answer = reply(&refresh, 200, Some(&sdp));
    switch.receive(AURORA, &answer);
    let first = switch.expect(AURORA, "ACK");
    let target = refer(&mut switch, &mut caller);
    pick_up(&mut switch, &target);
    switch.receive(AURORA, &answer);
    assert_eq!(switch.expect(AURORA, "ACK").text, first.text);
}

#[test]
fn a_question_that_a_leg_got_before_it_moved_ends_nothing() {
    let asking = Setup {
        egress: Signalling {
            keepalive_interval_s: Some(30),
            ..Signalling::default()
        },
        ..handling()
    };
    let (mut switch, mut caller, _) = answered(&asking);
    switch.advance_ms(30_000);
    switch.expect(AURORA, "OPTIONS");
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    join(&mut switch, &reinvite);
    // Its time is over.
    switch.advance_ms(33_000);
    let sent = switch.take_all();
    assert!(sent.iter().all(|sent| sent.what() == "OPTIONS"), "{sent:?}");
    assert_eq!(switch.ended().len(), 0);
}

#[test]
fn who_was_in_another_call_is_offered_only_the_codecs_of_the_trunks() {
    let one_codec: fn(&mut Trunk) = |trunk| trunk.codecs = vec!["PCMA".into()];
    let setup = Setup {
        ingress_trunk: one_codec,
        ..handling()
    };
    let (mut switch, mut first, _) = answered(&setup);
    let (mut second, _) = call(&mut switch, "call-2", "d-tag", 6000);
    let lines = replacing(&mut switch, &mut second, "from-call-2");
    switch.receive(CUSTOMER, &first.next("REFER", &lines, None));
    let sent = switch.take_all();
    let reinvite = sent.iter().find(|sent| sent.what() == "INVITE").unwrap();
    // It answers with more than it was offered.
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(reinvite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let far = switch.expect(AURORA, "INVITE");
    assert_eq!(far.tag(HeaderName::To), "d-tag");
    assert!(far.body().contains("RTP/AVP 8\r\n"), "{}", far.body());
}
