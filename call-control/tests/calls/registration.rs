//! Registration with a carrier: challenged, renewed, lost, late, doubled, crossed, taken back.

use crate::support::{AURORA, Sent, Setup, Switch, reply, reply_with};
use call_control::Command;
use routing_engine::Snapshot;
use routing_engine::health::RegistrationState;
use routing_engine::resources::{DigestAccount, Registration, Secret, Trunk};
use sip_core::HeaderName;
use sip_core::digest::Credentials;
use std::sync::Arc;

const PASSWORD: &str = "correct horse";

fn registered(trunk: &mut Trunk) {
    trunk.registration = Some(Registration {
        expires_s: 600,
        ..Registration::default()
    });
    trunk.digest = Some(DigestAccount {
        username: "didtron".into(),
        password: Secret::from_text(PASSWORD),
    });
}

fn setup() -> Setup {
    Setup {
        aurora_trunk: registered,
        ..Setup::default()
    }
}

/// The next REGISTER within a time, milliseconds.
fn next(switch: &mut Switch, within_ms: u64) -> Sent {
    for _ in 0..within_ms / 100 {
        if let Some(sent) = switch.take_all().into_iter().next() {
            assert_eq!(
                (sent.to.to_string().as_str(), sent.what().as_str()),
                (AURORA, "REGISTER")
            );
            return sent;
        }
        switch.advance_ms(100);
    }
    panic!("no REGISTER within {within_ms} ms");
}

fn first(switch: &mut Switch) -> Sent {
    next(switch, 6_000)
}

fn accept(switch: &mut Switch, register: &Sent, expires: &str) {
    let contact = register.header(HeaderName::Contact);
    let ours = format!("Contact: {contact};expires={expires}\r\n");
    switch.receive(AURORA, &reply_with(register, 200, "t", &ours, None));
}

fn challenge(switch: &mut Switch, register: &Sent, nonce: &str) -> Sent {
    let asks =
        format!("WWW-Authenticate: Digest realm=\"aurora\", nonce=\"{nonce}\", qop=\"auth\"\r\n");
    switch.receive(AURORA, &reply_with(register, 401, "t", &asks, None));
    next(switch, 100)
}

fn state(switch: &Switch) -> RegistrationState {
    let trunk = &switch.snapshot.egress_trunks()[0];
    trunk.registration.as_ref().unwrap().health.state()
}

fn publish(switch: &mut Switch, setup: &Setup) {
    let snapshot = Snapshot::compile(2, &setup.resources(), Some(&switch.snapshot)).unwrap();
    let snapshot = Arc::new(snapshot);
    switch.snapshot = Arc::clone(&snapshot);
    switch.command(Command::SetSnapshot(snapshot));
}

/// Without registrations nothing waits for time.
fn assert_at_rest(switch: &mut Switch) {
    publish(switch, &Setup::default());
    switch.take_all();
    switch.assert_at_rest();
}

#[test]
fn it_answers_the_challenge_and_renews_before_the_time_that_was_granted() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    assert!(
        asked
            .text
            .starts_with("REGISTER sip:203.0.113.1:5060 SIP/2.0\r\n")
    );
    assert!(
        asked
            .header(HeaderName::To)
            .contains("sip:didtron@203.0.113.1:5060")
    );
    assert_eq!(
        asked.header(HeaderName::Contact),
        "<sip:didtron@198.51.100.1:5060>"
    );
    assert_eq!(asked.header(HeaderName::Expires), "600");
    let shown = challenge(&mut switch, &asked, "n1");
    assert_eq!(
        shown.header(HeaderName::CallId),
        asked.header(HeaderName::CallId)
    );
    assert_eq!(shown.header(HeaderName::CSeq), "2 REGISTER");
    let message = shown.parsed();
    let value = message.raw_header(HeaderName::Authorization).unwrap();
    let credentials = Credentials::parse(value).unwrap();
    assert!(credentials.are_of(PASSWORD, sip_core::Method::Register, b""));
    assert!(!shown.text.contains(PASSWORD));
    for _ in 0..2 {
        accept(&mut switch, &shown, "300");
    }
    assert_eq!(state(&switch), RegistrationState::Registered);
    assert_eq!(switch.registered, [true], "doubled, and told once");
    // At 240 s, or up to a twentieth earlier.
    switch.advance_ms(227_000);
    switch.expect_silence();
    let renewed = next(&mut switch, 14_000);
    assert_ne!(
        renewed.header(HeaderName::Authorization),
        "",
        "without another challenge"
    );
    accept(&mut switch, &renewed, "300");
    assert_eq!(switch.registered, [true]);
    assert_at_rest(&mut switch);
}

