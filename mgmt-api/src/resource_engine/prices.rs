//! What a draft would newly sell below cost, or not sell, with or without traffic to it.

use super::impact::Reached;
use super::plan::Plan;
use crate::clock;
use crate::values::Money;
use rating::{Amount, Currency};
use resources::ResourceKind;
use routing_engine::Snapshot;
use routing_engine::price_check::{
    self as engine, LOOKS_MAX, PriceQuestion, QUESTIONS_MAX, price_check,
};
use routing_engine::resources::Status;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;

/// Each destination of each customer that the draft touches, priced by the draft: what would newly be
/// sold below cost or below the margin that the LCR profile asks for, or have no route. The switch
/// refuses calls rather than lose on them, so such a destination is not sold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceCheck {
    /// Customers that were looked at.
    pub customers: u64,
    /// Prices that were asked for; those of customers that get the same count once.
    pub destinations: u64,
    /// Whether all were looked at; false when there are more than one check asks for.
    pub is_complete: bool,
    /// Destinations whose cheapest route would newly cost more than the customer pays.
    pub below_cost: u64,
    /// Destinations whose cheapest route would newly leave less than the LCR profile asks for.
    pub below_margin: u64,
    /// Destinations that would have no route any more.
    pub no_route: u64,
    /// Destinations that the customer's card would have no rate for any more.
    pub no_rate: u64,
    /// Of the money amounts.
    #[schema(example = "USD")]
    pub currency: String,
    /// At most 200 of them: those below cost first, the largest loss first.
    pub findings: Vec<PriceFinding>,
    /// Carriers that refuse some numbers or callers by number lists, classes or CLI rules: the check takes them
    /// for carriers that take all. At most ten.
    pub unjudged_carriers: Vec<String>,
}

/// A destination that would newly be at fault.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PriceFinding {
    /// What is wrong.
    pub fault: PriceFault,
    /// At most ten of the customers it is wrong for.
    pub customers: Vec<String>,
    /// How many there are.
    pub customers_count: u64,
    /// Called numbers that begin so.
    pub prefix: String,
    /// Calls from numbers that begin so, or those of a jurisdiction; null for those of all others.
    #[schema(required)]
    pub origin: Option<String>,
    /// Calls to which number lists put these tags; empty for those without any.
    pub tags: Vec<String>,
    /// The cheapest carrier refuses some numbers or callers by number lists, classes or CLI rules, and whether
    /// it takes these is not judged.
    pub is_carrier_unjudged: bool,
    /// The destination on the customer's card; null when the card has none.
    #[schema(required)]
    pub destination: Option<String>,
    /// The customer's card; null when it has no rate.
    #[schema(required)]
    pub rate_card: Option<String>,
    /// What the customer is expected to pay for a minute of talk.
    #[schema(required)]
    pub price_per_minute: Option<Money>,
    /// The cheapest carrier that the customer may use; null when there is none.
    #[schema(required)]
    pub carrier: Option<String>,
    /// What it is expected to charge for a minute of talk.
    #[schema(required)]
    pub cost_per_minute: Option<Money>,
    /// The price minus the cost.
    #[schema(required)]
    pub margin_per_minute: Option<Money>,
    /// The price by the configuration in force; null when it was not sold.
    #[schema(required)]
    pub price_before: Option<Money>,
    /// The cost by the configuration in force; null when there was no route.
    #[schema(required)]
    pub cost_before: Option<Money>,
}

/// What is wrong with a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PriceFault {
    /// Its cheapest route costs more than the customer pays.
    BelowCost,
    /// Its cheapest route leaves less than the LCR profile asks for.
    BelowMargin,
    /// It has no route any more.
    NoRoute,
    /// The customer's card has no rate for it any more.
    NoRate,
}

/// Compares the snapshot of a plan with the one in force.
pub(super) fn prices(
    plan: &Plan,
    reached: &Reached,
    live: &Snapshot,
    draft: &Snapshot,
) -> PriceCheck {
    let touched = reached.parties(plan);
    let known: BTreeSet<i64> = live
        .customers()
        .iter()
        .map(|known| known.resource.id)
        .collect();
    // A card that is new, goes or is renamed may leave its name, which others use, to another one.
    let is_of_cards = plan
        .changed()
        .all(|step| match (&step.before, &step.after) {
            (Some(before), Some(after)) => {
                after.key.kind == ResourceKind::RateCard && before.key == after.key
            }
            _ => false,
        });
    let question = PriceQuestion {
        before: live,
        after: draft,
        at: clock::now(),
        is_of_cards,
        questions_max: QUESTIONS_MAX,
        looks_max: LOOKS_MAX,
    };
    let found = price_check(&question, |customer| {
        let id = customer.resource.id;
        customer.status == Status::Active && (touched.has_party(id) || !known.contains(&id))
    });
    found.into()
}

impl From<engine::PriceCheck> for PriceCheck {
    fn from(check: engine::PriceCheck) -> Self {
        let count = |fault| check.counts.get(&fault).copied().unwrap_or(0);
        Self {
            customers: check.customers,
            destinations: check.questions,
            is_complete: check.is_complete,
            below_cost: count(engine::PriceFault::BelowCost),
            below_margin: count(engine::PriceFault::BelowMargin),
            no_route: count(engine::PriceFault::NoRoute),
            no_rate: count(engine::PriceFault::NoRate),
            currency: Currency::USD.as_str().to_owned(),
            findings: check.findings.iter().map(PriceFinding::from).collect(),
            unjudged_carriers: check
                .unjudged_carriers
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

impl From<&engine::PriceFinding> for PriceFinding {
    fn from(finding: &engine::PriceFinding) -> Self {
        let text = |name: &Option<Arc<str>>| name.as_ref().map(ToString::to_string);
        let (after, before) = (&finding.after, &finding.before);
        let margin = after.price.zip(after.cost);
        let margin = margin.map(|(price, cost)| Amount(price.0.saturating_sub(cost.0)));
        let customers = finding.customers.iter();
        Self {
            fault: finding.fault.into(),
            customers: customers.map(ToString::to_string).collect(),
            customers_count: finding.customers_count,
            prefix: finding.prefix.clone(),
            origin: (!finding.origin.is_any()).then(|| finding.origin.to_string()),
            tags: finding.tags.iter().map(ToString::to_string).collect(),
            is_carrier_unjudged: finding.is_carrier_unjudged,
            destination: text(&after.destination).or_else(|| text(&before.destination)),
            rate_card: text(&after.rate_card).or_else(|| text(&before.rate_card)),
            price_per_minute: after.price.map(Money),
            carrier: text(&after.carrier),
            cost_per_minute: after.cost.map(Money),
            margin_per_minute: margin.map(Money),
            price_before: before.price.map(Money),
            cost_before: before.cost.map(Money),
        }
    }
}

impl From<engine::PriceFault> for PriceFault {
    fn from(fault: engine::PriceFault) -> Self {
        match fault {
            engine::PriceFault::BelowCost => Self::BelowCost,
            engine::PriceFault::BelowMargin => Self::BelowMargin,
            engine::PriceFault::NoRoute => Self::NoRoute,
            engine::PriceFault::NoRate => Self::NoRate,
        }
    }
}
