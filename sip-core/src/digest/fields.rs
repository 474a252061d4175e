//! The `name=value` list of a challenge or of credentials.

use super::VALUE_BYTES_MAX;

/// The scheme that is spoken.
const SCHEME: &str = "digest";
/// Fields of one value; those of RFC 7616 are eleven.
const FIELDS_MAX: usize = 32;

/// Names in lower case, values without quotes.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// `None` when the value is too long, of another scheme, or no such list.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        if value.len() > VALUE_BYTES_MAX {
            return None;
        }
        let text = std::str::from_utf8(value).ok()?.trim();
        let (scheme, mut rest) = text.split_once(|c: char| c.is_ascii_whitespace())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
            if rest.is_empty() {
                return Some(Self(fields));
            }
            if fields.len() == FIELDS_MAX {
                return None;
            }
            let (name, after) = rest.split_once('=')?;
            let (value, after) = take_value(after.trim_start())?;
            // What cannot be written again would be hashed as another value than it is sent as.
            if value.chars().any(char::is_control) {
                return None;
            }
            fields.push((name.trim().to_ascii_lowercase(), value));
            rest = after;
        }
    }

    /// The value of a field; `None` when it is not there, or there twice.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then(|| value.clone())
    }
}

/// A token or a quoted string, and what follows it.
fn take_value(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text
            .find([',', ' ', '\t', '\r', '\n'])
            .unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// A quoted string. What would end the field is left out.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars().filter(|c| !c.is_control()) {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}
