//! Which other resources a spec names.

use crate::kinds::ResourceKind;
use crate::walk::{walk, walk_texts_mut};
use serde_json::Value;

/// A field that names another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The field's path: `carrier`, `gateways[1].name`.
    pub field: String,
    /// The kind that is meant.
    pub kind: ResourceKind,
    /// The name that is meant.
    pub name: String,
}

impl ResourceKind {
    /// All references of a spec of this kind, in the order of their paths.
    pub fn references(self, spec: &Value) -> Vec<Reference> {
        let mut references = Vec::new();
        walk(self.schema(), spec, &mut |path, schema, value| {
            if let (Some(kind), Some(name)) = (referenced_kind(schema), value.as_str()) {
                references.push(Reference {
                    field: path.to_owned(),
                    kind,
                    name: name.to_owned(),
                });
            }
        });
        references
    }

    /// Follows a rename: references to `from` of the kind `of` now name `to`. Returns how many.
    pub fn rename_references(self, spec: &mut Value, of: Self, from: &str, to: &str) -> usize {
        let mut renamed = 0;
        walk_texts_mut(self.schema(), spec, &mut |_, schema, text| {
            if referenced_kind(schema) == Some(of) && text == from {
                to.clone_into(text);
                renamed += 1;
            }
        });
        renamed
    }

    /// Whether specs of this kind may hold secrets.
    pub fn has_secrets(self) -> bool {
        fn is_in(schema: &Value) -> bool {
            match schema {
                Value::Object(members) => {
                    members.get("x-secret") == Some(&Value::Bool(true))
                        || members.values().any(is_in)
                }
                Value::Array(items) => items.iter().any(is_in),
                _ => false,
            }
        }
        is_in(self.schema())
    }

    /// Paths of the secrets that a spec holds.
    pub fn secrets(self, spec: &Value) -> Vec<String> {
        let mut paths = Vec::new();
        walk(self.schema(), spec, &mut |path, schema, value| {
            if schema["x-secret"] == true && value.is_string() {
                paths.push(path.to_owned());
            }
        });
        paths
    }

    /// Replaces the text of each secret by what `replace` makes of its path and text: a
    /// [`crate::Secret::stored`] before it is kept, nothing readable before it is shown.
    pub fn replace_secrets(self, spec: &mut Value, mut replace: impl FnMut(&str, &str) -> String) {
        walk_texts_mut(self.schema(), spec, &mut |path, schema, text| {
            if schema["x-secret"] == true {
                *text = replace(path, text);
            }
        });
    }
}

fn referenced_kind(schema: &Value) -> Option<ResourceKind> {
    schema.get("x-reference")?.as_str()?.parse().ok()
}
