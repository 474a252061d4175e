//! Calls in setup, counted by their numbers over all shards: a call that a carrier sends back to us
//! has new tags and a new Call-ID, but the same numbers, and each round adds one.
//!
//! Where lists or CLI rules present another calling number it comes back with that one, and a pool has
//! another in each round. So each attempt that presents another leaves with it where its call came from
//! ([`SetupPermit::present`]): whoever comes with that number may be that call again, and the chain from there
//! back, through calls that are all still in setup, is as long as the call came round.
//!
//! Callers whose own numbers are those of the pool make such a chain without any loop, all on the trunk that
//! they come by; a chain that stays on one trunk may be [`ONE_TRUNK`] times as long.
//!
//! The counts are atomics in tables of fixed size, without a lock. Numbers that share a cell share
//! its count; which ones do depends on a secret.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Cells of a table. With ten thousand calls in setup a cell holds one or none. A `u16` names one.
const CELLS: usize = 1 << 16;

/// How many times as long a chain may be that stays on one ingress trunk.
pub const ONE_TRUNK: u32 = 10;

/// Longest chain that is followed: as much work as a call may make.
const CHAIN_MAX: usize = 256;

/// The table, shared by the shards of a node.
#[derive(Debug)]
pub struct Setups {
    hasher: SipHasher13,
    cells: Box<[AtomicU32]>,
    /// By the numbers that attempts presented in place of the caller's: [`Presented`].
    presented: Box<[AtomicU64]>,
}

/// Who presents a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Presented {
    /// Attempts that do.
    holders: u16,
    /// Place of the numbers that the last of them came with.
    from: u16,
    /// The ingress trunk that it came by.
    trunk: u32,
}

impl Presented {
    fn read(cell: u64) -> Self {
        let [a, b, c, d, trunk @ ..] = cell.to_le_bytes();
        Self {
            holders: u16::from_le_bytes([a, b]),
            from: u16::from_le_bytes([c, d]),
            trunk: u32::from_le_bytes(trunk),
        }
    }

    fn written(self) -> u64 {
        u64::from(self.trunk) << 32 | u64::from(self.from) << 16 | u64::from(self.holders)
    }
}

/// One call in setup; it counts until this is dropped.
#[derive(Debug)]
pub struct SetupPermit {
    setups: Arc<Setups>,
    cell: u16,
    /// Place of the numbers that it came with among those that were presented.
    came_with: u16,
    presented: Option<u16>,
}

impl Setups {
    /// An empty table. `secret` is random.
    pub fn new(secret: u64) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, secret.rotate_left(17)),
            cells: (0..CELLS).map(|_| AtomicU32::new(0)).collect(),
            presented: (0..CELLS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Counts a call that comes by an ingress trunk; `None` when `most` with these numbers are in setup
    /// already, or it has come round so often with numbers that were presented.
    pub fn enter(
        self: &Arc<Self>,
        calling: &str,
        called: &str,
        trunk: u32,
        most: u32,
    ) -> Option<SetupPermit> {
        let came_with = self.place_of(international(calling), called);
        if self.is_loop(came_with, trunk, most) {
            return None;
        }
        let cell = self.place_of(calling, called);
        let one_more = |count: u32| (count < most).then_some(count + 1);
        self.cells[usize::from(cell)]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(SetupPermit {
            setups: Arc::clone(self),
            cell,
            came_with,
            presented: None,
        })
    }

    /// Whether the chain of calls that one with such numbers may be a round of is too long. Numbers that
    /// come by again are those of a small pool, of which each is counted by itself.
    fn is_loop(&self, came_with: u16, trunk: u32, most: u32) -> bool {
        let mut chain = [0; CHAIN_MAX];
        let (mut place, mut length, mut stays) = (came_with, 0_usize, true);
        loop {
            let cell = self.presented[usize::from(place)].load(Ordering::Relaxed);
            let presented = Presented::read(cell);
            if presented.holders == 0 || chain[..length].contains(&place) {
                return false;
            }
            stays &= presented.trunk == trunk;
            chain[length] = place;
            length += 1;
            let most = if stays {
                most.saturating_mul(ONE_TRUNK)
            } else {
                most
            };
            if length >= CHAIN_MAX || length as u32 >= most {
                return true;
            }
            place = presented.from;
        }
    }

    fn place_of(&self, calling: &str, called: &str) -> u16 {
        let mut hasher = self.hasher;
        hasher.write(calling.as_bytes());
        // No number has this byte.
        hasher.write_u8(0xff);
        hasher.write(called.as_bytes());
        (hasher.finish() % CELLS as u64) as u16
    }

    /// Calls in setup.
    pub fn len(&self) -> u64 {
        let counts = self.cells.iter().map(|cell| cell.load(Ordering::Relaxed));
        counts.map(u64::from).sum()
    }

    /// Whether no call is in setup.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl SetupPermit {
    /// An attempt of the call, which came by an ingress trunk, goes out between these numbers, digits of
    /// E.164 or what stands for them, of which the calling one is not the caller's. What the attempt before
    /// it presented counts no more.
    pub fn present(&mut self, calling: &str, called: &str, trunk: u32) {
        self.take_back();
        let place = self.setups.place_of(international(calling), called);
        let from = self.came_with;
        let one_more = |cell: u64| {
            // Beyond as many calls as can be in setup with the same numbers nothing is counted.
            let holders = Presented::read(cell).holders.checked_add(1)?;
            let presented = Presented {
                holders,
                from,
                trunk,
            };
            Some(presented.written())
        };
        let taken = self.update(place, one_more);
        self.presented = taken.then_some(place);
    }

    fn take_back(&mut self) {
        let Some(place) = self.presented.take() else {
            return;
        };
        self.update(place, |cell| {
            let presented = Presented::read(cell);
            let holders = presented.holders.saturating_sub(1);
            Some(
                Presented {
                    holders,
                    ..presented
                }
                .written(),
            )
        });
    }

    fn update(&self, place: u16, change: impl Fn(u64) -> Option<u64>) -> bool {
        let cell = &self.setups.presented[usize::from(place)];
        cell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
            .is_ok()
    }
}

