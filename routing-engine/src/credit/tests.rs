#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use proptest::prelude::*;
use rating::cdr::ReleaseReason;
use rating::exchange::ExchangeRate;
use rating::rate::RateTerms;

/// A thousandth of a dollar: the price of a second here.
const MILL: i64 = 1_000_000;
const NOON: Timestamp = Timestamp(20_000 * 86_400_000_000 + 43_200_000_000);

fn price() -> TalkPrice {
    let terms = RateTerms::per_second(Amount(60 * MILL));
    TalkPrice::new(terms, ExchangeRate::ONE)
}

fn prepaid() -> CreditTerms {
    CreditTerms {
        credit_limit: Some(Amount::ZERO),
        ..CreditTerms::default()
    }
}

fn account(mills: i64) -> Arc<CreditAccount> {
    let account = CreditAccount::default();
    account.set_base(Amount(mills * MILL));
    Arc::new(account)
}

fn ask(account: &Arc<CreditAccount>, terms: CreditTerms) -> CreditAsk<'_> {
    CreditAsk {
        account,
        terms,
        price: price(),
        at: NOON,
    }
}

fn begin(account: &Arc<CreditAccount>, terms: CreditTerms) -> Result<Reservation, ReleaseReason> {
    let looked = Reservation::look(&ask(account, terms));
    let begun = Reservation::of(&ask(account, terms));
    assert_eq!(
        looked.err(),
        begun.as_ref().err().copied(),
        "a look and a call agree"
    );
    begun
}

fn renew(held: &mut Reservation, terms: CreditTerms) -> Result<u32, ReleaseReason> {
    held.renew(&terms, &price(), NOON, 0)
        .map(|()| held.until_s())
}

fn mills(amount: Amount) -> i64 {
    assert_eq!(amount.0 % MILL, 0);
    amount.0 / MILL
}

#[test]
fn a_slice_is_a_minute_while_there_is_plenty_and_shrinks_with_the_money() {
    let account = account(1_000);
    let mut held = begin(&account, prepaid()).unwrap();
    assert_eq!(held.until_s(), SLICE_S);
    let mut slices = vec![held.until_s()];
    while let Ok(until) = renew(&mut held, prepaid()) {
        let before: u32 = slices.iter().sum();
        slices.push(until - before);
    }
    assert_eq!(slices.iter().sum::<u32>(), 1_000, "all of it was spent");
    assert!(slices.is_sorted_by(|one, next| one >= next), "{slices:?}");
    assert_eq!(slices[slices.len() - 2..], [1, 1], "to the second");
    assert!(slices.len() < 35, "{slices:?}");
    assert_eq!(
        renew(&mut held, prepaid()),
        Err(ReleaseReason::CreditExhausted)
    );
}

#[test]
fn calls_share_what_is_left() {
    let account = account(100);
    let first = begin(&account, prepaid()).unwrap();
    let second = begin(&account, prepaid()).unwrap();
    let third = begin(&account, prepaid()).unwrap();
    assert_eq!(first.until_s(), 50, "half of 100");
    assert_eq!(second.until_s(), 12, "a quarter of 50");
    assert_eq!(third.until_s(), 6, "a sixth of 38");
}

#[test]
fn what_a_call_did_not_use_goes_back_and_what_it_cost_does_not() {
    let account = account(100);
    let held = begin(&account, prepaid()).unwrap();
    let figures = account.figures();
    assert_eq!((mills(figures.reserved), figures.calls), (50, 1));
    assert_eq!(figures.available(&prepaid()).map(mills), Some(50));
    held.settle(Amount(7 * MILL), NOON);
    let figures = account.figures();
    assert_eq!((mills(figures.reserved), figures.calls), (0, 0));
    assert_eq!(mills(figures.charged), 7);
    assert_eq!(mills(figures.balance()), 93);
    drop(begin(&account, prepaid()).unwrap());
    let after = account.figures();
    assert_eq!(after, figures, "one that cost nothing leaves no trace");
}

