//! Sealed secrets. What is in here cannot be read without a master key, which is never in here.
//!
//! `mgmt-api` seals and opens. A secret is written in the transaction that refers to it
//! ([`put`]), and goes with it ([`delete`]).

use crate::database::{Row, Transaction, sql};
use crate::{ConfigurationWrite, Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// A secret as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret {
    /// Its identifier, drawn at random: 32 hexadecimal digits.
    pub id: String,
    /// Who owns it; part of what the encryption is bound to.
    pub owner: TenantId,
    /// Name of the master key that wraps the data key.
    pub key_id: String,
    /// The data key under the master key.
    pub wrapped_key: String,
    /// The text under the data key.
    pub ciphertext: String,
}

/// Most identifiers of one query.
const IDS_AT_ONCE: usize = 500;

const COLUMNS: &str = "SELECT id, tenant_id, key_id, wrapped_key, ciphertext FROM secret ";

/// Writes a secret.
///
/// # Errors
/// [`StoreError::SecretKeyRetired`] when its master key was retired meanwhile: seal it anew.
pub(crate) async fn put(
    transaction: &mut Transaction,
    sealed: &SealedSecret,
    now: Timestamp,
) -> Result<(), StoreError> {
    // This locks the key's row, so that nobody retires the key before the secret is seen.
    let usable = sql("UPDATE secret_key SET uses = uses + 1 WHERE id = $1 AND retired_at IS NULL")
        .bind(&sealed.key_id)
        .execute(&mut *transaction)
        .await?;
    if usable == 0 {
        return Err(StoreError::SecretKeyRetired);
    }
    sql(
        "INSERT INTO secret (id, tenant_id, key_id, wrapped_key, ciphertext, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&sealed.id)
    .bind(sealed.owner.get())
    .bind(&sealed.key_id)
    .bind(&sealed.wrapped_key)
    .bind(&sealed.ciphertext)
    .bind(now)
    .execute(&mut *transaction)
    .await?;
    Ok(())
}

/// Forgets a secret of a tenant; nothing happens when there is none.
///
/// # Errors
/// [`StoreError::Query`].
pub(crate) async fn delete(
    transaction: &mut Transaction,
    owner: TenantId,
    id: &str,
) -> Result<(), StoreError> {
    sql("DELETE FROM secret WHERE id = $1 AND tenant_id = $2")
        .bind(id)
        .bind(owner.get())
        .execute(transaction)
        .await?;
    Ok(())
}

impl ConfigurationWrite {
    /// Writes the secrets that the change's resources refer to.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when a master key was retired meanwhile: seal them anew.
    pub async fn put_secrets(
        &mut self,
        sealed: &[SealedSecret],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for secret in sealed {
            put(&mut self.transaction, secret, now).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Forgets secrets of the scope that no resource refers to any more.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn forget_secrets(&self, scope: &Scope, ids: &[String]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut transaction = self.write().await?;
        for id in ids {
            delete(&mut transaction, scope.tenant(), id).await?;
        }
        transaction.commit().await
    }

    /// A secret of the tenant.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn secret(
        &self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE id = ").push_bind(id);
        query
            .push(" AND tenant_id = ")
            .push_bind(scope.tenant().get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(secret).transpose()
    }

    /// Those of some secrets that are there, whoever owns them: for who opens them for calls.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn secrets_of_all(&self, ids: &[&str]) -> Result<Vec<SealedSecret>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(IDS_AT_ONCE) {
            let mut query = sql(COLUMNS);
            query.push("WHERE id IN (");
            query.push_list(some.iter().copied()).push(")");
            let rows = query.fetch_all(self.reader()).await?;
            for row in &rows {
                found.push(secret(row)?);
            }
        }
        Ok(found)
    }

    /// Writes a secret by itself; a secret that something refers to is written with it.
    ///
    /// # Errors
    /// [`StoreError::SecretKeyRetired`] when its master key was retired meanwhile: seal it anew.
    pub async fn add_secret(
        &self,
        sealed: &SealedSecret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        put(&mut transaction, sealed, now).await?;
        transaction.commit().await
    }

    /// The master keys that secrets need, and how many need each.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn secret_keys_in_use(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sql("SELECT key_id, COUNT(*) FROM secret GROUP BY key_id ORDER BY key_id")
            .fetch_all(self.reader())
            .await?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.unsigned(1)?)))
            .collect()
    }

    /// Makes a master key's name known, and usable again if it was retired.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_secret_key(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        sql(
            "INSERT INTO secret_key (id, created_at, uses) VALUES ($1, $2, 0) \
             ON CONFLICT (id) DO UPDATE SET retired_at = NULL",
        )
        .bind(id)
        .bind(now)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Some secrets under a master key, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn secrets_under_key(
        &self,
        key_id: &str,
        limit: u32,
    ) -> Result<Vec<SealedSecret>, StoreError> {
        let mut query = sql(COLUMNS);
        query.push("WHERE key_id = ").push_bind(key_id);
        query.push(" ORDER BY id LIMIT ").push_bind(limit);
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(secret).collect()
    }

    /// Puts data keys under another master key, all or none. Secrets that are gone, or that
    /// another has moved, are left alone. Gives how many were moved.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn rewrap_secrets(
        &self,
        from_key: &str,
        rewrapped: &[SealedSecret],
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let mut moved = 0;
        for sealed in rewrapped {
            moved += sql(
                "UPDATE secret SET key_id = $1, wrapped_key = $2 WHERE id = $3 AND key_id = $4",
            )
            .bind(&sealed.key_id)
            .bind(&sealed.wrapped_key)
            .bind(&sealed.id)
            .bind(from_key)
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(moved)
    }

    /// Retires a master key: no secret can be written under it any more. Gives `false`, and does
    /// nothing, while secrets are under it.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn retire_secret_key(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        sql("UPDATE secret_key SET retired_at = $1 WHERE id = $2")
            .bind(now)
            .bind(id)
            .execute(&mut transaction)
            .await?;
        let used: i64 = sql("SELECT COUNT(*) FROM secret WHERE key_id = $1")
            .bind(id)
            .fetch_value(&mut transaction)
            .await?;
        if used > 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}

fn secret(row: &Row) -> Result<SealedSecret, StoreError> {
    Ok(SealedSecret {
        id: row.get(0)?,
        owner: TenantId::new(row.get(1)?),
        key_id: row.get(2)?,
        wrapped_key: row.get(3)?,
        ciphertext: row.get(4)?,
    })
}

#[cfg(test)]
mod tests;
