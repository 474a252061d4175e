//! Requests within a call: re-INVITE, UPDATE, INFO, OPTIONS, and the collisions between them.

use crate::support::{AURORA, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with};
use call_control::MediaCommand;
use rating::cdr::ReleaseReason;
use sip_core::HeaderName;

/// The carrier's side of an answered call, for requests of its own.
struct Carrier {
    invite: Sent,
    cseq: u32,
}

impl Carrier {
    fn request(&mut self, method: &str, sdp: Option<&str>) -> String {
        self.cseq += 1;
        self.repeat(method, self.cseq, sdp)
    }

    fn repeat(&self, method: &str, cseq: u32, sdp: Option<&str>) -> String {
        let body = sdp.unwrap_or("");
        let content_type = match body {
            "" => "",
            _ => "Content-Type: application/sdp\r\n",
        };
        format!(
            "{method} sip:x@198.51.100.1:5060 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bK-carrier-{method}-{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=carrier-tag\r\nTo: {}\r\nCall-ID: {}\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:gw@{AURORA}>\r\n\
             {content_type}Content-Length: {}\r\n\r\n{body}",
            self.invite.header(HeaderName::To),
            self.invite.header(HeaderName::From),
            self.invite.header(HeaderName::CallId),
            body.len()
        )
    }
}

fn answered() -> (Switch, Caller, Carrier) {
    let mut switch = Switch::with(&Setup::relayed());
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
    switch.media.clear();
    (switch, caller, Carrier { invite, cseq: 0 })
}

fn hang_up(mut switch: Switch, mut caller: Caller) {
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_re_invite_of_the_customer_moves_its_media() {
    let (mut switch, mut caller, _) = answered();
    let moved = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&moved)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.tag(HeaderName::To), "carrier-tag");
    assert_eq!(invite.parsed().cseq().unwrap().number, 2);
    assert!(!invite.text.contains("192.0.2"));
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert!(!answer.text.contains("203.0.113"));
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let Some(MediaCommand::Update(_, plan)) = switch.media.first() else {
        panic!("{:?}", switch.media);
    };
    assert_eq!(plan.ingress.unwrap().rtp.port(), 4444);
    hang_up(switch, caller);
}

#[test]
fn a_re_invite_of_the_carrier_is_relayed_too_and_its_lost_ack_ends_the_call() {
    let (mut switch, mut caller, mut carrier) = answered();
    let moved = offer("203.0.113.1", 5555);
    switch.receive(AURORA, &carrier.request("INVITE", Some(&moved)));
    switch.expect(AURORA, "100 INVITE");
    let invite = switch.expect(CUSTOMER, "INVITE");
    caller.cseq += 10;
    switch.receive(
        CUSTOMER,
        &reply(&invite, 200, Some(&offer("192.0.2.10", 4000))),
    );
    switch.expect(CUSTOMER, "ACK");
    switch.expect(AURORA, "200 INVITE");
    switch.advance_ms(32_000);
    let last: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(
        last.ends_with(&["BYE".to_owned(), "BYE".to_owned()]),
        "{last:?}"
    );
    assert_eq!(switch.record().release.reason, ReleaseReason::AckMissing);
    switch.assert_at_rest();
}

#[test]
fn a_version_rises_only_with_a_change() {
    let (mut switch, mut caller, _) = answered();
    let mut versions = Vec::new();
    for port in [4000, 4000, 4444] {
        let sdp = offer("192.0.2.10", port).replace(
            "a=rtpmap",
            &match port {
                4444 => "a=sendonly\r\na=rtpmap".to_owned(),
                _ => "a=rtpmap".to_owned(),
            },
        );
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        let origin = invite
            .body()
            .lines()
            .find(|line| line.starts_with("o="))
            .unwrap()
            .to_owned();
        versions.push(origin.split(' ').nth(2).unwrap().parse::<u64>().unwrap());
        switch.receive(
            AURORA,
            &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
        );
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
    }
    assert_eq!(versions[0], versions[1]);
    assert_eq!(versions[2], versions[1] + 1);
    hang_up(switch, caller);
}

#[test]
fn a_refused_re_invite_leaves_the_call_as_it_was() {
    let (mut switch, mut caller, _) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 488, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    let ports: Vec<_> = switch
        .media
        .iter()
        .map(|command| match command {
            MediaCommand::Update(_, plan) => plan.ingress.unwrap().rtp.port(),
            _ => 0,
        })
        .collect();
    assert_eq!(
        ports,
        [4444, 4000],
        "the relay goes back to the old address"
    );
    hang_up(switch, caller);
}

