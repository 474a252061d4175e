//! REFER carried out by the switch: who is called on whose account, who is told, who is left.

mod races;

use crate::support::{AURORA, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with};
use call_control::Command;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{CliRules, Customer, NumberList, ReferPolicy, Signalling};
use sip_core::HeaderName;

const REFER_TO: &str = "Refer-To: <sip:442079460000@pbx.customer.example>\r\n";

/// A party behind the carrier, for requests of its own.
struct Party {
    invite: Sent,
    tag: &'static str,
    cseq: u32,
}

impl Party {
    fn request(&mut self, method: &str, sdp: Option<&str>) -> String {
        self.cseq += 1;
        let body = sdp.unwrap_or("");
        let content_type = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:x@198.51.100.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK-{}-{method}-{}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag={}\r\nTo: {}\r\nCall-ID: {}\r\n\
             CSeq: {} {method}\r\nContact: <sip:gw@{AURORA}>\r\n\
             {content_type}Content-Length: {}\r\n\r\n{body}",
            self.tag,
            self.cseq,
            self.invite.header(HeaderName::To),
            self.tag,
            self.invite.header(HeaderName::From),
            self.invite.header(HeaderName::CallId),
            self.cseq,
            body.len()
        )
    }
}

fn handling() -> Setup {
    Setup {
        ingress: Signalling {
            refer: ReferPolicy::Handle,
            ..Signalling::default()
        },
        ..Setup::relayed()
    }
}

fn answered(setup: &Setup) -> (Switch, Caller, Party) {
    let mut switch = Switch::with(setup);
    let (caller, party) = call(&mut switch, "call-1", "b-tag", 5000);
    (switch, caller, party)
}

fn call(switch: &mut Switch, call_id: &str, tag: &'static str, port: u16) -> (Caller, Party) {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let sdp = offer("203.0.113.1", port);
    switch.receive(AURORA, &reply_with(&invite, 200, tag, "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let party = Party {
        invite,
        tag,
        cseq: 0,
    };
    (caller, party)
}

/// The REFER is taken and reported on; gives the INVITE to the target.
fn refer(switch: &mut Switch, caller: &mut Caller) -> Sent {
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(switch, "SIP/2.0 100 Trying", false);
    switch.expect(AURORA, "INVITE")
}

fn expect_report(switch: &mut Switch, line: &str, is_last: bool) {
    let notify = switch.expect(CUSTOMER, "NOTIFY");
    assert_eq!(notify.body().trim_end(), line);
    assert_eq!(notify.header(HeaderName::Event), "refer");
    let state = notify.header(HeaderName::SubscriptionState);
    assert_eq!(state.starts_with("terminated"), is_last, "{state}");
    switch.receive(CUSTOMER, &reply(&notify, 200, None));
}

/// The target answers; gives the re-INVITE to the party that is left.
fn pick_up(switch: &mut Switch, target: &Sent) -> Sent {
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    expect_report(switch, "SIP/2.0 200 OK", true);
    let bye = switch.expect(CUSTOMER, "BYE");
    let reinvite = switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    assert_eq!(reinvite.tag(HeaderName::To), "b-tag");
    reinvite
}

fn join(switch: &mut Switch, reinvite: &Sent) {
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(reinvite, 200, Some(&sdp)));
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(ack.tag(HeaderName::To), "b-tag");
    switch.expect_silence();
}

