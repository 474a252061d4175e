//! The audit log of the tenant that is acted in.

mod export;

pub(crate) use export::{__path_audit_export, audit_export};

use crate::audit::AuditSigner;
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::cdrs::page_limit;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::{AuditEntry as Entry, AuditQuery};
use utoipa::{IntoParams, ToSchema};

/// Which entries to list. Filters are joined by "and".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// How many entries a page holds, 1 to 500.
    #[param(default = 50, minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Name of who did it, exactly.
    pub actor: Option<String>,
    /// What was done, such as `resource.update`.
    pub operation: Option<String>,
    /// The kind of what it was done to, such as `customer`.
    pub kind: Option<String>,
    /// The number of what it was done to.
    pub subject_id: Option<i64>,
    /// The name of what it was done to, exactly.
    pub subject: Option<String>,
    /// The change set that it came with.
    pub change_set: Option<i64>,
    /// At or after this time.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
}

/// One page of the log, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// An entry of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its number in the chain, from 1, without gaps.
    pub sequence: u64,
    /// When.
    pub created_at: Time,
    /// Who, by the name at that time.
    pub actor: String,
    /// The user's number; null for keys and for the switch itself.
    #[schema(required)]
    pub user_id: Option<i64>,
    /// What proved it: `system`, `none`, `password`, `session`, `api_key` or `local_key`.
    #[schema(example = "session")]
    pub credential: String,
    /// The API key's number.
    #[schema(required)]
    pub api_key_id: Option<i64>,
    /// The user behind another's session.
    #[schema(required)]
    pub impersonator: Option<String>,
    /// Where the request came from.
    #[schema(required)]
    pub address: Option<String>,
    /// What program it came from, in its own words.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// What was done.
    #[schema(example = "resource.update")]
    pub operation: String,
    /// The kind of what it was done to.
    #[schema(required)]
    pub kind: Option<String>,
    /// Its number.
    #[schema(required)]
    pub subject_id: Option<i64>,
    /// Its name at that time.
    #[schema(required)]
    pub subject: Option<String>,
    /// The change set that it came with.
    #[schema(required)]
    pub change_set: Option<i64>,
    /// The configuration that it came into force with.
    #[schema(required)]
    pub configuration: Option<u64>,
    /// The old values: of a change those that differ, by field. Secrets are never among them.
    #[schema(required)]
    pub before: Option<serde_json::Value>,
    /// The new values, likewise.
    #[schema(required)]
    pub after: Option<serde_json::Value>,
    /// SHA-256 of the entry before, hexadecimal.
    pub previous_hash: String,
    /// SHA-256 of this entry and the one before.
    pub hash: String,
}

/// What following the chain found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditVerification {
    /// Whether every entry holds.
    pub holds: bool,
    /// How many entries hold, from the first that is kept.
    pub entries: u64,
    /// The first place that does not hold.
    #[schema(required)]
    pub broken: Option<AuditBreak>,
    /// Number of the last entry that retention took away; 0: none.
    pub anchor_sequence: u64,
    /// Number of the last entry; 0: there is none.
    pub head_sequence: u64,
    /// Hash of the last entry.
    pub head_hash: String,
    /// The Ed25519 public key that signs exports, hexadecimal.
    pub public_key: String,
}

/// A place where the chain does not hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditBreak {
    /// Number of the entry.
    pub sequence: u64,
    /// What is wrong with it.
    #[schema(example = "was altered")]
    pub fault: String,
}

/// Lists what was done, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries",
    operation_id = "audit_list",
    tag = "audit",
    params(AuditFilter),
    responses(
        (status = 200, description = "One page", body = AuditPage),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn audit_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<AuditFilter>,
) -> Result<Json<AuditPage>, Problem> {
    let page = state
        .store
        .audit_entries(&principal.own_scope(), &filter.query()?)
        .await?;
    Ok(Json(AuditPage {
        items: page.rows.into_iter().map(AuditEntry::from).collect(),
        next_cursor: page.next.map(|sequence| sequence.to_string()),
    }))
}

/// Shows one entry.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries/{sequence}",
    operation_id = "audit_view",
    tag = "audit",
    params(("sequence" = String, Path, description = "Number of the entry")),
    responses(
        (status = 200, description = "The entry", body = AuditEntry),
        (status = 404, description = "There is no such entry", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn audit_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(sequence): Path<String>,
) -> Result<Json<AuditEntry>, Problem> {
    let unknown = || Problem::not_found(format!("There is no entry {sequence}."));
    let number: u64 = sequence.parse().map_err(|_| unknown())?;
    if i64::try_from(number).is_err() {
        return Err(unknown());
    }
    let found = state
        .store
        .audit_entry(&principal.own_scope(), number)
        .await?;
    found.map(|entry| Json(entry.into())).ok_or_else(unknown)
}

/// Follows the whole chain and finds the first entry that was altered, taken out or put in. It
/// reads every entry.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries/verify",
    operation_id = "audit_verify",
    tag = "audit",
    responses((status = 200, description = "What was found", body = AuditVerification)),
)]
pub(crate) async fn audit_verify(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<AuditVerification>, Problem> {
    let signer = signer(&state).await?;
    let found = state.store.verify_audit(&principal.own_scope()).await?;
    if let Some(broken) = found.broken {
        let (tenant, sequence) = (found.head.tenant, broken.sequence);
        tracing::error!(%tenant, sequence, fault = %broken.fault, "the audit log does not hold");
    }
    Ok(Json(AuditVerification {
        holds: found.broken.is_none(),
        entries: found.entries,
        broken: found.broken.map(|broken| AuditBreak {
            sequence: broken.sequence,
            fault: broken.fault.to_string(),
        }),
        anchor_sequence: found.head.anchor_sequence,
        head_sequence: found.head.sequence,
        head_hash: found.head.hash.to_string(),
        public_key: signer.public_key(),
    }))
}

async fn signer(state: &AppState) -> Result<AuditSigner, Problem> {
    let signer = AuditSigner::open(&state.store, &state.secrets).await;
    signer.map_err(|error| Problem::internal(&error))
}

impl AuditFilter {
    fn query(self) -> Result<AuditQuery, Problem> {
        let wrong = || Problem::bad_parameter("cursor", "send `next_cursor` as it came");
        let before = self.cursor.map(|cursor| {
            let number = cursor.parse::<i64>().ok();
            number
                .and_then(|number| u64::try_from(number).ok())
                .ok_or_else(wrong)
        });
        Ok(AuditQuery {
            limit: page_limit(self.limit)?,
            before: before.transpose()?,
            actor: self.actor,
            operation: self.operation,
            kind: self.kind,
            subject_id: self.subject_id,
            subject: self.subject,
            change_set: self.change_set,
            from: self.from.map(|time| time.0),
            to: self.to.map(|time| time.0),
        })
    }
}

impl From<Entry> for AuditEntry {
    fn from(entry: Entry) -> Self {
        // What was stored as JSON is JSON.
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            sequence: entry.sequence,
            created_at: Time(entry.created_at),
            actor: entry.actor,
            user_id: entry.user,
            credential: entry.credential,
            api_key_id: entry.api_key,
            impersonator: entry.impersonator,
            address: entry.address,
            user_agent: entry.user_agent,
            operation: entry.operation,
            kind: entry.kind,
            subject_id: entry.subject_id,
            subject: entry.subject,
            change_set: entry.change_set,
            configuration: entry.configuration,
            before: json(entry.before),
            after: json(entry.after),
            previous_hash: entry.previous_hash.to_string(),
            hash: entry.hash.to_string(),
        }
    }
}
