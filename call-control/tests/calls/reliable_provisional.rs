//! 100rel and PRACK (RFC 3262): each side by its trunk's mode, also where only one side speaks it.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply, reply_with,
};
use call_control::MediaCommand;
use rating::cdr::{Outcome, ReleaseReason};
use routing_engine::resources::{
    InDialogPolicy, MediaMode, ReferPolicy, ReliableProvisional, Signalling,
};
use sip_core::HeaderName;

fn modes(ingress: ReliableProvisional, egress: ReliableProvisional) -> Setup {
    let with = |reliable_provisional| Signalling {
        reliable_provisional,
        ..Signalling::default()
    };
    Setup {
        ingress: with(ingress),
        egress: with(egress),
        ..Setup::default()
    }
}

/// Places a call whose INVITE has these lines.
fn place(switch: &mut Switch, extra: &str) -> (Caller, Sent) {
    let mut caller = Caller::new("call-1");
    caller.extra = extra.to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    (caller, switch.expect(AURORA, "INVITE"))
}

fn reliably(invite: &Sent, status: u16, tag: &str, number: u32, sdp: Option<&str>) -> String {
    let extra = format!("Require: 100rel\r\nRSeq: {number}\r\n");
    reply_with(invite, status, tag, &extra, sdp)
}

fn prack(caller: &mut Caller, response: &Sent) -> String {
    caller.learn(response);
    let rack = format!("RAck: {} 1 INVITE\r\n", response.header(HeaderName::RSeq));
    caller.next("PRACK", &rack, None)
}

/// The caller's ACK repeats the number of its INVITE, whatever it sent since.
fn ack(caller: &mut Caller, answer: &Sent) -> String {
    let later = std::mem::replace(&mut caller.cseq, 1);
    let ack = caller.ack(answer, None);
    caller.cseq = later;
    ack
}

const REQUIRED: &str = "Require: 100rel\r\n";
const SUPPORTED: &str = "Supported: 100rel\r\n";

#[test]
fn what_each_mode_asks_of_the_carrier() {
    use ReliableProvisional as Mode;
    for (mode, supported, required) in [
        (Mode::Off, "timer", ""),
        (Mode::Supported, "100rel, timer", ""),
        (Mode::SupportedUnannounced, "timer", ""),
        (Mode::Required, "timer", "100rel"),
        (Mode::Ignored, "timer", ""),
    ] {
        let mut switch = Switch::with(&modes(Mode::Off, mode));
        let (_, invite) = place(&mut switch, "");
        assert_eq!(invite.header(HeaderName::Supported), supported, "{mode:?}");
        assert_eq!(invite.header(HeaderName::Require), required, "{mode:?}");

        // Whether the carrier's reliable response is confirmed.
        switch.receive(AURORA, &reliably(&invite, 180, "a", 7, None));
        let is_confirmed = !matches!(mode, Mode::Off | Mode::Ignored);
        if is_confirmed {
            let prack = switch.expect(AURORA, "PRACK");
            assert_eq!(prack.header(HeaderName::RAck), "7 1 INVITE");
        }
        let ringing = switch.expect(CUSTOMER, "180 INVITE");
        assert_eq!(
            ringing.header(HeaderName::RSeq),
            "",
            "the customer has none"
        );
        switch.expect_silence();
    }
}

