//! What the relay is told of payload types: each side by its own description, and no longer than that
//! description counts.

use crate::support::{AURORA, CUSTOMER, Caller, Setup, Switch, offer, reply};
use call_control::{MediaCommand, MediaPlan};
use media_relay::{Codec, PayloadTypes};

/// A description whose payload type 96 is `encoding`.
fn says(address: &str, port: u16, encoding: &str) -> String {
    let plain = offer(address, port).replace("AVP 8 0", "AVP 96 8 0");
    format!("{plain}a=rtpmap:96 {encoding}\r\n")
}

fn latest(switch: &Switch) -> MediaPlan {
    match switch.media.last() {
        Some(MediaCommand::Start(_, plan) | MediaCommand::Update(_, plan)) => plan.clone(),
        other => panic!("{other:?}"),
    }
}

/// What 96 stands for in what the customer and the carrier receive.
fn of_96(plan: &MediaPlan) -> [Option<Codec>; 2] {
    let none = PayloadTypes::default();
    [plan.ingress, plan.egress].map(|remote| remote.unwrap().payload_types.codec(&none, 96))
}

#[test]
fn each_side_says_what_it_receives_and_a_refused_description_says_nothing() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    let offered = says("192.0.2.10", 4000, "AMR/8000");
    switch.receive(CUSTOMER, &caller.invite(Some(&offered)));
    let invite = switch.take_all().pop().unwrap();
    let accepted = says("203.0.113.1", 5000, "opus/48000/2");
    switch.receive(AURORA, &reply(&invite, 200, Some(&accepted)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    assert_eq!(
        of_96(&latest(&switch)),
        [Some(Codec::Amr), Some(Codec::Opus)]
    );

    let other = says("192.0.2.10", 4000, "iLBC/8000");
    switch.receive(CUSTOMER, &caller.next("INVITE", "", Some(&other)));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(
        of_96(&latest(&switch)),
        [Some(Codec::Ilbc), Some(Codec::Opus)]
    );
    switch.receive(AURORA, &reply(&invite, 488, None));
    switch.expect(AURORA, "ACK");
    let refusal = switch.expect(CUSTOMER, "488 INVITE");
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    assert_eq!(
        of_96(&latest(&switch)),
        [Some(Codec::Amr), Some(Codec::Opus)]
    );
}

/// PCMU at 16 kHz is not what payload type 0 stands for: it would be measured by half its clock.
#[test]
fn an_encoding_at_another_clock_is_not_the_codec_of_that_name() {
    let mut switch = Switch::with(&Setup::relayed());
    let mut caller = Caller::new("call-1");
    let wide = offer("192.0.2.10", 4000) + "a=rtpmap:0 PCMU/16000\r\n";
    switch.receive(CUSTOMER, &caller.invite(Some(&wide)));
    switch.take_all();
    let types = latest(&switch).ingress.unwrap().payload_types;
    let none = PayloadTypes::default();
    assert_eq!(types.codec(&none, 0), None);
    assert_eq!(types.codec(&none, 8), Some(Codec::Pcma));
}
