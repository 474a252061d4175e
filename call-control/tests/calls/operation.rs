//! What an operator does while calls are up: snapshots, draining, hanging up, looking.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Setup, Switch, offer, reply};
use call_control::{Command, LiveState, MediaCommand, MediaWatch};
use media_relay::Side;
use rating::cdr::{CallId, ReleaseReason, ReleasedBy};
use routing_engine::Snapshot;
use routing_engine::resources::{OneWayPolicy, Silence};
use sip_core::Duration;
use std::sync::Arc;

fn answered(switch: &mut Switch, name: &str) -> Caller {
    let mut caller = Caller::new(name);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(
        AURORA,
        &reply(&invite, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    caller
}

#[test]
fn a_call_keeps_the_snapshot_that_decided_it() {
    let setup = Setup::default();
    let mut switch = Switch::with(&setup);
    let mut first = answered(&mut switch, "call-1");
    let mut resources = setup.resources();
    // The cheaper carrier goes out of service.
    resources.carriers[0].spec.status = routing_engine::resources::Status::Inactive;
    let second = Snapshot::compile(2, &resources, Some(&switch.snapshot)).unwrap();
    switch.snapshot = Arc::new(second);
    switch.command(Command::SetSnapshot(Arc::clone(&switch.snapshot)));

    switch.receive(CUSTOMER, &first.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    let mut caller = Caller::new("call-2");
    switch.receive(CUSTOMER, &caller.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reply(&invite, 486, None));
    let numbers: Vec<_> = switch
        .ended()
        .iter()
        .map(|record| record.snapshot_number)
        .collect();
    assert_eq!(numbers, [1, 2]);
    switch.assert_at_rest();
}

#[test]
fn draining_refuses_new_calls_and_hangs_up_the_rest_in_time() {
    let mut switch = Switch::new();
    let _ = answered(&mut switch, "call-1");
    let hang_up_at = Some(switch.now + Duration::from_secs(5));
    switch.command(Command::Drain { hang_up_at });
    switch.receive(CUSTOMER, &Caller::new("call-2").invite(None));
    switch.expect(CUSTOMER, "503 INVITE");
    switch.advance_ms(4_400);
    let resent = switch.take_all();
    assert!(
        resent.iter().all(|sent| sent.what() == "503 INVITE"),
        "{resent:?}"
    );
    assert!(!switch.engine.is_idle());
    switch.advance_ms(600);
    let byes = switch.take_all();
    for bye in byes.iter().filter(|sent| sent.what() == "BYE") {
        let to = bye.to.to_string();
        switch.receive(&to, &reply(bye, 200, None));
    }
    assert!(switch.engine.is_idle());
    let reasons: Vec<_> = switch
        .ended()
        .iter()
        .map(|record| record.release.reason)
        .collect();
    assert_eq!(reasons, [ReleaseReason::ShuttingDown; 2]);
    switch.assert_at_rest();
}

#[test]
fn draining_hangs_up_more_calls_than_one_step_takes() {
    let mut switch = Switch::new();
    for n in 0..250 {
        answered(&mut switch, &format!("call-{n}"));
    }
    let hang_up_at = Some(switch.now);
    switch.command(Command::Drain { hang_up_at });
    switch.advance_ms(10);
    let first = switch.ended().len();
    assert!((1..250).contains(&first), "not all at once: {first}");
    switch.advance_ms(100);
    assert_eq!(switch.ended().len(), 250);
    switch.assert_at_rest();
}

#[test]
fn an_operator_sees_a_call_and_hangs_it_up() {
    let mut switch = Switch::new();
    let _ = answered(&mut switch, "call-1");
    switch.advance_ms(10);
    let mut ringing = Caller::new("call-2");
    switch.receive(CUSTOMER, &ringing.invite(None));
    let invite = switch.take_all().pop().unwrap();
    switch.receive(AURORA, &reply(&invite, 180, None));
    switch.take_all();
    let [second] = &switch.engine.newest_calls(None, 1)[..] else {
        panic!()
    };
    let [first] = &switch.engine.newest_calls(Some(second.id), 10)[..] else {
        panic!()
    };
    assert_eq!(first.state, LiveState::Answered);
    assert_eq!(second.state, LiveState::Ringing);
    assert_eq!(first.carrier.as_ref().unwrap().name.as_ref(), "Aurora");
    assert_eq!(first.gateway, Some(AURORA.parse().unwrap()));
    let ids = [first.id, second.id];

    switch.command(Command::HangUp(ids[0]));
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    switch.command(Command::HangUp(ids[1]));
    switch.expect(AURORA, "CANCEL");
    switch.expect(CUSTOMER, "480 INVITE");
    switch.receive(AURORA, &reply(&invite, 487, None));
    for record in switch.ended() {
        assert_eq!(record.release.reason, ReleaseReason::OperatorHangup);
        assert_eq!(record.release.by, ReleasedBy::Switch);
    }
    switch.assert_at_rest();
}

#[test]
fn the_longest_duration_ends_a_call() {
    let mut switch = Switch::with(&Setup {
        max_call_duration: Some(Duration::from_secs(60)),
        ..Setup::default()
    });
    let _ = answered(&mut switch, "call-1");
    switch.advance_ms(59_999);
    switch.expect_silence();
    switch.advance_ms(1);
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::MaxDuration);
    assert_eq!(record.duration_ms(), 60_000);
    switch.assert_at_rest();
}

#[test]
fn an_operator_sees_how_the_media_of_a_call_is() {
    let mut switch = Switch::with(&Setup::relayed());
    let _ = answered(&mut switch, "call-1");
    let id = switch.engine.newest_calls(None, 1)[0].id;
    let (call, media) = switch.engine.live_call(id).unwrap();
    let media = media.unwrap();
    assert_eq!((call.id, call.state), (id, LiveState::Answered));
    assert_eq!(
        (media.packets_from_customer, media.bytes_from_customer),
        (50, 8_600)
    );
    let quality = media.quality_from_customer.unwrap();
    assert_eq!((quality.packets_expected, quality.packets_lost), (51, 1));
    assert!(
        quality.mos_hundredths.is_some_and(|mos| mos > 400),
        "{quality:?}"
    );
    assert_eq!(switch.engine.live_call(CallId(1)), None);

    let mut direct = Switch::new();
    let _ = answered(&mut direct, "call-1");
    let id = direct.engine.newest_calls(None, 1)[0].id;
    assert_eq!(direct.engine.live_call(id).unwrap().1, None);
}

#[test]
fn a_silent_call_is_hung_up() {
    let mut switch = Switch::with(&Setup::relayed());
    let _ = answered(&mut switch, "call-1");
    let Some(MediaCommand::Start(session, _)) = switch.media.first().cloned() else {
        panic!("{:?}", switch.media);
    };
    switch.command(Command::MediaSilent(session));
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(switch.record().release.reason, ReleaseReason::NoMedia);
    switch.assert_at_rest();
}

#[test]
fn a_side_that_is_not_heard_ends_the_call_where_its_trunk_says_so() {
    let setup = Setup {
        ingress_trunk: |trunk| {
            trunk.silence.inactive_after_s = Some(90);
            trunk.silence.one_way_after_s = Some(20);
        },
        aurora_trunk: |trunk| {
            trunk.silence = Silence {
                inactive_after_s: Some(60),
                one_way_after_s: Some(30),
                one_way: OneWayPolicy::HangUp,
            };
        },
        ..Setup::relayed()
    };
    let mut switch = Switch::with(&setup);
    let _ = answered(&mut switch, "call-1");
    let watch = MediaWatch {
        inactive_after_s: Some(60),
        one_way_after_s: [Some(20), Some(30)],
    };
    let (session, plan) = match switch.media.last().cloned() {
        Some(MediaCommand::Update(session, plan)) => (session, plan),
        other => panic!("{other:?}"),
    };
    assert_eq!(plan.watch, Some(watch));

    // The customer's trunk only reports.
    switch.command(Command::MediaOneWay(session, Side::Ingress));
    switch.expect_silence();
    switch.command(Command::MediaOneWay(session, Side::Egress));
    switch.expect(CUSTOMER, "BYE");
    switch.expect(AURORA, "BYE");
    assert_eq!(switch.record().release.reason, ReleaseReason::OneWayMedia);
    assert_eq!(switch.engine.counters().one_way_media, 2);
    let told: Vec<_> = switch
        .one_way
        .iter()
        .map(|one| (one.silent, one.is_ended))
        .collect();
    assert_eq!(told, [(Side::Ingress, false), (Side::Egress, true)]);
    // Both are on their way already: the relay speaks of a session that is over.
    switch.command(Command::MediaOneWay(session, Side::Egress));
    switch.expect_silence();
}

#[test]
fn a_traced_call_reports_each_of_its_messages() {
    let mut switch = Switch::new();
    switch.command(Command::TraceCalls { calls: 1 });
    let mut caller = answered(&mut switch, "call-1");
    let mut untraced = answered(&mut switch, "call-2");
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));
    let ladder: Vec<_> = switch
        .traced
        .iter()
        .map(|line| line.split(' ').take(3).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(ladder.len(), 11, "{ladder:#?}");
    assert!(ladder[0].starts_with("Received INVITE"));
    assert!(ladder[1].starts_with("Sent SIP/2.0 100"));
    assert!(ladder[10].starts_with("Received SIP/2.0 200"));
    switch.receive(CUSTOMER, &untraced.next("BYE", "", None));
    assert_eq!(switch.traced.len(), 11);
    switch.assert_at_rest();
}
