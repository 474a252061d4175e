#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::*;
use crate::jobs::{CdrRetention, PruneCdrs};
use cdr_archive::ParquetTable;
use rating::journal::BootId;
use std::path::Path;
use store::testing::{self, TestDatabase};
use store::{CdrDayState, JobQuery, Loader, LoaderConfig, Scope};
use tempfile::TempDir;

/// Noon of 1 March 2026, when the calls of the journal were received.
const NOON: i64 = 1_772_366_400_000_000;

const DAY: Timestamp = Timestamp(NOON - TRAFFIC_DAY_US / 2);

const CALLS: u32 = 30;

struct Archive {
    store: Store,
    folder: TempDir,
    place: Place,
}

impl Archive {
    async fn of(database: &TestDatabase) -> Self {
        testing::write_journal(database.folder(), CALLS);
        Self::loaded(database).await
    }

    /// The journal of a folder, loaded.
    async fn loaded(database: &TestDatabase) -> Self {
        let store = database.open().await;
        let config = LoaderConfig::new(database.folder().into(), BootId(2));
        Loader::new(store.clone(), config).recover().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = Place::folder(folder.path()).unwrap();
        Self {
            store,
            folder,
            place,
        }
    }

    async fn run(&self) -> JobRun {
        a_run(&self.store).await
    }

    /// Archives as so many days after the calls.
    async fn archive(&self, days: i64) -> Result<(), JobFailure> {
        let handler = ArchiveCdrs::new(self.store.clone(), Some(self.place.clone()));
        let at = Timestamp(NOON + days * TRAFFIC_DAY_US);
        handler.archive(&self.run().await, at).await
    }

    async fn prune(&self, place: Option<Place>) -> Result<(), JobFailure> {
        let keep = CdrRetention {
            days: Some(32),
            archived: true,
        };
        let handler = PruneCdrs::new(self.store.clone(), keep, place);
        handler.run(&self.run().await).await
    }

    async fn state(&self) -> Option<(CdrDayState, u64, u64)> {
        let days = self.store.cdr_days(None, 9).await.unwrap();
        assert!(days.len() <= 1, "{days:?}");
        let day = days.first()?;
        assert_eq!(day.day, DAY);
        Some((day.state, day.records, day.files.0))
    }

    /// The files that are there, whoever knows of them.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.push(name(self.folder.path(), &path)),
                }
            }
        }
        files.sort();
        files
    }

    /// The files that are the day.
    async fn known(&self) -> Vec<String> {
        let files = self.store.cdr_archive_files(DAY).await.unwrap();
        files.into_iter().map(|file| file.key).collect()
    }
}

/// A run of the job.
pub(super) async fn a_run(store: &Store) -> JobRun {
    let now = clock::now();
    let job = schedule().unwrap().job(now);
    store.enqueue_job(&job, now).await.unwrap();
    let jobs = JobQuery {
        limit: 1,
        ..JobQuery::default()
    };
    let scope = Scope::of_tenant(TenantId::PLATFORM);
    JobRun::new(store.jobs(&scope, &jobs).await.unwrap().remove(0), 1)
}

fn name(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap().display().to_string()
}

