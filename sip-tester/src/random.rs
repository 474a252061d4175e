//! Seeded randomness: the same seed gives the same calls, on every machine.
//!
//! Nothing here reads entropy. A shell that wants different runs passes a different seed.

use sip_core::Duration;

/// A small generator (xoshiro256**). Not for secrets: a tester's tags need to differ, not to hide.
#[derive(Clone, Debug)]
pub struct Random {
    state: [u64; 4],
}

impl Random {
    /// A generator whose whole sequence follows from `seed`.
    pub fn new(seed: u64) -> Self {
        // The authors of xoshiro fill the state by splitmix64, so that seeds 0, 1, 2 … do not give
        // related sequences and the state is never all zero.
        let mut mixed = seed;
        let state = std::array::from_fn(|_| splitmix64(&mut mixed));
        Self { state }
    }

    /// An independent generator, for a part that must not disturb the sequence of the others.
    pub fn fork(&mut self) -> Self {
        Self::new(self.next_u64())
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let [s0, s1, s2, s3] = &mut self.state;
        let result = s1.wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let shifted = *s1 << 17;
        *s2 ^= *s0;
        *s3 ^= *s1;
        *s1 ^= *s2;
        *s0 ^= *s3;
        *s2 ^= shifted;
        *s3 = s3.rotate_left(45);
        result
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // Multiply-shift. The bias is at most bound / 2^64, far under what a test can see.
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with the given chance.
    pub fn happens(&mut self, chance: Chance) -> bool {
        // A certain or impossible event draws nothing, so switching a fault off leaves the rest of
        // the sequence alone only if it was never on; what matters is that it is repeatable.
        chance.0 > 0 && self.below(u64::from(Chance::SCALE)) < u64::from(chance.0)
    }

    /// A fraction in 0..1 with 53 bits.
    fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A probability in parts per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chance(u32);

impl Chance {
    const SCALE: u32 = 1_000_000;
    /// Never.
    pub const NEVER: Self = Self(0);
    /// Always.
    pub const ALWAYS: Self = Self(Self::SCALE);

    /// `percent` of a hundred; more than 100 is always.
    pub const fn percent(percent: u32) -> Self {
        Self::parts_per_million(percent.saturating_mul(10_000))
    }

    /// `parts` of a million; more is always.
    pub const fn parts_per_million(parts: u32) -> Self {
        if parts > Self::SCALE {
            Self::ALWAYS
        } else {
            Self(parts)
        }
    }
}

/// A length of time to draw: fixed, or from a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Always this long.
    Fixed(Duration),
    /// Anything from `low` to `high`, equally likely.
    Uniform {
        /// Shortest.
        low: Duration,
        /// Longest.
        high: Duration,
    },
    /// Exponential, as the lengths of telephone calls roughly are; cut at `longest`.
    Exponential {
        /// Mean before the cut.
        mean: Duration,
        /// Longest.
        longest: Duration,
    },
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self::Fixed(Duration::ZERO);

    /// A fixed length in milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self::Fixed(Duration::from_millis(millis))
    }

    /// A fixed length in seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self::Fixed(Duration::from_secs(seconds))
    }

    /// The time between events that come evenly, so many a second. Not faster than a million and
    /// not slower than one an hour.
    pub fn steady(events_per_second: f64) -> Self {
        Self::Fixed(mean_gap(events_per_second))
    }

    /// The time between events that come independently of each other, as calls of many customers
    /// do, so many a second in the mean.
    pub fn poisson(events_per_second: f64) -> Self {
        let mean = mean_gap(events_per_second);
        Self::Exponential {
            mean,
            longest: mean * 10,
        }
    }

    /// Draws a length.
    pub fn draw(self, random: &mut Random) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Uniform { low, high } => {
                let width = (high - low).as_micros();
                low + Duration::from_micros(random.below(width.saturating_add(1)))
            }
            Self::Exponential { mean, longest } => {
                let factor = -(1.0 - random.fraction()).ln();
                let drawn = Duration::from_micros((mean.as_micros() as f64 * factor) as u64);
                drawn.min(longest)
            }
        }
    }
}

fn mean_gap(events_per_second: f64) -> Duration {
    const SLOWEST: f64 = 1.0 / 3_600.0;
    const FASTEST: f64 = 1_000_000.0;
    let is_number = !events_per_second.is_nan();
    let rate = if is_number {
        events_per_second.clamp(SLOWEST, FASTEST)
    } else {
        SLOWEST
    };
    Duration::from_micros((1_000_000.0 / rate) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_sequence_and_another_seed_another() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            std::array::from_fn::<u64, 8, _>(|_| random.next_u64())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn chances_come_true_about_as_often_as_they_say() {
        let mut random = Random::new(1);
        let hits = (0..100_000)
            .filter(|_| random.happens(Chance::percent(3)))
            .count();
        assert!((2_700..3_300).contains(&hits), "{hits} of 100000 at 3 %");
        assert!(!random.happens(Chance::NEVER));
        assert!((0..1_000).all(|_| random.happens(Chance::ALWAYS)));
    }

    #[test]
    fn rates_become_gaps() {
        assert_eq!(Span::steady(4.0), Span::millis(250));
        assert_eq!(Span::steady(0.0), Span::seconds(3_600));
        assert_eq!(Span::steady(f64::NAN), Span::seconds(3_600));
        let mut random = Random::new(3);
        let gaps = (0..10_000).map(|_| Span::poisson(2.0).draw(&mut random).as_micros());
        let mean = gaps.sum::<u64>() / 10_000;
        assert!((480_000..520_000).contains(&mean), "{mean} µs");
    }

    #[test]
    fn spans_stay_in_their_bounds_and_keep_their_mean() {
        let mut random = Random::new(2);
        let uniform = Span::Uniform {
            low: Duration::from_millis(100),
            high: Duration::from_millis(300),
        };
        let exponential = Span::Exponential {
            mean: Duration::from_secs(60),
            longest: Duration::from_secs(600),
        };
        let mut total = Duration::ZERO;
        for _ in 0..10_000 {
            let drawn = uniform.draw(&mut random);
            assert!((100..=300).contains(&drawn.as_millis()));
            let drawn = exponential.draw(&mut random);
            assert!(drawn <= Duration::from_secs(600));
            total = total + drawn;
        }
        let mean_ms = total.as_millis() / 10_000;
        assert!((57_000..=63_000).contains(&mean_ms), "mean {mean_ms} ms");
    }
}
