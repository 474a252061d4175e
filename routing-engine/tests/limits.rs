//! Limits of routes, of gateways that trunks share and of calls to one number, and the holding of calls.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::cdr::ReleaseReason;
use routing_engine::explain::{RouteStatus, explain};
use routing_engine::limits::HeldChannels;
use routing_engine::{Candidate, Decision, NoTrace, PromptAdmission, RoutePlan, Snapshot, decide};
use small::{WORLD, call, changed, place, resources, routed};

const UK: &str = "441212345678";
const LONDON: &str = "442071234567";

const GATEWAYS: &str = r#"
---
kind: gateway
name: east
spec: { carrier: Zenith, address: "192.0.2.50:5060", channel_limit: 1 }
---
kind: gateway
name: west
spec: { carrier: Zenith, address: "192.0.2.51:5060", channel_limit: 1 }
"#;

/// Zenith's trunk, and one more that shares the gateway in the east.
fn with_gateways(trunk: &str, more: &str) -> String {
    let own = r#"gateway: "192.0.2.2:5060""#;
    assert!(WORLD.contains(own));
    WORLD.replace(own, trunk) + GATEWAYS + more
}

fn compiled(text: &str) -> Snapshot {
    Snapshot::compile(1, &resources(text), None).unwrap_or_else(|p| panic!("{p:#?}"))
}

