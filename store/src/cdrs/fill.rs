//! Filling the columns for finding calls into records that are older than these columns.
//!
//! Their identifiers go up to one that the migration wrote down; records are gone through in the order
//! of the identifiers, some in a transaction, with the place. The loader writes the columns of what it
//! inserts, so both may write the same row: they write the same.

use super::columns::{
    ATTEMPT_SEARCH_BINDS, CDR_SEARCH_BINDS, attempt_search_values, id_text, joined, search_values,
};
use super::{json, just_behind, records_behind};
use crate::database::{MAX_BINDS, Statement, Transaction, Value, sql};
use crate::{Store, StoreError};
use rating::cdr::{AttemptRecord, CallId, CallRecord};

/// Records in one transaction.
const BATCH_RECORDS: i64 = 500;

/// Rows in one statement.
const STATEMENT_ROWS: usize = 200;
const _: () = assert!(STATEMENT_ROWS * (CDR_SEARCH_BINDS + 1) < MAX_BINDS);
const _: () = assert!(STATEMENT_ROWS * (ATTEMPT_SEARCH_BINDS + 2) < MAX_BINDS);

/// Records between two lines of the log.
const RECORDS_TOLD: u64 = 100_000;

/// How far the records of before can be found by all that they are searched by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CdrSearchFill {
    /// Records that can.
    pub done: u64,
    /// Records that there were.
    pub total: u64,
}

impl Store {
    /// How far the records of before can be found by all filters; `None` when all can.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_search_fill(&self) -> Result<Option<CdrSearchFill>, StoreError> {
        let row = sql("SELECT done, total FROM cdr_fill WHERE name = 'search'")
            .fetch_optional(self.reader())
            .await?;
        row.map(|row| {
            let (done, total) = (row.unsigned(0)?, row.unsigned(1)?);
            Ok(CdrSearchFill { done, total })
        })
        .transpose()
    }

    /// Fills in some records of before; gives whether there may be more.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn fill_cdr_search(&self) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        // It locks the place: of several nodes one fills in at a time.
        let place =
            sql("UPDATE cdr_fill SET done = done WHERE name = 'search' RETURNING call_id, until");
        let Some(place) = place.fetch_optional(&mut transaction).await? else {
            return Ok(false);
        };
        let (behind, until): (String, String) = (place.get(0)?, place.get(1)?);
        let end = just_behind(&until);
        let rows = records_behind(&mut transaction, "id, record", &behind, &end, BATCH_RECORDS);
        let rows = rows.await?;
        let Some(last) = rows.last() else {
            let done = sql("DELETE FROM cdr_fill WHERE name = 'search'");
            done.execute(&mut transaction).await?;
            transaction.commit().await?;
            tracing::info!("all records of before can be found by all filters");
            return Ok(false);
        };
        let last: String = last.get(0)?;
        let mut calls = Vec::with_capacity(rows.len());
        for row in &rows {
            match json::<CallRecord>("cdr", row.get(1)?) {
                Ok(call) => calls.push(call),
                Err(error) => {
                    let id: &str = row.get(0)?;
                    tracing::error!(call = id, %error, "a record cannot be read; some filters do not find it");
                }
            }
        }
        write(&mut transaction, &calls).await?;
        let moved = move_place(&mut transaction, last, rows.len()).await?;
        transaction.commit().await?;
        tell(moved, rows.len());
        Ok(true)
    }
}

async fn move_place(
    transaction: &mut Transaction,
    last: String,
    records: usize,
) -> Result<CdrSearchFill, StoreError> {
    let row = sql(
        "UPDATE cdr_fill SET call_id = $1, done = done + $2 WHERE name = 'search' \
         RETURNING done, total",
    )
    .bind(last)
    .bind(records as i64)
    .fetch_one(transaction)
    .await?;
    let (done, total) = (row.unsigned(0)?, row.unsigned(1)?);
    Ok(CdrSearchFill { done, total })
}

fn tell(fill: CdrSearchFill, records: usize) {
    let CdrSearchFill { done, total } = fill;
    if done / RECORDS_TOLD != done.saturating_sub(records as u64) / RECORDS_TOLD {
        tracing::info!(done, total, "makes records of before known to all filters");
    }
}

async fn write(transaction: &mut Transaction, calls: &[CallRecord]) -> Result<(), StoreError> {
    for calls in calls.chunks(STATEMENT_ROWS) {
        let mut update = sql(
            "UPDATE cdr SET ingress_trunk = v.column2, ingress_call_id = v.column3, \
             called_number_received = v.column4, called_number_reversed = v.column5, \
             rate_card = v.column6, charge_by_rate = v.column7, rate_currency = v.column8, \
             egress_trunk = v.column9, gateway = v.column10, called_number_sent = v.column11, \
             calling_number_sent = v.column12 FROM (",
        );
        update.push_rows(calls, |call| -> [Value; CDR_SEARCH_BINDS + 1] {
            joined([id_text(call.id).into()], search_values(call))
        });
        update.push(") AS v WHERE cdr.id = v.column1");
        push_span(&mut update, " AND cdr.id", calls.iter().map(|call| call.id));
        update.execute(&mut *transaction).await?;
    }
    let attempts: Vec<(CallId, &AttemptRecord)> = calls
        .iter()
        .flat_map(|call| call.attempts.iter().map(move |attempt| (call.id, attempt)))
        .collect();
    for attempts in attempts.chunks(STATEMENT_ROWS) {
        let mut update = sql(
            "UPDATE attempt SET egress_call_id = v.column3, called_number_sent = v.column4, \
             calling_number_sent = v.column5, destination = v.column6, released_by = v.column7 \
             FROM (",
        );
        update.push_rows(
            attempts,
            |(call, attempt)| -> [Value; ATTEMPT_SEARCH_BINDS + 2] {
                let key = [id_text(*call).into(), attempt.number.into()];
                joined(key, attempt_search_values(attempt))
            },
        );
        update.push(") AS v WHERE attempt.call_id = v.column1 AND attempt.number = v.column2");
        let ids = attempts.iter().map(|(call, _)| *call);
        push_span(&mut update, " AND attempt.call_id", ids);
        update.execute(&mut *transaction).await?;
    }
    Ok(())
}

/// Appends between which identifiers the rows are, so that PostgreSQL looks at their days only.
fn push_span(
    update: &mut Statement,
    column: &'static str,
    ids: impl Iterator<Item = CallId> + Clone,
) {
    for (compared, id) in [(" >= ", ids.clone().min()), (" <= ", ids.max())] {
        if let Some(id) = id {
            update.push(column).push(compared).push_bind(id_text(id));
        }
    }
}
