//! Writing versions of resources, many at once.

use super::ConfigurationWrite;
use super::index::{self, Indexed};
use crate::database::{MAX_BINDS, Value, sql};
use crate::{ResourceIndex, Scope, StoreError};
use rating::Timestamp;
use serde_json::Value as Json;
use std::collections::HashMap;

/// Resources in one statement; more gain nothing.
const RESOURCES_PER_STATEMENT: usize = 500;
const VERSION_BINDS: usize = 13;
const _: () = assert!(RESOURCES_PER_STATEMENT * VERSION_BINDS < MAX_BINDS);

/// A version of a resource that is about to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceWrite {
    /// Number of the resource that it is the next version of, which may be deleted: then it is
    /// there again. `None` for a new resource.
    pub id: Option<i64>,
    /// The version that the resource must have now.
    pub expected_version: Option<u64>,
    /// Its kind, which never changes.
    pub kind: String,
    /// Its name; another one than before renames it.
    pub name: String,
    /// What another system calls it.
    pub external_id: Option<String>,
    /// Its fields.
    pub spec: Json,
    /// Who gets it.
    pub assignment: Json,
    /// The deck that belongs to it; put it in with [`ConfigurationWrite::put_deck`].
    pub deck_hash: Option<String>,
    /// Why; the change's note when there is none.
    pub note: Option<String>,
    /// What it is found by.
    pub index: ResourceIndex,
}

/// A version that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Number of the resource.
    pub id: i64,
    /// Number of the version.
    pub version: u64,
}

/// A resource as it is before the change.
struct Before {
    kind: String,
    version: u64,
    name: String,
    external_id: Option<String>,
    created_at: Timestamp,
    deleted: bool,
}

impl Before {
    /// Whether the names that the row occupies change.
    fn is_renamed_by(&self, write: &ResourceWrite) -> bool {
        !self.deleted && (self.name != write.name || self.external_id != write.external_id)
    }

    fn has_names_of(&self, write: &ResourceWrite) -> bool {
        !self.deleted && self.name == write.name && self.external_id == write.external_id
    }
}

impl ConfigurationWrite {
    /// Writes a version of each resource, in bulk. Names may be exchanged among them. Gives what
    /// was written, in the same order. Each resource must be there once at most.
    ///
    /// # Errors
    /// [`StoreError::NoSuchResource`], [`StoreError::VersionChanged`], [`StoreError::NameTaken`],
    /// [`StoreError::ExternalIdTaken`], or [`StoreError`] of the database. The change must be
    /// dropped then.
    pub async fn put_all(
        &mut self,
        scope: &Scope,
        writes: &[ResourceWrite],
    ) -> Result<Vec<Written>, StoreError> {
        self.begin().await?;
        let before = self.before(scope, writes).await?;
        check(writes, &before)?;
        self.free_names(writes, &before).await?;
        let renamed: Vec<&ResourceWrite> = writes
            .iter()
            .filter(|write| !before_of(&before, write).is_some_and(|b| b.has_names_of(write)))
            .collect();
        self.check_names(scope, &renamed).await?;
        let mut written = Vec::with_capacity(writes.len());
        for chunk in writes.chunks(RESOURCES_PER_STATEMENT) {
            let ids = self.create(scope, chunk).await?;
            let done = numbers(chunk, &before, &ids);
            self.update(chunk, &done).await?;
            self.keep_versions(chunk, &done).await?;
            let now = self.change.at;
            let created =
                |write: &ResourceWrite| before_of(&before, write).map_or(now, |b| b.created_at);
            let indexed: Vec<Indexed<'_>> = chunk
                .iter()
                .zip(&done)
                .map(|(write, done)| Indexed {
                    id: done.id,
                    kind: &write.kind,
                    name: &write.name,
                    created_at: created(write),
                    updated_at: now,
                    index: &write.index,
                })
                .collect();
            let old: Vec<i64> = chunk.iter().filter_map(|write| write.id).collect();
            index::remove(&mut self.transaction, &old).await?;
            index::insert(&mut self.transaction, scope, &indexed).await?;
            written.extend(done);
        }
        Ok(written)
    }

    async fn before(
        &mut self,
        scope: &Scope,
        writes: &[ResourceWrite],
    ) -> Result<HashMap<i64, Before>, StoreError> {
        let ids: Vec<i64> = writes.iter().filter_map(|write| write.id).collect();
        let mut before = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(RESOURCES_PER_STATEMENT) {
            let mut select = sql("SELECT id, kind, version, name, external_id, \
                 deleted_at IS NOT NULL, created_at FROM resource WHERE owner = ");
            select.push_bind(scope.tenant().get()).push(" AND id IN (");
            select.push_list(ids.iter().copied()).push(")");
            for row in select.fetch_all(&mut self.transaction).await? {
                let resource = Before {
                    kind: row.get(1)?,
                    version: row.unsigned(2)?,
                    name: row.get(3)?,
                    external_id: row.get(4)?,
                    deleted: row.get(5)?,
                    created_at: Timestamp(row.get(6)?),
                };
                before.insert(row.get(0)?, resource);
            }
        }
        Ok(before)
    }

