//! Single values that belong to no table of their own.

use crate::{Store, StoreError};

impl Store {
    /// The value of a setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(name);
        Ok(query.fetch_optional(self.reader()).await?)
    }

    /// Stores the value of a setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let statement = "INSERT INTO setting (name, value) VALUES ($1, $2) \
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(statement)
            .bind(name)
            .bind(value)
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use crate::Store;

    #[tokio::test]
    async fn a_setting_keeps_its_last_value() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("s.db")).await.unwrap();
        assert_eq!(store.setting("theme").await.unwrap(), None);
        store.set_setting("theme", "light").await.unwrap();
        store.set_setting("theme", "dark").await.unwrap();
        assert_eq!(
            store.setting("theme").await.unwrap().as_deref(),
            Some("dark")
        );
    }
}