fn origin(sent: &Sent) -> Vec<String> {
    let body = sent.body();
    let line = body.lines().find(|line| line.starts_with("o=")).unwrap();
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_target_is_called_for_the_customer_and_connected_with_who_is_left() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    assert!(target.uri().starts_with("sip:442079460000@"));
    assert!(
        target.header(HeaderName::From).contains("441132960000"),
        "the caller is who the customer's calls name"
    );
    assert!(!target.text.contains("pbx.customer"));
    assert_eq!(switch.channels(), (2, 2, 0), "it counts as a second call");
    switch.receive(AURORA, &reply_with(&target, 180, "d-tag", "", None));
    expect_report(&mut switch, "SIP/2.0 180 Ringing", false);
    let reinvite = pick_up(&mut switch, &target);
    let (before, after) = (origin(&party.invite), origin(&reinvite));
    assert_eq!(before[1], after[1], "the same session to who is left");
    let version = |origin: &[String]| origin[2].parse::<u64>().unwrap();
    assert_eq!(version(&before) + 1, version(&after));
    assert!(reinvite.body().contains("198.51.100.2"), "media is relayed");
    join(&mut switch, &reinvite);

    switch.advance_ms(60_000);
    switch.receive(AURORA, &party.request("BYE", None));
    let bye = switch.expect(AURORA, "200 BYE");
    assert_eq!(bye.tag(HeaderName::From), "b-tag");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "d-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();

    let records = switch.ended();
    assert_eq!(records.len(), 2);
    for record in &records {
        assert_eq!(record.outcome, Outcome::Answered);
        assert_eq!(record.customer.as_ref().unwrap().name.as_ref(), "Meridian");
        assert_eq!(record.charge.billed_seconds, 60, "both legs are paid for");
        assert_eq!(record.ingress_call_id.as_ref(), "call-1");
    }
    switch.assert_at_rest();
}

