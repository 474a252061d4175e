//! Dropping days of records that are old enough.
//!
//! A day is dropped when the books and the sums of reports hold it: its records are compared with both first. From
//! then on it is *dropping*, and what a journal still brings of it goes to `cdr_late` ([`keep_late`]). On PostgreSQL
//! its partition goes as a whole; where it has none, and on SQLite, its records go some in a transaction. What their
//! columns added up to is kept in the same transaction, so that the books can still be held against all calls
//! that ever were.

use super::days::{DAY_MS, LOCK_TIMEOUT, begins, day_name, has_partition};
use super::{Between, id_text};
use crate::database::{Dialect, Lock, Transaction, sql};
use crate::{Store, StoreError};
use rating::Timestamp;
use rating::cdr::CallId;
use std::collections::BTreeSet;

/// Records that are dropped in one transaction where a day does not go as a whole.
const BATCH_RECORDS: u64 = 2_000;

pub(super) const DAY_US: i64 = DAY_MS * 1_000;

/// Why a day is not dropped now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CdrDayWait {
    /// The archive has not got it.
    #[error("it is not archived")]
    NotArchived,
    /// It has other records than the archive.
    #[error("the archive has {archived} records and the database {there}")]
    ArchiveDiffers {
        /// In the archive.
        archived: i64,
        /// In the database.
        there: i64,
    },
    /// Calls of it have not ended, as far as the journal is loaded.
    #[error("{0} calls of it have not ended, or their journal is not loaded")]
    OpenCalls(i64),
    /// Records of an earlier release are being posted or filled in.
    #[error(
        "records of earlier releases are not all in the ledger, the reports and the search yet"
    )]
    Filling,
    /// A preview of a re-rating reads calls.
    #[error("a re-rating reads calls")]
    Rerating,
    /// The books or the sums of reports are not what its records say.
    #[error("the ledger or the reports differ from its records in {0} places")]
    Differs(u64),
}

/// What went of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedRecords {
    /// Records of calls, now.
    pub records: u64,
    /// None is left.
    pub all: bool,
}

/// A day whose records were dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedCdrDay {
    /// Its first moment.
    pub day: Timestamp,
    /// When its last record went; `None` while they are going.
    pub dropped_at: Option<Timestamp>,
    /// Where the archive has it.
    pub archive_key: Option<String>,
}

/// Days whose records were dropped, among those of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DroppedCdrDays {
    /// How many.
    pub days: u64,
    /// The first moment of the first of them.
    pub from: Timestamp,
    /// The first moment behind the last. Days between may be there.
    pub to: Timestamp,
}

/// The first microsecond of the day of an identifier.
pub(crate) fn day_of(id: CallId) -> i64 {
    let millis = (id.0 >> 80) as i64;
    millis.div_euclid(DAY_MS) * DAY_US
}

/// What identifiers of a day begin at, and what they are before.
pub(super) fn span(day: i64) -> (String, String) {
    let millis = day.div_euclid(1_000);
    (begins(millis), begins(millis + DAY_MS))
}

/// Days of which records are gone, or go.
pub(crate) async fn dropped_days(on: &mut Transaction) -> Result<BTreeSet<i64>, StoreError> {
    let rows = sql("SELECT day FROM cdr_day WHERE state <> 'archived'")
        .fetch_all(on)
        .await?;
    rows.iter().map(|row| row.get(0)).collect()
}

