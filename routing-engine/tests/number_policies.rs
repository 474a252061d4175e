//! Translation rules and number lists, shared by customers, carriers and trunks.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::ReleaseReason;
use routing_engine::explain::{explain, explain_again};
use routing_engine::numbers::ShownIdentity;
use routing_engine::{
    CallRequest, Decision, DryAdmission, LiveAdmission, RecordedAdmission, RoutePlan, Snapshot,
    Source, decide_noted,
};
use small::{WORLD, place, resources, trunks};

/// What customers, carriers and trunks name; a world changes who names what.
const SHARED: &str = r#"
---
kind: translation_rules
name: national
spec: { rules: [{ pattern: "0([1-9][0-9]+)", replacement: "44$1" }] }
---
kind: translation_rules
name: short-code
spec: { rules: [{ prefix: "44999", replacement: "442079460" }] }
---
kind: translation_rules
name: dial-out
spec: { rules: [{ prefix: "44", replacement: "0" }] }
---
kind: translation_rules
name: plus
spec: { rules: [{ prefix: "", replacement: "+" }] }
---
kind: number_list
name: premium
spec: { action: deny, entries: ["449", "44871"] }
---
kind: number_list
name: britain
spec: { action: allow, entries: ["44"] }
---
kind: number_list
name: own-callers
spec: { action: allow, number: calling, matching: exact, entries: ["4420", "442071838750"] }
"#;

