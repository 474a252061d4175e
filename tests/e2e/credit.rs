//! Money of customers as real calls meet it: cut when it ends, refused without any, longer by more of it, right
//! after a crash.

use crate::resources::{CUSTOMER, CarrierSpec, NUMBER, World};
use crate::sipp::{Calls, Carrier, Over, Running, Tally};
use crate::switch::{Switch, until};
use rating::Amount;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// A thousandth of a dollar, in nano-units.
const MILL: i64 = 1_000_000;

/// A customer with a credit limit that pays by the second, and a carrier that answers.
struct Bench {
    switch: Switch,
    carrier: Carrier,
    price: &'static str,
}

impl Bench {
    /// With a price of a minute.
    fn start(price: &'static str) -> Self {
        let bench = Self {
            switch: Switch::start(&[]),
            carrier: Carrier::start("carrier_answers", "127.0.0.31", Over::Udp, &[]),
            price,
        };
        bench.give(0);
        bench
    }

    /// The customer may owe so many thousandths of a dollar.
    fn give(&self, mills: i64) {
        let limit = Amount(mills * MILL);
        self.bill(&format!("mode: postpaid, credit_limit: '{limit}'"));
    }

    /// The customer pays so many thousandths of a dollar; calls know of it then.
    fn pay(&self, key: &str, mills: i64) {
        let before = nanos(&self.credit()["balance"]);
        let amount = Amount(mills * MILL).to_string();
        let body = json!({ "customer": "acme", "amount": amount, "currency": "USD" });
        self.switch.post_once("/api/v1/payments", key, &body);
        until("the payment is known", || {
            nanos(&self.credit()["balance"]) != before
        });
    }

    fn bill(&self, terms: &str) {
        let aurora = CarrierSpec::new("aurora", self.carrier.address, "0.010");
        let billing = format!("billing: {{{terms}}}");
        let mut world = World::of(vec![aurora]);
        world.price = self.price;
        world.card = "initial_interval_s: 1\nnext_interval_s: 1";
        world.customer = &billing;
        world.apply(&self.switch);
    }

    /// The customer's money as calls see it.
    fn credit(&self) -> Value {
        let shown = self.switch.get("/api/v1/live/credit");
        shown["customers"][0].clone()
    }

    fn calls(&self, scenario: &'static str, count: u32, hold_ms: u32) -> Running {
        let calls = Calls {
            scenario,
            from: CUSTOMER,
            to: self.switch.sip,
            over: Over::Udp,
            count,
            per_second: 50,
            hold_ms,
            numbers: &[NUMBER],
            scratch: self.switch.scratch(),
            more: &[],
        };
        calls.start()
    }
}

fn nanos(value: &Value) -> i64 {
    let amount: Amount = value.as_str().unwrap().parse().unwrap();
    amount.0
}

fn all(count: u32) -> Tally {
    Tally {
        successful: count.into(),
        failed: 0,
    }
}

fn charged(records: &[Value]) -> i64 {
    records.iter().map(|record| nanos(&record["charge"])).sum()
}

fn reasons(records: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let reason = record["release_reason"].as_str().unwrap().to_owned();
        *counts.entry(reason).or_default() += 1;
    }
    counts
}

#[test]
fn a_hundred_calls_on_one_balance_are_cut_when_it_ends_and_cost_no_more() {
    let bench = Bench::start("6.00");
    // 40 seconds of talk in all, at a tenth of a dollar each.
    bench.give(4_000);
    let tally = bench.calls("caller_is_cut_or_refused", 100, 0).finish();
    assert_eq!(tally, all(100));
    let records = bench.switch.wait_for_cdrs(100);
    let reasons = reasons(&records);
    assert!(reasons["credit_exhausted"] >= 5, "{reasons:?}");
    let refused = reasons.get("insufficient_credit").copied().unwrap_or(0);
    assert_eq!(reasons["credit_exhausted"] + refused, 100, "{reasons:?}");
    for record in &records {
        let talked_ms = record["duration_ms"].as_i64().unwrap();
        let paid_ms = nanos(&record["charge"]) / (100 * MILL) * 1_000;
        let last_second = paid_ms - 1_000..=paid_ms;
        assert!(paid_ms == 0 || last_second.contains(&talked_ms), "{record}");
    }
    let spent = charged(&records);
    // A call is cut 100 ms before its second ends: a machine that stands still for longer pays for one more. That
    // nothing more is spent otherwise is shown in virtual time.
    let late = 100 * i64::try_from(reasons["credit_exhausted"]).unwrap();
    assert!(spent <= (4_000 + late) * MILL, "{spent} was spent");
    assert!(spent > 3_900 * MILL, "{spent}: a call could have had more");
    let credit = bench.credit();
    assert_eq!(nanos(&credit["balance"]), -spent);
    assert_eq!(
        (&credit["reserved"], &credit["calls"]),
        (&json!("0"), &json!(0))
    );
    assert!(bench.switch.metric("didtron_calls_cut_total", "") >= 5.0);
}

