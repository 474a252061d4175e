//! When the next call is due.

/// Calls that may be begun at once after a delay.
const BURST: u32 = 32;
/// Calls that are later than this are not made up for.
const ARREARS_NS: u64 = 1_000_000_000;

/// Evenly paced calls: call `n` is due `n` steps after the first.
pub(crate) struct Pace {
    next_ns: f64,
    step_ns: f64,
    burst: u32,
}

impl Pace {
    pub(crate) fn new(now_ns: u64, per_second: f64) -> Self {
        Self {
            next_ns: now_ns as f64,
            step_ns: 1e9 / per_second,
            burst: 0,
        }
    }

    /// Whether one more call is due; no more than a burst between two calls of [`pause`](Self::pause).
    pub(crate) fn is_due(&mut self, now_ns: u64) -> bool {
        if self.next_ns > now_ns as f64 || self.burst == BURST {
            return false;
        }
        self.next_ns += self.step_ns;
        self.burst += 1;
        true
    }

    /// Ends a burst; says how long it is until the next call is due.
    pub(crate) fn pause(&mut self, now_ns: u64) -> u64 {
        self.burst = 0;
        if self.next_ns + (ARREARS_NS as f64) < now_ns as f64 {
            self.next_ns = now_ns as f64;
        }
        (self.next_ns - now_ns as f64).max(0.0) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(pace: &mut Pace, now_ns: u64) -> u32 {
        let mut count = 0;
        while pace.is_due(now_ns) {
            count += 1;
        }
        pace.pause(now_ns);
        count
    }

    #[test]
    fn calls_are_even_and_none_is_left_out() {
        let mut pace = Pace::new(0, 3_000.0);
        let times = (0..1_000_000_u64).step_by(10).map(|us| us * 1_000);
        let counts: Vec<u32> = times.map(|now| placed(&mut pace, now)).collect();
        assert_eq!(counts.iter().sum::<u32>(), 3_000);
        assert!(counts.iter().all(|count| *count <= 1));
    }

    #[test]
    fn a_delay_is_made_up_for_in_bursts() {
        let mut pace = Pace::new(0, 1_000.0);
        assert_eq!(placed(&mut pace, 100_000_000), 32);
        assert_eq!(placed(&mut pace, 100_000_000), 32);
        assert_eq!(placed(&mut pace, 100_000_000), 32);
        assert_eq!(placed(&mut pace, 100_000_000), 5);
        assert_eq!(pace.pause(100_000_000), 1_000_000);
    }

    #[test]
    fn more_than_a_second_of_arrears_is_forgotten() {
        let mut pace = Pace::new(0, 1_000.0);
        assert_eq!(placed(&mut pace, 5_000_000_000), 32);
        assert_eq!(placed(&mut pace, 5_000_000_000), 1);
    }
}
