//! Netting statements: what a company that is a customer and a carrier owes, and is owed.

mod own;
mod settling;

pub(crate) use own::{__path_own_netting_list, own_netting_list};
pub(crate) use settling::{
    __path_netting_confirm, __path_netting_pay, netting_confirm, netting_pay,
};

use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::ledger::find_party;
use crate::routes::resources::{LIMIT_DEFAULT, LIMIT_MAX};
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::{Path, State};
use rating::{Amount, Timestamp};
use serde::{Deserialize, Serialize};
use store::{NettingLine, NettingQuery, NettingRow, NettingState};
use utoipa::{IntoParams, ToSchema};

/// What a company that is a customer and a carrier owes for a period, and is owed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NettingStatement {
    /// Its number.
    pub id: i64,
    /// Name of the customer now.
    #[schema(required)]
    pub customer: Option<String>,
    /// Name of the carrier now.
    #[schema(required)]
    pub carrier: Option<String>,
    /// Where it stands.
    pub state: NettingStateView,
    /// Days of the period, and days to pay.
    #[schema(example = "7/3")]
    pub terms: String,
    /// The zone of its days.
    #[schema(example = "Europe/Vienna")]
    pub time_zone: String,
    /// The first moment of the period.
    pub from: Time,
    /// The first moment behind it.
    pub to: Time,
    /// The first moment of the day on which the difference is due.
    pub due_from: Time,
    /// The first moment at which it is overdue.
    pub overdue_from: Time,
    /// The currency of the statement.
    #[schema(example = "USD")]
    pub currency: String,
    /// What the customer owes for its calls; null while the period is not over.
    #[schema(required)]
    pub they_owe: Option<Money>,
    /// What we owe the carrier for its calls.
    #[schema(required)]
    pub we_owe: Option<Money>,
    /// What is to be paid, by whoever owes more.
    #[schema(required)]
    pub difference: Option<Money>,
    /// Who pays it: `customer`, `us`, or null for nobody.
    #[schema(required, example = "customer")]
    pub payer: Option<&'static str>,
    /// Whether it is not paid and its day is over.
    pub is_overdue: bool,
    /// By side and currency of the charges.
    pub lines: Vec<NettingLineView>,
    /// Why there is no statement although the period is over.
    #[schema(required)]
    pub failure: Option<String>,
    /// When the statement was made.
    #[schema(required)]
    pub drafted_at: Option<Time>,
    /// When it was confirmed.
    #[schema(required)]
    pub confirmed_at: Option<Time>,
    /// Who confirmed it.
    #[schema(required)]
    pub confirmed_by: Option<String>,
    /// Since when nothing is to be paid.
    #[schema(required)]
    pub paid_at: Option<Time>,
    /// Who said so.
    #[schema(required)]
    pub paid_by: Option<String>,
    /// Number of the entry of the payment.
    #[schema(required)]
    pub payment_entry: Option<i64>,
}

/// Where a netting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NettingStateView {
    /// The period is not over.
    Open,
    /// The statement is made and waits to be confirmed.
    Draft,
    /// What both owe is off both balances; the difference is to be paid.
    Confirmed,
    /// Nothing is left to pay.
    Paid,
}

/// What a side came to in a currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NettingLineView {
    /// `customer` for what it owes, `carrier` for what it is owed.
    #[schema(example = "customer")]
    pub side: &'static str,
    /// What is owed; below zero when more was credited than charged.
    pub amount: Money,
    /// Its currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What a unit of it was worth in the books at the end of the period.
    #[schema(example = "1.0842")]
    pub exchange_rate: String,
    /// The amount in the currency of the statement.
    pub converted: Money,
}

/// Some nettings, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NettingPage {
    /// The page.
    pub items: Vec<NettingStatement>,
    /// Where the next page begins; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Which nettings.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NettingListQuery {
    /// At most so many.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9]{1,18}$")]
    pub cursor: Option<String>,
    /// Number, name, or `external_id:` of a customer; or give a carrier.
    pub customer: Option<String>,
    /// Number, name, or `external_id:` of a carrier.
    pub carrier: Option<String>,
    /// Only in this state.
    #[param(inline)]
    pub state: Option<NettingStateView>,
}

/// Lists nettings, the newest first, with the periods that are under way.
#[utoipa::path(
    get,
    path = "/api/v1/nettings",
    operation_id = "netting_list",
    tag = "ledger",
    params(NettingListQuery),
    responses(
        (status = 200, description = "A page", body = NettingPage),
        (status = 404, description = "There is no such customer or carrier", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn netting_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(query): ApiQuery<NettingListQuery>,
) -> Result<Json<NettingPage>, Problem> {
    let (limit, before) = page(query.limit, query.cursor.as_deref())?;
    let party = match (query.customer.as_deref(), query.carrier.as_deref()) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            let message = "name either a customer or a carrier";
            return Err(Problem::bad_parameter("customer", message));
        }
        (customer, carrier) => {
            let found = find_party(&state, &principal, customer, carrier).await?;
            Some(found.party)
        }
    };
    let asked = NettingQuery {
        party,
        state: query.state.map(Into::into),
        confirmed: false,
        before,
        limit: limit + 1,
    };
    let rows = state.store.nettings(&principal.scope(), &asked).await?;
    let (rows, next_cursor) = cut(rows, limit);
    Ok(Json(NettingPage {
        items: rows.into_iter().map(Into::into).collect(),
        next_cursor,
    }))
}

