//! Payments, refunds and adjustments: what is posted by hand.

use super::{EntryKind, Party, find_party};
use crate::access::idempotency::posting_key;
use crate::auth::Principal;
use crate::clock;
use crate::extract::ApiJson;
use crate::problem::Problem;
use crate::resource_engine::Configuration;
use crate::state::AppState;
use crate::switch_port::BalanceChange;
use crate::values::{Money, ShortText, Time};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use rating::exchange::ExchangeRate;
use rating::{Amount, Currency, Timestamp};
use resources::{ResourceKind, ResourceSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{
    LedgerAccountKind, LedgerEntryKind, LedgerParty, NewEvent, NewLedgerEntry, PostedLedgerEntry,
    TenantId,
};
use utoipa::ToSchema;

const BODY_BYTES_MAX: usize = 8 * 1024;

/// Most of one payment or adjustment, in its currency.
const AMOUNT_MAX: Amount = Amount(10_000_000 * Amount::ONE.0);

/// How long ago something that is posted may have been, microseconds: a year.
const AGE_MAX_US: i64 = 366 * 86_400_000_000;

/// A payment or a refund.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentCreate {
    /// Number, name, or `external_id:` of the customer that paid, or gets money back; or give a
    /// carrier.
    #[schema(example = "meridian", max_length = 300)]
    pub customer: Option<String>,
    /// Number, name, or `external_id:` of the carrier that was paid, or gave money back.
    #[schema(max_length = 300)]
    pub carrier: Option<String>,
    /// Which way the money went.
    #[serde(default)]
    pub direction: PaymentDirection,
    /// How much: above zero, at most 10 million.
    #[schema(value_type = Money)]
    pub amount: String,
    /// Its currency: USD, or one that has an exchange rate.
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// When it was paid; now, when absent. Not in the future and not more than a year ago.
    pub at: Option<Time>,
    /// What the bank calls it.
    #[schema(value_type = Option<String>, max_length = 200)]
    pub reference: Option<ShortText<200>>,
    /// How it was paid, such as `bank transfer`.
    #[schema(value_type = Option<String>, max_length = 100)]
    pub method: Option<ShortText<100>>,
    /// What else there is to know.
    #[schema(value_type = Option<String>, max_length = 1_000)]
    pub note: Option<ShortText<1_000>>,
}

/// Which way money went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentDirection {
    /// From a customer, or to a carrier.
    #[default]
    Payment,
    /// Back to a customer, or back from a carrier.
    Refund,
}

/// A credit or debit note.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustmentCreate {
    /// Number, name, or `external_id:` of the customer; or give a carrier.
    #[schema(example = "meridian", max_length = 300)]
    pub customer: Option<String>,
    /// Number, name, or `external_id:` of the carrier.
    #[schema(max_length = 300)]
    pub carrier: Option<String>,
    /// What its balance gains; loses, below zero. Not zero, at most 10 million.
    #[schema(value_type = Money)]
    pub amount: String,
    /// Its currency: USD, or one that has an exchange rate.
    #[schema(example = "USD", pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// Why.
    #[schema(value_type = String, min_length = 1, max_length = 500)]
    pub reason: ShortText<500>,
    /// Number of the entry of the same customer or carrier that it corrects.
    pub corrects: Option<i64>,
    /// The house account on the other side.
    #[serde(default)]
    pub account: AdjustmentAccount,
    /// When it counts; now, when absent. Not in the future and not more than a year ago.
    pub at: Option<Time>,
}

/// The house account of an adjustment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AdjustmentAccount {
    /// Credit and debit notes.
    #[default]
    Adjustments,
    /// What exchange rates gave or took between a charge and its payment.
    ExchangeDifferences,
}

/// What was posted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PostedEntry {
    /// Number of the entry.
    pub id: i64,
    /// Why it is there.
    pub kind: EntryKind,
    /// What the balance gained in the books; lost, below zero.
    pub change: Money,
    /// The balance after it.
    pub balance: Money,
    /// Currency of the books.
    #[schema(example = "USD")]
    pub currency: String,
    /// What a unit of the amount's currency is worth in it.
    #[schema(example = "1")]
    pub exchange_rate: String,
}

