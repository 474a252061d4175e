//! Session timers (RFC 4028) and OPTIONS within a call: a call does not outlive its peers.

use crate::support::{AURORA, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with};
use rating::cdr::ReleaseReason;
use routing_engine::resources::{KeepaliveMethod, SessionTimers, Signalling};
use sip_core::HeaderName;

const TIMER: &str = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\n";

fn with(session_timers: SessionTimers) -> Signalling {
    Signalling {
        session_timers,
        ..Signalling::default()
    }
}

fn setup(ingress: SessionTimers, egress: SessionTimers) -> Setup {
    Setup {
        ingress: with(ingress),
        egress: with(egress),
        ..Setup::default()
    }
}

/// An answered call; `asked` is what the INVITE says, `answered` what the carrier's 200 says.
fn answered(setup: &Setup, asked: &str, answered: &str) -> (Switch, Caller, Sent) {
    let mut switch = Switch::with(setup);
    let mut caller = Caller::new("call-1");
    caller.extra = asked.to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reply_with(&invite, 200, "carrier-tag", answered, Some(&sdp)),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    (switch, caller, answer)
}

fn expired(switch: &mut Switch) {
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::SessionExpired
    );
    switch.assert_at_rest();
}

#[test]
fn a_customer_that_refreshes_is_told_so_and_hung_up_on_when_it_does_not() {
    let (mut switch, _, answer) = answered(&Setup::default(), TIMER, "");
    assert_eq!(
        answer.header(HeaderName::SessionExpires),
        "1800;refresher=uac"
    );
    assert_eq!(answer.header(HeaderName::Require), "timer");
    switch.advance_ms(1_767_999);
    switch.expect_silence();
    switch.advance_ms(1);
    expired(&mut switch);
}

#[test]
fn a_refresh_of_the_customer_is_answered_here_and_begins_the_interval_anew() {
    let (mut switch, mut caller, _) = answered(&Setup::default(), TIMER, "");
    switch.advance_ms(900_000);
    switch.receive(CUSTOMER, &caller.next("UPDATE", TIMER, None));
    let accepted = switch.expect(CUSTOMER, "200 UPDATE");
    assert_eq!(
        accepted.header(HeaderName::SessionExpires),
        "1800;refresher=uac"
    );
    switch.expect_silence();
    switch.advance_ms(1_767_999);
    switch.expect_silence();
    switch.advance_ms(1);
    expired(&mut switch);
}

