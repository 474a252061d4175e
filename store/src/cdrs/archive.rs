//! Days of call records in the archive: who writes them, which files they are.
//!
//! A run takes a number for its day; the latest number counts, so of two nodes that write a day one stops. Each file is
//! said before it is written, so that what a run leaves over is known and goes with the next. The day is in the archive
//! when one transaction says so, in which it has as many records as were written. Files of a day are never replaced
//! by fewer records.
//!
//! Who loads a record of a day that is in the archive takes its `archived_at` away ([`mark_grown`]), so no day that is
//! there is counted again: days in the archive are ever more.

use super::columns::{id_of, id_text};
use super::query::{CdrCursor, CdrOrder, CdrQuery};
use super::retention::{DAY_US, day_of, more_comes, records_of, span};
use crate::database::{Lock, Row, Transaction, sql};
use crate::{CdrDayWait, CdrParty, Store, StoreError};
use rating::cdr::CallId;
use rating::{Amount, Timestamp};
use std::collections::BTreeSet;

/// The files that are days which the database has no more, or less and less of.
const OF_DROPPED_DAYS: &str = "SELECT f.key, f.records, f.bytes, f.first_id, f.last_id, \
    f.first_received, f.last_received, f.first_attempt, f.last_attempt FROM cdr_archive_file f \
    JOIN cdr_archive_run r ON r.day = f.day AND r.archived_run = f.run \
    JOIN cdr_day d ON d.day = f.day WHERE d.state <> 'archived'";

/// How a day stands before it is archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CdrArchiveBegun {
    /// This run writes it.
    Run {
        /// Its number.
        run: i64,
        /// Records that there are.
        records: u64,
    },
    /// It is in the archive, and no record of it was loaded since.
    Archived,
    /// Not now.
    Waits(CdrDayWait),
    /// Its records are dropped, or are going.
    Gone,
}

/// What became of a day that a run has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrArchiveEnded {
    /// It is in the archive.
    Archived,
    /// Another run writes it.
    OtherRun,
    /// The database has another number of records meanwhile.
    Moved {
        /// As many.
        there: i64,
    },
}

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrArchiveFile {
    /// Its name.
    pub key: String,
    /// Records.
    pub records: u64,
    /// Bytes.
    pub bytes: u64,
    /// The first identifier and the last.
    pub ids: (CallId, CallId),
    /// When the first call was received, and the last.
    pub received: (Timestamp, Timestamp),
    /// When the first attempt began, and the last.
    pub attempted: Option<(Timestamp, Timestamp)>,
}

/// A record to be archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrToArchive {
    /// Which call it is.
    pub id: CallId,
    /// Its tenant.
    pub owner: i64,
    /// The record, as JSON.
    pub record: String,
    /// What its row has as charge, in the currency of the books.
    pub charge: Amount,
    /// What its row has as cost.
    pub cost: Amount,
}

/// How a day of records stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrDayRow {
    /// Its first moment.
    pub day: Timestamp,
    /// Archived, dropping or dropped.
    pub state: CdrDayState,
    /// Records that it had when it was archived, or else when dropping began.
    pub records: u64,
    /// When it was archived; `None` also when records of it were loaded since.
    pub archived_at: Option<Timestamp>,
    /// Where in the archive it is.
    pub archive_key: Option<String>,
    /// In how many files, and how long they are together.
    pub files: (u64, u64),
    /// When its last record was dropped from the database.
    pub dropped_at: Option<Timestamp>,
}

/// Where the records of a day are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CdrDayState {
    /// In the database and in the archive.
    Archived,
    /// They go from the database.
    Dropping,
    /// In the database no more.
    Dropped,
}

