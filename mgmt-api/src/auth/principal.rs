//! Who asks, in which tenant, and what they may do.

use super::session::SessionToken;
use super::source::RequestSource;
use crate::access::roles::{self, Portal};
use crate::access::{Audience, PermissionSet};
use crate::clock;
use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use rating::Timestamp;
use std::borrow::Cow;
use store::{AuditActor, AuditCredential, NewAuditEntry, Scope, TenantId, UserId};

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
        AuditActor {
            user: self.user,
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

    /// What a built-in role allows in this tenant; nothing when there is no such role.
    pub(crate) fn permissions_of(&self, role: &str) -> PermissionSet {
        roles::find(Portal::from(self.audience), role)
            .map(|role| role.permissions.clone())
            .unwrap_or_default()
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let principal = parts.extensions.get::<Self>().cloned();
        principal.ok_or_else(Problem::unauthenticated)
    }
}
