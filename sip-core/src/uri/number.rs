//! Dialled and calling numbers out of user parts.

use crate::limits::MAX_NUMBER_CHARS;
use arrayvec::ArrayString;
use std::fmt;

/// A telephone number: digits, `*` and `#`, perhaps after a `+`, without separators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Number(ArrayString<MAX_NUMBER_CHARS>);

impl Number {
    /// Reads a user name or the number of a tel URI. The visual separators of RFC 3966
    /// (`-`, `.`, `(`, `)`) go, `%2B` and its like are decoded. `None` when other characters are
    /// in it, when no digit is, or when it is longer than [`MAX_NUMBER_CHARS`].
    pub fn parse(user: &str) -> Option<Self> {
        let mut number = ArrayString::new();
        let mut rest = user.as_bytes();
        while let Some((character, tail)) = next_character(rest) {
            rest = tail;
            match character {
                b'0'..=b'9' | b'*' | b'#' => {}
                b'+' if number.is_empty() => {}
                b'-' | b'.' | b'(' | b')' => continue,
                _ => return None,
            }
            number.try_push(char::from(character)).ok()?;
        }
        let has_digit = number.bytes().any(|b| b.is_ascii_digit());
        has_digit.then_some(Self(number))
    }

    /// The number as it is compared and routed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it starts with `+`, and so with a country code.
    pub fn is_global(&self) -> bool {
        self.0.starts_with('+')
    }

    /// The number without its `+`.
    pub fn digits(&self) -> &str {
        self.0.strip_prefix('+').unwrap_or(&self.0)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Number {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The first character, unescaped, and what follows it.
fn next_character(bytes: &[u8]) -> Option<(u8, &[u8])> {
    match bytes {
        [b'%', high, low, tail @ ..] => {
            let value = char::from(*high).to_digit(16)? * 16 + char::from(*low).to_digit(16)?;
            Some((u8::try_from(value).ok()?, tail))
        }
        [first, tail @ ..] => Some((*first, tail)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(user: &str) -> Option<String> {
        Number::parse(user).map(|number| number.to_string())
    }

    #[test]
    fn separators_and_escapes_go() {
        assert_eq!(read("+1-(201).555-0123").as_deref(), Some("+12015550123"));
        assert_eq!(read("%2B4420%3794").as_deref(), Some("+4420794"));
        assert_eq!(read("%2b44").as_deref(), Some("+44"));
        assert_eq!(read("*98%23").as_deref(), Some("*98#"));
    }

    #[test]
    fn names_and_broken_numbers_are_no_numbers() {
        let too_long = "9".repeat(MAX_NUMBER_CHARS + 1);
        for user in [
            "", "+", "alice", "44a20", "4+4", "44 20", "%2", "%zz", "-.-", &too_long,
        ] {
            assert_eq!(read(user), None, "{user}");
        }
    }

    #[test]
    fn digits_come_without_the_plus() {
        let number = Number::parse("+44").map(|n| (n.is_global(), n.digits().to_owned()));
        assert_eq!(number, Some((true, "44".to_owned())));
    }
}