#[test]
fn what_each_mode_makes_of_a_customers_wish() {
    use ReliableProvisional as Mode;
    for (mode, extra, status, is_reliable) in [
        (Mode::Off, REQUIRED, 420, false),
        (Mode::Off, SUPPORTED, 180, false),
        (Mode::Supported, REQUIRED, 180, true),
        (Mode::Supported, SUPPORTED, 180, true),
        (Mode::Supported, "", 180, false),
        (Mode::SupportedUnannounced, REQUIRED, 180, true),
        (Mode::SupportedUnannounced, SUPPORTED, 180, false),
        (Mode::Required, REQUIRED, 180, true),
        (Mode::Required, SUPPORTED, 180, true),
        (Mode::Required, "", 421, false),
        (Mode::Ignored, REQUIRED, 180, false),
    ] {
        let mut switch = Switch::with(&modes(mode, Mode::Off));
        let mut caller = Caller::new("call-1");
        caller.extra = extra.to_owned();
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        let sent = switch.take_all();
        if status != 180 {
            assert_eq!(
                sent[0].what(),
                format!("{status} INVITE"),
                "{mode:?} {extra}"
            );
            let field = match status {
                420 => HeaderName::Unsupported,
                _ => HeaderName::Require,
            };
            assert_eq!(sent[0].header(field), "100rel");
            assert_eq!(switch.record().release.reason, ReleaseReason::ProtocolError);
            continue;
        }
        switch.receive(AURORA, &reply(&sent[1], 180, None));
        let ringing = switch.expect(CUSTOMER, "180 INVITE");
        let require = ringing.header(HeaderName::Require);
        assert_eq!(require == "100rel", is_reliable, "{mode:?} {extra}");
        assert_eq!(!ringing.header(HeaderName::RSeq).is_empty(), is_reliable);
    }
}

fn both_supported() -> Setup {
    modes(
        ReliableProvisional::Supported,
        ReliableProvisional::Supported,
    )
}

#[test]
fn both_sides_confirm_for_themselves_and_the_call_goes_on() {
    let mut switch = Switch::with(&both_supported());
    let (mut caller, invite) = place(&mut switch, SUPPORTED);
    let early = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reliably(&invite, 183, "a", 1, Some(&early)));
    let carriers = switch.expect(AURORA, "PRACK");
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    assert_eq!(progress.header(HeaderName::Require), "100rel");
    switch.receive(AURORA, &reply(&carriers, 200, None));
    switch.receive(CUSTOMER, &prack(&mut caller, &progress));
    switch.expect(CUSTOMER, "200 PRACK");

    // RSeq rises by one; a carrier that gave its answer reliably need not repeat it.
    switch.receive(AURORA, &reliably(&invite, 180, "a", 2, None));
    let second = switch.expect(AURORA, "PRACK");
    assert_eq!(second.header(HeaderName::RAck), "2 1 INVITE");
    let ringing = switch.expect(CUSTOMER, "180 INVITE");
    let number = |sent: &Sent| sent.header(HeaderName::RSeq).parse::<u32>().unwrap();
    assert_eq!(number(&ringing), number(&progress) + 1);
    switch.receive(CUSTOMER, &prack(&mut caller, &ringing));
    switch.expect(CUSTOMER, "200 PRACK");
    switch.receive(AURORA, &reply(&second, 200, None));

    switch.receive(AURORA, &reply_with(&invite, 200, "a", "", None));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &ack(&mut caller, &answer));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.record().outcome, Outcome::Answered);
    switch.assert_at_rest();
}

#[test]
fn a_carriers_response_that_comes_again_or_out_of_turn_is_discarded() {
    let mut switch = Switch::with(&both_supported());
    let (_, invite) = place(&mut switch, "");
    switch.receive(AURORA, &reliably(&invite, 180, "a", 5, None));
    switch.expect(AURORA, "PRACK");
    switch.expect(CUSTOMER, "180 INVITE");
    for number in [5, 7, 4] {
        switch.receive(AURORA, &reliably(&invite, 183, "a", number, None));
        switch.expect_silence();
    }
    // Another fork counts for itself.
    switch.receive(AURORA, &reliably(&invite, 183, "b", 90, None));
    let prack = switch.expect(AURORA, "PRACK");
    assert_eq!(prack.tag(HeaderName::To), "b");
    switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reliably(&invite, 183, "a", 6, None));
    assert_eq!(switch.expect(AURORA, "PRACK").tag(HeaderName::To), "a");
}

