//! Taking jobs from the queue and running them.

use super::{JobBell, JobFailure, JobHandler, JobRun, Schedule};
use crate::clock;
use crate::containment::{Part, contain};
use crate::outage::Outage;
use rating::Timestamp;
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use store::{JobLease, JobReport, JobState, Store, StoreError};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often a report is tried when the database fails. After that the lease ends by itself and
/// the job runs again.
const REPORTS_MAX: u32 = 5;
const REPORT_STEP: Duration = Duration::from_secs(1);

/// A job of a kind that this node does not know belongs to a node of a later version.
const UNKNOWN_KIND_DELAY: Duration = Duration::from_secs(60);

/// How a node runs jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobSettings {
    /// Name of the node, without `/`; no two nodes have the same.
    pub node: String,
    /// Jobs run at once.
    pub concurrency: u32,
    /// How long to wait between two looks into the queue.
    pub poll: Duration,
    /// How long others leave a job alone after a sign of life. Clocks of nodes must differ by
    /// much less.
    pub lease: Duration,
    /// How often signs of life are given, lost jobs and schedules are looked for; a few to a
    /// lease.
    pub chores: Duration,
    /// How long running jobs may go on after a stop.
    pub grace: Duration,
}

impl JobSettings {
    /// The usual settings of a node.
    pub fn of_node(node: &str) -> Self {
        Self {
            node: node.replace('/', "-"),
            concurrency: 8,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            chores: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

/// Runs jobs of the queue until it is stopped.
pub struct JobRunner {
    shared: Arc<Shared>,
    bell: JobBell,
    schedules: Vec<Schedule>,
}

/// What a running job needs.
struct Shared {
    store: Store,
    settings: JobSettings,
    owner: String,
    handlers: HashMap<&'static str, Arc<dyn JobHandler>>,
}

/// The jobs that this node runs now.
struct Running {
    tasks: JoinSet<i64>,
    held: HashMap<i64, (JobLease, AbortHandle)>,
    unread: Outage,
    unkept: Outage,
}

impl JobRunner {
    /// A runner with handlers for the kinds it is to run and schedules it is to keep.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new(
        store: Store,
        bell: JobBell,
        settings: JobSettings,
        handlers: Vec<Arc<dyn JobHandler>>,
        schedules: Vec<Schedule>,
    ) -> Result<Self, getrandom::Error> {
        let life = getrandom::u64()?;
        let owner = format!("{}/{life:016x}", settings.node);
        let handlers = handlers
            .into_iter()
            .map(|handler| (handler.kind(), handler))
            .collect();
        Ok(Self {
            shared: Arc::new(Shared {
                store,
                settings,
                owner,
                handlers,
            }),
            bell,
            schedules,
        })
    }

    /// Runs jobs until `stop` is ready. Then those that run may go on for the grace; what is left
    /// is cut off and given back to the queue.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let settings = self.shared.settings.clone();
        let mut stop = pin!(stop);
        let mut running = Running::new();
        let mut chores = interval(settings.chores);
        chores.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let _ = contain(Part::Task, self.keep_schedules()).await;
        loop {
            let room = running.room(&settings) > 0;
            tokio::select! {
                () = &mut stop => break,
                _ = chores.tick() => {
                    let _ = contain(Part::Task, self.do_chores(&mut running)).await;
                }
                Some(ended) = running.tasks.join_next() => running.forget(ended.ok()),
                () = self.bell.rung(), if room => {}
                () = sleep(settings.poll), if room => {}
            }
            let _ = contain(Part::Task, self.claim(&mut running)).await;
        }
        self.finish(running).await;
    }

    async fn claim(&self, running: &mut Running) {
        let shared = &self.shared;
        let room = running.room(&shared.settings);
        if room == 0 {
            return;
        }
        let now = clock::now();
        let until = later(now, shared.settings.lease);
        let claimed = shared.store.claim_jobs(&shared.owner, room, now, until);
        let claimed = claimed.await;
        running.unread.note(&claimed);
        for lease in claimed.unwrap_or_default() {
            running.start(shared, lease);
        }
    }

    async fn do_chores(&self, running: &mut Running) {
        let done: Result<(), StoreError> = async {
            self.extend_leases(running).await?;
            self.recover().await?;
            self.fire_schedules().await
        }
        .await;
        running.unkept.note(&done);
    }

    async fn extend_leases(&self, running: &mut Running) -> Result<(), StoreError> {
        let shared = &self.shared;
        let held: Vec<i64> = running.held.keys().copied().collect();
        let until = later(clock::now(), shared.settings.lease);
        let lost = shared
            .store
            .extend_leases(&shared.owner, &held, until)
            .await?;
        for job in lost {
            // Either it has just reported, or another node took it after our signs of life failed.
            if let Some((_, task)) = running.held.remove(&job) {
                task.abort();
            }
        }
        Ok(())
    }

    async fn recover(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let this_node = Some((shared.settings.node.as_str(), shared.owner.as_str()));
        for job in shared.store.recover_jobs(this_node, clock::now()).await? {
            tracing::warn!(
                job = job.id,
                kind = job.kind,
                state = job.state.as_str(),
                "the node of a job went away"
            );
        }
        Ok(())
    }

    async fn keep_schedules(&self) {
        let now = clock::now();
        for schedule in &self.schedules {
            let Some(next) = schedule.next_after(now) else {
                continue;
            };
            let kept = self
                .shared
                .store
                .put_schedule(schedule.name(), schedule.pattern(), next)
                .await;
            if let Err(error) = kept {
                tracing::error!(%error, schedule = schedule.name(), "a schedule cannot be kept");
            }
        }
    }

    async fn fire_schedules(&self) -> Result<(), StoreError> {
        let now = clock::now();
        let store = &self.shared.store;
        for row in store.schedules().await? {
            let schedule = self
                .schedules
                .iter()
                .find(|schedule| schedule.name() == row.name);
            let Some(schedule) = schedule.filter(|_| row.next_run_at <= now) else {
                continue;
            };
            let Some(next) = schedule.next_after(now) else {
                continue;
            };
            let job = schedule.job(now);
            store
                .fire_schedule(&row.name, row.next_run_at, next, &job, now)
                .await?;
        }
        Ok(())
    }

    async fn finish(&self, mut running: Running) {
        let rest = async {
            while let Some(ended) = running.tasks.join_next().await {
                running.forget(ended.ok());
            }
        };
        if timeout(self.shared.settings.grace, rest).await.is_ok() {
            return;
        }
        running.tasks.shutdown().await;
        let report = JobReport::PutOff {
            reason: "The node stopped.".into(),
            until: clock::now(),
        };
        for (lease, _) in running.held.into_values() {
            self.shared.report(&lease, &report).await;
        }
    }
}

impl Running {
    fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            held: HashMap::new(),
            unread: Outage::new("the job queue cannot be read"),
            unkept: Outage::new("the job queue cannot be kept in order"),
        }
    }

    fn room(&self, settings: &JobSettings) -> u32 {
        let held = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        settings.concurrency.saturating_sub(held)
    }

    fn start(&mut self, shared: &Arc<Shared>, lease: JobLease) {
        let id = lease.job.id;
        let task = self.tasks.spawn({
            let (shared, lease) = (Arc::clone(shared), lease.clone());
            async move {
                let reported = contain(Part::Job, shared.run(&lease)).await;
                if reported.is_err() {
                    tracing::error!(job = id, "what became of a job is not written");
                }
                id
            }
        });
        self.held.insert(id, (lease, task));
    }

    /// A task that was cut off is forgotten where it was.
    fn forget(&mut self, ended: Option<i64>) {
        if let Some(job) = ended {
            self.held.remove(&job);
        }
    }
}

