//! A page of the resources of a kind.

use super::cursor;
use super::list_query::{ListQuery, read};
use crate::auth::Principal;
use crate::problem::Problem;
use crate::resource_engine::{assignment_of, holds_secrets, masked};
use crate::state::AppState;
use crate::values::Time;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use resources::{Assignment, ResourceKind};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use store::{ListedResource, Scope};

/// What the database keeps for an assignment to all.
const TO_ALL: &str = "{}";

/// A page of a list. Described for each kind by its own schema.
#[derive(Serialize)]
struct PageView<'p> {
    items: Vec<ItemView<'p>>,
    next_cursor: Option<String>,
    total: Option<u64>,
}

/// A resource of a page: as [`ResourceView`](super::view::ResourceView) shows one.
#[derive(Serialize)]
struct ItemView<'p> {
    kind: ResourceKind,
    id: i64,
    name: &'p str,
    external_id: Option<&'p str>,
    version: u64,
    assign: Assignment,
    spec: SpecView<'p>,
    created_at: Time,
    updated_at: Time,
    updated_by: &'p str,
}

/// The fields: as they are stored, where they hold no secret.
#[derive(Serialize)]
#[serde(untagged)]
enum SpecView<'p> {
    AsStored(&'p RawValue),
    Masked(Value),
}

pub(super) async fn list(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    RawQuery(text): RawQuery,
) -> Result<Response, Problem> {
    let ListQuery { query, .. } = read(kind, text.as_deref(), &[])?;
    let scope = principal.scope();
    let is_whole = query.filters.is_empty() && query.search.is_none();
    let page = state.store.listed_page(&scope, &query).await?;
    // Of a whole kind the count is known; of what a filter finds one would have to look.
    let total = if is_whole {
        Some(count(&state, &scope, kind).await?)
    } else {
        None
    };
    let (rows, next) = page.rows()?;
    let write = |place| cursor::write(&place, &query.sort, query.descending);
    let items = rows.iter().map(|row| ItemView::new(kind, row));
    let view = PageView {
        items: items.collect::<Result<_, _>>()?,
        next_cursor: next.map(write),
        total,
    };
    Ok(Json(view).into_response())
}

/// How many there are of a kind. Of a database of our own, what is in force says it at once.
async fn count(state: &AppState, scope: &Scope, kind: ResourceKind) -> Result<u64, Problem> {
    if !state.store.is_shared() {
        return Ok(state.configuration.count(scope.tenant(), kind));
    }
    let count = state.store.resource_count(scope, kind.as_str());
    Ok(count.await?)
}

impl<'p> ItemView<'p> {
    fn new(kind: ResourceKind, row: &'p ListedResource<'_>) -> Result<Self, Problem> {
        let read = |text: &RawValue| serde_json::from_str::<Value>(text.get());
        let assign = match row.assignment.get() {
            TO_ALL => Assignment::default(),
            _ => assignment_of(&read(row.assignment).map_err(|error| Problem::internal(&error))?),
        };
        let spec = if holds_secrets(kind) {
            let mut spec = read(row.spec).map_err(|error| Problem::internal(&error))?;
            masked(kind, &mut spec);
            SpecView::Masked(spec)
        } else {
            SpecView::AsStored(row.spec)
        };
        Ok(Self {
            kind,
            id: row.id,
            name: &row.name,
            external_id: row.external_id.as_deref(),
            version: row.version,
            assign,
            spec,
            created_at: Time(row.created_at()),
            updated_at: Time(row.updated_at()),
            updated_by: &row.updated_by,
        })
    }
}
