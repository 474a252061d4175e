//! Bodies with several parts (RFC 2046 §5.1, RFC 5621), as far as a switch needs them.

use super::Message;
use crate::header::{HeaderName, Params};
use crate::text::unquote;
use memchr::memmem;

/// Parts of a body that are looked at: SIP-I and mid-call bodies have two or three.
const MAX_PARTS: usize = 16;

impl<'a> Message<'a> {
    /// The session description: the body, or the part of a multipart body that is one. `None`
    /// without, or when it is encoded.
    pub fn sdp(&self) -> Option<&'a [u8]> {
        self.body_of_type("application/sdp")
    }

    /// The body, or the first part of a multipart body, whose media type is `media_type`.
    pub fn body_of_type(&self, media_type: &str) -> Option<&'a [u8]> {
        let own_type = self.content_type()?;
        if own_type.eq_ignore_ascii_case(media_type) {
            return Some(self.body()).filter(|body| !body.is_empty());
        }
        let is_multipart = own_type
            .get(..10)
            .is_some_and(|start| start.eq_ignore_ascii_case("multipart/"));
        if !is_multipart {
            return None;
        }
        let value = self.header(HeaderName::ContentType)?;
        let params = Params::parse(&value[value.find(';')?..], |_| ()).ok()?;
        let boundary = unquote(params.get("boundary")?);
        parts(self.body(), &boundary).find_map(|part| part_of_type(part, media_type))
    }
}

/// The parts between lines `--boundary`, each with its header fields.
fn parts<'a>(body: &'a [u8], boundary: &str) -> impl Iterator<Item = &'a [u8]> {
    // The line end before a boundary belongs to the boundary.
    let delimiter = format!("\n--{boundary}");
    let first = memmem::find(body, &delimiter.as_bytes()[1..]);
    let mut rest = first.map(|at| &body[at + delimiter.len() - 1..]);
    std::iter::from_fn(move || {
        let part = rest.filter(|part| !part.starts_with(b"--"))?;
        let end = memmem::find(part, delimiter.as_bytes())?;
        rest = Some(&part[end + delimiter.len()..]);
        let part = &part[..end];
        Some(part.strip_suffix(b"\r").unwrap_or(part))
    })
    .take(MAX_PARTS)
}

/// The content of a part, when it has that type and is not encoded.
fn part_of_type<'a>(part: &'a [u8], media_type: &str) -> Option<&'a [u8]> {
    let head_at = memchr::memchr(b'\n', part)? + 1;
    let (head, content) = split_head(&part[head_at..])?;
    let is_that_type = field(head, b"content-type").is_some_and(|value| {
        let value = value.split(|b| *b == b';').next().unwrap_or(value);
        value
            .trim_ascii()
            .eq_ignore_ascii_case(media_type.as_bytes())
    });
    let is_plain = field(head, b"content-transfer-encoding").is_none_or(|value| {
        [b"7bit".as_slice(), b"8bit", b"binary"]
            .iter()
            .any(|e| value.eq_ignore_ascii_case(e))
    });
    (is_that_type && is_plain).then_some(content)
}

fn split_head(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let crlf = memmem::find(part, b"\r\n\r\n").map(|at| (at, at + 4));
    let (head_end, content_at) =
        crlf.or_else(|| memmem::find(part, b"\n\n").map(|at| (at, at + 2)))?;
    Some((&part[..head_end], &part[content_at..]))
}

fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let is_it = line[..colon].trim_ascii().eq_ignore_ascii_case(name);
        is_it.then(|| line[colon + 1..].trim_ascii())
    })
}
