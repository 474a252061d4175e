//! Nonces that need no table until they are used well.
//!
//! A nonce says when it was made and by which shard, and bears a keyed MAC, so a forged or old one
//! is known without a look into anything. Only what a customer with the right password used is
//! remembered, so that nobody can use it again: for each nonce the highest count and the counts
//! just below it.

use sip_core::{Duration, Instant};
use siphasher::sip::SipHasher24;
use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::hash::Hasher;

/// Nonces in use by one shard. With more, the oldest is forgotten, and none that old is taken.
const USED_MAX: usize = 1 << 17;
/// Counts below the highest that are told apart: requests overtake one another.
const WINDOW: u32 = 64;
/// Hexadecimal digits of a nonce: second, shard, number, MAC.
const DIGITS: usize = 8 + 4 + 16 + 16;

/// The nonces of one shard.
pub(crate) struct Nonces {
    hasher: SipHasher24,
    shard: u16,
    lifetime: Duration,
    next: u64,
    used: HashMap<u64, Used>,
    /// In the order in which they were first used.
    order: VecDeque<(u64, u64)>,
    /// No nonce made before this second is taken, because its uses may be forgotten.
    oldest_s: u64,
}

#[derive(Clone, Copy, Debug)]
struct Used {
    highest: u32,
    /// Bit `n`: the count `highest - n` was used.
    below: u64,
}

/// A nonce that is one of ours and young enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    number: u64,
    second: u64,
}

/// A nonce that is too old, used up, another shard's, or nobody's: the client is to take a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stale;

impl Nonces {
    /// `secret` is random.
    pub(crate) fn new(secret: [u8; 16], shard: u16, lifetime: Duration) -> Self {
        Self {
            hasher: SipHasher24::new_with_key(&secret),
            shard,
            lifetime,
            next: 0,
            used: HashMap::new(),
            order: VecDeque::new(),
            oldest_s: 0,
        }
    }

    /// A fresh nonce.
    pub(crate) fn issue(&mut self, now: Instant) -> String {
        self.next += 1;
        let (second, number) = (seconds(now), self.next);
        let mut text = String::with_capacity(DIGITS);
        // Writing to a String never fails.
        let _ = write!(text, "{second:08x}{:04x}{number:016x}", self.shard);
        let mac = self.mac(&text);
        let _ = write!(text, "{mac:016x}");
        text
    }

    /// Looks at a nonce that a client shows. Cheap: before any password is hashed.
    pub(crate) fn look_at(&self, now: Instant, text: &str) -> Result<Known, Stale> {
        let is_shaped = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
        let (said, mac) = text.split_at_checked(DIGITS - 16).ok_or(Stale)?;
        let number_of = |text: &str| u64::from_str_radix(text, 16).map_err(|_| Stale);
        if !is_shaped || number_of(mac)? != self.mac(said) {
            return Err(Stale);
        }
        let (second, shard) = (number_of(&said[..8])?, number_of(&said[8..12])?);
        let is_young = second + self.lifetime.as_millis() / 1_000 > seconds(now);
        if shard != u64::from(self.shard) || !is_young || second < self.oldest_s {
            return Err(Stale);
        }
        let number = number_of(&said[12..])?;
        Ok(Known { number, second })
    }

    /// Notes that the holder of the right password used a nonce for the `count`-th time. A count
    /// that was used already is a replay.
    pub(crate) fn take(&mut self, now: Instant, known: Known, count: u32) -> Result<(), Stale> {
        self.forget_old(now);
        match self.used.get_mut(&known.number) {
            Some(used) => used.take(count),
            None => {
                let used = Used {
                    highest: count,
                    below: 1,
                };
                self.used.insert(known.number, used);
                self.order.push_back((known.number, known.second));
                Ok(())
            }
        }
    }

    fn forget_old(&mut self, now: Instant) {
        let lifetime_s = self.lifetime.as_millis() / 1_000;
        while let Some((number, second)) = self.order.front().copied() {
            let is_dead = second + lifetime_s <= seconds(now);
            if !is_dead && self.order.len() < USED_MAX {
                return;
            }
            if !is_dead {
                self.oldest_s = self.oldest_s.max(second + 1);
            }
            self.order.pop_front();
            self.used.remove(&number);
        }
    }

