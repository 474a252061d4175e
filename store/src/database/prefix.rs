//! Texts that begin with a prefix, as a range: an index serves a range, and no index a pattern.

/// The range of texts that begin with a prefix, in byte order: from the prefix to before the
/// second. `None` for an empty prefix, with which everything begins.
pub(crate) fn prefix_range(prefix: &str) -> Option<(String, String)> {
    let mut behind = prefix.to_owned();
    while let Some(last) = behind.pop() {
        if let Some(next) = next(last) {
            behind.push(next);
            return Some((prefix.to_owned(), behind));
        }
    }
    None
}

/// The character behind one; there is none behind the last.
fn next(character: char) -> Option<char> {
    // Surrogates are no characters.
    (u32::from(character) + 1..=u32::from(char::MAX)).find_map(char::from_u32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[test]
    fn a_prefix_is_a_range_that_ends_behind_its_last_text() {
        let range = |prefix| prefix_range(prefix).unwrap();
        assert_eq!(range("44"), ("44".into(), "45".into()));
        assert_eq!(range("449"), ("449".into(), "44:".into()));
        assert_eq!(range("\u{d7ff}"), ("\u{d7ff}".into(), "\u{e000}".into()));
        assert_eq!(range("a\u{10ffff}"), ("a\u{10ffff}".into(), "b".into()));
        assert_eq!(prefix_range(""), None);
        assert_eq!(prefix_range("\u{10ffff}"), None);
    }
}
