//! What a plan writes.

use crate::resource_engine::current::{Entry, Key};
use crate::resource_engine::plan::{DeckText, Plan, Step};
use crate::resource_engine::{ConfigurationError, stored};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ConfigurationWrite, ResourceWrite, Scope, Written};

/// Writes what changes, and gives what is new its number.
pub(super) async fn write_plan(
    write: &mut ConfigurationWrite,
    scope: &Scope,
    planned: &mut Plan,
    decks: &[DeckText],
) -> Result<(), ConfigurationError> {
    for (note, gone) in deletions(planned) {
        write.delete(scope, &gone, note).await?;
    }
    let (keys, writes): (Vec<Key>, Vec<ResourceWrite>) =
        planned.changed().filter_map(write_of).unzip();
    let used: BTreeMap<&str, &DeckText> = decks
        .iter()
        .chain(&planned.built)
        .map(|deck| (deck.hash.as_str(), deck))
        .collect();
    for hash in writes.iter().filter_map(|write| write.deck_hash.as_deref()) {
        if let Some(deck) = used.get(hash) {
            write.put_deck(&deck.hash, &deck.content).await?;
        }
    }
    if !writes.is_empty() {
        let written = write.put_all(scope, &writes).await?;
        for (key, written) in keys.iter().zip(written) {
            number(planned, key, written);
        }
    }
    Ok(())
}

/// The numbers of what is to go, by the reason that is given.
fn deletions(planned: &Plan) -> BTreeMap<Option<&str>, Vec<i64>> {
    let mut by_note: BTreeMap<Option<&str>, Vec<i64>> = BTreeMap::new();
    for step in planned.changed().filter(|step| step.after.is_none()) {
        if let Some(before) = &step.before {
            by_note
                .entry(step.note.as_deref())
                .or_default()
                .push(before.id);
        }
    }
    by_note
}

fn write_of(step: &Step) -> Option<(Key, ResourceWrite)> {
    let (entry, spec) = (step.after.as_ref()?, step.spec.as_ref()?);
    let (kind, name) = (entry.key.kind, &*entry.key.name);
    let external_id = entry.external_id.as_deref();
    let assignment = Some(&entry.assign).filter(|assign| !assign.is_default());
    let assignment = assignment.and_then(|assign| serde_json::to_value(assign).ok());
    let before = step.before.as_ref();
    let write = ResourceWrite {
        id: before.map(|before| before.id).or(step.revives),
        expected_version: before.map(|before| before.version),
        kind: kind.as_str().to_owned(),
        name: name.to_owned(),
        external_id: entry.external_id.clone(),
        spec: spec.clone(),
        assignment: assignment.unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        deck_hash: entry.deck_hash.clone(),
        note: step.note.clone(),
        index: stored::index(kind, name, external_id, spec, &entry.assign),
    };
    Some((entry.key.clone(), write))
}

fn number(planned: &mut Plan, key: &Key, written: Written) {
    if let Some(Some(entry)) = planned.proposed.changes_mut().get_mut(key) {
        let numbered = Entry {
            id: written.id,
            version: written.version,
            ..Entry::clone(entry)
        };
        *entry = Arc::new(numbered);
    }
}
