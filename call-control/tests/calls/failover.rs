//! Hunting over the route list: what goes on to the next route, and what does not.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with,
};
use call_control::Command;
use call_control::events::{Evidence, TransportFailure};
use rating::cdr::{Outcome, ReleaseReason, ReleasedBy};
use routing_engine::resources::LcrProfile;
use sip_core::ticket::Ticket;
use sip_core::transaction::{Branch, TransmitToken, Transport};
use sip_core::{HeaderName, TicketKey};

fn place(switch: &mut Switch) -> (Caller, Sent) {
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
    let late = &record.attempts[0];
    assert_eq!(
        late.outcome,
        Outcome::Answered,
        "it was connected until our BYE"
    );
    assert_eq!(late.answered_at, Some(late.ended_at));
    assert_eq!(
        late.cost.billed_seconds, 1,
        "its terms bill from the first second"
    );
    assert!(record.margin.0 < 0);
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

/// A call at Aurora, and what speaks for it that Aurora's port is closed.
fn place_and_fail(
    evidence: impl FnOnce(&Sent, TransmitToken) -> (&'static str, Evidence),
) -> Switch {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let invite = caller.invite(Some(&offer("192.0.2.10", 4000)));
    let token = switch.receive_keeping_token(CUSTOMER, &invite).unwrap();
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let (remote, evidence) = evidence(&invite, token);
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Udp,
        host: None,
        remote: remote.parse().unwrap(),
        evidence,
    }));
    switch
}

fn quoting(branch: &str) -> Evidence {
    Evidence::Quoted(Branch::from(branch).unwrap())
}

