//! The lexical rules that header fields and URIs share (RFC 3261 §25.1).
//!
//! Inside a header field value CR and LF can only be a fold, and a fold is white space. So every
//! reader here takes both as white space, and no value is ever unfolded in order to be read.

use std::borrow::Cow;

/// Linear white space, folds included.
pub(crate) const fn is_lws(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A character of a token: `alphanum / -.!%*_+`'~`.
pub(crate) const fn is_token(byte: u8) -> bool {
    TOKEN[byte as usize]
}

static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};

/// Whether `text` is a token: not empty and of token characters only.
pub(crate) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && all(text.as_bytes(), is_token)
}

/// Whether `accepts` holds for each byte. Looks at all of them, which the compiler turns into a
/// few wide comparisons: for the short texts of SIP that is faster than stopping early.
pub(crate) fn all(bytes: &[u8], accepts: impl Fn(u8) -> bool) -> bool {
    bytes
        .iter()
        .fold(true, |so_far, byte| so_far & accepts(*byte))
}

/// What may stand in a URI: no white space, controls or delimiters. Other characters that RFC 3261
/// wants escaped (`#`, `|`, UTF-8) come from real gateways and are kept as they are.
pub(crate) const fn is_uri_byte(byte: u8) -> bool {
    byte > b' ' && byte != b'<' && byte != b'>' && byte != b'"' && byte != 0x7f
}

/// Offset of the first `wanted`, for texts where it comes early: eight bytes at a time, without the
/// start-up cost of a search made for long ones.
pub(crate) fn find_early(bytes: &[u8], wanted: u8) -> Option<usize> {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        // The lowest byte that is zero after the xor is the only one surely marked.
        let different = u64::from_le_bytes(*eight) ^ (LOW * u64::from(wanted));
        let marked = different.wrapping_sub(LOW) & !different & (LOW << 7);
        if marked != 0 {
            return Some(at + marked.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes[at..].iter().position(|b| *b == wanted)?;
    Some(at + rest)
}

/// Splits before the first `byte`, which is ASCII; without it the second half is empty.
pub(crate) fn split_before(text: &str, byte: u8) -> (&str, &str) {
    debug_assert!(
        byte.is_ascii(),
        "only an ASCII byte is surely a character boundary"
    );
    text.split_at(memchr::memchr(byte, text.as_bytes()).unwrap_or(text.len()))
}

/// Splits around the first `byte`, which is ASCII.
pub(crate) fn split_around(text: &str, byte: u8) -> Option<(&str, &str)> {
    debug_assert!(
        byte.is_ascii(),
        "only an ASCII byte is surely a character boundary"
    );
    let at = memchr::memchr(byte, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

/// Bytes that a quoted string at the start of `bytes` takes, both quotes included. `None` when it
/// does not end.
pub(crate) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The text of a value on one line: each fold becomes one space.
pub fn unfold(value: &str) -> Cow<'_, str> {
    if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_none() {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let lines = value
        .split(['\r', '\n'])
        .map(|line| line.trim_matches([' ', '\t']));
    for line in lines.filter(|line| !line.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(line);
    }
    Cow::Owned(text)
}

/// The content of a quoted string without quotes and escapes; other text as it is.
pub fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return unfold(text);
    };
    if !inner.contains('\\') {
        return unfold(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' {
            characters.next()
        } else {
            Some(character)
        });
    }
    Cow::Owned(unfold(&plain).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_byte_is_found_wherever_it_is() {
        for length in 0..40 {
            let mut bytes = vec![b'9'; length];
            assert_eq!(find_early(&bytes, b':'), None);
            for at in (0..length).rev() {
                bytes[at] = b':';
                assert_eq!(find_early(&bytes, b':'), Some(at));
            }
        }
        assert_eq!(
            find_early(b"\xff\x80\x00\x3b\x39\xba\x3b\x39:", b':'),
            Some(8)
        );
    }

    #[test]
    fn quoted_strings_end_at_a_quote_that_is_not_escaped() {
        assert_eq!(quoted_len(br#""a\\"b"#), Some(5));
        assert_eq!(quoted_len(br#""a\"b" c"#), Some(6));
        assert_eq!(quoted_len(br#""a\"#), None);
        assert_eq!(quoted_len(b"\""), None);
    }

    #[test]
    fn folds_become_one_space_and_escapes_go() {
        assert_eq!(unfold("one"), "one");
        assert_eq!(unfold("one\r\n \t two\n three"), "one two three");
        assert_eq!(unquote(r#""a \"b\" \\""#), r#"a "b" \"#);
        assert_eq!(unquote("plain"), "plain");
        assert_eq!(unquote("\""), "\"");
    }
}
