//! The secrets that calls use, in the clear: in memory only, for the snapshots.

use super::current::Entry;
use super::{Configuration, ConfigurationError};
use crate::secrets::{SecretBox, SecretText};
use resources::ResourceSpec;
use routing_engine::resources::OpenedSecrets;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};
use store::{SealedSecret, Store, TenantId};

/// Texts of secrets by their identifiers. Not printed, and wiped from memory when dropped.
#[derive(Debug, Default)]
pub(super) struct Opened(BTreeMap<String, SecretText>);

impl Opened {
    pub(super) fn texts(&self) -> OpenedSecrets<'_> {
        let texts = self.0.iter();
        texts
            .map(|(id, text)| (id.as_str(), text.expose()))
            .collect()
    }
}

impl Configuration {
    /// What calls of a configuration need opened: what is known already, what is about to be
    /// written, and the rest from the database.
    ///
    /// # Errors
    /// The database fails.
    pub(super) async fn opened<'e>(
        &self,
        entries: impl Iterator<Item = &'e Arc<Entry>>,
        sealed: &[SealedSecret],
    ) -> Result<Arc<Opened>, ConfigurationError> {
        let known = Arc::clone(&self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        let opened = open(&self.store, &self.secrets, &known, entries, sealed).await?;
        let opened = Arc::new(opened);
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&opened);
        Ok(opened)
    }
}

/// Opens what is not known. A secret that does not open is left out and told of: calls of its trunk
/// are refused, those of all others go on.
///
/// # Errors
/// The database fails.
pub(super) async fn open<'e>(
    store: &Store,
    secrets: &SecretBox,
    known: &Opened,
    entries: impl Iterator<Item = &'e Arc<Entry>>,
    sealed: &[SealedSecret],
) -> Result<Opened, ConfigurationError> {
    let mut texts = BTreeMap::new();
    let mut closed = BTreeMap::new();
    for (id, entry) in entries.filter_map(|entry| Some((used_in_calls(entry)?, entry))) {
        match known.0.get(id) {
            Some(text) => {
                texts.insert(id.to_owned(), text.clone());
            }
            None => {
                closed.insert(id, entry);
            }
        }
    }
    let new: BTreeSet<&str> = sealed.iter().map(|row| row.id.as_str()).collect();
    let kept = closed.keys().copied().filter(|id| !new.contains(id));
    let kept = store.secrets_of_all(&kept.collect::<Vec<_>>()).await?;
    for row in sealed.iter().chain(&kept) {
        let Some(entry) = closed.remove(row.id.as_str()) else {
            continue;
        };
        match text_for(secrets, entry.key.owner, row) {
            Some(text) => {
                texts.insert(row.id.clone(), text);
            }
            None => warn_of(entry),
        }
    }
    closed.into_values().for_each(warn_of);
    Ok(Opened(texts))
}

/// The secret of an entry that calls use, when it is sealed.
fn used_in_calls(entry: &Entry) -> Option<&str> {
    match &entry.spec {
        ResourceSpec::Trunk(trunk) => trunk.digest.as_ref()?.password.stored_id(),
        _ => None,
    }
}

/// Nobody's secret opens for another.
fn text_for(secrets: &SecretBox, owner: TenantId, row: &SealedSecret) -> Option<SecretText> {
    if row.owner != owner {
        return None;
    }
    secrets.unseal(row).ok()
}

fn warn_of(entry: &Arc<Entry>) {
    tracing::warn!(resource = %entry.key, "a secret does not open: write it again");
}
