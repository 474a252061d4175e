//! Carriers' decks: sent, read, looked at, applied to a rate card.

mod applying;
mod lists;
mod sending;

pub use crate::deck_import::{
    DeckChange, DeckChangeKind, DeckCounts, DeckDoubt, DeckImportMoment, DeckImportResult,
    DeckRejection,
};
pub(crate) use applying::{__path_deck_import_apply, deck_import_apply};
pub use applying::{DeckImportApplied, DeckImportApply};
use lists::result_of;
pub(crate) use lists::{
    __path_deck_import_change_list, __path_deck_import_doubt_list,
    __path_deck_import_rejection_list, deck_import_change_list, deck_import_doubt_list,
    deck_import_rejection_list,
};
pub use lists::{
    DeckChangeListQuery, DeckChangePage, DeckDoubtPage, DeckListQuery, DeckRejectionPage,
};
pub use sending::DeckImportCreate;
pub(crate) use sending::{
    __path_deck_import_create, __path_deck_import_delete, __path_deck_import_upload,
    deck_import_create, deck_import_delete, deck_import_upload,
};

use crate::auth::Principal;
use crate::deck_import::DeckSettings;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::jobs::JobProgress;
use crate::routes::resources::{LIMIT_DEFAULT, LIMIT_MAX, find as find_resource};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use rate_deck::Mapping;
use rate_deck::difference::{Policy, Scope as DeckScope};
use resources::ResourceKind;
use serde::{Deserialize, Serialize};
use store::{DeckImportQuery, DeckImportRow, DeckImportState, JobRow, JobState};
use utoipa::{IntoParams, ToSchema};

/// Longest notice, days.
const NOTICE_DAYS_MAX: u16 = 365;

/// Largest factor by which a price is doubted.
const ABSURD_FACTOR_MAX: u16 = 1_000;

/// An import as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckImport {
    /// Its number.
    pub id: i64,
    /// Number of the rate card.
    pub card_id: i64,
    /// Name of the rate card; null when it is gone.
    #[schema(required)]
    pub card: Option<String>,
    /// Where it stands.
    pub state: DeckImportStateView,
    /// Who made it.
    pub author: String,
    /// What the carrier calls its file.
    #[schema(required)]
    pub file_name: Option<String>,
    /// How the columns are read, as it was sent or remembered.
    #[schema(value_type = Object)]
    pub mapping: Mapping,
    /// What was agreed with the carrier.
    pub policy: DeckPolicy,
    /// How far the job is that reads the file; null when none does or it has not begun.
    #[schema(required)]
    pub progress: Option<JobProgress>,
    /// Number of the job that reads the file.
    #[schema(required)]
    pub job_id: Option<i64>,
    /// How much was found; null before it is ready.
    #[schema(required)]
    pub result: Option<DeckImportResult>,
    /// Why nothing can be taken of the file.
    #[schema(required)]
    pub failure: Option<String>,
    /// Who had its later rates follow by themselves; null: somebody applies them.
    #[schema(required)]
    pub followed_by: Option<String>,
    /// Why the next of them do not follow; null: nothing holds them up.
    #[schema(required)]
    pub held_up: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeckImportState)]
pub enum DeckImportStateView {
    /// Its file has not come.
    AwaitingFile,
    /// A job reads it.
    Reading,
    /// It can be looked at and applied.
    Ready,
    /// Nothing of the file can be taken, or reading was stopped; a file may be sent again.
    Failed,
    /// All its rates are in change sets.
    Applied,
}

/// What was agreed with a carrier about its decks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeckPolicy {
    /// What a prefix that the deck does not name means.
    pub scope: DeckScopeView,
    /// What costs more counts no sooner than so many days after the deck is read.
    #[schema(maximum = 365)]
    pub notice_days: u16,
    /// A price more than so many times the old one, or the old one of it, has to be confirmed.
    #[schema(minimum = 1, maximum = 1000)]
    pub absurd_factor: u16,
}

/// What is agreed with a carrier from now on; what is left out stays as it was agreed before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeckPolicyPatch {
    /// What a prefix that the deck does not name means; `full` when nothing was agreed before.
    pub scope: Option<DeckScopeView>,
    /// What costs more counts no sooner than so many days after the deck is read; 0 when nothing
    /// was agreed before.
    #[schema(maximum = 365)]
    pub notice_days: Option<u16>,
    /// A price more than so many times the old one, or the old one of it, has to be confirmed; 5
    /// when nothing was agreed before.
    #[schema(minimum = 1, maximum = 1000)]
    pub absurd_factor: Option<u16>,
}

/// What a prefix that a deck does not name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeckScope)]
pub enum DeckScopeView {
    /// It is not offered any more.
    Full,
    /// Its rate stays as it is.
    Partial,
}

/// A page of imports, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeckImportPage {
    /// The page.
    pub items: Vec<DeckImport>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which imports.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeckImportListQuery {
    /// Only for this rate card, by number or name.
    #[serde(default)]
    pub card: Option<String>,
    /// How many, at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(minimum = 0)]
    pub cursor: Option<i64>,
}

