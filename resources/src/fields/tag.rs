//! Short names that lists put on calls and routes ask for.

use crate::problem::Problem;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// Most tags of one call, and of one list of tags.
pub const TAGS_MAX: usize = 8;

/// Longest tag, characters.
pub const TAG_CHARS_MAX: usize = 32;

/// A short name of a call's tag: 1 to [`TAG_CHARS_MAX`] lower-case letters, digits, `_` and `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Tag(String);

/// A text that is no tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no tag: write 1 to {TAG_CHARS_MAX} lower-case letters, digits, `_` and `-`")]
pub struct TagError(pub String);

impl TryFrom<String> for Tag {
    type Error = TagError;

    fn try_from(text: String) -> Result<Self, TagError> {
        let is_part =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let is_sound = (1..=TAG_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_part);
        if is_sound {
            Ok(Self(text))
        } else {
            Err(TagError(text))
        }
    }
}

impl TryFrom<&str> for Tag {
    type Error = TagError;

    fn try_from(text: &str) -> Result<Self, TagError> {
        Self::try_from(text.to_owned())
    }
}

impl From<Tag> for String {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl Deref for Tag {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl JsonSchema for Tag {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Tag".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^[a-z0-9_-]+$",
            "minLength": 1,
            "maxLength": TAG_CHARS_MAX,
            "examples": ["premium"],
        })
    }
}

/// Tags of a list that stand there before, or in a list that says the opposite.
pub(crate) fn check_repeated<'t>(
    field: &'t str,
    tags: &'t [Tag],
    opposite: &'t [Tag],
) -> impl Iterator<Item = Problem> + 't {
    tags.iter().enumerate().filter_map(move |(index, tag)| {
        let message = match (tags[..index].contains(tag), opposite.contains(tag)) {
            (true, _) => "stands here twice",
            (false, true) => "is required and excluded: such a route is never taken",
            _ => return None,
        };
        let field = format!("{field}[{index}]");
        Some(Problem::in_field(
            field,
            format_args!("{} {message}", &**tag),
        ))
    })
}
