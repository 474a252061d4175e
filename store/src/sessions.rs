//! Who is signed in. The token is known only to the browser; the table has its hash.

use crate::{Store, StoreError};
use rating::Timestamp;
use sqlx::Row as _;

/// A session that has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Name of the user.
    pub username: String,
    /// What the user may do.
    pub role: String,
    /// When the session was last used, to the precision of [`Store::touch_session`]'s callers.
    pub last_used_at: Timestamp,
}

impl Store {
    /// Begins a session and forgets those that are older than both limits of
    /// [`session`](Self::session).
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_session(
        &self,
        token_hash: &str,
        user_id: i64,
        now: Timestamp,
        not_created_before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query("DELETE FROM session WHERE created_at < $1")
            .bind(not_created_before.0)
            .execute(&mut *transaction)
            .await?;
        let statement = "INSERT INTO session (token_hash, user_id, created_at, last_used_at) \
                         VALUES ($1, $2, $3, $3)";
        sqlx::query(statement)
            .bind(token_hash)
            .bind(user_id)
            .bind(now.0)
            .execute(&mut *transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// The session of that token, when it was created and used recently enough.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn session(
        &self,
        token_hash: &str,
        not_created_before: Timestamp,
        not_used_before: Timestamp,
    ) -> Result<Option<SessionRow>, StoreError> {
        let statement = "SELECT u.username, u.role, s.last_used_at \
                         FROM session s JOIN app_user u ON u.id = s.user_id \
                         WHERE s.token_hash = $1 AND s.created_at >= $2 AND s.last_used_at >= $3";
        let row = sqlx::query(statement)
            .bind(token_hash)
            .bind(not_created_before.0)
            .bind(not_used_before.0)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SessionRow {
            username: row.try_get(0)?,
            role: row.try_get(1)?,
            last_used_at: Timestamp(row.try_get(2)?),
        }))
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn touch_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        sqlx::query("UPDATE session SET last_used_at = $1 WHERE token_hash = $2")
            .bind(now.0)
            .bind(token_hash)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM session WHERE token_hash = $1")
            .bind(token_hash)
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[tokio::test]
    async fn a_session_ends_by_sign_out_by_age_and_by_silence() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        store
            .add_user("admin", "h", "admin", Timestamp(0))
            .await
            .unwrap();
        let user = store.user("admin").await.unwrap().unwrap();
        store
            .add_session("t", user.id, Timestamp(100), Timestamp(0))
            .await
            .unwrap();
        let found = async |created, used| {
            store
                .session("t", Timestamp(created), Timestamp(used))
                .await
                .unwrap()
                .is_some()
        };
        assert!(found(100, 100).await);
        assert!(!found(101, 100).await, "too old");
        assert!(!found(100, 101).await, "too long unused");
        store.touch_session("t", Timestamp(150)).await.unwrap();
        assert!(found(100, 150).await);
        store.end_session("t").await.unwrap();
        assert!(!found(0, 0).await);
    }

    #[tokio::test]
    async fn old_sessions_are_forgotten_when_somebody_signs_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        store
            .add_user("admin", "h", "admin", Timestamp(0))
            .await
            .unwrap();
        let user = store.user("admin").await.unwrap().unwrap();
        store
            .add_session("old", user.id, Timestamp(1), Timestamp(0))
            .await
            .unwrap();
        store
            .add_session("new", user.id, Timestamp(100), Timestamp(50))
            .await
            .unwrap();
        let old = store
            .session("old", Timestamp(0), Timestamp(0))
            .await
            .unwrap();
        assert_eq!(old, None);
    }
}