#[tokio::test]
async fn a_day_is_archived_once_with_every_record_to_the_byte_and_every_amount_to_the_nano_unit() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        archive.archive(1).await.unwrap();
        assert_eq!(archive.state().await, None, "the day is not over for a day");
        archive.archive(2).await.unwrap();
        let rows = archive
            .store
            .cdrs_to_archive(DAY, None, 1_000)
            .await
            .unwrap();
        assert_eq!(rows.len(), CALLS as usize);
        let archived = (CdrDayState::Archived, u64::from(CALLS), 1);
        assert_eq!(archive.state().await, Some(archived));
        let known = archive.known().await;
        assert_eq!(archive.files(), known);
        assert!(
            known[0].starts_with("cdr/day=2026-03-01/00001-00001-"),
            "{known:?}"
        );
        let file = std::fs::read(archive.folder.path().join(&known[0])).unwrap();
        let table = ParquetTable::open(file).unwrap();
        let records: Vec<_> = rows.iter().map(|row| Some(row.record.clone())).collect();
        assert_eq!(table.texts("record").unwrap(), records);
        let owners: Vec<_> = rows.iter().map(|row| Some(row.owner)).collect();
        assert_eq!(table.numbers("tenant_id").unwrap(), owners);
        for (column, sum) in [
            ("charge", "SELECT CAST(SUM(charge) AS BIGINT) FROM cdr"),
            ("cost", "SELECT CAST(SUM(cost) AS BIGINT) FROM cdr"),
            ("margin", "SELECT CAST(SUM(margin) AS BIGINT) FROM cdr"),
            (
                "duration_ms",
                "SELECT CAST(SUM(duration_ms) AS BIGINT) FROM cdr",
            ),
            (
                "received_at",
                "SELECT CAST(SUM(received_at) AS BIGINT) FROM cdr",
            ),
            ("attempts", "SELECT CAST(SUM(attempts) AS BIGINT) FROM cdr"),
        ] {
            let written: i64 = table.numbers(column).unwrap().into_iter().flatten().sum();
            assert_eq!(
                written,
                testing::number(&archive.store, sum).await,
                "{column}"
            );
        }
        archive.archive(3).await.unwrap();
        assert_eq!(archive.known().await, known, "it is not written again");
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_leaves_nothing_that_counts_and_the_next_takes_it_away() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        let CdrArchiveBegun::Run { run, records, .. } =
            archive.store.begin_archiving_cdrs(DAY).await.unwrap()
        else {
            panic!("it is not begun");
        };
        assert_eq!(records, u64::from(CALLS));
        let handler = ArchiveCdrs::new(archive.store.clone(), Some(archive.place.clone()));
        let job = archive.run().await;
        let mut day = Day {
            run: &job,
            place: &archive.place,
            day: DAY,
            number: run,
            records,
            written: 0,
        };
        let made = handler.make(&mut day, &mut None).await.unwrap().unwrap();
        handler
            .keep(&day, "cdr/cut-off.parquet".into(), made)
            .await
            .unwrap();
        assert_eq!(archive.files(), ["cdr/cut-off.parquet"]);
        assert_eq!(
            (archive.known().await.len(), archive.state().await),
            (0, None)
        );
        // Another node begins meanwhile: the first writes nothing more, and does not end it.
        let made = handler.make(&mut day, &mut None).await.unwrap().unwrap();
        archive.archive(2).await.unwrap();
        let late = handler.keep(&day, "cdr/late.parquet".into(), made).await;
        assert!(matches!(late, Err(JobFailure::Retry(_))), "{late:?}");
        let ended = archive
            .store
            .end_archiving_cdrs((DAY, run), "cdr", DAY)
            .await;
        assert_eq!(ended.unwrap(), CdrArchiveEnded::OtherRun);
        let known = archive.known().await;
        assert_eq!((archive.files(), known.len()), (known, 1));
    })
    .await;
}

#[tokio::test]
async fn a_day_that_grew_is_archived_anew_and_one_that_shrank_is_kept_and_told() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        archive.archive(2).await.unwrap();
        let first = archive.known().await;
        let grown = "UPDATE cdr_day SET rows = rows - 1, archived_at = NULL";
        testing::execute(&archive.store, grown).await;
        archive.archive(3).await.unwrap();
        let second = archive.known().await;
        assert_ne!(first, second);
        assert_eq!(archive.files(), second, "the earlier ones went");
        testing::execute(
            &archive.store,
            "DELETE FROM cdr WHERE id = (SELECT MAX(id) FROM cdr)",
        )
        .await;
        testing::execute(&archive.store, "UPDATE cdr_day SET archived_at = NULL").await;
        let told = archive.archive(4).await;
        let Err(JobFailure::GiveUp(reason)) = told else {
            panic!("{told:?}")
        };
        assert!(
            reason.contains("2026-03-01: the archive has 30 records and the database 29"),
            "{reason}"
        );
        assert_eq!(archive.files(), second);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_torn_is_named_and_keeps_no_other_day_from_the_archive() {
    testing::databases(async |database| {
        let calls = (0..10).map(|number| {
            let day = i64::from(number % 2) * TRAFFIC_DAY_US;
            testing::received(Timestamp(NOON + day), number)
        });
        testing::write_ended_calls(database.folder(), calls);
        let archive = Archive::loaded(database).await;
        let first = archive.store.cdrs_to_archive(DAY, None, 1).await.unwrap();
        let id = CallIdText(first[0].id);
        for (torn, told) in [
            (
                "UPDATE cdr SET charge = charge + 1 WHERE id = (SELECT MIN(id) FROM cdr)",
                "not those of its row",
            ),
            (
                "UPDATE cdr SET record = '{' WHERE id = (SELECT MIN(id) FROM cdr)",
                "cannot be read",
            ),
        ] {
            testing::execute(&archive.store, torn).await;
            let failed = archive.archive(9).await;
            let Err(JobFailure::GiveUp(reason)) = failed else {
                panic!("{failed:?}")
            };
            assert!(reason.contains("2026-03-01: the "), "{reason}");
            assert!(
                reason.contains(&id.to_string()) && reason.contains(told),
                "{reason}"
            );
            let days = archive.store.cdr_days(None, 9).await.unwrap();
            let days: Vec<_> = days
                .iter()
                .map(|day| (day.day.0, day.state, day.records))
                .collect();
            assert_eq!(days, [(DAY.0 + TRAFFIC_DAY_US, CdrDayState::Archived, 5)]);
        }
    })
    .await;
}