    /// Takes the names from those that get others, so that they can be exchanged.
    async fn free_names(
        &mut self,
        writes: &[ResourceWrite],
        before: &HashMap<i64, Before>,
    ) -> Result<(), StoreError> {
        let renamed = |write: &ResourceWrite| {
            let before = before_of(before, write)?;
            write.id.filter(|_| before.is_renamed_by(write))
        };
        let ids: Vec<i64> = writes.iter().filter_map(renamed).collect();
        for ids in ids.chunks(RESOURCES_PER_STATEMENT) {
            // No name of a resource has this character.
            let mut free = sql(
                "UPDATE resource SET name = '\u{1}' || id, external_id = NULL \
                 WHERE id IN (",
            );
            free.push_list(ids.iter().copied()).push(")");
            free.execute(&mut self.transaction).await?;
        }
        Ok(())
    }

    /// Says which name is taken, before the database only says that one is.
    async fn check_names(
        &mut self,
        scope: &Scope,
        writes: &[&ResourceWrite],
    ) -> Result<(), StoreError> {
        for chunk in writes.chunks(RESOURCES_PER_STATEMENT) {
            let mut taken = sql(
                "SELECT id, kind, name FROM resource WHERE deleted_at IS NULL \
                 AND owner = ",
            );
            taken
                .push_bind(scope.tenant().get())
                .push(" AND (kind, name) IN (");
            taken.push_rows(chunk, |write| [(&write.kind).into(), (&write.name).into()]);
            taken.push(")");
            for row in taken.fetch_all(&mut self.transaction).await? {
                let (id, kind, name): (i64, String, String) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                let same = |write: &&&ResourceWrite| write.kind == kind && write.name == name;
                if chunk
                    .iter()
                    .find(same)
                    .is_none_or(|write| write.id != Some(id))
                {
                    return Err(StoreError::NameTaken { kind, name });
                }
            }
            self.check_external_ids(scope, chunk).await?;
        }
        Ok(())
    }

