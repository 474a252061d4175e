//! Authenticator apps and recovery codes.

use super::{PeopleWrite, UserId};
use crate::database::sql;
use crate::{SealedSecret, Store, StoreError, TenantId, secrets};
use rating::Timestamp;

/// The authenticator app of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRow {
    /// The secret that holds the seed.
    pub secret_id: String,
    /// When the user proved that the app has the seed; before, it counts for nothing.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was taken; codes up to it are void.
    pub last_step: Option<u64>,
}

impl Store {
    /// The authenticator app of a user.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn totp(&self, user: UserId) -> Result<Option<TotpRow>, StoreError> {
        let row = sql("SELECT secret_id, confirmed_at, last_step FROM totp WHERE user_id = $1")
            .bind(user.0)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (confirmed_at, last_step): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
        Ok(Some(TotpRow {
            secret_id: row.get(0)?,
            confirmed_at: confirmed_at.map(Timestamp),
            last_step: last_step.map(i64::unsigned_abs),
        }))
    }

    /// How many recovery codes of a user are left.
    pub async fn recovery_codes_left(&self, user: UserId) -> Result<u32, StoreError> {
        let left: i64 = sql("SELECT COUNT(*) FROM recovery_code WHERE user_id = $1")
            .bind(user.0)
            .fetch_value(self.reader())
            .await?;
        Ok(u32::try_from(left).unwrap_or(u32::MAX))
    }
}

impl PeopleWrite {
    /// Gives a user a new app, which has to be confirmed; one that was not confirmed goes. False when
    /// there is a confirmed one, which stays.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow, and as of [`Store::add_secret`].
    pub async fn begin_totp(
        &mut self,
        user: UserId,
        seed: &SealedSecret,
    ) -> Result<bool, StoreError> {
        let old: Option<String> = sql("DELETE FROM totp \
             WHERE user_id = $1 AND confirmed_at IS NULL RETURNING secret_id")
        .bind(user.0)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        if let Some(old) = old {
            secrets::delete(&mut self.transaction, seed.owner, &old).await?;
        }
        let begun = sql(
            "INSERT INTO totp (user_id, secret_id, created_at) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id) DO NOTHING",
        )
        .bind(user.0)
        .bind(&seed.id)
        .bind(self.now)
        .execute(&mut self.transaction)
        .await?;
        if begun == 1 {
            secrets::put(&mut self.transaction, seed, self.now).await?;
        }
        Ok(begun == 1)
    }

    /// Takes a code's step, which must be later than the last one: of two who bring the same code
    /// only one gets in. Confirms the app when `confirm` is set. False when the step is not later, or
    /// the app is not the one that was checked.
    pub async fn take_totp_step(
        &mut self,
        user: UserId,
        secret_id: &str,
        step: u64,
        confirm: bool,
    ) -> Result<bool, StoreError> {
        let taken = sql("UPDATE totp SET last_step = $1, \
             confirmed_at = COALESCE(confirmed_at, $2) \
             WHERE user_id = $3 AND secret_id = $4 AND (last_step IS NULL OR last_step < $1)")
        .bind(step.cast_signed())
        .bind(confirm.then_some(self.now))
        .bind(user.0)
        .bind(secret_id)
        .execute(&mut self.transaction)
        .await?;
        Ok(taken == 1)
    }

    /// Removes the app of a user with its seed; false when there is none.
    pub async fn remove_totp(
        &mut self,
        tenant: TenantId,
        user: UserId,
    ) -> Result<bool, StoreError> {
        let secret: Option<String> = sql("DELETE FROM totp WHERE user_id = $1 RETURNING secret_id")
            .bind(user.0)
            .fetch_optional_value(&mut self.transaction)
            .await?;
        let Some(secret) = secret else {
            return Ok(false);
        };
        secrets::delete(&mut self.transaction, tenant, &secret).await?;
        Ok(true)
    }

    /// Replaces the recovery codes of a user by those with these hashes, none for none.
    pub async fn replace_recovery_codes(
        &mut self,
        user: UserId,
        hashes: &[String],
    ) -> Result<(), StoreError> {
        sql("DELETE FROM recovery_code WHERE user_id = $1")
            .bind(user.0)
            .execute(&mut self.transaction)
            .await?;
        for hash in hashes {
            sql("INSERT INTO recovery_code (code_hash, user_id, created_at) VALUES ($1, $2, $3)")
                .bind(hash)
                .bind(user.0)
                .bind(self.now)
                .execute(&mut self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Uses a recovery code up; false when it is none of the user's.
    pub async fn take_recovery_code(
        &mut self,
        user: UserId,
        hash: &str,
    ) -> Result<bool, StoreError> {
        let taken = sql("DELETE FROM recovery_code WHERE user_id = $1 AND code_hash = $2")
            .bind(user.0)
            .bind(hash)
            .execute(&mut self.transaction)
            .await?;
        Ok(taken == 1)
    }
}
