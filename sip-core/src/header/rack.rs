//! RAck (RFC 3262 §7.2).

use crate::error::{ParseError, Problem};
use crate::header::HeaderName;
use crate::message::Method;

/// Which reliable provisional response a PRACK confirms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RAck<'a> {
    /// Its RSeq.
    pub response: u32,
    /// The number of its CSeq.
    pub number: u32,
    /// The method of its CSeq.
    pub method: Method<'a>,
}

impl<'a> RAck<'a> {
    /// Reads `776656 1 INVITE`.
    ///
    /// # Errors
    /// When there are not three words, or a number is none.
    pub fn parse(value: &'a str) -> Result<Self, ParseError> {
        let malformed = ParseError::header(HeaderName::RAck, Problem::Malformed);
        let mut words = value.split_ascii_whitespace();
        let (Some(response), Some(number), Some(method), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed);
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(response) || !digits(number) {
            return Err(malformed);
        }
        let out_of_range = ParseError::header(HeaderName::RAck, Problem::OutOfRange);
        Ok(Self {
            response: response.parse().map_err(|_| out_of_range)?,
            number: number.parse().map_err(|_| out_of_range)?,
            method: Method::from_token(method).ok_or(malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn three_words() {
        let rack = RAck::parse("776656  1\r\n INVITE").unwrap();
        assert_eq!((rack.response, rack.number), (776_656, 1));
        assert_eq!(rack.method, Method::Invite);
        for wrong in [
            "",
            "1 INVITE",
            "1 1 INVITE x",
            "-1 1 INVITE",
            "1 4294967296 INVITE",
        ] {
            assert!(RAck::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
