//! What is configured: reading one, a page, everything, the past, and what refers to what.
//!
//! The store keeps specs and assignments as JSON and understands neither. What lists filter and
//! search by, what a resource refers to and who gets it stands in tables of its own
//! ([`ResourceIndex`]), which whoever writes a resource fills from its spec.

mod assigned;
mod index;
mod list;
mod listed;
mod moment;
mod past;
mod plan;
mod references;
mod versions;

pub use assigned::AssignedResource;
pub use index::{AssignedTo, AssignmentLevel, ReferenceTo, ResourceIndex};
pub(crate) use index::{cut_term, cut_value, sort_value};
pub use list::{ResourceCursor, ResourcePage, ResourceQuery, SortBy};
pub use listed::{ListedPage, ListedResource};
pub use moment::ConfigurationMoment;
pub use references::Referrer;
pub use versions::{VersionPage, VersionRow};

use crate::database::{Row, Statement, Transaction, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;
use serde_json::Value;

/// A resource as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceRow {
    /// The row's number: survives a rename and a deletion; calls and limits refer to it.
    pub id: i64,
    /// Whose it is.
    pub owner: TenantId,
    /// Its kind.
    pub kind: String,
    /// Its name, unique within owner and kind.
    pub name: String,
    /// What another system calls it, unique within owner and kind.
    pub external_id: Option<String>,
    /// 1 for the first version.
    pub version: u64,
    /// Its fields.
    pub spec: Value,
    /// Who gets it.
    pub assignment: Value,
    /// The rate deck that belongs to this version.
    pub deck_hash: Option<String>,
    /// Why this version was written.
    pub note: Option<String>,
    /// When the first version was written.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
    /// When this version was written.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by: String,
    /// When it was deleted; the last version is kept.
    pub deleted_at: Option<Timestamp>,
}

/// The columns of a [`ResourceRow`], from a table called `r`.
pub(crate) const RESOURCE_COLUMNS: &str = "r.id, r.owner, r.kind, r.name, r.external_id, \
    r.version, r.spec, r.assignment, r.deck_hash, r.note, r.created_at, r.created_by, \
    r.updated_at, r.updated_by, r.deleted_at";

/// Identifiers in one statement; more gain nothing.
pub(crate) const IDS_PER_STATEMENT: usize = 500;

