//! Every call ends properly, on both sides, whatever the network does to the messages.

use sip_core::Duration;
use sip_tester::agent::{CallSummary, Outcome};
use sip_tester::plan::{MidCall, UacPlan, UasPlan};
use sip_tester::random::{Chance, Span};
use std::sync::Arc;
use testkit::{LinkProfile, Pair, seeds};

const CALLS: usize = 200;

/// Calls of every kind: impatient callers, busy and absent called sides, changes in the middle.
fn run(seed: u64, link: LinkProfile) -> (Vec<CallSummary>, Vec<CallSummary>) {
    let mut pair = Pair::new(seed, link, UasPlan::typical_carrier());
    let plan = Arc::new(UacPlan {
        impatience: Some((Chance::percent(10), Span::seconds(2))),
        talk: Span::Uniform {
            low: Duration::from_secs(1),
            high: Duration::from_secs(90),
        },
        mid_call: vec![
            (Duration::from_secs(5), MidCall::Hold),
            (Duration::from_secs(10), MidCall::Resume),
        ],
        ring_timeout: Duration::from_secs(30),
        ..UacPlan::default()
    });
    for _ in 0..CALLS {
        pair.place(&plan);
        pair.world.run_for(Duration::from_millis(200));
    }
    pair.world.run_until_idle();
    pair.assert_at_rest();
    let (caller, called) = (pair.caller, pair.called);
    (pair.ended(caller), pair.ended(called))
}

fn assert_all_ended_properly(callers: &[CallSummary], called: &[CallSummary]) {
    assert_eq!((callers.len(), called.len()), (CALLS, CALLS));
    for caller in callers {
        let is_proper = matches!(
            caller.outcome,
            Outcome::Completed | Outcome::Cancelled | Outcome::Refused
        );
        assert!(is_proper, "{:?}\n{}", caller.outcome, caller.ladder);
        let other = called.iter().find(|other| other.call_id == caller.call_id);
        let Some(other) = other else {
            panic!("the called side knows nothing of\n{}", caller.ladder);
        };
        let was_answered = [caller, other].map(|side| side.answered_at.is_some());
        assert_eq!(
            was_answered[0], was_answered[1],
            "\n{}\n{}",
            caller.ladder, other.ladder
        );
        assert_eq!(
            caller.outcome, other.outcome,
            "\n{}\n{}",
            caller.ladder, other.ladder
        );
    }
}

#[test]
fn all_calls_end_properly_at_ten_percent_loss() {
    for seed in seeds(0..5) {
        let (callers, called) = run(seed, LinkProfile::lossy(10));
        assert_all_ended_properly(&callers, &called);
    }
}

#[test]
fn all_calls_end_properly_with_loss_duplicates_and_reordering() {
    for seed in seeds(0..5) {
        let (callers, called) = run(seed, LinkProfile::HOSTILE);
        assert_all_ended_properly(&callers, &called);
    }
}

#[test]
fn the_same_seed_gives_the_same_ladders() {
    let ladders = || -> Vec<String> {
        let (callers, _) = run(11, LinkProfile::HOSTILE);
        callers
            .iter()
            .map(|caller| caller.ladder.to_string())
            .collect()
    };
    assert_eq!(ladders(), ladders());
}
