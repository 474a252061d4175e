//! From the engine's explanation to the API's.

use super::{
    CarrierNumbers, ExplainQuality, ExplainRankKey, ExplainRate, ExplainRoute, ExplainStep,
    Explanation, RouteStatus, StepOutcome,
};
use crate::routes::cdrs::word;
use crate::values::Money;
use rating::Currency;
use routing_engine::explain as engine;

impl From<engine::Explanation> for Explanation {
    fn from(explained: engine::Explanation) -> Self {
        Self {
            accepted: explained.accepted,
            reason: explained.reason.map(word),
            snapshot_number: explained.snapshot_number,
            customer: explained.customer.map(|name| name.to_string()),
            ingress_trunk: explained.ingress_trunk.map(|name| name.to_string()),
            lcr_profile: explained.lcr_profile.map(|name| name.to_string()),
            called_number: explained.called_number,
            tags: explained.tags.iter().map(ToString::to_string).collect(),
            steps: explained.steps.into_iter().map(ExplainStep::from).collect(),
            routes: explained
                .routes
                .into_iter()
                .map(ExplainRoute::from)
                .collect(),
            customer_rate: explained.customer_rate.map(ExplainRate::from),
        }
    }
}

impl From<engine::ExplainedStep> for ExplainStep {
    fn from(step: engine::ExplainedStep) -> Self {
        Self {
            step: step.step.into(),
            outcome: match step.outcome {
                engine::StepOutcome::Passed => StepOutcome::Passed,
                engine::StepOutcome::Refused => StepOutcome::Rejected,
            },
            detail: step.detail,
        }
    }
}

impl From<engine::ExplainedRoute> for ExplainRoute {
    fn from(route: engine::ExplainedRoute) -> Self {
        let rate = route.rate.as_ref();
        Self {
            rank: route.rank.map(u32::from),
            carrier: route.carrier.to_string(),
            trunk: route.trunk.to_string(),
            gateway: route.gateway.to_string(),
            route: route.route.as_ref().map(ToString::to_string),
            rank_key: route.rank_key.map(|key| ExplainRankKey {
                tier: key.tier.to_owned(),
                is_put_first: key.is_put_first,
                is_throttled: key.is_throttled,
                is_below_floor: key.is_below_floor,
                order: key.order,
            }),
            quality: route.quality.map(|quality| ExplainQuality {
                attempts: quality.attempts,
                asr_ppm: quality.asr_ppm,
                ner_ppm: quality.ner_ppm,
                pdd_ms: quality.pdd_ms,
                acd_ms: quality.acd_ms,
                score: quality.score,
            }),
            prefix: rate.map(|rate| rate.prefix.clone()),
            origin: rate.and_then(origin),
            destination: rate.map(|rate| rate.destination.to_string()),
            currency: rate.map(|_| Currency::USD.to_string()),
            card_currency: rate.map(|rate| rate.currency.to_string()),
            exchange_rate: rate.map(|rate| rate.exchange_rate.to_string()),
            cost_per_minute: route.cost_per_minute.map(Money),
            margin_per_minute: route.margin_per_minute.map(Money),
            status: match route.status {
                engine::RouteStatus::Chosen => RouteStatus::Chosen,
                engine::RouteStatus::Available => RouteStatus::Available,
                engine::RouteStatus::Lost => RouteStatus::Lost,
            },
            reason: route.reason.map(Into::into),
            detail: route.detail,
            numbers: route.numbers.map(CarrierNumbers::from),
        }
    }
}

impl From<engine::CarrierNumbers> for CarrierNumbers {
    fn from(numbers: engine::CarrierNumbers) -> Self {
        Self {
            called: numbers.called,
            calling: numbers.calling,
            asserted: numbers.asserted,
            is_anonymous: numbers.is_anonymous,
            steps: numbers.steps.into_iter().map(ExplainStep::from).collect(),
        }
    }
}

/// Null for a rate for all calls.
fn origin(rate: &engine::ExplainedRate) -> Option<String> {
    (!rate.origin.is_any()).then(|| rate.origin.to_string())
}

impl From<engine::ExplainedRate> for ExplainRate {
    fn from(rate: engine::ExplainedRate) -> Self {
        Self {
            origin: origin(&rate),
            rate_card: rate.rate_card.to_string(),
            prefix: rate.prefix,
            destination: rate.destination.to_string(),
            initial_rate_per_minute: Money(rate.terms.initial_rate_per_minute),
            next_rate_per_minute: Money(rate.terms.next_rate_per_minute),
            initial_interval_s: rate.terms.initial_interval_s,
            next_interval_s: rate.terms.next_interval_s,
            connection_fee: Money(rate.terms.connection_fee),
            attempt_fee: Money(rate.terms.attempt_fee),
            grace_period_s: rate.terms.grace_period_s,
            currency: rate.currency.to_string(),
            exchange_rate: rate.exchange_rate.to_string(),
        }
    }
}
