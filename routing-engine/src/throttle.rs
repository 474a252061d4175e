//! Trunks whose attempts fail, and the share of calls that they still get.
//!
//! The counts belong to the trunk, not to a snapshot. All shards add to them, and nothing is locked:
//! attempts are counted in windows that follow one another, and the one under way and the one before
//! it count. Windows take two places in turn, so that nothing is moved when one begins, and a shard
//! whose clock is behind by less than a window still counts into its own.

use crate::lot;
use crate::resources::{FailoverCodes, Throttle};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What became of an attempt, as far as its trunk is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    /// A final response, 200 to 699.
    Status(u16),
    /// None, or nobody there.
    Silence,
}

/// The attempts of one trunk, in two windows: those of even and those of odd numbers.
#[derive(Debug, Default)]
pub struct ThrottleMeter([AtomicU64; 2]);

/// A trunk's rule and its attempts.
#[derive(Clone, Debug)]
pub(crate) struct CompiledThrottle {
    rule: Throttle,
    codes: FailoverCodes,
    meter: Arc<ThrottleMeter>,
}

/// The attempts of a window: its number, how many there were, how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Window {
    number: u32,
    attempts: u16,
    failures: u16,
}

impl CompiledThrottle {
    pub(crate) fn new(rule: &Throttle, meter: Arc<ThrottleMeter>) -> Self {
        Self {
            codes: FailoverCodes::new(&rule.codes),
            rule: rule.clone(),
            meter,
        }
    }

    /// Counts an attempt.
    pub(crate) fn note(&self, end: AttemptEnd, now_us: u64) {
        let failed = match end {
            AttemptEnd::Status(status) => self.codes.contains(status),
            AttemptEnd::Silence => true,
        };
        self.meter.add(self.window(now_us), failed);
    }

    /// Whether so many attempts failed that only a share of calls takes the trunk in its place.
    pub(crate) fn is_on(&self, now_us: u64) -> bool {
        let (attempts, failures) = self.meter.counts(self.window(now_us));
        attempts >= u32::from(self.rule.attempts_min)
            && failures * 100 >= attempts * u32::from(self.rule.failed_percent)
    }

    /// Whether a call is to try the trunk last. `draw` is its number, `trunk` tells trunks apart.
    pub(crate) fn holds_back(&self, now_us: u64, draw: u64, trunk: i64) -> bool {
        self.is_on(now_us)
            && lot::percent(draw, trunk.cast_unsigned() << 8) >= self.rule.share_percent
    }

    fn window(&self, now_us: u64) -> u32 {
        (now_us / (u64::from(self.rule.window_s.max(1)) * 1_000_000)) as u32
    }
}

impl ThrottleMeter {
    fn add(&self, number: u32, failed: bool) {
        let place = &self.0[(number % 2) as usize];
        // It always succeeds: each value has a next one.
        let _ = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let known = Window::unpacked(word);
            let window = match known.number < number {
                true => Window {
                    number,
                    ..Window::default()
                },
                // Also of a later number: whoever is two windows behind counts with the others.
                false => known,
            };
            Some(window.with(failed).packed())
        });
    }

    /// Attempts and failures of a window and the one before it; of the one after it too, when
    /// others have begun that already.
    fn counts(&self, number: u32) -> (u32, u32) {
        let windows = self.0.iter();
        let windows = windows.map(|word| Window::unpacked(word.load(Ordering::Relaxed)));
        let counting = windows.filter(|window| window.number.saturating_add(1) >= number);
        counting.fold((0, 0), |(attempts, failures), window| {
            (
                attempts + u32::from(window.attempts),
                failures + u32::from(window.failures),
            )
        })
    }
}

impl Window {
    fn with(self, failed: bool) -> Self {
        // A full window keeps its proportion.
        let (attempts, failures) = match self.attempts {
            u16::MAX => (self.attempts / 2, self.failures / 2),
            _ => (self.attempts, self.failures),
        };
        Self {
            attempts: attempts + 1,
            failures: failures + u16::from(failed),
            ..self
        }
    }

