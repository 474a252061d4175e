//! What shards count of carriers' attempts, gathered for the decisions of all.
//!
//! A shard counts its own and hands over what it has once a second ([`ShardQuality`]); one thread
//! ([`QualityKeeper`]) keeps the window and publishes a table, about once a second, which shards take
//! over at their next turn. It is no task: to make a table of all that a window may hold takes tens of
//! milliseconds. What finds the queue full waits in its shard for the next second.

use arc_swap::ArcSwap;
use rating::cdr::JournalEntry;
use routing_engine::QualityTable;
use routing_engine::quality::{Counts, QualityCounter, QualityKey, QualityWindow};
use sip_core::{Duration as SipDuration, Instant};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// How often a shard hands over what it counted.
const EVERY: SipDuration = SipDuration::from_secs(1);
/// Tables follow one another no closer, however many shards hand over. A little less than a second,
/// so that each batch of a single shard makes one.
const PUBLISHED_EVERY: Duration = Duration::from_millis(900);
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

    /// Starts the thread; it ends when the last shard is gone.
    pub(super) fn start(self) -> std::io::Result<JoinHandle<()>> {
        std::thread::Builder::new()
            .name("quality".to_owned())
            .spawn(move || self.run())
    }

    fn run(mut self) {
        let mut published = std::time::Instant::now();
        let mut now = 0;
        while let Some(first) = self.counted.blocking_recv() {
            let mut next = Some(first);
            while let Some((minute, counted)) = next {
                now = minute.max(now);
                self.window.add(now, counted);
                next = self.counted.try_recv().ok();
            }
            if published.elapsed() >= PUBLISHED_EVERY {
                published = std::time::Instant::now();
                self.publish(now);
            }
        }
    }

    fn publish(&mut self, minute: u64) {
        let table = self.window.table(minute);
        if !(table.is_empty() && self.table.load().is_empty()) {
            self.table.store(Arc::new(table));
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

    /// Where the table in force is. It keeps the thread from nothing, unlike the link.
    pub(super) fn table(&self) -> SharedQuality {
        Arc::clone(&self.table)
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
