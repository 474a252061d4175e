//! The check before every operation: is this kind of tenant meant, and is the permission there?

use super::rate_limit::{Category, announce, refusal};
use super::{Audience, Audiences, Permission, PermissionSet};
use crate::auth::{Principal, from_this_machine};
use crate::problem::Problem;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What an operation asks of those who call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    /// What they must be allowed.
    pub(crate) needs: Needs,
    /// Whose people may call it at all.
    pub(crate) audiences: Audiences,
    /// Whether it takes long, and so has a quota of its own.
    pub(crate) heavy: bool,
}

/// What a caller must be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// One permission.
    Permission(Permission),
    /// To be signed in: it concerns only the caller.
    SignedIn,
}

impl Guard {
    /// # Errors
    /// 403, which names the permission.
    pub(crate) fn admit(
        &self,
        audience: Audience,
        permissions: &PermissionSet,
    ) -> Result<(), Problem> {
        if !self.audiences.contains(audience) {
            let detail = format!("No {audience} can do this.");
            return Err(Problem::forbidden(detail));
        }
        match self.needs {
            Needs::Permission(needed) if !permissions.contains(needed) => {
                Err(Problem::missing_permission(needed))
            }
            _ => Ok(()),
        }
    }
}

impl Guard {
    /// What a request counts as.
    pub(crate) fn category(&self, method: &Method) -> Category {
        if self.heavy {
            Category::Heavy
        } else if method.is_safe() {
            Category::Read
        } else {
            Category::Write
        }
    }
}

impl Needs {
    /// The permission, when one is needed.
    pub(crate) fn permission(self) -> Option<Permission> {
        match self {
            Self::Permission(permission) => Some(permission),
            Self::SignedIn => None,
        }
    }
}

impl From<Permission> for Needs {
    fn from(permission: Permission) -> Self {
        Self::Permission(permission)
    }
}

/// Lets those through whom the guard admits and who have not asked too often. Authentication comes
/// before it.
pub(crate) async fn check(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let principal = request.extensions().get::<Principal>();
    let principal = principal.ok_or_else(Problem::unauthenticated)?;
    let state = request.extensions().get::<AppState>();
    let state = state.ok_or_else(Problem::unauthenticated)?;
    let category = guard.category(request.method());
    let standing = state.rate_limiter.take(principal, category);
    if let Some(standing) = standing.filter(|standing| !standing.admitted) {
        return Ok(refusal(&standing));
    }
    let admitted = if principal.must_enrol && guard.needs != Needs::SignedIn {
        Err(Problem::second_factor_required())
    } else {
        guard.admit(principal.audience(), principal.permissions())
    };
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if let Some(standing) = standing {
        announce(&standing, &mut response);
    }
    Ok(response)
}

/// As [`check`], but requests from this machine pass.
pub(crate) async fn check_beyond_loopback(
    guard: State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if from_this_machine(request.extensions()) {
        return Ok(next.run(request).await);
    }
    check(guard, request, next).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_does_not_help_a_tenant_that_is_not_meant() {
        let guard = Guard {
            needs: Needs::Permission(Permission::CDR_READ),
            audiences: Audiences::PLATFORM,
            heavy: false,
        };
        let all = PermissionSet::all();
        let status = |audience, permissions: &PermissionSet| {
            guard
                .admit(audience, permissions)
                .err()
                .map(|problem| problem.status)
        };
        assert_eq!(status(Audience::Platform, &all), None);
        assert_eq!(
            status(Audience::Platform, &PermissionSet::default()),
            Some(403)
        );
        for other in [Audience::Operator, Audience::Customer, Audience::Carrier] {
            assert_eq!(status(other, &all), Some(403), "{other}");
        }
    }
}
