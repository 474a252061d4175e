//! Reason (RFC 3326): why a call ended, in SIP's or the telephone network's terms.

use super::{HeaderName, Params};
use crate::error::{ParseError, Problem};
use crate::text::{split_before, unquote};
use std::borrow::Cow;
use std::fmt;

/// One value of a Reason header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Whose numbers `cause` uses.
    pub protocol: ReasonProtocol,
    /// The cause: a status code of SIP, or 1 to 127 of Q.850. The grammar lets it be absent.
    pub cause: Option<u16>,
    /// Words for people.
    pub text: Option<Cow<'a, str>>,
}

/// The protocol that a cause belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasonProtocol {
    /// Causes are status codes.
    Sip,
    /// Causes are those of ITU-T Q.850.
    Q850,
    /// Any other.
    Other,
}

impl<'a> Reason<'a> {
    /// A Q.850 cause with its text.
    pub const fn q850(cause: u8, text: &'a str) -> Self {
        Self {
            protocol: ReasonProtocol::Q850,
            cause: Some(cause as u16),
            text: Some(Cow::Borrowed(text)),
        }
    }

    /// A SIP status with its text.
    pub const fn sip(status: u16, text: &'a str) -> Self {
        Self {
            protocol: ReasonProtocol::Sip,
            cause: Some(status),
            text: Some(Cow::Borrowed(text)),
        }
    }

    /// Reads `Q.850;cause=16;text="Normal call clearing"`.
    pub fn parse(value: &'a str) -> Result<Self, ParseError> {
        let error = |problem| ParseError::header(HeaderName::Reason, problem);
        let (protocol, params) = split_before(value, b';');
        let protocol = match protocol.trim_ascii() {
            "" => return Err(error(Problem::Malformed)),
            p if p.eq_ignore_ascii_case("Q.850") => ReasonProtocol::Q850,
            p if p.eq_ignore_ascii_case("SIP") => ReasonProtocol::Sip,
            _ => ReasonProtocol::Other,
        };
        let params = Params::parse(params, |_| ()).map_err(|(problem, _)| error(problem))?;
        let cause = match params.get("cause").map(str::parse) {
            None => None,
            Some(Ok(cause)) => Some(cause),
            Some(Err(_)) => return Err(error(Problem::OutOfRange)),
        };
        Ok(Self {
            protocol,
            cause,
            text: params.get("text").map(unquote),
        })
    }
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.protocol {
            ReasonProtocol::Sip => "SIP",
            ReasonProtocol::Q850 => "Q.850",
            ReasonProtocol::Other => "Other",
        })?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        let Some(text) = &self.text else {
            return Ok(());
        };
        f.write_str(";text=\"")?;
        for character in text.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                c if c.is_control() => f.write_str(" ")?,
                c => write!(f, "{c}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn a_cause_survives_writing_and_reading() {
        let reason = Reason::q850(16, "Normal \"call\" clearing");
        let text = reason.to_string();
        assert_eq!(text, "Q.850;cause=16;text=\"Normal \\\"call\\\" clearing\"");
        assert_eq!(Reason::parse(&text).unwrap(), reason);
    }

    #[test]
    fn spaces_case_and_absent_parts() {
        let reason = Reason::parse("q.850 ;cause=34").unwrap();
        assert_eq!(
            (reason.protocol, reason.cause, reason.text),
            (ReasonProtocol::Q850, Some(34), None)
        );
        assert_eq!(Reason::parse("SIP").unwrap().cause, None);
        assert_eq!(
            Reason::parse("X.1;cause=1").unwrap().protocol,
            ReasonProtocol::Other
        );
        assert!(Reason::parse("Q.850;cause=abc").is_err());
        assert!(Reason::parse("").is_err());
    }
}
