//! The page that shows the API's description: Swagger UI, built into the binary with the console.
//!
//! The page and the script that starts it are ours; the rest are the files of `swagger-ui-dist`,
//! as they come, with their licence. No other host is asked.

use super::{Files, NOT_BUILT, send};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Where the page is.
pub(crate) const PATH: &str = "api/docs";

/// Where the build puts the files of Swagger UI.
const FOLDER: &str = "api-docs";

const PAGE: &str = include_str!("../../assets/api-docs/index.html");
const SCRIPT: &str = include_str!("../../assets/api-docs/init.js");

/// The page or one of its files; `None` when the path is none of them.
pub(super) fn serve(path: &str, headers: &HeaderMap) -> Option<Response> {
    let file = path.strip_prefix(PATH)?;
    match file {
        "" | "/" => Some(page()),
        "/init.js" => Some(text("text/javascript", SCRIPT)),
        _ => {
            let file = file.strip_prefix('/').filter(|name| !name.contains('/'))?;
            let name = format!("{FOLDER}/{file}");
            let file = Files::get(&name)?;
            Some(send(&name, &file, headers))
        }
    }
}

fn page() -> Response {
    if Files::get(&format!("{FOLDER}/swagger-ui-bundle.js")).is_some() {
        text("text/html; charset=utf-8", PAGE)
    } else {
        (StatusCode::NOT_FOUND, NOT_BUILT).into_response()
    }
}

fn text(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
