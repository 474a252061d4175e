//! Media that is encrypted by keys in descriptions (SDES): each leg by what its trunk says.

use crate::redirected::redirect;
use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use call_control::{MediaCommand, MediaPlan};
use media_relay::srtp::Suite;
use media_relay::{LegKeys, MediaKeys};
use rating::cdr::ReleaseReason;
use routing_engine::resources::{
    CryptoSuite, MediaEncryption, MediaEncryptionMode, RedirectPolicy, Signalling, Trunk,
};
use sip_core::transaction::Transport;

const AES: &str = "AES_CM_128_HMAC_SHA1_80";

/// Base64 of 30 bytes of this letter of the alphabet of Base64.
fn key(letter: char) -> String {
    letter.to_string().repeat(40)
}

/// The same description with another profile and a line of `a=crypto` at its end.
fn with(sdp: &str, profile: &str, crypto: &str) -> String {
    let sdp = sdp.replace("RTP/AVP", profile);
    match crypto {
        "" => sdp,
        crypto => format!("{sdp}a=crypto:{crypto}\r\n"),
    }
}

fn sealed(sdp: &str, tag: u32, letter: char) -> String {
    let crypto = format!("{tag} {AES} inline:{}|2^31", key(letter));
    with(sdp, "RTP/SAVP", &crypto)
}

fn ours() -> String {
    offer("192.0.2.10", 4000)
}

fn theirs() -> String {
    offer("203.0.113.1", 5000)
}

fn spoken(trunk: &mut Trunk, mode: MediaEncryptionMode) {
    trunk.media_encryption = MediaEncryption {
        mode,
        suites: vec![CryptoSuite::Aes128CmSha1_80, CryptoSuite::AeadAes128Gcm],
        keys_in_clear: true,
    };
}

fn optional(trunk: &mut Trunk) {
    spoken(trunk, MediaEncryptionMode::Optional);
}

fn required(trunk: &mut Trunk) {
    spoken(trunk, MediaEncryptionMode::Required);
}

fn required_in_private(trunk: &mut Trunk) {
    required(trunk);
    trunk.media_encryption.keys_in_clear = false;
}

fn optional_in_private(trunk: &mut Trunk) {
    optional(trunk);
    trunk.media_encryption.keys_in_clear = false;
}

fn switch(ingress_trunk: fn(&mut Trunk), aurora_trunk: fn(&mut Trunk)) -> Switch {
    Switch::with(&Setup {
        ingress_trunk,
        aurora_trunk,
        ..Setup::relayed()
    })
}

fn none(_: &mut Trunk) {}

/// The lines of `a=crypto` in a description.
fn crypto(sent: &Sent) -> Vec<String> {
    let body = sent.body();
    let lines = body
        .lines()
        .filter_map(|line| line.strip_prefix("a=crypto:"));
    lines.map(str::to_owned).collect()
}

fn profile(sent: &Sent) -> String {
    let body = sent.body();
    let line = body.lines().find(|line| line.starts_with("m=audio"));
    line.unwrap().split(' ').nth(2).unwrap().to_owned()
}

/// What the relay was told last.
fn plan(switch: &Switch) -> MediaPlan {
    let told = switch.media.iter().rev().find_map(|command| match command {
        MediaCommand::Start(_, plan) | MediaCommand::Update(_, plan) => Some(plan.clone()),
        MediaCommand::Stop(_) => None,
    });
    told.expect("the relay was told something")
}

fn keys(switch: &Switch) -> MediaKeys {
    plan(switch)
        .keys
        .map_or_else(MediaKeys::default, |keys| (*keys).clone())
}

/// The first byte of each key of a leg: ours, theirs.
fn bytes(leg: &LegKeys) -> (u8, u8) {
    (leg.ours.bytes()[0], leg.theirs.bytes()[0])
}

