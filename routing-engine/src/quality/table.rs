//! Figures of carriers, ready to be read by decisions.

use super::{Counts, QualityKey};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// So many attempts weigh as much as the parent.
const PARENT_WEIGHT: u64 = 20;

/// A million: the whole of a share.
const WHOLE: u64 = 1_000_000;

/// Figures of a carrier for a destination. Shares are of a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// Attempts of its own, without those of parents.
    pub attempts: u32,
    /// Answered of all attempts (ASR).
    pub asr_ppm: u32,
    /// Attempts that reached the called party, of all (NER).
    pub ner_ppm: u32,
    /// Mean time to the first ringing (PDD), milliseconds.
    pub pdd_ms: u32,
    /// Mean talk of answered calls (ACD), milliseconds.
    pub acd_ms: u32,
}

/// The figures of all carriers.
#[derive(Debug, Default)]
pub struct QualityTable {
    entries: HashMap<QualityKey, Quality, BuildHasherDefault<KeyHasher>>,
}

static EMPTY: QualityTable = QualityTable {
    entries: HashMap::with_hasher(BuildHasherDefault::new()),
};

impl Quality {
    /// What is expected of a carrier of which nothing is known.
    pub const PRIOR: Self = Self {
        attempts: 0,
        asr_ppm: 500_000,
        ner_ppm: 900_000,
        pdd_ms: 3_000,
        acd_ms: 180_000,
    };

    /// No carrier does worse, and none needs less to be tested.
    pub(crate) const WORST: Self = Self {
        attempts: u32::MAX,
        asr_ppm: 0,
        ner_ppm: 0,
        pdd_ms: u32::MAX,
        acd_ms: 0,
    };

    /// All figures as one, 0 to 1,000, the higher the better:
    ///
    /// ```text
    /// (3 ASR + 3 NER + 2 min(1, ACD / 180 s) + 2 max(0, 1 − PDD / 10 s)) / 10
    /// ```
    pub fn score(self) -> u16 {
        let talk = (u64::from(self.acd_ms) * WHOLE / 180_000).min(WHOLE);
        let delay = WHOLE - (u64::from(self.pdd_ms) * WHOLE / 10_000).min(WHOLE);
        let sum = 3 * u64::from(self.asr_ppm) + 3 * u64::from(self.ner_ppm) + 2 * talk + 2 * delay;
        (sum / 10_000) as u16
    }

    fn of(own: &Counts, parent: Self) -> Self {
        let mean = |sum: u64, count: u32, parent: u32| {
            let count = u64::from(count) + PARENT_WEIGHT;
            let mean = (sum.saturating_add(PARENT_WEIGHT * u64::from(parent))) / count;
            u32::try_from(mean).unwrap_or(u32::MAX)
        };
        let share = |part: u32, parent: u32| mean(u64::from(part) * WHOLE, own.attempts, parent);
        Self {
            attempts: own.attempts,
            asr_ppm: share(own.answered, parent.asr_ppm),
            ner_ppm: share(own.effective, parent.ner_ppm),
            pdd_ms: mean(own.pdd_ms, own.rang, parent.pdd_ms),
            acd_ms: mean(own.talk_ms, own.ended, parent.acd_ms),
        }
    }
}

impl QualityTable {
    /// Of which nothing is known.
    pub fn empty() -> &'static Self {
        &EMPTY
    }

    /// From counts of carriers and prefixes, each with all that are below it.
    pub(super) fn of(sums: &HashMap<QualityKey, Counts>) -> Self {
        let mut table = Self {
            entries: HashMap::with_capacity_and_hasher(sums.len(), BuildHasherDefault::new()),
        };
        let mut ascending: Vec<_> = sums.keys().copied().collect();
        // A parent has fewer digits than those below it.
        ascending.sort_unstable_by_key(|key| key.digits);
        for key in ascending {
            let parent = key.parents().find_map(|parent| table.entries.get(&parent));
            let parent = parent.copied().unwrap_or(Quality::PRIOR);
            table.entries.insert(key, Quality::of(&sums[&key], parent));
        }
        table
    }

    /// The figures of a carrier for the prefix that its rate matched: its own, or its parent's.
    pub fn get(&self, carrier: i64, prefix: &str) -> Quality {
        if self.entries.is_empty() {
            return Quality::PRIOR;
        }
        let key = QualityKey::new(carrier, prefix);
        if let Some(known) = self.entries.get(&key) {
            return *known;
        }
        let parent = key.parents().find_map(|parent| self.entries.get(&parent));
        Quality {
            // Of this prefix itself nothing was tried.
            attempts: 0,
            ..parent.copied().unwrap_or(Quality::PRIOR)
        }
    }

    /// How many carriers and prefixes it knows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// Keys are identifiers of the database and digits of our own cards, so a quick hash will do.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, value: u32) {
        self.write_u64(value.into());
    }

    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 29;
    }
}
