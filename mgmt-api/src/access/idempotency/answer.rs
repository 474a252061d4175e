//! An answer on its way into the database and out of it again.

use crate::problem::Problem;
use crate::sensitive::HoldsSecret;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::collections::BTreeMap;
use store::KeptAnswer;

/// Largest answer whose content is kept; a larger one gives its status only.
const KEPT_BYTES_MAX: usize = 256 << 10;

/// Largest answer to a change: all resources of a bulk edit, each with its fields.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Headers that are part of an answer; the others are made anew each time.
const KEPT_HEADERS: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::ETAG,
    header::LOCATION,
    header::CONTENT_DISPOSITION,
];

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The answer of a request that was done is not there; it had this status.
pub(super) struct NotKept(pub(super) u16);

/// The answer, and what is kept of it.
pub(super) async fn keep(response: Response) -> Result<(Response, KeptAnswer), Problem> {
    let status = response.status().as_u16();
    let secret = response.extensions().get::<HoldsSecret>().is_some();
    // A cookie belongs to the browser that asked first.
    let secret = secret || response.headers().contains_key(header::SET_COOKIE);
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, ANSWER_BYTES_MAX).await;
    let body = body.map_err(|error| Problem::internal(&error))?;
    let content =
        (!secret && body.len() <= KEPT_BYTES_MAX).then(|| (written(&parts.headers), body.to_vec()));
    let response = Response::from_parts(parts, Body::from(body));
    Ok((response, KeptAnswer { status, content }))
}

fn written(headers: &HeaderMap) -> String {
    let kept = KEPT_HEADERS.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.as_str(), value))
    });
    let kept: BTreeMap<_, _> = kept.collect();
    serde_json::to_string(&kept).unwrap_or_else(|_| "{}".to_owned())
}

/// An answer that was kept, marked as given again.
pub(super) fn again(kept: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status);
    let (Ok(status), Some((headers, body))) = (status, kept.content) else {
        return replayed(NotKept(kept.status).into_response());
    };
    let headers: BTreeMap<String, String> = serde_json::from_str(&headers).unwrap_or_default();
    let mut response = (status, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    replayed(response)
}

fn replayed(mut response: Response) -> Response {
    let yes = HeaderValue::from_static("true");
    response.headers_mut().insert(REPLAYED, yes);
    response
}
