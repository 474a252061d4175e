//! The same attempt once more, as the carrier's final response says: 3xx, 422, and a long INVITE
//! over a stream.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with,
};
use call_control::Command;
use call_control::events::{Evidence, TransportFailure};
use call_control::setups::ONE_TRUNK;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{CliAction, CliRule, CliRules, RedirectPolicy, Signalling};
use sip_core::HeaderName;
use sip_core::transaction::Transport;

const ELSEWHERE: &str = "203.0.113.77:5060";
const FURTHER: &str = "203.0.113.78:5070";

fn following() -> Setup {
    Setup {
        egress: Signalling {
            redirects: RedirectPolicy::Follow,
            ..Signalling::default()
        },
        ..Setup::default()
    }
}

fn place(switch: &mut Switch) -> (Caller, Sent) {
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    (caller, invite)
}

/// A 3xx with the lines of its contacts; the support's own Contact comes first and is ourselves
/// to nobody, so it is given the lowest q.
pub(crate) fn redirect(request: &Sent, contacts: &str) -> String {
    let text = reply_with(request, 302, "t", contacts, None);
    let own = text.find("Contact: ").unwrap();
    let end = own + text[own..].find("\r\n").unwrap() + 2;
    format!("{}{}", &text[..own], &text[end..])
}

fn answer_and_hang_up(switch: &mut Switch, caller: &mut Caller, invite: &Sent, at: &str) {
    switch.receive(at, &reply(invite, 200, Some(&offer("203.0.113.9", 5000))));
    switch.expect(at, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.advance_ms(5_000);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(at, "BYE");
    switch.receive(at, &reply(&bye, 200, None));
}

#[test]
fn a_3xx_is_a_failure_unless_the_trunk_follows() {
    let mut switch = Switch::new();
    let (_, invite) = place(&mut switch);
    let contact = format!("Contact: <sip:44@{ELSEWHERE}>\r\n");
    switch.receive(AURORA, &redirect(&invite, &contact));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "480 INVITE");
    switch.expect_silence();
    assert_eq!(switch.record().attempts.len(), 1);
    switch.assert_at_rest();
}

#[test]
fn a_followed_3xx_is_the_same_attempt_at_another_address() {
    let mut switch = Switch::with(&following());
    let (mut caller, first) = place(&mut switch);
    let contact = format!("Contact: <sip:442079460999@{ELSEWHERE}?Subject=x>\r\n");
    switch.receive(AURORA, &redirect(&first, &contact));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(ELSEWHERE, "INVITE");
    assert_eq!(
        second.header(HeaderName::CallId),
        first.header(HeaderName::CallId)
    );
    assert_eq!(
        second.header(HeaderName::From),
        first.header(HeaderName::From)
    );
    assert_eq!(second.header(HeaderName::To), first.header(HeaderName::To));
    assert_eq!(second.header(HeaderName::CSeq), "2 INVITE");
    assert_ne!(
        second.header(HeaderName::Via),
        first.header(HeaderName::Via)
    );
    let line = second.text.lines().next().unwrap();
    assert_eq!(line, format!("INVITE sip:442079460999@{ELSEWHERE} SIP/2.0"));
    assert_eq!(
        switch.channels(),
        (1, 1, 0),
        "one channel, of the same carrier"
    );

    answer_and_hang_up(&mut switch, &mut caller, &second, ELSEWHERE);
    let record = switch.record();
    assert_eq!(
        (record.outcome, record.attempts.len()),
        (Outcome::Answered, 1)
    );
    assert_eq!(record.attempts[0].gateway.to_string(), ELSEWHERE);
    assert_eq!(record.attempts[0].cost.billed_seconds, 5);
    switch.assert_at_rest();
}

