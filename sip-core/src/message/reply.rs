//! The part of a response that repeats its request (RFC 3261 §8.2.6.2).

use super::writer::push_value;
use super::{Message, MessageWriter};
use crate::header::{HeaderName, ListItems, Params, Rport, Via};
use crate::uri::host_ip;
use std::io::Write;
use std::net::SocketAddr;

const LINE_END: &[u8] = b"\r\n";

/// Whether a response repeats the Record-Route of its request. It does when it creates a dialog:
/// 101 to 299 to an INVITE that is not in one (RFC 3261 §12.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordRoutes {
    /// Repeat it.
    Copy,
    /// Leave it out.
    Omit,
}

/// The header fields that all responses to one request share, kept after the request is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyHead {
    bytes: Vec<u8>,
    /// Where a To tag goes, unless the To has one.
    to_end: Option<usize>,
    /// Where the Record-Route fields begin, up to the end.
    record_routes_at: usize,
}

impl ReplyHead {
    /// Takes them from `request`, which came from `source`. The top Via gets `received` and `rport`
    /// as RFC 3261 §18.2.1 and RFC 3581 §4 say.
    pub fn of(request: &Message<'_>, source: SocketAddr) -> Self {
        let mut bytes = Vec::with_capacity(512);
        let to_end = copy_head(&mut bytes, request, source);
        let record_routes_at = bytes.len();
        copy_fields(&mut bytes, request, HeaderName::RecordRoute);
        Self {
            bytes,
            to_end,
            record_routes_at,
        }
    }
}

impl<'b> MessageWriter<'b> {
    /// Starts a response to `request`, which came from `source`: status line, all Via values in
    /// order, From, To (with `to_tag` unless it has a tag), Call-ID and CSeq.
    pub fn reply_to(
        out: &'b mut Vec<u8>,
        request: &Message<'_>,
        source: SocketAddr,
        status: u16,
        reason: &str,
        to_tag: Option<&str>,
    ) -> Self {
        let writer = Self::response(out, status, reason);
        let to_end = copy_head(writer.out, request, source);
        if let (Some(to_end), Some(tag)) = (to_end, to_tag) {
            writer.out.truncate(to_end);
            push_tag(writer.out, tag);
            writer.out.extend_from_slice(LINE_END);
        }
        writer
    }

    /// The same from a [`ReplyHead`].
    pub fn reply(
        out: &'b mut Vec<u8>,
        head: &ReplyHead,
        status: u16,
        reason: &str,
        to_tag: Option<&str>,
        record_routes: RecordRoutes,
    ) -> Self {
        let writer = Self::response(out, status, reason);
        let end = match record_routes {
            RecordRoutes::Copy => head.bytes.len(),
            RecordRoutes::Omit => head.record_routes_at,
        };
        match (head.to_end, to_tag) {
            (Some(to_end), Some(tag)) => {
                writer.out.extend_from_slice(&head.bytes[..to_end]);
                push_tag(writer.out, tag);
                writer.out.extend_from_slice(&head.bytes[to_end..end]);
            }
            _ => writer.out.extend_from_slice(&head.bytes[..end]),
        }
        writer
    }

    /// Adds the Record-Route fields of `request`, for a response that creates a dialog.
    pub fn record_routes_of(&mut self, request: &Message<'_>) -> &mut Self {
        copy_fields(self.out, request, HeaderName::RecordRoute);
        self
    }
}

/// Copies the fields that every response repeats, as far as they are there. The To comes last;
/// returned is where its value ends, when it has no tag yet.
fn copy_head(out: &mut Vec<u8>, request: &Message<'_>, source: SocketAddr) -> Option<usize> {
    copy_vias(out, request, source);
    for name in [
        HeaderName::From,
        HeaderName::CallId,
        HeaderName::CSeq,
        HeaderName::To,
    ] {
        copy_first(out, request, name);
    }
    request.raw_header(HeaderName::To)?;
    let has_tag = request.to().is_ok_and(|to| to.tag().is_some());
    (!has_tag).then_some(out.len() - LINE_END.len())
}

fn push_tag(out: &mut Vec<u8>, tag: &str) {
    out.extend_from_slice(b";tag=");
    push_value(out, tag.as_bytes());
}

fn copy_vias(out: &mut Vec<u8>, request: &Message<'_>, source: SocketAddr) {
    for (index, field) in request.fields_of(HeaderName::Via).enumerate() {
        let value = request.value(field);
        push_name(out, HeaderName::Via);
        if index == 0 {
            push_top_via(out, request, value, source);
        } else {
            push_value(out, value);
        }
        out.extend_from_slice(LINE_END);
    }
}

/// Writes a Via field whose first value is the topmost, adding where the request really came from.
fn push_top_via(out: &mut Vec<u8>, request: &Message<'_>, value: &[u8], source: SocketAddr) {
    let mut items = ListItems::new(value);
    let top = items.next().unwrap_or(b"");
    match request.top_via() {
        Ok(via) => push_marked_via(out, top, &via, source),
        Err(_) => push_value(out, top),
    }
    if let Some(rest) = items.rest() {
        out.extend_from_slice(b", ");
        push_value(out, rest.trim_ascii());
    }
}

fn push_marked_via(out: &mut Vec<u8>, top: &[u8], via: &Via<'_>, source: SocketAddr) {
    let sent_by_len = memchr::memchr(b';', top).unwrap_or(top.len());
    push_value(out, top[..sent_by_len].trim_ascii());
    push_other_params(out, via.params);
    let ip = source.ip().to_canonical();
    let asked = via.rport != Rport::Absent;
    // RFC 3581 §4: with rport, received is there even when it says nothing new.
    if asked || host_ip(via.host) != Some(ip) {
        // Writing into a Vec does not fail.
        let _ = write!(out, ";received={ip}");
    }
    if asked {
        let _ = write!(out, ";rport={}", source.port());
    }
}

/// Repeats the parameters but `received` and `rport`, which are the server's to set.
fn push_other_params(out: &mut Vec<u8>, params: Params<'_>) {
    let ours = |name: &str| {
        ["received", "rport"]
            .iter()
            .any(|n| name.eq_ignore_ascii_case(n))
    };
    for param in params.iter().filter(|param| !ours(param.name)) {
        out.push(b';');
        out.extend_from_slice(param.name.as_bytes());
        if let Some(value) = param.value {
            out.push(b'=');
            push_value(out, value.as_bytes());
        }
    }
}

fn copy_first(out: &mut Vec<u8>, request: &Message<'_>, name: HeaderName) {
    if let Some(value) = request.raw_header(name) {
        push_name(out, name);
        push_value(out, value);
        out.extend_from_slice(LINE_END);
    }
}

fn copy_fields(out: &mut Vec<u8>, request: &Message<'_>, name: HeaderName) {
    for field in request.fields_of(name) {
        push_name(out, name);
        push_value(out, request.value(field));
        out.extend_from_slice(LINE_END);
    }
}

fn push_name(out: &mut Vec<u8>, name: HeaderName) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
}
