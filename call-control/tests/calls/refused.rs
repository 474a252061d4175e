//! Calls that are refused before any attempt, and requests that begin no call.

use crate::support::{AURORA, BOREALIS, CUSTOMER, Caller, Setup, Switch, offer, reply};
use call_control::{Command, EngineLimits, MediaCommand};
use rating::cdr::{Outcome, ReleaseReason, ReleasedBy};
use sip_core::HeaderName;

const STRANGER: &str = "198.18.0.66:5060";

fn refused(switch: &mut Switch, caller: &mut Caller, status: u16, reason: ReleaseReason) {
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let sent = switch.take_all();
    let last = sent.last().unwrap();
    assert_eq!(last.what(), format!("{status} INVITE"));
    assert_ne!(last.header(HeaderName::Reason), "");
    assert_eq!(last.header(HeaderName::RetryAfter), "");
    switch.receive(CUSTOMER, &caller.ack_refusal(last));
    let records = switch.ended();
    let record = records.last().unwrap();
    assert_eq!(record.outcome, Outcome::Rejected);
    assert_eq!(record.release.by, ReleasedBy::Switch);
    assert_eq!(
        (record.release.reason, record.release.sip_status),
        (reason, status)
    );
    assert_eq!(record.charge.amount.0, 0);
}

#[test]
fn a_number_without_a_route_is_404() {
    // A fee of attempts is for what was sent to a carrier, and nothing is.
    let mut switch = Switch::with(&Setup {
        attempt_fee: 3_000,
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    caller.called = "8825551234".to_owned();
    refused(&mut switch, &mut caller, 404, ReleaseReason::NoCustomerRate);
    let record = switch.record();
    assert_eq!(record.called_number.as_ref(), "8825551234");
    assert_eq!(record.customer.as_ref().unwrap().name.as_ref(), "Meridian");
    assert_eq!(record.rate, None);
    switch.assert_at_rest();
}

#[test]
fn an_invite_that_came_by_two_ways_makes_one_call() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let first = caller.invite(Some(&offer("192.0.2.10", 4000)));
    let by_another_way = first.replace("z9hG4bK-call-1-1", "z9hG4bK-fork-2");
    switch.receive(CUSTOMER, &first);
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    for _ in 0..2 {
        switch.receive(CUSTOMER, &by_another_way);
        switch.expect(CUSTOMER, "482 INVITE");
        switch.expect_silence();
    }
    let another_call = first
        .replace("z9hG4bK-call-1-1", "z9hG4bK-new")
        .replace("CSeq: 1 ", "CSeq: 2 ");
    switch.receive(CUSTOMER, &another_call);
    switch.expect(CUSTOMER, "100 INVITE");
    let other = switch.expect(AURORA, "INVITE");
    for one in [invite, other] {
        switch.receive(AURORA, &reply(&one, 486, None));
    }
    switch.take_all();
    // A proxy tries its branches one after the other: the next one comes when the first has failed.
    switch.receive(CUSTOMER, &by_another_way);
    switch.expect(CUSTOMER, "100 INVITE");
    let late = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&late, 486, None));
    switch.assert_at_rest();
}

#[test]
fn a_trunk_whose_listener_is_not_there_is_out_of_reach() {
    let by = |listener: &str, expected: &str| {
        let mut switch = Switch::with(&Setup {
            aurora_trunk: match listener {
                "198.51.100.1:5060" => |trunk| {
                    trunk.listener = Some("198.51.100.1:5060".parse().unwrap());
                },
                _ => |trunk| trunk.listener = Some("198.51.100.9:5060".parse().unwrap()),
            },
            ..Setup::default()
        });
        let mut caller = Caller::new("call-1");
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        switch.expect(CUSTOMER, "100 INVITE");
        switch.expect(expected, "INVITE");
    };
    by("198.51.100.1:5060", AURORA);
    by("198.51.100.9:5060", BOREALIS);
}

#[test]
fn a_name_instead_of_a_number_is_484() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    caller.called = "alice".to_owned();
    refused(&mut switch, &mut caller, 484, ReleaseReason::InvalidNumber);
    switch.assert_at_rest();
}

