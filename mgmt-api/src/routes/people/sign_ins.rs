//! The history of sign-ins of a tenant's users.

use super::reach::{TenantParameter, reach};
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{ShortText, Time};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{SignInQuery, SignInRow, UserId};
use utoipa::{IntoParams, ToSchema};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;

/// Which sign-ins to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SignInListQuery {
    /// Only as this user.
    pub user_id: Option<i64>,
    /// Only with this outcome, such as `signed_in` or `wrong_password`.
    #[param(max_length = 64, value_type = Option<String>)]
    pub outcome: Option<ShortText<64>>,
    /// Of a tenant right below the own one.
    pub tenant_id: Option<i64>,
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,19}$")]
    pub cursor: Option<String>,
}

/// A page of sign-ins, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignInList {
    /// The sign-ins.
    pub items: Vec<SignInEntry>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// An attempt to sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SignInEntry {
    /// As which user.
    pub user_id: i64,
    /// The user's name.
    pub username: String,
    /// When.
    pub at: Time,
    /// `signed_in`, `wrong_password`, `wrong_second_factor`, `wrong_passkey`, `not_active`, `tenant_shut` or
    /// `network`.
    pub outcome: String,
    /// By what: `password`, `totp`, `recovery_code` or `passkey`.
    pub method: String,
    /// From where.
    #[schema(required)]
    pub address: Option<String>,
    /// What the browser says it is.
    pub user_agent: String,
    /// Whether the user had not signed in with this browser before.
    pub new_device: bool,
}

/// Lists sign-ins of the tenant's users, those that failed too.
#[utoipa::path(
    get,
    path = "/api/v1/sign-ins",
    operation_id = "sign_in_list",
    tag = "people",
    params(SignInListQuery),
    responses(
        (status = 200, description = "A page", body = SignInList),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such tenant", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn sign_in_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<SignInListQuery>,
) -> Result<Json<SignInList>, Problem> {
    let tenant = TenantParameter {
        tenant_id: query.tenant_id,
    };
    let scope = reach(&state, &principal, &tenant).await?.scope();
    let limit = super::limit(query.limit, LIMIT_DEFAULT, LIMIT_MAX)?;
    let before = super::number_cursor(query.cursor.as_deref())?;
    let wanted = SignInQuery {
        user: query.user_id.map(UserId),
        outcome: query.outcome.map(|text| text.0),
        before,
        limit: limit + 1,
    };
    let mut rows = state.store.sign_ins(&scope, &wanted).await?;
    let more = super::cut(&mut rows, limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.id.to_string());
    let items = rows.into_iter().map(SignInEntry::of).collect();
    Ok(Json(SignInList { items, next_cursor }))
}

impl SignInEntry {
    pub(crate) fn of(row: SignInRow) -> Self {
        Self {
            user_id: row.user.0,
            username: row.username,
            at: Time(row.at),
            outcome: row.outcome,
            method: row.method,
            address: row.address,
            user_agent: row.user_agent,
            new_device: row.new_device,
        }
    }
}
