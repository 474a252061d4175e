//! What customers may still spend, and what is owed to carriers, at this moment.

use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::Money;
use axum::Json;
use axum::extract::State;
use rating::{Amount, Currency};
use routing_engine::Snapshot;
use routing_engine::snapshot::{CompiledCarrier, CompiledCustomer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most accounts of each kind that are listed at once.
const LISTED_MAX: usize = 1_000;

/// Whose money to show.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CreditQuery {
    /// Only this customer, by name. Without it: all customers with a limit of money.
    pub customer: Option<String>,
    /// Only this carrier, by name. Without it: all carriers with a `balance_stop`.
    pub carrier: Option<String>,
}

/// Money as calls see it. The ledger has a call's charge some moments after its end; here it is at once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LiveCredit {
    /// Customers by name, at most 1000.
    pub customers: Vec<CustomerCredit>,
    /// Carriers by name, at most 1000.
    pub carriers: Vec<CarrierCredit>,
    /// Whether there are more of either.
    pub is_cut: bool,
    /// Currency of all amounts.
    #[schema(example = "USD")]
    pub currency: String,
}

/// The money of one customer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CustomerCredit {
    /// Its name.
    pub customer: String,
    /// What it has paid less what its calls cost that have ended; below zero for a debt.
    pub balance: Money,
    /// How far below zero the balance may fall; null for as far as it goes.
    #[schema(required)]
    pub credit_limit: Option<Money>,
    /// What its calls hold that are not over.
    pub reserved: Money,
    /// What further calls may reserve; null without a credit limit.
    #[schema(required)]
    pub available: Option<Money>,
    /// What its calls of today (UTC) cost that have ended.
    pub charged_today: Money,
    /// What the calls of a day may cost; null for no limit.
    #[schema(required)]
    pub daily_spend_limit: Option<Money>,
    /// Calls that hold money.
    pub calls: u32,
}

/// The money of one carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CarrierCredit {
    /// Its name.
    pub carrier: String,
    /// What we owe it for calls that have ended, less what was paid; below zero when it is paid in advance.
    pub owed: Money,
    /// What may be owed before its routes are left out; null for no limit.
    #[schema(required)]
    pub balance_stop: Option<Money>,
    /// Whether its routes are left out for it.
    pub is_stopped: bool,
}

/// Shows what customers may still spend and what is owed to carriers.
#[utoipa::path(
    get,
    path = "/api/v1/live/credit",
    operation_id = "live_credit",
    tag = "live",
    params(CreditQuery),
    responses(
        (status = 200, description = "The accounts", body = LiveCredit),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn live_credit(
    State(state): State<AppState>,
    ApiQuery(query): ApiQuery<CreditQuery>,
) -> Json<LiveCredit> {
    Json(shown(&state.switch.snapshot(), &query))
}

fn shown(snapshot: &Snapshot, query: &CreditQuery) -> LiveCredit {
    let is_of_all = query.customer.is_none() && query.carrier.is_none();
    let is_named = |name: &Option<String>, known: &str| name.as_deref() == Some(known);
    let mut customers = snapshot.customers().iter().filter(|customer| {
        let has_limit = is_of_all && customer.credit_terms().is_some();
        has_limit || is_named(&query.customer, &customer.resource.name)
    });
    let mut carriers = snapshot.carriers().iter().filter(|carrier| {
        let has_limit = is_of_all && carrier.balance_stop().is_some();
        has_limit || is_named(&query.carrier, &carrier.resource.name)
    });
    let listed = LiveCredit {
        customers: customers
            .by_ref()
            .take(LISTED_MAX)
            .map(of_customer)
            .collect(),
        carriers: carriers.by_ref().take(LISTED_MAX).map(of_carrier).collect(),
        is_cut: false,
        currency: Currency::USD.to_string(),
    };
    LiveCredit {
        is_cut: customers.next().is_some() || carriers.next().is_some(),
        ..listed
    }
}

fn of_customer(customer: &CompiledCustomer) -> CustomerCredit {
    let figures = customer.credit_figures();
    let terms = customer.credit_terms().copied().unwrap_or_default();
    CustomerCredit {
        customer: customer.resource.name.to_string(),
        balance: Money(figures.balance()),
        credit_limit: terms.credit_limit.map(Money),
        reserved: Money(figures.reserved),
        available: figures.available(&terms).map(Money),
        charged_today: Money(figures.charged_today),
        daily_spend_limit: terms.daily_spend_limit.map(Money),
        calls: figures.calls,
    }
}

fn of_carrier(carrier: &CompiledCarrier) -> CarrierCredit {
    let owed = Amount(carrier.credit_figures().balance().0.saturating_neg());
    let stop = carrier.balance_stop();
    CarrierCredit {
        carrier: carrier.resource.name.to_string(),
        owed: Money(owed),
        balance_stop: stop.map(Money),
        is_stopped: stop.is_some_and(|stop| owed >= stop),
    }
}
