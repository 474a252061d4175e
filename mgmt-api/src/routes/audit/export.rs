//! The whole chain as a file.

use super::signer;
use crate::audit::AuditSigner;
use crate::auth::Principal;
use crate::clock;
use crate::containment::{Part, contain};
use crate::problem::Problem;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use store::{AuditHead, AuditLine, AuditSeal, Scope, Store};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Entries that are read at once, and pieces of the file that wait for the client.
const ENTRIES_AT_ONCE: u32 = 500;
const PIECES_WAITING: usize = 2;

type Piece = Result<Bytes, std::io::Error>;

/// Gives the whole log as lines of JSON, oldest first; the last line is the seal, with both ends of
/// the chain and a signature. `didtron audit verify FILE` checks it without the switch.
#[utoipa::path(
    get,
    path = "/api/v1/audit-entries/export",
    operation_id = "audit_export",
    tag = "audit",
    responses((status = 200, description = "The entries and the seal, a line each", body = String, content_type = "application/x-ndjson")),
)]
pub(crate) async fn audit_export(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Response, Problem> {
    let signer = signer(&state).await?;
    let scope = principal.own_scope();
    let told = principal.audit(scope.tenant(), "audit.export");
    state.store.append_audit(&[told]).await?;
    let head = state.store.audit_head(&scope).await?;
    let (sender, pieces) = mpsc::channel(PIECES_WAITING);
    let export = Export {
        store: state.store.clone(),
        scope,
        head,
        signer,
    };
    tokio::spawn(contain(Part::Task, export.send(sender)));
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"audit.ndjson\"",
        ),
    ];
    let body = Body::from_stream(ReceiverStream::new(pieces));
    Ok((headers, body).into_response())
}

struct Export {
    store: Store,
    scope: Scope,
    /// What the chain ended with when the export began.
    head: AuditHead,
    signer: AuditSigner,
}

impl Export {
    /// Sends all pieces; ends when the client has gone. When the database fails the file has no
    /// seal, and the client sees a connection that broke.
    async fn send(self, to: mpsc::Sender<Piece>) {
        let mut after = self.head.anchor_sequence;
        while after < self.head.sequence {
            let piece = match self.piece(after).await {
                Ok((text, last)) => {
                    after = last;
                    Ok(Bytes::from(text))
                }
                Err(error) => Err(error),
            };
            let failed = piece.is_err();
            if to.send(piece).await.is_err() || failed {
                return;
            }
        }
        let begin = (self.head.anchor_sequence, self.head.anchor_hash);
        let seal = AuditSeal::write(&self.head, begin, clock::now(), |text| {
            self.signer.sign(text)
        });
        // A client that has gone misses nothing.
        let _ = to.send(Ok(Bytes::from(seal + "\n"))).await;
    }

    /// Some lines, and the number of the last.
    async fn piece(&self, after: u64) -> Result<(String, u64), std::io::Error> {
        let entries = self
            .store
            .audit_entries_after(&self.scope, after, ENTRIES_AT_ONCE)
            .await
            .map_err(std::io::Error::other)?;
        let entries = entries
            .iter()
            .take_while(|entry| entry.sequence <= self.head.sequence);
        let mut text = String::new();
        let mut last = after;
        for entry in entries {
            text.push_str(&AuditLine::write(entry));
            text.push('\n');
            last = entry.sequence;
        }
        if last == after {
            return Err(std::io::Error::other("the log ends before its end"));
        }
        Ok((text, last))
    }
}
