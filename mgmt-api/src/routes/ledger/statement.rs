//! Statements of staff: of any customer or carrier, in the books beside its currency.

use super::{CurrencyBalanceView, EntryView, Party};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::resources::find;
use crate::state::AppState;
use crate::values::{Money, Time};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rating::{Currency, Timestamp};
use resources::{Day, ResourceKind};
use serde::{Deserialize, Serialize};
use store::{LedgerCalls, LedgerEntryKind, LedgerMovement, LedgerStatement};
use utoipa::{IntoParams, ToSchema};

/// Longest statement, days.
const DAYS_MAX: i64 = 366;

/// What a statement covers when nothing is said: this day and 30 before it.
const DAYS_DEFAULT: i64 = 31;

const DAY_US: i64 = 86_400_000_000;

/// Which days a statement covers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    /// Its first day, in UTC; 30 days before the last when absent.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-01")]
    pub from: Option<String>,
    /// Its last day, in UTC; today when absent. At most 366 days.
    #[param(value_type = Option<String>, format = Date, example = "2026-03-31")]
    pub to: Option<String>,
    /// As what: `json`, or `csv` for a file.
    #[param(inline)]
    pub format: Option<StatementFormat>,
}

/// As what a statement comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StatementFormat {
    /// JSON.
    #[default]
    Json,
    /// Comma-separated values, a line for each movement.
    Csv,
}

/// What a customer or carrier had, what moved, and what it has. Days are those of UTC; a call counts
/// at its end.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StatementView {
    /// Its name.
    pub name: String,
    /// The first moment.
    pub from: Time,
    /// The first moment behind it.
    pub to: Time,
    /// Currency of the books, and of the balances here.
    #[schema(example = "USD")]
    pub currency: String,
    /// The balance before.
    pub opening_balance: Money,
    /// The same by currency.
    pub opening_by_currency: Vec<CurrencyBalanceView>,
    /// The calls of each day in one line for each currency, everything else singly.
    pub movements: Vec<MovementView>,
    /// The balance after: the opening balance and all movements.
    pub closing_balance: Money,
}

/// A line of a statement.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MovementView {
    /// `calls`, `corrections` (of calls, by re-ratings), or the kind of an entry.
    #[schema(example = "calls")]
    pub kind: String,
    /// When; of calls the beginning of their day.
    pub at: Time,
    /// How many calls, or attempts of a carrier; 1 for an entry.
    pub count: u64,
    /// What the balance gained; lost, below zero.
    pub amount: Money,
    /// Currency of the amount.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The amount in the books.
    pub amount_in_books: Money,
    /// The balance after it, in the books.
    pub balance: Money,
    /// The entry; null for calls.
    #[schema(required)]
    pub entry: Option<EntryView>,
}