#[test]
fn the_hop_limit_is_483() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let invite = caller
        .invite(None)
        .replace("Max-Forwards: 70", "Max-Forwards: 0");
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "483 INVITE");
    assert_eq!(switch.record().release.reason, ReleaseReason::TooManyHops);
    assert_eq!(switch.channels(), (0, 0, 0));
    switch.assert_at_rest();
}

#[test]
fn a_hop_is_counted() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let invite = caller
        .invite(None)
        .replace("Max-Forwards: 70", "Max-Forwards: 12");
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    assert_eq!(invite.header(HeaderName::MaxForwards), "11");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.assert_at_rest();
}

#[test]
fn the_customers_channels_are_limited_and_come_back() {
    let mut setup = Setup::default();
    setup.customer.channel_limit = Some(1);
    let mut switch = Switch::with(&setup);
    let mut first = Caller::new("call-1");
    switch.receive(CUSTOMER, &first.invite(None));
    let invite = switch.take_all().pop().unwrap();
    let mut second = Caller::new("call-2");
    refused(
        &mut switch,
        &mut second,
        503,
        ReleaseReason::CustomerChannelLimit,
    );
    switch.receive(AURORA, &reply(&invite, 486, None));
    switch.take_all();
    let mut third = Caller::new("call-3");
    switch.receive(CUSTOMER, &third.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &third.cancel(""));
    switch.assert_at_rest();
}

#[test]
fn the_customers_calls_per_second_are_limited_and_nothing_is_left_over() {
    let mut setup = Setup::default();
    setup.customer.cps_limit = Some(10);
    let mut switch = Switch::with(&setup);
    for n in 0..50 {
        let mut caller = Caller::new(&format!("call-{n}"));
        switch.receive(CUSTOMER, &caller.invite(None));
        switch.advance_ms(20);
        switch.receive(CUSTOMER, &caller.cancel(""));
    }
    let admitted = switch
        .take_all()
        .iter()
        .filter(|sent| sent.what() == "100 INVITE")
        .count();
    assert!(
        (10..=12).contains(&admitted),
        "{admitted} of 50 in one second"
    );
    let limited = |reason| move |record: &&rating::cdr::CallRecord| record.release.reason == reason;
    let refused = switch.ended();
    let refused = refused
        .into_iter()
        .filter(limited(ReleaseReason::CustomerCpsLimit))
        .count();
    assert_eq!(admitted + refused, 50);
    switch.assert_at_rest();
}

