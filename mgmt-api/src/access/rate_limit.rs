//! How often somebody may ask: a quota for each user, key or address in each category.
//!
//! A quota of `n` a minute is a bucket of `n` requests that fills evenly (GCRA): a burst is free, a
//! steady flood is not. The key of the machine has no quota: who may read the data folder owns the
//! machine. The table has an end; who finds no place shares one bucket with all others like that.

mod headers;
mod table;

pub(crate) use headers::announce;
pub(crate) use table::{Quota, RateLimitTable, Standing, Subject};

use crate::auth::{Credential, Principal, client_address, network};
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::time::Instant;

/// Requests a minute that one user, key or address may make; 0: as many as they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Reading, by user or key.
    pub read_per_minute: u32,
    /// Changing, by user or key.
    pub write_per_minute: u32,
    /// What takes long (exports, imports, bulk edits, apply, explain), by user or key.
    pub heavy_per_minute: u32,
    /// Signing in and what else strangers may send, by address (of IPv6: by /64 network).
    pub sign_in_per_minute: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            read_per_minute: 6_000,
            write_per_minute: 1_200,
            heavy_per_minute: 120,
            sign_in_per_minute: 60,
        }
    }
}

/// What a request counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Category {
    Read,
    Write,
    Heavy,
    SignIn,
}

impl Category {
    /// As it is named in the headers and the problem.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Heavy => "heavy",
            Self::SignIn => "sign-in",
        }
    }
}

impl RateLimits {
    fn quota(&self, category: Category) -> Option<Quota> {
        Quota::per_minute(match category {
            Category::Read => self.read_per_minute,
            Category::Write => self.write_per_minute,
            Category::Heavy => self.heavy_per_minute,
            Category::SignIn => self.sign_in_per_minute,
        })
    }
}

/// The quotas and who has used how much of theirs.
#[derive(Debug, Default)]
pub(crate) struct RateLimiter {
    limits: RateLimits,
    table: RateLimitTable,
}

impl RateLimiter {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            table: RateLimitTable::default(),
        }
    }

    /// Counts a request of somebody who is known; `None` when no quota holds for them.
    pub(crate) fn take(&self, principal: &Principal, category: Category) -> Option<Standing> {
        let subject = match (&principal.credential, principal.user) {
            (Credential::LocalKey, _) | (Credential::Session(_), None) => return None,
            (Credential::ApiKey(id), _) => Subject::Key(*id),
            (Credential::Session(_), Some(user)) => Subject::User(user.0),
        };
        self.count(subject, category)
    }

    /// Counts a request of a stranger; without an address (in memory) there is no quota.
    pub(crate) fn take_stranger(
        &self,
        address: Option<IpAddr>,
        category: Category,
    ) -> Option<Standing> {
        self.count(Subject::Address(network(address?)), category)
    }

    fn count(&self, subject: Subject, category: Category) -> Option<Standing> {
        let quota = self.limits.quota(category)?;
        Some(self.table.take(subject, category, quota, Instant::now()))
    }
}

/// The answer to a request beyond the quota.
pub(crate) fn refusal(standing: &Standing) -> Response {
    let (name, seconds) = (standing.category.as_str(), standing.retry_after_s());
    let mut response = Problem::quota_used_up(name, seconds).into_response();
    announce(standing, &mut response);
    response
}

/// Counts what strangers send by their addresses; reading what is open to all costs nothing.
pub(crate) async fn limit_strangers(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let address = client_address(request.extensions());
    let Some(standing) = state.rate_limiter.take_stranger(address, Category::SignIn) else {
        return next.run(request).await;
    };
    if !standing.admitted {
        return refusal(&standing);
    }
    let mut response = next.run(request).await;
    announce(&standing, &mut response);
    response
}