fn snapshot(changes: &[(&str, &str)]) -> Snapshot {
    let mut text = format!("{WORLD}{SHARED}");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Snapshot::compile(1, &resources(&text), None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn routed(snapshot: &Snapshot, called: &str) -> RoutePlan {
    small::routed(snapshot, called)
}

fn refused(snapshot: &Snapshot, called: &str) -> ReleaseReason {
    match place(snapshot, called, 1_000_000) {
        Decision::Reject(rejection) => rejection.reason,
        Decision::Route(plan) => panic!("{called}: {plan:?}"),
    }
}

/// Lists that change calls, and routes that ask for their tag.
const CHANGING: &str = r#"
---
kind: number_list
name: ported
spec: { action: rewrite, entries: ["4490", "44901", "33"], replacement: "4420" }
---
kind: number_list
name: hide-callers
spec: { action: rewrite, number: calling, entries: ["4"], replaces: number, replacement: "442079460000" }
---
kind: number_list
name: london
spec: { action: tag, entries: ["4420"], tag: london }
---
kind: number_list
name: much-too-short
spec: { action: rewrite, entries: ["4420"], replacement: "" }
---
kind: route
name: for-london
spec: { trunk: zenith-out, tags_required: [london] }
---
kind: route
name: not-for-london
spec: { trunk: acme-out, tags_excluded: [london] }
"#;

fn changing(changes: &[(&str, &str)]) -> Snapshot {
    let mut text = format!("{WORLD}{SHARED}{CHANGING}");
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Snapshot::compile(1, &resources(&text), None).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn steps(snapshot: &Snapshot, called: &str) -> Vec<String> {
    let explanation = explain(&small::call(called, 1), snapshot);
    let steps = explanation.steps.into_iter();
    let of_lists = steps.filter(|step| step.step == "number_list");
    of_lists.map(|step| step.detail).collect()
}

#[test]
fn lists_of_the_trunk_and_then_of_the_customer_rewrite_before_rates_and_routes() {
    let snapshot = changing(&[
        (
            CUSTOMER,
            "spec: { rate_card: retail, numbers: { lists: [premium, hide-callers] } }",
        ),
        (INGRESS, "customer: Meridian, numbers: { lists: [ported] },"),
    ]);
    // The deny list of the customer sees what the trunk's list made of the number.
    let plan = routed(&snapshot, "4490223");
    assert_eq!(&*plan.numbers.called, "4420223");
    assert_eq!(&*plan.numbers.calling, "442079460000");
    assert_eq!(&*routed(&snapshot, "4490199").numbers.called, "442099");
    assert_eq!(refused(&snapshot, "449112"), ReleaseReason::NumberRefused);
    assert_eq!(
        steps(&snapshot, "4490223"),
        [
            "number list \"ported\" makes 4420223 of the called number 4490223",
            "number list \"hide-callers\" makes 442079460000 of the calling number 4420",
        ]
    );
    let explained = explain(&small::call("4490223", 1), &snapshot);
    assert_eq!(explained.called_number.as_deref(), Some("4420223"));
}

#[test]
fn a_list_sees_what_those_before_it_left_and_no_list_comes_twice() {
    let named = |lists: &str| format!("customer: Meridian, numbers: {{ lists: [{lists}] }},");
    let snapshot = changing(&[
        (INGRESS, &named("ported, london")),
        ("replacement: \"4420\"", "replacement: \"44904420\""),
        ("entries: [\"4420\"], tag", "entries: [\"449044\"], tag"),
    ]);
    // What it makes stands in the list again, and is left as it is.
    let plan = routed(&snapshot, "4490223");
    assert_eq!(&*plan.numbers.called, "44904420223");
    assert_eq!(plan.tags.iter().count(), 1);
    let before = changing(&[(INGRESS, &named("london, ported"))]);
    assert!(routed(&before, "4490223").tags.is_empty());
}

#[test]
fn routes_ask_for_tags_that_lists_put_on_calls() {
    let snapshot = changing(&[(INGRESS, "customer: Meridian, numbers: { lists: [london] },")]);
    let names = |called| trunks(&snapshot, &routed(&snapshot, called));
    // Trunks with a route go before those without one.
    assert_eq!(names("442071"), ["zenith-out", "acme-out"]);
    assert_eq!(names("441212"), ["acme-out", "zenith-out"]);
    let explained = explain(&small::call("442071", 1), &snapshot);
    assert_eq!(explained.tags, ["london".into()]);
    assert_eq!(explained.routes[0].route.as_deref(), Some("for-london"));
    assert_eq!(explained.routes[1].route, None);
    assert_eq!(
        steps(&snapshot, "442071"),
        ["number list \"london\" tags the call london"]
    );
}

#[test]
fn a_list_of_a_carrier_or_of_its_trunk_rewrites_what_is_sent() {
    let snapshot = changing(&[
        (
            ACME,
            "name: Acme\nspec: { numbers: { lists: [ported], called_rules: dial-out } }",
        ),
        (
            ACME_OUT,
            "carrier: Acme, numbers: { lists: [premium, hide-callers] },",
        ),
    ]);
    let plan = routed(&snapshot, "4490223");
    // What is refused is what the carrier's list left: 449 is not it.
    assert_eq!(trunks(&snapshot, &plan), ["acme-out", "zenith-out"]);
    let sent = |place: usize| {
        let sent =
            plan.candidates[place].numbers_to_send(&snapshot, &plan.numbers, &mut DryAdmission, 0);
        (sent.called.to_string(), sent.calling.to_string())
    };
    assert_eq!(sent(0), ("020223".to_owned(), "442079460000".to_owned()));
    assert_eq!(sent(1), ("4490223".to_owned(), "4420".to_owned()));
    assert_eq!(&*plan.numbers.called, "4490223");
}

#[test]
fn a_number_that_a_list_makes_too_short_is_refused_or_leaves_the_route_out() {
    let lists = "numbers: { lists: [much-too-short] },";
    let ingress = changing(&[(INGRESS, &format!("customer: Meridian, {lists}"))]);
    assert_eq!(refused(&ingress, "442012"), ReleaseReason::InvalidNumber);
    assert_eq!(
        steps(&ingress, "442012"),
        ["after number list \"much-too-short\" the called number has fewer than 3 digits"]
    );
    let egress = changing(&[(ACME_OUT, &format!("carrier: Acme, {lists}"))]);
    let plan = routed(&egress, "442012");
    assert_eq!(trunks(&egress, &plan), ["zenith-out"]);
}

#[test]
fn tags_that_could_not_be_put_on_a_call_are_told_when_the_snapshot_is_made() {
    let mut text = format!("{WORLD}{SHARED}{CHANGING}");
    let nine: Vec<_> = (0..9).map(|index| format!("tags-{index}")).collect();
    for name in &nine {
        text.push_str(&format!(
            "---\nkind: number_list\nname: {name}\nspec: {{ action: tag, tag: {name} }}\n"
        ));
    }
    let lists = format!(
        "customer: Meridian, numbers: {{ lists: [{}] }},",
        nine.join(", ")
    );
    let text = text.replace(INGRESS, &lists).replace(
        ACME,
        "name: Acme\nspec: { numbers: { lists: [premium, london] } }",
    );
    let problems = Snapshot::compile(1, &resources(&text), None).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "carrier \"Acme\": numbers.lists[1]: number list \"london\" tags calls: only customers \
             and ingress trunks can name it",
            "trunk \"meridian-in\": numbers.lists: its lists and those of its customer put 9 tags on a \
             call: at most 8 are possible",
        ]
    );
}

const CUSTOMER: &str = "spec: { rate_card: retail }";
const INGRESS: &str = "customer: Meridian,";
const ACME: &str = "name: Acme\nspec: {}";
const ACME_OUT: &str = "carrier: Acme,";

#[test]
fn a_number_comes_in_by_the_rules_of_the_trunk_and_then_of_the_customer() {
    let snapshot = snapshot(&[
        (
            CUSTOMER,
            "spec: { rate_card: retail, numbers: { called_rules: short-code } }",
        ),
        (
            INGRESS,
            "customer: Meridian, numbers: { called_rules: national, calling_rules: plus },",
        ),
    ]);
    let plan = routed(&snapshot, "099912");
    assert_eq!(&*plan.numbers.called, "44207946012");
    assert_eq!(&*plan.numbers.calling, "+4420");
    assert_eq!(&*routed(&snapshot, "442071").numbers.called, "442071");
}

#[test]
fn a_number_goes_out_by_the_rules_of_the_carrier_and_then_of_the_trunk() {
    let snapshot = snapshot(&[
        (
            ACME,
            "name: Acme\nspec: { numbers: { called_rules: dial-out } }",
        ),
        (
            ACME_OUT,
            "carrier: Acme, numbers: { calling_rules: plus }, called_number: { add_prefix: '77' },",
        ),
    ]);
    let plan = routed(&snapshot, "442071");
    let sent = |trunk: &str| {
        let candidate = plan.candidates.iter();
        let mut candidates =
            candidate.filter(|route| &*route.egress_trunk(&snapshot).resource.name == trunk);
        let route = candidates.next().unwrap();
        let sent = route.numbers_to_send(&snapshot, &plan.numbers, &mut DryAdmission, 0);
        (sent.called.to_string(), sent.calling.to_string())
    };
    assert_eq!(sent("acme-out"), ("7702071".to_owned(), "+4420".to_owned()));
    assert_eq!(sent("zenith-out"), ("442071".to_owned(), "4420".to_owned()));
}

#[test]
fn a_list_of_the_customer_or_of_its_trunk_refuses_the_call_and_takes_no_channel() {
    let cases = [
        (
            CUSTOMER,
            "spec: { rate_card: retail, numbers: { lists: [britain, premium] } }",
        ),
        (
            INGRESS,
            "customer: Meridian, numbers: { lists: [premium, britain] },",
        ),
    ];
    for case in cases {
        let snapshot = snapshot(&[case]);
        assert_eq!(refused(&snapshot, "449012"), ReleaseReason::NumberRefused);
        assert_eq!(refused(&snapshot, "33123"), ReleaseReason::NumberRefused);
        let plan = routed(&snapshot, "442071");
        let [customer] = snapshot.customers() else {
            panic!()
        };
        assert_eq!(customer.channels_in_use(), 1, "that of the plan");
        drop(plan);
    }
}

#[test]
fn a_list_may_look_at_who_calls() {
    let policy = "customer: Meridian, numbers: { lists: [own-callers] },";
    let snapshot = snapshot(&[(INGRESS, policy)]);
    let mut call = small::call("442071", 1_000_000);
    for (calling, passes) in [
        ("4420", true),
        ("+442071838750", true),
        ("44207183875", false),
        ("anonymous", false),
        ("", false),
    ] {
        call.calling = calling;
        let explanation = explain(&call, &snapshot);
        assert_eq!(explanation.routes.is_empty(), !passes, "{calling}");
    }
}

#[test]
fn a_list_may_look_at_the_asserted_number_where_the_trunk_believes_it() {
    let asserted = "action: allow, number: asserted, matching: exact";
    let policy = |identity: &str| {
        format!("customer: Meridian, identity: {identity}, numbers: {{ lists: [own-callers] }},")
    };
    let shown = ShownIdentity {
        p_asserted_identity: Some("+442071838750"),
        remote_party_id: Some("4420"),
        is_private: false,
    };
    let neither = ShownIdentity::of_believed(Some("33142685300"), false);
    for (identity, from, shown, passes) in [
        (
            "{ asserted: p_asserted_identity }",
            "anonymous",
            shown,
            true,
        ),
        ("{ asserted: remote_party_id }", "anonymous", shown, true),
        ("{ asserted: both }", "4420", neither, false),
        // What is not believed is not looked at, and From counts where nothing is.
        ("{ asserted: off }", "4420", neither, true),
        ("{ asserted: off }", "anonymous", shown, false),
        ("{ asserted: both }", "4420", ShownIdentity::default(), true),
    ] {
        let snapshot = snapshot(&[
            (INGRESS, &policy(identity)),
            ("action: allow, number: calling, matching: exact", asserted),
        ]);
        let mut call = small::call("442071", 1_000_000);
        (call.calling, call.identity) = (from, shown);
        let (decision, record) = decide_noted(&call, &snapshot, &mut LiveAdmission);
        let is_routed = matches!(decision, Decision::Route(_));
        assert_eq!(is_routed, passes, "{identity} {from}");
        // Who called stands in the record: the decision is made again without the INVITE.
        let mut recorded = RecordedAdmission::new(&record, &[]).unwrap();
        let noted = recorded.identity();
        call.identity = noted.shown();
        let (again, is_same) = explain_again(&call, &snapshot, &mut recorded);
        assert_eq!(
            (again.accepted, is_same),
            (passes, true),
            "{identity} {from}"
        );
    }
}

#[test]
fn an_asserted_number_that_a_list_rewrites_is_sent_as_the_asserted_one() {
    let snapshot = changing(&[
        (
            INGRESS,
            "customer: Meridian, identity: { asserted: both }, numbers: { lists: [hide-callers] },",
        ),
        (
            "number: calling, entries: [\"4\"]",
            "number: asserted, entries: [\"4\"]",
        ),
    ]);
    let mut call = small::call("442071", 1_000_000);
    let sent = |call: &CallRequest<'_>| {
        let plan = match decide_noted(call, &snapshot, &mut LiveAdmission).0 {
            Decision::Route(plan) => plan,
            Decision::Reject(rejection) => panic!("{rejection:?}"),
        };
        let sent =
            plan.candidates[0].numbers_to_send(&snapshot, &plan.numbers, &mut DryAdmission, 0);
        (
            sent.calling.to_string(),
            sent.asserted.map(|number| number.to_string()),
        )
    };
    assert_eq!(sent(&call), ("442079460000".to_owned(), None));
    call.identity = ShownIdentity::of_believed(Some("447700900123"), false);
    assert_eq!(
        sent(&call),
        ("4420".to_owned(), Some("442079460000".to_owned()))
    );
}

