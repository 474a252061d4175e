//! How much a customer may use at once.

use crate::checks::{CHANNEL_LIMIT_MAX, CPS_LIMIT_MAX};
use crate::fields::foreign::{CurrencyCode, Money};
use crate::kind::{Assignable, Kind};
use crate::kinds::ResourceKind;
use rating::{Amount, Currency, money::decimal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many channels and calls per second a customer may use, and what that costs it a month. Calls do
/// not read it yet: the limits are those of the customer itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelPlan {
    /// Calls at the same time.
    #[schemars(range(min = 1, max = CHANNEL_LIMIT_MAX), extend("x-filter" = true))]
    pub channels: u32,
    /// New calls per second.
    #[schemars(range(min = 1, max = CPS_LIMIT_MAX), extend("x-filter" = true))]
    pub cps: u32,
    /// Price of a month; shown to customers, and not charged yet.
    #[serde(default, with = "decimal")]
    #[schemars(
        with = "Money",
        extend("x-minimum" = "0", "x-maximum" = "10000000", "x-unit" = "a month", "default" = "0")
    )]
    pub price_per_month: Amount,
    /// Currency of the price.
    #[serde(default = "default_currency")]
    #[schemars(with = "CurrencyCode", extend("default" = "USD"))]
    pub currency: Currency,
    /// What customers read of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), extend("x-widget" = "multiline"))]
    pub description: String,
}

fn default_currency() -> Currency {
    Currency::USD
}

impl ChannelPlan {
    /// A plan without a price.
    pub fn new(channels: u32, cps: u32) -> Self {
        Self {
            channels,
            cps,
            price_per_month: Amount::ZERO,
            currency: Currency::USD,
            description: String::new(),
        }
    }
}

impl Kind for ChannelPlan {
    const KIND: ResourceKind = ResourceKind::ChannelPlan;
    const TITLE: &'static str = "Channel plan";
    const TITLE_PLURAL: &'static str = "Channel plans";
    const ASSIGNABLE: Assignable = Assignable::One;
}
