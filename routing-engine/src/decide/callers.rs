//! Who calls, as far as rates ask.

use crate::numbers::{caller_digits, located_number};
use crate::snapshot::{Caller, Snapshot};
use crate::trace::{Step, Trace};
use rating::Jurisdiction;
use rating::prefix::Prefix;

/// Who calls. `received` is the called number as it came: what it says of its location counts for where the call
/// goes.
pub(super) fn caller(
    snapshot: &Snapshot,
    received: &str,
    called: &str,
    calling: &str,
    trace: &mut impl Trace,
) -> Caller {
    if !snapshot.asks_callers() {
        return Caller::UNKNOWN;
    }
    let digits = caller_digits(calling);
    let digits = digits.as_deref();
    let jurisdiction = if snapshot.asks_jurisdiction() {
        let located = located_number(received);
        let called = located.as_deref().unwrap_or(called);
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
