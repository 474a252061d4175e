//! CLI rules: which calling numbers are taken, and which are presented in their place.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::ReleaseReason;
use routing_engine::explain::{explain, explain_again};
use routing_engine::limits::Admission;
use routing_engine::numbers::{CallNumbers, ShownIdentity};
use routing_engine::{
    CallRequest, Decision, DryAdmission, LiveAdmission, NoTrace, PromptAdmission,
    RecordedAdmission, RoutePlan, Snapshot, decide, decide_noted,
};
use small::{WORLD, resources, trunks};

const INGRESS: &str = "customer: Meridian,";
const CUSTOMER: &str = "spec: { rate_card: retail }";
const ACME: &str = "name: Acme\nspec: {}";
const ACME_OUT: &str = "carrier: Acme,";
const OWN: &str = "customer: Meridian, numbers: { cli_rules: own },";

/// The world with rules called `own`, and texts replaced.
fn text(rules: &str, changes: &[(&str, &str)]) -> String {
    let mut text = format!("{WORLD}---\nkind: cli_rules\nname: own\nspec: {rules}\n");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

fn snapshot(rules: &str, changes: &[(&str, &str)]) -> Snapshot {
    let resources = resources(&text(rules, changes));
    Snapshot::compile(1, &resources, None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn decided(snapshot: &Snapshot, call: &CallRequest<'_>) -> Decision {
    decide(call, snapshot, &mut LiveAdmission, &mut NoTrace)
}

fn plan(snapshot: &Snapshot, call: &CallRequest<'_>) -> RoutePlan {
    match decided(snapshot, call) {
        Decision::Route(plan) => plan,
        Decision::Reject(rejection) => panic!("{rejection:?}"),
    }
}

fn call<'a>(calling: &'a str, called: &'a str) -> CallRequest<'a> {
    CallRequest {
        calling,
        ..small::call(called, 1_000_000)
    }
}

/// The calling number after the rules; `None` for a call that they refuse.
fn presented(snapshot: &Snapshot, call: &CallRequest<'_>) -> Option<String> {
    match decided(snapshot, call) {
        Decision::Route(plan) => Some(plan.numbers.calling.to_string()),
        Decision::Reject(rejection) => {
            assert_eq!(rejection.reason, ReleaseReason::NumberRefused);
            None
        }
    }
}

fn last_step(snapshot: &Snapshot, call: &CallRequest<'_>) -> String {
    let steps = explain(call, snapshot).steps;
    let mut of_rules = steps.into_iter().filter(|step| step.step == "cli_rules");
    of_rules.next().unwrap().detail
}

#[test]
fn the_first_rule_that_fits_decides_and_else_the_default() {
    let rules = r#"{ default: deny, rules: [
        { calling_prefixes: ["449"], action: deny },
        { calling_prefixes: ["44", "1"], called_prefixes: ["4420"] },
        { pattern: "0[1-9][0-9]{4}", action: replace, number: "442079460000" },
        { calling_prefixes: ["4477"], called_prefixes: ["33"], action: replace, number: "+442079460001" } ] }"#;
    let snapshot = snapshot(rules, &[(INGRESS, OWN)]);
    for (calling, called, expected) in [
        ("449123", "442071", None),
        ("442071838750", "442071", Some("442071838750")),
        ("+4420", "442071", Some("+4420")),
        ("4420", "441212", None),
        ("01234", "441212", None),
        ("012345", "441212", Some("442079460000")),
        ("0123456", "441212", None),
        ("33142685300", "442071", None),
    ] {
        let found = presented(&snapshot, &call(calling, called));
        assert_eq!(found.as_deref(), expected, "{calling} to {called}");
    }
    let told = |calling, called| last_step(&snapshot, &call(calling, called));
    assert_eq!(
        told("449123", "442071"),
        "rule 1 of CLI rules \"own\" refuses the caller"
    );
    assert_eq!(
        told("4420", "442071"),
        "rule 2 of CLI rules \"own\" lets the caller through"
    );
    assert_eq!(
        told("012345", "442071"),
        "rule 3 of CLI rules \"own\" presents 442079460000 in place of 012345"
    );
    assert_eq!(
        told("33142685300", "442071"),
        "the default of CLI rules \"own\" refuses the caller"
    );
}

#[test]
fn callers_without_a_number_are_told_apart() {
    let rules = r#"{ rules: [
        { caller: withheld, action: replace, number: "442079460001" },
        { caller: missing, action: replace, number: "442079460002" },
        { caller: invalid, action: replace, number: "442079460003" } ] }"#;
    let policy = "customer: Meridian, numbers: { cli_rules: own }, identity: { privacy: respect },";
    let snapshot = snapshot(rules, &[(INGRESS, policy)]);
    for (calling, expected) in [
        ("anonymous", "442079460001"),
        ("Anonymous", "442079460001"),
        ("", "442079460002"),
        ("alice", "442079460003"),
        ("12", "442079460003"),
        ("1234567890123456", "442079460003"),
        ("123", "123"),
        ("+123456789012345", "+123456789012345"),
    ] {
        let found = presented(&snapshot, &call(calling, "442071"));
        assert_eq!(found.as_deref(), Some(expected), "{calling}");
    }
    let private = CallRequest {
        identity: ShownIdentity::of_believed(None, true),
        ..call("4420", "442071")
    };
    assert_eq!(
        presented(&snapshot, &private).as_deref(),
        Some("442079460001")
    );
    let told = last_step(&snapshot, &call("", "442071"));
    let expected =
        "rule 2 of CLI rules \"own\" presents 442079460002 for a caller without a number";
    assert_eq!(told, expected);
}

