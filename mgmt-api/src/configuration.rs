//! From files to calls: read, compare, compile, keep, publish. All of it or nothing.
//!
//! ```text
//! files ─parse─► documents ─compare with the database─► versions, in one transaction
//!   ─compile the whole─► snapshot ─commit─► publish ─► the next call
//! ```
//!
//! What cannot be compiled is never kept, so what is kept can always be compiled: the switch
//! starts with what it had.

mod decks;
mod difference;
mod request;
mod stored;

pub(crate) use difference::differences;

use crate::clock;
use crate::routes::apply::{ApplyRequest, ApplyResult, Change, ChangeAction, Difference};
use crate::switch_port::SwitchPort;
use decks::{DeckCache, DeckText};
use request::{ReadRequest, RequestedResource};
use routing_engine::documents::locate;
use routing_engine::resources::Resources;
use routing_engine::{Problem, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{ConfigurationWrite, NewVersion, ResourceRow, Store, StoreError};
use tokio::sync::Mutex;

/// What is configured. One change at a time.
pub struct Configuration {
    store: Store,
    decks: Mutex<DeckCache>,
}

/// Why a configuration was not applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// Something in the files is wrong.
    #[error("{} problems in the files", .0.len())]
    Problems(Vec<Problem>),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database holds a resource that this program cannot read.
    #[error("the {kind} `{name}` in the database cannot be read: {reason}")]
    Stored {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A thread of our own failed.
    #[error("the configuration could not be compiled")]
    Interrupted,
}

/// A resource in the files, beside what the database has of it.
struct Planned {
    requested: RequestedResource,
    action: ChangeAction,
    differences: Vec<Difference>,
}

impl Configuration {
    /// What the database has, compiled. For the start of the process, before any call.
    ///
    /// # Errors
    /// [`ConfigurationError`]: the database fails, or was not written by this program.
    pub async fn open(store: Store) -> Result<(Self, Snapshot), ConfigurationError> {
        let configuration = Self {
            store,
            decks: Mutex::default(),
        };
        let number = configuration.store.configuration_number().await?;
        let rows = configuration.store.resources(None).await?;
        let mut texts = BTreeMap::new();
        for hash in rows.iter().filter_map(|row| row.deck_hash.as_ref()) {
            if let Some(text) = configuration.store.deck(hash).await? {
                texts.insert(hash.clone(), text);
            }
        }
        let mut decks = configuration.decks.lock().await;
        let cache = std::mem::take(&mut *decks);
        let compiled = blocking(move || {
            let (resources, cache) = stored::resources(&rows, cache, &texts)?;
            let snapshot = Snapshot::compile(number, &resources, None);
            Ok((snapshot.map_err(ConfigurationError::Problems)?, cache))
        });
        let (snapshot, cache) = compiled.await?;
        *decks = cache;
        drop(decks);
        Ok((configuration, snapshot))
    }

    /// Applies files, or says what would change.
    ///
    /// # Errors
    /// [`ConfigurationError`]; nothing has changed then.
    pub async fn apply(
        &self,
        request: ApplyRequest,
        dry_run: bool,
        author: &str,
        switch: &dyn SwitchPort,
    ) -> Result<ApplyResult, ConfigurationError> {
        let mut decks = self.decks.lock().await;
        let read = blocking(move || ReadRequest::read(request)).await?;
        let mut write = self
            .store
            .change_configuration(author, clock::now())
            .await?;
        let before = write.resources().await?;
        let before_texts = self.changed_decks(&read, &before).await?;
        let (read, planned) = blocking(move || Ok(plan(read, &before, &before_texts))).await?;
        let current = switch.snapshot();
        let changes = planned.iter().map(Planned::change).collect();
        if planned
            .iter()
            .all(|planned| planned.action == ChangeAction::Unchanged)
        {
            return Ok(ApplyResult {
                dry_run,
                snapshot_number: current.number(),
                changes,
            });
        }
        put(&mut write, &planned, &read.decks).await?;
        let compiled = self
            .compile(&mut write, read, &decks, Arc::clone(&current))
            .await;
        let (snapshot, cache) = compiled?;
        if dry_run {
            return Ok(ApplyResult {
                dry_run,
                snapshot_number: current.number(),
                changes,
            });
        }
        write.commit().await?;
        let snapshot_number = snapshot.number();
        *decks = cache;
        switch.publish(Arc::new(snapshot));
        tracing::info!(snapshot_number, author, "configuration applied");
        Ok(ApplyResult {
            dry_run,
            snapshot_number,
            changes,
        })
    }

    /// The texts of decks that the request replaces, to be compared.
    async fn changed_decks(
        &self,
        read: &ReadRequest,
        before: &[ResourceRow],
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let mut texts = BTreeMap::new();
        for requested in &read.resources {
            let row = requested.find_in(before);
            if let Some(hash) = row.and_then(|row| row.deck_hash.as_ref())
                && requested.deck_hash.as_ref() != Some(hash)
                && let Some(text) = self.store.deck(hash).await?
            {
                texts.insert(hash.clone(), text);
            }
        }
        Ok(texts)
    }

    /// Compiles the whole as it would be; problems get the lines of the files they come from.
    async fn compile(
        &self,
        write: &mut ConfigurationWrite,
        read: ReadRequest,
        decks: &DeckCache,
        previous: Arc<Snapshot>,
    ) -> Result<(Snapshot, DeckCache), ConfigurationError> {
        let number = write.number();
        let rows = write.resources().await?;
        let mut texts = BTreeMap::new();
        for row in rows.iter().filter(|row| !decks.has(row)) {
            if let Some(hash) = &row.deck_hash
                && let Some(text) = write.deck(hash).await?
            {
                texts.insert(hash.clone(), text);
            }
        }
        let cache = decks.clone();
        blocking(move || {
            let (resources, cache): (Resources, DeckCache) =
                stored::resources(&rows, cache, &texts)?;
            let snapshot = Snapshot::compile(number, &resources, Some(&previous));
            let snapshot = snapshot.map_err(|mut problems| {
                locate(&mut problems, &read.documents);
                ConfigurationError::Problems(problems)
            });
            Ok((snapshot?, cache))
        })
        .await
    }
}

/// Runs what takes a core for longer than a request should, off the threads that serve requests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConfigurationError> + Send + 'static,
) -> Result<T, ConfigurationError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ConfigurationError::Interrupted)?
}

