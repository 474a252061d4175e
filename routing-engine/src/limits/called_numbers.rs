//! Limits on the calls to one called number, counted in a table of fixed size.
//!
//! A customer or trunk that allows a few calls to one number would need a counter for each number
//! that is ever dialled. The table has [`ROWS`] rows of [`CELLS`] cells instead, and a number counts in
//! one cell of each row, which a keyed hash of the number and of whose limit it is tells. Numbers that
//! share a cell are counted together there; the least of a number's cells is what counts. So what is
//! counted for a number is never too low. A call counts in all of them before it looks whether there was room, so
//! a limit is never exceeded: of two that meet at the last place both may be refused. The table is never
//! full, and nothing has to be cleared. It is too high only where a number meets others in all its rows:
//! with twenty thousand numbers called at once that is one number in two thousand, and it is
//! refused only when those others reach its limit together with it. Who knows the key of the hash
//! could choose such numbers, so it is secret and drawn by the process.

use super::cps;
use super::{Limits, PATIENCE_MAX_NS};
use crate::resources::ResourceKind;
use siphasher::sip::SipHasher13;
use std::fmt;
use std::hash::Hasher;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Cells of each number: in so many others must meet it before they count against it.
const ROWS: usize = 4;
/// Cells of a row; all rows together take 8 MiB.
const CELLS: usize = 1 << 17;

/// Most limits that one called number is under: the customer's and its trunk's.
const KEYS_MAX: usize = 2;

/// The table, shared by the shards of a node. It exists once a limit of this kind is configured.
pub struct CalledNumbers {
    hasher: SipHasher13,
    cells: Box<[Cell]>,
}

/// What the numbers of a cell do together.
#[derive(Default)]
struct Cell {
    /// As in a [`Limiter`](super::Limiter).
    due_ns: AtomicU64,
    channels: AtomicU32,
}

/// Which cells are a number's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberKey(NonZeroU64);

/// One call to a number, counted under the limits that it has; it counts until this is dropped.
#[derive(Default)]
pub struct NumberPermits {
    numbers: Option<Arc<CalledNumbers>>,
    keys: [Option<NumberKey>; KEYS_MAX],
}

impl CalledNumbers {
    /// An empty table. `secret` is random.
    pub(crate) fn new(secret: u64) -> Self {
        Self {
            hasher: SipHasher13::new_with_keys(secret, secret.rotate_left(17)),
            cells: (0..ROWS * CELLS).map(|_| Cell::default()).collect(),
        }
    }

    /// The key of a called number under the limit of a resource.
    pub(crate) fn key(&self, kind: ResourceKind, id: i64, number: &str) -> NumberKey {
        let mut hasher = self.hasher;
        hasher.write_u8(kind as u8);
        hasher.write_i64(id);
        hasher.write(number.as_bytes());
        // No cell is told by this bit.
        NumberKey(NonZeroU64::new(hasher.finish() | 1 << 63).unwrap_or(NonZeroU64::MIN))
    }

    /// Calls that are counted for a number: those to it, and seldom some to others.
    pub(crate) fn channels_in_use(&self, key: NumberKey) -> u32 {
        let counts = self
            .cells(key)
            .map(|cell| cell.channels.load(Ordering::Relaxed));
        counts.min().unwrap_or(0)
    }

    /// Calls of all numbers together.
    pub fn calls(&self) -> u64 {
        let first_row = self.cells[..CELLS].iter();
        first_row
            .map(|cell| u64::from(cell.channels.load(Ordering::Relaxed)))
            .sum()
    }

    /// How long the call must be held, nanoseconds; `None` when it comes too early for that.
    pub(super) fn take_cps(
        &self,
        key: NumberKey,
        limits: Limits,
        now_ns: u64,
        patience_ns: u64,
    ) -> Option<u64> {
        let Some(cps) = limits.cps else {
            return Some(0);
        };
        // Most that are refused change nothing for others meanwhile.
        self.hold(key, now_ns, patience_ns)?;
        for cell in self.cells(key) {
            cell.take_cps(now_ns, cps);
        }
        // Only now: whoever counted between two of the cells is seen in one of them at least.
        let next_ns = self
            .cells(key)
            .map(|cell| cell.due_ns.load(Ordering::SeqCst));
        let due_ns = next_ns
            .min()
            .unwrap_or(0)
            .saturating_sub(cps::interval_ns(cps));
        let hold_ns = cps::hold_ns(due_ns, now_ns, patience_ns);
        if hold_ns.is_none() {
            self.give_back_cps(key, limits);
        }
        hold_ns
    }

