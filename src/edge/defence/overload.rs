//! Whether a shard keeps up.
//!
//! What waits in a socket cannot be seen. But a shard that keeps up reads its sockets empty now and
//! then; one that has not done so for longer than a bound answers messages that are at least that
//! old, and so does one whose turn took that long. Then it takes no new calls until it has caught up.

use sip_core::{Duration, Instant};

/// Calls are refused for so long after the last sign of trouble, so that it does not flicker.
const CALM: Duration = Duration::from_secs(1);

/// The watch over one shard's loop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overload {
    bound: Duration,
    /// When nothing was left to read for the last time.
    drained_at: Instant,
    /// When the bound was passed for the last time, while it is on.
    trouble_at: Option<Instant>,
    lag: Duration,
}

impl Overload {
    /// `bound`: the longest lag that is borne; zero never refuses.
    pub(crate) fn new(bound: Duration, now: Instant) -> Self {
        Self {
            bound,
            drained_at: now,
            trouble_at: None,
            lag: Duration::ZERO,
        }
    }

    /// A turn of the loop began at `began` and ended at `now`; `is_drained` says that nothing was
    /// left to read. The answer is whether new calls are refused.
    pub(crate) fn turn(&mut self, began: Instant, now: Instant, is_drained: bool) -> bool {
        if is_drained {
            self.drained_at = now;
        }
        self.lag = now.since(began.min(self.drained_at));
        if self.bound > Duration::ZERO && self.lag > self.bound {
            self.trouble_at = Some(now);
        } else if self
            .trouble_at
            .is_some_and(|trouble| now.since(trouble) >= CALM)
        {
            self.trouble_at = None;
        }
        self.trouble_at.is_some()
    }

    /// The shard slept: nothing waited.
    pub(crate) fn slept(&mut self, now: Instant) {
        self.drained_at = now;
    }

    /// How far behind the last turn was, at least.
    pub(crate) fn lag(&self) -> Duration {
        self.lag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::from_micros(millis * 1_000)
    }

    fn watch() -> Overload {
        Overload::new(Duration::from_millis(200), at(0))
    }

    #[test]
    fn a_loop_that_reads_its_sockets_empty_is_well() {
        let mut watch = watch();
        for turn in 0..1_000 {
            assert!(!watch.turn(at(turn * 10), at(turn * 10 + 9), turn % 10 == 0));
        }
    }

    #[test]
    fn one_that_cannot_refuses_until_it_has_caught_up_for_a_while() {
        let mut watch = watch();
        for turn in 0..20 {
            assert!(
                !watch.turn(at(turn * 10), at(turn * 10 + 10), false),
                "{turn}"
            );
        }
        assert!(watch.turn(at(200), at(210), false));
        assert_eq!(watch.lag(), Duration::from_millis(210));
        assert!(watch.turn(at(210), at(220), true), "still");
        assert!(watch.turn(at(1_200), at(1_205), true));
        assert!(!watch.turn(at(1_210), at(1_215), true));
    }

    #[test]
    fn a_turn_that_takes_too_long_refuses_as_well() {
        let mut watch = watch();
        assert!(watch.turn(at(0), at(201), true));
    }

    #[test]
    fn sleep_is_not_lag_and_no_bound_never_refuses() {
        let mut watch = watch();
        watch.slept(at(10_000));
        assert!(!watch.turn(at(10_000), at(10_001), false));
        let mut without = Overload::new(Duration::ZERO, at(0));
        assert!(!without.turn(at(0), at(100_000), false));
    }
}
