//! The archive of call records: whole days as Parquet files in a folder or a bucket, written by a job each night.
//!
//! A day (UTC) is written when it has been over for a day and its calls have ended; the oldest first, one at a time.
//! A file has up to [`cdr_archive::FILE_CALLS`] records under a name that no other file ever had. It is read back: it must
//! be what was written, to the byte, and its records and amounts those of the database. Then one transaction says that
//! the day is in the archive. A run that is cut off anywhere has changed nothing but files that nobody reads, and the
//! next takes them away.

mod finding;

pub(crate) use finding::CallRecords;

use crate::clock;
use crate::containment::{Part, on_blocking_thread};
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError, date};
use crate::values::CallIdText;
use bytes::Bytes;
use cdr_archive::{
    ArchivedCall, CallsFile, FILE_CALLS, FileError, FileFacts, GROUP_CALLS, Place, PlaceError,
};
use rating::Timestamp;
use rating::cdr::CallId;
use std::error::Error;
use std::time::Duration;
use store::{
    CdrArchiveBegun, CdrArchiveEnded, CdrArchiveFile, CdrDayWait, CdrToArchive, NewJob, Store,
    TRAFFIC_DAY_US, TenantId,
};

const KIND: &str = "maintenance.archive_cdrs";

/// What keys of files begin with.
const FOLDER: &str = "cdr";

/// Writes days of call records into the archive.
pub struct ArchiveCdrs {
    store: Store,
    place: Option<Place>,
    /// Rows of a group, and of a file.
    sizes: (u32, u64),
}

/// A day that is being written.
struct Day<'a> {
    run: &'a JobRun,
    place: &'a Place,
    day: Timestamp,
    /// The number of this run.
    number: i64,
    /// Records that there are.
    records: u64,
    /// Records that are written.
    written: u64,
}

/// Records that cannot be added to a file.
#[derive(Debug, thiserror::Error)]
enum AddError {
    #[error("the record of call {id} cannot be read")]
    Record { id: CallIdText, source: FileError },
    #[error("the amounts of the record of call {id} are not those of its row")]
    Amounts { id: CallIdText },
    #[error(transparent)]
    File(#[from] FileError),
}

/// A file in memory.
struct Made {
    bytes: Bytes,
    facts: FileFacts,
}

/// Each night, before old records are dropped.
pub(crate) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Writes whole days of call records into the archive, when there is one.";
    Schedule::new("archive_cdrs", summary, "40 0 * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, serde_json::json!({}), now).unique("archive_cdrs")
    })
}

impl ArchiveCdrs {
    /// Writes that store's records to a place; without one there is nothing to do.
    pub fn new(store: Store, place: Option<Place>) -> Self {
        Self {
            store,
            place,
            sizes: (GROUP_CALLS, FILE_CALLS),
        }
    }

    #[cfg(test)]
    fn in_groups_of(self, group: u32, file: u64) -> Self {
        Self {
            sizes: (group, file),
            ..self
        }
    }

    /// Archives all days that can be, as of that time.
    ///
    /// # Errors
    /// [`JobFailure`] when a day cannot be written, or the archive has more of one than the database: the days behind it
    /// are archived nevertheless.
    pub async fn archive(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        let before = Timestamp(now.0.saturating_sub(TRAFFIC_DAY_US));
        let (mut days, mut from, mut failed) = (0_u64, Timestamp(0), Vec::new());
        self.remove_left_over(place).await?;
        while let Some(day) = self.store.oldest_cdr_day(from, before).await? {
            from = Timestamp(day.0.saturating_add(TRAFFIC_DAY_US));
            match self.store.begin_archiving_cdrs(day).await? {
                CdrArchiveBegun::Archived | CdrArchiveBegun::Gone => {}
                CdrArchiveBegun::Waits(wait) => {
                    let date = date(day);
                    tracing::warn!(day = %date, %wait, "a day of call records is not archived yet");
                    if let CdrDayWait::ArchiveDiffers { .. } = wait {
                        failed.push(format!("{date}: {wait}"));
                    }
                }
                CdrArchiveBegun::Run {
                    run: number,
                    records,
                } => {
                    let text = format!("records of {} archived; {days} days done", date(day));
                    run.progress(0, Some(records), &text).await?;
                    self.remove_left_over(place).await?;
                    let date = date(day);
                    let day = Day {
                        run,
                        place,
                        day,
                        number,
                        records,
                        written: 0,
                    };
                    match self.write(day).await {
                        Ok(()) => days += 1,
                        // What is wrong with one day keeps no other from the archive.
                        Err(JobFailure::GiveUp(reason)) => {
                            tracing::error!(day = %date, reason, "a day of call records cannot be archived");
                            failed.push(format!("{date}: {reason}"));
                        }
                        Err(failure) => return Err(failure),
                    }
                }
            }
        }
        match failed.first() {
            None => Ok(()),
            Some(first) => Err(JobFailure::GiveUp(format!(
                "{} days of call records cannot be archived; {first}",
                failed.len()
            ))),
        }
    }

