//! The books: balances, entries, statements, and what is posted by hand.

mod exchange;
mod own;
mod posting;
mod statement;

pub(crate) use exchange::{__path_exchange_report_view, exchange_report_view};
pub(crate) use own::{
    __path_own_balance_view, __path_own_statement_view, own_balance_view, own_party,
    own_statement_view,
};
pub(crate) use posting::{
    __path_adjustment_create, __path_payment_create, adjustment_create, moment, payment_create,
    worth,
};
pub(crate) use statement::{
    __path_carrier_statement_view, __path_customer_statement_view, carrier_statement_view,
    customer_statement_view,
};

use crate::auth::Principal;
use crate::extract::ApiQuery;
use crate::problem::Problem;
use crate::routes::cdrs::page_limit;
use crate::routes::resources::find;
use crate::state::AppState;
use crate::values::{CallIdText, Money, Time};
use axum::Json;
use axum::extract::{Path, State};
use rating::{Amount, Currency, Timestamp};
use resources::{ResourceKind, ResourceSpec};
use serde::{Deserialize, Serialize};
use store::{
    CurrencyBalance, LedgerCursor, LedgerEntry, LedgerEntryKind, LedgerError, LedgerParty,
    LedgerQuery, ResourceRow,
};
use utoipa::{IntoParams, ToSchema};

/// All accounts of the books.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountList {
    /// By kind and number.
    pub items: Vec<AccountView>,
}

/// An account of the books.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// `customer`, `carrier`, or a house account: `revenue`, `cost_of_sales`, `cash`, `adjustments`,
    /// `exchange_differences`, `netting`.
    #[schema(example = "customer")]
    pub kind: &'static str,
    /// Name of the customer or carrier; null for a house account.
    #[schema(required)]
    pub name: Option<String>,
    /// The sum of its postings: above zero is credit, what we owe or earned; null beyond 9 thousand
    /// million.
    #[schema(required)]
    pub balance: Option<Money>,
    /// Currency of the books.
    #[schema(example = "USD")]
    pub currency: String,
}

/// The balance of a customer or carrier.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BalanceView {
    /// `customer` or `carrier`.
    #[schema(example = "customer")]
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Above zero: what we owe it, such as what a customer paid in advance. Below: what it owes us.
    pub balance: Money,
    /// Currency of the books.
    #[schema(example = "USD")]
    pub currency: String,
    /// The same by the currencies in which it was posted.
    pub by_currency: Vec<CurrencyBalanceView>,
    /// How far below zero a customer's balance may fall; null without a limit, and for a carrier.
    #[schema(required)]
    pub credit_limit: Option<Money>,
}

/// What was posted in one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CurrencyBalanceView {
    /// The currency.
    #[schema(example = "EUR")]
    pub currency: String,
    /// The sum in it; null beyond 9 thousand million.
    #[schema(required)]
    pub amount: Option<Money>,
    /// The same in the books, each posting at the rate of its day.
    #[schema(required)]
    pub in_books: Option<Money>,
}

/// Why an entry is in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// What a customer pays for a call.
    CallCharge,
    /// What a carrier takes for an attempt.
    AttemptCost,
    /// Money from a customer, or to a carrier.
    Payment,
    /// Money back to a customer, or back from a carrier.
    Refund,
    /// A credit or debit note.
    Adjustment,
    /// What a re-rating changes of the charge of a call.
    ChargeCorrection,
    /// What a re-rating changes of the cost of an attempt.
    CostCorrection,
    /// What a customer and a carrier that are one company owe each other, taken off both balances.
    Netting,
}

/// Which entries to list. Filters are joined by "and".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntryFilter {
    /// How many entries a page holds, 1 to 500.
    #[param(default = 50, minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-9a-f]{1,16}-[0-9a-f]{1,16}$")]
    pub cursor: Option<String>,
    /// Number, name, or `external_id:` of a customer; or give a carrier.
    pub customer: Option<String>,
    /// Number, name, or `external_id:` of a carrier.
    pub carrier: Option<String>,
    /// Why they are there.
    #[param(inline)]
    pub kind: Option<EntryKind>,
    /// At this time or later. A call counts at its end.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
}

/// One page of entries, newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryPage {
    /// The entries.
    pub items: Vec<EntryView>,
    /// Send it as `cursor` to get the next page; null on the last.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// An entry as it stands on the account of its customer or carrier. The house account on its other
