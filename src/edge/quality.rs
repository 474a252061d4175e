//! What shards count of carriers' attempts, gathered for the decisions of all.
//!
//! A shard counts its own and hands over what it has once a second ([`ShardQuality`]); one task
//! ([`QualityKeeper`]) keeps the window and publishes a table, which shards take over at their next
//! turn. What finds the queue full waits in its shard for the next second.

use arc_swap::ArcSwap;
use rating::cdr::JournalEntry;
use routing_engine::QualityTable;
use routing_engine::quality::{Counts, QualityCounter, QualityKey, QualityWindow};
use sip_core::{Duration as SipDuration, Instant};
use std::sync::Arc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How often a shard hands over what it counted, and a table is made of it.
const EVERY: SipDuration = SipDuration::from_secs(1);
/// Counts of shards that wait for the keeper.
const WAITING_MAX: usize = 256;

type Batch = (u64, Vec<(QualityKey, Counts)>);

/// Where the table in force is.
pub(super) type SharedQuality = Arc<ArcSwap<QualityTable>>;

/// Gathers what all shards count.
pub(super) struct QualityKeeper {
    counted: Receiver<Batch>,
    table: SharedQuality,
    window: QualityWindow,
}

/// A shard's part.
pub(crate) struct ShardQuality {
    counter: QualityCounter,
    handed_over: Instant,
    keeper: Sender<Batch>,
    table: SharedQuality,
    known: Arc<QualityTable>,
}

/// The way of shards to the keeper.
#[derive(Clone)]
pub(super) struct QualityLink {
    keeper: Sender<Batch>,
    table: SharedQuality,
}

impl QualityKeeper {
    pub(super) fn new() -> (Self, QualityLink) {
        let (keeper, counted) = channel(WAITING_MAX);
        let table = SharedQuality::default();
        let link = QualityLink {
            keeper,
            table: Arc::clone(&table),
        };
        let window = QualityWindow::default();
        (
            Self {
                counted,
                table,
                window,
            },
            link,
        )
    }

    /// Until the last shard is gone.
    pub(super) async fn run(mut self) {
        let mut batches = Vec::new();
        while self.counted.recv_many(&mut batches, WAITING_MAX).await > 0 {
            let mut now = 0;
            for (minute, counted) in batches.drain(..) {
                now = minute.max(now);
                self.window.add(now, counted);
            }
            self.table.store(Arc::new(self.window.table(now)));
        }
    }
}

impl QualityLink {
    pub(super) fn for_shard(&self, now: Instant) -> ShardQuality {
        ShardQuality {
            counter: QualityCounter::default(),
            handed_over: now,
            keeper: self.keeper.clone(),
            table: Arc::clone(&self.table),
            known: Arc::default(),
        }
    }

    /// The table in force.
    pub(super) fn table(&self) -> Arc<QualityTable> {
        self.table.load_full()
    }
}

impl ShardQuality {
    /// Counts what goes to the journal.
    pub(crate) fn note(&mut self, entry: &JournalEntry) {
        self.counter.note(entry);
    }

    /// Hands over what was counted, when it is time. Without attempts too: what was counted before
    /// grows old.
    pub(crate) fn hand_over(&mut self, now: Instant) {
        if now.since(self.handed_over) < EVERY {
            return;
        }
        self.handed_over = now;
        match self.keeper.try_reserve() {
            Ok(place) => place.send((now.as_micros() / 60_000_000, self.counter.take())),
            // It waits here for the next time.
            Err(TrySendError::Full(()) | TrySendError::Closed(())) => {}
        }
    }

    /// The table in force, when it is another than before.
    pub(crate) fn news(&mut self) -> Option<Arc<QualityTable>> {
        let table = self.table.load();
        if Arc::ptr_eq(&table, &self.known) {
            return None;
        }
        self.known = Arc::clone(&table);
        Some(Arc::clone(&table))
    }
}
