//! One record in a segment: length, checksum, kind, version, then the record in postcard.
//!
//! | bytes | holds |
//! |---|---|
//! | 0–3 | length of the record, little-endian; stored last |
//! | 4–7 | CRC-32 of the length, the kind, the version and the record |
//! | 8 | kind: 1 = [`JournalEntry`] |
//! | 9 | version of the kind: 5; earlier ones are read as well ([`earlier`]) |
//! | 10–11 | zero |
//! | 12– | the record, then zeros up to the next multiple of 8 |

mod earlier;

use crate::cdr::JournalEntry;

/// Every frame begins at a multiple of this.
pub const FRAME_ALIGNMENT: usize = 8;

/// Bytes before the record.
pub const FRAME_HEADER_BYTES: usize = 12;

/// The longest record. A call record has some hundred bytes plus some hundred for each attempt;
/// only numbers of absurd length, which signalling cuts, could come near.
pub const MAX_RECORD_BYTES: usize = 256 * 1024;

const KIND_ENTRY: u8 = 1;
const VERSION_ENTRY: u8 = 5;

/// Why a record cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It does not fit the space that is left.
    #[error("the record does not fit")]
    NoSpace,
    /// It is longer than [`MAX_RECORD_BYTES`].
    #[error("the record is longer than {MAX_RECORD_BYTES} bytes")]
    TooLarge,
    /// A kind or version that this program does not know.
    #[error("the journal holds a record of kind {kind}, version {version}, from a later program")]
    Unknown {
        /// The kind.
        kind: u8,
        /// Its version.
        version: u8,
    },
    /// The checksum holds but the record cannot be read.
    #[error("a record cannot be decoded")]
    Undecodable,
}

/// What stands at a place of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// A sound frame.
    Record {
        /// The whole frame, for [`decode`].
        frame: &'a [u8],
        /// Where the next frame begins.
        next: usize,
    },
    /// Nothing: the end of what was written, so far or for ever.
    End,
    /// The bytes given end within the frame: read more.
    Short {
        /// How many bytes from `at` are needed.
        needed: usize,
    },
    /// Something that is no sound frame.
    Damaged,
}

/// The bytes that a record of `record_bytes` takes in the segment.
pub const fn frame_bytes(record_bytes: usize) -> usize {
    (FRAME_HEADER_BYTES + record_bytes).next_multiple_of(FRAME_ALIGNMENT)
}

/// Writes `entry` as a frame into `space`, all but its length, which stays as it is (zero). Gives
/// the length; the caller stores it into the first four bytes, little-endian, when all else is
/// in place.
///
/// # Errors
/// [`FrameError::NoSpace`] when `space` is too short, [`FrameError::TooLarge`] when no segment
/// may hold it. Bytes of `space` after the first four may be overwritten all the same.
pub fn encode_into(entry: &JournalEntry, space: &mut [u8]) -> Result<u32, FrameError> {
    let limit = space.len().min(FRAME_HEADER_BYTES + MAX_RECORD_BYTES);
    let too_long = if limit < space.len() {
        FrameError::TooLarge
    } else {
        FrameError::NoSpace
    };
    let room = space
        .get_mut(FRAME_HEADER_BYTES..limit)
        .ok_or(FrameError::NoSpace)?;
    let length = match postcard::to_slice(entry, room) {
        Ok(record) => record.len() as u32,
        Err(_) => return Err(too_long),
    };
    let end = FRAME_HEADER_BYTES + length as usize;
    space[8..FRAME_HEADER_BYTES].copy_from_slice(&[KIND_ENTRY, VERSION_ENTRY, 0, 0]);
    let checksum = checksum(length, &space[8..end]);
    space[4..8].copy_from_slice(&checksum.to_le_bytes());
    Ok(length)
}

/// Looks at the frame that begins at `at`.
pub fn scan(bytes: &[u8], at: usize) -> Step<'_> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(header) = rest.first_chunk::<FRAME_HEADER_BYTES>() else {
        return Step::Short {
            needed: FRAME_HEADER_BYTES,
        };
    };
    let [l0, l1, l2, l3, c0, c1, c2, c3, ..] = *header;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if length == 0 {
        return Step::End;
    }
    if length as usize > MAX_RECORD_BYTES {
        return Step::Damaged;
    }
    let end = FRAME_HEADER_BYTES + length as usize;
    let Some(frame) = rest.get(..end) else {
        return Step::Short { needed: end };
    };
    if checksum(length, &frame[8..]) != u32::from_le_bytes([c0, c1, c2, c3]) {
        return Step::Damaged;
    }
    Step::Record {
        frame,
        next: at + frame_bytes(length as usize),
    }
}

/// Reads the entry of a frame that [`scan`] found sound.
///
/// # Errors
/// [`FrameError::Unknown`] for a frame of a later program, [`FrameError::Undecodable`] when the
/// bytes are no entry.
pub fn decode(frame: &[u8]) -> Result<JournalEntry, FrameError> {
    let (header, record) = frame
        .split_at_checked(FRAME_HEADER_BYTES)
        .ok_or(FrameError::Undecodable)?;
    match (header[8], header[9]) {
        (KIND_ENTRY, VERSION_ENTRY) => {
            postcard::from_bytes(record).map_err(|_| FrameError::Undecodable)
        }
        (KIND_ENTRY, version) if earlier::VERSIONS.contains(&version) => {
            earlier::entry(version, record).ok_or(FrameError::Undecodable)
        }
        (kind, version) => Err(FrameError::Unknown { kind, version }),
    }
}

/// The place of the first sound frame at or after `from`, which is rounded up to a frame's
/// place. For segments that nobody writes any more: after damage, and after the end, where a
/// loss of power may have left a hole with records behind it.
pub fn resynchronise(bytes: &[u8], from: usize) -> Option<usize> {
    (from.next_multiple_of(FRAME_ALIGNMENT)..bytes.len())
        .step_by(FRAME_ALIGNMENT)
        .find(|at| matches!(scan(bytes, *at), Step::Record { .. }))
}

fn checksum(length: u32, kind_and_record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(kind_and_record);
    hasher.finalize()
}

#[cfg(test)]
mod tests;
