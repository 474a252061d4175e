//! Writing one version of the platform's, by name.

use super::{ConfigurationWrite, ResourceWrite};
use crate::database::sql;
use crate::{ResourceIndex, Scope, StoreError, TenantId};
use serde_json::Value;

/// A version of a resource that is about to be written.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// Its kind.
    pub kind: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its fields.
    pub spec: &'a Value,
    /// The deck that belongs to it; put it in with [`ConfigurationWrite::put_deck`].
    pub deck_hash: Option<&'a str>,
}

impl ConfigurationWrite {
    /// Writes a new version of a resource of the platform, which may be its first, without index
    /// rows. Gives the row's number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails.
    pub async fn put(&mut self, new: &NewVersion<'_>) -> Result<i64, StoreError> {
        let scope = Scope::of_tenant(TenantId::PLATFORM);
        let id = sql(
            "SELECT id FROM resource WHERE owner = $1 AND kind = $2 AND name = $3 \
             AND deleted_at IS NULL",
        )
        .bind(scope.tenant().get())
        .bind(new.kind)
        .bind(new.name)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        let write = ResourceWrite {
            id,
            expected_version: None,
            kind: new.kind.to_owned(),
            name: new.name.to_owned(),
            external_id: None,
            spec: new.spec.clone(),
            assignment: Value::Object(serde_json::Map::new()),
            deck_hash: new.deck_hash.map(str::to_owned),
            note: None,
            index: ResourceIndex::default(),
        };
        let written = self.put_all(&scope, &[write]).await?;
        // One is written for one.
        Ok(written.first().map_or(0, |written| written.id))
    }
}