#[test]
fn addresses_are_tried_by_their_q_and_then_comes_the_next_route() {
    let mut switch = Switch::with(&following());
    let (_, first) = place(&mut switch);
    let contacts = format!(
        "Contact: <sip:a@{FURTHER}>;q=0.25, <sip:b@{ELSEWHERE}>;q=0.7, <sip:c@host.example>;q=0.9\r\n"
    );
    switch.receive(AURORA, &redirect(&first, &contacts));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(ELSEWHERE, "INVITE");
    switch.receive(ELSEWHERE, &reply(&second, 503, None));
    switch.expect(ELSEWHERE, "ACK");
    let third = switch.expect(FURTHER, "INVITE");
    switch.receive(FURTHER, &reply(&third, 503, None));
    switch.expect(FURTHER, "ACK");
    let other = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reply(&other, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(switch.record().attempts.len(), 2);
    switch.assert_at_rest();
}

#[test]
fn nobody_is_sent_in_circles_nor_further_than_the_trunk_says() {
    let mut switch = Switch::with(&following());
    let (_, first) = place(&mut switch);
    // Two elements that send to one another, and back to the first.
    let to_elsewhere = format!("Contact: <sip:x@{ELSEWHERE}>\r\n");
    let back = format!("Contact: <sip:x@{FURTHER}>, <sip:x@{ELSEWHERE}>;q=0.1\r\n");
    switch.receive(AURORA, &redirect(&first, &to_elsewhere));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(ELSEWHERE, "INVITE");
    switch.receive(ELSEWHERE, &redirect(&second, &back));
    switch.expect(ELSEWHERE, "ACK");
    let third = switch.expect(FURTHER, "INVITE");
    switch.receive(FURTHER, &redirect(&third, &to_elsewhere));
    switch.expect(FURTHER, "ACK");
    switch.expect(CUSTOMER, "480 INVITE");
    switch.expect_silence();
    switch.assert_at_rest();

    let mut setup = following();
    setup.egress.redirects_max = 1;
    let mut switch = Switch::with(&setup);
    let (_, first) = place(&mut switch);
    let contacts = format!("Contact: <sip:x@{ELSEWHERE}>, <sip:x@{FURTHER}>\r\n");
    switch.receive(AURORA, &redirect(&first, &contacts));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(ELSEWHERE, "INVITE");
    switch.receive(ELSEWHERE, &redirect(&second, &contacts));
    switch.expect(ELSEWHERE, "ACK");
    switch.expect(CUSTOMER, "480 INVITE");
    switch.assert_at_rest();
}

#[test]
fn a_3xx_to_ourselves_or_to_a_name_is_not_followed() {
    for target in [
        "sip:x@198.51.100.1:5060",
        "sip:x@carrier.example",
        "tel:+44",
        "sip:x@0.0.0.0",
    ] {
        let mut switch = Switch::with(&following());
        let (_, first) = place(&mut switch);
        switch.receive(
            AURORA,
            &redirect(&first, &format!("Contact: <{target}>\r\n")),
        );
        switch.expect(AURORA, "ACK");
        switch.expect(CUSTOMER, "480 INVITE");
        switch.expect_silence();
        switch.assert_at_rest();
    }
}

#[test]
fn a_cancel_that_crosses_a_3xx_reaches_who_has_the_call_now() {
    let mut switch = Switch::with(&following());
    let (caller, first) = place(&mut switch);
    let contact = format!("Contact: <sip:x@{ELSEWHERE}>\r\n");
    let redirection = redirect(&first, &contact);
    switch.receive(AURORA, &redirection);
    switch.expect(AURORA, "ACK");
    let second = switch.expect(ELSEWHERE, "INVITE");
    // The 3xx comes doubled, because its ACK was lost.
    switch.receive(AURORA, &redirection);
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    switch.receive(ELSEWHERE, &reply(&second, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let cancel = switch.expect(ELSEWHERE, "CANCEL");
    switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(ELSEWHERE, &reply(&cancel, 200, None));
    switch.receive(ELSEWHERE, &reply(&second, 487, None));
    switch.expect(ELSEWHERE, "ACK");
    assert_eq!(switch.record().outcome, Outcome::Cancelled);
    switch.assert_at_rest();
}

#[test]
fn who_was_redirected_to_has_the_time_of_a_first_reply() {
    let mut switch = Switch::with(&following());
    let (_, first) = place(&mut switch);
    switch.advance_ms(2_000);
    let contact = format!("Contact: <sip:x@{ELSEWHERE}>\r\n");
    switch.take_all();
    switch.receive(AURORA, &redirect(&first, &contact));
    switch.expect(AURORA, "ACK");
    switch.expect(ELSEWHERE, "INVITE");
    switch.advance_ms(2_999);
    switch.take_all();
    switch.advance_ms(1);
    switch.expect(BOREALIS, "INVITE");
    let reason = switch.engine.counters().failovers;
    assert_eq!(reason, 1);
    // The route that is left does not answer either.
    switch.advance_ms(3_000);
    let record = switch.record();
    assert_eq!(
        record.attempts[0].release.reason,
        ReleaseReason::CarrierSilent
    );
    switch.assert_at_rest();
}

#[test]
fn a_422_gets_the_interval_that_it_asks_for_once() {
    let mut switch = Switch::new();
    let (mut caller, first) = place(&mut switch);
    assert_eq!(first.header(HeaderName::SessionExpires), "1800");
    let too_short = reply_with(&first, 422, "t", "Min-SE: 3600\r\n", None);
    switch.receive(AURORA, &too_short);
    switch.expect(AURORA, "ACK");
    let second = switch.expect(AURORA, "INVITE");
    assert_eq!(second.header(HeaderName::SessionExpires), "3600");
    assert_eq!(second.header(HeaderName::MinSe), "3600");
    assert_eq!(second.header(HeaderName::CSeq), "2 INVITE");
    answer_and_hang_up(&mut switch, &mut caller, &second, AURORA);
    assert_eq!(switch.record().attempts.len(), 1);
    switch.assert_at_rest();

    // One that asks for what it was given already asks for nothing.
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    switch.receive(
        AURORA,
        &reply_with(&first, 422, "t", "Min-SE: 90\r\n", None),
    );
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "422 INVITE");
    switch.assert_at_rest();
}

fn growing() -> Setup {
    Setup {
        egress: Signalling {
            tcp_above_bytes: Some(700),
            ..Signalling::default()
        },
        ..Setup::default()
    }
}

fn long_offer() -> String {
    format!("{}a=x:{}\r\n", offer("192.0.2.10", 4000), "y".repeat(500))
}

#[test]
fn a_long_invite_goes_over_a_stream_and_a_short_one_does_not() {
    for (sdp, via) in [
        (long_offer(), "SIP/2.0/TCP"),
        (offer("192.0.2.10", 4000), "SIP/2.0/UDP"),
    ] {
        let mut switch = Switch::with(&growing());
        let mut caller = Caller::new("call-1");
        switch.receive(CUSTOMER, &caller.invite(Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        assert!(
            invite.header(HeaderName::Via).starts_with(via),
            "{}",
            invite.text
        );
        switch.receive_by(Transport::Tcp, AURORA, &reply(&invite, 486, None));
        switch.take_all();
        switch.assert_at_rest();
    }
}

#[test]
fn a_long_invite_that_nobody_takes_over_a_stream_goes_as_a_datagram() {
    let mut switch = Switch::with(&growing());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&long_offer())));
    switch.expect(CUSTOMER, "100 INVITE");
    let first = switch.expect(AURORA, "INVITE");
    let refused = TransportFailure {
        transport: Transport::Tcp,
        host: None,
        remote: AURORA.parse().unwrap(),
        evidence: Evidence::Certain,
    };
    switch.command(Command::TransportFailed(refused));
    let second = switch.expect(AURORA, "INVITE");
    assert!(second.header(HeaderName::Via).starts_with("SIP/2.0/UDP"));
    assert_eq!(
        second.header(HeaderName::CallId),
        first.header(HeaderName::CallId)
    );
    answer_and_hang_up(&mut switch, &mut caller, &second, AURORA);
    assert_eq!(switch.record().attempts.len(), 1);
    switch.assert_at_rest();
}

#[test]
fn a_call_that_comes_back_is_refused_when_its_numbers_are_in_setup_too_often() {
    let mut setup = Setup::default();
    setup.limits.max_same_setups = 3;
    let mut switch = Switch::with(&setup);
    for number in 0..3 {
        let mut caller = Caller::new(&format!("round-{number}"));
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.expect(AURORA, "INVITE");
    }
    let mut back = Caller::new("round-3");
    switch.receive(CUSTOMER, &back.invite(Some(&offer("192.0.2.10", 4000))));
    let refusal = switch.expect(CUSTOMER, "482 INVITE");
    switch.receive(CUSTOMER, &back.ack_refusal(&refusal));
    let mut other = Caller::new("another");
    other.called = "442071234999".to_owned();
    switch.receive(CUSTOMER, &other.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    assert_eq!(switch.record().release.reason, ReleaseReason::LoopDetected);

    // When the calls in setup have their end, the numbers may be called again.
    switch.advance_ms(200_000);
    switch.take_all();
    let mut later = Caller::new("later");
    switch.receive(CUSTOMER, &later.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.take_all();
    switch.assert_at_rest();
}

fn rotating(numbers: usize) -> CliRules {
    CliRules {
        rules: vec![CliRule {
            action: CliAction::Replace,
            pool: (0..numbers)
                .map(|number| (442_079_460_000 + number).to_string())
                .collect(),
            ..CliRule::default()
        }],
        ..CliRules::default()
    }
}

/// The number in From of what a carrier was sent.
fn caller_of(invite: &Sent) -> String {
    let from = invite.header(HeaderName::From);
    let number = from
        .split("sip:")
        .nth(1)
        .and_then(|rest| rest.split('@').next());
    number.unwrap().to_owned()
}

#[test]
fn a_call_that_comes_back_with_another_number_of_a_pool_each_time_is_ended() {
    let of_customer: fn(&mut Setup) = |setup| {
        setup.customer.numbers.cli_rules = Some("pool".into());
    };
    let of_carrier: fn(&mut Setup) = |setup| {
        setup.carrier.numbers.cli_rules = Some("pool".into());
    };
    for whose in [of_customer, of_carrier] {
        let mut setup = Setup {
            cli_rules: vec![("pool", rotating(100))],
            ..Setup::default()
        };
        whose(&mut setup);
        setup.limits.max_same_setups = 5;
        let mut switch = Switch::with(&setup);
        let mut calling = "441132960000".to_owned();
        let mut seen = Vec::new();
        // All rounds come by one trunk, as those of callers do whose own numbers the pool has.
        for round in 0..5 * ONE_TRUNK {
            let mut back = Caller::new(&format!("round-{round}"));
            back.calling = calling;
            switch.receive(CUSTOMER, &back.invite(Some(&offer("192.0.2.10", 4000))));
            switch.expect(CUSTOMER, "100 INVITE");
            calling = caller_of(&switch.expect(AURORA, "INVITE"));
            assert!(!seen.contains(&calling), "{calling}: another each time");
            seen.push(calling.clone());
        }
        let mut back = Caller::new("one-more");
        back.calling = format!("+{calling}");
        switch.receive(CUSTOMER, &back.invite(Some(&offer("192.0.2.10", 4000))));
        let refusal = switch.expect(CUSTOMER, "482 INVITE");
        switch.receive(CUSTOMER, &back.ack_refusal(&refusal));
        assert_eq!(switch.record().release.reason, ReleaseReason::LoopDetected);

        // Whoever else calls that number is no loop, and neither is the same when it is over.
        let mut other = Caller::new("another");
        other.calling = "441132960009".to_owned();
        switch.receive(CUSTOMER, &other.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.advance_ms(200_000);
        switch.take_all();
        let mut later = Caller::new("later");
        later.calling = calling;
        switch.receive(CUSTOMER, &later.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.take_all();
        switch.assert_at_rest();
    }
}
