//! Files of calls that a search finds: asked for, looked at, read, deleted. Of each tenant its own.

mod file;

pub(crate) use file::{__path_cdr_export_file, cdr_export_file};

use super::cdrs::{CdrFilter, OwnCdrFilter, asked, filling, own_party};
use super::reports::Filling;
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    CDR_EXPORT_LIMITS, CdrExportRow, CdrExportState, CdrParty, JobState, NewCdrExport, Scope,
};
use utoipa::ToSchema;

const BODY_BYTES_MAX: usize = 1_024;

/// Longest query string that is kept.
const ASKED_BYTES_MAX: usize = 8 * 1_024;

/// As what a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CdrExportFormat {
    /// Comma-separated values, a line for each call, with a line of names. Texts that a spreadsheet would
    /// take for a formula begin with an apostrophe.
    Csv,
    /// Apache Parquet, for tools of analysis: the same columns, typed. Times are microseconds in UTC, amounts
    /// decimals of nine places, texts as they are.
    Parquet,
}

/// Where a file stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CdrExportStateView {
    /// A job writes it, or will.
    Making,
    /// It can be read.
    Ready,
    /// There is none: `failure` says why.
    Failed,
}

/// What is asked for, beside the filters.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CdrExportCreate {
    /// As what it is written.
    pub format: CdrExportFormat,
}

/// A file of calls.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrExport {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub state: CdrExportStateView,
    /// As what it is written.
    pub format: CdrExportFormat,
    /// Who asked for it.
    pub author: String,
    /// The query string of the list that it is of.
    #[schema(example = "customer=acme&answered=true")]
    pub query: String,
    /// How many records it has so far.
    pub records: u64,
    /// How long it is so far.
    pub bytes: u64,
    /// Why there is none.
    #[schema(required)]
    pub failure: Option<String>,
    /// When it was asked for: later calls are not in it.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// When it goes by itself.
    pub expires_at: Time,
}

/// The files that there are, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrExportList {
    /// All of them: there are 10 at most.
    pub items: Vec<CdrExport>,
}

/// Asks for a file of the calls that the list finds with the same filters. A job writes it; it is kept for 48
/// hours. At most 1,000,000 records; `cursor` begins behind a place, `limit` has no effect.
#[utoipa::path(
    post,
    path = "/api/v1/cdr-exports",
    operation_id = "cdr_export_create",
    tag = "cdrs",
    params(CdrFilter),
    request_body = CdrExportCreate,
    responses(
        (status = 202, description = "A job writes it", body = CdrExport),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are as many files as may be, or calls of before this release are still being made known to all filters", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cdr_export_create(
    State(state): State<AppState>,
    principal: Principal,
    RawQuery(query): RawQuery,
    ApiJson(body): ApiJson<CdrExportCreate, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    create(&state, &principal, CdrParty::Staff, query, body).await
}

/// Asks for a file of the account's own calls that the own list finds with the same filters, with what is of
/// its side. Else as that of the staff.
#[utoipa::path(
    post,
    path = "/api/v1/own-cdr-exports",
    operation_id = "own_cdr_export_create",
    tag = "cdrs",
    params(OwnCdrFilter),
    request_body = CdrExportCreate,
    responses(
        (status = 202, description = "A job writes it", body = CdrExport),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are as many files as may be, or calls of before this release are still being made known to all filters", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_cdr_export_create(
    State(state): State<AppState>,
    principal: Principal,
    RawQuery(query): RawQuery,
    ApiJson(body): ApiJson<CdrExportCreate, BODY_BYTES_MAX>,
) -> Result<Response, Problem> {
    let party = own_party(&principal.tenant)?;
    create(&state, &principal, party, query, body).await
}

/// Lists the files that were asked for, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/cdr-exports",
    operation_id = "cdr_export_list",
    tag = "cdrs",
    responses((status = 200, description = "All of them", body = CdrExportList)),
)]
pub(crate) async fn cdr_export_list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<CdrExportList>, Problem> {
    let found = state.store.cdr_exports(principal.tenant.id, clock::now());
    let mut items = Vec::new();
    for row in found.await? {
        items.push(view(&state, row).await?);
    }
    Ok(Json(CdrExportList { items }))
}

