//! The file itself, part by part.

use super::{CdrExportFormat, find};
use crate::auth::Principal;
use crate::containment::{Part, contain};
use crate::problem::Problem;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use store::{CdrExportState, Store};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Parts that wait for the client.
const PARTS_WAITING: usize = 2;

/// Gives a file that is ready. One that goes while it is read breaks the connection off.
#[utoipa::path(
    get,
    path = "/api/v1/cdr-exports/{id}/file",
    operation_id = "cdr_export_file",
    tag = "cdrs",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "The file", content((String = "text/csv"), (Vec<u8> = "application/vnd.apache.parquet"))),
        (status = 404, description = "There is no such file", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not ready", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cdr_export_file(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = find(&state, &principal, &id).await?;
    if row.state != CdrExportState::Ready {
        let detail = format!("File {} is not ready.", row.id);
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let (sender, parts) = mpsc::channel(PARTS_WAITING);
    let sending = send(state.store.clone(), row.id, row.parts, sender);
    tokio::spawn(contain(Part::Task, sending));
    let format = CdrExportFormat::of(&row);
    let name = format!("calls-{}.{}", row.id, format.as_str());
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    let body = Body::from_stream(ReceiverStream::new(parts));
    Ok((headers, body).into_response())
}

/// Sends all parts; ends when the client has gone. When one is missing the client sees a connection that
/// broke, and no file that seems whole.
async fn send(store: Store, id: i64, parts: u64, to: mpsc::Sender<Result<Bytes, std::io::Error>>) {
    for number in 1..=parts {
        let part = match store.cdr_export_part(id, number).await {
            Ok(Some(part)) => Ok(Bytes::from(part)),
            Ok(None) => Err(std::io::Error::other("the file is gone")),
            Err(error) => Err(std::io::Error::other(error)),
        };
        let failed = part.is_err();
        if to.send(part).await.is_err() || failed {
            return;
        }
    }
}
