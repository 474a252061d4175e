//! Who is signed in. The token is known only to the browser; the table has its hash.

use crate::database::sql;
use crate::{Store, StoreError, UserId};
use rating::Timestamp;

/// A session that has not expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Whose it is.
    pub user: UserId,
    /// Name of the user.
    pub username: String,
    /// What the user may do.
    pub role: String,
    /// When it began.
    pub created_at: Timestamp,
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
        sql("DELETE FROM session WHERE created_at < $1")
            .bind(not_created_before.0)
            .execute(&mut transaction)
            .await?;
        let statement = "INSERT INTO session (token_hash, user_id, created_at, last_used_at) \
                         VALUES ($1, $2, $3, $3)";
        sql(statement)
            .bind(token_hash)
            .bind(user_id)
            .bind(now.0)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await
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
        let statement = "SELECT u.username, u.role, s.last_used_at, u.id, s.created_at \
                         FROM session s JOIN app_user u ON u.id = s.user_id \
                         WHERE s.token_hash = $1 AND s.created_at >= $2 AND s.last_used_at >= $3";
        let row = sql(statement)
            .bind(token_hash)
            .bind(not_created_before.0)
            .bind(not_used_before.0)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(SessionRow {
            user: UserId(row.get(3)?),
            username: row.get(0)?,
            role: row.get(1)?,
            created_at: Timestamp(row.get(4)?),
            last_used_at: Timestamp(row.get(2)?),
        }))
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn touch_session(&self, token_hash: &str, now: Timestamp) -> Result<(), StoreError> {
        sql("UPDATE session SET last_used_at = $1 WHERE token_hash = $2")
            .bind(now.0)
            .bind(token_hash)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Ends all sessions of a user; gives how many.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_sessions_of(&self, user: UserId) -> Result<u64, StoreError> {
        sql("DELETE FROM session WHERE user_id = $1")
            .bind(user.0)
            .execute(self.writer())
            .await
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn end_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sql("DELETE FROM session WHERE token_hash = $1")
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
    use crate::testing::databases;

    #[tokio::test]
    async fn a_session_ends_by_sign_out_by_age_and_by_silence() {
        databases(async |database| {
            let store = database.open().await;
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
        })
        .await;
    }

    #[tokio::test]
    async fn a_new_password_and_signing_out_everywhere_end_the_sessions_of_that_user_only() {
        databases(async |database| {
            let store = database.open().await;
            for (name, sessions) in [("ann", ["a1", "a2"]), ("bob", ["b1", "b2"])] {
                store
                    .add_user(name, "h", "viewer", Timestamp(0))
                    .await
                    .unwrap();
                let id = store.user(name).await.unwrap().unwrap().id;
                for token in sessions {
                    store
                        .add_session(token, id, Timestamp(100), Timestamp(0))
                        .await
                        .unwrap();
                }
            }
            let id = async |name| UserId(store.user(name).await.unwrap().unwrap().id);
            let there = async |token| {
                let found = store.session(token, Timestamp(0), Timestamp(0)).await;
                found.unwrap().is_some()
            };
            store.set_password(id("ann").await, "new").await.unwrap();
            assert!(!there("a1").await && !there("a2").await);
            assert!(there("b1").await && there("b2").await);
            let ann = store.user("ann").await.unwrap().unwrap();
            assert_eq!(ann.password_hash, "new");
            assert_eq!(store.end_sessions_of(id("bob").await).await.unwrap(), 2);
            assert!(!there("b1").await);
        })
        .await;
    }

    #[tokio::test]
    async fn old_sessions_are_forgotten_when_somebody_signs_in() {
        databases(async |database| {
            let store = database.open().await;
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
        })
        .await;
    }
}
