//! Making imports, sending files, discarding.

use super::{DeckImport, DeckPolicyPatch, find, is_stopped, reading_job, result_of, view};
use crate::auth::Principal;
use crate::clock;
use crate::deck_import::{DECK_FILE_BYTES_MAX, DeckSettings, settings_owner};
use crate::extract::{ApiJson, read_body};
use crate::problem::Problem;
use crate::resource_engine::Key;
use crate::routes::resources::find as find_resource;
use crate::state::AppState;
use crate::values::ShortText;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rate_deck::Mapping;
use resources::ResourceKind;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;
use store::{
    ChangeSetState, DECK_IMPORTS_OPEN_MAX, DeckImportRow, DeckImportState, NewAuditEntry,
    NewDeckImport, ResourceRow,
};
use utoipa::ToSchema;

/// An import that shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeckImportCreate {
    /// The rate card, by number or name.
    #[schema(min_length = 1, example = "acme-cost")]
    pub card: String,
    /// What the carrier calls its file; it is shown and noted.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 255, example = "rates-november.xlsx")]
    pub file_name: Option<ShortText<255>>,
    /// How the columns are read: `columns`, `ignored`, `country_code`, `header`, `delimiter`,
    /// `decimal_mark`, `date_order`, `sheet`. Without it as the carrier's last deck that was applied; a first one by
    /// the titles that are usual.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub mapping: Option<Mapping>,
    /// What is agreed with the carrier. What it leaves out is as for the carrier's last deck that
    /// was applied.
    #[serde(default)]
    pub policy: Option<DeckPolicyPatch>,
}