#[test]
fn without_money_no_call_begins_but_a_free_one() {
    for empty in [account(0), account(-1_000)] {
        let refused = begin(&empty, prepaid()).unwrap_err();
        assert_eq!(refused, ReleaseReason::InsufficientCredit);
        assert_eq!(empty.figures().calls, 0);
        let free = CreditAsk {
            price: TalkPrice::new(RateTerms::per_second(Amount::ZERO), ExchangeRate::ONE),
            ..ask(&empty, prepaid())
        };
        assert_eq!(Reservation::of(&free).unwrap().until_s(), SLICE_S);
    }
}

#[test]
fn credit_may_be_used_up_to_its_limit() {
    let account = account(0);
    let postpaid = CreditTerms {
        credit_limit: Some(Amount(10 * MILL)),
        ..CreditTerms::default()
    };
    let mut held = begin(&account, postpaid).unwrap();
    while renew(&mut held, postpaid).is_ok() {}
    assert_eq!(held.until_s(), 10);
    held.settle(Amount(10 * MILL), NOON);
    assert_eq!(mills(account.figures().balance()), -10);
    assert!(begin(&account, postpaid).is_err());
}

#[test]
fn a_payment_lets_a_call_go_on() {
    let account = account(2);
    let mut held = begin(&account, prepaid()).unwrap();
    while renew(&mut held, prepaid()).is_ok() {}
    assert_eq!(held.until_s(), 2);
    account.set_base(Amount(12 * MILL));
    while renew(&mut held, prepaid()).is_ok() {}
    assert_eq!(held.until_s(), 12);
}

#[test]
fn a_payment_that_is_taken_back_ends_calls_with_the_slice_that_they_hold() {
    let account = account(1_000);
    let mut held = begin(&account, prepaid()).unwrap();
    account.set_base(Amount::ZERO);
    assert_eq!(
        renew(&mut held, prepaid()),
        Err(ReleaseReason::CreditExhausted)
    );
    held.settle(Amount(60 * MILL), NOON);
    assert_eq!(mills(account.figures().balance()), -60, "one slice");
}

#[test]
fn one_call_may_spend_so_much_and_no_more() {
    let terms = |mills: i64| CreditTerms {
        call_spend_limit: Some(Amount(mills * MILL)),
        ..CreditTerms::default()
    };
    let account = account(0);
    let mut held = begin(&account, terms(90)).unwrap();
    assert_eq!(held.until_s(), 60);
    assert_eq!(renew(&mut held, terms(90)), Ok(90));
    assert_eq!(
        renew(&mut held, terms(90)),
        Err(ReleaseReason::CallSpendLimit)
    );
    assert_eq!(renew(&mut held, terms(95)), Ok(95), "the limit was raised");
    assert_eq!(
        begin(&account, terms(0)).unwrap_err(),
        ReleaseReason::CallSpendLimit
    );
}

#[test]
fn a_day_has_its_own_limit_and_begins_anew_at_midnight() {
    let terms = CreditTerms {
        daily_spend_limit: Some(Amount(100 * MILL)),
        ..CreditTerms::default()
    };
    let account = account(0);
    account.begin_day(Amount(60 * MILL), NOON);
    let mut held = begin(&account, terms).unwrap();
    while renew(&mut held, terms).is_ok() {}
    assert_eq!(held.until_s(), 40, "what an earlier process charged counts");
    assert_eq!(
        begin(&account, terms).unwrap_err(),
        ReleaseReason::DailySpendLimit
    );
    let tomorrow = Timestamp(NOON.0 + 86_400_000_000);
    held.renew(&terms, &price(), tomorrow, 0).unwrap();
    assert_eq!(held.until_s(), 70, "half of what is left of the new day");
    held.settle(Amount(70 * MILL), tomorrow);
    assert_eq!(mills(account.figures().charged_today), 70);
    let next = CreditAsk {
        at: tomorrow,
        ..ask(&account, terms)
    };
    assert_eq!(Reservation::of(&next).unwrap().until_s(), 15);
}

#[test]
fn a_refusal_by_the_day_gives_the_money_back() {
    let terms = CreditTerms {
        daily_spend_limit: Some(Amount(0)),
        ..prepaid()
    };
    let account = account(10);
    assert_eq!(
        begin(&account, terms).unwrap_err(),
        ReleaseReason::DailySpendLimit
    );
    assert_eq!(account.figures().available(&prepaid()).map(mills), Some(10));
}

