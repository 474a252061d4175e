//! Strangers who ask for an account, and the staff who give it.
//!
//! A stranger says who they are and gets a mail; nothing but its token is kept before the link is
//! used. Then the request waits for somebody of the staff, who names the customer or carrier that
//! it is for: only the staff knows prices and limits.

use super::password::check_new;
use super::{checked_email, checked_full_name, mail, public_url};
use crate::access::roles::{Portal, ceiling};
use crate::auth::policy::{Registration, policy_of};
use crate::auth::session::later;
use crate::auth::sign_in::Attempt;
use crate::auth::tokens::{OneTimeToken, Purpose, TOKEN_CHARS, hash_of};
use crate::auth::{Principal, RequestSource, Subject};
use crate::clock;
use crate::extract::{ApiJson, ApiQuery};
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Time;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use resources::{ResourceKind, ResourceSpec};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{NewRegistration, NewToken, NewUser, RegistrationRow, TenantId, UserStatus};
use utoipa::{IntoParams, ToSchema};

/// How long a link is good, seconds.
const GOOD_FOR_S: u32 = 24 * 3_600;

/// No address gets such a mail more often than this, seconds.
const PAUSE_S: u32 = 600;

/// Requests that may wait; beyond it nobody is taken.
const WAITING_MAX: u32 = 1_000;

const COMPANY_CHARS_MAX: usize = 100;
const CATEGORY_CHARS_MAX: usize = 100;
const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// The page of the console that takes the link.
const PAGE: &str = "registration";

/// Strangers come to the platform.
const HOST: TenantId = TenantId::PLATFORM;

/// As what somebody registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// To place calls.
    Customer,
    /// To take calls.
    Carrier,
}

/// Whether strangers may register, and as what.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegistrationOffer {
    /// Whether they may.
    pub registration: Registration,
    /// What customers choose from.
    pub categories: Vec<RegistrationCategory>,
}

/// A category that a new customer may choose.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegistrationCategory {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
}

/// Who asks for an account.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationRequest {
    /// As what.
    pub kind: AccountKind,
    /// The name of the company.
    #[schema(max_length = 100)]
    pub company: String,
    /// A customer's category; one of those that are offered.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub category: Option<String>,
    /// The name of the person.
    #[schema(max_length = 100)]
    pub full_name: String,
    /// The address of the person.
    #[schema(max_length = 254)]
    pub email: String,
}

/// The proof of the address, and the password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationVerification {
    /// What stands behind `#` in the link.
    #[schema(min_length = 64, max_length = 64)]
    pub token: String,
    /// A password of the person's choice.
    #[schema(min_length = 12, max_length = 256, format = Password)]
    pub password: String,
}

/// Which requests to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RegistrationListQuery {
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// A page of requests, the oldest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RegistrationList {
    /// The requests.
    pub items: Vec<WaitingRegistration>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A request that waits for an answer; its address is verified.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WaitingRegistration {
    /// Its number.
    pub id: i64,
    /// As what.
    pub kind: AccountKind,
    /// The name of the company.
    pub company: String,
    /// The category that a customer chose.
    #[schema(required)]
    pub category: Option<String>,
    /// The name of the person.
    pub full_name: String,
    /// The address of the person.
    pub email: String,
    /// When the address was verified.
    pub created_at: Time,
}

/// For whom the account is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationApproval {
    /// The name of the customer or carrier, which exists.
    #[schema(max_length = 200)]
    pub account: String,
}

/// Tells strangers whether they may register, and as what.
#[utoipa::path(
    get,
    path = "/api/v1/registration-offer",
    operation_id = "registration_offer_view",
    tag = "people",
    responses((status = 200, description = "The offer", body = RegistrationOffer)),
    security(()),
)]
pub(crate) async fn registration_offer_view(
    State(state): State<AppState>,
) -> Result<Json<RegistrationOffer>, Problem> {
    let mut registration = policy_of(&state.store, HOST).await?.policy.registration;
    if state.public_url.is_none() {
        registration = Registration::Off;
    }
    let categories = match registration {
        Registration::Off => Vec::new(),
        Registration::Approval => offered(&state),
    };
    Ok(Json(RegistrationOffer {
        registration,
        categories,
    }))
}

