//! The balance and statement of the customer or carrier that is acted in: its own only, and in the
//! currencies of its prices. At what those are reckoned is the operator's own affair.

use super::statement::StatementQuery;
use crate::access::Audience;
use crate::auth::{ActingTenant, Principal};
use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::state::AppState;
use crate::values::{CallIdText, Money, Time};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::{CurrencyBalance, LedgerMovement, LedgerParty};
use utoipa::ToSchema;

/// The own balance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnBalance {
    /// A balance in each currency of the account; none before anything was posted.
    pub items: Vec<OwnCurrencyBalance>,
}

/// The own balance in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnCurrencyBalance {
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// Above zero: what the account has with the operator. Below: what it owes.
    #[schema(required)]
    pub balance: Option<Money>,
}

/// The own statement. Days are those of UTC; a call counts at its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnStatement {
    /// The first moment.
    pub from: Time,
    /// The first moment behind it.
    pub to: Time,
    /// The balances before.
    pub opening: Vec<OwnCurrencyBalance>,
    /// The calls of each day in one line for each currency, everything else singly.
    pub movements: Vec<OwnMovement>,
}

/// A line of the own statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnMovement {
    /// `calls`, `corrections` (of calls), `payment`, `refund`, `adjustment` or `netting`.
    #[schema(example = "calls")]
    pub kind: String,
    /// When; of calls the beginning of their day.
    pub at: Time,
    /// How many calls; 1 for all else.
    pub count: u64,
    /// What the balance gained; lost, below zero.
    pub amount: Money,
    /// Its currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The call that it is for.
    #[schema(required)]
    pub call: Option<CallIdText>,
    /// What the operator wrote: the reason, or the reference of the payment.
    #[schema(required)]
    pub text: Option<String>,
}

/// Shows the account's own balance.
#[utoipa::path(
    get,
    path = "/api/v1/own-balance",
    operation_id = "own_balance_view",
    tag = "ledger",
    responses((status = 200, description = "The balance", body = OwnBalance)),
)]
pub(crate) async fn own_balance_view(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<OwnBalance>, Problem> {
    let party = own_party(&principal.tenant)?;
    let balances = state.store.ledger_currency_balances(party).await?;
    Ok(Json(OwnBalance {
        items: balances.into_iter().map(Into::into).collect(),
    }))
}

/// Shows what the account had, what moved, and what it has. Always as JSON.
#[utoipa::path(
    get,
    path = "/api/v1/own-statement",
    operation_id = "own_statement_view",
    tag = "ledger",
    params(StatementQuery),
    responses(
        (status = 200, description = "The statement", body = OwnStatement),
        (status = 422, description = "The days are wrong: which, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_statement_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<StatementQuery>,
) -> Result<Json<OwnStatement>, Problem> {
    let party = own_party(&principal.tenant)?;
    let (from, to) = query.period(clock::now())?;
    let scope = principal.scope();
    let made = state
        .store
        .ledger_statement(&scope, party, from, to)
        .await?;
    Ok(Json(OwnStatement {
        from: Time(made.from),
        to: Time(made.to),
        opening: made
            .opening_by_currency
            .into_iter()
            .map(Into::into)
            .collect(),
        movements: made.movements.into_iter().map(Into::into).collect(),
    }))
}

/// Whose balance it is.
pub(crate) fn own_party(tenant: &ActingTenant) -> Result<LedgerParty, Problem> {
    match (tenant.audience, tenant.resource_id) {
        (Audience::Customer, Some(id)) => Ok(LedgerParty::Customer(id)),
        (Audience::Carrier, Some(id)) => Ok(LedgerParty::Carrier(id)),
        // The route table lets nobody else through; an account without its resource has no balance.
        _ => Err(Problem::forbidden(
            "This account stands for no customer and no carrier.",
        )),
    }
}

impl From<CurrencyBalance> for OwnCurrencyBalance {
    fn from(balance: CurrencyBalance) -> Self {
        Self {
            currency: balance.currency.to_string(),
            balance: balance.amount.map(Money),
        }
    }
}

impl From<LedgerMovement> for OwnMovement {
    fn from(movement: LedgerMovement) -> Self {
        match movement {
            LedgerMovement::Calls(calls) => Self {
                kind: super::statement::kind_of(&calls).to_owned(),
                at: Time(calls.day),
                count: calls.count,
                amount: Money(calls.amount),
                currency: calls.currency.to_string(),
                call: None,
                text: None,
            },
            LedgerMovement::Entry(entry) => {
                let told = |name: &str| entry.details[name].as_str().map(str::to_owned);
                Self {
                    kind: entry.kind.as_str().to_owned(),
                    at: Time(entry.at),
                    count: 1,
                    amount: Money(entry.amount),
                    currency: entry.currency.to_string(),
                    call: entry.call.map(CallIdText),
                    text: told("reason").or_else(|| told("reference")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_sees_its_own_balance_and_no_other() {
        let of = |audience, resource_id| {
            let tenant = ActingTenant {
                audience,
                resource_id,
                ..ActingTenant::platform()
            };
            own_party(&tenant).ok()
        };
        assert_eq!(
            of(Audience::Customer, Some(5)),
            Some(LedgerParty::Customer(5))
        );
        assert_eq!(
            of(Audience::Carrier, Some(5)),
            Some(LedgerParty::Carrier(5))
        );
        assert_eq!(of(Audience::Customer, None), None);
        assert_eq!(of(Audience::Operator, Some(5)), None);
        assert_eq!(of(Audience::Platform, Some(5)), None);
    }
}
