#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use rating::Timestamp;
use rating::cdr::Transport;

fn message(call_id: &str, number: usize) -> Vec<u8> {
    format!("INFO sip:a SIP/2.0\r\nVia: x\r\nCall-ID: {call_id}\r\nCSeq: {number} INFO\r\n\r\nbody")
        .into_bytes()
}

fn note(bytes: &[u8], at: i64) -> Note<'_> {
    Note {
        at: Timestamp(at),
        way: if at % 2 == 0 {
            Way::Received
        } else {
            Way::Sent
        },
        transport: Transport::Tcp,
        local: "127.0.0.1:5060".parse().unwrap(),
        remote: "[2001:db8::7]:5062".parse().unwrap(),
        bytes,
    }
}

fn tracer(recent_bytes: usize, kept_bytes: usize) -> Tracer {
    Tracer {
        hasher: RandomState::new(),
        ring: Ring::new(recent_bytes),
        kept: Kept::new(kept_bytes),
        due: VecDeque::new(),
        due_keys: HashSet::new(),
        wanted: VecDeque::new(),
        homer: None,
    }
}

fn ids(ids: &[&str]) -> Vec<Arc<str>> {
    ids.iter().map(|id| Arc::from(*id)).collect()
}

fn texts(messages: &[TraceMessage]) -> Vec<i64> {
    messages.iter().map(|message| message.at.0).collect()
}

#[test]
fn a_key_of_media_is_not_in_the_trace() {
    let mut tracer = tracer(1 << 16, 1 << 16);
    let text = "INVITE sip:a SIP/2.0\r\nCall-ID: in\r\n\r\na=crypto:1 X inline:c2VjcmV0|2^20\r\n";
    tracer.note(&note(text.as_bytes(), 0));
    let found = tracer.find(CallId(1), &ids(&["in"]));
    let shown = String::from_utf8(found[0].bytes.clone()).unwrap();
    assert_eq!(shown, text.replace("c2VjcmV0", "********"));
}

#[test]
fn a_calls_messages_come_back_whole_and_in_order_over_all_its_legs() {
    let mut tracer = tracer(1 << 16, 1 << 16);
    for at in 0..40 {
        let call_id = ["in", "out", "other"][at % 3];
        tracer.note(&note(&message(call_id, at), at as i64));
    }
    let found = tracer.find(CallId(1), &ids(&["in", "out"]));
    let expected: Vec<i64> = (0..40).filter(|at| at % 3 != 2).collect();
    assert_eq!(texts(&found), expected);
    assert_eq!(found[1].bytes, message("out", 1));
    assert_eq!(
        found[1].direction,
        mgmt_api::switch_port::TraceDirection::Sent
    );
    assert_eq!(found[1].remote, "[2001:db8::7]:5062".parse().unwrap());
    assert_eq!(found[1].local, "127.0.0.1:5060".parse().unwrap());
    assert_eq!(found[1].transport, Transport::Tcp);
    assert!(tracer.find(CallId(1), &ids(&["nobody"])).is_empty());
}

#[test]
fn old_messages_are_overwritten_and_never_come_back_damaged() {
    let mut tracer = tracer(4_096, 0);
    for at in 0..10_000 {
        let call_id = format!("call-{}", at % 7);
        tracer.note(&note(&message(&call_id, at), at as i64));
        let found = tracer.find(CallId(1), &ids(&[&call_id]));
        assert!(!found.is_empty() && found.len() < 10);
        for entry in found {
            assert_eq!(entry.bytes, message(&call_id, entry.at.0 as usize));
        }
    }
}

#[test]
fn more_calls_than_places_leave_those_that_are_found_whole() {
    let mut tracer = tracer(1 << 16, 0);
    for at in 0..5_000 {
        tracer.note(&note(&message(&format!("call-{at}"), at), at as i64));
    }
    let whole = (0..5_000).filter(|at| {
        let found = tracer.find(CallId(1), &ids(&[&format!("call-{at}")]));
        found.iter().all(|entry| entry.at.0 == *at) && found.len() == 1
    });
    assert!(whole.count() >= 64);
}

