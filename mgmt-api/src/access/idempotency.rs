//! `Idempotency-Key`: a change that may come twice is done once.
//!
//! A client that heard no answer sends the same request with the same key again, and gets the
//! answer of the first. The key is the client's; it counts for 24 hours and for whoever sent it.
//! Kept is what is final: that it was done, or that it can never be done as it is written. What is
//! refused because of how things stand (401, 403, 404, 408, 409, 412, 428, 429, 503) may be tried
//! again with the same key: nothing was changed. What failed here (500) is kept too, and what a
//! crash or a panic cut off stays under way: nobody knows whether it was done. The database has a
//! hash of the key, and one of key and request together.

mod answer;
mod digest;

use crate::auth::{Credential, Principal, sha256_hex};
use crate::clock;
use crate::containment::{self, Part};
use crate::extract::read_body;
use crate::headers::IDEMPOTENCY_KEY;
use crate::problem::{CutOff, Problem};
use crate::state::AppState;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rating::Timestamp;
use store::{Claim, StoreError};

/// How long a key counts, seconds.
const KEPT_S: i64 = 24 * 3_600;

/// Longest key.
const KEY_CHARS_MAX: usize = 255;

/// Largest body of a request with a key: it is held to be compared.
const BODY_BYTES_MAX: usize = 16 << 20;

/// When the principal has too many keys, how long until some may be forgotten, seconds.
const FULL_RETRY_S: u64 = 3_600;

/// The moment before which requests are forgotten.
pub(crate) fn forgotten_before(now: Timestamp) -> Timestamp {
    Timestamp(now.0 - KEPT_S * 1_000_000)
}

/// Does a change with a key once. It stands behind the guard, which has let the principal through.
pub(crate) async fn once_if_unsafe(request: Request, next: Next) -> Result<Response, Problem> {
    if request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let Some(key) = key_of(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let extensions = request.extensions();
    let state = extensions.get::<AppState>().cloned();
    let state = state.ok_or_else(Problem::unauthenticated)?;
    let principal = extensions.get::<Principal>().map(name_of);
    let principal = principal.ok_or_else(Problem::unauthenticated)?;

    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_BYTES_MAX).await?;
    let digest = digest::of(&key, &parts, &body);
    let key = sha256_hex(&["idempotency-key:", &key]);
    let now = clock::now();
    let claimed = state
        .store
        .claim_request(&principal, &key, &digest, now, forgotten_before(now));
    match claimed.await? {
        Claim::First => {}
        Claim::Done(kept) => return Ok(answer::again(kept)),
        Claim::UnderWay => return Err(under_way()),
        Claim::Other => return Err(other_request()),
        Claim::Full => return Err(Problem::quota_used_up("idempotency-key", FULL_RETRY_S)),
    }
    let request = Request::from_parts(parts, Body::from(body));
    // In a task of its own: it is done to its end also when the client does not wait for it.
    let done = containment::in_own_task(Part::Request, async move {
        let response = next.run(request).await;
        keep(&state, &principal, &key, response).await
    });
    done.await.map_err(|_| Problem::interrupted())?
}

/// The key of what this request posts, which is posted once; for requests that must have one. It is
/// made of the client's and of the tenant, whoever sends it and by whatever credential, and counts for
/// ever.
pub(crate) fn posting_key(principal: &Principal, headers: &HeaderMap) -> Result<String, Problem> {
    let Some(key) = key_of(headers)? else {
        let message = "send one: a key of your choice, the same when you try again";
        return Err(Problem::invalid_field("Idempotency-Key", message));
    };
    let tenant = principal.tenant.id.to_string();
    Ok(sha256_hex(&["posting:", &tenant, ":", &key]))
}

/// The key in a request's headers.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("write 1 to {KEY_CHARS_MAX} visible ASCII characters, once");
        return Err(Problem::bad_parameter("Idempotency-Key", message));
    }
    Ok(Some(key.to_owned()))
}

/// For whom a key counts: for one user or key in one tenant.
fn name_of(principal: &Principal) -> String {
    let tenant = principal.tenant.id;
    match (&principal.credential, principal.user) {
        (Credential::ApiKey(id), _) => format!("key {id} tenant {tenant}"),
        (Credential::Session(_), Some(user)) => format!("user {user} tenant {tenant}"),
        (Credential::Session(_), None) | (Credential::LocalKey, _) => format!("local {tenant}"),
    }
}

/// Keeps an answer, or gives the place back when nothing was done.
async fn keep(
    state: &AppState,
    principal: &str,
    key: &str,
    response: Response,
) -> Result<Response, Problem> {
    if response.extensions().get::<CutOff>().is_some() {
        return Ok(response);
    }
    if !is_final(response.status()) {
        note(state.store.release_request(principal, key).await);
        return Ok(response);
    }
    let (response, kept) = answer::keep(response).await?;
    note(state.store.keep_answer(principal, key, &kept).await);
    Ok(response)
}

/// The request was done; that its answer is not kept makes the next try get 409.
fn note(kept: Result<(), StoreError>) {
    if let Err(error) = kept {
        tracing::warn!(%error, "what came of a request with an Idempotency-Key is not kept");
    }
}

/// Whether the same request would get the same answer for ever.
fn is_final(status: StatusCode) -> bool {
    let by_circumstance = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::CONFLICT,
        StatusCode::PRECONDITION_FAILED,
        StatusCode::PRECONDITION_REQUIRED,
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    !by_circumstance.contains(&status)
}

fn under_way() -> Problem {
    let detail = "A request with this Idempotency-Key is under way, or was cut off. Wait for its \
        answer; if none came, look whether it was done and use another key.";
    Problem::conflict(detail, Vec::new())
}

fn other_request() -> Problem {
    let message = "another request came with this key: use a new key for each";
    Problem::invalid_field("Idempotency-Key", message)
}

impl IntoResponse for answer::NotKept {
    fn into_response(self) -> Response {
        let detail = format!(
            "This request was done before, with status {}; its answer was not kept, because it is \
             large or shows a secret.",
            self.0
        );
        Problem::conflict(detail, Vec::new()).into_response()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_key_is_a_word_of_visible_characters() {
        let read = |text: &str| {
            let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
            key_of(&HeaderMap::from_iter([(IDEMPOTENCY_KEY, value)]))
        };
        assert_eq!(key_of(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read(" 8e03-a \t").unwrap().as_deref(), Some("8e03-a"));
        for wrong in ["", " ", "two words", "é", &"x".repeat(256)] {
            assert_eq!(read(wrong).unwrap_err().status, 400, "{wrong}");
        }
    }
}
