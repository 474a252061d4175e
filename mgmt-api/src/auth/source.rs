//! Where a request came from: for sessions, for the history of sign-ins, for the audit log.

use super::request::client_address;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use std::convert::Infallible;
use std::net::IpAddr;
use store::{AuditActor, AuditCredential};

/// Characters that are kept of what a browser says it is.
const BROWSER_CHARS_MAX: usize = 200;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestSource {
    /// The address; `None` when it came by no connection (tests).
    pub(crate) address: Option<IpAddr>,
    /// The program, in its own words.
    pub(crate) user_agent: Option<String>,
}

impl RequestSource {
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let user_agent = headers.get(header::USER_AGENT);
        let user_agent = user_agent.and_then(|value| value.to_str().ok());
        Self {
            address: client_address(extensions),
            user_agent: user_agent.map(str::to_owned),
        }
    }

    /// The address as it is stored.
    pub(crate) fn address_text(&self) -> Option<String> {
        self.address.map(|address| address.to_string())
    }

    /// The program as it is stored, at most [`BROWSER_CHARS_MAX`] characters.
    pub(crate) fn browser(&self) -> String {
        let said = self.user_agent.as_deref().unwrap_or_default();
        said.chars().take(BROWSER_CHARS_MAX).collect()
    }

    /// Somebody who came from here, for the audit log: who signs in, or could not.
    pub(crate) fn actor(&self, name: &str, credential: AuditCredential) -> AuditActor {
        AuditActor::new(name, credential).from_source(self.address, self.user_agent.as_deref())
    }
}

impl<S: Sync> FromRequestParts<S> for RequestSource {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers, &parts.extensions))
    }
}
