//! The journal: where a call's record is safe before the packet that ends the call leaves.
//!
//! Each shard appends to a memory-mapped file of its own ([`SegmentWriter`]): no system call, no
//! lock, the price of a copy. What is in the map survives the end of the process, however it
//! ends; a background thread ([`Journal`]) makes it survive a loss of power as well, some
//! milliseconds later (group commit).
//!
//! Files get their full size on disk before they are used, so a full disk is noticed a whole
//! segment ahead, and never as a fault within the map. Without space for the next segment, or
//! with a disk that does not keep up, [`SegmentWriter::available`] turns false and new calls are
//! refused; the calls that are up still find room: in the rest of the segment, then in a bounded
//! queue in memory.
//!
//! The bytes are defined in [`rating::journal`]; `store` reads them.
//!
//! ```text
//! shard ──append──► map ═══ page cache ═══ file ──read──► loader ──► database
//!   ▲                            ▲
//!   └──── next segment ──── thread: fdatasync, allocate, watch the disk
//! ```

mod disk;
mod segment;
mod sync;
mod writer;

pub use rating::journal::BootId;
pub use sync::{Journal, JournalHealth, JournalTrouble, OpenError, lock_directory};
pub use writer::{AppendError, SegmentWriter};

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How a journal is written.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The folder of the segment files; made when it is missing. One process at a time.
    pub directory: PathBuf,
    /// Name of this node, at most [`rating::journal::MAX_NODE_NAME_BYTES`] bytes.
    pub node: Arc<str>,
    /// This life of the process: random, never used before.
    pub boot: BootId,
    /// How many shards write.
    pub shards: u16,
    /// Size of a segment in bytes, [`MIN_SEGMENT_BYTES`] to [`MAX_SEGMENT_BYTES`]. Each shard
    /// has two or three of them on disk. Smaller ones rotate more often, larger ones take longer
    /// to be freed.
    pub segment_bytes: u64,
    /// How often written records are forced to disk: what a loss of power may take. 1 ms to 1 s.
    pub sync_interval: Duration,
    /// Free bytes that the disk must keep; below it the journal is unavailable, so that the
    /// database still finds room.
    pub min_free_bytes: u64,
    /// Written but not yet forced bytes of one shard above which the disk counts as stalled.
    pub max_unsynced_bytes: u64,
    /// Records of one shard that may wait in memory when no segment has room. At least the number
    /// of calls a shard may have, so that each of them can end.
    pub max_pending_records: usize,
}

/// The smallest segment: some records of the greatest length fit.
pub const MIN_SEGMENT_BYTES: u64 = 1 << 20;

/// The largest segment.
pub const MAX_SEGMENT_BYTES: u64 = 1 << 30;

impl JournalConfig {
    /// Sound values for all but what only the caller knows.
    pub fn new(directory: PathBuf, node: Arc<str>, boot: BootId, shards: u16) -> Self {
        Self {
            directory,
            node,
            boot,
            shards,
            segment_bytes: 16 << 20,
            sync_interval: Duration::from_millis(50),
            min_free_bytes: 256 << 20,
            max_unsynced_bytes: 64 << 20,
            max_pending_records: 100_000,
        }
    }
}

#[cfg(test)]
mod tests;