/// What becomes of each resource in the files.
fn plan(
    mut read: ReadRequest,
    before: &[ResourceRow],
    before_texts: &BTreeMap<String, String>,
) -> (ReadRequest, Vec<Planned>) {
    let resources = std::mem::take(&mut read.resources);
    let planned = resources
        .into_iter()
        .map(|requested| {
            let row = requested.find_in(before);
            let rates = decks::difference(&requested, row, before_texts, &read.decks);
            let differences: Vec<_> = differences(row.map(|row| &row.spec), &requested.spec)
                .into_iter()
                .chain(rates)
                .collect();
            let action = match (row, differences.is_empty()) {
                (None, _) => ChangeAction::Created,
                (Some(_), true) => ChangeAction::Unchanged,
                (Some(_), false) => ChangeAction::Updated,
            };
            Planned {
                requested,
                action,
                differences,
            }
        })
        .collect();
    (read, planned)
}

/// Writes the versions that are new.
async fn put(
    write: &mut ConfigurationWrite,
    planned: &[Planned],
    decks: &BTreeMap<String, DeckText>,
) -> Result<(), StoreError> {
    for Planned {
        requested, action, ..
    } in planned
    {
        if *action == ChangeAction::Unchanged {
            continue;
        }
        if let Some(deck) = requested
            .deck_hash
            .as_ref()
            .and_then(|hash| decks.get(hash))
        {
            write.put_deck(&deck.hash, &deck.content).await?;
        }
        let version = NewVersion {
            kind: requested.kind.as_str(),
            name: &requested.name,
            spec: &requested.spec,
            deck_hash: requested.deck_hash.as_deref(),
        };
        write.put(&version).await?;
    }
    Ok(())
}

impl Planned {
    fn change(&self) -> Change {
        Change {
            kind: self.requested.kind.to_string(),
            name: self.requested.name.clone(),
            action: self.action,
            differences: self.differences.clone(),
        }
    }
}
