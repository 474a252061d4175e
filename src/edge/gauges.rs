//! What a shard shows of itself to other threads: plain atomics, written by one thread.

use super::defence::GateCounters;
use super::media_figures::MediaGauges;
use super::trace::TraceCounters;
use call_control::Counters;
use rating::cdr::{CallRecord, JournalEntry, Outcome};
use sip_core::Duration;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// One shard's figures. The shard adds; everybody else reads.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) calls_now: AtomicU64,
    pub(crate) calls_received: AtomicU64,
    pub(crate) attempts: AtomicU64,
    pub(crate) messages_received: AtomicU64,
    pub(crate) messages_sent: AtomicU64,
    pub(crate) malformed: AtomicU64,
    pub(crate) unknown_source: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) limited: AtomicU64,
    pub(crate) banned: AtomicU64,
    pub(crate) scanners: AtomicU64,
    pub(crate) shed: AtomicU64,
    pub(crate) unrecorded: AtomicU64,
    pub(crate) gateways_unresolved: AtomicU64,
    pub(crate) calls_held: AtomicU64,
    pub(crate) calls_without_credit: AtomicU64,
    pub(crate) calls_cut: AtomicU64,
    pub(crate) one_way_media: AtomicU64,
    pub(crate) lag_us: AtomicU64,
    pub(crate) shedding: AtomicU64,
    pub(crate) calls_kept: AtomicU64,
    pub(crate) homer_sent: AtomicU64,
    pub(crate) homer_dropped: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) rejected: AtomicU64,
    /// Nano-units of USD.
    pub(crate) revenue: AtomicI64,
    /// Nano-units of USD.
    pub(crate) cost: AtomicI64,
    pub(crate) media: MediaGauges,
}

impl Gauges {
    /// Shows the engine's counters.
    pub(crate) fn show(&self, counters: &Counters) {
        self.calls_now
            .store(counters.calls.into(), Ordering::Relaxed);
        self.calls_received
            .store(counters.calls_received, Ordering::Relaxed);
        self.attempts.store(counters.attempts, Ordering::Relaxed);
        self.messages_received
            .store(counters.messages_received, Ordering::Relaxed);
        self.messages_sent
            .store(counters.messages_sent, Ordering::Relaxed);
        self.malformed
            .store(counters.messages_malformed, Ordering::Relaxed);
        self.shed.store(counters.calls_shed, Ordering::Relaxed);
        self.unrecorded
            .store(counters.records_withheld, Ordering::Relaxed);
        self.gateways_unresolved
            .store(counters.gateways_unresolved, Ordering::Relaxed);
        self.calls_held
            .store(counters.calls_held.into(), Ordering::Relaxed);
        self.calls_without_credit
            .store(counters.calls_without_credit, Ordering::Relaxed);
        self.calls_cut.store(counters.calls_cut, Ordering::Relaxed);
        self.one_way_media
            .store(counters.one_way_media, Ordering::Relaxed);
        self.unknown_source
            .store(counters.unknown_source_requests, Ordering::Relaxed);
    }

    /// Shows what was kept out, and how far behind the shard is.
    pub(crate) fn show_defence(&self, kept_out: GateCounters, lag: Duration, is_shedding: bool) {
        self.limited.store(kept_out.limited, Ordering::Relaxed);
        self.banned.store(kept_out.banned, Ordering::Relaxed);
        self.scanners.store(kept_out.scanners, Ordering::Relaxed);
        self.lag_us.store(lag.as_micros(), Ordering::Relaxed);
        self.shedding.store(is_shedding.into(), Ordering::Relaxed);
    }

    /// Shows what is remembered of messages.
    pub(crate) fn show_trace(&self, counters: TraceCounters) {
        self.calls_kept
            .store(counters.calls_kept, Ordering::Relaxed);
        self.homer_sent
            .store(counters.homer_sent, Ordering::Relaxed);
        self.homer_dropped
            .store(counters.homer_dropped, Ordering::Relaxed);
    }

    /// Counts what the journal is told.
    pub(crate) fn count(&self, entry: &JournalEntry) {
        match entry {
            JournalEntry::Answered(record) if record.answered_at.is_some() => {
                add(&self.answered, 1);
            }
            // Refused to the customer; its end is counted when the carrier has had its last word.
            JournalEntry::Answered(_) => {}
            JournalEntry::Ended(record) => self.count_ended(record),
        }
    }

    fn count_ended(&self, record: &CallRecord) {
        match record.outcome {
            Outcome::Answered | Outcome::Interrupted => {}
            Outcome::Cancelled | Outcome::Failed => add(&self.failed, 1),
            Outcome::Rejected => add(&self.rejected, 1),
        }
        self.media.count(record);
        let money = record.money().unwrap_or_default();
        self.revenue.fetch_add(money.charge.0, Ordering::Relaxed);
        self.cost.fetch_add(money.cost.0, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
