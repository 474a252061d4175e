//! What comes before the answer: ringing, early media, forks.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply_with};
use sip_core::HeaderName;

#[test]
fn forked_early_dialogs_are_one_dialog_for_the_customer() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply_with(&invite, 100, "", "", None));
    switch.advance_ms(500);
    let early = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reply_with(&invite, 183, "fork-a", "", Some(&early)),
    );
    let first = switch.expect(CUSTOMER, "183 INVITE");
    assert!(first.body().contains("198.51.100.2"));
    switch.advance_ms(500);
    switch.receive(AURORA, &reply_with(&invite, 180, "fork-b", "", None));
    let second = switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(AURORA, &reply_with(&invite, 181, "fork-b", "", None));
    switch.expect(CUSTOMER, "181 INVITE");
    let answer = offer("203.0.113.9", 6000);
    switch.receive(
        AURORA,
        &reply_with(&invite, 200, "fork-b", "", Some(&answer)),
    );
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(ack.tag(HeaderName::To), "fork-b");
    let answered = switch.expect(CUSTOMER, "200 INVITE");
    let tags = [&first, &second, &answered].map(|sent| sent.tag(HeaderName::To));
    assert!(tags.iter().all(|tag| *tag == tags[0]), "{tags:?}");

    // The other fork answers as well: it is acknowledged and ended by itself.
    switch.receive(
        AURORA,
        &reply_with(&invite, 200, "fork-a", "", Some(&early)),
    );
    let ack = switch.expect(AURORA, "ACK");
    assert_eq!(ack.tag(HeaderName::To), "fork-a");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "fork-a");
    switch.receive(AURORA, &reply_with(&bye, 200, "", "", None));
    switch.expect_silence();

    switch.receive(CUSTOMER, &caller.ack(&answered, None));
    switch.advance_ms(1_000);
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(bye.tag(HeaderName::To), "fork-b");
    switch.receive(AURORA, &reply_with(&bye, 200, "", "", None));
    assert_eq!(switch.record().pdd_ms(), Some(500));
    switch.assert_at_rest();
}

#[test]
fn an_answer_without_a_description_takes_that_of_the_early_media() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    let early = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply_with(&invite, 183, "a", "", Some(&early)));
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", None));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(answer.body(), progress.body());
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.assert_at_rest();
}

#[test]
fn an_answer_without_any_description_is_ended_and_the_customer_told() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", None));
    switch.expect(AURORA, "ACK");
    switch.expect(AURORA, "BYE");
    switch.expect(CUSTOMER, "502 INVITE");
    assert_eq!(switch.record().attempts[0].cost.billed_seconds, 1);
    switch.assert_at_rest();
}

#[test]
fn with_direct_media_descriptions_pass_byte_for_byte() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let (theirs, ours) = (offer("192.0.2.10", 4000), offer("203.0.113.1", 5000));
    switch.receive(CUSTOMER, &caller.invite(Some(&theirs)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.body(), theirs);
    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", Some(&ours)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    assert_eq!(answer.body(), ours);
    assert!(switch.media.is_empty());
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    assert_eq!(switch.record().media, None);
    switch.assert_at_rest();
}