/// Shows how far a file is.
#[utoipa::path(
    get,
    path = "/api/v1/cdr-exports/{id}",
    operation_id = "cdr_export_view",
    tag = "cdrs",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It", body = CdrExport),
        (status = 404, description = "There is no such file", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cdr_export_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<CdrExport>, Problem> {
    let row = find(&state, &principal, &id).await?;
    Ok(Json(view(&state, row).await?))
}

/// Deletes a file. The job of one that is being written stops.
#[utoipa::path(
    delete,
    path = "/api/v1/cdr-exports/{id}",
    operation_id = "cdr_export_delete",
    tag = "cdrs",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such file", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cdr_export_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let row = find(&state, &principal, &id).await?;
    let tenant = principal.tenant.id;
    let told = principal.audit(tenant, "cdr_export.delete").on(
        "cdr_export",
        Some(row.id),
        row.id.to_string(),
    );
    let is_gone = state.store.delete_cdr_export(tenant, row.id, &told).await?;
    is_gone
        .then_some(StatusCode::NO_CONTENT)
        .ok_or_else(|| none(row.id))
}

async fn create(
    state: &AppState,
    principal: &Principal,
    party: CdrParty,
    query: Option<String>,
    body: CdrExportCreate,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    if query.len() > ASKED_BYTES_MAX {
        let detail = format!("The query string is longer than {ASKED_BYTES_MAX} bytes.");
        return Err(Problem::bad_request(detail));
    }
    asked(party, &query)?;
    if let Some(Filling { percent, .. }) = filling(state).await? {
        // Half of a file would look like all of it.
        let detail = format!(
            "Calls of an earlier release are still being made known to all filters ({percent} %): a file \
             might lack some. Ask again when that is done."
        );
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let tenant = principal.tenant.id;
    let told = principal
        .audit(tenant, "cdr_export.create")
        .on("cdr_export", None, "")
        .values(None, Some(json!({ "query": query, "format": body.format })));
    let new = NewCdrExport {
        tenant,
        party,
        author: &principal.actor().name,
        format: body.format.as_str(),
        asked: &query,
    };
    let limits = &CDR_EXPORT_LIMITS;
    let scope = principal.scope();
    let id = state.store.create_cdr_export(&scope, new, limits, told);
    let id = id.await?.ok_or_else(|| {
        let detail = format!(
            "There are {} files, or they take as much room as they may: delete one.",
            limits.files
        );
        Problem::conflict(detail, Vec::new())
    })?;
    state.job_bell.ring();
    let row = find(state, principal, &id.to_string()).await?;
    let made = view(state, row).await?;
    let mut response = (StatusCode::ACCEPTED, Json(made)).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/cdr-exports/{id}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// The tenant's file of the number that a path has.
async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<CdrExportRow, Problem> {
    let number = id
        .parse()
        .map_err(|_| Problem::bad_parameter("id", "write the number of the file"))?;
    let found = state
        .store
        .cdr_export(principal.tenant.id, number, clock::now());
    found.await?.ok_or_else(|| none(number))
}

fn none(number: i64) -> Problem {
    Problem::not_found(format!(
        "There is no file {number}, or it has had its time."
    ))
}

async fn view(state: &AppState, row: CdrExportRow) -> Result<CdrExport, Problem> {
    let scope = Scope::of_tenant(row.owner);
    let job = match row.job_id.filter(|_| row.state == CdrExportState::Making) {
        Some(job) => state.store.job(&scope, job).await?,
        None => None,
    };
    // Nobody goes on with what the job left.
    let has_stopped =
        job.is_some_and(|job| matches!(job.state, JobState::Discarded | JobState::Dead));
    let stopped = || "Its job was stopped.".to_owned();
    Ok(CdrExport {
        id: row.id,
        state: match row.state {
            CdrExportState::Making if has_stopped => CdrExportStateView::Failed,
            CdrExportState::Making => CdrExportStateView::Making,
            CdrExportState::Ready => CdrExportStateView::Ready,
            CdrExportState::Failed => CdrExportStateView::Failed,
        },
        format: CdrExportFormat::of(&row),
        author: row.author,
        query: row.asked,
        records: row.records,
        bytes: row.bytes,
        failure: row.failure.or_else(|| has_stopped.then(stopped)),
        created_at: Time(row.created_at),
        updated_at: Time(row.updated_at),
        expires_at: Time(row.expires_at),
    })
}

impl CdrExportFormat {
    fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// As what the file of a row is written.
    pub(crate) fn of(row: &CdrExportRow) -> Self {
        match row.format.as_str() {
            "parquet" => Self::Parquet,
            _ => Self::Csv,
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}
