//! What a message may cost. Every number a peer can make grow has its bound here.

/// Header fields kept of one message, without allocation. [`Limits::header_fields`] cannot exceed
/// it.
pub const MAX_HEADER_FIELDS: usize = 128;

/// Largest message in bytes, start line to end of body. The largest UDP payload is 65,507 bytes,
/// and offsets into a message fit a `u16`.
pub const MAX_MESSAGE_BYTES: u16 = u16::MAX;

/// Media descriptions (`m=` lines) of one session description.
pub const MAX_MEDIA: usize = 16;

/// Characters of a dialled number taken from a user part: 15 of E.164 plus carrier prefixes.
pub const MAX_NUMBER_CHARS: usize = 48;

/// Bounds of one message, from configuration. A message beyond them is refused whole: with 513
/// when it is too large, with 400 when it has too many header fields or too long a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the whole message. Default 65,535. Below about 4,000 real calls start to fail.
    pub message_bytes: u16,
    /// Header fields. Default and upper bound 128 ([`MAX_HEADER_FIELDS`]).
    pub header_fields: u8,
    /// Bytes of one header field value, folds included. Default 8,192.
    pub header_value_bytes: u16,
}

impl Limits {
    /// The defaults, as a constant.
    pub const DEFAULT: Self = Self {
        message_bytes: MAX_MESSAGE_BYTES,
        header_fields: MAX_HEADER_FIELDS as u8,
        header_value_bytes: 8_192,
    };

    /// Header fields allowed: the configured number, never more than the table holds.
    pub(crate) fn fields(&self) -> usize {
        usize::from(self.header_fields).min(MAX_HEADER_FIELDS)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
