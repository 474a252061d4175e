//! Digest authentication both ways: what customers must show, and what carriers ask of us.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, SWITCH, Sent, Setup, Switch, offer, reply, reply_with,
};
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{
    AuthenticationMode, DigestAccount, ReliableProvisional, Secret, Signalling,
};
use sip_core::digest::{Account, Challenge, Credentials, Protected};
use sip_core::{HeaderName, Message, Method};

const PASSWORD: &str = "correct horse battery";
const STRANGER: &str = "198.18.0.9:5060";

fn account() -> DigestAccount {
    DigestAccount {
        username: "meridian".to_owned(),
        password: Secret::from_text(PASSWORD),
    }
}

fn asking(mode: AuthenticationMode) -> Setup {
    Setup {
        authentication: mode,
        ingress_digest: Some(account()),
        ..Setup::default()
    }
}

fn challenges_of(sent: &Sent) -> Vec<Challenge> {
    let message = sent.parsed();
    let asked = [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate];
    message
        .headers()
        .filter(|field| asked.contains(&field.name))
        .map(|field| Challenge::parse(field.raw_value).unwrap())
        .collect()
}

/// The line with which a caller answers a challenge.
fn authorization(challenge: &Challenge, password: &str, count: u32) -> String {
    let account = Account {
        username: "meridian",
        password,
    };
    let request = Protected {
        method: Method::Invite,
        uri: &format!("sip:442071234567@{SWITCH}"),
        body: b"",
    };
    let value = challenge.answer(account, request, count, "0a4f113b");
    format!("Authorization: {value}\r\n")
}

fn invite(caller: &mut Caller, extra: String) -> String {
    caller.extra = extra;
    caller.cseq += 1;
    caller.invite(Some(&offer("192.0.2.10", 4000)))
}

/// The first INVITE, and the challenges that it gets.
fn challenged(switch: &mut Switch, caller: &mut Caller, from: &str) -> Vec<Challenge> {
    switch.receive(from, &invite(caller, String::new()));
    let refusal = switch.expect(from, "401 INVITE");
    switch.receive(from, &caller.ack_refusal(&refusal));
    switch.expect_silence();
    caller.begin_again();
    challenges_of(&refusal)
}

#[test]
fn a_customer_without_an_address_is_known_by_its_password() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    for algorithm in [0, 1] {
        let mut caller = Caller::new(&format!("call-{algorithm}"));
        let challenges = challenged(&mut switch, &mut caller, STRANGER);
        let names: Vec<_> = challenges.iter().map(|c| c.algorithm.as_str()).collect();
        assert_eq!(names, ["SHA-256", "MD5"]);
        assert_eq!(
            switch.engine.counters().calls,
            0,
            "no state before the password"
        );
        let shown = authorization(&challenges[algorithm], PASSWORD, 1);
        switch.receive(STRANGER, &invite(&mut caller, shown));
        switch.expect(STRANGER, "100 INVITE");
        let sent = switch.expect(AURORA, "INVITE");
        assert!(!sent.text.contains("Authorization"), "it stays on its leg");
        switch.receive(AURORA, &reply(&sent, 486, None));
        switch.expect(AURORA, "ACK");
        switch.expect(STRANGER, "486 INVITE");
    }
    assert_eq!(switch.ended().len(), 2, "challenges leave no record");
    assert!(
        switch
            .ended()
            .iter()
            .all(|record| record.customer.is_some())
    );
    switch.assert_at_rest();
}

