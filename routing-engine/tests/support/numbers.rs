//! Called numbers for tests and benchmarks, from a seed.

#![allow(dead_code, reason = "shared by tests and benchmarks")]

/// A small generator (SplitMix64): the same seed, the same numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly from 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Numbers behind prefixes drawn evenly, filled up to twelve digits.
pub(crate) fn world(prefixes: &[String], count: usize) -> Vec<String> {
    let mut random = Random(7);
    let number = |_| {
        let mut number = random.pick(prefixes).clone();
        while number.len() < 12 {
            number.push(char::from(b'0' + random.below(10) as u8));
        }
        number
    };
    (0..count).map(number).collect()
}
