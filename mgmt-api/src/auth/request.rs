//! Authentication of requests, before any handler sees them.

use super::session::SessionToken;
use crate::openapi::CSRF_HEADER;
use crate::problem::Problem;
use crate::routes::session::Role;
use crate::state::AppState;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

/// Who asks. In a handler's arguments it is there only behind [`require`].
#[derive(Clone)]
pub(crate) struct Principal {
    /// Name, as the configuration's history shows it.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// The session, when a cookie was used.
    pub(crate) session: Option<SessionToken>,
}

/// Where a request came from; `None` when it came by no connection (tests).
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

/// Lets only authenticated requests through, and changes by cookie only with the CSRF token.
pub(crate) async fn require(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let principal = authenticate(&state, request.method(), request.headers()).await?;
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// As [`require`], but requests from this machine need nothing.
pub(crate) async fn require_beyond_loopback(
    state: State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let local = client_address(request.extensions()).is_some_and(|address| address.is_loopback());
    if local {
        Ok(next.run(request).await)
    } else {
        require(state, request, next).await
    }
}

async fn authenticate(
    state: &AppState,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Principal, Problem> {
    if let Some(key) = bearer(headers) {
        return by_key(state, key);
    }
    let token = SessionToken::of(headers).ok_or_else(Problem::unauthenticated)?;
    let session = state.sessions.find(&token).await?;
    let session = session.ok_or_else(Problem::unauthenticated)?;
    if !method.is_safe() {
        let sent = headers
            .get(CSRF_HEADER)
            .and_then(|value| value.to_str().ok());
        if !sent.is_some_and(|sent| token.has_csrf(sent)) {
            return Err(Problem::csrf());
        }
    }
    Ok(Principal {
        name: session.username,
        role: role(&session.role)?,
        session: Some(token),
    })
}

fn by_key(state: &AppState, key: &str) -> Result<Principal, Problem> {
    if !state.local_key.matches(key) {
        return Err(Problem::unauthenticated());
    }
    Ok(Principal {
        name: "local key".into(),
        role: Role::Admin,
        session: None,
    })
}

/// A user whose role this program does not know may do nothing.
fn role(text: &str) -> Result<Role, Problem> {
    match text {
        "admin" => Ok(Role::Admin),
        _ => Err(Problem::unauthenticated()),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn client_address(extensions: &axum::http::Extensions) -> Option<IpAddr> {
    let info = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(info.0.ip().to_canonical())
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Self>().cloned();
        principal.ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(client_address(&parts.extensions)))
    }
}
