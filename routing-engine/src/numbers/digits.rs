//! Digits of numbers, packed so that a look-up compares words.

use super::{CALLING_BYTES_MAX, Number};
use crate::resources::Prefix;
use arrayvec::ArrayString;

/// Most digits of a number that is looked up: four bits each.
const DIGITS_MAX: usize = 32;

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

    /// The digits of a calling number: without the visual separators and escapes that it may be
    /// written with (RFC 3966 §5.1.1, RFC 3261 §19.1.1), and without a leading `+` or `00`. `None`
    /// for what is no number even so.
    pub(super) fn of_caller(calling: &str) -> Option<Self> {
        let mut number = ArrayString::<CALLING_BYTES_MAX>::new();
        let mut bytes = calling.bytes();
        while let Some(byte) = bytes.next() {
            let byte = match byte {
                b'%' => escaped(bytes.next()?, bytes.next()?)?,
                byte => byte,
            };
            if !b"-.()".contains(&byte) {
                number.try_push(char::from(byte)).ok()?;
            }
        }
        let international = number.strip_prefix('+');
        Self::new(
            international
                .or_else(|| number.strip_prefix("00"))
                .unwrap_or(&number),
        )
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

fn escaped(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = digit(high)? << 4 | digit(low)?;
    u8::try_from(byte).ok().filter(u8::is_ascii)
}
