//! Calls per second by the generic cell rate algorithm: one number a resource, no window.
//!
//! At a limit of `n` a call is due every `1/n` second. A call may come early by the burst
//! tolerance, because callers do not pace themselves by our clock; what comes earlier is refused
//! and takes nothing. In any second at most `n + n × tolerance + 1` calls pass, and over a long
//! time exactly `n` a second.

use std::num::NonZeroU32;

/// How early a call may be: 50 milliseconds.
///
/// It lets a sender that releases its calls in ticks of 10 or 20 ms reach its full limit, and a
/// limit of 10 pass at most 11 in any second. Below 20 calls a second no burst passes at all.
pub const BURST_TOLERANCE_NS: u64 = 50_000_000;

/// The time between two calls at the limit's pace, nanoseconds.
pub(super) fn interval_ns(cps: NonZeroU32) -> u64 {
    1_000_000_000 / u64::from(cps.get())
}

/// How long a call that is due then must be held now; `None` when that is longer than it may be.
/// What comes early by the burst tolerance is not held.
pub(super) fn hold_ns(due_ns: u64, now_ns: u64, patience_ns: u64) -> Option<u64> {
    match due_ns.saturating_sub(now_ns) {
        ..=BURST_TOLERANCE_NS => Some(0),
        early_ns => (early_ns <= patience_ns).then_some(early_ns),
    }
}

/// When the call after this one is due; `None` when this one comes too early to be held.
pub(super) fn due_after_call(
    due_ns: u64,
    now_ns: u64,
    cps: NonZeroU32,
    patience_ns: u64,
) -> Option<u64> {
    hold_ns(due_ns, now_ns, patience_ns)?;
    Some(due_ns.max(now_ns).saturating_add(interval_ns(cps)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    /// How many of the calls that come every `gap_ns` pass in each of the seconds.
    fn passed_per_second(cps: u32, gap_ns: u64, seconds: u64) -> Vec<u64> {
        let cps = NonZeroU32::new(cps).unwrap();
        let mut passed = vec![0; seconds as usize];
        let mut due_ns = 0;
        let mut now_ns = 5 * SECOND_NS;
        let start_ns = now_ns;
        while now_ns < start_ns + seconds * SECOND_NS {
            if let Some(next) = due_after_call(due_ns, now_ns, cps, 0) {
                due_ns = next;
                passed[((now_ns - start_ns) / SECOND_NS) as usize] += 1;
            }
            now_ns += gap_ns;
        }
        passed
    }

    #[test]
    fn ten_a_second_pass_of_fifty() {
        let passed = passed_per_second(10, SECOND_NS / 50, 60);
        assert!(
            passed.iter().all(|count| (9..=11).contains(count)),
            "{passed:?}"
        );
        let total: u64 = passed.iter().sum();
        assert!((600..=601).contains(&total), "{total}");
    }

    #[test]
    fn the_limit_holds_at_any_pace() {
        for (cps, gap_ns) in [
            (1, 3_000_000),
            (3, 7_777_777),
            (10, 1_000_000),
            (10, 30_000_000),
            (100, 333_333),
            (1_000, 100_000),
            (7_000, 10_000),
        ] {
            let passed = passed_per_second(cps, gap_ns, 20);
            let burst = u64::from(cps) * BURST_TOLERANCE_NS / SECOND_NS + 1;
            let most = u64::from(cps) + burst;
            assert!(
                passed.iter().all(|count| *count <= most),
                "{cps}: {passed:?}"
            );
            let total: u64 = passed.iter().sum();
            let paced = 20 * u64::from(cps);
            assert!(total >= paced && total <= paced + burst, "{cps}: {total}");
        }
    }

    #[test]
    fn a_sender_at_its_limit_loses_no_call_by_ticks_of_twenty_milliseconds() {
        let cps = NonZeroU32::new(500).unwrap();
        let mut due_ns = 0;
        for tick in 0..500 {
            for call in 0..10 {
                let next = due_after_call(due_ns, tick * 20_000_000, cps, 0);
                due_ns = next.unwrap_or_else(|| panic!("tick {tick} call {call}"));
            }
        }
    }

    #[test]
    fn a_burst_is_stretched_to_the_pace_and_what_would_wait_too_long_is_refused() {
        let cps = NonZeroU32::new(10).unwrap();
        let now_ns = 5 * SECOND_NS;
        let mut due_ns = 0;
        let mut holds = Vec::new();
        for _ in 0..30 {
            holds.push(hold_ns(due_ns, now_ns, 2 * SECOND_NS));
            due_ns = due_after_call(due_ns, now_ns, cps, 2 * SECOND_NS).unwrap_or(due_ns);
        }
        let paced = (0..=20).map(|place| Some(place * SECOND_NS / 10));
        assert_eq!(holds[..21], paced.collect::<Vec<_>>());
        assert_eq!(holds[21..], [None; 9]);
    }

    #[test]
    fn time_unused_is_not_saved_up() {
        let cps = NonZeroU32::new(10).unwrap();
        let late_ns = 3_600 * SECOND_NS;
        let due_ns = due_after_call(0, late_ns, cps, 0).unwrap();
        assert_eq!(due_after_call(due_ns, late_ns, cps, 0), None);
    }
}
