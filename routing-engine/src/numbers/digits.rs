//! Digits of numbers, packed so that a look-up compares words.

use super::{Number, caller_digits};
use crate::resources::Prefix;

/// Most digits of a number that is looked up: four bits each.
pub(super) const DIGITS_MAX: usize = 32;

const BITS_A_DIGIT: u32 = 4;

/// Digits from the highest bits down, each as its value and one: texts and their digits have the
/// same order, and where the zeros begin the text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digits(u128);

/// Prefixes, none of which begins another, in order. A look-up is one binary search.
#[derive(Debug, Default)]
pub(super) struct Prefixes(Box<[Digits]>);

impl Digits {
    /// `None` for what is not made of digits, for nothing, and for more than [`DIGITS_MAX`].
    pub(super) fn new(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > DIGITS_MAX {
            return None;
        }
        let mut bits = 0;
        let mut shift = u128::BITS;
        for byte in text.bytes() {
            let digit = byte.checked_sub(b'0').filter(|digit| *digit <= 9)?;
            shift -= BITS_A_DIGIT;
            bits |= u128::from(digit + 1) << shift;
        }
        Some(Self(bits))
    }

    /// Of a calling number; `None` for what is no number.
    pub(super) fn of_caller(calling: &str) -> Option<Self> {
        Self::new(&caller_digits(calling)?)
    }

    pub(super) fn begins(self, other: Self) -> bool {
        (self.0 ^ other.0)
            .checked_shr(self.unused_bits())
            .unwrap_or(0)
            == 0
    }

    /// Zeros behind the last digit, less those within it: none is zero.
    fn unused_bits(self) -> u32 {
        self.0.trailing_zeros() / BITS_A_DIGIT * BITS_A_DIGIT
    }

    pub(super) fn count(self) -> u32 {
        (u128::BITS - self.unused_bits()) / BITS_A_DIGIT
    }

    /// So many of its digits; at least one and at most all.
    pub(super) fn first(self, count: u32) -> Self {
        let unused = u128::BITS - count * BITS_A_DIGIT;
        Self(self.0 >> unused << unused)
    }

    /// Writes those behind the first so many; `None` when they do not fit.
    pub(super) fn push_behind(self, first: u32, number: &mut Number) -> Option<()> {
        for place in first..self.count() {
            let bits = self.0 >> (u128::BITS - (place + 1) * BITS_A_DIGIT);
            let digit = (bits as u8 & 0xf).checked_sub(1)?;
            number.try_push(char::from(b'0' + digit)).ok()?;
        }
        Some(())
    }
}

impl Prefixes {
    pub(super) fn new(prefixes: &[Prefix]) -> Self {
        let mut all: Vec<_> = prefixes
            .iter()
            .filter_map(|text| Digits::new(text))
            .collect();
        all.sort_unstable();
        // What follows a prefix and begins with it says nothing new.
        all.dedup_by(|next, kept| kept.begins(*next));
        Self(all.into())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them begins a number.
    pub(super) fn begin(&self, number: Digits) -> bool {
        let behind = self.0.partition_point(|prefix| *prefix <= number);
        let last = behind.checked_sub(1).and_then(|at| self.0.get(at));
        last.is_some_and(|last| last.begins(number))
    }
}
