//! Why bytes are not a usable SIP message, and which answer that deserves.

use crate::header::HeaderName;
use arrayvec::ArrayString;
use std::fmt::{self, Write};

/// A violation of the protocol by the peer that sent the bytes: where it is and what it is.
///
/// `Display` is short enough to be the reason phrase of the answer: `Malformed Via header`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} {part}")]
pub struct ParseError {
    /// What was being read.
    pub part: Part,
    /// What is wrong with it.
    pub problem: Problem,
    /// Bytes from the start of the text that was given to the parser; 0 where the whole part is
    /// meant.
    pub offset: usize,
}

/// The part of a message that an error names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The message as a whole.
    Message,
    /// The request line or status line.
    StartLine,
    /// The Request-URI.
    RequestUri,
    /// A header line that has no usable name.
    HeaderLine,
    /// A header field, by name; [`HeaderName::Other`] for one that we do not know.
    Header(HeaderName),
    /// The message body.
    Body,
    /// A URI read on its own.
    Uri,
    /// A line of a session description, by its letter.
    SdpLine(char),
}

/// What is wrong with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It ends before it is complete.
    Truncated,
    /// It does not follow the grammar.
    Malformed,
    /// It must be there and is not.
    Missing,
    /// It may be there once and is there more often.
    Repeated,
    /// It is longer than the limit.
    TooLong,
    /// There are more of it than the limit.
    TooMany,
    /// A number is outside its range.
    OutOfRange,
    /// Text is not UTF-8.
    NotUtf8,
    /// It contradicts another part, as a CSeq method that is not the request's.
    Mismatched,
    /// A version of SIP other than 2.0.
    UnsupportedVersion,
}

impl ParseError {
    pub(crate) const fn new(part: Part, problem: Problem, offset: usize) -> Self {
        Self {
            part,
            problem,
            offset,
        }
    }

    pub(crate) const fn header(name: HeaderName, problem: Problem) -> Self {
        Self::new(Part::Header(name), problem, 0)
    }

    /// The status code of the answer to a request with this error: 505, 513 or 400.
    pub const fn status(&self) -> u16 {
        match (self.part, self.problem) {
            (_, Problem::UnsupportedVersion) => 505,
            (Part::Message, Problem::TooLong) => 513,
            _ => 400,
        }
    }

    /// The reason phrase of that answer, naming what was wrong.
    pub fn reason_phrase(&self) -> ArrayString<64> {
        let mut text = ArrayString::new();
        // A longer text is cut: the phrase is for people, and 64 bytes hold every pair of ours.
        let _ = write!(text, "{self}");
        text
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message => f.write_str("message"),
            Self::StartLine => f.write_str("start line"),
            Self::RequestUri => f.write_str("Request-URI"),
            Self::HeaderLine => f.write_str("header line"),
            Self::Header(HeaderName::Other) => f.write_str("header"),
            Self::Header(name) => write!(f, "{name} header"),
            Self::Body => f.write_str("body"),
            Self::Uri => f.write_str("URI"),
            Self::SdpLine(letter) => write!(f, "SDP {letter}= line"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "Truncated",
            Self::Malformed => "Malformed",
            Self::Missing => "Missing",
            Self::Repeated => "Repeated",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many values in",
            Self::OutOfRange => "Number out of range in",
            Self::NotUtf8 => "No UTF-8 in",
            Self::Mismatched => "Mismatched",
            Self::UnsupportedVersion => "Unsupported SIP version in",
        })
    }
}