#[test]
fn a_call_that_is_wanted_is_kept_when_it_ends_and_others_push_it_out_only_when_there_is_no_room() {
    let mut tracer = tracer(1 << 14, 2_000);
    tracer.note(&note(&message("a", 1), 1));
    tracer.keep(CallId(1), &ids(&["a"]), false);
    for at in 0..1_000 {
        tracer.note(&note(&message("b", at), at as i64));
    }
    assert_eq!(
        texts(&tracer.find(CallId(1), &ids(&["a"]))),
        [1],
        "the ring has lost it"
    );
    assert_eq!(tracer.counters().calls_kept, 1);
    for call in 2..20 {
        let call_id = format!("c{call}");
        tracer.note(&note(&message(&call_id, 1), 1));
        tracer.keep(CallId(call), &ids(&[&call_id]), false);
    }
    assert!(tracer.find(CallId(1), &ids(&["a"])).is_empty());
    assert!(tracer.counters().calls_kept < 12);
}

#[test]
fn a_call_id_that_fills_the_ring_costs_a_bounded_copy_of_its_newest_messages() {
    let mut tracer = tracer(16 << 20, 16 << 20);
    let long = |at: usize| {
        let mut bytes = message("same", at);
        bytes.resize(4_096, b'x');
        bytes
    };
    for at in 0..20_000 {
        tracer.note(&note(&message("same", at), at as i64));
    }
    let found = texts(&tracer.find(CallId(1), &ids(&["same"])));
    assert_eq!(found.len(), ring::ENTRIES_MAX);
    assert_eq!(found.last(), Some(&19_999));
    for at in 0..3_000 {
        tracer.note(&note(&long(at), at as i64));
    }
    let mut entries = Vec::new();
    let keys = tracer.keys(&ids(&["same"]));
    tracer.ring.copy(&keys, &mut entries);
    assert!(entries.len() > ring::COPY_MAX - 8_192 && entries.len() <= ring::COPY_MAX);
    let found = texts(&tracer.find(CallId(1), &ids(&["same"])));
    assert_eq!(found.last(), Some(&2_999));
}

#[test]
fn failed_calls_of_one_call_id_are_kept_one_at_a_time() {
    let mut tracer = tracer(1 << 16, 1 << 20);
    tracer.note(&note(&message("same", 1), 1));
    let now = Instant::from_micros(1);
    let keys = tracer.keys(&ids(&["same"]));
    for call in 0..1_000 {
        tracer.put_due(now, CallId(call), keys.clone(), false);
    }
    tracer.put_due(now, CallId(2_000), keys.clone(), true);
    assert_eq!(tracer.due.len(), 2, "the first, and the one that is wanted");
    tracer.turn(now + LINGER);
    assert_eq!(tracer.counters().calls_kept, 2);
    tracer.put_due(now + LINGER, CallId(3_000), keys, false);
    assert_eq!(tracer.due.len(), 1, "those of before are kept");
}

#[test]
fn the_call_id_is_found_in_all_its_forms_and_not_in_a_body() {
    let found = |text: &str| call_id_of(text.as_bytes()).map(<[u8]>::to_vec);
    assert_eq!(found("A\r\nCALL-ID : x@y \r\n\r\n"), Some(b"x@y".to_vec()));
    assert_eq!(found("A\r\ni:z\r\n\r\n"), Some(b"z".to_vec()));
    assert_eq!(found("A\r\nVia: v\r\n\r\nCall-ID: no\r\n"), None);
    assert_eq!(found("A\r\nCall-ID-2: no\r\n\r\n"), None);
    assert_eq!(found(""), None);
    assert_eq!(found("\n\n"), None);
}
