//! What was configured when a configuration of the past was in force.

use super::{ResourceRow, resource};
use crate::database::sql;
use crate::{Store, StoreError};

impl Store {
    /// Everything of all tenants as it was when a configuration came into force, from the versions
    /// that are kept of each resource: by kind, owner and name. `None` when there was no configuration
    /// of that number. For compiling its snapshot again.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources_at(&self, number: u64) -> Result<Option<Vec<ResourceRow>>, StoreError> {
        if self.configuration_author(number).await?.is_none() {
            return Ok(None);
        }
        let rows = sql(
            "SELECT r.id, r.owner, r.kind, v.name, v.external_id, v.version, v.spec, \
             v.assignment, v.deck_hash, v.note, r.created_at, r.created_by, v.created_at, \
             v.author, CAST(NULL AS BIGINT) \
             FROM resource r JOIN resource_version v ON v.resource_id = r.id \
             AND v.version = (SELECT MAX(w.version) FROM resource_version w \
             WHERE w.resource_id = r.id AND w.configuration <= $1) \
             WHERE NOT v.deleted ORDER BY r.kind, r.owner, v.name",
        )
        .bind(number.cast_signed())
        .fetch_all(self.reader())
        .await?;
        rows.iter()
            .map(resource)
            .collect::<Result<_, _>>()
            .map(Some)
    }
}