/// Shows what a customer had, what moved, and what it has.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{id}/statement",
    operation_id = "customer_statement_view",
    tag = "ledger",
    params(("id" = String, Path, description = "Its number, its name, or `external_id:` with what another system calls it"), StatementQuery),
    responses(
        (status = 200, description = "The statement", content((StatementView = "application/json"), (String = "text/csv"))),
        (status = 404, description = "There is no such customer", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The days are wrong: which, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn customer_statement_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<StatementQuery>,
) -> Result<Response, Problem> {
    statement(&state, &principal, ResourceKind::Customer, &id, &query).await
}

/// Shows what a carrier had, what moved, and what it has.
#[utoipa::path(
    get,
    path = "/api/v1/carriers/{id}/statement",
    operation_id = "carrier_statement_view",
    tag = "ledger",
    params(("id" = String, Path, description = "Its number, its name, or `external_id:` with what another system calls it"), StatementQuery),
    responses(
        (status = 200, description = "The statement", content((StatementView = "application/json"), (String = "text/csv"))),
        (status = 404, description = "There is no such carrier", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The days are wrong: which, is said", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn carrier_statement_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<StatementQuery>,
) -> Result<Response, Problem> {
    statement(&state, &principal, ResourceKind::Carrier, &id, &query).await
}

async fn statement(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    id: &str,
    query: &StatementQuery,
) -> Result<Response, Problem> {
    let (from, to) = query.period(clock::now())?;
    let found = Party::of(kind, find(state, principal, kind, id).await?);
    let scope = principal.scope();
    let made = state.store.ledger_statement(&scope, found.party, from, to);
    let view = StatementView::new(found.row.name, made.await?);
    match query.format.unwrap_or_default() {
        StatementFormat::Json => Ok(Json(view).into_response()),
        StatementFormat::Csv => csv(&view),
    }
}

impl StatementQuery {
    /// The first moment, and the first behind it. What is wrong with it, the description of a parameter
    /// cannot say, so it is 422 and not 400.
    pub(super) fn period(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        let today = now.0.div_euclid(DAY_US) * DAY_US;
        let last = day("to", self.to.as_deref())?.unwrap_or(today);
        let first = last.saturating_sub((DAYS_DEFAULT - 1) * DAY_US);
        let first = day("from", self.from.as_deref())?.unwrap_or(first);
        let behind = last.saturating_add(DAY_US);
        if first > last {
            return Err(Problem::invalid_field("to", "is before `from`"));
        }
        if behind - first > DAYS_MAX * DAY_US {
            let message = format!("a statement has at most {DAYS_MAX} days");
            return Err(Problem::invalid_field("from", message));
        }
        Ok((Timestamp(first), Timestamp(behind)))
    }
}

fn day(field: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let day = text.map(|text| Day::try_from(text.to_owned())).transpose();
    let day = day.map_err(|error| Problem::invalid_field(field, error.to_string()))?;
    Ok(day.map(|day| day.begins().0))
}

impl StatementView {
    fn new(name: String, statement: LedgerStatement) -> Self {
        let mut balance = statement.opening.0;
        let movements = statement.movements.into_iter().map(|movement| {
            // The whole of them was added up before, and fits.
            balance = balance.saturating_add(movement.books().0);
            MovementView::new(movement, Money(rating::Amount(balance)))
        });
        let movements = movements.collect();
        Self {
            name,
            from: Time(statement.from),
            to: Time(statement.to),
            currency: Currency::USD.to_string(),
            opening_balance: Money(statement.opening),
            opening_by_currency: statement
                .opening_by_currency
                .into_iter()
                .map(Into::into)
                .collect(),
            movements,
            closing_balance: Money(statement.closing),
        }
    }
}

/// What a line of calls is called.
pub(super) fn kind_of(calls: &LedgerCalls) -> &'static str {
    match calls.kind {
        LedgerEntryKind::ChargeCorrection | LedgerEntryKind::CostCorrection => "corrections",
        _ => "calls",
    }
}

impl MovementView {
    fn new(movement: LedgerMovement, balance: Money) -> Self {
        match movement {
            LedgerMovement::Calls(calls) => Self {
                kind: kind_of(&calls).to_owned(),
                at: Time(calls.day),
                count: calls.count,
                amount: Money(calls.amount),
                currency: calls.currency.to_string(),
                amount_in_books: Money(calls.books),
                balance,
                entry: None,
            },
            LedgerMovement::Entry(entry) => Self {
                kind: entry.kind.as_str().to_owned(),
                at: Time(entry.at),
                count: 1,
                amount: Money(entry.amount),
                currency: entry.currency.to_string(),
                amount_in_books: Money(entry.books),
                balance,
                entry: Some((*entry).into()),
            },
        }
    }
}

/// A file for a spreadsheet.
fn csv(view: &StatementView) -> Result<Response, Problem> {
    let text = csv_text(view).map_err(|error| Problem::internal(&error))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"statement.csv\"",
        ),
    ];
    Ok((headers, text).into_response())
}

fn csv_text(view: &StatementView) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_books = format!("amount_{}", view.currency);
    let balance = format!("balance_{}", view.currency);
    writer.write_record([
        "at", "kind", "count", "amount", "currency", &in_books, &balance, "text",
    ])?;
    let edge = |at: Time, kind: &str, balance: Money| {
        let (at, balance) = (at.to_string(), balance.to_string());
        [
            at,
            kind.into(),
            "0".into(),
            "0".into(),
            view.currency.clone(),
            "0".into(),
            balance,
            String::new(),
        ]
    };
    writer.write_record(edge(view.from, "opening", view.opening_balance))?;
    for movement in &view.movements {
        writer.write_record([
            movement.at.to_string(),
            movement.kind.clone(),
            movement.count.to_string(),
            movement.amount.to_string(),
            movement.currency.clone(),
            movement.amount_in_books.to_string(),
            movement.balance.to_string(),
            movement.entry.as_ref().map(text_of).unwrap_or_default(),
        ])?;
    }
    writer.write_record(edge(view.to, "closing", view.closing_balance))?;
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// The reason or reference of an entry. A spreadsheet must not take it for a formula.
fn text_of(entry: &EntryView) -> String {
    let known = ["reason", "reference", "note"].iter();
    let text = known
        .filter_map(|name| entry.details[*name].as_str())
        .collect::<Vec<_>>()
        .join("; ");
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
    use super::*;

    fn query(from: Option<&str>, to: Option<&str>) -> StatementQuery {
        StatementQuery {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            format: None,
        }
    }

    #[test]
    fn a_period_is_of_whole_days_and_bounded() {
        let now = Timestamp(100 * DAY_US + 5);
        let (from, to) = query(None, None).period(now).unwrap();
        assert_eq!((from.0, to.0), (70 * DAY_US, 101 * DAY_US));
        let (from, to) = query(Some("2026-03-01"), Some("2026-03-01"))
            .period(now)
            .unwrap();
        assert_eq!(to.0 - from.0, DAY_US);
        for (from, to, field) in [
            (Some("2026-03-02"), Some("2026-03-01"), "to"),
            (Some("2025-01-01"), Some("2026-03-01"), "from"),
            (Some("yesterday"), None, "from"),
            (None, Some("2026-02-30"), "to"),
        ] {
            let problem = query(from, to).period(now).unwrap_err();
            assert_eq!(
                (problem.status, problem.errors[0].field.as_deref()),
                (422, Some(field))
            );
        }
    }
}
