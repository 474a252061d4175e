//! Who calls, as far as rates ask.

use crate::numbers::caller_digits;
use crate::snapshot::{Caller, Snapshot};
use crate::trace::{Step, Trace};
use rating::Jurisdiction;
use rating::prefix::Prefix;
use std::ops::RangeInclusive;

/// Digits of a calling number that rates are chosen by: fewer are a short or local number, which may be of any
/// country; more are no number of E.164.
const USABLE_DIGITS: RangeInclusive<usize> = 7..=15;

/// Who calls. A location routing number that came with the called one has no say: it is the customer's word, and
/// carriers do not get it.
pub(crate) fn caller<'s>(
    snapshot: &'s Snapshot,
    called: &str,
    calling: &str,
    trace: &mut impl Trace,
) -> Caller<'s> {
    if !snapshot.asks_callers() {
        return Caller::UNKNOWN;
    }
    let digits = caller_digits(calling);
    let digits = digits
        .as_deref()
        .filter(|digits| USABLE_DIGITS.contains(&digits.len()));
    let jurisdiction = if snapshot.asks_jurisdiction() {
        let found = Jurisdiction::of_call(called, digits);
        if let Some(jurisdiction) = found {
            trace.step(Step::Jurisdiction {
                jurisdiction,
                called,
                calling: digits,
            });
        }
        found
    } else {
        None
    };
    snapshot.caller(digits.and_then(Prefix::of_number), jurisdiction)
}

/// The jurisdiction of a call, when rates may be chosen by its caller.
pub(crate) fn caller_jurisdiction(called: &str, calling: &str) -> Option<Jurisdiction> {
    let digits = caller_digits(calling);
    let digits = digits
        .as_deref()
        .filter(|digits| USABLE_DIGITS.contains(&digits.len()));
    Jurisdiction::of_call(called, digits)
}

/// The leading digits of a calling number, when rates may be chosen by it.
pub(crate) fn caller_prefix(calling: &str) -> Option<Prefix> {
    let digits = caller_digits(calling);
    let digits = digits
        .as_deref()
        .filter(|digits| USABLE_DIGITS.contains(&digits.len()));
    digits.and_then(Prefix::of_number)
}
