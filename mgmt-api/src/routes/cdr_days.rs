//! The days of call records that were archived or dropped.

use super::cdrs::page_limit;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{CdrDayRow, CdrDayState};
use utoipa::{IntoParams, ToSchema};

/// Which days to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CdrDayFilter {
    /// How many days a page holds, 1 to 500.
    #[param(default = 50, minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// Days that begin before this: `next_before` of the page before.
    pub before: Option<Time>,
}

/// Where the records of a day are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CdrDayStateView {
    /// In the database and in the archive.
    Archived,
    /// They go from the database now.
    Dropping,
    /// In the database no more: in the archive, when `archived_at` is there, else nowhere.
    Dropped,
}

/// A day (UTC) of call records of all tenants.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrDay {
    /// Its first moment.
    pub day: Time,
    /// Where its records are.
    pub state: CdrDayStateView,
    /// How many it had when it was archived, or else when dropping began.
    pub records: u64,
    /// When it was archived; null when it was not.
    #[schema(required)]
    pub archived_at: Option<Time>,
    /// The folder of its files in the archive.
    #[schema(required, example = "cdr/day=2026-11-22")]
    pub archive_key: Option<String>,
    /// Files in the archive.
    pub files: u64,
    /// How long they are together.
    pub bytes: u64,
    /// When its last record was dropped from the database.
    #[schema(required)]
    pub dropped_at: Option<Time>,
}

/// Days, the latest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrDayList {
    /// The archive that this node writes to and reads from: a folder, or a bucket; null without one.
    #[schema(required, example = "s3://calls/switch")]
    pub archive: Option<String>,
    /// The days. One that is not among them is in the database and nowhere else.
    pub items: Vec<CdrDay>,
    /// Send it as `before` to get the next page; null on the last.
    #[schema(required)]
    pub next_before: Option<Time>,
}

/// Lists the days of call records that were archived or dropped, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/cdr-days",
    operation_id = "cdr_day_list",
    tag = "cdrs",
    params(CdrDayFilter),
    responses(
        (status = 200, description = "One page", body = CdrDayList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cdr_day_list(
    State(state): State<AppState>,
    ApiQuery(filter): ApiQuery<CdrDayFilter>,
) -> Result<Json<CdrDayList>, Problem> {
    let limit = page_limit(filter.limit)?;
    let before = filter.before.map(|before| before.0);
    let mut days = state.store.cdr_days(before, limit + 1).await?;
    let more = days.len() > limit as usize;
    days.truncate(limit as usize);
    let last = days.last().filter(|_| more).map(|last| Time(last.day));
    Ok(Json(CdrDayList {
        archive: state.call_records.archive_name(),
        items: days.into_iter().map(CdrDay::from).collect(),
        next_before: last,
    }))
}

impl From<CdrDayRow> for CdrDay {
    fn from(row: CdrDayRow) -> Self {
        let (files, bytes) = row.files;
        Self {
            day: Time(row.day),
            state: match row.state {
                CdrDayState::Archived => CdrDayStateView::Archived,
                CdrDayState::Dropping => CdrDayStateView::Dropping,
                CdrDayState::Dropped => CdrDayStateView::Dropped,
            },
            records: row.records,
            archived_at: row.archived_at.map(Time),
            archive_key: row.archive_key,
            files,
            bytes,
            dropped_at: row.dropped_at.map(Time),
        }
    }
}
