//! Reading one segment further, with the judgement of what its end means.

use super::segment_reader::{Batch, ReadError, SegmentReader, Stop};
use super::segments::Segment;
use rating::cdr::JournalEntry;
use rating::journal::SegmentName;

/// Records in one transaction.
const BATCH_RECORDS: usize = 2_000;

/// Looks in a row at an unsound frame in a segment that is being written, after which it counts as
/// damage. The writer needs microseconds to finish a frame; this gives it seconds.
const UNSOUND_LOOKS: u32 = 25;

/// How far one read came.
#[derive(Debug, Default)]
pub(super) struct Advance {
    /// What was read.
    pub(super) entries: Vec<JournalEntry>,
    /// The place behind it.
    pub(super) position: u64,
    /// Nothing more will come.
    pub(super) finished: bool,
    /// Something could not be read.
    pub(super) damaged: bool,
    /// How much, as far as that is known.
    pub(super) damaged_bytes: u64,
    /// There is more now.
    pub(super) more: bool,
}

/// A place in a segment, to come back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) position: u64,
    finished: bool,
    damaged: bool,
}

impl Segment {
    /// Reads some entries from the place on. The place itself moves with
    /// [`move_to`](Self::move_to). With `dead`, the process that wrote is gone.
    pub(super) fn advance(&mut self, name: SegmentName, dead: bool) -> Result<Advance, ReadError> {
        let result = self.read(name, dead);
        if result.is_err() {
            self.reader = None;
        }
        let advance = result?;
        if advance.damaged {
            let bytes = advance.damaged_bytes;
            tracing::error!(segment = %name, bytes, "the journal is damaged; the segment is kept");
        }
        Ok(advance)
    }

    pub(super) fn place(&self) -> Place {
        Place {
            position: self.position,
            finished: self.finished,
            damaged: self.damaged,
        }
    }

    pub(super) fn move_to(&mut self, advance: &Advance) {
        self.position = advance.position;
        self.finished = advance.finished;
        self.damaged |= advance.damaged;
        if self.finished {
            self.reader = None;
        }
    }

    pub(super) fn move_back(&mut self, place: Place) {
        self.position = place.position;
        self.finished = place.finished;
        self.damaged = place.damaged;
        self.reader = None;
    }

    fn read(&mut self, name: SegmentName, dead: bool) -> Result<Advance, ReadError> {
        let mut looks = self.unsound_looks;
        let reader = self.open(name, dead)?;
        // The header first: a seal that is seen covers all that is read after it.
        reader.refresh()?;
        let sealed_at = reader.header().sealed_at;
        let batch = reader.read(BATCH_RECORDS)?;
        let complete = sealed_at.is_some_and(|end| reader.position() >= end);
        let given_up = dead || sealed_at.is_some() || looks >= UNSOUND_LOOKS;
        looks = if batch.stop == Stop::Unsound {
            looks + 1
        } else {
            0
        };
        let advance = if complete || batch.stop == Stop::Full || !given_up {
            Advance {
                position: reader.position(),
                finished: complete,
                more: !complete && batch.stop == Stop::Full,
                entries: batch.entries,
                ..Advance::default()
            }
        } else {
            past_the_end(reader, batch, dead || sealed_at.is_some())?
        };
        self.unsound_looks = looks;
        Ok(advance)
    }
}

/// No sound frame stands where one should, or might, and none will come: it is the place where the
/// writer died, or there is damage and more behind it.
fn past_the_end(
    reader: &mut SegmentReader,
    batch: Batch,
    written_no_more: bool,
) -> Result<Advance, ReadError> {
    let read_to = reader.position();
    let skipped = reader.skip_damage()?;
    let missing = reader
        .header()
        .sealed_at
        .map_or(0, |end| end.saturating_sub(read_to));
    Ok(Advance {
        entries: batch.entries,
        position: reader.position(),
        finished: skipped.is_none() && written_no_more,
        damaged: skipped.is_some() || missing > 0 || batch.stop == Stop::Unsound,
        damaged_bytes: skipped.unwrap_or(missing),
        more: skipped.is_some(),
    })
}
