//! Many resources changed at once, by one merge patch: all or nothing.

use super::body::check_note;
use super::list_query::read;
use super::submit::Writer;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::{Content, Draft, merged};
use crate::state::AppState;
use axum::Extension;
use axum::http::StatusCode;
use axum::response::Response;
use resources::ResourceKind;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::{ResourceRow, Scope};
use utoipa::ToSchema;

/// Most resources of one bulk edit, export or import.
pub(super) const BULK_MAX: usize = 100_000;

/// Rows that are read at once.
const CHUNK: u32 = 1_000;

/// What to change, and in which resources. Give `names` or `filter`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkEdit {
    /// The resources by name.
    #[serde(default)]
    pub names: Option<Vec<String>>,
    /// All that a list with these parameters finds; `{}` means all of the kind.
    #[serde(default)]
    pub filter: Option<BTreeMap<String, String>>,
    /// A merge patch (RFC 7396) of each spec; null takes a field away.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub spec: Option<Value>,
    /// A merge patch of each assignment.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub assign: Option<Value>,
    /// Take the resources away instead.
    #[serde(default)]
    pub delete: bool,
    /// Why; kept with each version.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
}

pub(super) async fn bulk_edit(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    ApiJson(body): ApiJson<BulkEdit, { 4 << 20 }>,
) -> Result<Response, Problem> {
    check_note(body.note.as_deref())?;
    body.check()?;
    let (state, scope) = (&writer.state, writer.principal.scope());
    let rows = match (&body.names, &body.filter) {
        (Some(names), None) => by_name(state, &scope, kind, names).await?,
        (None, Some(filter)) => by_filter(state, &scope, kind, filter).await?,
        _ => {
            let message = "give either `names` or `filter`";
            return Err(Problem::invalid_field("names", message));
        }
    };
    let mut drafted = writer.drafts_of(kind).await?;
    let drafts = rows.into_iter().map(|row| {
        let drafted = drafted.remove(&row.name);
        body.draft(kind, row, drafted)
    });
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
    Ok(writer.submit(drafts, Vec::new()).await?.respond())
}

impl BulkEdit {
    fn check(&self) -> Result<(), Problem> {
        let changes = self.spec.is_some() || self.assign.is_some();
        if changes == self.delete {
            let message = "give `spec` or `assign`, or `delete: true`";
            return Err(Problem::invalid_field("spec", message));
        }
        for (field, patch) in [("spec", &self.spec), ("assign", &self.assign)] {
            if patch.as_ref().is_some_and(|patch| !patch.is_object()) {
                return Err(Problem::invalid_field(field, "write an object of fields"));
            }
        }
        Ok(())
    }

    /// What is drafted already is changed further.
    fn draft(
        &self,
        kind: ResourceKind,
        row: ResourceRow,
        drafted: Option<Draft>,
    ) -> Result<Draft, Problem> {
        let (name, version) = (row.name.clone(), row.version);
        let mut content = Content::of_row(kind, row);
        let base_version = drafted.as_ref().map_or(Some(version), |d| d.base_version);
        match drafted.map(|drafted| drafted.content) {
            Some(Some(drafted)) => content = drafted,
            Some(None) if !self.delete => {
                let detail = format!("The change set takes \"{name}\" away.");
                return Err(Problem::conflict(detail, Vec::new()));
            }
            _ => {}
        }
        if let Some(patch) = &self.spec {
            content.spec = merged(&content.spec, patch);
        }
        if let Some(patch) = &self.assign {
            content.patch_assignment(patch)?;
        }
        Ok(Draft {
            kind,
            name,
            base_version,
            revives: None,
            content: (!self.delete).then_some(content),
            note: self.note.clone(),
        })
    }
}

async fn by_name(
    state: &AppState,
    scope: &Scope,
    kind: ResourceKind,
    names: &[String],
) -> Result<Vec<ResourceRow>, Problem> {
    let wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if wanted.len() > BULK_MAX {
        let message = format!("name at most {BULK_MAX} resources");
        return Err(Problem::invalid_field("names", message));
    }
    let list: Vec<&str> = wanted.iter().copied().collect();
    let store = &state.store;
    let rows = store.resources_by_name(scope, kind.as_str(), &list).await?;
    let found: BTreeSet<&str> = rows.iter().map(|row| &*row.name).collect();
    if let Some(missing) = wanted.iter().find(|name| !found.contains(**name)) {
        let title = kind.title().to_lowercase();
        let message = format!("there is no {title} \"{missing}\"");
        return Err(Problem::invalid_field("names", message));
    }
    Ok(rows)
}

async fn by_filter(
    state: &AppState,
    scope: &Scope,
    kind: ResourceKind,
    filter: &BTreeMap<String, String>,
) -> Result<Vec<ResourceRow>, Problem> {
    let text = serde_urlencoded::to_string(filter).unwrap_or_default();
    let found = selected(state, scope, kind, Some(&text), &[]).await;
    found.map(|(rows, _)| rows).map_err(in_body)
}

/// What is wrong with a parameter, said of the field of the body that it came from.
fn in_body(problem: Problem) -> Problem {
    if problem.status != StatusCode::BAD_REQUEST.as_u16() {
        return problem;
    }
    let mut errors = problem.errors;
    for error in &mut errors {
        let name = error.field.take().unwrap_or_default();
        error.field = Some(format!("filter.{name}"));
    }
    Problem::invalid(problem.detail, errors)
}

/// All that a list with these parameters finds, and the parameters that `also` names.
pub(super) async fn selected(
    state: &AppState,
    scope: &Scope,
    kind: ResourceKind,
    text: Option<&str>,
    also: &[&str],
) -> Result<(Vec<ResourceRow>, Vec<(String, String)>), Problem> {
    let read = read(kind, text, also)?;
    let mut query = read.query;
    query.limit = CHUNK;
    query.cursor = None;
    let mut rows = Vec::new();
    loop {
        let page = state.store.list_resources(scope, &query).await?;
        rows.extend(page.rows);
        if rows.len() > BULK_MAX {
            let message = format!("more than {BULK_MAX} resources are found: narrow the filter");
            return Err(Problem::bad_parameter("q", message));
        }
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok((rows, read.others)),
        }
    }
}