/// Lists imports of decks, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/deck-imports",
    operation_id = "deck_import_list",
    tag = "deck-imports",
    params(DeckImportListQuery),
    responses(
        (status = 200, description = "A page of them", body = DeckImportPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such rate card", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<DeckImportListQuery>,
) -> Result<Json<DeckImportPage>, Problem> {
    let limit = page_limit(query.limit)?;
    if query.cursor.is_some_and(|cursor| cursor < 0) {
        let what = "send `next_cursor` as it came";
        return Err(Problem::bad_parameter("cursor", what));
    }
    let card = match &query.card {
        Some(card) => Some(find_resource(&state, &principal, ResourceKind::RateCard, card).await?),
        None => None,
    };
    let wanted = DeckImportQuery {
        card_id: card.map(|card| card.id),
        before: query.cursor,
        limit: limit + 1,
    };
    let mut rows = state
        .store
        .deck_imports(&principal.scope(), &wanted)
        .await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(|last| last.id.to_string());
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(view(&state, &principal, row).await?);
    }
    Ok(Json(DeckImportPage { items, next_cursor }))
}

/// One import: how far it is, and how much was found.
#[utoipa::path(
    get,
    path = "/api/v1/deck-imports/{id}",
    operation_id = "deck_import_view",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It", body = DeckImport),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<DeckImport>, Problem> {
    let row = find(&state, &principal, &id).await?;
    Ok(Json(view(&state, &principal, row).await?))
}

/// The import of the number that a path has.
async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<DeckImportRow, Problem> {
    let number = id
        .parse()
        .map_err(|_| Problem::bad_parameter("id", "write the number of the import"))?;
    let found = state.store.deck_import(&principal.scope(), number).await?;
    found.ok_or_else(|| Problem::not_found(format!("There is no import {number}.")))
}

async fn view(
    state: &AppState,
    principal: &Principal,
    row: DeckImportRow,
) -> Result<DeckImport, Problem> {
    let scope = principal.scope();
    let card = state.store.resource(&scope, row.card_id).await?;
    let card = card.filter(|card| card.deleted_at.is_none());
    let job = reading_job(state, principal, &row).await?;
    let is_stopped = job.as_ref().is_some_and(is_stopped);
    let settings: DeckSettings =
        serde_json::from_value(row.settings).map_err(|error| Problem::internal(&error))?;
    let result = row.outcome.map(serde_json::from_value).transpose();
    Ok(DeckImport {
        id: row.id,
        card_id: row.card_id,
        card: card.map(|card| card.name),
        state: if is_stopped {
            DeckImportStateView::Failed
        } else {
            row.state.into()
        },
        author: row.author,
        file_name: row.file_name,
        mapping: settings.mapping,
        policy: settings.policy.into(),
        progress: job.and_then(|job| job.progress).map(JobProgress::from),
        job_id: row.job_id,
        result: result.map_err(|error| Problem::internal(&error))?,
        failure: row.failure,
        followed_by: row.followed_by,
        held_up: row.held_up,
        created_at: Time(row.created_at),
        updated_at: Time(row.updated_at),
    })
}

/// The job that reads the file of an import at this moment, or should.
async fn reading_job(
    state: &AppState,
    principal: &Principal,
    row: &DeckImportRow,
) -> Result<Option<JobRow>, Problem> {
    Ok(
        match row.job_id.filter(|_| row.state == DeckImportState::Reading) {
            Some(job) => state.store.job(&principal.scope(), job).await?,
            None => None,
        },
    )
}

/// A job that was given up, or that somebody has discarded before it began, leaves its import
/// behind as one that is read.
fn is_stopped(job: &JobRow) -> bool {
    matches!(job.state, JobState::Discarded | JobState::Dead)
}

fn page_limit(limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    let message = format!("write a whole number from 1 to {LIMIT_MAX}");
    Err(Problem::bad_parameter("limit", message))
}

impl DeckPolicyPatch {
    /// The policy that an import has, over the one that is remembered.
    fn over(self, remembered: Policy) -> Result<Policy, Problem> {
        let policy = Policy {
            scope: self.scope.map_or(remembered.scope, DeckScope::from),
            notice_days: self.notice_days.unwrap_or(remembered.notice_days),
            absurd_factor: self.absurd_factor.unwrap_or(remembered.absurd_factor),
        };
        if policy.notice_days > NOTICE_DAYS_MAX {
            let message = format!("write at most {NOTICE_DAYS_MAX} days");
            return Err(Problem::invalid_field("policy.notice_days", message));
        }
        if !(1..=ABSURD_FACTOR_MAX).contains(&policy.absurd_factor) {
            let message = format!("write a whole number from 1 to {ABSURD_FACTOR_MAX}");
            return Err(Problem::invalid_field("policy.absurd_factor", message));
        }
        Ok(policy)
    }
}

impl From<DeckScopeView> for DeckScope {
    fn from(scope: DeckScopeView) -> Self {
        match scope {
            DeckScopeView::Full => Self::Full,
            DeckScopeView::Partial => Self::Partial,
        }
    }
}

impl From<Policy> for DeckPolicy {
    fn from(policy: Policy) -> Self {
        Self {
            scope: match policy.scope {
                DeckScope::Full => DeckScopeView::Full,
                DeckScope::Partial => DeckScopeView::Partial,
            },
            notice_days: policy.notice_days,
            absurd_factor: policy.absurd_factor,
        }
    }
}

impl From<DeckImportState> for DeckImportStateView {
    fn from(state: DeckImportState) -> Self {
        match state {
            DeckImportState::AwaitingFile => Self::AwaitingFile,
            DeckImportState::Reading => Self::Reading,
            DeckImportState::Ready => Self::Ready,
            DeckImportState::Failed => Self::Failed,
            DeckImportState::Applied => Self::Applied,
        }
    }
}
