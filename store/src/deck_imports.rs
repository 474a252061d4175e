//! Carriers' decks on their way into rate cards.
//!
//! ```text
//! awaiting_file ─► reading ─► ready ─► applied
//!        ▲            └─► failed
//!        └── (another file) ─┘
//! ```
//!
//! The file, what was found and the rates are kept until the last of them is applied; the lists are
//! kept for longer, and go with the import. Each change counts the revision up, and a change names
//! the revision that was looked at: it does nothing when that is another by now.

mod following;
mod results;

pub use following::{DECK_HELD_UP, FollowedDeckImport};
pub use results::{DeckImportApplied, DeckImportRead};

use crate::database::{Row, sql};
use crate::jobs::{self, NewJob};
use crate::resources::json;
use crate::{NewAuditEntry, Scope, Store, StoreError, audit};
use rating::Timestamp;
use serde_json::Value;

/// The kind of job that reads a deck. Payload: `{"import": 7, "revision": 2}`.
pub const READ_DECK_JOB: &str = "deck_import.read";

/// Most imports of a tenant that are not applied: each may hold a file.
pub const DECK_IMPORTS_OPEN_MAX: u64 = 20;

/// Most imports of a tenant that were applied and are kept to look at.
pub const DECK_IMPORTS_APPLIED_MAX: u32 = 100;

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DeckImportState {
    /// Its file has not come.
    AwaitingFile,
    /// A job reads it.
    Reading,
    /// It can be looked at and applied.
    Ready,
    /// Nothing of the file can be taken; another may be sent.
    Failed,
    /// All its rates are in change sets.
    Applied,
}

/// An import as it stands, without its file and its rates.
#[derive(Clone, Debug, PartialEq)]
pub struct DeckImportRow {
    /// Its number.
    pub id: i64,
    /// The rate card.
    pub card_id: i64,
    /// Where it stands.
    pub state: DeckImportState,
    /// One more with each change of it.
    pub revision: u64,
    /// Who made it.
    pub author: String,
    /// What the carrier calls its file.
    pub file_name: Option<String>,
    /// How it is read and compared.
    pub settings: Value,
    /// What reads it.
    pub job_id: Option<i64>,
    /// The version of the card that it was compared with.
    pub card_version: Option<u64>,
    /// The hash of the rates that the card must have to be changed by the import.
    pub card_deck: Option<String>,
    /// What was found.
    pub outcome: Option<Value>,
    /// Why nothing can be taken.
    pub failure: Option<String>,
    /// Who had its later rates follow by themselves; `None`: somebody applies them.
    pub followed_by: Option<String>,
    /// Why the next of them do not follow; `None`: nothing holds them up.
    pub held_up: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An import that is about to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDeckImport {
    /// The rate card.
    pub card_id: i64,
    /// Who makes it.
    pub author: String,
    /// What the carrier calls its file.
    pub file_name: Option<String>,
    /// How it is to be read and compared.
    pub settings: Value,
}

/// Which imports of a tenant, the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeckImportQuery {
    /// Only for this card.
    pub card_id: Option<i64>,
    /// Only with lower numbers.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "id, card_id, state, revision, author, file_name, settings, job_id, \
    card_version, card_deck, outcome, failure, followed_by, held_up, created_at, updated_at";

impl DeckImportState {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::AwaitingFile,
        Self::Reading,
        Self::Ready,
        Self::Failed,
        Self::Applied,
    ];