#[test]
fn a_list_of_a_carrier_or_of_its_trunk_leaves_its_route_out() {
    let cases = [
        (ACME, "name: Acme\nspec: { numbers: { lists: [premium] } }"),
        (ACME_OUT, "carrier: Acme, numbers: { lists: [premium] },"),
    ];
    for case in cases {
        let snapshot = snapshot(&[case]);
        let names = |called| trunks(&snapshot, &routed(&snapshot, called));
        assert_eq!(names("442071"), ["acme-out", "zenith-out"]);
        assert_eq!(names("449012"), ["zenith-out"]);
        let explanation = explain(&small::call("449012", 1), &snapshot);
        let acme = explanation
            .routes
            .iter()
            .find(|route| &*route.trunk == "acme-out")
            .unwrap();
        assert_eq!(acme.reason, Some("number_refused"));
        let detail = acme.detail.as_deref().unwrap();
        assert_eq!(
            detail,
            "number list \"premium\" does not let the call through"
        );
    }
}

#[test]
fn when_lists_leave_no_route_there_is_none() {
    let lists = "numbers: { lists: [premium] },";
    let snapshot = snapshot(&[
        (ACME_OUT, &format!("carrier: Acme, {lists}")),
        ("carrier: Zenith,", &format!("carrier: Zenith, {lists}")),
    ]);
    assert_eq!(refused(&snapshot, "449012"), ReleaseReason::NoRoute);
}

