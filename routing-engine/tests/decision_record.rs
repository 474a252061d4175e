//! A decision that is noted and made again.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::{PassedOver, ReleaseReason};
use routing_engine::explain::{Explanation, RouteStatus, explain, explain_again};
use routing_engine::numbers::ShownIdentity;
use routing_engine::quality::{Counts, QualityKey, QualityWindow};
use routing_engine::record::{NOTED_MAX, RECORD_BYTES_MAX, RecordError, decision_bytes};
use routing_engine::throttle::AttemptEnd;
use routing_engine::{
    CallRequest, Decision, LiveAdmission, NoTrace, QualityTable, RecordedAdmission, Snapshot,
    decide, decide_noted,
};
use small::{call, resources};
use std::sync::Arc;

const CALLED: &str = "201234567";

/// So many carriers that serve Egypt at prices that differ, and one customer with a profile.
fn world(carriers: usize, profile: &str) -> Snapshot {
    let mut yaml = String::new();
    for index in 0..carriers {
        let price = 100 + (index * 37 + 67) % 100;
        yaml.push_str(&format!(
            r#"
kind: rate_card
name: buy {index}
spec: {{ currency: USD, rates: [{{ prefix: 20, destination: Egypt, rate_per_minute: 0.00{price} }}] }}
---
kind: carrier
name: carrier {index}
spec: {{ channel_limit: 1 }}
---
kind: trunk
name: out {index}
spec: {{ direction: egress, carrier: carrier {index}, rate_card: buy {index}, gateway: "192.0.2.9:5060",
        throttle: {{ attempts_min: 3, share_percent: 20 }} }}
---
"#
        ));
    }
    yaml.push_str(&format!(
        r#"
kind: rate_card
name: sell
spec: {{ currency: USD, rates: [{{ prefix: 20, destination: Egypt, rate_per_minute: 0.05 }}] }}
---
kind: customer
name: XYZ
spec: {{ rate_card: sell, channel_limit: 5 }}
---
kind: trunk
name: in XYZ
spec: {{ direction: ingress, customer: XYZ, source_addresses: [192.0.2.21] }}
---
kind: lcr_profile
name: P
spec: {profile}
"#
    ));
    Snapshot::compile(1, &resources(&yaml), None).unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// Attempts of carriers, each with other figures; `seed` mixes them.
fn figures(snapshot: &Snapshot, seed: usize) -> QualityTable {
    let counts = snapshot.carriers().iter().enumerate();
    let counts = counts.map(|(place, carrier)| {
        let attempts = 20 + ((place * 53 + seed * 17) % 60) as u32;
        let answered = attempts * ((place * 31 + seed * 7) % 100) as u32 / 100;
        let counts = Counts {
            attempts,
            answered,
            effective: answered,
            rang: answered,
            pdd_ms: u64::from(answered) * 1_000,
            ended: answered,
            talk_ms: u64::from(answered) * 60_000,
        };
        (QualityKey::new(carrier.resource.id, "20"), counts)
    });
    let mut window = QualityWindow::default();
    window.add(1, counts);
    window.table(1)
}

fn is_same(decision: &Decision, live: &Snapshot, again: &Decision, past: &Snapshot) -> bool {
    decision_bytes(decision, live) == decision_bytes(again, past)
}

#[test]
fn decisions_over_more_routes_than_are_noted_are_made_again_to_the_byte() {
    const CARRIERS: usize = 70;
    const { assert!(CARRIERS > NOTED_MAX + 10) };
    let mut longest = 0;
    for profile in [
        "{ strategy: round_robin }",
        "{ strategy: round_robin, quality_floor: { asr_percent: 30 } }",
        "{ strategy: quality, quality_balance_percent: 60, explore_percent: 40 }",
        "{ strategy: cheapest, explore_percent: 50, quality_floor: { asr_percent: 60 } }",
        "{ strategy: percentage, carrier_shares: [{ carrier: carrier 3, percent: 60 }, { carrier: carrier 5, percent: 40 }], quality_floor: { ner_percent: 40 } }",
        "{ strategy: cheapest, force_first: [{ carrier: carrier 7, percent: 50 }], quality_floor: { asr_percent: 50 } }",
        "{ strategy: reverse, quality_floor: { asr_percent: 50 } }",
        "{ strategy: weight }",
    ] {
        let live = world(CARRIERS, profile);
        let past = world(CARRIERS, profile);
        let mut held = std::collections::VecDeque::new();
        for draw in 0..400_u64 {
            let now_us = draw * 20_000;
            for (place, trunk) in live.egress_trunks().iter().enumerate() {
                let fails = (place as u64 + draw / 40).is_multiple_of(7);
                trunk.note_attempt(AttemptEnd::Status(if fails { 503 } else { 200 }), now_us);
            }
            let quality = figures(&live, draw as usize / 10);
            let request = CallRequest {
                draw: draw.wrapping_mul(0x9e37_79b9_7f4a_7c15),
                quality: &quality,
                ..call(CALLED, now_us)
            };
            let (decision, record) = decide_noted(&request, &live, &mut LiveAdmission);
            longest = longest.max(record.len());
            let mut recorded = RecordedAdmission::new(&record, &[]).unwrap();
            let later = CallRequest {
                now_us: 0,
                quality: QualityTable::empty(),
                ..request
            };
            let again = decide(&later, &past, &mut recorded, &mut NoTrace);
            assert!(is_same(&decision, &live, &again, &past), "{profile} {draw}");
            assert!(recorded.is_same(&again, &past), "{profile} {draw}");
            if let Decision::Route(plan) = decision {
                held.push_back(plan);
            }
            // Some calls find the customer's channels used up.
            if held.len() > 4 && draw % 3 != 0 {
                held.pop_front();
            }
        }
    }
    assert!((300..=RECORD_BYTES_MAX).contains(&longest), "{longest}");
}

#[test]
fn where_no_figures_decide_the_record_is_some_bytes() {
    let live = world(70, "{ strategy: round_robin }");
    let (_, record) = decide_noted(&call(CALLED, 0), &live, &mut LiveAdmission);
    assert!(record.len() <= 20, "{}", record.len());
}

#[test]
fn another_decision_is_told_from_the_one_that_was_made() {
    let live = world(5, "{ strategy: round_robin }");
    let record = |_| decide_noted(&call(CALLED, 0), &live, &mut LiveAdmission).1;
    let records: Vec<Arc<[u8]>> = (0..2).map(record).collect();
    let other = world(4, "{ strategy: round_robin }");
    let mut firsts = Vec::new();
    for record in &records {
        let mut recorded = RecordedAdmission::new(record, &[]).unwrap();
        let (explained, is_same) = explain_again(&call(CALLED, 0), &live, &mut recorded);
        assert!(is_same);
        // Each has the turn that was its own.
        firsts.push(explained.routes[0].carrier.to_string());
        let mut recorded = RecordedAdmission::new(record, &[]).unwrap();
        let (_, is_same) = explain_again(&call(CALLED, 0), &other, &mut recorded);
        assert!(!is_same);
    }
    assert_ne!(firsts[0], firsts[1]);
}

#[test]
fn a_throttled_route_that_there_was_no_room_to_note_does_not_come_to_the_front() {
    const CARRIERS: usize = 60;
    let live = world(CARRIERS, "{}");
    let cheapest = live.egress_trunks().iter().min_by_key(|trunk| {
        let number: usize = trunk.resource.name[4..].parse().unwrap();
        (number * 37 + 67) % 100
    });
    for _ in 0..10 {
        cheapest.unwrap().note_attempt(AttemptEnd::Status(503), 0);
    }
    let mut throttled = 0;
    for draw in 0..20 {
        let request = CallRequest {
            draw,
            ..call(CALLED, 0)
        };
        let (decision, record) = decide_noted(&request, &live, &mut LiveAdmission);
        let past = world(CARRIERS, "{}");
        let mut recorded = RecordedAdmission::new(&record, &[]).unwrap();
        let again = decide(&request, &past, &mut recorded, &mut NoTrace);
        assert!(is_same(&decision, &live, &again, &past), "{draw}");
        let Decision::Route(plan) = decision else {
            panic!("routed")
        };
        let first = plan.candidates[0].egress_trunk(&live);
        throttled += usize::from(first.resource.id != cheapest.unwrap().resource.id);
    }
    assert!((8..20).contains(&throttled), "{throttled}");
}

fn losers(explained: &Explanation) -> Vec<(String, Option<&'static str>)> {
    let routes = explained.routes.iter();
    let lost = routes.filter(|route| route.status == RouteStatus::Lost);
    lost.map(|route| (route.carrier.to_string(), route.reason))
        .collect()
}

#[test]
fn an_explanation_of_the_past_names_each_loser_and_what_was_full_then() {
    let profile = "{ strategy: quality, quality_balance_percent: 100 }";
    let live = world(60, profile);
    let quality = figures(&live, 1);
    let request = CallRequest {
        quality: &quality,
        ..call(CALLED, 0)
    };
    let (decision, record) = decide_noted(&request, &live, &mut LiveAdmission);
    let Decision::Route(plan) = decision else {
        panic!("routed")
    };
    let second = live
        .carrier(plan.candidates[1].carrier)
        .resource
        .name
        .to_string();
    // All of it is free again, and nobody knows the figures any more.
    drop(plan);
    let passed_over = [PassedOver {
        place: 1,
        reason: ReleaseReason::CarrierChannelLimit,
    }];
    let mut recorded = RecordedAdmission::new(&record, &passed_over).unwrap();
    let past = world(60, profile);
    let (explained, is_same) = explain_again(&call(CALLED, 0), &past, &mut recorded);
    assert!(is_same);
    let before = explain(&request, &live);
    let order = |explained: &Explanation| -> Vec<_> {
        let ranked = explained.routes.iter().filter(|route| route.rank.is_some());
        ranked
            .map(|route| (route.carrier.clone(), route.rank_key, route.quality))
            .collect()
    };
    assert_eq!(order(&explained), order(&before));
    let losers = losers(&explained);
    assert_eq!(losers.len(), 51);
    assert_eq!(losers[0], (second, Some("carrier_channel_limit")));
    let beyond = |loser: &&(String, _)| loser.1 == Some("beyond_longest_list");
    assert_eq!(losers.iter().filter(beyond).count(), 50);
    // The figures of some of them are not kept, and none are made up.
    let unknown = explained
        .routes
        .iter()
        .filter(|route| route.quality.is_none());
    assert_eq!(unknown.count(), 50 - NOTED_MAX);
}

#[test]
fn what_is_no_record_is_refused_and_what_is_longer_is_read() {
    let live = world(3, "{ strategy: round_robin }");
    let (_, record) = decide_noted(&call(CALLED, 0), &live, &mut LiveAdmission);
    let read = |bytes: &[u8]| RecordedAdmission::new(bytes, &[]).map(|_| ());
    assert_eq!(read(&record), Ok(()));
    assert_eq!(read(&[&*record, &[1, 2, 3]].concat()), Ok(()));
    assert_eq!(read(&[]), Err(RecordError::Undecodable));
    assert_eq!(read(&[9, 0]), Err(RecordError::Unknown(9)));
    // Records of programs that did not know what stands behind the first part end with that.
    let readable = (1..record.len()).filter(|length| read(&record[..*length]).is_ok());
    assert_eq!(readable.count(), 1);
}

#[test]
fn who_calls_is_kept_where_a_trunk_believes_it_though_no_rule_looks_yet() {
    let believing = |identity: &str| {
        let text = small::WORLD.replace(
            "customer: Meridian,",
            &format!("customer: Meridian, {identity}"),
        );
        Snapshot::compile(1, &resources(&text), None).unwrap()
    };
    let shown = ShownIdentity::of_believed(Some("447400123456"), true);
    let request = CallRequest {
        identity: shown,
        ..call("442071838750", 1)
    };
    let kept = |snapshot: &Snapshot| {
        let (decision, record) = decide_noted(&request, snapshot, &mut LiveAdmission);
        let mut again = RecordedAdmission::new(&record, &[]).unwrap();
        let identity = again.identity();
        let kept = identity.shown();
        let past = CallRequest {
            identity: kept,
            ..request
        };
        let made = explain_again(&past, snapshot, &mut again);
        assert!(made.1 && matches!(decision, Decision::Route(_)));
        (kept.p_asserted_identity.map(str::to_owned), kept.is_private)
    };
    let believes = believing("identity: { asserted: p_asserted_identity, privacy: respect },");
    assert_eq!(kept(&believes), (Some("447400123456".to_owned()), true));
    assert_eq!(kept(&believing("")), (None, false), "nobody may look at it");
}