#[test]
fn re_invites_of_both_sides_collide_with_491() {
    let (mut switch, mut caller, mut carrier) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(
        AURORA,
        &carrier.request("INVITE", Some(&offer("203.0.113.1", 5555))),
    );
    switch.expect(AURORA, "491 INVITE");
    switch.receive(
        AURORA,
        &carrier.repeat("ACK", 1, None).replace("-ACK-", "-INVITE-"),
    );
    switch.receive(AURORA, &reply(&invite, 491, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "491 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    hang_up(switch, caller);
}

#[test]
fn a_second_re_invite_of_one_side_is_told_to_come_later() {
    let (mut switch, mut caller, _) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    let later = switch.expect(CUSTOMER, "500 INVITE");
    assert!(later.header(HeaderName::RetryAfter).parse::<u32>().unwrap() < 10);
    switch.receive(CUSTOMER, &caller.ack_refusal(&later));
    caller.cseq -= 1;
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    caller.cseq += 1;
    hang_up(switch, caller);
}

#[test]
fn a_re_invite_that_is_cancelled_is_cancelled_on_the_other_side() {
    let (mut switch, mut caller, _) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    switch.expect_silence();
    switch.receive(AURORA, &reply(&invite, 100, None));
    let cancel = switch.expect(AURORA, "CANCEL");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&invite, 487, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    hang_up(switch, caller);
}

#[test]
fn update_and_info_are_relayed_with_their_bodies() {
    let (mut switch, mut caller, mut carrier) = answered();
    let held = offer("203.0.113.1", 5000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(AURORA, &carrier.request("UPDATE", Some(&held)));
    let update = switch.expect(CUSTOMER, "UPDATE");
    assert!(update.body().contains("a=sendonly"));
    assert!(update.body().contains("198.51.100.2"));
    let answer = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=recvonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &reply(&update, 200, Some(&answer)));
    let updated = switch.expect(AURORA, "200 UPDATE");
    assert!(updated.body().contains("a=recvonly"));
    let Some(MediaCommand::Update(_, plan)) = switch.media.last() else {
        panic!("{:?}", switch.media);
    };
    assert_eq!(plan.watch, None, "a call on hold may be silent");

    let digit = "Signal=5\r\nDuration=160\r\n";
    let extra = "Content-Type: application/dtmf-relay\r\n";
    switch.receive(CUSTOMER, &caller.next("INFO", extra, Some(digit)));
    let info = switch.expect(AURORA, "INFO");
    assert_eq!(info.body(), digit);
    assert_eq!(
        info.header(HeaderName::ContentType),
        "application/dtmf-relay"
    );
    switch.receive(AURORA, &reply(&info, 200, None));
    switch.expect(CUSTOMER, "200 INFO");
    hang_up(switch, caller);
}

#[test]
fn options_within_a_call_is_answered_here_and_other_methods_are_not_allowed() {
    let (mut switch, mut caller, _) = answered();
    let options = caller.next("OPTIONS", "", None);
    for _ in 0..2 {
        switch.receive(CUSTOMER, &options);
        switch.expect(CUSTOMER, "200 OPTIONS");
    }
    switch.receive(CUSTOMER, &caller.next("REFER", "", None));
    let refused = switch.expect(CUSTOMER, "405 REFER");
    assert!(refused.header(HeaderName::Allow).contains("INVITE"));
    switch.receive(CUSTOMER, &caller.next("FROB", "", None));
    switch.expect(CUSTOMER, "501 FROB");
    hang_up(switch, caller);
}

#[test]
fn a_request_out_of_order_or_of_another_dialog_is_refused() {
    let (mut switch, mut caller, _) = answered();
    switch.receive(CUSTOMER, &caller.next("INFO", "", None));
    let info = switch.expect(AURORA, "INFO");
    switch.receive(AURORA, &reply(&info, 200, None));
    switch.expect(CUSTOMER, "200 INFO");
    let mut old = caller.clone();
    old.cseq -= 2;
    switch.receive(
        CUSTOMER,
        &old.next("INFO", "", None).replace("-2\r\n", "-x\r\n"),
    );
    let what = switch.take_all();
    assert!(what.len() <= 1, "{what:?}");
    let foreign = caller
        .clone()
        .next("BYE", "", None)
        .replace("tag=from-call-1", "tag=mallory");
    switch.receive(
        CUSTOMER,
        &foreign.replace("branch=z9hG4bK", "branch=z9hG4bKm"),
    );
    switch.expect(CUSTOMER, "481 BYE");
    hang_up(switch, caller);
}

#[test]
fn a_481_from_the_other_side_ends_the_call() {
    let (mut switch, mut caller, _) = answered();
    switch.receive(CUSTOMER, &caller.next("INFO", "", None));
    let info = switch.expect(AURORA, "INFO");
    switch.receive(AURORA, &reply(&info, 481, None));
    switch.expect(CUSTOMER, "481 INFO");
    let mut byes: Vec<_> = switch
        .take_all()
        .iter()
        .map(|sent| sent.to.to_string())
        .collect();
    byes.sort();
    assert_eq!(byes, [CUSTOMER, AURORA]);
    assert_eq!(switch.record().release.reason, ReleaseReason::ProtocolError);
    switch.assert_at_rest();
}

#[test]
fn a_contact_as_long_as_a_value_may_be_survives_a_refused_re_invite() {
    let (mut switch, mut caller, mut carrier) = answered();
    let long = format!("<sip:gw@{AURORA};x={}>", "a".repeat(8_100));
    let invite = carrier
        .request("INVITE", Some(&offer("203.0.113.1", 5555)))
        .replace(&format!("<sip:gw@{AURORA}>"), &long);
    switch.receive(AURORA, &invite);
    switch.expect(AURORA, "100 INVITE");
    let relayed = switch.expect(CUSTOMER, "INVITE");
    switch.receive(CUSTOMER, &reply(&relayed, 488, None));
    switch.expect(CUSTOMER, "ACK");
    switch.expect(AURORA, "488 INVITE");
    caller.cseq += 1;
    hang_up(switch, caller);
}

#[test]
fn a_re_invite_that_is_pending_at_the_end_leaves_nothing_behind() {
    for replies_late in [false, true] {
        let (mut switch, mut caller, _) = answered();
        let sdp = offer("192.0.2.10", 4444);
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        if !replies_late {
            switch.receive(AURORA, &reply(&invite, 100, None));
        }
        switch.receive(CUSTOMER, &caller.next("BYE", "", None));
        let sent = switch.take_all();
        let bye = sent.iter().find(|sent| sent.what() == "BYE").unwrap();
        switch.receive(AURORA, &reply(bye, 200, None));
        if replies_late {
            switch.receive(AURORA, &reply(&invite, 100, None));
            switch.expect(AURORA, "CANCEL");
        }
        switch.assert_at_rest();
    }
}

/// An answered call whose carrier wants refreshes by re-INVITE.
fn answered_with_refreshes() -> (Switch, Caller) {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let says = "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n";
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reply_with(&invite, 200, "carrier-tag", says, Some(&sdp)),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    (switch, caller)
}

/// A description without its origin, and the version in that.
fn taken_apart(sent: &Sent) -> (String, u64) {
    let body = sent.body();
    let (origin, rest): (Vec<_>, Vec<_>) = body.lines().partition(|line| line.starts_with("o="));
    let version = origin[0].split(' ').nth(2).unwrap().parse().unwrap();
    (rest.join("\n"), version)
}

#[test]
fn a_refresh_after_a_refused_change_offers_what_was_agreed_with_a_version_of_its_own() {
    let (mut switch, mut caller) = answered_with_refreshes();
    switch.advance_ms(300_000);
    let first = switch.expect(AURORA, "INVITE");
    let says = "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n";
    let sdp = offer("203.0.113.1", 5000);
    let accept = |sent: &Sent| reply_with(sent, 200, "carrier-tag", says, Some(&sdp));
    switch.receive(AURORA, &accept(&first));
    switch.expect(AURORA, "ACK");

    let held = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&held)));
    switch.expect(CUSTOMER, "100 INVITE");
    let refused = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&refused, 488, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));

    switch.advance_ms(300_000);
    let second = switch.expect(AURORA, "INVITE");
    let (before, refused, after) = (
        taken_apart(&first),
        taken_apart(&refused),
        taken_apart(&second),
    );
    assert_ne!(refused.0, before.0);
    assert_eq!(after.0, before.0, "as it was agreed");
    assert_eq!([refused.1, after.1], [before.1 + 1, before.1 + 2]);
    switch.receive(AURORA, &accept(&second));
    switch.expect(AURORA, "ACK");
    hang_up(switch, caller);
}