impl Store {
    /// The first day at or after one time, and before that of another, that has records.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn oldest_cdr_day(
        &self,
        from: Timestamp,
        before: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let before = before.0.div_euclid(DAY_US) * DAY_MS;
        let first = sql("SELECT MIN(id) FROM cdr WHERE id >= $1 AND id < $2")
            .bind(begins(from.0.div_euclid(1_000)))
            .bind(begins(before))
            .fetch_value::<Option<String>>(self.reader())
            .await?;
        let millis = first.and_then(|id| i64::from_str_radix(id.get(..12)?, 16).ok());
        Ok(millis.map(|millis| Timestamp(millis.div_euclid(DAY_MS) * DAY_US)))
    }

    /// The day of a call, when its records were dropped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dropped_cdr_day(&self, id: CallId) -> Result<Option<DroppedCdrDay>, StoreError> {
        let day = day_of(id);
        let row = sql(
            "SELECT dropped_at, archive_key FROM cdr_day WHERE day = $1 AND state <> 'archived'",
        )
        .bind(day)
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            Ok(DroppedCdrDay {
                day: Timestamp(day),
                dropped_at: row.get::<Option<i64>>(0)?.map(Timestamp),
                archive_key: row.get(1)?,
            })
        })
        .transpose()
    }

    /// The days of a span whose records were dropped, or are going; `None`: none. `unarchived`: of these, those that the
    /// archive has not got.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dropped_cdr_days(
        &self,
        span: Between<Timestamp>,
        unarchived: bool,
    ) -> Result<Option<DroppedCdrDays>, StoreError> {
        let mut select =
            sql("SELECT COUNT(*), MIN(day), MAX(day) FROM cdr_day WHERE state <> 'archived'");
        if let Some(from) = span.from {
            select.push(" AND day > ");
            select.push_bind(from.0.saturating_sub(DAY_US));
        }
        if let Some(to) = span.to {
            select.push(" AND day < ").push_bind(to.0);
        }
        if unarchived {
            select.push(" AND archived_at IS NULL");
        }
        let row = select.fetch_one(self.reader()).await?;
        let (first, last): (Option<i64>, Option<i64>) = (row.get(1)?, row.get(2)?);
        let days = row.unsigned(0)?;
        Ok(first.zip(last).map(|(first, last)| DroppedCdrDays {
            days,
            from: Timestamp(first),
            to: Timestamp(last.saturating_add(DAY_US)),
        }))
    }

    /// Says that a day's records go, when nothing needs them; gives why they stay otherwise. `archived`: only when the
    /// archive has them all. One that was begun goes on.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn begin_dropping_cdrs(
        &self,
        day: Timestamp,
        archived: bool,
    ) -> Result<Option<CdrDayWait>, StoreError> {
        let day = day.0.div_euclid(DAY_US) * DAY_US;
        let mut moment = self.reader().begin_moment().await?;
        if dropped_days(&mut moment).await?.contains(&day) {
            return Ok(None);
        }
        if let Some(wait) = waits(&mut moment, day, archived).await? {
            return Ok(Some(wait));
        }
        drop(moment);
        let differences = self.differences_of_day(day).await?;
        if differences > 0 {
            return Ok(Some(CdrDayWait::Differs(differences)));
        }
        let mut transaction = self.write().await?;
        // No loader adds records until the day is said to go.
        transaction.lock(Lock::Traffic).await?;
        if let Some(wait) = waits(&mut transaction, day, archived).await? {
            return Ok(Some(wait));
        }
        let there = records_of(&mut transaction, day).await?;
        sql(
            "INSERT INTO cdr_day (day, state, rows) VALUES ($1, 'dropping', $2) \
             ON CONFLICT (day) DO UPDATE SET state = 'dropping'",
        )
        .bind(day)
        .bind(there)
        .execute(&mut transaction)
        .await?;
        transaction.commit().await?;
        Ok(None)
    }

    async fn differences_of_day(&self, day: i64) -> Result<u64, StoreError> {
        let traffic = self.verify_calls_of_day(Timestamp(day)).await?;
        let (from, to) = span(day);
        let ledger = self.verify_ledger_between(from, to).await?;
        Ok(traffic.differences_total + traffic.unreadable + ledger.differences_total)
    }

    /// Drops records of a day that is said to go.
    ///
    /// # Errors
    /// [`StoreError`], also when somebody reads all records for long, such as a backup; nothing has changed then.
    pub async fn drop_some_cdrs(
        &self,
        day: Timestamp,
        now: Timestamp,
    ) -> Result<DroppedRecords, StoreError> {
        let day = day.0;
        let mut transaction = self.write().await?;
        if transaction.dialect() == Dialect::Postgres {
            sql(LOCK_TIMEOUT).execute(&mut transaction).await?;
        }
        transaction.lock(Lock::CdrDays).await?;
        let going = sql(
            "UPDATE cdr_day SET state = state WHERE day = $1 AND state = 'dropping' \
             RETURNING rows",
        )
        .bind(day)
        .fetch_optional(&mut transaction)
        .await?;
        if going.is_none() {
            return Ok(DroppedRecords {
                records: 0,
                all: true,
            });
        }
        let dropped = match partition(&mut transaction, day).await? {
            Some(name) => drop_partition(&mut transaction, day, &name).await?,
            None => drop_batch(&mut transaction, day).await?,
        };
        let done = sql(
            "UPDATE cdr_day SET dropped = dropped + $1, state = $2, dropped_at = $3 \
             WHERE day = $4",
        )
        .bind(dropped.records as i64)
        .bind(if dropped.all { "dropped" } else { "dropping" })
        .bind(dropped.all.then_some(now))
        .bind(day);
        done.execute(&mut transaction).await?;
        transaction.commit().await?;
        Ok(dropped)
    }
}