impl Store {
    /// Begins a run that writes a day into the archive, when it is whole and is not there yet.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn begin_archiving_cdrs(
        &self,
        day: Timestamp,
    ) -> Result<CdrArchiveBegun, StoreError> {
        let day = day.0.div_euclid(DAY_US) * DAY_US;
        // Counting takes long: nobody who writes waits for it. What changes meanwhile is seen when the run ends.
        let mut moment = self.reader().begin_moment().await?;
        let known = sql("SELECT state, rows, archived_at FROM cdr_day WHERE day = $1");
        let known = known.bind(day).fetch_optional(&mut moment).await?;
        let mut archived = 0;
        if let Some(row) = known {
            if row.get::<&str>(0)? != "archived" {
                return Ok(CdrArchiveBegun::Gone);
            }
            if row.get::<Option<i64>>(2)?.is_some() {
                return Ok(CdrArchiveBegun::Archived);
            }
            archived = row.get(1)?;
        }
        let there = records_of(&mut moment, day).await?;
        if archived > there {
            let wait = CdrDayWait::ArchiveDiffers { archived, there };
            return Ok(CdrArchiveBegun::Waits(wait));
        }
        if let Some(wait) = more_comes(&mut moment, day).await? {
            return Ok(CdrArchiveBegun::Waits(wait));
        }
        drop(moment);
        let mut transaction = self.write().await?;
        let run: i64 = sql(
            "INSERT INTO cdr_archive_run AS r (day, run) VALUES ($1, 1) \
             ON CONFLICT (day) DO UPDATE SET run = r.run + 1 RETURNING run",
        )
        .bind(day)
        .fetch_value(&mut transaction)
        .await?;
        transaction.commit().await?;
        Ok(CdrArchiveBegun::Run {
            run,
            records: there.unsigned_abs(),
        })
    }

    /// Records of a day behind an identifier, in the order of identifiers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdrs_to_archive(
        &self,
        day: Timestamp,
        after: Option<CallId>,
        limit: u32,
    ) -> Result<Vec<CdrToArchive>, StoreError> {
        let (from, to) = span(day.0);
        let mut page = sql("SELECT id, owner, record, charge, cost FROM cdr WHERE id >= ");
        page.push_bind(from).push(" AND id < ").push_bind(to);
        if let Some(after) = after {
            page.push(" AND id > ").push_bind(id_text(after));
        }
        page.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
        let rows = page.fetch_all(self.reader()).await?;
        let row = |row: &Row| {
            Ok(CdrToArchive {
                id: id_of(row.get(0)?),
                owner: row.get(1)?,
                record: row.get(2)?,
                charge: Amount(row.get(3)?),
                cost: Amount(row.get(4)?),
            })
        };
        rows.iter().map(row).collect()
    }

    /// Says that a run is about to write a file; gives whether the run still counts.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn add_cdr_archive_file(
        &self,
        (day, run): (Timestamp, i64),
        file: &CdrArchiveFile,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        if !is_latest(&mut transaction, day, run).await? {
            return Ok(false);
        }
        let (first, last) = file.ids;
        sql(
            "INSERT INTO cdr_archive_file (key, day, run, records, bytes, first_id, last_id, \
             first_received, last_received, first_attempt, last_attempt) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(&file.key)
        .bind(day)
        .bind(run)
        .bind(count(file.records))
        .bind(count(file.bytes))
        .bind(id_text(first))
        .bind(id_text(last))
        .bind(file.received.0)
        .bind(file.received.1)
        .bind(file.attempted.map(|(first, _)| first.0))
        .bind(file.attempted.map(|(_, last)| last.0))
        .execute(&mut transaction)
        .await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Says that the files of a run are the day, when the database has as many records as they have.
    ///
    /// # Errors
    /// [`StoreError`]; nothing has changed then.
    pub async fn end_archiving_cdrs(
        &self,
        (day, run): (Timestamp, i64),
        key: &str,
        now: Timestamp,
    ) -> Result<CdrArchiveEnded, StoreError> {
        let mut transaction = self.write().await?;
        // No loader adds records until the day is said to be archived.
        transaction.lock(Lock::Traffic).await?;
        if !is_latest(&mut transaction, day, run).await? {
            return Ok(CdrArchiveEnded::OtherRun);
        }
        let written: Option<i64> = sql(
            "SELECT CAST(SUM(records) AS BIGINT) FROM cdr_archive_file WHERE day = $1 AND run = $2",
        )
        .bind(day)
        .bind(run)
        .fetch_value(&mut transaction)
        .await?;
        let there = records_of(&mut transaction, day.0).await?;
        if written != Some(there) {
            return Ok(CdrArchiveEnded::Moved { there });
        }
        let archived = sql(
            "INSERT INTO cdr_day AS d (day, state, rows, archived_at, archive_key) \
             VALUES ($1, 'archived', $2, $3, $4) ON CONFLICT (day) DO UPDATE SET \
             rows = excluded.rows, archived_at = excluded.archived_at, \
             archive_key = excluded.archive_key \
             WHERE d.state = 'archived' AND d.rows <= excluded.rows RETURNING day",
        )
        .bind(day)
        .bind(there)
        .bind(now)
        .bind(key)
        .fetch_optional(&mut transaction)
        .await?;
        if archived.is_none() {
            return Ok(CdrArchiveEnded::Moved { there });
        }
        sql("UPDATE cdr_archive_run SET archived_run = run WHERE day = $1")
            .bind(day)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(CdrArchiveEnded::Archived)
    }

    /// Files that no day in the archive has and no run writes any more, of all days: of runs before the latest, and of any
    /// run when the day goes from the database, or is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn left_over_cdr_files(&self) -> Result<Vec<String>, StoreError> {
        let rows = sql(
            "SELECT f.key FROM cdr_archive_file f JOIN cdr_archive_run r ON r.day = f.day \
             LEFT JOIN cdr_day d ON d.day = f.day WHERE f.run <> COALESCE(r.archived_run, 0) \
             AND (f.run < r.run OR d.state <> 'archived') ORDER BY f.key",
        )
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Forgets a file that is in the archive no more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_cdr_archive_file(&self, key: &str) -> Result<(), StoreError> {
        let forget = sql("DELETE FROM cdr_archive_file WHERE key = $1").bind(key);
        forget.execute(self.writer()).await?;
        Ok(())
    }

    /// The files that are a day in the archive, in the order of identifiers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn cdr_archive_files(
        &self,
        day: Timestamp,
    ) -> Result<Vec<CdrArchiveFile>, StoreError> {
        let rows = sql(
            "SELECT f.key, f.records, f.bytes, f.first_id, f.last_id, f.first_received, \
             f.last_received, f.first_attempt, f.last_attempt FROM cdr_archive_file f \
             JOIN cdr_archive_run r ON r.day = f.day AND r.archived_run = f.run \
             WHERE f.day = $1 ORDER BY f.first_id",
        )
        .bind(day)
        .fetch_all(self.reader())
        .await?;
        rows.iter().map(file).collect()
    }

    /// Files of dropped days that may have rows of a list, whoever's they are: of its span of time, behind its place and, when
    /// `bound` is given, not behind that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dropped_cdr_files(
        &self,
        query: &CdrQuery,
        bound: Option<CdrCursor>,
    ) -> Result<Vec<CdrArchiveFile>, StoreError> {
        let (first, last) = match query.party {
            CdrParty::Staff | CdrParty::Customer(_) => ("f.first_received", "f.last_received"),
            CdrParty::Carrier(_) => ("f.first_attempt", "f.last_attempt"),
        };
        let time = |place: Option<CdrCursor>| place.map(|place| place.received_at);
        // Between which times the list goes on.
        let (from, to) = match query.order {
            CdrOrder::NewestFirst => (time(bound), time(query.after)),
            CdrOrder::OldestFirst => (time(query.after), time(bound)),
        };
        let mut list = sql(OF_DROPPED_DAYS);
        for from in [from, query.received.from].into_iter().flatten() {
            list.push(" AND ").push(last).push(" >= ").push_bind(from);
        }
        if let Some(to) = to {
            list.push(" AND ").push(first).push(" <= ").push_bind(to);
        }
        if let Some(to) = query.received.to {
            list.push(" AND ").push(first).push(" < ").push_bind(to);
        }
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(file).collect()
    }

    /// The file that has the record of that identifier, if any has, when its day is dropped.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn dropped_cdr_file(&self, id: CallId) -> Result<Option<CdrArchiveFile>, StoreError> {
        let mut one = sql(OF_DROPPED_DAYS);
        one.push(" AND f.day = ").push_bind(day_of(id));
        one.push(" AND f.first_id <= ").push_bind(id_text(id));
        one.push(" AND f.last_id >= ").push_bind(id_text(id));
        let row = one.fetch_optional(self.reader()).await?;
        row.as_ref().map(file).transpose()
    }

    /// The days that were archived or dropped, the latest first: those before one, when it is given.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or holds what cannot be read.
    pub async fn cdr_days(
        &self,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<CdrDayRow>, StoreError> {
        let mut list = sql(
            "SELECT d.day, d.state, d.rows, d.archived_at, d.archive_key, d.dropped_at, \
             (SELECT COUNT(*) FROM cdr_archive_file f JOIN cdr_archive_run r \
              ON r.day = f.day AND r.archived_run = f.run WHERE f.day = d.day), \
             (SELECT CAST(COALESCE(SUM(f.bytes), 0) AS BIGINT) FROM cdr_archive_file f \
              JOIN cdr_archive_run r ON r.day = f.day AND r.archived_run = f.run \
              WHERE f.day = d.day) FROM cdr_day d",
        );
        if let Some(before) = before {
            list.push(" WHERE d.day < ").push_bind(before);
        }
        list.push(" ORDER BY d.day DESC LIMIT ");
        list.push_bind(i64::from(limit));
        let rows = list.fetch_all(self.reader()).await?;
        rows.iter().map(day_row).collect()
    }
}

