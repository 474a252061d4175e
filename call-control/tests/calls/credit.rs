//! Customers whose spending is limited, and carriers whose balance ends calls to them.

use crate::support::{
    AURORA, BOREALIS, CUSTOMER, Caller, Sent, Setup, Switch, now_at, offer, reply,
};
use rating::cdr::{CallRecord, JournalEntry, Outcome, ReleaseReason};
use rating::slice::TalkPrice;
use rating::{Amount, Timestamp};
use routing_engine::Snapshot;
use routing_engine::credit::CreditFigures;
use routing_engine::resources::{BillingMode, Carrier, CarrierBilling, Customer, CustomerBilling};
use sip_core::{Duration, HeaderName};
use std::collections::BTreeMap;
use std::sync::Arc;

const USD: i64 = 1_000_000_000;

fn billed(billing: CustomerBilling) -> Setup {
    Setup {
        customer: Customer {
            billing: Some(billing),
            ..Customer::new("retail")
        },
        ..Setup::default()
    }
}

fn prepaid(nanos: i64) -> Switch {
    let switch = Switch::with(&billed(CustomerBilling {
        mode: BillingMode::Prepaid,
        ..CustomerBilling::default()
    }));
    switch.set_balance(nanos);
    switch
}

/// What so many seconds of talk cost.
fn seconds(count: u32) -> i64 {
    let rate: Amount = "0.05".parse().unwrap();
    let terms = rating::rate::RateTerms::per_second(rate);
    let price = TalkPrice::new(terms, rating::exchange::ExchangeRate::ONE);
    price.until(count).unwrap().0
}

/// A call that the first carrier answers at once.
struct Up {
    caller: Caller,
    to_carrier: Sent,
}

fn answer(switch: &mut Switch, call_id: &str) -> Up {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let to_carrier = switch.expect(AURORA, "INVITE");
    switch.receive(
        AURORA,
        &reply(&to_carrier, 200, Some(&offer("203.0.113.1", 5000))),
    );
    switch.expect(AURORA, "ACK");
    let answered = switch.expect(CUSTOMER, "200 INVITE");
    switch.receive(CUSTOMER, &caller.ack(&answered, None));
    Up { caller, to_carrier }
}

fn hang_up(switch: &mut Switch, up: &mut Up) {
    switch.receive(CUSTOMER, &up.caller.next("BYE", "", None));
    switch.expect(CUSTOMER, "200 BYE");
    let bye = switch.expect(AURORA, "BYE");
    assert_eq!(
        bye.header(HeaderName::CallId),
        up.to_carrier.header(HeaderName::CallId)
    );
    switch.receive(AURORA, &reply(&bye, 200, None));
}

fn expect_both_byes(switch: &mut Switch) {
    let byes = [switch.expect(CUSTOMER, "BYE"), switch.expect(AURORA, "BYE")];
    switch.expect_silence();
    for (from, bye) in [CUSTOMER, AURORA].into_iter().zip(&byes) {
        switch.receive(from, &reply(bye, 200, None));
    }
}

fn refused_with(switch: &mut Switch, call_id: &str) -> ReleaseReason {
    let mut caller = Caller::new(call_id);
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    let refusal = switch.expect(CUSTOMER, "402 INVITE");
    assert_eq!(
        refusal.header(HeaderName::Reason),
        "Q.850;cause=21;text=\"Call rejected\""
    );
    switch.receive(CUSTOMER, &caller.ack_refusal(&refusal));
    let record = last(switch);
    assert_eq!(record.outcome, Outcome::Rejected);
    assert_eq!(record.charge.amount, Amount::ZERO);
    record.release.reason
}

fn last(switch: &Switch) -> &CallRecord {
    switch.ended().last().copied().unwrap()
}

fn figures(switch: &Switch) -> CreditFigures {
    switch.snapshot.customers()[0].credit_figures()
}

