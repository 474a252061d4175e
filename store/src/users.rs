//! Who may sign in.

use crate::database::sql;
use crate::{Store, StoreError, UserId};
use rating::Timestamp;

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
        let row = sql(statement)
            .bind(username)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(UserRow {
            id: row.get(0)?,
            username: row.get(1)?,
            password_hash: row.get(2)?,
            role: row.get(3)?,
        }))
    }

    /// Whether anybody may sign in.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        let statement = "SELECT EXISTS (SELECT 1 FROM app_user)";
        sql(statement).fetch_value(self.reader()).await
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
        let written = sql(statement)
            .bind(username)
            .bind(password_hash)
            .bind(role)
            .bind(now.0)
            .execute(self.writer())
            .await?;
        Ok(written == 1)
    }

    /// Sets a user's password and ends all their sessions.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_password(&self, user: UserId, password_hash: &str) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sql("UPDATE app_user SET password_hash = $1 WHERE id = $2")
            .bind(password_hash)
            .bind(user.0)
            .execute(&mut transaction)
            .await?;
        sql("DELETE FROM session WHERE user_id = $1")
            .bind(user.0)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::testing::databases;

    #[tokio::test]
    async fn a_name_belongs_to_one_user() {
        databases(async |database| {
            let store = database.open().await;
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
        })
        .await;
    }
}
