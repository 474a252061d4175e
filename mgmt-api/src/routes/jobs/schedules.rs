//! Jobs put in by the clock.

use crate::auth::Principal;
use crate::clock;
use crate::jobs::{Schedule, maintenance};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use store::{ScheduleRow, TenantId};
use utoipa::ToSchema;

/// The schedules.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobScheduleList {
    /// By name.
    pub items: Vec<JobSchedule>,
}

/// A job that is put in again and again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobSchedule {
    /// Its name.
    #[schema(example = "prune")]
    pub name: String,
    /// What it is for.
    pub summary: String,
    /// When it runs, as a cron pattern in UTC.
    #[schema(example = "30 3 * * *")]
    pub cron: String,
    /// The next time.
    pub next_run_at: Time,
    /// The last time that it put a job in; null when it never did.
    #[schema(required)]
    pub last_run_at: Option<Time>,
    /// That job.
    #[schema(required)]
    pub last_job_id: Option<i64>,
}

/// The job that was put in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct JobScheduleRun {
    /// Its number; null when the last one of this schedule is not finished.
    #[schema(required)]
    pub job_id: Option<i64>,
}

/// Lists what the clock puts into the queue, and when.
#[utoipa::path(
    get,
    path = "/api/v1/job-schedules",
    operation_id = "job_schedule_list",
    tag = "jobs",
    responses(
        (status = 200, description = "The schedules", body = JobScheduleList),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn job_schedule_list(
    State(state): State<AppState>,
) -> Result<Json<JobScheduleList>, Problem> {
    let known = schedules()?;
    let mut items = Vec::new();
    for row in state.store.schedules().await? {
        // A schedule of another version of the program is not ours to show.
        if let Some(schedule) = known.iter().find(|schedule| schedule.name() == row.name) {
            items.push(shown(schedule, row));
        }
    }
    Ok(Json(JobScheduleList { items }))
}

/// Puts the job of a schedule into the queue now; its times stay as they are.
#[utoipa::path(
    post,
    path = "/api/v1/job-schedules/{name}/run",
    operation_id = "job_schedule_run",
    tag = "jobs",
    params(("name" = String, Path, description = "Name of the schedule")),
    responses(
        (status = 200, description = "The job", body = JobScheduleRun),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such schedule", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = [], "csrf_token" = []), ("api_key" = [])),
)]
pub(crate) async fn job_schedule_run(
    State(state): State<AppState>,
    principal: Principal,
    Path(name): Path<String>,
) -> Result<Json<JobScheduleRun>, Problem> {
    let known = schedules()?;
    let schedule = known.iter().find(|schedule| schedule.name() == name);
    let unknown = || Problem::not_found("There is no such schedule.");
    let schedule = schedule.ok_or_else(unknown)?;
    let now = clock::now();
    let told = principal.audit(TenantId::PLATFORM, "schedule.run");
    let told = told.on("schedule", None, name);
    let job = schedule.job(now);
    let job_id = state.store.enqueue_job_by(&job, &told, now).await?;
    state.job_bell.ring();
    Ok(Json(JobScheduleRun { job_id }))
}

fn schedules() -> Result<Vec<Schedule>, Problem> {
    maintenance::schedules().map_err(|error| Problem::internal(&error))
}

fn shown(schedule: &Schedule, row: ScheduleRow) -> JobSchedule {
    JobSchedule {
        name: row.name,
        summary: schedule.summary().to_owned(),
        cron: row.cron,
        next_run_at: Time(row.next_run_at),
        last_run_at: row.last_run_at.map(Time),
        last_job_id: row.last_job_id,
    }
}
