//! Calls in setup, counted by their numbers over all shards: a call that a carrier sends back to us
//! has new tags and a new Call-ID, but the same numbers, and each round adds one.
//!
//! The counts are atomics in a table of fixed size, without a lock. Numbers that share a cell share
//! its count; which ones do depends on a secret.

use siphasher::sip::SipHasher13;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Cells of the table. With ten thousand calls in setup a cell holds one or none.
const CELLS: usize = 1 << 16;

/// The table, shared by the shards of a node.
#[derive(Debug)]
pub struct Setups {
    hasher: SipHasher13,
    cells: Box<[AtomicU32]>,
}

/// One call in setup; it counts until this is dropped.
#[derive(Debug)]
pub struct SetupPermit {
    setups: Arc<Setups>,
    cell: usize,
}

impl Setups {
    /// An empty table. `secret` is random.
    pub fn new(secret: u64) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, secret.rotate_left(17)),
            cells: (0..CELLS).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// Counts a call; `None` when `most` with these numbers are in setup already.
    pub fn enter(self: &Arc<Self>, calling: &str, called: &str, most: u32) -> Option<SetupPermit> {
        let mut hasher = self.hasher;
        hasher.write(calling.as_bytes());
        // No number has this byte.
        hasher.write_u8(0xff);
        hasher.write(called.as_bytes());
        let cell = (hasher.finish() % CELLS as u64) as usize;
        let one_more = |count: u32| (count < most).then_some(count + 1);
        self.cells[cell]
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(SetupPermit {
            setups: Arc::clone(self),
            cell,
        })
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

impl Drop for SetupPermit {
    fn drop(&mut self) {
        self.setups.cells[self.cell].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
