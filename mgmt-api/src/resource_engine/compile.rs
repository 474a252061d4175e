//! From entries in memory to the snapshot that calls are decided by.

use super::ConfigurationError;
use super::current::{Entry, Key};
use super::vault::OpenedSecrets;
use resources::{ResourceSpec, Secret, Trunk};
use routing_engine::Snapshot;
use routing_engine::resources::{PricedCardRef, ResourcesRef, StoredRef};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Compiles what a call reads. Entries were checked one by one when they were planned or loaded.
pub(super) fn snapshot<'e>(
    number: u64,
    entries: impl Iterator<Item = &'e Arc<Entry>>,
    secrets: &OpenedSecrets,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, ConfigurationError> {
    let entries: Vec<&Arc<Entry>> = entries.collect();
    let trunks = with_passwords(&entries, secrets)?;
    let mut all = ResourcesRef::default();
    for entry in entries {
        match &entry.spec {
            ResourceSpec::RateCard(card) => {
                if let Some(deck) = &entry.deck {
                    let card = borrowed(entry, card);
                    all.rate_cards.push(PricedCardRef { card, deck });
                }
            }
            ResourceSpec::Carrier(carrier) => all.carriers.push(borrowed(entry, carrier)),
            ResourceSpec::Customer(customer) => all.customers.push(borrowed(entry, customer)),
            ResourceSpec::Trunk(trunk) => {
                let trunk = trunks.get(&entry.key).unwrap_or(trunk);
                all.trunks.push(borrowed(entry, trunk));
            }
            // Kinds that a call does not read.
            _ => {}
        }
    }
    Snapshot::compile_sound(number, &all, previous).map_err(ConfigurationError::Problems)
}

/// The trunks that have passwords, with them.
fn with_passwords<'e>(
    entries: &[&'e Arc<Entry>],
    secrets: &OpenedSecrets,
) -> Result<BTreeMap<&'e Key, Trunk>, ConfigurationError> {
    let mut trunks = BTreeMap::new();
    for entry in entries {
        let ResourceSpec::Trunk(trunk) = &entry.spec else {
            continue;
        };
        let Some(id) = trunk
            .digest
            .as_ref()
            .and_then(|digest| digest.password.stored_id())
        else {
            continue;
        };
        let text = secrets.text(id).ok_or_else(|| ConfigurationError::Stored {
            kind: entry.key.kind.to_string(),
            name: entry.key.name.to_string(),
            reason: format!("its secret {id} is not known"),
        })?;
        let mut opened = trunk.clone();
        if let Some(digest) = &mut opened.digest {
            digest.password = Secret::from_text(text.expose());
        }
        trunks.insert(&entry.key, opened);
    }
    Ok(trunks)
}

fn borrowed<'e, T>(entry: &'e Entry, spec: &'e T) -> StoredRef<'e, T> {
    StoredRef {
        id: entry.id,
        owner: entry.key.owner.get(),
        name: &entry.key.name,
        spec,
    }
}