#[test]
fn a_refresh_by_re_invite_is_relayed_and_refreshes_the_side_that_it_came_by() {
    let (mut switch, mut caller, _) = answered(&Setup::default(), TIMER, "");
    switch.advance_ms(900_000);
    let again = offer("192.0.2.10", 4000);
    switch.receive(CUSTOMER, &caller.next("INVITE", TIMER, Some(&again)));
    switch.expect(CUSTOMER, "100 INVITE");
    let relayed = switch.expect(AURORA, "INVITE");
    assert_eq!(
        relayed.header(HeaderName::SessionExpires),
        "",
        "the carrier has no timer"
    );
    switch.receive(
        AURORA,
        &reply(&relayed, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let accepted = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(
        accepted.header(HeaderName::SessionExpires),
        "1800;refresher=uac"
    );
    switch.receive(CUSTOMER, &caller.ack(&accepted, None));
    switch.advance_ms(1_700_000);
    switch.expect_silence();
}

#[test]
fn an_interval_that_is_too_short_is_422_with_what_is_not() {
    let short = "Supported: timer\r\nSession-Expires: 60\r\n";
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    caller.extra = short.to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let refusal = switch.expect(CUSTOMER, "422 INVITE");
    assert_eq!(refusal.header(HeaderName::MinSe), "90");

    let (mut switch, mut caller, _) = answered(&Setup::default(), TIMER, "");
    for (method, sdp) in [
        ("UPDATE", None),
        ("INVITE", Some(offer("192.0.2.10", 4000))),
    ] {
        switch.receive(CUSTOMER, &caller.next(method, short, sdp.as_deref()));
        let refusal = switch.expect(CUSTOMER, &format!("422 {method}"));
        assert_eq!(refusal.header(HeaderName::MinSe), "90");
    }
}

#[test]
fn we_refresh_a_carrier_that_wants_it_by_update_or_by_re_invite() {
    for (allow, method) in [("Allow: INVITE, UPDATE\r\n", "UPDATE"), ("", "INVITE")] {
        let says = format!("{allow}Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n");
        let (mut switch, _, _) = answered(&Setup::relayed(), "", &says);
        for _ in 0..3 {
            switch.advance_ms(299_999);
            switch.expect_silence();
            switch.advance_ms(1);
            let refresh = switch.expect(AURORA, method);
            assert_eq!(
                refresh.header(HeaderName::SessionExpires),
                "600;refresher=uac"
            );
            let sdp = offer("203.0.113.1", 5000);
            let sdp = (method == "INVITE").then_some(sdp.as_str());
            assert_eq!(refresh.body().is_empty(), sdp.is_none());
            let accepted = reply_with(&refresh, 200, "carrier-tag", &says, sdp);
            switch.receive(AURORA, &accepted);
            if method == "INVITE" {
                switch.expect(AURORA, "ACK");
                // Its ACK was lost.
                switch.receive(AURORA, &accepted);
                switch.expect(AURORA, "ACK");
            }
        }
        switch.expect_silence();
    }
}

#[test]
fn a_side_that_does_not_know_timers_is_refreshed_by_us_when_the_trunk_says_so() {
    let setup = setup(SessionTimers::Always, SessionTimers::Off);
    let (mut switch, _, answer) = answered(&setup, "Allow: UPDATE\r\n", "");
    assert_eq!(
        answer.header(HeaderName::SessionExpires),
        "1800;refresher=uas"
    );
    assert_eq!(answer.header(HeaderName::Require), "");
    switch.advance_ms(900_000);
    let refresh = switch.expect(CUSTOMER, "UPDATE");
    switch.receive(CUSTOMER, &reply(&refresh, 200, None));
    switch.advance_ms(900_000);
    switch.expect(CUSTOMER, "UPDATE");
    // Silence: 64·T1 later nobody is there.
    switch.advance_ms(32_000);
    let sent: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(
        sent.ends_with(&["BYE".to_owned(), "BYE".to_owned()]),
        "{sent:?}"
    );
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::SessionExpired
    );
    switch.assert_at_rest();
}

#[test]
fn without_timers_on_a_trunk_nothing_is_asked_or_promised() {
    let setup = setup(SessionTimers::Off, SessionTimers::Off);
    let (mut switch, _, answer) = answered(&setup, TIMER, "Session-Expires: 90\r\n");
    assert_eq!(answer.header(HeaderName::SessionExpires), "");
    switch.advance_ms(10_000_000);
    switch.expect_silence();
}

#[test]
fn what_a_refresh_is_refused_with_decides_what_comes_next() {
    let says = "Allow: UPDATE\r\nSession-Expires: 600;refresher=uac\r\n";
    let refreshing = || {
        let (mut switch, _, _) = answered(&Setup::default(), "", says);
        switch.advance_ms(300_000);
        let refresh = switch.expect(AURORA, "UPDATE");
        (switch, refresh)
    };
    // The dialog is gone.
    let (mut switch, refresh) = refreshing();
    switch.receive(AURORA, &reply(&refresh, 481, None));
    expired(&mut switch);
    // No UPDATE there: a re-INVITE.
    let (mut switch, refresh) = refreshing();
    switch.receive(AURORA, &reply(&refresh, 405, None));
    switch.expect(AURORA, "INVITE");
    // A longer interval.
    let (mut switch, refresh) = refreshing();
    switch.receive(
        AURORA,
        &reply_with(&refresh, 422, "", "Min-SE: 1200\r\n", None),
    );
    let again = switch.expect(AURORA, "UPDATE");
    assert_eq!(
        again.header(HeaderName::SessionExpires),
        "1200;refresher=uac"
    );
    assert_eq!(again.header(HeaderName::MinSe), "1200");
    // A collision: a little later.
    let (mut switch, refresh) = refreshing();
    switch.receive(AURORA, &reply(&refresh, 491, None));
    switch.advance_ms(2_099);
    switch.expect_silence();
    switch.advance_ms(2_200);
    switch.expect(AURORA, "UPDATE");
    // Refused for good: tried a few times more, and ended with the interval.
    let (mut switch, mut refresh) = refreshing();
    let mut refused = 0;
    let last = loop {
        switch.receive(AURORA, &reply(&refresh, 500, None));
        refused += 1;
        let mut waited = 0;
        let sent = loop {
            if let Some(sent) = switch.take_all().into_iter().next() {
                break sent;
            }
            switch.advance_ms(1_000);
            waited += 1;
            assert!(waited < 400, "nothing more came");
        };
        if sent.what() != "UPDATE" {
            break sent;
        }
        refresh = sent;
    };
    assert_eq!(last.what(), "BYE");
    assert!((2..12).contains(&refused), "{refused}");
    assert_eq!(
        switch.record().release.reason,
        ReleaseReason::SessionExpired
    );
    switch.assert_at_rest();
}

#[test]
fn a_refresh_waits_for_a_change_of_the_session_and_a_change_for_a_refresh() {
    let says = "Session-Expires: 600;refresher=uac\r\n";
    let (mut switch, mut caller, _) = answered(&Setup::default(), "", says);
    switch.advance_ms(299_000);
    let hold = offer("192.0.2.10", 4000);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&hold)));
    switch.expect(CUSTOMER, "100 INVITE");
    let relayed = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&relayed, 100, None));
    switch.advance_ms(1_000);
    switch.expect_silence();
    switch.receive(AURORA, &reply(&relayed, 488, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    let mut steps = 0;
    let refresh = loop {
        switch.advance_ms(100);
        steps += 1;
        assert!(steps <= 42, "the refresh never came");
        if let Some(refresh) = switch.take_all().pop() {
            break refresh;
        }
    };
    assert!(steps > 1, "the refresh waited");
    assert_eq!(
        (refresh.to.to_string().as_str(), refresh.what().as_str()),
        (AURORA, "INVITE")
    );

    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&hold)));
    switch.expect(CUSTOMER, "491 INVITE");
    switch.receive(AURORA, &reply(&refresh, 100, None));
    // The call ends meanwhile: the refresh is cancelled.
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    let sent: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(sent.contains(&"CANCEL".to_owned()), "{sent:?}");
    switch.receive(AURORA, &reply(&refresh, 487, None));
    switch.assert_at_rest();
}

