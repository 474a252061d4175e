//! How long to wait after a failure.

use std::time::Duration;

/// A delay that doubles from failure to failure up to a limit. Half of it is random, so that what
/// failed together does not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Default for Backoff {
    /// From 5 seconds to 3 hours: 20 attempts take about a day.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(5),
            most: Duration::from_secs(3 * 3600),
        }
    }
}

impl Backoff {
    /// The delay after the failed attempt of that number, from 1; `random` is any number.
    pub fn delay(&self, attempt: u32, random: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.most);
        let half = whole / 2;
        half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_limit_and_half_of_it_is_random() {
        let backoff = Backoff {
            first: Duration::from_secs(4),
            most: Duration::from_secs(60),
        };
        let span = |attempt| {
            (
                backoff.delay(attempt, 0).as_secs(),
                backoff.delay(attempt, u32::MAX).as_secs(),
            )
        };
        assert_eq!(span(1), (2, 4));
        assert_eq!(span(2), (4, 8));
        assert_eq!(span(4), (16, 32));
        for late in [5, 6, 40, u32::MAX] {
            assert_eq!(span(late), (30, 60));
        }
    }
}