#[test]
fn a_call_is_hung_up_on_both_sides_in_the_second_in_which_the_money_ends() {
    for count in [1, 2, 7, 59, 60, 61, 150] {
        let mut switch = prepaid(seconds(count) + 1);
        answer(&mut switch, "call-1");
        switch.advance(Duration::from_secs((count - 1).into()));
        switch.expect_silence();
        switch.advance_ms(1_000);
        expect_both_byes(&mut switch);
        let record = switch.record();
        assert_eq!(record.release.reason, ReleaseReason::CreditExhausted);
        assert_eq!(record.charge.billed_seconds, count);
        assert_eq!(record.charge.amount, Amount(seconds(count)));
        assert_eq!(record.outcome, Outcome::Answered);
        assert_eq!(switch.engine.counters().calls_cut, 1);
        switch.assert_at_rest();
        assert_eq!(figures(&switch).balance().0, 1);
    }
}

#[test]
fn a_customer_without_money_gets_402_and_nobody_is_called() {
    let mut switch = prepaid(seconds(1) - 1);
    assert_eq!(
        refused_with(&mut switch, "call-1"),
        ReleaseReason::InsufficientCredit
    );
    switch.expect_silence();
    assert_eq!(switch.engine.counters().calls_without_credit, 1);
    switch.set_balance(seconds(1));
    answer(&mut switch, "call-2");
    assert_eq!(
        refused_with(&mut switch, "call-3"),
        ReleaseReason::InsufficientCredit
    );
    switch.assert_at_rest();
}

#[test]
fn a_payment_that_comes_while_the_call_is_up_lets_it_go_on() {
    let mut switch = prepaid(seconds(5));
    let mut up = answer(&mut switch, "call-1");
    switch.advance_ms(4_800);
    switch.set_balance(seconds(30));
    switch.advance_ms(20_000);
    switch.expect_silence();
    hang_up(&mut switch, &mut up);
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::NormalClearing);
    assert_eq!(record.charge.billed_seconds, 25);
    switch.assert_at_rest();
    assert_eq!(figures(&switch).balance().0, seconds(30) - seconds(25));
}

#[test]
fn a_call_that_ends_pays_what_it_cost_and_gives_the_rest_back() {
    let mut switch = prepaid(10 * USD);
    let mut up = answer(&mut switch, "call-1");
    assert_eq!(figures(&switch).reserved.0, seconds(60), "the first slice");
    switch.assert_no_drift();
    switch.advance_ms(61_000);
    assert_eq!(figures(&switch).reserved.0, seconds(120), "and the next");
    switch.assert_no_drift();
    hang_up(&mut switch, &mut up);
    let after = figures(&switch);
    assert_eq!((after.reserved, after.calls), (Amount::ZERO, 0));
    assert_eq!(after.charged, switch.record().charge.amount);
    switch.assert_at_rest();
}

