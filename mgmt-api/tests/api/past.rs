//! Decisions of the past, made again by the snapshot of then.

use crate::apply::{DECK, RESOURCES as LIMITED, apply};
use crate::cdrs::{call, load};
use crate::fixture::Api;
use rating::cdr::{CallRecord, DecisionRecord, PassedOver, ReleaseReason};
use routing_engine::record::decision_bytes;
use routing_engine::{CallRequest, Decision, LiveAdmission, Source, decide_noted};
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) const ROUND_ROBIN: &str =
    "---\nkind: lcr_profile\nname: P\nspec: { strategy: round_robin }\n";

/// The same without a limit of calls per second, which a test's clock would reach.
pub(crate) fn unlimited() -> String {
    LIMITED.replace("  cps_limit: 10\n", "")
}

/// A call that the snapshot in force decides, as its record has it.
pub(crate) fn decided(api: &Api, second: u32) -> CallRecord {
    let snapshot = Arc::clone(&api.switch.snapshot.lock().unwrap());
    let record = call(second);
    let request = CallRequest {
        source: Source::Address(record.ingress_source.ip()),
        called: &record.called_number_received,
        calling: &record.calling_number_received,
        identity: Default::default(),
        now_us: 1,
        at: record.received_at,
        draw: record.id.draw(),
        quality: routing_engine::QualityTable::empty(),
    };
    let (decision, noted) = decide_noted(&request, &snapshot, &mut LiveAdmission);
    let Decision::Route(plan) = &decision else {
        panic!("{decision:?}")
    };
    assert!(!decision_bytes(&decision, &snapshot).is_empty());
    let first = plan.candidates[0].egress_trunk(&snapshot);
    let carrier = snapshot.carrier(first.carrier).resource.clone();
    let trunk = snapshot.ingress_trunk(plan.ingress_trunk).resource.clone();
    let mut record = CallRecord {
        snapshot_number: snapshot.number(),
        ingress_trunk: Some(trunk),
        decision: Some(DecisionRecord(noted)),
        ..record
    };
    let sent = plan.candidates[0].numbers_to_send(
        &snapshot,
        &plan.numbers,
        &mut LiveAdmission,
        record.id.draw(),
    );
    record.attempts[0].carrier = carrier;
    record.attempts[0].egress_trunk = first.resource.clone();
    record.attempts[0].called_number_sent = sent.called.as_str().into();
    record.attempts[0].calling_number_sent = sent.calling.as_str().into();
    record
}

