//! Changes and resources for tests.

use crate::{ConfigurationChange, ReferenceTo, ResourceIndex, ResourceWrite};
use rating::Timestamp;
use serde_json::{Value, json};

pub(crate) fn change(author: &str) -> ConfigurationChange {
    ConfigurationChange {
        author: author.to_owned(),
        at: Timestamp(1_000),
        ..ConfigurationChange::default()
    }
}

/// A new resource that is found by its name only.
pub(crate) fn resource(kind: &str, name: &str, spec: Value) -> ResourceWrite {
    ResourceWrite {
        id: None,
        expected_version: None,
        kind: kind.to_owned(),
        name: name.to_owned(),
        external_id: None,
        spec,
        assignment: json!({}),
        deck_hash: None,
        note: None,
        index: ResourceIndex::default(),
    }
}

/// Fields and values, words, kinds and names referred to.
pub(crate) fn spec_index(
    fields: &[(&str, &str)],
    terms: &[&str],
    references: &[(&str, &str)],
) -> ResourceIndex {
    let owned = |(first, second): &(&str, &str)| ((*first).to_owned(), (*second).to_owned());
    ResourceIndex {
        generation: 1,
        fields: fields.iter().map(owned).collect(),
        terms: terms.iter().map(|term| (*term).to_owned()).collect(),
        references: references
            .iter()
            .map(|(kind, name)| ReferenceTo {
                field: (*kind).to_owned(),
                kind: (*kind).to_owned(),
                name: (*name).to_owned(),
            })
            .collect(),
        assignments: Vec::new(),
    }
}
