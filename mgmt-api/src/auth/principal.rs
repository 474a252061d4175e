//! Who asks, in which tenant, and what they may do.

use super::session::SessionToken;
use super::source::RequestSource;
use crate::access::{Audience, PermissionSet};
use crate::clock;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rating::Timestamp;
use std::borrow::Cow;
use store::{
    AuditActor, AuditCredential, AuditImpersonator, NewAuditEntry, Scope, TenantId, TenantRow,
    UserId,
};

/// A proof of who the user is counts for this long, seconds.
const CONFIRMED_FOR_S: i64 = 15 * 60;

/// Who asks: a user's session, an API key, or the local key. It acts in exactly one tenant.
///
/// In a handler's arguments it is there only behind the guards of the route table, which have
/// looked at its permissions. The handler's queries take [`scope`](Self::scope).
#[derive(Clone)]
pub(crate) struct Principal {
    /// Name, as the configuration's history and the audit show it.
    pub(crate) name: String,
    /// The user; of a session in another tenant the user who entered it. `None` for keys.
    pub(crate) user: Option<UserId>,
    /// The role, for display; [`permissions`](Self::permissions) decide.
    pub(crate) role: String,
    /// Where it acts.
    pub(crate) tenant: ActingTenant,
    /// What it may do there.
    pub(crate) permissions: PermissionSet,
    /// What proved it.
    pub(crate) credential: Credential,
    /// Where the request came from.
    pub(crate) source: RequestSource,
    /// Whether nothing is allowed until the user has a second factor.
    pub(crate) must_enrol: bool,
    /// Of a session in another tenant than the user's own: where it came from.
    pub(crate) visit: Option<Visit>,
}

/// A visit to a tenant below the user's own.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The name of the user's own tenant.
    pub(crate) home: String,
    /// The session that it was entered from.
    pub(crate) parent: String,
    /// When it ends.
    pub(crate) ends_at: Timestamp,
}

/// The tenant that is acted in.
#[allow(dead_code, reason = "read by what acts on tenants and people")]
#[derive(Clone, Debug)]
pub(crate) struct ActingTenant {
    /// Its number.
    pub(crate) id: TenantId,
    /// Its kind.
    pub(crate) audience: Audience,
    /// Its name.
    pub(crate) name: String,
    /// The platform or the operator whose rows are seen: the tenant itself, or the one above a
    /// customer or a carrier.
    pub(crate) owner: TenantId,
    /// The `customer` or `carrier` resource that the tenant stands for: only what is theirs is
    /// seen of the owner's rows.
    #[allow(dead_code, reason = "the paths of customers and carriers read it")]
    pub(crate) resource_id: Option<i64>,
}

/// What proved who asks.
#[derive(Clone)]
pub(crate) enum Credential {
    /// The key of whoever may read the data folder.
    LocalKey,
    /// An API key, by its number.
    ApiKey(i64),
    /// A session.
    Session(Box<SessionCredential>),
}

/// The session of a request.
#[allow(dead_code, reason = "read by what acts on tenants and people")]
#[derive(Clone)]
pub(crate) struct SessionCredential {
    /// Its public name.
    pub(crate) id: String,
    /// The secret in the cookie.
    pub(crate) token: SessionToken,
    /// When the user last proved who they are.
    pub(crate) authenticated_at: Timestamp,
}

impl Principal {
    /// The kind of tenant that is acted in.
    pub(crate) fn audience(&self) -> Audience {
        self.tenant.audience
    }

    /// What may be done.
    pub(crate) fn permissions(&self) -> &PermissionSet {
        &self.permissions
    }