/// The INVITE that the carrier gets for this offer.
fn invited(switch: &mut Switch, caller: &mut Caller, sdp: &str) -> Sent {
    switch.receive(CUSTOMER, &caller.invite(Some(sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE")
}

/// The customer's 200 for the carrier's answer.
fn answered(switch: &mut Switch, caller: &Caller, invite: &Sent, sdp: &str) -> Sent {
    let _ = caller;
    switch.receive(AURORA, &reply(invite, 200, Some(sdp)));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "200 INVITE")
}

fn hang_up(mut switch: Switch, mut caller: Caller) {
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

fn refused(mut switch: Switch, mut caller: Caller, sdp: &str) {
    switch.receive(CUSTOMER, &caller.invite(Some(sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    switch.expect_silence();
    assert_eq!(switch.record().release.reason, ReleaseReason::UnusableSdp);
    switch.assert_at_rest();
}

#[test]
fn a_sealed_leg_and_a_plain_one_know_nothing_of_each_other() {
    let (mut switch, mut caller) = (switch(required, none), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &sealed(&ours(), 7, 'B'));
    assert_eq!(
        (profile(&invite).as_str(), crypto(&invite)),
        ("RTP/AVP", vec![])
    );
    let answer = answered(&mut switch, &caller, &invite, &theirs());
    assert_eq!(profile(&answer), "RTP/SAVP");
    let said = crypto(&answer);
    assert!(said[0].starts_with(&format!("7 {AES} inline:")), "{said:?}");
    assert!(!said[0].contains(&key('B')) && said.len() == 1, "{said:?}");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let MediaKeys { ingress, egress } = keys(&switch);
    // Key number 1 of the switch; `B` is 1 in Base64: 000001 000001 ….
    assert_eq!(bytes(&ingress.unwrap()), (1, 0b0000_0100));
    assert_eq!(egress, None);
    hang_up(switch, caller);
}

#[test]
fn a_carrier_is_offered_the_suites_of_its_trunk_each_with_a_key_of_its_own() {
    let (mut switch, mut caller) = (switch(none, required), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &ours());
    assert_eq!(profile(&invite), "RTP/SAVP");
    let offered = crypto(&invite);
    let [first, second] = &offered[..] else {
        panic!("{offered:?}")
    };
    assert!(first.starts_with(&format!("1 {AES} inline:")), "{first}");
    assert!(second.starts_with("2 AEAD_AES_128_GCM inline:"), "{second}");
    // 28 bytes of `C`.
    let crypto_2 = format!("2 AEAD_AES_128_GCM inline:{}==", "C".repeat(38));
    let taken = with(&theirs(), "RTP/SAVP", &crypto_2.replace("CC==", "CA=="));
    let answer = answered(&mut switch, &caller, &invite, &taken);
    assert_eq!(
        (profile(&answer).as_str(), crypto(&answer)),
        ("RTP/AVP", vec![])
    );
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let egress = keys(&switch).egress.unwrap();
    assert_eq!(egress.ours.suite(), Suite::AeadAes128Gcm);
    assert_eq!(bytes(&egress).0, 2, "the second key that was drawn");
    hang_up(switch, caller);
}

#[test]
fn who_must_encrypt_and_does_not_gets_488() {
    refused(switch(required, none), Caller::new("call-1"), &ours());
    // Keys by signalling that others can read.
    let offer = sealed(&ours(), 1, 'B');
    refused(
        switch(required_in_private, none),
        Caller::new("call-2"),
        &offer,
    );
    refused(
        switch(optional_in_private, none),
        Caller::new("call-3"),
        &offer,
    );
    for unusable in [
        format!("1 {AES} inline:{}", key('B').trim_end_matches("BB")),
        format!("1 {AES} inline:{}|2^31|1:4", key('B')),
        format!("1 {AES} inline:{} UNENCRYPTED_SRTP", key('B')),
        format!("1 {AES} inline:{};inline:{}", key('B'), key('C')),
        format!("1 AES_256_CM_HMAC_SHA1_80 inline:{}", key('B')),
        format!("1 F8_128_HMAC_SHA1_80 inline:{}", key('B')),
        format!("x {AES} inline:{}", key('B')),
    ] {
        let offer = with(&ours(), "RTP/SAVP", &unusable);
        refused(switch(required, none), Caller::new("call-4"), &offer);
    }
}

#[test]
fn keys_travel_by_tls_without_further_leave() {
    let (mut switch, mut caller) = (switch(required_in_private, none), Caller::new("call-1"));
    let invite = caller.invite(Some(&sealed(&ours(), 1, 'B')));
    switch.receive_by(Transport::Tls, CUSTOMER, &invite);
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let answer = answered(&mut switch, &caller, &invite, &theirs());
    assert_eq!(crypto(&answer).len(), 1);
    switch.receive_by(Transport::Tls, CUSTOMER, &caller.ack(&answer, None));
    // A phone that comes back by UDP would be told the key of the call there.
    for (method, sdp) in [("INVITE", None), ("UPDATE", Some(sealed(&ours(), 1, 'B')))] {
        switch.receive(CUSTOMER, &caller.next(method, "", sdp.as_deref()));
        let refusal = switch.expect(CUSTOMER, &format!("403 {method}"));
        assert_eq!(crypto(&refusal), Vec::<String>::new());
        if method == "INVITE" {
            switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
        }
    }
    switch.expect_silence();
    hang_up(switch, caller);
}

/// A switch whose first carrier may send calls elsewhere.
fn following(ingress_trunk: fn(&mut Trunk), aurora_trunk: fn(&mut Trunk)) -> Switch {
    Switch::with(&Setup {
        egress: Signalling {
            redirects: RedirectPolicy::Follow,
            ..Signalling::default()
        },
        ingress_trunk,
        aurora_trunk,
        ..Setup::relayed()
    })
}

#[test]
fn whoever_a_carrier_names_is_told_keys_that_the_carrier_does_not_know() {
    let elsewhere = "203.0.113.77:5060";
    let (mut switch, mut caller) = (following(required, required), Caller::new("call-1"));
    let first = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
    let contact = format!("Contact: <sip:1@{elsewhere}>\r\n");
    switch.receive(AURORA, &redirect(&first, &contact));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(elsewhere, "INVITE");
    let (known, told) = (crypto(&first), crypto(&second));
    assert_eq!((known.len(), told.len()), (2, 2));
    assert!(told.iter().all(|line| !known.contains(line)), "{told:?}");
    switch.receive(
        elsewhere,
        &reply(&second, 200, Some(&sealed(&theirs(), 1, 'D'))),
    );
    switch.expect(elsewhere, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let egress = keys(&switch).egress.unwrap();
    let line = told[0].split("inline:").nth(1).unwrap();
    assert_eq!(STANDARD.encode(egress.ours.bytes()), line);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(elsewhere, "BYE");
    switch.receive(elsewhere, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn a_fax_towards_a_sealed_leg_is_declined_and_the_call_goes_on() {
    let (mut switch, mut caller) = (switch(none, required), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &ours());
    let answer = answered(&mut switch, &caller, &invite, &sealed(&theirs(), 1, 'D'));
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let before = keys(&switch);
    let fax = ours().replace("m=audio 4000 RTP/AVP 8", "m=image 4000 udptl t38");
    assert_ne!(fax, ours());
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&fax)));
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    switch.expect_silence();
    assert_eq!(keys(&switch), before);
    hang_up(switch, caller);
}

#[test]
fn an_answer_by_our_own_key_is_none() {
    let (mut switch, mut caller) = (switch(required, required), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
    let reflected = with(&theirs(), "RTP/SAVP", &crypto(&invite)[0]);
    switch.receive(AURORA, &reply(&invite, 200, Some(&reflected)));
    switch.expect(AURORA, "ACK");
    switch.expect(AURORA, "BYE");
    switch.expect(CUSTOMER, "502 INVITE");
}

#[test]
fn a_carrier_that_cannot_be_told_keys_is_passed_over() {
    let (mut switch, mut caller) = (switch(none, required_in_private), Caller::new("call-1"));
    switch.receive(CUSTOMER, &caller.invite(Some(&ours())));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(BOREALIS, "INVITE");
    assert_eq!(
        (profile(&invite).as_str(), crypto(&invite)),
        ("RTP/AVP", vec![])
    );
}

#[test]
fn optional_encryption_is_offered_beside_the_clear_and_may_be_left_out() {
    for is_taken in [true, false] {
        let (mut switch, mut caller) = (switch(optional, optional), Caller::new("call-1"));
        let invite = invited(&mut switch, &mut caller, &ours());
        assert_eq!(profile(&invite), "RTP/AVP");
        assert_eq!(crypto(&invite).len(), 2);
        let taken = with(
            &theirs(),
            "RTP/AVP",
            &format!("1 {AES} inline:{}", key('D')),
        );
        let sdp = if is_taken { taken } else { theirs() };
        let answer = answered(&mut switch, &caller, &invite, &sdp);
        assert_eq!(
            (profile(&answer).as_str(), crypto(&answer)),
            ("RTP/AVP", vec![])
        );
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
        let MediaKeys { ingress, egress } = keys(&switch);
        assert_eq!((ingress, egress.is_some()), (None, is_taken));
        hang_up(switch, caller);
    }
}

#[test]
fn an_answer_without_the_keys_that_it_must_have_ends_the_call() {
    for (trunk, sdp) in [
        (required as fn(&mut Trunk), theirs()),
        (required, sealed(&theirs(), 9, 'D')),
        (optional, with(&theirs(), "RTP/SAVP", "")),
        (none, sealed(&theirs(), 1, 'D')),
    ] {
        // The customer's own keys make the switch speak of any.
        let (mut switch, mut caller) = (switch(required, trunk), Caller::new("call-1"));
        let invite = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
        switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
        switch.expect(AURORA, "ACK");
        switch.expect(AURORA, "BYE");
        switch.expect(CUSTOMER, "502 INVITE");
    }
}

#[test]
fn between_trunks_that_speak_of_no_keys_both_parties_agree_on_their_own() {
    let (mut switch, mut caller) = (switch(none, none), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
    assert_eq!(profile(&invite), "RTP/SAVP");
    assert_eq!(
        crypto(&invite),
        [format!("1 {AES} inline:{}|2^31", key('B'))]
    );
    let answer = answered(&mut switch, &caller, &invite, &sealed(&theirs(), 1, 'D'));
    assert_eq!(
        crypto(&answer),
        [format!("1 {AES} inline:{}|2^31", key('D'))]
    );
    assert_eq!(keys(&switch), MediaKeys::default());
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    hang_up(switch, caller);
}

/// A call of which both legs are sealed.
fn up() -> (Switch, Caller) {
    let (mut switch, mut caller) = (switch(required, required), Caller::new("call-1"));
    let invite = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
    let answer = answered(&mut switch, &caller, &invite, &sealed(&theirs(), 1, 'D'));
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    (switch, caller)
}

/// What the carrier is sent for a re-INVITE, and what the customer gets for its answer.
fn changed(
    switch: &mut Switch,
    caller: &mut Caller,
    sdp: &str,
    status: u16,
    answer: &str,
) -> (Sent, Sent) {
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(sdp)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let body = (status == 200).then_some(answer);
    switch.receive(AURORA, &reply(&invite, status, body));
    switch.expect(AURORA, "ACK");
    let outcome = switch.expect(CUSTOMER, &format!("{status} INVITE"));
    match status {
        200 => switch.receive(CUSTOMER, &caller.ack(&outcome, None)),
        _ => switch.receive(CUSTOMER, &caller.ack_refusal(&outcome)),
    }
    (invite, outcome)
}

#[test]
fn hold_and_resume_keep_all_keys_and_a_new_one_of_the_customer_is_taken() {
    let (mut switch, mut caller) = up();
    let before = keys(&switch);
    let held = sealed(&format!("{}a=sendonly\r\n", ours()), 1, 'B');
    let carriers = sealed(&theirs(), 1, 'D');
    let (invite, _) = changed(&mut switch, &mut caller, &held, 200, &carriers);
    assert_eq!(crypto(&invite).len(), 1, "what is in use, and nothing else");
    assert_eq!(keys(&switch), before);
    changed(
        &mut switch,
        &mut caller,
        &sealed(&ours(), 1, 'B'),
        200,
        &carriers,
    );
    assert_eq!(keys(&switch), before);
    let renewed = sealed(&ours(), 2, 'E');
    let (_, answer) = changed(&mut switch, &mut caller, &renewed, 200, &carriers);
    assert!(crypto(&answer)[0].starts_with("2 "), "the tag of the offer");
    let (was, is) = (before.ingress.unwrap(), keys(&switch).ingress.unwrap());
    assert_eq!(is.ours, was.ours);
    assert_ne!(is.theirs, was.theirs);
    assert_eq!(keys(&switch).egress, before.egress);
    hang_up(switch, caller);
}

#[test]
fn a_change_that_is_refused_leaves_the_keys_that_were_agreed() {
    let (mut switch, mut caller) = up();
    let before = keys(&switch);
    changed(&mut switch, &mut caller, &sealed(&ours(), 2, 'E'), 488, "");
    assert_eq!(keys(&switch), before);
    // In the clear: the trunk does not allow it, and nobody else hears of it.
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&ours())));
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    assert_eq!(keys(&switch), before);
    hang_up(switch, caller);
}

#[test]
fn the_next_carrier_gets_other_keys_than_the_one_that_failed() {
    let (mut switch, mut caller) = (switch(required, required), Caller::new("call-1"));
    let first = invited(&mut switch, &mut caller, &sealed(&ours(), 1, 'B'));
    let offered = crypto(&first);
    switch.receive(AURORA, &reply(&first, 503, None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(BOREALIS, "INVITE");
    assert_eq!(
        crypto(&second),
        Vec::<String>::new(),
        "its trunk speaks of none"
    );
    assert_eq!(offered.len(), 2);
    let answer = offer("203.0.113.2", 6000);
    switch.receive(BOREALIS, &reply(&second, 200, Some(&answer)));
    let MediaKeys { ingress, egress } = keys(&switch);
    assert!(ingress.is_some());
    assert_eq!(egress, None);
}
