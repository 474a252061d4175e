//! Session-Expires (RFC 4028 §4).

use super::Params;
use crate::error::{ParseError, Problem};
use crate::header::HeaderName;
use std::fmt;

/// Who sends the requests that keep a session alive, in the words of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// Who sent the request that says so.
    Uac,
    /// Who answered it.
    Uas,
}

/// How long a session lasts without a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// Seconds.
    pub interval_s: u32,
    /// Who refreshes; `None` leaves it to the other side.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads `1800;refresher=uac`. A refresher of another name is taken for none.
    ///
    /// # Errors
    /// When the interval is no number of seconds that 32 bits hold.
    pub fn parse(value: &str) -> Result<Self, ParseError> {
        let error = |problem| ParseError::header(HeaderName::SessionExpires, problem);
        let (interval, params) = value.split_at(value.find(';').unwrap_or(value.len()));
        let interval = interval.trim_ascii();
        if interval.is_empty() || !interval.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(error(Problem::Malformed));
        }
        let params = Params::parse(params, |_| ()).map_err(|(problem, _)| error(problem))?;
        Ok(Self {
            interval_s: interval.parse().map_err(|_| error(Problem::OutOfRange))?,
            refresher: match params.get("refresher") {
                Some(name) if name.eq_ignore_ascii_case("uac") => Some(Refresher::Uac),
                Some(name) if name.eq_ignore_ascii_case("uas") => Some(Refresher::Uas),
                _ => None,
            },
        })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refresher = match self.refresher {
            None => "",
            Some(Refresher::Uac) => ";refresher=uac",
            Some(Refresher::Uas) => ";refresher=uas",
        };
        write!(f, "{}{refresher}", self.interval_s)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["1800", "90;refresher=uac", "4294967295;refresher=uas"] {
            assert_eq!(SessionExpires::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn spaces_case_and_strangers() {
        let parsed = SessionExpires::parse("3600 ; x=1 ;Refresher=UAS").unwrap();
        assert_eq!(
            (parsed.interval_s, parsed.refresher),
            (3_600, Some(Refresher::Uas))
        );
        assert_eq!(
            SessionExpires::parse("90;refresher=me").unwrap().refresher,
            None
        );
        for wrong in ["", ";refresher=uac", "-1", "4294967296", "90s", "90;=x"] {
            assert!(SessionExpires::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
