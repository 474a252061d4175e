//! Writing messages into a reusable buffer.

use super::{HeaderField, Method};
use crate::header::HeaderName;
use std::fmt;
use std::io::Write;

/// Writes one message. The buffer is cleared first and keeps its memory, so a warm buffer costs no
/// allocation. The message is whole after [`MessageWriter::body`] or [`MessageWriter::finish`].
///
/// Names are written in their canonical long form. CR and LF in a value become spaces: a fold is
/// unfolded, and no value can smuggle in a header field.
#[derive(Debug)]
pub struct MessageWriter<'b> {
    pub(super) out: &'b mut Vec<u8>,
}

impl<'b> MessageWriter<'b> {
    /// Starts a request.
    pub fn request(out: &'b mut Vec<u8>, method: Method<'_>, uri: &str) -> Self {
        out.clear();
        push_value(out, method.as_str().as_bytes());
        out.push(b' ');
        push_value(out, uri.as_bytes());
        out.extend_from_slice(b" SIP/2.0\r\n");
        Self { out }
    }

    /// Starts a response without any header field. [`MessageWriter::reply_to`] adds those that
    /// every response has.
    pub fn response(out: &'b mut Vec<u8>, status: u16, reason: &str) -> Self {
        out.clear();
        out.extend_from_slice(b"SIP/2.0 ");
        push_decimal(out, u32::from(status));
        out.push(b' ');
        push_value(out, reason.as_bytes());
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// Adds our Via. `sent_by` is `host:port`, IPv6 in brackets; `branch` starts with
    /// `z9hG4bK`. `rport` asks to be answered at our source port (RFC 3581).
    pub fn via(&mut self, transport: &str, sent_by: &str, branch: &str, rport: bool) -> &mut Self {
        self.out.extend_from_slice(b"Via: SIP/2.0/");
        push_value(self.out, transport.as_bytes());
        self.out.push(b' ');
        push_value(self.out, sent_by.as_bytes());
        if rport {
            self.out.extend_from_slice(b";rport");
        }
        self.out.extend_from_slice(b";branch=");
        push_value(self.out, branch.as_bytes());
        self.end_line()
    }

    /// Adds `name: value`.
    pub fn header(&mut self, name: HeaderName, value: &str) -> &mut Self {
        debug_assert!(
            name != HeaderName::Other,
            "an unknown name is written with raw_header"
        );
        self.raw_header(name.as_str(), value.as_bytes())
    }

    /// Adds `name: value` from formatting arguments, written in place.
    pub fn header_fmt(&mut self, name: HeaderName, value: fmt::Arguments<'_>) -> &mut Self {
        self.out.extend_from_slice(name.as_str().as_bytes());
        self.out.extend_from_slice(b": ");
        let start = self.out.len();
        // Writing into a Vec does not fail; a Display that gives up leaves what it wrote.
        let _ = self.out.write_fmt(value);
        without_line_ends(&mut self.out[start..]);
        self.end_line()
    }

    /// Adds a header field whose name we do not know. The value may be any bytes.
    pub fn raw_header(&mut self, name: &str, value: &[u8]) -> &mut Self {
        push_value(self.out, name.as_bytes());
        self.out.extend_from_slice(b": ");
        push_value(self.out, value);
        self.end_line()
    }

    /// Adds a header field of another message, byte for byte but for folds and the form of the
    /// name.
    pub fn field(&mut self, field: &HeaderField<'_>) -> &mut Self {
        let name = match field.name {
            HeaderName::Other => field.raw_name,
            known => known.as_str(),
        };
        self.raw_header(name, field.raw_value)
    }

    /// Adds an address: `"display" <uri>;tag=tag`. Quotes and backslashes in `display` are
    /// escaped.
    pub fn address(
        &mut self,
        name: HeaderName,
        display: Option<&str>,
        uri: &str,
        tag: Option<&str>,
    ) -> &mut Self {
        self.out.extend_from_slice(name.as_str().as_bytes());
        self.out.extend_from_slice(b": ");
        if let Some(display) = display.filter(|text| !text.is_empty()) {
            push_quoted(self.out, display);
            self.out.push(b' ');
        }
        self.out.push(b'<');
        push_value(self.out, uri.as_bytes());
        self.out.push(b'>');
        if let Some(tag) = tag {
            self.out.extend_from_slice(b";tag=");
            push_value(self.out, tag.as_bytes());
        }
        self.end_line()
    }

    /// Adds CSeq.
    pub fn cseq(&mut self, number: u32, method: Method<'_>) -> &mut Self {
        self.out.extend_from_slice(b"CSeq: ");
        push_decimal(self.out, number);
        self.out.push(b' ');
        push_value(self.out, method.as_str().as_bytes());
        self.end_line()
    }

    /// Adds a field whose value is a plain number, as Max-Forwards or Expires.
    pub fn number(&mut self, name: HeaderName, value: u32) -> &mut Self {
        self.out.extend_from_slice(name.as_str().as_bytes());
        self.out.extend_from_slice(b": ");
        push_decimal(self.out, value);
        self.end_line()
    }

    /// Ends the message with a body: adds Content-Type and Content-Length.
    pub fn body(&mut self, content_type: &str, body: &[u8]) {
        self.header(HeaderName::ContentType, content_type);
        self.end_head(body.len());
        self.out.extend_from_slice(body);
    }

    /// Ends the message without a body: adds `Content-Length: 0`.
    pub fn finish(&mut self) {
        self.end_head(0);
    }

    fn end_head(&mut self, body_len: usize) {
        let length = u32::try_from(body_len).unwrap_or(u32::MAX);
        self.number(HeaderName::ContentLength, length).end_line();
    }

    pub(super) fn end_line(&mut self) -> &mut Self {
        self.out.extend_from_slice(b"\r\n");
        self
    }
}

/// Appends `value` on one line.
pub(super) fn push_value(out: &mut Vec<u8>, value: &[u8]) {
    let start = out.len();
    out.extend_from_slice(value);
    without_line_ends(&mut out[start..]);
}

fn without_line_ends(written: &mut [u8]) {
    let Some(first) = memchr::memchr2(b'\r', b'\n', written) else {
        return;
    };
    for byte in &mut written[first..] {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
}

fn push_quoted(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            // Controls other than these could not be told from line noise.
            0..b' ' | 0x7f => out.push(b' '),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends `number` in decimal.
pub(super) fn push_decimal(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [0; 10];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