#[test]
fn an_unreachable_gateway_leads_to_the_next_route_at_once() {
    for mut switch in [
        place_and_fail(|_, token| (AURORA, Evidence::Message(token))),
        place_and_fail(|_, _| (AURORA, Evidence::Certain)),
        place_and_fail(|invite, _| (AURORA, quoting(&invite.branch()))),
    ] {
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
fn a_report_that_quotes_nothing_of_ours_moves_no_call() {
    let forged = TicketKey::new([8; 16]).write_branch(Ticket {
        shard: 3,
        slot: 0,
        generation: 0,
        discriminator: u16::MAX,
    });
    for mut switch in [
        place_and_fail(|_, _| (AURORA, quoting("z9hG4bK-1"))),
        place_and_fail(|_, _| (AURORA, quoting(&forged))),
        // The carrier may know its own branches, but another's address is not in them.
        place_and_fail(|invite, _| (BOREALIS, quoting(&invite.branch()))),
    ] {
        switch.expect_silence();
        assert_eq!(switch.refused, []);
        assert_eq!(switch.engine.counters().reports_disbelieved, 1);
        switch.advance_ms(3_000);
        assert_eq!(switch.take_all().pop().unwrap().to.to_string(), BOREALIS);
    }
}

#[test]
fn a_gateway_that_has_replied_is_not_refused_by_what_the_network_says() {
    let mut switch = Switch::new();
    let (_, invite) = place(&mut switch);
    switch.receive(AURORA, &reply(&invite, 100, None));
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Udp,
        host: None,
        remote: AURORA.parse().unwrap(),
        evidence: quoting(&invite.branch()),
    }));
    switch.expect_silence();
    switch.receive(AURORA, &reply(&invite, 486, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    switch.assert_at_rest();
}

#[test]
fn a_believed_report_moves_every_call_to_that_gateway_and_is_passed_on() {
    let mut switch = Switch::new();
    let mut branches = Vec::new();
    for name in ["call-1", "call-2", "call-3"] {
        let invite = Caller::new(name).invite(Some(&offer("192.0.2.10", 4000)));
        switch.receive(CUSTOMER, &invite);
        branches.push(switch.take_all().pop().unwrap().branch());
    }
    switch.command(Command::TransportFailed(TransportFailure {
        transport: Transport::Udp,
        host: None,
        remote: AURORA.parse().unwrap(),
        evidence: quoting(&branches[1]),
    }));
    let moved = switch.take_all();
    assert_eq!(moved.len(), 3);
    assert!(moved.iter().all(|sent| sent.to.to_string() == BOREALIS));
    assert_eq!(switch.refused, [AURORA.parse().unwrap()]);
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
fn a_carrier_that_only_tries_loses_the_call_after_the_pdd_time() {
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    for wait in [2_900, 2_000] {
        switch.advance_ms(wait);
        switch.receive(AURORA, &reply(&first, 100, None));
    }
    switch.take_all();
    switch.advance_ms(5_099);
    switch.expect_silence();
    switch.advance_ms(1);
    let cancel = switch.expect(AURORA, "CANCEL");
    let second = switch.expect(BOREALIS, "INVITE");
    switch.receive(AURORA, &reply(&cancel, 200, None));
    switch.receive(AURORA, &reply(&first, 487, None));
    switch.expect(AURORA, "ACK");
    switch.receive(BOREALIS, &reply(&second, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    let attempt = &switch.record().attempts[0];
    assert_eq!(attempt.release.reason, ReleaseReason::CarrierSilent);
    assert!(attempt.first_reply_at.is_some());
    assert_eq!(attempt.ringing_at, None);
    switch.assert_at_rest();
}

#[test]
fn a_180_that_crosses_the_pdd_cancel_rings_nobody() {
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 100, None));
    switch.advance_ms(10_000);
    switch.expect(AURORA, "CANCEL");
    switch.expect(BOREALIS, "INVITE");
    switch.receive(AURORA, &reply(&first, 180, None));
    switch.expect_silence();
    switch.receive(
        AURORA,
        &reply(&first, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    switch.expect(AURORA, "BYE");
    switch.expect_silence();
}

#[test]
fn a_ringing_carrier_has_the_ring_time_though_it_rings_late() {
    let mut switch = Switch::new();
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 100, None));
    switch.advance_ms(9_999);
    switch.receive(AURORA, &reply(&first, 183, None));
    switch.receive(AURORA, &reply(&first, 100, None));
    switch.expect(CUSTOMER, "183 INVITE");
    switch.advance_ms(50_000);
    switch.expect_silence();
    switch.advance_ms(1);
    switch.expect(AURORA, "CANCEL");
    switch.expect(CUSTOMER, "480 INVITE");
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
    let passed_over: Vec<_> = record
        .passed_over
        .iter()
        .map(|passed| (passed.place, passed.reason))
        .collect();
    let full = ReleaseReason::CarrierChannelLimit;
    assert_eq!(passed_over, [(0, full), (1, full)]);
    assert!(record.decision.is_some());
    assert_eq!(switch.channels(), (2, 1, 1));
    switch.assert_at_rest();
}

fn profile(attempts_max: u8, pdd_budget_ms: Option<u32>) -> Setup {
    Setup {
        lcr_profile: Some(LcrProfile {
            attempts_max,
            pdd_budget_ms,
            ..LcrProfile::default()
        }),
        ..Setup::default()
    }
}

#[test]
fn a_profile_of_one_route_ends_the_call_with_the_first_failure() {
    let mut switch = Switch::with(&profile(1, None));
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply(&first, 503, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "503 INVITE");
    assert_eq!(switch.record().attempts.len(), 1);
}

#[test]
fn a_carrier_that_does_not_ring_within_the_budget_is_given_up_and_no_other_is_tried() {
    let mut switch = Switch::with(&profile(10, Some(1_500)));
    let (_, first) = place(&mut switch);
    switch.advance_ms(1_000);
    switch.receive(AURORA, &reply(&first, 503, None));
    // The ACK, and the next carrier with the half second that is left.
    let sent = switch.take_all();
    let second = sent.iter().find(|sent| sent.to.to_string() == BOREALIS);
    let second = second.unwrap().clone();
    switch.receive(BOREALIS, &reply(&second, 100, None));
    switch.advance_ms(450);
    assert!(
        !switch
            .take_all()
            .iter()
            .any(|sent| sent.to.to_string() == CUSTOMER)
    );
    switch.advance_ms(100);
    let told = switch.take_all();
    assert!(
        told.iter().any(|sent| sent.to.to_string() == CUSTOMER),
        "{told:?}"
    );
    assert!(
        told.iter().any(|sent| sent.to.to_string() == BOREALIS),
        "a CANCEL"
    );
}

#[test]
fn a_carrier_that_rings_within_the_budget_has_its_ring_time() {
    let mut switch = Switch::with(&profile(10, Some(1_500)));
    let (_, first) = place(&mut switch);
    switch.advance_ms(1_000);
    // The INVITE was sent again meanwhile.
    switch.take_all();
    switch.receive(AURORA, &reply(&first, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.advance_ms(10_000);
    assert!(switch.take_all().is_empty());
}
