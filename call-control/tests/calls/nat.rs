//! Peers behind address translators: where requests within a call and responses go.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply, reply_with};
use call_control::Command;
use routing_engine::resources::{NatMode, Trunk};

/// Where the carrier's Contact leads.
const ELSEWHERE: &str = "203.0.113.77:5070";
const INSIDE: &str = "10.0.0.5:5070";

/// Where ACK and BYE go when the carrier answers with a Contact.
fn bye_goes(nat: fn(&mut Trunk), contact: &str, to: &str) {
    let mut switch = Switch::with(&Setup {
        aurora_trunk: nat,
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let answer = reply(&invite, 200, Some(&offer("203.0.113.1", 5000)));
    let own = format!("Contact: <sip:gw@{AURORA}>");
    assert!(answer.contains(&own));
    let answer = answer.replace(&own, &format!("Contact: <sip:gw@{contact}>"));
    switch.receive(AURORA, &answer);
    let ack = switch.expect(to, "ACK");
    assert_eq!(ack.uri(), format!("sip:gw@{contact}"), "the URI stays");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(to, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn requests_within_a_call_go_where_the_trunk_says() {
    bye_goes(|_| {}, ELSEWHERE, ELSEWHERE);
    bye_goes(|_| {}, INSIDE, AURORA);
    let symmetric: fn(&mut Trunk) = |trunk| trunk.signalling.nat = NatMode::Symmetric;
    bye_goes(symmetric, ELSEWHERE, AURORA);
    bye_goes(symmetric, INSIDE, AURORA);
    let off: fn(&mut Trunk) = |trunk| trunk.signalling.nat = NatMode::Off;
    bye_goes(off, INSIDE, INSIDE);
}

#[test]
fn a_late_answer_of_another_fork_is_ended_where_it_came_from() {
    let mut switch = Switch::with(&Setup {
        aurora_trunk: |trunk| trunk.signalling.nat = NatMode::Symmetric,
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    let fork = reply_with(&invite, 200, "fork-2", "", Some(&sdp));
    let fork = fork.replace(
        &format!("Contact: <sip:gw@{AURORA}>"),
        &format!("Contact: <sip:gw@{ELSEWHERE}>"),
    );
    switch.receive(AURORA, &fork);
    switch.expect(AURORA, "ACK");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    switch.assert_at_rest();
}

#[test]
fn a_customer_behind_a_translator_hears_every_answer_at_its_source_port() {
    const OUTSIDE: &str = "192.0.2.10:40123";
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    caller.host = "192.168.7.9";
    // The Via has no rport.
    switch.receive(OUTSIDE, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(OUTSIDE, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.expect(OUTSIDE, "180 INVITE");
    let answer = reply(&invite, 200, Some(&offer("203.0.113.1", 5000)));
    switch.receive(AURORA, &answer);
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(OUTSIDE, "200 INVITE");
    switch.receive(OUTSIDE, &caller.ack(&answer, None));
    let hang_up_at = Some(switch.now);
    switch.command(Command::Drain { hang_up_at });
    switch.advance_ms(10);
    let sent = switch.take_all();
    let bye = |to: &str| {
        let mut sent = sent.iter();
        sent.any(|sent| sent.what() == "BYE" && sent.to.to_string() == to)
    };
    assert!(bye(OUTSIDE) && bye(AURORA), "{sent:?}");
}
