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

/// `text` without white space around it.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// `bytes` without white space around them.
pub(crate) fn trim_bytes(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [first, tail @ ..] = rest
        && is_lws(*first)
    {
        rest = tail;
    }
    trim_end_bytes(rest)
}

pub(crate) fn trim_end_bytes(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [head @ .., last] = rest
        && is_lws(*last)
    {
        rest = head;
    }
    rest
}

/// Whether `text` is a token: not empty and of token characters only.
pub(crate) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token)
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
