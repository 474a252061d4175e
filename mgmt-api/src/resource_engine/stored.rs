//! What the database has, as typed resources, and back.

use super::ConfigurationError;
use super::current::{CurrentSet, Entry, Key, references};
use super::plan::{DeckReader, DeckTexts, masked};
use crate::clock;
use crate::problem::Problem;
use resources::{Assignment, ResourceDocument, ResourceKind, ResourceSpec};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use store::{AssignedTo, AssignmentLevel, ReferenceTo, ResourceIndex, ResourceRow, Store};

/// Number of the rules by which index rows are made. One more whenever the rules change.
const INDEX_GENERATION: u32 = 1;

/// Resources whose index rows are made anew in one transaction.
const INDEXED_AT_ONCE: u32 = 1_000;

/// Everything that is configured.
pub(super) async fn load(store: &Store, number: u64) -> Result<CurrentSet, ConfigurationError> {
    let rows = store.resources(None).await?;
    set_of(store, number, rows, &Arc::default()).await
}

/// The resources of rows. Decks that `known` has as well are shared with it, not read again.
pub(super) async fn set_of(
    store: &Store,
    number: u64,
    rows: Vec<ResourceRow>,
    known: &Arc<CurrentSet>,
) -> Result<CurrentSet, ConfigurationError> {
    let known_hashes: HashSet<_> = known
        .iter()
        .filter_map(|entry| entry.deck_hash.as_ref())
        .collect();
    let mut texts = DeckTexts::new();
    for row in &rows {
        let Some(hash) = &row.deck_hash else { continue };
        let is_kept = known_hashes.contains(hash) && keeps_deck(known, row);
        if !(is_kept || texts.contains_key(hash))
            && let Some(text) = store.deck(hash).await?
        {
            texts.insert(hash.clone(), text.into());
        }
    }
    let known = Arc::clone(known);
    super::blocking(move || {
        let mut set = CurrentSet::numbered(number);
        let mut decks = DeckReader::of_stored(&texts);
        for row in rows {
            set.put(Arc::new(entry(row, &mut decks, &known)?));
        }
        Ok(set)
    })
    .await
}

/// Whether a row is as a known card is, so that its rates need not be read.
fn keeps_deck(known: &CurrentSet, row: &ResourceRow) -> bool {
    let key = Key::new(row.owner, ResourceKind::RateCard, &row.name);
    let same = known
        .get(&key)
        .filter(|same| same.deck_hash == row.deck_hash);
    same.is_some_and(|same| {
        let spec = ResourceSpec::from_value(ResourceKind::RateCard, row.spec.clone());
        spec.is_ok_and(|spec| spec == same.spec)
    })
}

fn entry(
    row: ResourceRow,
    decks: &mut DeckReader<'_>,
    known_set: &CurrentSet,
) -> Result<Entry, ConfigurationError> {
    let (kind, name) = (row.kind, row.name);
    let unreadable = |reason: String| ConfigurationError::Stored {
        kind: kind.clone(),
        name: name.clone(),
        reason,
    };
    let known: ResourceKind = kind
        .parse()
        .map_err(|error: resources::UnknownKind| unreadable(error.to_string()))?;
    let spec = ResourceSpec::from_value(known, row.spec.clone())
        .map_err(|problem| unreadable(problem.to_string()))?;
    let document = ResourceDocument {
        external_id: row.external_id,
        assign: assignment_of(&row.assignment),
        ..ResourceDocument::new(&name, spec)
    };
    let key = Key::new(row.owner, known, &name);
    let same = known_set.get(&key);
    let deck = decks.deck(&document, row.deck_hash.as_deref(), same);
    // Decks are read before they are kept; a fault here is one of a card whose defaults changed.
    let deck = deck.map_err(|problems| {
        let named = problems.into_iter().map(|problem| problem.of(known, &name));
        ConfigurationError::Problems(named.collect())
    })?;
    let referred = references(&key, &row.spec, &document.assign);
    Ok(Entry {
        id: row.id,
        version: row.version,
        external_id: document.external_id,
        assign: document.assign,
        spec: document.spec,
        deck,
        deck_hash: row.deck_hash,
        references: referred.into_iter().map(|(_, key)| key).collect(),
        key,
    })
}

/// An assignment as the database has it: nothing written means all, and what cannot be read, such as one of a
/// later release, nobody.
pub(crate) fn assignment_of(stored: &Value) -> Assignment {
    let is_written = stored.as_object().is_some_and(|object| !object.is_empty());
    if !is_written {
        return Assignment::default();
    }
    serde_json::from_value(stored.clone()).unwrap_or_else(|error| {
        tracing::error!(%error, %stored, "an assignment cannot be read: it is taken for one to nobody");
        Assignment::nobody()
    })
}

/// A row as a file has it, secrets masked.
pub(crate) fn document_of(
    kind: ResourceKind,
    row: ResourceRow,
) -> Result<ResourceDocument, Problem> {
    let mut spec = row.spec;
    masked(kind, &mut spec);
    let spec =
        ResourceSpec::from_value(kind, spec).map_err(|problem| Problem::internal(&problem))?;
    Ok(ResourceDocument {
        external_id: row.external_id,
        assign: assignment_of(&row.assignment),
        ..ResourceDocument::new(row.name, spec)
    })
}

/// What a resource is found by.
pub(super) fn index(
    kind: ResourceKind,
    name: &str,
    external_id: Option<&str>,
    spec: &Value,
    assign: &Assignment,
) -> ResourceIndex {
    let named = kind.references(spec).into_iter().chain(assign.references());
    ResourceIndex {
        generation: INDEX_GENERATION,
        fields: kind.filter_values(spec),
        terms: kind.search_terms(name, external_id, spec),
        references: named
            .map(|reference| ReferenceTo {
                field: reference.field,
                kind: reference.kind.as_str().to_owned(),
                name: reference.name,
            })
            .collect(),
        assignments: assigned_to(assign),
    }
}

fn assigned_to(assign: &Assignment) -> Vec<AssignedTo> {
    let lists = [
        (AssignmentLevel::Category, &assign.categories),
        (AssignmentLevel::Group, &assign.groups),
        (AssignmentLevel::Customer, &assign.customers),
    ];
    let all = assign.all.then(|| AssignedTo {
        level: AssignmentLevel::All,
        target: String::new(),
    });
    let named = lists.into_iter().flat_map(|(level, names)| {
        names.iter().map(move |name| AssignedTo {
            level,
            target: name.clone(),
        })
    });
    all.into_iter().chain(named).collect()
}

/// Makes the index rows of resources that were written by older rules.
pub(super) async fn index_anew(store: &Store) -> Result<(), ConfigurationError> {
    loop {
        let rows = store
            .resources_to_index(INDEX_GENERATION, INDEXED_AT_ONCE)
            .await?;
        if rows.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let kind: Option<ResourceKind> = row.kind.parse().ok();
                let index = match kind {
                    Some(kind) => {
                        let assign = assignment_of(&row.assignment);
                        index(
                            kind,
                            &row.name,
                            row.external_id.as_deref(),
                            &row.spec,
                            &assign,
                        )
                    }
                    // Loading says what is wrong with it.
                    None => ResourceIndex {
                        generation: INDEX_GENERATION,
                        ..ResourceIndex::default()
                    },
                };
                (row, index)
            })
            .collect();
        let mut write = store.change_configuration("system", clock::now()).await?;
        write.index(&rows).await?;
        write.commit().await?;
    }
}
