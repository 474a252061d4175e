//! CSeq (RFC 3261 §20.16).

use crate::error::{ParseError, Problem};
use crate::header::HeaderName;
use crate::message::Method;
use std::fmt;

/// The sequence number and method of a request, repeated in its responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2^31 (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method of the request.
    pub method: Method<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads `4711 INVITE`.
    pub fn parse(value: &'a str) -> Result<Self, ParseError> {
        let malformed = ParseError::header(HeaderName::CSeq, Problem::Malformed);
        let mut words = value.split_ascii_whitespace();
        let (Some(digits), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(malformed);
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed);
        }
        let number = digits.parse().ok().filter(|n| *n < 1 << 31);
        Ok(Self {
            number: number.ok_or(ParseError::header(HeaderName::CSeq, Problem::OutOfRange))?,
            method: Method::from_token(method).ok_or(malformed)?,
        })
    }
}

impl fmt::Display for CSeq<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn number_and_method() {
        let cseq = CSeq::parse("0009\r\n  INVITE").unwrap();
        assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
        assert_eq!(cseq.to_string(), "9 INVITE");
    }

    #[test]
    fn bad_values_are_named() {
        for (value, problem) in [
            ("", Problem::Malformed),
            ("1", Problem::Malformed),
            ("1 INVITE x", Problem::Malformed),
            ("-1 INVITE", Problem::Malformed),
            ("+1 INVITE", Problem::Malformed),
            ("1 IN@VITE", Problem::Malformed),
            ("2147483648 INVITE", Problem::OutOfRange),
            ("36893488147419103232 REGISTER", Problem::OutOfRange),
        ] {
            assert_eq!(CSeq::parse(value).unwrap_err().problem, problem, "{value}");
        }
    }
}
