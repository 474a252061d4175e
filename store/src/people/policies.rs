//! How the people of a tenant sign in.

use super::PeopleWrite;
use crate::database::sql;
use crate::{Scope, Store, StoreError, TenantId};
use rating::Timestamp;

/// The sign-in policy of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPolicyRow {
    /// Whose it is.
    pub tenant: TenantId,
    /// 1 for the first.
    pub version: u64,
    /// The policy as JSON.
    pub policy: String,
    /// When it was written.
    pub updated_at: Timestamp,
    /// Who wrote it.
    pub updated_by: String,
}

impl Store {
    /// The policies that these tenants have, in no order.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn sign_in_policies(
        &self,
        tenants: &[TenantId],
    ) -> Result<Vec<SignInPolicyRow>, StoreError> {
        if tenants.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = sql("SELECT tenant_id, version, policy, updated_at, updated_by \
            FROM sign_in_policy WHERE tenant_id IN (");
        query
            .push_list(tenants.iter().map(|tenant| tenant.get()))
            .push(")");
        let rows = query.fetch_all(self.reader()).await?;
        rows.iter()
            .map(|row| {
                Ok(SignInPolicyRow {
                    tenant: TenantId::new(row.get(0)?),
                    version: row.unsigned(1)?,
                    policy: row.get(2)?,
                    updated_at: Timestamp(row.get(3)?),
                    updated_by: row.get(4)?,
                })
            })
            .collect()
    }
}

impl PeopleWrite {
    /// Writes the policy of the tenant when its version is `based_on` still, 0 for none. Gives the new
    /// version; `None` when another was faster.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn put_sign_in_policy(
        &mut self,
        scope: &Scope,
        policy: &str,
        author: &str,
        based_on: u64,
    ) -> Result<Option<u64>, StoreError> {
        let version: Option<i64> = sql("INSERT INTO sign_in_policy \
             (tenant_id, version, policy, updated_at, updated_by) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (tenant_id) DO UPDATE SET version = excluded.version, \
             policy = excluded.policy, updated_at = excluded.updated_at, \
             updated_by = excluded.updated_by \
             WHERE sign_in_policy.version = excluded.version - 1 RETURNING version")
        .bind(scope.tenant().get())
        .bind(based_on.cast_signed() + 1)
        .bind(policy)
        .bind(self.now)
        .bind(author)
        .fetch_optional_value(&mut self.transaction)
        .await?;
        Ok(version.map(i64::unsigned_abs))
    }
}
