//! What is asked for: one change of one resource.

use super::current::{CurrentSet, Entry, Key};
use super::merge_patch::merged;
use super::plan::masked;
use super::stored::assignment_of;
use crate::problem::Problem as ProblemDocument;
use resources::{Assignment, ResourceDocument, ResourceKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{ResourceRow, TenantId, VersionRow};

/// A change that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Draft {
    pub(crate) kind: ResourceKind,
    /// The name it has in force; the name it gets, when it is new.
    pub(crate) name: String,
    /// The version in force that this was made from; `None`: there is none of this name.
    pub(crate) base_version: Option<u64>,
    /// The number of a resource that is gone and shall be there again; `None`: it is new, or is
    /// there.
    pub(crate) revives: Option<i64>,
    /// How it shall be; `None`: it shall go.
    pub(crate) content: Option<Content>,
    /// Why, in the words of who asks.
    pub(crate) note: Option<String>,
}

/// All of a resource that can be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Another name than the draft's is a rename.
    pub(crate) name: String,
    pub(crate) external_id: Option<String>,
    pub(crate) assign: Assignment,
    pub(crate) spec: Value,
    /// In a change set it has a column of its own.
    #[serde(skip)]
    pub(crate) deck_hash: Option<String>,
}

impl Content {
    /// Nothing but a name and a spec.
    pub(crate) fn new(name: String, spec: Value) -> Self {
        Self {
            name,
            external_id: None,
            assign: Assignment::default(),
            spec,
            deck_hash: None,
        }
    }

    /// As it is.
    pub(crate) fn of_row(kind: ResourceKind, row: ResourceRow) -> Self {
        let mut spec = row.spec;
        masked(kind, &mut spec);
        Self {
            name: row.name,
            external_id: row.external_id,
            assign: assignment_of(&row.assignment),
            spec,
            deck_hash: row.deck_hash,
        }
    }

    /// As it is in memory.
    pub(crate) fn of_entry(entry: &Entry) -> Self {
        let mut spec = entry.spec.to_value();
        masked(entry.key.kind, &mut spec);
        Self {
            name: entry.key.name.to_string(),
            external_id: entry.external_id.clone(),
            assign: entry.assign.clone(),
            spec,
            deck_hash: entry.deck_hash.clone(),
        }
    }

    /// As it was. Of secrets those of now are kept: no older ones are.
    pub(crate) fn of_version(kind: ResourceKind, version: VersionRow) -> Self {
        let mut spec = version.spec;
        masked(kind, &mut spec);
        Self {
            name: version.name,
            external_id: version.external_id,
            assign: assignment_of(&version.assignment),
            spec,
            deck_hash: version.deck_hash,
        }
    }

    /// As a file has it.
    pub(crate) fn of_document(document: ResourceDocument, deck_hash: Option<String>) -> Self {
        Self {
            name: document.name,
            external_id: document.external_id,
            assign: document.assign,
            spec: document.spec.to_value(),
            deck_hash,
        }
    }

    /// Applies a merge patch to the assignment.
    ///
    /// # Errors
    /// 422 when no assignment comes of it.
    pub(crate) fn patch_assignment(&mut self, patch: &Value) -> Result<(), ProblemDocument> {
        let before = if self.assign.is_default() {
            // What is named takes the place of all, unless the patch says otherwise.
            Value::Object(serde_json::Map::new())
        } else {
            serde_json::to_value(&self.assign).unwrap_or_default()
        };
        let after = merged(&before, patch);
        let is_empty = after.as_object().is_some_and(serde_json::Map::is_empty);
        self.assign = if is_empty {
            Assignment::default()
        } else {
            let read = serde_json::from_value(after);
            read.map_err(|error| ProblemDocument::invalid_field("assign", error.to_string()))?
        };
        Ok(())
    }
}

impl Draft {
    /// Whether the rates are those in force, so that they need not be read again.
    pub(super) fn keeps_deck(&self, base: &CurrentSet, owner: TenantId) -> bool {
        let Some(content) = &self.content else {
            return true;
        };
        let entry = base.get(&Key::new(owner, self.kind, &self.name));
        entry.is_some_and(|entry| {
            entry.deck_hash == content.deck_hash && content.spec == entry.spec.to_value()
        })
    }
}
