//! Request line and status line (RFC 3261 §7.1, §7.2).

use super::Method;
use crate::error::{ParseError, Part, Problem};
use crate::text::{all, is_uri_byte};

/// The first line of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// A request line.
    Request {
        /// The method.
        method: Method<'a>,
        /// The Request-URI as written; [`crate::Uri::parse`] reads it.
        uri: &'a str,
    },
    /// A status line.
    Response {
        /// 100 to 699.
        status: u16,
        /// Words for people, perhaps none; cut at the first byte that is not UTF-8.
        reason: &'a str,
    },
}

const VERSION: &str = "SIP/2.0";

impl<'a> StartLine<'a> {
    /// Reads the line, which comes without its line end.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        match line.get(..4) {
            Some(start) if start.eq_ignore_ascii_case(b"SIP/") => status_line(line),
            _ => request_line(line),
        }
    }
}

fn request_line(line: &[u8]) -> Result<StartLine<'_>, ParseError> {
    // White space at the end is illegal and harmless (RFC 4475 §3.1.2.15): ignored.
    let line = line.trim_ascii_end();
    let (method, rest) = split_space(line).ok_or_else(|| error(Problem::Malformed, 0))?;
    let method = method_of(method).ok_or_else(|| error(Problem::Malformed, 0))?;
    let uri_at = line.len() - rest.len();
    let uri_len = memchr::memrchr(b' ', rest).ok_or_else(|| error(Problem::Malformed, uri_at))?;
    check_version(&rest[uri_len + 1..], uri_at + uri_len + 1)?;
    let uri = &rest[..uri_len];
    // RFC 3261 §7.1: no white space and no brackets in or around the Request-URI.
    if uri.is_empty() || !all(uri, is_uri_byte) {
        return Err(ParseError::new(
            Part::RequestUri,
            Problem::Malformed,
            uri_at,
        ));
    }
    let uri = std::str::from_utf8(uri)
        .map_err(|_| ParseError::new(Part::RequestUri, Problem::NotUtf8, uri_at))?;
    Ok(StartLine::Request { method, uri })
}

fn status_line(line: &[u8]) -> Result<StartLine<'_>, ParseError> {
    let (version, rest) = split_space(line).ok_or_else(|| error(Problem::Malformed, 0))?;
    check_version(version, 0)?;
    let status_at = version.len() + 1;
    let (code, reason) = split_space(rest).unwrap_or((rest, b""));
    if code.is_empty() || !code.iter().all(u8::is_ascii_digit) {
        return Err(error(Problem::Malformed, status_at));
    }
    let status = match code {
        [a @ b'1'..=b'6', b, c] => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err(error(Problem::OutOfRange, status_at)),
    };
    Ok(StartLine::Response {
        status,
        reason: valid_text(reason),
    })
}

/// The method of a request line of which nothing else need be right.
pub(super) fn method_of(token: &[u8]) -> Option<Method<'_>> {
    Method::from_token(std::str::from_utf8(token).ok()?)
}

pub(super) fn split_space(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b' ', line)?;
    Some((&line[..at], &line[at + 1..]))
}

fn check_version(version: &[u8], at: usize) -> Result<(), ParseError> {
    if version.eq_ignore_ascii_case(VERSION.as_bytes()) {
        return Ok(());
    }
    let is_other = version
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/"))
        && version[4..]
            .iter()
            .all(|b| b.is_ascii_digit() || *b == b'.');
    let problem = if is_other {
        Problem::UnsupportedVersion
    } else {
        Problem::Malformed
    };
    Err(error(problem, at))
}

fn valid_text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or(""),
    }
}

fn error(problem: Problem, offset: usize) -> ParseError {
    ParseError::new(Part::StartLine, problem, offset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn requests_and_responses() {
        assert_eq!(
            StartLine::parse(b"INVITE sip:a@b sip/2.0").unwrap(),
            StartLine::Request {
                method: Method::Invite,
                uri: "sip:a@b"
            }
        );
        assert_eq!(
            StartLine::parse(b"SIP/2.0 100 ").unwrap(),
            StartLine::Response {
                status: 100,
                reason: ""
            }
        );
        assert_eq!(
            StartLine::parse(b"SIP/2.0 404 Not \xff found").unwrap(),
            StartLine::Response {
                status: 404,
                reason: "Not "
            }
        );
        assert!(StartLine::parse(b"SIP/2.0 200").is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part, problem) in [
            ("", Part::StartLine, Problem::Malformed),
            ("INVITE", Part::StartLine, Problem::Malformed),
            ("INVITE sip:a@b", Part::StartLine, Problem::Malformed),
            (
                "INVITE sip:a@b SIP/7.0",
                Part::StartLine,
                Problem::UnsupportedVersion,
            ),
            (
                "INVITE  sip:a@b SIP/2.0",
                Part::RequestUri,
                Problem::Malformed,
            ),
            (
                "INVITE sip:a@b  SIP/2.0",
                Part::RequestUri,
                Problem::Malformed,
            ),
            (
                "INVITE <sip:a@b> SIP/2.0",
                Part::RequestUri,
                Problem::Malformed,
            ),
            (
                "IN@ITE sip:a@b SIP/2.0",
                Part::StartLine,
                Problem::Malformed,
            ),
            ("SIP/2.0 2000 OK", Part::StartLine, Problem::OutOfRange),
            ("SIP/2.0 700 No", Part::StartLine, Problem::OutOfRange),
            ("SIP/2.0 2x0 OK", Part::StartLine, Problem::Malformed),
            (
                "SIP/3.0 200 OK",
                Part::StartLine,
                Problem::UnsupportedVersion,
            ),
        ] {
            let error = StartLine::parse(line.as_bytes()).unwrap_err();
            assert_eq!((error.part, error.problem), (part, problem), "{line}");
        }
    }
}