    fn packed(self) -> u64 {
        u64::from(self.number) << 32 | u64::from(self.attempts) << 16 | u64::from(self.failures)
    }

    fn unpacked(word: u64) -> Self {
        Self {
            number: (word >> 32) as u32,
            attempts: (word >> 16) as u16,
            failures: word as u16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn throttle() -> CompiledThrottle {
        let rule = Throttle {
            attempts_min: 10,
            failed_percent: 50,
            window_s: 60,
            share_percent: 10,
            ..Throttle::default()
        };
        CompiledThrottle::new(&rule, Arc::default())
    }

    fn note(throttle: &CompiledThrottle, end: AttemptEnd, times: u32, at_s: u64) {
        (0..times).for_each(|_| throttle.note(end, at_s * SECOND));
    }

    #[test]
    fn it_begins_with_enough_failures_among_enough_attempts() {
        let throttle = throttle();
        note(&throttle, AttemptEnd::Status(503), 4, 100);
        note(&throttle, AttemptEnd::Silence, 5, 100);
        assert!(!throttle.is_on(100 * SECOND), "nine attempts");
        note(&throttle, AttemptEnd::Status(200), 1, 100);
        assert!(throttle.is_on(100 * SECOND));
        note(&throttle, AttemptEnd::Status(486), 9, 100);
        assert!(
            !throttle.is_on(100 * SECOND),
            "nine of nineteen: a busy user is no failure"
        );
    }

    #[test]
    fn it_ends_by_itself_when_the_failures_are_old_or_outweighed() {
        let old = throttle();
        note(&old, AttemptEnd::Silence, 10, 100);
        assert!(old.is_on(179 * SECOND), "the window after");
        assert!(!old.is_on(180 * SECOND));

        let outweighed = throttle();
        note(&outweighed, AttemptEnd::Silence, 20, 100);
        note(&outweighed, AttemptEnd::Status(200), 20, 130);
        assert!(outweighed.is_on(130 * SECOND));
        note(&outweighed, AttemptEnd::Status(200), 1, 131);
        assert!(!outweighed.is_on(131 * SECOND));
    }

    #[test]
    fn shards_whose_clocks_differ_at_the_end_of_a_window_lose_nothing() {
        let throttle = throttle();
        note(&throttle, AttemptEnd::Silence, 500, 100);
        // One shard is in the next window already, the other is not, and both go on.
        for _ in 0..5 {
            note(&throttle, AttemptEnd::Status(200), 10, 120);
            note(&throttle, AttemptEnd::Silence, 10, 119);
        }
        let window = |at_s: u64| throttle.meter.counts(throttle.window(at_s * SECOND));
        assert_eq!(window(119), (600, 550));
        assert_eq!(window(120), (600, 550));
        assert!(throttle.is_on(120 * SECOND));
        assert_eq!(window(180), (50, 0), "of the window before");
    }

    #[test]
    fn a_share_of_calls_still_takes_it() {
        let throttle = throttle();
        note(&throttle, AttemptEnd::Silence, 10, 100);
        let calls = 0..10_000;
        let held = calls.filter(|draw| throttle.holds_back(100 * SECOND, *draw, 7));
        assert!((8_850..9_150).contains(&held.count()));
        let trunks = [1, 2].map(|trunk| throttle.holds_back(100 * SECOND, 3, trunk));
        assert!(trunks.contains(&true));
    }

    #[test]
    fn a_full_window_keeps_its_proportion() {
        let throttle = throttle();
        note(&throttle, AttemptEnd::Silence, 70_000, 100);
        assert!(throttle.is_on(100 * SECOND));
        note(&throttle, AttemptEnd::Status(200), 70_000, 100);
        assert!(!throttle.is_on(100 * SECOND));
    }
}