    pub(super) fn give_back_cps(&self, key: NumberKey, limits: Limits) {
        if let Some(cps) = limits.cps {
            for cell in self.cells(key) {
                cell.due_ns
                    .fetch_sub(cps::interval_ns(cps), Ordering::Relaxed);
            }
        }
    }

    /// Counts one more call, unless there are as many as there may be.
    fn take_channel(&self, key: NumberKey, limits: Limits) -> bool {
        let max = limits.channels.map_or(u32::MAX, NonZeroU32::get);
        for cell in self.cells(key) {
            cell.channels.fetch_add(1, Ordering::SeqCst);
        }
        // Only now: whoever counted between two of the cells is seen in one of them at least.
        let counts = self
            .cells(key)
            .map(|cell| cell.channels.load(Ordering::SeqCst));
        let is_taken = counts.min().unwrap_or(0) <= max;
        if !is_taken {
            self.give_back_channel(key);
        }
        is_taken
    }

    fn give_back_channel(&self, key: NumberKey) {
        for cell in self.cells(key) {
            let before = cell.channels.fetch_sub(1, Ordering::Relaxed);
            debug_assert!(before > 0, "a call is given back once");
        }
    }

    /// As [`Self::take_cps`], without taking anything.
    pub(super) fn look_cps(
        &self,
        key: NumberKey,
        limits: Limits,
        now_ns: u64,
        patience_ns: u64,
    ) -> Option<u64> {
        match limits.cps {
            Some(_) => self.hold(key, now_ns, patience_ns),
            None => Some(0),
        }
    }

    pub(super) fn has_channel(&self, key: NumberKey, limits: Limits) -> bool {
        limits
            .channels
            .is_none_or(|max| self.channels_in_use(key) < max.get())
    }

    fn hold(&self, key: NumberKey, now_ns: u64, patience_ns: u64) -> Option<u64> {
        let dues = self
            .cells(key)
            .map(|cell| cell.due_ns.load(Ordering::Relaxed));
        cps::hold_ns(dues.min().unwrap_or(0), now_ns, patience_ns)
    }

    /// The cells of a number, one of each row.
    fn cells(&self, key: NumberKey) -> impl Iterator<Item = &Cell> {
        let key = key.0.get();
        let more = crate::lot::mix(key);
        let columns = [key, key >> 32, more, more >> 32];
        columns
            .into_iter()
            .enumerate()
            .map(|(row, column)| &self.cells[row * CELLS + column as usize % CELLS])
    }
}

impl Cell {
    /// One more call. Numbers that share the cell must not push this
    /// ever further into the future, so it is held near: no number's own due time is beyond that.
    fn take_cps(&self, now_ns: u64, cps: NonZeroU32) {
        let latest_ns = now_ns.saturating_add(PATIENCE_MAX_NS);
        let one_more = |due_ns: u64| {
            let due_ns = due_ns.max(now_ns).min(latest_ns);
            Some(due_ns.saturating_add(cps::interval_ns(cps)))
        };
        let order = Ordering::SeqCst;
        // It always has a new value.
        let _ = self.due_ns.fetch_update(order, order, one_more);
    }
}

impl NumberPermits {
    /// Counts the call under one more limit; false when that is reached.
    pub(super) fn take(
        &mut self,
        numbers: &Arc<CalledNumbers>,
        key: NumberKey,
        limits: Limits,
    ) -> bool {
        let free = self.keys.iter_mut().find(|key| key.is_none());
        let Some(free) = free.filter(|_| numbers.take_channel(key, limits)) else {
            return false;
        };
        *free = Some(key);
        self.numbers.get_or_insert_with(|| Arc::clone(numbers));
        true
    }

    /// Under how many limits it is counted.
    pub fn len(&self) -> usize {
        self.keys.iter().flatten().count()
    }

    /// Whether it is under none, as most calls are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for NumberPermits {
    fn drop(&mut self) {
        let Some(numbers) = &self.numbers else { return };
        for key in self.keys.iter().flatten() {
            numbers.give_back_channel(*key);
        }
    }
}

impl fmt::Debug for NumberPermits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberPermits({})", self.len())
    }
}

