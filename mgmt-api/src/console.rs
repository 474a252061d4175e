//! The console: files of `portals-web/dist`, built into the binary.

mod api_docs;

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use std::fmt::Write as _;

#[derive(RustEmbed)]
#[folder = "../portals-web/dist"]
#[allow_missing = true]
struct Files;

const INDEX: &str = "index.html";

const NOT_BUILT: &str = "The console is not part of this build: run `make build`.\n\
    The API is served under /api/v1; its description is /api/openapi.json.\n";

/// Whatever no route serves: a file of the console, or its first page for one of its own paths.
pub(crate) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if matches!(method, Method::GET | Method::HEAD)
        && let Some(response) = api_docs::serve(path, &headers)
    {
        return response;
    }
    if path == "api" || path.starts_with("api/") {
        return Problem::not_found(format!("Nothing is at `{}`.", uri.path())).into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut response = Problem::method_not_allowed().into_response();
        let allowed = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allowed);
        return response;
    }
    if let Some(file) = Files::get(path) {
        return send(path, &file, &headers);
    }
    // A path of the console has no ending; a file that is not there has one.
    let is_file = path
        .rsplit('/')
        .next()
        .is_some_and(|name| name.contains('.'));
    match Files::get(INDEX) {
        _ if is_file => {
            Problem::not_found(format!("No file is at `{}`.", uri.path())).into_response()
        }
        Some(index) => send(INDEX, &index, &headers),
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

fn send(path: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    let etag = hash[..16]
        .iter()
        .fold(String::from("\""), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
        + "\"";
    // Names below assets/ carry a hash of their content.
    let cache = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == etag.as_str());
    let fixed = [
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::ETAG, etag),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, fixed).into_response();
    }
    let media_type = [(header::CONTENT_TYPE, file.metadata.mimetype().to_owned())];
    (fixed, media_type, file.data.clone().into_owned()).into_response()
}
