//! Filling in the records that are older than the sums.
//!
//! Their identifiers go up to one that the migration wrote down. Records are gone through in the order
//! of the identifiers, some in a transaction, with the place. A record of such an identifier may still
//! come from a journal meanwhile: the loader leaves it to this when its place was not reached, and
//! adds it itself when it was. Both lock the row of the place first, so there is no third case.

use super::sums::{Traffic, add_call};
use super::write::add;
use crate::cdrs::{json, just_behind, records_behind};
use crate::database::{Lock, Transaction, sql};
use crate::{Store, StoreError, TenantId};
use rating::cdr::CallRecord;

/// Records in one transaction.
const BATCH_RECORDS: i64 = 2_000;

/// Records between two lines of the log.
const RECORDS_TOLD: u64 = 100_000;

/// How far the records of before are in the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrafficFill {
    /// Records that are.
    pub done: u64,
    /// Records that there were.
    pub total: u64,
}

/// Identifiers behind the first, up to the second: their records are still to be filled in.
pub(super) struct Waiting(String, String);

impl Waiting {
    pub(super) fn contains(&self, id: &str) -> bool {
        *id > *self.0 && *id <= *self.1
    }
}

/// What is still to be filled in. It keeps sums from being made anew and locks the place until the end of the transaction.
pub(super) async fn waiting(transaction: &mut Transaction) -> Result<Option<Waiting>, StoreError> {
    transaction.share(Lock::Traffic).await?;
    let place =
        sql("UPDATE cdr_fill SET done = done WHERE name = 'traffic' RETURNING call_id, until");
    let row = place.fetch_optional(transaction).await?;
    row.map(|row| Ok(Waiting(row.get(0)?, row.get(1)?)))
        .transpose()
}

impl Store {
    /// How far the records of before are in the sums; `None` when all are.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn traffic_fill(&self) -> Result<Option<TrafficFill>, StoreError> {
        let row = sql("SELECT done, total FROM cdr_fill WHERE name = 'traffic'")
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| {
            let (done, total) = (row.unsigned(0)?, row.unsigned(1)?);
            Ok(TrafficFill { done, total })
        })
        .transpose()
    }

    /// Fills in some records of before; gives whether there may be more.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn fill_traffic(&self) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let Some(Waiting(behind, until)) = waiting(&mut transaction).await? else {
            return Ok(false);
        };
        let (columns, end) = ("id, owner, record", just_behind(&until));
        let rows = records_behind(&mut transaction, columns, &behind, &end, BATCH_RECORDS);
        let rows = rows.await?;
        let Some(last) = rows.last() else {
            let done = sql("DELETE FROM cdr_fill WHERE name = 'traffic'");
            done.execute(&mut transaction).await?;
            transaction.commit().await?;
            tracing::info!("reports have all records of before");
            return Ok(false);
        };
        let last: String = last.get(0)?;
        let mut traffic = Traffic::new();
        for row in &rows {
            match json::<CallRecord>("cdr", row.get(2)?) {
                Ok(call) => add_call(&mut traffic, &call, TenantId::new(row.get(1)?)),
                Err(error) => {
                    let id: &str = row.get(0)?;
                    tracing::error!(call = id, %error, "a record cannot be read; reports are without it");
                }
            }
        }
        add(&mut transaction, &traffic).await?;
        let moved = sql(
            "UPDATE cdr_fill SET call_id = $1, done = done + $2 WHERE name = 'traffic' \
             RETURNING done, total",
        );
        let moved = moved.bind(last).bind(rows.len() as i64);
        let moved = moved.fetch_one(&mut transaction).await?;
        transaction.commit().await?;
        let (done, total): (u64, u64) = (moved.unsigned(0)?, moved.unsigned(1)?);
        if done / RECORDS_TOLD != (done - rows.len() as u64) / RECORDS_TOLD {
            tracing::info!(
                done,
                total,
                "fills records of before into the sums of reports"
            );
        }
        Ok(true)
    }
}
