//! Which resource names which.

use crate::database::sql;
use crate::{Scope, Store, StoreError};

/// A resource that refers to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its number.
    pub id: i64,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The field that holds the reference.
    pub field: String,
}

impl Store {
    /// Who refers to the resource of that name, at most `limit`, by number; those behind `after`.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn referrers(
        &self,
        scope: &Scope,
        kind: &str,
        name: &str,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Referrer>, StoreError> {
        let rows = sql(
            "SELECT r.id, r.kind, r.name, f.field FROM resource_reference f \
             JOIN resource r ON r.id = f.resource_id \
             WHERE f.owner = $1 AND f.to_kind = $2 AND f.to_name = $3 AND f.resource_id > $4 \
             ORDER BY f.resource_id, f.field LIMIT $5",
        )
        .bind(scope.tenant().get())
        .bind(kind)
        .bind(name)
        .bind(after.unwrap_or(0))
        .bind(limit)
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Referrer {
                    id: row.get(0)?,
                    kind: row.get(1)?,
                    name: row.get(2)?,
                    field: row.get(3)?,
                })
            })
            .collect()
    }

    /// How many refer to the resource of that name, by their kind.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn referrer_counts(
        &self,
        scope: &Scope,
        kind: &str,
        name: &str,
    ) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = sql(
            "SELECT r.kind, COUNT(DISTINCT r.id) FROM resource_reference f \
             JOIN resource r ON r.id = f.resource_id \
             WHERE f.owner = $1 AND f.to_kind = $2 AND f.to_name = $3 \
             GROUP BY r.kind ORDER BY r.kind",
        )
        .bind(scope.tenant().get())
        .bind(kind)
        .bind(name)
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(|row| Ok((row.get(0)?, row.unsigned(1)?)))
            .collect()
    }
}
