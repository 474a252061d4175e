//! How the people of a tenant sign in.

use super::reach::{Reached, TenantParameter, reach};
use crate::auth::Principal;
use crate::auth::identity::rights_of;
use crate::auth::policy::policy_of;
pub use crate::auth::policy::{Registration, SignInPolicy};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Shows how the tenant's people sign in.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in-policy",
    operation_id = "sign_in_policy_view",
    tag = "people",
    params(TenantParameter),
    responses(
        (status = 200, description = "The policy", body = SignInPolicy, headers(("ETag" = String, description = "Its version"))),
        (status = 404, description = "There is no such tenant", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sign_in_policy_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<Response, Problem> {
    let reached = reach(&state, &principal, &tenant).await?;
    let found = policy_of(&state.store, reached.tenant.id).await?;
    Ok(with_version(found.version, &found.policy))
}

/// Changes how the tenant's people sign in. Other users of the tenant sign in again when networks
/// are given.
#[utoipa::path(
    put,
    path = "/api/v1/sign-in-policy",
    operation_id = "sign_in_policy_update",
    tag = "people",
    params(
        TenantParameter,
        ("If-Match" = String, Header, description = "The `ETag` that was seen"),
    ),
    request_body = SignInPolicy,
    responses(
        (status = 200, description = "The policy as it is now", body = SignInPolicy, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "Another was faster", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sign_in_policy_update(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
    ApiJson(policy): ApiJson<SignInPolicy, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    principal.recently_confirmed()?;
    let reached = reach(&state, &principal, &tenant).await?;
    principal.may_let_in(reached.tenant.id)?;
    policy.check()?;
    check_roles(&state, &reached, &policy)?;
    let based_on = seen_version(&state, &reached, &headers).await?;
    let before = policy_of(&state.store, reached.tenant.id).await?;
    let text = serde_json::to_string(&policy).map_err(|error| Problem::internal(&error))?;
    let mut write = state.store.change_people(clock::now()).await?;
    let scope = reached.scope();
    let version = write
        .put_sign_in_policy(&scope, &text, &principal.name, based_on)
        .await?;
    let Some(version) = version else {
        let detail = "The policy was changed by another. Look at it again.";
        return Err(Problem::precondition_failed(detail));
    };
    if !policy.allowed_networks.is_empty() {
        let kept = principal.session().map(|session| session.id.as_str());
        write.end_sessions_in(&scope, kept).await?;
    }
    let told = principal.audit(reached.tenant.id, "sign_in_policy.update");
    let told = told.on("sign_in_policy", None, &*reached.tenant.name);
    let (before, after) = (told_value(&before.policy)?, told_value(&policy)?);
    write.tell(told.values(Some(before), Some(after)));
    write.commit().await?;
    tracing::info!(tenant = %reached.tenant.id, by = %principal.name, "sign-in policy changed");
    Ok(with_version(version, &policy))
}

fn told_value(policy: &SignInPolicy) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(policy).map_err(|error| Problem::internal(&error))
}

fn check_roles(state: &AppState, reached: &Reached, policy: &SignInPolicy) -> Result<(), Problem> {
    let roles = policy.second_factor_roles.iter().enumerate();
    for (index, role) in roles {
        if rights_of(state, &reached.tenant, role).is_none() {
            let field = format!("second_factor_roles[{index}]");
            return Err(Problem::invalid_field(
                &field,
                format!("there is no role `{role}`"),
            ));
        }
    }
    Ok(())
}

/// The version that a change is based on.
async fn seen_version(
    state: &AppState,
    reached: &Reached,
    headers: &HeaderMap,
) -> Result<u64, Problem> {
    let sent = headers
        .get(header::IF_MATCH)
        .ok_or_else(Problem::precondition_required)?;
    let sent = sent.to_str().unwrap_or_default().trim();
    if sent == "*" {
        return Ok(policy_of(&state.store, reached.tenant.id).await?.version);
    }
    let digits = sent.trim_matches('"');
    let detail = "`If-Match` is no version of this policy.";
    digits
        .parse()
        .map_err(|_| Problem::precondition_failed(detail))
}

fn with_version(version: u64, policy: &SignInPolicy) -> Response {
    let etag = HeaderValue::from_str(&format!("\"{version}\"")).ok();
    let headers: HeaderMap = etag.map(|etag| (header::ETAG, etag)).into_iter().collect();
    (headers, Json(policy)).into_response()
}