/// Asks for an account. The answer is the same whether the address is known or not; a mail says
/// how it goes on.
#[utoipa::path(
    post,
    path = "/api/v1/registrations",
    operation_id = "registration_create",
    tag = "people",
    request_body = RegistrationRequest,
    responses(
        (status = 202, description = "A mail is on its way"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Nobody may register", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many requests: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "No public address is configured", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn registration_create(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(request): ApiJson<RegistrationRequest, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    must_be_open(&state).await?;
    let request = request.checked(&state)?;
    public_url(&state)?;
    // It stays counted: who asks often waits longer and longer.
    let _counted = Attempt::begin(&state, &source, Subject::Nobody)?;
    let in_background = state.clone();
    state
        .background
        .run(async move { answer_by_mail(&in_background, &request).await })?;
    Ok(StatusCode::ACCEPTED)
}

/// Proves the address and chooses the password. The request then waits for the staff.
#[utoipa::path(
    post,
    path = "/api/v1/registrations/verification",
    operation_id = "registration_verify",
    tag = "people",
    request_body = RegistrationVerification,
    responses(
        (status = 202, description = "The request waits for an answer, which comes by mail"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The link is no longer good", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Nobody may register any more", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The password is refused", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures: wait", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many requests wait already", body = Problem, content_type = "application/problem+json"),
    ),
    security(()),
)]
pub(crate) async fn registration_verify(
    State(state): State<AppState>,
    source: RequestSource,
    ApiJson(proof): ApiJson<RegistrationVerification, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    let count = Attempt::begin(&state, &source, Subject::Nobody)?;
    if proof.token.len() != TOKEN_CHARS {
        return Err(Problem::stale_token());
    }
    let (hash, purpose) = (hash_of(&proof.token), Purpose::Registration.as_str());
    let found = state.store.token(purpose, &hash, clock::now()).await?;
    let found = found.ok_or_else(Problem::stale_token)?;
    count.succeeded();
    must_be_open(&state).await?;
    let asked: RegistrationRequest =
        serde_json::from_str(&found.content).map_err(|error| Problem::internal(&error))?;
    let words = [&*asked.email, &*asked.full_name, &*asked.company];
    check_new(&state, HOST, "password", &proof.password, &words).await?;
    let password_hash = state.passwords.hash(proof.password).await?;
    let mut write = state.store.change_people(clock::now()).await?;
    let taken = write.take_token(purpose, &hash).await?;
    taken.ok_or_else(Problem::stale_token)?;
    let new = NewRegistration {
        tenant: HOST,
        kind: asked.kind.as_str(),
        company: &asked.company,
        category: asked.category.as_deref(),
        full_name: &asked.full_name,
        email: &asked.email,
        password_hash: &password_hash,
    };
    if !write.add_registration(&new, WAITING_MAX).await? {
        return Err(Problem::unavailable(
            "Too many requests wait. Try again later.",
        ));
    }
    write.commit().await?;
    tracing::info!(company = %asked.company, "somebody registered");
    Ok(StatusCode::ACCEPTED)
}