async fn is_latest(on: &mut Transaction, day: Timestamp, run: i64) -> Result<bool, StoreError> {
    // The row stays locked until the transaction ends, so no other run begins meanwhile.
    let latest =
        sql("UPDATE cdr_archive_run SET run = run WHERE day = $1 AND run = $2 RETURNING day");
    let latest = latest.bind(day).bind(run).fetch_optional(on).await?;
    Ok(latest.is_some())
}

/// Says of the days of some new calls that the archive has not got them whole any more.
pub(crate) async fn mark_grown(
    on: &mut Transaction,
    new: impl Iterator<Item = CallId>,
) -> Result<(), StoreError> {
    let days: BTreeSet<i64> = new.map(day_of).collect();
    if days.is_empty() {
        return Ok(());
    }
    let mut mark = sql(
        "UPDATE cdr_day SET archived_at = NULL WHERE state = 'archived' AND archived_at IS NOT NULL \
         AND day IN (",
    );
    mark.push_list(days).push(")");
    mark.execute(on).await?;
    Ok(())
}

fn file(row: &Row) -> Result<CdrArchiveFile, StoreError> {
    let attempted = (row.get::<Option<i64>>(7)?, row.get::<Option<i64>>(8)?);
    let at = |place: usize| Ok::<_, StoreError>(Timestamp(row.get(place)?));
    Ok(CdrArchiveFile {
        key: row.get(0)?,
        records: row.unsigned(1)?,
        bytes: row.unsigned(2)?,
        ids: (id_of(row.get(3)?), id_of(row.get(4)?)),
        received: (at(5)?, at(6)?),
        attempted: attempted.0.map(Timestamp).zip(attempted.1.map(Timestamp)),
    })
}

fn day_row(row: &Row) -> Result<CdrDayRow, StoreError> {
    Ok(CdrDayRow {
        day: Timestamp(row.get(0)?),
        state: match row.get::<&str>(1)? {
            "archived" => CdrDayState::Archived,
            "dropping" => CdrDayState::Dropping,
            "dropped" => CdrDayState::Dropped,
            _ => return Err(StoreError::column("state", "no state of a day")),
        },
        records: row.unsigned(2)?,
        archived_at: row.get::<Option<i64>>(3)?.map(Timestamp),
        archive_key: row.get(4)?,
        dropped_at: row.get::<Option<i64>>(5)?.map(Timestamp),
        files: (row.unsigned(6)?, row.unsigned(7)?),
    })
}

/// A count as a column has it.
fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
