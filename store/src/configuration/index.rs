//! The rows that resources are found by.

use super::ConfigurationWrite;
use crate::database::{Transaction, Value, sql};
use crate::resources::{
    IDS_PER_STATEMENT, RESOURCE_COLUMNS, ReferenceTo, ResourceIndex, ResourceRow, cut_term,
    cut_value, resource, sort_value,
};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;
use std::collections::{BTreeMap, HashSet};

/// Index rows in one statement; more gain nothing.
const ROWS_PER_STATEMENT: usize = 1_000;

const TABLES: [&str; 4] = [
    "DELETE FROM resource_field WHERE resource_id IN (",
    "DELETE FROM resource_term WHERE resource_id IN (",
    "DELETE FROM resource_reference WHERE resource_id IN (",
    "DELETE FROM resource_assignment WHERE resource_id IN (",
];

/// A resource whose index rows are written.
pub(super) struct Indexed<'a> {
    pub(super) id: i64,
    pub(super) kind: &'a str,
    pub(super) name: &'a str,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) index: &'a ResourceIndex,
}

impl Store {
    /// Resources of all tenants whose index rows were made by rules before `generation`, at most
    /// `limit`, by number.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn resources_to_index(
        &self,
        generation: u32,
        limit: u32,
    ) -> Result<Vec<ResourceRow>, StoreError> {
        let mut statement = sql("SELECT ");
        statement.push(RESOURCE_COLUMNS);
        statement.push(" FROM resource r WHERE r.deleted_at IS NULL AND r.index_generation < ");
        statement.push_bind(generation);
        statement.push(" ORDER BY r.index_generation, r.id LIMIT ");
        statement.push_bind(limit);
        let rows = statement.fetch_all(self.reader()).await?;
        rows.iter().map(resource).collect()
    }
}

impl ConfigurationWrite {
    /// Writes the index rows of resources anew. That is no change of them: no version is written.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn index(&mut self, rows: &[(ResourceRow, ResourceIndex)]) -> Result<(), StoreError> {
        let ids: Vec<i64> = rows.iter().map(|(row, _)| row.id).collect();
        remove(&mut self.transaction, &ids).await?;
        let mut by_owner: BTreeMap<TenantId, Vec<Indexed<'_>>> = BTreeMap::new();
        let mut by_generation: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for (row, index) in rows {
            by_owner.entry(row.owner).or_default().push(Indexed {
                id: row.id,
                kind: &row.kind,
                name: &row.name,
                created_at: row.created_at,
                updated_at: row.updated_at,
                index,
            });
            let made = by_generation.entry(index.generation).or_default();
            made.push(row.id);
        }
        for (owner, indexed) in &by_owner {
            insert(&mut self.transaction, &Scope::of_tenant(*owner), indexed).await?;
        }
        for (generation, ids) in by_generation {
            for ids in ids.chunks(IDS_PER_STATEMENT) {
                let mut update = sql("UPDATE resource SET index_generation = ");
                update.push_bind(generation).push(" WHERE id IN (");
                update.push_list(ids.iter().copied()).push(")");
                update.execute(&mut self.transaction).await?;
            }
        }
        Ok(())
    }
}

/// Removes all index rows of resources.
pub(super) async fn remove(transaction: &mut Transaction, ids: &[i64]) -> Result<(), StoreError> {
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        for table in TABLES {
            let mut delete = sql(table);
            delete.push_list(ids.iter().copied()).push(")");
            delete.execute(&mut *transaction).await?;
        }
    }
    Ok(())
}

/// Inserts the index rows of resources that have none.
pub(super) async fn insert(
    transaction: &mut Transaction,
    scope: &Scope,
    resources: &[Indexed<'_>],
) -> Result<(), StoreError> {
    let owner = scope.tenant().get();
    let fields = collect(resources, |resource| fields(owner, resource));
    let into = "INSERT INTO resource_field \
                (owner, kind, field, value, name, resource_id, sort_value, created_at, updated_at) ";
    insert_rows(transaction, into, fields).await?;
    let terms = collect(resources, |resource| terms(owner, resource));
    let into = "INSERT INTO resource_term (owner, kind, term, name, resource_id) ";
    insert_rows(transaction, into, terms).await?;
    let references = collect(resources, |resource| references(owner, resource));
    let into = "INSERT INTO resource_reference (resource_id, field, owner, to_kind, to_name) ";
    insert_rows(transaction, into, references).await?;
    let assignments = collect(resources, |resource| assignments(owner, resource));
    let into = "INSERT INTO resource_assignment (resource_id, level, target, owner, kind) ";
    insert_rows(transaction, into, assignments).await
}

fn collect<R, const N: usize>(
    resources: &[Indexed<'_>],
    rows: impl Fn(&Indexed<'_>) -> R,
) -> Vec<[Value; N]>
where
    R: IntoIterator<Item = [Value; N]>,
{
    resources.iter().flat_map(rows).collect()
}

async fn insert_rows<const N: usize>(
    transaction: &mut Transaction,
    into: &'static str,
    mut rows: Vec<[Value; N]>,
) -> Result<(), StoreError> {
    while !rows.is_empty() {
        let chunk = rows.drain(..rows.len().min(ROWS_PER_STATEMENT));
        let mut insert = sql(into);
        insert.push_rows(chunk, |row| row);
        insert.execute(&mut *transaction).await?;
    }
    Ok(())
}

fn fields(owner: i64, resource: &Indexed<'_>) -> Vec<[Value; 9]> {
    let fields = resource.index.fields.iter();
    let distinct: HashSet<_> = fields
        .map(|(field, value)| (field.as_str(), cut_value(value)))
        .collect();
    distinct
        .into_iter()
        .map(|(field, value)| {
            [
                owner.into(),
                resource.kind.into(),
                field.into(),
                value.into(),
                resource.name.into(),
                resource.id.into(),
                sort_value(value).into(),
                resource.created_at.into(),
                resource.updated_at.into(),
            ]
        })
        .collect()
}

fn terms(owner: i64, resource: &Indexed<'_>) -> Vec<[Value; 5]> {
    let terms = resource.index.terms.iter();
    let distinct: HashSet<_> = terms.map(|term| cut_term(term)).collect();
    distinct
        .into_iter()
        .map(|term| {
            [
                owner.into(),
                resource.kind.into(),
                term.into(),
                resource.name.into(),
                resource.id.into(),
            ]
        })
        .collect()
}

fn references(owner: i64, resource: &Indexed<'_>) -> Vec<[Value; 5]> {
    let distinct: HashSet<&ReferenceTo> = resource.index.references.iter().collect();
    distinct
        .into_iter()
        .map(|to| {
            [
                resource.id.into(),
                (&to.field).into(),
                owner.into(),
                (&to.kind).into(),
                (&to.name).into(),
            ]
        })
        .collect()
}

fn assignments(owner: i64, resource: &Indexed<'_>) -> Vec<[Value; 5]> {
    let distinct: HashSet<_> = resource.index.assignments.iter().collect();
    distinct
        .into_iter()
        .map(|to| {
            [
                resource.id.into(),
                to.level.as_str().into(),
                (&to.target).into(),
                owner.into(),
                resource.kind.into(),
            ]
        })
        .collect()
}
