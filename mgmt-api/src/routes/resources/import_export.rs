//! Resources of a kind as a table or as YAML, in and out.

use super::bulk::selected;
use super::single::find;
use super::submit::Writer;
use crate::auth::Principal;
use crate::deck_import::deck_text;
use crate::extract::read_text;
use crate::problem::{FieldError, Problem};
use crate::resource_engine::{
    Content, CsvFault, Draft, Key, TableRow, document_of, masked, merged, read_csv, write_csv,
};
use crate::state::AppState;
use axum::Extension;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use resources::ResourceKind;
use resources::documents::{parse_documents, write_documents};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use store::ResourceRow;

/// Most bytes of a table or of documents.
const IMPORT_BYTES_MAX: usize = 32 << 20;

const CSV: &str = "text/csv";
const YAML: &str = "application/yaml";

pub(super) async fn export(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    RawQuery(text): RawQuery,
) -> Result<Response, Problem> {
    let scope = principal.scope();
    let found = selected(&state, &scope, kind, text.as_deref(), &["format"]).await?;
    let (rows, others) = found;
    let format = others.last().map_or("csv", |(_, value)| value.as_str());
    match format {
        "csv" => {
            let rows: Vec<_> = rows.into_iter().map(|row| table_row(kind, row)).collect();
            let table =
                write_csv(kind.schema(), &rows).map_err(|error| Problem::internal(&error))?;
            Ok(file(CSV, kind, "csv", table))
        }
        "yaml" => {
            let documents = rows.into_iter().map(|row| document_of(kind, row));
            let documents = documents.collect::<Result<Vec<_>, _>>()?;
            let text = write_documents(&documents).map_err(|error| Problem::internal(&error))?;
            Ok(file(YAML, kind, "yaml", text))
        }
        _ => Err(Problem::bad_parameter("format", "write `csv` or `yaml`")),
    }
}

fn table_row(kind: ResourceKind, row: ResourceRow) -> TableRow {
    let mut spec = row.spec;
    masked(kind, &mut spec);
    TableRow {
        line: 0,
        name: row.name,
        external_id: row.external_id.map(Value::from),
        assign: row.assignment,
        spec,
    }
}

