//! Calls of the past rated once more: asked for, looked at, posted.

mod asking;

pub use asking::ReratingCreate;
pub(crate) use asking::{__path_rerating_create, rerating_create};

pub use crate::rerating::{ReratedParty, ReratedSide, ReratingOutcome, Unrated, UnratedReason};

use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::rerating::{Asked, rates_of};
use crate::routes::jobs::JobProgress;
use crate::routes::resources::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use rating::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{JobRow, JobState, ReratingRefusal, ReratingRow, ReratingState};
use utoipa::{IntoParams, ToSchema};

/// A re-rating as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rerating {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub state: ReratingStateView,
    /// Who asked for it.
    pub author: String,
    /// Why.
    #[schema(required)]
    pub reason: Option<String>,
    /// Which side of the calls is rated.
    pub side: ReratedSide,
    /// Only of this customer or carrier.
    #[schema(required)]
    pub party: Option<String>,
    /// Calls received at this time or later.
    pub from: Time,
    /// Calls received before this time.
    pub to: Time,
    /// Only what was rated by this card.
    #[schema(required)]
    pub rated_by: Option<String>,
    /// Only what was charged for this destination.
    #[schema(required)]
    pub destination: Option<String>,
    /// Only calls to numbers that begin so.
    #[schema(required)]
    pub called_prefix: Option<String>,
    /// The card that all are rated by; null: each by the card that it was rated by.
    #[schema(required)]
    pub rate_card: Option<String>,
    /// The configuration whose cards are used; null for that in force.
    #[schema(required)]
    pub snapshot: Option<u64>,
    /// The change set whose drafts are used.
    #[schema(required)]
    pub change_set: Option<i64>,
    /// How far the job is.
    #[schema(required)]
    pub progress: Option<JobProgress>,
    /// The job that works on it, or did.
    #[schema(required)]
    pub job_id: Option<i64>,
    /// What it would change, or has changed.
    #[schema(required)]
    pub outcome: Option<ReratingOutcome>,
    /// Why there is no preview.
    #[schema(required)]
    pub failure: Option<String>,
    /// Who had it posted.
    #[schema(required)]
    pub applied_by: Option<String>,
    /// When its corrections count.
    #[schema(required)]
    pub applied_at: Option<Time>,
    /// When it was asked for.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Where a re-rating stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReratingStateView {
    /// A job reads the calls.
    Previewing,
    /// It can be looked at and applied.
    Ready,
    /// There is no preview.
    Failed,
    /// A job posts the corrections.
    Applying,
    /// Some corrections are posted, and no job posts the others: apply it again.
    Stopped,
    /// All corrections are posted.
    Applied,
}

/// Some re-ratings, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReratingPage {
    /// The page.
    pub items: Vec<Rerating>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which re-ratings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReratingListQuery {
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    pub cursor: Option<String>,
}

/// Lists re-ratings, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/reratings",
    operation_id = "rerating_list",
    tag = "ledger",
    params(ReratingListQuery),
    responses((status = 200, description = "A page", body = ReratingPage)),
)]
pub(crate) async fn rerating_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<ReratingListQuery>,
) -> Result<Json<ReratingPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("write a whole number from 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let before = query.cursor.map(|text| text.parse()).transpose();
    let before =
        before.map_err(|_| Problem::bad_parameter("cursor", "send `next_cursor` as it came"))?;
    let scope = principal.scope();
    let mut rows = state.store.reratings(&scope, before, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(view(&state, &principal, row).await?);
    }
    Ok(Json(ReratingPage {
        items,
        next_cursor: next,
    }))
}

/// Shows a re-rating with its preview.
#[utoipa::path(
    get,
    path = "/api/v1/reratings/{id}",
    operation_id = "rerating_view",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It", body = Rerating),
        (status = 404, description = "There is no such re-rating", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rerating_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<Rerating>, Problem> {
    let row = find(&state, &principal, &id).await?;
    Ok(Json(view(&state, &principal, row).await?))
}

/// Posts what a preview shows: an entry of the difference for each charge or cost that would be another.
/// They count now, on the accounts of the calls; the records stay as they are. A job does it, and each is
/// posted once. Refused when the rates of the preview, or the books of its calls, are others by now.
#[utoipa::path(
    post,
    path = "/api/v1/reratings/{id}/apply",
    operation_id = "rerating_apply",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 202, description = "It is posted", body = Rerating),
        (status = 404, description = "There is no such re-rating", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is no preview, it is outdated, or it was applied", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rerating_apply(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Rerating>), Problem> {
    let row = find(&state, &principal, &id).await?;
    if row.state == ReratingState::Ready {
        still_rates(&state, &principal, &row).await?;
    }
    let outcome = row.outcome.as_ref();
    let told = principal
        .audit(principal.scope().tenant(), "rerating.apply")
        .on("rerating", Some(row.id), row.id.to_string())
        .values(
            None,
            outcome.map(|outcome| {
                json!({
                    "changed": outcome["changed"],
                    "difference_in_books": outcome["difference_in_books"],
                })
            }),
        );
    let (scope, by) = (principal.scope(), &principal.actor().name);
    match state
        .store
        .apply_rerating(&scope, row.id, by, &told)
        .await?
    {
        Ok(()) => {}
        Err(ReratingRefusal::NotReady(state)) => {
            let state = state.map_or("gone", ReratingState::as_str);
            let detail = format!("Re-rating {} cannot be applied: it is {state}.", row.id);
            return Err(Problem::conflict(detail, Vec::new()));
        }
        Err(ReratingRefusal::Outdated(other)) => {
            let detail = format!(
                "Re-rating {other} was applied since, or is being applied: ask for another preview."
            );
            return Err(Problem::conflict(detail, Vec::new()));
        }
    }
    state.job_bell.ring();
    let row = find(&state, &principal, &id).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(view(&state, &principal, row).await?),
    ))
}

