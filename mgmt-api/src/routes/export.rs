//! All that is configured as files, as `apply` reads them.

use crate::auth::Principal;
use crate::problem::Problem;
use crate::resource_engine::document_of;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use resources::documents::write_documents;
use resources::{ResourceKind, ResourceSpec};
use serde::Serialize;
use std::collections::BTreeMap;
use store::{ResourceQuery, ResourceRow, Scope};
use utoipa::ToSchema;

/// Rows that are read at once.
const CHUNK: u32 = 1_000;

/// A whole configuration as files.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Exported {
    /// One YAML file for each kind that there is any resource of.
    pub files: Vec<ExportedFile>,
    /// The rate files that they name, as CSV text.
    pub decks: Vec<ExportedFile>,
}

/// One file.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ExportedFile {
    /// Path within the export.
    pub path: String,
    /// The text.
    pub content: String,
}

/// Everything of the caller's that is configured, as files that `apply` reads. Secrets are masked.
#[utoipa::path(
    get,
    path = "/api/v1/export",
    operation_id = "export",
    tag = "resources",
    responses((status = 200, description = "The files", body = Exported)),
)]
pub(crate) async fn export_all(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<Exported>, Problem> {
    let scope = principal.scope();
    let mut files = Vec::new();
    let mut decks = BTreeMap::new();
    for kind in ResourceKind::ALL {
        let rows = all_of(&state, &scope, kind).await?;
        let mut documents = Vec::with_capacity(rows.len());
        for row in rows {
            let hash = row.deck_hash.clone();
            let mut document = document_of(kind, row)?;
            if let (ResourceSpec::RateCard(card), Some(hash)) = (&mut document.spec, hash) {
                let path = card.rates_file.take().unwrap_or_default();
                card.rates_file = Some(place(&mut decks, path, &hash));
            }
            documents.push(document);
        }
        if !documents.is_empty() {
            let text = write_documents(&documents);
            files.push(ExportedFile {
                path: format!("{}.yaml", kind.plural()),
                content: text.map_err(|error| Problem::internal(&error))?,
            });
        }
    }
    let mut texts = Vec::with_capacity(decks.len());
    for (path, hash) in decks {
        if let Some(content) = state.store.deck(&hash).await? {
            texts.push(ExportedFile { path, content });
        }
    }
    Ok(Json(Exported {
        files,
        decks: texts,
    }))
}

/// The path of a deck: the one that its card names, unless another deck has it already.
fn place(decks: &mut BTreeMap<String, String>, path: String, hash: &str) -> String {
    let is_taken = decks.get(&path).is_some_and(|other| other != hash);
    let path = if is_taken {
        format!("{hash}.csv")
    } else {
        path
    };
    decks.insert(path.clone(), hash.to_owned());
    path
}

async fn all_of(
    state: &AppState,
    scope: &Scope,
    kind: ResourceKind,
) -> Result<Vec<ResourceRow>, Problem> {
    let mut query = ResourceQuery {
        kind: kind.as_str().to_owned(),
        limit: CHUNK,
        ..ResourceQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = state.store.list_resources(scope, &query).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.cursor = Some(next),
            None => return Ok(rows),
        }
    }
}
