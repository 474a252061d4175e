//! Parameters of a header field or URI: `;name=value;flag`.

use crate::error::Problem;
use crate::text::{is_token, is_token_text, quoted_len};

/// Parameters as they stand in the message, checked once, read lazily.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(&'a str);

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as written; compare without regard to case.
    pub name: &'a str,
    /// What follows the `=`, quotes included; `None` for a flag such as `lr`.
    pub value: Option<&'a str>,
}

impl<'a> Params<'a> {
    /// Takes text that is empty or starts with `;`, and checks each parameter as `visit` sees it.
    pub(crate) fn parse(
        text: &'a str,
        mut visit: impl FnMut(Param<'a>),
    ) -> Result<Self, (Problem, usize)> {
        let mut rest = text.trim_ascii();
        let params = Self(rest);
        while !rest.is_empty() {
            let offset = text.len() - rest.len();
            let (param, tail) = split_first(rest).ok_or((Problem::Malformed, offset))?;
            visit(param);
            rest = tail;
        }
        Ok(params)
    }

    /// Wraps text that was checked when the header field was read.
    pub(crate) const fn checked(text: &'a str) -> Self {
        Self(text)
    }

    /// The text, starting with `;` unless it is empty.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The value of the first parameter of that name. A flag has the empty value.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.iter()
            .find(|param| param.name.eq_ignore_ascii_case(name))
            .map(|param| param.value.unwrap_or(""))
    }

    /// Whether a parameter of that name is there.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (param, tail) = split_first(rest)?;
            rest = tail;
            Some(param)
        })
    }
}

/// The parameter at the start of `text` (which starts with `;`) and what follows it.
fn split_first(text: &str) -> Option<(Param<'_>, &str)> {
    let rest = text.strip_prefix(';')?.trim_ascii_start();
    let name_len = rest
        .bytes()
        .position(|b| !is_token(b))
        .unwrap_or(rest.len());
    if name_len == 0 {
        return None;
    }
    let (name, rest) = rest.split_at(name_len);
    let rest = rest.trim_ascii_start();
    let Some(rest) = rest.strip_prefix('=') else {
        return ends(rest).then_some((Param { name, value: None }, rest));
    };
    let rest = rest.trim_ascii_start();
    let value_len = if rest.starts_with('"') {
        quoted_len(rest.as_bytes())?
    } else {
        rest.bytes()
            .position(|b| !is_value(b))
            .unwrap_or(rest.len())
    };
    let (value, rest) = rest.split_at(value_len);
    let rest = rest.trim_ascii_start();
    (value_len > 0 && ends(rest)).then_some((
        Param {
            name,
            value: Some(value),
        },
        rest,
    ))
}

fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(';')
}

/// Values are tokens or hosts; beyond those, `/` of date ranges, `@` and `:` of identifiers, `&`
/// and `$` of URI parameters and UTF-8 are seen in the field and harmless.
fn is_value(byte: u8) -> bool {
    is_token(byte)
        || byte >= 0x80
        || matches!(
            byte,
            b'[' | b']' | b':' | b'/' | b'@' | b'&' | b'$' | b'|' | b'?' | b'='
        )
}

/// Whether a parameter's value is a plain token, as tags and branches must be.
pub(crate) fn is_token_value(value: Option<&str>) -> bool {
    value.is_some_and(is_token_text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    type Seen<'a> = Vec<(&'a str, Option<&'a str>)>;

    fn names(text: &str) -> Result<Seen<'_>, (Problem, usize)> {
        let mut seen = Vec::new();
        Params::parse(text, |p| seen.push((p.name, p.value)))?;
        Ok(seen)
    }

    #[test]
    fn flags_values_quotes_and_white_space() {
        assert_eq!(
            names(" ; lr ; tag = a1 ;x=\"p;q\\\"r\" ;received=[2001:db8::1]").unwrap(),
            vec![
                ("lr", None),
                ("tag", Some("a1")),
                ("x", Some("\"p;q\\\"r\"")),
                ("received", Some("[2001:db8::1]")),
            ]
        );
        assert_eq!(names("").unwrap(), vec![]);
    }

    #[test]
    fn empty_and_broken_parameters_are_malformed() {
        for text in [
            ";;",
            ";",
            ";a=;b",
            ";a=\"x",
            ";a b",
            "a=b",
            ";a=\"x\"y",
            ";=b",
        ] {
            assert!(names(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lookup_ignores_case_and_takes_the_first() {
        let params = Params::parse(";TAG=one;tag=two;lr", |_| ()).unwrap();
        assert_eq!(params.get("tag"), Some("one"));
        assert_eq!(params.get("lr"), Some(""));
        assert!(!params.has("l"));
    }
}
