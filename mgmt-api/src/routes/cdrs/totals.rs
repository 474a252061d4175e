//! What the records of a search come to.

use super::dropped::{DroppedDays, dropped};
use super::filter::{CdrFilter, OwnCdrFilter};
use super::{filling, own};
use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::reports::{Amounts, CurrencyAmount, Filling, money};
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::State;
use rating::Currency;
use serde::Serialize;
use store::CdrQuery;
use utoipa::ToSchema;

/// What the calls that a search finds come to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrTotals {
    /// What was counted.
    #[serde(flatten)]
    pub counted: CdrCount,
    /// What customers pay, in the currency of the books; null beyond 9 thousand million, as all amounts here.
    #[schema(required)]
    pub charge: Option<Money>,
    /// What the carriers charge us, in the currency of the books.
    #[schema(required)]
    pub cost: Option<Money>,
    /// Charge minus cost.
    #[schema(required)]
    pub margin: Option<Money>,
    /// Currency of charge, cost and margin: that of the books.
    #[schema(example = "USD")]
    pub currency: String,
    /// What customers pay, by the currency of their cards.
    pub amounts: Amounts,
}

/// What the own calls, or attempts, that a search finds come to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OwnCdrTotals {
    /// What was counted.
    #[serde(flatten)]
    pub counted: CdrCount,
    /// What the customer pays, or what the carrier is paid, by currency.
    pub amounts: Amounts,
}

/// Sums without money.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CdrCount {
    /// Calls, or a carrier's attempts.
    pub calls: i64,
    /// Those with a 2xx.
    pub answered: i64,
    /// Talk time, milliseconds.
    pub talk_ms: i64,
    /// Seconds that the customer, or the carrier, is charged for or charges.
    pub billed_seconds: i64,
    /// More was found than the 100,000 records that are looked at: these are the totals of those up to then,
    /// in the order that was asked for, and of all they are so much at least. Null when they are of all.
    #[schema(required)]
    pub searched_until: Option<Time>,
    /// Calls of before this release are still being made known to some filters, and to the amounts by
    /// currency; null when all are.
    #[schema(required)]
    pub filling: Option<Filling>,
    /// Days of the span asked for whose records are not kept any more: these totals are without them. Null without any.
    #[schema(required)]
    pub dropped: Option<DroppedDays>,
}

/// What the records that the list finds come to: the same filters, of at most 100,000 records that are
/// looked at, the first in the order asked for. With `cursor`, of what is behind it; `limit` has no effect.
#[utoipa::path(
    get,
    path = "/api/v1/cdr-totals",
    operation_id = "cdr_totals_view",
    tag = "cdrs",
    params(CdrFilter),
    responses(
        (status = 200, description = "The totals", body = CdrTotals),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed in", body = Problem, content_type = "application/problem+json"),
    ),
    security(("session_cookie" = []), ("api_key" = [])),
)]
pub(crate) async fn cdr_totals_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<CdrFilter>,
) -> Result<Json<CdrTotals>, Problem> {
    let query = filter.query()?;
    let totals = state.store.cdr_totals(&principal.scope(), &query).await?;
    Ok(Json(CdrTotals {
        counted: counted(&state, &query, &totals).await?,
        charge: money(totals.charge),
        cost: money(totals.cost),
        margin: money(totals.margin()),
        currency: Currency::USD.to_string(),
        amounts: amounts(&totals),
    }))
}

/// What the account's own records that the list finds come to: the same filters, of at most 100,000 records
/// that are looked at, the first in the order asked for. With `cursor`, of what is behind it; `limit` has no
/// effect.
#[utoipa::path(
    get,
    path = "/api/v1/own-cdr-totals",
    operation_id = "own_cdr_totals_view",
    tag = "cdrs",
    params(OwnCdrFilter),
    responses(
        (status = 200, description = "The totals", body = OwnCdrTotals),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn own_cdr_totals_view(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<OwnCdrFilter>,
) -> Result<Json<OwnCdrTotals>, Problem> {
    let query = filter.query(own::party(&principal.tenant)?)?;
    let totals = state.store.cdr_totals(&principal.scope(), &query).await?;
    Ok(Json(OwnCdrTotals {
        counted: counted(&state, &query, &totals).await?,
        amounts: amounts(&totals),
    }))
}

async fn counted(
    state: &AppState,
    query: &CdrQuery,
    totals: &store::CdrTotals,
) -> Result<CdrCount, Problem> {
    Ok(CdrCount {
        calls: totals.calls,
        answered: totals.answered,
        talk_ms: totals.talk_ms,
        billed_seconds: totals.billed_seconds,
        searched_until: totals.searched_until.map(Time),
        filling: filling(state).await?,
        dropped: dropped(state, query).await?,
    })
}

fn amounts(totals: &store::CdrTotals) -> Amounts {
    let amount = |(currency, amount): (&Currency, &i128)| CurrencyAmount {
        currency: currency.to_string(),
        amount: money(*amount),
    };
    totals.amounts.iter().map(amount).collect()
}