#[test]
fn a_wrong_password_or_user_is_refused_and_soon_with_silence() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, STRANGER);
    let wrong = authorization(&challenges[0], "guess", 1);
    switch.receive(STRANGER, &invite(&mut caller, wrong.clone()));
    switch.expect(STRANGER, "403 INVITE");
    let reason = switch.record().release.reason;
    assert_eq!(reason, ReleaseReason::NotAuthenticated);
    let nobody = wrong.replace("meridian", "nobody");
    switch.receive(STRANGER, &invite(&mut caller, nobody.clone()));
    switch.expect(STRANGER, "403 INVITE");
    switch.receive(STRANGER, &invite(&mut caller, nobody));
    switch.expect_silence();
    assert_eq!(switch.engine.counters().unknown_source_silenced, 1);
    switch.advance_ms(2_000);
    // The right password is not hurt by the wrong ones before.
    let right = authorization(&challenges[0], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, right));
    switch.expect(STRANGER, "100 INVITE");
    switch.take_all();
    switch.advance_ms(200_000);
    switch.take_all();
    switch.assert_at_rest();
}

#[test]
fn who_showed_its_password_is_challenged_at_any_rate_and_a_stranger_is_not() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    let ask = |switch: &mut Switch, from: &str, round: u32| {
        let mut caller = Caller::new(&format!("{from}-{round}"));
        switch.receive(from, &invite(&mut caller, String::new()));
        switch.take_all().len()
    };
    let other = "198.18.0.10:5060";
    let challenges: usize = (0..20).map(|round| ask(&mut switch, other, round)).sum();
    assert_eq!(challenges, 2, "its rate");

    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, STRANGER);
    let shown = authorization(&challenges[0], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, shown));
    switch.expect(STRANGER, "100 INVITE");
    switch.take_all();
    let challenges: usize = (0..20).map(|round| ask(&mut switch, STRANGER, round)).sum();
    assert_eq!(challenges, 20);
    let is_known = |switch: &Switch, ip: &str| switch.engine.knows(switch.now, ip.parse().unwrap());
    assert!(is_known(&switch, "198.18.0.9") && !is_known(&switch, "198.18.0.10"));

    // The call ends, and the address is forgotten after a while.
    switch.advance_ms(700_000);
    switch.take_all();
    assert!(!is_known(&switch, "198.18.0.9"));
    let challenges: usize = (20..40)
        .map(|round| ask(&mut switch, STRANGER, round))
        .sum();
    assert_eq!(challenges, 2);
}

#[test]
fn refusals_of_strangers_do_not_use_up_the_challenges() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    for stranger in 0..400 {
        let from = format!("198.18.1.{}:{}", stranger % 250, 5_060 + stranger / 250);
        let options = Caller::new(&format!("call-{stranger}"))
            .invite(None)
            .replace("INVITE", "OPTIONS");
        switch.receive(&from, &options);
    }
    let answers = switch.take_all().len();
    assert!(answers <= 200, "{answers}");
    let mut caller = Caller::new("call-1");
    challenged(&mut switch, &mut caller, STRANGER);
}

#[test]
fn what_was_shown_once_opens_nothing_again() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, STRANGER);
    let shown = authorization(&challenges[0], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, shown.clone()));
    switch.expect(STRANGER, "100 INVITE");
    switch.take_all();
    // A thief repeats it in a call of its own.
    let mut thief = Caller::new("call-2");
    switch.receive(STRANGER, &invite(&mut thief, shown));
    let refusal = switch.expect(STRANGER, "401 INVITE");
    assert!(
        challenges_of(&refusal)
            .iter()
            .all(|challenge| challenge.is_stale)
    );
    // The customer itself may count on.
    switch.advance_ms(2_000);
    switch.take_all();
    let next = authorization(&challenges[0], PASSWORD, 2);
    let mut again = Caller::new("call-3");
    switch.receive(STRANGER, &invite(&mut again, next));
    switch.expect(STRANGER, "100 INVITE");
    switch.advance_ms(200_000);
    switch.take_all();
    switch.assert_at_rest();
}