#[test]
fn a_full_switch_is_503_and_recovers() {
    let setup = Setup {
        limits: EngineLimits {
            max_calls: 1,
            ..EngineLimits::default()
        },
        ..Setup::default()
    };
    let mut switch = Switch::with(&setup);
    let mut first = Caller::new("call-1");
    switch.receive(CUSTOMER, &first.invite(None));
    let invite = switch.take_all().pop().unwrap();
    refused(
        &mut switch,
        &mut Caller::new("call-2"),
        503,
        ReleaseReason::Overload,
    );
    assert_eq!(switch.engine.counters().calls_overloaded, 1);
    switch.receive(AURORA, &reply(&invite, 486, None));
    switch.take_all();
    switch.receive(CUSTOMER, &Caller::new("call-3").invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    switch.advance_ms(120_000);
    switch.assert_at_rest();
}

#[test]
fn a_full_transaction_table_is_503_without_state() {
    let setup = Setup {
        limits: EngineLimits {
            max_transactions: 3,
            ..EngineLimits::default()
        },
        ..Setup::default()
    };
    let mut switch = Switch::with(&setup);
    refused(
        &mut switch,
        &mut Caller::new("call-1"),
        503,
        ReleaseReason::Overload,
    );
    refused(
        &mut switch,
        &mut Caller::new("call-2"),
        503,
        ReleaseReason::Overload,
    );
    refused(
        &mut switch,
        &mut Caller::new("call-3"),
        503,
        ReleaseReason::Overload,
    );
    refused(
        &mut switch,
        &mut Caller::new("call-4"),
        503,
        ReleaseReason::Overload,
    );
    assert_eq!(switch.engine.counters().transactions, 3);
    switch.assert_at_rest();
}

#[test]
fn an_invite_that_comes_again_to_a_full_table_is_recorded_once() {
    let setup = Setup {
        limits: EngineLimits {
            max_transactions: 3,
            stateless_records_per_s: 2,
            ..EngineLimits::default()
        },
        ..Setup::default()
    };
    let mut switch = Switch::with(&setup);
    for name in ["call-1", "call-2", "call-3"] {
        let mut caller = Caller::new(name);
        refused(&mut switch, &mut caller, 503, ReleaseReason::Overload);
    }
    let invite = Caller::new("call-4").invite(Some(&offer("192.0.2.10", 4000)));
    for _ in 0..7 {
        switch.receive(CUSTOMER, &invite);
        switch.expect(CUSTOMER, "503 INVITE");
        switch.advance_ms(500);
    }
    assert_eq!(switch.ended().len(), 4);
    assert_eq!(switch.engine.counters().calls_rejected, 4);

    for number in 5..20 {
        let invite = Caller::new(&format!("call-{number}")).invite(None);
        switch.receive(CUSTOMER, &invite);
    }
    let counters = switch.engine.counters();
    assert_eq!(switch.ended().len(), 6, "two a second");
    assert_eq!(counters.records_withheld, 13);
    assert_eq!(counters.calls_received, 19);
}

#[test]
fn without_media_ports_calls_are_503() {
    let mut setup = Setup::relayed();
    setup.media_pairs = 1;
    let mut switch = Switch::with(&setup);
    switch.receive(
        CUSTOMER,
        &Caller::new("call-1").invite(Some(&offer("192.0.2.10", 4000))),
    );
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    refused(
        &mut switch,
        &mut Caller::new("call-2"),
        503,
        ReleaseReason::NoMediaPorts,
    );
    switch.advance_ms(120_000);
    switch.assert_at_rest();
}

#[test]
fn while_the_journal_cannot_be_written_calls_are_503_and_leave_no_record() {
    let mut switch = Switch::new();
    switch.command(Command::JournalState { available: false });
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(None));
    let refusal = switch.expect(CUSTOMER, "503 INVITE");
    assert!(refusal.header(HeaderName::Reason).contains("cause=41"));
    assert!(switch.journal.is_empty());
    assert_eq!(switch.engine.counters().records_withheld, 1);
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    switch.command(Command::JournalState { available: true });
    switch.receive(CUSTOMER, &Caller::new("call-2").invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.advance_ms(120_000);
    switch.assert_at_rest();
}

#[test]
fn an_unusable_description_is_488_and_another_kind_of_body_415() {
    let mut switch = Switch::with(&Setup::relayed());
    switch.receive(
        CUSTOMER,
        &Caller::new("call-1").invite(Some("this is no SDP\r\n")),
    );
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(CUSTOMER, "488 INVITE");
    assert_eq!(switch.record().release.reason, ReleaseReason::UnusableSdp);
    let mut caller = Caller::new("call-2");
    caller.extra = "Content-Type: text/plain\r\n".to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some("hello")));
    switch.expect(CUSTOMER, "415 INVITE");
    switch.assert_at_rest();
}

#[test]
fn a_required_extension_is_420() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    caller.extra = "Require: precondition\r\n".to_owned();
    let invite = caller.invite(None);
    switch.receive(CUSTOMER, &invite);
    let refusal = switch.expect(CUSTOMER, "420 INVITE");
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "420 INVITE");
    assert_eq!(refusal.header(HeaderName::Unsupported), "precondition");
    assert_eq!(switch.record().release.sip_status, 420);
    switch.assert_at_rest();
}

#[test]
fn a_stranger_gets_403_then_silence() {
    let mut switch = Switch::new();
    for n in 0..100 {
        switch.receive(STRANGER, &Caller::new(&format!("scan-{n}")).invite(None));
        switch.advance_ms(5);
    }
    let answers = switch.take_all();
    assert!((1..=4).contains(&answers.len()), "{}", answers.len());
    assert!(answers.iter().all(|sent| sent.what() == "403 INVITE"));
    let counters = switch.engine.counters();
    assert_eq!(counters.unknown_source_requests, 100);
    assert_eq!(counters.unknown_source_silenced, 100 - answers.len() as u64);
    assert_eq!((counters.transactions, counters.calls_received), (0, 0));
    let records = switch.ended();
    assert!((1..=20).contains(&records.len()), "sampled, not one each");
    assert_eq!(records[0].release.reason, ReleaseReason::UnknownSource);
    assert_eq!(records[0].customer, None);
    switch.assert_at_rest();
}

