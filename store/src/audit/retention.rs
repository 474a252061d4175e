//! Taking away what is old, from the beginning on.

use super::append::append;
use super::{AuditActor, NewAuditEntry};
use crate::database::{Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::Timestamp;
use serde_json::json;

impl Store {
    /// Takes away the tenant's oldest entries up to the first that is not before a time, at most
    /// `limit` of them, and tells so in the log. The anchor keeps the number and the hash of the
    /// last one taken, so that the rest still verifies. Gives how many went.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn prune_audit(
        &self,
        tenant: TenantId,
        before: Timestamp,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.write().await?;
        let anchor: Option<i64> =
            sql("SELECT anchor_sequence FROM audit_chain WHERE tenant_id = $1")
                .bind(tenant.get())
                .fetch_optional_value(&mut transaction)
                .await?;
        let Some(anchor) = anchor else { return Ok(0) };
        let last = last_old(&mut transaction, tenant, anchor, before, limit).await?;
        let Some(last) = last else { return Ok(0) };
        let moved = sql(
            "UPDATE audit_chain SET anchor_sequence = $1, anchor_hash = (SELECT hash FROM audit_entry \
             WHERE tenant_id = $2 AND sequence = $1) WHERE tenant_id = $2 AND anchor_sequence = $3",
        )
        .bind(last)
        .bind(tenant.get())
        .bind(anchor)
        .execute(&mut transaction)
        .await?;
        if moved == 0 {
            // Another node prunes.
            return Ok(0);
        }
        let gone = sql("DELETE FROM audit_entry WHERE tenant_id = $1 AND sequence <= $2")
            .bind(tenant.get())
            .bind(last)
            .execute(&mut transaction)
            .await?;
        let actor = AuditActor::system("retention");
        let told = NewAuditEntry::new(tenant, now, actor, "audit.prune");
        let told = told.values(
            None,
            Some(json!({ "entries": gone, "last_sequence": last })),
        );
        append(&mut transaction, &[told]).await?;
        transaction.commit().await?;
        Ok(gone)
    }
}

/// The last of the `limit` entries behind the anchor that are before a time without a younger one
/// among them; looks at no more than these, however long the log is.
async fn last_old(
    transaction: &mut Transaction,
    tenant: TenantId,
    anchor: i64,
    before: Timestamp,
    limit: u32,
) -> Result<Option<i64>, StoreError> {
    let rows = sql(
        "SELECT sequence, created_at FROM audit_entry WHERE tenant_id = $1 AND sequence > $2 \
         ORDER BY sequence LIMIT $3",
    )
    .bind(tenant.get())
    .bind(anchor)
    .bind(limit)
    .fetch_all(transaction)
    .await?;
    let mut last = None;
    for row in &rows {
        if row.get::<i64>(1)? >= before.0 {
            break;
        }
        last = Some(row.get(0)?);
    }
    Ok(last)
}
