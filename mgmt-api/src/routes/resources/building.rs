//! Cards that are built from others: how they stand, and which are stale.

use super::single::find;
use crate::auth::Principal;
use crate::clock;
use crate::problem::Problem;
use crate::resource_engine::{Entry, Key, Proposed, blocking, built_from, would_differ};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use resources::{Rebuild, ResourceKind};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Most stale cards that are told at once.
const STALE_MAX: usize = 1_000;

/// How a card that is built from others stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CardBuild {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Whether it follows its parents.
    pub rebuild: RebuildMode,
    /// Whether it would have other rates if it were built now: a parent has changed since, or what a
    /// currency is worth.
    pub is_stale: bool,
    /// The cards that it is built from.
    pub parents: Vec<String>,
    /// How many rates it has, its own prices included.
    pub rates: u64,
}

/// Whether a built card follows its parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RebuildMode {
    /// Each push that changes a parent builds it anew.
    Automatic,
    /// It is built anew when somebody asks for it.
    Manual,
}

/// Cards that would have other rates if they were built now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StaleCards {
    /// The cards, by name; at most the first 1,000.
    pub items: Vec<CardBuild>,
}

/// How one card stands.
pub(super) async fn build(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<CardBuild>, Problem> {
    let row = find(&state, &principal, kind, &id).await?;
    let key = Key::new(principal.scope().tenant(), kind, &row.name);
    let set = state.configuration.in_force();
    let found = blocking(move || {
        let entry = set.get(&key);
        Ok(entry.and_then(|entry| of_entry(&set, entry)))
    });
    let found = found.await.map_err(|error| Problem::internal(&error))?;
    let missing = || {
        let detail = format!("\"{}\" is not built from other cards.", row.name);
        Problem::not_found(detail)
    };
    found.map(Json).ok_or_else(missing)
}

/// All that are stale.
pub(super) async fn stale(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<StaleCards>, Problem> {
    let owner = principal.scope().tenant();
    let set = state.configuration.in_force();
    let found = blocking(move || {
        let cards: Vec<&Arc<Entry>> = set.of_kind(owner, kind).collect();
        let built = cards.into_iter().filter_map(|entry| of_entry(&set, entry));
        let stale = built.filter(|build| build.is_stale);
        Ok(stale.take(STALE_MAX).collect())
    });
    let items = found.await.map_err(|error| Problem::internal(&error))?;
    Ok(Json(StaleCards { items }))
}

fn of_entry(set: &Proposed, entry: &Entry) -> Option<CardBuild> {
    let (_, built) = built_from(entry)?;
    Some(CardBuild {
        id: entry.id,
        name: entry.key.name.to_string(),
        rebuild: match built.rebuild {
            Rebuild::Automatic => RebuildMode::Automatic,
            Rebuild::Manual => RebuildMode::Manual,
        },
        is_stale: would_differ(set, entry, clock::now()),
        parents: built.parents.iter().map(ToString::to_string).collect(),
        rates: entry.deck.as_ref().map_or(0, |deck| deck.len() as u64),
    })
}
