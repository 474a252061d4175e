//! A field that names another resource.

use crate::checks::NAME_CHARS_MAX;
use crate::kind::Kind;
use crate::kinds::ResourceKind;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

/// The name of a resource of the kind `K`. Written as the bare name; reads as a `str`.
pub struct Ref<K> {
    name: String,
    kind: PhantomData<fn() -> K>,
}

impl<K> Ref<K> {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl<K> Deref for Ref<K> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}

impl<K> Clone for Ref<K> {
    fn clone(&self) -> Self {
        Self::from(self.name.clone())
    }
}

impl<K> fmt::Debug for Ref<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.name, f)
    }
}

impl<K> fmt::Display for Ref<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name)
    }
}

impl<K> PartialEq for Ref<K> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<K> Eq for Ref<K> {}

impl<K> PartialOrd for Ref<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Ref<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.name.cmp(&other.name)
    }
}

impl<K> From<String> for Ref<K> {
    fn from(name: String) -> Self {
        Self {
            name,
            kind: PhantomData,
        }
    }
}

impl<K> From<&str> for Ref<K> {
    fn from(name: &str) -> Self {
        Self::from(name.to_owned())
    }
}

impl<K> Serialize for Ref<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de, K> Deserialize<'de> for Ref<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl<K: Kind> JsonSchema for Ref<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("NameOf_{}", K::KIND.as_str()).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let kind: ResourceKind = K::KIND;
        json_schema!({
            "type": "string",
            "minLength": 1,
            "maxLength": NAME_CHARS_MAX,
            "x-reference": kind.as_str(),
        })
    }
}
