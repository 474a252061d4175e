//! What is asked for: one change of one resource, and how changes of a change set are merged.

use resources::{Assignment, ResourceKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change that is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Draft {
    pub(crate) kind: ResourceKind,
    /// The name it has in force; the name it gets, when it is new.
    pub(crate) name: String,
    /// The version in force that this was made from; `None`: there is none of this name.
    pub(crate) base_version: Option<u64>,
    /// How it shall be; `None`: it shall go.
    pub(crate) content: Option<Content>,
    /// Why, in the words of who asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

/// All of a resource that can be written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// Another name than the draft's is a rename.
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) external_id: Option<String>,
    #[serde(default, skip_serializing_if = "Assignment::is_default")]
    pub(crate) assign: Assignment,
    pub(crate) spec: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deck_hash: Option<String>,
}

impl Draft {
    /// This draft and a later one of the same resource as one; `None` when nothing is left: what
    /// is made and taken away again never was.
    pub(crate) fn then(self, later: Self) -> Option<Self> {
        let is_new = self.base_version.is_none();
        if is_new && later.content.is_none() {
            return None;
        }
        Some(Self {
            kind: self.kind,
            name: self.name,
            base_version: self.base_version,
            content: later.content,
            note: later.note.or(self.note),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draft(base_version: Option<u64>, spec: Option<Value>) -> Draft {
        Draft {
            kind: ResourceKind::Carrier,
            name: "a".into(),
            base_version,
            content: spec.map(|spec| Content {
                name: "a".into(),
                external_id: None,
                assign: Assignment::default(),
                spec,
                deck_hash: None,
            }),
            note: None,
        }
    }

    #[test]
    fn drafts_of_one_resource_become_one() {
        let (old, new) = (json!({"cps_limit": 1}), json!({"cps_limit": 2}));
        let update = draft(Some(3), Some(old.clone()));
        let delete = draft(Some(3), None);
        let create = draft(None, Some(old));
        let later = draft(Some(3), Some(new.clone()));
        let merged = update.clone().then(later.clone());
        assert_eq!(merged, Some(draft(Some(3), Some(new.clone()))));
        assert_eq!(update.then(delete.clone()), Some(delete.clone()));
        let merged = delete.clone().then(later.clone());
        assert_eq!(merged, Some(draft(Some(3), Some(new.clone()))));
        assert_eq!(create.clone().then(later), Some(draft(None, Some(new))));
        assert_eq!(create.then(delete), None);
    }
}