fn problems(text: &str) -> Vec<String> {
    let problems = Snapshot::compile(1, &resources(text), None).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

fn reason(snapshot: &Snapshot, called: &str, now_us: u64) -> Option<ReleaseReason> {
    match place(snapshot, called, now_us) {
        Decision::Route(_) => None,
        Decision::Reject(rejection) => Some(rejection.reason),
    }
}

/// The candidate of a trunk.
fn by(snapshot: &Snapshot, plan: &RoutePlan, trunk: &str) -> Candidate {
    let mut candidates = plan.candidates.iter();
    let is_it = |candidate: &&Candidate| *candidate.egress_trunk(snapshot).resource.name == *trunk;
    *candidates.find(is_it).unwrap()
}

const SHARED: &str = "shared_gateways: [{ gateway: east }, { gateway: west, priority: 200 }]";

#[test]
fn trunks_that_name_one_gateway_share_its_limit() {
    let other = "---\nkind: trunk\nname: zenith-too\nspec: { direction: egress, carrier: Zenith, \
                 rate_card: zenith-buy, shared_gateways: [{ gateway: east }] }\n";
    let snapshot = compiled(&with_gateways(SHARED, other));
    let plan = routed(&snapshot, UK);
    let one = by(&snapshot, &plan, "zenith-out");
    let two = by(&snapshot, &plan, "zenith-too");
    let held = one.admit(&snapshot, 0, 0).unwrap();
    let full = Some(ReleaseReason::GatewayChannelLimit);
    assert_eq!(two.admit(&snapshot, 0, 0).err(), full);
    assert_eq!(one.admit(&snapshot, 0, 0).err(), full);
    let in_the_west = one.admit(&snapshot, 1, 0).unwrap();
    let explained = explain(&call(UK, 0), &snapshot);
    let told = |trunk: &str| {
        let mut routes = explained.routes.iter();
        let route = routes.find(|route| *route.trunk == *trunk).unwrap();
        (route.status, route.reason)
    };
    let lost = (RouteStatus::Lost, Some("gateway_channel_limit"));
    assert_eq!([told("zenith-out"), told("zenith-too")], [lost; 2]);
    assert_eq!(told("acme-out"), (RouteStatus::Chosen, None));
    let names: Vec<_> = snapshot
        .shared_channels()
        .map(|(_, resource, in_use)| (resource.name.to_string(), in_use))
        .collect();
    assert_eq!(names, [("east".to_owned(), 1), ("west".to_owned(), 1)]);
    drop(held);
    assert!(two.admit(&snapshot, 0, 0).is_ok());
    drop(in_the_west);
    assert!(snapshot.shared_channels().all(|(.., in_use)| in_use == 0));
}

#[test]
fn a_gateway_that_is_switched_off_is_left_out_and_a_trunk_with_no_other_closes() {
    let text = with_gateways(SHARED, "")
        .replace("192.0.2.50:5060\"", "192.0.2.50:5060\", status: inactive");
    let snapshot = compiled(&text);
    let plan = routed(&snapshot, UK);
    let trunk = by(&snapshot, &plan, "zenith-out").egress_trunk(&snapshot);
    assert_eq!(trunk.gateways.all().len(), 1);
    assert_eq!(trunk.gateways.first().place.to_string(), "192.0.2.51:5060");
    let text = text.replace("192.0.2.51:5060\"", "192.0.2.51:5060\", status: inactive");
    let snapshot = compiled(&text);
    let explained = explain(&call(UK, 0), &snapshot);
    let mut routes = explained.routes.iter();
    let closed = routes.find(|route| *route.trunk == *"zenith-out").unwrap();
    assert_eq!(closed.reason, Some("gateways_inactive"));
    assert_eq!(explained.routes[0].trunk.as_ref(), "acme-out");
}

#[test]
fn what_a_trunk_cannot_name_is_a_problem_of_its_field() {
    let faults = |trunk: &str| problems(&with_gateways(trunk, ""));
    let none = faults("shared_gateways: [{ gateway: north }]");
    assert!(
        none[0].contains("shared_gateways[0].gateway") && none[0].contains("north"),
        "{none:?}"
    );
    let twice = faults(r#"gateway: "192.0.2.50:5060", shared_gateways: [{ gateway: east }]"#);
    assert!(twice[0].contains("shared_gateways[0].gateway"), "{twice:?}");
    let listener = r#"listener: "[2001:db8::1]:5060", shared_gateways: [{ gateway: east }]"#;
    assert!(faults(listener)[0].contains("another family"));
    let of_others = with_gateways(SHARED, "").replace(
        "carrier: Zenith, address: \"192.0.2.50",
        "carrier: Acme, address: \"192.0.2.50",
    );
    assert!(problems(&of_others)[0].contains("carrier \"Acme\""));
}

#[test]
fn calls_of_a_gateway_stay_counted_while_no_trunk_names_it() {
    let first = compiled(&with_gateways(SHARED, ""));
    let plan = routed(&first, UK);
    let _held = by(&first, &plan, "zenith-out").admit(&first, 0, 0).unwrap();
    let without = resources(&(WORLD.to_owned() + GATEWAYS));
    let without = Snapshot::compile(2, &without, Some(&first)).unwrap();
    let again = resources(&with_gateways(SHARED, ""));
    let again = Snapshot::compile(3, &again, Some(&without)).unwrap();
    let refused = by(&again, &routed(&again, UK), "zenith-out").admit(&again, 0, 0);
    assert_eq!(refused.err(), Some(ReleaseReason::GatewayChannelLimit));
}

#[test]
fn a_route_that_is_full_leaves_its_calls_to_other_trunks() {
    for (limit, reason) in [
        ("channel_limit: 1", ReleaseReason::RouteChannelLimit),
        ("cps_limit: 1", ReleaseReason::RouteCpsLimit),
    ] {
        let route = format!(
            "---\nkind: route\nname: r\nspec: {{ carrier: Zenith, prefixes: [\"44\"], {limit} }}\n"
        );
        let snapshot = compiled(&(WORLD.to_owned() + &route));
        let plan = routed(&snapshot, UK);
        let [zenith, acme] = [plan.candidates[0], plan.candidates[1]];
        let held = zenith.admit(&snapshot, 0, 1_000_000).unwrap();
        assert_eq!(held.len(), 3, "carrier, trunk, route");
        assert_eq!(zenith.admit(&snapshot, 0, 1_000_000).err(), Some(reason));
        assert!(acme.admit(&snapshot, 0, 1_000_000).is_ok());
        let explained = explain(&call(UK, 1_000_000), &snapshot);
        let code = serde_json::to_value(reason).unwrap();
        assert_eq!(explained.routes[0].reason.unwrap(), code);
        drop(held);
        assert!(zenith.admit(&snapshot, 0, 3_000_000).is_ok());
    }
}

#[test]
fn calls_to_one_number_are_limited_and_others_are_not() {
    for (from, to) in [
        (
            "rate_card: retail }",
            "rate_card: retail, called_number_channel_limit: 2 }",
        ),
        (
            "customer: Meridian,",
            "customer: Meridian, called_number_channel_limit: 2,",
        ),
    ] {
        let snapshot = Snapshot::compile(1, &changed(from, to), None).unwrap();
        let held = [routed(&snapshot, UK), routed(&snapshot, &format!("+{UK}"))];
        assert_eq!(
            (held[0].permits.len(), held[0].number_permits.len()),
            (2, 1)
        );
        let full = Some(ReleaseReason::CalledNumberChannelLimit);
        assert_eq!(reason(&snapshot, UK, 0), full);
        assert_eq!(explain(&call(UK, 0), &snapshot).reason, full);
        assert_eq!(reason(&snapshot, LONDON, 0), None);
        assert_eq!(snapshot.calls_to_limited_numbers(), 2);
        assert_eq!(
            snapshot.customers()[0].channels_in_use(),
            2,
            "the refused took none"
        );
        let mut of_calls = HeldChannels::default();
        for plan in &held {
            of_calls.note(&plan.permits);
            of_calls.note_numbers(&plan.number_permits);
        }
        assert_eq!(snapshot.drift(&of_calls), []);
        assert_eq!(snapshot.drift(&HeldChannels::default()).len(), 3);
        // A push while they are up.
        let next = Snapshot::compile(2, &changed(from, to), Some(&snapshot)).unwrap();
        assert_eq!(reason(&next, UK, 0), full);
        drop(held);
        assert_eq!(reason(&next, UK, 0), None);
    }
}

#[test]
fn calls_a_second_to_one_number_are_limited() {
    let limit = "rate_card: retail, called_number_cps_limit: 1 }";
    let snapshot = Snapshot::compile(1, &changed("rate_card: retail }", limit), None).unwrap();
    let full = Some(ReleaseReason::CalledNumberCpsLimit);
    let found = [1_000_000, 1_500_000, 2_000_000].map(|now_us| reason(&snapshot, UK, now_us));
    assert_eq!(found, [None, full, None]);
    assert_eq!(reason(&snapshot, LONDON, 1_500_000), None);
}

#[test]
fn a_call_beyond_the_pace_is_held_until_it_is_due_and_refused_beyond_the_bound() {
    let limit = "rate_card: retail, cps_limit: 2, cps_smoothing_ms: 1000 }";
    let snapshot = Snapshot::compile(1, &changed("rate_card: retail }", limit), None).unwrap();
    let hold = |now_us| match place(&snapshot, UK, now_us) {
        Decision::Route(plan) => Ok(plan.hold_us),
        Decision::Reject(rejection) => Err(rejection.reason),
    };
    assert_eq!(hold(1_000_000), Ok(0));
    let explained = explain(&call(UK, 1_000_000), &snapshot);
    let admitted = explained
        .steps
        .iter()
        .find(|step| step.step == "admit")
        .unwrap();
    assert!(
        admitted.detail.contains("hold it for 500 ms"),
        "{admitted:?}"
    );
    let mut prompt = PromptAdmission;
    let decision = decide(&call(UK, 1_000_000), &snapshot, &mut prompt, &mut NoTrace);
    assert!(
        matches!(decision, Decision::Reject(_)),
        "who cannot hold it"
    );
    assert_eq!(hold(1_000_000), Ok(500_000));
    assert_eq!(hold(1_000_000), Ok(1_000_000));
    assert_eq!(hold(1_000_000), Err(ReleaseReason::CustomerCpsLimit));
    assert_eq!(hold(1_600_000), Ok(900_000));
}

#[test]
fn what_is_deleted_and_brought_back_keeps_counting_the_calls_that_are_up() {
    let limited = |kind: &str| match kind {
        "customer" => WORLD.replace(
            "rate_card: retail }",
            "rate_card: retail, channel_limit: 1 }",
        ),
        "ingress trunk" => WORLD.replace(
            "customer: Meridian,",
            "customer: Meridian, channel_limit: 1,",
        ),
        "carrier" => WORLD.replace(
            "name: Zenith\nspec: {}",
            "name: Zenith\nspec: { channel_limit: 1 }",
        ),
        _ => WORLD.replace("carrier: Zenith,", "carrier: Zenith, channel_limit: 1,"),
    };
    // What is left when the resource and what names it are gone, each with its identifier of before.
    let without = |text: &str, gone: &[&str]| {
        let mut left = resources(text);
        let stays = |name: &str| !gone.contains(&name);
        left.customers.retain(|one| stays(&one.name));
        left.carriers.retain(|one| stays(&one.name));
        left.trunks.retain(|one| stays(&one.name));
        left
    };
    let places: [(&str, &[&str]); 4] = [
        ("customer", &["Meridian", "meridian-in"]),
        ("ingress trunk", &["meridian-in"]),
        ("carrier", &["Zenith", "zenith-out"]),
        ("egress trunk", &["zenith-out"]),
    ];
    for (kind, gone) in places {
        let text = limited(kind);
        assert_ne!(text, WORLD, "{kind}");
        let first = Snapshot::compile(1, &resources(&text), None).unwrap();
        let plan = routed(&first, UK);
        let taken = by(&first, &plan, "zenith-out").admit(&first, 0, 0).unwrap();
        // Gone over several pushes, and the first snapshot with them.
        let mut last = Snapshot::compile(2, &without(&text, gone), Some(&first)).unwrap();
        drop(first);
        for number in 3..6 {
            last = Snapshot::compile(number, &without(&text, gone), Some(&last)).unwrap();
        }
        let back = Snapshot::compile(6, &resources(&text), Some(&last)).unwrap();
        let is_full = || match place(&back, UK, 9_000_000) {
            Decision::Reject(rejection) => {
                use ReleaseReason::{CustomerChannelLimit, TrunkChannelLimit};
                [CustomerChannelLimit, TrunkChannelLimit].contains(&rejection.reason)
            }
            Decision::Route(plan) => {
                let admitted = by(&back, &plan, "zenith-out").admit(&back, 0, 9_000_000);
                admitted.is_err()
            }
        };
        assert!(is_full(), "{kind}: the call is up");
        drop(taken);
        drop(plan);
        assert!(!is_full(), "{kind}: its end was counted");
        assert_eq!(back.drift(&HeldChannels::default()), [], "{kind}");
        // Nothing is kept of what no call holds.
        let gone_again = Snapshot::compile(7, &without(&text, gone), Some(&back)).unwrap();
        assert_eq!(gone_again.drift(&HeldChannels::default()), [], "{kind}");
    }
}