fn file(media_type: &'static str, kind: ResourceKind, ending: &str, text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    let name = format!("attachment; filename=\"{}.{ending}\"", kind.plural());
    if let Ok(name) = HeaderValue::try_from(name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// The rates of a card as a deck: as it came, or written from the rows that stand in the card.
pub(super) async fn rates(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, kind, &id).await?;
    if let Some(hash) = &row.deck_hash
        && let Some(text) = state.store.deck(hash).await?
    {
        return Ok(file(CSV, kind, "csv", text));
    }
    let key = Key::new(principal.scope().tenant(), kind, &row.name);
    let in_force = state.configuration.in_force();
    let deck = in_force.get(&key).and_then(|entry| entry.deck.clone());
    let deck = deck.ok_or_else(|| {
        Problem::not_found(format!("The rates of \"{}\" are not here.", row.name))
    })?;
    let text = deck_text(&deck).map_err(|error| Problem::internal(&error))?;
    Ok(file(CSV, kind, "csv", text))
}

pub(super) async fn import(
    Extension(kind): Extension<ResourceKind>,
    writer: Writer,
    request: Request,
) -> Result<Response, Problem> {
    let media_type = media_type(&request);
    let text = read_text(request, IMPORT_BYTES_MAX).await?;
    let drafts = match media_type.as_str() {
        CSV => drafts_of_table(&writer, kind, &text).await?,
        YAML | "application/x-yaml" | "text/yaml" => {
            drafts_of_documents(&writer, kind, &text).await?
        }
        _ => {
            let taken = format!("{CSV}` or `{YAML}");
            return Err(Problem::unsupported_media_type(&taken));
        }
    };
    Ok(writer.submit(drafts, Vec::new()).await?.respond())
}

fn media_type(request: &Request) -> String {
    let value = request.headers().get(header::CONTENT_TYPE);
    let text = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let first = text.split(';').next().unwrap_or_default();
    first.trim().to_ascii_lowercase()
}

async fn drafts_of_table(
    writer: &Writer,
    kind: ResourceKind,
    text: &str,
) -> Result<Vec<Draft>, Problem> {
    let rows = read_csv(kind.schema(), text).map_err(|faults| {
        let errors = faults.into_iter().map(FieldError::from).collect();
        Problem::invalid("Nothing was imported: the table cannot be read.", errors)
    })?;
    let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
    let mut known = by_name(writer, kind, &names).await?;
    let drafts = rows.into_iter().map(|row| {
        let known = known.remove(&row.name);
        draft_of_row(kind, row, known)
    });
    drafts.collect()
}

fn draft_of_row(kind: ResourceKind, row: TableRow, known: Option<Known>) -> Result<Draft, Problem> {
    let base_version = known.as_ref().and_then(|known| known.base_version);
    let mut content = match known {
        Some(known) => known.content,
        None => Content::new(row.name.clone(), Value::Object(Map::new())),
    };
    let before = std::mem::take(&mut content.spec);
    content.spec = merged(&before, &row.spec);
    drop_new_empty(&before, &mut content.spec);
    if row
        .assign
        .as_object()
        .is_some_and(|patch| !patch.is_empty())
    {
        content.patch_assignment(&row.assign)?;
    }
    if let Some(id) = row.external_id {
        content.external_id = id.as_str().map(str::to_owned);
    }
    Ok(Draft {
        kind,
        name: row.name,
        base_version,
        revives: None,
        content: Some(content),
        note: None,
    })
}

/// Takes away objects without a field that were not there before: empty cells made them.
fn drop_new_empty(before: &Value, after: &mut Value) {
    let Value::Object(after) = after else { return };
    after.retain(|name, value| {
        let old = before.get(name);
        drop_new_empty(old.unwrap_or(&Value::Null), value);
        let is_empty = value.as_object().is_some_and(Map::is_empty);
        !is_empty || old.is_some()
    });
}

async fn drafts_of_documents(
    writer: &Writer,
    kind: ResourceKind,
    text: &str,
) -> Result<Vec<Draft>, Problem> {
    let documents = parse_documents("body", text).map_err(|problems| {
        let errors = problems.into_iter().map(FieldError::from).collect();
        Problem::invalid(
            "Nothing was imported: the documents cannot be read.",
            errors,
        )
    })?;
    let names: Vec<&str> = documents.iter().map(|found| &*found.value.name).collect();
    let mut known = by_name(writer, kind, &names).await?;
    let drafts = documents.into_iter().map(|found| {
        let document = found.value;
        if document.spec.kind() != kind {
            let message = format!("only documents of the kind `{kind}` are taken here");
            return Err(Problem::invalid_field("kind", message));
        }
        let known = known.remove(&document.name);
        let content = known.as_ref().map(|known| &known.content);
        let deck_hash = content.and_then(|content| content.deck_hash.clone());
        Ok(Draft {
            kind,
            name: document.name.clone(),
            base_version: known.and_then(|known| known.base_version),
            revives: None,
            content: Some(Content::of_document(document, deck_hash)),
            note: None,
        })
    });
    drafts.collect()
}

/// What a line or a document of a name changes.
struct Known {
    base_version: Option<u64>,
    content: Content,
}

/// What there is of those names, in force or as the change set wants it.
async fn by_name(
    writer: &Writer,
    kind: ResourceKind,
    names: &[&str],
) -> Result<BTreeMap<String, Known>, Problem> {
    let (store, scope) = (&writer.state.store, writer.principal.scope());
    let rows = store
        .resources_by_name(&scope, kind.as_str(), names)
        .await?;
    let known = rows.into_iter().map(|row| {
        let known = Known {
            base_version: Some(row.version),
            content: Content::of_row(kind, row),
        };
        (known.content.name.clone(), known)
    });
    let mut known: BTreeMap<String, Known> = known.collect();
    for (name, drafted) in writer.drafts_of(kind).await? {
        // Of one that shall go, what is in force is what a file changes.
        if let Some(content) = drafted.content {
            let base_version = drafted.base_version;
            known.insert(
                name,
                Known {
                    base_version,
                    content,
                },
            );
        }
    }
    Ok(known)
}

impl From<CsvFault> for FieldError {
    fn from(fault: CsvFault) -> Self {
        Self {
            line: fault.line,
            field: fault.field,
            message: fault.message,
            ..Self::default()
        }
    }
}
