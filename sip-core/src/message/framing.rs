//! Where one message ends in a stream (RFC 3261 §18.3, RFC 5626 §3.5.1).

use super::Message;
use super::parse::Start;
use crate::error::{ParseError, Part, Problem};
use crate::header::HeaderName;
use crate::limits::Limits;

/// What stands at the start of the bytes received so far on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One message of so many bytes, for [`Message::parse`].
    Complete(usize),
    /// Nothing whole yet. Wait for more bytes.
    NeedMore,
    /// A keep-alive ping of so many bytes: consume them and answer CRLF.
    Ping(usize),
    /// An empty line of so many bytes between messages, or a pong: consume it.
    Blank(usize),
    /// The stream cannot be read on: answer if a request can be salvaged, then close.
    Error(ParseError),
}

/// Looks at the start of `bytes`. Nothing is remembered between calls.
///
/// A lone CRLF at the very end is [`Frame::NeedMore`], because it may be the first half of a ping.
pub fn frame(bytes: &[u8], limits: &Limits) -> Frame {
    if let Some(frame) = blank(bytes) {
        return frame;
    }
    match message_len(bytes, limits) {
        Ok(Some(length)) => Frame::Complete(length),
        Ok(None) => Frame::NeedMore,
        Err(error) => Frame::Error(error),
    }
}

/// An empty line at the start. One at a time, so that it does not matter how the network cuts them.
fn blank(bytes: &[u8]) -> Option<Frame> {
    Some(match bytes {
        [b'\r', b'\n', b'\r', b'\n', ..] => Frame::Ping(4),
        // The first half of a ping, as far as one can see.
        [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => Frame::NeedMore,
        [b'\r', b'\n', ..] => Frame::Blank(2),
        [b'\n', ..] => Frame::Blank(1),
        _ => return None,
    })
}

/// Bytes of the message at the start, or `None` while it is not all there.
fn message_len(bytes: &[u8], limits: &Limits) -> Result<Option<usize>, ParseError> {
    let most = usize::from(limits.message_bytes);
    let too_long = ParseError::new(Part::Message, Problem::TooLong, most);
    let Some(head_len) = head_len(&bytes[..bytes.len().min(most)]) else {
        return if bytes.len() >= most {
            Err(too_long)
        } else {
            Ok(None)
        };
    };
    let start = Start::read(&bytes[..head_len], limits, Err)?;
    let mut message = Message::begin(&start);
    message.read_fields(start.fields_at, limits, Err)?;
    // RFC 3261 §20.14: over a stream Content-Length is mandatory; nothing else bounds the body.
    let body_len = message
        .single_content_length()?
        .ok_or_else(|| ParseError::header(HeaderName::ContentLength, Problem::Missing))?;
    let length = usize::try_from(body_len)
        .ok()
        .and_then(|body| head_len.checked_add(body));
    match length {
        Some(length) if length <= most => Ok((length <= bytes.len()).then_some(length)),
        _ => Err(too_long),
    }
}

/// Bytes up to and including the empty line.
fn head_len(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|at| match &bytes[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}