#[test]
fn requests_after_the_transfer_go_between_the_two_that_are_left() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    join(&mut switch, &reinvite);
    let hold = offer("203.0.113.1", 5000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(AURORA, &party.request("INVITE", Some(&hold)));
    switch.expect(AURORA, "100 INVITE");
    let passed = switch.expect(AURORA, "INVITE");
    assert_eq!(passed.tag(HeaderName::To), "d-tag");
    assert!(passed.body().contains("a=sendonly"));
    let sdp = offer("203.0.113.1", 6000).replace("a=rtpmap", "a=recvonly\r\na=rtpmap");
    switch.receive(AURORA, &reply(&passed, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(AURORA, "200 INVITE");
    assert!(answer.body().contains("a=recvonly"));
    party.cseq -= 1;
    switch.receive(AURORA, &party.request("ACK", None));
    // The customer that transferred is no longer part of it.
    switch.receive(
        CUSTOMER,
        &caller.next("INVITE", "", Some(&offer("192.0.2.10", 4000))),
    );
    let stray = switch.expect(CUSTOMER, "481 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&stray));
    let mut other = Party {
        invite: target,
        tag: "d-tag",
        cseq: 0,
    };
    switch.receive(AURORA, &other.request("BYE", None));
    switch.expect(AURORA, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "b-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn a_target_that_fails_leaves_the_call_as_it_was() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(AURORA, &reply_with(&target, 486, "d-tag", "", None));
    switch.expect(AURORA, "ACK");
    expect_report(&mut switch, "SIP/2.0 486 Busy Here", true);
    switch.expect_silence();
    assert_eq!(switch.record().release.reason, ReleaseReason::UserBusy);
    assert_eq!(switch.channels(), (1, 1, 0));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
    assert_eq!(switch.ended().len(), 2);
}

#[test]
fn who_hangs_up_before_the_target_answers_does_not_stop_the_transfer() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.expect_silence();
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let reinvite = switch.expect(AURORA, "INVITE");
    join(&mut switch, &reinvite);
    let id = switch.engine.newest_calls(None, 10).pop().unwrap().id;
    switch.command(Command::HangUp(id));
    for _ in 0..2 {
        let bye = switch.expect(AURORA, "BYE");
        switch.receive(AURORA, &reply(&bye, 200, None));
    }
    for record in switch.ended() {
        assert_eq!(record.release.reason, ReleaseReason::OperatorHangup);
    }
    switch.assert_at_rest();
}

#[test]
fn nobody_is_left_alone_when_the_target_fails_after_the_customer_has_gone() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    switch.receive(AURORA, &reply_with(&target, 480, "d-tag", "", None));
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "b-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_target_that_nobody_waits_for_is_cancelled() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    switch.receive(AURORA, &reply_with(&target, 180, "d-tag", "", None));
    expect_report(&mut switch, "SIP/2.0 180 Ringing", false);
    switch.receive(AURORA, &party.request("BYE", None));
    switch.expect(AURORA, "200 BYE");
    let bye = switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    let cancel = switch.expect(AURORA, "CANCEL");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    // Its answer crosses the CANCEL.
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "d-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
    assert_eq!(switch.ended().len(), 2);
}

#[test]
fn a_session_that_is_being_changed_is_joined_when_it_is_not() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let hold = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&hold)));
    switch.expect(CUSTOMER, "100 INVITE");
    let holding = switch.expect(AURORA, "INVITE");
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    let held = offer("203.0.113.1", 5000).replace("a=rtpmap", "a=recvonly\r\na=rtpmap");
    switch.receive(AURORA, &reply(&holding, 200, Some(&held)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.advance_ms(500);
    expect_report(&mut switch, "SIP/2.0 200 OK", true);
    let bye = switch.expect(CUSTOMER, "BYE");
    switch.receive(CUSTOMER, &reply(&bye, 200, None));
    let reinvite = switch.expect(AURORA, "INVITE");
    assert!(!reinvite.body().contains("only"), "nobody is held any more");
    join(&mut switch, &reinvite);
    switch.advance_ms(1_000);
    switch.expect_silence();
}

#[test]
fn a_held_party_is_offered_to_the_target_without_the_hold() {
    let (mut switch, mut caller, _) = answered(&handling());
    let hold = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&hold)));
    switch.expect(CUSTOMER, "100 INVITE");
    let holding = switch.expect(AURORA, "INVITE");
    let held = offer("203.0.113.1", 5000).replace("a=rtpmap", "a=recvonly\r\na=rtpmap");
    switch.receive(AURORA, &reply(&holding, 200, Some(&held)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let target = refer(&mut switch, &mut caller);
    assert!(!target.body().contains("only"));
    assert!(target.body().contains("m=audio"));
}

#[test]
fn a_re_invite_that_meets_another_joins_a_little_later() {
    let (mut switch, mut caller, mut party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    switch.receive(
        AURORA,
        &party.request("INVITE", Some(&offer("203.0.113.1", 5002))),
    );
    switch.expect(AURORA, "491 INVITE");
    party.cseq -= 1;
    let ack = party.request("ACK", None).replace("-ACK-", "-INVITE-");
    switch.receive(AURORA, &ack);
    switch.receive(AURORA, &reply(&reinvite, 491, None));
    switch.expect(AURORA, "ACK");
    switch.advance_ms(2_000);
    switch.expect_silence();
    switch.advance_ms(2_000);
    let again = switch.take_all().remove(0);
    assert_eq!(again.what(), "INVITE");
    assert_eq!(again.tag(HeaderName::To), "b-tag");
    join(&mut switch, &again);
}

#[test]
fn who_is_left_without_a_session_ends_both_calls() {
    for status in [488, 481] {
        let (mut switch, mut caller, _) = answered(&handling());
        let target = refer(&mut switch, &mut caller);
        let reinvite = pick_up(&mut switch, &target);
        switch.receive(AURORA, &reply(&reinvite, status, None));
        switch.expect(AURORA, "ACK");
        for _ in 0..2 {
            let bye = switch.expect(AURORA, "BYE");
            switch.receive(AURORA, &reply(&bye, 200, None));
        }
        switch.expect_silence();
        assert_eq!(switch.ended().len(), 2);
        switch.assert_at_rest();
    }
}

#[test]
fn who_is_left_with_media_that_goes_nowhere_ends_both_calls() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    let sdp = offer("224.0.0.1", 5000);
    switch.receive(AURORA, &reply(&reinvite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    for _ in 0..2 {
        let bye = switch.expect(AURORA, "BYE");
        switch.receive(AURORA, &reply(&bye, 200, None));
    }
    switch.expect_silence();
    assert_eq!(switch.ended().len(), 2);
    switch.assert_at_rest();
}

#[test]
fn a_re_invite_that_nobody_answers_ends_both_calls() {
    let (mut switch, mut caller, _) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    pick_up(&mut switch, &target);
    switch.advance_ms(32_000);
    switch.take_all();
    switch.assert_at_rest();
    assert_eq!(switch.ended().len(), 2);
}

#[test]
fn the_ack_of_who_has_moved_is_repeated() {
    let (mut switch, mut caller, party) = answered(&handling());
    let target = refer(&mut switch, &mut caller);
    let reinvite = pick_up(&mut switch, &target);
    join(&mut switch, &reinvite);
    let sdp = offer("203.0.113.1", 5000);
    let answer = reply(&reinvite, 200, Some(&sdp));
    switch.receive(AURORA, &answer);
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    // The first answer of all has its own ACK, which is forgotten by now: nothing is made up.
    let first = reply_with(&party.invite, 200, "b-tag", "", Some(&sdp));
    switch.receive(AURORA, &first);
    switch.expect_silence();
}

#[test]
fn a_lost_202_and_lost_reports_change_nothing() {
    let (mut switch, mut caller, _) = answered(&handling());
    let request = caller.next("REFER", REFER_TO, None);
    switch.receive(CUSTOMER, &request);
    switch.take_all();
    switch.receive(CUSTOMER, &request);
    switch.expect(CUSTOMER, "202 REFER");
    switch.expect_silence();
    switch.advance_ms(500);
    let mut again: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    again.sort();
    assert_eq!(again, ["INVITE", "NOTIFY"], "sent again, and nothing new");
    assert_eq!(switch.channels().0, 2);
}

#[test]
fn only_who_may_transfer_does() {
    let (mut switch, mut caller, mut party) = answered(&Setup::relayed());
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "405 REFER");
    switch.receive(AURORA, &party.request("REFER", None));
    switch.expect(AURORA, "405 REFER");
    let (mut switch, _, mut party) = answered(&handling());
    let refer = party
        .request("REFER", None)
        .replace("Content-Length", &format!("{REFER_TO}Content-Length"));
    switch.receive(AURORA, &refer);
    switch.expect(AURORA, "405 REFER");
    switch.expect_silence();
}

#[test]
fn a_refer_from_where_the_customer_does_not_call_from_is_refused() {
    let (mut switch, mut caller, _) = answered(&handling());
    let refer_by = caller.next("REFER", REFER_TO, None);
    switch.receive("203.0.113.66:5060", &refer_by);
    switch.expect("203.0.113.66:5060", "403 REFER");
    switch.expect_silence();
    // The refusal costs the customer nothing: its own is taken.
    refer(&mut switch, &mut caller);
}

#[test]
fn a_transfer_goes_through_the_limits_and_the_rates_of_the_customer() {
    let setup = Setup {
        customer: Customer {
            channel_limit: Some(1),
            ..Customer::new("retail")
        },
        ..handling()
    };
    let (mut switch, mut caller, _) = answered(&setup);
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(&mut switch, "SIP/2.0 503 Service Unavailable", true);
    switch.expect_silence();
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::CustomerChannelLimit);
    assert_eq!(record.called_number_received.as_ref(), "442079460000");

    let (mut switch, mut caller, _) = answered(&handling());
    let premium = "Refer-To: <sip:881234567890@x>\r\n";
    switch.receive(CUSTOMER, &caller.next("REFER", premium, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(&mut switch, "SIP/2.0 404 Not Found", true);
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::NoCustomerRate
    );
}

#[test]
fn one_at_a_time_and_no_more_than_the_trunk_allows() {
    let mut setup = handling();
    setup.ingress.transfers_max = 2;
    let (mut switch, mut caller, _) = answered(&setup);
    let target = refer(&mut switch, &mut caller);
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "491 REFER");
    switch.receive(AURORA, &reply_with(&target, 486, "d-tag", "", None));
    switch.expect(AURORA, "ACK");
    expect_report(&mut switch, "SIP/2.0 486 Busy Here", true);
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    let notify = switch.expect(CUSTOMER, "NOTIFY");
    assert!(notify.header(HeaderName::Event).starts_with("refer;id="));
    let target = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply_with(&target, 486, "d-tag", "", None));
    switch.take_all();
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "403 REFER");
}