#[test]
fn a_forged_tag_or_branch_finds_nothing_and_makes_no_state() {
    let mut switch = Switch::new();
    let mut real = Caller::new("call-1");
    switch.receive(CUSTOMER, &real.invite(None));
    let invite = switch.take_all().pop().unwrap();
    let before = switch.engine.counters();

    let mut forged = real.clone();
    forged.learn(&invite);
    let tags = [
        "x",
        &invite.tag(HeaderName::From),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    // Each from another place: one that insists is not answered for long.
    for (host, tag) in tags.into_iter().enumerate() {
        let stranger = format!("198.18.0.{host}:5060");
        let bye = forged.next("BYE", "", None);
        let bye = bye.replace(">\r\nCall-ID", &format!(">;tag={tag}\r\nCall-ID"));
        switch.receive(&stranger, &bye);
        let answers = switch.take_all();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].what(), "481 BYE", "{tag}");
    }
    let response = reply(&invite, 200, None).replace(&invite.branch(), "z9hG4bKforged");
    switch.receive(STRANGER, &response);
    switch.expect_silence();
    let after = switch.engine.counters();
    assert_eq!(after.transactions, before.transactions);
    assert_eq!(after.messages_stray, before.messages_stray + 4);
    switch.receive(CUSTOMER, &real.cancel(""));
    switch.assert_at_rest();
}

#[test]
fn options_is_answered_and_other_requests_out_of_dialog_are_not_allowed() {
    let mut switch = Switch::new();
    let ask = |method: &str| Caller::new(method).invite(None).replace("INVITE", method);
    switch.receive(CUSTOMER, &ask("OPTIONS"));
    let answer = switch.expect(CUSTOMER, "200 OPTIONS");
    assert_eq!(answer.header(HeaderName::Accept), "application/sdp");
    for (method, status) in [
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("FROB", 501),
        ("BYE", 481),
    ] {
        switch.advance_ms(1_000);
        switch.receive(CUSTOMER, &ask(method));
        let answer = switch.expect(CUSTOMER, &format!("{status} {method}"));
        assert_eq!(answer.header(HeaderName::Allow).is_empty(), status == 481);
    }
    assert_eq!(switch.engine.counters().transactions, 0);
    // Carriers and customers that ask often are always answered: they would take us for dead.
    for from in [AURORA, CUSTOMER] {
        for _ in 0..50 {
            switch.receive(from, &ask("OPTIONS"));
        }
        assert_eq!(switch.take_all().len(), 50);
    }
    for _ in 0..50 {
        switch.receive(STRANGER, &ask("OPTIONS"));
    }
    assert!((1..=4).contains(&switch.take_all().len()));
    switch.assert_at_rest();
}

#[test]
fn a_customer_whose_trunks_all_have_a_tech_prefix_is_known() {
    let mut switch = Switch::with(&Setup {
        tech_prefix: "99#".to_owned(),
        ..Setup::default()
    });
    let options = Caller::new("OPTIONS")
        .invite(None)
        .replace("INVITE", "OPTIONS");
    for _ in 0..50 {
        switch.receive(CUSTOMER, &options);
    }
    assert_eq!(switch.take_all().len(), 50);
}

