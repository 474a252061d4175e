//! SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), read without copying.

mod number;

pub use number::Number;

use crate::error::{ParseError, Part, Problem};
use crate::header::Params;
use crate::text::{all, is_uri_byte, split_around, split_before};
use arrayvec::ArrayString;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A URI in its parts. Nothing is unescaped: parts are as they stand in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    text: &'a str,
    /// The scheme.
    pub scheme: Scheme<'a>,
    /// The user part with its own parameters (`+4420;npdi`), or the number of a tel URI.
    pub user: Option<&'a str>,
    /// The password, which nobody should use.
    pub password: Option<&'a str>,
    /// The host, IPv6 with its brackets. Empty for tel and unknown schemes.
    pub host: &'a str,
    /// The port.
    pub port: Option<u16>,
    /// `transport`, `lr`, `user`, `maddr` and the like.
    pub params: Params<'a>,
    /// What follows the `?`, without it. Empty when there is none.
    pub headers: &'a str,
}

/// The scheme of a URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:`
    Tel,
    /// Any other, as written; only [`Uri::as_str`] tells more. A request for it is answered 416.
    Other(&'a str),
}

impl<'a> Uri<'a> {
    /// Reads a URI without the angle brackets.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let malformed = |at| ParseError::new(Part::Uri, Problem::Malformed, at);
        let (scheme, rest) = split_around(text, b':').ok_or_else(|| malformed(0))?;
        if !all(text.as_bytes(), is_uri_byte) {
            let at = text.bytes().position(|b| !is_uri_byte(b));
            return Err(malformed(at.unwrap_or(0)));
        }
        let mut uri = Self {
            text,
            scheme: Scheme::of(scheme).ok_or_else(|| malformed(0))?,
            user: None,
            password: None,
            host: "",
            port: None,
            params: Params::default(),
            headers: "",
        };
        let read = match uri.scheme {
            Scheme::Sip | Scheme::Sips => uri.read_sip(rest),
            Scheme::Tel => uri.read_tel(rest),
            Scheme::Other(_) => (!rest.is_empty()).then_some(()),
        };
        read.map(|()| uri)
            .ok_or_else(|| malformed(scheme.len() + 1))
    }

    fn read_sip(&mut self, rest: &'a str) -> Option<()> {
        let rest = match split_around(rest, b'@') {
            Some((userinfo, rest)) => {
                self.read_userinfo(userinfo)?;
                rest
            }
            None => rest,
        };
        let (rest, headers) = split_around(rest, b'?').unwrap_or((rest, ""));
        self.headers = headers;
        let (host_port, params) = split_before(rest, b';');
        (self.host, self.port) = split_host_port(host_port)?;
        self.params = uri_params(params)?;
        is_host(self.host).then_some(())
    }

    fn read_userinfo(&mut self, userinfo: &'a str) -> Option<()> {
        let (user, password) = match split_around(userinfo, b':') {
            Some((user, password)) => (user, Some(password)),
            None => (userinfo, None),
        };
        (self.user, self.password) = (Some(user), password);
        (!user.is_empty() && escapes_are_whole(userinfo)).then_some(())
    }

    fn read_tel(&mut self, rest: &'a str) -> Option<()> {
        let (number, params) = split_before(rest, b';');
        self.user = Some(number);
        self.params = uri_params(params)?;
        (!number.is_empty()).then_some(())
    }

    /// The whole URI as written.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The address of the host, when it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        host_ip(self.host)
    }

    /// Whether the element that set this route is a loose router (RFC 3261 §16.12).
    pub fn is_loose_router(&self) -> bool {
        self.params.has("lr")
    }

    /// The user part without the parameters inside it: `+4420` of `+4420;npdi`.
    pub fn user_name(&self) -> Option<&'a str> {
        self.user
            .map(|user| user.split_once(';').map_or(user, |(name, _)| name))
    }

    /// A parameter of the telephone number (RFC 4694: `npdi`, `rn`, `cic`), whether the number
    /// stands in a tel URI or in the user part of a SIP URI. A flag has the empty value.
    pub fn number_param(&self, name: &str) -> Option<&'a str> {
        if self.scheme == Scheme::Tel {
            return self.params.get(name);
        }
        let (_, params) = self.user?.split_once(';')?;
        params.split(';').find_map(|param| {
            let (key, value) = param.split_once('=').unwrap_or((param, ""));
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The telephone number of the user part, without visual separators. `None` when the user part
    /// is absent or not a number.
    pub fn number(&self) -> Option<Number> {
        Number::parse(self.user_name()?)
    }
}

impl<'a> Scheme<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let known = match text.len() {
            3 if text.eq_ignore_ascii_case("sip") => Self::Sip,
            4 if text.eq_ignore_ascii_case("sips") => Self::Sips,
            3 if text.eq_ignore_ascii_case("tel") => Self::Tel,
            _ => {
                let is_scheme_byte =
                    |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
                let first = text.bytes().next()?;
                let is_scheme = first.is_ascii_alphabetic() && text.bytes().all(is_scheme_byte);
                is_scheme.then_some(Self::Other(text))?
            }
        };
        Some(known)
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Every `%` is followed by two hexadecimal digits.
fn escapes_are_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'%', bytes).all(|at| {
        bytes
            .get(at + 1..at + 3)
            .is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    })
}

