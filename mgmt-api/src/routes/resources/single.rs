//! One resource: made, shown, changed, taken away.

use super::body::{WriteBody, bytes_max, check_note};
use super::submit::{Asked, Outcome, WriteQuery, problem_of_one};
use super::target::Target;
use super::view::{ResourceView, if_match};
use crate::auth::{ClientAddress, Principal};
use crate::extract::{ApiQuery, read_json};
use crate::problem::Problem;
use crate::resource_engine::{Content, DeckText, Draft};
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use resources::ResourceKind;
use store::ResourceRow;

pub(super) async fn create(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    address: ClientAddress,
    ApiQuery(query): ApiQuery<WriteQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let body: WriteBody = read_json(request, bytes_max(kind)).await?;
    let note = body.note.clone();
    let (content, deck) = body.into_content(kind, None)?;
    let draft = Draft {
        kind,
        name: content.name.clone(),
        base_version: None,
        content: Some(content),
        note,
    };
    let asked = Asked {
        state,
        principal,
        address,
        change_set: query.change_set,
    };
    submit_one(asked, draft, deck, StatusCode::CREATED).await
}

pub(super) async fn view(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, kind, &id).await?;
    Ok(ResourceView::new(kind, row).respond(StatusCode::OK))
}

#[allow(clippy::too_many_arguments, reason = "each is a part of the request")]
pub(super) async fn update(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    address: ClientAddress,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<WriteQuery>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let wanted = if_match(&headers)?;
    let body: WriteBody = read_json(request, bytes_max(kind)).await?;
    let row = find(&state, &principal, kind, &id).await?;
    check_version(wanted, &row)?;
    let note = body.note.clone();
    let (content, deck) = body.into_content(kind, kept_deck(&row))?;
    let draft = Draft {
        kind,
        name: row.name,
        base_version: Some(row.version),
        content: Some(content),
        note,
    };
    let asked = Asked {
        state,
        principal,
        address,
        change_set: query.change_set,
    };
    submit_one(asked, draft, deck, StatusCode::OK).await
}

pub(super) async fn delete(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    address: ClientAddress,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<WriteQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = if_match(&headers)?;
    let row = find(&state, &principal, kind, &id).await?;
    check_version(wanted, &row)?;
    let draft = Draft {
        kind,
        name: row.name,
        base_version: Some(row.version),
        content: None,
        note: None,
    };
    let asked = Asked {
        state,
        principal,
        address,
        change_set: query.change_set,
    };
    match asked.submit(vec![draft], Vec::new()).await {
        Ok(Outcome::Pushed(_)) => Ok(StatusCode::NO_CONTENT.into_response()),
        Ok(Outcome::Drafted(drafted)) => Ok(drafted.respond()),
        Err(error) => Err(problem_of_one(error)),
    }
}

/// Submits a draft and answers with the resource as it is then.
pub(super) async fn submit_one(
    asked: Asked,
    draft: Draft,
    deck: Option<DeckText>,
    status: StatusCode,
) -> Result<Response, Problem> {
    check_note(draft.note.as_deref())?;
    let (state, principal, kind) = (asked.state.clone(), asked.principal.clone(), draft.kind);
    let name = draft.content.as_ref().map(|Content { name, .. }| name.clone());
    let decks = deck.into_iter().collect();
    match asked.submit(vec![draft], decks).await {
        Ok(Outcome::Drafted(drafted)) => return Ok(drafted.respond()),
        Ok(Outcome::Pushed(_)) => {}
        Err(error) => return Err(problem_of_one(error)),
    }
    let target = Target::Name(name.unwrap_or_default());
    let row = find_target(&state, &principal, kind, &target).await?;
    let location = HeaderValue::try_from(format!("/api/v1/{}/{}", kind.plural(), row.id));
    let mut response = ResourceView::new(kind, row).respond(status);
    if let (StatusCode::CREATED, Ok(location)) = (status, location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The deck that stays when none is sent.
fn kept_deck(row: &ResourceRow) -> Option<String> {
    row.deck_hash.clone()
}

fn check_version(wanted: Option<u64>, row: &ResourceRow) -> Result<(), Problem> {
    match wanted {
        Some(wanted) if wanted != row.version => {
            let detail = format!(
                "The resource has version {}, `If-Match` names {wanted}. Look at it again.",
                row.version
            );
            Err(Problem::precondition_failed(detail))
        }
        _ => Ok(()),
    }
}

/// The resource that a path means.
pub(crate) async fn find(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    id: &str,
) -> Result<ResourceRow, Problem> {
    find_target(state, principal, kind, &Target::parse(id)).await
}

async fn find_target(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    target: &Target,
) -> Result<ResourceRow, Problem> {
    let row = find_any(state, principal, kind, target).await?;
    let row = row.filter(|row| row.deleted_at.is_none());
    row.ok_or_else(|| target.not_found(kind.title()))
}

/// As [`find`], but a number also finds what is gone.
pub(super) async fn find_any(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    target: &Target,
) -> Result<Option<ResourceRow>, Problem> {
    let (store, scope, word) = (&state.store, principal.scope(), kind.as_str());
    let row = match target {
        Target::Id(id) => store.resource(&scope, *id).await?,
        Target::Name(name) => store.resource_by_name(&scope, word, name).await?,
        Target::ExternalId(id) => store.resource_by_external_id(&scope, word, id).await?,
    };
    Ok(row.filter(|row| row.kind == word))
}