#[test]
fn who_wants_no_reports_gets_none() {
    let (mut switch, mut caller, _) = answered(&handling());
    let lines = format!("{REFER_TO}Refer-Sub: false\r\nSupported: norefersub\r\n");
    switch.receive(CUSTOMER, &caller.next("REFER", &lines, None));
    let accepted = switch.expect(CUSTOMER, "202 REFER");
    assert_eq!(accepted.header(HeaderName::ReferSub), "false");
    let target = switch.expect(AURORA, "INVITE");
    let sdp = offer("203.0.113.1", 6000);
    switch.receive(AURORA, &reply_with(&target, 200, "d-tag", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "INVITE");
    switch.expect_silence();
}

#[test]
fn what_cannot_be_carried_out_is_refused_at_once() {
    let (mut switch, mut caller, _) = answered(&handling());
    for (lines, status) in [
        ("", "400 REFER"),
        ("Refer-To: <mailto:a@x>\r\n", "416 REFER"),
        ("Refer-To: <sip:1@x;method=BYE>\r\n", "403 REFER"),
    ] {
        switch.receive(CUSTOMER, &caller.next("REFER", lines, None));
        switch.expect(CUSTOMER, status);
    }
    switch.expect_silence();
}

/// `Replaces` for the dialog of a caller, as its own user agent writes it into Refer-To.
fn replacing(switch: &mut Switch, caller: &mut Caller, from_tag: &str) -> String {
    switch.receive(CUSTOMER, &caller.next("OPTIONS", "", None));
    let seen = switch.expect(CUSTOMER, "200 OPTIONS");
    let our_tag = seen.tag(HeaderName::To);
    format!(
        "Refer-To: <sip:442071234567@x?Replaces={}%3Bto-tag%3D{our_tag}%3Bfrom-tag%3D{from_tag}>\r\n",
        caller.call_id
    )
}

#[test]
fn two_calls_of_one_customer_become_one() {
    let (mut switch, mut first, _) = answered(&handling());
    let (mut second, mut other) = call(&mut switch, "call-2", "d-tag", 6000);
    let lines = replacing(&mut switch, &mut second, "from-call-2");
    switch.receive(CUSTOMER, &first.next("REFER", &lines, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(&mut switch, "SIP/2.0 200 OK", true);
    for _ in 0..2 {
        let bye = switch.expect(CUSTOMER, "BYE");
        switch.receive(CUSTOMER, &reply(&bye, 200, None));
    }
    let reinvite = switch.expect(AURORA, "INVITE");
    assert_eq!(reinvite.tag(HeaderName::To), "b-tag");
    switch.receive(
        AURORA,
        &reply(&reinvite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let far = switch.expect(AURORA, "INVITE");
    assert_eq!(far.tag(HeaderName::To), "d-tag");
    switch.receive(AURORA, &reply(&far, 200, Some(&offer("203.0.113.1", 6000))));
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    switch.receive(AURORA, &other.request("BYE", None));
    switch.expect(AURORA, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "b-tag");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.ended().len(), 2, "no third call was made");
    switch.assert_at_rest();
}

#[test]
fn a_dialog_that_is_not_there_replaces_nothing() {
    let (mut switch, mut first, _) = answered(&handling());
    let (mut second, _) = call(&mut switch, "call-2", "d-tag", 6000);
    let lines = replacing(&mut switch, &mut second, "another-tag");
    switch.receive(CUSTOMER, &first.next("REFER", &lines, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(
        &mut switch,
        "SIP/2.0 481 Call/Transaction Does Not Exist",
        true,
    );
    switch.expect_silence();
    for mut caller in [first, second] {
        switch.receive(CUSTOMER, &caller.next("BYE", "", None));
        switch.expect(CUSTOMER, "200 BYE");
        let bye = switch.expect(AURORA, "BYE");
        switch.receive(AURORA, &reply(&bye, 200, None));
    }
    switch.assert_at_rest();
}

#[test]
fn the_target_of_a_transfer_goes_through_lists_and_cli_rules_as_a_call_does() {
    let list = |action: &str, entries: &[&str], replacement: Option<&str>| {
        let list = serde_json::json!({
            "action": action, "entries": entries, "replacement": replacement,
        });
        serde_json::from_value::<NumberList>(list).unwrap()
    };
    let rules = |number: &str, called: &str| {
        let rules = serde_json::json!({ "rules": [
            { "called_prefixes": [called], "action": "replace", "number": number },
        ] });
        serde_json::from_value::<CliRules>(rules).unwrap()
    };
    let mut setup = handling();
    setup.number_lists = vec![
        (
            "ported",
            list("rewrite", &["442079460000"], Some("442079461111")),
        ),
        ("fronted", list("rewrite", &["4420"], Some("4499"))),
    ];
    // The target's rules see the number that the customer's list made.
    setup.cli_rules = vec![
        ("own", rules("441130000001", "442079461111")),
        ("carriers", rules("441130000002", "4499")),
    ];
    setup.customer.numbers.lists = vec!["ported".into()];
    setup.customer.numbers.cli_rules = Some("own".into());
    let (mut switch, mut caller, _) = answered(&setup);
    let target = refer(&mut switch, &mut caller);
    assert!(
        target.uri().starts_with("sip:442079461111@"),
        "{}",
        target.uri()
    );
    assert!(target.header(HeaderName::From).contains("441130000001"));

    setup.carrier.numbers.lists = vec!["fronted".into()];
    setup.carrier.numbers.cli_rules = Some("carriers".into());
    let (mut switch, mut caller, _) = answered(&setup);
    let target = refer(&mut switch, &mut caller);
    assert!(
        target.uri().starts_with("sip:449979461111@"),
        "{}",
        target.uri()
    );
    assert!(target.header(HeaderName::From).contains("441130000002"));

    // What a list refuses is no target.
    setup.number_lists = vec![
        ("ported", list("deny", &["442079460000"], None)),
        ("fronted", list("deny", &["1"], None)),
    ];
    let (mut switch, mut caller, _) = answered(&setup);
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(&mut switch, "SIP/2.0 403 Forbidden", true);
    assert_eq!(switch.record().release.reason, ReleaseReason::NumberRefused);
}

/// Two calls a second, each held for a second at most.
fn smoothed() -> Setup {
    let mut setup = handling();
    setup.customer.cps_limit = Some(2);
    setup.customer.cps_smoothing_ms = Some(1_000);
    setup
}

#[test]
fn a_transfer_beyond_the_pace_waits_until_it_is_due() {
    let (mut switch, mut caller, _) = answered(&smoothed());
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    switch.expect_silence();
    assert_eq!(switch.engine.counters().calls_held, 1);
    switch.advance_ms(501);
    assert_eq!(switch.engine.counters().calls_held, 0);
    let target = switch.expect(AURORA, "INVITE");
    assert!(target.uri().starts_with("sip:442079460000@"));
    let reinvite = pick_up(&mut switch, &target);
    join(&mut switch, &reinvite);
}

#[test]
fn a_transfer_that_nobody_may_hold_back_any_more_is_refused_and_told_so() {
    let mut setup = smoothed();
    setup.limits.max_held_calls = 0;
    let (mut switch, mut caller, _) = answered(&setup);
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    expect_report(&mut switch, "SIP/2.0 503 Service Unavailable", true);
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::CustomerCpsLimit
    );
}

#[test]
fn whoever_hangs_up_ends_the_transfer_that_still_waits() {
    let (mut switch, mut caller, mut party) = answered(&smoothed());
    switch.receive(CUSTOMER, &caller.next("REFER", REFER_TO, None));
    switch.expect(CUSTOMER, "202 REFER");
    expect_report(&mut switch, "SIP/2.0 100 Trying", false);
    switch.receive(AURORA, &party.request("BYE", None));
    switch.advance_ms(5_000);
    switch.take_all();
    assert_eq!(switch.engine.counters().calls_held, 0);
    assert_eq!(
        switch.engine.counters().attempts,
        1,
        "the target is not called"
    );
    assert_eq!(switch.channels(), (0, 0, 0));
}