#[test]
fn a_call_that_nobody_answers_gives_everything_back() {
    let mut switch = prepaid(USD);
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let to_carrier = switch.expect(AURORA, "INVITE");
    assert_eq!(figures(&switch).calls, 1);
    switch.receive(AURORA, &reply(&to_carrier, 486, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    assert_eq!(figures(&switch).balance().0, USD);
    assert_eq!(figures(&switch).calls, 0);
    switch.assert_at_rest();
}

#[test]
fn a_shard_that_stands_still_bills_what_was_talked_and_no_later_call_gets_on() {
    let mut switch = prepaid(seconds(10));
    answer(&mut switch, "call-1");
    switch.advance_ms(4_000);
    switch.now += Duration::from_secs(8);
    switch.fire();
    expect_both_byes(&mut switch);
    let record = switch.record();
    assert_eq!(record.release.reason, ReleaseReason::CreditExhausted);
    assert_eq!(record.charge.amount, Amount(seconds(12)));
    let debt = figures(&switch).balance().0;
    assert_eq!(debt, seconds(10) - seconds(12));
    let refused = refused_with(&mut switch, "call-2");
    assert_eq!(refused, ReleaseReason::InsufficientCredit);
    switch.assert_at_rest();
}

#[test]
fn a_longest_duration_ends_a_call_that_has_money_left() {
    let mut switch = Switch::with(&Setup {
        max_call_duration: Some(Duration::from_secs(70)),
        ..billed(CustomerBilling {
            mode: BillingMode::Prepaid,
            ..CustomerBilling::default()
        })
    });
    switch.set_balance(USD);
    answer(&mut switch, "call-1");
    switch.advance_ms(69_999);
    switch.expect_silence();
    switch.advance_ms(1);
    expect_both_byes(&mut switch);
    assert_eq!(switch.record().release.reason, ReleaseReason::MaxDuration);
    switch.assert_at_rest();
}

#[test]
fn one_call_may_cost_so_much_and_the_calls_of_a_day() {
    let mut switch = Switch::with(&billed(CustomerBilling {
        call_spend_limit: Some(Amount(seconds(100))),
        daily_spend_limit: Some(Amount(seconds(150))),
        ..CustomerBilling::default()
    }));
    answer(&mut switch, "call-1");
    switch.advance_ms(100_000);
    expect_both_byes(&mut switch);
    assert_eq!(last(&switch).release.reason, ReleaseReason::CallSpendLimit);
    assert_eq!(last(&switch).charge.billed_seconds, 100);
    answer(&mut switch, "call-2");
    switch.advance_ms(50_000);
    expect_both_byes(&mut switch);
    assert_eq!(last(&switch).release.reason, ReleaseReason::DailySpendLimit);
    assert_eq!(last(&switch).charge.billed_seconds, 50);
    assert_eq!(
        refused_with(&mut switch, "call-3"),
        ReleaseReason::DailySpendLimit
    );
    switch.advance(Duration::from_secs(86_400));
    let mut up = answer(&mut switch, "call-4");
    hang_up(&mut switch, &mut up);
    switch.assert_at_rest();
}

#[test]
fn a_push_that_takes_the_credit_away_ends_calls_at_their_next_slice() {
    let postpaid = |limit: i64| {
        billed(CustomerBilling {
            credit_limit: Some(Amount(limit)),
            ..CustomerBilling::default()
        })
    };
    let mut switch = Switch::with(&postpaid(USD));
    answer(&mut switch, "call-1");
    let resources = Setup {
        snapshot_number: 2,
        ..postpaid(0)
    }
    .resources();
    let later = Snapshot::compile(2, &resources, Some(&switch.snapshot)).unwrap();
    switch.command(call_control::Command::SetSnapshot(Arc::new(later)));
    switch.advance_ms(59_000);
    switch.expect_silence();
    switch.advance_ms(1_000);
    expect_both_byes(&mut switch);
    assert_eq!(switch.record().charge.billed_seconds, 60);
    switch.assert_at_rest();
}

#[test]
fn a_carrier_whose_balance_is_used_up_is_passed_over() {
    let mut switch = Switch::with(&Setup {
        carrier: Carrier {
            billing: Some(CarrierBilling {
                balance_stop: Some(Amount::ZERO),
                ..CarrierBilling::default()
            }),
            ..Carrier::default()
        },
        ..Setup::default()
    });
    let set = |switch: &Switch, carrier: usize, nanos| {
        let id = switch.snapshot.carriers()[carrier].resource.id;
        switch.set_carrier_balance(id, nanos);
    };
    set(&switch, 0, 1);
    set(&switch, 1, 1);
    let owed_before = switch.snapshot.carriers()[0].credit_figures().balance();
    assert_eq!(owed_before, Amount(1), "a nano-unit is prepaid");
    let mut up = answer(&mut switch, "call-1");
    switch.advance_ms(3_000);
    hang_up(&mut switch, &mut up);
    let spent = switch.snapshot.carriers()[0].credit_figures();
    assert_eq!(spent.charged, last(&switch).attempts[0].cost.amount);
    // That call took the first below its stop.
    let mut caller = Caller::new("call-2");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let to_carrier = switch.expect(BOREALIS, "INVITE");
    switch.receive(BOREALIS, &reply(&to_carrier, 486, None));
    switch.expect(BOREALIS, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    let passed = last(&switch).passed_over.clone();
    assert_eq!(passed.len(), 1);
    assert_eq!(
        (passed[0].place, passed[0].reason),
        (0, ReleaseReason::CarrierBalance)
    );
    set(&switch, 0, USD);
    let mut up = answer(&mut switch, "call-3");
    hang_up(&mut switch, &mut up);
    switch.assert_at_rest();
}

/// What records say in all if the process dies now: calls that are up are closed at this moment.
fn charged_by_a_crash_now(switch: &Switch) -> i64 {
    let now = now_at(switch.now).wall;
    let ended: BTreeMap<_, _> = switch
        .ended()
        .iter()
        .map(|record| (record.id.0, *record))
        .collect();
    let opened = switch.journal.iter().filter_map(|entry| match entry {
        JournalEntry::Answered(record) => Some(record),
        JournalEntry::Ended(_) => None,
    });
    let open = opened.filter(|record| !ended.contains_key(&record.id.0));
    let open = open.map(|record| {
        let talked_ms = now.millis_since(record.answered_at.unwrap());
        let charge = record.rate.as_ref().unwrap().charge(Some(talked_ms));
        charge.unwrap().amount.0
    });
    let ended = ended.values().map(|record| record.charge.amount.0);
    ended.chain(open).sum()
}

#[test]
fn a_thousand_calls_on_one_balance_spend_it_to_the_second_and_no_more() {
    const CALLS: usize = 1_000;
    let money = seconds(120_000) + 7;
    let mut switch = prepaid(money);
    for call in 0..CALLS {
        answer(&mut switch, &format!("call-{call}"));
        switch.advance_ms(3);
    }
    let mut least_left = i64::MAX;
    for _ in 0..400 {
        switch.advance_ms(1_000);
        let now = figures(&switch);
        assert!(now.charged.0 + now.reserved.0 <= money);
        assert!(
            charged_by_a_crash_now(&switch) <= money,
            "recovery bills no more"
        );
        least_left = least_left.min(money - now.charged.0 - now.reserved.0);
        switch.assert_no_drift();
        switch.take_all();
    }
    let ended = switch.ended();
    assert_eq!(ended.len(), CALLS, "every call was cut");
    let mut talked: Vec<u32> = Vec::new();
    for record in &ended {
        assert_eq!(record.release.reason, ReleaseReason::CreditExhausted);
        let billed = record.charge.billed_seconds;
        let paid_ms = u64::from(billed) * 1_000;
        let cut_ms = record.duration_ms();
        assert!(
            (paid_ms - 1_000..paid_ms).contains(&cut_ms),
            "within its last second"
        );
        talked.push(billed);
    }
    let spent: i64 = ended.iter().map(|record| record.charge.amount.0).sum();
    assert!(spent <= money, "no more than there is");
    assert!(
        money - spent < seconds(1) + CALLS as i64,
        "{} are left",
        money - spent
    );
    assert!(
        least_left < seconds(1) + 1,
        "nothing is kept from calls that need it"
    );
    let (least, most) = (talked.iter().min().unwrap(), talked.iter().max().unwrap());
    assert!(most - least <= 30, "shares are equal: {least} to {most} s");
    switch.assert_at_rest();
}

#[test]
fn the_day_of_an_earlier_process_counts() {
    let mut switch = Switch::with(&billed(CustomerBilling {
        daily_spend_limit: Some(Amount(seconds(100))),
        ..CustomerBilling::default()
    }));
    let midday = Timestamp(1_767_225_600_000_000 + 43_200_000_000);
    switch
        .customer_account()
        .begin_day(Amount(seconds(100)), midday);
    assert_eq!(
        refused_with(&mut switch, "call-1"),
        ReleaseReason::DailySpendLimit
    );
    switch.assert_at_rest();
}
