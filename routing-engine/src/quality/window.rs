//! The sliding window over what all shards counted.

use super::table::QualityTable;
use super::{Counts, QualityKey};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// Minutes that count.
pub const WINDOW_MINUTES: u64 = 30;

/// Most carriers and prefixes that are told apart, with their parents. What comes beyond counts for
/// its parents that are known, and for nobody when there is none.
pub const KEYS_MAX: usize = 200_000;

/// Counts by the minute, of the last [`WINDOW_MINUTES`], and their sums.
///
/// The sums are kept as counts come and go: a table costs one look at each key, however many calls
/// there were.
#[derive(Debug)]
pub struct QualityWindow {
    /// The oldest first. Each key is one of `sums`.
    minutes: VecDeque<(u64, HashMap<QualityKey, Counts>)>,
    /// Of each key with all that are below it.
    sums: HashMap<QualityKey, Counts>,
    keys_max: usize,
}

impl Default for QualityWindow {
    fn default() -> Self {
        Self::with_keys(KEYS_MAX)
    }
}

impl QualityWindow {
    fn with_keys(keys_max: usize) -> Self {
        Self {
            minutes: VecDeque::new(),
            sums: HashMap::new(),
            keys_max,
        }
    }

    /// Adds what a shard counted. A minute that is over counts as the one under way.
    pub fn add(&mut self, minute: u64, counted: impl IntoIterator<Item = (QualityKey, Counts)>) {
        if self.minutes.back().is_none_or(|(last, _)| *last < minute) {
            self.minutes.push_back((minute, HashMap::new()));
        }
        self.forget(minute);
        for (key, more) in counted {
            if let Some(key) = self.sum_up(key, more)
                && let Some((_, counts)) = self.minutes.back_mut()
            {
                *counts.entry(key).or_default() += more;
            }
        }
    }

    /// What the window says at a minute.
    pub fn table(&mut self, minute: u64) -> QualityTable {
        self.forget(minute);
        QualityTable::of(&self.sums)
    }

    /// How many carriers and prefixes are told apart.
    pub fn len(&self) -> usize {
        self.sums.len()
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Adds to a key and its parents. Gives the key that it counts for, if any.
    fn sum_up(&mut self, key: QualityKey, more: Counts) -> Option<QualityKey> {
        let most = key.and_parents().count();
        let has_room = self.sums.len() + most <= self.keys_max;
        let is_known = |key: &QualityKey| has_room || self.sums.contains_key(key);
        let key = key.and_parents().find(is_known)?;
        for key in key.and_parents() {
            *self.sums.entry(key).or_default() += more;
        }
        Some(key)
    }

    fn forget(&mut self, minute: u64) {
        let oldest = (minute + 1).saturating_sub(WINDOW_MINUTES);
        while let Some((_, counts)) = self.minutes.pop_front_if(|(at, _)| *at < oldest) {
            for (key, less) in counts {
                for key in key.and_parents() {
                    if let Entry::Occupied(mut sum) = self.sums.entry(key) {
                        *sum.get_mut() -= less;
                        if *sum.get() == Counts::default() {
                            sum.remove();
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(prefix: &str, attempts: u32) -> (QualityKey, Counts) {
        let counts = Counts {
            attempts,
            ..Counts::default()
        };
        (QualityKey::new(1, prefix), counts)
    }

    #[test]
    fn what_came_goes_again_and_leaves_nothing() {
        let mut window = QualityWindow::default();
        for minute in 0..100 {
            let prefix = (20 + minute % 7).to_string();
            window.add(minute, [counted(&prefix, 3), counted("4479123", 2)]);
        }
        // Thirty minutes of five attempts.
        assert_eq!(window.sums[&QualityKey::new(1, "")].attempts, 150);
        assert_eq!(window.sums[&QualityKey::new(1, "44")].attempts, 60);
        assert!(!window.table(99).is_empty());
        assert!(window.table(129).is_empty());
        assert!(window.is_empty());
    }

    #[test]
    fn beyond_the_most_keys_attempts_count_for_their_parents() {
        let mut window = QualityWindow::with_keys(7);
        // The carrier, 44, 4479, 4479123; 33 and 3314 leave no room for one more.
        window.add(0, [counted("4479123", 1), counted("3314", 1)]);
        assert_eq!(window.len(), 6);
        window.add(0, [counted("4479124", 5), counted("49", 7)]);
        assert_eq!(window.len(), 6);
        assert_eq!(window.sums[&QualityKey::new(1, "4479")].attempts, 6);
        assert_eq!(window.sums[&QualityKey::new(1, "")].attempts, 14);
        assert!(window.table(WINDOW_MINUTES).is_empty());
        assert!(window.is_empty());
    }
}
