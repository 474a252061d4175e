//! Authentication of requests, before any handler sees them.

use super::identity::principal_of;
use super::principal::{ActingTenant, Credential, Principal};
use super::session::{self, SessionToken};
use super::source::RequestSource;
use crate::access::roles::Portal;
use crate::access::{PermissionSet, api_keys};
use crate::clock;
use crate::openapi::CSRF_HEADER;
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, SocketAddr};

/// Lets only authenticated requests through, and changes by cookie only with the CSRF token.
pub(crate) async fn require(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let source = RequestSource::of(request.headers(), request.extensions());
    let principal = authenticate(&state, request.method(), request.headers(), source).await?;
    request.extensions_mut().insert(principal);
    // The guards of the operations, which are declared before there is a state, find it there.
    request.extensions_mut().insert(state);
    Ok(next.run(request).await)
}

/// As [`require`], but requests from this machine need nothing.
pub(crate) async fn require_beyond_loopback(
    state: State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if from_this_machine(request.extensions()) {
        Ok(next.run(request).await)
    } else {
        require(state, request, next).await
    }
}

/// Whether a request came from this machine.
pub(crate) fn from_this_machine(extensions: &axum::http::Extensions) -> bool {
    client_address(extensions).is_some_and(|address| address.is_loopback())
}

async fn authenticate(
    state: &AppState,
    method: &Method,
    headers: &HeaderMap,
    source: RequestSource,
) -> Result<Principal, Problem> {
    if let Some(key) = bearer(headers) {
        return by_bearer(state, key, source).await;
    }
    let token =
        SessionToken::of(headers, state.secure_cookies).ok_or_else(Problem::unauthenticated)?;
    let from = source.address_text();
    let session = session::find(&state.store, &token, from.as_deref()).await?;
    let session = session.ok_or_else(Problem::unauthenticated)?;
    if !method.is_safe() {
        let sent = headers
            .get(CSRF_HEADER)
            .and_then(|value| value.to_str().ok());
        if !sent.is_some_and(|sent| token.has_csrf(sent)) {
            return Err(Problem::csrf());
        }
    }
    let principal = principal_of(state, session, token, source).await?;
    principal.ok_or_else(Problem::unauthenticated)
}

/// Who sent these headers, at this moment: for a request that was let in before and is being
/// answered. A session is not used by it.
///
/// # Errors
/// 401 or 403 when it would not be let in now.
pub(super) async fn again(
    state: &AppState,
    headers: &HeaderMap,
    source: RequestSource,
) -> Result<Principal, Problem> {
    if let Some(key) = bearer(headers) {
        return by_bearer(state, key, source).await;
    }
    let token =
        SessionToken::of(headers, state.secure_cookies).ok_or_else(Problem::unauthenticated)?;
    let session = state.store.session(&token.hash(), clock::now()).await?;
    let session = session.ok_or_else(Problem::unauthenticated)?;
    let principal = principal_of(state, session, token, source).await?;
    principal.ok_or_else(Problem::unauthenticated)
}

async fn by_bearer(
    state: &AppState,
    key: &str,
    source: RequestSource,
) -> Result<Principal, Problem> {
    if api_keys::looks_like_one(key) {
        api_keys::authenticate(state, key, source).await
    } else {
        by_key(state, key, source)
    }
}

fn by_key(state: &AppState, key: &str, source: RequestSource) -> Result<Principal, Problem> {
    if !state.local_key.matches(key) {
        return Err(Problem::unauthenticated());
    }
    Ok(Principal {
        name: "local key".into(),
        user: None,
        role: Portal::Staff.first_role().into(),
        tenant: ActingTenant::platform(),
        permissions: PermissionSet::all(),
        credential: Credential::LocalKey,
        source,
        must_enrol: false,
        visit: None,
    })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Where a request came from; `None` when it came by no connection (tests).
pub(crate) fn client_address(extensions: &axum::http::Extensions) -> Option<IpAddr> {
    let info = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(info.0.ip().to_canonical())
}