#[test]
fn a_broken_request_is_400_when_it_can_be_answered() {
    let mut switch = Switch::new();
    let good = Caller::new("call-1").invite(None);
    switch.receive(CUSTOMER, &good.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
    switch.expect(CUSTOMER, "400 BYE");
    switch.receive(CUSTOMER, &good.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"));
    switch.expect(CUSTOMER, "505 INVITE");
    switch.receive(CUSTOMER, "\0\u{1}garbage");
    switch.receive(CUSTOMER, "INVITE sip:x SIP/2.0\r\n\r\n");
    switch.expect_silence();
    assert_eq!(switch.engine.counters().messages_malformed, 4);
    assert_eq!(switch.engine.counters().calls_received, 0);
    switch.assert_at_rest();
}

#[test]
fn a_retransmitted_invite_makes_one_call_and_gets_the_last_answer() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let invite = caller.invite(None);
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "100 INVITE");
    let sent = switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "100 INVITE");
    switch.receive(AURORA, &reply(&sent, 180, None));
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(CUSTOMER, &invite);
    switch.expect(CUSTOMER, "180 INVITE");
    switch.receive(AURORA, &reply(&sent, 486, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    switch.receive(AURORA, &reply(&sent, 486, None));
    switch.expect(AURORA, "ACK");
    switch.advance_ms(500);
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(switch.engine.counters().calls_received, 1);
    switch.assert_at_rest();
}

#[test]
fn an_address_of_more_than_a_kilobyte_is_400() {
    let long = "a".repeat(8_100);
    for field in ["To: <", "From: \"Caller\" <", "Contact: <"] {
        let mut switch = Switch::new();
        let invite = Caller::new("call-1").invite(None);
        let named = field
            .replace('<', &format!("\"{long}\" <"))
            .replace("\"Caller\" ", "");
        switch.receive(CUSTOMER, &invite.replace(field, &named));
        switch.expect(CUSTOMER, "400 INVITE");
        switch.expect_silence();
        switch.assert_at_rest();
    }
}

#[test]
fn a_stranger_with_a_forged_tag_is_answered_a_few_times_only() {
    let mut switch = Switch::new();
    for number in 0..50 {
        let mut forger = Caller::new(&format!("forged-{number}"));
        let bye = forger.next("BYE", "", None);
        let bye = bye.replace("\r\nCall-ID", ";tag=forged\r\nCall-ID");
        switch.receive(STRANGER, &bye);
    }
    let answers = switch.take_all().len();
    assert!((1..10).contains(&answers), "{answers}");
}

#[test]
fn a_route_set_that_cannot_be_used_is_400() {
    let too_many = "Record-Route: <sip:proxy.example;lr>\r\n".repeat(33);
    for routes in ["Record-Route: <sip:proxy\r\n", &too_many] {
        let mut switch = Switch::new();
        let mut caller = Caller::new("call-1");
        caller.extra = routes.to_owned();
        switch.receive(CUSTOMER, &caller.invite(None));
        switch.expect(CUSTOMER, "400 INVITE");
        let reason = switch.record().release.reason;
        assert_eq!(reason, ReleaseReason::ProtocolError);
        assert_eq!(switch.engine.counters().calls_overloaded, 0);
        switch.assert_at_rest();
    }
}

#[test]
fn while_the_shell_is_behind_new_calls_are_told_to_wait_and_those_that_are_up_go_on() {
    let mut switch = Switch::new();
    let mut caller = Caller::new("call-1");
    let first = caller.invite(Some(&offer("192.0.2.10", 4000)));
    switch.receive(CUSTOMER, &first);
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");

    let retry_after_s = Some(7);
    switch.command(Command::Overload { retry_after_s });
    // What was begun goes on: its INVITE again, its answer, its end.
    switch.receive(CUSTOMER, &first);
    switch.expect(CUSTOMER, "100 INVITE");
    let sdp = offer("203.0.113.1", 5000);
    switch.receive(AURORA, &reply(&invite, 200, Some(&sdp)));
    switch.expect(AURORA, "ACK");
    let answer = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answer, None));
    for (from, is_answered) in [
        (CUSTOMER, true),
        (STRANGER, true),
        (STRANGER, true),
        (STRANGER, false),
    ] {
        switch.receive(from, &Caller::new("call-2").invite(None));
        if is_answered {
            let refusal = switch.expect(from, "503 INVITE");
            assert_eq!(refusal.header(HeaderName::RetryAfter), "7");
        }
        switch.expect_silence();
    }
    assert_eq!(switch.engine.counters().calls_shed, 4);
    assert_eq!(
        switch.engine.counters().transactions,
        2,
        "those of the call"
    );
    switch.receive(CUSTOMER, &caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    switch.receive(AURORA, &reply(&bye, 200, None));

    switch.command(Command::Overload {
        retry_after_s: None,
    });
    let mut caller = Caller::new("call-3");
    switch.receive(CUSTOMER, &caller.invite(None));
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
    switch.receive(CUSTOMER, &caller.cancel(""));
    switch.take_all();
    switch.advance_ms(200_000);
    switch.take_all();
    assert_eq!(switch.ended().len(), 2, "what was shed has no record");
}

