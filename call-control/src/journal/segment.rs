//! One mapped segment file. The only module here with `unsafe`: the map is shared memory.

#![allow(
    unsafe_code,
    reason = "a shared map is written through raw pointers; each use says why it is sound"
)]

use memmap2::{Advice, MmapRaw};
use rating::Timestamp;
use rating::cdr::JournalEntry;
use rating::journal::{
    FrameError, LAST_ALIVE_OFFSET, SEALED_AT_OFFSET, SEGMENT_HEADER_BYTES, STOPPED_OFFSET,
    SegmentHeader, encode_into, frame_bytes,
};
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

/// The smallest page that any system has; a larger one is rounded to by the system.
const PAGE_BYTES: usize = 4096;

/// A segment that one shard writes.
///
/// The file was allocated in full before, is private to this process (the folder is locked) and
/// is never truncated, so every byte of the map exists. It is read at the same time through
/// `read(2)`, which is why lengths and marks are stored as single aligned words.
pub(super) struct MappedSegment {
    mapped: Arc<MappedFile>,
    sequence: u64,
    position: usize,
}

/// The file and its map, shared with the journal's thread.
pub(super) struct MappedFile {
    pub(super) file: File,
    map: MmapRaw,
}

impl MappedFile {
    /// Makes the pages from `position` on writable before the shard needs them: a page that was
    /// just forced to disk is read-only, and making it writable again may wait for the disk. Only
    /// a favour: where the system cannot do it, the shard pays.
    pub(super) fn prefault(&self, position: u64, bytes: usize) {
        let start = usize::try_from(position).unwrap_or(usize::MAX) & !(PAGE_BYTES - 1);
        let bytes = bytes.min(self.map.len().saturating_sub(start));
        if bytes > 0 {
            let _ = self.map.advise_range(Advice::PopulateWrite, start, bytes);
        }
    }
}

impl MappedSegment {
    /// Maps `file` and writes its header.
    pub(super) fn new(file: File, header: &SegmentHeader) -> io::Result<Self> {
        let map = MmapRaw::map_raw(&file)?;
        let mut segment = Self {
            mapped: Arc::new(MappedFile { file, map }),
            sequence: header.name.sequence,
            position: 0,
        };
        let too_short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        segment
            .space()
            .first_chunk_mut()
            .map(|start| *start = header.to_bytes())
            .ok_or_else(too_short)?;
        segment.position = SEGMENT_HEADER_BYTES;
        Ok(segment)
    }

    pub(super) fn mapped(&self) -> Arc<MappedFile> {
        Arc::clone(&self.mapped)
    }

    /// Where the next frame begins.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes that are left for frames.
    pub(super) fn room(&self) -> usize {
        self.mapped.map.len() - self.position
    }

    /// Appends a record; gives the bytes it took.
    pub(super) fn append(&mut self, entry: &JournalEntry) -> Result<usize, FrameError> {
        let length = encode_into(entry, self.space())?;
        self.publish(length);
        Ok(frame_bytes(length as usize))
    }

    /// Appends a frame that was encoded before; false when it does not fit.
    pub(super) fn append_encoded(&mut self, frame: &[u8], length: u32) -> bool {
        let Some(space) = self.space().get_mut(..frame.len()) else {
            return false;
        };
        // The length, the first four bytes, comes last.
        space[4..].copy_from_slice(&frame[4..]);
        self.publish(length);
        true
    }

    /// Stores the time at which the shard is known to live.
    pub(super) fn touch(&self, now: Timestamp) {
        // SAFETY: the offset is a multiple of 8 within the header, the map is page-aligned and
        // lives as long as `self`, and all access to these bytes through the map is atomic.
        let cell = unsafe { AtomicI64::from_ptr(self.at(LAST_ALIVE_OFFSET).cast()) };
        cell.store(now.0.to_le(), Ordering::Relaxed);
    }

    /// Marks that no more frames follow, and whether the shard stops with this segment.
    pub(super) fn seal(&mut self, stopped: bool) {
        let sealed_at = (self.position as u64).to_le();
        // SAFETY: as in `touch`; the offsets are multiples of 4 and 8.
        let (mark, end) = unsafe {
            (
                AtomicU32::from_ptr(self.at(STOPPED_OFFSET).cast()),
                AtomicU64::from_ptr(self.at(SEALED_AT_OFFSET).cast()),
            )
        };
        mark.store(u32::from(stopped).to_le(), Ordering::Relaxed);
        end.store(sealed_at, Ordering::Release);
    }

    /// Makes the frame at the position valid for readers and goes on behind it.
    fn publish(&mut self, length: u32) {
        // SAFETY: as in `touch`; a position is a multiple of 8, and `encode_into` or the copy
        // proved that the frame, and so these four bytes, lies within the map.
        let cell = unsafe { AtomicU32::from_ptr(self.at(self.position).cast()) };
        // Release: whoever sees the length sees the record.
        cell.store(length.to_le(), Ordering::Release);
        self.position += frame_bytes(length as usize);
    }

    /// The bytes from the position to the end.
    fn space(&mut self) -> &mut [u8] {
        let room = self.room();
        // SAFETY: the range lies within the map; `&mut self` makes this the only reference, and
        // no other thread or process writes the file. Readers use `read(2)` and believe nothing
        // here before its length is published.
        unsafe { std::slice::from_raw_parts_mut(self.at(self.position), room) }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset <= self.mapped.map.len());
        self.mapped.map.as_mut_ptr().wrapping_add(offset)
    }
}