/// Shows a netting.
#[utoipa::path(
    get,
    path = "/api/v1/nettings/{id}",
    operation_id = "netting_view",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It", body = NettingStatement),
        (status = 404, description = "There is no such netting", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn netting_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<NettingStatement>, Problem> {
    Ok(Json(find(&state, &principal, &id).await?.into()))
}

/// The size of a page, and where it begins.
fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<(u32, Option<i64>), Problem> {
    let limit = limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("write a whole number from 1 to {LIMIT_MAX}");
        return Err(Problem::bad_parameter("limit", message));
    }
    let before = cursor.map(str::parse).transpose();
    let before =
        before.map_err(|_| Problem::bad_parameter("cursor", "send `next_cursor` as it came"))?;
    Ok((limit, before))
}

/// The rows of a page, of which one more was read, and where the next begins.
fn cut(mut rows: Vec<NettingRow>, limit: u32) -> (Vec<NettingRow>, Option<String>) {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    (rows, next)
}

/// The netting of the number that a path has.
async fn find(state: &AppState, principal: &Principal, id: &str) -> Result<NettingRow, Problem> {
    let number = id
        .parse()
        .map_err(|_| Problem::bad_parameter("id", "write the number of the netting"))?;
    let found = state.store.netting(&principal.scope(), number).await?;
    found.ok_or_else(|| Problem::not_found(format!("There is no netting {number}.")))
}

/// Whether the difference is not paid and its day is over.
fn is_overdue(row: &NettingRow, now: Timestamp) -> bool {
    let waits = matches!(row.state, NettingState::Draft | NettingState::Confirmed);
    waits && row.difference() != Amount::ZERO && row.overdue_from <= now
}

impl From<NettingRow> for NettingStatement {
    fn from(row: NettingRow) -> Self {
        let difference = row.difference();
        let is_overdue = is_overdue(&row, crate::clock::now());
        let (confirmed_at, confirmed_by) = row.confirmed.unzip();
        let (paid_at, paid_by) = row.paid.unzip();
        let sums = row.sums;
        Self {
            id: row.id,
            customer: row.customer.1,
            carrier: row.carrier.1,
            state: row.state.into(),
            terms: row.terms,
            time_zone: row.time_zone,
            from: Time(row.from),
            to: Time(row.to),
            due_from: Time(row.due_from),
            overdue_from: Time(row.overdue_from),
            currency: row.currency.to_string(),
            they_owe: sums.as_ref().map(|sums| Money(sums.they_owe)),
            we_owe: sums.as_ref().map(|sums| Money(sums.we_owe)),
            difference: sums
                .as_ref()
                .map(|_| Money(Amount(difference.0.saturating_abs()))),
            payer: match difference.0 {
                0 => None,
                1.. => Some("customer"),
                _ => Some("us"),
            },
            is_overdue,
            lines: sums
                .map(|sums| sums.lines.into_iter().map(Into::into).collect())
                .unwrap_or_default(),
            failure: row.failure,
            drafted_at: row.drafted_at.map(Time),
            confirmed_at: confirmed_at.map(Time),
            confirmed_by,
            paid_at: paid_at.map(Time),
            // Of a period of which nothing came nobody said anything.
            paid_by: paid_by.filter(|by| !by.is_empty()),
            payment_entry: row.payment_entry,
        }
    }
}

impl From<NettingLine> for NettingLineView {
    fn from(line: NettingLine) -> Self {
        Self {
            side: if line.is_of_carrier {
                "carrier"
            } else {
                "customer"
            },
            amount: Money(line.amount),
            currency: line.currency.to_string(),
            exchange_rate: line.rate.to_string(),
            converted: Money(line.converted),
        }
    }
}

impl From<NettingState> for NettingStateView {
    fn from(state: NettingState) -> Self {
        match state {
            NettingState::Open => Self::Open,
            NettingState::Draft => Self::Draft,
            NettingState::Confirmed => Self::Confirmed,
            NettingState::Paid => Self::Paid,
        }
    }
}

impl From<NettingStateView> for NettingState {
    fn from(state: NettingStateView) -> Self {
        match state {
            NettingStateView::Open => Self::Open,
            NettingStateView::Draft => Self::Draft,
            NettingStateView::Confirmed => Self::Confirmed,
            NettingStateView::Paid => Self::Paid,
        }
    }
}