impl Drop for SetupPermit {
    fn drop(&mut self) {
        self.take_back();
        self.setups.cells[usize::from(self.cell)].fetch_sub(1, Ordering::Relaxed);
    }
}

/// A number however its international form is written.
fn international(calling: &str) -> &str {
    let plus = calling.strip_prefix('+');
    plus.or_else(|| calling.strip_prefix("00"))
        .unwrap_or(calling)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first call comes by one trunk, and round by another.
    #[test]
    fn a_call_that_comes_round_with_another_number_each_time_is_counted() {
        let setups = Arc::new(Setups::new(7));
        let mut held: Vec<SetupPermit> = Vec::new();
        for round in 0..5 {
            let (calling, trunk) = match round {
                0 => ("4411".to_owned(), 1),
                _ => (format!("+44207{}", round - 1), 2),
            };
            let permit = setups.enter(&calling, "4420", trunk, 5);
            let mut permit = permit.unwrap_or_else(|| panic!("round {round}"));
            permit.present(&format!("44207{round}"), "4420", trunk);
            held.push(permit);
        }
        let enter = |calling, called| setups.enter(calling, called, 2, 5);
        assert!(enter("442074", "4420").is_none(), "five rounds");
        assert!(enter("442074", "4421").is_some(), "another number");
        assert!(enter("4412", "4420").is_some(), "another caller");
        // The call that began it has its end: those that were rounds of it are fewer.
        held.remove(0);
        assert!(enter("442074", "4420").is_some(), "four rounds");
        held.clear();
        assert!(enter("442074", "4420").is_some());
        assert!(setups.is_empty());
    }

    #[test]
    fn a_chain_on_one_trunk_ends_later() {
        let setups = Arc::new(Setups::new(7));
        let mut held: Vec<SetupPermit> = Vec::new();
        while let Some(mut permit) = setups.enter(&format!("44207{}", held.len()), "4420", 1, 5) {
            permit.present(&format!("44207{}", held.len() + 1), "4420", 1);
            held.push(permit);
        }
        assert_eq!(held.len(), 50);
    }

    /// The pool of an enterprise is its own lines, and all of them call one number at nine o'clock.
    #[test]
    fn callers_whose_own_numbers_are_presented_are_not_taken_for_a_loop() {
        let setups = Arc::new(Setups::new(7));
        let mut held = std::collections::VecDeque::new();
        for call in 0..10_000_u32 {
            let line = |number: u32| format!("44207{}", number % 12);
            let permit = setups.enter(&line(call), "4420", 1, 5);
            let mut permit = permit.unwrap_or_else(|| panic!("call {call}"));
            permit.present(&line(call + 1), "4420", 1);
            held.push_back(permit);
            if held.len() > 11 {
                held.pop_front();
            }
        }
    }

    #[test]
    fn callers_who_present_the_same_number_are_not_taken_for_a_loop() {
        let setups = Arc::new(Setups::new(7));
        let held: Vec<_> = (0..100)
            .filter_map(|caller: u32| {
                let mut permit = setups.enter(&caller.to_string(), "4420", 1, 5)?;
                permit.present("442070", "4420", 1);
                // Another attempt presents another number in its place.
                permit.present("442071", "4420", 1);
                Some(permit)
            })
            .collect();
        assert_eq!(held.len(), 100);
        for number in ["442070", "442071"] {
            assert!(setups.enter(number, "4420", 2, 2).is_some(), "{number}");
        }
        assert!(setups.enter("442071", "4420", 2, 1).is_none(), "a round");
        assert!(setups.enter("442070", "4420", 2, 1).is_some(), "taken back");
    }

    #[test]
    fn only_the_same_numbers_count_and_only_while_in_setup() {
        let setups = Arc::new(Setups::new(7));
        let held: Vec<_> = (0..3)
            .filter_map(|_| setups.enter("4411", "4420", 1, 2))
            .collect();
        assert_eq!(held.len(), 2);
        assert!(setups.enter("4411", "4421", 1, 2).is_some());
        assert!(setups.enter("44114", "420", 1, 2).is_some(), "another pair");
        drop(held);
        assert!(setups.is_empty());
        assert!(setups.enter("4411", "4420", 1, 2).is_some());
    }
}