#[test]
fn an_interval_is_bought_whole_and_only_when_there_is_money_for_it() {
    let per_minute = TalkPrice::new(
        RateTerms::per_second(Amount(60 * MILL)).with_intervals(60, 60),
        ExchangeRate::ONE,
    );
    let account = account(119);
    let mut held = Reservation::of(&CreditAsk {
        price: per_minute,
        ..ask(&account, prepaid())
    })
    .unwrap();
    assert_eq!(mills(held.amount()), 60);
    while held.renew(&prepaid(), &per_minute, NOON, 0).is_ok() {}
    assert_eq!((held.until_s(), mills(held.amount())), (60, 60));
    account.set_base(Amount(120 * MILL));
    while held.renew(&prepaid(), &per_minute, NOON, 0).is_ok() {}
    assert_eq!((held.until_s(), mills(held.amount())), (120, 120));
}

#[test]
fn threads_cannot_take_the_same_money() {
    let account = account(100_000);
    let spent: i64 = std::thread::scope(|scope| {
        let spend = || {
            let mut spent = 0;
            while let Ok(mut held) = Reservation::of(&ask(&account, prepaid())) {
                let _ = held.renew(&prepaid(), &price(), NOON, 0);
                // Now and then a call ends early.
                let cost = held.amount().0 - i64::from(held.until_s() % 7 == 0) * MILL;
                spent += cost;
                held.settle(Amount(cost), NOON);
            }
            spent
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(spend)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let figures = account.figures();
    assert_eq!(figures.charged, Amount(spent));
    assert_eq!((figures.reserved, figures.calls), (Amount::ZERO, 0));
    assert_eq!(figures.balance(), Amount::ZERO, "to the last second");
}

#[derive(Clone, Debug)]
enum Act {
    Begin,
    Renew(usize),
    End(usize, i64),
    Fall(usize),
    Pay(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Begin),
        6 => any::<usize>().prop_map(Act::Renew),
        2 => (any::<usize>(), 0..100_i64).prop_map(|(call, percent)| Act::End(call, percent)),
        1 => any::<usize>().prop_map(Act::Fall),
        1 => (0..50 * MILL).prop_map(Act::Pay),
    ]
}

proptest! {
    #[test]
    fn whatever_calls_do_they_spend_no_more_than_there_is_and_all_adds_up(
        base in 0..2_000 * MILL,
        limit in prop_oneof![Just(0), 0..1_000 * MILL],
        acts in proptest::collection::vec(act(), 0..300),
    ) {
        let account = account(0);
        let mut base = base;
        account.set_base(Amount(base));
        let terms = CreditTerms { credit_limit: Some(Amount(limit)), ..CreditTerms::default() };
        let mut calls: Vec<Reservation> = Vec::new();
        let mut charged = 0;
        for act in acts {
            match act {
                Act::Begin => calls.extend(begin(&account, terms)),
                Act::Renew(call) if !calls.is_empty() => {
                    let place = call % calls.len();
                    let _ = renew(&mut calls[place], terms);
                }
                Act::End(call, percent) if !calls.is_empty() => {
                    let held = calls.swap_remove(call % calls.len());
                    let cost = held.amount().0 * percent / 100;
                    charged += cost;
                    held.settle(Amount(cost), NOON);
                }
                Act::Fall(call) if !calls.is_empty() => drop(calls.swap_remove(call % calls.len())),
                Act::Pay(amount) => {
                    base += amount;
                    account.set_base(Amount(base));
                }
                _ => {}
            }
            let figures = account.figures();
            let held: i64 = calls.iter().map(|held| held.amount().0).sum();
            prop_assert_eq!(figures.base, Amount(base));
            prop_assert_eq!(figures.charged, Amount(charged));
            prop_assert_eq!(figures.reserved, Amount(held));
            prop_assert_eq!(figures.calls as usize, calls.len());
            prop_assert!(charged + held <= base + limit, "more was spent than there is");
            for held in &calls {
                prop_assert_eq!(price().until(held.until_s()), Some(held.amount()));
            }
        }
    }
}