#[test]
fn a_registrar_that_is_silent_is_asked_again_more_and_more_seldom() {
    let mut switch = Switch::with(&setup());
    let lost = first(&mut switch);
    switch.advance_ms(32_000);
    let again: Vec<_> = switch.take_all();
    assert!(again.iter().all(|sent| sent.text == lost.text), "timer E");
    assert_eq!(state(&switch), RegistrationState::Failed);
    switch.advance_ms(29_000);
    switch.expect_silence();
    let second = next(&mut switch, 7_000);
    switch.advance_ms(32_000);
    switch.take_all();
    // Late: nobody waits for it any more.
    accept(&mut switch, &second, "300");
    assert_eq!(state(&switch), RegistrationState::Failed);
    switch.advance_ms(58_000);
    switch.expect_silence();
    let third = next(&mut switch, 8_000);
    accept(&mut switch, &third, "300");
    assert_eq!(state(&switch), RegistrationState::Registered);
    assert_eq!(switch.registered, [false, true]);
    assert_at_rest(&mut switch);
}

#[test]
fn a_password_that_is_not_taken_is_shown_once() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    let shown = challenge(&mut switch, &asked, "n1");
    let asks = "WWW-Authenticate: Digest realm=\"aurora\", nonce=\"n2\", qop=\"auth\"\r\n";
    switch.receive(AURORA, &reply_with(&shown, 401, "t", asks, None));
    switch.expect_silence();
    assert_eq!(state(&switch), RegistrationState::Failed);
    switch.advance_ms(29_000);
    switch.expect_silence();
    assert_at_rest(&mut switch);
}

#[test]
fn a_registrar_that_forgot_the_nonce_while_it_was_down_is_answered_anew() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    let shown = challenge(&mut switch, &asked, "n1");
    switch.receive(AURORA, &reply(&shown, 503, None));
    assert_eq!(state(&switch), RegistrationState::Failed);
    let again = next(&mut switch, 40_000);
    let shown = challenge(&mut switch, &again, "n2");
    accept(&mut switch, &shown, "300");
    assert_eq!(state(&switch), RegistrationState::Registered);
    assert_at_rest(&mut switch);
}

#[test]
fn a_registrar_that_wants_a_longer_time_gets_it_within_bounds() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    let least = "Min-Expires: 1200\r\n";
    switch.receive(AURORA, &reply_with(&asked, 423, "t", least, None));
    let longer = next(&mut switch, 100);
    assert_eq!(longer.header(HeaderName::Expires), "1200");
    switch.receive(AURORA, &reply_with(&longer, 423, "t", least, None));
    switch.expect_silence();
    assert_eq!(
        state(&switch),
        RegistrationState::Failed,
        "the same again helps nobody"
    );

    let mut switch = Switch::with(&setup());
    let mut register = first(&mut switch);
    let mut count = 1;
    loop {
        let least = format!("Min-Expires: {}\r\n", 700 + count);
        switch.receive(AURORA, &reply_with(&register, 423, "t", &least, None));
        match switch.take_all().pop() {
            Some(next) => register = next,
            None => break,
        }
        count += 1;
    }
    assert_eq!(count, 6, "never in circles");
    assert_at_rest(&mut switch);
}

#[test]
fn a_refusal_that_says_when_to_come_again_is_heeded() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    let later = "Retry-After: 120\r\n";
    switch.receive(AURORA, &reply_with(&asked, 503, "t", later, None));
    switch.advance_ms(119_000);
    switch.expect_silence();
    next(&mut switch, 7_000);
    assert_at_rest(&mut switch);
}

#[test]
fn a_new_configuration_leaves_it_alone_and_its_end_takes_it_back() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    publish(&mut switch, &setup());
    switch.expect_silence();
    accept(&mut switch, &asked, "300");
    assert_eq!(
        state(&switch),
        RegistrationState::Registered,
        "crossed by the configuration"
    );
    publish(&mut switch, &setup());
    switch.advance_ms(200_000);
    switch.expect_silence();
    publish(&mut switch, &Setup::default());
    let goodbye = next(&mut switch, 100);
    assert_eq!(goodbye.header(HeaderName::Expires), "0");
    assert_eq!(
        goodbye.header(HeaderName::CallId),
        asked.header(HeaderName::CallId)
    );
    switch.receive(AURORA, &reply(&goodbye, 200, None));
    switch.advance_ms(600_000);
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn another_password_is_shown_at_once() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    accept(&mut switch, &asked, "300");
    let other = Setup {
        aurora_trunk: |trunk| {
            registered(trunk);
            if let Some(digest) = &mut trunk.digest {
                digest.password = Secret::from_text("battery staple");
            }
        },
        ..Setup::default()
    };
    publish(&mut switch, &other);
    let again = first(&mut switch);
    let shown = challenge(&mut switch, &again, "n1");
    let message = shown.parsed();
    let value = message.raw_header(HeaderName::Authorization).unwrap();
    let credentials = Credentials::parse(value).unwrap();
    assert!(credentials.are_of("battery staple", sip_core::Method::Register, b""));
    assert_at_rest(&mut switch);
}