#[test]
fn an_old_nonce_is_told_to_be_stale_and_a_forged_one_is_no_better() {
    let mut switch = Switch::with(&asking(AuthenticationMode::Digest));
    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, STRANGER);
    switch.advance_ms(301_000);
    let shown = authorization(&challenges[0], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, shown));
    let refusal = switch.expect(STRANGER, "401 INVITE");
    let fresh = challenges_of(&refusal);
    assert!(fresh[0].is_stale);
    let mut forged = fresh[0].clone();
    forged.nonce.replace_range(0..1, "f");
    caller.begin_again();
    let shown = authorization(&forged, PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, shown));
    switch.expect(STRANGER, "401 INVITE");
    switch.assert_at_rest();
}

#[test]
fn both_means_both_and_either_means_either() {
    let mut switch = Switch::with(&asking(AuthenticationMode::AddressAndDigest));
    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, CUSTOMER);
    let shown = authorization(&challenges[0], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut caller, shown.clone()));
    switch.expect(STRANGER, "403 INVITE");
    let mut caller = Caller::new("call-2");
    switch.receive(CUSTOMER, &invite(&mut caller, shown));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.advance_ms(200_000);
    switch.take_all();
    switch.assert_at_rest();

    let mut switch = Switch::with(&asking(AuthenticationMode::AddressOrDigest));
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &invite(&mut caller, String::new()));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.take_all();
    let mut roaming = Caller::new("call-2");
    let challenges = challenged(&mut switch, &mut roaming, STRANGER);
    let shown = authorization(&challenges[1], PASSWORD, 1);
    switch.receive(STRANGER, &invite(&mut roaming, shown));
    switch.expect(STRANGER, "100 INVITE");
    switch.advance_ms(200_000);
    switch.take_all();
    switch.assert_at_rest();
}

// --- what carriers ask of us