    /// As it is written in the table and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AwaitingFile => "awaiting_file",
            Self::Reading => "reading",
            Self::Ready => "ready",
            Self::Failed => "failed",
            Self::Applied => "applied",
        }
    }

    /// The state of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl Store {
    /// Makes an import without a file; gives its number, or `None` when the tenant has
    /// [`DECK_IMPORTS_OPEN_MAX`] that are not applied. The oldest of the applied beyond
    /// [`DECK_IMPORTS_APPLIED_MAX`] go.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn create_deck_import(
        &self,
        scope: &Scope,
        new: &NewDeckImport,
        told: NewAuditEntry,
    ) -> Result<Option<i64>, StoreError> {
        let owner = scope.tenant().get();
        let mut transaction = self.write().await?;
        let open: i64 =
            sql("SELECT COUNT(*) FROM deck_import WHERE owner = $1 AND state <> 'applied'")
                .bind(owner)
                .fetch_value(&mut transaction)
                .await?;
        if open.unsigned_abs() >= DECK_IMPORTS_OPEN_MAX {
            return Ok(None);
        }
        sql(
            "DELETE FROM deck_import WHERE owner = $1 AND state = 'applied' AND id NOT IN \
             (SELECT id FROM deck_import WHERE owner = $1 AND state = 'applied' \
              ORDER BY id DESC LIMIT $2)",
        )
        .bind(owner)
        .bind(DECK_IMPORTS_APPLIED_MAX)
        .execute(&mut transaction)
        .await?;
        let id: i64 = sql(
            "INSERT INTO deck_import (owner, card_id, state, revision, author, file_name, \
             settings, created_at, updated_at) \
             VALUES ($1, $2, 'awaiting_file', 1, $3, $4, $5, $6, $6) RETURNING id",
        )
        .bind(owner)
        .bind(new.card_id)
        .bind(&new.author)
        .bind(new.file_name.clone())
        .bind(new.settings.to_string())
        .bind(told.at)
        .fetch_value(&mut transaction)
        .await?;
        let told = NewAuditEntry {
            subject_id: Some(id),
            ..told
        };
        audit::append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(Some(id))
    }

    /// The imports of a tenant.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn deck_imports(
        &self,
        scope: &Scope,
        query: &DeckImportQuery,
    ) -> Result<Vec<DeckImportRow>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS).push(" FROM deck_import WHERE owner = ");
        list.push_bind(scope.tenant().get());
        if let Some(card) = query.card_id {
            list.push(" AND card_id = ").push_bind(card);
        }
        if let Some(before) = query.before {
            list.push(" AND id < ").push_bind(before);
        }
        list.push(" ORDER BY id DESC LIMIT ").push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(import).collect()
    }

    /// One import of a tenant.
    ///
    /// # Errors
    /// As [`deck_imports`](Self::deck_imports).
    pub async fn deck_import(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<DeckImportRow>, StoreError> {
        let mut list = sql("SELECT ");
        list.push(COLUMNS).push(" FROM deck_import WHERE owner = ");
        list.push_bind(scope.tenant().get());
        list.push(" AND id = ").push_bind(id);
        let row = list.fetch_optional(self.reader()).await?;
        row.as_ref().map(import).transpose()
    }

    /// Takes the file of an import and puts the job that reads it into the queue. What was found
    /// in a file before is gone. Gives the revision, or `None` when the import is read at this
    /// moment, was applied, or is another by now. One whose job was given up or discarded is not
    /// read any more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn put_deck_import_file(
        &self,
        scope: &Scope,
        row: &DeckImportRow,
        file: Vec<u8>,
        told: &NewAuditEntry,
    ) -> Result<Option<u64>, StoreError> {
        let revision = row.revision + 1;
        let mut transaction = self.write().await?;
        let payload = serde_json::json!({ "import": row.id, "revision": revision });
        let job = NewJob {
            attempts_max: 3,
            ..NewJob::new(scope.tenant(), READ_DECK_JOB, payload, told.at)
        };
        let job = jobs::enqueue(&mut transaction, &job, told.at).await?;
        let updated = sql(
            "UPDATE deck_import SET state = 'reading', revision = revision + 1, file = $1, \
             job_id = $2, outcome = NULL, rates = NULL, failure = NULL, followed_by = NULL, \
             held_up = NULL, updated_at = $3 \
             WHERE id = $4 AND owner = $5 AND revision = $6 \
             AND (state IN ('awaiting_file', 'ready', 'failed') OR (state = 'reading' AND job_id IN \
             (SELECT j.id FROM job j WHERE j.state IN ('dead', 'discarded')))) RETURNING id",
        )
        .bind(file)
        .bind(job)
        .bind(told.at)
        .bind(row.id)
        .bind(scope.tenant().get())
        .bind(row.revision.cast_signed())
        .fetch_optional(&mut transaction)
        .await?;
        if updated.is_none() {
            return Ok(None);
        }
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(Some(revision))
    }

    /// Takes an import away with all that it holds. Gives whether it was there as it was looked at.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn discard_deck_import(
        &self,
        scope: &Scope,
        row: &DeckImportRow,
        told: &NewAuditEntry,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let gone = sql(
            "DELETE FROM deck_import WHERE id = $1 AND owner = $2 AND revision = $3 RETURNING id",
        )
        .bind(row.id)
        .bind(scope.tenant().get())
        .bind(row.revision.cast_signed())
        .fetch_optional(&mut transaction)
        .await?;
        if gone.is_none() {
            return Ok(false);
        }
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// How the decks of a carrier or a card were read when one was last applied.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn deck_settings(
        &self,
        scope: &Scope,
        resource_id: i64,
    ) -> Result<Option<Value>, StoreError> {
        let text: Option<String> =
            sql("SELECT settings FROM deck_settings WHERE owner = $1 AND resource_id = $2")
                .bind(scope.tenant().get())
                .bind(resource_id)
                .fetch_optional_value(self.reader())
                .await?;
        text.map(|text| json("deck_settings", &text)).transpose()
    }
}

fn import(row: &Row) -> Result<DeckImportRow, StoreError> {
    let state: String = row.get(2)?;
    let unknown = || StoreError::column("state", format!("`{state}` is no state"));
    let outcome: Option<String> = row.get(10)?;
    Ok(DeckImportRow {
        id: row.get(0)?,
        card_id: row.get(1)?,
        state: DeckImportState::from_name(&state).ok_or_else(unknown)?,
        revision: row.unsigned(3)?,
        author: row.get(4)?,
        file_name: row.get(5)?,
        settings: json("deck_import", row.get(6)?)?,
        job_id: row.get(7)?,
        card_version: row.get::<Option<i64>>(8)?.map(i64::unsigned_abs),
        card_deck: row.get(9)?,
        outcome: outcome.map(|text| json("deck_import", &text)).transpose()?,
        failure: row.get(11)?,
        followed_by: row.get(12)?,
        held_up: row.get(13)?,
        created_at: Timestamp(row.get(14)?),
        updated_at: Timestamp(row.get(15)?),
    })
}

#[cfg(test)]
mod tests;
