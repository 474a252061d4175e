//! The public keys of users' authenticators.

use super::{PeopleWrite, UserId};
use crate::database::{Row, sql};
use crate::{Store, StoreError};
use rating::Timestamp;

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// The row's number.
    pub id: i64,
    /// Whose it is.
    pub user: UserId,
    /// What the authenticator calls it, in base64url.
    pub credential_id: String,
    /// What the user calls it.
    pub name: String,
    /// The domain that it was made for.
    pub domain: String,
    /// The public key and what never changes, as the WebAuthn library writes it.
    pub static_state: Vec<u8>,
    /// The counter and what changes, as the WebAuthn library writes it.
    pub dynamic_state: Vec<u8>,
    /// How the authenticator is reached, as bits.
    pub transports: u8,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}

/// A passkey that is about to be registered; fields as of [`PasskeyRow`].
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are those of PasskeyRow")]
pub struct NewPasskey<'a> {
    pub user: UserId,
    pub credential_id: &'a str,
    pub name: &'a str,
    pub domain: &'a str,
    pub static_state: &'a [u8],
    pub dynamic_state: &'a [u8],
    pub transports: u8,
}

const COLUMNS: &str = "SELECT id, user_id, credential_id, name, domain, static_state, \
    dynamic_state, transports, created_at, last_used_at FROM passkey ";

impl Store {
    /// The passkeys of a user, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<PasskeyRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE user_id = ")
            .push_bind(user.0)
            .push(" ORDER BY id");
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter().map(passkey).collect()
    }

    /// The passkey that an authenticator calls so.
    pub async fn passkey(&self, credential_id: &str) -> Result<Option<PasskeyRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE credential_id = ")
            .push_bind(credential_id);
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(passkey).transpose()
    }
}

impl PeopleWrite {
    /// Registers a passkey; `None` when it is registered already, by whomever, or the user has
    /// `limit` of them.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_passkey(
        &mut self,
        new: &NewPasskey<'_>,
        limit: u32,
    ) -> Result<Option<i64>, StoreError> {
        let have: i64 = sql("SELECT COUNT(*) FROM passkey WHERE user_id = $1")
            .bind(new.user.0)
            .fetch_value(&mut self.transaction)
            .await?;
        if have >= i64::from(limit) {
            return Ok(None);
        }
        sql(
            "INSERT INTO passkey (user_id, credential_id, name, domain, static_state, \
             dynamic_state, transports, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (credential_id) DO NOTHING RETURNING id",
        )
        .bind(new.user.0)
        .bind(new.credential_id)
        .bind(new.name)
        .bind(new.domain)
        .bind(new.static_state.to_vec())
        .bind(new.dynamic_state.to_vec())
        .bind(i64::from(new.transports))
        .bind(self.now)
        .fetch_optional_value(&mut self.transaction)
        .await
    }

    /// Notes that a passkey was used, with its new state. False when another use came between, or
    /// the passkey is gone.
    pub async fn use_passkey(
        &mut self,
        passkey: &PasskeyRow,
        dynamic_state: &[u8],
    ) -> Result<bool, StoreError> {
        let used = sql("UPDATE passkey SET dynamic_state = $1, last_used_at = $2 \
             WHERE id = $3 AND dynamic_state = $4")
        .bind(dynamic_state.to_vec())
        .bind(self.now)
        .bind(passkey.id)
        .bind(passkey.dynamic_state.clone())
        .execute(&mut self.transaction)
        .await?;
        Ok(used == 1)
    }

    /// Renames a passkey of a user; false when there is none.
    pub async fn rename_passkey(
        &mut self,
        user: UserId,
        id: i64,
        name: &str,
    ) -> Result<bool, StoreError> {
        let renamed = sql("UPDATE passkey SET name = $1 WHERE id = $2 AND user_id = $3")
            .bind(name)
            .bind(id)
            .bind(user.0)
            .execute(&mut self.transaction)
            .await?;
        Ok(renamed == 1)
    }

    /// Removes a passkey of a user; gives its name.
    pub async fn remove_passkey(
        &mut self,
        user: UserId,
        id: i64,
    ) -> Result<Option<String>, StoreError> {
        sql("DELETE FROM passkey WHERE id = $1 AND user_id = $2 RETURNING name")
            .bind(id)
            .bind(user.0)
            .fetch_optional_value(&mut self.transaction)
            .await
    }

    /// Removes all passkeys of a user.
    pub async fn remove_passkeys(&mut self, user: UserId) -> Result<u64, StoreError> {
        sql("DELETE FROM passkey WHERE user_id = $1")
            .bind(user.0)
            .execute(&mut self.transaction)
            .await
    }
}

fn passkey(row: &Row) -> Result<PasskeyRow, StoreError> {
    let last_used_at: Option<i64> = row.get(9)?;
    Ok(PasskeyRow {
        id: row.get(0)?,
        user: UserId(row.get(1)?),
        credential_id: row.get(2)?,
        name: row.get(3)?,
        domain: row.get(4)?,
        static_state: row.get(5)?,
        dynamic_state: row.get(6)?,
        transports: row.unsigned(7)?,
        created_at: Timestamp(row.get(8)?),
        last_used_at: last_used_at.map(Timestamp),
    })
}
