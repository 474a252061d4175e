//! On what terms a customer pays us, and we pay a carrier.

use crate::fields::foreign::Money;
use crate::problem::Problem;
use rating::Amount;
use rating::money::decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a customer pays before or after its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum BillingMode {
    /// It pays first: calls end when the balance does.
    Prepaid,
    /// It pays later: its balance may fall below zero, by its credit limit at most.
    #[default]
    Postpaid,
}

/// When invoices are made and paid: `7/3` is seven days of calls, to be paid three days later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentTerms {
    /// Days of calls on an invoice.
    #[schemars(range(min = 1, max = 31), extend("x-unit" = "days"))]
    pub period_days: u8,
    /// Days from the end of the period until it is to be paid.
    #[schemars(range(min = 0, max = 120), extend("x-unit" = "days"))]
    pub due_days: u8,
}

/// On what terms a customer pays. Amounts are in USD, the currency of the books. A call reserves money
/// before it is sent on and while it is up: without any left it gets 402, or both sides are hung up on in the
/// second in which the money ends. Calls that were begun without any limit here have none until they end.
/// Limits hold on each node by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerBilling {
    /// Whether it pays before or after its calls.
    pub mode: BillingMode,
    /// How far below zero its balance may fall; of a postpaid customer only.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "0",
            "x-maximum" = "1000000000",
            "x-unit" = "USD",
            "x-default" = "prepaid: 0; postpaid: no limit"
        )
    )]
    pub credit_limit: Option<Amount>,
    /// An event is raised when what is left to spend, the balance and the credit limit together, falls
    /// below one of these. The highest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "amounts")]
    #[schemars(
        with = "Vec<LowBalance>",
        length(max = Self::LOW_BALANCES_MAX),
        extend("x-default" = "no event")
    )]
    pub low_balance: Vec<Amount>,
    /// Most that its calls of one day (UTC) may cost it.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "0.01",
            "x-maximum" = "1000000000",
            "x-unit" = "USD a day",
            "x-default" = "no limit"
        )
    )]
    pub daily_spend_limit: Option<Amount>,
    /// Most that one call may cost it.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "0.01",
            "x-maximum" = "1000000000",
            "x-unit" = "USD a call",
            "x-default" = "no limit"
        )
    )]
    pub call_spend_limit: Option<Amount>,
    /// When invoices are to be made and paid. Nothing reads it yet: no invoices are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "none are agreed", "x-section" = "advanced"))]
    pub payment_terms: Option<PaymentTerms>,
}

/// On what terms we pay a carrier. Amounts are in USD, the currency of the books. What attempts cost that are under
/// way counts when they end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierBilling {
    /// Its routes are left out when its balance, what we owe it for calls less what was paid to it, is
    /// at this or above: 0 for a carrier that is paid first, more for one that is paid later.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(
        with = "Option<Money>",
        extend(
            "x-minimum" = "-1000000000",
            "x-maximum" = "1000000000",
            "x-unit" = "USD",
            "x-default" = "they never are"
        )
    )]
    pub balance_stop: Option<Amount>,
    /// When its invoices come and are paid. A note: nothing reads it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-default" = "none are agreed", "x-section" = "advanced"))]
    pub payment_terms: Option<PaymentTerms>,
}

/// The schema of an entry of `low_balance`.
struct LowBalance;

impl JsonSchema for LowBalance {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LowBalance".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = Money::json_schema(generator);
        schema.insert("x-minimum".into(), "0".into());
        schema.insert("x-maximum".into(), "1000000000".into());
        schema
    }
}

impl CustomerBilling {
    /// Most thresholds of a low balance.
    pub const LOW_BALANCES_MAX: usize = 3;

    /// How far below zero the balance may fall; `None` for as far as it goes.
    pub fn credit_limit(&self) -> Option<Amount> {
        match self.mode {
            BillingMode::Prepaid => Some(Amount::ZERO),
            BillingMode::Postpaid => self.credit_limit,
        }
    }

    pub(crate) fn check(&self, field: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut wrong = |name: &str, message| {
            problems.push(Problem::in_field(format!("{field}.{name}"), message))
        };
        let is_prepaid = self.mode == BillingMode::Prepaid;
        if is_prepaid && self.credit_limit.is_some_and(|limit| limit != Amount::ZERO) {
            let message = "a prepaid customer has no credit: leave it out, or choose postpaid";
            wrong("credit_limit", message);
        }
        if !self.low_balance.is_empty() && self.credit_limit().is_none() {
            let message = "without a credit limit nothing is ever low: set `credit_limit`";
            wrong("low_balance", message);
        }
        for (index, pair) in self.low_balance.windows(2).enumerate() {
            if pair[1] >= pair[0] {
                let name = format!("low_balance[{}]", index + 1);
                wrong(&name, "each must be lower than the one before it");
            }
        }
        problems
    }
}

/// Amounts as a list of decimal texts.
mod amounts {
    use rating::Amount;
    use rating::money::decimal;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Text(#[serde(with = "decimal")] Amount);

    pub(super) fn serialize<S: Serializer>(
        amounts: &[Amount],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(amounts.iter().map(|amount| Text(*amount)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Amount>, D::Error> {
        let texts = Vec::<Text>::deserialize(deserializer)?;
        Ok(texts.into_iter().map(|text| text.0).collect())
    }
}
