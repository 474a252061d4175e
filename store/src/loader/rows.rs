//! Journal entries as rows: one transaction for a batch and its place.

use super::segments::Segment;
use crate::cdrs::{CDR_COLUMNS, CdrColumns, id_text, text_of};
use crate::database::{Database, MAX_BINDS, Transaction};
use crate::{Store, StoreError};
use rating::cdr::{AttemptRecord, CallId, CallRecord, JournalEntry};
use rating::journal::SegmentName;
use sqlx::QueryBuilder;
use std::collections::HashMap;

const CDR_BINDS: usize = 26;
const ATTEMPT_BINDS: usize = 19;
const OPEN_CALL_BINDS: usize = 4;

/// Rows in one statement; more gain nothing.
const STATEMENT_ROWS: usize = 200;
const _: () = assert!(STATEMENT_ROWS * CDR_BINDS < MAX_BINDS);

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loaded {
    /// Ended calls that were new.
    pub(super) records: u64,
    /// Ended calls that were there already.
    pub(super) duplicates: u64,
}

impl Store {
    /// Loads entries of a segment and moves its place, all or nothing.
    pub(super) async fn load(
        &self,
        name: SegmentName,
        segment: &Segment,
        entries: &[JournalEntry],
    ) -> Result<Loaded, StoreError> {
        let (open, ended) = sort(entries);
        let mut transaction = self.write().await?;
        insert_open_calls(&mut transaction, name, &open).await?;
        let records = insert_calls(&mut transaction, &ended).await?;
        delete_open_calls(&mut transaction, &ended).await?;
        segment.save(name, &mut transaction).await?;
        transaction.commit().await?;
        Ok(Loaded {
            records,
            duplicates: ended.len() as u64 - records,
        })
    }

    /// Forgets the place in a segment whose file is gone.
    pub(super) async fn forget_segment(&self, name: SegmentName) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM journal_position WHERE segment = $1")
            .bind(name.to_string())
            .execute(self.writer())
            .await?;
        Ok(())
    }
}

/// The calls that stay open at the end of the batch, and those that ended.
fn sort(entries: &[JournalEntry]) -> (Vec<&CallRecord>, Vec<&CallRecord>) {
    let mut open: HashMap<CallId, &CallRecord> = HashMap::new();
    let mut ended = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            JournalEntry::Answered(call) => {
                open.insert(call.id, call);
            }
            JournalEntry::Ended(call) => {
                open.remove(&call.id);
                ended.push(call);
            }
        }
    }
    (open.into_values().collect(), ended)
}