async fn explained(api: &Api, record: &CallRecord, query: &str) -> Value {
    let path = format!("/api/v1/cdrs/{:032x}/explain{query}", record.id.0);
    let answer = api.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn carriers(told: &Value) -> Vec<&str> {
    let routes = told["explanation"]["routes"].as_array().unwrap();
    routes
        .iter()
        .map(|route| route["carrier"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_call_is_explained_by_its_own_snapshot_whatever_was_pushed_since() {
    let api = Api::start().await;
    let first = format!("{}{ROUND_ROBIN}", unlimited());
    assert_eq!(apply(&api, &first, DECK, false).await.status, 200);
    let mut calls: Vec<_> = (0..4).map(|second| decided(&api, second)).collect();
    calls[3].passed_over = vec![PassedOver {
        place: 0,
        reason: ReleaseReason::CarrierChannelLimit,
    }];
    load(&api, &calls).await;
    let mut told = Vec::new();
    for call in &calls {
        told.push(explained(&api, call, "").await);
    }
    for (place, told) in told.iter().enumerate() {
        assert_eq!(told["basis"], "recorded");
        assert_eq!(
            (&told["is_exact"], &told["note"]),
            (&json!(true), &json!(null))
        );
        let turn = [["cheap", "costly"], ["costly", "cheap"]][place % 2];
        assert_eq!(carriers(told), turn);
    }
    assert_eq!(
        told[3]["explanation"]["routes"][0]["reason"],
        "carrier_channel_limit"
    );

    // Another profile, other prices, a carrier that is gone, and more calls.
    let changed = unlimited()
        .replace("rate_per_minute: \"0.01\"", "rate_per_minute: \"0.011\"")
        .replace(
            "name: costly-out\nspec:\n  direction: egress",
            "name: costly-out\nspec:\n  status: inactive\n  direction: egress",
        )
        .replace("rate_card: retail\n", "rate_card: retail\n  cps_limit: 1\n");
    let reverse =
        format!("{changed}---\nkind: lcr_profile\nname: P\nspec: {{ strategy: reverse }}\n");
    let deck = "prefix,destination,rate_per_minute\n33,France,0.05\n";
    assert_eq!(apply(&api, &reverse, deck, false).await.status, 200);
    assert_eq!(api.switch.snapshot.lock().unwrap().number(), 2);
    for (call, told) in calls.iter().zip(&told) {
        assert_eq!(&explained(&api, call, "").await, told, "to the byte");
    }
}

#[tokio::test]
async fn why_not_that_carrier_is_answered_for_a_past_call() {
    let api = Api::start().await;
    let excluded = "---\nkind: lcr_profile\nname: P\nspec: { excluded_carriers: [costly] }\n";
    assert_eq!(
        apply(&api, &format!("{}{excluded}", unlimited()), DECK, false)
            .await
            .status,
        200
    );
    let lost = decided(&api, 1);
    assert_eq!(
        apply(&api, &format!("{}{ROUND_ROBIN}", unlimited()), DECK, false)
            .await
            .status,
        200
    );
    let turns = decided(&api, 2);
    load(&api, &[lost.clone(), turns.clone()]).await;
    for (record, carrier, outcome, detail) in [
        (
            &lost,
            "cheap",
            "tried",
            "attempt 1 by trunk \"cheap-out\" was answered",
        ),
        (
            &lost,
            "costly",
            "lost",
            "trunk \"costly-out\": the customer does not get the carrier",
        ),
        (
            &lost,
            "nobody",
            "unknown",
            "snapshot 1 has no trunk of a carrier \"nobody\"",
        ),
        (
            &turns,
            "costly",
            "not_reached",
            "place 2 in the order; the call ended with attempt 1",
        ),
    ] {
        let told = explained(&api, record, &format!("?carrier={carrier}")).await;
        assert_eq!(told["carrier"]["outcome"], outcome, "{told:#}");
        let found = told["carrier"]["detail"].as_str().unwrap();
        assert!(found.starts_with(detail), "{found}");
    }
    let path = format!("/api/v1/cdrs/{:032x}/explain?trunk=x", lost.id.0);
    assert_eq!(api.get(&path).await.status, 400);
}

#[tokio::test]
async fn a_record_without_a_decision_is_explained_by_its_snapshot_and_says_what_is_of_now() {
    let api = Api::start().await;
    assert_eq!(apply(&api, &unlimited(), DECK, false).await.status, 200);
    let older = CallRecord {
        decision: None,
        ..decided(&api, 1)
    };
    let later = CallRecord {
        decision: Some(DecisionRecord([200, 1].into())),
        ..decided(&api, 2)
    };
    load(&api, &[older.clone(), later.clone()]).await;
    let deck = "prefix,destination,rate_per_minute\n33,France,0.05\n";
    assert_eq!(apply(&api, &unlimited(), deck, false).await.status, 200);
    for (record, note) in [(&older, "keeps no decision"), (&later, "version 200")] {
        let told = explained(&api, record, "").await;
        assert_eq!(
            (&told["basis"], &told["is_exact"]),
            (&json!("past_snapshot"), &json!(false))
        );
        assert_eq!(told["explanation"]["snapshot_number"], 1);
        assert_eq!(
            told["explanation"]["customer_rate"]["next_rate_per_minute"],
            "0.02"
        );
        assert!(told["note"].as_str().unwrap().contains(note), "{told:#}");
    }
}

const SENT: &str = r#"---
kind: number_list
name: ported
spec: { action: rewrite, entries: ["33"], replacement: "4433" }
---
kind: cli_rules
name: uk-pool
spec:
  rules:
    - { calling_prefixes: ["44"], action: replace, pool: ["442079460000", "442079460001", "442079460002"] }
---
kind: translation_rules
name: with-plus
spec: { rules: [{ pattern: "([0-9]+)", replacement: "+$1" }] }
"#;

#[tokio::test]
async fn each_attempt_names_the_list_and_the_pool_that_made_its_numbers() {
    let api = Api::start().await;
    let policy = "name: cheap\nspec: { numbers: { lists: [ported], cli_rules: uk-pool, calling_rules: with-plus } }";
    let with_rules = format!("{}{SENT}", unlimited()).replace("name: cheap\nspec: {}", policy);
    let applied = apply(&api, &with_rules, DECK, false).await;
    assert_eq!(applied.status, 200, "{}", applied.body);
    let mut calls: Vec<_> = (0..3).map(|second| decided(&api, second)).collect();
    // Another release, or another pool, sent this.
    calls.push(decided(&api, 3));
    calls[3].attempts[0].calling_number_sent = "+442079461111".into();
    load(&api, &calls).await;
    let mut told = Vec::new();
    for call in &calls {
        told.push(explained(&api, call, "").await);
    }
    for (turn, told) in told[..3].iter().enumerate() {
        assert_eq!(told["is_exact"], true, "{told:#}");
        let attempt = &told["attempts"][0];
        assert_eq!(
            (&attempt["carrier"], &attempt["is_same"]),
            (&json!("cheap"), &json!(true)),
            "{told:#}"
        );
        let number = format!("44207946000{turn}");
        assert_eq!(attempt["calling"], json!(format!("+{number}")));
        assert_eq!(attempt["called"], "4433142685300");
        let details: Vec<_> = attempt["steps"].as_array().unwrap().iter().collect();
        let details: Vec<_> = details.iter().map(|step| &step["detail"]).collect();
        assert_eq!(
            details,
            [
                &json!(
                    "number list \"ported\" makes 4433142685300 of the called number 33142685300"
                ),
                &json!(format!(
                    "rule 1 of CLI rules \"uk-pool\" presents {number} in place of 442071838750: of the \
                     3 numbers of its pool the one whose turn it is"
                )),
                &json!(format!(
                    "rule 1 of \"with-plus\" makes +{number} of the calling number {number}"
                )),
            ]
        );
        // Which number an attempt that was not made would have got is not known.
        let cheap = &told["explanation"]["routes"][0]["numbers"];
        assert_eq!(
            (&cheap["calling"], &cheap["called"]),
            (&json!(null), &attempt["called"])
        );
    }
    assert_eq!(told[3]["attempts"][0]["is_same"], false, "{:#}", told[3]);

    // What was pushed since changes nothing of what is told.
    let other = unlimited();
    assert_eq!(apply(&api, &other, DECK, false).await.status, 200);
    for (call, told) in calls.iter().zip(&told) {
        assert_eq!(&explained(&api, call, "").await, told, "to the byte");
    }
    // A call that might come now is told for each candidate.
    assert_eq!(apply(&api, &with_rules, DECK, false).await.status, 200);
    let path = "/api/v1/explain?from=442071838750&to=33142685300&privacy=true";
    let now = api.get(path).await.json();
    let routes = now["routes"].as_array().unwrap();
    let calling: Vec<_> = routes
        .iter()
        .map(|route| &route["numbers"]["calling"])
        .collect();
    assert_eq!(
        calling,
        [&json!("+442079460001"), &json!("442071838750")],
        "{now:#}"
    );
}
