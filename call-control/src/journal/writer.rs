//! What a shard holds of the journal.

use super::segment::MappedSegment;
use rating::Timestamp;
use rating::cdr::JournalEntry;
use rating::journal::{FrameError, MAX_RECORD_BYTES, encode_into, frame_bytes};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

/// Room in the segment below which new calls are refused unless the next segment is there.
const RESERVE_BYTES: usize = 512 * 1024;

/// Appends the records of one shard. Not shared: it moves into the shard's thread.
///
/// Call [`touch`](Self::touch) in each round of the shard's loop: it stores the time and takes
/// the next segment in. Ask [`available`](Self::available) before a new call is accepted.
/// [`append`](Self::append) what happened before the packet leaves that tells it.
pub struct SegmentWriter {
    segment: MappedSegment,
    next: Option<MappedSegment>,
    spares: Receiver<MappedSegment>,
    pending: VecDeque<PendingFrame>,
    max_pending: usize,
    max_unsynced: u64,
    shared: Arc<ShardShared>,
}

/// A frame that found no room, ready to be copied.
struct PendingFrame {
    bytes: Vec<u8>,
    length: u32,
}

/// What a shard and the journal's thread tell each other.
#[derive(Debug, Default)]
pub(super) struct ShardShared {
    /// Bytes of frames written, by the shard.
    pub(super) written: AtomicU64,
    /// `written` when the last forced write began, by the thread.
    pub(super) synced: AtomicU64,
    /// Sequence of the segment in use, by the shard.
    pub(super) sequence: AtomicU64,
    /// Where the next frame of that segment begins, by the shard.
    pub(super) position: AtomicU64,
    /// Records in the waiting queue, by the shard.
    pub(super) pending: AtomicU64,
    /// The disk is in trouble, by the thread.
    pub(super) trouble: AtomicBool,
}

/// Why a record was not taken. The call it belongs to is not safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// No segment has room and the waiting queue is full.
    #[error("the journal is full: {waiting} records wait for space on disk")]
    Full {
        /// How many wait.
        waiting: usize,
    },
    /// The record is longer than any may be.
    #[error("a call record is longer than {MAX_RECORD_BYTES} bytes")]
    RecordTooLarge,
}

impl SegmentWriter {
    pub(super) fn new(
        segment: MappedSegment,
        spares: Receiver<MappedSegment>,
        shared: Arc<ShardShared>,
        max_pending: usize,
        max_unsynced: u64,
    ) -> Self {
        shared.sequence.store(segment.sequence(), Ordering::Release);
        Self {
            segment,
            next: None,
            spares,
            pending: VecDeque::new(),
            max_pending,
            max_unsynced,
            shared,
        }
    }

    /// Whether a new call may be accepted: its records will find room.
    pub fn available(&self) -> bool {
        self.pending.is_empty()
            && (self.next.is_some() || self.segment.room() >= RESERVE_BYTES)
            && !self.shared.trouble.load(Ordering::Relaxed)
            && self.unsynced() <= self.max_unsynced
    }

    /// Writes one record. When this returns `Ok`, the record outlives the process; it waits in
    /// memory only while [`available`](Self::available) is false for want of space.
    ///
    /// # Errors
    /// [`AppendError`]: the record is not taken. Only calls accepted against `available`, or a
    /// record of absurd length, can lead here.
    pub fn append(&mut self, entry: &JournalEntry) -> Result<(), AppendError> {
        self.drain_pending();
        if !self.pending.is_empty() {
            return self.put_aside(entry);
        }
        match self.segment.append(entry) {
            Ok(bytes) => {
                self.count(bytes);
                Ok(())
            }
            Err(FrameError::NoSpace) if self.rotate() => self.append(entry),
            Err(FrameError::NoSpace) => self.put_aside(entry),
            Err(_) => Err(AppendError::RecordTooLarge),
        }
    }

    /// Stores that the shard lives at `now`, takes the next segment in and writes what waits.
    /// For each round of the shard's loop; costs a store when there is nothing to do.
    pub fn touch(&mut self, now: Timestamp) {
        self.segment.touch(now);
        if self.next.is_none() {
            self.take_spare();
        }
        if !self.pending.is_empty() {
            self.drain_pending();
        }
    }

    /// Ends the writing cleanly: all calls have ended. Records that still wait for space are
    /// given up; the number of them is the result.
    pub fn close(mut self, now: Timestamp) -> usize {
        self.touch(now);
        self.segment.seal(true);
        self.count(0);
        self.pending.len()
    }

    fn unsynced(&self) -> u64 {
        let synced = self.shared.synced.load(Ordering::Relaxed);
        let written = self.shared.written.load(Ordering::Relaxed);
        written.saturating_sub(synced)
    }

    fn take_spare(&mut self) {
        self.next = self.spares.try_recv().ok();
    }

    /// Goes on to the next segment; false when there is none.
    fn rotate(&mut self) -> bool {
        if self.next.is_none() {
            self.take_spare();
        }
        let Some(next) = self.next.take() else {
            return false;
        };
        self.segment.seal(false);
        self.segment = next;
        let sequence = self.segment.sequence();
        // Release: the thread that sees the new number finds the old segment sealed.
        self.shared.sequence.store(sequence, Ordering::Release);
        true
    }

    fn drain_pending(&mut self) {
        while let Some(frame) = self.pending.front() {
            let (bytes, length) = (frame.bytes.len(), frame.length);
            if self.segment.append_encoded(&frame.bytes, length) {
                self.pending.pop_front();
                self.count(bytes);
            } else if !self.rotate() {
                break;
            }
        }
        let waiting = self.pending.len() as u64;
        self.shared.pending.store(waiting, Ordering::Relaxed);
    }

    fn put_aside(&mut self, entry: &JournalEntry) -> Result<(), AppendError> {
        let waiting = self.pending.len();
        if waiting >= self.max_pending {
            return Err(AppendError::Full { waiting });
        }
        self.pending.push_back(encode(entry)?);
        let waiting = self.pending.len() as u64;
        self.shared.pending.store(waiting, Ordering::Relaxed);
        Ok(())
    }

    fn count(&self, bytes: usize) {
        // One writer: no read-modify-write is needed. Release: the thread that sees the sum
        // forces at least these bytes.
        let position = self.segment.position() as u64;
        self.shared.position.store(position, Ordering::Relaxed);
        let written = self.shared.written.load(Ordering::Relaxed) + bytes as u64;
        self.shared.written.store(written, Ordering::Release);
    }
}

/// Encodes into memory of its own; grows until the record fits.
fn encode(entry: &JournalEntry) -> Result<PendingFrame, AppendError> {
    let mut bytes = vec![0; 4 * 1024];
    loop {
        match encode_into(entry, &mut bytes) {
            Ok(length) => {
                bytes.truncate(frame_bytes(length as usize));
                return Ok(PendingFrame { bytes, length });
            }
            Err(FrameError::NoSpace) => bytes.resize(bytes.len() * 2, 0),
            Err(_) => return Err(AppendError::RecordTooLarge),
        }
    }
}
