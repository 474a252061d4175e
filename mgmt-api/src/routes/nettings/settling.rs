//! Confirming a netting statement, and its payment.

use super::{NettingStatement, find};
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::netting::event;
use crate::problem::Problem;
use crate::routes::ledger::{moment, worth};
use crate::state::AppState;
use crate::switch_port::BalanceChange;
use crate::values::{Money, ShortText, Time};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;
use store::{
    LedgerParty, NettingError, NettingPayment, NettingRow, NewAuditEntry, NewEvent, SettledParty,
};
use utoipa::ToSchema;

const BODY_BYTES_MAX: usize = 4 * 1024;

/// How the difference was paid.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NettingPay {
    /// Number of a payment of the side that pays, which is posted already. Without it the difference is posted
    /// as a payment now.
    #[schema(minimum = 1)]
    pub entry: Option<i64>,
    /// When it was paid; now, when absent. Not in the future and not more than a year ago.
    pub at: Option<Time>,
    /// What the bank calls it.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub reference: Option<ShortText<200>>,
}

/// Takes what both owe off both balances, by entries of the kind `netting`; the difference stays on the
/// account of the side that pays or is paid. It is done once.
#[utoipa::path(
    post,
    path = "/api/v1/nettings/{id}/confirm",
    operation_id = "netting_confirm",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    responses(
        (status = 200, description = "It is confirmed", body = NettingStatement),
        (status = 404, description = "There is no such netting", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is no draft", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn netting_confirm(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
) -> Result<Json<NettingStatement>, Problem> {
    let found = find(&state, &principal, &id).await?;
    let by = principal.actor().name;
    let told = |row: &NettingRow| {
        (
            audit(&principal, row, "netting.confirm"),
            acted(&principal, event(row, "netting.confirmed", &json!({}))),
        )
    };
    let (scope, now) = (principal.scope(), clock::now());
    let confirmed = state
        .store
        .confirm_netting(&scope, found.id, &by, told, now);
    for settled in confirmed.await? {
        tell_switch(&state, settled);
    }
    Ok(Json(find(&state, &principal, &id).await?.into()))
}

/// Says that the difference was paid, and posts the payment unless it names one. It is done once.
#[utoipa::path(
    post,
    path = "/api/v1/nettings/{id}/pay",
    operation_id = "netting_pay",
    tag = "ledger",
    params(("id" = i64, Path, description = "Its number")),
    request_body = NettingPay,
    responses(
        (status = 200, description = "It is paid", body = NettingStatement),
        (status = 404, description = "There is no such netting", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not confirmed, or paid already", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn netting_pay(
    State(state): State<AppState>,
    principal: Principal,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<NettingPay, BODY_BYTES_MAX>,
) -> Result<Json<NettingStatement>, Problem> {
    let found = find(&state, &principal, &id).await?;
    let (scope, now) = (principal.scope(), clock::now());
    let at = moment(body.at, now)?;
    let currency = found.currency.to_string();
    let (_, rate) = worth(&state.configuration, scope.tenant(), currency, at)?;
    let payment = NettingPayment {
        entry: body.entry,
        at,
        reference: body
            .reference
            .map(|text| text.0)
            .filter(|text| !text.is_empty()),
        rate,
    };
    let by = principal.actor().name;
    let told = |row: &NettingRow, entry: i64| {
        let mut events = vec![event(row, "netting.paid", &json!({ "entry": entry }))];
        if payment.entry.is_none() {
            events.push(paid(row, entry));
        }
        let events = events.into_iter().map(|event| acted(&principal, event));
        (audit(&principal, row, "netting.pay"), events.collect())
    };
    let settled = state
        .store
        .pay_netting(&scope, found.id, &payment, &by, told, now);
    if let Some(settled) = settled.await? {
        tell_switch(&state, settled);
    }
    Ok(Json(find(&state, &principal, &id).await?.into()))
}

fn audit(principal: &Principal, row: &NettingRow, operation: &'static str) -> NewAuditEntry {
    let entry = principal.audit(principal.scope().tenant(), operation);
    let entry = entry.on("netting", Some(row.id), row.id.to_string());
    let data = json!({
        "customer": row.customer.1,
        "carrier": row.carrier.1,
        "difference": Money(row.difference()),
        "currency": row.currency,
    });
    entry.values(None, Some(data))
}

/// The payment, as one that is posted by hand is told.
fn paid(row: &NettingRow, entry: i64) -> NewEvent {
    let is_of_customer = matches!(row.payer(), Some(LedgerParty::Customer(_)));
    let (kind, side, name) = match is_of_customer {
        true => ("payment.received", "customer", &row.customer.1),
        false => ("payment.sent", "carrier", &row.carrier.1),
    };
    let mut told = event(row, kind, &json!({}));
    told.subject = format!("{side}/{}", name.as_deref().unwrap_or_default());
    told.data = json!({
        "entry": entry,
        "netting": row.id,
        "amount": Money(row.difference()),
        "currency": row.currency,
    });
    told
}

fn acted(principal: &Principal, event: NewEvent) -> NewEvent {
    NewEvent {
        actor: principal.actor().name,
        ..event
    }
}

/// Calls that are up are bounded by the balances as they are now.
fn tell_switch(state: &AppState, settled: SettledParty) {
    state.switch.balance_changed(BalanceChange {
        party: settled.party,
        change: settled.change,
        balance: settled.balance,
    });
}

impl From<NettingError> for Problem {
    fn from(error: NettingError) -> Self {
        let text = error.to_string();
        match error {
            NettingError::Ledger(error) => error.into(),
            NettingError::NotFound(_) => Self::not_found(format!("{text}.")),
            NettingError::State { .. } => Self::conflict(format!("{text}."), Vec::new()),
            NettingError::NoPayment(_)
            | NettingError::OtherSum { .. }
            | NettingError::TooOld(_)
            | NettingError::PaidAnother { .. } => Self::invalid_field("entry", text),
            other => Self::internal(&other),
        }
    }
}