/// Discards a preview. One that was applied stays.
#[utoipa::path(
    delete,
    path = "/api/v1/reratings/{id}",
    operation_id = "rerating_delete",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such re-rating", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was applied", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn rerating_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = find(&state, &principal, &id).await?;
    let told = principal
        .audit(principal.scope().tenant(), "rerating.discard")
        .on("rerating", Some(row.id), row.id.to_string());
    let scope = principal.scope();
    if state.store.discard_rerating(&scope, row.id, &told).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("Re-rating {} was applied: it stays.", row.id);
    Err(Problem::conflict(detail, Vec::new()))
}

/// # Errors
/// 409 when the rates of a preview are others by now.
async fn still_rates(
    state: &AppState,
    principal: &Principal,
    row: &ReratingRow,
) -> Result<(), Problem> {
    let asked = asked_of(row)?;
    let changed = |detail: String| Err(Problem::conflict(detail, Vec::new()));
    if let Some((id, revision)) = asked.change_set {
        let set = state.store.change_set(&principal.scope(), id).await?;
        if set.is_none_or(|set| set.revision != revision) {
            return changed(format!(
                "Change set {id} was changed since: ask for another preview."
            ));
        }
        return Ok(());
    }
    // What was in force once stays what it was.
    if asked.snapshot.is_some() {
        return Ok(());
    }
    let outcome: Option<ReratingOutcome> = row
        .outcome
        .clone()
        .map(serde_json::from_value)
        .transpose()
        .map_err(|error| Problem::internal(&error))?;
    let cards = outcome.unwrap_or_default().rate_cards;
    let rates = rates_of(state.switch.snapshot(), cards).await;
    if rates.is_some() && row.rates == rates {
        return Ok(());
    }
    changed("Rates of the cards were changed since: ask for another preview.".to_owned())
}

fn asked_of(row: &ReratingRow) -> Result<Asked, Problem> {
    serde_json::from_value(row.asked.clone()).map_err(|error| Problem::internal(&error))
}

/// The re-rating of the number that a path has.
async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<ReratingRow, Problem> {
    let number = id
        .parse()
        .map_err(|_| Problem::bad_parameter("id", "write the number of the re-rating"))?;
    let found = state.store.rerating(&principal.scope(), number).await?;
    found.ok_or_else(|| Problem::not_found(format!("There is no re-rating {number}.")))
}

async fn view(
    state: &AppState,
    principal: &Principal,
    row: ReratingRow,
) -> Result<Rerating, Problem> {
    let asked = asked_of(&row)?;
    let looked_at = row.job_id;
    let job = match looked_at {
        Some(job) => state.store.job(&principal.scope(), job).await?,
        None => None,
    };
    let is_under_way = |job: &JobRow| matches!(job.state, JobState::Ready | JobState::Running);
    let has_no_job = !job.as_ref().is_some_and(is_under_way);
    // The job may have ended between the two readings. One that is done, or not remembered any more, has left
    // another state.
    let row = match has_no_job {
        true => {
            let again = state.store.rerating(&principal.scope(), row.id).await?;
            again.unwrap_or(row)
        }
        false => row,
    };
    let has_stopped = has_no_job && row.job_id == looked_at;
    let outcome = row.outcome.map(serde_json::from_value).transpose();
    let is_done = matches!(row.state, ReratingState::Ready | ReratingState::Applied);
    let name = |named: Option<(i64, String)>| named.map(|(_, name)| name);
    Ok(Rerating {
        id: row.id,
        state: match row.state {
            ReratingState::Previewing if has_stopped => ReratingStateView::Failed,
            ReratingState::Applying if has_stopped => ReratingStateView::Stopped,
            state => state.into(),
        },
        author: row.author,
        reason: asked.reason,
        side: asked.side,
        party: name(asked.party),
        from: Time(Timestamp(asked.from)),
        to: Time(Timestamp(asked.to)),
        rated_by: name(asked.rated_by),
        destination: asked.destination,
        called_prefix: asked.called_prefix,
        rate_card: name(asked.rate_card),
        snapshot: asked.snapshot,
        change_set: asked.change_set.map(|(id, _)| id),
        progress: job
            .filter(|_| !is_done)
            .and_then(|job| job.progress)
            .map(JobProgress::from),
        job_id: row.job_id,
        outcome: outcome.map_err(|error| Problem::internal(&error))?,
        failure: row.failure,
        applied_by: row.applied_by,
        applied_at: row.applied_at.map(Time),
        created_at: Time(row.created_at),
        updated_at: Time(row.updated_at),
    })
}

impl From<ReratingState> for ReratingStateView {
    fn from(state: ReratingState) -> Self {
        match state {
            ReratingState::Previewing => Self::Previewing,
            ReratingState::Ready => Self::Ready,
            ReratingState::Failed => Self::Failed,
            ReratingState::Applying => Self::Applying,
            ReratingState::Applied => Self::Applied,
        }
    }
}
