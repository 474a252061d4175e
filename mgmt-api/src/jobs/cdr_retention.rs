//! What keeps call records from growing without end, where that is wanted.

use super::{JobFailure, JobFuture, JobHandler, JobRun, Schedule, ScheduleError};
use crate::clock;
use cdr_archive::{Place, PlaceError};
use rating::Timestamp;
use serde_json::json;
use std::time::Duration;
use store::{CDR_PARTITIONS_MAX, CdrDayWait, NewEvent, NewJob, Store, TRAFFIC_DAY_US, TenantId};

const KIND: &str = "maintenance.prune_cdrs";

/// Fewest days that call records are kept: the longest month, and a day for what a clock or a time zone is off.
pub const CDR_KEEP_DAYS_MIN: u32 = 32;

/// Partitions that are left when it is told: two months of days, a week of them made ahead.
const DAYS_LEFT_TOLD: u64 = 60;

/// How long call records are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CdrRetention {
    /// Days; `None`: for ever.
    pub days: Option<u32>,
    /// A day that is not in the archive stays.
    pub archived: bool,
}

/// A day that waits for the archive for so long beyond its time fails the job: the archive is not well.
const ARCHIVE_GRACE_US: i64 = 2 * TRAFFIC_DAY_US;

/// Drops days of call records that are old enough.
pub struct PruneCdrs {
    store: Store,
    keep: CdrRetention,
    archive: Option<Place>,
    partitions_max: u64,
}

impl PruneCdrs {
    /// A handler that keeps them so long, beside that archive.
    pub fn new(store: Store, keep: CdrRetention, archive: Option<Place>) -> Self {
        Self {
            store,
            keep,
            archive,
            partitions_max: CDR_PARTITIONS_MAX,
        }
    }

    /// Tells each night that no days of records can be made before long.
    async fn tell_of_partitions(&self) -> Result<(), JobFailure> {
        let partitions = self.store.cdr_partitions().await?;
        let left = self.partitions_max.saturating_sub(partitions);
        if left > DAYS_LEFT_TOLD {
            return Ok(());
        }
        tracing::error!(
            partitions,
            left,
            "soon no days of call records can be made: keep them for fewer days"
        );
        let event = NewEvent {
            tenant: TenantId::PLATFORM,
            kind: "cdr.days_run_out".into(),
            subject: "cdr".into(),
            actor: "system".into(),
            data: json!({ "partitions": partitions, "left": left }),
        };
        Ok(self.store.append_events(&[event], clock::now()).await?)
    }

    async fn prune(&self, run: &JobRun, now: Timestamp) -> Result<(), JobFailure> {
        let Some(days) = self.keep.days else {
            return Ok(());
        };
        let keep = i64::from(days.max(CDR_KEEP_DAYS_MIN)) * TRAFFIC_DAY_US;
        let before = Timestamp(now.0.saturating_sub(keep));
        let (mut gone, mut from) = (Gone::default(), Timestamp(0));
        while let Some(day) = self.store.oldest_cdr_day(from, before).await? {
            from = Timestamp(day.0.saturating_add(TRAFFIC_DAY_US));
            if let Some(lost) = self.lost_in_archive(day).await? {
                gone.lost(day, lost);
                continue;
            }
            let begun = self.store.begin_dropping_cdrs(day, self.keep.archived);
            match begun.await? {
                Some(wait) => gone.wait(day, wait, before),
                None => self.drop_day(run, day, &mut gone).await?,
            }
        }
        gone.tell()
    }

