//! Who may sign in.

use crate::{Store, StoreError};
use rating::Timestamp;
use sqlx::Row as _;

/// A user with the hash of the password.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The row's number.
    pub id: i64,
    /// The name, unique.
    pub username: String,
    /// The password's hash in PHC form.
    pub password_hash: String,
    /// What the user may do.
    pub role: String,
}

impl Store {
    /// The user of that name.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn user(&self, username: &str) -> Result<Option<UserRow>, StoreError> {
        let statement =
            "SELECT id, username, password_hash, role FROM app_user WHERE username = $1";
        let row = sqlx::query(statement)
            .bind(username)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(UserRow {
            id: row.try_get(0)?,
            username: row.try_get(1)?,
            password_hash: row.try_get(2)?,
            role: row.try_get(3)?,
        }))
    }

    /// Whether anybody may sign in.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let statement = "SELECT EXISTS (SELECT 1 FROM app_user)";
        Ok(sqlx::query_scalar(statement)
            .fetch_one(self.reader())
            .await?)
    }

    /// Adds a user; false when the name is taken.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn add_user(
        &self,
        username: &str,
        password_hash: &str,
        role: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = "INSERT INTO app_user (username, password_hash, role, created_at) \
                         VALUES ($1, $2, $3, $4) ON CONFLICT (username) DO NOTHING";
        let result = sqlx::query(statement)
            .bind(username)
            .bind(password_hash)
            .bind(role)
            .bind(now.0)
            .execute(self.writer())
            .await?;
        Ok(result.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    #[tokio::test]
    async fn a_name_belongs_to_one_user() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        assert!(!store.has_users().await.unwrap());
        assert!(
            store
                .add_user("admin", "h1", "admin", Timestamp(1))
                .await
                .unwrap()
        );
        assert!(
            !store
                .add_user("admin", "h2", "admin", Timestamp(2))
                .await
                .unwrap()
        );
        assert!(store.has_users().await.unwrap());
        assert_eq!(
            store.user("admin").await.unwrap().unwrap().password_hash,
            "h1"
        );
        assert!(store.user("nobody").await.unwrap().is_none());
    }
}