/// side has the same amount with the other sign.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Its number.
    pub id: i64,
    /// Why it is there.
    pub kind: EntryKind,
    /// When it counts.
    pub at: Time,
    /// `customer` or `carrier`.
    #[schema(example = "customer")]
    pub party_kind: &'static str,
    /// The name of the customer or carrier now.
    #[schema(required)]
    pub party: Option<String>,
    /// What its balance gained; lost, below zero.
    pub amount: Money,
    /// Currency of the amount.
    #[schema(example = "EUR")]
    pub currency: String,
    /// What a unit of that was worth in the books.
    #[schema(example = "1.0842")]
    pub exchange_rate: String,
    /// The amount in the books.
    pub amount_in_books: Money,
    /// The call that it is for.
    #[schema(required)]
    pub call: Option<CallIdText>,
    /// The attempt of the call that it is for, from 1.
    #[schema(required)]
    pub attempt: Option<u16>,
    /// Number of the entry that it corrects.
    #[schema(required)]
    pub corrects: Option<i64>,
    /// Reason, reference and who posted it; null for calls.
    #[schema(value_type = Object, required)]
    pub details: serde_json::Value,
}

/// Lists the accounts of the books with what is on them.
#[utoipa::path(
    get,
    path = "/api/v1/accounts",
    operation_id = "account_list",
    tag = "ledger",
    responses((status = 200, description = "The accounts", body = AccountList)),
)]
pub(crate) async fn account_list(
    State(state): State<AppState>,
    principal: Principal,
) -> Result<Json<AccountList>, Problem> {
    let accounts = state.store.ledger_accounts(&principal.scope()).await?;
    let items = accounts.into_iter().map(|account| AccountView {
        kind: account.kind.as_str(),
        name: account.name,
        balance: account.balance.map(Money),
        currency: Currency::USD.to_string(),
    });
    Ok(Json(AccountList {
        items: items.collect(),
    }))
}