    /// What the archive has not got of a day that goes only when it is there.
    async fn lost_in_archive(&self, day: Timestamp) -> Result<Option<String>, JobFailure> {
        if !self.keep.archived {
            return Ok(None);
        }
        for file in self.store.cdr_archive_files(day).await? {
            let Some(place) = &self.archive else {
                return Ok(Some("this node has no archive".into()));
            };
            match place.size(&file.key).await {
                Ok(size) if size == file.bytes => {}
                Ok(size) => {
                    let of = file.bytes;
                    return Ok(Some(format!("{} has {size} bytes of {of}", file.key)));
                }
                Err(PlaceError::Missing(key)) => {
                    return Ok(Some(format!("the archive has lost {key}")));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn drop_day(
        &self,
        run: &JobRun,
        day: Timestamp,
        gone: &mut Gone,
    ) -> Result<(), JobFailure> {
        loop {
            let text = format!("records dropped; {} days done", gone.days);
            run.progress(gone.records, None, &text).await?;
            let dropped = self.store.drop_some_cdrs(day, clock::now()).await?;
            gone.records += dropped.records;
            if dropped.all {
                gone.days += 1;
                return Ok(());
            }
        }
    }
}

/// What a run came to.
#[derive(Default)]
struct Gone {
    days: u64,
    records: u64,
    waiting: u64,
    differing: Vec<String>,
}

impl Gone {
    /// A day from before a time stays.
    fn wait(&mut self, day: Timestamp, wait: CdrDayWait, before: Timestamp) {
        let date = date(day);
        tracing::warn!(day = %date, %wait, "a day of call records is old enough and stays");
        self.waiting += 1;
        let first_kept = before.0.div_euclid(TRAFFIC_DAY_US) * TRAFFIC_DAY_US;
        let is_late = day.0 < first_kept.saturating_sub(ARCHIVE_GRACE_US);
        if match wait {
            CdrDayWait::Differs(_) | CdrDayWait::ArchiveDiffers { .. } => true,
            CdrDayWait::NotArchived => is_late,
            _ => false,
        } {
            self.differing.push(format!("{date}: {wait}"));
        }
    }

    fn lost(&mut self, day: Timestamp, lost: String) {
        let date = date(day);
        tracing::error!(day = %date, lost, "a day of call records is old enough and stays");
        self.waiting += 1;
        self.differing.push(format!("{date}: {lost}"));
    }

    /// What somebody has to look at fails the job, so that it is seen as others are.
    fn tell(self) -> Result<(), JobFailure> {
        let Self {
            days,
            records,
            waiting,
            differing,
        } = self;
        if days + waiting > 0 {
            tracing::info!(days, records, waiting, "dropped old call records");
        }
        match differing.first() {
            None => Ok(()),
            Some(first) => Err(JobFailure::GiveUp(format!(
                "{} days of call records are not dropped; {first}",
                differing.len()
            ))),
        }
    }
}

/// A day as it is written.
pub(crate) fn date(day: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(day.0).map_or_else(
        |_| day.0.to_string(),
        |at| at.strftime("%Y-%m-%d").to_string(),
    )
}

/// Each night, before what is left is compared.
pub(super) fn schedule() -> Result<Schedule, ScheduleError> {
    let summary = "Drops days of call records after their time, when one is set.";
    Schedule::new("prune_cdrs", summary, "20 2 * * *", |now| {
        NewJob::new(TenantId::PLATFORM, KIND, json!({}), now).unique("prune_cdrs")
    })
}

impl JobHandler for PruneCdrs {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(3 * 3_600)
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(async {
            let pruned = self.prune(run, clock::now()).await;
            self.tell_of_partitions().await?;
            pruned
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use rating::journal::BootId;
    use store::{EventQuery, JobQuery, Loader, LoaderConfig, Scope, testing};

    /// Noon of 1 March 2026, when the calls of the journal were received.
    const NOON: i64 = 1_772_366_400_000_000;

    async fn run(store: &Store) -> JobRun {
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

    async fn prune(store: &Store, days: Option<u32>, archived: bool, at: i64) {
        let keep = CdrRetention { days, archived };
        let prune = PruneCdrs::new(store.clone(), keep, None);
        let run = run(store).await;
        prune.prune(&run, Timestamp(at)).await.unwrap();
    }

    async fn is_there(store: &Store) -> bool {
        let first = store.oldest_cdr_day(Timestamp(0), Timestamp(i64::MAX));
        first.await.unwrap().is_some()
    }

    #[tokio::test]
    async fn records_go_after_their_time_and_not_before_nor_unarchived_nor_unasked() {
        testing::databases(async |database| {
            testing::write_journal(database.folder(), 30);
            let store = database.open().await;
            let config = LoaderConfig::new(database.folder().into(), BootId(2));
            Loader::new(store.clone(), config).recover().await.unwrap();
            let day = TRAFFIC_DAY_US;
            prune(&store, None, false, NOON + 9_000 * day).await;
            prune(&store, Some(32), true, NOON + 34 * day).await;
            prune(&store, Some(32), false, NOON + 32 * day).await;
            prune(&store, Some(1), false, NOON + 32 * day).await;
            assert!(is_there(&store).await);
            prune(&store, Some(32), false, NOON + 33 * day).await;
            assert!(!is_there(&store).await);
        })
        .await;
    }

    #[tokio::test]
    async fn an_event_tells_that_there_is_room_for_few_days_more() {
        testing::databases(async |database| {
            let store = database.open().await;
            store.make_cdr_days().await.unwrap();
            let partitions = store.cdr_partitions().await.unwrap();
            let told = async |partitions_max| {
                let keep = CdrRetention::default();
                let handler = PruneCdrs {
                    partitions_max,
                    ..PruneCdrs::new(store.clone(), keep, None)
                };
                handler.run(&run(&store).await).await.unwrap();
                let query = EventQuery {
                    kind: Some("cdr.days_run_out".into()),
                    limit: 9,
                    ..EventQuery::default()
                };
                let scope = Scope::of_tenant(TenantId::PLATFORM);
                store.events(&scope, &query).await.unwrap()
            };
            assert_eq!(told(CDR_PARTITIONS_MAX).await, []);
            assert_eq!(told(partitions + DAYS_LEFT_TOLD + 1).await, []);
            let told = told(partitions + DAYS_LEFT_TOLD).await;
            let expected = json!({ "partitions": partitions, "left": DAYS_LEFT_TOLD });
            assert_eq!((told.len(), &told[0].data), (1, &expected));
        })
        .await;
    }

    #[tokio::test]
    async fn a_day_that_waits_for_the_archive_for_long_fails_the_job() {
        testing::databases(async |database| {
            testing::write_journal(database.folder(), 3);
            let store = database.open().await;
            let config = LoaderConfig::new(database.folder().into(), BootId(2));
            Loader::new(store.clone(), config).recover().await.unwrap();
            let keep = CdrRetention {
                days: Some(32),
                archived: true,
            };
            let handler = PruneCdrs::new(store.clone(), keep, None);
            let at = |days| Timestamp(NOON + days * TRAFFIC_DAY_US);
            let in_time = handler.prune(&run(&store).await, at(34)).await;
            assert_eq!(in_time, Ok(()));
            let late = handler.prune(&run(&store).await, at(36)).await;
            let Err(JobFailure::GiveUp(reason)) = late else {
                panic!("{late:?}")
            };
            assert!(
                reason.contains("2026-03-01: it is not archived"),
                "{reason}"
            );
            assert!(is_there(&store).await);
        })
        .await;
    }

    #[tokio::test]
    async fn a_day_that_differs_from_the_books_stays_and_fails_the_job() {
        testing::databases(async |database| {
            testing::write_journal(database.folder(), 3);
            let store = database.open().await;
            let config = LoaderConfig::new(database.folder().into(), BootId(2));
            Loader::new(store.clone(), config).recover().await.unwrap();
            testing::execute(&store, "UPDATE traffic SET talk_ms = talk_ms + 1").await;
            let keep = CdrRetention {
                days: Some(32),
                archived: false,
            };
            let handler = PruneCdrs::new(store.clone(), keep, None);
            let later = Timestamp(NOON + 99 * TRAFFIC_DAY_US);
            let failed = handler.prune(&run(&store).await, later).await;
            let Err(JobFailure::GiveUp(reason)) = failed else {
                panic!("{failed:?}")
            };
            assert!(
                reason.contains("2026-03-01: the ledger or the reports differ"),
                "{reason}"
            );
            assert!(is_there(&store).await);
        })
        .await;
    }
}
