//! A page of the resources of a kind.

use super::cursor;
use super::list_query::{ListQuery, read};
use super::view::ResourceView;
use crate::auth::Principal;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{RawQuery, State};
use axum::{Extension, Json};
use resources::ResourceKind;
use serde::Serialize;

/// A page of a list. Described for each kind by its own schema.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ResourcePageView {
    items: Vec<ResourceView>,
    next_cursor: Option<String>,
    total: Option<u64>,
}

pub(super) async fn list(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    RawQuery(text): RawQuery,
) -> Result<Json<ResourcePageView>, Problem> {
    let ListQuery { query, .. } = read(kind, text.as_deref(), &[])?;
    let scope = principal.scope();
    let is_whole = query.filters.is_empty() && query.search.is_none();
    let page = state.store.list_resources(&scope, &query).await?;
    // Of a whole kind the database knows the count; of what a filter finds it would have to look.
    let total = if is_whole {
        let counts = state.store.resource_counts(&scope).await?;
        let count = counts.into_iter().find(|(name, _)| name == kind.as_str());
        Some(count.map_or(0, |(_, count)| count))
    } else {
        None
    };
    let write = |place| cursor::write(&place, &query.sort, query.descending);
    let next_cursor = page.next.map(write);
    let items = page.rows.into_iter();
    Ok(Json(ResourcePageView {
        items: items.map(|row| ResourceView::new(kind, row)).collect(),
        next_cursor,
        total,
    }))
}