#[test]
fn an_explanation_names_the_list_that_refused() {
    let policy = "customer: Meridian, numbers: { lists: [premium] },";
    let snapshot = snapshot(&[(INGRESS, policy)]);
    let mut call = small::call("449012", 1);
    call.source = Source::Customer("Meridian");
    let explanation = explain(&call, &snapshot);
    let last = explanation.steps.last().unwrap();
    assert_eq!(
        (last.step, &*last.detail),
        (
            "number_list",
            "number list \"premium\" does not let the call through",
        )
    );
}

#[test]
fn names_that_lead_nowhere_are_told_with_their_field() {
    let text = format!("{WORLD}{SHARED}")
        .replace(
            INGRESS,
            "customer: Meridian, numbers: { lists: [premium, gone], calling_rules: lost },",
        )
        .replace(
            ACME,
            "name: Acme\nspec: { numbers: { called_rules: lost } }",
        );
    let problems = Snapshot::compile(1, &resources(&text), None).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "carrier \"Acme\": numbers.called_rules: there are no translation rules \"lost\"",
            "trunk \"meridian-in\": numbers.calling_rules: there are no translation rules \"lost\"",
            "trunk \"meridian-in\": numbers.lists[1]: there is no number list \"gone\"",
        ]
    );
}

#[test]
fn a_blocked_class_refuses_the_call_and_takes_no_channel() {
    let cases = [
        (
            CUSTOMER,
            "spec: { rate_card: retail, numbers: { blocked_classes: [premium_rate, mobile] } }",
        ),
        (
            INGRESS,
            "customer: Meridian, numbers: { blocked_classes: [mobile, premium_rate] },",
        ),
    ];
    for case in cases {
        let snapshot = snapshot(&[case]);
        let blocked = ReleaseReason::NumberClassBlocked;
        assert_eq!(refused(&snapshot, "447911123456"), blocked);
        // A digit too many does not get past it.
        assert_eq!(refused(&snapshot, "+4490987900001"), blocked);
        let plan = routed(&snapshot, "442071838750");
        let [customer] = snapshot.customers() else {
            panic!()
        };
        assert_eq!(customer.channels_in_use(), 1, "that of the plan");
        drop(plan);
    }
}