    /// Writes a day and says so.
    async fn write(&self, mut day: Day<'_>) -> Result<(), JobFailure> {
        let folder = format!("{FOLDER}/day={}", date(day.day));
        let (mut after, mut file_number) = (None, 1);
        while let Some(made) = self.make(&mut day, &mut after).await? {
            let random = getrandom::u32().unwrap_or(0);
            let key = format!(
                "{folder}/{:05}-{file_number:05}-{random:08x}.parquet",
                day.number
            );
            self.keep(&day, key, made).await?;
            file_number += 1;
        }
        let run = (day.day, day.number);
        match self
            .store
            .end_archiving_cdrs(run, &folder, clock::now())
            .await?
        {
            CdrArchiveEnded::Archived => {
                self.remove_left_over(day.place).await?;
                tracing::info!(day = %date(day.day), records = day.written, "archived a day of call records");
                Ok(())
            }
            CdrArchiveEnded::OtherRun => Err(other_run()),
            CdrArchiveEnded::Moved { there } => Err(JobFailure::Retry(format!(
                "{} records of {} were written, and the database has {there} meanwhile.",
                day.written,
                date(day.day)
            ))),
        }
    }

    /// The next file of a day, in memory; `None` when there are no more records.
    async fn make(
        &self,
        day: &mut Day<'_>,
        after: &mut Option<CallId>,
    ) -> Result<Option<Made>, JobFailure> {
        let mut file = CallsFile::new().map_err(|error| JobFailure::give_up(&error))?;
        while file.records() < self.sizes.1 {
            let limit = self.sizes.0;
            let rows = self.store.cdrs_to_archive(day.day, *after, limit).await?;
            if rows.is_empty() {
                break;
            }
            let (grown, last) = blocking(move || add(file, rows)).await?;
            (file, *after) = (grown, last);
            let written = day.written + file.records();
            let text = format!("records of {} archived", date(day.day));
            day.run.progress(written, Some(day.records), &text).await?;
        }
        let Some((bytes, facts)) = blocking(move || file.finish()).await? else {
            return Ok(None);
        };
        day.written += facts.records;
        Ok(Some(Made { bytes, facts }))
    }

    /// Writes a file and reads it back.
    async fn keep(&self, day: &Day<'_>, key: String, made: Made) -> Result<(), JobFailure> {
        let Made { bytes, facts } = made;
        let file = CdrArchiveFile {
            key,
            records: facts.records,
            bytes: bytes.len() as u64,
            ids: facts.ids,
            received: facts.received,
            attempted: facts.attempted,
        };
        let run = (day.day, day.number);
        if !self.store.add_cdr_archive_file(run, &file).await? {
            return Err(other_run());
        }
        day.place.write(&file.key, bytes.clone()).await?;
        let back = day.place.read(&file.key).await?;
        let is_same = back == bytes;
        drop(bytes);
        let read = blocking(move || FileFacts::read(back)).await?;
        if !is_same || read != Some(facts) {
            let reason = format!("{} does not read as it was written.", file.key);
            return Err(JobFailure::Retry(reason));
        }
        Ok(())
    }

    /// Takes away what runs that were cut off left over, of all days: nobody who reads a folder must count a call twice.
    async fn remove_left_over(&self, place: &Place) -> Result<(), JobFailure> {
        for key in self.store.left_over_cdr_files().await? {
            place.remove(&key).await?;
            self.store.forget_cdr_archive_file(&key).await?;
        }
        Ok(())
    }
}

/// Adds records to a file; gives the last identifier too.
fn add(
    mut file: CallsFile,
    rows: Vec<CdrToArchive>,
) -> Result<(CallsFile, Option<CallId>), AddError> {
    let calls: Vec<ArchivedCall> = rows.into_iter().map(archived).collect::<Result<_, _>>()?;
    file.add(&calls)?;
    let last = calls.last().map(|last| last.call.id);
    Ok((file, last))
}

fn archived(row: CdrToArchive) -> Result<ArchivedCall, AddError> {
    let id = CallIdText(row.id);
    let call = ArchivedCall::new(row.owner, row.record)
        .map_err(|source| AddError::Record { id, source })?;
    let money = call.call.money().unwrap_or_default();
    if (money.charge, money.cost) != (row.charge, row.cost) {
        return Err(AddError::Amounts { id });
    }
    Ok(call)
}

/// Does what takes the processor long where it holds up nothing else.
async fn blocking<T: Send + 'static, E: Error + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, JobFailure> {
    let done = on_blocking_thread(Part::Job, work).await;
    let done = done.map_err(|_| JobFailure::Retry("The program failed; see the log.".into()))?;
    done.map_err(|error| JobFailure::give_up(&error))
}

fn other_run() -> JobFailure {
    JobFailure::Retry("Another run writes the day.".into())
}

impl From<PlaceError> for JobFailure {
    fn from(error: PlaceError) -> Self {
        Self::retry(&error)
    }
}

impl JobHandler for ArchiveCdrs {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(12 * 3_600)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.archive(run, clock::now()))
    }
}

#[cfg(test)]
mod tests;
