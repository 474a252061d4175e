//! A dial prefix packed into eight bytes.

use std::fmt;

/// Most digits of a prefix: a whole E.164 number.
pub const PREFIX_DIGITS_MAX: usize = 15;

const BITS_PER_DIGIT: u32 = 4;

/// One to fifteen digits, four bits each, left-aligned, each digit plus one.
///
/// Zero fills the rest, so the order of the numbers is the order of the texts: a prefix stands
/// before all that begin with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(u64);

/// Why a text is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrefixError {
    /// Nothing is there.
    #[error("a prefix is missing: write 1 to {PREFIX_DIGITS_MAX} digits")]
    Empty,
    /// Something other than a digit; `+`, `00` and spaces are not part of a prefix.
    #[error("a prefix is made of digits alone, without `+` and spaces")]
    NotDigits,
    /// More than [`PREFIX_DIGITS_MAX`] digits.
    #[error("a prefix has at most {PREFIX_DIGITS_MAX} digits")]
    TooLong,
}

impl Prefix {
    /// Reads digits.
    ///
    /// # Errors
    /// [`PrefixError`].
    pub fn parse(text: &[u8]) -> Result<Self, PrefixError> {
        if text.is_empty() {
            return Err(PrefixError::Empty);
        }
        if !text.iter().all(u8::is_ascii_digit) {
            return Err(PrefixError::NotDigits);
        }
        if text.len() > PREFIX_DIGITS_MAX {
            return Err(PrefixError::TooLong);
        }
        let packed = text.iter().zip(0..).fold(0, |packed, (byte, index)| {
            packed | u64::from(byte - b'0' + 1) << shift(index)
        });
        Ok(Self(packed))
    }

    /// The digits of a number, or its first fifteen when it has more; `None` for what is none.
    pub fn of_number(digits: &str) -> Option<Self> {
        let length = digits.len().min(PREFIX_DIGITS_MAX);
        let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        is_digits.then(|| Self::parse(&digits.as_bytes()[..length]).ok())?
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    pub(crate) const fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Whether all numbers with this prefix have a shorter one too, or the same.
    pub fn begins_with(self, shorter: Self) -> bool {
        // At least one digit's bits are kept, so the shift is less than all.
        let unused = u64::BITS - BITS_PER_DIGIT * shorter.digits_count() as u32;
        self.0 >> unused == shorter.0 >> unused
    }

    /// Its first digits, as many as are asked for, at least one; itself when it has no more.
    pub fn shortened(self, digits: usize) -> Self {
        let kept = BITS_PER_DIGIT * digits.clamp(1, PREFIX_DIGITS_MAX) as u32;
        Self(self.0 & !(u64::MAX >> kept))
    }

    /// How many digits it has.
    pub fn digits_count(self) -> usize {
        (u64::BITS - self.0.trailing_zeros()).div_ceil(BITS_PER_DIGIT) as usize
    }

    /// The digit at an index below [`Self::digits_count`], 0 to 9.
    pub fn digit(self, index: usize) -> u8 {
        let nibble = (self.0 >> shift(index as u32)) as u8 & 0xf;
        debug_assert!(nibble > 0, "an index below the count of digits");
        nibble.saturating_sub(1)
    }
}

/// How far left the digit at an index stands.
const fn shift(index: u32) -> u32 {
    u64::BITS - BITS_PER_DIGIT * (index + 1)
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for index in 0..self.digits_count() {
            write!(f, "{}", self.digit(index))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_prefix_is_refused_with_its_reason() {
        assert_eq!(Prefix::parse(b""), Err(PrefixError::Empty));
        for text in ["+44", "44 20", "4a", "-1", "४४"] {
            assert_eq!(Prefix::parse(text.as_bytes()), Err(PrefixError::NotDigits));
        }
        assert!(Prefix::parse(b"123456789012345").is_ok());
        assert_eq!(
            Prefix::parse(b"1234567890123456"),
            Err(PrefixError::TooLong)
        );
    }

    proptest! {
        #[test]
        fn digits_survive_packing(text in "[0-9]{1,15}") {
            let prefix = Prefix::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(prefix.to_string(), &*text);
            prop_assert_eq!(prefix.digits_count(), text.len());
            for (index, byte) in text.bytes().enumerate() {
                prop_assert_eq!(prefix.digit(index), byte - b'0');
            }
        }

        #[test]
        fn a_prefix_begins_with_what_its_text_begins_with(one in "[0-9]{1,15}", other in "[0-9]{1,3}") {
            let packed = |text: &str| Prefix::parse(text.as_bytes()).unwrap();
            let begins = packed(&one).begins_with(packed(&other));
            prop_assert_eq!(begins, one.starts_with(&other));
            let longer = format!("{other}{one}");
            if longer.len() <= PREFIX_DIGITS_MAX {
                prop_assert!(packed(&longer).begins_with(packed(&other)));
            }
        }

        #[test]
        fn packed_order_is_the_order_of_texts(one in "[0-9]{1,15}", other in "[0-9]{1,15}") {
            let packed = |text: &str| Prefix::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(packed(&one).cmp(&packed(&other)), one.cmp(&other));
        }
    }
}
