//! Background jobs: what waits, runs, is done or dead, and what may be done about it.

mod schedules;

pub(crate) use schedules::{
    __path_job_schedule_list, __path_job_schedule_run, job_schedule_list, job_schedule_run,
};

use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::{JobAttemptRow, JobCount, JobQuery, JobRow, PUSH_JOB};
use utoipa::{IntoParams, ToSchema};

const LIMIT_MAX: u32 = 200;

/// Which jobs to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobListQuery {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this kind, such as `mail.send`.
    pub kind: Option<String>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its time and for a free worker.
    Ready,
    /// A node runs it.
    Running,
    /// It succeeded.
    Done,
    /// It failed for good; somebody must look.
    Dead,
    /// Somebody decided that it need not be done.
    Discarded,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobList {
    /// The jobs.
    pub items: Vec<Job>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// How many there are of each kind in each state, of all jobs.
    pub counts: Vec<JobKindCount>,
}

/// How many jobs of a kind are in a state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobKindCount {
    /// The kind.
    #[schema(example = "mail.send")]
    pub kind: String,
    /// The state.
    pub state: JobState,
    /// How many.
    pub count: u64,
}

/// A job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Job {
    /// Its number; later jobs have higher ones.
    pub id: i64,
    /// What is to be done.
    #[schema(example = "mail.send")]
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// Runs that were begun.
    pub attempts: u32,
    /// How many may be.
    pub attempts_max: u32,
    /// The lower runs first.
    pub priority: u16,
    /// When it runs next, or was to run last.
    pub run_at: Time,
    /// Why its last run did not succeed.
    #[schema(required)]
    pub last_error: Option<String>,
    /// How far its last run has come; null for a kind that does not tell.
    #[schema(required)]
    pub progress: Option<JobProgress>,
    /// Who wanted it to stop; a job that runs stops when it next tells how far it is.
    #[schema(required)]
    pub cancelled_by: Option<String>,
    /// When it was put into the queue.
    pub created_at: Time,
    /// When its state last changed.
    pub updated_at: Time,
}

/// How far a run has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobProgress {
    /// How much is done, in whatever the kind counts.
    pub done: u64,
    /// How much there is; null when nobody knows.
    #[schema(required)]
    pub total: Option<u64>,
    /// What is being done.
    pub text: String,
}

/// A job with all that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobDetail {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// What it is to be done with.
    pub payload: serde_json::Value,
    /// Among the unfinished jobs of its kind it alone has this key.
    #[schema(required)]
    pub unique_key: Option<String>,
    /// Its runs, oldest first.
    pub runs: Vec<JobAttempt>,
}

/// One run of a job.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct JobAttempt {
    /// Which, from 1.
    pub number: u32,
    /// The node that ran it.
    pub node: String,
    /// When it began.
    pub started_at: Time,
    /// When it ended; null while it runs.
    #[schema(required)]
    pub ended_at: Option<Time>,
    /// `running`, `succeeded`, `failed`, `gave_up`, `put_off`, `cancelled` or `lost`.
    pub outcome: String,
    /// Why it did not succeed.
    #[schema(required)]
    pub error: Option<String>,
}

