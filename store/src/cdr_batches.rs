//! Records of calls that another database is to have as well: a queue of the batches in which they were loaded.
//!
//! A loader leaves one row for each of its batches, with the identifiers of what is new, in the transaction that
//! inserts the records; none, unless somebody wants them ([`Store::want_cdr_batches`]). Who sends them takes the oldest
//! ([`Store::next_cdr_batch`]), and takes them away once they are there ([`Store::cdr_batch_sent`]). What is cut off
//! between the two is sent again, by the same name and with the same records.

use crate::cdrs::json;
use crate::database::{Transaction, sql};
use crate::{NewEvent, Store, StoreError, TenantId, events};
use rating::Timestamp;
use rating::cdr::CallRecord;
use std::time::{SystemTime, UNIX_EPOCH};

/// Records that are sent at once, about.
pub const CDR_BATCH_RECORDS: u64 = 10_000;

/// Rows of the queue that are looked at for them.
const ROWS_MAX: u32 = 1_000;

/// Identifiers in one statement.
const IDS_AT_ONCE: usize = 500;

/// Identifiers in one row: what a crash leaves is closed at once, and may be many more than are sent at once.
const ROW_RECORDS_MAX: usize = 2_000;

/// Rows that are given up in one transaction, for which the loader waits.
const DROPPED_AT_ONCE: u32 = 1_000;

/// Records that are to be sent together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CdrBatch {
    /// The number of its first row in the queue.
    pub id: i64,
    /// The numbers of its rows in the queue.
    rows: Vec<i64>,
    /// Identifiers of all its calls, in order: the same whenever it is sent.
    pub ids: Vec<String>,
    /// The calls, with whose they are. Of days that were dropped they are missing.
    pub calls: Vec<(TenantId, CallRecord)>,
}

/// How far the sending is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CdrSink {
    /// Why the last try brought nothing.
    pub failure: Option<String>,
    /// How often in a row that was.
    pub failures: u32,
    /// Not to be tried before.
    pub next_at: Option<Timestamp>,
    /// Records that were sent.
    pub sent: u64,
    /// Records that were given up.
    pub lost: u64,
    /// Whether it was told that records wait for too long.
    pub is_behind: bool,
    /// Records that wait.
    pub waiting: u64,
    /// When the oldest batch was loaded.
    pub oldest_at: Option<Timestamp>,
}

