//! Leading digits of numbers.

use crate::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;

/// Most digits of a prefix: those of a whole number of E.164 with national extensions.
pub const PREFIX_DIGITS_MAX: usize = 18;

/// Leading digits of E.164 numbers, without `+`: 1 to [`PREFIX_DIGITS_MAX`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

/// A text that is no prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no prefix: write 1 to {PREFIX_DIGITS_MAX} digits, without `+`")]
pub struct PrefixError(pub String);

impl TryFrom<String> for Prefix {
    type Error = PrefixError;

    fn try_from(text: String) -> Result<Self, PrefixError> {
        let is_sound = (1..=PREFIX_DIGITS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_sound {
            Ok(Self(text))
        } else {
            Err(PrefixError(text))
        }
    }
}

impl TryFrom<&str> for Prefix {
    type Error = PrefixError;

    fn try_from(text: &str) -> Result<Self, PrefixError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}

impl Deref for Prefix {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl JsonSchema for Prefix {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Prefix".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[0-9]+$",
            "minLength": 1,
            "maxLength": PREFIX_DIGITS_MAX,
            "examples": ["44"],
        })
    }
}

/// Entries of a list that stand there before.
pub(crate) fn check_repeated<'p>(
    field: &str,
    entries: impl IntoIterator<Item = &'p Prefix>,
) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for (index, prefix) in entries.into_iter().enumerate() {
        if !seen.insert(prefix) {
            let message = format_args!("{} stands here twice", &**prefix);
            problems.push(Problem::in_field(format!("{field}[{index}]"), message));
        }
    }
    problems
}
