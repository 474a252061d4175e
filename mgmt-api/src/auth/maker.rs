//! What the maker of an API key may do at this moment.

use super::ActingTenant;
use super::identity::{open_tenant, rights_of};
use crate::access::PermissionSet;
use crate::access::roles::{Portal, ceiling};
use crate::problem::Problem;
use crate::state::AppState;
use store::{TenantId, UserId, UserStatus};

/// The tenant as it stands now, and what the maker may do there; `None` when the maker may not
/// come in any more, or belongs elsewhere. Without a user, the key of the machine was the maker.
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
    let Some(maker) = maker else {
        let rights = ceiling(Portal::from(tenant.audience)).clone();
        return Ok(Some((tenant, rights)));
    };
    let user = state.store.user_by_id(maker).await?;
    let at_home = user.filter(|user| user.status == UserStatus::Active && user.tenant == tenant.id);
    Ok(at_home.map(|user| {
        let rights = rights_of(state, &tenant, &user.role).unwrap_or_default();
        (tenant, rights.permissions)
    }))
}