#[test]
fn without_timers_options_asks_whether_the_call_is_up() {
    let mut setup = setup(SessionTimers::Off, SessionTimers::Off);
    setup.egress.keepalive_interval_s = Some(30);
    let (mut switch, _, _) = answered(&setup, "", "");
    for status in [200, 405, 503] {
        switch.advance_ms(29_999);
        switch.expect_silence();
        switch.advance_ms(1);
        let options = switch.expect(AURORA, "OPTIONS");
        switch.receive(AURORA, &reply(&options, status, None));
    }
    switch.advance_ms(30_000);
    let options = switch.expect(AURORA, "OPTIONS");
    switch.receive(AURORA, &reply(&options, 481, None));
    expired(&mut switch);

    let (mut switch, _, _) = answered(&setup, "", "");
    switch.advance_ms(62_000);
    let sent: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(
        sent.ends_with(&["BYE".to_owned(), "BYE".to_owned()]),
        "{sent:?}"
    );
    switch.assert_at_rest();
}

#[test]
fn after_collisions_we_come_before_a_customer_that_owns_the_call_id() {
    let setup = setup(SessionTimers::Always, SessionTimers::Off);
    let (mut switch, _, _) = answered(&setup, "Allow: UPDATE\r\n", "");
    switch.advance_ms(900_000);
    let mut refresh = switch.expect(CUSTOMER, "UPDATE");
    for _ in 0..5 {
        switch.receive(CUSTOMER, &reply(&refresh, 491, None));
        // RFC 3261 §14.1: who does not own it waits up to two seconds, who does at least 2.1.
        switch.advance_ms(2_000);
        refresh = switch.expect(CUSTOMER, "UPDATE");
        switch.take_all();
    }
    switch.receive(CUSTOMER, &reply(&refresh, 481, None));
    expired(&mut switch);
}

