//! A call from INVITE to BYE: what each side sees, and the record.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply};
use call_control::{MediaCommand, MediaWatch};
use rating::cdr::{JournalEntry, Outcome, ReleaseReason, ReleasedBy};
use sip_core::HeaderName;

#[test]
fn a_call_is_connected_charged_and_recorded() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");

    switch.advance_ms(100);
    switch.receive(AURORA, &reply(&invite, 100, None));
    switch.advance_ms(900);
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.advance_ms(4_000);
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    assert!(matches!(switch.journal[..], [JournalEntry::Answered(_)]));
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));

    switch.advance_ms(61_000);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.expect_silence();

    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Answered);
    assert_eq!(record.release.by, ReleasedBy::Customer);
    assert_eq!(record.release.reason, ReleaseReason::NormalClearing);
    assert_eq!(record.release.q850_cause, 16);
    assert_eq!(record.duration_ms(), 61_000);
    assert_eq!(record.pdd_ms(), Some(1_000));
    assert_eq!(record.charge.billed_seconds, 61);
    // 61 s at 0.05 and 0.01 a minute, in nano-units.
    assert_eq!(record.charge.amount.0, 50_833_333);
    assert_eq!(record.attempts[0].cost.amount.0, 10_166_667);
    assert_eq!(record.margin.0, 50_833_333 - 10_166_667);
    assert_eq!(record.customer.as_ref().unwrap().name.as_ref(), "Meridian");
    assert_eq!(record.called_number.as_ref(), "442071234567");
    assert_eq!(record.user_agent.as_deref(), Some("SecretPBX/1.0"));
    assert_eq!((record.shard, record.snapshot_number), (3, 1));
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.attempts[0].outcome, Outcome::Answered);
    assert_eq!(record.media, None);
    switch.assert_at_rest();
}

#[test]
fn neither_side_sees_the_other() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    caller.extra =
        "Record-Route: <sip:192.0.2.77;lr>\r\nP-Asserted-Identity: <sip:boss@customer.example>\r\n"
            .to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    for secret in [
        "192.0.2",
        "customer.example",
        "SecretPBX",
        "call-1",
        "Caller",
        "boss",
    ] {
        assert!(
            !invite.text.contains(secret),
            "{secret} leaked in\n{}",
            invite.text
        );
    }
    assert!(invite.body().contains("c=IN IP4 198.51.100.2\r\n"));
    assert!(invite.body().contains("m=audio 20006 "));
    assert!(
        invite
            .header(HeaderName::From)
            .contains("sip:441132960000@198.51.100.1:5060")
    );

    let answer = reply(&invite, 200, Some(&offer("203.0.113.1", 5000)));
    switch.receive(AURORA, &answer);
    let ack = switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    for secret in [
        "203.0.113",
        "SecretGateway",
        "carrier-tag",
        &invite.header(HeaderName::CallId),
    ] {
        assert!(
            !answer.text.contains(secret),
            "{secret} leaked in\n{}",
            answer.text
        );
    }
    assert!(answer.body().contains("m=audio 20004 "));
    assert_eq!(
        answer.header(HeaderName::RecordRoute),
        "<sip:192.0.2.77;lr>"
    );
    assert!(!ack.text.contains("192.0.2"));

    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let commands = std::mem::take(&mut switch.media);
    let [
        MediaCommand::Start(_, first),
        MediaCommand::Update(_, second),
        MediaCommand::Update(_, third),
    ] = &commands[..]
    else {
        panic!("{commands:?}");
    };
    assert_eq!(first.ingress.unwrap().rtp.to_string(), "192.0.2.10:4000");
    assert_eq!(second.egress.unwrap().rtp.to_string(), "203.0.113.1:5000");
    assert_eq!(
        (second.watch, third.watch),
        (None, Some(MediaWatch::default()))
    );

    // The carrier hangs up; the BYE takes the customer's route set.
    let bye = format!(
        "BYE sip:x@198.51.100.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1;branch=z9hG4bKb\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 9 BYE\r\nReason: Q.850;cause=31\r\n\
         Content-Length: 0\r\n\r\n",
        ack.header(HeaderName::To),
        ack.header(HeaderName::From),
        ack.header(HeaderName::CallId),
    );
    switch.receive(AURORA, &bye);
    switch.expect(AURORA, "200 BYE");
    let bye = switch.expect("192.0.2.77:5060", "BYE");
    assert_eq!(bye.header(HeaderName::Route), "<sip:192.0.2.77;lr>");
    assert_eq!(
        bye.header(HeaderName::Reason),
        "Q.850;cause=31;text=\"Normal, unspecified\""
    );
    switch.receive(CUSTOMER, &reply(&bye, 200, None));

    let record = switch.record();
    assert_eq!(record.release.by, ReleasedBy::Carrier);
    assert_eq!(record.release.q850_cause, 31);
    let media = record.media.as_ref().unwrap();
    assert_eq!(media.packets_from_carrier, 60);
    let quality = media.quality_from_carrier.as_ref().unwrap();
    assert_eq!((quality.packets_expected, quality.packets_lost), (61, 1));
    assert_eq!(quality.codec.as_deref(), Some("PCMA"));
    assert!(
        quality
            .mos_hundredths
            .is_some_and(|mos| (350..440).contains(&mos))
    );
    switch.assert_at_rest();
}