#[test]
fn a_lost_prack_brings_the_response_again_and_none_at_all_ends_the_call() {
    let mut switch = Switch::with(&both_supported());
    let (_, invite) = place(&mut switch, SUPPORTED);
    switch.receive(AURORA, &reply(&invite, 180, None));
    let first = switch.expect(CUSTOMER, "180 INVITE");
    for wait in [500, 1_000, 2_000, 4_000, 8_000] {
        switch.advance_ms(wait - 1);
        switch.expect_silence();
        switch.advance_ms(1);
        assert_eq!(switch.expect(CUSTOMER, "180 INVITE").text, first.text);
    }
    switch.advance_ms(16_500);
    let rest: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(rest.contains(&"504 INVITE".to_owned()), "{rest:?}");
    assert!(rest.contains(&"CANCEL".to_owned()), "{rest:?}");
    switch.receive(AURORA, &reply(&invite, 487, None));
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::AckMissing);
    assert_eq!(record.outcome, Outcome::Failed);
    switch.assert_at_rest();
}

#[test]
fn the_next_response_waits_for_the_prack_of_the_last() {
    let mut switch = Switch::with(&both_supported());
    let (mut caller, invite) = place(&mut switch, SUPPORTED);
    switch.receive(AURORA, &reply(&invite, 180, None));
    let first = switch.expect(CUSTOMER, "180 INVITE");
    let early = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 183, Some(&early)));
    switch.receive(AURORA, &reply(&invite, 181, None));
    switch.expect_silence();
    let confirmation = prack(&mut caller, &first);
    switch.receive(CUSTOMER, &confirmation);
    switch.expect(CUSTOMER, "200 PRACK");
    let second = switch.expect(CUSTOMER, "181 INVITE");
    assert!(
        second.body().contains("203.0.113.1"),
        "the early media came"
    );
    // Doubled: the same answer. Of a response that was confirmed: nothing there.
    switch.receive(CUSTOMER, &confirmation);
    switch.expect(CUSTOMER, "200 PRACK");
    switch.receive(CUSTOMER, &prack(&mut caller, &first));
    switch.expect(CUSTOMER, "481 PRACK");
    switch.receive(CUSTOMER, &prack(&mut caller, &second));
    switch.expect(CUSTOMER, "200 PRACK");
    switch.expect_silence();
}

/// A call that the carrier answered while its early answer waits for the customer's PRACK.
fn held() -> (Switch, Caller, Sent, Sent) {
    let mut switch = Switch::with(&both_supported());
    let (caller, invite) = place(&mut switch, SUPPORTED);
    let early = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 183, Some(&early)));
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reply(&invite, 200, Some(&early)));
    switch.expect(AURORA, "ACK");
    switch.expect_silence();
    (switch, caller, invite, progress)
}

