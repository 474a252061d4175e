//! Requests that are answered for minutes: who asked may be signed out, suspended or allowed less
//! before the answer ends.

use super::principal::Principal;
use super::request::again;
use super::source::RequestSource;
use crate::state::AppState;
use axum::http::{HeaderMap, header};

/// What a request proved itself by, and what it was allowed then.
pub(crate) struct OpenRequest {
    state: AppState,
    /// Those that prove something.
    headers: HeaderMap,
    began_as: Principal,
}

impl OpenRequest {
    pub(crate) fn new(state: AppState, principal: Principal, headers: &HeaderMap) -> Self {
        let proofs = [header::AUTHORIZATION, header::COOKIE];
        let mut kept = HeaderMap::new();
        for name in proofs {
            for value in headers.get_all(&name) {
                kept.append(name.clone(), value.clone());
            }
        }
        Self {
            state,
            headers: kept,
            began_as: principal,
        }
    }

    /// Whether who asked would still get the same answer: in the same tenant, allowed no less. When
    /// that cannot be told, it is not. It is no use of a session: an open stream keeps none alive.
    pub(crate) async fn holds(&self) -> bool {
        let source: RequestSource = self.began_as.source.clone();
        let now = again(&self.state, &self.headers, source).await;
        now.is_ok_and(|now| {
            let began = &self.began_as;
            !now.must_enrol
                && now.tenant.id == began.tenant.id
                && now.permissions.covers(&began.permissions)
        })
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.began_as
    }
}
