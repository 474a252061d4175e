//! The past of a resource.

use super::json;
use crate::database::{Row, Statement, sql};
use crate::{Scope, Store, StoreError};
use rating::Timestamp;
use serde_json::Value;

/// A version of a resource.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRow {
    /// Number of the resource.
    pub resource_id: i64,
    /// Its kind.
    pub kind: String,
    /// 1 for the first.
    pub version: u64,
    /// The configuration that it came into force with.
    pub configuration: u64,
    /// The name at that time.
    pub name: String,
    /// What another system called it.
    pub external_id: Option<String>,
    /// The fields.
    pub spec: Value,
    /// Who got it.
    pub assignment: Value,
    /// The rate deck.
    pub deck_hash: Option<String>,
    /// The resource was deleted by this; fields and name are those of before.
    pub deleted: bool,
    /// Why.
    pub note: Option<String>,
    /// Who wrote it.
    pub author: String,
    /// When.
    pub created_at: Timestamp,
    /// The change set that it came with.
    pub change_set: Option<i64>,
}

/// Some versions, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionPage {
    /// The versions.
    pub rows: Vec<VersionRow>,
    /// The next page begins behind this version; `None` on the last page.
    pub next: Option<u64>,
}

const COLUMNS: &str = "v.resource_id, r.kind, v.version, v.configuration, v.name, v.external_id, \
    v.spec, v.assignment, v.deck_hash, v.deleted, v.note, v.author, v.created_at, v.change_set_id";

impl Store {
    /// The versions of a resource, newest first; those before `before`.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn versions(
        &self,
        scope: &Scope,
        resource: i64,
        before: Option<u64>,
        limit: u32,
    ) -> Result<VersionPage, StoreError> {
        let mut statement = of_resource(scope, resource);
        if let Some(before) = before {
            statement
                .push(" AND v.version < ")
                .push_bind(before.cast_signed());
        }
        statement.push(" ORDER BY v.version DESC LIMIT ");
        statement.push_bind(i64::from(limit) + 1);
        let rows = statement.fetch_all(self.reader()).await?;
        let mut rows = rows.iter().map(version).collect::<Result<Vec<_>, _>>()?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = rows.last().filter(|_| more).map(|last| last.version);
        Ok(VersionPage { rows, next })
    }

    /// One version of a resource.
    ///
    /// # Errors
    /// As [`versions`](Self::versions).
    pub async fn version(
        &self,
        scope: &Scope,
        resource: i64,
        number: u64,
    ) -> Result<Option<VersionRow>, StoreError> {
        let mut statement = of_resource(scope, resource);
        statement
            .push(" AND v.version = ")
            .push_bind(number.cast_signed());
        let row = statement.fetch_optional(self.reader()).await?;
        row.as_ref().map(version).transpose()
    }

    /// Everything that came into force with a configuration, by number of the resource: what a
    /// rollback of it has to undo.
    ///
    /// # Errors
    /// As [`versions`](Self::versions).
    pub async fn versions_of_configuration(
        &self,
        scope: &Scope,
        configuration: u64,
    ) -> Result<Vec<VersionRow>, StoreError> {
        let mut statement = select();
        statement
            .push(" WHERE r.owner = ")
            .push_bind(scope.tenant().get());
        statement.push(" AND v.configuration = ");
        statement.push_bind(configuration.cast_signed());
        statement.push(" ORDER BY v.resource_id, v.version");
        let rows = statement.fetch_all(self.reader()).await?;
        rows.iter().map(version).collect()
    }
}

impl Store {
    /// The versions that those of a configuration took the place of, by number of the resource.
    /// What was new then has none.
    ///
    /// # Errors
    /// As [`versions`](Self::versions).
    pub async fn versions_before_configuration(
        &self,
        scope: &Scope,
        configuration: u64,
    ) -> Result<Vec<VersionRow>, StoreError> {
        let on = "v.version = p.version - 1";
        beside(scope, configuration, on, self).await
    }

    /// The versions that came after those of a configuration, by number of the resource and
    /// version.
    ///
    /// # Errors
    /// As [`versions`](Self::versions).
    pub async fn versions_after_configuration(
        &self,
        scope: &Scope,
        configuration: u64,
    ) -> Result<Vec<VersionRow>, StoreError> {
        let on = "v.version > p.version";
        beside(scope, configuration, on, self).await
    }
}

/// Versions `v` that stand to the versions `p` of a configuration as `on` says.
async fn beside(
    scope: &Scope,
    configuration: u64,
    on: &'static str,
    store: &Store,
) -> Result<Vec<VersionRow>, StoreError> {
    let mut statement = select();
    statement.push(" JOIN resource_version p ON p.resource_id = v.resource_id AND ");
    statement.push(on).push(" WHERE r.owner = ");
    statement.push_bind(scope.tenant().get());
    statement.push(" AND p.configuration = ");
    statement.push_bind(configuration.cast_signed());
    statement.push(" ORDER BY v.resource_id, v.version");
    let rows = statement.fetch_all(store.reader()).await?;
    rows.iter().map(version).collect()
}

fn select() -> Statement {
    let mut statement = sql("SELECT ");
    statement.push(COLUMNS);
    statement.push(" FROM resource_version v JOIN resource r ON r.id = v.resource_id");
    statement
}

fn of_resource(scope: &Scope, resource: i64) -> Statement {
    let mut statement = select();
    statement
        .push(" WHERE v.resource_id = ")
        .push_bind(resource);
    statement
        .push(" AND r.owner = ")
        .push_bind(scope.tenant().get());
    statement
}

fn version(row: &Row) -> Result<VersionRow, StoreError> {
    Ok(VersionRow {
        resource_id: row.get(0)?,
        kind: row.get(1)?,
        version: row.unsigned(2)?,
        configuration: row.unsigned(3)?,
        name: row.get(4)?,
        external_id: row.get(5)?,
        spec: json("resource_version", row.get(6)?)?,
        assignment: json("resource_version", row.get(7)?)?,
        deck_hash: row.get(8)?,
        deleted: row.get(9)?,
        note: row.get(10)?,
        author: row.get(11)?,
        created_at: Timestamp(row.get(12)?),
        change_set: row.get(13)?,
    })
}
