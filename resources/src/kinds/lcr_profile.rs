//! In which order carriers are tried.

use crate::fields::reference::Ref;
use crate::kind::{Assignable, Kind};
use crate::kinds::{Carrier, ResourceKind};
use crate::problem::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// In which order the carriers of a call are tried, and which are not tried at all. A customer without
/// a profile has the cheapest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LcrProfile {
    /// What decides the order.
    #[serde(default)]
    #[schemars(extend("x-filter" = true))]
    pub strategy: LcrStrategy,
    /// Strategy `price_band`: routes that cost so much more than the cheapest at most count as equal
    /// to it, and priority decides among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000), extend("x-unit" = "percent"))]
    pub price_band_percent: Option<u16>,
    /// Strategy `manual`: carriers in the order in which they are tried; others follow by cost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), extend("x-widget" = "ordered-list"))]
    pub carrier_order: Vec<Ref<Carrier>>,
    /// Strategy `percentage`: how often each carrier goes first; others follow by cost. Where some of
    /// them have no route, the others have their shares in proportion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub carrier_shares: Vec<CarrierShare>,
    /// Strategy `quality`: how much quality weighs against cost, from 0 (cost alone) to 100 (quality alone).
    /// At 50 a route that is 1 percent dearer than the cheapest is worth 1 point of the 100 of a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100), extend("x-unit" = "percent"))]
    pub quality_balance_percent: Option<u8>,
    /// What a carrier must reach for a destination. Routes of those that do not are tried after all
    /// others, whatever routes lead to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_floor: Option<QualityFloor>,
    /// Of a hundred calls, so many are tried first with a carrier that is not tested for the
    /// destination: one with fewer than 30 attempts in the last half hour.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schemars(range(max = 50), extend("x-unit" = "percent", "x-section" = "advanced"))]
    pub explore_percent: u8,
    /// Carriers that go first in a share of the calls, whatever the strategy says of them; together at
    /// most 100 percent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-section" = "advanced"))]
    pub force_first: Vec<CarrierShare>,
    /// Carriers that may be tried: a lock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), extend("x-default" = "all"))]
    pub only_carriers: Vec<Ref<Carrier>>,
    /// Carriers that are never tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub excluded_carriers: Vec<Ref<Carrier>>,
    /// Routes that leave less of the customer's price than this are dropped; 0 drops those that cost
    /// more than the customer pays.
    #[serde(default)]
    #[schemars(range(max = 90), extend("x-unit" = "percent"))]
    pub min_margin_percent: u8,
    /// Most routes that a call tries.
    #[serde(default = "default_attempts_max")]
    #[schemars(range(min = 1, max = 10), extend("x-section" = "advanced"))]
    pub attempts_max: u8,
    /// Longest time from a call's INVITE until a carrier rings: an attempt that has not come so far is
    /// given up then, and no other is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 500, max = 60_000),
        extend("x-unit" = "milliseconds", "x-default" = "no limit", "x-section" = "advanced")
    )]
    pub pdd_budget_ms: Option<u32>,
}

/// What decides the order of carriers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LcrStrategy {
    /// The cheapest first.
    #[default]
    Cheapest,
    /// Priority first, then cost.
    Priority,
    /// Those within a band above the cheapest by priority, then the others by cost.
    PriceBand,
    /// Within each priority by lot, a heavier one more often before the others.
    Weight,
    /// Carriers go first as often as their shares say, then cost.
    Percentage,
    /// Carriers in an order of their own, then cost.
    Manual,
    /// The dearest first.
    Reverse,
    /// Routes to a destination take turns at going first; those after it follow by cost, then those
    /// before it.
    RoundRobin,
    /// By a balance of quality and cost.
    Quality,
}

/// What carriers must reach for a destination, in the attempts of the last half hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityFloor {
    /// Answered calls of a hundred attempts (ASR), at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent", "x-default" = "any"))]
    pub asr_percent: Option<u8>,
    /// Attempts of a hundred that reach the called party, whatever it does (NER), at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent", "x-default" = "any"))]
    pub ner_percent: Option<u8>,
    /// Mean length of answered calls (ACD), at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3_600), extend("x-unit" = "seconds", "x-default" = "any"))]
    pub acd_s: Option<u32>,
    /// Mean time to the first ringing (PDD), at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        range(min = 100, max = 60_000),
        extend("x-unit" = "milliseconds", "x-default" = "any")
    )]
    pub pdd_ms: Option<u32>,
}

/// How often a carrier goes first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CarrierShare {
    /// The carrier.
    pub carrier: Ref<Carrier>,
    /// Of a hundred calls, so many.
    #[schemars(range(min = 1, max = 100), extend("x-unit" = "percent"))]
    pub percent: u8,
}

fn is_zero(percent: &u8) -> bool {
    *percent == 0
}

fn default_attempts_max() -> u8 {
    10
}

