//! Cards of several currencies: what is compared is what they are worth at the moment of the call.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/small.rs"]
mod small;

use rating::Timestamp;
use rating::cdr::ReleaseReason;
use routing_engine::explain::explain;
use routing_engine::{CallRequest, Decision, LiveAdmission, NoTrace, Snapshot, decide};
use small::{WORLD, call, resources, trunks};

/// 2026-11-01T00:00:00Z.
const NOVEMBER: Timestamp = Timestamp(1_793_491_200_000_000);
/// 2026-12-01T00:00:00Z.
const DECEMBER: Timestamp = Timestamp(1_796_083_200_000_000);
const LATER: Timestamp = Timestamp(DECEMBER.0 + 1);

const EURO: &str = "
---
kind: exchange_rate
name: euro
spec:
  currency: EUR
  rates:
    - { from: 2026-11-01, rate: 1.05 }
    - { from: 2026-12-01, rate: 1.2 }
";

/// The world where these cards are of the euro.
fn world(cards: &[&str]) -> Snapshot {
    let mut text = WORLD.to_owned() + EURO;
    for card in cards {
        let of_books = format!("name: {card}\nspec:\n  currency: USD");
        assert!(text.contains(&of_books));
        text = text.replace(&of_books, &of_books.replace("USD", "EUR"));
    }
    Snapshot::compile(1, &resources(&text), None).unwrap()
}

fn decided(snapshot: &Snapshot, called: &str, at: Timestamp) -> Decision {
    let request = CallRequest {
        at,
        ..call(called, 1_000_000)
    };
    decide(&request, snapshot, &mut LiveAdmission, &mut NoTrace)
}

fn order(snapshot: &Snapshot, called: &str, at: Timestamp) -> Vec<String> {
    match decided(snapshot, called, at) {
        Decision::Route(plan) => trunks(snapshot, &plan),
        Decision::Reject(rejection) => panic!("{rejection:?}"),
    }
}

#[test]
fn the_cheapest_is_the_one_that_is_worth_the_least_on_the_day() {
    // Acme asks 0.012 USD, Zenith 0.011 EUR: 0.01155 USD in November, 0.0132 USD in December.
    let snapshot = world(&["zenith-buy"]);
    assert_eq!(
        order(&snapshot, "441234", NOVEMBER),
        ["zenith-out", "acme-out"]
    );
    let before = Timestamp(DECEMBER.0 - 1);
    assert_eq!(
        order(&snapshot, "441234", before),
        ["zenith-out", "acme-out"]
    );
    // Nothing was pushed.
    assert_eq!(
        order(&snapshot, "441234", DECEMBER),
        ["acme-out", "zenith-out"]
    );
    assert_eq!(
        order(&snapshot, "441234", LATER),
        ["acme-out", "zenith-out"]
    );
}

#[test]
fn the_profit_guard_converts_both_sides() {
    // France is sold at 0.004 and bought at 0.005 of whatever.
    let refused = |cards: &[&str], at| match decided(&world(cards), "3312345", at) {
        Decision::Route(_) => None,
        Decision::Reject(rejection) => Some(rejection.reason),
    };
    let below_cost = Some(ReleaseReason::Unprofitable);
    assert_eq!(refused(&[], NOVEMBER), below_cost);
    assert_eq!(refused(&["retail", "acme-buy"], LATER), below_cost);
    assert_eq!(
        refused(&["retail"], NOVEMBER),
        below_cost,
        "0.0042 for 0.005"
    );
    assert_eq!(refused(&["retail"], LATER), below_cost, "0.0048 for 0.005");
    // The same numbers with a rate that makes the price worth it.
    let text = WORLD.replacen("currency: USD", "currency: EUR", 1) + &EURO.replace("1.2", "1.26");
    let snapshot = Snapshot::compile(1, &resources(&text), None).unwrap();
    assert_eq!(
        order(&snapshot, "3312345", LATER),
        ["acme-out"],
        "0.00504 for 0.005"
    );
}

#[test]
fn a_record_keeps_what_its_currency_was_worth() {
    let snapshot = world(&["zenith-buy"]);
    let Decision::Route(plan) = decided(&snapshot, "441234", LATER) else {
        panic!("there are routes")
    };
    let charged = |rate, at| {
        let applied = snapshot.applied_rate(rate, &plan.numbers.called, plan.caller, at);
        let charge = applied.charge(Some(60_000)).unwrap();
        let books = applied.exchange_rate.to_books(charge.amount).unwrap();
        (
            applied.currency.to_string(),
            charge.amount.to_string(),
            books.to_string(),
        )
    };
    let told = |currency: &str, amount: &str, books: &str| {
        (currency.to_owned(), amount.to_owned(), books.to_owned())
    };
    let zenith = plan.candidates[1].rate;
    assert_eq!(charged(zenith, LATER), told("EUR", "0.011", "0.0132"));
    assert_eq!(charged(zenith, NOVEMBER), told("EUR", "0.011", "0.01155"));
    assert_eq!(
        charged(plan.customer_rate, LATER),
        told("USD", "0.02", "0.02")
    );
}

#[test]
fn an_explanation_tells_what_each_side_is_worth() {
    let snapshot = world(&["retail", "zenith-buy"]);
    let request = CallRequest {
        at: LATER,
        ..call("441234", 1_000_000)
    };
    let told = serde_json::to_value(explain(&request, &snapshot)).unwrap();
    let steps = told["steps"].as_array().unwrap();
    let price = steps.iter().find(|step| step["step"] == "customer_rate");
    assert_eq!(
        price.unwrap()["detail"],
        "United Kingdom at 0.02 EUR a minute by card \"retail\"; 1 EUR is 1.2 USD"
    );
    assert_eq!(told["customer_rate"]["exchange_rate"], "1.2");
    let figures = |route: usize| {
        let route = &told["routes"][route];
        let names = ["trunk", "cost_per_minute", "margin_per_minute"];
        names.map(|name| route[name].as_str().unwrap().to_owned())
    };
    assert_eq!(figures(0), ["acme-out", "0.012", "0.012"]);
    assert_eq!(figures(1), ["zenith-out", "0.0132", "0.0108"]);
    assert_eq!(told["routes"][1]["rate"]["expected_per_minute"], "0.011");
}

#[test]
fn a_card_without_a_rate_for_its_currency_is_refused_by_name() {
    let text = WORLD.replacen("currency: USD", "currency: GBP", 1) + EURO;
    let problems = Snapshot::compile(1, &resources(&text), None).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["rate_card \"retail\": currency: there is no exchange rate for GBP"]
    );
    let twice = WORLD.to_owned() + EURO + &EURO.replace("name: euro", "name: more");
    let problems = Snapshot::compile(1, &resources(&twice), None).unwrap_err();
    let told: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["exchange_rate \"more\": currency: EUR has another exchange rate already"]
    );
}

#[test]
fn a_push_of_another_rate_counts_for_the_calls_after_it() {
    let first = world(&["zenith-buy"]);
    let mut changed = resources(&(WORLD.to_owned() + &EURO.replace("1.05", "2")));
    changed.rate_cards[2].card.spec.currency = "EUR".to_owned().try_into().unwrap();
    let second = Snapshot::compile(2, &changed, Some(&first)).unwrap();
    assert_eq!(
        order(&second, "441234", NOVEMBER),
        ["acme-out"],
        "0.022 for 0.02"
    );
    assert_eq!(
        order(&first, "441234", NOVEMBER),
        ["zenith-out", "acme-out"]
    );
}