/// Lists background jobs, newest first, and counts them.
#[utoipa::path(
    get,
    path = "/api/v1/jobs",
    operation_id = "job_list",
    tag = "jobs",
    params(JobListQuery),
    responses(
        (status = 200, description = "A page", body = JobList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn job_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<JobListQuery>,
) -> Result<Json<JobList>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("{limit} is out of range: write 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let scope = principal.scope();
    let cursor = query.cursor.as_deref().map(number).transpose();
    let wanted = JobQuery {
        state: query.state.map(JobState::of_store),
        kind: query.kind,
        before: cursor.map_err(|()| Problem::bad_parameter("cursor", "give a `next_cursor`"))?,
        limit: limit + 1,
    };
    let mut rows = state.store.jobs(&scope, &wanted).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let counts = state.store.job_counts(&scope).await?;
    Ok(Json(JobList {
        items: rows.into_iter().map(Job::from).collect(),
        next_cursor,
        counts: counts.into_iter().map(JobKindCount::from).collect(),
    }))
}

/// Shows a job with its runs.
#[utoipa::path(
    get,
    path = "/api/v1/jobs/{id}",
    operation_id = "job_view",
    tag = "jobs",
    params(("id" = String, Path, description = "Number of the job")),
    responses(
        (status = 200, description = "The job", body = JobDetail),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn job_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<JobDetail>, Problem> {
    let id = number(&id).map_err(|()| unknown(&id))?;
    let row = state.store.job(&principal.scope(), id).await?;
    let row = row.ok_or_else(|| unknown(&id.to_string()))?;
    detail(&state, &principal, row).await
}

/// Puts a dead or discarded job back into the queue, or lets one that waits for its time run now.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{id}/retry",
    operation_id = "job_retry",
    tag = "jobs",
    params(("id" = String, Path, description = "Number of the job")),
    responses(
        (status = 200, description = "The job, which waits to be run", body = JobDetail),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The job runs or is done, or another one does its work", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn job_retry(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<JobDetail>, Problem> {
    let id = number(&id).map_err(|()| unknown(&id))?;
    let changed = state
        .store
        .retry_job(&principal.scope(), id, &principal.actor(), clock::now())
        .await?;
    let row = changed.ok_or(()).or(Err(id));
    state.job_bell.ring();
    match row {
        Ok(row) => detail(&state, &principal, row).await,
        Err(id) => Err(refusal(&state, &principal, id, "be retried").await?),
    }
}

/// Decides that a job that waits or is dead need not be done.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{id}/discard",
    operation_id = "job_discard",
    tag = "jobs",
    params(("id" = String, Path, description = "Number of the job")),
    responses(
        (status = 200, description = "The job, discarded", body = JobDetail),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The job runs or is finished", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn job_discard(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<JobDetail>, Problem> {
    let id = number(&id).map_err(|()| unknown(&id))?;
    match state
        .store
        .discard_job(&principal.scope(), id, &principal.actor(), clock::now())
        .await?
    {
        Some(row) => detail(&state, &principal, row).await,
        None => Err(refusal(&state, &principal, id, "be discarded").await?),
    }
}

/// Stops a job that waits, or one that runs and tells how far it is: that one stops within moments,
/// and is discarded then. What it has done so far stays.
#[utoipa::path(
    post,
    path = "/api/v1/jobs/{id}/cancel",
    operation_id = "job_cancel",
    tag = "jobs",
    params(("id" = String, Path, description = "Number of the job")),
    responses(
        (status = 200, description = "The job, which is discarded or about to stop", body = JobDetail),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The job is finished, or is of a kind that does not stop halfway", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn job_cancel(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<JobDetail>, Problem> {
    let id = number(&id).map_err(|()| unknown(&id))?;
    match state
        .store
        .cancel_job(&principal.scope(), id, &principal.actor(), clock::now())
        .await?
    {
        Some(row) => detail(&state, &principal, row).await,
        None => Err(refusal(&state, &principal, id, "be cancelled").await?),
    }
}

async fn detail(
    state: &AppState,
    principal: &Principal,
    row: JobRow,
) -> Result<Json<JobDetail>, Problem> {
    let runs = state.store.job_attempts(&principal.scope(), row.id).await?;
    Ok(Json(JobDetail {
        payload: row.payload.clone(),
        unique_key: row.unique_key.clone(),
        job: row.into(),
        runs: runs.into_iter().map(JobAttempt::from).collect(),
    }))
}

/// Why a job was not changed: it is not there, or not in a state for it.
async fn refusal(
    state: &AppState,
    principal: &Principal,
    id: i64,
    what: &str,
) -> Result<Problem, Problem> {
    let row = state.store.job(&principal.scope(), id).await?;
    Ok(match row {
        None => unknown(&id.to_string()),
        Some(row) if row.kind == PUSH_JOB => {
            let detail = format!(
                "Job {id} cannot {what}: it is the push of a change set. Push the change set, or \
                 make it a draft again."
            );
            Problem::invalid(detail, Vec::new())
        }
        Some(row) => {
            let state = row.state.as_str();
            let detail =
                format!("Job {id} is {state} and cannot {what}, or another job does its work.");
            Problem::invalid(detail, Vec::new())
        }
    })
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("There is no job {id}."))
}

/// A job's number: digits only, so that each job has one address.
fn number(text: &str) -> Result<i64, ()> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(());
    }
    text.parse().map_err(|_| ())
}

impl JobState {
    fn of_store(self) -> store::JobState {
        match self {
            Self::Ready => store::JobState::Ready,
            Self::Running => store::JobState::Running,
            Self::Done => store::JobState::Done,
            Self::Dead => store::JobState::Dead,
            Self::Discarded => store::JobState::Discarded,
        }
    }
}

impl From<store::JobState> for JobState {
    fn from(state: store::JobState) -> Self {
        match state {
            store::JobState::Ready => Self::Ready,
            store::JobState::Running => Self::Running,
            store::JobState::Done => Self::Done,
            store::JobState::Dead => Self::Dead,
            store::JobState::Discarded => Self::Discarded,
        }
    }
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            state: row.state.into(),
            attempts: row.attempts,
            attempts_max: row.attempts_max,
            priority: row.priority,
            run_at: Time(row.run_at),
            last_error: row.last_error,
            progress: row.progress.map(JobProgress::from),
            cancelled_by: row.cancelled_by,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
        }
    }
}

impl From<store::JobProgress> for JobProgress {
    fn from(progress: store::JobProgress) -> Self {
        Self {
            done: progress.done,
            total: progress.total,
            text: progress.text,
        }
    }
}

impl From<JobCount> for JobKindCount {
    fn from(count: JobCount) -> Self {
        Self {
            kind: count.kind,
            state: count.state.into(),
            count: count.count,
        }
    }
}

impl From<JobAttemptRow> for JobAttempt {
    fn from(row: JobAttemptRow) -> Self {
        Self {
            number: row.number,
            node: row.node,
            started_at: Time(row.started_at),
            ended_at: row.ended_at.map(Time),
            outcome: row.outcome,
            error: row.error,
        }
    }
}
