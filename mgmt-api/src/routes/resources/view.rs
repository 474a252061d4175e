//! A resource as the API shows it.

use crate::problem::Problem;
use crate::resource_engine::{assignment_of, masked};
use crate::values::Time;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use resources::{Assignment, ResourceKind};
use serde::Serialize;
use serde_json::Value;
use store::{ResourceRow, VersionRow};

/// A resource as it is now. Described for each kind by its own schema.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ResourceView {
    kind: ResourceKind,
    id: i64,
    name: String,
    external_id: Option<String>,
    version: u64,
    assign: Assignment,
    spec: Value,
    created_at: Time,
    updated_at: Time,
    updated_by: String,
}

/// A version of a resource. Described for each kind by its own schema.
#[derive(Clone, Debug, Serialize)]
pub(super) struct VersionView {
    kind: ResourceKind,
    id: i64,
    name: String,
    external_id: Option<String>,
    version: u64,
    assign: Assignment,
    spec: Value,
    created_at: Time,
    author: String,
    note: Option<String>,
}

impl ResourceView {
    pub(crate) fn new(kind: ResourceKind, row: ResourceRow) -> Self {
        let mut spec = row.spec;
        masked(kind, &mut spec);
        Self {
            kind,
            id: row.id,
            name: row.name,
            external_id: row.external_id,
            version: row.version,
            assign: assignment_of(&row.assignment),
            spec,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
            updated_by: row.updated_by,
        }
    }

    /// The answer with the version as its tag.
    pub(super) fn respond(self, status: StatusCode) -> Response {
        let tag = etag(self.version);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::ETAG, tag);
        response
    }
}

impl VersionView {
    pub(super) fn new(kind: ResourceKind, row: VersionRow) -> Self {
        let mut spec = row.spec;
        masked(kind, &mut spec);
        Self {
            kind,
            id: row.resource_id,
            name: row.name,
            external_id: row.external_id,
            version: row.version,
            assign: assignment_of(&row.assignment),
            spec,
            created_at: Time(row.created_at),
            author: row.author,
            note: row.note,
        }
    }
}

/// A version as an entity tag (RFC 9110 §8.8.3).
fn etag(version: u64) -> HeaderValue {
    let text = format!("\"{version}\"");
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// The version that `If-Match` names; `None` for `*`, which is any.
///
/// # Errors
/// 428 when the header is missing, 412 when it names nothing that a version could be.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else {
        return Err(Problem::precondition_required());
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let number = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
    let version = number
        .parse()
        .map_err(|_| Problem::precondition_failed("`If-Match` is no `ETag` of this resource."))?;
    Ok(Some(version))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn a_tag_names_a_version() {
        let tag = etag(7);
        assert_eq!(if_match(&header(tag.to_str().unwrap())).unwrap(), Some(7));
        assert_eq!(if_match(&header("W/\"7\"")).unwrap(), Some(7));
        assert_eq!(if_match(&header("*")).unwrap(), None);
        assert_eq!(if_match(&header("\"x\"")).unwrap_err().status, 412);
        assert_eq!(if_match(&HeaderMap::new()).unwrap_err().status, 428);
    }
}
