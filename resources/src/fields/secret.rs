//! A field that nobody reads back.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A password or key. What an operator writes is its text; what is stored is `secret:` and the
/// number of the encrypted text. Neither is printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

const STORED_PREFIX: &str = "secret:";

impl Secret {
    /// Longest text, characters.
    pub const CHARS_MAX: usize = 1_024;

    /// A secret as an operator writes it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A secret as it is stored: the number of its encrypted text.
    pub fn stored(id: i64) -> Self {
        Self(format!("{STORED_PREFIX}{id}"))
    }

    /// The number of the encrypted text; `None` while it is still the text itself.
    pub fn stored_id(&self) -> Option<i64> {
        self.0.strip_prefix(STORED_PREFIX)?.parse().ok()
    }

    /// The text, or `secret:` and its number.
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
        assert_eq!(Secret::stored(12).stored_id(), Some(12));
        assert_eq!(Secret::from_text("secret:x").stored_id(), None);
    }
}
