//! Codecs of both trunks: which of an offer's go on, in which order, and what if none is left.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Setup, Switch, reply};
use rating::cdr::ReleaseReason;
use routing_engine::resources::{MediaMode, Trunk};

/// An offer of G.711, G.729 and Opus, with telephone events.
fn offer(address: &str) -> String {
    described(address, "18 0 101 96 8")
}

fn described(address: &str, formats: &str) -> String {
    let described = [
        (18, "a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n"),
        (101, "a=rtpmap:101 telephone-event/8000\r\n"),
        (96, "a=rtpmap:96 opus/48000/2\r\n"),
    ];
    let lines = described.iter().filter(|(payload, _)| {
        let mut all = formats.split(' ');
        all.any(|format| format == payload.to_string())
    });
    let lines: String = lines.map(|(_, line)| *line).collect();
    format!(
        "v=0\r\no=peer 100 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP {formats}\r\n{lines}"
    )
}

fn formats(sdp: &str) -> String {
    let line = sdp.lines().find(|line| line.starts_with("m=audio"));
    line.unwrap().split_once("RTP/AVP ").unwrap().1.to_owned()
}

fn names(codecs: &[&str]) -> Vec<String> {
    codecs.iter().map(|codec| (*codec).to_owned()).collect()
}

fn switch(media: MediaMode, ingress_trunk: fn(&mut Trunk), aurora_trunk: fn(&mut Trunk)) -> Switch {
    Switch::with(&Setup {
        media,
        media_pairs: 10,
        ingress_trunk,
        aurora_trunk,
        ..Setup::default()
    })
}

fn hang_up(mut switch: Switch, mut caller: Caller) {
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn an_offer_has_the_codecs_of_both_trunks_in_the_order_of_the_one_it_goes_to() {
    let both: fn(&mut Trunk) = |trunk| trunk.codecs = names(&["opus", "PCMA", "PCMU"]);
    let aurora: fn(&mut Trunk) = |trunk| trunk.codecs = names(&["pcma", "PCMU", "G729"]);
    for media in [MediaMode::Relay, MediaMode::Direct] {
        let mut switch = switch(media, both, aurora);
        let mut caller = Caller::new("call-1");
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10"))));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        assert_eq!(formats(&invite.body()), "8 0 101");
        assert!(!invite.body().contains("G729"), "{}", invite.body());
        assert!(!invite.body().contains("opus"), "{}", invite.body());

        let answer = described("203.0.113.1", "8 101");
        switch.receive(AURORA, &reply(&invite, 200, Some(&answer)));
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        assert_eq!(formats(&answer.body()), "8 101", "an answer is as it is");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));

        let again = described("192.0.2.10", "0 96 8");
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&again)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        assert_eq!(formats(&invite.body()), "8 0", "a later offer too");
        let answer = described("203.0.113.1", "8");
        switch.receive(AURORA, &reply(&invite, 200, Some(&answer)));
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        switch.receive(CUSTOMER, &caller.ack(&answer, None));

        let none = described("192.0.2.10", "18 96");
        switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&none)));
        switch.expect(CUSTOMER, "488 INVITE");
        switch.expect_silence();
        hang_up(switch, caller);
    }
}

#[test]
fn without_lists_an_offer_is_as_the_customer_made_it() {
    let mut switch = switch(MediaMode::Direct, |_| {}, |_| {});
    let mut caller = Caller::new("call-1");
    let offer = offer("192.0.2.10");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer)));
    switch.expect(CUSTOMER, "100 INVITE");
    assert_eq!(switch.expect(AURORA, "INVITE").body(), offer);
}

#[test]
fn the_offer_of_a_carrier_is_filtered_too() {
    let ingress: fn(&mut Trunk) = |trunk| trunk.codecs = names(&["PCMU", "PCMA"]);
    let mut switch = switch(MediaMode::Relay, ingress, |_| {});
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let late = offer("203.0.113.1");
    switch.receive(AURORA, &reply(&invite, 200, Some(&late)));
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(formats(&answer.body()), "0 8 101");
    let described = described("192.0.2.10", "0 101");
    switch.receive(CUSTOMER, &caller.ack(&answer, Some(&described)));
    assert_eq!(formats(&switch.expect(AURORA, "ACK").body()), "0 101");
    hang_up(switch, caller);
}

#[test]
fn a_carrier_without_a_codec_of_the_offer_is_passed_over() {
    let aurora: fn(&mut Trunk) = |trunk| trunk.codecs = names(&["GSM"]);
    let mut switch = switch(MediaMode::Relay, |_| {}, aurora);
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10"))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(BOREALIS, "INVITE");
    assert_eq!(switch.channels(), (1, 0, 1));
    switch.receive(BOREALIS, &reply(&invite, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    switch.assert_at_rest();
}

#[test]
fn a_customer_without_a_codec_of_its_trunk_is_refused_and_no_carrier_hears_of_it() {
    let ingress: fn(&mut Trunk) = |trunk| trunk.codecs = names(&["GSM"]);
    let mut switch = switch(MediaMode::Relay, ingress, |_| {});
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10"))));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(CUSTOMER, "488 INVITE");
    switch.expect_silence();
    assert_eq!(switch.record().release.reason, ReleaseReason::UnusableSdp);
    switch.assert_at_rest();
}