    /// The scope of owned rows: those of the platform or the operator that is acted in or that owns
    /// the customer or carrier.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of_tenant(self.tenant.owner)
    }

    /// The scope of people and of what else belongs to the tenant itself: users, invitations, keys.
    #[allow(dead_code, reason = "read by what acts on tenants and people")]
    pub(crate) fn own_scope(&self) -> Scope {
        Scope::of_tenant(self.tenant.id)
    }

    /// Who does what this request asks for, as the audit log tells it.
    pub(crate) fn actor(&self) -> AuditActor {
        let credential = match self.credential {
            Credential::LocalKey => AuditCredential::LocalKey,
            Credential::ApiKey(id) => AuditCredential::ApiKey(id),
            Credential::Session(_) => AuditCredential::Session,
        };
        let visitor = self.user.filter(|_| self.visit.is_some());
        AuditActor {
            user: self.user,
            impersonator: visitor.map(|user| AuditImpersonator {
                user,
                name: self.name.clone(),
            }),
            ..self.source.actor(&self.name, credential)
        }
    }

    /// An entry of the audit log: what this request does now to what belongs to `owner`.
    pub(crate) fn audit(
        &self,
        owner: TenantId,
        operation: impl Into<Cow<'static, str>>,
    ) -> NewAuditEntry {
        NewAuditEntry::new(owner, clock::now(), self.actor(), operation)
    }

    /// The user, about whose own account it is.
    ///
    /// # Errors
    /// 403 for keys, and for a user who visits another tenant: what is meant there is unclear.
    pub(crate) fn own_account(&self) -> Result<UserId, Problem> {
        if self.visit.is_some() {
            return Err(Problem::forbidden("Leave this tenant first."));
        }
        self.user
            .ok_or_else(|| Problem::forbidden("A key has no account."))
    }

    /// What must not be done by a browser that somebody left open: the user has proved who they
    /// are within the last minutes. Keys prove it each time.
    ///
    /// # Errors
    /// 403, which says how to prove it.
    pub(crate) fn recently_confirmed(&self) -> Result<(), Problem> {
        let oldest = crate::clock::now().0 - CONFIRMED_FOR_S * 1_000_000;
        match self.session() {
            Some(session) if session.authenticated_at.0 < oldest => Err(Problem::reauthenticate()),
            _ => Ok(()),
        }
    }

    /// Who lets people into a tenant, or widens what they may do there: somebody who has proved
    /// within the last minutes who they are. A key does it for tenants below only: whom it let in
    /// beside its maker would stay when the key is revoked.
    ///
    /// # Errors
    /// 403, which says why.
    pub(crate) fn may_let_in(&self, tenant: TenantId) -> Result<(), Problem> {
        self.recently_confirmed()?;
        match self.credential {
            Credential::ApiKey(_) if tenant == self.tenant.id => Err(Problem::forbidden(
                "An API key lets nobody into its own tenant: that is for somebody who signed in.",
            )),
            _ => Ok(()),
        }
    }

    /// The session, when a cookie was used.
    pub(crate) fn session(&self) -> Option<&SessionCredential> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            Credential::LocalKey | Credential::ApiKey(_) => None,
        }
    }
}

impl ActingTenant {
    /// The root of the tree.
    pub(crate) fn platform() -> Self {
        Self {
            id: TenantId::PLATFORM,
            audience: Audience::Platform,
            name: "platform".into(),
            owner: TenantId::PLATFORM,
            resource_id: None,
        }
    }

    /// The tenant of a path that ends at the platform; `None` when somebody on it is suspended, or
    /// the account is deleted.
    pub(crate) fn of_path(path: &[TenantRow]) -> Option<Self> {
        let shut = |tenant: &TenantRow| tenant.suspended_at.is_some() || tenant.gone;
        let [tenant, above @ ..] = path else {
            return None;
        };
        if path.iter().any(shut) {
            return None;
        }
        let audience = Audience::ALL
            .into_iter()
            .find(|audience| audience.as_str() == tenant.kind)?;
        let owner = match audience {
            Audience::Platform | Audience::Operator => tenant.id,
            Audience::Customer | Audience::Carrier => above.first()?.id,
        };
        Some(Self {
            id: tenant.id,
            audience,
            name: tenant.name.clone(),
            owner,
            resource_id: tenant.resource_id,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Self>().cloned();
        principal.ok_or_else(Problem::unauthenticated)
    }
}