#[test]
fn a_change_that_finds_no_room_for_its_transaction_leaves_the_session_as_it_was() {
    let mut setup = Setup::relayed();
    setup.limits.max_transactions = 5;
    let mut switch = Switch::with(&setup);
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let answer = reply(&invite, 200, Some(&offer("203.0.113.1", 5000)));
    switch.receive(AURORA, &answer);
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.media.clear();
    let refusal = loop {
        let moved = offer("192.0.2.10", 4444);
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&moved)));
        let mut sent = switch.take_all();
        if let Some(place) = sent.iter().position(|sent| sent.what() == "503 INVITE") {
            break sent.remove(place);
        }
        let invite = sent.iter().find(|sent| sent.what() == "INVITE").unwrap();
        switch.receive(AURORA, &reply(invite, 488, None));
        switch.expect(AURORA, "ACK");
        let refusal = switch.expect(CUSTOMER, "488 INVITE");
        switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
        switch.media.clear();
    };
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    let Some(MediaCommand::Update(_, plan)) = switch.media.last() else {
        panic!("the relay was moved and stays so: {:?}", switch.media);
    };
    assert_eq!(plan.ingress.unwrap().rtp.port(), 4000);
}

#[test]
fn a_re_invite_that_is_only_tried_is_given_up_and_leaves_the_call_as_it_was() {
    for crosses in [false, true] {
        let (mut switch, mut caller, _) = answered();
        let sdp = offer("192.0.2.10", 4444);
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        switch.receive(AURORA, &reply(&invite, 100, None));
        switch.advance_ms(59_999);
        switch.expect_silence();
        switch.advance_ms(1);
        let cancel = switch.expect(AURORA, "CANCEL");
        let refusal = switch.expect(CUSTOMER, "500 INVITE");
        switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
        switch.receive(AURORA, &reply(&cancel, 200, None));
        let Some(MediaCommand::Update(_, plan)) = switch.media.last() else {
            panic!("{:?}", switch.media);
        };
        assert_eq!(plan.ingress.unwrap().rtp.port(), 4000);
        // RFC 3261 §14.1: no other while that one has no final response.
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        let refusal = switch.expect(CUSTOMER, "491 INVITE");
        switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
        if crosses {
            let answer = offer("203.0.113.1", 5000);
            switch.receive(AURORA, &reply(&invite, 200, Some(&answer)));
            switch.expect(AURORA, "ACK");
            assert_released(&mut switch);
            continue;
        }
        switch.receive(AURORA, &reply(&invite, 487, None));
        switch.expect(AURORA, "ACK");
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        let answer = offer("203.0.113.1", 5000);
        switch.receive(AURORA, &reply(&invite, 200, Some(&answer)));
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
        hang_up(switch, caller);
    }
}

