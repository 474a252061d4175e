//! Counts of running sessions, where shards read them without asking the thread.

use crate::session::{Session, SessionId, Side};
use crate::statistics::{DirectionStatistics, MediaStatistics};
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
    ingress: Counts,
    egress: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    packets: AtomicU64,
    bytes: AtomicU64,
    rtcp_packets: AtomicU64,
    invalid: AtomicU64,
    foreign: AtomicU64,
    undeliverable: AtomicU64,
    /// Microseconds since the epoch plus one; 0 before the first packet.
    last_packet: AtomicU64,
}

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
            for counts in [&entry.ingress, &entry.egress] {
                counts.store(&DirectionStatistics::default(), None);
            }
            entry
                .generation
                .store(session.generation(), Ordering::Release);
        }
    }

    /// Shows what slot `slot` has received from `side`.
    pub(super) fn show(&self, slot: usize, side: Side, session: &Session) {
        if let Some(entry) = self.entries.get(slot) {
            let (counts, last_packet_at) = session.counts(side);
            match side {
                Side::Ingress => entry.ingress.store(counts, last_packet_at),
                Side::Egress => entry.egress.store(counts, last_packet_at),
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

impl Counts {
    fn store(&self, counts: &DirectionStatistics, last_packet_at: Option<Duration>) {
        let set = |field: &AtomicU64, value| field.store(value, Ordering::Release);
        set(&self.packets, counts.packets);
        set(&self.bytes, counts.bytes);
        set(&self.rtcp_packets, counts.rtcp_packets);
        set(&self.invalid, counts.invalid);
        set(&self.foreign, counts.foreign);
        set(&self.undeliverable, counts.undeliverable);
        let last_packet = last_packet_at.map_or(0, |at| at.as_micros() as u64 + 1);
        set(&self.last_packet, last_packet);
    }

    fn load(&self, now: Duration) -> DirectionStatistics {
        let get = |field: &AtomicU64| field.load(Ordering::Acquire);
        let last_packet = get(&self.last_packet).checked_sub(1);
        DirectionStatistics {
            packets: get(&self.packets),
            bytes: get(&self.bytes),
            rtcp_packets: get(&self.rtcp_packets),
            invalid: get(&self.invalid),
            foreign: get(&self.foreign),
            undeliverable: get(&self.undeliverable),
            silent_for: last_packet.map(|at| now.saturating_sub(Duration::from_micros(at))),
        }
    }
}
