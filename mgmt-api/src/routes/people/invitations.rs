//! Inviting people, and coming by an invitation.

use super::password::check_new;
use super::reach::{Reached, TenantParameter, reach};
use super::{checked_email, checked_full_name, grantable, hours_later, mail, public_url};
use crate::auth::identity::open_tenant;
use crate::auth::sign_in::{self, Attempt};
use crate::auth::tokens::{OneTimeToken, TOKEN_CHARS, hash_of};
use crate::auth::{Principal, RequestSource, Subject};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::routes::session::{Session, signed_in};
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{AuditCredential, InvitationRow, NewInvitation, NewUser, Scope, UserStatus};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Invitations of a tenant that may be under way.
const UNDER_WAY_MAX: u32 = 200;

/// How long a link is good, hours.
const GOOD_FOR_HOURS: u32 = 72;

/// The page of the console that takes the link.
const PAGE: &str = "invitation";

/// Which invitations to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InvitationListQuery {
    /// Into a tenant right below the own one.
    pub tenant_id: Option<i64>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// A page of invitations, the oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InvitationList {
    /// The invitations.
    pub items: Vec<Invitation>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Somebody who was invited and has not come yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// Its number.
    pub id: i64,
    /// The tenant that the person will belong to.
    pub tenant_id: i64,
    /// Where the mail went.
    pub email: String,
    /// The name of the person; may be empty.
    pub full_name: String,
    /// The role that the person will have.
    pub role: String,
    /// Who invited.
    pub invited_by: String,
    /// When.
    pub created_at: Time,
    /// Until when the link is good.
    pub expires_at: Time,
}

/// Whom to invite.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationDraft {
    /// Where the mail goes; it becomes the user's name.
    #[schema(max_length = 254)]
    pub email: String,
    /// The name of the person.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub full_name: String,
    /// The role that the person will have.
    #[schema(max_length = 100)]
    pub role: String,
    /// A customer of ours that the person is to belong to, instead of the own tenant.
    #[schema(max_length = 200)]
    pub customer: Option<String>,
    /// A carrier of ours that the person is to belong to, instead of the own tenant.
    #[schema(max_length = 200)]
    pub carrier: Option<String>,
    /// A tenant right below the own one that the person is to belong to.
    pub tenant_id: Option<i64>,
}

/// Coming by an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationAcceptance {
    /// What stands behind `#` in the link.
    #[schema(min_length = 64, max_length = 64)]
    pub token: String,
    /// The person's name.
    #[schema(max_length = 100)]
    pub full_name: String,
    /// A password of the person's choice.
    #[schema(min_length = 12, max_length = 256, format = Password)]
    pub password: String,
}