fn known_to_carriers() -> Setup {
    Setup {
        egress_digest: Some(account()),
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

const ASKED: &str = "WWW-Authenticate: Digest realm=\"aurora\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n\
                     WWW-Authenticate: Digest realm=\"aurora\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth-int,auth\"\r\n";

fn shown_in(sent: &Sent, name: HeaderName) -> Credentials {
    let text = sent.text.clone();
    let message = Message::parse(text.as_bytes(), &sip_core::Limits::DEFAULT).unwrap();
    let field = message.headers().find(|field| field.name == name).unwrap();
    Credentials::parse(field.raw_value).unwrap()
}

#[test]
fn a_challenge_of_a_carrier_is_answered_and_all_that_follows_shows_who_we_are() {
    let mut switch = Switch::with(&known_to_carriers());
    let (mut caller, first) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&first, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(AURORA, "INVITE");
    assert_eq!(second.header(HeaderName::CSeq), "2 INVITE");
    assert_eq!(second.tag(HeaderName::To), "");
    let shown = shown_in(&second, HeaderName::Authorization);
    assert_eq!(
        (shown.nonce.as_str(), shown.uri.as_str()),
        ("n2", second.uri().as_str())
    );
    assert!(shown.are_of(PASSWORD, Method::Invite, b""));
    switch.receive(
        AURORA,
        &reply(&second, 200, Some(&offer("203.0.113.9", 5000))),
    );
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(
        shown_in(&ack, HeaderName::Authorization),
        shown,
        "RFC 3261 §22.1"
    );
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    let shown = shown_in(&bye, HeaderName::Authorization);
    assert!(shown.are_of(PASSWORD, Method::Bye, b""));
    assert_eq!(shown.protection.unwrap().count, 2);
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.record().attempts.len(), 1);
    switch.assert_at_rest();
}

#[test]
fn a_bye_whose_nonce_is_too_old_is_sent_once_more() {
    let mut switch = Switch::with(&known_to_carriers());
    let (mut caller, first) = place(&mut switch);
    switch.receive(
        AURORA,
        &reply(&first, 200, Some(&offer("203.0.113.9", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    let asked = ASKED.replace("WWW-", "Proxy-");
    switch.receive(AURORA, &reply_with(&bye, 407, "t", &asked, None));
    let again = switch.expect(AURORA, "BYE");
    let shown = shown_in(&again, HeaderName::ProxyAuthorization);
    assert!(shown.are_of(PASSWORD, Method::Bye, b""));
    assert_eq!(switch.engine.counters().calls, 1, "until it has its answer");
    switch.receive(AURORA, &reply_with(&again, 407, "t", &asked, None));
    switch.expect_silence();
    assert_eq!(switch.engine.counters().calls, 0);
    switch.assert_at_rest();
}

#[test]
fn a_carrier_that_does_not_take_our_password_loses_the_call() {
    let mut switch = Switch::with(&known_to_carriers());
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&first, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(AURORA, "INVITE");
    // Stale is no refusal ...
    let stale = ASKED.replace("qop=", "stale=true, qop=");
    switch.receive(AURORA, &reply_with(&second, 401, "t", &stale, None));
    switch.expect(AURORA, "ACK");
    let third = switch.expect(AURORA, "INVITE");
    // ... but the same question once more is.
    switch.receive(AURORA, &reply_with(&third, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    let sent = switch.take_all();
    let to: Vec<_> = sent.iter().map(|sent| sent.to.to_string()).collect();
    assert!(!to.contains(&AURORA.to_owned()), "{to:?}");
    switch.advance_ms(200_000);
    switch.take_all();
    assert_eq!(switch.record().outcome, Outcome::Failed);
    assert_eq!(switch.record().attempts[0].release.sip_status, 401);
    switch.assert_at_rest();
}

#[test]
fn without_an_account_or_with_an_unknown_hash_a_challenge_is_a_failure() {
    let unknown = ASKED.replace("MD5", "AKA").replace("SHA-256", "ROT13");
    for (setup, asked) in [
        (Setup::default(), ASKED.to_owned()),
        (known_to_carriers(), unknown),
        (known_to_carriers(), String::new()),
    ] {
        let mut switch = Switch::with(&setup);
        let (_, first) = place(&mut switch);
        switch.receive(AURORA, &reply_with(&first, 401, "t", &asked, None));
        switch.expect(AURORA, "ACK");
        let next = switch.take_all();
        assert!(next.iter().all(|sent| sent.to.to_string() != AURORA));
        if let Some(invite) = next.iter().find(|sent| sent.to.to_string() == BOREALIS) {
            switch.receive(BOREALIS, &reply(invite, 486, None));
        }
        switch.take_all();
        switch.assert_at_rest();
    }
}

#[test]
fn a_password_that_is_still_sealed_opens_nothing_and_answers_nothing() {
    let id = "0123456789abcdef0123456789abcdef";
    let sealed = DigestAccount {
        password: Secret::stored(id),
        ..account()
    };
    let mut setup = asking(AuthenticationMode::AddressAndDigest);
    setup.ingress_digest = Some(sealed.clone());
    let mut switch = Switch::with(&setup);
    let mut caller = Caller::new("call-1");
    let challenges = challenged(&mut switch, &mut caller, CUSTOMER);
    let shown = authorization(&challenges[0], &format!("secret:{id}"), 1);
    switch.receive(CUSTOMER, &invite(&mut caller, shown));
    switch.expect(CUSTOMER, "403 INVITE");
    switch.assert_at_rest();

    let mut setup = known_to_carriers();
    setup.egress_digest = Some(sealed);
    let mut switch = Switch::with(&setup);
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&first, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    let next = switch.take_all();
    assert!(next.iter().all(|sent| sent.to.to_string() != AURORA));
}

#[test]
fn the_password_is_in_no_debug_output() {
    let setup = known_to_carriers();
    let switch = Switch::with(&setup);
    let text = format!("{:?} {:?}", switch.snapshot, setup.resources());
    assert!(!text.contains(PASSWORD));
}

/// An answered call over a carrier that asked nothing so far.
fn answered() -> (Switch, Caller) {
    let mut switch = Switch::with(&known_to_carriers());
    let (mut caller, first) = place(&mut switch);
    switch.receive(
        AURORA,
        &reply(&first, 200, Some(&offer("203.0.113.9", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    (switch, caller)
}

#[test]
fn a_relayed_request_that_the_carrier_challenges_is_sent_once_more_with_all_that_it_said() {
    let (mut switch, mut caller) = answered();
    let asked = ASKED.replace("auth-int,auth", "auth-int");
    let held = offer("192.0.2.10", 4000).replace("a=rtpmap", "a=sendonly\r\na=rtpmap");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&held)));
    switch.expect(CUSTOMER, "100 INVITE");
    let first = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply_with(&first, 401, "t", &asked, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(AURORA, "INVITE");
    assert_eq!(second.body(), first.body());
    let shown = shown_in(&second, HeaderName::Authorization);
    assert!(shown.are_of(PASSWORD, Method::Invite, second.body().as_bytes()));
    assert!(
        !shown.are_of(PASSWORD, Method::Invite, b""),
        "the body counts"
    );
    switch.expect_silence();
    let accepted = offer("203.0.113.9", 5000);
    switch.receive(AURORA, &reply(&second, 200, Some(&accepted)));
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(shown_in(&ack, HeaderName::Authorization), shown);
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));

    let digit = "Signal=5\r\nDuration=160\r\n";
    let extra = "Content-Type: application/dtmf-relay\r\n";
    switch.receive(CUSTOMER, &caller.next("INFO", extra, Some(digit)));
    let first = switch.expect(AURORA, "INFO");
    let asked = asked
        .replace("n2", "n3")
        .replace("qop=", "stale=true, qop=");
    switch.receive(AURORA, &reply_with(&first, 401, "t", &asked, None));
    let second = switch.expect(AURORA, "INFO");
    assert_eq!(second.body(), digit);
    assert_eq!(
        second.header(HeaderName::ContentType),
        "application/dtmf-relay"
    );
    let shown = shown_in(&second, HeaderName::Authorization);
    assert_eq!(shown.nonce, "n3");
    assert!(shown.are_of(PASSWORD, Method::Info, digit.as_bytes()));
    switch.receive(AURORA, &reply(&second, 200, None));
    switch.expect(CUSTOMER, "200 INFO");
    switch.expect_silence();

    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn a_relayed_request_whose_credentials_are_not_taken_fails_and_one_that_was_cancelled_is_not_sent_again()
 {
    let (mut switch, mut caller) = answered();
    switch.receive(CUSTOMER, &caller.next("INFO", "", None));
    let first = switch.expect(AURORA, "INFO");
    switch.receive(AURORA, &reply_with(&first, 401, "t", ASKED, None));
    let second = switch.expect(AURORA, "INFO");
    switch.receive(AURORA, &reply_with(&second, 401, "t", ASKED, None));
    switch.expect(CUSTOMER, "500 INFO");
    switch.expect_silence();

    let (mut switch, mut caller) = answered();
    let sdp = offer("192.0.2.10", 4444);
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 100, None));
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    switch.expect(AURORA, "CANCEL");
    switch.receive(AURORA, &reply_with(&invite, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "500 INVITE");
    switch.expect_silence();
}

const RELIABLE: &str = "Require: 100rel\r\nRSeq: 7\r\n";

fn confirming() -> Setup {
    Setup {
        egress: Signalling {
            reliable_provisional: ReliableProvisional::Supported,
            ..Signalling::default()
        },
        ..known_to_carriers()
    }
}

#[test]
fn a_prack_that_the_carrier_challenges_is_sent_once_more() {
    let mut switch = Switch::with(&confirming());
    let (_, invite) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&invite, 180, "a", RELIABLE, None));
    let first = switch.expect(AURORA, "PRACK");
    switch.expect(CUSTOMER, "180 INVITE");
    // Doubled, it is answered once.
    for _ in 0..2 {
        switch.receive(AURORA, &reply_with(&first, 401, "a", ASKED, None));
    }
    let second = switch.expect(AURORA, "PRACK");
    switch.expect_silence();
    assert_eq!(
        second.header(HeaderName::RAck),
        first.header(HeaderName::RAck)
    );
    assert_ne!(
        second.header(HeaderName::CSeq),
        first.header(HeaderName::CSeq)
    );
    let shown = shown_in(&second, HeaderName::Authorization);
    assert!(shown.are_of(PASSWORD, Method::Prack, b""));
    switch.receive(AURORA, &reply(&second, 200, None));
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "200 INVITE");
}

#[test]
fn credentials_of_a_prack_that_are_not_taken_are_not_shown_for_ever() {
    let mut switch = Switch::with(&confirming());
    let (_, invite) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&invite, 180, "a", RELIABLE, None));
    let first = switch.expect(AURORA, "PRACK");
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(AURORA, &reply_with(&first, 401, "a", ASKED, None));
    let second = switch.expect(AURORA, "PRACK");
    switch.receive(AURORA, &reply_with(&second, 401, "a", ASKED, None));
    switch.expect_silence();
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply_with(&invite, 200, "b", "", Some(&sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "200 INVITE");
    // A challenge that comes after all of that is of no interest.
    switch.receive(AURORA, &reply_with(&first, 401, "a", ASKED, None));
    switch.expect_silence();
}

#[test]
fn the_ack_shows_what_its_invite_showed_whatever_was_asked_for_since() {
    let mut switch = Switch::with(&confirming());
    let (_, first) = place(&mut switch);
    switch.receive(AURORA, &reply_with(&first, 401, "t", ASKED, None));
    switch.expect(AURORA, "ACK");
    let invite = switch.expect(AURORA, "INVITE");
    let shown = shown_in(&invite, HeaderName::Authorization);
    switch.receive(AURORA, &reply_with(&invite, 180, "a", RELIABLE, None));
    let prack = switch.expect(AURORA, "PRACK");
    switch.expect(CUSTOMER, "180 INVITE");
    let other = ASKED.replace("WWW-", "Proxy-").replace("n2", "n9");
    switch.receive(AURORA, &reply_with(&prack, 407, "a", &other, None));
    let prack = switch.expect(AURORA, "PRACK");
    shown_in(&prack, HeaderName::ProxyAuthorization);
    switch.receive(AURORA, &reply(&prack, 200, None));
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", Some(&sdp)));
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(shown_in(&ack, HeaderName::Authorization), shown);
}

#[test]
fn a_carrier_that_took_a_prack_may_ask_anew() {
    let setup = Setup {
        ingress: Signalling {
            reliable_provisional: ReliableProvisional::Supported,
            ..Signalling::default()
        },
        ..confirming()
    };
    let mut switch = Switch::with(&setup);
    let mut caller = Caller::new("call-1");
    caller.extra = "Supported: 100rel\r\n".to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let early = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reply_with(&invite, 183, "a", RELIABLE, Some(&early)),
    );
    let carriers = switch.expect(AURORA, "PRACK");
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reply_with(&carriers, 401, "a", ASKED, None));
    let again = switch.expect(AURORA, "PRACK");
    switch.receive(AURORA, &reply(&again, 200, None));
    caller.learn(&progress);
    let number = progress.header(HeaderName::RSeq);
    let confirms = format!("RAck: {number} 1 INVITE\r\n");
    switch.receive(CUSTOMER, &caller.next("PRACK", &confirms, None));
    switch.expect(CUSTOMER, "200 PRACK");
    let moved = offer("192.0.2.10", 4002);
    switch.receive(CUSTOMER, &caller.next("UPDATE", "", Some(&moved)));
    let update = switch.expect(AURORA, "UPDATE");
    let asked = ASKED.replace("n2", "n9");
    switch.receive(AURORA, &reply_with(&update, 401, "a", &asked, None));
    let update = switch.expect(AURORA, "UPDATE");
    assert_eq!(shown_in(&update, HeaderName::Authorization).nonce, "n9");
}