impl LcrProfile {
    /// What the strategy needs, and what belongs to others.
    fn check_strategy(&self) -> Vec<Problem> {
        let fields = [
            ("price_band_percent", LcrStrategy::PriceBand, self.price_band_percent.is_some()),
            ("carrier_order", LcrStrategy::Manual, !self.carrier_order.is_empty()),
            ("carrier_shares", LcrStrategy::Percentage, !self.carrier_shares.is_empty()),
            (
                "quality_balance_percent",
                LcrStrategy::Quality,
                self.quality_balance_percent.is_some(),
            ),
        ];
        let mut problems = Vec::new();
        for (field, strategy, is_set) in fields {
            if (self.strategy == strategy) != is_set {
                let message = if is_set {
                    "this belongs to another strategy"
                } else {
                    "the strategy needs it"
                };
                problems.push(Problem::in_field(field, message));
            }
        }
        problems
    }

    fn check_shares(&self) -> Vec<Problem> {
        let mut problems = repeated_shares("carrier_shares", &self.carrier_shares);
        let sum = sum(&self.carrier_shares);
        if !self.carrier_shares.is_empty() && sum != 100 {
            let message = format_args!("the shares make {sum} percent: they must make 100");
            problems.push(Problem::in_field("carrier_shares", message));
        }
        problems.extend(repeated_shares("force_first", &self.force_first));
        let forced = self::sum(&self.force_first);
        if forced > 100 {
            let message = format_args!("the shares make {forced} percent: 100 is all calls");
            problems.push(Problem::in_field("force_first", message));
        }
        problems
    }

    fn check_lists(&self) -> Vec<Problem> {
        let mut problems = repeated("carrier_order", &self.carrier_order);
        problems.extend(repeated("only_carriers", &self.only_carriers));
        problems.extend(repeated("excluded_carriers", &self.excluded_carriers));
        for (index, carrier) in self.excluded_carriers.iter().enumerate() {
            if self.only_carriers.contains(carrier) {
                let field = format!("excluded_carriers[{index}]");
                problems.push(Problem::in_field(field, "it stands in only_carriers too"));
            }
        }
        problems
    }
}

fn sum(shares: &[CarrierShare]) -> u32 {
    shares.iter().map(|share| u32::from(share.percent)).sum()
}

fn repeated_shares(field: &str, shares: &[CarrierShare]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let twice = shares.iter().enumerate();
    twice
        .filter(|(_, share)| !seen.insert(&share.carrier))
        .map(|(index, _)| {
            let field = format!("{field}[{index}].carrier");
            Problem::in_field(field, "this carrier stands here twice")
        })
        .collect()
}

fn repeated(field: &str, carriers: &[Ref<Carrier>]) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let twice = carriers.iter().enumerate();
    twice
        .filter(|(_, carrier)| !seen.insert(*carrier))
        .map(|(index, _)| {
            Problem::in_field(format!("{field}[{index}]"), "this carrier stands here twice")
        })
        .collect()
}

impl Kind for LcrProfile {
    const KIND: ResourceKind = ResourceKind::LcrProfile;
    const TITLE: &'static str = "LCR profile";
    const TITLE_PLURAL: &'static str = "LCR profiles";
    const ASSIGNABLE: Assignable = Assignable::One;

    fn check(&self) -> Vec<Problem> {
        let mut problems = self.check_strategy();
        problems.extend(self.check_shares());
        problems.extend(self.check_lists());
        problems
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::ResourceKind;
    use crate::testing::{assert_sound, faults};
    use serde_json::json;

    const KIND: ResourceKind = ResourceKind::LcrProfile;

    #[test]
    fn sound_profiles_pass() {
        assert_sound(KIND, json!({}));
        assert_sound(KIND, json!({ "strategy": "price_band", "price_band_percent": 5 }));
        assert_sound(KIND, json!({ "strategy": "manual", "carrier_order": ["B", "A"] }));
        let shares = json!([{ "carrier": "A", "percent": 70 }, { "carrier": "B", "percent": 30 }]);
        assert_sound(KIND, json!({ "strategy": "percentage", "carrier_shares": shares }));
    }

    #[test]
    fn a_strategy_has_what_it_needs_and_nothing_of_others() {
        for (strategy, field) in [
            ("price_band", "price_band_percent"),
            ("manual", "carrier_order"),
            ("percentage", "carrier_shares"),
        ] {
            assert_eq!(faults(KIND, json!({ "strategy": strategy })), [field]);
        }
        let other = json!({ "strategy": "weight", "carrier_order": ["A"] });
        assert_eq!(faults(KIND, other), ["carrier_order"]);
    }

    #[test]
    fn shares_make_a_hundred_and_lists_do_not_contradict() {
        let shares = json!([{ "carrier": "A", "percent": 70 }, { "carrier": "A", "percent": 20 }]);
        let broken = json!({ "strategy": "percentage", "carrier_shares": shares });
        assert_eq!(faults(KIND, broken), ["carrier_shares[1].carrier", "carrier_shares"]);
        let shares = json!([{ "carrier": "A", "percent": 70 }, { "carrier": "B", "percent": 31 }]);
        assert_eq!(faults(KIND, json!({ "force_first": shares })), ["force_first"]);
        let broken = json!({ "only_carriers": ["A", "A"], "excluded_carriers": ["B", "A"],
            "attempts_max": 11, "min_margin_percent": 91 });
        assert_eq!(
            faults(KIND, broken),
            ["attempts_max", "min_margin_percent", "only_carriers[1]", "excluded_carriers[1]"]
        );
    }
}
