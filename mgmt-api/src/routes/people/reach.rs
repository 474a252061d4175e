//! Which tenant's people are meant: the caller's own, or those of a tenant right below.

use crate::access::Audience;
use crate::auth::{ActingTenant, Principal};
use crate::problem::Problem;
use crate::state::AppState;
use serde::Deserialize;
use store::{Scope, TenantId};
use utoipa::IntoParams;

/// Whose people are meant.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TenantParameter {
    /// A tenant right below the own one; its own people when it is left out.
    pub tenant_id: Option<i64>,
}

/// A tenant whose people the caller may look after.
pub(crate) struct Reached {
    pub(crate) tenant: ActingTenant,
}

impl Reached {
    /// The scope of its people.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of_tenant(self.tenant.id)
    }
}

/// The tenant that is meant.
///
/// # Errors
/// 404 for every tenant that is neither the own nor right below it.
pub(crate) async fn reach(
    state: &AppState,
    principal: &Principal,
    parameter: &TenantParameter,
) -> Result<Reached, Problem> {
    let own = principal.own_scope();
    let Some(id) = parameter.tenant_id.filter(|id| *id != own.tenant().get()) else {
        return Ok(Reached {
            tenant: principal.tenant.clone(),
        });
    };
    let unknown = || Problem::not_found(format!("There is no tenant {id}."));
    let below = state.store.tenant_below(&own, TenantId::new(id)).await?;
    let below = below.filter(|tenant| !tenant.gone).ok_or_else(unknown)?;
    let audience = Audience::ALL
        .into_iter()
        .find(|audience| audience.as_str() == below.kind)
        .ok_or_else(unknown)?;
    let owner = match audience {
        Audience::Platform | Audience::Operator => below.id,
        Audience::Customer | Audience::Carrier => own.tenant(),
    };
    Ok(Reached {
        tenant: ActingTenant {
            id: below.id,
            audience,
            name: below.name,
            owner,
            resource_id: below.resource_id,
        },
    })
}