#[test]
fn a_caller_who_takes_no_session_description_is_406() {
    for (accept, status) in [
        ("Accept: text/nobodyKnowsThis", 406),
        ("Accept: text/plain, Application/SDP;level=1", 100),
        ("Accept: text/plain\r\nAccept: application/*", 100),
        ("Accept: */*;q=0.1", 100),
    ] {
        let mut switch = Switch::new();
        let mut caller = Caller::new("call-1");
        caller.extra = format!("{accept}\r\n");
        switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
        let answer = switch.expect(CUSTOMER, &format!("{status} INVITE"));
        assert_eq!(
            answer.header(HeaderName::Accept) == "application/sdp",
            status == 406
        );
    }
}

#[test]
fn options_of_an_unknown_scheme_or_extension_is_416_or_420() {
    let mut switch = Switch::new();
    let options = Caller::new("OPTIONS")
        .invite(None)
        .replace("INVITE", "OPTIONS");
    switch.receive(
        CUSTOMER,
        &options.replacen("OPTIONS sip:", "OPTIONS nosuch:", 1),
    );
    switch.expect(CUSTOMER, "416 OPTIONS");
    let extended = options.replacen("\r\nCall-ID", "\r\nRequire: foo, bar\r\nCall-ID", 1);
    switch.receive(CUSTOMER, &extended);
    let answer = switch.expect(CUSTOMER, "420 OPTIONS");
    assert_eq!(answer.text.matches("Unsupported: ").count(), 2);
    switch.assert_at_rest();
}

#[test]
fn media_is_not_sent_to_the_ports_of_its_own_session_nor_where_nothing_may_be_sent() {
    let mut switch = Switch::with(&Setup::relayed());
    // The first session has the ports from 20004 to 20007.
    for (call, (host, port)) in [
        ("call-1", ("198.51.100.2", 20_006)),
        ("call-2", ("224.0.0.1", 4_000)),
    ] {
        let mut caller = Caller::new(call);
        switch.receive(CUSTOMER, &caller.invite(Some(&offer(host, port))));
        switch.expect(CUSTOMER, "100 INVITE");
        let refusal = switch.expect(CUSTOMER, "488 INVITE");
        switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
        let ended = switch.ended();
        let record = ended.last().unwrap();
        assert_eq!(record.release.reason, ReleaseReason::UnusableSdp);
    }
    // Ports of another session are a call that goes through the switch twice.
    let mut caller = Caller::new("call-3");
    switch.receive(
        CUSTOMER,
        &caller.invite(Some(&offer("198.51.100.2", 20_006))),
    );
    switch.expect(CUSTOMER, "100 INVITE");
    switch.expect(AURORA, "INVITE");
}

#[test]
fn rtcp_that_may_go_nowhere_is_left_out_and_the_call_goes_on() {
    for rtcp in [
        "9 IN IP4 0.0.0.0",
        "4001 IN IP4 224.0.0.1",
        "20006 IN IP4 198.51.100.2",
    ] {
        let mut switch = Switch::with(&Setup::relayed());
        let mut caller = Caller::new("call-1");
        let sdp = offer("192.0.2.10", 4000) + "a=rtcp:" + rtcp + "\r\n";
        switch.receive(CUSTOMER, &caller.invite(Some(&sdp)));
        switch.expect(CUSTOMER, "100 INVITE");
        let invite = switch.expect(AURORA, "INVITE");
        let answer = offer("203.0.113.1", 5000) + "a=rtcp:" + rtcp + "\r\n";
        switch.receive(AURORA, &reply(&invite, 200, Some(&answer)));
        switch.expect(AURORA, "ACK");
        switch.expect(CUSTOMER, "200 INVITE");
        let Some(MediaCommand::Update(_, plan)) = switch.media.last() else {
            panic!("{:?}", switch.media.last());
        };
        let ports = [plan.ingress, plan.egress].map(|remote| {
            let remote = remote.unwrap();
            (remote.rtp.port(), remote.rtcp.unwrap().port())
        });
        assert_eq!(ports, [(4000, 0), (5000, 0)], "{rtcp}");
    }
}
