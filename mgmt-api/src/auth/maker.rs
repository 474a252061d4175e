//! What the maker of an API key may do at this moment.

use super::ActingTenant;
use crate::access::roles::{Portal, ceiling};
use crate::access::{Audience, PermissionSet};
use crate::problem::Problem;
use crate::state::AppState;
use store::{TenantId, UserId};

/// The tenant as it stands now, and what the maker may do there; `None` when the maker may not
/// come in any more. Without a user, the key of the machine was the maker.
///
/// # Errors
/// [`Problem`]: the database fails.
pub(crate) async fn maker_rights(
    state: &AppState,
    tenant: TenantId,
    maker: Option<UserId>,
) -> Result<Option<(ActingTenant, PermissionSet)>, Problem> {
    let Some(tenant) = open_tenant(state, tenant).await? else {
        return Ok(None);
    };
    let Some(user) = maker else {
        let rights = ceiling(Portal::from(tenant.audience)).clone();
        return Ok(Some((tenant, rights)));
    };
    // Users are the platform's.
    if tenant.id != TenantId::PLATFORM {
        return Ok(None);
    }
    let role = state.store.role_of_user(user).await?;
    Ok(role.map(|role| {
        let rights = tenant.permissions_of(&role);
        (tenant, rights)
    }))
}

/// A tenant that is neither suspended nor below one that is.
async fn open_tenant(state: &AppState, id: TenantId) -> Result<Option<ActingTenant>, Problem> {
    let Some(row) = state.store.tenant_of_api_key(id).await? else {
        return Ok(None);
    };
    let mut audiences = Audience::ALL.into_iter();
    let Some(audience) = audiences.find(|one| one.as_str() == row.kind) else {
        return Ok(None);
    };
    let owner = match audience {
        Audience::Platform | Audience::Operator => Some(id),
        Audience::Customer | Audience::Carrier => row.parent,
    };
    Ok(owner.map(|owner| ActingTenant {
        id,
        audience,
        name: row.name,
        owner,
        resource_id: row.resource_id,
    }))
}
