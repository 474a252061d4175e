//! Money as a decision meets it: refusals and their reasons, looks that take nothing, decisions of the past,
//! and accounts that outlive snapshots.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::Amount;
use rating::cdr::{PassedOver, ReleaseReason};
use routing_engine::credit::CreditAccount;
use routing_engine::explain::{Explanation, StepOutcome, explain, explain_again};
use routing_engine::resources::ResourceKind;
use routing_engine::{Decision, LiveAdmission, RecordedAdmission, Snapshot, decide_noted};
use small::{call, changed, place, resources, routed, trunks};
use std::sync::Arc;

const CALLED: &str = "4420123";
const PREPAID: &str = "{ rate_card: retail, billing: { mode: prepaid } }";

fn with_customer(number: u64, spec: &str, previous: Option<&Snapshot>) -> Snapshot {
    let resources = changed("{ rate_card: retail }", spec);
    Snapshot::compile(number, &resources, previous).unwrap_or_else(|p| panic!("{p:#?}"))
}

fn account(snapshot: &Snapshot, kind: ResourceKind, place: usize) -> Arc<CreditAccount> {
    let mut of_kind = snapshot.accounts().filter(|((known, _), _)| *known == kind);
    Arc::clone(of_kind.nth(place).unwrap().1)
}

fn pay(snapshot: &Snapshot, nanos: i64) {
    account(snapshot, ResourceKind::Customer, 0).set_base(Amount(nanos));
}

fn refused(snapshot: &Snapshot) -> ReleaseReason {
    match place(snapshot, CALLED, 1_000_000) {
        Decision::Reject(rejection) => {
            assert!(rejection.customer_rate.is_some(), "the price is known");
            rejection.reason
        }
        Decision::Route(plan) => panic!("{plan:?}"),
    }
}

fn credit_step(explanation: &Explanation) -> Option<(StepOutcome, &str)> {
    let mut steps = explanation.steps.iter();
    let step = steps.find(|step| step.step == "credit")?;
    Some((step.outcome, &step.detail))
}

#[test]
fn a_customer_without_terms_spends_what_it_likes_and_is_asked_nothing() {
    let snapshot = with_customer(1, "{ rate_card: retail, cps_limit: 99 }", None);
    pay(&snapshot, -1);
    let plan = routed(&snapshot, CALLED);
    assert!(plan.credit.is_none());
    let explanation = explain(&call(CALLED, 2_000_000), &snapshot);
    assert_eq!(credit_step(&explanation), None);
    let postpaid = "{ rate_card: retail, billing: { mode: postpaid } }";
    let snapshot = with_customer(1, postpaid, None);
    assert!(
        routed(&snapshot, CALLED).credit.is_none(),
        "no limit is set"
    );
}

#[test]
fn a_plan_holds_the_money_of_its_first_slice_and_gives_it_back() {
    let snapshot = with_customer(1, PREPAID, None);
    pay(&snapshot, 1_000_000_000);
    let plan = routed(&snapshot, CALLED);
    let held = plan.credit.as_ref().unwrap();
    // Half of a minute's price would be more than half of what is there.
    assert_eq!((held.until_s(), held.amount()), (60, Amount(20_000_000)));
    let figures = || snapshot.customers()[0].credit_figures();
    assert_eq!(figures().reserved, Amount(20_000_000));
    drop(plan);
    assert_eq!(figures().reserved, Amount::ZERO);
}

#[test]
fn a_call_without_a_route_holds_no_money() {
    let snapshot = with_customer(1, PREPAID, None);
    pay(&snapshot, 1_000_000_000);
    // Sold, and bought nowhere.
    let Decision::Reject(rejection) = place(&snapshot, "79991234567", 1_000_000) else {
        panic!("it has a route");
    };
    assert_eq!(rejection.reason, ReleaseReason::NoRoute);
    let figures = snapshot.customers()[0].credit_figures();
    assert_eq!((figures.reserved, figures.calls), (Amount::ZERO, 0));
}

#[test]
fn what_is_missing_is_told_and_explained() {
    let with = |billing: &str| format!("{{ rate_card: retail, billing: {{ {billing} }} }}");
    let cases = [
        (
            "mode: prepaid",
            ReleaseReason::InsufficientCredit,
            "the balance and the credit limit of 0 USD are not enough for the beginning of the call",
        ),
        (
            "mode: postpaid, daily_spend_limit: '0.01'",
            ReleaseReason::DailySpendLimit,
            "the beginning of the call would cost more than is left of the 0.01 USD that its calls of a day may cost",
        ),
    ];
    for (billing, reason, detail) in cases {
        let snapshot = with_customer(1, &with(billing), None);
        let account = account(&snapshot, ResourceKind::Customer, 0);
        account.begin_day(Amount(10_000_000), rating::Timestamp(0));
        assert_eq!(refused(&snapshot), reason);
        let before = account.figures();
        let explanation = explain(&call(CALLED, 2_000_000), &snapshot);
        assert_eq!(explanation.reason, Some(reason));
        assert_eq!(
            credit_step(&explanation),
            Some((StepOutcome::Refused, detail))
        );
        assert_eq!(account.figures(), before);
    }
}

