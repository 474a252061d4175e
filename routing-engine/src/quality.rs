//! How well carriers do, by destination, from the attempts of the last half hour.
//!
//! Nothing here is locked, and the path of a call waits for nothing. Each shard counts its own
//! attempts ([`QualityCounter`]); one thread gathers what they counted into a sliding window
//! ([`QualityWindow`]) and makes an immutable table of it ([`QualityTable`]), which is swapped whole
//! and given to [`decide`](crate::decide()) as an argument.
//!
//! # Small samples borrow from their parents
//!
//! Attempts are counted by carrier and by the prefix of the carrier's rate, and again by the first
//! four digits, the first two, and the carrier as a whole: each of these is the parent of those
//! below it. A figure is never that of its own attempts alone. With `x` of `n` attempts and the
//! parent's figure `p`,
//!
//! ```text
//! figure = (x + 20 p) / (n + 20)
//! ```
//!
//! so twenty attempts count as much as the parent, and none are the parent. The parent of a whole
//! carrier is [`Quality::PRIOR`]. All figures are integers, so an order that they decided can be
//! worked out again.

mod counter;
mod table;
mod window;

pub use counter::{ENTRIES_MAX, QualityCounter};
pub use table::{Quality, QualityTable};
pub use window::{KEYS_MAX, QualityWindow, WINDOW_MINUTES};

/// Digits of a prefix that are told apart.
pub const DIGITS_MAX: usize = 7;

/// Digits of the parents, the longest first.
const PARENTS: [usize; 3] = [4, 2, 0];

/// A carrier, and the first digits of called numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QualityKey {
    /// The resource's identifier.
    carrier: i64,
    /// The digits behind a leading 1, which tells lengths apart.
    digits: u32,
}

/// What became of attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Attempts that have their end or their answer.
    pub attempts: u32,
    /// Those that were answered.
    pub answered: u32,
    /// Those that reached the called party: answered, busy, no answer, declined, given up while it rang.
    pub effective: u32,
    /// Those that rang.
    pub rang: u32,
    /// From the INVITE to the first ringing, of those that rang, milliseconds.
    pub pdd_ms: u64,
    /// Answered calls that have their end.
    pub ended: u32,
    /// Talk of these, milliseconds.
    pub talk_ms: u64,
}

impl QualityKey {
    /// The key of the longest prefix of a number that is told apart; `prefix` is what its rate
    /// matched.
    pub fn new(carrier: i64, prefix: &str) -> Self {
        let digits = prefix.bytes().take(DIGITS_MAX);
        let digits = digits.fold(1_u32, |key, byte| {
            key * 10 + u32::from(byte.wrapping_sub(b'0') % 10)
        });
        Self { carrier, digits }
    }

    /// Itself and those above it.
    fn and_parents(self) -> impl Iterator<Item = Self> {
        std::iter::once(self).chain(self.parents())
    }

    /// Those above it, the closest first; none for a whole carrier.
    fn parents(self) -> impl Iterator<Item = Self> {
        let length = self.digits.ilog10() as usize;
        let shorter = PARENTS.into_iter().filter(move |parent| *parent < length);
        shorter.map(move |parent| Self {
            digits: self.digits / 10_u32.pow((length - parent) as u32),
            ..self
        })
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.answered = self.answered.saturating_add(other.answered);
        self.effective = self.effective.saturating_add(other.effective);
        self.rang = self.rang.saturating_add(other.rang);
        self.pdd_ms = self.pdd_ms.saturating_add(other.pdd_ms);
        self.ended = self.ended.saturating_add(other.ended);
        self.talk_ms = self.talk_ms.saturating_add(other.talk_ms);
    }
}

impl std::ops::SubAssign for Counts {
    fn sub_assign(&mut self, other: Self) {
        self.attempts = self.attempts.saturating_sub(other.attempts);
        self.answered = self.answered.saturating_sub(other.answered);
        self.effective = self.effective.saturating_sub(other.effective);
        self.rang = self.rang.saturating_sub(other.rang);
        self.pdd_ms = self.pdd_ms.saturating_sub(other.pdd_ms);
        self.ended = self.ended.saturating_sub(other.ended);
        self.talk_ms = self.talk_ms.saturating_sub(other.talk_ms);
    }
}

#[cfg(test)]
mod tests;