#[test]
fn the_answer_does_not_overtake_an_early_answer_without_its_prack() {
    let (mut switch, mut caller, invite, progress) = held();
    switch.advance_ms(300);
    switch.receive(CUSTOMER, &prack(&mut caller, &progress));
    switch.expect(CUSTOMER, "200 PRACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    // The carrier's 200 comes again meanwhile: so does its ACK.
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    switch.receive(CUSTOMER, &ack(&mut caller, &answer));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    assert_eq!(switch.record().outcome, Outcome::Answered);
    switch.assert_at_rest();
}

#[test]
fn a_cancel_that_crosses_a_held_answer_ends_both_sides() {
    let (mut switch, caller, _, _) = held();
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.expect(CUSTOMER, "200 CANCEL");
    let bye = switch.expect(AURORA, "BYE");
    switch.expect(CUSTOMER, "487 INVITE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    let record = switch.record();
    assert_eq!(record.outcome, Outcome::Cancelled);
    assert_eq!(record.charge.amount.0, 0);
    assert_eq!(record.attempts[0].outcome, Outcome::Answered);
    switch.assert_at_rest();
}

#[test]
fn a_carrier_that_hangs_up_a_held_answer_ends_the_call() {
    let (mut switch, _, invite, _) = held();
    let header = |name| invite.header(name);
    let bye = format!(
        "BYE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKc\r\n\
         Max-Forwards: 70\r\nFrom: {};tag=carrier-tag\r\nTo: {}\r\nCall-ID: {}\r\n\
         CSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        header(HeaderName::To),
        header(HeaderName::From),
        header(HeaderName::CallId)
    );
    switch.receive(AURORA, &bye);
    switch.expect(AURORA, "200 BYE");
    switch.expect(CUSTOMER, "480 INVITE");
    assert_eq!(switch.record().outcome, Outcome::Failed);
    switch.assert_at_rest();
}

#[test]
fn a_held_answer_without_any_prack_is_given_up() {
    let (mut switch, _, _, _) = held();
    switch.advance_ms(32_000);
    let sent: Vec<_> = switch.take_all().iter().map(Sent::what).collect();
    assert!(sent.contains(&"504 INVITE".to_owned()), "{sent:?}");
    assert!(sent.contains(&"BYE".to_owned()), "{sent:?}");
    assert_eq!(switch.record().release.reason, ReleaseReason::AckMissing);
    switch.assert_at_rest();
}

#[test]
fn an_operators_order_ends_a_held_answer() {
    let (mut switch, _, _, _) = held();
    let id = switch.engine.newest_calls(None, 1)[0].id;
    switch.command(call_control::Command::HangUp(id));
    switch.expect(AURORA, "BYE");
    switch.expect(CUSTOMER, "480 INVITE");
    switch.assert_at_rest();
}

#[test]
fn without_an_offer_nothing_is_reliable_towards_the_carrier_and_nothing_early_to_the_customer() {
    let mut switch = Switch::with(&both_supported());
    let mut caller = Caller::new("call-1");
    caller.extra = REQUIRED.to_owned();
    switch.receive(CUSTOMER, &caller.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.header(HeaderName::Supported), "timer");
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.expect_silence();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(CUSTOMER, "200 INVITE");
}

#[test]
fn the_next_route_begins_to_count_anew() {
    let mut switch = Switch::with(&both_supported());
    let (mut caller, invite) = place(&mut switch, SUPPORTED);
    switch.receive(AURORA, &reliably(&invite, 180, "a", 5, None));
    let to_carrier = switch.expect(AURORA, "PRACK");
    let ringing = switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(AURORA, &reply(&to_carrier, 200, None));
    switch.receive(CUSTOMER, &prack(&mut caller, &ringing));
    switch.expect(CUSTOMER, "200 PRACK");
    switch.receive(AURORA, &reply_with(&invite, 503, "a", "", None));
    switch.expect(AURORA, "ACK");
    let second = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reliably(&second, 180, "a", 1, None));
    assert_eq!(
        switch.expect(BOREALIS, "PRACK").header(HeaderName::RAck),
        "1 1 INVITE"
    );
    switch.expect(CUSTOMER, "180 INVITE");
}

#[test]
fn an_update_may_change_the_session_before_the_answer_once_both_sides_are_settled() {
    let mut switch = Switch::with(&both_supported());
    let (mut caller, invite) = place(&mut switch, SUPPORTED);
    let early = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reliably(&invite, 183, "carrier-tag", 1, Some(&early)),
    );
    let carriers = switch.expect(AURORA, "PRACK");
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reply(&carriers, 200, None));
    caller.learn(&progress);
    let moved = offer("192.0.2.10", 4002);
    let early_update = caller.next("UPDATE", "", Some(&moved));
    switch.receive(CUSTOMER, &early_update);
    switch.expect(CUSTOMER, "491 UPDATE");
    switch.receive(CUSTOMER, &prack(&mut caller, &progress));
    switch.expect(CUSTOMER, "200 PRACK");
    let update = caller.next("UPDATE", "", Some(&moved));
    switch.receive(CUSTOMER, &update);
    let relayed = switch.expect(AURORA, "UPDATE");
    assert!(relayed.body().contains("m=audio 4002"));
    switch.receive(
        AURORA,
        &reply(&relayed, 200, Some(&offer("203.0.113.1", 5002))),
    );
    let changed = switch.expect(CUSTOMER, "200 UPDATE");
    assert!(changed.body().contains("m=audio 5002"));
}

