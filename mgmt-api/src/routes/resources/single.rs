//! One resource: made, shown, changed, taken away.

use super::body::{WriteBody, bytes_max, check_note};
use super::submit::{Outcome, Writer};
use super::target::Target;
use super::view::{ResourceView, if_match};
use crate::auth::Principal;
use crate::extract::read_json;
use crate::problem::Problem;
use crate::resource_engine::{ConfigurationError, Content, DeckText, Draft};
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use resources::{BuiltFrom, ResourceKind};
use serde_json::Value;
use store::ResourceRow;

pub(super) async fn create(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    request: Request,
) -> Result<Response, Problem> {
    let body: WriteBody = read_json(request, bytes_max(kind)).await?;
    let note = body.note.clone();
    let (content, deck) = body.into_content(kind, None)?;
    let draft = Draft {
        kind,
        name: content.name.clone(),
        base_version: None,
        revives: None,
        content: Some(content),
        note,
    };
    if let Some(drafted) = writer.draft_of(kind, &draft.name).await? {
        let name = drafted.content.map_or(drafted.name, |content| content.name);
        if name == draft.name {
            let detail = format!("The change set has a draft of \"{name}\". Change it by PUT.");
            return Err(Problem::conflict(detail, Vec::new()));
        }
    }
    submit_one(writer, draft, deck, StatusCode::CREATED).await
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

pub(super) async fn update(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let wanted = if_match(&headers)?;
    let body: WriteBody = read_json(request, bytes_max(kind)).await?;
    let subject = Subject::find(&writer, kind, &id).await?;
    subject.check_version(wanted)?;
    let note = body.note.clone();
    let (content, deck) = body.into_content(kind, subject.deck_hash())?;
    let draft = subject.changed_to(kind, Some(content), note);
    submit_one(writer, draft, deck, StatusCode::OK).await
}

/// Builds a card anew that is built from others.
pub(super) async fn rebuild(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let subject = Subject::find(&writer, kind, &id).await?;
    let mut content = subject
        .content(kind)
        .ok_or_else(|| Target::parse(&id).not_found(kind.title()))?;
    let Some(Value::Object(built)) = content.spec.get_mut("built_from") else {
        let detail = format!("\"{}\" is not built from other cards.", content.name);
        return Err(Problem::conflict(detail, Vec::new()));
    };
    // One that follows its parents is built by every push of it.
    if built.get("rebuild").and_then(Value::as_str) == Some("manual") {
        let revision = built.get("revision").and_then(Value::as_u64).unwrap_or(0);
        let next = revision % u64::from(BuiltFrom::REVISION_MAX) + 1;
        built.insert("revision".to_owned(), next.into());
    }
    let draft = subject.changed_to(kind, Some(content), Some("Built anew".to_owned()));
    submit_one(writer, draft, None, StatusCode::OK).await
}

pub(super) async fn delete(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = if_match(&headers)?;
    let subject = Subject::find(&writer, kind, &id).await?;
    subject.check_version(wanted)?;
    if subject.row.is_none() {
        // Only the change set knows it.
        let draft = subject.changed_to(kind, None, None);
        return Ok(writer.withdraw(kind, draft.name).await?.respond());
    }
    let draft = subject.changed_to(kind, None, None);
    let done = writer.submit(vec![draft], Vec::new()).await;
    match done.map_err(ConfigurationError::into_problem_of_one)? {
        Outcome::Pushed(_) => Ok(StatusCode::NO_CONTENT.into_response()),
        drafted @ Outcome::Drafted(_) => Ok(drafted.respond()),
    }
}

/// A resource that is to be changed: as it is in force, and as the change set wants it.
struct Subject {
    row: Option<ResourceRow>,
    draft: Option<Draft>,
}

impl Subject {
    /// A name means what has it in force, then what shall have it by the change set.
    async fn find(writer: &Writer, kind: ResourceKind, id: &str) -> Result<Self, Problem> {
        let (state, principal) = (&writer.state, &writer.principal);
        let target = Target::parse(id);
        let row = find_any(state, principal, kind, &target).await?;
        let row = row.filter(|row| row.deleted_at.is_none());
        let (Target::Name(name), None) = (&target, &row) else {
            let row = row.ok_or_else(|| target.not_found(kind.title()))?;
            let draft = writer.draft_of(kind, &row.name).await?;
            let draft = draft.filter(|draft| draft.name == row.name);
            return Ok(Self {
                row: Some(row),
                draft,
            });
        };
        let draft = writer.draft_of(kind, name).await?;
        let draft = draft.ok_or_else(|| target.not_found(kind.title()))?;
        let row = match draft.base_version {
            Some(_) => {
                let renamed = Target::Name(draft.name.clone());
                Some(find_target(state, principal, kind, &renamed).await?)
            }
            None => None,
        };
        Ok(Self {
            row,
            draft: Some(draft),
        })
    }

    /// The version is that in force: a draft has none.
    fn check_version(&self, wanted: Option<u64>) -> Result<(), Problem> {
        let version = self.row.as_ref().map(|row| row.version);
        match (wanted, version) {
            (wanted, Some(version)) => check_version(wanted, version),
            (Some(_), None) => Err(Problem::precondition_failed(
                "The resource is a draft and has no version yet. Send `If-Match: *`.",
            )),
            (None, None) => Ok(()),
        }
    }

    /// The deck that stays when none is sent.
    fn deck_hash(&self) -> Option<String> {
        let drafted = self.draft.as_ref().and_then(|draft| draft.content.as_ref());
        match drafted {
            Some(content) => content.deck_hash.clone(),
            None => self.row.as_ref().and_then(|row| row.deck_hash.clone()),
        }
    }

    /// As it shall be, so far.
    fn content(&self, kind: ResourceKind) -> Option<Content> {
        match &self.draft {
            Some(draft) => draft.content.clone(),
            None => Some(Content::of_row(kind, self.row.clone()?)),
        }
    }

    fn changed_to(
        self,
        kind: ResourceKind,
        content: Option<Content>,
        note: Option<String>,
    ) -> Draft {
        let revives = self.draft.as_ref().and_then(|draft| draft.revives);
        let drafted = self.draft.map(|draft| draft.name);
        let base_version = self.row.as_ref().map(|row| row.version);
        let name = self.row.map(|row| row.name).or(drafted);
        Draft {
            kind,
            name: name.unwrap_or_default(),
            base_version,
            revives,
            content,
            note,
        }
    }
}

/// # Errors
/// 412 when another version is wanted than there is; `None` is any.
pub(super) fn check_version(wanted: Option<u64>, version: u64) -> Result<(), Problem> {
    match wanted {
        Some(wanted) if wanted != version => Err(Problem::precondition_failed(format!(
            "The resource has version {version}, `If-Match` names {wanted}. Look at it again."
        ))),
        _ => Ok(()),
    }
}

/// Submits a draft and answers with the resource as it is then, or as a change set has it.
pub(super) async fn submit_one(
    writer: Writer,
    draft: Draft,
    deck: Option<DeckText>,
    status: StatusCode,
) -> Result<Response, Problem> {
    check_note(draft.note.as_deref())?;
    let kind = draft.kind;
    let name = draft.content.as_ref().map(|content| content.name.clone());
    let decks = deck.into_iter().collect();
    let (state, principal) = (writer.state.clone(), writer.principal.clone());
    let done = writer.submit(vec![draft], decks).await;
    let outcome = done.map_err(ConfigurationError::into_problem_of_one)?;
    if matches!(outcome, Outcome::Drafted(_)) {
        return Ok(outcome.respond());
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
