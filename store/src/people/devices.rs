//! Browsers that users signed in with before.

use super::{PeopleWrite, UserId};
use crate::StoreError;
use crate::database::sql;

impl PeopleWrite {
    /// Notes that a user signed in with a browser. Of more than `limit` browsers the one that was not
    /// seen for longest is forgotten. Tells whether it is new, and whether the user had any before.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn see_device(
        &mut self,
        user: UserId,
        device_hash: &str,
        limit: u32,
    ) -> Result<DeviceSeen, StoreError> {
        let known = sql("UPDATE known_device SET last_seen_at = $1 \
             WHERE user_id = $2 AND device_hash = $3")
        .bind(self.now)
        .bind(user.0)
        .bind(device_hash)
        .execute(&mut self.transaction)
        .await?;
        if known == 1 {
            return Ok(DeviceSeen::Known);
        }
        let before: i64 = sql("SELECT COUNT(*) FROM known_device WHERE user_id = $1")
            .bind(user.0)
            .fetch_value(&mut self.transaction)
            .await?;
        sql(
            "INSERT INTO known_device (user_id, device_hash, last_seen_at) VALUES ($1, $2, $3) \
             ON CONFLICT (user_id, device_hash) DO NOTHING",
        )
        .bind(user.0)
        .bind(device_hash)
        .bind(self.now)
        .execute(&mut self.transaction)
        .await?;
        self.forget_devices(user, limit).await?;
        Ok(if before == 0 {
            DeviceSeen::First
        } else {
            DeviceSeen::New
        })
    }

    async fn forget_devices(&mut self, user: UserId, limit: u32) -> Result<(), StoreError> {
        sql(
            "DELETE FROM known_device WHERE user_id = $1 AND device_hash NOT IN \
             (SELECT device_hash FROM known_device WHERE user_id = $1 \
             ORDER BY last_seen_at DESC, device_hash LIMIT $2)",
        )
        .bind(user.0)
        .bind(limit)
        .execute(&mut self.transaction)
        .await?;
        Ok(())
    }
}

/// Whether a browser was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceSeen {
    /// Yes.
    Known,
    /// No; others were.
    New,
    /// No, and it is the user's first.
    First,
}
