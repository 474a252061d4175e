//! The journal's format on disk: what the call threads write and the loader reads.
//!
//! A journal is a folder of segment files. A segment is a header ([`SegmentHeader`]) followed by
//! frames ([`Step`]), each aligned to [`FRAME_ALIGNMENT`] bytes. A shard appends to one segment at
//! a time; the file has its full size from the start and is zero where nothing was written.
//!
//! This module is bytes only: the writer maps the file and the reader reads it, elsewhere.
//!
//! Rules that both sides keep:
//!
//! 1. The length of a frame is stored last. A length of zero means "nothing here yet".
//! 2. A frame is believed only when its checksum holds. A reader that meets a wrong one in a
//!    segment that is still written may have overtaken the writer and looks again later; in a
//!    segment that nobody writes it is damage, and [`resynchronise`] finds the next sound frame.
//! 3. What a frame holds is named by a kind and a version; a reader that does not know them stops
//!    instead of leaving records out.

mod frame;
mod segment;

pub use frame::{
    FRAME_ALIGNMENT, FRAME_HEADER_BYTES, FrameError, MAX_RECORD_BYTES, Step, decode, encode_into,
    frame_bytes, resynchronise, scan,
};
pub use segment::{
    BootId, HeaderError, LAST_ALIVE_OFFSET, MAX_NODE_NAME_BYTES, SEALED_AT_OFFSET,
    SEGMENT_HEADER_BYTES, STOPPED_OFFSET, SegmentHeader, SegmentName,
};
