//! Counts of running sessions, where shards read them without asking the thread.

use crate::session::{Session, SessionId, Side};
use crate::statistics::{Counts, DirectionStatistics, MediaStatistics};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One entry per slot of a thread. Only the thread writes; a value may be a moment old.
#[derive(Debug)]
pub(super) struct Board {
    epoch: Instant,
    entries: Box<[Entry]>,
}

#[derive(Debug, Default)]
struct Entry {
    generation: AtomicU64,
    ingress: Shown,
    egress: Shown,
}

/// The [`Counts`] of a direction.
#[derive(Debug)]
struct Shown([AtomicU64; Counts::LEN]);

impl Board {
    pub(super) fn new(slots: usize, epoch: Instant) -> Self {
        Self {
            epoch,
            entries: (0..slots).map(|_| Entry::default()).collect(),
        }
    }

    /// The slot serves `session` from now on.
    pub(super) fn begin(&self, session: SessionId) {
        if let Some(entry) = self.entries.get(session.slot()) {
            entry.generation.store(0, Ordering::Release);
            for shown in [&entry.ingress, &entry.egress] {
                shown.store(&Counts::default());
            }
            entry
                .generation
                .store(session.generation(), Ordering::Release);
        }
    }

    /// Shows what slot `slot` has received from `side`.
    pub(super) fn show(&self, slot: usize, side: Side, session: &Session) {
        if let Some(entry) = self.entries.get(slot) {
            match side {
                Side::Ingress => entry.ingress.store(session.counts(side)),
                Side::Egress => entry.egress.store(session.counts(side)),
            }
        }
    }

    /// The counts of `session`; `None` when its slot serves another.
    pub(super) fn read(&self, session: SessionId) -> Option<MediaStatistics> {
        let entry = self.entries.get(session.slot())?;
        let is_current = || entry.generation.load(Ordering::Acquire) == session.generation();
        if !is_current() {
            return None;
        }
        let now = self.epoch.elapsed();
        let statistics = MediaStatistics {
            ingress: entry.ingress.load(now),
            egress: entry.egress.load(now),
        };
        is_current().then_some(statistics)
    }
}

impl Shown {
    fn store(&self, counts: &Counts) {
        for (shown, word) in self.0.iter().zip(counts.to_words()) {
            shown.store(word, Ordering::Release);
        }
    }

    fn load(&self, now: Duration) -> DirectionStatistics {
        let words = std::array::from_fn(|index| self.0[index].load(Ordering::Acquire));
        Counts::from_words(words).statistics(now)
    }
}

impl Default for Shown {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}