impl Shared {
    async fn run(&self, lease: &JobLease) {
        let report = match self.handlers.get(lease.job.kind.as_str()) {
            Some(handler) => self.run_by(handler.as_ref(), lease).await,
            None => JobReport::PutOff {
                reason: "This node does not know the kind.".into(),
                until: later(clock::now(), UNKNOWN_KIND_DELAY),
            },
        };
        self.report(lease, &report).await;
    }

    async fn run_by(&self, handler: &dyn JobHandler, lease: &JobLease) -> JobReport {
        let run = JobRun::leased(&self.store, lease);
        let outcome = contain(Part::Job, timeout(handler.timeout(), handler.run(&run))).await;
        let outcome = outcome.unwrap_or_else(|panicked| {
            let told = "The program failed; the node's log says where.";
            tracing::error!(job = run.job.id, kind = run.job.kind, %panicked, "a job panicked");
            Ok(Err(JobFailure::Retry(told.into())))
        });
        let outcome = outcome.unwrap_or_else(|_| {
            let seconds = handler.timeout().as_secs();
            Err(JobFailure::Retry(format!(
                "It took longer than {seconds} s."
            )))
        });
        match outcome {
            Ok(()) => JobReport::Succeeded,
            Err(JobFailure::GiveUp(error)) => JobReport::GaveUp { error },
            Err(JobFailure::Cancelled { by }) => JobReport::Cancelled { by },
            Err(JobFailure::PutOff { reason, until }) => JobReport::PutOff { reason, until },
            Err(JobFailure::Retry(error)) => {
                // Without randomness the longest delay is the safest.
                let random = getrandom::u32().unwrap_or(u32::MAX);
                let delay = handler.backoff().delay(lease.attempt, random);
                JobReport::Failed {
                    error,
                    retry_at: later(clock::now(), delay),
                }
            }
        }
    }

    async fn report(&self, lease: &JobLease, report: &JobReport) {
        let (job, kind) = (lease.job.id, lease.job.kind.as_str());
        for _ in 0..REPORTS_MAX {
            match self.store.report_job(lease, report, clock::now()).await {
                Ok(state) => return reported(lease, report, state),
                Err(error) => {
                    tracing::error!(%error, job, kind, "what became of a job cannot be written")
                }
            }
            sleep(REPORT_STEP).await;
        }
    }
}

/// What became of a run, in the log. That a job is dead is also an event, written with its state.
fn reported(lease: &JobLease, report: &JobReport, state: Option<JobState>) {
    let (job, kind, attempt) = (lease.job.id, lease.job.kind.as_str(), lease.attempt);
    match (report, state) {
        (_, None) => tracing::warn!(job, kind, "another node has taken the job meanwhile"),
        (JobReport::Failed { error, .. } | JobReport::GaveUp { error }, Some(JobState::Dead)) => {
            tracing::error!(job, kind, attempt, error, "a job is dead")
        }
        (JobReport::Cancelled { by }, _) => {
            tracing::info!(job, kind, by, "a job was cancelled")
        }
        (JobReport::Failed { error, .. }, _) => {
            tracing::info!(job, kind, attempt, error, "a job failed")
        }
        _ => tracing::debug!(job, kind, attempt, "a job was run"),
    }
}
fn later(now: Timestamp, by: Duration) -> Timestamp {
    let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp(now.0.saturating_add(micros))
}