/// Who needs a day's records, or may bring more.
async fn waits(
    on: &mut Transaction,
    day: i64,
    archived: bool,
) -> Result<Option<CdrDayWait>, StoreError> {
    let row = sql("SELECT archived_at, rows, archive_key FROM cdr_day WHERE day = $1")
        .bind(day)
        .fetch_optional(&mut *on)
        .await?;
    let mut is_whole = false;
    if let Some(row) = row
        && row.get::<Option<String>>(2)?.is_some()
    {
        let (archived, there) = (row.get(1)?, records_of(on, day).await?);
        if there != archived {
            return Ok(Some(CdrDayWait::ArchiveDiffers { archived, there }));
        }
        is_whole = row.get::<Option<i64>>(0)?.is_some();
    }
    if archived && !is_whole {
        return Ok(Some(CdrDayWait::NotArchived));
    }
    if let Some(wait) = more_comes(&mut *on, day).await? {
        return Ok(Some(wait));
    }
    let previews: i64 = sql("SELECT COUNT(*) FROM rerating WHERE state = 'previewing'")
        .fetch_value(on)
        .await?;
    Ok((previews > 0).then_some(CdrDayWait::Rerating))
}

/// What may still bring records of a day, or change their columns.
pub(super) async fn more_comes(
    on: &mut Transaction,
    day: i64,
) -> Result<Option<CdrDayWait>, StoreError> {
    let (from, to) = span(day);
    let open: i64 = sql("SELECT COUNT(*) FROM open_call WHERE id >= $1 AND id < $2")
        .bind(from)
        .bind(to)
        .fetch_value(&mut *on)
        .await?;
    if open > 0 {
        return Ok(Some(CdrDayWait::OpenCalls(open)));
    }
    let filling: i64 =
        sql("SELECT (SELECT COUNT(*) FROM cdr_fill) + (SELECT COUNT(*) FROM ledger_catch_up)")
            .fetch_value(on)
            .await?;
    Ok((filling > 0).then_some(CdrDayWait::Filling))
}

pub(super) async fn records_of(on: &mut Transaction, day: i64) -> Result<i64, StoreError> {
    let (from, to) = span(day);
    sql("SELECT COUNT(*) FROM cdr WHERE id >= $1 AND id < $2")
        .bind(from)
        .bind(to)
        .fetch_value(on)
        .await
}

/// What the partitions of a day are called, when it has its own.
async fn partition(on: &mut Transaction, day: i64) -> Result<Option<String>, StoreError> {
    if on.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let name = day_name(on, day.div_euclid(DAY_US)).await?;
    Ok(has_partition(on, &name).await?.then_some(name))
}

async fn drop_partition(
    on: &mut Transaction,
    day: i64,
    name: &str,
) -> Result<DroppedRecords, StoreError> {
    let (from, to) = span(day);
    let records = records_of(on, day).await?.unsigned_abs();
    keep_sums(on, &from, &to).await?;
    let mut gone = sql("DROP TABLE ");
    gone.push_name(&format!("cdr_{name}")).push(", ");
    gone.push_name(&format!("attempt_{name}"));
    gone.execute(on).await?;
    Ok(DroppedRecords { records, all: true })
}