#[test]
fn other_requests_pass_when_both_trunks_let_them() {
    let relaying = Signalling {
        message: InDialogPolicy::Relay,
        refer: ReferPolicy::Relay,
        ..Signalling::default()
    };
    for (egress, status) in [(relaying, None), (Signalling::default(), Some(405))] {
        let mut switch = Switch::with(&Setup {
            ingress: relaying,
            egress,
            ..Setup::default()
        });
        let (mut caller, invite) = place(&mut switch, "");
        switch.receive(
            AURORA,
            &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
        );
        switch.expect(AURORA, "ACK");
        let answer = switch.expect(CUSTOMER, "200 INVITE");
        assert!(answer.header(HeaderName::Allow).contains("REFER"));
        switch.receive(CUSTOMER, &caller.ack(&answer, None));
        let refer_to = "Refer-To: <sip:442070000000@192.0.2.10>\r\n";
        switch.receive(CUSTOMER, &caller.next("REFER", refer_to, None));
        if let Some(status) = status {
            switch.expect(CUSTOMER, &format!("{status} REFER"));
            continue;
        }
        let refer = switch.expect(AURORA, "REFER");
        assert_eq!(
            refer.header(HeaderName::ReferTo),
            "<sip:442070000000@192.0.2.10>"
        );
        switch.receive(AURORA, &reply(&refer, 202, None));
        switch.expect(CUSTOMER, "202 REFER");
        // A dialog that it names is one with us.
        let replaces = "Refer-To: <sip:4420@192.0.2.10?Replaces=x%3Bto-tag%3Dy>\r\n";
        switch.receive(CUSTOMER, &caller.next("REFER", replaces, None));
        switch.expect(CUSTOMER, "403 REFER");
        switch.receive(CUSTOMER, &caller.next("SUBSCRIBE", "Event: x\r\n", None));
        switch.expect(CUSTOMER, "405 SUBSCRIBE");
    }
}

/// Where the relay was told that the customer receives, one update after the other.
fn told_ports(switch: &mut Switch) -> Vec<u16> {
    let commands = std::mem::take(&mut switch.media);
    let ports = commands.iter().filter_map(|command| match command {
        MediaCommand::Update(_, plan) => plan.ingress.map(|remote| remote.rtp.port()),
        _ => None,
    });
    ports.collect()
}

#[test]
fn an_early_update_that_cannot_be_used_leaves_the_session_as_it_was() {
    let mut switch = Switch::with(&Setup {
        media: MediaMode::Relay,
        media_pairs: 4,
        ..both_supported()
    });
    let (mut caller, invite) = place(&mut switch, SUPPORTED);
    let early = offer("203.0.113.1", 5000);
    switch.receive(
        AURORA,
        &reliably(&invite, 183, "carrier-tag", 1, Some(&early)),
    );
    let carriers = switch.expect(AURORA, "PRACK");
    let progress = switch.expect(CUSTOMER, "183 INVITE");
    switch.receive(AURORA, &reply(&carriers, 200, None));
    switch.receive(CUSTOMER, &prack(&mut caller, &progress));
    switch.expect(CUSTOMER, "200 PRACK");
    told_ports(&mut switch);

    // The customer's offer is no description at all.
    switch.receive(
        CUSTOMER,
        &caller.next("UPDATE", "", Some("v=0\r\nnonsense")),
    );
    switch.expect(CUSTOMER, "488 UPDATE");
    switch.expect_silence();
    assert_eq!(told_ports(&mut switch), Vec::<u16>::new());

    // The carrier's answer is none: the relay goes back to where it was.
    let moved = offer("192.0.2.10", 4002);
    switch.receive(CUSTOMER, &caller.next("UPDATE", "", Some(&moved)));
    let relayed = switch.expect(AURORA, "UPDATE");
    switch.receive(AURORA, &reply(&relayed, 200, Some("v=0\r\nnonsense")));
    switch.expect(CUSTOMER, "488 UPDATE");
    assert_eq!(told_ports(&mut switch), [4002, 4000]);

    switch.receive(AURORA, &reply(&invite, 200, None));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &ack(&mut caller, &answer));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}
