//! Posting the calls that are older than the books.

use super::calls::post_calls;
use crate::cdrs::{json, records_behind};
use crate::database::sql;
use crate::loader::Owners;
use crate::{Store, StoreError, TenantId};
use rating::cdr::CallRecord;

/// Records in one transaction.
const BATCH_RECORDS: i64 = 2_000;

/// Sorts behind every identifier.
const BEHIND: &str = "~";

/// Transactions between two lines of the log.
const BATCHES_TOLD: u64 = 50;

impl Store {
    /// Posts the records of calls that were in the database before it had books, each once; gives
    /// how many entries that made. Where that is done, it costs one look.
    ///
    /// # Errors
    /// [`StoreError`]; what was done until then stays done.
    pub async fn post_earlier_calls(&self) -> Result<u64, StoreError> {
        let mut entries = 0;
        let mut batches = 0_u64;
        while let Some(posted) = self.post_some_earlier_calls().await? {
            entries += posted;
            batches += 1;
            if batches.is_multiple_of(BATCHES_TOLD) {
                tracing::info!(entries, "posts the calls that are older than the ledger");
            }
        }
        if entries > 0 {
            tracing::info!(entries, "posted the calls that are older than the ledger");
        }
        Ok(entries)
    }

    /// One batch, with the place behind it; `None` when there is no more.
    async fn post_some_earlier_calls(&self) -> Result<Option<u64>, StoreError> {
        let mut transaction = self.write().await?;
        let place = sql("SELECT call_id FROM ledger_catch_up WHERE id = 1");
        let Some(place) = place
            .fetch_optional_value::<String>(&mut transaction)
            .await?
        else {
            return Ok(None);
        };
        let columns = "id, owner, record";
        let rows = records_behind(&mut transaction, columns, &place, BEHIND, BATCH_RECORDS);
        let rows = rows.await?;
        let Some(last) = rows.last() else {
            let done = sql("DELETE FROM ledger_catch_up");
            done.execute(&mut transaction).await?;
            transaction.commit().await?;
            return Ok(None);
        };
        let last: String = last.get(0)?;
        let mut calls: Vec<(CallRecord, TenantId)> = Vec::with_capacity(rows.len());
        for row in &rows {
            calls.push((json("cdr", row.get(2)?)?, TenantId::new(row.get(1)?)));
        }
        let records: Vec<&CallRecord> = calls.iter().map(|(call, _)| call).collect();
        let owners = Owners::of(&mut transaction, &records).await?;
        let calls: Vec<_> = calls.iter().map(|(call, owner)| (call, *owner)).collect();
        let posted = post_calls(&mut transaction, &calls, owners.known()).await?;
        sql("UPDATE ledger_catch_up SET call_id = $1 WHERE id = 1")
            .bind(last)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(posted))
    }
}
