//! Who gets what by assignment, and why.

use crate::auth::Principal;
use crate::problem::Problem;
use crate::resource_engine::{Key, customers_of, entitlements_of};
use crate::routes::resources::{LIMIT_DEFAULT, LIMIT_MAX, find};
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use resources::{Assignable, AssignmentLevel, KindEntitlements, ResourceKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page of the customers who get a resource, by name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BeneficiaryPage {
    /// The page.
    pub items: Vec<BeneficiaryView>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// How many there are in all.
    pub total: u64,
}

/// A customer who gets a resource.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BeneficiaryView {
    /// Its name.
    pub name: String,
    /// Why: the most specific reason.
    pub level: Level,
}

/// Why a customer gets a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is assigned to all.
    All,
    /// It is assigned to the customer's category.
    Category,
    /// It is assigned to the customer's group.
    Group,
    /// It is assigned to the customer.
    Customer,
    /// The customer's own fields name it.
    Named,
}

/// What a customer gets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntitlementList {
    /// One entry for each kind that it gets anything of.
    pub items: Vec<EntitlementsOfKind>,
}

/// What a customer gets of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntitlementsOfKind {
    /// The kind.
    pub kind: String,
    /// Whether only one of them counts.
    pub one_only: bool,
    /// The most specific first, then by name.
    pub items: Vec<EntitlementView>,
}

/// A resource that a customer gets.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntitlementView {
    /// Its name.
    pub name: String,
    /// Why: the most specific reason.
    pub level: Level,
    /// Whether it counts: of a kind of which a customer has one, only the first does.
    pub is_effective: bool,
}

/// The parameters of a page of customers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerListQuery {
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    cursor: Option<String>,
}

/// Described for each kind by the registry.
pub(crate) async fn customer_list(
    Extension(kind): Extension<ResourceKind>,
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    crate::extract::ApiQuery(query): crate::extract::ApiQuery<CustomerListQuery>,
) -> Result<Json<BeneficiaryPage>, Problem> {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("write a whole number from 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let row = find(&state, &principal, kind, &id).await?;
    let set = state.configuration.in_force();
    let key = Key::new(principal.scope().tenant(), kind, &row.name);
    let found = set.get(&key).map(|entry| customers_of(&set, entry));
    let all = found.unwrap_or_default();
    // The cursor is the last name seen.
    let after = query.cursor.as_deref().unwrap_or_default();
    let begin = all.partition_point(|(customer, _)| *customer.key.name <= *after);
    let page = &all[begin..all.len().min(begin + limit as usize)];
    let more = begin + page.len() < all.len();
    let last = page.last().filter(|_| more);
    Ok(Json(BeneficiaryPage {
        next_cursor: last.map(|(customer, _)| customer.key.name.to_string()),
        total: all.len() as u64,
        items: page
            .iter()
            .map(|(customer, level)| BeneficiaryView {
                name: customer.key.name.to_string(),
                level: Level::from(*level),
            })
            .collect(),
    }))
}

/// What a customer gets, and why.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{id}/entitlements",
    operation_id = "customer_entitlement_list",
    tag = "customers",
    params(("id" = String, Path, description = "Its number, its name, or `external_id:` with what another system calls it")),
    responses(
        (status = 200, description = "What it gets, by kind", body = EntitlementList),
        (status = 404, description = "There is no such customer", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn customer_entitlement_list(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<EntitlementList>, Problem> {
    let kind = ResourceKind::Customer;
    let row = find(&state, &principal, kind, &id).await?;
    let set = state.configuration.in_force();
    let key = Key::new(principal.scope().tenant(), kind, &row.name);
    let customer = set.get(&key);
    let found = customer.and_then(|customer| entitlements_of(&set, customer));
    let items = found.unwrap_or_default();
    Ok(Json(EntitlementList {
        items: items.into_iter().map(EntitlementsOfKind::from).collect(),
    }))
}

impl From<KindEntitlements> for EntitlementsOfKind {
    fn from(of_kind: KindEntitlements) -> Self {
        Self {
            kind: of_kind.kind.to_string(),
            one_only: of_kind.assignable == Assignable::One,
            items: of_kind
                .items
                .into_iter()
                .map(|item| EntitlementView {
                    name: item.name,
                    level: Level::from(item.level),
                    is_effective: item.is_effective,
                })
                .collect(),
        }
    }
}

impl From<AssignmentLevel> for Level {
    fn from(level: AssignmentLevel) -> Self {
        match level {
            AssignmentLevel::All => Self::All,
            AssignmentLevel::Category => Self::Category,
            AssignmentLevel::Group => Self::Group,
            AssignmentLevel::Customer => Self::Customer,
            AssignmentLevel::Named => Self::Named,
        }
    }
}