    fn mac(&self, said: &str) -> u64 {
        let mut hasher = self.hasher;
        hasher.write(said.as_bytes());
        hasher.finish()
    }
}

impl Used {
    fn take(&mut self, count: u32) -> Result<(), Stale> {
        if count > self.highest {
            let step = count - self.highest;
            self.below = self.below.checked_shl(step).unwrap_or(0) | 1;
            self.highest = count;
            return Ok(());
        }
        let behind = self.highest - count;
        if behind >= WINDOW || self.below & (1 << behind) != 0 {
            return Err(Stale);
        }
        self.below |= 1 << behind;
        Ok(())
    }
}

fn seconds(now: Instant) -> u64 {
    now.as_micros() / 1_000_000
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a panic is the failure")]
    use super::*;

    const LIFETIME: Duration = Duration::from_secs(300);

    fn at(second: u64) -> Instant {
        Instant::from_micros(second * 1_000_000)
    }

    #[test]
    fn a_nonce_is_good_for_its_lifetime_at_the_shard_that_made_it() {
        let mut nonces = Nonces::new([1; 16], 3, LIFETIME);
        let nonce = nonces.issue(at(1_000));
        assert_ne!(nonce, nonces.issue(at(1_000)));
        assert!(nonces.look_at(at(1_299), &nonce).is_ok());
        assert_eq!(nonces.look_at(at(1_300), &nonce).unwrap_err(), Stale);
        let other = Nonces::new([1; 16], 4, LIFETIME);
        assert!(other.look_at(at(1_000), &nonce).is_err());
        let stranger = Nonces::new([2; 16], 3, LIFETIME);
        assert!(stranger.look_at(at(1_000), &nonce).is_err());
    }

    #[test]
    fn no_digit_can_be_changed() {
        let mut nonces = Nonces::new([1; 16], 3, LIFETIME);
        let nonce = nonces.issue(at(1_000));
        for place in 0..nonce.len() {
            let mut bytes = nonce.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(bytes).unwrap();
            assert!(nonces.look_at(at(1_000), &forged).is_err(), "{place}");
        }
        for odd in ["", "x", &"é".repeat(DIGITS / 2), &"0".repeat(DIGITS)] {
            assert!(nonces.look_at(at(1_000), odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn each_count_is_taken_once_in_whatever_order() {
        let mut nonces = Nonces::new([1; 16], 3, LIFETIME);
        let nonce = nonces.issue(at(1_000));
        let known = nonces.look_at(at(1_000), &nonce).unwrap();
        let mut take = |count| nonces.take(at(1_001), known, count);
        for count in [1, 3, 2, 70] {
            assert_eq!(take(count), Ok(()), "{count}");
        }
        for count in [1, 2, 3, 70, 6] {
            assert_eq!(take(count), Err(Stale), "{count}");
        }
        assert_eq!(take(7), Ok(()));
        assert_eq!(take(u32::MAX), Ok(()));
    }

    #[test]
    fn what_is_forgotten_is_not_taken_again() {
        let mut nonces = Nonces::new([1; 16], 3, LIFETIME);
        let first = nonces.issue(at(1_000));
        let known = nonces.look_at(at(1_000), &first).unwrap();
        assert_eq!(nonces.take(at(1_000), known, 1), Ok(()));
        for _ in 0..USED_MAX {
            let nonce = nonces.issue(at(1_001));
            let known = nonces.look_at(at(1_001), &nonce).unwrap();
            assert_eq!(nonces.take(at(1_001), known, 1), Ok(()));
        }
        assert!(nonces.used.len() <= USED_MAX);
        assert!(
            nonces.look_at(at(1_001), &first).is_err(),
            "it would be a replay"
        );
        assert_eq!(nonces.used.len(), nonces.order.len());
        let late = nonces.issue(at(2_000));
        let known = nonces.look_at(at(2_000), &late).unwrap();
        assert_eq!(nonces.take(at(2_000), known, 1), Ok(()));
        assert_eq!(nonces.used.len(), 1, "all others are dead");
    }
}