/// Lists those who were invited and have not come yet.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    operation_id = "invitation_list",
    tag = "people",
    params(InvitationListQuery),
    responses(
        (status = 200, description = "A page", body = InvitationList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn invitation_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<InvitationListQuery>,
) -> Result<Json<InvitationList>, Problem> {
    let tenant = TenantParameter {
        tenant_id: query.tenant_id,
    };
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let limit = super::limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let after = super::number_cursor(query.cursor.as_deref())?.unwrap_or(0);
    let mut rows = state.store.invitations(&scope, after, limit + 1).await?;
    let more = super::cut(&mut rows, limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.into_iter().map(Invitation::of).collect();
    Ok(Json(InvitationList { items, next_cursor }))
}

/// Invites somebody by mail. An earlier invitation of the same address is void.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    operation_id = "invitation_create",
    tag = "people",
    request_body = InvitationDraft,
    responses(
        (status = 201, description = "Invited; the mail is on its way", body = Invitation),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant, customer or carrier", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Too many invitations are under way, or the address is a user's", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn invitation_create(
    State(state): State<AppState>,
    principal: Principal,
    ApiJson(draft): ApiJson<InvitationDraft, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    principal.recently_confirmed()?;
    let email = checked_email("email", &draft.email)?;
    let full_name = checked_full_name("full_name", &draft.full_name)?;
    let reached = target(&state, &principal, &draft).await?;
    principal.may_let_in(reached.tenant.id)?;
    grantable(&state, &principal, &reached.tenant, &draft.role)?;
    let url = public_url(&state)?;
    let now = clock::now();
    let token = OneTimeToken::draw()?;
    let new = NewInvitation {
        tenant: reached.tenant.id,
        email: &email,
        full_name: &full_name,
        role: &draft.role,
        token_hash: &token.hash(),
        invited_by: &principal.name,
        expires_at: hours_later(now, GOOD_FOR_HOURS),
    };
    let text = format!(
        "{} invites you to {} on this switch.\n\nChoose a password within {GOOD_FOR_HOURS} hours:\n{}\n",
        principal.name,
        reached.tenant.name,
        token.link(url, PAGE)
    );
    let about = ("invitation", "You are invited");
    let mail = mail(&state, reached.tenant.id, &email, about, text)?;
    if is_taken(&state, &email).await? {
        let detail = "There is a user with this address.";
        return Err(Problem::conflict(detail, Vec::new()));
    }
    let mut write = state.store.change_people(now).await?;
    let Some(id) = write.add_invitation(&new, UNDER_WAY_MAX).await? else {
        let detail = format!("{UNDER_WAY_MAX} invitations are under way. Withdraw some.");
        return Err(Problem::conflict(detail, Vec::new()));
    };
    write.queue_mail(&mail).await?;
    let told = principal.audit(reached.tenant.id, "invitation.create");
    let told = told.on("invitation", Some(id), &*email);
    write.tell(told.values(None, Some(json!({ "role": draft.role }))));
    write.commit().await?;
    state.job_bell.ring();
    let invitation = Invitation {
        id,
        tenant_id: reached.tenant.id.get(),
        email: email.clone(),
        full_name: full_name.clone(),
        role: draft.role.clone(),
        invited_by: principal.name.clone(),
        created_at: Time(now),
        expires_at: Time(new.expires_at),
    };
    Ok((StatusCode::CREATED, Json(invitation)).into_response())
}

/// Withdraws an invitation: its link is void.
#[utoipa::path(
    delete,
    path = "/api/v1/invitations/{id}",
    operation_id = "invitation_delete",
    tag = "people",
    params(("id" = i64, Path, description = "The invitation"), TenantParameter),
    responses(
        (status = 204, description = "Withdrawn"),
        (status = 404, description = "There is no such invitation", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn invitation_delete(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(tenant): ApiQuery<TenantParameter>,
) -> Result<StatusCode, Problem> {
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let unknown = || Problem::not_found("There is no such invitation.");
    let id: i64 = id.parse().map_err(|_| unknown())?;
    let mut write = state.store.change_people(clock::now()).await?;
    let withdrawn = write.remove_invitation(&scope, id).await?;
    let email = withdrawn.ok_or_else(unknown)?;
    let told = principal.audit(scope.tenant(), "invitation.delete");
    write.tell(told.on("invitation", Some(id), email));
    write.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Comes by an invitation: the person becomes a user and is signed in. The link is the proof that
/// the address is the person's.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/acceptance",
    operation_id = "invitation_accept",
    tag = "people",
    request_body = InvitationAcceptance,
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The link is no longer good", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is a user with this address", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn invitation_accept(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(acceptance): ApiJson<InvitationAcceptance, { super::BODY_BYTES_MAX }>,
) -> Result<Response, Problem> {
    let full_name = checked_full_name("full_name", &acceptance.full_name)?;
    if acceptance.token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    let count = Attempt::begin(&state, &source, Subject::Nobody)?;
    let hash = hash_of(&acceptance.token);
    let invited = state.store.invitation_by_token(&hash, clock::now()).await?;
    let invited = invited.ok_or_else(Problem::stale_token)?;
    count.succeeded();
    let tenant = open_tenant(&state, invited.tenant).await?;
    let tenant = tenant.ok_or_else(Problem::stale_token)?;
    let words = [invited.email.as_str(), full_name.as_str()];
    check_new(&state, tenant.id, "password", &acceptance.password, &words).await?;
    let password_hash = state.passwords.hash(acceptance.password).await?;
    let mut write = state.store.change_people(clock::now()).await?;
    let taken = write.take_invitation(&hash).await?;
    let invited = taken.ok_or_else(Problem::stale_token)?;
    let new = NewUser {
        tenant: invited.tenant,
        username: &invited.email,
        email: Some(&invited.email),
        full_name: &full_name,
        role: &invited.role,
        status: UserStatus::Active,
        password_hash: Some(&password_hash),
        email_verified: true,
    };
    let Some(id) = write.add_user(&new).await? else {
        let detail = "There is a user with this address.";
        return Err(Problem::conflict(detail, Vec::new()));
    };
    let user = write.user(&Scope::of_tenant(invited.tenant), id).await?;
    let user = user.ok_or_else(Problem::stale_token)?;
    let entry = sign_in::told(&source, &user, "user.create", AuditCredential::None);
    let after = json!({ "role": user.role, "invited_by": invited.invited_by });
    write.tell(entry.values(None, Some(after)));
    tracing::info!(user = %id, "came by an invitation");
    let method = sign_in::PASSWORD;
    let begun = sign_in::complete(&state, write, &source, &user, method, false).await?;
    signed_in(&state, &source, begun).await
}

/// The tenant that a draft means. That of a customer or a carrier is made when its first person is
/// invited.
async fn target(
    state: &AppState,
    principal: &Principal,
    draft: &InvitationDraft,
) -> Result<Reached, Problem> {
    let account = match (&draft.customer, &draft.carrier, draft.tenant_id) {
        (None, None, tenant_id) => {
            return reach(state, principal, &TenantParameter { tenant_id }).await;
        }
        (Some(customer), None, None) => ("customer", customer),
        (None, Some(carrier), None) => ("carrier", carrier),
        _ => {
            let message = "say one of `customer`, `carrier` and `tenant_id`";
            return Err(Problem::invalid_field("customer", message));
        }
    };
    let (kind, name) = account;
    let mut write = state.store.change_people(clock::now()).await?;
    let id = write
        .account_tenant(&principal.own_scope(), kind, name)
        .await?;
    let id = id.ok_or_else(|| Problem::not_found(format!("There is no {kind} `{name}`.")))?;
    write.commit().await?;
    let tenant_id = Some(id.get());
    reach(state, principal, &TenantParameter { tenant_id }).await
}

async fn is_taken(state: &AppState, email: &str) -> Result<bool, Problem> {
    let by_name = state.store.user_by_name(email).await?;
    let by_email = state.store.user_by_email(email).await?;
    Ok(by_name.is_some() || by_email.is_some())
}

impl Invitation {
    fn of(row: InvitationRow) -> Self {
        Self {
            id: row.id,
            tenant_id: row.tenant.get(),
            email: row.email,
            full_name: row.full_name,
            role: row.role,
            invited_by: row.invited_by,
            created_at: Time(row.created_at),
            expires_at: Time(row.expires_at),
        }
    }
}
