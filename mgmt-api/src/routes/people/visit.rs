//! Visiting a tenant below ("login as"): a session of its own, entered from the user's, that can
//! do what a role there allows and the user may, for at most an hour.

use super::password::going_on;
use super::tenants::{below, tenant_id};
use crate::access::roles::Portal;
use crate::auth::identity::{open_tenant, rights_of};
use crate::auth::policy::{Lifetimes, policy_of};
use crate::auth::session::{self, SessionStart, SessionToken};
use crate::auth::sign_in::SignedIn;
use crate::auth::{Principal, RequestSource};
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::routes::session::{Session, signed_in};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// The longest visit, seconds.
const VISIT_MAX_S: u32 = 3_600;

const REASON_CHARS_MAX: usize = 200;

/// By what such a session began.
const METHOD: &str = "visit";

/// How to visit a tenant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VisitDraft {
    /// The role to act in; the one that allows most when it is left out.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub role: Option<String>,
    /// Why; it is kept.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Enters a tenant right below: the answer sets the cookie of a session there. It ends after an
/// hour, when it is left or not used for as long as the policy at home says, and with the session
/// that it was entered from.
#[utoipa::path(
    post,
    path = "/api/v1/tenants/{id}/visit",
    operation_id = "visit_begin",
    tag = "people",
    params(("id" = i64, Path, description = "The tenant")),
    request_body = VisitDraft,
    responses(
        (status = 200, description = "Entered", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A key or a source cannot enter; or the proof is too old", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant below", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn visit_begin(
    State(state): State<AppState>,
    principal: Principal,
    source: RequestSource,
    Path(id): Path<String>,
    ApiJson(draft): ApiJson<VisitDraft, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    let row = below(&state, &principal, tenant_id(&id)?).await?;
    let user = principal.own_account()?;
    let Some(parent) = principal.session() else {
        return Err(Problem::forbidden("A key enters no other tenant."));
    };
    principal.recently_confirmed()?;
    let reason = draft.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let message = format!("1 to {REASON_CHARS_MAX} characters");
        return Err(Problem::invalid_field("reason", message));
    }
    let tenant = open_tenant(&state, row.id).await?;
    let tenant = tenant.ok_or_else(|| {
        Problem::conflict("The tenant is suspended. Let it in first.", Vec::new())
    })?;
    let first = Portal::from(tenant.audience).first_role();
    let role = draft.role.as_deref().unwrap_or(first);
    if rights_of(&state, &tenant, role).is_none() {
        let message = format!("there is no role `{role}` there");
        return Err(Problem::invalid_field("role", message));
    }
    let policy = policy_of(&state.store, principal.tenant.id).await?.policy;
    let idle_s = policy.lifetimes(false).idle_s;
    let (address, browser) = (source.address_text(), source.browser());
    let start = SessionStart {
        user,
        tenant: tenant.id,
        entered: Some((&parent.id, role)),
        method: METHOD,
        lifetimes: Lifetimes {
            absolute_s: VISIT_MAX_S,
            // At home a browser that is left alone ends its session no later.
            idle_s: idle_s.min(VISIT_MAX_S),
            remembered: false,
        },
        authenticated_at: parent.authenticated_at,
        address: address.as_deref(),
        user_agent: &browser,
    };
    let mut write = state.store.change_people(clock::now()).await?;
    let token = session::begin(&mut write, &start).await?;
    // Both sides see it: who sent the visitor, and who is visited.
    let after = json!({ "role": role, "reason": reason });
    for owner in [principal.tenant.id, tenant.id] {
        let told = principal.audit(owner, "visit.begin");
        let told = told.on("tenant", Some(tenant.id.get()), &*tenant.name);
        write.tell(told.values(None, Some(after.clone())));
    }
    write.commit().await?;
    tracing::info!(%user, tenant = %tenant.id, role, reason, "tenant visited");
    let begun = SignedIn {
        token,
        max_age_s: None,
    };
    signed_in(&state, &source, begun).await
}

/// Leaves the visited tenant: the visit ends, and the session that it was entered from goes on
/// under a new cookie, unless that one is over.
#[utoipa::path(
    delete,
    path = "/api/v1/session/visit",
    operation_id = "visit_end",
    tag = "people",
    responses(
        (status = 200, description = "Back in the own tenant", body = Session),
        (status = 401, description = "The visit has ended, and the session that it was entered from is over", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "This is no visit", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn visit_end(
    State(state): State<AppState>,
    principal: Principal,
    source: RequestSource,
) -> Result<Response, Problem> {
    let (Some(visit), Some(session), Some(user)) =
        (&principal.visit, principal.session(), principal.user)
    else {
        return Err(Problem::conflict("This is no visit.", Vec::new()));
    };
    let token = SessionToken::draw()?;
    let mut write = state.store.change_people(clock::now()).await?;
    let hash = token.hash();
    let goes_on = write.rotate_session(&visit.parent, &hash, None).await?;
    write.end_session(user, &session.id).await?;
    let told = principal.audit(principal.tenant.id, "visit.end");
    let tenant = &principal.tenant;
    write.tell(told.on("tenant", Some(tenant.id.get()), &*tenant.name));
    write.commit().await?;
    tracing::info!(%user, tenant = %principal.tenant.id, "visit ended");
    if !goes_on {
        return Err(Problem::unauthenticated());
    }
    let begun = going_on(&state, token).await?;
    signed_in(&state, &source, begun).await
}
