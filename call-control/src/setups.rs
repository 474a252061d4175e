//! Calls in setup, counted by their numbers over all shards: a call that a carrier sends back to us
//! has new tags and a new Call-ID, but the same numbers, and each round adds one.
//!
//! Where lists or CLI rules present another calling number it comes back with that one, and a pool has
//! another in each round. So each attempt that presents another leaves with it how often the call has come
//! round ([`SetupPermit::present`]), and whoever comes with that number goes on from there.
//!
//! The counts are atomics in tables of fixed size, without a lock. Numbers that share a cell share
//! its count; which ones do depends on a secret.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Cells of a table. With ten thousand calls in setup a cell holds one or none. A `u16` names one.
const CELLS: usize = 1 << 16;

/// Bits of a presented number's cell that count the calls; those above are the rounds.
const HOLDERS_BITS: u32 = 16;
const HOLDERS: u32 = (1 << HOLDERS_BITS) - 1;

/// The table, shared by the shards of a node.
#[derive(Debug)]
pub struct Setups {
    hasher: SipHasher13,
    cells: Box<[AtomicU32]>,
    /// By the numbers that attempts presented in place of the caller's.
    presented: Box<[AtomicU32]>,
}

/// One call in setup; it counts until this is dropped.
#[derive(Debug)]
pub struct SetupPermit {
    setups: Arc<Setups>,
    cell: u16,
    /// How often the call came round with numbers that were presented.
    rounds: u16,
    presented: Option<u16>,
}

impl Setups {
    /// An empty table. `secret` is random.
    pub fn new(secret: u64) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, secret.rotate_left(17)),
            cells: (0..CELLS).map(|_| AtomicU32::new(0)).collect(),
            presented: (0..CELLS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts a call; `None` when `most` with these numbers are in setup already, or it has come round so
    /// often with numbers that were presented.
    pub fn enter(self: &Arc<Self>, calling: &str, called: &str, most: u32) -> Option<SetupPermit> {
        let presented = self.place_of(international(calling), called);
        let rounds = self.presented[usize::from(presented)].load(Ordering::Relaxed) >> HOLDERS_BITS;
        if rounds >= most {
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
            // It has 16 bits in its cell.
            rounds: rounds as u16,
            presented: None,
        })
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
    /// An attempt goes out between these numbers, digits of E.164 or what stands for them, of which the
    /// calling one is not the caller's. What the attempt before it presented counts no more.
    pub fn present(&mut self, calling: &str, called: &str) {
        self.take_back();
        let cell = self.setups.place_of(international(calling), called);
        let rounds = u32::from(self.rounds.saturating_add(1));
        let one_more = |cell: u32| {
            let (known, holders) = (cell >> HOLDERS_BITS, cell & HOLDERS);
            // Beyond as many calls as can be in setup with the same numbers nothing is counted.
            (holders < HOLDERS).then_some(known.max(rounds) << HOLDERS_BITS | (holders + 1))
        };
        let taken = self.setups.presented[usize::from(cell)].fetch_update(
            Ordering::Relaxed,
            Ordering::Relaxed,
            one_more,
        );
        self.presented = taken.ok().map(|_| cell);
    }

    fn take_back(&mut self) {
        let Some(cell) = self.presented.take() else {
            return;
        };
        let one_less = |cell: u32| match cell & HOLDERS {
            // Nobody comes round with these numbers any more.
            0 | 1 => Some(0),
            _ => Some(cell - 1),
        };
        let _ = self.setups.presented[usize::from(cell)].fetch_update(
            Ordering::Relaxed,
            Ordering::Relaxed,
            one_less,
        );
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

    #[test]
    fn a_call_that_comes_round_with_another_number_each_time_is_counted() {
        let setups = Arc::new(Setups::new(7));
        let mut held: Vec<SetupPermit> = Vec::new();
        for round in 0..5 {
            let calling = match round {
                0 => "4411".to_owned(),
                _ => format!("+44207{}", round - 1),
            };
            let permit = setups.enter(&calling, "4420", 5);
            let mut permit = permit.unwrap_or_else(|| panic!("round {round}"));
            permit.present(&format!("44207{round}"), "4420");
            held.push(permit);
        }
        assert!(setups.enter("442074", "4420", 5).is_none(), "five rounds");
        assert!(
            setups.enter("442074", "4421", 5).is_some(),
            "another number"
        );
        assert!(setups.enter("4412", "4420", 5).is_some(), "another caller");
        held.clear();
        assert!(setups.enter("442074", "4420", 5).is_some());
        assert!(setups.is_empty());
    }

    #[test]
    fn callers_who_present_the_same_number_are_not_taken_for_a_loop() {
        let setups = Arc::new(Setups::new(7));
        let held: Vec<_> = (0..100)
            .filter_map(|caller: u32| {
                let mut permit = setups.enter(&caller.to_string(), "4420", 5)?;
                permit.present("442070", "4420");
                // Another attempt presents another number in its place.
                permit.present("442071", "4420");
                Some(permit)
            })
            .collect();
        assert_eq!(held.len(), 100);
        assert_eq!(
            setups.enter("442070", "4420", 5).map(|one| one.rounds),
            Some(0)
        );
        assert_eq!(
            setups.enter("442071", "4420", 5).map(|one| one.rounds),
            Some(1)
        );
    }

    #[test]
    fn only_the_same_numbers_count_and_only_while_in_setup() {
        let setups = Arc::new(Setups::new(7));
        let held: Vec<_> = (0..3)
            .filter_map(|_| setups.enter("4411", "4420", 2))
            .collect();
        assert_eq!(held.len(), 2);
        assert!(setups.enter("4411", "4421", 2).is_some());
        assert!(setups.enter("44114", "420", 2).is_some(), "another pair");
        drop(held);
        assert!(setups.is_empty());
        assert!(setups.enter("4411", "4420", 2).is_some());
    }
}