#[test]
fn more_credit_lets_a_call_go_on_that_would_have_been_cut() {
    let bench = Bench::start("0.06");
    // 20 seconds of talk. The call hangs up itself five later.
    bench.give(20);
    let call = bench.calls("caller_answered", 1, 25_000);
    until("the call is up", || bench.credit()["calls"] == 1);
    bench.give(1_000);
    assert_eq!(call.finish(), all(1));
    let records = bench.switch.wait_for_cdrs(1);
    let cleared = BTreeMap::from([("normal_clearing".to_owned(), 1)]);
    assert_eq!(reasons(&records), cleared);
    assert!(nanos(&records[0]["charge"]) >= 25 * MILL);
}

#[test]
fn a_payment_lets_a_prepaid_call_go_on_and_counts_after_a_crash() {
    let mut bench = Bench::start("0.06");
    bench.bill("mode: prepaid");
    assert_eq!(nanos(&bench.credit()["balance"]), 0);
    // 20 seconds of talk. The call hangs up itself five later.
    bench.pay("first", 20);
    let call = bench.calls("caller_answered", 1, 25_000);
    until("the call is up", || bench.credit()["calls"] == 1);
    bench.pay("second", 1_000);
    assert_eq!(call.finish(), all(1));
    let records = bench.switch.wait_for_cdrs(1);
    let cleared = BTreeMap::from([("normal_clearing".to_owned(), 1)]);
    assert_eq!(reasons(&records), cleared);
    let left = 1_020 * MILL - charged(&records);
    assert!(charged(&records) >= 25 * MILL);
    assert_eq!(nanos(&bench.credit()["balance"]), left);
    bench.switch.kill();
    bench.switch.kill_and_restart(&[]);
    assert_eq!(nanos(&bench.credit()["balance"]), left);
    bench.pay("third", 500);
    assert_eq!(nanos(&bench.credit()["balance"]), left + 500 * MILL);
}

#[test]
fn without_money_a_call_is_refused_and_with_it_the_next_is_not() {
    let bench = Bench::start("0.06");
    let place = |bench: &Bench| bench.calls("caller_is_cut_or_refused", 1, 0).finish();
    assert_eq!(place(&bench), all(1));
    let refused = bench.switch.wait_for_cdrs(1);
    assert_eq!(refused[0]["release_reason"], "insufficient_credit");
    assert_eq!(refused[0]["sip_status"], 402);
    assert_eq!(refused[0]["outcome"], "rejected");
    bench.give(2);
    assert_eq!(place(&bench), all(1));
    let records = bench.switch.wait_for_cdrs(2);
    assert_eq!(records[0]["release_reason"], "credit_exhausted");
    // One second more where the machine stands still for longer than a call is cut ahead of its time.
    let charge = nanos(&records[0]["charge"]);
    assert!((2 * MILL..=3 * MILL).contains(&charge), "{charge}");
    assert_eq!(nanos(&bench.credit()["available"]), 2 * MILL - charge);
}

#[test]
fn after_a_crash_the_balance_is_what_the_records_leave_and_nothing_is_reserved() {
    let mut bench = Bench::start("0.06");
    bench.give(10_000);
    assert_eq!(bench.calls("caller_answered", 3, 300).finish(), all(3));
    let up = bench.calls("caller_answered", 20, 60_000);
    until("the calls are up", || bench.credit()["calls"] == 20);
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(nanos(&bench.credit()["reserved"]) > 0);
    bench.switch.kill();
    drop(up);
    bench.switch.kill_and_restart(&[]);
    let records = bench.switch.wait_for_cdrs(23);
    let interrupted = |record: &&Value| record["outcome"] == "interrupted";
    assert_eq!(records.iter().filter(interrupted).count(), 20);
    let spent = charged(&records);
    let credit = bench.credit();
    assert_eq!(nanos(&credit["balance"]), -spent);
    assert_eq!(nanos(&credit["charged_today"]), spent);
    assert_eq!(
        (&credit["reserved"], &credit["calls"]),
        (&json!("0"), &json!(0))
    );
    assert_eq!(nanos(&credit["available"]), 10_000 * MILL - spent);
}