impl fmt::Debug for CalledNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CalledNumbers({})", self.calls())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;

    fn limits(cps: Option<u32>, channels: Option<u32>) -> Limits {
        Limits::new(cps, channels)
    }

    fn key(numbers: &CalledNumbers, number: u64) -> NumberKey {
        numbers.key(ResourceKind::Customer, 1, &number.to_string())
    }

    fn take(numbers: &Arc<CalledNumbers>, number: u64, limits: Limits) -> Option<NumberPermits> {
        let mut permits = NumberPermits::default();
        let is_taken = permits.take(numbers, key(numbers, number), limits);
        is_taken.then_some(permits)
    }

    #[test]
    fn each_number_has_its_own_calls_and_gives_them_back() {
        let numbers = Arc::new(CalledNumbers::new(7));
        let two = limits(None, Some(2));
        let mut held = Vec::new();
        for number in 0..5_000 {
            for _ in 0..2 {
                let permit = take(&numbers, number, two);
                held.push(permit.unwrap());
            }
            assert!(take(&numbers, number, two).is_none());
        }
        assert_eq!(numbers.calls(), 10_000);
        let other = numbers.key(ResourceKind::Trunk, 1, "1");
        assert!(numbers.has_channel(other, two), "of another resource");
        drop(held);
        assert_eq!(numbers.calls(), 0);
        let cells = numbers.cells.iter();
        assert_eq!(
            cells
                .map(|cell| cell.channels.load(Ordering::Relaxed))
                .max(),
            Some(0)
        );
    }

    #[test]
    fn numbers_beyond_all_measure_are_refused_too_early_and_never_too_late() {
        let numbers = Arc::new(CalledNumbers::new(7));
        let one = limits(None, Some(1));
        let mut refused = 0;
        let mut held = Vec::new();
        for number in 0..60_000 {
            match take(&numbers, number, one) {
                Some(permit) => held.push(permit),
                None => refused += 1,
            }
            assert!(take(&numbers, number, one).is_none());
        }
        // The limit is kept; of sixty thousand numbers at once a few in a hundred meet others.
        assert!((1..1_200).contains(&refused), "{refused}");
        drop(held);
        assert_eq!(numbers.calls(), 0);
    }

    #[test]
    fn shards_that_call_one_number_together_do_not_exceed_its_calls() {
        let numbers = Arc::new(CalledNumbers::new(7));
        let three = limits(None, Some(3));
        let up = AtomicU32::new(0);
        let passed = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        if let Some(_permit) = take(&numbers, 1, three) {
                            let now_up = up.fetch_add(1, Ordering::SeqCst) + 1;
                            assert!(now_up <= 3, "{now_up}");
                            up.fetch_sub(1, Ordering::SeqCst);
                            passed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        assert!(passed.into_inner() > 20_000);
        assert_eq!(numbers.calls(), 0);
    }

    #[test]
    fn calls_a_second_to_one_number_keep_the_pace_and_do_not_touch_others() {
        let numbers = CalledNumbers::new(7);
        let ten = limits(Some(10), None);
        let mut passed = 0;
        for step in 0..10_000_u64 {
            let now_ns = 1_000_000_000 + step * 1_000_000;
            let taken = numbers.take_cps(key(&numbers, 1), ten, now_ns, 0);
            passed += u64::from(taken.is_some());
            let other = key(&numbers, 1_000 + step);
            assert_eq!(numbers.take_cps(other, ten, now_ns, 0), Some(0));
        }
        assert!((100..=102).contains(&passed), "{passed}");
    }

    #[test]
    fn what_is_given_back_may_be_taken_again() {
        let numbers = CalledNumbers::new(7);
        let one = limits(Some(1), None);
        let number = key(&numbers, 1);
        assert_eq!(numbers.take_cps(number, one, 5_000_000_000, 0), Some(0));
        assert_eq!(numbers.take_cps(number, one, 5_100_000_000, 0), None);
        numbers.give_back_cps(number, one);
        assert_eq!(numbers.take_cps(number, one, 5_100_000_000, 0), Some(0));
    }

    #[test]
    fn cells_that_are_shared_do_not_run_away() {
        let cell = Cell::default();
        let one = NonZeroU32::new(1).unwrap();
        for _ in 0..100 {
            cell.take_cps(5_000_000_000, one);
        }
        let due_ns = cell.due_ns.load(Ordering::Relaxed);
        assert!(due_ns <= 5_000_000_000 + PATIENCE_MAX_NS + 1_000_000_000);
    }
}
