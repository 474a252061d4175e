//! Versions of what has no number of its own: a change is of what its author saw.

use crate::auth::sha256_hex;
use crate::problem::Problem;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Hexadecimal digits of a version.
const DIGITS: usize = 32;

/// What can be changed of something, in short. Two that are equal have one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version(String);

impl Version {
    /// Of the texts that can be changed.
    pub(super) fn of(parts: &[&str]) -> Self {
        // A length before each keeps two parts from being read as one.
        let lengths: Vec<String> = parts
            .iter()
            .map(|part| format!("{}:", part.len()))
            .collect();
        let framed = lengths.iter().zip(parts);
        let framed: Vec<&str> = framed
            .flat_map(|(length, part)| [length.as_str(), *part])
            .collect();
        let mut digest = sha256_hex(&framed);
        digest.truncate(DIGITS);
        Self(format!("\"{digest}\""))
    }

    /// # Errors
    /// 428 when `If-Match` is missing, 412 when it names another version; `*` is any.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let sent = headers
            .get(header::IF_MATCH)
            .ok_or_else(Problem::precondition_required)?;
        let sent = sent.to_str().unwrap_or_default();
        let mut tags = sent.split(',').map(str::trim);
        if tags.any(|tag| tag == "*" || tag == self.0) {
            return Ok(());
        }
        let detail = "It was changed by another. Look at it again.";
        Err(Problem::precondition_failed(detail))
    }

    /// 200 with the version as the `ETag`.
    pub(super) fn respond(&self, body: impl Serialize) -> Response {
        let tag = HeaderValue::from_str(&self.0).ok();
        let headers: HeaderMap = tag.map(|tag| (header::ETAG, tag)).into_iter().collect();
        (headers, Json(body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: &Version, sent: &'static str) -> Option<u16> {
        let sent = (header::IF_MATCH, HeaderValue::from_static(sent));
        let checked = version.check(&HeaderMap::from_iter([sent]));
        checked.err().map(|problem| problem.status)
    }

    #[test]
    fn a_version_is_known_by_what_can_be_changed() {
        let version = Version::of(&["ann", "viewer"]);
        assert_eq!(version, Version::of(&["ann", "viewer"]));
        assert_ne!(version, Version::of(&["annv", "iewer"]));
        assert_eq!(checked(&version, "*"), None);
        assert_eq!(checked(&version, "\"other\""), Some(412));
        let missing = version.check(&HeaderMap::new()).err();
        assert_eq!(missing.map(|problem| problem.status), Some(428));
        let both = format!("\"other\", {}", version.0);
        let both = HeaderValue::from_str(&both).map(|value| (header::IF_MATCH, value));
        assert!(version.check(&HeaderMap::from_iter(both.ok())).is_ok());
    }
}