impl Store {
    /// Whether loaders leave batches from now on. When they do not, those that wait are gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn want_cdr_batches(&self, wanted: bool) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        if wanted {
            sql("INSERT INTO cdr_sink (id) VALUES (1) ON CONFLICT (id) DO NOTHING")
                .execute(&mut transaction)
                .await?;
        } else if sql("DELETE FROM cdr_sink")
            .execute(&mut transaction)
            .await?
            > 0
        {
            sql("DELETE FROM cdr_batch")
                .execute(&mut transaction)
                .await?;
        }
        transaction.commit().await
    }

    /// The oldest records that wait, [`CDR_BATCH_RECORDS`] or somewhat more; `None` when none do.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next_cdr_batch(&self) -> Result<Option<CdrBatch>, StoreError> {
        let numbers = self.begin_cdr_batch().await?;
        let Some(id) = numbers.first().copied() else {
            return Ok(None);
        };
        let mut ids = Vec::new();
        let mut list = sql("SELECT ids FROM cdr_batch WHERE id IN (");
        list.push_list(numbers.iter().copied())
            .push(") ORDER BY id");
        for row in list.fetch_all(self.reader()).await? {
            ids.extend(row.get::<&str>(0)?.split(',').map(str::to_owned));
        }
        let mut calls = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS_AT_ONCE) {
            let mut list = sql("SELECT owner, record FROM cdr WHERE id IN (");
            list.push_list(ids).push(") ORDER BY id");
            for row in list.fetch_all(self.reader()).await? {
                calls.push((TenantId::new(row.get(0)?), json("cdr", row.get(1)?)?));
            }
        }
        Ok(Some(CdrBatch {
            id,
            rows: numbers,
            ids,
            calls,
        }))
    }

    /// The rows of the batch that was begun before, or of a new one.
    async fn begin_cdr_batch(&self) -> Result<Vec<i64>, StoreError> {
        let mut transaction = self.write().await?;
        let begun = "SELECT id, records FROM cdr_batch WHERE sent_as = \
             (SELECT MIN(sent_as) FROM cdr_batch WHERE sent_as IS NOT NULL) ORDER BY id";
        let rows = sql(begun).fetch_all(&mut transaction).await?;
        if !rows.is_empty() {
            return rows.iter().map(|row| row.get(0)).collect();
        }
        let oldest = sql("SELECT id, records FROM cdr_batch ORDER BY id LIMIT $1").bind(ROWS_MAX);
        let (mut numbers, mut records) = (Vec::new(), 0);
        for row in &oldest.fetch_all(&mut transaction).await? {
            numbers.push(row.get::<i64>(0)?);
            records += row.unsigned::<u64>(1)?;
            if records >= CDR_BATCH_RECORDS {
                break;
            }
        }
        if let Some(first) = numbers.first().copied() {
            let mut mark = sql("UPDATE cdr_batch SET sent_as = ");
            mark.push_bind(first).push(" WHERE id IN (");
            mark.push_list(numbers.iter().copied()).push(")");
            mark.execute(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(numbers)
    }

    /// The records of a batch are there: it waits no more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_batch_sent(&self, batch: &CdrBatch) -> Result<(), StoreError> {
        let missing = batch.ids.len().saturating_sub(batch.calls.len()) as u64;
        let mut transaction = self.write().await?;
        // Those that were sent and no others: another sender may have begun with one more.
        let mut delete = sql("DELETE FROM cdr_batch WHERE id IN (");
        delete.push_list(batch.rows.iter().copied()).push(")");
        if delete.execute(&mut transaction).await? > 0 {
            sql(
                "UPDATE cdr_sink SET failure = NULL, failures = 0, next_at = 0, sent = sent + $1, \
                 lost = lost + $2",
            )
            .bind(count(batch.calls.len() as u64))
            .bind(count(missing))
            .execute(&mut transaction)
            .await?;
        }
        transaction.commit().await
    }

    /// A batch could not be sent: none is tried before `next_at`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_batch_failed(
        &self,
        failure: &str,
        next_at: Timestamp,
    ) -> Result<(), StoreError> {
        sql("UPDATE cdr_sink SET failure = $1, failures = failures + 1, next_at = $2")
            .bind(failure)
            .bind(next_at)
            .execute(self.writer())
            .await?;
        Ok(())
    }

    /// Gives up batches that were loaded before a moment; gives how many records that were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn drop_cdr_batches(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut all = 0;
        loop {
            let mut transaction = self.write().await?;
            let old = "SELECT id, records FROM cdr_batch WHERE at < $1 ORDER BY at LIMIT $2";
            let old = sql(old).bind(before).bind(DROPPED_AT_ONCE);
            let (mut numbers, mut lost) = (Vec::<i64>::new(), 0_u64);
            for row in &old.fetch_all(&mut transaction).await? {
                numbers.push(row.get(0)?);
                lost += row.unsigned::<u64>(1)?;
            }
            if numbers.is_empty() {
                return Ok(all);
            }
            let mut delete = sql("DELETE FROM cdr_batch WHERE id IN (");
            delete.push_list(numbers).push(")");
            delete.execute(&mut transaction).await?;
            sql("UPDATE cdr_sink SET lost = lost + $1")
                .bind(count(lost))
                .execute(&mut transaction)
                .await?;
            transaction.commit().await?;
            all += lost;
        }
    }

    /// Notes whether records wait for too long, with the event that tells of it; gives whether that is new.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_cdr_sink_behind(
        &self,
        is_behind: bool,
        told: NewEvent,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let noted = sql("UPDATE cdr_sink SET is_behind = $1 WHERE is_behind <> $1")
            .bind(is_behind)
            .execute(&mut transaction)
            .await?;
        if noted > 0 {
            events::append(&mut transaction, &[told], now).await?;
        }
        transaction.commit().await?;
        Ok(noted > 0)
    }

    /// How far the sending is; `None` when no records are wanted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_sink(&self) -> Result<Option<CdrSink>, StoreError> {
        let row = sql(
            "SELECT s.failure, s.failures, s.next_at, s.sent, s.lost, s.is_behind, \
             (SELECT CAST(COALESCE(SUM(records), 0) AS BIGINT) FROM cdr_batch), \
             (SELECT MIN(at) FROM cdr_batch) FROM cdr_sink s",
        )
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            let next_at: i64 = row.get(2)?;
            Ok(CdrSink {
                failure: row.get(0)?,
                failures: row.unsigned(1)?,
                next_at: (next_at > 0).then_some(Timestamp(next_at)),
                sent: row.unsigned(3)?,
                lost: row.unsigned(4)?,
                is_behind: row.get(5)?,
                waiting: row.unsigned(6)?,
                oldest_at: row.get::<Option<i64>>(7)?.map(Timestamp),
            })
        })
        .transpose()
    }
}