#[tokio::test]
async fn files_that_were_left_over_go_though_their_day_is_archived_or_gone() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        archive.archive(2).await.unwrap();
        let known = archive.known().await;
        // Ended, and cut off before the files of an earlier run went; another day was cut off, and dropped unarchived.
        for text in [
            "INSERT INTO cdr_archive_file SELECT 'cdr/earlier.parquet', day, 0, records, bytes, first_id, last_id, \
             first_received, last_received, first_attempt, last_attempt FROM cdr_archive_file",
            "INSERT INTO cdr_archive_file SELECT 'cdr/gone.parquet', 0, 1, records, bytes, first_id, last_id, \
             first_received, last_received, first_attempt, last_attempt FROM cdr_archive_file WHERE run = 1",
            "INSERT INTO cdr_archive_run (day, run) VALUES (0, 1)",
            "INSERT INTO cdr_day (day, state, rows) VALUES (0, 'dropped', 1)",
        ] {
            testing::execute(&archive.store, text).await;
        }
        for name in ["cdr/earlier.parquet", "cdr/gone.parquet"] {
            std::fs::write(archive.folder.path().join(name), "left").unwrap();
        }
        archive.archive(3).await.unwrap();
        assert_eq!(archive.files(), known);
        assert_eq!(archive.known().await, known);
    })
    .await;
}

#[tokio::test]
async fn a_day_is_not_archived_while_more_of_it_may_come() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        testing::execute(
            &archive.store,
            "INSERT INTO open_call (id, boot, shard, record) \
             SELECT id, 'b', 0, '' FROM cdr ORDER BY id LIMIT 1",
        )
        .await;
        archive.archive(9).await.unwrap();
        assert_eq!((archive.state().await, archive.files().len()), (None, 0));
        testing::execute(&archive.store, "DELETE FROM open_call").await;
        archive.archive(9).await.unwrap();
        assert!(archive.state().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_day_is_dropped_when_its_files_are_there_and_stays_when_one_is_lost() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        archive.archive(2).await.unwrap();
        let file = archive.folder.path().join(&archive.known().await[0]);
        let aside = archive.folder.path().join("aside");
        std::fs::rename(&file, &aside).unwrap();
        for place in [Some(archive.place.clone()), None] {
            let told = archive.prune(place).await;
            assert!(matches!(told, Err(JobFailure::GiveUp(_))), "{told:?}");
        }
        let whole = std::fs::read(&aside).unwrap();
        std::fs::write(&file, &whole[1..]).unwrap();
        let told = archive.prune(Some(archive.place.clone())).await;
        assert!(matches!(told, Err(JobFailure::GiveUp(_))), "{told:?}");
        assert_eq!(
            testing::number(&archive.store, "SELECT COUNT(*) FROM cdr").await,
            i64::from(CALLS)
        );
        std::fs::write(&file, &whole).unwrap();
        archive.prune(Some(archive.place.clone())).await.unwrap();
        let dropped = (CdrDayState::Dropped, u64::from(CALLS), 1);
        assert_eq!(archive.state().await, Some(dropped));
        assert_eq!(
            testing::number(&archive.store, "SELECT COUNT(*) FROM cdr").await,
            0
        );
        archive.archive(99).await.unwrap();
        assert_eq!(archive.state().await, Some(dropped));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_written_fails_the_job_and_changes_nothing() {
    testing::databases(async |database| {
        let archive = Archive::of(database).await;
        std::fs::write(archive.folder.path().join("cdr"), "in the way").unwrap();
        let failed = archive.archive(2).await;
        let Err(JobFailure::Retry(reason)) = failed else {
            panic!("{failed:?}")
        };
        assert!(reason.contains("cannot be used"), "{reason}");
        assert_eq!(archive.state().await, None);
        std::fs::remove_file(archive.folder.path().join("cdr")).unwrap();
        archive.archive(2).await.unwrap();
        assert_eq!(archive.files(), archive.known().await);
    })
    .await;
}