#[test]
fn rules_may_look_at_the_asserted_number_and_what_they_present_is_asserted() {
    let rules = r#"{ number: asserted, default: deny, rules: [
        { calling_prefixes: ["44"], action: replace, number: "442079460000" } ] }"#;
    let policy = "customer: Meridian, numbers: { cli_rules: own }, identity: { asserted: both },";
    let snapshot = snapshot(rules, &[(INGRESS, policy)]);
    let shown = |asserted| CallRequest {
        identity: ShownIdentity::of_believed(asserted, false),
        ..call("33142685300", "442071")
    };
    assert_eq!(presented(&snapshot, &shown(None)), None);
    let plan = plan(&snapshot, &shown(Some("+442071")));
    assert_eq!(&*plan.numbers.calling, "442079460000");
    assert_eq!(plan.numbers.asserted.as_deref(), Some("442079460000"));
}

const ROTATING: &str = r#"{ rules: [ { action: replace, pick: rotate,
    pool: ["442079460000", "442079460001", "442079460002"] } ] }"#;

fn last_digit(admission: &mut impl Admission, snapshot: &Snapshot) -> String {
    match decide(&call("4420", "442071"), snapshot, admission, &mut NoTrace) {
        Decision::Route(plan) => plan.numbers.calling[11..].to_owned(),
        Decision::Reject(rejection) => panic!("{rejection:?}"),
    }
}

#[test]
fn a_pool_rotates_with_calls_and_not_with_looks_at_it() {
    let before = snapshot(ROTATING, &[(INGRESS, OWN)]);
    assert_eq!(last_digit(&mut LiveAdmission, &before), "0");
    for _ in 0..5 {
        assert_eq!(last_digit(&mut DryAdmission, &before), "1");
    }
    assert_eq!(last_digit(&mut PromptAdmission, &before), "1");
    // A push goes on where the one before was, also when the pool is another.
    let same = resources(&text(ROTATING, &[(INGRESS, OWN)]));
    let after = Snapshot::compile(2, &same, Some(&before)).unwrap();
    assert_eq!(last_digit(&mut LiveAdmission, &after), "2");
    let changed = ROTATING.replace("442079460000", "442079460009");
    let changed = resources(&text(&changed, &[(INGRESS, OWN)]));
    let changed = Snapshot::compile(3, &changed, Some(&after)).unwrap();
    assert_eq!(last_digit(&mut LiveAdmission, &changed), "9");
    assert_eq!(last_digit(&mut LiveAdmission, &before), "1");
}

#[test]
fn the_turn_of_a_call_stands_in_its_record() {
    let live = snapshot(ROTATING, &[(INGRESS, OWN)]);
    let call = call("4420", "442071");
    let records: Vec<_> = (0..3)
        .map(|_| decide_noted(&call, &live, &mut LiveAdmission).1)
        .collect();
    for (record, digit) in records.iter().zip(["0", "1", "2"]) {
        let past = snapshot(ROTATING, &[(INGRESS, OWN)]);
        let mut recorded = RecordedAdmission::new(record, &[]).unwrap();
        let (explained, is_same) = explain_again(&call, &past, &mut recorded);
        assert!(is_same);
        let detail = explained.steps.iter().find(|step| step.step == "cli_rules");
        let expected = format!("presents 44207946000{digit} in place of 4420: of the 3 numbers");
        assert!(detail.unwrap().detail.contains(&expected), "{detail:?}");
    }
}