async fn drop_batch(on: &mut Transaction, day: i64) -> Result<DroppedRecords, StoreError> {
    let (from, to) = span(day);
    // The first that stays.
    let stays: Option<String> =
        sql("SELECT id FROM cdr WHERE id >= $1 AND id < $2 ORDER BY id LIMIT 1 OFFSET $3")
            .bind(&from)
            .bind(&to)
            .bind(BATCH_RECORDS as i64)
            .fetch_optional_value(&mut *on)
            .await?;
    let all = stays.is_none();
    let to = stays.unwrap_or(to);
    keep_sums(on, &from, &to).await?;
    sql("DELETE FROM attempt WHERE call_id >= $1 AND call_id < $2")
        .bind(&from)
        .bind(&to)
        .execute(&mut *on)
        .await?;
    let records = sql("DELETE FROM cdr WHERE id >= $1 AND id < $2")
        .bind(from)
        .bind(to)
        .execute(on)
        .await?;
    Ok(DroppedRecords { records, all })
}

/// Keeps what the columns of the records between two identifiers add up to.
async fn keep_sums(on: &mut Transaction, from: &str, to: &str) -> Result<(), StoreError> {
    for query in [
        "SELECT 'customer', customer_id, CAST(SUM(-charge / 1000000000) AS BIGINT), \
         CAST(SUM(-charge % 1000000000) AS BIGINT) FROM cdr \
         WHERE customer_id IS NOT NULL AND charge <> 0 AND id >= $1 AND id < $2 \
         GROUP BY customer_id",
        "SELECT 'revenue', owner, CAST(SUM(charge / 1000000000) AS BIGINT), \
         CAST(SUM(charge % 1000000000) AS BIGINT) FROM cdr \
         WHERE customer_id IS NOT NULL AND charge <> 0 AND id >= $1 AND id < $2 GROUP BY owner",
        "SELECT 'cost_of_sales', owner, CAST(SUM(-cost / 1000000000) AS BIGINT), \
         CAST(SUM(-cost % 1000000000) AS BIGINT) FROM cdr \
         WHERE cost <> 0 AND id >= $1 AND id < $2 GROUP BY owner",
    ] {
        for row in sql(query).bind(from).bind(to).fetch_all(&mut *on).await? {
            let (kind, party): (String, i64) = (row.get(0)?, row.get(1)?);
            add_sum(on, &kind, party, row.get(2)?, row.get(3)?).await?;
        }
    }
    Ok(())
}

/// Adds to what dropped records of an account add up to.
pub(crate) async fn add_sum(
    on: &mut Transaction,
    kind: &str,
    party: i64,
    units: i64,
    nanos: i64,
) -> Result<(), StoreError> {
    // Nano-units stay below a thousand million on either side of zero, so they never grow out of their column.
    sql(
        "INSERT INTO cdr_dropped_sum AS s (kind, party, units, nanos) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (kind, party) DO UPDATE SET \
         units = s.units + excluded.units + (s.nanos + excluded.nanos) / 1000000000, \
         nanos = (s.nanos + excluded.nanos) % 1000000000",
    )
    .bind(kind)
    .bind(party)
    .bind(units + nanos / 1_000_000_000)
    .bind(nanos % 1_000_000_000)
    .execute(on)
    .await?;
    Ok(())
}

/// Those of some calls whose day is dropped, or is being dropped.
pub(crate) async fn of_dropped_days(
    on: &mut Transaction,
    calls: impl Iterator<Item = CallId> + Clone,
) -> Result<BTreeSet<CallId>, StoreError> {
    let days: BTreeSet<i64> = calls.clone().map(day_of).collect();
    if days.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut select = sql("SELECT day FROM cdr_day WHERE state <> 'archived' AND day IN (");
    select.push_list(days).push(")");
    let rows = select.fetch_all(on).await?;
    let gone: BTreeSet<i64> = rows
        .iter()
        .map(|row| row.get(0))
        .collect::<Result<_, _>>()?;
    Ok(calls.filter(|id| gone.contains(&day_of(*id))).collect())
}

/// Keeps a record whose day is dropped.
pub(crate) async fn keep_late(
    on: &mut Transaction,
    id: CallId,
    record: String,
) -> Result<(), StoreError> {
    sql("INSERT INTO cdr_late (id, record) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING")
        .bind(id_text(id))
        .bind(record)
        .execute(on)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