    async fn check_external_ids(
        &mut self,
        scope: &Scope,
        writes: &[&ResourceWrite],
    ) -> Result<(), StoreError> {
        let named = || {
            let named = |write: &&ResourceWrite| {
                Some((write.external_id.clone()?, write.kind.clone(), write.id))
            };
            writes.iter().filter_map(named)
        };
        if named().next().is_none() {
            return Ok(());
        }
        let mut taken = sql("SELECT id, kind, external_id FROM resource \
             WHERE deleted_at IS NULL AND owner = ");
        taken
            .push_bind(scope.tenant().get())
            .push(" AND (kind, external_id) IN (");
        taken.push_rows(named(), |(external_id, kind, _)| {
            [kind.into(), external_id.into()]
        });
        taken.push(")");
        for row in taken.fetch_all(&mut self.transaction).await? {
            let (holder, kind, external_id): (i64, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            if !named().any(|own| own == (external_id.clone(), kind.clone(), Some(holder))) {
                return Err(StoreError::ExternalIdTaken { kind, external_id });
            }
        }
        Ok(())
    }

    /// Inserts those that are new; gives their numbers by kind and name.
    async fn create(
        &mut self,
        scope: &Scope,
        writes: &[ResourceWrite],
    ) -> Result<HashMap<(String, String), i64>, StoreError> {
        let new: Vec<&ResourceWrite> = writes.iter().filter(|write| write.id.is_none()).collect();
        if new.is_empty() {
            return Ok(HashMap::new());
        }
        let mut insert = sql(
            "INSERT INTO resource (owner, kind, name, external_id, version, spec, \
             assignment, deck_hash, note, created_at, created_by, updated_at, updated_by, \
             index_generation) ",
        );
        insert.push_rows(new, |write| {
            let [external_id, spec, assignment, deck_hash, note] = self.content(write);
            [
                scope.tenant().get().into(),
                (&write.kind).into(),
                (&write.name).into(),
                external_id,
                1_i64.into(),
                spec,
                assignment,
                deck_hash,
                note,
                self.change.at.into(),
                (&self.change.author).into(),
                self.change.at.into(),
                (&self.change.author).into(),
                write.index.generation.into(),
            ]
        });
        insert.push(" RETURNING id, kind, name");
        let rows = insert.fetch_all(&mut self.transaction).await?;
        rows.iter()
            .map(|row| Ok(((row.get(1)?, row.get(2)?), row.get(0)?)))
            .collect()
    }

    /// Writes those that were there before.
    async fn update(
        &mut self,
        writes: &[ResourceWrite],
        done: &[Written],
    ) -> Result<(), StoreError> {
        let old = || {
            writes
                .iter()
                .zip(done)
                .filter(|(write, _)| write.id.is_some())
        };
        if old().next().is_none() {
            return Ok(());
        }
        let mut update = sql(
            "WITH new (id, version, name, external_id, spec, assignment, \
             deck_hash, note, index_generation) AS (",
        );
        update.push_rows(old(), |(write, done)| {
            let [external_id, spec, assignment, deck_hash, note] = self.content(write);
            [
                done.id.into(),
                done.version.cast_signed().into(),
                (&write.name).into(),
                external_id,
                spec,
                assignment,
                deck_hash,
                note,
                write.index.generation.into(),
            ]
        });
        update.push(
            ") UPDATE resource SET version = new.version, name = new.name, \
             external_id = new.external_id, spec = new.spec, assignment = new.assignment, \
             deck_hash = new.deck_hash, note = new.note, \
             index_generation = new.index_generation, deleted_at = NULL, updated_at = ",
        );
        update.push_bind(self.change.at).push(", updated_by = ");
        update.push_bind(&self.change.author);
        update.push(" FROM new WHERE resource.id = new.id");
        update.execute(&mut self.transaction).await?;
        Ok(())
    }

    async fn keep_versions(
        &mut self,
        writes: &[ResourceWrite],
        done: &[Written],
    ) -> Result<(), StoreError> {
        let mut insert = sql(
            "INSERT INTO resource_version (resource_id, version, configuration, \
             name, external_id, spec, assignment, deck_hash, deleted, note, author, created_at, \
             change_set_id) ",
        );
        insert.push_rows(
            writes.iter().zip(done),
            |(write, done)| -> [Value; VERSION_BINDS] {
                let [external_id, spec, assignment, deck_hash, note] = self.content(write);
                [
                    done.id.into(),
                    done.version.cast_signed().into(),
                    self.number.cast_signed().into(),
                    (&write.name).into(),
                    external_id,
                    spec,
                    assignment,
                    deck_hash,
                    false.into(),
                    note,
                    (&self.change.author).into(),
                    self.change.at.into(),
                    self.change.change_set.into(),
                ]
            },
        );
        insert.execute(&mut self.transaction).await?;
        Ok(())
    }

    /// External identifier, spec, assignment, deck, note.
    fn content(&self, write: &ResourceWrite) -> [Value; 5] {
        let note = write.note.as_ref().or(self.change.note.as_ref());
        [
            write.external_id.clone().into(),
            write.spec.to_string().into(),
            write.assignment.to_string().into(),
            write.deck_hash.clone().into(),
            note.cloned().into(),
        ]
    }
}

fn before_of<'a>(before: &'a HashMap<i64, Before>, write: &ResourceWrite) -> Option<&'a Before> {
    write.id.and_then(|id| before.get(&id))
}

/// That what is written again is there as expected, and no name is given twice.
fn check(writes: &[ResourceWrite], before: &HashMap<i64, Before>) -> Result<(), StoreError> {
    let mut names = HashMap::with_capacity(writes.len());
    for write in writes {
        if names.insert((&write.kind, &write.name), ()).is_some() {
            let (kind, name) = (write.kind.clone(), write.name.clone());
            return Err(StoreError::NameTaken { kind, name });
        }
        let Some(id) = write.id else { continue };
        match before.get(&id) {
            Some(before) if before.kind == write.kind => {
                if write
                    .expected_version
                    .is_some_and(|version| version != before.version)
                {
                    let version = before.version;
                    return Err(StoreError::VersionChanged { id, version });
                }
            }
            _ => return Err(StoreError::NoSuchResource { id }),
        }
    }
    Ok(())
}

fn numbers(
    writes: &[ResourceWrite],
    before: &HashMap<i64, Before>,
    created: &HashMap<(String, String), i64>,
) -> Vec<Written> {
    let number = |write: &ResourceWrite| match (write.id, before_of(before, write)) {
        (Some(id), Some(before)) => Written {
            id,
            version: before.version + 1,
        },
        _ => Written {
            // Each that has no number was just created under its name.
            id: created
                .get(&(write.kind.clone(), write.name.clone()))
                .copied()
                .unwrap_or_default(),
            version: 1,
        },
    };
    writes.iter().map(number).collect()
}