fn uri_params(text: &str) -> Option<Params<'_>> {
    // Empty parameters (`;;`) are seen in the field; the text is kept as it stands, and reading
    // stops at the first parameter that is none.
    (text.is_empty() || text.starts_with(';')).then_some(Params::checked(text))
}

/// Splits `host:port`, `[v6]:port` or a host alone. White space around the colon is legal in Via.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, rest) = if text.starts_with('[') {
        text.split_at(text.find(']')? + 1)
    } else {
        split_before(text, b':')
    };
    let rest = rest.trim_ascii();
    let Some(digits) = rest.strip_prefix(':') else {
        return rest.is_empty().then_some((host.trim_ascii(), None));
    };
    let digits = digits.trim_ascii();
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| is_number)?;
    Some((host.trim_ascii(), Some(port)))
}

/// A domain name, an IPv4 address, or an IPv6 address in brackets. The underscore, which no domain
/// name may have, is common in private ones.
pub(crate) fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').and_then(parse_ipv6).is_some(),
        None => {
            let is_host_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            !host.is_empty() && all(host.as_bytes(), is_host_byte)
        }
    }
}

/// Addresses that mean nothing outside their own network: RFC 1918, RFC 6598, RFC 4193, link-local
/// and loopback. A peer that names one and speaks from another kind is behind a translator.
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            v6.is_loopback() || first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80
        }
    }
}

/// The address that a host is, with or without brackets.
pub(crate) fn host_ip(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    // A name that starts with neither a digit nor a colon nor a hexadecimal letter is no address.
    bare.as_bytes()
        .first()
        .filter(|b| b.is_ascii_hexdigit() || **b == b':')?;
    bare.parse()
        .ok()
        .or_else(|| parse_ipv6(bare).map(IpAddr::V6))
}

/// An IPv6 address. `2001:db8:::192.0.2.1` too: RFC 3261's grammar asked for the third colon before
/// an IPv4 tail, and some followed it (RFC 5118 §4.10).
fn parse_ipv6(text: &str) -> Option<Ipv6Addr> {
    let strict = text.parse().ok();
    strict.or_else(|| {
        let (head, tail) = text.split_once(":::")?;
        tail.parse::<Ipv4Addr>().ok()?;
        let mut repaired = ArrayString::<45>::new();
        for part in [head, "::", tail] {
            repaired.try_push_str(part).ok()?;
        }
        repaired.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn all_parts_of_a_sip_uri() {
        let uri =
            Uri::parse("sips:%61lice;day=tue:pw@[2001:db8::10]:5070;lr;transport=tcp?Subject=x")
                .unwrap();
        assert_eq!(uri.scheme, Scheme::Sips);
        assert_eq!(
            (uri.user, uri.password),
            (Some("%61lice;day=tue"), Some("pw"))
        );
        assert_eq!((uri.host, uri.port), ("[2001:db8::10]", Some(5070)));
        assert_eq!(uri.ip(), "2001:db8::10".parse().ok());
        assert_eq!(uri.params.get("transport"), Some("tcp"));
        assert_eq!(uri.headers, "Subject=x");
        assert!(uri.is_loose_router());
    }

    #[test]
    fn a_host_alone_and_a_strange_user() {
        let uri = Uri::parse("SIP:example.com").unwrap();
        assert_eq!(
            (uri.scheme, uri.user, uri.host),
            (Scheme::Sip, None, "example.com")
        );
        let uri = Uri::parse("sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com").unwrap();
        assert_eq!(
            uri.user,
            Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
        );
        assert_eq!(
            uri.password,
            Some("&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
        );
    }

    #[test]
    fn tel_and_unknown_schemes_are_read() {
        let uri = Uri::parse("tel:+1-201-555-0123;rn=+1-973;npdi").unwrap();
        assert_eq!(
            (uri.scheme, uri.user),
            (Scheme::Tel, Some("+1-201-555-0123"))
        );
        assert_eq!(uri.number_param("RN"), Some("+1-973"));
        assert_eq!(uri.number_param("npdi"), Some(""));
        let uri = Uri::parse("soap.beep://192.0.2.103:3002").unwrap();
        assert_eq!(uri.scheme, Scheme::Other("soap.beep"));
    }

    #[test]
    fn number_parameters_of_the_user_part() {
        let uri = Uri::parse("sip:+442079460000;npdi;rn=+44999@203.0.113.9;user=phone").unwrap();
        assert_eq!(uri.user_name(), Some("+442079460000"));
        assert_eq!(uri.number_param("npdi"), Some(""));
        assert_eq!(uri.number_param("rn"), Some("+44999"));
        assert_eq!(uri.number_param("user"), None);
    }

    #[test]
    fn malformed_uris_are_refused() {
        for text in [
            "",
            "sip",
            "sip:",
            ":a@b",
            "sip:@host",
            "sip:a@",
            "sip:a@b:x",
            "sip:a@b:70000",
            "sip:a@b:",
            "sip:a@[2001:db8::1",
            "sip:a@2001:db8::1",
            "sip:a@[::g]",
            "sip:a b@c",
            "<sip:a@b>",
            "sip:a%4@b",
            "sip:a@b c",
            "1sip:a@b",
            "tel:",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }
}
