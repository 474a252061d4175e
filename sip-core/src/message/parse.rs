//! The one pass over the bytes of a message.

use super::start_line::{method_of, split_space};
use super::{ABSENT, Field, Message, Method, Read, StartLine};
use crate::error::{ParseError, Part, Problem};
use crate::header::{HeaderName, Shape};
use crate::limits::Limits;
use crate::text::{find_early, is_lws, is_token};
use arrayvec::ArrayVec;

/// What is known after the first line.
pub(super) struct Start<'a> {
    /// The message, from the start line on.
    bytes: &'a [u8],
    line: StartLine<'a>,
    /// Offset of the second line.
    pub(super) fields_at: usize,
}

impl<'a> Message<'a> {
    /// Parses one datagram, or one message cut out of a stream by [`super::frame`].
    ///
    /// Empty lines before the start line are skipped (RFC 3261 §7.5). The body is as long as
    /// Content-Length says; without one it is the rest. Bytes after the body are ignored, a body
    /// that is too short is an error (§18.3). Lines may end in LF alone.
    ///
    /// What the switch can do without looking into header field values is all that is checked
    /// here; [`Message::validate_request`] checks the values of the mandatory ones.
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, ParseError> {
        let start = Start::read(bytes, limits, Err)?;
        let mut message = Self::begin(&start);
        let body_at = message.read_fields(start.fields_at, limits, Err)?;
        message.body = message.bounded_body(body_at)?;
        Ok(message)
    }

    /// What can be read of a request that [`Message::parse`] or [`Message::validate_request`]
    /// refuses: enough to answer it with the status of that error, to where it came from. `None`
    /// when it is no request, when it is an ACK (which has no answer), or when it has no Via to
    /// tell the peer which request is meant.
    pub fn salvage(bytes: &'a [u8], limits: &Limits) -> Option<Self> {
        let bytes = &bytes[..bytes.len().min(usize::from(limits.message_bytes))];
        let start = Start::read(bytes, limits, |_| Ok(())).ok()?;
        let mut message = Self::begin(&start);
        message
            .read_fields(start.fields_at, limits, |_| Ok(()))
            .ok()?;
        let method = message.method().filter(|method| *method != Method::Ack);
        (method.is_some() && message.raw_header(HeaderName::Via).is_some()).then_some(message)
    }

    /// A message of which only the start line is known. It is built where it is returned: moving
    /// the table of fields costs as much as reading one.
    #[inline]
    pub(super) fn begin(start: &Start<'a>) -> Self {
        Self {
            bytes: start.bytes,
            start: start.line,
            body: b"",
            fields: ArrayVec::new(),
            first: [ABSENT; HeaderName::COUNT],
            repeated: None,
            read: Read::default(),
        }
    }

    /// Reads the header fields from offset `start` on and returns where the body begins. `judge`
    /// says whether an error that leaves the rest readable ends the reading.
    pub(super) fn read_fields(
        &mut self,
        start: usize,
        limits: &Limits,
        judge: impl Fn(ParseError) -> Result<(), ParseError>,
    ) -> Result<usize, ParseError> {
        let bytes = self.bytes;
        let truncated = ParseError::new(Part::Message, Problem::Truncated, bytes.len());
        let mut line_ends = memchr::memchr_iter(b'\n', &bytes[start..]).map(|end| start + end);
        let mut at = start;
        loop {
            let Some(end) = header_line_end(bytes, at, &mut line_ends) else {
                judge(truncated)?;
                return Ok(bytes.len());
            };
            if is_empty_line(&bytes[at..end]) {
                return Ok(end + 1);
            }
            if let Err(error) = self.push_field(at, end, limits) {
                judge(error)?;
            }
            at = end + 1;
        }
    }

    /// Records the header field at `at..end`, a line with its folds and without its last LF.
    fn push_field(&mut self, at: usize, end: usize, limits: &Limits) -> Result<(), ParseError> {
        let line = &self.bytes[at..end];
        let malformed = ParseError::new(Part::HeaderLine, Problem::Malformed, at);
        let colon = find_early(line, b':').ok_or(malformed)?;
        let name_len = length_without_blanks(&line[..colon]);
        let name = HeaderName::from_token(&line[..name_len]);
        // A known name consists of the right characters; look at those of others only.
        if name == HeaderName::Other && !is_token_bytes(&line[..name_len]) {
            return Err(malformed);
        }
        let value_start = colon + 1 + line[colon + 1..].iter().take_while(|b| is_lws(**b)).count();
        let value_end = value_start + line[value_start..].trim_ascii_end().len();
        if value_end - value_start > usize::from(limits.header_value_bytes) {
            return Err(ParseError::new(Part::Header(name), Problem::TooLong, at));
        }
        if self.fields.len() == limits.fields() {
            return Err(ParseError::new(Part::HeaderLine, Problem::TooMany, at));
        }
        self.note(name);
        self.fields.push(Field {
            name_start: offset(at),
            name_end: offset(at + name_len),
            value_start: offset(at + value_start),
            value_end: offset(at + value_end),
            name,
        });
        Ok(())
    }