/// Leaves the identifiers of records that are new, if they are wanted.
pub(crate) async fn leave_batch(
    transaction: &mut Transaction,
    calls: &[(&CallRecord, TenantId)],
) -> Result<(), StoreError> {
    if calls.is_empty() {
        return Ok(());
    }
    let wanted = sql("SELECT 1 FROM cdr_sink").fetch_optional(&mut *transaction);
    if wanted.await?.is_none() {
        return Ok(());
    }
    // Not when they ended: records that a crash held up must not look as if they had waited here.
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let at = since.map_or(0, |since| {
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    });
    for calls in calls.chunks(ROW_RECORDS_MAX) {
        let ids = calls.iter().map(|(call, _)| crate::cdrs::id_text(call.id));
        sql("INSERT INTO cdr_batch (at, records, ids) VALUES ($1, $2, $3)")
            .bind(at)
            .bind(count(calls.len() as u64))
            .bind(ids.collect::<Vec<String>>().join(","))
            .execute(&mut *transaction)
            .await?;
    }
    Ok(())
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use crate::testing::{self, TestDatabase, TestSegment, ended};
    use crate::{EventQuery, Loader, LoaderConfig, Scope};
    use rating::cdr::JournalEntry;
    use rating::journal::BootId;

    async fn load(store: &Store, database: &TestDatabase, segment: u64, calls: &[CallRecord]) {
        let folder = database.folder().join("journal");
        std::fs::create_dir_all(&folder).unwrap();
        let mut file = TestSegment::create(&folder, 1, segment);
        for call in calls {
            file.append(&JournalEntry::Ended(call.clone()));
        }
        file.seal(true);
        let mut loader = Loader::new(store.clone(), LoaderConfig::new(folder, BootId(2)));
        loader.recover().await.unwrap();
    }

    fn calls(numbers: std::ops::Range<u32>) -> Vec<CallRecord> {
        numbers.map(ended).collect()
    }

    #[tokio::test]
    async fn what_is_loaded_waits_once_and_only_if_it_is_wanted() {
        testing::databases(async |database| {
            let store = database.open().await;
            load(&store, database, 1, &calls(0..3)).await;
            assert_eq!(store.cdr_sink().await.unwrap(), None);
            assert_eq!(store.next_cdr_batch().await.unwrap(), None);
            store.want_cdr_batches(true).await.unwrap();
            store.want_cdr_batches(true).await.unwrap();
            // Those that come again are not new.
            load(&store, database, 2, &calls(2..7)).await;
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert!(sink.waiting == 4 && sink.oldest_at.is_some());
            let batch = store.next_cdr_batch().await.unwrap().unwrap();
            let told: Vec<_> = batch.calls.iter().map(|(_, call)| call.clone()).collect();
            assert_eq!(told, calls(3..7));
            assert_eq!(batch.calls[0].0, TenantId::PLATFORM);

            // What comes while it is sent does not join it: it is sent again as it was.
            load(&store, database, 3, &calls(7..9)).await;
            store
                .cdr_batch_failed("no connection", Timestamp(9))
                .await
                .unwrap();
            assert_eq!(store.next_cdr_batch().await.unwrap().unwrap(), batch);
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert_eq!((sink.failures, sink.next_at), (1, Some(Timestamp(9))));
            store.cdr_batch_sent(&batch).await.unwrap();
            store.cdr_batch_sent(&batch).await.unwrap();
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert_eq!((sink.sent, sink.lost, sink.waiting), (4, 0, 2));
            assert_eq!((sink.failure, sink.next_at), (None, None));
            let rest = store.next_cdr_batch().await.unwrap().unwrap();
            assert_eq!(rest.calls.len(), 2);

            store.want_cdr_batches(false).await.unwrap();
            load(&store, database, 4, &calls(9..10)).await;
            store.want_cdr_batches(true).await.unwrap();
            assert_eq!(store.next_cdr_batch().await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn a_long_queue_is_sent_in_parts_and_the_oldest_of_it_is_given_up() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.want_cdr_batches(true).await.unwrap();
            for number in 0..6 {
                let text = "INSERT INTO cdr_batch (at, records, ids) VALUES ($1, 4000, 'a,b')";
                let row = sql(text).bind(Timestamp(number * 1_000));
                row.execute(store.writer()).await.unwrap();
            }
            let batch = store.next_cdr_batch().await.unwrap().unwrap();
            assert_eq!(batch.ids.len(), 6, "three of the rows");
            store.cdr_batch_sent(&batch).await.unwrap();
            // Records that are not there any more were not sent.
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert_eq!((sink.waiting, sink.lost), (12_000, 6));
            assert_eq!(
                store.drop_cdr_batches(Timestamp(5_000)).await.unwrap(),
                8_000
            );
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert_eq!((sink.waiting, sink.lost), (4_000, 8_006));

            let event = || NewEvent {
                tenant: TenantId::PLATFORM,
                kind: "clickhouse.behind".into(),
                subject: "clickhouse".into(),
                actor: "switch".into(),
                data: serde_json::json!({}),
            };
            let note = async |is_behind| {
                let noted = store.note_cdr_sink_behind(is_behind, event(), Timestamp(1));
                noted.await.unwrap()
            };
            assert!(note(true).await && !note(true).await && note(false).await);
            let query = EventQuery {
                limit: 10,
                ..EventQuery::default()
            };
            let scope = Scope::of_tenant(TenantId::PLATFORM);
            assert_eq!(store.events(&scope, &query).await.unwrap().len(), 2);
        })
        .await;
    }

    #[tokio::test]
    async fn a_sender_takes_away_what_it_has_sent_and_nothing_that_another_began_with_it() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.want_cdr_batches(true).await.unwrap();
            load(&store, database, 1, &calls(0..2)).await;
            let first = store.next_cdr_batch().await.unwrap().unwrap();
            // A loader's transaction that was open meanwhile: the second sender sees its row, too.
            load(&store, database, 2, &calls(2..3)).await;
            let marked = sql("UPDATE cdr_batch SET sent_as = $1").bind(first.id);
            marked.execute(store.writer()).await.unwrap();
            let second = store.next_cdr_batch().await.unwrap().unwrap();
            assert_eq!((first.calls.len(), second.calls.len()), (2, 3));
            store.cdr_batch_sent(&first).await.unwrap();
            let rest = store.next_cdr_batch().await.unwrap().unwrap();
            assert_eq!(rest.calls[0].1, ended(2));
            store.cdr_batch_sent(&second).await.unwrap();
            assert_eq!(store.next_cdr_batch().await.unwrap(), None);
        })
        .await;
    }

    #[tokio::test]
    async fn what_a_crash_leaves_waits_in_parts_and_a_long_queue_is_given_up_whole() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.want_cdr_batches(true).await.unwrap();
            let calls = calls(0..u32::try_from(ROW_RECORDS_MAX).unwrap() + 1);
            let new: Vec<_> = calls
                .iter()
                .map(|call| (call, TenantId::PLATFORM))
                .collect();
            let mut transaction = store.write().await.unwrap();
            leave_batch(&mut transaction, &new).await.unwrap();
            transaction.commit().await.unwrap();
            let rows = "SELECT COUNT(*) FROM cdr_batch";
            let rows: i64 = sql(rows).fetch_value(store.writer()).await.unwrap();
            assert_eq!(rows, 2);
            let batch = store.next_cdr_batch().await.unwrap().unwrap();
            assert_eq!(batch.ids.len(), calls.len());

            let mut rows = 2;
            while rows <= i64::from(DROPPED_AT_ONCE) {
                let twice =
                    "INSERT INTO cdr_batch (at, records, ids) SELECT 1, 1, 'a' FROM cdr_batch";
                sql(twice).execute(store.writer()).await.unwrap();
                rows *= 2;
            }
            let lost = store.drop_cdr_batches(Timestamp(2)).await.unwrap();
            assert_eq!(lost, rows.unsigned_abs() - 2);
            let sink = store.cdr_sink().await.unwrap().unwrap();
            assert_eq!((sink.lost, sink.waiting), (lost, calls.len() as u64));
        })
        .await;
    }
}
