//! What judges counts of instructions: up to 5 % more passes, beyond it fails and says how to accept.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test fails by panicking, and shares a module of a benchmark"
)]

#[path = "../benches/instructions/ratchet.rs"]
mod ratchet;

use ratchet::Accepted;

fn accepted() -> Accepted {
    Accepted::parse("# a comment\ncompiler rustc 1.95.0\nparse 1000\ndecide 2000\n")
}

#[test]
fn counts_up_to_five_percent_above_the_accepted_ones_pass() {
    let mut counts = accepted().counts;
    counts.insert("parse".into(), 1_050);
    counts.insert("decide".into(), 10);
    assert_eq!(accepted().judge(&counts), Ok(()));
}

#[test]
fn a_count_beyond_that_fails_and_the_failure_says_how_to_accept_it() {
    let mut counts = accepted().counts;
    counts.insert("parse".into(), 1_051);
    let told = accepted().judge(&counts).unwrap_err();
    assert!(
        told.contains("parse: 1051 instructions instead of 1000, 5.1 % more"),
        "{told}"
    );
    assert!(told.contains("UPDATE_INSTRUCTIONS=1 cargo bench"), "{told}");
    assert!(!told.contains("decide:"), "{told}");
}

#[test]
fn a_new_subject_and_one_that_is_gone_must_be_accepted_too() {
    let mut counts = accepted().counts;
    counts.remove("decide");
    counts.insert("relay".into(), 1);
    let told = accepted().judge(&counts).unwrap_err();
    assert!(
        told.contains("relay: 1 instructions, and no accepted count"),
        "{told}"
    );
    assert!(
        told.contains("decide: has an accepted count and is not measured"),
        "{told}"
    );
}

#[test]
fn accepted_counts_are_read_as_they_are_written() {
    let again = Accepted::parse(&accepted().text());
    assert_eq!(
        (again.compiler, again.counts),
        (accepted().compiler, accepted().counts)
    );
    // Those of the repository.
    assert!(Accepted::read().counts.contains_key("decide"));
}