    /// Remembers the first field of each name, and that a single one came twice.
    fn note(&mut self, name: HeaderName) {
        let first = &mut self.first[name as usize];
        if *first == ABSENT {
            *first = self.fields.len() as u8;
        } else if name.shape() == Shape::One && self.repeated.is_none() {
            self.repeated = Some(name);
        }
    }

    fn bounded_body(&self, at: usize) -> Result<&'a [u8], ParseError> {
        let rest = &self.bytes[at..];
        let Some(length) = self.single_content_length()? else {
            return Ok(rest);
        };
        usize::try_from(length)
            .ok()
            .and_then(|length| rest.get(..length))
            .ok_or_else(|| ParseError::new(Part::Body, Problem::Truncated, at))
    }

    /// Content-Length, which must not be there twice: two readers could see two bodies.
    pub(super) fn single_content_length(&self) -> Result<Option<u32>, ParseError> {
        if self.fields_of(HeaderName::ContentLength).nth(1).is_some() {
            return Err(ParseError::header(
                HeaderName::ContentLength,
                Problem::Repeated,
            ));
        }
        self.content_length()
    }
}

impl<'a> Start<'a> {
    /// Reads the start line; `judge` as in [`Message::read_fields`].
    pub(super) fn read(
        bytes: &'a [u8],
        limits: &Limits,
        judge: impl Fn(ParseError) -> Result<(), ParseError>,
    ) -> Result<Self, ParseError> {
        let bytes = skip_empty_lines(bytes);
        if bytes.len() > usize::from(limits.message_bytes) {
            return Err(ParseError::new(Part::Message, Problem::TooLong, 0));
        }
        let truncated = ParseError::new(Part::Message, Problem::Truncated, bytes.len());
        let end = memchr::memchr(b'\n', bytes).ok_or(truncated)?;
        let text = without_cr(&bytes[..end]);
        let line = match StartLine::parse(text) {
            Ok(line) => line,
            Err(error) => {
                judge(error)?;
                bare_request(text).ok_or(error)?
            }
        };
        Ok(Self {
            bytes,
            line,
            fields_at: end + 1,
        })
    }
}

/// The end (offset of the last LF) of the header line that starts at `at`, folds included. `ends`
/// are the offsets of all LFs from there on.
fn header_line_end(
    bytes: &[u8],
    at: usize,
    ends: &mut impl Iterator<Item = usize>,
) -> Option<usize> {
    let mut end = ends.next()?;
    while let Some(b' ' | b'\t') = bytes.get(end + 1)
        && !is_empty_line(&bytes[at..end])
    {
        end = ends.next()?;
    }
    Some(end)
}

/// Length of a name without the blanks that may stand before its colon.
fn length_without_blanks(name: &[u8]) -> usize {
    name.iter()
        .rposition(|b| !matches!(b, b' ' | b'\t'))
        .map_or(0, |last| last + 1)
}

fn is_token_bytes(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| is_token(*b))
}

fn is_empty_line(line: &[u8]) -> bool {
    matches!(line, [] | [b'\r'])
}

fn without_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A CR alone is no empty line: a stream, which is read line by line, would not see one either.
pub(super) fn skip_empty_lines(mut bytes: &[u8]) -> &[u8] {
    while let [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// A request line of which only the method can be read.
fn bare_request(line: &[u8]) -> Option<StartLine<'_>> {
    let (method, rest) = split_space(line)?;
    // Without this a line of any other protocol would be taken for a request.
    memchr::memmem::find(rest, b"SIP/")?;
    Some(StartLine::Request {
        method: method_of(method)?,
        uri: "",
    })
}

/// Offsets are below the limit of a message, which is a `u16`.
fn offset(at: usize) -> u16 {
    debug_assert!(
        at <= usize::from(u16::MAX),
        "messages are at most 65,535 bytes"
    );
    at as u16
}
