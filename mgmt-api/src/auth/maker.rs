//! What the maker of an API key may do at this moment.

use super::ActingTenant;
use crate::access::PermissionSet;
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
    if tenant != TenantId::PLATFORM {
        return Ok(None);
    }
    let platform = ActingTenant::platform();
    let Some(user) = maker else {
        return Ok(Some((platform, PermissionSet::all())));
    };
    let role = state.store.role_of_user(user).await?;
    Ok(role.map(|role| {
        let rights = platform.permissions_of(&role);
        (platform, rights)
    }))
}
