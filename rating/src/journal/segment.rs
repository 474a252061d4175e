//! The name and the header of a segment file.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Bytes of the header; the first frame follows.
pub const SEGMENT_HEADER_BYTES: usize = 256;

/// The longest node name that a header holds, bytes of UTF-8.
pub const MAX_NODE_NAME_BYTES: usize = 64;

/// Offset of the time at which the shard was last known to live, `i64` microseconds. The writer
/// stores it as one aligned word while the segment is in use.
pub const LAST_ALIVE_OFFSET: usize = 56;

/// Offset of the end of the frames, `u64`; zero while frames may follow. Stored once, when the
/// writer goes on to the next segment or stops.
pub const SEALED_AT_OFFSET: usize = 64;

/// Offset of the mark of a clean stop, `u32`; 1 when the shard stopped with this segment.
pub const STOPPED_OFFSET: usize = 72;

const MAGIC: [u8; 8] = *b"DIDTJRNL";
const FORMAT_VERSION: u16 = 1;
const EXTENSION: &str = ".journal";

// The fixed part: everything but the three words above, covered by the checksum.
const VERSION: usize = 8;
const SHARD: usize = 10;
const NODE_LENGTH: usize = 12;
const SEQUENCE: usize = 16;
const BOOT: usize = 24;
const CREATED: usize = 40;
const CHECKSUM: usize = 48;
const NODE: usize = 76;

/// One life of the process: 128 bits, unique over nodes and restarts. Written as 32 hexadecimal
/// digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub u128);

/// What a segment file's name says: `<boot>-<shard>-<sequence>.journal`, so that names sort in
/// the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// The life of the process that wrote it.
    pub boot: BootId,
    /// The shard that wrote it.
    pub shard: u16,
    /// Its place among the shard's segments, from 1.
    pub sequence: u64,
}

/// What a segment says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The same as in the file's name.
    pub name: SegmentName,
    /// Name of the node.
    pub node: Arc<str>,
    /// When the file was made.
    pub created_at: Timestamp,
    /// When the shard was last known to live; the time of making until it used the segment.
    pub last_alive: Timestamp,
    /// Where the frames end; `None` while more may follow, and for ever after a crash.
    pub sealed_at: Option<u64>,
    /// Whether the shard stopped cleanly with this segment.
    pub stopped: bool,
}

/// Why a file is no segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Shorter than a header, or other bytes at its start.
    #[error("this is no journal segment")]
    NotASegment,
    /// The header's checksum is wrong.
    #[error("the header of the segment is damaged")]
    Damaged,
    /// Written by a later version of the program.
    #[error("the segment has format {found}; this program reads up to {FORMAT_VERSION}")]
    TooNew {
        /// The format it has.
        found: u16,
    },
    /// The file's name is not of the form that the writer gives.
    #[error("`{0}` is not the name of a journal segment")]
    Name(String),
    /// The node's name does not fit.
    #[error("the node name `{0}` is longer than {MAX_NODE_NAME_BYTES} bytes")]
    NodeTooLong(String),
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for BootId {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let wrong = || HeaderError::Name(text.to_owned());
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| wrong())
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            boot,
            shard,
            sequence,
        } = self;
        write!(f, "{boot}-{shard:05}-{sequence:020}{EXTENSION}")
    }
}

impl FromStr for SegmentName {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let wrong = || HeaderError::Name(text.to_owned());
        let mut parts = text.strip_suffix(EXTENSION).ok_or_else(wrong)?.split('-');
        let mut next = || parts.next().ok_or_else(wrong);
        let name = Self {
            boot: next()?.parse()?,
            shard: next()?.parse().map_err(|_| wrong())?,
            sequence: next()?.parse().map_err(|_| wrong())?,
        };
        // One name for each segment: a number written in another width is somebody else's file.
        if name.to_string() == text {
            Ok(name)
        } else {
            Err(wrong())
        }
    }
}

impl SegmentHeader {
    /// The header of a segment that is about to be used.
    ///
    /// # Errors
    /// [`HeaderError::NodeTooLong`].
    pub fn new(
        name: SegmentName,
        node: Arc<str>,
        created_at: Timestamp,
    ) -> Result<Self, HeaderError> {
        if node.len() > MAX_NODE_NAME_BYTES {
            return Err(HeaderError::NodeTooLong(node.to_string()));
        }
        Ok(Self {
            name,
            node,
            created_at,
            last_alive: created_at,
            sealed_at: None,
            stopped: false,
        })
    }

    /// The bytes of the header.
    pub fn to_bytes(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let node = &self.node.as_bytes()[..self.node.len().min(MAX_NODE_NAME_BYTES)];
        put(&mut bytes, 0, MAGIC);
        put(&mut bytes, VERSION, FORMAT_VERSION.to_le_bytes());
        put(&mut bytes, SHARD, self.name.shard.to_le_bytes());
        bytes[NODE_LENGTH] = node.len() as u8;
        put(&mut bytes, SEQUENCE, self.name.sequence.to_le_bytes());
        put(&mut bytes, BOOT, self.name.boot.0.to_le_bytes());
        put(&mut bytes, CREATED, self.created_at.0.to_le_bytes());
        bytes[NODE..NODE + node.len()].copy_from_slice(node);
        let checksum = checksum(&bytes);
        put(&mut bytes, CHECKSUM, checksum.to_le_bytes());
        put(
            &mut bytes,
            LAST_ALIVE_OFFSET,
            self.last_alive.0.to_le_bytes(),
        );
        put(
            &mut bytes,
            SEALED_AT_OFFSET,
            self.sealed_at.unwrap_or(0).to_le_bytes(),
        );
        put(
            &mut bytes,
            STOPPED_OFFSET,
            u32::from(self.stopped).to_le_bytes(),
        );
        bytes
    }