impl Store {
    /// The resource of that number, deleted or not.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resource(
        &self,
        scope: &Scope,
        id: i64,
    ) -> Result<Option<ResourceRow>, StoreError> {
        let mut statement = owned(scope);
        statement.push(" AND r.id = ").push_bind(id);
        one(statement, self).await
    }

    /// The resource of that name, unless it is deleted.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn resource_by_name(
        &self,
        scope: &Scope,
        kind: &str,
        name: &str,
    ) -> Result<Option<ResourceRow>, StoreError> {
        let mut statement = owned(scope);
        statement.push(" AND r.deleted_at IS NULL AND r.kind = ");
        statement
            .push_bind(kind)
            .push(" AND r.name = ")
            .push_bind(name);
        one(statement, self).await
    }

    /// The resource that another system calls that, unless it is deleted.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn resource_by_external_id(
        &self,
        scope: &Scope,
        kind: &str,
        external_id: &str,
    ) -> Result<Option<ResourceRow>, StoreError> {
        let mut statement = owned(scope);
        statement.push(" AND r.deleted_at IS NULL AND r.kind = ");
        statement.push_bind(kind).push(" AND r.external_id = ");
        statement.push_bind(external_id);
        one(statement, self).await
    }

    /// Those of the names that are there, in no order. For looking up what documents name.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn resources_by_name(
        &self,
        scope: &Scope,
        kind: &str,
        names: &[&str],
    ) -> Result<Vec<ResourceRow>, StoreError> {
        let mut found = Vec::with_capacity(names.len());
        for names in names.chunks(IDS_PER_STATEMENT) {
            let mut statement = owned(scope);
            statement.push(" AND r.deleted_at IS NULL AND r.kind = ");
            statement.push_bind(kind).push(" AND r.name IN (");
            statement.push_list(names.iter().copied()).push(")");
            let rows = statement.fetch_all(self.reader()).await?;
            found.extend(rows.iter().map(resource).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// The resources of those numbers, deleted ones too, in no order.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn resources_by_id(
        &self,
        scope: &Scope,
        ids: &[i64],
    ) -> Result<Vec<ResourceRow>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_PER_STATEMENT) {
            let mut statement = owned(scope);
            statement.push(" AND r.id IN (");
            statement.push_list(ids.iter().copied()).push(")");
            let rows = statement.fetch_all(self.reader()).await?;
            found.extend(rows.iter().map(resource).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// How many there are of a kind.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn resource_count(&self, scope: &Scope, kind: &str) -> Result<u64, StoreError> {
        let row = sql(
            "SELECT COUNT(*) FROM resource WHERE owner = $1 AND kind = $2 AND deleted_at IS NULL",
        )
        .bind(scope.tenant().get())
        .bind(kind)
        .fetch_one(self.reader())
        .await?;
        row.unsigned(0)
    }

    /// Everything of all tenants that is configured, by kind, owner and name; of one kind when it
    /// is given. For compiling what calls are decided by, not for answering a request.
    ///
    /// # Errors
    /// As [`resource`](Self::resource).
    pub async fn resources(&self, kind: Option<&str>) -> Result<Vec<ResourceRow>, StoreError> {
        let rows = all(kind).fetch_all(self.reader()).await?;
        rows.iter().map(resource).collect()
    }
}

/// The rows of [`Store::resources`] inside of a transaction.
pub(crate) async fn all_in(transaction: &mut Transaction) -> Result<Vec<ResourceRow>, StoreError> {
    let rows = all(None).fetch_all(transaction).await?;
    rows.iter().map(resource).collect()
}

fn all(kind: Option<&str>) -> Statement {
    let mut statement = sql("SELECT ");
    statement.push(RESOURCE_COLUMNS);
    statement.push(" FROM resource r WHERE r.deleted_at IS NULL");
    if let Some(kind) = kind {
        statement.push(" AND r.kind = ").push_bind(kind);
    }
    statement.push(" ORDER BY r.kind, r.owner, r.name");
    statement
}

/// `SELECT` of all columns of the rows of one owner.
pub(crate) fn owned(scope: &Scope) -> Statement {
    let mut statement = sql("SELECT ");
    statement.push(RESOURCE_COLUMNS);
    statement.push(" FROM resource r WHERE r.owner = ");
    statement.push_bind(scope.tenant().get());
    statement
}

async fn one(statement: Statement, store: &Store) -> Result<Option<ResourceRow>, StoreError> {
    let row = statement.fetch_optional(store.reader()).await?;
    row.as_ref().map(resource).transpose()
}

/// A row with [`RESOURCE_COLUMNS`] as its first columns.
pub(crate) fn resource(row: &Row) -> Result<ResourceRow, StoreError> {
    Ok(ResourceRow {
        id: row.get(0)?,
        owner: TenantId::new(row.get(1)?),
        kind: row.get(2)?,
        name: row.get(3)?,
        external_id: row.get(4)?,
        version: row.unsigned(5)?,
        spec: json("resource", row.get(6)?)?,
        assignment: json("resource", row.get(7)?)?,
        deck_hash: row.get(8)?,
        note: row.get(9)?,
        created_at: Timestamp(row.get(10)?),
        created_by: row.get(11)?,
        updated_at: Timestamp(row.get(12)?),
        updated_by: row.get(13)?,
        deleted_at: row.get::<Option<i64>>(14)?.map(Timestamp),
    })
}

pub(crate) fn json(table: &'static str, text: &str) -> Result<Value, StoreError> {
    serde_json::from_str(text).map_err(|source| StoreError::Corrupt { table, source })
}

#[cfg(test)]
mod tests;
