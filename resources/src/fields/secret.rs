//! A field that nobody reads back.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A password or key. What an operator writes is its text; what is stored is `secret:` and the
/// identifier of the encrypted text. Neither is printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

const STORED_PREFIX: &str = "secret:";
/// Hexadecimal digits of the identifier of an encrypted text.
const IDENTIFIER_DIGITS: usize = 32;

impl Secret {
    /// Longest text, characters.
    pub const CHARS_MAX: usize = 1_024;

    /// A secret as an operator writes it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A secret as it is stored: the identifier of its encrypted text.
    pub fn stored(id: &str) -> Self {
        Self(format!("{STORED_PREFIX}{id}"))
    }

    /// The identifier of the encrypted text; `None` while it is still the text itself.
    pub fn stored_id(&self) -> Option<&str> {
        Self::identifier_in(&self.0)
    }

    /// The identifier of the encrypted text in a secret as it is stored.
    pub fn identifier_in(stored: &str) -> Option<&str> {
        let id = stored.strip_prefix(STORED_PREFIX)?;
        let is_one = id.len() == IDENTIFIER_DIGITS && id.bytes().all(|b| b.is_ascii_hexdigit());
        is_one.then_some(id)
    }

    /// The text, or `secret:` and its identifier.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": Self::CHARS_MAX,
            "writeOnly": true,
            "x-secret": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_knows_whether_it_is_stored() {
        let text = Secret::from_text("hunter2");
        assert_eq!(format!("{text:?}"), "Secret(…)");
        assert_eq!(text.stored_id(), None);
        let id = "0123456789abcdef0123456789abcdef";
        assert_eq!(Secret::stored(id).stored_id(), Some(id));
        assert_eq!(Secret::from_text("secret:x").stored_id(), None);
    }
}