fn asked_by_reinvite() -> Setup {
    let signalling = Signalling {
        session_timers: SessionTimers::Off,
        keepalive_interval_s: Some(60),
        keepalive_method: KeepaliveMethod::Reinvite,
        ..Signalling::default()
    };
    Setup {
        egress: signalling,
        ..Setup::default()
    }
}

#[test]
fn a_side_is_asked_by_a_re_invite_that_changes_nothing() {
    let (mut switch, _, _) = answered(&asked_by_reinvite(), "", "");
    for _ in 0..3 {
        switch.advance_ms(60_000);
        let question = switch.expect(AURORA, "INVITE");
        assert!(question.body().contains("m=audio 4000"));
        let sdp = offer("203.0.113.1", 5000);
        switch.receive(AURORA, &reply(&question, 200, Some(&sdp)));
        switch.expect(AURORA, "ACK");
        switch.expect_silence();
        // Doubled: acknowledged once more, and nothing else.
        switch.receive(AURORA, &reply(&question, 200, Some(&sdp)));
        switch.expect(AURORA, "ACK");
        switch.expect_silence();
    }
}

#[test]
fn an_answer_whose_media_goes_nowhere_ends_the_call() {
    // To a group, to its own port, and to what nobody can read.
    let own = offer("198.51.100.2", 20_006);
    for sdp in [offer("224.0.0.1", 5000), own, "v=1\r\n".to_owned()] {
        let setup = Setup {
            egress: asked_by_reinvite().egress,
            ..Setup::relayed()
        };
        let (mut switch, _, _) = answered(&setup, "", "");
        switch.advance_ms(60_000);
        let question = switch.expect(AURORA, "INVITE");
        switch.receive(AURORA, &reply(&question, 200, Some(&sdp)));
        switch.expect(AURORA, "ACK");
        for side in [CUSTOMER, AURORA] {
            let bye = switch.expect(side, "BYE");
            switch.receive(side, &reply(&bye, 200, None));
        }
        let record = switch.record();
        assert_eq!(record.release.reason, ReleaseReason::UnusableSdp);
        assert_eq!(record.charge.billed_seconds, 60);
        switch.assert_at_rest();
    }
}

#[test]
fn whoever_refuses_a_question_has_the_call() {
    let (mut switch, _, _) = answered(&asked_by_reinvite(), "", "");
    for status in [488, 500, 403] {
        switch.advance_ms(60_000);
        let question = switch.expect(AURORA, "INVITE");
        switch.receive(AURORA, &reply(&question, status, None));
        switch.expect(AURORA, "ACK");
        switch.expect_silence();
    }
    switch.advance_ms(60_000);
    let question = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&question, 491, None));
    switch.expect(AURORA, "ACK");
    switch.advance_ms(4_000);
    switch.expect(AURORA, "INVITE");
}

#[test]
fn a_question_without_an_answer_ends_the_call() {
    for first in [None, Some(100), Some(481), Some(408)] {
        let (mut switch, _, _) = answered(&asked_by_reinvite(), "", "");
        switch.advance_ms(60_000);
        let question = switch.expect(AURORA, "INVITE");
        if let Some(status) = first {
            switch.receive(AURORA, &reply(&question, status, None));
        }
        switch.advance_ms(61_000);
        let record = switch.record();
        assert_eq!(record.release.reason, ReleaseReason::SessionExpired);
        switch.take_all();
        switch.assert_at_rest();
    }
}