/// Makes an import for a rate card; its file is sent next.
#[utoipa::path(
    post,
    path = "/api/v1/deck-imports",
    operation_id = "deck_import_create",
    tag = "deck-imports",
    request_body = DeckImportCreate,
    responses(
        (status = 201, description = "It; `Location` says where it is", body = DeckImport),
        (status = 404, description = "There is no such rate card", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Too many imports are not applied, or the card is built from others", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(body): ApiJson<DeckImportCreate, 65_536>,
) -> Result<Response, Problem> {
    let card = find_resource(&state, &principal, ResourceKind::RateCard, &body.card).await?;
    if card.spec.get("built_from").is_some() {
        let name = &card.name;
        let detail = format!("\"{name}\" is built from other cards: import into those.");
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let remembered = remembered(&state, &principal, &card).await?;
    let settings = DeckSettings {
        mapping: body.mapping.unwrap_or(remembered.mapping),
        policy: body.policy.unwrap_or_default().over(remembered.policy)?,
    };
    let settings = serde_json::to_value(&settings).map_err(|error| Problem::internal(&error))?;
    let file_name = body.file_name.map(|name| name.0);
    let told = told(&principal, "deck_import.create", None, &card.name);
    let told = told.values(
        None,
        Some(json!({"file_name": file_name, "settings": settings})),
    );
    let new = NewDeckImport {
        card_id: card.id,
        author: principal.name.clone(),
        file_name,
        settings,
    };
    let scope = principal.scope();
    let id = state.store.create_deck_import(&scope, &new, told).await?;
    let id = id.ok_or_else(|| {
        let detail = format!(
            "{DECK_IMPORTS_OPEN_MAX} imports are not applied: discard those that are not needed."
        );
        Problem::conflict(detail, Vec::new())
    })?;
    let row = find(&state, &principal, &id.to_string()).await?;
    let made = view(&state, &principal, row).await?;
    let mut response = (StatusCode::CREATED, Json(made)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/deck-imports/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// How the last deck of the carrier, or for the card, was read.
async fn remembered(
    state: &AppState,
    principal: &Principal,
    card: &ResourceRow,
) -> Result<DeckSettings, Problem> {
    let scope = principal.scope();
    let key = Key::new(scope.tenant(), ResourceKind::RateCard, &card.name);
    let owner = settings_owner(&state.configuration.in_force(), &key, card.id);
    let found = state.store.deck_settings(&scope, owner).await?;
    let settings = found.map(serde_json::from_value).transpose();
    let settings = settings.map_err(|error| Problem::internal(&error))?;
    Ok(settings.unwrap_or_default())
}

/// Sends the file of an import, CSV or XLSX of at most 64 MiB: a job reads it and compares it with
/// the card.
///
/// Another file takes the place of one that was read. What was found in that one is gone. While
/// rates of that one are scheduled, the import takes no other: they would come into force all the
/// same.
#[utoipa::path(
    put,
    path = "/api/v1/deck-imports/{id}/file",
    operation_id = "deck_import_upload",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Number of the import")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is"),
    responses(
        (status = 202, description = "It is read", body = DeckImport),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A file of it is read at this moment, rates of it are scheduled, or it was applied", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_upload(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, &id).await?;
    takes_file(&state, &principal, &row).await?;
    let file = read_body(request.into_body(), DECK_FILE_BYTES_MAX).await?;
    if file.is_empty() {
        return Err(Problem::invalid("The file is empty.", Vec::new()));
    }
    let told = told_of(&state, &principal, "deck_import.send", &row).await?;
    let told = told.values(None, Some(json!({"bytes": file.len()})));
    let (store, scope) = (&state.store, principal.scope());
    let put = store.put_deck_import_file(&scope, &row, file.into(), &told);
    if put.await?.is_none() {
        return Err(changed());
    }
    state.job_bell.ring();
    let row = find(&state, &principal, &id).await?;
    let sent = view(&state, &principal, row).await?;
    Ok((StatusCode::ACCEPTED, Json(sent)).into_response())
}

/// # Errors
/// 409 while a job reads a file, when the import was applied, and while rates of it are scheduled.
async fn takes_file(
    state: &AppState,
    principal: &Principal,
    row: &DeckImportRow,
) -> Result<(), Problem> {
    let is_closed = match row.state {
        DeckImportState::Applied => true,
        DeckImportState::Reading => {
            let job = reading_job(state, principal, row).await?;
            !job.as_ref().is_some_and(is_stopped)
        }
        DeckImportState::Ready => return nothing_scheduled(state, principal, row).await,
        DeckImportState::AwaitingFile | DeckImportState::Failed => false,
    };
    if is_closed {
        let detail = format!("The import takes no file: it is {}.", row.state.as_str());
        return Err(Problem::conflict(detail, Vec::new()));
    }
    Ok(())
}

async fn nothing_scheduled(
    state: &AppState,
    principal: &Principal,
    row: &DeckImportRow,
) -> Result<(), Problem> {
    let moments = result_of(row)?.moments;
    let applied: BTreeSet<_> = moments
        .iter()
        .filter_map(|moment| moment.change_set)
        .collect();
    for id in applied {
        let set = state.store.change_set(&principal.scope(), id).await?;
        if set.is_some_and(|set| set.state == ChangeSetState::Scheduled) {
            let detail = format!(
                "The import takes no file: rates of it are scheduled in change set {id}. \
                 Unschedule or discard that first."
            );
            return Err(Problem::conflict(detail, Vec::new()));
        }
    }
    Ok(())
}

/// Discards an import with all that was found. What was applied of it stays in its change sets.
#[utoipa::path(
    delete,
    path = "/api/v1/deck-imports/{id}",
    operation_id = "deck_import_delete",
    tag = "deck-imports",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such import", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was changed at the same time", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn deck_import_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = find(&state, &principal, &id).await?;
    let told = told_of(&state, &principal, "deck_import.discard", &row).await?;
    let scope = principal.scope();
    if state.store.discard_deck_import(&scope, &row, &told).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(changed())
    }
}

fn changed() -> Problem {
    let detail = "The import was changed at the same time. Look at it again.";
    Problem::conflict(detail, Vec::new())
}

async fn told_of(
    state: &AppState,
    principal: &Principal,
    operation: &'static str,
    row: &DeckImportRow,
) -> Result<NewAuditEntry, Problem> {
    let card = state
        .store
        .resource(&principal.scope(), row.card_id)
        .await?;
    let name = card.map(|card| card.name).unwrap_or_default();
    Ok(told(principal, operation, Some(row.id), &name))
}

fn told(
    principal: &Principal,
    operation: &'static str,
    id: Option<i64>,
    card: &str,
) -> NewAuditEntry {
    let (tenant, actor) = (principal.scope().tenant(), principal.actor());
    let entry = NewAuditEntry::new(tenant, clock::now(), actor, operation);
    entry.on("deck_import", id, card)
}