/// Lists the requests that wait for an answer.
#[utoipa::path(
    get,
    path = "/api/v1/registrations",
    operation_id = "registration_list",
    tag = "people",
    params(RegistrationListQuery),
    responses(
        (status = 200, description = "A page", body = RegistrationList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn registration_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<RegistrationListQuery>,
) -> Result<Json<RegistrationList>, Problem> {
    let limit = super::limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let after = super::number_cursor(query.cursor.as_deref())?.unwrap_or(0);
    let scope = principal.own_scope();
    let mut rows = state.store.registrations(&scope, after, limit + 1).await?;
    let more = super::cut(&mut rows, limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.into_iter().map(WaitingRegistration::of).collect();
    Ok(Json(RegistrationList { items, next_cursor }))
}

/// Gives the account: the person becomes the owner of a customer's or carrier's portal.
#[utoipa::path(
    post,
    path = "/api/v1/registrations/{id}/approval",
    operation_id = "registration_approve",
    tag = "people",
    params(("id" = i64, Path, description = "The request")),
    request_body = RegistrationApproval,
    responses(
        (status = 204, description = "The person may sign in; a mail says so"),
        (status = 400, description = "The body cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There is a user with this address", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "There is no such customer or carrier", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn registration_approve(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(approval): ApiJson<RegistrationApproval, { super::BODY_BYTES_MAX }>,
) -> Result<StatusCode, Problem> {
    principal.recently_confirmed()?;
    let scope = principal.own_scope();
    let mut write = state.store.change_people(clock::now()).await?;
    let row = write.take_registration(&scope, number(&id)?).await?;
    let row = row.ok_or_else(unknown)?;
    let tenant = write.account_tenant(&scope, &row.kind, &approval.account);
    let tenant = tenant.await?.ok_or_else(|| {
        let message = format!("there is no {} `{}`", row.kind, approval.account);
        Problem::invalid_field("account", message)
    })?;
    let portal = match AccountKind::of(&row.kind) {
        AccountKind::Customer => Portal::Customer,
        AccountKind::Carrier => Portal::Carrier,
    };
    if !principal.permissions().covers(ceiling(portal)) {
        let detail = "Whoever is let in may do more in the account than you may.";
        return Err(Problem::forbidden(detail));
    }
    let new = NewUser {
        tenant,
        username: &row.email,
        email: Some(&row.email),
        full_name: &row.full_name,
        role: portal.first_role(),
        status: UserStatus::Active,
        password_hash: Some(&row.password_hash),
        email_verified: true,
    };
    let Some(user) = write.add_user(&new).await? else {
        let detail = "There is a user with this address.";
        return Err(Problem::conflict(detail, Vec::new()));
    };
    let url = state.public_url.as_deref().unwrap_or("the console");
    let text = format!(
        "Your account is ready. Sign in as {} at {url}.\n",
        row.email
    );
    let about = ("registration_approved", "Your account is ready");
    let told = mail(&state, tenant, &row.email, about, text)?;
    write.queue_mail(&told).await?;
    let entry = principal.audit(tenant, "registration.approve");
    let entry = entry.on("user", Some(user.0), &*row.email);
    let after = json!({ "company": row.company, "account": approval.account });
    write.tell(entry.values(None, Some(after)));
    write.commit().await?;
    state.job_bell.ring();
    tracing::info!(%user, by = %principal.name, "registration approved");
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses a request; it is forgotten, and a mail says so.
#[utoipa::path(
    delete,
    path = "/api/v1/registrations/{id}",
    operation_id = "registration_refuse",
    tag = "people",
    params(("id" = i64, Path, description = "The request")),
    responses(
        (status = 204, description = "Refused"),
        (status = 404, description = "There is no such request", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn registration_refuse(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let scope = principal.own_scope();
    let mut write = state.store.change_people(clock::now()).await?;
    let row = write.take_registration(&scope, number(&id)?).await?;
    let row = row.ok_or_else(unknown)?;
    let text = "We cannot give you an account. What you sent is forgotten.\n";
    let about = ("registration_refused", "Your request for an account");
    let told = mail(&state, row.tenant, &row.email, about, text.into())?;
    write.queue_mail(&told).await?;
    let entry = principal.audit(row.tenant, "registration.refuse");
    write.tell(entry.on("registration", Some(row.id), &*row.email));
    write.commit().await?;
    state.job_bell.ring();
    tracing::info!(by = %principal.name, "registration refused");
    Ok(StatusCode::NO_CONTENT)
}

async fn must_be_open(state: &AppState) -> Result<(), Problem> {
    match policy_of(&state.store, HOST).await?.policy.registration {
        Registration::Approval => Ok(()),
        Registration::Off => Err(Problem::forbidden("Nobody may register here.")),
    }
}

/// The categories that are open, in their order.
fn offered(state: &AppState) -> Vec<RegistrationCategory> {
    let in_force = state.configuration.in_force();
    let mut open: Vec<_> = in_force
        .of_kind(HOST, ResourceKind::CustomerCategory)
        .filter_map(|entry| match &entry.spec {
            ResourceSpec::CustomerCategory(spec) if spec.open_for_registration => {
                Some((spec.position, entry.key.name.to_string(), &spec.description))
            }
            _ => None,
        })
        .collect();
    open.sort();
    let category = |(_, name, description): (u16, String, &String)| RegistrationCategory {
        name,
        description: description.clone(),
    };
    open.into_iter().map(category).collect()
}

/// A link for a new address; a word to the one who has an account already. One mail in some
/// minutes for each address.
async fn answer_by_mail(state: &AppState, asked: &RegistrationRequest) -> Result<(), Problem> {
    let url = public_url(state)?;
    let now = clock::now();
    let token = OneTimeToken::draw()?;
    let content = serde_json::to_string(asked).map_err(|error| Problem::internal(&error))?;
    let mut write = state.store.change_people(now).await?;
    if !write
        .pause(&hash_of(&asked.email), later(now, PAUSE_S))
        .await?
    {
        return Ok(());
    }
    let by_email = state.store.user_by_email(&asked.email).await?;
    let by_name = state.store.user_by_name(&asked.email).await?;
    let text = if by_email.or(by_name).is_some() {
        format!(
            "Somebody, probably you, asked for an account with this address. You have one: sign in \
             at {url}, or choose a new password there.\n"
        )
    } else {
        let new = NewToken {
            hash: &token.hash(),
            purpose: Purpose::Registration.as_str(),
            user: None,
            content: &content,
            expires_at: later(now, GOOD_FOR_S),
            network: None,
        };
        write.add_token(&new).await?;
        format!(
            "Somebody, probably you, asked for an account for {}.\n\n\
             Confirm your address and choose a password within a day:\n{}\n\n\
             If it was not you, do nothing: nothing else was kept.\n",
            asked.company,
            token.link(url, PAGE)
        )
    };
    let about = ("registration", "Your request for an account");
    let mail = mail(state, HOST, &asked.email, about, text)?;
    write.queue_mail(&mail).await?;
    write.commit().await?;
    state.job_bell.ring();
    Ok(())
}

fn number(id: &str) -> Result<i64, Problem> {
    id.parse().map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::not_found("There is no such request.")
}

impl AccountKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Carrier => "carrier",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "carrier" => Self::Carrier,
            _ => Self::Customer,
        }
    }
}

impl RegistrationRequest {
    /// # Errors
    /// 422, which names the field.
    fn checked(self, state: &AppState) -> Result<Self, Problem> {
        let email = checked_email("email", &self.email)?;
        let full_name = checked_full_name("full_name", &self.full_name)?;
        let company = checked_full_name("company", &self.company)?;
        if company.is_empty() || company.chars().count() > COMPANY_CHARS_MAX {
            let message = format!("1 to {COMPANY_CHARS_MAX} characters");
            return Err(Problem::invalid_field("company", message));
        }
        let offered = offered(state);
        let known = match (&self.category, self.kind) {
            (None, _) => self.kind == AccountKind::Carrier || offered.is_empty(),
            (Some(name), AccountKind::Customer) => {
                name.chars().count() <= CATEGORY_CHARS_MAX
                    && offered.iter().any(|category| category.name == *name)
            }
            (Some(_), AccountKind::Carrier) => false,
        };
        if !known {
            let message = "choose one of those that are offered";
            return Err(Problem::invalid_field("category", message));
        }
        Ok(Self {
            email,
            full_name,
            company,
            ..self
        })
    }
}

impl WaitingRegistration {
    fn of(row: RegistrationRow) -> Self {
        Self {
            id: row.id,
            kind: AccountKind::of(&row.kind),
            company: row.company,
            category: row.category,
            full_name: row.full_name,
            email: row.email,
            created_at: Time(row.created_at),
        }
    }
}