/// Posts money that came from or went to a customer or carrier. Wants an `Idempotency-Key`: with the
/// same key it is posted once.
#[utoipa::path(
    post,
    path = "/api/v1/payments",
    operation_id = "payment_create",
    tag = "ledger",
    request_body = PaymentCreate,
    responses(
        (status = 201, description = "It is posted", body = PostedEntry),
        (status = 404, description = "There is no such customer or carrier", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was posted with this key before", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn payment_create(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
    ApiJson(body): ApiJson<PaymentCreate, BODY_BYTES_MAX>,
) -> Result<(StatusCode, Json<PostedEntry>), Problem> {
    let key = posting_key(&principal, &headers)?;
    let amount = amount(&body.amount)?;
    if amount <= Amount::ZERO {
        let message = "write an amount above zero, and `direction` for money that went back";
        return Err(Problem::invalid_field("amount", message));
    }
    let found = find_party(
        &state,
        &principal,
        body.customer.as_deref(),
        body.carrier.as_deref(),
    );
    let found = found.await?;
    let is_refund = body.direction == PaymentDirection::Refund;
    let details = json!({
        "reference": text(body.reference),
        "method": text(body.method),
        "note": text(body.note),
    });
    let wish = Wish {
        kind: if is_refund {
            LedgerEntryKind::Refund
        } else {
            LedgerEntryKind::Payment
        },
        house: LedgerAccountKind::Cash,
        amount: if gains(found.party, is_refund) {
            amount
        } else {
            Amount(-amount.0)
        },
        currency: body.currency,
        at: body.at,
        corrects: None,
        details,
        event: match (is_refund, found.party) {
            (true, _) => "payment.refunded",
            (false, LedgerParty::Customer(_)) => "payment.received",
            (false, LedgerParty::Carrier(_)) => "payment.sent",
        },
        operation: "payment.create",
    };
    wish.post(&state, &principal, &found, key).await
}

/// Posts a credit or debit note. Wants an `Idempotency-Key`: with the same key it is posted once.
#[utoipa::path(
    post,
    path = "/api/v1/adjustments",
    operation_id = "adjustment_create",
    tag = "ledger",
    request_body = AdjustmentCreate,
    responses(
        (status = 201, description = "It is posted", body = PostedEntry),
        (status = 404, description = "There is no such customer or carrier", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was posted with this key before", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn adjustment_create(
    State(state): State<AppState>,
    principal: Principal,
    headers: HeaderMap,
    ApiJson(body): ApiJson<AdjustmentCreate, BODY_BYTES_MAX>,
) -> Result<(StatusCode, Json<PostedEntry>), Problem> {
    let key = posting_key(&principal, &headers)?;
    let amount = amount(&body.amount)?;
    if amount == Amount::ZERO {
        return Err(Problem::invalid_field("amount", "nothing would be posted"));
    }
    if body.reason.0.trim().is_empty() {
        return Err(Problem::invalid_field("reason", "say why"));
    }
    let found = find_party(
        &state,
        &principal,
        body.customer.as_deref(),
        body.carrier.as_deref(),
    );
    let found = found.await?;
    let wish = Wish {
        kind: LedgerEntryKind::Adjustment,
        house: match body.account {
            AdjustmentAccount::Adjustments => LedgerAccountKind::Adjustments,
            AdjustmentAccount::ExchangeDifferences => LedgerAccountKind::ExchangeDifferences,
        },
        amount,
        currency: body.currency,
        at: body.at,
        corrects: body.corrects,
        details: json!({ "reason": body.reason.0 }),
        event: "balance.adjusted",
        operation: "adjustment.create",
    };
    wish.post(&state, &principal, &found, key).await
}

/// Whether the balance gains by it: a customer's by a payment, a carrier's by a refund.
fn gains(party: LedgerParty, is_refund: bool) -> bool {
    matches!(party, LedgerParty::Customer(_)) != is_refund
}

/// What a request wants to be posted.
struct Wish {
    kind: LedgerEntryKind,
    house: LedgerAccountKind,
    amount: Amount,
    currency: String,
    at: Option<Time>,
    corrects: Option<i64>,
    details: Value,
    event: &'static str,
    operation: &'static str,
}

impl Wish {
    async fn post(
        self,
        state: &AppState,
        principal: &Principal,
        found: &Party,
        key: String,
    ) -> Result<(StatusCode, Json<PostedEntry>), Problem> {
        let now = clock::now();
        let owner = principal.scope().tenant();
        let at = moment(self.at, now)?;
        let (currency, rate) = worth(&state.configuration, owner, self.currency, at)?;
        let Value::Object(mut details) = self.details else {
            return Err(Problem::bad_request("Nothing is to be posted."));
        };
        details.retain(|_, value| !value.is_null());
        details.insert("by".into(), json!(principal.actor().name));
        let new = NewLedgerEntry {
            owner,
            party: found.party,
            kind: self.kind,
            house: self.house,
            key: format!("hand:{key}"),
            at,
            corrects: self.corrects,
            details: details.into(),
            amount: self.amount,
            currency,
            exchange_rate: rate,
        };
        let told = |posted: &PostedLedgerEntry| {
            let subject = format!("{}/{}", found.kind, found.row.name);
            let data = json!({
                "entry": posted.id,
                "amount": Money(self.amount),
                "currency": currency,
                "change": Money(posted.change),
                "balance": Money(posted.balance),
            });
            let entry = principal.audit(owner, self.operation);
            let entry = entry.on(found.kind.as_str(), Some(found.row.id), &found.row.name);
            let event = NewEvent {
                tenant: owner,
                kind: self.event.to_owned(),
                subject,
                actor: principal.actor().name,
                data: data.clone(),
            };
            (entry.values(None, Some(data)), event)
        };
        let posted = state.store.post_ledger_entry(&new, told, now).await?;
        state.switch.balance_changed(BalanceChange {
            party: found.party,
            change: posted.change,
            balance: posted.balance,
        });
        let view = PostedEntry {
            id: posted.id,
            kind: self.kind.into(),
            change: Money(posted.change),
            balance: Money(posted.balance),
            currency: Currency::USD.to_string(),
            exchange_rate: rate.to_string(),
        };
        Ok((StatusCode::CREATED, Json(view)))
    }
}

fn amount(text: &str) -> Result<Amount, Problem> {
    let read: Result<Amount, _> = text.parse();
    let amount = read.map_err(|error| Problem::invalid_field("amount", error.to_string()))?;
    if amount.0.unsigned_abs() > AMOUNT_MAX.0.unsigned_abs() {
        let message = format!("post at most {AMOUNT_MAX} at once");
        return Err(Problem::invalid_field("amount", message));
    }
    Ok(amount)
}

pub(crate) fn moment(at: Option<Time>, now: Timestamp) -> Result<Timestamp, Problem> {
    let at = at.map_or(now, |time| time.0);
    if at > now || at.0 < now.0 - AGE_MAX_US {
        let message = "write a time of the last year, or leave it out for now";
        return Err(Problem::invalid_field("at", message));
    }
    Ok(at)
}

/// What a unit of a currency is worth in the books at a time.
pub(crate) fn worth(
    configuration: &Configuration,
    owner: TenantId,
    currency: String,
    at: Timestamp,
) -> Result<(Currency, ExchangeRate), Problem> {
    let wrong = |message: String| Problem::invalid_field("currency", message);
    let currency = Currency::try_from(currency).map_err(|error| wrong(error.to_string()))?;
    if currency == Currency::USD {
        return Ok((currency, ExchangeRate::ONE));
    }
    let set = configuration.in_force();
    let rates = set.of_kind(owner, ResourceKind::ExchangeRate);
    let mut rates = rates.filter_map(|entry| match &entry.spec {
        ResourceSpec::ExchangeRate(rate) if rate.currency == currency => rate.dated(),
        _ => None,
    });
    let rate = rates.next().map(|rates| rates.at(at));
    rate.map(|rate| (currency, rate)).ok_or_else(|| {
        wrong(format!(
            "there is no exchange rate for {currency}: make one, or post in USD"
        ))
    })
}

fn text<const MAX: usize>(text: Option<ShortText<MAX>>) -> Option<String> {
    text.map(|text| text.0).filter(|text| !text.is_empty())
}
