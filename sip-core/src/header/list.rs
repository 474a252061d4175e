//! Splitting a header field value at the commas of its list.

use crate::text::quoted_len;

/// The values of a comma-separated list (RFC 3261 §7.3.1), trimmed. Commas in quoted strings and in
/// angle brackets do not split.
#[derive(Clone, Debug)]
pub struct ListItems<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> ListItems<'a> {
    /// Splits `value`.
    pub const fn new(value: &'a [u8]) -> Self {
        Self { rest: Some(value) }
    }

    /// The one value of a field that is no list.
    pub(crate) const fn nothing() -> Self {
        Self { rest: None }
    }

    /// What follows the values taken so far, its commas included; `None` after the last one.
    pub(crate) const fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }
}

impl<'a> Iterator for ListItems<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let bytes = self.rest?;
        let item = match comma(bytes) {
            Some(at) => {
                self.rest = Some(&bytes[at + 1..]);
                &bytes[..at]
            }
            None => {
                self.rest = None;
                bytes
            }
        };
        Some(item.trim_ascii())
    }
}

/// Offset of the first comma that separates two values.
fn comma(bytes: &[u8]) -> Option<usize> {
    // Most values have no comma at all, and memchr says so quickly.
    let first = memchr::memchr(b',', bytes)?;
    if memchr::memchr2(b'"', b'<', &bytes[..first]).is_none() {
        return Some(first);
    }
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b',' => return Some(at),
            b'"' => at += quoted_len(&bytes[at..])?,
            b'<' => at += memchr::memchr(b'>', &bytes[at..])? + 1,
            _ => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(value: &str) -> Vec<&str> {
        ListItems::new(value.as_bytes())
            .map(|item| std::str::from_utf8(item).unwrap_or("?"))
            .collect()
    }

    #[test]
    fn commas_split_outside_quotes_and_brackets() {
        assert_eq!(items("a , b,c"), ["a", "b", "c"]);
        assert_eq!(
            items("\"Last, First\" <sip:a@b;x=1,2>;q=1 , <sip:c@d>"),
            ["\"Last, First\" <sip:a@b;x=1,2>;q=1", "<sip:c@d>"]
        );
        assert_eq!(items("\"open, <sip:a@b>"), ["\"open, <sip:a@b>"]);
        assert_eq!(items("a,,b"), ["a", "", "b"]);
    }
}