#[test]
fn an_explanation_takes_no_money() {
    let snapshot = with_customer(1, PREPAID, None);
    pay(&snapshot, 1_000_000_000);
    let before = snapshot.customers()[0].credit_figures();
    let explanation = explain(&call(CALLED, 1_000_000), &snapshot);
    assert!(explanation.accepted);
    let (outcome, _) = credit_step(&explanation).unwrap();
    assert_eq!(outcome, StepOutcome::Passed);
    assert_eq!(snapshot.customers()[0].credit_figures(), before);
}

#[test]
fn a_decision_of_the_past_is_made_again_whatever_money_there_is_now() {
    let live = with_customer(1, PREPAID, None);
    let past = with_customer(1, PREPAID, None);
    for (then, now) in [(0, 1_000_000_000), (1_000_000_000, 0)] {
        pay(&live, then);
        pay(&past, now);
        let (decision, record) = decide_noted(&call(CALLED, 1_000_000), &live, &mut LiveAdmission);
        let was_routed = matches!(decision, Decision::Route(_));
        assert_eq!(was_routed, then > 0);
        let mut recorded = RecordedAdmission::new(&record, &[]).unwrap();
        let (explanation, is_same) = explain_again(&call(CALLED, 1_000_000), &past, &mut recorded);
        assert!(is_same);
        assert_eq!(explanation.accepted, was_routed);
    }
}

#[test]
fn a_carrier_that_is_owed_too_much_is_passed_over_and_the_reason_is_kept() {
    let stopped = "name: Zenith\nspec: { billing: { balance_stop: '5' } }";
    let compile = || {
        let resources = changed("name: Zenith\nspec: {}", stopped);
        Snapshot::compile(1, &resources, None).unwrap()
    };
    let snapshot = compile();
    let plan = routed(&snapshot, CALLED);
    assert_eq!(trunks(&snapshot, &plan)[0], "acme-out");
    let zenith = snapshot
        .carriers()
        .iter()
        .position(|one| &*one.resource.name == "Zenith");
    let owed = account(&snapshot, ResourceKind::Carrier, zenith.unwrap());
    let admitted = |snapshot: &Snapshot| {
        let mut candidates = plan.candidates.iter();
        let is_zenith = |name: &str| name == "zenith-out";
        let candidate = candidates
            .find(|route| is_zenith(&route.egress_trunk(snapshot).resource.name))
            .unwrap();
        candidate.admit(snapshot, 0, 1_000_000).map(drop)
    };
    owed.set_base(Amount(-4_999_999_999));
    assert_eq!(admitted(&snapshot), Ok(()));
    owed.charge(Amount(1), rating::Timestamp(0));
    assert_eq!(admitted(&snapshot), Err(ReleaseReason::CarrierBalance));
    let reason_of = |explanation: &Explanation| {
        let mut routes = explanation.routes.iter();
        let route = routes.find(|route| &*route.trunk == "zenith-out").unwrap();
        (route.reason, route.detail.clone())
    };
    let lost = reason_of(&explain(&call(CALLED, 2_000_000), &snapshot));
    assert_eq!(lost.0, Some("carrier_balance"));
    // Made again where nothing is owed.
    let (_, record) = decide_noted(&call(CALLED, 3_000_000), &snapshot, &mut LiveAdmission);
    let passed = PassedOver {
        place: 1,
        reason: ReleaseReason::CarrierBalance,
    };
    let mut recorded = RecordedAdmission::new(&record, &[passed]).unwrap();
    let (again, is_same) = explain_again(&call(CALLED, 0), &compile(), &mut recorded);
    assert!(is_same);
    assert_eq!(reason_of(&again), lost);
}

#[test]
fn accounts_outlive_snapshots_and_their_customers() {
    let first = with_customer(1, PREPAID, None);
    pay(&first, 1_000_000_000);
    let plan = routed(&first, CALLED);
    let others = resources(&small::WORLD.replace("name: Meridian", "name: Other"));
    let mut others = others;
    for customer in &mut others.customers {
        customer.id += 500;
    }
    for trunk in &mut others.trunks {
        trunk.spec.customer = trunk.spec.customer.take().map(|_| "Other".into());
    }
    let second = Snapshot::compile(2, &others, Some(&first)).unwrap();
    let third = with_customer(3, PREPAID, Some(&second));
    let figures = third.customers()[0].credit_figures();
    assert_eq!(figures.base, Amount(1_000_000_000));
    assert_eq!(figures.reserved, Amount(20_000_000));
    let terms = second.credit_terms_of(third.customers()[0].resource.id);
    assert!(
        terms.are_set(),
        "calls of who is gone keep their last terms"
    );
    drop(plan);
    assert_eq!(third.customers()[0].credit_figures().reserved, Amount::ZERO);
}
