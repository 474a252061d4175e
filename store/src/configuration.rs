//! Changing what is configured: one transaction, one number, every version kept.
//!
//! A change ([`ConfigurationWrite`]) puts and deletes resources, appends to the audit log, and then
//! is committed under a new number, or dropped. It costs what it changes, whatever else is there:
//! all statements are for many rows at once.

mod delete;
mod index;
mod number;
mod put;
mod single;

pub use put::{ResourceWrite, Written};
pub use single::NewVersion;

use crate::database::{Lock, Transaction, sql};
use crate::resources::{IDS_PER_STATEMENT, ResourceRow, all_in, owned, resource};
use crate::{NewAuditEntry, Scope, SealedSecret, Store, StoreError, audit, secrets};
use rating::Timestamp;

/// Who changes what is configured, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// Who.
    pub author: String,
    /// When.
    pub at: Timestamp,
    /// Why; also of each version that has no note of its own.
    pub note: Option<String>,
    /// The change set that is pushed.
    pub change_set: Option<i64>,
}

/// A change of the configuration under way. Nobody else can change it until this is committed or
/// dropped; when dropped, nothing has happened.
pub struct ConfigurationWrite {
    pub(crate) transaction: Transaction,
    number: u64,
    change: ConfigurationChange,
    begun: bool,
}

impl Store {
    /// Begins a change.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn begin_configuration(
        &self,
        change: ConfigurationChange,
    ) -> Result<ConfigurationWrite, StoreError> {
        let mut transaction = self.write().await?;
        transaction.lock(Lock::Configuration).await?;
        let statement = "SELECT COALESCE(MAX(number), 0) + 1 FROM configuration";
        let number: i64 = sql(statement).fetch_value(&mut transaction).await?;
        Ok(ConfigurationWrite {
            transaction,
            number: number.unsigned_abs(),
            change,
            begun: false,
        })
    }

    /// Begins a change by `author`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn change_configuration(
        &self,
        author: &str,
        now: Timestamp,
    ) -> Result<ConfigurationWrite, StoreError> {
        self.begin_configuration(ConfigurationChange {
            author: author.to_owned(),
            at: now,
            ..ConfigurationChange::default()
        })
        .await
    }

    /// The text of a deck.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck(&self, hash: &str) -> Result<Option<String>, StoreError> {
        let query = sql("SELECT content FROM deck WHERE hash = $1").bind(hash);
        query.fetch_optional_value(self.reader()).await
    }
}

impl ConfigurationWrite {
    /// The number that this change gets.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Everything of all tenants as it is with the changes made so far.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources(&mut self) -> Result<Vec<ResourceRow>, StoreError> {
        all_in(&mut self.transaction).await
    }

    /// The resources of those numbers as they are with the changes made so far, deleted ones too,
    /// in no order.
    ///
    /// # Errors
    /// As [`resources`](Self::resources).
    pub async fn resources_by_id(
        &mut self,
        scope: &Scope,
        ids: &[i64],
    ) -> Result<Vec<ResourceRow>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut statement = owned(scope);
            statement.push(" AND r.id IN (");
            statement.push_list(ids.iter().copied()).push(")");
            let rows = statement.fetch_all(&mut self.transaction).await?;
            found.extend(rows.iter().map(resource).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// Keeps a secret that a resource of this change names.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when its master key was retired meanwhile.
    pub async fn put_secret(&mut self, sealed: &SealedSecret) -> Result<(), StoreError> {
        secrets::put(&mut self.transaction, sealed, self.change.at).await
    }

    /// Forgets a secret that no resource names any more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn delete_secret(&mut self, scope: &Scope, id: &str) -> Result<(), StoreError> {
        secrets::delete(&mut self.transaction, scope.tenant(), id).await
    }

    /// Keeps a deck under its hash; nothing happens when it is there.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn put_deck(&mut self, hash: &str, content: &str) -> Result<(), StoreError> {
        sql(
            "INSERT INTO deck (hash, content, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(hash)
        .bind(content)
        .bind(self.change.at)
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }

    /// The text of a deck, also of one put in by this change.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        let query = sql("SELECT content FROM deck WHERE hash = $1").bind(hash);
        query.fetch_optional_value(&mut self.transaction).await
    }

    /// Appends to the audit log, as part of the change; last, just before [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`StoreError::Query`]. The change must be dropped then.
    pub async fn append_audit(&mut self, entries: &[NewAuditEntry]) -> Result<(), StoreError> {
        audit::append(&mut self.transaction, entries).await
    }

    /// Makes the change last.
    ///
    /// # Errors
    /// [`StoreError::Query`]; nothing has changed then.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await
    }

    /// Writes the number, before the first version refers to it.
    async fn begin(&mut self) -> Result<(), StoreError> {
        if self.begun {
            return Ok(());
        }
        sql(
            "INSERT INTO configuration (number, created_at, author, note, change_set_id) \
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(self.number.cast_signed())
        .bind(self.change.at)
        .bind(&self.change.author)
        .bind(self.change.note.clone())
        .bind(self.change.change_set)
        .execute(&mut self.transaction)
        .await?;
        self.begun = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
