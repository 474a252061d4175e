//! The tree of tenants: the platform, its operators, and the customers and carriers of both.
//!
//! An operator is made by the platform. The tenant of a customer or a carrier stands for a resource
//! and is made when its first user comes; it is called as the resource is, and gone when the
//! resource is.

use super::PeopleWrite;
use crate::database::{Row, sql};
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// Tenants from the lowest to the root, at most: the depth of the tree and one to spare.
const DEPTH_MAX: usize = 4;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Its number.
    pub id: TenantId,
    /// The tenant above; `None` for the platform.
    pub parent: Option<TenantId>,
    /// `platform`, `operator`, `customer` or `carrier`.
    pub kind: String,
    /// Its name: of a customer or a carrier the resource's.
    pub name: String,
    /// The resource that it stands for.
    pub resource_id: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nobody of it may sign in.
    pub suspended_at: Option<Timestamp>,
    /// Whether the resource that it stood for is deleted.
    pub gone: bool,
}

/// Which tenants below one are meant, and which page of them.
#[derive(Clone, Debug, Default)]
pub struct TenantQuery {
    /// Of that kind.
    pub kind: Option<String>,
    /// Those after that number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

const COLUMNS: &str = "SELECT t.id, t.parent_id, t.kind, COALESCE(r.name, t.name), t.resource_id, \
    t.created_at, t.suspended_at, \
    (t.resource_id IS NOT NULL AND (r.id IS NULL OR r.deleted_at IS NOT NULL)) \
    FROM tenant t LEFT JOIN resource r ON r.id = t.resource_id ";

impl Store {
    /// A tenant and those above it, up to the platform; empty when there is none.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn tenant_path(&self, id: TenantId) -> Result<Vec<TenantRow>, StoreError> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.filter(|_| path.len() < DEPTH_MAX) {
            let mut query = sql(COLUMNS);
            query.push("WHERE t.id = ").push_bind(id.get());
            let Some(row) = query.fetch_optional(self.reader()).await? else {
                break;
            };
            let tenant = tenant(&row)?;
            next = tenant.parent;
            path.push(tenant);
        }
        Ok(path)
    }

    /// The tenants right below the scope's, in the order of their numbers.
    pub async fn tenants_below(
        &self,
        scope: &Scope,
        query: &TenantQuery,
    ) -> Result<Vec<TenantRow>, StoreError> {
        let mut list = sql(COLUMNS);
        list.push("WHERE t.parent_id = ")
            .push_bind(scope.tenant().get());
        list.push(" AND t.id > ").push_bind(query.after);
        if let Some(kind) = &query.kind {
            list.push(" AND t.kind = ").push_bind(kind);
        }
        list.push(" ORDER BY t.id LIMIT ").push_bind(query.limit);
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(tenant).collect()
    }

    /// A tenant right below the scope's.
    pub async fn tenant_below(
        &self,
        scope: &Scope,
        id: TenantId,
    ) -> Result<Option<TenantRow>, StoreError> {
        let mut query = sql(COLUMNS);
        query
            .push("WHERE t.parent_id = ")
            .push_bind(scope.tenant().get());
        query.push(" AND t.id = ").push_bind(id.get());
        let row = query.fetch_optional(self.reader()).await?;
        row.as_ref().map(tenant).transpose()
    }
}

impl PeopleWrite {
    /// Makes an operator; `None` when the name is taken.
    ///
    /// # Errors
    /// [`StoreError::Query`], as for all that follow.
    pub async fn add_operator(&mut self, name: &str) -> Result<Option<TenantId>, StoreError> {
        let id = sql("INSERT INTO tenant (parent_id, kind, name, created_at) \
             VALUES ($1, 'operator', $2, $3) ON CONFLICT (parent_id, kind, name) DO NOTHING \
             RETURNING id")
        .bind(TenantId::PLATFORM.get())
        .bind(name)
        .bind(self.now)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        Ok(id.map(TenantId::new))
    }

    /// Renames an operator; false when there is none of that name.
    ///
    /// # Errors
    /// [`StoreError::is_unique_violation`] when the name is taken.
    pub async fn rename_operator(
        &mut self,
        id: TenantId,
        from: &str,
        to: &str,
    ) -> Result<bool, StoreError> {
        let statement = "UPDATE tenant SET name = $1 \
             WHERE id = $2 AND kind = 'operator' AND name = $3";
        let renamed = sql(statement)
            .bind(to)
            .bind(id.get())
            .bind(from)
            .execute(&mut self.transaction)
            .await?;
        Ok(renamed == 1)
    }

    /// Suspends a tenant right below the scope's, or lets it in again. False when there is none.
    pub async fn suspend_tenant(
        &mut self,
        scope: &Scope,
        id: TenantId,
        suspended: bool,
    ) -> Result<bool, StoreError> {
        let changed = sql("UPDATE tenant SET suspended_at = CASE WHEN $1 \
             THEN COALESCE(suspended_at, $2) ELSE NULL END WHERE id = $3 AND parent_id = $4")
        .bind(suspended)
        .bind(self.now)
        .bind(id.get())
        .bind(scope.tenant().get())
        .execute(&mut self.transaction)
        .await?;
        Ok(changed == 1)
    }

    /// The tenant of the scope's customer or carrier of that name, made when it is missing; `None`
    /// when there is no such resource. `kind` is `customer` or `carrier`.
    pub async fn account_tenant(
        &mut self,
        scope: &Scope,
        kind: &str,
        name: &str,
    ) -> Result<Option<TenantId>, StoreError> {
        let resource: Option<i64> = sql("SELECT id FROM resource \
             WHERE owner = $1 AND kind = $2 AND name = $3 AND deleted_at IS NULL")
        .bind(scope.tenant().get())
        .bind(kind)
        .bind(name)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        let Some(resource) = resource else {
            return Ok(None);
        };
        // The row's own name is never shown; the number keeps it unique when a name is used again.
        sql(
            "INSERT INTO tenant (parent_id, kind, name, resource_id, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (resource_id) DO NOTHING",
        )
        .bind(scope.tenant().get())
        .bind(kind)
        .bind(format!("resource {resource}"))
        .bind(resource)
        .bind(self.now)
        .execute(&mut self.transaction)
        .await?;
        let id = sql("SELECT id FROM tenant WHERE resource_id = $1")
            .bind(resource)
            .fetch_value(&mut self.transaction)
            .await?;
        Ok(Some(TenantId::new(id)))
    }
}

fn tenant(row: &Row) -> Result<TenantRow, StoreError> {
    let (parent, suspended_at): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(6)?);
    Ok(TenantRow {
        id: TenantId::new(row.get(0)?),
        parent: parent.map(TenantId::new),
        kind: row.get(2)?,
        name: row.get(3)?,
        resource_id: row.get(4)?,
        created_at: Timestamp(row.get(5)?),
        suspended_at: suspended_at.map(Timestamp),
        gone: row.get(7)?,
    })
}
