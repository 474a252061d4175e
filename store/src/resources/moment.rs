//! What is configured at one moment, however much is pushed while it is read.

use super::{ResourceRow, owned, resource};
use crate::database::{Transaction, sql};
use crate::{Scope, Store, StoreError};

/// The resources of a scope as they were at the first question. Writers do not wait for it; it holds
/// a connection, so drop it soon.
pub struct ConfigurationMoment {
    transaction: Transaction,
    scope: Scope,
}

impl Store {
    /// Begins to read at one moment.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn configuration_moment(
        &self,
        scope: &Scope,
    ) -> Result<ConfigurationMoment, StoreError> {
        Ok(ConfigurationMoment {
            transaction: self.reader().begin_moment().await?,
            scope: *scope,
        })
    }
}

impl ConfigurationMoment {
    /// At most `limit` resources of a kind in the order of their names, those behind a name only.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources(
        &mut self,
        kind: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ResourceRow>, StoreError> {
        let mut list = owned(&self.scope);
        list.push(" AND r.deleted_at IS NULL AND r.kind = ")
            .push_bind(kind);
        if let Some(after) = after {
            list.push(" AND r.name > ").push_bind(after);
        }
        list.push(" ORDER BY r.name LIMIT ").push_bind(limit);
        let rows = list.fetch_all(&mut self.transaction).await?;
        rows.iter().map(resource).collect()
    }

    /// The text of a deck.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn deck(&mut self, hash: &str) -> Result<Option<String>, StoreError> {
        let query = sql("SELECT content FROM deck WHERE hash = $1").bind(hash);
        query.fetch_optional_value(&mut self.transaction).await
    }
}
