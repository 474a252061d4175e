//! Via (RFC 3261 §20.42, RFC 3581).

use super::params::is_token_value;
use super::{HeaderName, Params};
use crate::error::{ParseError, Part, Problem};
use crate::text::{is_lws, is_token_text, split_around, split_before};
use crate::uri::{is_host, split_host_port};

/// The branch of an element that follows RFC 3261 starts so (§8.1.1.7).
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// One Via value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// `UDP`, `TCP`, `TLS`, `WS` … as written.
    pub transport: &'a str,
    /// The host of sent-by; IPv6 with its brackets.
    pub host: &'a str,
    /// The port of sent-by.
    pub port: Option<u16>,
    /// The transaction identifier.
    pub branch: Option<&'a str>,
    /// The source address that the server saw, without brackets.
    pub received: Option<&'a str>,
    /// The source port that the server saw, or the wish to be told.
    pub rport: Rport,
    /// All parameters.
    pub params: Params<'a>,
}

/// The `rport` parameter of RFC 3581.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rport {
    /// Not there: answer to the port of sent-by.
    #[default]
    Absent,
    /// There without a value: the client asks to be answered at its source port.
    Requested,
    /// Filled in by the server.
    Port(u16),
}

impl<'a> Via<'a> {
    /// Reads `SIP/2.0/UDP host:port;params`.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        let text =
            std::str::from_utf8(value).map_err(|e| error(Problem::NotUtf8, e.valid_up_to()))?;
        let (head, params) = split_before(text, b';');
        let (transport, sent_by) =
            sent_protocol(head).ok_or_else(|| error(Problem::Malformed, 0))?;
        let (host, port) = split_host_port(sent_by).ok_or_else(|| error(Problem::Malformed, 0))?;
        if !is_host(host) {
            return Err(error(Problem::Malformed, 0));
        }
        let mut via = Self {
            transport,
            host,
            port,
            branch: None,
            received: None,
            rport: Rport::Absent,
            params: Params::default(),
        };
        let mut bad = false;
        via.params = Params::parse(params, |param| bad |= !via.take(param.name, param.value))
            .map_err(|(problem, at)| error(problem, head.len() + at))?;
        if bad {
            return Err(error(Problem::Malformed, head.len()));
        }
        Ok(via)
    }

    /// Whether the branch was made by RFC 3261's rules and so identifies the transaction alone.
    pub fn has_magic_cookie(&self) -> bool {
        // The cookie alone identifies nothing (RFC 4475 §3.2.1).
        self.branch.is_some_and(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch.as_bytes()[..MAGIC_COOKIE.len()]
                    .eq_ignore_ascii_case(MAGIC_COOKIE.as_bytes())
        })
    }

    /// Remembers a parameter we care about. False when its value is impossible.
    fn take(&mut self, name: &'a str, value: Option<&'a str>) -> bool {
        if name.eq_ignore_ascii_case("branch") && self.branch.is_none() {
            self.branch = value;
            return is_token_value(value);
        }
        if name.eq_ignore_ascii_case("received") && self.received.is_none() {
            self.received = value.map(|v| v.trim_matches(['[', ']']));
            return value.is_some();
        }
        if name.eq_ignore_ascii_case("rport") && self.rport == Rport::Absent {
            self.rport = match value.map(str::parse) {
                None => Rport::Requested,
                Some(Ok(port)) => Rport::Port(port),
                Some(Err(_)) => return false,
            };
        }
        true
    }
}

/// Splits `SIP / 2.0 / UDP sent-by` into transport and sent-by.
fn sent_protocol(head: &str) -> Option<(&str, &str)> {
    // RFC 3261 allows white space around both slashes; almost nobody writes it.
    let rest = match head.strip_prefix("SIP/2.0/") {
        Some(rest) => rest,
        None => {
            let (protocol, rest) = split_around(head, b'/')?;
            let (version, rest) = split_around(rest, b'/')?;
            // Any version: a request of another one is answered, along its Via, with 505.
            let are_tokens =
                is_token_text(protocol.trim_ascii()) && is_token_text(version.trim_ascii());
            are_tokens.then_some(rest)?
        }
    };
    let rest = rest.trim_ascii();
    let (transport, sent_by) = rest.split_at(rest.bytes().position(is_lws)?);
    is_token_text(transport).then(|| (transport, sent_by.trim_ascii()))
}

fn error(problem: Problem, offset: usize) -> ParseError {
    ParseError::new(Part::Header(HeaderName::Via), problem, offset)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn read(value: &str) -> Result<Via<'_>, ParseError> {
        Via::parse(value.as_bytes())
    }

    #[test]
    fn parameters_and_sent_by() {
        let via = read("SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK87asdks7").unwrap();
        assert_eq!(
            (via.transport, via.host, via.port),
            ("UDP", "10.0.0.1", Some(5070))
        );
        assert_eq!(via.branch, Some("z9hG4bK87asdks7"));
        assert_eq!((via.rport, via.received), (Rport::Requested, None));
        assert!(via.has_magic_cookie());
    }

    #[test]
    fn white_space_wherever_the_grammar_has_it() {
        let via = read("SIP  / 2.0\r\n /UDP\r\n    192.0.2.2 : 5060 ;branch = 390skdjuw").unwrap();
        assert_eq!(
            (via.transport, via.host, via.port),
            ("UDP", "192.0.2.2", Some(5060))
        );
        assert!(!via.has_magic_cookie());
    }

    #[test]
    fn ipv6_with_and_without_brackets_in_received() {
        let via =
            read("SIP/2.0/TCP [2001:db8::9:1];received=[2001:db8::9:255];rport=4000").unwrap();
        assert_eq!(via.host, "[2001:db8::9:1]");
        assert_eq!(
            (via.received, via.rport),
            (Some("2001:db8::9:255"), Rport::Port(4000))
        );
        assert_eq!(
            read("SIP/2.0/UDP h;received=2001:db8::1").unwrap().received,
            Some("2001:db8::1")
        );
    }

    #[test]
    fn bad_values_are_malformed() {
        for value in [
            "",
            "SIP/2.0/UDP",
            "SIP/2.0 UDP a",
            "SIP/2.0/UDP a:b",
            "SIP/2.0/UDP a:99999",
            "SIP/2.0/UDP a;branch=",
            "SIP/2.0/UDP a;;",
            "SIP/2.0/UDP a b",
            "SIP/2.0/UDP a;rport=x",
            "SIP/2.0/UDP 2001:db8::1",
        ] {
            assert!(read(value).is_err(), "{value}");
        }
    }
}
