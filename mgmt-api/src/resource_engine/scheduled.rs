//! Pushes at a time: a job of the durable queue.

use super::push::PushOrigin;
use super::{Configuration, ConfigurationError, to_the_end};
use crate::jobs::{JobFailure, JobFuture, JobHandler, JobRun};
use crate::problem::Problem as ProblemDocument;
use crate::state::AppState;
use serde::Deserialize;
use std::time::Duration;
use store::{AuditActor, ChangeSetRow, ChangeSetState, PUSH_JOB, Scope, Store};

/// A push compiles millions of rates at most.
const PUSH_TIMEOUT: Duration = Duration::from_secs(300);

/// Longest text that says why a push has failed, characters.
const REASON_CHARS_MAX: usize = 2_000;

/// Pushes scheduled change sets when their time has come.
pub struct PushScheduled(AppState);

#[derive(Deserialize)]
struct Payload {
    change_set: i64,
    revision: u64,
}

impl PushScheduled {
    /// Pushes to the switch of that state.
    pub fn new(state: AppState) -> Self {
        Self(state)
    }

    async fn push(&self, run: &JobRun) -> Result<(), JobFailure> {
        let Payload {
            change_set,
            revision,
        } = run.payload()?;
        let scope = Scope::of_tenant(run.job.tenant);
        let Some(row) = due(&self.0.store, &scope, change_set, revision).await? else {
            return Ok(());
        };
        let author = row.scheduled_by.as_ref().unwrap_or(&row.author);
        let origin = PushOrigin {
            scope,
            author: author.clone(),
            actor: AuditActor::system(author),
            // Judged when it was scheduled; its drafts have not changed since.
            permissions: None,
        };
        let (state, wanted) = (self.0.clone(), row.clone());
        // A job may be cut off, by its time or by a lost lease.
        let pushed = to_the_end(&self.0, async move {
            let configuration = &state.configuration;
            configuration
                .push_change_set(&origin, &wanted, &*state.switch)
                .await
        });
        let Err(error) = pushed.await else {
            return Ok(());
        };
        let configuration = &self.0.configuration;
        let is_last = run.attempt >= run.job.attempts_max;
        settle(configuration, &row, error, is_last).await
    }
}

impl JobHandler for PushScheduled {
    fn kind(&self) -> &'static str {
        PUSH_JOB
    }

    fn timeout(&self) -> Duration {
        PUSH_TIMEOUT
    }

    fn run<'a>(&'a self, run: &'a JobRun) -> JobFuture<'a> {
        Box::pin(self.push(run))
    }
}

/// The change set, when it still waits for this push: a job may run twice.
async fn due(
    store: &Store,
    scope: &Scope,
    id: i64,
    revision: u64,
) -> Result<Option<ChangeSetRow>, JobFailure> {
    let row = store.change_set(scope, id).await?;
    Ok(row.filter(|row| row.state == ChangeSetState::Scheduled && row.revision == revision))
}

/// What another try could change is tried again; all else is told in the change set.
async fn settle(
    configuration: &Configuration,
    row: &ChangeSetRow,
    error: ConfigurationError,
    is_last: bool,
) -> Result<(), JobFailure> {
    let passes = matches!(
        error,
        ConfigurationError::ChangedElsewhere
            | ConfigurationError::Store(_)
            | ConfigurationError::Interrupted
    );
    let is_noted = matches!(error, ConfigurationError::NotPublished { .. });
    let reason = reason(error);
    if passes && !is_last {
        return Err(JobFailure::Retry(reason));
    }
    if !is_noted {
        configuration.failed(row, &reason).await;
    }
    Err(JobFailure::GiveUp(reason))
}

/// An error as its problem document says it, on one line.
fn reason(error: ConfigurationError) -> String {
    let problem = ProblemDocument::from(error);
    let mut parts = vec![problem.detail];
    parts.extend(problem.errors.into_iter().map(|error| {
        let named = [error.kind, error.name, error.field].into_iter().flatten();
        let named: Vec<String> = named.collect();
        format!("{}: {}.", named.join(" "), error.message)
    }));
    parts.join(" ").chars().take(REASON_CHARS_MAX).collect()
}
