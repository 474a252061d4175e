//! The job that writes the calls that a search finds into a file.

mod table;

use crate::cdr_archive::CallRecords;
use crate::clock;
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::routes::cdr_exports::CdrExportFormat;
use crate::routes::cdrs::asked;
use cdr_archive::Place;
use rating::Timestamp;
use serde::Deserialize;
use std::time::{Duration, Instant};
use store::{
    CDR_EXPORT_JOB, CDR_EXPORT_LIMITS, CdrExportPart, CdrExportRow, CdrParty, CdrQuery, Scope,
    Store,
};
use table::{Table, TableError};
use tokio::sync::Semaphore;

/// Most records of one file: a spreadsheet takes about as many.
pub(crate) const CDR_EXPORT_RECORDS_MAX: u64 = 1_000_000;

/// A million records take some minutes. A search that reads many records and finds few is given up after this.
const WRITING_MAX: Duration = Duration::from_secs(900);

/// Longer than any file is written.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Files that a node writes at a time: mail, pushes and the rest share the node's workers with them.
const WRITING_AT_ONCE: usize = 2;

/// A file that finds no place looks again so much later.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Records that are read at a time.
const PAGE_RECORDS: u32 = 2_000;

/// Bytes of a part, from which on it is written.
const PART_BYTES: usize = 1 << 20;

/// Writes files of calls.
pub struct ExportCdrs {
    store: Store,
    records: CallRecords,
    places: Semaphore,
}

#[derive(Deserialize)]
struct Payload {
    export: i64,
}

/// A run that writes a file.
struct Writing<'a> {
    store: &'a Store,
    run: (i64, i64),
    records: u64,
}

/// Whether a run goes on.
enum Going {
    On,
    /// The file is not wanted any more.
    Out,
}

impl ExportCdrs {
    /// Writes files of that store's records, and of those in that archive.
    pub fn new(store: Store, archive: Option<Place>) -> Self {
        Self {
            records: CallRecords::new(store.clone(), archive),
            store,
            places: Semaphore::new(WRITING_AT_ONCE),
        }
    }

    async fn export(&self, job: &JobRun) -> Result<(), JobFailure> {
        let Payload { export } = job.payload()?;
        let Ok(_place) = self.places.try_acquire() else {
            let until = clock::now().0 + LOOK_AGAIN.as_micros() as i64;
            return Err(JobFailure::PutOff {
                reason: "Other files are being written.".into(),
                until: Timestamp(until),
            });
        };
        let begun = self.store.begin_cdr_export(export, clock::now()).await?;
        let Some((row, number)) = begun else {
            return Ok(());
        };
        let Err(failure) = self.write(job, &row, (export, number)).await else {
            return Ok(());
        };
        let is_last = job.attempt >= job.job.attempts_max;
        let reason = match &failure {
            // What is of the staff and of the machine is nothing to a customer: the job says it.
            JobFailure::Cancelled { by } if row.party == CdrParty::Staff => {
                format!("{by} has cancelled it.")
            }
            JobFailure::Cancelled { .. } => "It was cancelled.".to_owned(),
            JobFailure::GiveUp(reason) => reason.clone(),
            JobFailure::Retry(_) if is_last => "It could not be written: ask once more.".to_owned(),
            _ => return Err(failure),
        };
        let run = (export, number);
        self.store
            .cdr_export_failed(run, &reason, clock::now())
            .await?;
        match failure {
            // That what was asked for cannot be had is told where it was asked; the job is done.
            JobFailure::GiveUp(_) => Ok(()),
            failure => Err(failure),
        }
    }

    async fn write(
        &self,
        run: &JobRun,
        row: &CdrExportRow,
        number: (i64, i64),
    ) -> Result<(), JobFailure> {
        let scope = Scope::of_tenant(row.owner);
        let mut query = query(row)?;
        let wrong = |error: TableError| JobFailure::give_up(&error);
        let mut table = Table::new(CdrExportFormat::of(row), row.party).map_err(wrong)?;
        let mut writing = Writing {
            store: &self.store,
            run: number,
            records: 0,
        };
        run.progress(0, None, "records written").await?;
        let begun = Instant::now();
        loop {
            if begun.elapsed() > WRITING_MAX {
                let reason = "The search takes too long: choose a shorter time, or filters that find more of \
                    what they look at.";
                return Err(JobFailure::GiveUp(reason.into()));
            }
            if !self.store.is_cdr_export_wanted(number).await? {
                return Ok(());
            }
            let page = self.records.page(&scope, &query).await?;
            query.after = page.next;
            writing.records += page.rows.len() as u64;
            if writing.records > CDR_EXPORT_RECORDS_MAX {
                let reason = format!(
                    "These are more than {CDR_EXPORT_RECORDS_MAX} records: choose a shorter time."
                );
                return Err(JobFailure::GiveUp(reason));
            }
            table.add(page.rows).map_err(wrong)?;
            if query.after.is_none() {
                break;
            }
            if table.waiting() >= PART_BYTES
                && let Going::Out = writing.part(table.taken()).await?
            {
                return Ok(());
            }
            run.progress(writing.records, None, "records written")
                .await?;
        }
        let rest = table.finish().map_err(wrong)?;
        if let Going::Out = writing.part(rest).await? {
            return Ok(());
        }
        self.store.cdr_export_ready(number, clock::now()).await?;
        Ok(())
    }
}

impl Writing<'_> {
    async fn part(&self, content: Vec<u8>) -> Result<Going, JobFailure> {
        let (records, now) = (self.records, clock::now());
        let limits = &CDR_EXPORT_LIMITS;
        let added = self
            .store
            .add_cdr_export_part(self.run, &content, records, limits, now)
            .await?;
        match added {
            CdrExportPart::Kept => Ok(Going::On),
            CdrExportPart::NotWanted => Ok(Going::Out),
            CdrExportPart::Full => Err(JobFailure::GiveUp(
                "The files that are kept take as much room as they may: delete some, or choose a \
                 shorter time."
                    .into(),
            )),
        }
    }
}

/// The records up to when they were asked for, so that a file of the oldest first has an end.
fn query(row: &CdrExportRow) -> Result<CdrQuery, JobFailure> {
    let query = asked(row.party, &row.asked);
    let query = query.map_err(|problem| JobFailure::GiveUp(problem.detail))?;
    let asked_at = row.created_at;
    let mut received = query.received;
    received.to = Some(received.to.map_or(asked_at, |to| to.min(asked_at)));
    Ok(CdrQuery {
        limit: PAGE_RECORDS,
        received,
        ..query
    })
}

impl JobHandler for ExportCdrs {
    fn kind(&self) -> &'static str {
        CDR_EXPORT_JOB
    }

    fn timeout(&self) -> Duration {
        EXPORT_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.export(run))
    }
}
