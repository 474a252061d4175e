//! What a kind of resource is, and what is known of each.

use crate::kinds::{ResourceKind, ResourceSpec};
use crate::permission::Permission;
use crate::problem::Problem;
use crate::schema;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// A kind: the struct is the spec, its doc comments are the help.
///
/// Fields carry their bounds as `#[schemars(range(…))]` or `length(…)`, and hints as
/// `#[schemars(extend("x-unit" = "seconds"))]`; see [`crate::schema`] for the keys. Bounds need no
/// check of their own.
pub trait Kind:
    Clone
    + fmt::Debug
    + PartialEq
    + Serialize
    + DeserializeOwned
    + JsonSchema
    + Into<ResourceSpec>
    + Send
    + Sync
    + 'static
{
    /// Which it is.
    const KIND: ResourceKind;
    /// Its name on a screen: `Rate card`.
    const TITLE: &'static str;
    /// The name of several: `Rate cards`. In paths: `rate-cards`.
    const TITLE_PLURAL: &'static str;
    /// Whether customers get it by assignment.
    const ASSIGNABLE: Assignable;

    /// What is wrong between the fields of one spec, beyond the bounds of each.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Whether this one is among those that customers get by assignment, when its kind is.
    fn is_given_by_assignment(&self) -> bool {
        true
    }
}

/// Whether and how resources of a kind are given to customers by assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignable {
    /// Not at all.
    No,
    /// A customer gets all that are assigned to it at any level.
    Many,
    /// A customer has one: the one that is assigned most specifically.
    One,
}

/// What is known of a kind, for lists, forms and paths.
#[derive(Clone, Debug)]
pub struct KindInfo {
    /// Which.
    pub kind: ResourceKind,
    /// In files and in the API: `rate_card`.
    pub name: &'static str,
    /// As a segment of a path: `rate-cards`.
    pub plural: String,
    /// On a screen: `Rate card`.
    pub title: &'static str,
    /// On a screen: `Rate cards`.
    pub title_plural: &'static str,
    /// The first sentence of its description.
    pub summary: String,
    /// All that its documentation says.
    pub description: String,
    /// Whether customers get it by assignment.
    pub assignable: Assignable,
    /// JSON Schema 2020-12 of the spec, complete in itself.
    pub schema: &'static Value,
}

/// A kind that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of resource: write one of {names}", names = names())]
pub struct UnknownKind(pub String);

impl KindInfo {
    pub(crate) fn of<K: Kind>(schema: &'static Value) -> Self {
        let description = schema["description"].as_str().unwrap_or("").to_owned();
        Self {
            kind: K::KIND,
            name: K::KIND.as_str(),
            plural: K::TITLE_PLURAL.to_lowercase().replace(' ', "-"),
            title: K::TITLE,
            title_plural: K::TITLE_PLURAL,
            summary: schema::first_sentence(&description).to_owned(),
            description,
            assignable: K::ASSIGNABLE,
            schema,
        }
    }
}

impl ResourceKind {
    /// As a segment of a path: `rate-cards`.
    pub fn plural(self) -> &'static str {
        &self.info().plural
    }

    /// On a screen: `Rate card`.
    pub fn title(self) -> &'static str {
        self.info().title
    }

    /// The kind of a path's segment.
    pub fn from_plural(plural: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == plural)
    }

    /// JSON Schema 2020-12 of the spec.
    pub fn schema(self) -> &'static Value {
        self.info().schema
    }

    /// What is needed to see resources of this kind.
    pub fn read_permission(self) -> Permission {
        Permission::of_kind(self).0
    }

    /// What is needed to change them.
    pub fn write_permission(self) -> Permission {
        Permission::of_kind(self).1
    }
}

fn names() -> String {
    let names: Vec<_> = ResourceKind::ALL.iter().map(|kind| kind.as_str()).collect();
    names.join(", ")
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ResourceKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

/// Work that is done for a kind whose type is known only at run time.
pub(crate) trait KindVisitor {
    type Output;

    fn visit<K: Kind>(self) -> Self::Output;
}
