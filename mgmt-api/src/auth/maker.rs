//! What the maker of an API key may do at this moment.

use super::ActingTenant;
use super::identity::{asks_for_second_factor, open_tenant, rights_of};
use crate::access::PermissionSet;
use crate::access::roles::{Portal, ceiling};
use crate::problem::Problem;
use crate::state::AppState;
use store::{TenantId, UserId, UserStatus};

/// The tenant as it stands now, and what the maker may do there; `None` when the maker may not
/// come in any more, or belongs elsewhere. Nothing, while the maker must set a second factor up
/// first. Without a user, the key of the machine was the maker.
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
    let Some(user) = at_home else {
        return Ok(None);
    };
    let rights = rights_of(state, &tenant, &user.role).unwrap_or_default();
    let must_enrol = asks_for_second_factor(state, &tenant, &user.role, &rights).await?
        && !has_second_factor(state, maker).await?;
    let permissions = if must_enrol {
        PermissionSet::default()
    } else {
        rights.permissions
    };
    Ok(Some((tenant, permissions)))
}

async fn has_second_factor(state: &AppState, user: UserId) -> Result<bool, Problem> {
    let app = state.store.totp(user).await?;
    Ok(app.is_some_and(|app| app.confirmed_at.is_some())
        || !state.store.passkeys(user).await?.is_empty())
}
