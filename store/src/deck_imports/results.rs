//! What a job finds in a deck, and what becomes of it.

use super::DeckImportRow;
use crate::database::{MAX_BINDS, sql};
use crate::{NewAuditEntry, Scope, Store, StoreError, audit};
use rating::Timestamp;
use serde_json::Value;

/// Stretches of a list in one statement.
const PAGES_PER_STATEMENT: usize = 50;
const PAGE_BINDS: usize = 4;
const _: () = assert!(PAGES_PER_STATEMENT * PAGE_BINDS < MAX_BINDS);

/// What was found in a file.
#[derive(Clone, Debug, PartialEq)]
pub struct DeckImportRead {
    /// The version of the card that it was compared with.
    pub card_version: u64,
    /// The hash of the rates that this version had.
    pub card_deck: Option<String>,
    /// How much was found.
    pub outcome: Value,
    /// All rates with their dates.
    pub rates: String,
}

/// Rates that are in a change set now.
#[derive(Clone, Debug, PartialEq)]
pub struct DeckImportApplied {
    /// What was found, and what of it was applied.
    pub outcome: Value,
    /// The hash of the rates that the card has with it: what comes next must find them.
    pub card_deck: String,
    /// Whether nothing is left to be applied.
    pub is_all: bool,
    /// Who has what is left follow by itself.
    pub followed_by: Option<String>,
    /// The carrier or card whose next deck is read in the same way.
    pub settings_of: i64,
}

impl Store {
    /// The file of an import, while it is to be read; `None` when the import is another by now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_file(
        &self,
        id: i64,
        revision: u64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let file: Option<Option<Vec<u8>>> = sql(
            "SELECT file FROM deck_import WHERE id = $1 AND revision = $2 AND state = 'reading'",
        )
        .bind(id)
        .bind(revision.cast_signed())
        .fetch_optional(self.reader())
        .await?
        .map(|row| row.get(0))
        .transpose()?;
        Ok(file.flatten())
    }

    /// Takes away what a run before has listed.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn clear_deck_import_pages(&self, id: i64) -> Result<(), StoreError> {
        let delete = sql("DELETE FROM deck_import_page WHERE import_id = $1").bind(id);
        delete.execute(self.writer()).await?;
        Ok(())
    }

    /// Keeps stretches of a list, from a number on, each a JSON array. They are no part of one
    /// transaction, so that no other writer waits for them all; nobody reads them before the import
    /// is ready.
    ///
    /// # Errors
    /// [`StoreError::Query`], also when the import is gone.
    pub async fn put_deck_import_pages(
        &self,
        id: i64,
        list: &str,
        first: u32,
        pages: &[String],
    ) -> Result<(), StoreError> {
        let numbered: Vec<_> = (i64::from(first)..).zip(pages).collect();
        for chunk in numbered.chunks(PAGES_PER_STATEMENT) {
            let mut insert = sql("INSERT INTO deck_import_page (import_id, list, number, items) ");
            insert.push_rows(chunk, |(number, items)| {
                [id.into(), list.into(), (*number).into(), (*items).into()]
            });
            insert.execute(self.writer()).await?;
        }
        Ok(())
    }

    /// Stretches of a list from a number on, each a JSON array.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_pages(
        &self,
        id: i64,
        list: &str,
        first: u32,
        count: u32,
    ) -> Result<Vec<String>, StoreError> {
        let rows = sql(
            "SELECT items FROM deck_import_page WHERE import_id = $1 AND list = $2 \
             AND number >= $3 ORDER BY number LIMIT $4",
        )
        .bind(id)
        .bind(list)
        .bind(first)
        .bind(count)
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Makes what was found in a file ready to be looked at. Does nothing when the import is
    /// another by now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_read(
        &self,
        id: i64,
        revision: u64,
        read: &DeckImportRead,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sql(
            "UPDATE deck_import SET state = 'ready', revision = revision + 1, file = NULL, \
             card_version = $1, card_deck = $2, outcome = $3, rates = $4, updated_at = $5 \
             WHERE id = $6 AND revision = $7 AND state = 'reading'",
        )
        .bind(read.card_version.cast_signed())
        .bind(read.card_deck.clone())
        .bind(read.outcome.to_string())
        .bind(&read.rates)
        .bind(at)
        .bind(id)
        .bind(revision.cast_signed())
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Notes why nothing can be taken of a file. Does nothing when the import is another by now.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_failed(
        &self,
        id: i64,
        revision: u64,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sql(
            "UPDATE deck_import SET state = 'failed', revision = revision + 1, file = NULL, \
             failure = $1, updated_at = $2 WHERE id = $3 AND revision = $4 AND state = 'reading'",
        )
        .bind(reason)
        .bind(at)
        .bind(id)
        .bind(revision.cast_signed())
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// The rates of an import that is ready, with their dates.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_rates(
        &self,
        id: i64,
        revision: u64,
    ) -> Result<Option<String>, StoreError> {
        let rates: Option<Option<String>> = sql(
            "SELECT rates FROM deck_import WHERE id = $1 AND revision = $2 AND state = 'ready'",
        )
        .bind(id)
        .bind(revision.cast_signed())
        .fetch_optional(self.reader())
        .await?
        .map(|row| row.get(0))
        .transpose()?;
        Ok(rates.flatten())
    }

    /// Notes what was applied, and how the deck was read. Gives whether the import was still as it
    /// was looked at; otherwise nothing is noted.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck_import_applied(
        &self,
        scope: &Scope,
        row: &DeckImportRow,
        applied: &DeckImportApplied,
        told: &NewAuditEntry,
    ) -> Result<bool, StoreError> {
        let owner = scope.tenant().get();
        let mut transaction = self.write().await?;
        let mut update = sql("UPDATE deck_import SET revision = revision + 1, ");
        if applied.is_all {
            update.push("state = 'applied', rates = NULL, ");
        }
        update
            .push("outcome = ")
            .push_bind(applied.outcome.to_string());
        update.push(", card_deck = ").push_bind(&applied.card_deck);
        update
            .push(", held_up = NULL, followed_by = ")
            .push_bind(applied.followed_by.clone());
        update.push(", updated_at = ").push_bind(told.at);
        update
            .push(" WHERE state = 'ready' AND id = ")
            .push_bind(row.id);
        update.push(" AND owner = ").push_bind(owner);
        update
            .push(" AND revision = ")
            .push_bind(row.revision.cast_signed());
        update.push(" RETURNING id");
        if update.fetch_optional(&mut transaction).await?.is_none() {
            return Ok(false);
        }
        sql(
            "INSERT INTO deck_settings (owner, resource_id, settings, updated_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (owner, resource_id) \
             DO UPDATE SET settings = excluded.settings, updated_at = excluded.updated_at",
        )
        .bind(owner)
        .bind(applied.settings_of)
        .bind(row.settings.to_string())
        .bind(told.at)
        .execute(&mut transaction)
        .await?;
        audit::append(&mut transaction, std::slice::from_ref(told)).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
