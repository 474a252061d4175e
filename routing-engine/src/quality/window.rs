//! The sliding window over what all shards counted.

use super::table::QualityTable;
use super::{Counts, QualityKey};
use std::collections::{HashMap, VecDeque};

/// Minutes that count.
pub const WINDOW_MINUTES: u64 = 30;

/// Counts by the minute, of the last [`WINDOW_MINUTES`].
#[derive(Debug, Default)]
pub struct QualityWindow {
    /// The oldest first.
    minutes: VecDeque<(u64, HashMap<QualityKey, Counts>)>,
}

impl QualityWindow {
    /// Adds what a shard counted, in a minute that is not before the last one.
    pub fn add(&mut self, minute: u64, counted: impl IntoIterator<Item = (QualityKey, Counts)>) {
        if self.minutes.back().is_none_or(|(last, _)| *last < minute) {
            self.minutes.push_back((minute, HashMap::new()));
        }
        self.forget(minute);
        if let Some((_, counts)) = self.minutes.back_mut() {
            for (key, more) in counted {
                *counts.entry(key).or_default() += more;
            }
        }
    }

    /// What the window says at a minute.
    pub fn table(&mut self, minute: u64) -> QualityTable {
        self.forget(minute);
        let mut sums: HashMap<QualityKey, Counts> = HashMap::new();
        for (key, counts) in self.minutes.iter().flat_map(|(_, counts)| counts) {
            *sums.entry(*key).or_default() += *counts;
        }
        QualityTable::of(sums)
    }

    fn forget(&mut self, minute: u64) {
        let oldest = (minute + 1).saturating_sub(WINDOW_MINUTES);
        while self.minutes.front().is_some_and(|(at, _)| *at < oldest) {
            self.minutes.pop_front();
        }
    }
}