/// Shows the balance of a customer.
#[utoipa::path(
    get,
    path = "/api/v1/customers/{id}/balance",
    operation_id = "customer_balance_view",
    tag = "ledger",
    params(("id" = String, Path, description = "Its number, its name, or `external_id:` with what another system calls it")),
    responses(
        (status = 200, description = "Its balance", body = BalanceView),
        (status = 404, description = "There is no such customer", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn customer_balance_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<BalanceView>, Problem> {
    balance(&state, &principal, ResourceKind::Customer, &id).await
}

/// Shows the balance of a carrier.
#[utoipa::path(
    get,
    path = "/api/v1/carriers/{id}/balance",
    operation_id = "carrier_balance_view",
    tag = "ledger",
    params(("id" = String, Path, description = "Its number, its name, or `external_id:` with what another system calls it")),
    responses(
        (status = 200, description = "Its balance", body = BalanceView),
        (status = 404, description = "There is no such carrier", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn carrier_balance_view(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<BalanceView>, Problem> {
    balance(&state, &principal, ResourceKind::Carrier, &id).await
}

/// Lists entries of the books, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/ledger/entries",
    operation_id = "ledger_entry_list",
    tag = "ledger",
    params(EntryFilter),
    responses(
        (status = 200, description = "One page", body = EntryPage),
        (status = 404, description = "There is no such customer or carrier", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ledger_entry_list(
    State(state): State<AppState>,
    principal: Principal,
    ApiQuery(filter): ApiQuery<EntryFilter>,
) -> Result<Json<EntryPage>, Problem> {
    let party = match (&filter.customer, &filter.carrier) {
        (None, None) => None,
        (Some(_), Some(_)) => {
            let message = "name either a customer or a carrier";
            return Err(Problem::bad_parameter("customer", message));
        }
        (customer, carrier) => {
            let found = find_party(&state, &principal, customer.as_deref(), carrier.as_deref());
            Some(found.await?.party)
        }
    };
    let query = LedgerQuery {
        party,
        kind: filter.kind.map(Into::into),
        from: filter.from.map(|time| time.0),
        to: filter.to.map(|time| time.0),
        after: filter.cursor.as_deref().map(read_cursor).transpose()?,
        limit: page_limit(filter.limit)?,
    };
    let page = state
        .store
        .ledger_entries(&principal.scope(), &query)
        .await?;
    Ok(Json(EntryPage {
        items: page.entries.into_iter().map(EntryView::from).collect(),
        next_cursor: page.next.map(write_cursor),
    }))
}

async fn balance(
    state: &AppState,
    principal: &Principal,
    kind: ResourceKind,
    id: &str,
) -> Result<Json<BalanceView>, Problem> {
    let row = find(state, principal, kind, id).await?;
    let found = Party::of(kind, row);
    let balance = state.store.ledger_balance(found.party).await?;
    let by_currency = state.store.ledger_currency_balances(found.party).await?;
    Ok(Json(BalanceView {
        kind: found.kind.as_str(),
        balance: Money(balance),
        currency: Currency::USD.to_string(),
        by_currency: by_currency.into_iter().map(Into::into).collect(),
        credit_limit: credit_limit(&found.row).map(Money),
        name: found.row.name,
    }))
}

/// How far below zero a customer's balance may fall.
fn credit_limit(row: &ResourceRow) -> Option<Amount> {
    if row.kind != ResourceKind::Customer.as_str() {
        return None;
    }
    match ResourceSpec::from_value(ResourceKind::Customer, row.spec.clone()) {
        Ok(ResourceSpec::Customer(customer)) => customer.billing?.credit_limit(),
        _ => None,
    }
}

/// A customer or carrier that a request names.
pub(crate) struct Party {
    pub(crate) kind: ResourceKind,
    pub(crate) party: LedgerParty,
    pub(crate) row: ResourceRow,
}

impl Party {
    fn of(kind: ResourceKind, row: ResourceRow) -> Self {
        let party = match kind {
            ResourceKind::Carrier => LedgerParty::Carrier(row.id),
            _ => LedgerParty::Customer(row.id),
        };
        Self { kind, party, row }
    }
}

/// The customer or the carrier, of which exactly one must be named.
pub(crate) async fn find_party(
    state: &AppState,
    principal: &Principal,
    customer: Option<&str>,
    carrier: Option<&str>,
) -> Result<Party, Problem> {
    let (kind, id) = match (customer, carrier) {
        (Some(customer), None) => (ResourceKind::Customer, customer),
        (None, Some(carrier)) => (ResourceKind::Carrier, carrier),
        _ => {
            let message = "name either a customer or a carrier";
            return Err(Problem::invalid_field("customer", message));
        }
    };
    let row = find(state, principal, kind, id).await?;
    Ok(Party::of(kind, row))
}

/// A cursor is the time and the number of the last entry seen. Clients send it back as it is.
fn write_cursor(cursor: LedgerCursor) -> String {
    format!("{:x}-{:x}", cursor.at.0, cursor.id)
}

fn read_cursor(text: &str) -> Result<LedgerCursor, Problem> {
    let read = || {
        let (at, id) = text.split_once('-')?;
        Some(LedgerCursor {
            at: Timestamp(i64::from_str_radix(at, 16).ok()?),
            id: i64::from_str_radix(id, 16).ok()?,
        })
    };
    read().ok_or_else(|| Problem::bad_parameter("cursor", "send `next_cursor` as it came"))
}

impl From<LedgerEntry> for EntryView {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            id: entry.id,
            kind: entry.kind.into(),
            at: Time(entry.at),
            party_kind: match entry.party {
                LedgerParty::Customer(_) => "customer",
                LedgerParty::Carrier(_) => "carrier",
            },
            party: entry.name,
            amount: Money(entry.amount),
            currency: entry.currency.to_string(),
            exchange_rate: entry.exchange_rate.to_string(),
            amount_in_books: Money(entry.books),
            call: entry.call.map(CallIdText),
            attempt: entry.attempt,
            corrects: entry.corrects,
            details: entry.details,
        }
    }
}

impl From<CurrencyBalance> for CurrencyBalanceView {
    fn from(balance: CurrencyBalance) -> Self {
        Self {
            currency: balance.currency.to_string(),
            amount: balance.amount.map(Money),
            in_books: balance.books.map(Money),
        }
    }
}

impl From<EntryKind> for LedgerEntryKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::CallCharge => Self::CallCharge,
            EntryKind::AttemptCost => Self::AttemptCost,
            EntryKind::Payment => Self::Payment,
            EntryKind::Refund => Self::Refund,
            EntryKind::Adjustment => Self::Adjustment,
            EntryKind::ChargeCorrection => Self::ChargeCorrection,
            EntryKind::CostCorrection => Self::CostCorrection,
            EntryKind::Netting => Self::Netting,
        }
    }
}

impl From<LedgerEntryKind> for EntryKind {
    fn from(kind: LedgerEntryKind) -> Self {
        match kind {
            LedgerEntryKind::CallCharge => Self::CallCharge,
            LedgerEntryKind::AttemptCost => Self::AttemptCost,
            LedgerEntryKind::Payment => Self::Payment,
            LedgerEntryKind::Refund => Self::Refund,
            LedgerEntryKind::Adjustment => Self::Adjustment,
            LedgerEntryKind::ChargeCorrection => Self::ChargeCorrection,
            LedgerEntryKind::CostCorrection => Self::CostCorrection,
            LedgerEntryKind::Netting => Self::Netting,
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        let text = error.to_string();
        match error {
            LedgerError::Store(error) => error.into(),
            LedgerError::NoSuchEntry { .. } => Self::invalid_field("corrects", text),
            LedgerError::TooManyEntries => Self::invalid_field("to", text),
            LedgerError::AlreadyPosted { .. } | LedgerError::TooLarge => {
                Self::conflict(format!("{text}."), Vec::new())
            }
            other => Self::internal(&other),
        }
    }
}