    /// Reads a header from the first bytes of a file.
    ///
    /// # Errors
    /// [`HeaderError`] when the file is no segment, is damaged, or is of a later version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeaderError> {
        let bytes: &[u8; SEGMENT_HEADER_BYTES] =
            bytes.first_chunk().ok_or(HeaderError::NotASegment)?;
        if take::<8>(bytes, 0) != MAGIC {
            return Err(HeaderError::NotASegment);
        }
        let found = u16::from_le_bytes(take(bytes, VERSION));
        if found != FORMAT_VERSION {
            return Err(HeaderError::TooNew { found });
        }
        if u32::from_le_bytes(take(bytes, CHECKSUM)) != checksum(bytes) {
            return Err(HeaderError::Damaged);
        }
        let node = bytes
            .get(NODE..NODE + usize::from(bytes[NODE_LENGTH]))
            .and_then(|node| std::str::from_utf8(node).ok())
            .ok_or(HeaderError::Damaged)?;
        let sealed_at = u64::from_le_bytes(take(bytes, SEALED_AT_OFFSET));
        Ok(Self {
            name: SegmentName {
                boot: BootId(u128::from_le_bytes(take(bytes, BOOT))),
                shard: u16::from_le_bytes(take(bytes, SHARD)),
                sequence: u64::from_le_bytes(take(bytes, SEQUENCE)),
            },
            node: node.into(),
            created_at: Timestamp(i64::from_le_bytes(take(bytes, CREATED))),
            last_alive: Timestamp(i64::from_le_bytes(take(bytes, LAST_ALIVE_OFFSET))),
            sealed_at: (sealed_at != 0).then_some(sealed_at),
            stopped: u32::from_le_bytes(take(bytes, STOPPED_OFFSET)) == 1,
        })
    }
}

/// Over the fixed part: before the checksum, and the node's name.
fn checksum(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..CHECKSUM]);
    hasher.update(&bytes[NODE..]);
    hasher.finalize()
}

fn put<const N: usize>(bytes: &mut [u8; SEGMENT_HEADER_BYTES], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}

fn take<const N: usize>(bytes: &[u8; SEGMENT_HEADER_BYTES], at: usize) -> [u8; N] {
    let mut value = [0; N];
    value.copy_from_slice(&bytes[at..at + N]);
    value
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn header() -> SegmentHeader {
        let name = SegmentName {
            boot: BootId(0x1234_5678_9abc_def0_1122_3344_5566_7788),
            shard: 7,
            sequence: 42,
        };
        SegmentHeader::new(name, "fra-1".into(), Timestamp(1_772_366_400_000_000)).unwrap()
    }

    #[test]
    fn a_name_is_read_as_it_was_written_and_sorts_by_sequence() {
        let name = header().name;
        assert_eq!(name.to_string().parse::<SegmentName>().unwrap(), name);
        let next = SegmentName {
            sequence: 1_000,
            ..name
        };
        assert!(next.to_string() > name.to_string());
        for wrong in ["", "x.journal", "1-2-3.journal", "lost+found"] {
            assert!(wrong.parse::<SegmentName>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written() {
        let mut header = header();
        assert_eq!(
            SegmentHeader::from_bytes(&header.to_bytes()).unwrap(),
            header
        );
        header.sealed_at = Some(4_096);
        header.stopped = true;
        header.last_alive = Timestamp(header.created_at.0 + 5);
        assert_eq!(
            SegmentHeader::from_bytes(&header.to_bytes()).unwrap(),
            header
        );
    }

    #[test]
    fn a_flipped_bit_in_the_fixed_part_is_found() {
        let sound = header().to_bytes();
        for at in (0..SEGMENT_HEADER_BYTES).filter(|at| !(LAST_ALIVE_OFFSET - 4..NODE).contains(at))
        {
            let mut bytes = sound;
            bytes[at] ^= 0x10;
            assert!(SegmentHeader::from_bytes(&bytes).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_short_file_and_a_later_format_are_named() {
        let mut bytes = header().to_bytes();
        assert_eq!(
            SegmentHeader::from_bytes(&bytes[..100]),
            Err(HeaderError::NotASegment)
        );
        bytes[VERSION] = 9;
        assert_eq!(
            SegmentHeader::from_bytes(&bytes),
            Err(HeaderError::TooNew { found: 9 })
        );
    }

    #[test]
    fn a_node_name_that_does_not_fit_is_refused() {
        let long = "n".repeat(MAX_NODE_NAME_BYTES + 1);
        assert!(SegmentHeader::new(header().name, long.into(), Timestamp(0)).is_err());
    }
}
