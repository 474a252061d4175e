//! Drafts as the database has them.

use crate::resource_engine::draft::{Content, Draft};
use crate::resource_engine::{ConfigurationError, assignment_of, masked};
use resources::{Assignment, ResourceKind};
use serde_json::{Value, json};
use store::{DraftBase, NewDraft};

/// What a row wants.
///
/// # Errors
/// [`ConfigurationError::Stored`] when this program did not write it.
pub(crate) fn draft_of_row(row: NewDraft) -> Result<Draft, ConfigurationError> {
    let unreadable = |reason: String| ConfigurationError::Stored {
        kind: row.kind.clone(),
        name: row.name.clone(),
        reason,
    };
    let kind: ResourceKind = row
        .kind
        .parse()
        .map_err(|error: resources::UnknownKind| unreadable(error.to_string()))?;
    let content = row.content.map(|content| {
        let content: Content = serde_json::from_value(content)?;
        Ok::<_, serde_json::Error>(Content {
            deck_hash: row.deck_hash.clone(),
            ..content
        })
    });
    let content = content
        .transpose()
        .map_err(|error| unreadable(error.to_string()))?;
    Ok(Draft {
        kind,
        name: row.name,
        base_version: row.base_version,
        revives: row.resource_id.filter(|_| row.base_version.is_none()),
        content,
        note: row.note,
    })
}

/// All of a draft that can differ, secrets masked.
pub(crate) fn whole_of_draft(kind: ResourceKind, content: &Content) -> Value {
    let mut spec = content.spec.clone();
    masked(kind, &mut spec);
    whole(
        &content.name,
        content.external_id.as_deref(),
        &content.assign,
        content.deck_hash.as_deref(),
        spec,
    )
}

/// All of the version that a draft was made from that can differ, secrets masked.
pub(crate) fn whole_of_base(kind: ResourceKind, base: &DraftBase) -> Value {
    let mut spec = base.spec.clone();
    masked(kind, &mut spec);
    whole(
        &base.name,
        base.external_id.as_deref(),
        &assignment_of(&base.assignment),
        base.deck_hash.as_deref(),
        spec,
    )
}

/// Of a deck the first characters of its hash are enough to tell it from another.
const HASH_CHARS: usize = 12;

fn whole(
    name: &str,
    external_id: Option<&str>,
    assign: &Assignment,
    deck_hash: Option<&str>,
    spec: Value,
) -> Value {
    let deck = deck_hash.map(|hash| format!("deck {}", hash.get(..HASH_CHARS).unwrap_or(hash)));
    json!({
        "name": name,
        "external_id": external_id,
        "assign": (!assign.is_default()).then_some(assign),
        "rates": deck,
        "spec": spec,
    })
}
