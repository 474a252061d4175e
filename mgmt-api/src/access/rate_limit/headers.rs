//! The quota in the answer: `RateLimit-Policy` and `RateLimit`, as the IETF's HTTPAPI group drafts
//! them (draft-ietf-httpapi-ratelimit-headers).

use super::Standing;
use crate::headers::{RATE_LIMIT, RATE_LIMIT_POLICY};
use axum::http::HeaderValue;
use axum::response::Response;

/// Says in an answer what the quota is and what is left of it.
pub(crate) fn announce(standing: &Standing, response: &mut Response) {
    let name = standing.category.as_str();
    let policy = format!("\"{name}\";q={};w=60", standing.quota.requests);
    let state = format!(
        "\"{name}\";r={};t={}",
        standing.remaining,
        standing.full_in_s()
    );
    let headers = response.headers_mut();
    for (header, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, state)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(header, value);
        }
    }
}
