//! Small configurations for tests of the pure parts.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::current::{CurrentSet, Key, Proposed};
use super::draft::{Content, Draft};
use super::plan::{DeckTexts, Plan, plan};
use resources::{Assignment, ResourceKind};
use serde_json::Value;
use std::sync::Arc;
use store::TenantId;

/// A draft of a new resource.
pub(crate) fn created(kind: &str, name: &str, spec: Value) -> Draft {
    Draft {
        kind: kind.parse().unwrap(),
        name: name.into(),
        base_version: None,
        revives: None,
        content: Some(Content {
            name: name.into(),
            external_id: None,
            assign: Assignment::default(),
            spec,
            deck_hash: None,
        }),
        note: None,
    }
}

/// What a set of new resources makes.
pub(crate) fn current(drafts: Vec<Draft>) -> Arc<CurrentSet> {
    let base = Arc::new(CurrentSet::default());
    keep(plan(base, TenantId::PLATFORM, drafts, &DeckTexts::new()).unwrap())
}

/// A plan as if it were pushed.
pub(crate) fn keep(plan: Plan) -> Arc<CurrentSet> {
    let (base, changes) = plan.proposed.into_parts();
    let mut set = CurrentSet::clone(&base);
    let next = base.iter().map(|entry| entry.id).max().unwrap_or(0).max(0);
    let changes = changes.into_iter().map(|(key, change)| {
        let numbered = change.map(|entry| {
            let mut entry = (*entry).clone();
            if entry.id < 0 {
                entry.id = next - entry.id;
            }
            Arc::new(entry)
        });
        (key, numbered)
    });
    set.keep(base.number() + 1, changes.collect());
    Arc::new(set)
}

/// A draft of a resource as it is, changed by `change`.
pub(crate) fn draft(
    base: &CurrentSet,
    kind: &str,
    name: &str,
    change: impl FnOnce(&mut Content),
) -> Draft {
    let key = Key::new(TenantId::PLATFORM, kind.parse().unwrap(), name);
    let entry = base.get(&key).unwrap();
    let mut draft = created(kind, name, entry.spec.to_value());
    draft.base_version = Some(entry.version);
    let content = draft.content.as_mut().unwrap();
    content.assign = entry.assign.clone();
    content.external_id.clone_from(&entry.external_id);
    change(content);
    draft
}

/// The names of a kind.
pub(crate) fn names(set: &Proposed, kind: ResourceKind) -> Vec<String> {
    let entries = set.of_kind(TenantId::PLATFORM, kind);
    entries.map(|entry| entry.key.name.to_string()).collect()
}
