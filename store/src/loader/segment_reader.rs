//! Reads one segment file from a place on, while another thread may write behind it.

use rating::Timestamp;
use rating::cdr::JournalEntry;
use rating::journal::{
    FRAME_ALIGNMENT, FRAME_HEADER_BYTES, FrameError, HeaderError, MAX_RECORD_BYTES,
    SEGMENT_HEADER_BYTES, SegmentHeader, SegmentName, Step, decode, resynchronise, scan,
};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Bytes read at once; more than the longest frame.
const CHUNK_BYTES: usize = 2 * MAX_RECORD_BYTES;

/// A segment and the place up to which it was read.
#[derive(Debug)]
pub(super) struct SegmentReader {
    file: File,
    length: u64,
    header: SegmentHeader,
    position: u64,
}

/// What a read found.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The entries, in order.
    pub(super) entries: Vec<JournalEntry>,
    /// Where the reading stopped.
    pub(super) stop: Stop,
}

/// Why a read stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stop {
    /// The batch is full; there may be more.
    #[default]
    Full,
    /// Nothing more is written, so far.
    End,
    /// What stands there is no sound frame, or not yet.
    Unsound,
}

/// Why a segment cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Header(#[from] HeaderError),
    #[error(transparent)]
    Frame(#[from] FrameError),
}

impl SegmentReader {
    /// Opens a segment. With `dead`, its writer is gone, and a header that was not finished or is
    /// damaged counts as one that says nothing: the frames behind it may be sound.
    pub(super) fn open(
        path: &Path,
        name: SegmentName,
        position: u64,
        dead: bool,
    ) -> Result<Self, ReadError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let header = match read_header(&file) {
            Err(ReadError::Header(HeaderError::NotASegment | HeaderError::Damaged)) if dead => {
                SegmentHeader::new(name, "".into(), Timestamp(0))?
            }
            other => other?,
        };
        Ok(Self {
            file,
            length,
            header,
            position: position.max(SEGMENT_HEADER_BYTES as u64),
        })
    }

    pub(super) fn header(&self) -> &SegmentHeader {
        &self.header
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Looks at the header again: the writer may have sealed the segment. Before reading, so that
    /// a seal that is seen covers all that is read after it.
    pub(super) fn refresh(&mut self) -> Result<(), ReadError> {
        match read_header(&self.file) {
            Ok(header) => self.header = header,
            Err(ReadError::Header(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads up to `limit` entries and moves the place behind them.
    pub(super) fn read(&mut self, limit: usize) -> Result<Batch, ReadError> {
        self.read_until(limit, u64::MAX)
    }

    /// The same, and not beyond a place.
    pub(super) fn read_until(&mut self, limit: usize, until: u64) -> Result<Batch, ReadError> {
        let mut batch = Batch::default();
        loop {
            let (chunk, last) = self.chunk(self.position)?;
            let mut at = 0;
            let stop = loop {
                if batch.entries.len() == limit || self.position + at as u64 >= until {
                    break Some(Stop::Full);
                }
                match scan(&chunk, at) {
                    Step::Record { frame, next } => {
                        batch.entries.push(decode(frame)?);
                        at = next;
                    }
                    Step::End => break Some(Stop::End),
                    Step::Short { needed } if last => break Some(cut_off(needed)),
                    Step::Short { .. } => break None,
                    Step::Damaged => break Some(Stop::Unsound),
                }
            };
            self.position += at as u64;
            if let Some(stop) = stop {
                batch.stop = stop;
                return Ok(batch);
            }
        }
    }

    /// Moves behind the records that are written so far, without reading them; gives the place.
    pub(super) fn skip_records(&mut self) -> Result<u64, ReadError> {
        loop {
            let (chunk, last) = self.chunk(self.position)?;
            let mut at = 0;
            let step = loop {
                match scan(&chunk, at) {
                    Step::Record { next, .. } => at = next,
                    step => break step,
                }
            };
            self.position += at as u64;
            if last || at == 0 || !matches!(step, Step::Short { .. }) {
                return Ok(self.position);
            }
        }
    }

    /// Moves to the next sound frame behind the place, for a segment that nobody writes. Gives
    /// the bytes left out; `None` when no sound frame follows.
    pub(super) fn skip_damage(&mut self) -> Result<Option<u64>, ReadError> {
        let mut from = self.position + FRAME_ALIGNMENT as u64;
        loop {
            let (chunk, last) = self.chunk(from)?;
            if let Some(at) = resynchronise(&chunk, 0) {
                let next = from + at as u64;
                let skipped = next - self.position;
                self.position = next;
                return Ok(Some(skipped));
            }
            if last {
                return Ok(None);
            }
            // A frame that the chunk cut in two begins in its last part.
            let step = CHUNK_BYTES - (FRAME_HEADER_BYTES + MAX_RECORD_BYTES);
            from += step.next_multiple_of(FRAME_ALIGNMENT) as u64;
        }
    }

    /// The bytes from `from` on, and whether they reach the end of the file.
    fn chunk(&self, from: u64) -> io::Result<(Vec<u8>, bool)> {
        let left = self.length.saturating_sub(from);
        let wanted = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let mut chunk = vec![0; wanted];
        self.file.read_exact_at(&mut chunk, from)?;
        Ok((chunk, left == wanted as u64))
    }
}

/// The file ends within a frame: either there was no room for another, or it is damaged.
fn cut_off(needed: usize) -> Stop {
    if needed == FRAME_HEADER_BYTES {
        Stop::End
    } else {
        Stop::Unsound
    }
}

fn read_header(file: &File) -> Result<SegmentHeader, ReadError> {
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut bytes, 0) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(HeaderError::NotASegment.into())
        }
        other => {
            other?;
            Ok(SegmentHeader::from_bytes(&bytes)?)
        }
    }
}
