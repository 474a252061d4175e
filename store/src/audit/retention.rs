//! Taking away what is old, from the beginning on.

use super::append::append;
use super::{AuditActor, NewAuditEntry};
use crate::database::sql;
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
        let row = sql(
            "SELECT c.anchor_sequence, COALESCE((SELECT MIN(e.sequence) FROM audit_entry e \
             WHERE e.tenant_id = c.tenant_id AND e.created_at >= $1), c.sequence + 1) - 1 \
             FROM audit_chain c WHERE c.tenant_id = $2",
        )
        .bind(before)
        .bind(tenant.get())
        .fetch_optional(&mut transaction)
        .await?;
        let Some(row) = row else { return Ok(0) };
        let (anchor, old): (i64, i64) = (row.get(0)?, row.get(1)?);
        let last = old.min(anchor.saturating_add(i64::from(limit)));
        if last <= anchor {
            return Ok(0);
        }
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
