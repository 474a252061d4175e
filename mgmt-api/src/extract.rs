//! Bodies and query strings as types, with every fault as a problem that names its field.

use crate::problem::{FieldError, Problem};
use crate::server::BodyTimedOut;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

/// A body of JSON of at most `LIMIT` bytes.
pub(crate) struct ApiJson<T, const LIMIT: usize>(pub(crate) T);

/// The query string.
pub(crate) struct ApiQuery<T>(pub(crate) T);

impl<S: Sync, T: DeserializeOwned, const LIMIT: usize> FromRequest<S> for ApiJson<T, LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let value = read_json(request, LIMIT).await?;
        Ok(Self(value))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// What a query string asks for.
///
/// # Errors
/// 400, which names the parameter that is wrong.
pub(crate) fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    serde_path_to_error::deserialize(form_pairs(query)).map_err(|error| {
        match error.path().to_string().as_str() {
            "." => Problem::bad_request(format!("The query string: {}.", error.inner())),
            field => Problem::bad_parameter(field, error.inner().to_string()),
        }
    })
}

/// A body of JSON, where its limit depends on the route.
///
/// # Errors
/// As [`ApiJson`] gives them.
pub(crate) async fn read_json<T: DeserializeOwned>(
    request: Request,
    limit: usize,
) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Err(Problem::unsupported_media_type("application/json"));
    }
    let bytes = read_body(body, limit).await?;
    if escapes_nul(&bytes) {
        return Err(no_nul());
    }
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        json_problem(&path, error.inner())
    })?;
    json.end().map_err(|error| json_problem(".", &error))?;
    Ok(value)
}

/// A body of text.
///
/// # Errors
/// 413 when it is too long, 400 when it is not UTF-8.
pub(crate) async fn read_text(request: Request, limit: usize) -> Result<String, Problem> {
    let bytes = read_body(request.into_body(), limit).await?;
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|_| Problem::bad_request("The body is not text in UTF-8."))?;
    if text.contains('\0') {
        return Err(no_nul());
    }
    Ok(text)
}

/// Refuses targets with a NUL character before anybody reads them: see [`no_nul`].
pub(crate) async fn refuse_nul(request: Request, next: Next) -> Response {
    let target = request.uri().path_and_query();
    // A percent sign of its own is written `%25`, so this is nothing else.
    if target.is_some_and(|target| target.as_str().contains("%00")) {
        let detail = "The path and the query hold no NUL character.";
        return Problem::bad_request(detail).into_response();
    }
    next.run(request).await
}

/// No text of ours has NUL in it, and PostgreSQL takes none.
fn no_nul() -> Problem {
    Problem::invalid("The body holds a NUL character.", Vec::new())
}

/// Whether JSON holds `\u0000` in a text. Any other NUL is no JSON.
fn escapes_nul(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        if rest[at..].starts_with(br"\u0000") {
            return true;
        }
        // The character behind a backslash begins no escape.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

fn form_pairs(query: &str) -> serde_urlencoded::Deserializer<'_> {
    serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// The bytes of a body.
///
/// # Errors
/// 413 when it is too long, 408 when it does not come in time, 400 when it breaks off.
pub(crate) async fn read_body(body: Body, limit: usize) -> Result<Bytes, Problem> {
    to_bytes(body, limit).await.map_err(|error| {
        if caused_by::<LengthLimitError>(&error) {
            Problem::too_large(limit)
        } else if caused_by::<BodyTimedOut>(&error) {
            Problem::body_timed_out()
        } else {
            Problem::bad_request("The body ended before its end.")
        }
    })
}

fn caused_by<E: std::error::Error + 'static>(error: &dyn std::error::Error) -> bool {
    std::iter::successors(error.source(), |cause| cause.source()).any(|cause| cause.is::<E>())
}

/// 400 when it is no JSON, 422 when it is JSON of another shape.
fn json_problem(path: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return Problem::bad_request(format!("The body is not JSON: {error}."));
    }
    let field = (path != ".").then(|| path.to_owned());
    let message = error.to_string();
    let detail = field
        .as_ref()
        .map_or_else(|| message.clone(), |field| format!("`{field}`: {message}"));
    Problem::invalid(
        detail,
        vec![FieldError {
            field,
            message,
            ..FieldError::default()
        }],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_where_it_is_one() {
        for json in [
            r#""\u0000""#,
            r#"{"a\u0000": 1}"#,
            r#""\\\u0000""#,
            r#""\n\u0000""#,
        ] {
            assert!(escapes_nul(json.as_bytes()), "{json}");
        }
        for json in [r#""\\u0000""#, r#""\u0001""#, r#""u0000""#, r#""\"#, ""] {
            assert!(!escapes_nul(json.as_bytes()), "{json}");
        }
    }
}