#[test]
fn the_old_registrar_is_told_when_there_is_a_new_one() {
    let here: fn(&mut Trunk) = |trunk| {
        registered(trunk);
        let registration = trunk.registration.as_mut().unwrap();
        registration.domain = Some("aurora.example".into());
    };
    let mut switch = Switch::with(&Setup {
        aurora_trunk: here,
        ..Setup::default()
    });
    let asked = first(&mut switch);
    accept(&mut switch, &asked, "300");
    let moved = Setup {
        aurora_trunk: |trunk| {
            registered(trunk);
            let registration = trunk.registration.as_mut().unwrap();
            registration.domain = Some("aurora.example".into());
            trunk.gateway = Some("203.0.113.77:5060".parse().unwrap());
        },
        ..Setup::default()
    };
    publish(&mut switch, &moved);
    let goodbye = switch.expect(AURORA, "REGISTER");
    assert_eq!(goodbye.header(HeaderName::Expires), "0");
    assert_eq!(
        goodbye.header(HeaderName::CallId),
        asked.header(HeaderName::CallId)
    );
    switch.receive(AURORA, &reply(&goodbye, 200, None));
    switch.advance_ms(6_000);
    let anew = switch.take_all().remove(0);
    assert_eq!(anew.to.to_string(), "203.0.113.77:5060");
    assert_eq!(anew.header(HeaderName::Expires), "600");
}

#[test]
fn a_switch_that_stops_leaves_its_registrars_for_good() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    accept(&mut switch, &asked, "300");
    switch.command(Command::Drain { hang_up_at: None });
    let goodbye = switch.expect(AURORA, "REGISTER");
    assert_eq!(goodbye.header(HeaderName::Expires), "0");
    // Lost, and sent again; said twice, done once.
    switch.command(Command::Drain { hang_up_at: None });
    switch.expect_silence();
    switch.advance_ms(500);
    switch.expect(AURORA, "REGISTER");
    switch.receive(AURORA, &reply(&goodbye, 200, None));
    publish(&mut switch, &setup());
    switch.advance_ms(600_000);
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn a_registrar_that_wants_the_password_to_let_go_gets_it() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    let shown = challenge(&mut switch, &asked, "n1");
    accept(&mut switch, &shown, "300");
    publish(&mut switch, &Setup::default());
    let goodbye = next(&mut switch, 100);
    let again = challenge(&mut switch, &goodbye, "n2");
    assert_eq!(again.header(HeaderName::Expires), "0");
    let message = again.parsed();
    let value = message.raw_header(HeaderName::Authorization).unwrap();
    let credentials = Credentials::parse(value).unwrap();
    assert_eq!(credentials.nonce, "n2");
    assert!(credentials.are_of(PASSWORD, sip_core::Method::Register, b""));
    // Once more than that it does not know us.
    let asks = "WWW-Authenticate: Digest realm=\"aurora\", nonce=\"n3\", qop=\"auth\"\r\n";
    switch.receive(AURORA, &reply_with(&again, 401, "t", asks, None));
    switch.expect_silence();
    switch.assert_at_rest();
}

#[test]
fn what_takes_a_registration_back_does_not_end_the_next_one() {
    let mut switch = Switch::with(&setup());
    let asked = first(&mut switch);
    accept(&mut switch, &asked, "300");
    publish(&mut switch, &Setup::default());
    let goodbye = next(&mut switch, 100);
    publish(&mut switch, &setup());
    let asks = "WWW-Authenticate: Digest realm=\"aurora\", nonce=\"n1\", qop=\"auth\"\r\n";
    switch.receive(AURORA, &reply_with(&goodbye, 401, "t", asks, None));
    switch.expect_silence();
    let anew = first(&mut switch);
    assert_eq!(anew.header(HeaderName::Expires), "600");
    accept(&mut switch, &anew, "300");
    assert_eq!(state(&switch), RegistrationState::Registered);
    assert_at_rest(&mut switch);
}