/// Both sides are hung up on, because one broke the rules.
fn assert_released(switch: &mut Switch) {
    let byes = switch.take_all();
    let mut whom: Vec<_> = byes
        .iter()
        .filter(|sent| sent.what() == "BYE")
        .map(|sent| sent.to.to_string())
        .collect();
    whom.sort();
    assert_eq!(whom, [CUSTOMER, AURORA]);
    assert_eq!(switch.record().release.reason, ReleaseReason::ProtocolError);
    switch.assert_at_rest();
}

#[test]
fn an_answer_to_a_re_invite_that_cannot_be_used_is_acknowledged_and_ends_the_call() {
    let (mut switch, mut caller, _) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 200, Some("v=0\r\nnonsense\r\n")));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    assert_released(&mut switch);
}

#[test]
fn a_re_invite_that_overtakes_the_answer_of_its_fork_is_refused_once_and_for_all() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply_with(&invite, 180, "fork", "", None));
    switch.expect(CUSTOMER, "180 INVITE");
    let mut carrier = Carrier {
        invite: invite.clone(),
        cseq: 0,
    };
    let early = carrier.request("INVITE", Some(&offer("203.0.113.1", 5004)));
    switch.receive(AURORA, &early);
    switch.expect(AURORA, "481 INVITE");
    let answer = reply(&invite, 200, Some(&offer("203.0.113.1", 5000)));
    switch.receive(AURORA, &answer);
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(AURORA, &early);
    switch.expect(AURORA, "481 INVITE");
    switch.receive(AURORA, &carrier.repeat("ACK", 1, None));
    hang_up(switch, caller);
}
