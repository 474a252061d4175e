//! Numbers that are tried without a call.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::Timestamp;
use rating::cdr::ReleaseReason;
use routing_engine::Snapshot;
use routing_engine::explain::numbers::{
    NumberQuestion, NumberQuestionError, NumberTest, TriedRules, test_numbers,
};
use routing_engine::numbers::ShownIdentity;
use routing_engine::resources::NumberClass;
use serde_json::json;
use small::{WORLD, resources};

const SHARED: &str = r#"
---
kind: translation_rules
name: national
spec: { rules: [{ prefix: "999" }, { pattern: "0([1-9][0-9]+)", replacement: "44$1" }] }
---
kind: translation_rules
name: dial-out
spec: { rules: [{ prefix: "44", replacement: "0" }] }
---
kind: number_list
name: premium
spec: { action: deny, entries: ["449"] }
"#;

fn snapshot() -> Snapshot {
    let text = format!("{WORLD}{SHARED}");
    let text = text.replace(
        "customer: Meridian,",
        "customer: Meridian, calling_number: { add_prefix: '+' }, \
         numbers: { called_rules: national, lists: [premium], blocked_classes: [mobile] },",
    );
    let text = text.replace(
        "carrier: Acme,",
        "carrier: Acme, called_number: { add_prefix: '77' }, \
         numbers: { called_rules: dial-out, blocked_classes: [toll_free] },",
    );
    Snapshot::compile(1, &resources(&text), None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn question(called: &str) -> NumberQuestion<'_> {
    let snapshot = snapshot();
    NumberQuestion {
        owner: snapshot.customers()[0].owner,
        customer: "Meridian",
        trunk: None,
        called,
        calling: "4420",
        identity: ShownIdentity::default(),
        carrier: None,
        at: Timestamp(0),
    }
}

fn tried(called: &str) -> NumberTest {
    test_numbers(&question(called), &snapshot()).unwrap()
}

fn details(test: &NumberTest) -> Vec<&str> {
    test.steps.iter().map(|step| step.detail.as_str()).collect()
}

#[test]
fn each_rule_is_told_on_the_way_in_and_out() {
    let test = tried("02071838750");
    assert_eq!(test.reason, None);
    let taken = test.taken.as_ref().unwrap();
    assert_eq!(taken.called, "442071838750");
    assert_eq!(taken.calling, "+4420");
    assert_eq!(taken.facts.class, Some(NumberClass::FixedLine));
    assert_eq!(
        details(&test)[..3],
        [
            "rule 2 of \"national\" makes 442071838750 of the called number 02071838750",
            "the trunk's own rule makes +4420 of the calling number 4420",
            "02071838750 is 442071838750",
        ]
    );
    assert_eq!(*details(&test).last().unwrap(), "a fixed line of GB");
    let sent: Vec<_> = test
        .sent
        .iter()
        .map(|sent| {
            let numbers = &sent.numbers;
            let calling = numbers.calling.as_deref().unwrap();
            (&*sent.trunk, numbers.called.as_str(), calling)
        })
        .collect();
    assert_eq!(
        sent,
        [
            ("acme-out", "7702071838750", "+4420"),
            ("zenith-out", "442071838750", "+4420"),
        ]
    );
    let acme: Vec<_> = test.sent[0]
        .numbers
        .steps
        .iter()
        .map(|step| &*step.detail)
        .collect();
    assert_eq!(
        acme,
        [
            "rule 1 of \"dial-out\" makes 02071838750 of the called number 442071838750",
            "the trunk's own rule makes 7702071838750 of the called number 02071838750",
        ]
    );
}

#[test]
fn what_refuses_a_number_is_the_last_step() {
    let cases = [
        ("09012345678", ReleaseReason::NumberRefused, "\"premium\""),
        ("07400123456", ReleaseReason::NumberClassBlocked, "blocked"),
        ("alice", ReleaseReason::InvalidNumber, "digits"),
    ];
    for (called, reason, word) in cases {
        let test = tried(called);
        assert_eq!(test.reason, Some(reason), "{called}");
        assert!(test.taken.is_none() && test.sent.is_empty(), "{called}");
        let last = *details(&test).last().unwrap();
        assert!(last.contains(word), "{last}");
    }
}

#[test]
fn a_number_without_a_rate_is_tried_all_the_same() {
    // Nobody sells or buys numbers of Japan.
    let test = tried("81312345678");
    assert_eq!(test.reason, None);
    assert_eq!(test.sent.len(), 2);
    let test = tried("08001111111");
    let refused: Vec<_> = test
        .sent
        .iter()
        .map(|sent| sent.refused.is_some())
        .collect();
    assert_eq!(refused, [true, false], "{test:#?}");
    assert_eq!(
        test.sent[0].refused.as_ref().unwrap().0,
        "number_class_blocked"
    );
}

#[test]
fn only_what_is_the_owners_is_found() {
    let snapshot = snapshot();
    let ask = |change: fn(&mut NumberQuestion<'_>)| {
        let mut question = question("442071838750");
        change(&mut question);
        test_numbers(&question, &snapshot)
    };
    let named = |name: &str| name.to_owned();
    assert_eq!(
        ask(|question| question.owner += 1),
        Err(NumberQuestionError::Customer(named("Meridian")))
    );
    assert_eq!(
        ask(|question| question.customer = "Nobody"),
        Err(NumberQuestionError::Customer(named("Nobody")))
    );
    assert_eq!(
        ask(|question| question.carrier = Some("Nobody")),
        Err(NumberQuestionError::Carrier(named("Nobody")))
    );
    assert!(matches!(
        ask(|question| question.trunk = Some("acme-out")),
        Err(NumberQuestionError::Trunk(_))
    ));
    let one = ask(|question| question.carrier = Some("Zenith")).unwrap();
    assert_eq!(one.sent.len(), 1);
}

#[test]
fn rules_are_tried_before_they_are_saved() {
    let rules = json!({ "rules": [
        { "prefix": "00", "replacement": "" },
        { "pattern": "0([1-9][0-9]+)", "replacement": "44$1" },
    ] });
    let rules = TriedRules::new(&serde_json::from_value(rules).unwrap());
    let tried = |number: &str| {
        let tried = rules.on(number).unwrap();
        let class = tried.facts.and_then(|facts| facts.class);
        (tried.rule, tried.result, class)
    };
    let mobile = Some(NumberClass::Mobile);
    assert_eq!(
        tried("07400123456"),
        (Some(1), "447400123456".into(), mobile)
    );
    assert_eq!(
        tried("00447400123456"),
        (Some(0), "447400123456".into(), mobile)
    );
    assert_eq!(
        tried("+447400123456"),
        (None, "+447400123456".into(), mobile)
    );
    assert_eq!(tried("alice"), (None, "alice".into(), None));
    assert!(rules.on(&"1".repeat(65)).is_none());
}

#[test]
fn who_calls_beside_from_counts_as_far_as_the_trunk_believes_and_respects_it() {
    let ask = |identity: &str| {
        let text = WORLD
            .replace(
                "customer: Meridian,",
                &format!("customer: Meridian, {identity} calling_number: {{ add_prefix: '+' }},"),
            )
            .replace(
                "carrier: Acme,",
                "carrier: Acme, identity: { asserted: p_asserted_identity, privacy: respect },",
            );
        let snapshot = Snapshot::compile(1, &resources(&text), None).unwrap();
        let question = NumberQuestion {
            identity: ShownIdentity::of_believed(Some("4477"), true),
            ..question("442071838750")
        };
        test_numbers(&question, &snapshot).unwrap()
    };
    let test = ask("identity: { asserted: p_asserted_identity, privacy: respect },");
    let taken = test.taken.as_ref().unwrap();
    assert_eq!(taken.asserted.as_deref(), Some("+4477"));
    assert!(taken.is_withheld);
    let told = details(&test);
    for detail in [
        "trunk \"meridian-in\" believes that 4477 stands for the caller",
        "trunk \"meridian-in\" respects that the caller wants to stay anonymous",
        "the trunk's own rule makes +4477 of the asserted number 4477",
    ] {
        assert!(told.contains(&detail), "{detail}: {told:#?}");
    }
    let [acme, zenith] = &test.sent[..] else {
        panic!("{test:#?}")
    };
    assert_eq!(acme.numbers.asserted.as_deref(), Some("+4477"));
    assert!(acme.numbers.is_anonymous, "{acme:#?}");
    assert_eq!(zenith.numbers.asserted, None);
    assert!(!zenith.numbers.is_anonymous, "it does not heed Privacy");

    let test = ask("");
    let taken = test.taken.as_ref().unwrap();
    assert_eq!((&taken.asserted, taken.is_withheld), (&None, false));
    let told = details(&test);
    for detail in [
        "trunk \"meridian-in\" does not believe an asserted number: `identity.asserted` is off",
        "trunk \"meridian-in\" does not look at Privacy: `identity.privacy` is ignore",
    ] {
        assert!(told.contains(&detail), "{detail}: {told:#?}");
    }
    assert_eq!(test.sent[0].numbers.asserted, None, "nobody vouches for it");
}