#[test]
fn a_number_that_cannot_be_is_refused_as_far_as_is_asked() {
    let asked = |validation: &str| {
        let spec =
            format!("spec: {{ rate_card: retail, numbers: {{ validation: {validation} }} }}");
        snapshot(&[(CUSTOMER, &spec)])
    };
    // Of a length that there is, in a range that there is not; of a length that there is not.
    let (no_range, no_length) = ("441071838750", "44207183");
    let off = asked("off");
    assert_eq!(&*routed(&off, no_length).numbers.called, no_length);
    let possible = asked("possible");
    assert_eq!(&*routed(&possible, no_range).numbers.called, no_range);
    assert_eq!(refused(&possible, no_length), ReleaseReason::InvalidNumber);
    let valid = asked("valid");
    assert_eq!(refused(&valid, no_range), ReleaseReason::InvalidNumber);
    assert_eq!(
        &*routed(&valid, "442071838750").numbers.called,
        "442071838750"
    );
}

#[test]
fn a_class_of_a_carrier_or_of_its_trunk_leaves_its_routes_out_and_the_explanation_says_so() {
    let cases = [
        (
            ACME,
            "name: Acme\nspec: { numbers: { blocked_classes: [mobile], validation: possible } }",
        ),
        (
            ACME_OUT,
            "carrier: Acme, numbers: { blocked_classes: [mobile], validation: possible },",
        ),
    ];
    for case in cases {
        let snapshot = snapshot(&[case]);
        let lost = |called: &str| {
            let explanation = explain(&small::call(called, 1), &snapshot);
            let mut routes = explanation.routes.into_iter();
            let acme = routes.find(|route| &*route.trunk == "acme-out").unwrap();
            (acme.reason, acme.detail)
        };
        let (reason, detail) = lost("447911123456");
        assert_eq!(reason, Some("number_class_blocked"));
        assert_eq!(
            detail.as_deref(),
            Some("the carrier does not take a mobile")
        );
        assert_eq!(lost("44207183").0, Some("invalid_number"));
        assert_eq!(lost("442071838750").0, None);
        let names = |called| trunks(&snapshot, &routed(&snapshot, called));
        assert_eq!(names("447911123456"), ["zenith-out"]);
        assert_eq!(names("442071838750"), ["acme-out", "zenith-out"]);
    }
}

#[test]
fn an_explanation_names_the_class_and_the_country() {
    let blocked = "spec: { rate_card: retail, numbers: { blocked_classes: [premium_rate] } }";
    let snapshot = snapshot(&[(CUSTOMER, blocked)]);
    let class = |called: &str| {
        let mut steps = explain(&small::call(called, 1), &snapshot)
            .steps
            .into_iter();
        steps.find(|step| step.step == "class").unwrap().detail
    };
    assert_eq!(class("442071838750"), "a fixed line of GB");
    assert_eq!(class("44207183"), "a number of no known class");
    assert_eq!(
        class("449098790000"),
        "a premium-rate number of GB: this class is blocked"
    );
}

#[test]
fn a_list_that_rewrites_into_a_blocked_class_does_not_get_past_it() {
    // `ported` makes a fixed line of London of it.
    let called = "449071838750";
    let policy = "numbers: { lists: [ported], blocked_classes: [fixed_line] }";
    let ours = changing(&[(INGRESS, &format!("customer: Meridian, {policy},"))]);
    assert_eq!(refused(&ours, called), ReleaseReason::NumberClassBlocked);

    let theirs = changing(&[(ACME_OUT, &format!("carrier: Acme, {policy},"))]);
    let explanation = explain(&small::call(called, 1), &theirs);
    let mut routes = explanation.routes.into_iter();
    let acme = routes.find(|route| &*route.trunk == "acme-out").unwrap();
    assert_eq!(acme.reason, Some("number_class_blocked"));
}
