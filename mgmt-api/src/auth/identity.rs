//! From a stored session to the principal that acts: the tenant as it stands now, and what the
//! role allows now. A role that is changed, or a tenant that is suspended, counts at once.

use super::policy::{may_come_from, policy_of, stored_networks};
use super::principal::{ActingTenant, Credential, Principal, SessionCredential, Visit};
use super::session::SessionToken;
use super::source::RequestSource;
use crate::access::roles::{self, Portal};
use crate::access::{Audience, PermissionSet};
use crate::problem::Problem;
use crate::resource_engine::Key;
use crate::state::AppState;
use resources::{ResourceKind, ResourceSpec};
use store::{SessionRow, StoreError, TenantId, UserStatus};

/// What a role allows in a tenant, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoleRights {
    pub(crate) permissions: PermissionSet,
    /// Whether the role itself asks for a second factor; the tenant's policy may, too.
    pub(crate) requires_second_factor: bool,
}

/// The principal of a session; `None` when the user may not come in any more.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn principal_of(
    state: &AppState,
    session: SessionRow,
    token: SessionToken,
    source: RequestSource,
) -> Result<Option<Principal>, Problem> {
    let networks = stored_networks(&session.allowed_networks)?;
    if session.status != UserStatus::Active || !may_come_from(&networks, source.address) {
        return Ok(None);
    }
    let Some(home) = open_tenant(state, session.home).await? else {
        return Ok(None);
    };
    let own = rights_of(state, &home, &session.role).unwrap_or_default();
    let must_enrol = !session.has_second_factor
        && asks_for_second_factor(state, &home, &session.role, &own).await?;
    let acting = match (&session.parent, session.acting_role.as_deref()) {
        (None, _) => Some((home, session.role.clone(), own.permissions, None)),
        (Some(parent), Some(role)) => visit(state, &session, &home, parent, role, &own).await?,
        (Some(_), None) => None,
    };
    let Some((tenant, role, permissions, visit)) = acting else {
        return Ok(None);
    };
    Ok(Some(Principal {
        name: session.username,
        user: Some(session.user),
        role,
        tenant,
        permissions,
        credential: Credential::Session(Box::new(SessionCredential {
            id: session.id,
            token,
            authenticated_at: session.authenticated_at,
        })),
        source,
        must_enrol,
        visit,
    }))
}

type Acting = (ActingTenant, String, PermissionSet, Option<Visit>);

/// A visit to another tenant: nobody can do more there than the role there allows, nor more than
/// they can do at home.
async fn visit(
    state: &AppState,
    session: &SessionRow,
    home: &ActingTenant,
    parent: &str,
    role: &str,
    own: &RoleRights,
) -> Result<Option<Acting>, StoreError> {
    let path = state.store.tenant_path(session.tenant).await?;
    let below = path.iter().skip(1).any(|tenant| tenant.id == home.id);
    let Some(tenant) = ActingTenant::of_path(&path).filter(|_| below) else {
        return Ok(None);
    };
    let there = rights_of(state, &tenant, role).unwrap_or_default();
    let permissions = there.permissions.intersection(&own.permissions);
    let visit = Visit {
        home: home.name.clone(),
        parent: parent.to_owned(),
        ends_at: session.expires_at,
    };
    Ok(Some((tenant, role.to_owned(), permissions, Some(visit))))
}

/// A tenant that is neither suspended nor below one that is.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn open_tenant(
    state: &AppState,
    id: TenantId,
) -> Result<Option<ActingTenant>, StoreError> {
    let path = state.store.tenant_path(id).await?;
    Ok(ActingTenant::of_path(&path))
}

/// What a role allows in a tenant; `None` when the tenant has no such role. Roles of its own are
/// those of the platform or operator that it belongs to.
pub(crate) fn rights_of(state: &AppState, tenant: &ActingTenant, role: &str) -> Option<RoleRights> {
    let portal = Portal::from(tenant.audience);
    if let Some(built_in) = roles::find(portal, role) {
        return Some(RoleRights {
            permissions: built_in.permissions.clone(),
            requires_second_factor: false,
        });
    }
    let in_force = state.configuration.in_force();
    let entry = in_force.get(&Key::new(tenant.owner, ResourceKind::Role, role))?;
    let ResourceSpec::Role(spec) = &entry.spec else {
        return None;
    };
    let meant = match tenant.audience {
        Audience::Platform | Audience::Operator => resources::Portal::Operator,
        Audience::Customer => resources::Portal::Customer,
        Audience::Carrier => resources::Portal::Carrier,
    };
    if spec.portal != meant {
        return None;
    }
    let named = spec.permissions.iter();
    let named: PermissionSet = named
        .filter_map(|permission| permission.as_str().parse().ok())
        .collect();
    Some(RoleRights {
        permissions: named.intersection(roles::ceiling(portal)),
        requires_second_factor: spec.requires_second_factor,
    })
}

/// Whether the role itself or the tenant's policy asks for a second factor.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(super) async fn asks_for_second_factor(
    state: &AppState,
    home: &ActingTenant,
    role: &str,
    rights: &RoleRights,
) -> Result<bool, Problem> {
    if rights.requires_second_factor {
        return Ok(true);
    }
    let policy = policy_of(&state.store, home.id).await?.policy;
    Ok(policy.second_factor_roles.iter().any(|name| name == role))
}
