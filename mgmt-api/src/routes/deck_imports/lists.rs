//! What was found in a deck, page by page.

use super::{find, page_limit};
use crate::auth::Principal;
use crate::deck_import::{
    CHANGES, DOUBTS, DeckChange, DeckChangeKind, DeckDoubt, DeckImportResult, DeckRejection,
    PAGE_ITEMS, REJECTIONS,
};
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Path, State};
use rate_deck::{DOUBTS_LISTED_MAX, REJECTIONS_LISTED_MAX};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::ops::Range;
use store::{DeckImportRow, DeckImportState};
use utoipa::{IntoParams, ToSchema};

/// A page of changes: what costs more first, then by prefix. The first 100,000 of each kind are
/// listed; the import counts all.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeckChangePage {
    /// The page.
    #[schema(value_type = Vec<DeckChange>)]
    pub items: Vec<Box<RawValue>>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A page of rejected rows, by line. The first 10,000 are listed; the import counts all.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeckRejectionPage {
    /// The page.
    #[schema(value_type = Vec<DeckRejection>)]
    pub items: Vec<Box<RawValue>>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A page of doubts. The first 10,000 are listed; the import counts all.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeckDoubtPage {
    /// The page.
    #[schema(value_type = Vec<DeckDoubt>)]
    pub items: Vec<Box<RawValue>>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeckListQuery {
    /// How many, at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(minimum = 0)]
    pub cursor: Option<u32>,
}

/// Which changes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeckChangeListQuery {
    /// Only of this kind.
    #[serde(default)]
    #[param(inline)]
    pub kind: Option<DeckChangeKind>,
    /// How many, at most.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(minimum = 0)]
    pub cursor: Option<u32>,
}

/// Lists the rates that change, with what they cost before and after.
#[utoipa::path(
    get,
    path = "/api/v1/deck-imports/{id}/changes",
    operation_id = "deck_import_change_list",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Number of the import"), DeckChangeListQuery),
    responses(
        (status = 200, description = "A page of them", body = DeckChangePage),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its file is not read yet", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_change_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<DeckChangeListQuery>,
) -> Result<Json<DeckChangePage>, Problem> {
    let limit = page_limit(query.limit)?;
    let row = find(&state, &principal, &id).await?;
    let places = result_of(&row)?.counts.places(query.kind);
    let (items, next_cursor) = page(&state, row.id, CHANGES, places, (query.cursor, limit)).await?;
    Ok(Json(DeckChangePage { items, next_cursor }))
}

/// Lists the rows that are not taken, each with its line and why.
#[utoipa::path(
    get,
    path = "/api/v1/deck-imports/{id}/rejections",
    operation_id = "deck_import_rejection_list",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Number of the import"), DeckListQuery),
    responses(
        (status = 200, description = "A page of them", body = DeckRejectionPage),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its file is not read yet", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_rejection_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<DeckListQuery>,
) -> Result<Json<DeckRejectionPage>, Problem> {
    let limit = page_limit(query.limit)?;
    let row = find(&state, &principal, &id).await?;
    let places = 0..result_of(&row)?
        .rejections
        .min(REJECTIONS_LISTED_MAX as u64);
    let found = page(&state, row.id, REJECTIONS, places, (query.cursor, limit));
    let (items, next_cursor) = found.await?;
    Ok(Json(DeckRejectionPage { items, next_cursor }))
}

/// Lists what has to be confirmed before the import is applied.
#[utoipa::path(
    get,
    path = "/api/v1/deck-imports/{id}/doubts",
    operation_id = "deck_import_doubt_list",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Number of the import"), DeckListQuery),
    responses(
        (status = 200, description = "A page of them", body = DeckDoubtPage),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its file is not read yet", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_doubt_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<DeckListQuery>,
) -> Result<Json<DeckDoubtPage>, Problem> {
    let limit = page_limit(query.limit)?;
    let row = find(&state, &principal, &id).await?;
    let places = 0..result_of(&row)?.doubts.min(DOUBTS_LISTED_MAX as u64);
    let (items, next_cursor) = page(&state, row.id, DOUBTS, places, (query.cursor, limit)).await?;
    Ok(Json(DeckDoubtPage { items, next_cursor }))
}

pub(super) fn result_of(row: &DeckImportRow) -> Result<DeckImportResult, Problem> {
    let is_read = matches!(row.state, DeckImportState::Ready | DeckImportState::Applied);
    match row.outcome.clone().filter(|_| is_read) {
        Some(outcome) => serde_json::from_value(outcome).map_err(|error| Problem::internal(&error)),
        None => {
            let detail = format!(
                "Nothing was found yet: the import is {}.",
                row.state.as_str()
            );
            Err(Problem::conflict(detail, Vec::new()))
        }
    }
}

/// Some items of a list: those at `places`, from the cursor on, which counts within them.
async fn page(
    state: &AppState,
    id: i64,
    list: &str,
    places: Range<u64>,
    (cursor, limit): (Option<u32>, u32),
) -> Result<(Vec<Box<RawValue>>, Option<String>), Problem> {
    let cursor = u64::from(cursor.unwrap_or(0));
    let first = (places.start + cursor).min(places.end);
    let end = (first + u64::from(limit)).min(places.end);
    if first == end {
        return Ok((Vec::new(), None));
    }
    let page = u64::from(PAGE_ITEMS);
    let number = u32::try_from(first / page).unwrap_or(u32::MAX);
    // As many as a page of the list may touch.
    let count = u32::try_from(end.div_ceil(page) - first / page).unwrap_or(1);
    let stored = state
        .store
        .deck_import_pages(id, list, number, count)
        .await?;
    let mut items: Vec<Box<RawValue>> = Vec::new();
    for text in stored {
        let stretch: Vec<Box<RawValue>> =
            serde_json::from_str(&text).map_err(|error| Problem::internal(&error))?;
        items.extend(stretch);
    }
    let skipped = (first % page) as usize;
    let wanted = (end - first) as usize;
    let items = items.into_iter().skip(skipped).take(wanted).collect();
    let next = (end < places.end).then(|| (end - places.start).to_string());
    Ok((items, next))
}
