//! Single values that belong to no table of their own.

use crate::database::sql;
use crate::{Store, StoreError};

impl Store {
    /// The value of a setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        sql("SELECT value FROM setting WHERE name = $1")
            .bind(name)
            .fetch_optional_value(self.reader())
            .await
    }

    /// Stores the value of a setting.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_setting(&self, name: &str, value: &str) -> Result<(), StoreError> {
        sql("INSERT INTO setting (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        .bind(name)
        .bind(value)
        .execute(self.writer())
        .await?;
        Ok(())
    }

    /// Stores the value of a setting that has none; gives the value that it has now, which is
    /// another's when that one was first.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn claim_setting(&self, name: &str, value: &str) -> Result<String, StoreError> {
        sql("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(self.writer())
            .await?;
        let query = sql("SELECT value FROM setting WHERE name = $1");
        query.bind(name).fetch_value(self.writer()).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use crate::testing;

    #[tokio::test]
    async fn a_setting_keeps_its_last_value() {
        testing::databases(async |database| {
            let store = database.open().await;
            assert_eq!(store.setting("theme").await.unwrap(), None);
            store.set_setting("theme", "light").await.unwrap();
            store.set_setting("theme", "dark").await.unwrap();
            let value = store.setting("theme").await.unwrap();
            assert_eq!(value.as_deref(), Some("dark"));
        })
        .await;
    }
}