#[test]
fn a_lot_and_a_sticky_number_hang_upon_the_call_alone() {
    let pool = |pick: &str| ROTATING.replace("rotate", pick);
    let of = |snapshot: &Snapshot, calling: &str, called: &str, draw: u64| {
        let call = CallRequest {
            draw,
            ..call(calling, called)
        };
        presented(snapshot, &call).unwrap()
    };
    let random = snapshot(&pool("random"), &[(INGRESS, OWN)]);
    let drawn: std::collections::BTreeSet<_> = (0..50)
        .map(|draw| of(&random, "4420", "442071", draw))
        .collect();
    assert_eq!(drawn.len(), 3);
    assert_eq!(
        of(&random, "4420", "442071", 7),
        of(&random, "4421", "441212", 7)
    );
    let by_called = snapshot(&pool("sticky_called"), &[(INGRESS, OWN)]);
    let by_calling = snapshot(&pool("sticky_calling"), &[(INGRESS, OWN)]);
    let (mut of_called, mut of_calling) = (Vec::new(), Vec::new());
    for number in 0..30 {
        let number = (442_071_000 + number * 3).to_string();
        let one = of(&by_called, "4420", &number, 1);
        assert_eq!(one, of(&by_called, "33142", &number, 2), "{number}");
        of_called.push(one);
        let one = of(&by_calling, &number, "442071", 1);
        assert_eq!(one, of(&by_calling, &number, "441212", 2), "{number}");
        of_calling.push(one);
    }
    for mut found in [of_called, of_calling] {
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 3);
    }
}

#[test]
fn the_rules_of_a_trunk_stand_in_place_of_its_customers() {
    let more = "\n---\nkind: cli_rules\nname: none\nspec: { default: deny }\n";
    let rules = format!("{{ default: allow }}{more}");
    let of_customer = "spec: { rate_card: retail, numbers: { cli_rules: none } }";
    let customers = snapshot(&rules, &[(CUSTOMER, of_customer)]);
    assert_eq!(presented(&customers, &call("4420", "442071")), None);
    let both = snapshot(&rules, &[(CUSTOMER, of_customer), (INGRESS, OWN)]);
    assert_eq!(
        presented(&both, &call("4420", "442071")).as_deref(),
        Some("4420")
    );
}

fn sent(snapshot: &Snapshot, plan: &RoutePlan, place: usize) -> CallNumbers {
    let candidate = &plan.candidates[place];
    candidate.numbers_to_send(snapshot, &plan.numbers, &mut LiveAdmission, 1)
}

#[test]
fn the_rules_of_a_carrier_work_at_each_attempt_and_leave_out_what_they_refuse() {
    let rules = ROTATING.replace(
        "{ action",
        "{ calling_prefixes: ['33'], action: deny }, { action",
    );
    let policies = [
        (ACME, "name: Acme\nspec: { numbers: { cli_rules: own } }"),
        (
            ACME_OUT,
            "carrier: Acme, numbers: { cli_rules: own }, calling_number: { add_prefix: '+' },",
        ),
    ];
    for (policy, lead) in policies.into_iter().zip(["", "+"]) {
        let snapshot = snapshot(&rules, &[policy]);
        let plan = plan(&snapshot, &call("4420", "442071"));
        assert_eq!(trunks(&snapshot, &plan), ["acme-out", "zenith-out"]);
        // What routes saw is what came in.
        assert_eq!(&*plan.numbers.calling, "4420");
        for turn in 0..4 {
            let numbers = sent(&snapshot, &plan, 0);
            let expected = format!("{lead}44207946000{}", turn % 3);
            assert_eq!(&*numbers.calling, expected);
            assert_eq!(numbers.asserted.as_deref(), Some(&*expected));
        }
        assert_eq!(&*sent(&snapshot, &plan, 1).calling, "4420");
        let explained = explain(&call("33142685300", "442071"), &snapshot);
        let acme = explained
            .routes
            .iter()
            .find(|route| &*route.carrier == "Acme");
        assert_eq!(acme.unwrap().reason, Some("cli_refused"));
        let detail = acme.unwrap().detail.as_deref();
        assert_eq!(
            detail,
            Some("rule 1 of CLI rules \"own\" refuses the caller")
        );
    }
}

#[test]
fn rules_that_lead_nowhere_are_told_with_their_field() {
    let lost = "customer: Meridian, numbers: { cli_rules: lost },";
    let problems = Snapshot::compile(1, &resources(&text("{}", &[(INGRESS, lost)])), None);
    assert_eq!(
        problems.unwrap_err()[0].to_string(),
        "trunk \"meridian-in\": numbers.cli_rules: there are no CLI rules \"lost\""
    );
}