async fn insert_open_calls(
    transaction: &mut Transaction,
    name: SegmentName,
    calls: &[&CallRecord],
) -> Result<(), StoreError> {
    const { assert!(STATEMENT_ROWS * OPEN_CALL_BINDS < MAX_BINDS) };
    for calls in calls.chunks(STATEMENT_ROWS) {
        let records = calls
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::Encode)?;
        QueryBuilder::<Database>::new("INSERT INTO open_call (id, boot, shard, record) ")
            .push_values(calls.iter().zip(records), |mut row, (call, record)| {
                row.push_bind(id_text(call.id))
                    .push_bind(name.boot.to_string())
                    .push_bind(i64::from(name.shard))
                    .push_bind(record);
            })
            .push(" ON CONFLICT (id) DO NOTHING")
            .build()
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

async fn delete_open_calls(
    transaction: &mut Transaction,
    calls: &[&CallRecord],
) -> Result<(), StoreError> {
    for calls in calls.chunks(STATEMENT_ROWS) {
        let mut sql = QueryBuilder::<Database>::new("DELETE FROM open_call WHERE id IN (");
        let mut ids = sql.separated(", ");
        for call in calls {
            ids.push_bind(id_text(call.id));
        }
        sql.push(")").build().execute(&mut **transaction).await?;
    }
    Ok(())
}

/// Inserts calls and their attempts; gives how many calls were new.
pub(super) async fn insert_calls(
    transaction: &mut Transaction,
    calls: &[&CallRecord],
) -> Result<u64, StoreError> {
    let mut new = 0;
    for calls in calls.chunks(STATEMENT_ROWS) {
        let columns = calls
            .iter()
            .map(|call| CdrColumns::new(call))
            .collect::<Result<Vec<_>, _>>()
            .map_err(StoreError::Encode)?;
        new += insert_cdrs(transaction, columns).await?;
    }
    let attempts: Vec<_> = calls
        .iter()
        .flat_map(|call| call.attempts.iter().map(|attempt| (call.id, attempt)))
        .collect();
    for attempts in attempts.chunks(STATEMENT_ROWS) {
        insert_attempts(transaction, attempts).await?;
    }
    Ok(new)
}

async fn insert_cdrs(
    transaction: &mut Transaction,
    rows: Vec<CdrColumns<'_>>,
) -> Result<u64, StoreError> {
    let mut sql = QueryBuilder::<Database>::new("INSERT INTO cdr (");
    sql.push(CDR_COLUMNS).push(") ");
    sql.push_values(rows, |mut row, columns| {
        let call = columns.call;
        let last = columns.last;
        row.push_bind(id_text(call.id))
            .push_bind(call.node.to_string())
            .push_bind(call.snapshot_number.cast_signed())
            .push_bind(call.received_at.0)
            .push_bind(call.answered_at.map(|at| at.0))
            .push_bind(call.ended_at.0)
            .push_bind(call.customer.as_ref().map(|customer| customer.id))
            .push_bind(
                call.customer
                    .as_ref()
                    .map(|customer| customer.name.to_string()),
            )
            .push_bind(last.map(|attempt| attempt.carrier.id))
            .push_bind(last.map(|attempt| attempt.carrier.name.to_string()))
            .push_bind(call.rate.as_ref().map(|rate| rate.destination.to_string()))
            .push_bind(call.calling_number_received.to_string())
            .push_bind(call.called_number.to_string())
            .push_bind(text_of(&call.outcome))
            .push_bind(i64::from(call.release.sip_status))
            .push_bind(text_of(&call.release.reason))
            .push_bind(text_of(&call.release.by))
            .push_bind(call.duration_ms().cast_signed())
            .push_bind(i64::from(call.charge.billed_seconds))
            .push_bind(call.pdd_ms().map(u64::cast_signed))
            .push_bind(call.attempts.len() as i64)
            .push_bind(call.charge.amount.0)
            .push_bind(columns.cost.0)
            .push_bind(call.margin.0)
            .push_bind(columns.currency.to_string())
            .push_bind(columns.json);
    });
    sql.push(" ON CONFLICT (id) DO NOTHING");
    Ok(sql
        .build()
        .execute(&mut **transaction)
        .await?
        .rows_affected())
}

async fn insert_attempts(
    transaction: &mut Transaction,
    rows: &[(CallId, &AttemptRecord)],
) -> Result<(), StoreError> {
    const { assert!(STATEMENT_ROWS * ATTEMPT_BINDS < MAX_BINDS) };
    let mut sql = QueryBuilder::<Database>::new(
        "INSERT INTO attempt (call_id, number, carrier_id, carrier, egress_trunk_id, \
         egress_trunk, gateway, prefix, started_at, first_reply_at, ringing_at, answered_at, \
         ended_at, outcome, sip_status, release_reason, billed_seconds, cost, currency) ",
    );
    sql.push_values(rows, |mut row, (call, attempt)| {
        row.push_bind(id_text(*call))
            .push_bind(i64::from(attempt.number))
            .push_bind(attempt.carrier.id)
            .push_bind(attempt.carrier.name.to_string())
            .push_bind(attempt.egress_trunk.id)
            .push_bind(attempt.egress_trunk.name.to_string())
            .push_bind(attempt.gateway.to_string())
            .push_bind(attempt.rate.prefix.to_string())
            .push_bind(attempt.started_at.0)
            .push_bind(attempt.first_reply_at.map(|at| at.0))
            .push_bind(attempt.ringing_at.map(|at| at.0))
            .push_bind(attempt.answered_at.map(|at| at.0))
            .push_bind(attempt.ended_at.0)
            .push_bind(text_of(&attempt.outcome))
            .push_bind(i64::from(attempt.release.sip_status))
            .push_bind(text_of(&attempt.release.reason))
            .push_bind(i64::from(attempt.cost.billed_seconds))
            .push_bind(attempt.cost.amount.0)
            .push_bind(attempt.rate.currency.to_string());
    });
    sql.push(" ON CONFLICT (call_id, number) DO NOTHING");
    sql.build().execute(&mut **transaction).await?;
    Ok(())
}
