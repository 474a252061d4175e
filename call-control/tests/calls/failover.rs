//! Hunting over the route list: what goes on to the next route, and what does not.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Setup, Switch, offer, reply, reply_with};
use call_control::Command;
use call_control::events::TransportFailure;
use rating::cdr::{Outcome, ReleaseReason, ReleasedBy};
use sip_core::HeaderName;
use sip_core::transaction::Transport;

fn place(switch: &mut Switch) -> (Caller, crate::support::Sent) {
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    (caller, invite)
}

#[test]
fn a_503_leads_to_the_next_route_and_both_attempts_are_recorded() {
    let mut switch = Switch::new();
    let (mut caller, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 503, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(BOREALIS, "INVITE");
    assert_ne!(
        second.header(HeaderName::CallId),
        first.header(HeaderName::CallId)
    );
    assert_ne!(second.tag(HeaderName::From), first.tag(HeaderName::From));
    assert_eq!(
        switch.channels(),
        (1, 0, 1),
        "the first carrier has its channel back"
    );

    switch.receive(
        BOREALIS,
        &reply(&second, 200, Some(&offer("203.0.113.2", 5000))),
    );
    switch.expect(BOREALIS, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.advance_ms(10_000);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(BOREALIS, "BYE");
    switch.receive(BOREALIS, &reply(&bye, 200, None));

    let record = switch.record();
    assert_eq!(record.attempts.len(), 2);
    let [first, second] = &record.attempts[..] else {
        panic!()
    };
    assert_eq!((first.number, first.carrier.name.as_ref()), (1, "Aurora"));
    assert_eq!(
        (first.outcome, first.release.sip_status),
        (Outcome::Failed, 503)
    );
    assert_eq!(first.release.by, ReleasedBy::Carrier);
    assert_eq!((first.cost.amount.0, second.cost.billed_seconds), (0, 10));
    assert_eq!((second.number, second.outcome), (2, Outcome::Answered));
    assert_eq!(switch.engine.counters().failovers, 1);
    switch.assert_at_rest();
}

#[test]
fn silence_leads_to_the_next_route_and_a_late_answer_is_refused() {
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    switch.advance_ms(2_999);
    for _ in 0..2 {
        switch.expect(AURORA, "INVITE");
    }
    switch.expect_silence();
    switch.advance_ms(1);
    let second = switch.expect(BOREALIS, "INVITE");
    assert_eq!(switch.channels(), (1, 0, 1));
    switch.receive(BOREALIS, &reply(&second, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.advance_ms(10_000);
    switch.expect_silence();

    switch.receive(
        AURORA,
        &reply(&first, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.engine.counters().answers_refused, 1);

    switch.receive(BOREALIS, &reply(&second, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    let record = switch.record();
    assert_eq!(
        record.attempts[0].release.reason,
        ReleaseReason::CarrierSilent
    );
    assert_eq!(record.attempts[0].first_reply_at, None);
    assert_eq!(record.attempts[1].release.reason, ReleaseReason::UserBusy);
    assert_eq!(record.outcome, Outcome::Failed);
    switch.assert_at_rest();
}

#[test]
fn a_late_answer_is_refused_even_when_the_call_is_over() {
    let mut switch = Switch::new();
    let (mut caller, first) = place(&mut switch);
    switch.advance_ms(3_000);
    let second = switch.take_all().pop().unwrap();
    switch.receive(BOREALIS, &reply(&second, 603, None));
    switch.expect(BOREALIS, "ACK");
    let refusal = switch.expect(CUSTOMER, "603 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    assert_eq!(switch.engine.counters().calls, 0);

    switch.receive(AURORA, &reply(&first, 100, None));
    let cancel = switch.expect(AURORA, "CANCEL");
    switch.receive(
        AURORA,
        &reply(&first, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn an_unreachable_gateway_leads_to_the_next_route_at_once() {
    for by_token in [false, true] {
        let mut switch = Switch::new();
        let mut caller = Caller::new("call-1");
        let token = switch
            .receive_keeping_token(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.expect(AURORA, "INVITE");
        switch.command(Command::TransportFailed(TransportFailure {
            transport: Transport::Udp,
            remote: AURORA.parse().unwrap(),
            token: token.filter(|_| by_token),
        }));
        let second = switch.expect(BOREALIS, "INVITE");
        switch.receive(BOREALIS, &reply(&second, 404, None));
        switch.expect(BOREALIS, "ACK");
        switch.expect(CUSTOMER, "404 INVITE");
        let record = switch.record();
        assert_eq!(
            record.attempts[0].release.reason,
            ReleaseReason::CarrierUnreachable
        );
        assert_eq!(record.attempts[1].release.sip_status, 404);
        switch.assert_at_rest();
    }
}

#[test]
fn the_last_failure_is_the_customers_answer_with_its_cause() {
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 500, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(BOREALIS, "INVITE");
    let congested = reply_with(&second, 503, "b", "Reason: Q.850;cause=42\r\n", None);
    switch.receive(BOREALIS, &congested);
    switch.expect(BOREALIS, "ACK");
    let refusal = switch.expect(CUSTOMER, "503 INVITE");
    let reason = "Q.850;cause=42;text=\"Switching equipment congestion\"";
    assert_eq!(refusal.header(HeaderName::Reason), reason);
    assert_eq!(refusal.header(HeaderName::RetryAfter), "");
    let record = switch.record();
    assert_eq!(
        (record.release.sip_status, record.release.q850_cause),
        (503, 42)
    );
    switch.assert_at_rest();
}

#[test]
fn the_users_own_outcome_ends_hunting() {
    for status in [486, 600, 603] {
        let mut switch = Switch::new();
        let (_, first) = place(&mut switch);
        switch.receive(AURORA, &reply(&first, status, None));
        switch.expect(AURORA, "ACK");
        switch.expect(CUSTOMER, &format!("{status} INVITE"));
        assert_eq!(switch.record().attempts.len(), 1);
        switch.assert_at_rest();
    }
}

#[test]
fn a_redirection_and_a_challenge_are_not_shown_to_the_customer() {
    for (status, shown) in [(302, 480), (407, 503)] {
        let mut switch = Switch::new();
        let (_, first) = place(&mut switch);
        switch.receive(AURORA, &reply(&first, status, None));
        switch.expect(AURORA, "ACK");
        let rest = switch.take_all();
        if let [invite] = &rest[..]
            && invite.what() == "INVITE"
        {
            switch.receive(BOREALIS, &reply(invite, status, None));
        }
        let mut rest = rest;
        rest.extend(switch.take_all());
        assert!(
            rest.iter()
                .any(|sent| sent.what() == format!("{shown} INVITE")),
            "{rest:?}"
        );
        switch.assert_at_rest();
    }
}

#[test]
fn the_ring_timer_cancels_the_attempt_and_ends_the_call() {
    let mut setup = Setup::default();
    setup.failover.ring_timeout_s = 20;
    let mut switch = Switch::with(&setup);
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 100, None));
    switch.advance_ms(1_000);
    switch.receive(AURORA, &reply(&first, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.advance_ms(18_999);
    switch.expect_silence();
    switch.advance_ms(1);
    let cancel = switch.expect(AURORA, "CANCEL");
    assert!(cancel.header(HeaderName::Reason).contains("cause=19"));
    switch.expect(CUSTOMER, "480 INVITE");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&first, 487, None));
    switch.expect(AURORA, "ACK");
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::NoAnswer);
    assert_eq!(record.release.by, ReleasedBy::Switch);
    switch.assert_at_rest();
}

#[test]
fn a_full_carrier_is_passed_over_without_an_attempt() {
    let mut setup = Setup::default();
    setup.carrier.channel_limit = Some(1);
    let mut switch = Switch::with(&setup);
    let mut calls: Vec<Caller> = ["a", "b", "c"].map(Caller::new).into();
    for (caller, gateway) in calls.iter_mut().zip([AURORA, BOREALIS]) {
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.expect(gateway, "INVITE");
    }
    switch.receive(CUSTOMER, &calls[2].invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(CUSTOMER, "503 INVITE");
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Rejected);
    assert_eq!(record.release.reason, ReleaseReason::CarrierChannelLimit);
    assert!(record.attempts.is_empty());
    assert_eq!(switch.channels(), (2, 1, 1));
    switch.assert_at_rest();
}
