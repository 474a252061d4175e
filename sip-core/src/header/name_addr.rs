//! From, To, Contact, Route and their kind: `"Display" <uri>;params` (RFC 3261 §20.10).

use super::params::is_token_value;
use super::{HeaderName, Params};
use crate::error::{ParseError, Part, Problem};
use crate::text::{all, is_lws, is_uri_byte, quoted_len, split_around, split_before, unquote};
use crate::uri::Uri;
use std::borrow::Cow;

/// An address with its display name and header parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    raw_display: &'a [u8],
    /// The URI as written, without brackets. `*` in the Contact of a REGISTER.
    pub uri: &'a str,
    /// The parameters of the header field, not those of the URI.
    pub params: Params<'a>,
    tag: Option<&'a str>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value of the field `name`, which only serves the error.
    ///
    /// A display name need not be UTF-8; everything else must.
    pub fn parse(name: HeaderName, value: &'a [u8]) -> Result<Self, ParseError> {
        let error = |problem, offset| ParseError::new(Part::Header(name), problem, offset);
        let display_len = display_len(value).map_err(|(problem, at)| error(problem, at))?;
        let text = std::str::from_utf8(&value[display_len..])
            .map_err(|e| error(Problem::NotUtf8, display_len + e.valid_up_to()))?;
        let (uri, params) =
            split_uri(text).ok_or_else(|| error(Problem::Malformed, display_len))?;
        let mut tag = None;
        let mut bad_tag = false;
        let params = Params::parse(params, |param| {
            if tag.is_none() && param.name.eq_ignore_ascii_case("tag") {
                bad_tag = !is_token_value(param.value);
                tag = param.value;
            }
        })
        .map_err(|(problem, at)| error(problem, display_len + at))?;
        if bad_tag || !is_uri_text(uri) {
            return Err(error(Problem::Malformed, display_len));
        }
        Ok(Self {
            raw_display: value[..display_len].trim_ascii(),
            uri,
            params,
            tag,
        })
    }

    /// The `tag` parameter.
    pub const fn tag(&self) -> Option<&'a str> {
        self.tag
    }

    /// The display name without quotes and escapes; bytes that are not UTF-8 become U+FFFD.
    pub fn display(&self) -> Cow<'a, str> {
        match std::str::from_utf8(self.raw_display) {
            Ok(text) => unquote(text),
            Err(_) => {
                let text = String::from_utf8_lossy(self.raw_display).into_owned();
                Cow::Owned(unquote(&text).into_owned())
            }
        }
    }

    /// The display name as it stands in the message, quotes included.
    pub const fn raw_display(&self) -> &'a [u8] {
        self.raw_display
    }

    /// The URI, read.
    pub fn parse_uri(&self) -> Result<Uri<'a>, ParseError> {
        Uri::parse(self.uri)
    }

    /// Whether this is the `*` of a REGISTER that removes all bindings.
    pub fn is_wildcard(&self) -> bool {
        self.uri == "*"
    }
}

/// Bytes of the display name: all that stands before the `<`, zero for a bare URI.
fn display_len(value: &[u8]) -> Result<usize, (Problem, usize)> {
    let mut at = value.iter().position(|b| !is_lws(*b)).unwrap_or(0);
    if value.get(at) == Some(&b'"') {
        at += quoted_len(&value[at..]).ok_or((Problem::Truncated, at))?;
        at += value[at..].iter().position(|b| !is_lws(*b)).unwrap_or(0);
        return match value.get(at) {
            Some(b'<') => Ok(at),
            _ => Err((Problem::Malformed, at)),
        };
    }
    let Some(bracket) = memchr::memchr(b'<', value) else {
        return Ok(0);
    };
    // A quote or a `;` before the bracket: the bracket belongs to something else.
    match memchr::memchr3(b'"', b';', b'>', &value[..bracket]) {
        None => Ok(bracket),
        Some(at) => Err((Problem::Malformed, at)),
    }
}

/// The URI and the parameters of `<uri>;params` or of a bare `uri;params`.
fn split_uri(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('<') {
        let (uri, params) = split_around(rest, b'>')?;
        return Some((uri, params));
    }
    let text = text.trim_ascii();
    let (uri, params) = split_before(text, b';');
    // RFC 3261 §20.10: a URI with a comma, question mark or semicolon needs the brackets.
    memchr::memchr2(b'?', b',', uri.as_bytes())
        .is_none()
        .then(|| (uri.trim_ascii(), params))
}

/// `scheme:rest` without white space or brackets, or the wildcard.
fn is_uri_text(uri: &str) -> bool {
    let bytes = uri.as_bytes();
    let has_scheme = || {
        let colon = bytes.iter().position(|b| *b == b':');
        bytes[0].is_ascii_alphabetic() && colon.is_some_and(|at| at + 1 < bytes.len())
    };
    bytes == b"*" || (!bytes.is_empty() && has_scheme() && all(bytes, is_uri_byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn read(value: &str) -> Result<NameAddr<'_>, ParseError> {
        NameAddr::parse(HeaderName::From, value.as_bytes())
    }

    #[test]
    fn display_uri_tag_and_params() {
        let from = read("\"J \\\"Rosenberg\" <sip:j@example.com;lr>  ; tag = 98asjd8 ; x").unwrap();
        assert_eq!(from.display(), "J \"Rosenberg");
        assert_eq!(from.uri, "sip:j@example.com;lr");
        assert_eq!(from.tag(), Some("98asjd8"));
        assert!(from.params.has("x"));
    }

    #[test]
    fn a_bare_uri_leaves_its_parameters_to_the_header() {
        let to = read("sip:vivekg@chair.example.org ;   tag    = 19").unwrap();
        assert_eq!(
            (to.uri, to.tag()),
            ("sip:vivekg@chair.example.org", Some("19"))
        );
    }

    #[test]
    fn a_display_name_may_be_latin_1_but_a_tag_may_not() {
        let from = NameAddr::parse(HeaderName::From, b"\"J\xfcrgen\" <sip:j@x>;tag=1").unwrap();
        assert_eq!(from.raw_display(), b"\"J\xfcrgen\"");
        assert_eq!(from.display(), "J\u{fffd}rgen");
        let error = NameAddr::parse(HeaderName::From, b"<sip:j@x>;tag=\xfc").unwrap_err();
        assert_eq!((error.problem, error.offset), (Problem::NotUtf8, 14));
    }

    #[test]
    fn a_wildcard_is_told_from_an_address() {
        assert!(read(" * ").unwrap().is_wildcard());
        assert!(!read("<sip:*@a>").unwrap().is_wildcard());
        assert!(read("**").is_err());
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        for value in [
            "",
            "\"open <sip:a@b>",
            "\"Bob\" sip:b@c",
            "<sip:a@b",
            "sip:a@b?Route=x",
            "<sip:a@b>;;",
            "<sip:a@b>;tag=",
            "<sip:a@b>;tag",
            "< sip:a@b>",
            "Bell, Alexander",
            "sip:a@b> <sip:c@d>",
        ] {
            assert!(read(value).is_err(), "{value}");
        }
    }
}
