//! Unpredictable numbers from a seed: SipHash of a counter.

use siphasher::sip::SipHasher24;
use std::hash::Hasher;

/// A generator. The same seed gives the same numbers; without the seed nobody can tell the next.
pub(crate) struct Random {
    hasher: SipHasher24,
    counter: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            hasher: SipHasher24::new_with_keys(seed, seed.rotate_left(32) ^ 0x5851_f42d_4c95_7f2d),
            counter: 0,
        }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.counter += 1;
        let mut hasher = self.hasher;
        hasher.write_u64(self.counter);
        hasher.finish()
    }

    pub(crate) fn next_u128(&mut self) -> u128 {
        u128::from(self.next_u64()) << 64 | u128::from(self.next_u64())
    }

    /// A number below a bound; 0 for a bound of 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound.max(1)
    }

    pub(crate) fn bytes(&mut self) -> [u8; 16] {
        self.next_u128().to_le_bytes()
    }
}
